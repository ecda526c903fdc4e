#include "base/limits.h"
#include "crypto/base64.h"
#include "dkim/bodyhash.h"

#include "suites.h"

#define R CANON_RELAXED
#define S CANON_SIMPLE

static struct slice base64_of(struct arena *a, const unsigned char *hash)
{
	struct buf text = BUF_INIT(100);

	base64_encode(&text, slice_of((const char *)hash, SHA256_OCTETS));
	return arena_take_buf(a, &text);
}

/* What is hashed is told by its own octets: canon is hashed here directly. */
static const struct {
	const char *what, *body;
	enum canon kind;
	uint64_t length;
	const char *canonical;
	uint64_t octets;
} rows[] = {
	{ "V_32 G_08 simple, empty", "", S, BODY_LENGTH_ALL, "\r\n", 2 },
	{ "V_32 simple, blank lines only", "\r\n\r\n\r\n", S, BODY_LENGTH_ALL, "\r\n", 2 },
	{ "V_33 G_08 relaxed, empty", "", R, BODY_LENGTH_ALL, "", 0 },
	{ "V_33 relaxed, blank lines only", " \r\n\t\r\n", R, BODY_LENGTH_ALL, "", 0 },
	{ "V_34 simple, no final CRLF", "a b", S, BODY_LENGTH_ALL, "a b\r\n", 5 },
	{ "V_34 relaxed, no final CRLF", "a  b", R, BODY_LENGTH_ALL, "a b\r\n", 5 },
	{ "V_32 simple, trailing lines", "a \r\n\r\nb\r\n\r\n\r\n", S, BODY_LENGTH_ALL,
	    "a \r\n\r\nb\r\n", 9 },
	{ "V_33 relaxed, WSP and lines", " C \r\nD \t E\r\n\r\n\r\n", R, BODY_LENGTH_ALL,
	    " C\r\nD E\r\n", 9 },
	{ "V_30 encodings are octets", "=41=42\r\nQUI=\r\n", S, BODY_LENGTH_ALL,
	    "=41=42\r\nQUI=\r\n", 14 },
	{ "V_17 l=0", "abc\r\n", S, 0, "", 5 },
	{ "V_17 l=1", "abc\r\n", S, 1, "a", 5 },
	{ "V_17 l=4, in the CRLF", "abc\r\n", S, 4, "abc\r", 5 },
	{ "V_17 l=5, all", "abc\r\n", S, 5, "abc\r\n", 5 },
	{ "V_18 l=6, beyond", "abc\r\n", S, 6, "abc\r\n", 5 },
	{ "V_17 l= counts canonical octets", "a   b\r\n", R, 3, "a b", 5 },
};

static struct bodyhash *hash_of(struct bodyhashes *set, int row)
{
	struct bodyhash *h = bodyhashes_want(set, rows[row].kind, rows[row].length);

	ck_assert_ptr_nonnull(h);
	ck_assert(bodyhashes_needed(set));
	return h;
}

static void check(struct arena *a, const struct bodyhash *h, int row)
{
	unsigned char want[SHA256_OCTETS];

	ck_assert_int_eq(sha256(slice_str(rows[row].canonical), want), RC_OK);
	ck_slice_eq(base64_of(a, bodyhash_value(h)), base64_of(a, want));
	ck_assert_uint_eq(bodyhash_canonical_octets(h), rows[row].octets);
}

/* mailauth #115: where one chunk ends and the next begins changes nothing. */
START_TEST(hashes)
{
	struct slice body = slice_str(rows[_i].body);

	for (size_t cut = 0; cut <= body.len; cut++) {
		struct arena *a = arena_create(1u << 20);
		struct bodyhashes *set = bodyhashes_new(a);
		struct bodyhash *h = hash_of(set, _i);

		bodyhashes_feed(set, slice_take(body, cut));
		bodyhashes_feed(set, slice_drop(body, cut));
		ck_assert_int_eq(bodyhashes_end(set), RC_OK);
		check(a, h, _i);
		arena_free(&a);
	}
}
END_TEST

