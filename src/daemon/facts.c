#include "verdict/json.h"

#include "daemon/facts.h"

bool facts_are_metrics(const struct facts *f)
{
	return f->form == FACTS_OPENMETRICS || f->form == FACTS_PROMETHEUS;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Ends what was begun last: JSON has lists to close, and those that nothing was added to. */
static void close_family(struct facts *f)
{
	bool is_list = f->form == FACTS_JSON && f->name != NULL && f->list;

	if (is_list && !f->headed)
		buf_addf(f->out, ",\"%s\":[", f->name);
	if (is_list)
		buf_add_char(f->out, ']');
	f->name = NULL;
}

void facts_begin(struct facts *f)
{
	if (f->form == FACTS_JSON)
		buf_add_str(f->out, "{\"version\":1");
}

void facts_end(struct facts *f)
{
	close_family(f);
	if (f->form == FACTS_OPENMETRICS)
		buf_add_str(f->out, "# EOF\n");
	else if (f->form == FACTS_JSON)
		buf_add_str(f->out, "}\n");
}

/* --- families --------------------------------------------------------------------------------- */

/* A counter's family is without "_total" in OpenMetrics, and with it in the older form. */
static void write_metadata(const struct facts *f)
{
	static const char *const types[] = {
		[FACTS_COUNTER] = "counter",
		[FACTS_GAUGE] = "gauge",
		[FACTS_HISTOGRAM] = "histogram",
	};
	const char *suffix = f->form == FACTS_PROMETHEUS && f->type == FACTS_COUNTER ? "_total" : "";

	buf_addf(f->out, "# TYPE assay_%s%s %s\n# HELP assay_%s%s %s.\n", f->name, suffix, types[f->type],
	    f->name, suffix, f->help);
}

static void begin(struct facts *f, const char *name, const char *help)
{
	close_family(f);
	f->name = name;
	f->help = help;
	f->headed = f->list = false;
}

void facts_family(struct facts *f, const char *name, enum facts_type type, const char *help)
{
	begin(f, name, help);
	f->type = type;
	if (facts_are_metrics(f))
		write_metadata(f);
}

static void add_name(const struct facts *f, const char *suffix)
{
	buf_addf(f->out, "assay_%s%s%s", f->name, f->type == FACTS_COUNTER ? "_total" : "", suffix);
}

static void add_value(const struct facts *f, uint64_t value)
{
	buf_addf(f->out, " %llu\n", (unsigned long long)value);
}

/* Before the first value of a family that has several, or the first row of a list. */
static void head(struct facts *f)
{
	if (f->headed && f->form == FACTS_JSON)
		buf_add_char(f->out, ',');
	else if (!f->headed && f->form == FACTS_JSON)
		buf_addf(f->out, ",\"%s\":[", f->name);
	else if (!f->headed && f->form == FACTS_TEXT)
		buf_addf(f->out, "%s:\n", f->help);
	f->list = f->headed = true;
}

void facts_value(struct facts *f, uint64_t value)
{
	f->headed = true;
	if (f->form == FACTS_TEXT) {
		buf_addf(f->out, "%s:", f->help);
		add_value(f, value);
	} else if (f->form == FACTS_JSON) {
		buf_addf(f->out, ",\"%s\":%llu", f->name, (unsigned long long)value);
	} else {
		add_name(f, "");
		add_value(f, value);
	}
}

/* --- labelled values -------------------------------------------------------------------------- */

/* Labels of the operator's own are domains, selectors and addresses, which need no more than this. */
static void add_label(struct buf *out, const char *label, const char *text)
{
	buf_addf(out, "%s=\"", label);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

static void add_metric(const struct facts *f, const struct fact *fact)
{
	add_name(f, "{");
	add_label(f->out, fact->label, fact->text);
	if (fact->label2 != NULL) {
		buf_add_char(f->out, ',');
		add_label(f->out, fact->label2, fact->text2);
	}
	buf_add_char(f->out, '}');
	add_value(f, fact->value);
}

static void add_columns(struct facts *f)
{
	buf_addf(f->out, "%-36s", "");
	for (enum window w = 0; w < WINDOW_COUNT; w++)
		buf_addf(f->out, " %11s", window_text(w));
	buf_addf(f->out, " %11s\n", "since start");
}

static void add_line(struct facts *f, const struct fact *fact)
{
	struct buf name = BUF_INIT(256);
	bool first = !f->headed;

	if (fact->value == 0)
		return;
	head(f);
	if (first && fact->recent != NULL)
		add_columns(f);
	buf_addf(&name, "    %s%s%s", fact->text, fact->label2 == NULL ? "" : " ",
	    fact->label2 == NULL ? "" : fact->text2);
	if (fact->recent == NULL) {
		buf_add(f->out, buf_slice(&name));
	} else {
		buf_addf(f->out, "%-36s", buf_cstr(&name));
		for (enum window w = 0; w < WINDOW_COUNT; w++)
			buf_addf(f->out, " %11llu", (unsigned long long)fact->recent[w]);
		buf_addf(f->out, " %10s", "");
	}
	add_value(f, fact->value);
	buf_free(&name);
}

static void add_json_text(struct facts *f, const char *name, struct slice text)
{
	buf_addf(f->out, "\"%s\":", name);
	if (json_text(text, f->out) != RC_OK)
		f->out->failed = true;
}

static void add_object(struct facts *f, const struct fact *fact)
{
	head(f);
	buf_add_char(f->out, '{');
	add_json_text(f, fact->label, slice_str(fact->text));
	if (fact->label2 != NULL) {
		buf_add_char(f->out, ',');
		add_json_text(f, fact->label2, slice_str(fact->text2));
	}
	for (enum window w = 0; fact->recent != NULL && w < WINDOW_COUNT; w++)
		buf_addf(f->out, ",\"%s\":%llu", window_text(w), (unsigned long long)fact->recent[w]);
	buf_addf(f->out, ",\"value\":%llu}", (unsigned long long)fact->value);
}

void facts_add(struct facts *f, const struct fact *fact)
{
	if (facts_are_metrics(f))
		add_metric(f, fact);
	else if (f->form == FACTS_JSON)
		add_object(f, fact);
	else
		add_line(f, fact);
}

void facts_labelled(struct facts *f, const char *label, const char *text, uint64_t value)
{
	facts_add(f, &(struct fact){ .label = label, .text = text, .value = value });
}

/* --- histograms ------------------------------------------------------------------------------- */

/* 2500 of thousandths is "2.5", 3000 "3.0", as OpenMetrics wants limits; of units it is "2500.0". */
static void add_scaled(struct buf *out, uint64_t value, unsigned per_unit)
{
	buf_addf(out, "%llu.", (unsigned long long)(value / per_unit));
	value %= per_unit;
	do {
		value *= 10;
		buf_addf(out, "%llu", (unsigned long long)(value / per_unit));
		value %= per_unit;
	} while (value > 0);
}

static void add_bucket(struct facts *f, const struct fact *of, const int64_t *limit, unsigned per_unit,
    uint64_t so_far)
{
	add_name(f, "_bucket{");
	if (of->label != NULL) {
		add_label(f->out, of->label, of->text);
		buf_add_char(f->out, ',');
	}
	buf_add_str(f->out, "le=\"");
	if (limit == NULL)
		buf_add_str(f->out, "+Inf");
	else
		add_scaled(f->out, (uint64_t)*limit, per_unit);
	buf_add_str(f->out, "\"}");
	add_value(f, so_far);
}

static void add_of(struct facts *f, const struct fact *of, const char *suffix)
{
	add_name(f, suffix);
	if (of->label == NULL)
		return;
	buf_add_char(f->out, '{');
	add_label(f->out, of->label, of->text);
	buf_add_char(f->out, '}');
}

static uint64_t count_of(const struct histogram_values *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= h->limit_count; i++)
		n += h->counts[i];
	return n;
}

/* A bucket counts all that the ones before it count, too. */
static void add_metric_histogram(struct facts *f, const struct fact *of, const struct histogram_values *h,
    unsigned per_unit)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < h->limit_count; i++) {
		so_far += h->counts[i];
		add_bucket(f, of, &h->limits[i], per_unit, so_far);
	}
	add_bucket(f, of, NULL, per_unit, count_of(h));
	add_of(f, of, "_count");
	add_value(f, count_of(h));
	add_of(f, of, "_sum");
	buf_add_char(f->out, ' ');
	add_scaled(f->out, h->sum, per_unit);
	buf_add_char(f->out, '\n');
}

