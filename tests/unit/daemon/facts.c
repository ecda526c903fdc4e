/* facts.h and counters.h: the same numbers for people and for machines. */
#include <string.h>

#include "daemon/counters.h"
#include "daemon/facts.h"

#include "suites.h"

static const int64_t limits[] = { 10, 2500, 3000 };
static const struct histogram_values times = { .limits = limits, .limit_count = 3, .counts = { 3, 0, 1, 1 },
	.sum = 61001 };

static void write_all(struct facts *f)
{
	static const uint64_t recent[WINDOW_COUNT] = { 1, 20, 300 };

	facts_begin(f);
	facts_text(f, "where", "Where", SLICE("/a \"b\""));
	facts_family(f, "plain", FACTS_GAUGE, "A gauge");
	facts_value(f, 7);
	facts_family(f, "things", FACTS_COUNTER, "Some things");
	facts_labelled(f, "kind", "none", 0);
	facts_add(f, &(struct fact){ .label = "kind", .text = "a\"", .label2 = "of", .text2 = "b",
	    .value = UINT64_MAX });
	facts_family(f, "nothing", FACTS_COUNTER, "Nothing");
	facts_family(f, "recent", FACTS_COUNTER, "Recent");
	facts_add(f, &(struct fact){ .label = "kind", .text = "a", .value = 4000, .recent = recent });
	facts_family(f, "time_seconds", FACTS_HISTOGRAM, "Some time");
	facts_histogram(f, NULL, NULL, &times, 1000);
	facts_family(f, "sizes", FACTS_HISTOGRAM, "Some sizes");
	facts_histogram(f, "of", "x", &times, 1);
	facts_list(f, "rows", "Some rows");
	facts_row(f, "x is 1");
	facts_row_text(f, "name", SLICE("x\n\xff"));
	facts_row_number(f, "value", -1);
	facts_row_end(f);
	facts_row(f, "y");
	facts_row_end(f);
	facts_list(f, "none", "No rows");
	facts_end(f);
}

#define HISTOGRAMS \
	"# TYPE assay_time_seconds histogram\n# HELP assay_time_seconds Some time.\n" \
	"assay_time_seconds_bucket{le=\"0.01\"} 3\nassay_time_seconds_bucket{le=\"2.5\"} 3\n" \
	"assay_time_seconds_bucket{le=\"3.0\"} 4\nassay_time_seconds_bucket{le=\"+Inf\"} 5\n" \
	"assay_time_seconds_count 5\nassay_time_seconds_sum 61.001\n" \
	"# TYPE assay_sizes histogram\n# HELP assay_sizes Some sizes.\n" \
	"assay_sizes_bucket{of=\"x\",le=\"10.0\"} 3\nassay_sizes_bucket{of=\"x\",le=\"2500.0\"} 3\n" \
	"assay_sizes_bucket{of=\"x\",le=\"3000.0\"} 4\nassay_sizes_bucket{of=\"x\",le=\"+Inf\"} 5\n" \
	"assay_sizes_count{of=\"x\"} 5\nassay_sizes_sum{of=\"x\"} 61001.0\n"

#define COUNTERS \
	"assay_things_total{kind=\"none\"} 0\n" \
	"assay_things_total{kind=\"a\\\"\",of=\"b\"} 18446744073709551615\n"

static const struct {
	enum facts_form form;
	const char *text;
} forms[] = {
	{ FACTS_TEXT,
	  "Where: /a \"b\"\n"
	  "A gauge: 7\n"
	  "Some things:\n    a\" b 18446744073709551615\n"
	  "Recent:\n"
	  "                                          minute        hour         day since start\n"
	  "    a                                          1          20         300            4000\n"
	  "Some time:\n    5, mean 12.2, 50 % within 0.01, 90 % above 3.0, 99 % above 3.0\n"
	  "Some sizes:\n    x: 5, mean 12200.0, 50 % within 10.0, 90 % above 3000.0, 99 % above 3000.0\n"
	  "Some rows:\n    x is 1\n    y\n" },
	{ FACTS_JSON,
	  "{\"version\":1,\"where\":\"/a \\\"b\\\"\",\"plain\":7,"
	  "\"things\":[{\"kind\":\"none\",\"value\":0},{\"kind\":\"a\\\"\",\"of\":\"b\",\"value\":18446744073709551615}],"
	  "\"recent\":[{\"kind\":\"a\",\"minute\":1,\"hour\":20,\"day\":300,\"value\":4000}],"
	  "\"time_seconds\":[{\"buckets\":[{\"le\":0.01,\"count\":3},{\"le\":2.5,\"count\":0},"
	  "{\"le\":3.0,\"count\":1}],\"count\":5,\"sum\":61.001}],"
	  "\"sizes\":[{\"of\":\"x\",\"buckets\":[{\"le\":10.0,\"count\":3},{\"le\":2500.0,\"count\":0},"
	  "{\"le\":3000.0,\"count\":1}],\"count\":5,\"sum\":61001.0}],"
	  "\"rows\":[{\"name\":\"x\\n\xef\xbf\xbd\",\"value\":-1},{}],\"none\":[]}\n" },
	{ FACTS_OPENMETRICS,
	  "# TYPE assay_plain gauge\n# HELP assay_plain A gauge.\nassay_plain 7\n"
	  "# TYPE assay_things counter\n# HELP assay_things Some things.\n" COUNTERS
	  "# TYPE assay_nothing counter\n# HELP assay_nothing Nothing.\n"
	  "# TYPE assay_recent counter\n# HELP assay_recent Recent.\nassay_recent_total{kind=\"a\"} 4000\n"
	  HISTOGRAMS "# EOF\n" },
	{ FACTS_PROMETHEUS,
	  "# TYPE assay_plain gauge\n# HELP assay_plain A gauge.\nassay_plain 7\n"
	  "# TYPE assay_things_total counter\n# HELP assay_things_total Some things.\n" COUNTERS
	  "# TYPE assay_nothing_total counter\n# HELP assay_nothing_total Nothing.\n"
	  "# TYPE assay_recent_total counter\n# HELP assay_recent_total Recent.\n"
	  "assay_recent_total{kind=\"a\"} 4000\n" HISTOGRAMS },
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
	expect_count("\nassay_verdict_seconds_bucket{le=\"0.05\"} 1\n");
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
	expect_count("\nassay_verdict_seconds_sum 60.03\n");
}
END_TEST

Suite *daemon_facts_suite(void)
{
	Suite *s = suite_create("daemon facts");

	UNIT_TABLE(s, written, forms);
	UNIT_TEST(s, counted);
	return s;
}
