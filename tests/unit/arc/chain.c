#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

#define AAR(i)     "ARC-Authentication-Results: i=" i "; mx.example; spf=pass\r\n"
#define AMS(i)     "ARC-Message-Signature: i=" i "; a=rsa-sha256; b=Zm9v; bh=" BH "; d=a.example; " \
	"h=From; s=s\r\n"
#define AS(i, cv)  "ARC-Seal: i=" i "; a=rsa-sha256; b=Zm9v; cv=" cv "; d=a.example; s=s\r\n"
#define BH         "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define SET(i, cv) AS(i, cv) AMS(i) AAR(i)

/* The shape alone: what RFC 8617 section 5.2 steps 1 to 3 find. */
static const struct {
	const char *name, *header;
	enum arc_why why;
	unsigned at, count;
	bool has_set;
} rows[] = {
	{ "R_01 nothing", "From: a\r\n", ARC_WHY_NO_CHAIN, 0, 0, false },
	{ "R_04 one set", SET("1", "none"), ARC_WHY_GOOD, 0, 1, true },
	{ "R_04 two sets", SET("2", "pass") SET("1", "none"), ARC_WHY_GOOD, 0, 2, true },
	{ "R_04 in any order", AAR("2") SET("1", "none") AS("2", "pass") AMS("2"), ARC_WHY_GOOD, 0, 2,
	    true },
	{ "names of any case", "arc-seal: i=1; a=rsa-sha256; b=Zm9v; cv=none; d=a.example; s=s\r\n"
	    AMS("1") AAR("1"), ARC_WHY_GOOD, 0, 1, true },
	{ "R_04 no results", AS("1", "none") AMS("1"), ARC_WHY_INCOMPLETE, 1, 1, false },
	{ "R_04 no message signature", AS("1", "none") AAR("1"), ARC_WHY_INCOMPLETE, 1, 1, false },
	{ "R_04 no seal", AMS("1") AAR("1"), ARC_WHY_INCOMPLETE, 1, 1, false },
	{ "R_04 a gap", SET("3", "pass") SET("1", "none"), ARC_WHY_INCOMPLETE, 2, 3, true },
	{ "R_04 begins at 2", SET("2", "pass"), ARC_WHY_INCOMPLETE, 1, 2, true },
	{ "R_04 instances mixed", AS("1", "none") AMS("2") AAR("3"), ARC_WHY_INCOMPLETE, 1, 3, false },
	{ "R_04 seal twice", SET("1", "none") AS("1", "none"), ARC_WHY_DUPLICATE, 1, 1, true },
	{ "R_04 results twice", SET("1", "none") AAR("1"), ARC_WHY_DUPLICATE, 1, 1, true },
	{ "R_04 message signature twice", SET("1", "none") AMS("1"), ARC_WHY_DUPLICATE, 1, 1, true },
	{ "R_05 first with pass", SET("1", "pass"), ARC_WHY_CHAIN_STATUS, 1, 1, true },
	{ "R_05 second with none", SET("2", "none") SET("1", "none"), ARC_WHY_CHAIN_STATUS, 2, 2,
	    true },
	{ "R_05 first with fail", SET("2", "pass") SET("1", "fail"), ARC_WHY_CHAIN_STATUS, 1, 2,
	    true },
	{ "R_03 newest with fail", SET("2", "fail") SET("1", "none"), ARC_WHY_SEALED_AS_BROKEN, 2, 2,
	    true },
	{ "R_03 before the shape", SET("3", "fail"), ARC_WHY_SEALED_AS_BROKEN, 3, 3, true },
	{ "R_02 i=0", SET("0", "none"), ARC_WHY_FIELD, 0, 0, false },
	{ "R_02 i=51", SET("51", "pass") SET("1", "none"), ARC_WHY_FIELD, 0, 1, true },
	{ "R_02 a huge i=", AAR("99999999999999999999"), ARC_WHY_FIELD, 0, 0, false },
	{ "R_18 results without i=", AS("1", "none") AMS("1")
	    "ARC-Authentication-Results: mx.example; spf=pass\r\n", ARC_WHY_FIELD, 0, 1, false },
	{ "R_18 results with a comment", AS("1", "none") AMS("1")
	    "ARC-Authentication-Results: (x) i (y) = (z) 1 (;) ; mx.example; none\r\n", ARC_WHY_GOOD, 0,
	    1, true },
	{ "R_18 results without ;", AS("1", "none") AMS("1") "ARC-Authentication-Results: i=1\r\n",
	    ARC_WHY_FIELD, 0, 1, false },
	{ "results of another instance first", AS("1", "none") AMS("1")
	    "ARC-Authentication-Results: ii=1; i=1; x\r\n", ARC_WHY_FIELD, 0, 1, false },
	{ "R_10 a seal with h=", "ARC-Seal: i=1; a=rsa-sha256; b=Zm9v; cv=none; d=a.example; h=From; "
	    "s=s\r\n" AMS("1") AAR("1"), ARC_WHY_FIELD, 1, 1, false },
	{ "R_21 a seal without d=", "ARC-Seal: i=1; a=rsa-sha256; b=Zm9v; cv=none; s=s\r\n" AMS("1")
	    AAR("1"), ARC_WHY_FIELD, 1, 1, false },
	{ "Empty ARC set", "ARC-Seal:\r\nARC-Message-Signature:\r\n"
	    "ARC-Authentication-Results:\r\n", ARC_WHY_FIELD, 0, 0, false },
	{ "words", "ARC-Seal: x\r\nARC-Message-Signature: x\r\nARC-Authentication-Results: x\r\n",
	    ARC_WHY_FIELD, 0, 0, false },
};

