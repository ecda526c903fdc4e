/* build.h: U_01 to U_03, U_08, U_22, U_23; the reports of a day out of rows. */
#include "base/buf.h"
#include "base/limits.h"
#include "report/build.h"

#include "suites.h"

#define TEST_DAY 20000

static struct report_row row_of(const char *record, const char *header_from, uint64_t count)
{
	struct report_row row = { .day = TEST_DAY, .header_from = slice_str(header_from), .count = count,
		.policy = { .domain = SLICE("example.com"), .text = slice_str(record) },
		.envelope_from = SLICE("example.com"), .spf = { SLICE("example.com"), AUTH_FAIL } };

	ck_assert_int_eq(dmarc_record_parse(row.policy.text, &row.policy.record), DMARC_RECORD_OK);
	ck_assert(ip_parse(SLICE("192.0.2.1"), &row.source));
	return row;
}

static const struct report_sender by = { .organization = { "x", 1 }, .from = { "d@mx.example", 12 },
	.domain = { { "mx.example", 10 } }, .contact = { "d@mx.example", 12 }, .salt = { "salt", 4 } };

static void check_valid(struct arena *a, const struct report_set *set)
{
	struct report_file file;

	for (size_t i = 0; i < set->count; i++) {
		ck_assert_uint_gt(set->items[i].row_count, 0); /* U-06 */
		ck_assert_int_eq(report_render(a, &set->items[i], &by, &file), RC_OK);
		valid_report(file.xml, false);
	}
}

#define NONE "v=DMARC1; p=none; rua=mailto:d@example.com"
#define REJECT "v=DMARC1; p=reject; rua=mailto:d@example.com"

START_TEST(U_03_one_report_for_each_policy)
{
	struct arena *a = arena_create(LIMIT_REPORT_ARENA);
	struct report_builder *b = report_builder_new(a);
	struct report_row rows[] = { row_of(NONE, "a.example.com", 7), row_of(NONE, "example.com", 5),
		row_of(REJECT, "example.com", 3), row_of(REJECT, "example.com", 1) };
	const struct report_set *set;

	rows[2].dkim_aligned = true;
	rows[3].policy.several_records = true; /* another thing to report, though the record is the same */
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		ck_assert_int_eq(report_builder_add(b, &rows[i]), RC_OK);
	memset(rows, 0xee, sizeof(rows)); /* nothing of them is borrowed */
	set = report_builder_end(b);
	ck_assert_uint_eq(set->count, 3);
	ck_assert_uint_eq(set->items[0].row_count, 2);
	ck_assert_uint_eq(set->items[0].messages, 12);
	ck_assert(!set->items[0].aligned_pass);
	ck_slice_eq(set->items[0].policy.text, SLICE(NONE));
	ck_slice_eq(set->items[0].rows[1].header_from, SLICE("example.com"));
	ck_assert_uint_eq(set->items[0].rows[0].count, 7);
	ck_assert_uint_eq(set->items[1].messages, 3);
	ck_assert(set->items[1].aligned_pass);
	ck_assert_int_eq(set->items[1].policy.record.p.policy, DMARC_POLICY_REJECT);
	ck_assert(!slice_eq(set->items[0].variant, set->items[1].variant));
	ck_assert(!slice_eq(set->items[1].variant, set->items[2].variant));
	check_valid(a, set);
	arena_free(&a);
}
END_TEST

/* 100 signatures in each of so many rows that they do not fit: the rest is counted, not lost. */
START_TEST(a_report_has_a_ceiling)
{
	struct arena *a = arena_create(LIMIT_REPORT_ARENA);
	struct report_builder *b = report_builder_new(a);
	struct report_row row = row_of(REJECT, "example.com", 2);
	struct report_dkim dkim[LIMIT_SIGNATURE_FIELDS];
	const size_t rows = 2000;
	const struct report *r;
	char selector[16];

	for (size_t i = 0; i < N_ELEMENTS(dkim); i++)
		dkim[i] = (struct report_dkim){ SLICE("&&&&&&&&&&"), SLICE("\"\"\"\"\"\"\"\""), AUTH_FAIL,
			SLICE("<<<<<<<<<<<<<<<<<") };
	row.dkim = dkim;
	row.dkim_count = N_ELEMENTS(dkim);
	for (size_t i = 0; i < rows; i++) {
		snprintf(selector, sizeof(selector), "s%zu", i);
		dkim[0].selector = slice_str(selector);
		ck_assert_int_eq(report_builder_add(b, &row), RC_OK);
	}
	r = &report_builder_end(b)->items[0];
	ck_assert_uint_eq(r->row_count + r->rows_left_out, rows);
	ck_assert_uint_gt(r->rows_left_out, 0);
	ck_assert_uint_eq(r->messages, 2 * rows);
	ck_assert_uint_eq(r->messages_left_out, 2 * r->rows_left_out);
	check_valid(a, report_builder_end(b));
	arena_free(&a);
}
END_TEST

/* U-06: a report without a record is not one. */
START_TEST(nothing)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);

	ck_assert_uint_eq(report_builder_end(report_builder_new(a))->count, 0);
	arena_free(&a);
}
END_TEST

START_TEST(memory_ends)
{
	struct report_row row = row_of(REJECT, "example.com", 2);

	for (size_t size = 0; size < 10000; size += 100) {
		struct arena *a = arena_create(size);
		struct report_builder *b = a == NULL ? NULL : report_builder_new(a);

		for (int i = 0; b != NULL && i < 5; i++)
			if (report_builder_add(b, &row) != RC_OK)
				break;
		arena_free(&a);
	}
}
END_TEST

Suite *build_suite(void)
{
	Suite *s = suite_create("build");

	UNIT_TEST(s, U_03_one_report_for_each_policy);
	UNIT_TEST(s, a_report_has_a_ceiling);
	UNIT_TEST(s, nothing);
	UNIT_TEST(s, memory_ends);
	return s;
}
