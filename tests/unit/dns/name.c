/* name.h: any octets, the ceilings of RFC 1035, pointers that cannot loop. */
#include "base/buf.h"

#include "dns/name.h"

#include "suites.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-"
#define LABEL_61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

static const struct {
	struct slice text;
	const char *want; /* NULL: refused */
} parse_rows[] = {
	{ SLICE("example.com"), "example.com" },
	{ SLICE("EXAMPLE.Com."), "example.com" },
	{ SLICE("_dmarc.Example"), "_dmarc.example" },
	{ SLICE(""), "" },
	{ SLICE("."), "" },
	{ SLICE("*.example"), "*.example" },
	{ SLICE("a b.example"), "a\\032b.example" },
	{ SLICE("a\\032b.example"), "a\\032b.example" },
	{ SLICE("a\\.b.example"), "a\\046b.example" },
	{ SLICE("a\\046b.example"), "a\\046b.example" },
	{ SLICE("a\\\\b.example"), "a\\092b.example" },
	{ SLICE("\\065\\066.example"), "ab.example" }, /* escaped letters fold too */
	{ SLICE("\\x.example"), "x.example" },
	{ SLICE("a\0b.example"), "a\\000b.example" },
	{ SLICE("\xff\xc3.example"), "\\255\\195.example" },
	{ SLICE(LABEL_63), LABEL_63 },
	{ SLICE(NAME_253), NAME_253 },
	{ SLICE(NAME_253 "."), NAME_253 },
	/* refused */
	{ SLICE(".."), NULL },
	{ SLICE(".example"), NULL },
	{ SLICE("a..example"), NULL },
	{ SLICE("example.."), NULL },
	{ SLICE(LABEL_63 "x.example"), NULL },
	{ SLICE(NAME_253 "x"), NULL },
	{ SLICE("a." NAME_253), NULL },
	{ SLICE("example\\"), NULL },
	{ SLICE("\\1.example"), NULL },
	{ SLICE("\\12.example"), NULL },
	{ SLICE("\\256.example"), NULL },
	{ SLICE("\\999.example"), NULL },
	{ SLICE("\\25"), NULL },
};

START_TEST(parse)
{
	struct name name;
	bool ok = name_parse(parse_rows[_i].text, &name);

	ck_assert_msg(ok == (parse_rows[_i].want != NULL), "row %d: %.*s", _i,
	    SLICE_ARG(parse_rows[_i].text));
	if (!ok)
		return;
	ck_assert_str_eq(name.text, parse_rows[_i].want);
	ck_assert_uint_eq(name.len, strlen(name.text));
}
END_TEST

/* What was parsed goes to the wire and comes back the same, and parses to itself. */
START_TEST(round_trip)
{
	unsigned char wire[NAME_WIRE_SIZE];
	struct name name, back, again;
	size_t at = 0, len;

	if (parse_rows[_i].want == NULL)
		return;
	ck_assert(name_parse(parse_rows[_i].text, &name));
	len = name_to_wire(name.text, wire);
	ck_assert(name_from_wire(slice_of((const char *)wire, len), &at, &back));
	ck_assert_uint_eq(at, len);
	ck_assert_str_eq(back.text, name.text);
	ck_assert(name_parse(slice_of(back.text, back.len), &again));
	ck_assert_str_eq(again.text, name.text);
}
END_TEST

START_TEST(longest)
{
	/* 255 octets on the wire, each one escaped: the longest text there is */
	struct buf text = BUF_INIT(2000);
	unsigned char wire[NAME_WIRE_SIZE];
	struct name name;

	for (int i = 0; i < 250; i++)
		buf_add_str(&text, i == 63 || i == 126 || i == 189 ? ".\\001" : "\\001");
	ck_assert(name_parse(buf_slice(&text), &name));
	ck_assert_uint_eq(name.len, NAME_TEXT_SIZE - 1);
	ck_assert_uint_eq(name_to_wire(name.text, wire), NAME_WIRE_SIZE);
	buf_add_str(&text, "\\001");
	ck_assert(!name_parse(buf_slice(&text), &name));
	buf_free(&text);
}
END_TEST