START_TEST(R_04_shapes)
{
	struct arena *a = arena_create(1u << 20);
	struct arc_chain chain;
	struct message m;

	message_init(&m, a);
	read_headers(&m, arena_printf(a, "%s\r\n", rows[_i].header));
	ck_assert_int_eq(arc_chain_read(a, &m, &chain), RC_OK);
	ck_assert_msg(chain.why == rows[_i].why, "%s: got \"%s\"", rows[_i].name,
	    arc_why_text(chain.why));
	ck_assert_msg(chain.at == rows[_i].at, "%s: at %u", rows[_i].name, chain.at);
	ck_assert_msg(chain.count == rows[_i].count, "%s: %u sets", rows[_i].name, chain.count);
	ck_assert_msg(arc_chain_has_set(&chain) == rows[_i].has_set, "%s", rows[_i].name);
	arena_free(&a);
}
END_TEST

/* R_02, and a ceiling of our own: what is read does not grow with what was sent. */
START_TEST(R_02_too_much)
{
	struct arena *a = arena_create(8u << 20);
	struct arc_chain chain;
	struct message m;
	struct buf long_results = BUF_INIT(1u << 20);

	message_init(&m, a);
	for (size_t i = 0; i < 3 * LIMIT_ARC_SETS; i++)
		message_add_header(&m, SLICE("ARC-Seal"), SLICE(" x"));
	ck_assert_int_eq(arc_chain_read(a, &m, &chain), RC_OK);
	ck_assert_int_eq(chain.why, ARC_WHY_FIELD);
	message_add_header(&m, SLICE("ARC-Seal"), SLICE(" x"));
	ck_assert_int_eq(arc_chain_read(a, &m, &chain), RC_OK);
	ck_assert_int_eq(chain.why, ARC_WHY_TOO_MANY);

	message_init(&m, a);
	buf_add_str(&long_results, " i=1; mx.example; spf=pass (");
	while (long_results.len <= LIMIT_ARC_OCTETS)
		buf_add_char(&long_results, 'x');
	message_add_header(&m, SLICE("ARC-Authentication-Results"), buf_slice(&long_results));
	ck_assert_int_eq(arc_chain_read(a, &m, &chain), RC_OK);
	ck_assert_int_eq(chain.why, ARC_WHY_TOO_MANY);
	buf_free(&long_results);
	arena_free(&a);
}
END_TEST

START_TEST(texts)
{
	for (enum arc_why why = ARC_WHY_GOOD; why < ARC_WHY_COUNT; why++)
		ck_assert_ptr_nonnull(arc_why_text(why));
}
END_TEST

Suite *chain_suite(void)
{
	Suite *s = suite_create("chain");

	UNIT_TABLE(s, R_04_shapes, rows);
	UNIT_TEST(s, R_02_too_much);
	UNIT_TEST(s, texts);
	return s;
}
