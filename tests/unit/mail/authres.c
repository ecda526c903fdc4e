/* authres.h: A-01, A-03, A-05, A-07 to A-09, A-21. */
#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/authres.h"

#include "suites.h"

/* --- A-05, A-07, A-08: whose field is it? ----------------------------------------------------- */

static const struct {
	struct slice value;
	const char *want; /* NULL: cannot be told */
} id_rows[] = {
	{ SLICE("mx.example.com; spf=pass"), "mx.example.com" },
	{ SLICE(" mx.example.com; spf=pass"), "mx.example.com" },
	{ SLICE(" mx.example.com;\n\tspf=pass"), "mx.example.com" },
	{ SLICE("MX.Example.COM; spf=pass"), "MX.Example.COM" },
	{ SLICE("\n mx.example.com\n ;\n spf=pass"), "mx.example.com" },
	{ SLICE("mx.example.com"), "mx.example.com" },
	{ SLICE("mx.example.com "), "mx.example.com" },
	{ SLICE("mx.example.com;"), "mx.example.com" },
	{ SLICE("mx.example.com; none"), "mx.example.com" },
	{ SLICE("mx.example.com;;;junk\" (\\"), "mx.example.com" },
	{ SLICE("mx.example.com 1; spf=pass"), "mx.example.com" },
	{ SLICE("mx.example.com 999999999999999999999999; x"), "mx.example.com" }, /* A_09 */
	{ SLICE("mx.example.com 1 (one) ; spf=pass"), "mx.example.com" },
	{ SLICE("mx.example.com(x)1; spf=pass"), "mx.example.com" },
	{ SLICE("mx.example.com 1"), "mx.example.com" },
	{ SLICE("(a (nested \\) ;) comment) mx.example.com (b); spf=pass"), "mx.example.com" },
	{ SLICE("(a)(b)\n (c)mx.example.com(;)"), "mx.example.com" },
	{ SLICE("\"mx.example.com\"; spf=pass"), "mx.example.com" },
	{ SLICE("\"mx\\.exam\\ple.com\"; spf=pass"), "mx.example.com" },
	{ SLICE("\" mx.example.com \"; spf=pass"), "mx.example.com" },
	{ SLICE("\"mx.example.com\" 1; spf=pass"), "mx.example.com" },
	{ SLICE("\"a;b\"; spf=pass"), "a;b" },
	{ SLICE("example"), "example" },
	{ SLICE("mx_1!#$%&'*+-^`{|}~; none"), "mx_1!#$%&'*+-^`{|}~" },
	{ SLICE("mx.münchen.de; none"), "mx.münchen.de" },
	{ SLICE("\"mx.münchen.de\"; none"), "mx.münchen.de" },
	/* A_08: not far enough */
	{ SLICE(""), NULL },
	{ SLICE("  \n\t"), NULL },
	{ SLICE("(mx.example.com)"), NULL },
	{ SLICE("; mx.example.com; spf=pass"), NULL },
	{ SLICE(";"), NULL },
	{ SLICE("\"\"; spf=pass"), NULL },
	{ SLICE("\" \"; spf=pass"), NULL },
	{ SLICE("spf=pass smtp.mailfrom=a@example.com"), NULL },
	{ SLICE("x mx.example.com; spf=pass"), NULL },
	{ SLICE("1 mx.example.com; spf=pass"), NULL },
	{ SLICE("mx.example.com 1 1; spf=pass"), NULL },
	{ SLICE("mx.example.com 1a; spf=pass"), NULL },
	{ SLICE("mx.example.com spf=pass"), NULL },
	{ SLICE("mx.example.com, spf=pass"), NULL },
	{ SLICE("mx.example.com: spf=pass"), NULL },
	{ SLICE("mx.example.com/1; spf=pass"), NULL },
	{ SLICE("mx.example.com\"1\"; spf=pass"), NULL },
	{ SLICE("\"mx.example.com\"1; spf=pass"), NULL },
	{ SLICE("\"mx\".example.com; spf=pass"), NULL },
	{ SLICE("mx.(x)example.com; spf=pass"), NULL },
	{ SLICE("mx. example.com; spf=pass"), NULL },
	{ SLICE("<mx.example.com>; spf=pass"), NULL },
	{ SLICE("mx@example.com; spf=pass"), NULL },
	{ SLICE("=mx.example.com; spf=pass"), NULL },
	{ SLICE("\"mx.example.com; spf=pass"), NULL },
	{ SLICE("\"mx.example.com\\\"; spf=pass"), NULL },
	{ SLICE("\"mx.example.com\\"), NULL },
	{ SLICE("(x mx.example.com; spf=pass"), NULL },
	{ SLICE("mx.example.com (x; spf=pass"), NULL },
	{ SLICE("mx.example.com ) ; spf=pass"), NULL },
	{ SLICE("mx.exam\0ple.com; spf=pass"), NULL },
	{ SLICE("mx.example.com\0; spf=pass"), NULL },
	{ SLICE("\0mx.example.com; spf=pass"), NULL },
	{ SLICE("\"mx.example.com\0\"; spf=pass"), NULL },
	{ SLICE("\"mx.example.com\\\0\"; spf=pass"), NULL },
	{ SLICE("\"mx.\n example.com\"; spf=pass"), NULL },
	{ SLICE("\"mx. example.com\"; spf=pass"), NULL },
	{ SLICE("\"mx.\x01" "example.com\"; spf=pass"), NULL },
	{ SLICE("mx.\x7f" "example.com; spf=pass"), NULL },
	{ SLICE("mx.m\xfcnchen.de; none"), NULL },
};

