#include "daemon/facts.h"

void facts_family(struct facts *f, const char *name, enum facts_type type, const char *help)
{
	static const char *const types[] = {
		[FACTS_COUNTER] = "counter",
		[FACTS_GAUGE] = "gauge",
		[FACTS_HISTOGRAM] = "histogram",
	};

	f->name = name;
	f->type = type;
	if (f->form == FACTS_TEXT)
		buf_addf(f->out, "%s:\n", help);
	else
		buf_addf(f->out, "# TYPE assay_%s %s\n# HELP assay_%s %s.\n", name, types[type], name, help);
}

static void add_name(struct facts *f, const char *suffix)
{
	buf_addf(f->out, "assay_%s%s%s", f->name, f->type == FACTS_COUNTER ? "_total" : "", suffix);
}

static void add_value(struct facts *f, uint64_t value)
{
	buf_addf(f->out, " %llu\n", (unsigned long long)value);
}

void facts_value(struct facts *f, uint64_t value)
{
	if (f->form == FACTS_TEXT)
		buf_add_str(f->out, "   ");
	else
		add_name(f, "");
	add_value(f, value);
}

void facts_labelled(struct facts *f, const char *label, const char *text, uint64_t value)
{
	if (f->form == FACTS_TEXT && value == 0)
		return;
	if (f->form == FACTS_TEXT) {
		buf_addf(f->out, "    %s", text);
	} else {
		add_name(f, "");
		buf_addf(f->out, "{%s=\"%s\"}", label, text);
	}
	add_value(f, value);
}

void facts_labelled2(struct facts *f, const char *label, const char *text, const char *label2,
    const char *text2, uint64_t value)
{
	if (f->form == FACTS_TEXT && value == 0)
		return;
	if (f->form == FACTS_TEXT) {
		buf_addf(f->out, "    %s %s", text, text2);
	} else {
		add_name(f, "");
		buf_addf(f->out, "{%s=\"%s\",%s=\"%s\"}", label, text, label2, text2);
	}
	add_value(f, value);
}

/* Seconds, as OpenMetrics has them; 2500 is "2.500". */
static void add_seconds(struct buf *out, uint64_t ms)
{
	buf_addf(out, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

/* A bucket counts all that the ones before it count, too. */
static void add_bucket(struct facts *f, const int64_t *limit_ms, uint64_t so_far)
{
	if (f->form == FACTS_TEXT) {
		buf_add_str(f->out, limit_ms == NULL ? "    in all" : "    within ");
	} else {
		add_name(f, "_bucket");
		buf_add_str(f->out, limit_ms == NULL ? "{le=\"+Inf\"}" : "{le=\"");
	}
	if (limit_ms != NULL) {
		add_seconds(f->out, (uint64_t)*limit_ms);
		buf_add_str(f->out, f->form == FACTS_TEXT ? " s" : "\"}");
	}
	add_value(f, so_far);
}

void facts_histogram(struct facts *f, const int64_t *limits_ms, const uint64_t *counts, size_t limits,
    uint64_t sum_ms)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < limits; i++) {
		so_far += counts[i];
		add_bucket(f, &limits_ms[i], so_far);
	}
	so_far += counts[limits];
	add_bucket(f, NULL, so_far);
	if (f->form == FACTS_TEXT)
		return;
	add_name(f, "_count");
	add_value(f, so_far);
	add_name(f, "_sum");
	buf_add_char(f->out, ' ');
	add_seconds(f->out, sum_ms);
	buf_add_char(f->out, '\n');
}

void facts_end(struct facts *f)
{
	if (f->form == FACTS_OPENMETRICS)
		buf_add_str(f->out, "# EOF\n");
}
