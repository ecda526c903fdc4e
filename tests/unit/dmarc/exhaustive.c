/*
 * Every combination of contents along one walk, against a plain reading of RFC 9989 sections 4.10.1
 * and 4.10.2: D-18 to D-23, D-30, D-49.
 *
 * The reading below knows no DNS trouble.  What trouble means is found by putting every content in
 * the place of the name that did not answer: what is the same for all of them is known.
 */
#include "base/buf.h"
#include "dmarc/discover.h"

#include "suites.h"

enum content { NOTHING, PLAIN, PSD_N, PSD_Y, TWO, TROUBLE, CONTENTS };

#define MAX_STEPS 8

struct course {
	const char *names[MAX_STEPS]; /* from the start name to the TLD */
	size_t count;
	const char *below[MAX_STEPS]; /* one label more than names[i], towards the start name */
};

static const struct course short_course = {
	{ "a.b.example.test", "b.example.test", "example.test", "test" }, 4,
	{ NULL, "a.b.example.test", "b.example.test", "example.test" },
};

static const struct course long_course = {
	{ "i.h.g.f.e.d.c.b.example.test", "f.e.d.c.b.example.test", "e.d.c.b.example.test",
	  "d.c.b.example.test", "c.b.example.test", "b.example.test", "example.test", "test" }, 8,
	{ NULL, "g.f.e.d.c.b.example.test", "f.e.d.c.b.example.test", "e.d.c.b.example.test",
	  "d.c.b.example.test", "c.b.example.test", "b.example.test", "example.test" },
};

struct outcome {
	const char *organization;
	int policy; /* the step whose record is the policy record; -1: none */
};

static bool is_record(enum content c)
{
	return c == PLAIN || c == PSD_N || c == PSD_Y;
}

/* Section 4.10: where the walk stops. */
static size_t walk_end(const struct course *course, const enum content *at)
{
	for (size_t i = 0; i < course->count; i++)
		if (at[i] == PSD_N || at[i] == PSD_Y)
			return i + 1;
	return course->count;
}

/* Section 4.10.2, rules 1 to 3 in their order. */
static const char *organization(const struct course *course, const enum content *at)
{
	size_t end = walk_end(course, at);

	for (size_t i = 0; i < end; i++)
		if (at[i] == PSD_N)
			return course->names[i];
	for (size_t i = 1; i < end; i++)
		if (at[i] == PSD_Y)
			return course->below[i];
	for (size_t i = end; i > 0; i--)
		if (is_record(at[i - 1]))
			return course->names[i - 1];
	return course->names[0];
}

static struct outcome read_plainly(const struct course *course, const enum content *contents)
{
	enum content at[MAX_STEPS];
	struct outcome o = { NULL, -1 };
	size_t end;

	memcpy(at, contents, sizeof(at));
	if (at[course->count - 1] == PLAIN) /* the guard: a TLD */
		at[course->count - 1] = PSD_Y;
	o.organization = organization(course, at);
	end = walk_end(course, at);
	for (size_t i = end; i > 0; i--) /* section 4.10.1, from the least preferred */
		if (at[i - 1] == PSD_Y)
			o.policy = (int)i - 1;
	for (size_t i = 0; i < end; i++)
		if (is_record(at[i]) && strcmp(course->names[i], o.organization) == 0)
			o.policy = (int)i;
	if (is_record(at[0]))
		o.policy = 0;
	return o;
}

struct knowledge {
	bool organization_known, policy_known;
	struct outcome outcome; /* where known */
};

static struct knowledge know(const struct course *course, const enum content *contents)
{
	static const enum content guesses[] = { NOTHING, PLAIN, PSD_N, PSD_Y };
	struct knowledge all = { .organization_known = true, .policy_known = true };
	size_t combinations = 1;

	for (size_t i = 0; i < course->count; i++)
		combinations *= contents[i] == TROUBLE ? N_ELEMENTS(guesses) : 1;
	for (size_t n = 0; n < combinations; n++) {
		enum content at[MAX_STEPS] = { 0 };
		struct outcome o;
		size_t digits = n;

		for (size_t i = 0; i < course->count; i++) {
			at[i] = contents[i];
			if (contents[i] != TROUBLE)
				continue;
			at[i] = guesses[digits % N_ELEMENTS(guesses)];
			digits /= N_ELEMENTS(guesses);
			if (i + 1 == course->count && at[i] == PSD_N) /* discover.h says why */
				at[i] = PSD_Y;
		}
		o = read_plainly(course, at);
		if (n == 0)
			all.outcome = o;
		all.organization_known &= strcmp(o.organization, all.outcome.organization) == 0;
		/* a guessed record could have any policy */
		all.policy_known &= o.policy == all.outcome.policy &&
		    (o.policy < 0 || contents[o.policy] != TROUBLE);
	}
	return all;
}

