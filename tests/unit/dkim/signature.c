#include "base/limits.h"
#include "dkim/signature.h"

#include "suites.h"

#define BH "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; "
#define MOST "v=1; a=rsa-sha256; b=Zm9vYmFy; " BH "d=example.org; h=From; s=sel; "

/* Tags behind MOST, or a whole value. */
static const struct {
	const char *name, *value;
	enum dkim_why why;
} rows[] = {
	{ "the least", MOST, DKIM_WHY_GOOD },
	{ "V_09 ed25519", "v=1; a=ed25519-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_GOOD },
	{ "G_01 FWS everywhere", "\n\tv = 1\n\t; a\n\t=\n rsa-sha256 ; b = Zm9v\n YmFy ;\n " BH
	    " d =\n example.org ; h = From : To\n : Subject ; s = sel ;\n ", DKIM_WHY_GOOD },
	{ "G_01 CRLF folds", "v=1;\r\n a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org;\r\n\th=From; s=sel", DKIM_WHY_GOOD },
	{ "any order", "s=sel; h=From; d=example.org; " BH "b=Zm9v; a=rsa-sha256; v=1",
	    DKIM_WHY_GOOD },
	{ "G_04 unknown tags", MOST "zz=1; foo_2=bar baz; y=;", DKIM_WHY_GOOD },
	{ "z= is not read", MOST "z=From:foo@eng.example.net|Subject:demo=20run", DKIM_WHY_GOOD },

	{ "nothing", "", DKIM_WHY_SIG_SYNTAX },
	{ "G_01 no tag-list", "hello", DKIM_WHY_SIG_SYNTAX },
	{ "G_01 empty tag", "v=1;; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "G_01 name begins with a digit", MOST "1x=y", DKIM_WHY_SIG_SYNTAX },
	{ "G_01 control octet", MOST "foo=\x01", DKIM_WHY_SIG_SYNTAX },
	{ "8-bit that is no UTF-8", MOST "foo=\xff", DKIM_WHY_SIG_SYNTAX },
	{ "G_03 tag twice", MOST "d=example.org", DKIM_WHY_SIG_DUPLICATE_TAG },
	{ "G_03 unknown tag twice", MOST "foo=1; foo=2", DKIM_WHY_SIG_DUPLICATE_TAG },
	{ "G_02 names have case", MOST "D=example.net; V=7", DKIM_WHY_GOOD },

	{ "V_02 no v", "a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no a", "v=1; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no b", "v=1; a=rsa-sha256; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no bh", "v=1; a=rsa-sha256; b=Zm9v; d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no d", "v=1; a=rsa-sha256; b=Zm9v; " BH "h=From; s=sel", DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no h", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_02 no s", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "G_02 D= is not d=", "v=1; a=rsa-sha256; b=Zm9v; " BH "D=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_MISSING_TAG },
	{ "V_01 v=2", "v=2; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_VERSION },
	{ "V_01 v=0.5", "v=0.5; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_VERSION },
	{ "V_01 v=11", "v=11; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_VERSION },
	{ "G_05 v= empty", "v=; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_VERSION },
	{ "V_01 before what is missing", "v=5", DKIM_WHY_SIG_VERSION },

	{ "V_06 rsa-sha1", "v=1; a=rsa-sha1; b=Zm9v; bh=2jmj7l5rSw0yVb/vlWAYkK/YBwk=; "
	    "d=example.org; h=From; s=sel", DKIM_WHY_SIG_SHA1 },
	{ "V_10 rsa-md5", "v=1; a=rsa-md5; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_ALGORITHM },
	{ "V_10 ed25519-sha1", "v=1; a=ed25519-sha1; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_ALGORITHM },
	{ "G_06 RSA-SHA256", "v=1; a=RSA-SHA256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_ALGORITHM },
	{ "G_05 a= empty", "v=1; a=; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_ALGORITHM },
	{ "a= with a blank", "v=1; a=rsa -sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_ALGORITHM },

	{ "G_13 b= in pieces", "v=1; a=rsa-sha256; b=Z m9\n v Ym\n\tFy; " BH
	    "d=example.org; h=From; s=sel", DKIM_WHY_GOOD },
	{ "G_14 b= empty", "v=1; a=rsa-sha256; b=; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "G_14 b= without padding", "v=1; a=rsa-sha256; b=Zm9vYg; " BH
	    "d=example.org; h=From; s=sel", DKIM_WHY_SIG_SYNTAX },
	{ "G_14 b= with rubbish", "v=1; a=rsa-sha256; b=Zm9v!; " BH "d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "G_14 bh= cut off",
	    "v=1; a=rsa-sha256; b=Zm9v; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3h; "
	    "d=example.org; h=From; s=sel", DKIM_WHY_SIG_SYNTAX },
	{ "bh= of another length",
	    "v=1; a=rsa-sha256; b=Zm9v; bh=Zm9v; d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "G_05 bh= empty", "v=1; a=rsa-sha256; b=Zm9v; bh=; d=example.org; h=From; s=sel",
	    DKIM_WHY_SIG_SYNTAX },

	{ "V_12 c=relaxed", MOST "c=relaxed", DKIM_WHY_GOOD },
	{ "c=relaxed/relaxed", MOST "c=relaxed/relaxed", DKIM_WHY_GOOD },
	{ "V_11 c=future", MOST "c=future", DKIM_WHY_SIG_CANON },
	{ "V_11 c=relaxed/future", MOST "c=relaxed/future", DKIM_WHY_SIG_CANON },
	{ "V_11 c=nowsp", MOST "c=nowsp/simple", DKIM_WHY_SIG_CANON },
	{ "G_05 c= empty", MOST "c=", DKIM_WHY_SIG_CANON },
	{ "c=simple/", MOST "c=simple/", DKIM_WHY_SIG_CANON },
	{ "c= of three", MOST "c=simple/simple/simple", DKIM_WHY_SIG_CANON },
	{ "G_06 c=Relaxed", MOST "c=Relaxed", DKIM_WHY_SIG_CANON },

	{ "V_21 d= of one label", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=org; h=From; s=sel",
	    DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= empty", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=; h=From; s=sel",
	    DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= with a dot behind", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org.; h=From; s=sel", DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= with an empty label", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=a..org; h=From; s=sel",
	    DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= a literal", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=[192.0.2.1]; h=From; s=sel",
	    DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= with a blank", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=exam ple.org; h=From; s=sel",
	    DKIM_WHY_SIG_DOMAIN },
	{ "V_21 d= as a domain with a comment", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=a.org(.b.org); h=From; s=sel", DKIM_WHY_SIG_DOMAIN },
	{ "V_20 s= of two labels", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=a.b",
	    DKIM_WHY_GOOD },
	{ "s= empty", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=",
	    DKIM_WHY_SIG_DOMAIN },
	{ "s= with a dot behind", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=sel.",
	    DKIM_WHY_SIG_DOMAIN },
	{ "s= with a slash", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From; s=../x",
	    DKIM_WHY_SIG_DOMAIN },
	{ "G_12 U-labels", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=b\xc3\xbc" "cher.example; h=From; "
	    "s=f\xc3\xbcr; i=m\xc3\xbcller@post.b\xc3\xbc" "cher.example", DKIM_WHY_GOOD },

	{ "V_24 h= with FWS and case", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=to :\n fRoM: X-Foo; s=sel", DKIM_WHY_GOOD },
	{ "V_03 h= without From", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=To:Subject; s=sel", DKIM_WHY_SIG_FROM_UNSIGNED },
	{ "V_03 h= with Fromage", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=Fromage; s=sel", DKIM_WHY_SIG_FROM_UNSIGNED },
	{ "V_27 h= empty", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "V_27 h= a colon", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=:; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "h= with an empty name", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=From::To; s=sel", DKIM_WHY_GOOD },
	{ "h= with a colon at its end", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=From:; s=sel", DKIM_WHY_GOOD },
	{ "V_27 h= only colons", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h= : :: ; s=sel",
	    DKIM_WHY_SIG_SYNTAX },
	{ "V_03 an empty name is not From", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=:To; s=sel", DKIM_WHY_SIG_FROM_UNSIGNED },
	{ "G_04 a tag name with a hyphen", MOST "x-foo=bar", DKIM_WHY_GOOD },
	{ "h= with a blank in a name", "v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=From To; s=sel", DKIM_WHY_SIG_SYNTAX },
	{ "h= with UTF-8", "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=From:\xc3\xbc; s=sel",
	    DKIM_WHY_SIG_SYNTAX },

	{ "V_04 i= at d=", MOST "i=joe@example.org", DKIM_WHY_GOOD },
	{ "V_04 i= below d=", MOST "i=@a.b.example.org", DKIM_WHY_GOOD },
	{ "i= of other case", MOST "i=@EXAMPLE.Org", DKIM_WHY_GOOD },
	{ "G_10 i= quoted", MOST "i=a=40b=3B=20c@example.org", DKIM_WHY_GOOD },
	{ "G_10 i= folded", MOST "i=jo\n e@exam\n ple.org", DKIM_WHY_GOOD },
	{ "G_10 i= domain quoted", MOST "i=@example=2Eorg", DKIM_WHY_GOOD },
	{ "V_04 i= elsewhere", MOST "i=joe@example.net", DKIM_WHY_SIG_IDENTITY },
	{ "V_04 i= above d=", MOST "i=joe@org", DKIM_WHY_SIG_IDENTITY },
	{ "V_04 i= that ends alike (KumoMTA)", MOST "i=@fexample.org", DKIM_WHY_SIG_IDENTITY },
	{ "V_04 i= without @", MOST "i=example.org", DKIM_WHY_SIG_IDENTITY },
	{ "G_05 i= empty", MOST "i=", DKIM_WHY_SIG_IDENTITY },
	{ "i= with a dot behind", MOST "i=@example.org.", DKIM_WHY_SIG_IDENTITY },
	{ "i= with a hidden NUL", MOST "i=@example.net=00.example.org", DKIM_WHY_SIG_IDENTITY },
	{ "the last @ counts", MOST "i=a@example.org@example.net", DKIM_WHY_SIG_IDENTITY },
	{ "G_10 lower-case hex", MOST "i=a=3bb@example.org", DKIM_WHY_SIG_SYNTAX },
	{ "G_10 cut hex", MOST "i=@example.org=4", DKIM_WHY_SIG_SYNTAX },
	{ "G_10 no hex", MOST "i=a=GGb@example.org", DKIM_WHY_SIG_SYNTAX },

	{ "V_17 l=0", MOST "l=0", DKIM_WHY_GOOD },
	{ "V_17 l= of 76 digits", MOST
	    "l=999999999999999999999999999999999999999999999999999999999999" "9999999999999999",
	    DKIM_WHY_GOOD },
	{ "V_17 l= of 77 digits", MOST
	    "l=999999999999999999999999999999999999999999999999999999999999" "99999999999999999",
	    DKIM_WHY_SIG_SYNTAX },
	{ "l= negative", MOST "l=-1", DKIM_WHY_SIG_SYNTAX },
	{ "l= with a sign", MOST "l=+1", DKIM_WHY_SIG_SYNTAX },
	{ "G_05 l= empty", MOST "l=", DKIM_WHY_SIG_SYNTAX },
	{ "l= hexadecimal", MOST "l=0x10", DKIM_WHY_SIG_SYNTAX },
	{ "l= of two numbers", MOST "l=1 2", DKIM_WHY_SIG_SYNTAX },

	{ "V_23 q=dns/txt", MOST "q=dns/txt", DKIM_WHY_GOOD },
	{ "V_23 q= with others", MOST "q=http : dns/txt :x/y", DKIM_WHY_GOOD },
	{ "V_23 q=http", MOST "q=http", DKIM_WHY_SIG_QUERY_METHOD },
	{ "V_23 q=dns/special", MOST "q=dns/special", DKIM_WHY_SIG_QUERY_METHOD },
	{ "V_23 q=dns", MOST "q=dns", DKIM_WHY_SIG_QUERY_METHOD },
	{ "G_05 q= empty", MOST "q=", DKIM_WHY_SIG_SYNTAX },
	{ "q= with an empty element", MOST "q=dns/txt:", DKIM_WHY_SIG_SYNTAX },

	{ "V_16 t= of 12 digits", MOST "t=999999999999", DKIM_WHY_GOOD },
	{ "V_16 t= of 40 digits", MOST "t=9999999999999999999999999999999999999999",
	    DKIM_WHY_GOOD },
	{ "V_15 x= after t=", MOST "t=100; x=101", DKIM_WHY_GOOD },
	{ "V_15 x= equals t=", MOST "t=100; x=100", DKIM_WHY_SIG_TIMES },
	{ "V_15 x= before t=", MOST "t=100; x=99", DKIM_WHY_SIG_TIMES },
	{ "V_16 both infinite", MOST "t=9999999999999; x=99999999999999", DKIM_WHY_SIG_TIMES },
	{ "t= negative", MOST "t=-5", DKIM_WHY_SIG_SYNTAX },
	{ "G_05 t= empty", MOST "t=", DKIM_WHY_SIG_SYNTAX },
	{ "G_05 x= empty", MOST "x=", DKIM_WHY_SIG_SYNTAX },
	{ "x= with a fraction", MOST "x=1.5", DKIM_WHY_SIG_SYNTAX },
};

START_TEST(parses)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;
	enum dkim_why why = dkim_signature_parse(a, SIGNATURE_DKIM, slice_str(rows[_i].value), &sig);

	ck_assert_msg(why == rows[_i].why, "%s: got \"%s\"", rows[_i].name, dkim_why_text(why));
	ck_assert(!arena_failed(a));
	arena_free(&a);
}
END_TEST

/* --- the fields of ARC ---------------------------------------------------------------------- */

#define AMS "a=rsa-sha256; b=Zm9vYmFy; " BH "d=example.org; h=From; s=sel; "
#define AS  "a=rsa-sha256; b=Zm9vYmFy; d=example.org; s=sel; "

static const struct {
	const char *name, *value;
	enum signature_kind kind;
	enum dkim_why why;
} arc_rows[] = {
	{ "the least", "i=1; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "the least of a seal", "i=1; cv=none; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_GOOD },
	{ "R_18 i= anywhere", AMS "i=50", SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "a zero before", "i=07; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "R_11 v= is ignored", "i=1; v=7; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "cv= means nothing there", "i=1; cv=x; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "l= and q= are DKIM's", "i=1; l=3; q=dns/txt; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_GOOD },
	{ "a seal ignores c= x= l= q= bh=", "i=2; cv=pass; c=simple/simple; x=0; l=y; q=z; bh=; " AS,
	    SIGNATURE_ARC_SEAL, DKIM_WHY_GOOD },

	{ "R_21 no i=", AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_21 no bh=", "i=1; a=rsa-sha256; b=Zm9v; d=example.org; h=From; s=sel",
	    SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_21 no h=", "i=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; s=sel",
	    SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_21 a seal without cv=", "i=1; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_21 a seal without i=", "cv=none; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_21 a seal without s=", "i=1; cv=none; a=rsa-sha256; b=Zm9v; d=example.org",
	    SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_MISSING_TAG },
	{ "R_10 a seal with h=", "i=1; cv=none; h=From; " AS, SIGNATURE_ARC_SEAL,
	    DKIM_WHY_SIG_SEAL_H },
	{ "R_10 a seal with an empty h=", "i=1; cv=none; h=; " AS, SIGNATURE_ARC_SEAL,
	    DKIM_WHY_SIG_SEAL_H },
	{ "R_02 i=0", "i=0; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_INSTANCE },
	{ "R_02 i=51", "i=51; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_INSTANCE },
	{ "R_18 three digits", "i=001; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_INSTANCE },
	{ "R_18 i= of DKIM", "i=@example.org; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_INSTANCE },
	{ "i= empty", "i=; cv=none; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_INSTANCE },
	{ "i= negative", "i=-1; cv=none; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_INSTANCE },
	{ "i= huge", "i=18446744073709551617; cv=none; " AS, SIGNATURE_ARC_SEAL,
	    DKIM_WHY_SIG_INSTANCE },
	{ "i= twice", "i=1; i=1; " AMS, SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_DUPLICATE_TAG },
	{ "cv= of no kind", "i=1; cv=maybe; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_CHAIN_STATUS },
	{ "cv= has case", "i=1; cv=None; " AS, SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_CHAIN_STATUS },
	{ "R_14 rsa-sha1", "i=1; cv=none; a=rsa-sha1; b=Zm9v; d=example.org; s=sel",
	    SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_SHA1 },
	{ "R_19 h= with an ARC field", "i=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=From:arc-seal; s=sel", SIGNATURE_ARC_MESSAGE,
	    DKIM_WHY_SIG_COVERS_ARC },
	{ "R_19 h= with its own name", "i=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=ARC-Message-Signature:From; s=sel", SIGNATURE_ARC_MESSAGE,
	    DKIM_WHY_SIG_COVERS_ARC },
	{ "h= with the results, as some sealers have it", "i=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=example.org; h=From:arc-authentication-results; s=sel", SIGNATURE_ARC_MESSAGE,
	    DKIM_WHY_GOOD },
	{ "From not in h=", "i=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; h=To; s=sel",
	    SIGNATURE_ARC_MESSAGE, DKIM_WHY_SIG_FROM_UNSIGNED },
	{ "no tag-list", "1", SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_SYNTAX },
	{ "nothing", "", SIGNATURE_ARC_SEAL, DKIM_WHY_SIG_SYNTAX },
};

START_TEST(R_21_arc)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;
	enum dkim_why why = dkim_signature_parse(a, arc_rows[_i].kind,
	    slice_str(arc_rows[_i].value), &sig);

	ck_assert_msg(why == arc_rows[_i].why, "%s: got \"%s\"", arc_rows[_i].name,
	    dkim_why_text(why));
	arena_free(&a);
}
END_TEST

START_TEST(R_05_arc_values)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_ARC_SEAL,
	    SLICE("i=12; cv=pass; c=simple; " AS), &sig), DKIM_WHY_GOOD);
	ck_assert_uint_eq(sig.instance, 12);
	ck_assert_int_eq(sig.chain_status, CHAIN_PASS);
	ck_assert_int_eq(sig.header_canon, CANON_RELAXED);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_ARC_MESSAGE, SLICE("i=3; " AMS), &sig),
	    DKIM_WHY_GOOD);
	ck_assert_uint_eq(sig.instance, 3);
	ck_assert_int_eq(sig.header_canon, CANON_SIMPLE);
	ck_assert(slice_is_null(sig.identity));
	arena_free(&a);
}
END_TEST

/* Every value there is, as it was written and as it is meant. */
START_TEST(values)
{
	struct slice value = SLICE(" v=1; a=rsa-sha256; c=relaxed; d=Example.ORG; s=Sel.2026;\n\t"
	    "i=J=C3=B6e@Sub.Example.org; t=1528637909; x=1528637910; l=0123; q=dns/txt;\n\t"
	    "h=From : to:\n\tX-Foo; " BH "b= Zm9v\n\tYmFy ; foo=1");
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, value, &sig), DKIM_WHY_GOOD);
	ck_assert(sig.algorithm_known);
	ck_assert_int_eq(sig.algorithm, KEY_RSA);
	ck_slice_eq(sig.algorithm_text, SLICE("rsa-sha256"));
	ck_assert_int_eq(sig.header_canon, CANON_RELAXED);
	ck_assert_int_eq(sig.body_canon, CANON_SIMPLE); /* V_12 */
	ck_slice_eq(sig.domain.name, SLICE("example.org"));
	ck_slice_eq(sig.domain_text, SLICE("Example.ORG"));
	ck_slice_eq(sig.selector.name, SLICE("sel.2026"));
	ck_slice_eq(sig.selector_text, SLICE("Sel.2026"));
	ck_slice_eq(sig.identity, SLICE("J\xc3\xb6" "e@Sub.Example.org"));
	ck_slice_eq(sig.identity_domain.name, SLICE("sub.example.org"));
	ck_assert_uint_eq(sig.signed_count, 3);
	ck_slice_eq(sig.signed_names[0], SLICE("From"));
	ck_slice_eq(sig.signed_names[1], SLICE("to"));
	ck_slice_eq(sig.signed_names[2], SLICE("X-Foo"));
	ck_slice_eq(sig.signature, SLICE("foobar"));
	ck_slice_eq(sig.b_text, SLICE("Zm9v\n\tYmFy"));
	ck_assert(sig.b_text.ptr > value.ptr && sig.b_text.ptr < value.ptr + value.len);
	ck_slice_eq(sig.b_compact, SLICE("Zm9vYmFy"));
	ck_assert_uint_eq(sig.body_hash.len, SHA256_OCTETS);
	ck_assert(sig.body_length == 123);
	ck_assert(sig.has_t && sig.t == 1528637909);
	ck_assert(sig.has_x && sig.x == 1528637910);
	ck_slice_eq(dkim_key_name(a, &sig), SLICE("sel.2026._domainkey.example.org")); /* V_20 */
	arena_free(&a);
}
END_TEST

START_TEST(defaults)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE(MOST), &sig), DKIM_WHY_GOOD);
	ck_assert_int_eq(sig.header_canon, CANON_SIMPLE); /* V_12 */
	ck_assert_int_eq(sig.body_canon, CANON_SIMPLE);
	ck_assert(slice_is_null(sig.identity));
	ck_slice_eq(sig.identity_domain.name, SLICE("example.org")); /* V_05 */
	ck_assert(sig.body_length == BODY_LENGTH_ALL);
	ck_assert(!sig.has_t && !sig.has_x);
	arena_free(&a);
}
END_TEST

/* Numbers that do not fit are as large as can be, and never wrap (V_16, V_17). */
START_TEST(large_numbers)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE(MOST "t=1; x=1000000000000; "
	    "l=18446744073709551617"), &sig), DKIM_WHY_GOOD);
	ck_assert(sig.x == INT64_MAX);
	ck_assert(sig.body_length == BODY_LENGTH_ALL - 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE(MOST "l=18446744073709551615"), &sig),
	    DKIM_WHY_GOOD);
	ck_assert(sig.body_length == BODY_LENGTH_ALL - 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE(MOST "x=999999999999; l=00000000000000000000"
	    "000000000000000000000005"), &sig), DKIM_WHY_GOOD);
	ck_assert(sig.x == 999999999999);
	ck_assert(sig.body_length == 5);
	arena_free(&a);
}
END_TEST

/* What is reported of a signature that cannot be used (V_40). */
START_TEST(report_of_a_bad_one)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE("v=7; a=rsa-md5; b=Zm9vYmFy; d=example.org; "
	    "s=sel; i=joe@example.net"), &sig), DKIM_WHY_SIG_VERSION);
	ck_slice_eq(sig.domain.name, SLICE("example.org"));
	ck_slice_eq(sig.selector.name, SLICE("sel"));
	ck_slice_eq(sig.algorithm_text, SLICE("rsa-md5"));
	ck_assert(!sig.algorithm_known);
	ck_slice_eq(sig.identity, SLICE("joe@example.net"));
	ck_slice_eq(sig.b_compact, SLICE("Zm9vYmFy"));
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE("rubbish"), &sig), DKIM_WHY_SIG_SYNTAX);
	ck_assert(domain_is_none(sig.domain) && slice_is_null(sig.b_compact));
	arena_free(&a);
}
END_TEST

/* G_12: asked for are A-labels, shown is what was written. */
START_TEST(u_labels)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, SLICE("v=1; a=rsa-sha256; b=Zm9v; " BH
	    "d=b\xc3\xbc" "cher.example; h=From; s=f\xc3\xbcr; i=\xc3\xbc@xn--bcher-kva.example"),
	    &sig), DKIM_WHY_GOOD);
	ck_slice_eq(dkim_key_name(a, &sig), SLICE("xn--fr-xka._domainkey.xn--bcher-kva.example"));
	ck_slice_eq(sig.domain_text, SLICE("b\xc3\xbc" "cher.example"));
	ck_slice_eq(sig.identity, SLICE("\xc3\xbc@xn--bcher-kva.example")); /* G_11 */
	arena_free(&a);
}
END_TEST

static void add_repeated(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_str(b, text);
}

/* rspamd read beyond an over-long bh=; OpenDKIM K#433: z= was copied by its own length. */
START_TEST(long_tags)
{
	struct arena *a = arena_create(8u << 20);
	struct dkim_signature sig;
	struct buf value = BUF_INIT(1u << 20);

	for (size_t n = 48; n <= 6000; n += n < 100 ? 4 : 1000) {
		buf_clear(&value);
		buf_add_str(&value, "v=1; a=rsa-sha256; b=Zm9v; d=example.org; s=sel; h=From; bh=");
		add_repeated(&value, "QUJD", n / 4);
		ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_SYNTAX);
	}
	for (size_t n = 1000; n <= 100000; n *= 10) {
		enum dkim_why want = n < LIMIT_SIGNATURE_OCTETS - 200 ? DKIM_WHY_GOOD : DKIM_WHY_SIG_TOO_LARGE;

		buf_clear(&value);
		buf_add_str(&value, MOST "z=");
		add_repeated(&value, "a:b|", n / 4);
		ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), want);
	}
	buf_free(&value);
	arena_free(&a);
}
END_TEST

