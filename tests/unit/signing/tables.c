/* tables.h: OpenDKIM's files as administrators have them, and what is told about mistakes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "signing/tables.h"

#include "signing/tablefile.h"

#include "files.h"
#include "suites.h"

static const struct {
	const char *pattern, *text;
	bool want;
} glob_rows[] = {
	{ "*", "", true },
	{ "*", "anything", true },
	{ "a@b", "a@b", true },
	{ "*@b.org", "x@b.org", true },
	{ "*@b.org", "@b.org", true },
	{ "*@*.b.org", "x@a.b.org", true },
	{ "a*c*e", "abcde", true },
	{ "a*c*e", "ace", true },
	{ "*a*a*a", "aaaa", true },
	{ "**", "x", true },
	{ "a+b@c", "a+b@c", true },
	{ "", "", true },
	{ "", "x", false },
	{ "a", "", false },
	{ "*@b.org", "x@b.orgx", false },
	{ "*@b.org", "x@bxorg", false }, /* "." is itself */
	{ "*@*.b.org", "x@b.org", false },
	{ "a*c*e", "aec", false },
	{ "a*", "ba", false },
	{ "*a", "ab", false },
	{ "a@b.org", "a@b.org.evil", false },
	{ "a@b.org", "evil-a@b.org", false },
	{ "*a*a*a*a*a*a*a*a*a*a*b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    false },
};

START_TEST(globs)
{
	ck_assert_msg(table_glob(slice_str(glob_rows[_i].pattern), slice_str(glob_rows[_i].text)) ==
	    glob_rows[_i].want, "%s against %s", glob_rows[_i].pattern, glob_rows[_i].text);
}
END_TEST

/* --- two tables ----------------------------------------------------------------------------- */

/* "DIR" in a text stands for the directory with the keys: */
static void make_keys(const char *dir)
{
	files_key(dir, "a.pem", "ed25519.pem", 0600);
	files_key(dir, "b.pem", "rsa2048.pem", 0600);
	files_key(dir, "open.pem", "rsa2048.pem", 0644);
	files_key(dir, "short.pem", "rsa512.pem", 0600);
	files_key(dir, "per/a.org/mail", "ed25519.pem", 0600);
	files_key(dir, "per/b.org/mail", "ed25519.pem", 0644);
}

static void write_table(const char *dir, const char *name, const char *text)
{
	struct buf out = BUF_INIT(1u << 20);
	struct slice rest = slice_str(text);

	while (rest.len > 0) {
		if (slice_starts_with(rest, SLICE("DIR"))) {
			buf_add_str(&out, dir);
			rest = slice_drop(rest, 3);
		} else {
			buf_add_char(&out, *rest.ptr);
			rest = slice_drop(rest, 1);
		}
	}
	files_write(dir, name, buf_cstr(&out), 0644);
	buf_free(&out);
}

static enum rc load(const char *dir, const char *kind, bool multiple, const char *keys,
    const char *addresses, struct sign_tables **out, struct err *err)
{
	struct buf key_spec = BUF_INIT(4096), sign_spec = BUF_INIT(4096);
	enum rc rc;

	make_keys(dir);
	write_table(dir, "KeyTable", keys);
	write_table(dir, "SigningTable", addresses);
	buf_addf(&key_spec, "%s%s/KeyTable", kind, dir);
	buf_addf(&sign_spec, "%s%s/SigningTable", kind, dir);
	rc = sign_tables_load(buf_cstr(&key_spec), buf_cstr(&sign_spec), multiple, NULL, out, err);
	buf_free(&key_spec);
	buf_free(&sign_spec);
	return rc;
}

static const char simple_keys[] = "a a.org:sa:DIR/a.pem\n" "b b.org:sb:DIR/b.pem\n"
    "c c.org:sc:DIR/a.pem\n";