static void write_zone(const struct course *course, const enum content *contents, struct buf *zone)
{
	static const char *const tags[CONTENTS] = {
		[PLAIN] = "", [PSD_N] = "; psd=n", [PSD_Y] = "; psd=y", [TWO] = "" };

	for (size_t i = 0; i < course->count; i++) {
		if (contents[i] == TROUBLE)
			buf_addf(zone, "_dmarc.%s TXT !TIMEOUT\n", course->names[i]);
		if (is_record(contents[i]) || contents[i] == TWO)
			buf_addf(zone, "_dmarc.%s TXT \"v=DMARC1; p=none%s\"\n", course->names[i],
			    tags[contents[i]]);
		if (contents[i] == TWO)
			buf_addf(zone, "_dmarc.%s TXT \"v=DMARC1; p=none; psd=n\"\n",
			    course->names[i]);
	}
}

static void compare(const struct course *course, const enum content *contents)
{
	struct knowledge want = know(course, contents);
	struct buf zone = BUF_INIT(10000);
	struct dmarc_policy_discovery d;
	const char *policy;
	struct world w;

	write_zone(course, contents, &zone);
	world_open(&w, buf_cstr(&zone));
	ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, DMARC_DISCOVERY_TREEWALK,
	    world_domain(&w, course->names[0]), &d), RC_OK);
	ck_assert_msg((d.walk.status != DMARC_DISCOVERY_UNKNOWN) == want.organization_known,
	    "organization known: %d\n%s", want.organization_known, buf_cstr(&zone));
	ck_assert_msg(!want.organization_known || slice_eq(d.organizational_domain.name,
	    slice_str(want.outcome.organization)), "organization %s, not %.*s\n%s",
	    want.outcome.organization, SLICE_ARG(d.organizational_domain.name), buf_cstr(&zone));
	ck_assert_msg((d.status != DMARC_DISCOVERY_UNKNOWN) == want.policy_known, "policy known: %d\n%s",
	    want.policy_known, buf_cstr(&zone));
	policy = want.outcome.policy < 0 ? "" : course->names[want.outcome.policy];
	ck_assert_msg(!want.policy_known || slice_eq(d.policy_domain.name, slice_str(policy)),
	    "policy at %s, not %.*s\n%s", policy, SLICE_ARG(d.policy_domain.name), buf_cstr(&zone));
	world_close(&w);
	buf_free(&zone);
}

START_TEST(every_content_of_four_names)
{
	for (size_t n = 0; n < CONTENTS * CONTENTS * CONTENTS * CONTENTS; n++) {
		enum content contents[MAX_STEPS] = { NOTHING };
		size_t digits = n;

		for (size_t i = 0; i < short_course.count; i++) {
			contents[i] = (enum content)(digits % CONTENTS);
			digits /= CONTENTS;
		}
		compare(&short_course, contents);
	}
}
END_TEST

/* Ten labels: eight names, of which a fixed sequence of contents is tried, few of them trouble. */
START_TEST(some_contents_of_eight_names)
{
	uint32_t random = 1;

	for (int n = 0; n < 2000; n++) {
		enum content contents[MAX_STEPS];

		for (size_t i = 0; i < MAX_STEPS; i++) {
			static const enum content often[] = { NOTHING, NOTHING, NOTHING, NOTHING,
				PLAIN, PLAIN, TWO, PSD_N, PSD_Y, TROUBLE };

			random = random * 1664525u + 1013904223u;
			contents[i] = often[(random >> 16) % N_ELEMENTS(often)];
		}
		compare(&long_course, contents);
	}
}
END_TEST

Suite *exhaustive_suite(void)
{
	Suite *s = suite_create("dmarc exhaustive");

	UNIT_TEST(s, every_content_of_four_names);
	UNIT_TEST(s, some_contents_of_eight_names);
	return s;
}
