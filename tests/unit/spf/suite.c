/* P_56: the openspf suites, result and explanation, through both engines. */
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/cursor.h"

#include "suites.h"

struct score {
	unsigned passed, failed;
};

/* Percent-decoding in place of the arena. */
static struct slice decoded(struct arena *a, struct slice text)
{
	char *p = arena_alloc(a, text.len + 1);
	size_t n = 0;

	ck_assert(p != NULL);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '%' && i + 2 < text.len) {
			p[n++] = (char)(hex_value(text.ptr[i + 1]) * 16 + hex_value(text.ptr[i + 2]));
			i += 2;
		} else {
			p[n++] = text.ptr[i];
		}
	}
	return slice_of(p, n);
}

static bool among(struct slice list, struct slice word)
{
	while (!slice_is_null(list))
		if (slice_eq(slice_split(&list, ','), word))
			return true;
	return false;
}

/* One T line. */
static void run_test(struct world *w, enum spf_engine engine, struct slice line,
    struct score *score)
{
	struct arena *a = arena_create(65536);
	struct slice field[6];
	struct spf_mail_from_result r;
	struct slice got;

	for (size_t i = 0; i < N_ELEMENTS(field); i++)
		field[i] = decoded(a, slice_split(&line, '\t'));
	r = world_check(w, engine, field[1].ptr, field[2], field[3]);
	got = slice_str(auth_result_text(r.r.result));
	if (among(field[4], got) &&
	    (slice_eq(field[5], SLICE("-")) || slice_eq(field[5], r.r.explanation))) {
		score->passed++;
	} else {
		score->failed++;
		printf("%s, %.*s: %.*s (%.*s) \"%.*s\", wanted %.*s \"%.*s\"\n", world_engine_text(engine),
		    SLICE_ARG(field[0]), SLICE_ARG(got), SLICE_ARG(r.r.reason),
		    SLICE_ARG(r.r.explanation), SLICE_ARG(field[4]), SLICE_ARG(field[5]));
	}
	arena_free(&a);
}

/* The lines of one scenario: its zone, then its tests. */
static void run_scenario(struct slice text, enum spf_engine engine, struct score *score)
{
	struct buf zone = BUF_INIT(1024u * 1024);
	struct slice rest = text;
	struct world w;

	while (!slice_is_null(rest)) {
		struct slice line = slice_split(&rest, '\n');

		if (line.len > 2 && line.ptr[0] == 'Z') {
			buf_add(&zone, slice_drop(line, 2));
			buf_add_char(&zone, '\n');
		}
	}
	world_open(&w, buf_slice(&zone));
	w.params.default_explanation = SLICE("DEFAULT");
	for (rest = text; !slice_is_null(rest);) {
		struct slice line = slice_split(&rest, '\n');

		if (line.len > 2 && line.ptr[0] == 'T')
			run_test(&w, engine, slice_drop(line, 2), score);
	}
	world_close(&w);
	buf_free(&zone);
}

/* From one S line to the next. */
static void run_suite(struct slice text, enum spf_engine engine, struct score *score)
{
	while (text.len > 0) {
		size_t end = 1;

		while (end < text.len && !(text.ptr[end] == 'S' && text.ptr[end - 1] == '\n'))
			end++;
		run_scenario(slice_take(text, end), engine, score);
		text = slice_drop(text, end);
	}
}

/* What tests/spf/suite.py makes of the file; empty when that cannot be had. */
static void convert(const char *name, struct buf *out)
{
	struct buf command = BUF_INIT(8192);
	char *script = unit_source_path("tests/spf/suite.py"), *suite = unit_shared_path(name);
	char chunk[16384];
	FILE *f = NULL;
	size_t n;

	if (script != NULL && suite != NULL) {
		buf_addf(&command, "python3 '%s' '%s'", script, suite);
		f = popen(buf_cstr(&command), "r");
	}
	while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, slice_of(chunk, n));
	if (f != NULL && pclose(f) != 0)
		buf_clear(out);
	free(script);
	free(suite);
	buf_free(&command);
}

static const struct {
	const char *id, *file;
	unsigned tests;
} rows[] = {
	{ "P_56 RFC 7208", "suites/spf/rfc7208-tests.yml", 203 },
	{ "P_56 RFC 4408", "suites/spf/rfc4408-tests.yml", 0 },
};

START_TEST(suites_pass)
{
	struct buf text = BUF_INIT(4u * 1024 * 1024);
	bool ok = true;

	convert(rows[_i].file, &text);
	if (text.len == 0) {
		unit_skipped("the openspf suites, or python3-yaml, are not here");
		return;
	}
	for (int e = 0; e < world_engine_count(); e++) {
		struct score score = { 0, 0 };

		run_suite(buf_slice(&text), world_engines[e], &score);
		printf("%s, %s: %u/%u\n", rows[_i].id, world_engine_text(world_engines[e]), score.passed,
		    score.passed + score.failed);
		ok = ok && score.failed == 0 &&
		    (rows[_i].tests == 0 || score.passed == rows[_i].tests);
	}
	ck_assert_msg(ok, "%s", rows[_i].id);
	buf_free(&text);
}
END_TEST

Suite *suite_suite(void)
{
	Suite *s = suite_create("spf suites");

	UNIT_TABLE(s, suites_pass, rows);
	return s;
}