/* want: "selector[/identity]" of each match */
static const struct {
	const char *name, *kind;
	bool multiple;
	const char *keys, *addresses, *address, *want;
} find_rows[] = {
	/* file: the six steps, in their order */
	{ "user@host", "file:", false, simple_keys, "x@n.a.org a\nn.a.org b\n", "x@n.a.org", "sa" },
	{ "host", "file:", false, simple_keys, ".a.org a\nn.a.org b\n", "x@n.a.org", "sb" },
	{ "user@.parent", "file:", false, simple_keys, ".a.org a\nx@.a.org b\n", "x@n.a.org",
	    "sb" },
	{ ".parent", "file:", false, simple_keys, ".org c\n.a.org a\n", "x@n.a.org", "sa" },
	{ ".grandparent", "file:", false, simple_keys, "x@* c\n.org b\n", "x@n.a.org", "sb" },
	{ "user@*", "file:", false, simple_keys, "* c\nx@* b\n", "x@n.a.org", "sb" },
	{ "*", "file:", false, simple_keys, "* c\n", "x@n.a.org", "sc" },
	{ "the plain path is file:", "", false, simple_keys, "* c\n", "x@n.a.org", "sc" },
	{ ".parent is not the host", "file:", false, simple_keys, ".a.org a\n", "x@a.org", "" },
	{ "a pattern is no pattern in file:", "file:", false, simple_keys, "*@a.org a\n", "x@a.org",
	    "" },
	{ "nothing fits", "file:", false, simple_keys, "b.org a\n", "x@a.org", "" },
	{ "no suffix of a label", "file:", false, simple_keys, ".a.org a\na.org b\n", "x@evila.org",
	    "" },
	{ "letter case", "file:", false, simple_keys, "X@N.a.Org a\n", "x@n.a.org", "sa" },
	{ "letter case of the local part", "file:", false, simple_keys, "x@a.org a\n", "X@a.org",
	    "sa" },
	{ "U-labels", "file:", false, simple_keys, "m\xc3\xbcnchen.de a\n", "x@xn--mnchen-3ya.de",
	    "sa" },
	{ "U-labels below a parent", "file:", false, simple_keys, ".m\xc3\xbcnchen.de a\n",
	    "x@y.xn--mnchen-3ya.de", "sa" },
	{ "all that fit, in order", "file:", true, simple_keys, "* c\nx@a.org b\na.org a\n",
	    "x@a.org", "sb sa sc" },
	{ "two keys for one name", "file:", true, simple_keys, "a.org b\na.org a\n", "x@a.org",
	    "sb sa" },
	{ "two keys for one name, one wanted", "file:", false, simple_keys, "a.org b\na.org a\n",
	    "x@a.org", "sb" },
	{ "the same key twice signs once", "file:", true, simple_keys, "x@a.org b\na.org b\n",
	    "x@a.org", "sb" },
	/* refile: the first that fits */
	{ "in order", "refile:", false, simple_keys, "*@b.org b\n* c\n*@a.org a\n", "x@a.org",
	    "sc" },
	{ "in order, hashed first", "refile:", false, simple_keys, "*@a.org a\n* c\n", "x@a.org",
	    "sa" },
	{ "exact address", "refile:", false, simple_keys, "x@a.org b\n*@a.org a\n", "x@a.org",
	    "sb" },
	{ "exact address later", "refile:", false, simple_keys, "*@a.org a\nx@a.org b\n", "x@a.org",
	    "sa" },
	{ "below", "refile:", false, simple_keys, "*@a.org b\n*@*.a.org a\n", "x@n.m.a.org", "sa" },
	{ "below is not at", "refile:", false, simple_keys, "*@*.a.org a\n", "x@a.org", "" },
	{ "any form", "refile:", false, simple_keys, "x*@a.* b\n", "xyz@a.org", "sb" },
	{ "any form, no fit", "refile:", false, simple_keys, "x*@a.* b\n", "yx@a.org", "" },
	{ "a host alone fits no address", "refile:", false, simple_keys, "a.org b\n", "x@a.org",
	    "" },
	{ "a dot is a dot", "refile:", false, simple_keys, "*@a.org b\n", "x@axorg", "" },
	{ "all that fit", "refile:", true, simple_keys, "*@b.org b\n* c\n*@a.org a\nx@a.org b\n",
	    "x@a.org", "sc sa sb" },
	{ "letter case", "refile:", false, simple_keys, "*@A.ORG a\n", "X@a.org", "sa" },
	/* names, comments, blanks */
	{ "comments", "file:", false, "# k\na a.org:sa:DIR/a.pem # x\n\n \t\n",
	    "# t\n a.org\ta #b\n", "x@a.org", "sa" },
	{ "CRLF, no end of line", "file:", false, "a a.org:sa:DIR/a.pem\r\n", "a.org a", "x@a.org",
	    "sa" },
	{ "blanks around fields", "file:", false, "a  a.org : sa : DIR/a.pem\n", "a.org a\n",
	    "x@a.org", "sa" },
	{ "algorithm", "file:", false, "a a.org:sa:DIR/a.pem:ed25519-sha256\n", "a.org a\n",
	    "x@a.org", "sa" },
	/* the author's domain */
	{ "% as d=", "file:", false, "a %:sa:DIR/a.pem\n", "* a\n", "x@n.a.org", "sa" },
	{ "% as the key's name", "file:", false, "a.org a.org:sa:DIR/a.pem\n", "* %\n", "x@a.org",
	    "sa" },
	{ "% as the key's name, none of it", "file:", false, simple_keys, "* %\n", "x@a.org", "" },
	{ "% as the key's name, then another", "file:", false, simple_keys, "x@a.org %\na.org b\n",
	    "x@a.org", "sb" },
	{ "% in the path", "file:", false, "k %:mail:DIR/per/%/mail\n", "* k\n", "x@a.org",
	    "mail" },
	{ "% in the path, no file", "file:", false, "k %:mail:DIR/per/%/mail\n", "* k\n", "x@c.org",
	    "" },
	{ "% in the path, not private", "file:", false, "k %:mail:DIR/per/%/mail\n", "* k\n",
	    "x@b.org", "!" },
	/* one bad line costs its own domain */
	{ "beside a bad key", "file:", false, "b b.org:sb:DIR/open.pem\na a.org:sa:DIR/a.pem\n",
	    "b.org b\na.org a\n", "x@a.org", "sa" },
	{ "the bad key", "file:", false, "b b.org:sb:DIR/open.pem\na a.org:sa:DIR/a.pem\n",
	    "b.org b\na.org a\n", "x@b.org", "!" },
	{ "a bad key, then a good one", "file:", false,
	    "b b.org:sb:DIR/open.pem\na a.org:sa:DIR/a.pem\n", "b.org b\n* a\n", "x@b.org", "sa!" },
	{ "a key of another kind", "file:", false, "b b.org:s:DIR/b.pem:ed25519-sha256\n", "* b\n",
	    "x@b.org", "!" },
	{ "beside a bad line", "file:", false, "nonsense\na a.org:sa:DIR/a.pem\n",
	    "b.org nonsense\nc.org\na.org a\n", "x@a.org", "sa" },
	/* identity */
	{ "signer", "file:", false, simple_keys, "a.org a:joe@a.org\n", "x@a.org", "sa/joe@a.org" },
	{ "signer without local part", "file:", false, simple_keys, "a.org a:@n.a.org\n", "x@a.org",
	    "sa/@n.a.org" },
	{ "signer without @", "file:", false, simple_keys, "a.org a:n.a.org\n", "x@a.org",
	    "sa/@n.a.org" },
	{ "% in the signer", "file:", false, simple_keys, ".a.org a:@%\n", "x@n.a.org",
	    "sa/@n.a.org" },
	/* what is no address */
	{ "no domain", "file:", false, simple_keys, "* a\n", "x", "" },
	{ "no local part", "file:", false, simple_keys, "a.org a\n", "@a.org", "sa" },
	{ "a literal", "file:", false, simple_keys, "* a\n", "x@[192.0.2.1]", "" },
};