START_TEST(A_07_A_08_authserv_id)
{
	struct buf id = BUF_INIT(4096);
	bool ok;

	buf_add_str(&id, "what was there");
	ok = authres_authserv_id(id_rows[_i].value, &id);
	ck_assert_msg(ok == (id_rows[_i].want != NULL), "row \"%.*s\": \"%s\"",
	    SLICE_ARG(id_rows[_i].value), ok ? buf_cstr(&id) : "not told");
	ck_slice_eq(buf_slice(&id), slice_str(id_rows[_i].want));
	buf_free(&id);
}
END_TEST

/* OpenDMARC M#441: others' results are not parsed, so their number means nothing. */
START_TEST(A_27_results_of_others_are_not_read)
{
	struct buf value = BUF_INIT(1u << 20), id = BUF_INIT(256);

	buf_add_str(&value, "mx.example.com");
	for (unsigned i = 0; i < 10000; i++) {
		buf_addf(&value, "; method%u=odd ptype%u.x=y", i, i);
		ck_assert(i % 100 != 0 || authres_authserv_id(buf_slice(&value), &id));
	}
	ck_assert(authres_authserv_id(buf_slice(&value), &id));
	ck_slice_eq(buf_slice(&id), SLICE("mx.example.com"));
	buf_free(&value);
	buf_free(&id);
}
END_TEST

START_TEST(A_08_nesting_has_an_end)
{
	struct buf value = BUF_INIT(65536), id = BUF_INIT(256);

	for (unsigned i = 0; i < LIMIT_COMMENT_DEPTH + (unsigned)_i; i++)
		buf_add_char(&value, '(');
	for (unsigned i = 0; i < LIMIT_COMMENT_DEPTH + (unsigned)_i; i++)
		buf_add_char(&value, ')');
	buf_add_str(&value, "mx.example.com; none");
	ck_assert(authres_authserv_id(buf_slice(&value), &id) == (_i == 0));
	buf_free(&value);
	buf_free(&id);
}
END_TEST

/* --- A-01, A-03: what is written -------------------------------------------------------------- */

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define LOCAL64 LABEL63 "l"

