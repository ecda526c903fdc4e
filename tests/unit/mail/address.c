/* address.h: D-10, D-11, D-12, D-50, and never a domain that the reader does not see. */
#include "base/buf.h"
#include "base/limits.h"
#include "mail/address.h"

#include "suites.h"

#define OK FROM_OK, false
#define LENIENT FROM_OK, true
#define INVALID FROM_INVALID, false

struct row {
	struct slice value;
	enum from_status status;
	bool lenient;
	const char *want; /* "local@domain|local@domain"; a reason, or NULL, when refused */
};

/* --- by the grammar ------------------------------------------------------------------------- */

static const struct row grammar_rows[] = {
	{ SLICE("a@example.com"), OK, "a@example.com" },
	{ SLICE(" a@example.com "), OK, "a@example.com" },
	{ SLICE("<a@example.com>"), OK, "a@example.com" },
	{ SLICE("<a@EXAMPLE.Com>"), OK, "a@example.com" },
	{ SLICE("Ann <a@example.com>"), OK, "a@example.com" },
	{ SLICE("Ann<a@example.com>"), OK, "a@example.com" },
	{ SLICE("\"Doe, Ann\" <a@example.com>"), OK, "a@example.com" },
	{ SLICE("\"a@b.example\" <c@d.example>"), OK, "c@d.example" },
	{ SLICE("\"say \\\"hi\\\" <x@y.example>\" <c@d.example>"), OK, "c@d.example" },
	{ SLICE("Ann\n Doe\n\t<a@example.com>"), OK, "a@example.com" },
	{ SLICE("Ann\r\n Doe <a@example.com>"), OK, "a@example.com" },
	{ SLICE("\n a@example.com"), OK, "a@example.com" },
	{ SLICE("<\n a@example.com\n >"), OK, "a@example.com" },
	{ SLICE("<a@example.com >"), OK, "a@example.com" },
	{ SLICE("< a@example.com>"), OK, "a@example.com" },
	{ SLICE("\"\" <a@example.com>"), OK, "a@example.com" },
	{ SLICE("a+b=c@example.com"), OK, "a+b=c@example.com" },
	{ SLICE("o'neil/x{y}|z!#$%&*?^`~@example.com"), OK, "o'neil/x{y}|z!#$%&*?^`~@example.com" },
	/* comments */
	{ SLICE("a@example.com (Ann)"), OK, "a@example.com" },
	{ SLICE("(Ann) a@example.com"), OK, "a@example.com" },
	{ SLICE("Ann (the one) <a@example.com> (really)"), OK, "a@example.com" },
	{ SLICE("a@example.com (x@y.example)"), OK, "a@example.com" },
	{ SLICE("a@example.com (one (two (three \\) \\( )))"), OK, "a@example.com" },
	{ SLICE("<(c)a(c)@(c)example.com(c)>"), OK, "a@example.com" },
	/* quoted local parts */
	{ SLICE("\"a b\"@example.com"), OK, "\"a b\"@example.com" },
	{ SLICE("\"a@b.example\"@example.com"), OK, "\"a@b.example\"@example.com" },
	{ SLICE("<\"a\\\"b\"@example.com>"), OK, "\"a\\\"b\"@example.com" },
	{ SLICE("\"a>, <c@d.example\"@example.com"), OK, "\"a>, <c@d.example\"@example.com" },
	/* obsolete syntax, RFC 5322 section 4.4 */
	{ SLICE("John Q. Public <a@example.com>"), OK, "a@example.com" },
	{ SLICE("a . b @ example.com"), OK, "a.b@example.com" },
	{ SLICE("a (x) . (y) \"b c\" @\n example.com"), OK, "a.\"b c\"@example.com" },
	{ SLICE("\"a\".b@example.com"), OK, "\"a\".b@example.com" },
	{ SLICE("<@a.example,@b.example:user@c.example>"), OK, "user@c.example" },
	{ SLICE("Ann <@a.example:user@c.example>"), OK, "user@c.example" },
	{ SLICE("<,@a.example, ,@[192.0.2.1] : user@c.example>"), OK, "user@c.example" },
	{ SLICE(",,a@example.com,,"), OK, "a@example.com" },
	{ SLICE("a@example.com,"), OK, "a@example.com" },
	/* D_12: several */
	{ SLICE("a@example.com, b@example.org"), OK, "a@example.com|b@example.org" },
	{ SLICE("Ann <a@example.com>, \"B, B\" <b@example.org>,c@example.com"), OK,
	  "a@example.com|b@example.org|c@example.com" },
	/* RFC 6854 groups */
	{ SLICE("Team: a@example.com, Ann <b@example.org>;"), OK, "a@example.com|b@example.org" },
	{ SLICE("\"A: team\":a@example.com; (x)"), OK, "a@example.com" },
	{ SLICE("Team: ,a@example.com, ;, b@example.org"), OK, "a@example.com|b@example.org" },
	{ SLICE("Nobody:;, b@example.org"), OK, "b@example.org" },
	{ SLICE("Nobody: (really) ;, b@example.org"), OK, "b@example.org" },
	/* RFC 6532, D_10: U-labels to A-labels */
	{ SLICE("Jörg <jörg@münchen.de>"), OK, "jörg@xn--mnchen-3ya.de" },
	{ SLICE("用户@例え.テスト"), OK, "用户@xn--r8jz45g.xn--zckzah" },
	{ SLICE("a@xn--mnchen-3ya.de"), OK, "a@xn--mnchen-3ya.de" },
	/* an encoded word is a word like any other */
	{ SLICE("=?utf-8?Q?J=C3=B6rg?= <a@example.com>"), OK, "a@example.com" },
	{ SLICE("=?utf-8?B?PGNlb0BiYW5rLmV4YW1wbGU+?= <a@example.com>"), OK, "a@example.com" },
	{ SLICE("=?utf-8?Q?ceo=40bank.example?= <a@example.com>"), OK, "a@example.com" },
	{ SLICE("=?utf-8?Q?J=C3=B6rg Doe?= <a@example.com>"), OK, "a@example.com" },
	/* names of hosts that are no registered domains are judged, not refused */
	{ SLICE("root@localhost"), OK, "root@localhost" },
	{ SLICE("a@_x.example.com"), OK, "a@_x.example.com" },
};

