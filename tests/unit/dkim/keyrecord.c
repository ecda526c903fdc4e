#include "base/limits.h"
#include "dkim/keyrecord.h"

#include "suites.h"

#define FLAG_TESTING 1u
#define FLAG_STRICT  2u
#define NO_SHA256    4u
#define NO_MAIL      8u

static const struct {
	const char *name, *text;
	enum dkim_why why;
	enum key_type type;
	unsigned flags;
	const char *key;
} rows[] = {
	{ "all of it", "v=DKIM1; h=sha1:sha256; k=rsa; n=notes=3B here; p=Zm9v; s=email; t=s",
	    DKIM_WHY_GOOD, KEY_RSA, FLAG_STRICT, "foo" },
	{ "K_15 K_02 no v=", "k=rsa; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_03 no k=", "v=DKIM1; p=Zm9v;", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "p= alone", "p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_13 ed25519", "v=DKIM1; k=ed25519; p=Zm9v", DKIM_WHY_GOOD, KEY_ED25519, 0, "foo" },
	{ "G_01 FWS", " v = DKIM1 ; k = rsa ; p = Zm 9v ; ", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "g= is not read", "v=DKIM1; g=; k=rsa; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "unknown tags", "v=DKIM1; x=1; p=Zm9v; V=2", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_09 t=y", "t=y; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, FLAG_TESTING, "foo" },
	{ "K_10 t=y:s", "t=y : s; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, FLAG_TESTING | FLAG_STRICT, "foo"
	    },
	{ "K_11 unknown flags", "t=q:w:s; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, FLAG_STRICT, "foo" },
	{ "K_11 unknown flags only", "t=ys:sy; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "t= empty", "t=; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "G_06 flags have case", "t=Y:S; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_05 h=sha256", "h=sha256; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_05 h=sha1", "h=sha1; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, NO_SHA256, "foo" },
	{ "K_11 h= with unknown ones", "h=md5:sha256:blake; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0,
	    "foo" },
	{ "K_05 h=sha2567", "h=sha2567; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, NO_SHA256, "foo" },
	{ "G_05 h= empty", "h=; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, NO_SHA256, "foo" },
	{ "K_06 s=*", "s=*; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_06 s=other:email", "s=other:email; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, 0, "foo" },
	{ "K_06 s=tlsrpt", "s=tlsrpt; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, NO_MAIL, "foo" },
	{ "G_05 s= empty", "s=; p=Zm9v", DKIM_WHY_GOOD, KEY_RSA, NO_MAIL, "foo" },

	{ "K_01 v=DKIM2", "v=DKIM2; p=Zm9v", DKIM_WHY_KEY_VERSION, KEY_RSA, 0, "foo" },
	{ "K_01 v=DKIM1.0", "v=DKIM1.0; p=Zm9v", DKIM_WHY_KEY_VERSION, KEY_RSA, 0, "foo" },
	{ "K_01 v=dkim1", "v=dkim1; p=Zm9v", DKIM_WHY_KEY_VERSION, KEY_RSA, 0, "foo" },
	{ "K_01 v= empty", "v=; p=Zm9v", DKIM_WHY_KEY_VERSION, KEY_RSA, 0, "foo" },
	{ "K_01 v= not first", "k=rsa; v=DKIM1; p=Zm9v", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_01 v= last", "p=Zm9v; v=DKIM1", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "V_37 an SPF record", "v=spf1 include:_spf.example.org -all", DKIM_WHY_KEY_VERSION,
	    KEY_RSA, 0, "" },
	{ "V_37 some text", "google-site-verification=abc", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "escaped semicolons", "v=DKIM1\\; k=rsa\\; p=Zm9v", DKIM_WHY_KEY_VERSION, KEY_RSA, 0,
	    "foo" },
	{ "K_03 k=dsa", "k=dsa; p=Zm9v", DKIM_WHY_KEY_TYPE, KEY_RSA, 0, "foo" },
	{ "K_03 k=RSA", "k=RSA; p=Zm9v", DKIM_WHY_KEY_TYPE, KEY_RSA, 0, "foo" },
	{ "K_03 k= empty", "k=; p=Zm9v", DKIM_WHY_KEY_TYPE, KEY_RSA, 0, "foo" },
	{ "K_03 k=ed25519-sha256", "k=ed25519-sha256; p=Zm9v", DKIM_WHY_KEY_TYPE, KEY_RSA, 0, "foo"
	    },
	{ "K_07 p= empty", "v=DKIM1; p=", DKIM_WHY_KEY_REVOKED, KEY_RSA, 0, "" },
	{ "K_07 p= empty, with more", "v=DKIM1; p= ; t=y", DKIM_WHY_KEY_REVOKED, KEY_RSA,
	    FLAG_TESTING, "" },
	{ "K_08 no p=", "v=DKIM1; k=rsa", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_08 P=", "v=DKIM1; P=Zm9v", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 p= no base64", "v=DKIM1; p=Zm9v!", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 p= cut off", "v=DKIM1; p=Zm9vY", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 nothing", "", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 blanks", "  ", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 semicolon", ";", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "K_14 control octets", "p=Zm9v; n=\x01", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "G_03 p= twice", "p=Zm9v; p=Zm9v", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
	{ "v= twice", "v=DKIM1; v=DKIM1; p=Zm9v", DKIM_WHY_KEY_SYNTAX, KEY_RSA, 0, "" },
};

START_TEST(parses)
{
	struct arena *a = arena_create(1u << 20);
	struct key_record record;
	enum dkim_why why = key_record_parse(a, slice_str(rows[_i].text), &record);
	unsigned flags;

	ck_assert_msg(why == rows[_i].why, "%s: got \"%s\"", rows[_i].name, dkim_why_text(why));
	flags = (record.testing ? FLAG_TESTING : 0) | (record.strict_identity ? FLAG_STRICT : 0) |
	    (record.sha256_allowed ? 0 : NO_SHA256) | (record.email_service ? 0 : NO_MAIL);
	ck_assert_msg(flags == rows[_i].flags, "%s: flags %x", rows[_i].name, flags);
	ck_assert_int_eq(record.type, rows[_i].type);
	ck_slice_eq(record.key, slice_str(rows[_i].key));
	arena_free(&a);
}
END_TEST

START_TEST(notes)
{
	struct arena *a = arena_create(1u << 20);
	struct key_record record;

	ck_assert_int_eq(key_record_parse(a, SLICE("v=DKIM1; n= a note ; p=Zm9v"), &record),
	    DKIM_WHY_GOOD);
	ck_slice_eq(record.notes, SLICE("a note"));
	arena_free(&a);
}
END_TEST

START_TEST(ceiling)
{
	struct arena *a = arena_create(1u << 20);
	struct key_record record;
	struct buf text = BUF_INIT(1u << 20);

	buf_add_str(&text, "v=DKIM1; p=");
	for (size_t i = 0; i < LIMIT_KEY_OCTETS / 3; i++)
		buf_add_str(&text, "AAAA");
	ck_assert_int_eq(key_record_parse(a, buf_slice(&text), &record), DKIM_WHY_GOOD);
	buf_add_str(&text, "AAAA");
	ck_assert_int_eq(key_record_parse(a, buf_slice(&text), &record), DKIM_WHY_KEY_SYNTAX);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

Suite *keyrecord_suite(void)
{
	Suite *s = suite_create("keyrecord");

	UNIT_TABLE(s, parses, rows);
	UNIT_TEST(s, notes);
	UNIT_TEST(s, ceiling);
	return s;
}