START_TEST(finding)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	struct table_matches found;
	struct slice got = SLICE("");

	ck_assert_msg(load(dir, find_rows[_i].kind, find_rows[_i].multiple, find_rows[_i].keys,
	    find_rows[_i].addresses, &t, &err) == RC_OK, "%s: %s", find_rows[_i].name,
	    buf_cstr(&err.text));
	ck_assert_int_eq(sign_tables_find(t, a, slice_str(find_rows[_i].address), &found), RC_OK);
	for (size_t i = 0; i < found.count; i++) {
		const struct table_match *m = &found.items[i];

		ck_assert_ptr_nonnull(m->key);
		ck_assert(m->domain.len > 0);
		got = arena_printf(a, "%.*s%s%.*s%s%.*s", SLICE_ARG(got), i == 0 ? "" : " ",
		    SLICE_ARG(m->selector), m->identity.len > 0 ? "/" : "",
		    SLICE_ARG(m->identity));
	}
	if (found.unusable)
		got = arena_printf(a, "%.*s!", SLICE_ARG(got));
	ck_assert_msg(slice_eq(got, slice_str(find_rows[_i].want)), "%s: \"%.*s\", not \"%s\"",
	    find_rows[_i].name, SLICE_ARG(got), find_rows[_i].want);
	sign_tables_free(&t);
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(domains_of_matches)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	struct table_matches found;

	ck_assert_int_eq(load(dir, "file:", true, "one %:s1:DIR/a.pem\ntwo B.org:s2:DIR/b.pem\n",
	    "* one\n* two\n", &t, &err), RC_OK);
	ck_assert_int_eq(sign_tables_find(t, a, SLICE("x@N.a.org"), &found), RC_OK);
	ck_assert_uint_eq(found.count, 2);
	ck_slice_eq(found.items[0].domain, SLICE("n.a.org"));
	ck_slice_eq(found.items[1].domain, SLICE("b.org"));
	ck_assert_int_eq((int)private_key_type(found.items[0].key), KEY_ED25519);
	ck_assert_int_eq((int)private_key_type(found.items[1].key), KEY_RSA);
	sign_tables_free(&t);
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