/* V_45, X_01: ceilings, one below and at each */
START_TEST(ceilings)
{
	struct arena *a = arena_create(8u << 20);
	struct dkim_signature sig;
	struct buf value = BUF_INIT(1u << 20);

	buf_add_str(&value, "v=1; a=rsa-sha256; b=Zm9v; " BH "d=example.org; s=sel; h=From");
	add_repeated(&value, ":a", LIMIT_SIGNED_FIELDS - 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_GOOD);
	buf_add_str(&value, ":a");
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_TOO_LARGE);

	buf_clear(&value);
	buf_add_str(&value, MOST);
	for (size_t i = 7; i < LIMIT_TAGS; i++)
		buf_addf(&value, "x%zu=;", i);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_GOOD);
	buf_add_str(&value, "last=");
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_TOO_LARGE);

	buf_clear(&value);
	buf_add_str(&value, MOST "foo=");
	add_repeated(&value, "x", LIMIT_SIGNATURE_OCTETS - value.len);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_GOOD);
	add_repeated(&value, "x", 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_TOO_LARGE);

	buf_clear(&value);
	buf_add_str(&value, "v=1; a=rsa-sha256; " BH "d=example.org; h=From; s=sel; b=");
	add_repeated(&value, "AAAA", LIMIT_KEY_OCTETS / 3 + 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_SYNTAX);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

