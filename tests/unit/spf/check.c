/* spf.h: P_01 to P_09, P_11, P_15 to P_35, P_44, P_45, P_57, through both engines. */
#include <stdio.h>

#include "suites.h"

#define LABEL63 "a12345678901234567890123456789012345678901234567890123456789012"

static const char zone[] =
    "pass.test TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"\n"
    "fail.test TXT \"v=spf1 -all\"\n"
    "soft.test TXT \"v=spf1 ~all\"\n"
    "neutral.test TXT \"v=spf1 ?all\"\n"
    "empty.test TXT \"v=spf1\"\n"
    "none.test TXT \"hello\"\n"
    "nodata.test A 192.0.2.1\n"
    "two.test TXT \"v=spf1 +all\"\ntwo.test TXT \"v=spf1 -all\"\n"
    "twosame.test TXT \"v=spf1 +all\"\ntwosame.test TXT \"V=SPF1 +all\"\n"
    "other.test TXT \"v=spf10 -all\"\nother.test TXT \"v=spf1 +all\"\nother.test TXT \"v=DMARC1\"\n"
    "split.test TXT \"v=sp\" \"f1 +a\" \"ll\"\n"
    "timeout.test TXT !TIMEOUT\nservfail.test TXT !SERVFAIL\nrefused.test TXT !REFUSED\n"
    LABEL63 ".test TXT \"v=spf1 +all\"\n"
    "xn--mnchen-3ya.test TXT \"v=spf1 exists:%{o}.seen.test -all\"\n"
    "xn--mnchen-3ya.test.seen.test A 127.0.0.2\n"
    "host.mail.test A 192.0.2.7\nhost.mail.test AAAA 2001:db8::7\n"
    "only6.test AAAA 2001:db8::7\n"
    "mapped.test AAAA ::ffff:192.0.2.7\n"
    "hosts.test A 198.51.100.1\nhosts.test A 192.0.2.7\nhosts.test A 198.51.100.2\n"
    "err.test A !TIMEOUT\nerr.test AAAA !SERVFAIL\nerr.test MX !SERVFAIL\n"

    "order.test TXT \"v=spf1 ?ip4:192.0.2.0/24 -ip4:192.0.2.7 +all\"\n"
    "after.test TXT \"v=spf1 -all +ip4:192.0.2.0/24 a:err.test\"\n"
    "a.test TXT \"v=spf1 a:host.mail.test -all\"\n"
    "a24.test TXT \"v=spf1 a:host.mail.test/24//32 -all\"\n"
    "a0.test TXT \"v=spf1 a:only6.test/0 -all\"\n"
    "a00.test TXT \"v=spf1 a:only6.test//0 -all\"\n"
    "amapped.test TXT \"v=spf1 a:mapped.test -all\"\n"
    "amulti.test TXT \"v=spf1 ~a:hosts.test -all\"\n"
    "aself.test TXT \"v=spf1 a -all\"\naself.test A 192.0.2.7\n"
    "aerr.test TXT \"v=spf1 a:err.test +all\"\n"
    "anx.test TXT \"v=spf1 a:nx.test/0 -all\"\n"
    "abad.test TXT \"v=spf1 a:a..b.test a:a" LABEL63 ".test -all\"\n"
    "acname.test TXT \"v=spf1 a:alias.test -all\"\nalias.test CNAME host.mail.test.\n"

    "mx.test TXT \"v=spf1 mx -all\"\nmx.test MX 10 host.mail.test.\n"
    "mxnone.test TXT \"v=spf1 mx -all\"\nmxnone.test A 192.0.2.7\n"
    "mxnull.test TXT \"v=spf1 mx/0 -all\"\nmxnull.test MX 0 .\n"
    "mxerr.test TXT \"v=spf1 mx:err.test +all\"\n"
    "mxhosterr.test TXT \"v=spf1 mx +all\"\nmxhosterr.test MX 1 err.test.\n"
    "mxip.test TXT \"v=spf1 mx -all\"\nmxip.test MX 1 192.0.2.7.\n"
    "mxvoid.test TXT \"v=spf1 mx ?all\"\nmxvoid.test MX 1 nx1.test.\nmxvoid.test MX 1 nx2.test.\n"
    "mxvoid.test MX 1 nx3.test.\n"

    "ptr.test TXT \"v=spf1 ptr -all\"\nhost.ptr.test A 192.0.2.8\nbadptr.test A 192.0.2.8\n"
    "8.2.0.192.in-addr.arpa PTR badptr.test.\n8.2.0.192.in-addr.arpa PTR err.test.\n"
    "8.2.0.192.in-addr.arpa PTR host.ptr.test.\n"
    "ptrup.test TXT \"v=spf1 ptr:deep.host.ptr.test -all\"\n"
    "ptrlike.test TXT \"v=spf1 ptr:tr.test -all\"\n"
    "9.2.0.192.in-addr.arpa PTR !SERVFAIL\n"
    "10.2.0.192.in-addr.arpa PTR host.ptr.test.\n"
    "pmacro.test TXT \"v=spf1 exists:%{p}.p.test -all\"\n"
    "host.ptr.test.p.test A 127.0.0.2\nbadptr.test.p.test A 127.0.0.2\nunknown.p.test A 127.0.0.3\n"
    "pbest.ptr.test TXT \"v=spf1 exists:%{p}.best.test -all\"\n"
    "host.pbest.ptr.test A 192.0.2.11\npbest.ptr.test A 192.0.2.11\nother.pany.test A 192.0.2.11\n"
    "11.2.0.192.in-addr.arpa PTR other.pany.test.\n11.2.0.192.in-addr.arpa PTR host.pbest.ptr.test.\n"
    "11.2.0.192.in-addr.arpa PTR pbest.ptr.test.\n"
    "pbest.ptr.test.best.test A 127.0.0.2\n"
    "psub.ptr.test TXT \"v=spf1 exists:%{p}.any.test -all\"\n"
    "other.pany.test.any.test A 127.0.0.2\n"

    "exists.test TXT \"v=spf1 exists:%{ir}.%{v}.list.test -all\"\n"
    "7.2.0.192.in-addr.list.test A 127.0.0.1\n"
    "exists6.test TXT \"v=spf1 exists:only6.test -all\"\n"
    "exists4.test TXT \"v=spf1 exists:host.mail.test -all\"\n"
    "existserr.test TXT \"v=spf1 exists:err.test +all\"\n"

    "incpass.test TXT \"v=spf1 ?include:pass.test -all\"\n"
    "incfail.test TXT \"v=spf1 include:fail.test ~all\"\n"
    "incsoft.test TXT \"v=spf1 include:soft.test -all\"\n"
    "incneutral.test TXT \"v=spf1 include:neutral.test -all\"\n"
    "incempty.test TXT \"v=spf1 include:empty.test -all\"\n"
    "incnone.test TXT \"v=spf1 include:none.test +all\"\n"
    "incnx.test TXT \"v=spf1 include:nx.test +all\"\n"
    "incone.test TXT \"v=spf1 include:%{h} +all\"\n"
    "incbad.test TXT \"v=spf1 include:a..b.test +all\"\n"
    "inctwo.test TXT \"v=spf1 include:two.test +all\"\n"
    "incsyntax.test TXT \"v=spf1 include:syntax.test +all\"\nsyntax.test TXT \"v=spf1 moo\"\n"
    "incerr.test TXT \"v=spf1 include:timeout.test +all\"\n"
    "incperm.test TXT \"v=spf1 include:incnone.test +all\"\n"
    "incredirect.test TXT \"v=spf1 include:redirect.test ~all\"\n"
    "incd.test TXT \"v=spf1 include:d.incd.test -all\"\n"
    "d.incd.test TXT \"v=spf1 exists:%{d}.%{o}.seen.test\"\nd.incd.test.incd.test.seen.test A 127.0.0.2\n"
    "inca.test TXT \"v=spf1 include:aself.test a -all\"\ninca.test A 192.0.2.9\n"

    "redirect.test TXT \"v=spf1 redirect=pass.test\"\n"
    "redirectall.test TXT \"v=spf1 redirect=pass.test ?all\"\n"
    "redirectmid.test TXT \"v=spf1 redirect=fail.test ip4:192.0.2.0/24\"\n"
    "redirectnone.test TXT \"v=spf1 redirect=none.test\"\n"
    "redirectnx.test TXT \"v=spf1 redirect=nx.test\"\n"
    "redirecterr.test TXT \"v=spf1 redirect=servfail.test\"\n"
    "redirectbad.test TXT \"v=spf1 redirect=a..b.test\"\n"
    "redirectself.test TXT \"v=spf1 a redirect=aself.test\"\nredirectself.test A 192.0.2.1\n"
    "loop.test TXT \"v=spf1 redirect=loop.test\"\n"
    "iloop.test TXT \"v=spf1 include:iloop2.test\"\niloop2.test TXT \"v=spf1 include:iloop.test\"\n"

    "ten.test TXT \"v=spf1 a a a a a a a a a a ~all\"\nten.test A 198.51.100.1\n"
    "eleven.test TXT \"v=spf1 a a a a a a a a a a a ~all\"\neleven.test A 198.51.100.1\n"
    "elevenlate.test TXT \"v=spf1 ip4:192.0.2.0/24 a a a a a a a a a a a ~all\"\n"
    "tenredirect.test TXT \"v=spf1 a a a a a a a a a a redirect=fail.test\"\n"
    "tenredirect.test A 198.51.100.1\n"
    "nocount.test TXT \"v=spf1 ip4:1.1.1.1 ip4:1.1.1.2 ip4:1.1.1.3 ip4:1.1.1.4 ip4:1.1.1.5 "
    "ip4:1.1.1.6 ip6:::1 ip6:::2 ip6:::3 ip6:::4 ip6:::5 ip4:1.1.1.7 a ~all exp=fail.test\"\n"
    "nocount.test A 198.51.100.1\n"
    "mx10.test TXT \"v=spf1 mx ~all\"\nmx11.test TXT \"v=spf1 mx ~all\"\n"
    "mx10.test MX 1 h1.mx.test.\nmx10.test MX 1 h2.mx.test.\nmx10.test MX 1 h3.mx.test.\n"
    "mx10.test MX 1 h4.mx.test.\nmx10.test MX 1 h5.mx.test.\nmx10.test MX 1 h6.mx.test.\n"
    "mx10.test MX 1 h7.mx.test.\nmx10.test MX 1 h8.mx.test.\nmx10.test MX 1 h9.mx.test.\n"
    "mx10.test MX 1 host.mail.test.\n"
    "mx11.test MX 1 host.mail.test.\nmx11.test MX 1 h2.mx.test.\nmx11.test MX 1 h3.mx.test.\n"
    "mx11.test MX 1 h4.mx.test.\nmx11.test MX 1 h5.mx.test.\nmx11.test MX 1 h6.mx.test.\n"
    "mx11.test MX 1 h7.mx.test.\nmx11.test MX 1 h8.mx.test.\nmx11.test MX 1 h9.mx.test.\n"
    "mx11.test MX 1 h10.mx.test.\nmx11.test MX 1 h11.mx.test.\n*.mx.test A 198.51.100.9\n"
    "ptr11.test TXT \"v=spf1 ptr:last.test ~all\"\nhost.last.test A 192.0.2.12\n"
    "12.2.0.192.in-addr.arpa PTR n1.last.test.\n12.2.0.192.in-addr.arpa PTR n2.last.test.\n"
    "12.2.0.192.in-addr.arpa PTR n3.last.test.\n12.2.0.192.in-addr.arpa PTR n4.last.test.\n"
    "12.2.0.192.in-addr.arpa PTR n5.last.test.\n12.2.0.192.in-addr.arpa PTR n6.last.test.\n"
    "12.2.0.192.in-addr.arpa PTR n7.last.test.\n12.2.0.192.in-addr.arpa PTR n8.last.test.\n"
    "12.2.0.192.in-addr.arpa PTR n9.last.test.\n12.2.0.192.in-addr.arpa PTR n10.last.test.\n"
    "12.2.0.192.in-addr.arpa PTR host.last.test.\n"
    "13.2.0.192.in-addr.arpa PTR n1.last.test.\n13.2.0.192.in-addr.arpa PTR n2.last.test.\n"
    "13.2.0.192.in-addr.arpa PTR n3.last.test.\n13.2.0.192.in-addr.arpa PTR n4.last.test.\n"
    "13.2.0.192.in-addr.arpa PTR n5.last.test.\n13.2.0.192.in-addr.arpa PTR n6.last.test.\n"
    "13.2.0.192.in-addr.arpa PTR n7.last.test.\n13.2.0.192.in-addr.arpa PTR n8.last.test.\n"
    "13.2.0.192.in-addr.arpa PTR n9.last.test.\n13.2.0.192.in-addr.arpa PTR ten.last.test.\n"
    "ten.last.test A 192.0.2.13\n"
    "void2.test TXT \"v=spf1 a:v1.test mx:v2.test ?all\"\n"
    "void3.test TXT \"v=spf1 a:v1.test mx:v2.test exists:v3.test ?all\"\n"
    "voidnodata.test TXT \"v=spf1 mx:host.mail.test exists:only6.test a:mx.test ?all\"\n"
    "void4only.test TXT \"v=spf1 a:v4a.test a:v4b.test a:v4c.test a:host.mail.test -all\"\n"
    "v4a.test A 192.0.2.1\nv4b.test A 192.0.2.1\nv4c.test A 192.0.2.1\n"
    "voidbad.test TXT \"v=spf1 a:a..b a:b..c a:c..d ?all\"\n"
    "rednone.test TXT \"v=spf1 redirect=none.test\"\n"
    "words.test TXT \"v=spf1 exists:x;dmarc=pass;spf=pass.words.test\"\n"
    "x;dmarc=pass;spf=pass.words.test A 127.0.0.2\n"
    "wordsbad.test TXT \"v=spf1 include:x;dmarc=pass\"\n"
    "wordsred.test TXT \"v=spf1 redirect=dmarc=pass.nx.test\"\n"
    "wordsmacro.test TXT \"v=spf1 redirect=%{l}.w.test\"\ndmarc=pass.w.test TXT \"v=spf1 -all\"\n"
    "voidexp.test TXT \"v=spf1 a:v1.test a:v2.test -all exp=v3.test\"\n"

    "exp.test TXT \"v=spf1 -all exp=why.test\"\nwhy.test TXT \"%{i} is not of %{d}\"\n"
    "expsoft.test TXT \"v=spf1 ~all exp=why.test\"\n"
    "expnx.test TXT \"v=spf1 -all exp=nx.test\"\n"
    "expnodata.test TXT \"v=spf1 -all exp=host.mail.test\"\n"
    "experr.test TXT \"v=spf1 -all exp=timeout.test\"\n"
    "exptwo.test TXT \"v=spf1 -all exp=two.test\"\n"
    "expbad.test TXT \"v=spf1 -all exp=a..b.test\"\n"
    "exp8bit.test TXT \"v=spf1 -all exp=8bit.test\"\n8bit.test TXT \"\\195\\188\"\n"
    "expinc.test TXT \"v=spf1 -include:expinc2.test exp=why.test\"\n"
    "expinc2.test TXT \"v=spf1 +all exp=no.test\"\nno.test TXT \"not this\"\n"
    "expredir.test TXT \"v=spf1 exp=no.test redirect=exp.test\"\n"
    "expredir0.test TXT \"v=spf1 exp=no.test redirect=fail.test\"\n"
    "expl.test TXT \"v=spf1 -all exp=%{l}.exp.test\"\njoe.exp.test TXT \"hello %{l}\"\n"

    "eai.test TXT \"v=spf1 exists:%{l}.list.test exists:%{s}.list.test include:%{l}.list.test "
    "a:host.mail.test -all\"\n"
    "eair.test TXT \"v=spf1 redirect=%{l}.list.test\"\n";