/* --- mistakes ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *kind, *keys, *addresses;
	size_t findings;
	const char *want; /* a part of the messages */
} bad_rows[] = {
	{ "no value (K#118)", "refile:", simple_keys, "*@a.org\n", 2,
	    "SigningTable:1: *@a.org: the name of a key is missing after it" },
	{ "no value in file:", "file:", simple_keys, "b.org b\na.org\n", 1,
	    "SigningTable:2: a.org:" },
	{ "no such key", "file:", simple_keys, "a.org A\n", 2,
	    "SigningTable:1: A: the key table has no line of that name" },
	{ "a regular expression", "refile:", simple_keys, "(x|y)@a.org a\n", 2,
	    "\"*\" is the only wildcard" },
	{ "another one", "refile:", simple_keys, "^.*@a\\.org$ a\n", 2, "\"*\" is the only wildcard" },
	{ "identity elsewhere (S-14)", "file:", simple_keys, "a.org a:@b.org\n", 2,
	    "the identity is not in the domain of the key" },
	{ "identity that only looks so", "file:", simple_keys, "a.org a:@evila.org\n", 2,
	    "the identity is not in the domain of the key" },
	{ "a key without fields", "file:", "a\n", "a.org a\n", 1,
	    "KeyTable:1: write domain:selector:/path/to/key" },
	{ "two fields", "file:", "a a.org:s\n", "a.org a\n", 1,
	    "KeyTable:1: write domain:selector" },
	{ "no path", "file:", "a a.org:s:\n", "a.org a\n", 1, "the path of the key is missing" },
	{ "no domain", "file:", "a a,org:s:DIR/a.pem\n", "a.org a\n", 1, "is not a domain name" },
	{ "no selector", "file:", "a a.org::DIR/a.pem\n", "a.org a\n", 1, "is not a selector" },
	{ "a strange selector", "file:", "a a.org:s s:DIR/a.pem\n", "a.org a\n", 1,
	    "is not a selector" },
	{ "a relative path", "file:", "a a.org:s:./a.pem\n", "a.org a\n", 1,
	    "write the full path" },
	{ "no such file", "file:", "a a.org:s:DIR/none.pem\n", "a.org a\n", 1,
	    "none.pem: No such file" },
	{ "no such file: the line", "file:", "\na a.org:s:DIR/none.pem\n", "a.org a\n", 1,
	    "KeyTable:2: " },
	{ "open to all (S-37)", "file:", "a a.org:s:DIR/open.pem\n", "a.org a\n", 1,
	    "open.pem: open to everybody" },
	{ "too short (S-02)", "file:", "a a.org:s:DIR/short.pem\n", "a.org a\n", 1, "short.pem" },
	{ "one bad file, many lines", "file:", "a a.org:s:DIR/open.pem\nb b.org:s:DIR/open.pem\n",
	    "a.org a\n", 1, "KeyTable:1: " },
	{ "no key inline", "file:", "a a.org:s:nonsense\n", "a.org a\n", 1, "KeyTable:1" },
	{ "rsa-sha1 (S-01)", "file:", "a a.org:s:DIR/b.pem:rsa-sha1\n", "a.org a\n", 1,
	    "rsa-sha1" },
	{ "the wrong algorithm", "file:", "a a.org:s:DIR/b.pem:ed25519-sha256\n", "a.org a\n", 1,
	    "key type does not match" },
	{ "a pattern for a key", "refile:", "*.a a.org:s:DIR/b.pem\n", "*@a.org *.a\n", 4,
	    "a key name cannot be a pattern" },
	{ "no key at all", "file:", "# none\n", "a.org a\n", 3, "KeyTable: contains no key" },
	{ "no address at all", "file:", simple_keys, "\n# none\n", 1,
	    "SigningTable: contains no line that can be used" },
	{ "a pattern in file:", "file:", simple_keys, "*@a.org a\n", 1,
	    "SigningTable:1: *@a.org: never matches in a table without patterns: write \"refile:\"" },
	{ "another pattern in file:", "file:", simple_keys, "*.a.org a\nx@* b\n* a\n", 1,
	    "SigningTable:1: *.a.org: never matches" },
	{ "a domain alone in refile:", "refile:", simple_keys, "a.org a\n*@a.org a\n", 1,
	    "SigningTable:1: a.org: never matches" },
	{ "everything at once", "file:", "a a.org:s\nb b.org:s:DIR/open.pem\n",
	    "a.org\nb.org b\nc.org c\n", 4, "SigningTable:3: c:" },
};

