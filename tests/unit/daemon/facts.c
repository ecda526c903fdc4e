/* facts.h and counters.h: the same numbers for people and for machines. */
#include <string.h>

#include "daemon/counters.h"
#include "daemon/facts.h"

#include "suites.h"

static const int64_t limits[] = { 10, 2500 };
static const uint64_t counts[] = { 3, 0, 2 };

static void write_all(struct facts *f)
{
	facts_family(f, "plain", FACTS_GAUGE, "A gauge");
	facts_value(f, 7);
	facts_family(f, "things", FACTS_COUNTER, "Some things");
	facts_labelled(f, "kind", "none", 0);
	facts_labelled2(f, "kind", "a", "of", "b", UINT64_MAX);
	facts_family(f, "time_seconds", FACTS_HISTOGRAM, "Some time");
	facts_histogram(f, limits, counts, N_ELEMENTS(limits), 61001);
	facts_end(f);
}

static const struct {
	enum facts_form form;
	const char *text;
} forms[] = {
	{ FACTS_TEXT,
	  "A gauge:\n    7\n"
	  "Some things:\n    a b 18446744073709551615\n"
	  "Some time:\n    within 0.010 s 3\n    within 2.500 s 3\n    in all 5\n" },
	{ FACTS_OPENMETRICS,
	  "# TYPE assay_plain gauge\n# HELP assay_plain A gauge.\nassay_plain 7\n"
	  "# TYPE assay_things counter\n# HELP assay_things Some things.\n"
	  "assay_things_total{kind=\"none\"} 0\n"
	  "assay_things_total{kind=\"a\",of=\"b\"} 18446744073709551615\n"
	  "# TYPE assay_time_seconds histogram\n# HELP assay_time_seconds Some time.\n"
	  "assay_time_seconds_bucket{le=\"0.010\"} 3\nassay_time_seconds_bucket{le=\"2.500\"} 3\n"
	  "assay_time_seconds_bucket{le=\"+Inf\"} 5\n"
	  "assay_time_seconds_count 5\nassay_time_seconds_sum 61.001\n"
	  "# EOF\n" },
};

START_TEST(written)
{
	struct buf out = BUF_INIT(64u * 1024);
	struct facts f = { .out = &out, .form = forms[_i].form };

	write_all(&f);
	ck_assert_str_eq(buf_cstr(&out), forms[_i].text);
	buf_free(&out);
}
END_TEST

static void expect_count(const char *line)
{
	struct buf out = BUF_INIT(64u * 1024);
	struct facts f = { .out = &out, .form = FACTS_OPENMETRICS };

	counters_write(&f);
	ck_assert_msg(strstr(buf_cstr(&out), line) != NULL, "\"%s\" is not in\n%s", line, buf_cstr(&out));
	buf_free(&out);
}

/* In this order: the counters are the process's. */
START_TEST(counted)
{
	struct outcome o = { .class = CLASS_EXTERNAL, .elapsed_ms = 30,
		.actions = { .action = ACTION_ACCEPT, .would = ACTION_REJECT },
		.verdict = { .spf_checked = true, .dkim_checked = true, .dmarc_checked = true } };

	o.verdict.dmarc.result = AUTH_FAIL;
	counters_outcome(&o, NULL);
	expect_count("\nassay_messages_total{class=\"external\",action=\"accept\"} 1\n");
	expect_count("\nassay_would_total{action=\"reject\"} 1\n");
	expect_count("\nassay_results_total{method=\"dkim\",result=\"none\"} 1\n");
	expect_count("\nassay_results_total{method=\"dmarc\",result=\"fail\"} 1\n");
	expect_count("\nassay_verdict_seconds_bucket{le=\"0.025\"} 0\n");
	expect_count("\nassay_verdict_seconds_bucket{le=\"0.050\"} 1\n");
	o = (struct outcome){ .class = CLASS_REINJECTED, .unsigned_why = SIGNING_REINJECTED };
	counters_outcome(&o, NULL);
	expect_count("\nassay_unsigned_total{reason=\"reinjected\"} 1\n");
	expect_count("\nassay_results_total{method=\"spf\",result=\"none\"} 1\n");
	o = (struct outcome){ .class = CLASS_EXTERNAL, .ending = OUTCOME_ABORTED };
	counters_outcome(&o, NULL);
	expect_count("\nassay_trouble_total{kind=\"aborted\"} 1\n");
	expect_count("\nassay_messages_total{class=\"external\",action=\"accept\"} 1\n");
	o = (struct outcome){ .class = CLASS_EXTERNAL, .ending = OUTCOME_NOT_APPLIED, .failed = true,
		.elapsed_ms = 60000 };
	counters_outcome(&o, NULL);
	expect_count("\nassay_trouble_total{kind=\"not-applied\"} 1\n");
	expect_count("\nassay_trouble_total{kind=\"ceiling-or-memory\"} 1\n");
	expect_count("\nassay_verdict_seconds_sum 60.030\n");
}
END_TEST

Suite *daemon_facts_suite(void)
{
	Suite *s = suite_create("daemon facts");

	UNIT_TABLE(s, written, forms);
	UNIT_TEST(s, counted);
	return s;
}