static const struct {
	const char *id, *client, *helo, *from;
	enum auth_result want;
	enum spf_why why;
	const char *explanation; /* NULL: none */
} rows[] = {
#define V4 "192.0.2.7"
#define V6 "2001:db8::7"
#define H "mta.client.test"
	{ "P_15 pass", V4, H, "a@pass.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_15 pass, IPv6", V6, H, "a@pass.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_15 fail", "198.51.100.1", H, "a@pass.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_15 softfail", V4, H, "a@soft.test", AUTH_SOFTFAIL, SPF_WHY_MATCH, NULL },
	{ "P_15 neutral", V4, H, "a@neutral.test", AUTH_NEUTRAL, SPF_WHY_MATCH, NULL },
	{ "P_15 the first match decides", V4, H, "a@order.test", AUTH_NEUTRAL, SPF_WHY_MATCH,
	    NULL },
	{ "P_23 terms behind all", V4, H, "a@after.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_22 no terms", V4, H, "a@empty.test", AUTH_NEUTRAL, SPF_WHY_DEFAULT, NULL },
	{ "P_22 no match", V4, H, "a@elevenlate.test", AUTH_PASS, SPF_WHY_MATCH, NULL },

	{ "P_04 null sender", V4, "pass.test", "", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_04 null sender is postmaster", V4, "expl.test", "", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_02 null sender, address literal", V4, "[192.0.2.7]", "", AUTH_NONE,
	    SPF_WHY_NO_DOMAIN, NULL },
	{ "P_02 null sender, address", V4, "192.0.2.7", "", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_02 null sender, one label", V4, "pass", "", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_02 null sender, no HELO", V4, "", "", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_02 null sender, malformed", V4, "pass..test", "", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_05 no local-part", V4, H, "@pass.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_05 only a domain", V4, H, "pass.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 one label", V4, H, "a@pass", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 empty domain", V4, H, "a@", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 empty label", V4, H, "a@pass..test", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 leading dot", V4, H, "a@.pass.test", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 trailing dot", V4, H, "a@pass.test.", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 label of 63", V4, H, "a@" LABEL63 ".test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 label of 64", V4, H, "a@a" LABEL63 ".test", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 address literal", V4, H, "a@[192.0.2.7]", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 address", V4, H, "a@192.0.2.7", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 not a domain", V4, H, "a@pa ss.test", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 parenthesis", V4, H, "a@pass.test(.x.org", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_06 two at signs", V4, H, "a@fail.test@pass.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 at sign in quotes", V4, H, "\"a@pass.test\"@fail.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_06 source route", V4, H, "@pass.test,@x.test:a@fail.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_06 IDN", V4, H, "a@m\xc3\xbcnchen.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 IDN as A-labels", V4, H, "a@xn--mnchen-3ya.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_06 8-bit that is no IDN", V4, H, "a@\xfc.test", AUTH_NONE, SPF_WHY_NO_DOMAIN, NULL },
	{ "P_13 case of the domain", V4, H, "a@PaSs.TeSt", AUTH_PASS, SPF_WHY_MATCH, NULL },

	{ "P_07 NXDOMAIN", V4, H, "a@nx.test", AUTH_NONE, SPF_WHY_NXDOMAIN, NULL },
	{ "P_11 no SPF record", V4, H, "a@none.test", AUTH_NONE, SPF_WHY_NO_RECORD, NULL },
	{ "P_11 no TXT record", V4, H, "a@nodata.test", AUTH_NONE, SPF_WHY_NO_RECORD, NULL },
	{ "P_11 two", V4, H, "a@two.test", AUTH_PERMERROR, SPF_WHY_MULTIPLE_RECORDS, NULL },
	{ "P_11 two alike", V4, H, "a@twosame.test", AUTH_PERMERROR, SPF_WHY_MULTIPLE_RECORDS,
	    NULL },
	{ "P_11 others beside it", V4, H, "a@other.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "G_07 strings are joined", V4, H, "a@split.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_09 time-out", V4, H, "a@timeout.test", AUTH_TEMPERROR, SPF_WHY_DNS_TIMEOUT, NULL },
	{ "P_09 SERVFAIL", V4, H, "a@servfail.test", AUTH_TEMPERROR, SPF_WHY_DNS_FAILURE, NULL },
	{ "P_09 REFUSED", V4, H, "a@refused.test", AUTH_TEMPERROR, SPF_WHY_DNS_FAILURE, NULL },
	{ "P_12 syntax", V4, H, "a@syntax.test", AUTH_PERMERROR, SPF_WHY_RECORD_SYNTAX, NULL },

	{ "P_25 a", V4, H, "a@a.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_25 a, other address", "192.0.2.8", H, "a@a.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a, IPv6", V6, H, "a@a.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_25 a, IPv6, other address", "2001:db8::8", H, "a@a.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_25 a, /24", "192.0.2.200", H, "a@a24.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_25 a, /24 not", "192.0.3.7", H, "a@a24.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a, //32", "2001:db8:ffff::1", H, "a@a24.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_25 a, //32 not", "2001:db9::1", H, "a@a24.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a/0 without A", V4, H, "a@a0.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a/0 with AAAA is /128 for IPv6", "2001:db8::8", H, "a@a0.test", AUTH_FAIL,
	    SPF_WHY_MATCH, NULL },
	{ "P_25 a//0", "2001:db9::1", H, "a@a00.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_25 a//0 for IPv4", V4, H, "a@a00.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_29 mapped client", "::ffff:192.0.2.7", H, "a@a.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_29 mapped client, ip4", "::ffff:192.0.2.7", H, "a@pass.test", AUTH_PASS,
	    SPF_WHY_MATCH, NULL },
	{ "P_29 mapped AAAA", V4, H, "a@amapped.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a, any of several", V4, H, "a@amulti.test", AUTH_SOFTFAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a of the domain", V4, H, "a@aself.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_31 a, time-out", V4, H, "a@aerr.test", AUTH_TEMPERROR, SPF_WHY_DNS_TIMEOUT, NULL },
	{ "P_31 a, SERVFAIL", V6, H, "a@aerr.test", AUTH_TEMPERROR, SPF_WHY_DNS_FAILURE, NULL },
	{ "P_31 a, NXDOMAIN", V4, H, "a@anx.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_57 names that cannot be", V4, H, "a@abad.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_25 a behind a CNAME", V4, H, "a@acname.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_23 loopback is no friend", "127.0.0.1", H, "a@pass.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_23 IPv6 loopback", "::1", H, "a@pass.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },

	{ "P_26 mx", V4, H, "a@mx.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_26 mx, IPv6", V6, H, "a@mx.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_26 mx, other address", "192.0.2.8", H, "a@mx.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_26 no implicit MX", V4, H, "a@mxnone.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_26 null MX", V4, H, "a@mxnull.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_31 MX, SERVFAIL", V4, H, "a@mxerr.test", AUTH_TEMPERROR, SPF_WHY_DNS_FAILURE, NULL },
	{ "P_31 MX host, time-out", V4, H, "a@mxhosterr.test", AUTH_TEMPERROR,
	    SPF_WHY_DNS_TIMEOUT, NULL },
	{ "P_26 an address for a host", V4, H, "a@mxip.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_18 ten hosts", V4, H, "a@mx10.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_18 eleven hosts", V4, H, "a@mx11.test", AUTH_PERMERROR, SPF_WHY_TOO_MANY_MX, NULL },

	{ "P_27 ptr", "192.0.2.8", H, "a@ptr.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_27 ptr, not a name above", "192.0.2.8", H, "a@ptrup.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_27 ptr, not a name alike", "192.0.2.8", H, "a@ptrlike.test", AUTH_FAIL,
	    SPF_WHY_MATCH, NULL },
	{ "P_27 ptr, not validated", "192.0.2.10", H, "a@ptr.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_27 ptr, error of the PTR look-up", "192.0.2.9", H, "a@ptr.test", AUTH_FAIL,
	    SPF_WHY_MATCH, NULL },
	{ "P_27 ptr, no PTR", "192.0.2.99", H, "a@ptr.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_19 the eleventh name is ignored", "192.0.2.12", H, "a@ptr11.test", AUTH_SOFTFAIL,
	    SPF_WHY_MATCH, NULL },
	{ "P_19 the tenth name is not", "192.0.2.13", H, "a@ptr11.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },
	{ "P_44 p, any validated name", "192.0.2.8", H, "a@pmacro.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },
	{ "P_44 p, unknown", "192.0.2.99", H, "a@pmacro.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_44 p, DNS error", "192.0.2.9", H, "a@pmacro.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_44 p, the domain itself first", "192.0.2.11", H, "a@pbest.ptr.test", AUTH_PASS,
	    SPF_WHY_MATCH, NULL },
	{ "P_44 p, otherwise the first", "192.0.2.11", H, "a@psub.ptr.test", AUTH_PASS,
	    SPF_WHY_MATCH, NULL },

	{ "P_30 exists", V4, H, "a@exists.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_30 exists not", "192.0.2.8", H, "a@exists.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_30 exists, only AAAA", V6, H, "a@exists6.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_30 exists, A for an IPv6 client", V6, H, "a@exists4.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },
	{ "P_31 exists, time-out", V6, H, "a@existserr.test", AUTH_TEMPERROR, SPF_WHY_DNS_TIMEOUT,
	    NULL },

	{ "P_24 include, pass", V4, H, "a@incpass.test", AUTH_NEUTRAL, SPF_WHY_MATCH, NULL },
	{ "P_24 include, fail", V4, H, "a@incfail.test", AUTH_SOFTFAIL, SPF_WHY_MATCH, NULL },
	{ "P_24 include, softfail", V4, H, "a@incsoft.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_24 include, neutral", V4, H, "a@incneutral.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_24 include, default", V4, H, "a@incempty.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_24 include, none", V4, H, "a@incnone.test", AUTH_PERMERROR,
	    SPF_WHY_INCLUDE_NO_RECORD, NULL },
	{ "P_24 include, NXDOMAIN", V4, H, "a@incnx.test", AUTH_PERMERROR,
	    SPF_WHY_INCLUDE_NO_RECORD, NULL },
	{ "P_24 include, one label", V4, "one", "a@incone.test", AUTH_PERMERROR,
	    SPF_WHY_INCLUDE_NO_RECORD, NULL },
	{ "P_24 include, malformed", V4, H, "a@incbad.test", AUTH_PERMERROR,
	    SPF_WHY_INCLUDE_NO_RECORD, NULL },
	{ "P_24 include, two records", V4, H, "a@inctwo.test", AUTH_PERMERROR,
	    SPF_WHY_MULTIPLE_RECORDS, NULL },
	{ "P_24 include, syntax", V4, H, "a@incsyntax.test", AUTH_PERMERROR,
	    SPF_WHY_RECORD_SYNTAX, NULL },
	{ "P_24 include, temperror", V4, H, "a@incerr.test", AUTH_TEMPERROR, SPF_WHY_DNS_TIMEOUT,
	    NULL },
	{ "P_24 include, permerror", V4, H, "a@incperm.test", AUTH_PERMERROR,
	    SPF_WHY_INCLUDE_NO_RECORD, NULL },
	{ "P_24 include of a redirect", V4, H, "a@incredirect.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },
	{ "P_24 domain within, sender stays", V4, H, "a@incd.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },
	{ "P_24 domain is restored", "192.0.2.9", H, "a@inca.test", AUTH_PASS, SPF_WHY_MATCH,
	    NULL },

	{ "P_32 redirect", V4, H, "a@redirect.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_32 redirect, fail", "198.51.100.1", H, "a@redirect.test", AUTH_FAIL, SPF_WHY_MATCH,
	    NULL },
	{ "P_23 redirect and all", V4, H, "a@redirectall.test", AUTH_NEUTRAL, SPF_WHY_MATCH, NULL },
	{ "P_32 mechanisms first", V4, H, "a@redirectmid.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_32 redirect, none", V4, H, "a@redirectnone.test", AUTH_PERMERROR,
	    SPF_WHY_REDIRECT_NO_RECORD, NULL },
	{ "P_32 redirect, NXDOMAIN", V4, H, "a@redirectnx.test", AUTH_PERMERROR,
	    SPF_WHY_REDIRECT_NO_RECORD, NULL },
	{ "P_32 redirect, temperror", V4, H, "a@redirecterr.test", AUTH_TEMPERROR,
	    SPF_WHY_DNS_FAILURE, NULL },
	{ "P_32 redirect, malformed", V4, H, "a@redirectbad.test", AUTH_PERMERROR,
	    SPF_WHY_REDIRECT_NO_RECORD, NULL },
	{ "P_32 redirect changes the domain", V4, H, "a@redirectself.test", AUTH_PASS,
	    SPF_WHY_MATCH, NULL },
	{ "P_16 redirect to itself", V4, H, "a@loop.test", AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS,
	    NULL },
	{ "P_16 includes in a circle", V4, H, "a@iloop.test", AUTH_PERMERROR,
	    SPF_WHY_TOO_MANY_TERMS, NULL },
	{ "P_16 ten terms", V4, H, "a@ten.test", AUTH_SOFTFAIL, SPF_WHY_MATCH, NULL },
	{ "P_16 eleven terms", V4, H, "a@eleven.test", AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS,
	    NULL },
	{ "P_16 a match before the eleventh", V4, H, "a@elevenlate.test", AUTH_PASS,
	    SPF_WHY_MATCH, NULL },
	{ "P_16 redirect is the eleventh", V4, H, "a@tenredirect.test", AUTH_PERMERROR,
	    SPF_WHY_TOO_MANY_TERMS, NULL },
	{ "P_17 networks, all and exp do not count", V4, H, "a@nocount.test", AUTH_SOFTFAIL,
	    SPF_WHY_MATCH, NULL },

	{ "P_20 two void look-ups", V4, H, "a@void2.test", AUTH_NEUTRAL, SPF_WHY_MATCH, NULL },
	{ "P_20 three void look-ups", V4, H, "a@void3.test", AUTH_PERMERROR,
	    SPF_WHY_TOO_MANY_VOID, NULL },
	{ "P_20 no data is void too", V4, H, "a@voidnodata.test", AUTH_PERMERROR,
	    SPF_WHY_TOO_MANY_VOID, NULL },
	{ "P_20 a term counts once", V4, H, "a@mxvoid.test", AUTH_NEUTRAL, SPF_WHY_MATCH, NULL },
	{ "P_20 names not asked for are not void", V4, H, "a@voidbad.test", AUTH_NEUTRAL,
	    SPF_WHY_MATCH, NULL },
	{ "P_20 exp does not count", V4, H, "a@voidexp.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },

	{ "P_34 exp", V4, H, "a@exp.test", AUTH_FAIL, SPF_WHY_MATCH,
	    "192.0.2.7 is not of exp.test" },
	{ "P_34 exp, only on fail", V4, H, "a@expsoft.test", AUTH_SOFTFAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp, NXDOMAIN", V4, H, "a@expnx.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp, no data", V4, H, "a@expnodata.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp, time-out", V4, H, "a@experr.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp, two records", V4, H, "a@exptwo.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp, malformed", V4, H, "a@expbad.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_36 exp, 8-bit", V4, H, "a@exp8bit.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_35 exp within an include", V4, H, "a@expinc.test", AUTH_FAIL, SPF_WHY_MATCH,
	    "192.0.2.7 is not of expinc.test" },
	{ "P_35 exp of the redirect's target", V4, H, "a@expredir.test", AUTH_FAIL, SPF_WHY_MATCH,
	    "192.0.2.7 is not of exp.test" },
	{ "P_35 exp before a redirect", V4, H, "a@expredir0.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
	{ "P_34 exp by local-part", V4, H, "joe@expl.test", AUTH_FAIL, SPF_WHY_MATCH, "hello joe" },

	{ "P_45 EAI local-part matches nothing", "192.0.2.8", H, "j\xc3\xb6@eai.test", AUTH_FAIL,
	    SPF_WHY_MATCH, NULL },
	{ "P_45 other terms do", V4, H, "j\xc3\xb6@eai.test", AUTH_PASS, SPF_WHY_MATCH, NULL },
	{ "P_45 EAI redirect", V4, H, "j\xc3\xb6@eair.test", AUTH_NEUTRAL, SPF_WHY_DEFAULT, NULL },
	{ "P_45 EAI exp", V4, H, "j\xc3\xb6@expl.test", AUTH_FAIL, SPF_WHY_MATCH, NULL },
};

START_TEST(check_rows)
{
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		struct spf_mail_from_result r = world_check(&w, world_engines[e], rows[_i].client,
		    slice_str(rows[_i].helo), slice_str(rows[_i].from));
		struct slice want = slice_str(rows[_i].explanation);

		ck_assert_msg(r.r.result == rows[_i].want && r.r.why == rows[_i].why, "%s, %s: %s, %.*s",
		    rows[_i].id, world_engine_text(world_engines[e]), auth_result_text(r.r.result),
		    SLICE_ARG(r.r.reason));
		ck_assert_msg(slice_eq(r.r.explanation, want), "%s, %s: \"%.*s\"", rows[_i].id,
		    world_engine_text(world_engines[e]), SLICE_ARG(r.r.explanation));
		ck_assert_msg(r.scope == (rows[_i].from[0] == '\0' ? SPF_SCOPE_HELO : SPF_SCOPE_MFROM),
		    "%s: scope", rows[_i].id);
	}
	world_close(&w);
}
END_TEST

/* What is told beside the result. */
static const struct {
	const char *id, *client, *from, *reason, *mechanism;
	unsigned terms, voids;
} reasons[] = {
	{ "match", V4, "a@pass.test", "ip4:192.0.2.0/24 of pass.test", "ip4:192.0.2.0/24", 0, 0 },
	{ "match of -all", "198.51.100.1", "a@pass.test", "-all of pass.test", "all", 0, 0 },
	{ "default", V4, "a@empty.test", "empty.test: no mechanism matches", "default", 0, 0 },
	{ "none", V4, "a@nx.test", "nx.test: the domain does not exist", NULL, 0, 0 },
	{ "match of an include", V4, "a@incpass.test", "?include:pass.test of incpass.test",
	    "include:pass.test", 1, 0 },
	{ "redirected", V4, "a@redirect.test", "ip4:192.0.2.0/24 of pass.test",
	    "ip4:192.0.2.0/24", 1, 0 },
	{ "two voids", V4, "a@void2.test", "?all of void2.test", "all", 2, 2 },
	{ "three voids", V4, "a@void3.test",
	    "exists:v3.test of void3.test: too many look-ups without an answer", NULL, 3, 3 },
	{ "eleven terms", V4, "a@eleven.test",
	    "a of eleven.test: more than 10 terms that need look-ups", NULL, 10, 0 },
	{ "include without a record", V4, "a@incnone.test",
	    "include:none.test of incnone.test: the included domain has no SPF record", NULL, 1, 0 },
	{ "syntax within an include", V4, "a@incsyntax.test",
	    "moo of syntax.test: syntax error: unknown mechanism", NULL, 1, 0 },
	{ "time-out within an include", V4, "a@incerr.test",
	    "include:timeout.test of incerr.test: DNS time-out: no answer in time", NULL, 1, 0 },
	{ "two records", V4, "a@two.test", "two.test: more than one SPF record", NULL, 0, 0 },
	{ "voids of names that exist", V4, "a@voidnodata.test", "a:mx.test of voidnodata.test: too many "
	    "look-ups without an answer: some for names that exist (void = nxdomain ignores those)", NULL,
	    3, 3 },
	{ "redirect without a record", V4, "a@rednone.test",
	    "redirect=none.test of rednone.test: the domain of redirect= has no SPF record", NULL, 1, 0 },
	{ "a method and a result in a term that matches", V4, "a@words.test",
	    "exists:x;dmarc?pass;spf?pass.words.test of words.test", "exists:x;dmarc?pass;spf?pass.words.test",
	    1, 0 },
	{ "in a term with a mistake", V4, "a@wordsbad.test",
	    "include:x;dmarc?pass of wordsbad.test: syntax error: bad domain", NULL, 0, 0 },
	{ "in a redirect", V4, "a@wordsred.test", "redirect=dmarc?pass.nx.test of wordsred.test: "
	    "the domain of redirect= has no SPF record", NULL, 1, 1 },
	{ "in a domain that a macro makes", V4, "dmarc=pass@wordsmacro.test",
	    "-all of dmarc?pass.w.test", "all", 1, 0 },
};

START_TEST(reason_rows)
{
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		struct spf_mail_from_result r = world_check(&w, world_engines[e], reasons[_i].client,
		    SLICE(H), slice_str(reasons[_i].from));

		ck_assert_msg(slice_eq(r.r.reason, slice_str(reasons[_i].reason)), "%s: %.*s",
		    reasons[_i].id, SLICE_ARG(r.r.reason));
		ck_assert_msg(slice_eq(r.r.mechanism, slice_str(reasons[_i].mechanism)), "%s: %.*s",
		    reasons[_i].id, SLICE_ARG(r.r.mechanism));
		ck_assert_msg(r.r.terms == reasons[_i].terms && r.r.voids == reasons[_i].voids,
		    "%s, %s: %u terms, %u void", reasons[_i].id, world_engine_text(world_engines[e]),
		    r.r.terms, r.r.voids);
	}
	world_close(&w);
}
END_TEST

/* What is told lives in the arena: not in the answers, nor in the request. */
START_TEST(result_is_kept)
{
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		char from[] = "joe@expl.test", helo[] = "helo.test";
		struct spf_mail_from_result r = world_check(&w, world_engines[e], V4, slice_str(helo),
		    slice_str(from));

		lookups_release(&w.lookups);
		memset(from, 'x', sizeof(from) - 1);
		memset(helo, 'x', sizeof(helo) - 1);
		ck_slice_eq(r.r.domain.name, SLICE("expl.test"));
		ck_slice_eq(r.r.mechanism, SLICE("all"));
		ck_slice_eq(r.r.reason, SLICE("-all of expl.test"));
		ck_slice_eq(r.r.explanation, SLICE("hello joe"));
		ck_slice_eq(r.sender, SLICE("joe@expl.test"));
	}
	world_close(&w);
}
END_TEST

/* F-14, Local-part name: the records that were used, none after a name that a macro made of the local-part. */
static const struct {
	const char *from;
	const char *want; /* domains, ended by spaces */
} used_rows[] = {
	{ "joe@fail.test", "fail.test " },
	{ "joe@none.test", "" },
	{ "joe@timeout.test", "" },
	{ "joe@two.test", "two.test " },
	{ "joe@usedinc.test", "usedinc.test fail.test soft.test " },
	{ "joe@usedred.test", "usedred.test fail.test " },
	{ "joe@usedmacro.test", "usedmacro.test fail.test " },
	{ "joe@usedexists.test", "usedexists.test fail.test " },
};

START_TEST(records_used)
{
	static const char more[] = "usedinc.test TXT \"v=spf1 include:fail.test include:soft.test -all\"\n"
	    "usedred.test TXT \"v=spf1 redirect=fail.test\"\n"
	    "usedmacro.test TXT \"v=spf1 include:fail.test include:%{l}.u.test include:soft.test -all\"\n"
	    "joe.u.test TXT \"v=spf1 -all\"\n"
	    "usedexists.test TXT \"v=spf1 exists:%{l}.nothing.test include:fail.test -all\"\n";
	static char all[sizeof(zone) + sizeof(more)];
	struct world w;

	snprintf(all, sizeof(all), "%s%s", zone, more);
	world_open(&w, slice_str(all));
	for (int e = 0; e < world_engine_count(); e++) {
		struct spf_mail_from_result r = world_check(&w, world_engines[e], V4, SLICE(H), slice_str(used_rows[_i].from));
		struct buf names = BUF_INIT(1000);

		for (size_t i = 0; i < r.r.used_count; i++) {
			buf_addf(&names, "%.*s ", SLICE_ARG(r.r.used[i].domain));
			ck_assert(slice_istarts_with(r.r.used[i].text, SLICE("v=spf1")));
		}
		ck_slice_eq(buf_slice(&names), slice_str(used_rows[_i].want));
		buf_free(&names);
	}
	world_close(&w);
}
END_TEST

/* P_05, P_06: who is checked. */
static const struct {
	const char *id, *from, *sender;
} senders[] = {
	{ "P_06 source route", "@pass.test,@x.test:a@fail.test", "a@fail.test" },
	{ "P_06 colon without a route", "a:b@fail.test", "a:b@fail.test" },
	{ "P_06 route without an end", "@fail.test", "postmaster@fail.test" },
	{ "P_05 no local-part", "@fail.test", "postmaster@fail.test" },
	{ "P_05 only a domain", "fail.test", "postmaster@fail.test" },
	{ "P_06 IDN as A-labels", "a@m\xc3\xbcnchen.test", "a@xn--mnchen-3ya.test" },
	{ "P_06 case of the local-part", "JoE@FAIL.test", "JoE@fail.test" },
	{ "P_06 quoted", "\"a@pass.test\"@fail.test", "\"a@pass.test\"@fail.test" },
};

START_TEST(sender_rows)
{
	struct spf_mail_from_result r;
	struct world w;

	world_open(&w, slice_str(zone));
	r = world_check(&w, SPF_ENGINE_BUILTIN, V4, SLICE(H), slice_str(senders[_i].from));
	ck_assert_msg(slice_eq(r.sender, slice_str(senders[_i].sender)), "%s: %.*s", senders[_i].id,
	    SLICE_ARG(r.sender));
	world_close(&w);
}
END_TEST

/* P_20, libspf2 S#24: there is a limit, and it is a setting. */
START_TEST(void_limit)
{
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		w.params.void_limit = 3;
		ck_assert_int_eq(world_check(&w, world_engines[e], V4, SLICE(H),
		    SLICE("a@void3.test")).r.result, AUTH_NEUTRAL);
		w.params.void_limit = 0;
		ck_assert_int_eq(world_check(&w, world_engines[e], V4, SLICE(H),
		    SLICE("a@void2.test")).r.result, AUTH_PERMERROR);
		ck_assert_int_eq(world_check(&w, world_engines[e], V4, SLICE(H),
		    SLICE("a@a.test")).r.result, AUTH_PASS);
	}
	world_close(&w);
}
END_TEST

/* An IPv6 client, and hosts that have IPv4 addresses only: void by the RFC, and by no other setting. */
START_TEST(void_answers)
{
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		struct spf_mail_from_result r = world_check(&w, world_engines[e], V6, SLICE(H),
		    SLICE("a@void4only.test"));

		ck_assert_int_eq(r.r.why, SPF_WHY_TOO_MANY_VOID);
		w.params.void_answers = SPF_VOID_NXDOMAIN;
		r = world_check(&w, world_engines[e], V6, SLICE(H), SLICE("a@void4only.test"));
		ck_assert_int_eq(r.r.result, AUTH_PASS);
		ck_assert_uint_eq(r.r.voids, 0);
		r = world_check(&w, world_engines[e], V4, SLICE(H), SLICE("a@void3.test"));
		ck_assert_int_eq(r.r.why, SPF_WHY_TOO_MANY_VOID);
		ck_slice_eq(r.r.reason, SLICE("exists:v3.test of void3.test: too many look-ups without an "
		    "answer"));
		w.params.void_answers = SPF_VOID_RFC;
	}
	world_close(&w);
}
END_TEST

/* P_01, P_03: HELO is an identity of its own. */
static const struct {
	const char *id, *helo;
	enum auth_result want;
} helos[] = {
	{ "P_01 pass", "pass.test", AUTH_PASS },
	{ "P_01 none", "none.test", AUTH_NONE },
	{ "P_01 postmaster", "expl.test", AUTH_FAIL },
	{ "P_02 address literal", "[192.0.2.7]", AUTH_NONE },
	{ "P_02 IPv6 literal", "[IPv6:2001:db8::7]", AUTH_NONE },
	{ "P_02 one label", "localhost", AUTH_NONE },
	{ "P_02 malformed", "pass test", AUTH_NONE },
	{ "P_02 NUL", "pass.test\\0.x", AUTH_NONE },
	{ "P_02 empty", "", AUTH_NONE },
	{ "P_09 time-out", "timeout.test", AUTH_TEMPERROR },
};

START_TEST(helo_rows)
{
	struct spf_params params = SPF_DEFAULTS;
	struct arena *a = arena_create(1024 * 1024);
	struct spf_request request = { world_ip(V4), slice_str(helos[_i].helo), SLICE("a@fail.test") };
	struct spf_helo_result r;
	struct lookups *l;
	struct world w;

	world_open(&w, slice_str(zone));
	l = lookups_new(w.resolver, 1000);
	spf_start(l, &request);
	ck_assert_int_eq(spf_check_helo(a, l, &params, &request, NULL, 0, &r), RC_OK);
	ck_assert_msg(r.r.result == helos[_i].want, "%s: %.*s", helos[_i].id, SLICE_ARG(r.r.reason));
	lookups_release(&l);
	world_close(&w);
	arena_free(&a);
}
END_TEST

START_TEST(no_client)
{
	struct spf_params params = SPF_DEFAULTS;
	struct arena *a = arena_create(1024 * 1024);
	struct spf_request request = { { .family = IP_NONE }, SLICE(H), SLICE("a@fail.test") };
	struct spf_mail_from_result r;
	struct lookups *l;
	struct world w;

	world_open(&w, slice_str(zone));
	l = lookups_new(w.resolver, 1000);
	spf_start(l, &request);
	ck_assert_int_eq(spf_check_mail_from(a, l, &params, &request, NULL, 0, &r), RC_OK);
	ck_assert_int_eq(r.r.result, AUTH_NONE);
	ck_assert_int_eq(r.r.why, SPF_WHY_NO_CLIENT);
	ck_assert_uint_eq(lookups_count(l), 0);
	lookups_release(&l);
	world_close(&w);
	arena_free(&a);
}
END_TEST

/* An arena without room: said so, never a result. */
START_TEST(no_memory)
{
	struct spf_params params = SPF_DEFAULTS;
	struct spf_request request = { world_ip("192.0.2.8"), SLICE(H), SLICE("a@pmacro.test") };
	struct world w;

	world_open(&w, slice_str(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		bool worked = false;

		params.engine = world_engines[e];
		for (size_t room = 16; room < 16384 && !worked; room += 16) {
			struct arena *a = arena_create(room);
			struct lookups *l = lookups_new(w.resolver, 1000);
			struct spf_mail_from_result r = { .sender = SLICE_NULL };
			enum rc rc = spf_check_mail_from(a, l, &params, &request, NULL, 0, &r);

			worked = rc == RC_OK;
			ck_assert(rc == RC_NOMEM || r.r.result == AUTH_PASS);
			lookups_release(&l);
			arena_free(&a);
		}
		ck_assert(worked);
	}
	world_close(&w);
}
END_TEST

struct lines {
	struct buf text;
};

static void keep_line(void *ctx, unsigned depth, struct slice text)
{
	struct lines *lines = ctx;

	buf_addf(&lines->text, "%u %.*s\n", depth, SLICE_ARG(text));
}

/* --explain: each record, each term, what it asked and how it came out. */
START_TEST(trace_lines)
{
	struct lines lines = { BUF_INIT(65536) };
	struct spf_trace trace = { keep_line, &lines };
	struct world w;

	world_open(&w, slice_str(zone));
	w.trace = &trace;
	world_check(&w, SPF_ENGINE_BUILTIN, "192.0.2.9", SLICE(H), SLICE("a@inca.test"));
	ck_slice_eq(buf_slice(&lines.text), SLICE(
	    "0 inca.test: v=spf1 include:aself.test a -all\n"
	    "1 aself.test: v=spf1 a -all\n"
	    "1     A aself.test: 192.0.2.7\n"
	    "1 a: no match (2 of 10 terms, 0 of 2 void)\n"
	    "1 -all: fail (2 of 10 terms, 0 of 2 void)\n"
	    "0 include:aself.test: no match (2 of 10 terms, 0 of 2 void)\n"
	    "0     A inca.test: 192.0.2.9\n"
	    "0 a: pass (3 of 10 terms, 0 of 2 void)\n"));
	buf_clear(&lines.text);
	world_check(&w, SPF_ENGINE_BUILTIN, "192.0.2.99", SLICE(H), SLICE("a@order.test"));
	world_check(&w, SPF_ENGINE_BUILTIN, "198.51.100.1", SLICE(H), SLICE("a@pass.test"));
	ck_slice_eq(buf_slice(&lines.text), SLICE(
	    "0 order.test: v=spf1 ?ip4:192.0.2.0/24 -ip4:192.0.2.7 +all\n"
	    "0 ?ip4:192.0.2.0/24: neutral (0 of 10 terms, 0 of 2 void)\n"
	    "0 pass.test: v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\n"
	    "0 ip4:192.0.2.0/24: no match (0 of 10 terms, 0 of 2 void)\n"
	    "0 ip6:2001:db8::/32: no match (0 of 10 terms, 0 of 2 void)\n"
	    "0 -all: fail (0 of 10 terms, 0 of 2 void)\n"
	    "0 nearest term: none names an address near 198.51.100.1\n"));
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		for (int e = 0; e < world_engine_count(); e++)
			world_check(&w, world_engines[e], rows[i].client, slice_str(rows[i].helo),
			    slice_str(rows[i].from));
	ck_assert_ptr_null(strstr(buf_cstr(&lines.text), "internal error"));
	buf_free(&lines.text);
	world_close(&w);
}
END_TEST

/* What would have matched, when nothing has. */
static const struct {
	const char *client, *record, *want; /* NULL: no such line */
} nearest[] = {
	{ "192.0.2.200", "v=spf1 ip4:192.0.2.0/25 ip4:192.0.3.0/24 -all",
	    "ip4:192.0.2.0/25 of n.test, which names 192.0.2.0/25: of these 25 bits 192.0.2.200 agrees in the first 24 "
	    "only" },
	{ "192.0.2.200", "v=spf1 ip4:192.0.3.0/24 ip4:192.0.2.199 ~all", "ip4:192.0.2.199 of n.test" },
	{ "192.0.2.200", "v=spf1 ip4:192.0.2.199", "ip4:192.0.2.199 of n.test" }, /* neutral by default */
	{ "192.0.2.200", "v=spf1 include:o.test -all", "ip4:192.0.2.0/26 of o.test" },
	{ "192.0.2.200", "v=spf1 include:o.test ip4:192.0.2.192/30 -all", "ip4:192.0.2.192/30 of n.test" },
	{ "192.0.2.200", "v=spf1 a:h.test/30 -all", "a:h.test/30 of n.test, which names 192.0.2.7/30" },
	{ "192.0.2.200", "v=spf1 mx:m.test -all", "mx:m.test of n.test, which names 192.0.2.7/32" },
	{ "2001:db8::1", "v=spf1 ip6:2001:db8:1::/48 -all", "ip6:2001:db8:1::/48 of n.test" },
	{ "2001:db8::1", "v=spf1 ip4:192.0.2.0/24 -all", "none, the records contain no IPv6 address" },
	{ "192.0.2.200", "v=spf1 ip6:2001:db8::/32 -all", "none, the records contain no IPv4 address" },
	{ "192.0.2.200", "v=spf1 ip4:10.0.0.0/8 -all", "none names an address near 192.0.2.200" },
	{ "192.0.2.200", "v=spf1 -all", "none names an address near 192.0.2.200" },
	{ "192.0.2.200", "v=spf1 ip4:192.0.2.0/24 -all", NULL },
	{ "192.0.2.200", "v=spf1 ip4:192.0.2.0/25 -ip4:192.0.2.0/24 -all", NULL },
	{ "192.0.2.200", "v=spf1 ip4:192.0.2.0/33 -all", NULL },
};

START_TEST(nearest_rows)
{
	struct lines lines = { BUF_INIT(65536) };
	struct spf_trace trace = { keep_line, &lines };
	struct buf text = BUF_INIT(4096);
	struct world w;

	buf_addf(&text, "n.test TXT %s\no.test TXT v=spf1 ip4:192.0.2.0/26 -all\nh.test A 192.0.2.7\n"
	    "m.test MX 1 h.test\n", nearest[_i].record);
	world_open(&w, buf_slice(&text));
	w.trace = &trace;
	world_check(&w, SPF_ENGINE_BUILTIN, nearest[_i].client, SLICE(H), SLICE("a@n.test"));
	if (nearest[_i].want == NULL)
		ck_assert_msg(strstr(buf_cstr(&lines.text), "nearest") == NULL, "%s", buf_cstr(&lines.text));
	else
		ck_assert_msg(strstr(buf_cstr(&lines.text), nearest[_i].want) != NULL, "%s", buf_cstr(&lines.text));
	buf_free(&lines.text);
	buf_free(&text);
	world_close(&w);
}
END_TEST

START_TEST(why_texts)
{
	for (int why = 0; why < SPF_WHY_COUNT; why++)
		ck_assert_msg(strlen(spf_why_text((enum spf_why)why)) > 5, "why %d", why);
	ck_assert_str_eq(spf_why_text(SPF_WHY_COUNT), "unknown");
}
END_TEST

Suite *check_suite(void)
{
	Suite *s = suite_create("spf check");

	UNIT_TABLE(s, check_rows, rows);
	UNIT_TABLE(s, reason_rows, reasons);
	UNIT_TABLE(s, sender_rows, senders);
	UNIT_TEST(s, result_is_kept);
	UNIT_TABLE(s, records_used, used_rows);
	UNIT_TEST(s, void_limit);
	UNIT_TEST(s, void_answers);
	UNIT_TABLE(s, helo_rows, helos);
	UNIT_TEST(s, no_client);
	UNIT_TEST(s, no_memory);
	UNIT_TEST(s, trace_lines);
	UNIT_TABLE(s, nearest_rows, nearest);
	UNIT_TEST(s, why_texts);
	return s;
}