START_TEST(mistakes)
{
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	enum rc rc = load(dir, bad_rows[_i].kind, false, bad_rows[_i].keys, bad_rows[_i].addresses,
	    &t, &err);

	ck_assert_msg(rc == RC_OK, "%s: rc %d\n%s", bad_rows[_i].name, rc, buf_cstr(&err.text));
	ck_assert_msg(err.count == 0 && err.findings == bad_rows[_i].findings, "%s: %zu findings\n%s",
	    bad_rows[_i].name, err.findings, buf_cstr(&err.text));
	ck_assert_msg(strstr(buf_cstr(&err.text), bad_rows[_i].want) != NULL, "%s:\n%s",
	    bad_rows[_i].name, buf_cstr(&err.text));
	sign_tables_free(&t);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(missing_tables)
{
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;

	ck_assert_int_eq(sign_tables_load("/nonexistent/K", "refile:/nonexistent/S", false, NULL, &t,
	    &err), RC_CONFIG);
	ck_assert_uint_eq(err.count, 2);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "/nonexistent/K: "));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "/nonexistent/S: "));
	err_free(&err);
}
END_TEST

START_TEST(writable_by_all_warns)
{
	char *dir = files_dir(), *path = files_path(dir, "KeyTable");
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct err err = ERR_INIT;
	struct table_file f;

	files_write(dir, "KeyTable", "x y\n", 0644);
	ck_assert_int_eq(table_open(path, a, &f, &err), RC_OK);
	ck_assert_uint_eq(err.warnings, 0);
	files_write(dir, "KeyTable", "x y\n", 0666);
	ck_assert_int_eq(table_open(path, a, &f, &err), RC_OK);
	ck_assert_uint_eq(err.warnings, 1);
	arena_free(&a);
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

START_TEST(a_name_twice_warns)
{
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;

	ck_assert_int_eq(load(dir, "file:", false, "a a.org:s:DIR/a.pem\na b.org:t:DIR/b.pem\n",
	    "a.org a\n", &t, &err), RC_OK);
	ck_assert_uint_eq(err.warnings, 1);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "KeyTable:2: "));
	sign_tables_free(&t);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(described)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	struct slice *texts = NULL;
	size_t count = 0;

	ck_assert_int_eq(load(dir, "refile:", false, "a a.org:sa:DIR/a.pem\nb b.org:sb:DIR/open.pem\n",
	    "*@a.org a\n*@b.org b\n*@c.org %\n", &t, &err), RC_OK);
	ck_assert_int_eq(sign_tables_describe(t, a, &texts, &count), RC_OK);
	ck_assert_uint_eq(count, 2);
	ck_slice_eq(texts[0], SLICE("*@a.org (sa)"));
	ck_slice_eq(texts[1], SLICE("*@c.org (by domain)"));
	sign_tables_free(&t);
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

static bool is_of(void *ctx, const struct signing_key *key)
{
	return domain_eq(key->domain, *(const struct domain *)ctx);
}