/* No chunk at all is an empty body. */
START_TEST(never_fed)
{
	struct arena *a = arena_create(1u << 20);
	struct bodyhashes *set = bodyhashes_new(a);
	struct bodyhash *simple = hash_of(set, 0), *relaxed = hash_of(set, 2);

	ck_assert_int_eq(bodyhashes_end(set), RC_OK);
	check(a, simple, 0);
	check(a, relaxed, 2);
	ck_slice_eq(base64_of(a, bodyhash_value(simple)),
	    SLICE("frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="));
	ck_slice_eq(base64_of(a, bodyhash_value(relaxed)),
	    SLICE("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
	arena_free(&a);
}
END_TEST

/* X_08: one hash for all who want the same; several at once do not disturb each other. */
START_TEST(shared)
{
	struct arena *a = arena_create(1u << 20);
	struct bodyhashes *set = bodyhashes_new(a);
	struct bodyhash *h[4];
	unsigned char want[SHA256_OCTETS];
	static const char *const canonical[] = { "a  b\r\n", "a b\r\n", "a  ", "a b" };

	ck_assert(!bodyhashes_needed(set));
	h[0] = bodyhashes_want(set, S, BODY_LENGTH_ALL);
	h[1] = bodyhashes_want(set, R, BODY_LENGTH_ALL);
	h[2] = bodyhashes_want(set, S, 3);
	h[3] = bodyhashes_want(set, R, 3);
	ck_assert_ptr_eq(bodyhashes_want(set, S, BODY_LENGTH_ALL), h[0]);
	ck_assert_ptr_eq(bodyhashes_want(set, R, 3), h[3]);
	bodyhashes_feed(set, SLICE("a  b\r\n\r\n"));
	ck_assert_int_eq(bodyhashes_end(set), RC_OK);
	for (size_t i = 0; i < N_ELEMENTS(h); i++) {
		ck_assert_int_eq(sha256(slice_str(canonical[i]), want), RC_OK);
		ck_slice_eq(base64_of(a, bodyhash_value(h[i])), base64_of(a, want));
		ck_assert_uint_eq(bodyhash_canonical_octets(h[i]), i % 2 == 0 ? 6 : 5);
	}
	arena_free(&a);
}
END_TEST

/*
 * OpenDKIM #15: the body is needed until whoever wants most of it is served, in whatever order they
 * came; a short l= takes nothing from the others.
 */
START_TEST(needed_to_the_end)
{
	static const uint64_t lengths[][3] = { { 0, 3, BODY_LENGTH_ALL }, { BODY_LENGTH_ALL, 3, 0 } };
	static const char *const canonical[][3] = { { "", "abc", "abcdef\r\n" },
		{ "abcdef\r\n", "abc", "" } };
	struct slice body = SLICE("abcdef\r\n");

	for (size_t row = 0; row < N_ELEMENTS(lengths); row++) {
		struct arena *a = arena_create(1u << 20);
		struct bodyhashes *set = bodyhashes_new(a);
		unsigned char want[SHA256_OCTETS];
		struct bodyhash *h[3];

		for (size_t i = 0; i < 3; i++)
			h[i] = bodyhashes_want(set, S, lengths[row][i]);
		for (size_t i = 0; i < body.len; i++) {
			ck_assert(bodyhashes_needed(set));
			bodyhashes_feed(set, slice_take(slice_drop(body, i), 1));
		}
		ck_assert_int_eq(bodyhashes_end(set), RC_OK);
		for (size_t i = 0; i < 3; i++) {
			ck_assert_int_eq(sha256(slice_str(canonical[row][i]), want), RC_OK);
			ck_slice_eq(base64_of(a, bodyhash_value(h[i])), base64_of(a, want));
		}
		arena_free(&a);
	}
}
END_TEST

START_TEST(ceiling)
{
	struct arena *a = arena_create(1u << 20);
	struct bodyhashes *set = bodyhashes_new(a);

	for (uint64_t i = 0; i < LIMIT_BODY_HASHES; i++)
		ck_assert_ptr_nonnull(bodyhashes_want(set, S, i));
	ck_assert_ptr_null(bodyhashes_want(set, S, 100));
	ck_assert_ptr_nonnull(bodyhashes_want(set, S, 0));
	arena_free(&a);
}
END_TEST

/* A hash that begins in the middle of the body would be of something else. */
START_TEST(too_late)
{
	struct arena *a = arena_create(1u << 20);
	struct bodyhashes *set = bodyhashes_new(a);
	struct bodyhash *early = bodyhashes_want(set, S, BODY_LENGTH_ALL);

	bodyhashes_feed(set, SLICE("a"));
	ck_assert_ptr_null(bodyhashes_want(set, R, BODY_LENGTH_ALL));
	ck_assert_ptr_eq(bodyhashes_want(set, S, BODY_LENGTH_ALL), early);
	arena_free(&a);
}
END_TEST

Suite *bodyhash_suite(void)
{
	Suite *s = suite_create("bodyhash");

	UNIT_TABLE(s, hashes, rows);
	UNIT_TEST(s, never_fed);
	UNIT_TEST(s, shared);
	UNIT_TEST(s, needed_to_the_end);
	UNIT_TEST(s, ceiling);
	UNIT_TEST(s, too_late);
	return s;
}
