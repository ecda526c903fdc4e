/* encoded_word.h: what could be read as an address after decoding. */
#include "mail/encoded_word.h"

#include "suites.h"

static const struct {
	const char *text;
	bool within, shows;
} rows[] = {
	{ "", false, false },
	{ "MAILER-DAEMON", false, false },
	{ "ceo@bank.example", false, false }, /* as it stands */
	{ "=?utf-8?q?CEO?=", true, false },
	{ "=?UTF-8*en?Q?J=C3=B6rg_M?= <x>", true, false },
	{ "=?iso-8859-15?q?J=F6rg?=", true, false },
	{ "=?windows-1252?b?Sm9lcmc=?=", true, false },
	{ "=?koi8-r?b?8M/Q?=", true, false },
	{ "=?utf-8?q?CEO_=3Cceo=40bank.example=3E?=", true, true },
	{ "=?us-ascii?q?ceo@bank.example?=", true, true },
	{ "=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=", true, true },
	{ "=?utf-8?B?w7xA?=", true, true },
	{ "x\xef\xbc\xa0y", false, true },                      /* U+FF20 */
	{ "x\xef\xb9\xaby", false, true },                      /* U+FE6B */
	{ "x\xef\xbc\xa1y", false, false },
	{ "=?utf-8?q?x=EF=BC=A0y?=", true, true },
	{ "=?utf-8?b?77ygeQ==?=", true, true },
	{ "=?utf-8?b?77w=?= =?utf-8?q?=A0?=", true, true },     /* cut in two */
	{ "=?utf-8?b?77w=?= a =?utf-8?q?=A0?=", true, false },
	{ "=?utf-7?q?ceo+AEA-bank.example?=", true, true },     /* not known: anything */
	{ "=?cp037?q?=83=85=96=7C?=", true, true },
	{ "=?windows-31j?q?=81=97?=", true, true },
	{ "=?x?q?a?=", true, true },
	{ "=?utf-8?x?abc?=", true, true },
	{ "=?utf-8?b?QA==QA==?=", true, true },                 /* decoders differ */
	{ "=?utf-8?b?a*b?=", true, true },
	{ "=?utf-8?q?a=4?=", true, false },
	{ "=?utf-8?q?=a=zz=?=", true, false },
	{ "=?shift_jis?q?=81=97?=", true, true },
	{ "=?shift_jis?q?=93=FA=96=7B?=", true, false },
	{ "=?euc-jp?q?=A1=F7?=", true, true },
	{ "=?gb2312?q?=A3=C0?=", true, true },
	{ "=?gb2312?q?=D6=D0=CE=C4?=", true, false },
	{ "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", true, false },   /* two kanji */
	{ "=?iso-2022-jp?q?=1B$B!w=1B(B?=", true, true },       /* fullwidth */
	{ "=?iso-2022-jp?q?=1B$B@>=1B(B?=", true, false },      /* a kanji that begins with 0x40 */
	{ "=?iso-2022-jp?q?=1B$@F|=1B(B?=", true, false },      /* the set called "@" */
	{ "=?iso-2022-jp?q?=1B$BF|=1B(B@?=", true, true },
	{ "=?iso-2022-jp?q?!w?=", true, false },
	{ "=?iso-2022-jp?q?=1B$BF|?= =?iso-2022-jp?q?@?=", true, true },
	/* readers that join the encoded text of adjacent words */
	{ "=?utf-8?b?Y2VvQ?= =?utf-8?b?GJhbmsuZXhhbXBsZQ==?=", true, true },
	{ "=?utf-8?b?Y2VvQG?=\r\n =?UTF-8?B?JhbmsuZXhhbXBsZQ?=", true, true },
	{ "=?utf-8?b?YWJQ?= =?utf-8?b?GFi?=", true, false },    /* whole by itself */
	{ "=?utf-8?b?YWJjQ?= x =?utf-8?b?GFi?=", true, false }, /* not adjacent */
	{ "=?utf-8?b?YWJj=?=", true, true },                    /* filled wrongly */
	{ "=?utf-8?q?CEO_<ceo=?= =?utf-8?q?40bank.example>?=", true, true },
	{ "=?utf-8?q?CEO_<ceo=4?= =?utf-8?q?0bank.example>?=", true, true },
	{ "=?utf-8?q?ceo=\r\n 40bank.example?=", true, true },
	{ "=?utf-8?q?ceo=4\r\n\t0bank.example?=", true, true },
	{ "=?utf-8?q?ceo==40bank.example?=", true, true },
	{ "=?utf-8?q?ceo=4=40bank.example?=", true, true },
	{ "=?utf-8?q?ceo=?= =?utf-8?q?41bank.example?=", true, false },
	/* escape sequences */
	{ "=?iso-2022-jp?b?Y2VvGyQoQiF3GyhCYmFuay5leGFtcGxl?=", true, true },
	{ "=?iso-2022-jp?q?=1B$)C#@=1B(B?=", true, true },
	{ "=?iso-2022-jp?q?=1B.A?=", true, true },
	{ "=?iso-2022-jp?q?=0E?=", true, true },
	{ "=?iso-2022-jp?q?=A1=F7?=", true, true },
	{ "=?iso-2022-jp?q?=1B$BF=0A@?=", true, true },
	{ "=?iso-2022-jp?q?=1B$BF_@?=", true, true },
	{ "=?iso-2022-jp?q?=1B$BF=!w=1B(B?=", true, true },     /* the "=" is shown */
	{ "=?iso-2022-jp?q?=1B$BF|?= =?iso-2022-jp?q?!w?=", true, true },
	{ "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=\r\n =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", true,
		false },
	{ "=?iso-2022-jp?q?=1B(JAnn=1B(B?=", true, false },
	{ "=?utf-8?q?=1B$B!w=1B(B?=", true, true },
	{ "ceo\x1b$B!w\x1b(Bbank.example", false, true },
	{ "ceo\x0e!w\x0f" "bank.example", false, true },
	/* the small one, and overlong UTF-8 */
	{ "=?gbk?q?ceo=A9=88bank.example?=", true, true },
	{ "=?gb18030?q?ceo=A9=88bank.example?=", true, true },
	{ "=?gb2312?q?ceo=A9=88bank.example?=", true, true },
	{ "=?big5?q?ceo=A2Nbank.example?=", true, true },
	{ "=?big5?q?ceo=A2=49bank.example?=", true, true },
	{ "=?big5?q?=A4=A4=A4=E5?=", true, false },
	{ "=?utf-8?q?ceo=C1=80bank.example?=", true, true },
	/* octets that are not UTF-8 */
	{ "ceo\xa3\xc0" "bank.example", false, true },
	{ "ceo\x81\x97" "bank.example", false, true },
	{ "J\xf6rg", false, true },
	{ "J\xc3\xb6rg \xe6\x97\xa5\xe6\x9c\xac", false, false },
	/* quoted-pairs */
	{ "\"=\\?utf-8?q?ceo=40bank.example?=\"", true, true },
	{ "\"=?utf-8?q?ceo=\\40bank.example?=\"", true, true },
	{ "\"=\\\\?utf-8?q?ceo=40bank.example?=\"", false, false },
	{ "EXAMPLE\\ann", false, false },
	{ "\\", false, false },
	{ "=?utf-8?q?a", false, false },
	{ "=?utf-8?q?a?", false, false },
	{ "=??q?a=40?=", false, false },
};

START_TEST(decodings)
{
	struct arena *a = arena_create(4096);
	struct slice text = slice_str(rows[_i].text);

	ck_assert_msg(encoded_word_within(a, text) == rows[_i].within, "row %d: %s", _i,
	    rows[_i].text);
	ck_assert_msg(encoded_word_may_show_at(a, text) == rows[_i].shows, "row %d: %s", _i,
	    rows[_i].text);
	arena_free(&a);
}
END_TEST

Suite *encoded_word_suite(void)
{
	Suite *s = suite_create("mail/encoded_word");

	UNIT_TABLE(s, decodings, rows);
	return s;
}
