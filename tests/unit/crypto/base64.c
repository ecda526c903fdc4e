#include <stdlib.h>

#include "crypto/base64.h"

#include "suites.h"

/* RFC 4648 section 10, and RFC 6376 section 2.10: FWS anywhere. */
static const struct {
	const char *text, *octets;
} good[] = {
	{ "", "" },
	{ "Zg==", "f" },
	{ "Zm8=", "fo" },
	{ "Zm9v", "foo" },
	{ "Zm9vYg==", "foob" },
	{ "Zm9vYmE=", "fooba" },
	{ "Zm9vYmFy", "foobar" },
	{ "+/+/", "\xfb\xff\xbf" },
	{ " Z\tm\r\n 9 v ", "foo" },       /* G_13 */
	{ "Zg=\r\n =", "f" },             /* G_13: between the pads too */
	{ " \r\n\t", "" },
};

START_TEST(decodes)
{
	struct arena *a = arena_create(1u << 20);
	struct slice out = SLICE_NULL;

	ck_assert_msg(base64_decode(a, slice_str(good[_i].text), 100, &out), "row %d: %s", _i,
	    good[_i].text);
	ck_slice_eq(out, slice_str(good[_i].octets));
	arena_free(&a);
}
END_TEST

/* G_14: nothing is cut off silently */
static const char *const bad[] = {
	"Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zm9vYg", "Zm9vYg=",
	"=", "==", "====", "Zm9v=", "Zm9v==", "Zm9v====", "Zg===", "Z===",
	"Zg==Zg==", "Zg==Zm9v", "Zm8=Z", "Zg=Z", "Zm=8", "Z=g=", "=Zm8",
	"Zh==", "Zm9=", "Z/==",      /* bits left over are not zero */
	"Zm9v!", "Zm-v", "Zm_v", "Zm9v;", "Zm9v\x7f", "Zm9v\x80", "Zm\xc3\xa9", ".", "Zm.9v",
};

START_TEST(refuses)
{
	struct arena *a = arena_create(1u << 20);
	struct slice out = SLICE("untouched");

	ck_assert_msg(!base64_decode(a, slice_str(bad[_i]), 100, &out), "row %d: %s", _i, bad[_i]);
	ck_slice_eq(out, SLICE("untouched"));
	arena_free(&a);
}
END_TEST

START_TEST(refuses_nul)
{
	struct arena *a = arena_create(1u << 20);
	struct slice out;

	ck_assert(!base64_decode(a, SLICE("Zm9v\0"), 100, &out));
	ck_assert(!base64_decode(a, SLICE("Zm\0v"), 100, &out));
	arena_free(&a);
}
END_TEST

/* The reader of DKIM's bh= in rspamd had none. */
START_TEST(keeps_to_the_maximum)
{
	struct arena *a = arena_create(1u << 20);
	struct slice out;

	ck_assert(base64_decode(a, SLICE("Zm9vYmFy"), 6, &out));
	ck_assert(!base64_decode(a, SLICE("Zm9vYmFy"), 5, &out));
	ck_assert(!base64_decode(a, SLICE("Zg=="), 0, &out));
	ck_assert(base64_decode(a, SLICE(""), 0, &out));
	arena_free(&a);
}
END_TEST

/* Every length up to 100 there and back, with octets of all values. */
START_TEST(there_and_back)
{
	struct arena *a = arena_create(1u << 20);
	struct buf text = BUF_INIT(1000);
	char octets[100];
	struct slice out = SLICE_NULL, in = slice_of(octets, (size_t)_i);

	for (int i = 0; i < _i; i++)
		octets[i] = (char)(i * 37 + _i * 11);
	base64_encode(&text, in);
	ck_assert_uint_eq(text.len, ((size_t)_i + 2) / 3 * 4);
	ck_assert(base64_decode(a, buf_slice(&text), sizeof(octets), &out));
	ck_slice_eq(out, in);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

START_TEST(encodes)
{
	struct buf text = BUF_INIT(100);

	base64_encode(&text, slice_str(good[_i % 8].octets));
	ck_slice_eq(buf_slice(&text), slice_str(good[_i % 8].text));
	buf_free(&text);
}
END_TEST

Suite *base64_suite(void)
{
	Suite *s = suite_create("base64");

	UNIT_TABLE(s, decodes, good);
	UNIT_TABLE(s, refuses, bad);
	UNIT_TEST(s, refuses_nul);
	UNIT_TEST(s, keeps_to_the_maximum);
	unit_table(s, "there_and_back", there_and_back, 100);
	unit_table(s, "encodes", encodes, 8);
	return s;
}