/* --- display names of real software, judged leniently ---------------------------------------- */

static const struct row lenient_rows[] = {
	{ SLICE("Doe, Ann <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Doe, Ann, Dr. <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Example, Inc. <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE(".NET Team <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("...news <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Support: Example <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Example: <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Example; Sales <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann [Example] <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("[Jira] Ann Doe <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann \\ Doe <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("EXAMPLE\\ann <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Smile :) <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann) <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann > Doe <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann Doe <a@example.com>>"), LENIENT, "a@example.com" },
	{ SLICE("Ann Doe <<a@example.com>>"), LENIENT, "a@example.com" },
	{ SLICE("<Ann Doe> <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann <Example> Doe <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("<> <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("<a@example.com> via Example"), LENIENT, "a@example.com" },
	{ SLICE("<a@example.com>;"), LENIENT, "a@example.com" },
	{ SLICE("Ann <a@example.com> Doe"), LENIENT, "a@example.com" },
	{ SLICE("Ann <a@example.com>."), LENIENT, "a@example.com" },
	{ SLICE("Ann \xfc Doe <a@example.com>"), LENIENT, "a@example.com" },         /* Latin-1 */
	{ SLICE("\"M\xfcller, Ann\" <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("=?utf-8?Q?M=C3=BCller?=, Ann <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("=?utf-8?B?TcO8bGxlcg==?=, Ann <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("=?utf-8?Q?M=C3=BCller, Ann?= <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann, \"Doe\" <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Doe, Ann (Sales) <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("[Ann] (Sales) <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=; <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Doe, Ann <\n a@example.com >"), LENIENT, "a@example.com" },
	{ SLICE("Ann\x01 <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Doe, Ann <\"a@b\"@example.com>"), LENIENT, "\"a@b\"@example.com" },
	{ SLICE("<a..b@example.com>"), LENIENT, "a..b@example.com" },
	{ SLICE("Ann <.a.b.@example.com>"), LENIENT, ".a.b.@example.com" },
	{ SLICE("Müller, Jörg <j@münchen.de>"), LENIENT, "j@xn--mnchen-3ya.de" },
	{ SLICE("Doe, =?utf-8?Q?=?= <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("(Ann), <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Doe, =?? <a@example.com>"), LENIENT, "a@example.com" },
	/* the dot of a complete name */
	{ SLICE("a@example.com."), LENIENT, "a@example.com" },
	{ SLICE("Ann <a@example.com.>"), LENIENT, "a@example.com" },
	{ SLICE("Ann <a@example.com. > (x)"), LENIENT, "a@example.com" },
	{ SLICE("a@example.com., b@example.net."), LENIENT, "a@example.com|b@example.net" },
	/* an address for a display name, of one domain with the author */
	{ SLICE("a@example.com <a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("a@example.com<a@example.com>"), LENIENT, "a@example.com" },
	{ SLICE("Ann a@EXAMPLE.com\n <b@example.com>"), LENIENT, "b@example.com" },
	{ SLICE("a@m\xc3\xbcnchen.de <a@xn--mnchen-3ya.de>"), LENIENT, "a@xn--mnchen-3ya.de" },
	{ SLICE("a@example.com <a@example.com> (x)"), LENIENT, "a@example.com" },
};

/* --- refused --------------------------------------------------------------------------------- */

#define NO_ADDRESS "no address with a domain"
#define NO_DOMAIN "invalid domain after @"
#define LOOSE_AT "an @ outside of the address in angle brackets"
#define TWO_ANGLES "several addresses in angle brackets"
#define CUT "a NUL or a line end in the From field"
#define TWO_DOMAINS "another domain in the display name than in the address"
#define SECOND_AT "a second @, plain or encoded, in a malformed field"
#define ENCODED "an encoded word in an address"

static const struct row refused_rows[] = {
	/* D_11: no author domain */
	{ SLICE(""), FROM_MISSING, false, "an empty From field" },
	{ SLICE(" \n\t "), FROM_MISSING, false, "an empty From field" },
	{ SLICE("<>"), INVALID, NO_ADDRESS },
	{ SLICE("MAILER-DAEMON"), INVALID, NO_ADDRESS },
	{ SLICE("<MAILER-DAEMON>"), INVALID, NO_ADDRESS },
	{ SLICE("Mail System <>"), INVALID, NO_ADDRESS },
	{ SLICE("(a@example.com)"), INVALID, NULL },
	{ SLICE("\"a@example.com\""), INVALID, NO_ADDRESS },
	{ SLICE("undisclosed-recipients:;"), INVALID, "a group without members" },
	{ SLICE("Nobody: (really) ;"), INVALID, "a group without members" },
	{ SLICE("Nobody: ,, ;"), INVALID, "a group without members" },
	{ SLICE(",,"), INVALID, NULL },
	{ SLICE(";"), INVALID, NO_ADDRESS },
	{ SLICE("example.com"), INVALID, NO_ADDRESS },
	{ SLICE("@example.com"), INVALID, LOOSE_AT },
	{ SLICE("<@example.com>"), INVALID, LOOSE_AT },
	{ SLICE("a@"), INVALID, LOOSE_AT },
	{ SLICE("<a@>"), INVALID, LOOSE_AT },
	{ SLICE("@"), INVALID, LOOSE_AT },
	/* D_50: address literals, numbers, what is no domain */
	{ SLICE("a@[192.0.2.1]"), INVALID, "an address literal instead of a domain" },
	{ SLICE("<a@[IPv6:2001:db8::1]>"), INVALID, "an address literal instead of a domain" },
	{ SLICE("a@192.0.2.1"), INVALID, NO_DOMAIN },
	{ SLICE("a@example.1"), INVALID, NO_DOMAIN },
	{ SLICE("a@example..com"), INVALID, NO_DOMAIN },
	{ SLICE("a@.example.com"), INVALID, NO_DOMAIN },
	{ SLICE("a@example.com.."), INVALID, NO_DOMAIN },
	{ SLICE("a@example.com. x"), INVALID, LOOSE_AT },
	{ SLICE("a@example.com .evil.example"), INVALID, LOOSE_AT },
	{ SLICE("a@example.com(x)."), INVALID, LOOSE_AT },
	{ SLICE("a@192.0.2.1."), INVALID, NO_DOMAIN },
	{ SLICE("a@."), INVALID, NO_DOMAIN },
	{ SLICE("a@exam!ple.com"), INVALID, NO_DOMAIN },
	{ SLICE("a@'example.com'"), INVALID, NO_DOMAIN },
	{ SLICE("a@m\xfcnchen.de"), INVALID, NO_DOMAIN },
	{ SLICE("a@\xe2\x80\xaemoc.elpmaxe"), INVALID, NO_DOMAIN },
	/* CVE-2021-34555: among several, one without a domain */
	{ SLICE("a@[192.0.2.1], b@example.com"), INVALID, NULL },
	{ SLICE("a, b@example.com"), INVALID, LOOSE_AT },
	{ SLICE("a@, b@example.com"), INVALID, LOOSE_AT },
	{ SLICE("b@example.com, a"), INVALID, LOOSE_AT },
	{ SLICE("b@example.com, <a>"), INVALID, LOOSE_AT },
	/* junk around an address that is in no angle brackets; the first: OpenDMARC PR 113, PR 174 */
	{ SLICE("user@example.net>"), INVALID, LOOSE_AT },
	{ SLICE("<user@example.net"), INVALID, LOOSE_AT },
	{ SLICE("Ann user@example.net"), INVALID, LOOSE_AT },
	{ SLICE("user@example.net Ann"), INVALID, LOOSE_AT },
	{ SLICE("user@example.net;"), INVALID, LOOSE_AT },
	{ SLICE("mailto:user@example.net"), INVALID, LOOSE_AT },
	{ SLICE("<mailto:user@example.net>"), INVALID, LOOSE_AT },
	{ SLICE("a..b@example.net"), INVALID, LOOSE_AT },
	{ SLICE("<user@example.net junk>"), INVALID, LOOSE_AT },
	{ SLICE("[user@example.net]"), INVALID, LOOSE_AT },
	/* a domain in pieces: CVE-2020-12272 and what obs-domain would make of it */
	{ SLICE("a@example.net(.example.com"), INVALID, LOOSE_AT },
	{ SLICE("a@example.net(x).example.com"), INVALID, LOOSE_AT },
	{ SLICE("<a@bank.example (x) .evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example .evil.example"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example\n .evil.example"), INVALID, LOOSE_AT },
	{ SLICE("a@bank . example"), INVALID, LOOSE_AT },
	/* two readings */
	{ SLICE("<a@bank.example> <b@evil.example>"), INVALID, TWO_ANGLES },
	{ SLICE("<a@evil.example> <a@evil.example>"), INVALID, TWO_ANGLES },
	{ SLICE("a@bank.example <b@evil.example>"), INVALID, TWO_DOMAINS },
	{ SLICE("a@bank.example <b@x.bank.example>"), INVALID, TWO_DOMAINS },
	{ SLICE("a@x.bank.example <b@bank.example>"), INVALID, TWO_DOMAINS },
	{ SLICE("a@bank.example <x> <b@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@evil.example <b@evil.example> <c@bank.example>"), INVALID, TWO_ANGLES },
	{ SLICE("a@evil.example <b@evil.example> c@bank.example"), INVALID, LOOSE_AT },
	{ SLICE("c@bank.example a@evil.example <b@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("c@bank.example@evil.example <b@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@evil.example (x) <b@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@evil.example .bank.example <b@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@evil.example, <b@evil.example> x"), INVALID, LOOSE_AT },
	{ SLICE("x, a@evil.example <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("a@evil.example <b@evil.example"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example <> b@evil.example <c@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example <b@evil.example <c@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("<a@evil.example> b@bank.example <"), INVALID, LOOSE_AT },
	{ SLICE("<a@evil.example> b@evil.example <"), INVALID, LOOSE_AT },
	{ SLICE("<a@evil.example> b@bank.example <c@bank.example>"), INVALID, TWO_ANGLES },
	{ SLICE("a@evil.example <b@evil.example> c@evil.example <d@evil.example>"), INVALID, TWO_ANGLES },
	{ SLICE("<b@evil.example> a@bank.example"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example@evil.example"), INVALID, LOOSE_AT },
	{ SLICE("<a@bank.example@evil.example>"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example, <b@evil.example> x"), INVALID, LOOSE_AT },
	{ SLICE("a@bank.example: b@evil.example;"), INVALID, LOOSE_AT },
	{ SLICE("Ann @ Example <a@example.com>"), INVALID, LOOSE_AT },
	{ SLICE("=?utf-8?Q?a@bank.example?= <b@evil.example>"), INVALID, NO_DOMAIN },
	{ SLICE("<@bank.example:b@evil.example> [x]"), INVALID, LOOSE_AT },
	{ SLICE("\"a@bank.example\", <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("<b@evil.example>, \"a@bank.example\""), INVALID, SECOND_AT },
	{ SLICE("(a@bank.example), x <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("<b@evil.example>, (a@bank.example)"), INVALID, SECOND_AT },
	{ SLICE("b@evil.example, (a@bank.example)"), INVALID, LOOSE_AT },
	{ SLICE("\"a@bank.example\"; <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("=?utf-8?B?PGNlb0BiYW5rLmV4YW1wbGU+?=, <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=, x <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("=?utf-8?q?ceo=40bank.example?=, <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("<b@evil.example>, =?utf-8?q?ceo=40bank.example?="), INVALID, SECOND_AT },
	{ SLICE("\"a@bank.example\" [Ann] <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("[Ann] (a@bank.example) <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("=?utf-8?q?ceo=40bank.example?=\\<b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("<\"ceo@bank.example\"<b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("\\ =?utf-7?q?ceo+AEA-bank.example?= <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("\\ =?cp037?b?g4WWfIKBlZI=?= <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("\\ ceo\xef\xbc\xa0" "bank.example <b@evil.example>"), INVALID, SECOND_AT },
	{ SLICE("\\ <b@evil.example> =?utf-8?q?ceo=EF=BC=A0bank.example?="), INVALID, SECOND_AT },
	{ SLICE("=?utf-8?b?Y2VvQ?= =?utf-8?b?GJhbmsuZXhhbXBsZQ==?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("=?utf-8?q?CEO_<ceo=?= =?utf-8?q?40bank.example>?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("=?utf-8?q?ceo=\r\n 40bank.example?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("=?iso-2022-jp?b?Y2VvGyQoQiF3GyhCYmFuay5leGFtcGxl?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("=?gbk?q?ceo=A9=88bank.example?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("=?big5?q?ceo=A2=4Ebank.example?= \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("ceo\xa3\xc0" "bank.example \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("ceo\x81\x97" "bank.example \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("ceo\x1b$B!wbank.example \\<x@evil.example>"),
		INVALID, SECOND_AT },
	{ SLICE("\"=\\?utf-8?q?ceo=40bank.example?=\" \\<x@evil.example>"),
		INVALID, SECOND_AT },
	/* encoded words are never addresses */
	{ SLICE("=?utf-8?B?Y2VvQGJhbmsuZXhhbXBsZQ==?="), INVALID, NO_ADDRESS },
	{ SLICE("=?utf-8?Q?ceo=40bank.example?="), INVALID, NO_ADDRESS },
	{ SLICE("<=?utf-8?Q?ceo=40bank.example?=>"), INVALID, NO_ADDRESS },
	{ SLICE("=?utf-8?B?Y2VvQGJhbmsuZXhhbXBsZQ==?=@evil.example"), INVALID, ENCODED },
	{ SLICE("<=?utf-8?Q?ceo=40bank=00?=@evil.example>"), INVALID, ENCODED },
	{ SLICE("<x.\"=?utf-8?Q?ceo=40bank=00?=\"@evil.example>"), INVALID, ENCODED },
	{ SLICE("<\"=\\?utf-8?q?ceo=40bank.example?=\"@evil.example>"), INVALID, ENCODED },
	{ SLICE("<\"\\=?utf-8?q?ceo=40bank.example\\?=\"@evil.example>"), INVALID, ENCODED },
	{ SLICE("<a@=?utf-8?Q?bank.example?=>"), INVALID, NO_DOMAIN },
	/* what ends the field for somebody */
	{ SLICE("a@bank.example\0@evil.example"), INVALID, CUT },
	{ SLICE("\0a@example.com"), INVALID, CUT },
	{ SLICE("a@example.com\0"), INVALID, CUT },
	{ SLICE("\"x\0y\" <a@example.com>"), INVALID, CUT },
	{ SLICE("(x\0) <a@example.com>"), INVALID, CUT },
	{ SLICE("a@bank.example\rFrom: b@evil.example"), INVALID, CUT },
	{ SLICE("a@bank.example\nFrom: b@evil.example"), INVALID, CUT },
	{ SLICE("a@bank.example\n"), INVALID, CUT },
	{ SLICE("a@bank.example\r\n"), INVALID, CUT },
	/* what does not end */
	{ SLICE("\"Ann <a@example.com>"), INVALID, "a quoted string without an end" },
	{ SLICE("Ann\" <a@example.com>"), INVALID, "a quoted string without an end" },
	{ SLICE("5\" disks <a@example.com>"), INVALID, "a quoted string without an end" },
	{ SLICE("\\\"Ann\\\" <a@example.com>"), INVALID, "a quoted string without an end" },
	{ SLICE("\"a@example.com"), INVALID, "a quoted string without an end" },
	{ SLICE("Ann (Sales <a@example.com>"), INVALID, "a comment without an end" },
	{ SLICE("Ann :( <a@example.com>"), INVALID, "a comment without an end" },
	{ SLICE("a@example.com (x"), INVALID, LOOSE_AT },
	/* raw JIS */
	{ SLICE("\x1b$B;3ED\x1b(B <a@example.com>"), INVALID, "a comment without an end" },
	{ SLICE("Ann (x\\) <a@example.com>"), INVALID, "a comment without an end" },
	{ SLICE("\"x\\"), INVALID, "a quoted string without an end" },
	{ SLICE("(x\\"), INVALID, "a comment without an end" },
	{ SLICE("Team: a@example.com"), INVALID, LOOSE_AT },
	{ SLICE("Team: a: b@example.com;;"), INVALID, LOOSE_AT }, /* no group in a group */
};

static void show(const struct authors *authors, struct buf *out)
{
	for (size_t i = 0; i < authors->count; i++) {
		buf_add_str(out, i == 0 ? "" : "|");
		buf_add(out, authors->mailboxes[i].local_part);
		buf_add_char(out, '@');
		buf_add(out, authors->mailboxes[i].domain.name);
	}
}

static void check_row(const struct row *row)
{
	struct arena *a = arena_create(65536);
	struct buf got = BUF_INIT(4096);
	struct authors authors;

	authors_parse(a, row->value, &authors);
	show(&authors, &got);
	ck_assert_msg(authors.status == row->status && authors.lenient == row->lenient,
	    "row \"%.*s\": %s%s, \"%s\", why: %s", SLICE_ARG(row->value),
	    from_status_text(authors.status), authors.lenient ? ", lenient" : "", buf_cstr(&got),
	    authors.why == NULL ? "-" : authors.why);
	if (row->status == FROM_OK) {
		ck_slice_eq(buf_slice(&got), slice_str(row->want));
		ck_assert_uint_gt(authors.domain_count, 0);
		ck_assert((authors.why != NULL) == row->lenient);
	} else {
		ck_assert_uint_eq(authors.count, 0);
		ck_assert_uint_eq(authors.domain_count, 0);
		ck_assert_ptr_nonnull(authors.why);
		if (row->want != NULL)
			ck_assert_msg(strcmp(authors.why, row->want) == 0, "row \"%.*s\": why: %s",
			    SLICE_ARG(row->value), authors.why);
	}
	ck_assert(!arena_failed(a));
	buf_free(&got);
	arena_free(&a);
}

START_TEST(D_10_D_12_by_the_grammar)
{
	check_row(&grammar_rows[_i]);
}
END_TEST

START_TEST(real_display_names_are_judged)
{
	check_row(&lenient_rows[_i]);
}
END_TEST

START_TEST(D_11_D_50_refused)
{
	check_row(&refused_rows[_i]);
}
END_TEST

/* --- several fields --------------------------------------------------------------------------- */

static const struct {
	const char *names[2]; /* each with the value a@example.com */
	enum from_status status;
} field_rows[] = {
	{ { "From", NULL }, FROM_OK },
	{ { "FROM", NULL }, FROM_OK },
	{ { "From ", NULL }, FROM_OK },
	{ { "from\t ", "Subject" }, FROM_OK },
	{ { "From", "from" }, FROM_MULTIPLE },
	{ { "From", "From " }, FROM_MULTIPLE },
	{ { "Resent-From", "Fro" }, FROM_MISSING },
	{ { NULL, NULL }, FROM_MISSING },
	{ { "Sender", "From\xc2\xa0" }, FROM_MISSING },
};

START_TEST(D_11_fields)
{
	struct arena *a = arena_create(65536);
	struct message m;
	struct authors authors;

	message_init(&m, a);
	for (size_t i = 0; i < 2 && field_rows[_i].names[i] != NULL; i++)
		message_add_header(&m, slice_str(field_rows[_i].names[i]), SLICE(" a@example.com"));
	authors_of_message(&m, &authors);
	ck_assert_msg(authors.status == field_rows[_i].status, "row %d: %s", _i,
	    from_status_text(authors.status));
	ck_assert_uint_eq(authors.count, authors.status == FROM_OK);
	arena_free(&a);
}
END_TEST

/* --- ceilings --------------------------------------------------------------------------------- */

START_TEST(D_12_distinct_domains)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf value = BUF_INIT(LIMIT_ADDRESS_OCTETS);
	struct authors authors;

	for (unsigned i = 0; i < 2 * LIMIT_AUTHOR_DOMAINS; i++)
		buf_addf(&value, "a%u@D%u.example, ", i, i % LIMIT_AUTHOR_DOMAINS);
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_OK);
	ck_assert_uint_eq(authors.count, 2 * LIMIT_AUTHOR_DOMAINS);
	ck_assert_uint_eq(authors.domain_count, LIMIT_AUTHOR_DOMAINS);
	ck_slice_eq(authors.domains[0].name, SLICE("d0.example"));
	ck_slice_eq(authors.domains[9].name, SLICE("d9.example"));
	buf_add_str(&value, "b@one.more.example");
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_TOO_MANY);
	ck_assert_uint_eq(authors.domain_count, 0);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

START_TEST(mailbox_ceiling)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf value = BUF_INIT(LIMIT_ADDRESS_OCTETS);
	struct authors authors;

	buf_add_str(&value, _i == 0 ? "" : "Group: ");
	for (unsigned i = 0; i < LIMIT_AUTHORS; i++)
		buf_add_str(&value, "a@example.com,");
	if (_i == 0) {
		authors_parse(a, buf_slice(&value), &authors);
		ck_assert_int_eq(authors.status, FROM_OK);
		ck_assert_uint_eq(authors.count, LIMIT_AUTHORS);
	}
	buf_add_str(&value, _i == 0 ? "<a@example.com>" : "<a@example.com>;");
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_TOO_MANY);
	ck_assert_uint_eq(authors.count, 0);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

START_TEST(length_ceiling)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf value = BUF_INIT(2 * LIMIT_ADDRESS_OCTETS);
	struct authors authors;

	buf_add_str(&value, "a@example.com");
	while (value.len < LIMIT_ADDRESS_OCTETS)
		buf_add_char(&value, ' ');
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_OK);
	buf_add_char(&value, ' ');
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_TOO_MANY);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

START_TEST(comment_depth)
{
	struct arena *a = arena_create(65536);
	struct buf value = BUF_INIT(65536);
	struct authors authors;

	buf_add_str(&value, "a@example.com ");
	for (unsigned i = 0; i < LIMIT_COMMENT_DEPTH + (unsigned)_i; i++)
		buf_add_char(&value, '(');
	for (unsigned i = 0; i < LIMIT_COMMENT_DEPTH + (unsigned)_i; i++)
		buf_add_char(&value, ')');
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, _i == 0 ? FROM_OK : FROM_INVALID);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

/* Fields made to be slow or deep are read to their end all the same. */
START_TEST(hostile_lengths)
{
	static const char *const pieces[] = { "<", "(", "\"\\", "<(", "a.", "=?", "<a@b", "a,",
		"()", "a:", ";", "<@", "@", "<\"\"", "=?a?b?", "[", ". ", "\xff" };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf value = BUF_INIT(LIMIT_ADDRESS_OCTETS);
	struct authors authors;

	while (value.len + 32 < LIMIT_ADDRESS_OCTETS)
		buf_add_str(&value, pieces[_i]);
	authors_parse(a, buf_slice(&value), &authors);
	ck_assert_int_eq(authors.status, FROM_INVALID);
	ck_assert(!arena_failed(a));
	buf_free(&value);
	arena_free(&a);
}
END_TEST

START_TEST(out_of_memory_is_no_author)
{
	static const size_t sizes[] = { 0, 3 * sizeof(void *), 8 * sizeof(void *), 50 * sizeof(void *) };
	struct arena *a = arena_create(sizes[_i]);
	struct authors authors;

	authors_parse(a, SLICE("a . b@example.com, c@example.org"), &authors);
	ck_assert_int_eq(authors.status, FROM_INVALID);
	ck_assert_uint_eq(authors.count, 0);
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

Suite *address_suite(void)
{
	Suite *s = suite_create("mail/address");

	UNIT_TABLE(s, D_10_D_12_by_the_grammar, grammar_rows);
	UNIT_TABLE(s, real_display_names_are_judged, lenient_rows);
	UNIT_TABLE(s, D_11_D_50_refused, refused_rows);
	UNIT_TABLE(s, D_11_fields, field_rows);
	UNIT_TEST(s, D_12_distinct_domains);
	unit_table(s, "mailbox ceiling", mailbox_ceiling, 2);
	UNIT_TEST(s, length_ceiling);
	unit_table(s, "comment depth", comment_depth, 2);
	unit_table(s, "hostile lengths", hostile_lengths, 18);
	unit_table(s, "out of memory", out_of_memory_is_no_author, 4);
	return s;
}