/* What the status shows: by names and what was tried before, without a decoded key. */
START_TEST(keys_known)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	struct signing_key *keys = NULL;
	struct domain of = { SLICE("a.org") };
	struct sign_tables_wanted wanted = { is_of, &of };
	struct table_matches found;
	size_t count = 0;

	ck_assert_int_eq(load(dir, "refile:", false, "a a.org:sa:DIR/a.pem\nc c.org:sc:DIR/open.pem\n"
	    "p %:sp:DIR/per/%/mail\n", "*@a.org a\n*@c.org c\n*@b.org p\n*@d.org p\n", &t, &err), RC_OK);
	for (int tried = 0; tried < 2; tried++) {
		ck_assert_int_eq(sign_tables_keys(t, a, NULL, &keys, &count), RC_OK);
		ck_assert_uint_eq(count, 3); /* there is no file for d.org */
		ck_assert(keys[0].key == NULL && !keys[0].unusable);
		ck_assert(keys[1].key == NULL && keys[1].unusable);
		ck_assert(keys[2].key == NULL && keys[2].unusable == (tried == 1));
		ck_assert_int_eq(sign_tables_find(t, a, SLICE("x@b.org"), &found), RC_OK);
	}
	ck_assert_int_eq(sign_tables_keys(t, a, &wanted, &keys, &count), RC_OK);
	ck_assert(count == 3 && keys[0].key != NULL && keys[1].unusable && keys[2].unusable);
	of = keys[1].domain;
	ck_assert_int_eq(sign_tables_keys(t, a, &wanted, &keys, &count), RC_OK);
	ck_assert(count == 3 && keys[0].key == NULL && !keys[0].unusable);
	sign_tables_free(&t);
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

/* --- keys in the table ---------------------------------------------------------------------- */

/* The base64 of a PEM file, its lines joined; with the armour when it is wanted. */
static void add_joined(struct buf *out, const char *dir, const char *file, bool armour)
{
	char *path = files_path(dir, file);
	size_t len = 0;
	char *text = unit_read_file(path, &len);
	struct slice rest = slice_of(text, len);

	ck_assert_ptr_nonnull(text);
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		if (armour || !slice_starts_with(line, SLICE("-----")))
			buf_add(out, line);
	}
	free(text);
	free(path);
}

static const struct {
	const char *key;
	bool armour;
	enum key_type type;
} inline_rows[] = {
	{ "rsa2048.pem", false, KEY_RSA },
	{ "rsa2048.pem", true, KEY_RSA },
	{ "rsa2048-pkcs1.pem", false, KEY_RSA },
	{ "rsa2048-pkcs1.pem", true, KEY_RSA },
	{ "ed25519.pem", false, KEY_ED25519 },
	{ "ed25519.pem", true, KEY_ED25519 },
};

START_TEST(inline_keys)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct buf table = BUF_INIT(1u << 16);
	struct err err = ERR_INIT;
	struct sign_tables *t = NULL;
	struct table_matches found;

	files_key(dir, "inline.pem", inline_rows[_i].key, 0600);
	buf_add_str(&table, "k a.org:s:");
	add_joined(&table, dir, "inline.pem", inline_rows[_i].armour);
	buf_add_char(&table, '\n');
	ck_assert_msg(load(dir, "file:", false, buf_cstr(&table), "a.org k\n", &t, &err) == RC_OK,
	    "%s", buf_cstr(&err.text));
	ck_assert_int_eq(sign_tables_find(t, a, SLICE("x@a.org"), &found), RC_OK);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_int_eq((int)private_key_type(found.items[0].key), (int)inline_rows[_i].type);
	buf_free(&table);
	sign_tables_free(&t);
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

Suite *tables_suite(void)
{
	Suite *s = suite_create("tables");

	UNIT_TABLE(s, globs, glob_rows);
	UNIT_TABLE(s, finding, find_rows);
	UNIT_TEST(s, domains_of_matches);
	UNIT_TABLE(s, mistakes, bad_rows);
	UNIT_TEST(s, missing_tables);
	UNIT_TEST(s, writable_by_all_warns);
	UNIT_TEST(s, a_name_twice_warns);
	UNIT_TEST(s, described);
	UNIT_TEST(s, keys_known);
	UNIT_TABLE(s, inline_keys, inline_rows);
	return s;
}