static void add_json_histogram(struct facts *f, const struct fact *of, const struct histogram_values *h,
    unsigned per_unit)
{
	head(f);
	buf_add_char(f->out, '{');
	if (of->label != NULL) {
		add_json_text(f, of->label, slice_str(of->text));
		buf_add_char(f->out, ',');
	}
	buf_add_str(f->out, "\"buckets\":[");
	for (size_t i = 0; i < h->limit_count; i++) {
		buf_addf(f->out, "%s{\"le\":", i == 0 ? "" : ",");
		add_scaled(f->out, (uint64_t)h->limits[i], per_unit);
		buf_addf(f->out, ",\"count\":%llu}", (unsigned long long)h->counts[i]);
	}
	buf_addf(f->out, "],\"count\":%llu,\"sum\":", (unsigned long long)count_of(h));
	add_scaled(f->out, h->sum, per_unit);
	buf_add_char(f->out, '}');
}

/* The limit within which that many of a hundred are. */
static void add_share(struct facts *f, const struct histogram_values *h, unsigned per_unit, unsigned percent)
{
	uint64_t so_far = 0, count = count_of(h);

	buf_addf(f->out, ", %u %% ", percent);
	for (size_t i = 0; i < h->limit_count; i++) {
		so_far += h->counts[i];
		if (so_far * 100 < count * percent)
			continue;
		buf_add_str(f->out, "within ");
		add_scaled(f->out, (uint64_t)h->limits[i], per_unit);
		return;
	}
	buf_add_str(f->out, "above ");
	add_scaled(f->out, (uint64_t)h->limits[h->limit_count - 1], per_unit);
}

