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
	{ "=?utf-8?q?a", false, false },
	{ "=?utf-8?q?a?", false, false },
	{ "=??q?a=40?=", false, false },
};

START_TEST(decodings)
{
	struct slice text = slice_str(rows[_i].text);

	ck_assert_msg(encoded_word_within(text) == rows[_i].within, "row %d: %s", _i, rows[_i].text);
	ck_assert_msg(encoded_word_may_show_at(text) == rows[_i].shows, "row %d: %s", _i,
	    rows[_i].text);
}
END_TEST

Suite *encoded_word_suite(void)
{
	Suite *s = suite_create("mail/encoded_word");

	UNIT_TABLE(s, decodings, rows);
	return s;
}