/* d= and s= may each be a name that together are none. */
START_TEST(key_name_too_long)
{
	struct arena *a = arena_create(1u << 20);
	struct dkim_signature sig;
	struct buf value = BUF_INIT(1u << 20);

	/* 9 * 20 + 11 octets of d=, 11 of "_domainkey." and a dot leave 50 */
	buf_add_str(&value, "v=1; a=rsa-sha256; b=Zm9v; " BH "h=From; d=");
	add_repeated(&value, "nineteenoctetsinhere.", 9);
	ck_assert_uint_eq(strlen("nineteenoctetsinhere."), 21);
	buf_add_str(&value, "example.org; s=");
	add_repeated(&value, "s", 253 - 9 * 21 - 11 - 12);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_GOOD);
	ck_assert_uint_eq(dkim_key_name(a, &sig).len, 253);
	buf_add_str(&value, "s");
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, buf_slice(&value), &sig), DKIM_WHY_SIG_DOMAIN);
	buf_free(&value);
	arena_free(&a);
}
END_TEST

/* Every reason has a text, and results that the registry knows (A_02). */
START_TEST(reasons)
{
	enum dkim_why why = (enum dkim_why)_i;
	enum auth_result result = dkim_why_result(why);

	ck_assert_ptr_nonnull(dkim_why_text(why));
	ck_assert((result == AUTH_PASS) == (why == DKIM_WHY_GOOD));
	ck_assert((result == AUTH_NONE) == (why == DKIM_WHY_NO_SIGNATURE));
	ck_assert_int_ne(result, AUTH_SOFTFAIL);
}
END_TEST

Suite *signature_suite(void)
{
	Suite *s = suite_create("signature");

	UNIT_TABLE(s, parses, rows);
	UNIT_TABLE(s, R_21_arc, arc_rows);
	UNIT_TEST(s, R_05_arc_values);
	UNIT_TEST(s, values);
	UNIT_TEST(s, defaults);
	UNIT_TEST(s, large_numbers);
	UNIT_TEST(s, report_of_a_bad_one);
	UNIT_TEST(s, u_labels);
	UNIT_TEST(s, long_tags);
	UNIT_TEST(s, ceilings);
	UNIT_TEST(s, key_name_too_long);
	unit_table(s, "reasons", reasons, DKIM_WHY_COUNT);
	return s;
}