static const struct {
	struct slice packet;
	size_t at, end; /* end 0: refused */
	const char *want;
} wire_rows[] = {
	{ SLICE("\1a\2bc\0"), 0, 6, "a.bc" },
	{ SLICE("\0"), 0, 1, "" },
	{ SLICE("\1A\0\1b\xc0\0"), 3, 7, "b.a" },
	{ SLICE("\1a\0\xc0\0\1b\xc0\3"), 5, 9, "b.a" }, /* a pointer to a pointer */
	{ SLICE("\3.\\ \0"), 0, 5, "\\046\\092\\032" },
	{ SLICE(""), 0, 0, NULL },
	{ SLICE("\1"), 0, 0, NULL },
	{ SLICE("\1a"), 0, 0, NULL },
	{ SLICE("\2a"), 0, 0, NULL },
	{ SLICE("\xc0"), 0, 0, NULL },
	{ SLICE("\xc0\0"), 0, 0, NULL },           /* to itself */
	{ SLICE("\1a\xc0\0"), 0, 0, NULL },        /* to its own start */
	{ SLICE("\1a\xc0\2"), 0, 0, NULL },        /* into itself */
	{ SLICE("\1a\xc0\5\0\1b\0"), 0, 0, NULL }, /* forward */
	{ SLICE("\xc0\2\xc0\0"), 2, 0, NULL },     /* two that chase each other */
	{ SLICE("\1a\0\xc0\xff"), 3, 0, NULL },    /* behind the packet */
	{ SLICE("\x41" "a\0"), 0, 0, NULL },       /* reserved label types */
	{ SLICE("\x80" "a\0"), 0, 0, NULL },
};

START_TEST(from_wire)
{
	size_t at = wire_rows[_i].at;
	struct name name;
	bool ok = name_from_wire(wire_rows[_i].packet, &at, &name);

	ck_assert_msg(ok == (wire_rows[_i].end != 0), "row %d", _i);
	ck_assert_uint_eq(at, ok ? wire_rows[_i].end : wire_rows[_i].at);
	if (ok)
		ck_assert_str_eq(name.text, wire_rows[_i].want);
}
END_TEST

/* Compression may not build a name of more than 255 octets. */
START_TEST(overlong_by_pointers)
{
	struct buf packet = BUF_INIT(4096);
	size_t ends[6], at;
	struct name name;

	buf_add(&packet, SLICE("\0"));
	for (size_t i = 0; i < N_ELEMENTS(ends); i++) {
		size_t target = i == 0 ? 0 : ends[i - 1];

		ends[i] = packet.len;
		buf_addf(&packet, "%c%s%c%c", 63, LABEL_63, (int)(0xc0 | target >> 8), (int)(target & 0xff));
	}
	at = ends[2];
	ck_assert(name_from_wire(buf_slice(&packet), &at, &name));
	at = ends[3];
	ck_assert(!name_from_wire(buf_slice(&packet), &at, &name));
	buf_free(&packet);
}
END_TEST

START_TEST(parents)
{
	const char *name = "a.b\\046c.d";

	name = name_parent(name);
	ck_assert_str_eq(name, "b\\046c.d");
	name = name_parent(name);
	ck_assert_str_eq(name, "d");
	name = name_parent(name);
	ck_assert_str_eq(name, "");
	ck_assert_ptr_null(name_parent(name));
}
END_TEST

Suite *name_suite(void)
{
	Suite *s = suite_create("name");

	UNIT_TABLE(s, parse, parse_rows);
	UNIT_TABLE(s, round_trip, parse_rows);
	UNIT_TEST(s, longest);
	UNIT_TABLE(s, from_wire, wire_rows);
	UNIT_TEST(s, overlong_by_pointers);
	UNIT_TEST(s, parents);
	return s;
}