static const struct {
	enum authres_property property;
	struct slice value;
	const char *want; /* NULL: the property is left out */
} value_rows[] = {
	{ AUTHRES_SMTP_MAILFROM, SLICE("example.com"), "smtp.mailfrom=example.com" },
	{ AUTHRES_SMTP_HELO, SLICE("mail_1.Example.com"), "smtp.helo=mail_1.Example.com" },
	{ AUTHRES_HEADER_FROM, SLICE("xn--bcher-kva.example"), "header.from=xn--bcher-kva.example" },
	{ AUTHRES_HEADER_D, SLICE("example.com"), "header.d=example.com" },
	{ AUTHRES_HEADER_S, SLICE("a.b"), "header.s=a.b" },
	{ AUTHRES_HEADER_I, SLICE("a@example.com"), "header.i=a@example.com" },
	{ AUTHRES_HEADER_I, SLICE("@example.com"), "header.i=@example.com" },
	{ AUTHRES_HEADER_I, SLICE("a.b+c-d'e@example.com"), "header.i=a.b+c-d'e@example.com" },
	{ AUTHRES_HEADER_I, SLICE(LOCAL64 "@example.com"), "header.i=" LOCAL64 "@example.com" },
	{ AUTHRES_HEADER_A, SLICE("rsa-sha256"), "header.a=rsa-sha256" },
	{ AUTHRES_HEADER_B, SLICE("AbC12345"), "header.b=AbC12345" },
	{ AUTHRES_HEADER_B, SLICE("AbC12/+="), "header.b=\"AbC12/+=\"" },
	{ AUTHRES_POLICY_DMARC, SLICE("reject"), "policy.dmarc=reject" },
	{ AUTHRES_SMTP_MAILFROM, SLICE(""), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("\0\r\n\xff"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("a@example.com"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("dmarc=pass.example.com"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x; dmarc=pass"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x dmarc=pass header.from=bank.example"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("m\xc3\xbcnchen.de"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("m\xfcnchen.de"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\xc2\xa0header.d=y"), NULL }, /* NO-BREAK SPACE */
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\xe2\x80\x83y.example"), NULL }, /* EM SPACE */
	{ AUTHRES_SMTP_MAILFROM, SLICE("a\xc2\x85.example"), NULL },      /* C1 control */
	{ AUTHRES_SMTP_MAILFROM, SLICE("x (comment)"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\";dkim=pass"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\\"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\r\nX-Injected: y"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("x\0y.example"), NULL },
	{ AUTHRES_SMTP_MAILFROM, SLICE("a b"), NULL },
	{ AUTHRES_SMTP_HELO, SLICE("[192.0.2.1]"), NULL },
	{ AUTHRES_SMTP_HELO, SLICE("[dmarc=pass]"), NULL },
	{ AUTHRES_SMTP_HELO, SLICE("2001:db8::1"), NULL },
	{ AUTHRES_HEADER_D, SLICE("example..com"), NULL },
	{ AUTHRES_HEADER_D, SLICE("example.com."), NULL },
	{ AUTHRES_HEADER_S, SLICE("s dmarc=pass"), NULL },
	{ AUTHRES_HEADER_S, SLICE("s\xe2\x80\xa8"), NULL }, /* LINE SEPARATOR */
	{ AUTHRES_HEADER_I, SLICE("x dmarc=pass header.from=bank.example@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("dmarc=pass@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("a/b@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("\"a b\"@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("\"a@b\"@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("a@b@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("a..b@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE(".a@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("j\xc3\xb6rg@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("a\0b@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE(LOCAL64 "x@example.com"), NULL },
	{ AUTHRES_HEADER_I, SLICE("a@"), NULL },
	{ AUTHRES_HEADER_I, SLICE("@"), NULL },
	{ AUTHRES_HEADER_I, SLICE("example.com"), NULL },
	{ AUTHRES_HEADER_A, SLICE("dmarc=pass"), NULL },
	{ AUTHRES_HEADER_A, SLICE("rsa sha256"), NULL },
	{ AUTHRES_HEADER_A, SLICE("a123456789a123456789a123456789abc"), NULL },
	{ AUTHRES_HEADER_B, SLICE("spf=pass"), NULL },
	{ AUTHRES_HEADER_B, SLICE("===="), NULL },
	{ AUTHRES_HEADER_B, SLICE("abc def"), NULL },
	{ AUTHRES_POLICY_DMARC, SLICE(""), NULL },
};

START_TEST(A_03_A_21_values)
{
	struct authres ar = AUTHRES_INIT;
	struct buf want = BUF_INIT(4096);

	authres_begin(&ar, SLICE("mx.test"));
	authres_result(&ar, "spf", AUTH_PASS);
	authres_property(&ar, value_rows[_i].property, value_rows[_i].value);
	authres_end(&ar);
	buf_add_str(&want, " mx.test;\n\tspf=pass");
	if (value_rows[_i].want != NULL)
		buf_addf(&want, "%s%s", strlen(value_rows[_i].want) > 59 ? "\n\t" : " ",
		    value_rows[_i].want);
	ck_slice_eq(buf_slice(&ar.field.value), buf_slice(&want));
	authres_free(&ar);
	buf_free(&want);
}
END_TEST

/* What a sender may have said in a reason is no result to those who search for words. */
static const struct {
	struct slice text;
	const char *want;
} reason_rows[] = {
	{ SLICE("no key for signature"), "no key for signature" },
	{ SLICE("the \"-all\" of x\\"), "the \\\"-all\\\" of x\\\\" },
	{ SLICE("l= exceeds the length of the body"), "l= exceeds the length of the body" },
	{ SLICE("t=s requires"), "t=s requires" },
	{ SLICE("include:x;dmarc=pass"), "include:x;dmarc:pass" },
	{ SLICE("DMARC=PASSive"), "DMARC:PASSive" },
	{ SLICE("dmarc = pass"), "dmarc : pass" },
	{ SLICE("dmarc=\tpass"), "dmarc=?pass" },
	{ SLICE("dmarc=\x01pass"), "dmarc=?pass" },
	{ SLICE("dmarc=\xc2\xa0pass"), "dmarc=??pass" },
	{ SLICE("x=fail y=none z=softfail"), "x:fail y:none z:softfail" },
	{ SLICE("x=policy;a==pass"), "x:policy;a=:pass" },
	{ SLICE("x\r\ny\0z\x7f"), "x??y?z?" },
	{ SLICE("=pass"), ":pass" },
	{ SLICE("="), "=" },
	{ SLICE(""), "" },
};

START_TEST(reasons_hold_no_result)
{
	struct authres ar = AUTHRES_INIT;
	struct buf want = BUF_INIT(4096);

	authres_begin(&ar, SLICE("mx.test"));
	authres_result(&ar, "spf", AUTH_FAIL);
	authres_reason(&ar, reason_rows[_i].text);
	buf_addf(&want, " mx.test;\n\tspf=fail reason=\"%s\"", reason_rows[_i].want);
	ck_slice_eq(buf_slice(&ar.field.value), buf_slice(&want));
	authres_free(&ar);
	buf_free(&want);
}
END_TEST

static const struct {
	const char *id, *want;
} begin_rows[] = {
	{ "mx.example.com", " mx.example.com; none" },
	{ "mx", " mx; none" },
	{ "mx/1", " \"mx/1\"; none" },
	{ "mx example", " \"mx example\"; none" },
	{ "mx;", " \"mx;\"; none" },
	{ "mx\xe2\x80\xa8", " \"mx???\"; none" },
	{ "", " \"\"; none" },
};

START_TEST(A_01_none)
{
	struct authres ar = AUTHRES_INIT;

	authres_begin(&ar, slice_str(begin_rows[_i].id));
	authres_end(&ar);
	ck_slice_eq(buf_slice(&ar.field.value), slice_str(begin_rows[_i].want));
	authres_free(&ar);
	ck_assert_ptr_null(ar.field.value.ptr);
}
END_TEST

START_TEST(A_01_a_whole_field)
{
	struct authres ar = AUTHRES_INIT;

	authres_begin(&ar, SLICE("mx.example.com"));
	authres_result(&ar, "spf", AUTH_FAIL);
	authres_reason(&ar, SLICE("the \"-all\" of example.org\\"));
	authres_property(&ar, AUTHRES_SMTP_MAILFROM, SLICE("example.org"));
	authres_result(&ar, "dkim", AUTH_PASS);
	authres_comment(&ar, SLICE("2048-bit key (rsa\\)"));
	authres_property(&ar, AUTHRES_HEADER_D, SLICE("example.org"));
	authres_property(&ar, AUTHRES_HEADER_S, SLICE("sel"));
	authres_result(&ar, "dmarc", AUTH_NONE);
	authres_end(&ar);
	ck_slice_eq(buf_slice(&ar.field.value), SLICE(" mx.example.com;\n"
	    "\tspf=fail reason=\"the \\\"-all\\\" of example.org\\\\\"\n"
	    "\tsmtp.mailfrom=example.org;\n"
	    "\tdkim=pass (2048-bit key \\(rsa\\\\\\)) header.d=example.org header.s=sel;\n"
	    "\tdmarc=none"));
	authres_free(&ar);
}
END_TEST

/* A piece that ends in column 76 stays on its line, one more octet folds. */
START_TEST(folding_column)
{
	struct authres ar = AUTHRES_INIT;
	struct buf value = BUF_INIT(256);

	while (value.len < 76 - strlen("        spf=pass smtp.helo=") + (size_t)_i)
		buf_add_char(&value, 'x');
	authres_begin(&ar, SLICE("mx"));
	authres_result(&ar, "spf", AUTH_PASS);
	authres_property(&ar, AUTHRES_SMTP_HELO, buf_slice(&value));
	ck_assert(slice_starts_with(buf_slice(&ar.field.value), _i == 0 ? SLICE(" mx;\n\tspf=pass smtp") :
	    SLICE(" mx;\n\tspf=pass\n\tsmtp")));
	authres_free(&ar);
	buf_free(&value);
}
END_TEST

START_TEST(lines_are_short)
{
	static const char text[] = 
	    "a comment of several words, to be folded between any two of them";
	struct authres ar = AUTHRES_INIT;
	struct slice rest;

	authres_begin(&ar, SLICE("mx.example.com"));
	for (size_t i = 0; i < sizeof(text); i++) {
		authres_result(&ar, "dkim", AUTH_FAIL);
		authres_reason(&ar, slice_of(text, i / 2));
		authres_comment(&ar, slice_of(text, i));
		authres_property(&ar, AUTHRES_HEADER_D, SLICE("example.com"));
	}
	authres_end(&ar);
	rest = buf_slice(&ar.field.value);
	ck_assert_uint_le(slice_split(&rest, '\n').len + strlen("Authentication-Results:"), 77);
	while (!slice_is_null(rest))
		ck_assert_uint_le(slice_split(&rest, '\n').len + 7, 77);
	authres_free(&ar);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	static const char *const units[] = { "x", "\"", "a b ", "ü", "\\" };
	struct authres ar = AUTHRES_INIT;
	struct buf text = BUF_INIT(65536);
	struct slice rest, line;

	while (text.len < 5000)
		buf_add_str(&text, units[_i]);
	authres_begin(&ar, buf_slice(&text));
	authres_result(&ar, "spf", AUTH_FAIL);
	authres_reason(&ar, buf_slice(&text));
	authres_comment(&ar, buf_slice(&text));
	rest = buf_slice(&ar.field.value);
	ck_assert_uint_gt(rest.len, 3 * 480);
	ck_assert_uint_lt(rest.len, 3 * 560);
	ck_assert(utf8_valid(rest));
	for (line = slice_split(&rest, '\n'); !slice_is_null(rest); line = slice_split(&rest, '\n'))
		ck_assert_uint_le(line.len, 514);
	ck_assert(slice_iends_with(buf_slice(&ar.field.value), SLICE("...)")));
	authres_free(&ar);
	buf_free(&text);
}
END_TEST

/* An address as long as SMTP allows is not cut. */
START_TEST(longest_address_is_whole)
{
	struct authres ar = AUTHRES_INIT;
	struct buf text = BUF_INIT(1024);

	while (text.len < 64)
		buf_add_char(&text, 'l');
	buf_add_char(&text, '@');
	while (text.len < 64 + 1 + 253)
		buf_add_str(&text, text.len % 64 == 0 ? "." : "d");
	authres_begin(&ar, SLICE("mx"));
	authres_result(&ar, "spf", AUTH_PASS);
	authres_property(&ar, AUTHRES_HEADER_I, buf_slice(&text));
	ck_assert(slice_iends_with(buf_slice(&ar.field.value), buf_slice(&text)));
	authres_free(&ar);
	buf_free(&text);
}
END_TEST

/* Too much for one field: properties go, every result stays, and the field is whole. */
START_TEST(results_stay_when_it_is_full)
{
	struct authres ar = AUTHRES_INIT;
	struct buf text = BUF_INIT(1024);
	size_t count = 0;
	struct slice rest;

	while (text.len < 450)
		buf_add_str(&text, "x;");
	authres_begin(&ar, SLICE("mx.example.com"));
	for (int i = 0; i < 200; i++) {
		authres_result(&ar, "dkim", AUTH_PASS);
		authres_reason(&ar, buf_slice(&text));
		authres_comment(&ar, buf_slice(&text));
		authres_property(&ar, AUTHRES_HEADER_A, SLICE("rsa-sha256"));
	}
	authres_result(&ar, "dmarc", AUTH_FAIL);
	authres_end(&ar);
	ck_assert(!buf_failed(&ar.field.value));
	rest = buf_slice(&ar.field.value);
	while (!slice_is_null(rest))
		count += slice_starts_with(slice_split(&rest, '\n'), SLICE("\tdkim=pass"));
	ck_assert_uint_eq(count, 200);
	ck_assert(slice_iends_with(buf_slice(&ar.field.value), SLICE(";\n\tdmarc=fail")));
	authres_free(&ar);
	buf_free(&text);
}
END_TEST

/* --- A-21: a small reader of its own that believes every field it gets ------------------------ */

struct reader {
	const char *at, *end;
};

static void read_cfws(struct reader *r)
{
	int depth = 0;

	while (r->at < r->end && (depth > 0 || *r->at == '(' || is_fws(*r->at))) {
		if (*r->at == '(')
			depth++;
		else if (*r->at == ')')
			depth--;
		else if (*r->at == '\\')
			r->at++;
		r->at++;
	}
	ck_assert_int_eq(depth, 0);
}

/* A word up to a delimiter, or a quoted-string. */
static struct slice read_word(struct reader *r)
{
	const char *from = r->at;

	if (r->at < r->end && *r->at == '"') {
		for (r->at++; r->at < r->end && *r->at != '"'; r->at++)
			if (*r->at == '\\')
				r->at++;
			else
				ck_assert_msg(*r->at != '\n', "a fold in a quoted-string");
		ck_assert_msg(r->at < r->end, "a quoted string without an end");
		r->at++;
	} else {
		while (r->at < r->end && !is_fws(*r->at) && strchr(";()\"", *r->at) == NULL)
			r->at++;
	}
	return slice_between(from, r->at);
}

/* "method=result[ name=]..." of each result, one a line: values are not shown. */
static void read_field(struct slice value, struct buf *out)
{
	struct reader r = { value.ptr, value.ptr + value.len };

	read_cfws(&r);
	read_word(&r);
	for (read_cfws(&r); r.at < r.end; read_cfws(&r)) {
		struct slice word, name;

		if (*r.at == ';') {
			buf_add_char(out, '\n');
			r.at++;
			continue;
		}
		word = read_word(&r);
		ck_assert_uint_gt(word.len, 0);
		name = slice_take(word, slice_find(word, '='));
		if (slice_find(name, '.') < name.len || slice_eq(name, SLICE("reason"))) {
			buf_addf(out, " %.*s", SLICE_ARG(name));
			if (name.len + 1 == word.len) /* the value is a quoted-string */
				read_word(&r);
		} else {
			buf_add(out, word);
		}
	}
}

static void check_octets(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		ck_assert(is_vchar(value.ptr[i]) || value.ptr[i] == ' ' ||
		    (value.ptr[i] == '\n' && value.ptr[i + 1] == '\t') ||
		    (value.ptr[i] == '\t' && i > 0 && value.ptr[i - 1] == '\n'));
}

static void hostile(struct buf *out, uint32_t seed)
{
	static const char *const units[] = { ";", "\"", "\\", "(", ")", "=", "@", ".", ",", " ",
		"\t", "\r", "\n", "\r\n ", "dkim=pass", "; dmarc=pass", "header.from=x", "\xff",
		"\xc3\xbc", "\x01", "\x7f", "a", "b.c", "/", "<", ">", "%s", "mx.test", 
		"\xe2\x80\xa8", "reason=", "\"; x=y \"" };
	uint32_t state = seed * 2654435761u + 12345;
	uint32_t count = (state >> 16) % 12;

	buf_clear(out);
	for (uint32_t i = 0; i < count; i++) {
		state = state * 1664525u + 1013904223u;
		if ((state >> 16) % 33 == 32)
			buf_add(out, SLICE("\0"));
		else
			buf_add_str(out, units[(state >> 16) % 33 % N_ELEMENTS(units)]);
	}
}

START_TEST(A_21_nothing_adds_a_result)
{
	struct buf text = BUF_INIT(4096), got = BUF_INIT(65536), want = BUF_INIT(65536);
	struct authres ar = AUTHRES_INIT;

	for (uint32_t round = 0; round < 25; round++) {
		static const struct {
			enum authres_property property;
			const char *name;
		} names[] = { { AUTHRES_HEADER_I, "i" }, { AUTHRES_HEADER_S, "s" },
			{ AUTHRES_HEADER_B, "b" } };

		buf_clear(&got);
		buf_clear(&want);
		authres_begin(&ar, SLICE("mx.test"));
		authres_result(&ar, "dkim", AUTH_FAIL);
		buf_add_str(&want, "\ndkim=fail");
		hostile(&text, ((uint32_t)_i * 25 + round) * 8);
		authres_reason(&ar, buf_slice(&text));
		buf_add_str(&want, " reason");
		for (uint32_t i = 0; i < N_ELEMENTS(names); i++) {
			size_t before;

			hostile(&text, ((uint32_t)_i * 25 + round) * 8 + i + 1);
			authres_comment(&ar, buf_slice(&text));
			before = ar.field.value.len;
			authres_property(&ar, names[i].property, buf_slice(&text));
			if (ar.field.value.len > before)
				buf_addf(&want, " header.%s", names[i].name);
		}
		authres_result(&ar, "spf", AUTH_NONE);
		buf_add_str(&want, "\nspf=none");
		authres_end(&ar);
		check_octets(buf_slice(&ar.field.value));
		read_field(buf_slice(&ar.field.value), &got);
		ck_assert_msg(slice_eq(buf_slice(&got), buf_slice(&want)),
		    "field \"%s\" reads as %s", buf_cstr(&ar.field.value), buf_cstr(&got));
		authres_free(&ar);
	}
	buf_free(&text);
	buf_free(&got);
	buf_free(&want);
}
END_TEST

/* What we write, we recognise. */
START_TEST(A_05_own_field_is_found)
{
	struct authres ar = AUTHRES_INIT;
	struct buf id = BUF_INIT(256);

	authres_begin(&ar, slice_str(begin_rows[_i].id));
	authres_result(&ar, "spf", AUTH_PASS);
	authres_end(&ar);
	if (_i < 2) {
		ck_assert(authres_authserv_id(buf_slice(&ar.field.value), &id));
		ck_slice_eq(buf_slice(&id), slice_str(begin_rows[_i].id));
	}
	authres_free(&ar);
	buf_free(&id);
}
END_TEST

Suite *authres_suite(void)
{
	Suite *s = suite_create("mail/authres");

	UNIT_TABLE(s, A_07_A_08_authserv_id, id_rows);
	UNIT_TEST(s, A_27_results_of_others_are_not_read);
	unit_table(s, "A_08 nesting", A_08_nesting_has_an_end, 2);
	UNIT_TABLE(s, A_03_A_21_values, value_rows);
	UNIT_TABLE(s, reasons_hold_no_result, reason_rows);
	UNIT_TABLE(s, A_01_none, begin_rows);
	UNIT_TEST(s, A_01_a_whole_field);
	unit_table(s, "folding column", folding_column, 2);
	UNIT_TEST(s, lines_are_short);
	unit_table(s, "long texts", long_texts_are_cut, 5);
	UNIT_TEST(s, longest_address_is_whole);
	UNIT_TEST(s, results_stay_when_it_is_full);
	unit_table(s, "A_21 hostile values", A_21_nothing_adds_a_result, 40);
	unit_table(s, "A_05 own field", A_05_own_field_is_found, 3);
	return s;
}