static void add_text_histogram(struct facts *f, const struct fact *of, const struct histogram_values *h,
    unsigned per_unit)
{
	uint64_t count = count_of(h);

	if (count == 0)
		return;
	head(f);
	buf_addf(f->out, "    %s%s%llu, mean ", of->label == NULL ? "" : of->text,
	    of->label == NULL ? "" : ": ", (unsigned long long)count);
	add_scaled(f->out, h->sum / count, per_unit);
	add_share(f, h, per_unit, 50);
	add_share(f, h, per_unit, 90);
	add_share(f, h, per_unit, 99);
	buf_add_char(f->out, '\n');
}

void facts_histogram(struct facts *f, const char *label, const char *text,
    const struct histogram_values *h, unsigned per_unit)
{
	const struct fact of = { .label = label, .text = text };

	if (facts_are_metrics(f))
		add_metric_histogram(f, &of, h, per_unit);
	else if (f->form == FACTS_JSON)
		add_json_histogram(f, &of, h, per_unit);
	else
		add_text_histogram(f, &of, h, per_unit);
}

/* --- texts ------------------------------------------------------------------------------------ */

void facts_text(struct facts *f, const char *name, const char *heading, struct slice text)
{
	close_family(f);
	if (f->form == FACTS_TEXT) {
		buf_addf(f->out, "%s: ", heading);
		buf_add(f->out, text);
		buf_add_char(f->out, '\n');
	} else if (f->form == FACTS_JSON) {
		buf_add_char(f->out, ',');
		add_json_text(f, name, text);
	}
}

void facts_list(struct facts *f, const char *name, const char *heading)
{
	begin(f, name, heading);
	f->list = true;
}

void facts_row(struct facts *f, const char *line)
{
	f->fields = false;
	if (facts_are_metrics(f))
		return;
	head(f);
	if (f->form == FACTS_TEXT)
		buf_addf(f->out, "    %s\n", line);
	else
		buf_add_char(f->out, '{');
}

static bool begin_field(struct facts *f)
{
	if (f->form != FACTS_JSON)
		return false;
	if (f->fields)
		buf_add_char(f->out, ',');
	f->fields = true;
	return true;
}

void facts_row_text(struct facts *f, const char *name, struct slice text)
{
	if (begin_field(f))
		add_json_text(f, name, text);
}

void facts_row_number(struct facts *f, const char *name, int64_t number)
{
	if (begin_field(f))
		buf_addf(f->out, "\"%s\":%lld", name, (long long)number);
}

void facts_row_end(struct facts *f)
{
	if (f->form == FACTS_JSON)
		buf_add_char(f->out, '}');
}
