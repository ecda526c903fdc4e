/* select.h: S-33, S-34, X-05, X-06; design "Whose name may be signed". */
#include <stdlib.h>

#include "signing/select.h"
#include "signing/tables.h"

#include "files.h"
#include "suites.h"

/* --- one world for all rows ------------------------------------------------------------------ */

static void make_world(const char *dir)
{
	files_key(dir, "keys/a.org/s.pem", "rsa2048.pem", 0600);
	files_key(dir, "keys/a.org/e.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/own.a.org/s.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/b.org/s.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/sub.b.org/own.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/c.org/s.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/fall.back/f.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/p.org/s.pending.pem", "ed25519.pem", 0600);
	files_key(dir, "keys/bad.org/s.pem", "ed25519.pem", 0644);
}

static struct slice user_joe[] = { { "joe", 3 }, { "ann@c.org", 9 } };
static struct slice selector_e[] = { { "E", 1 } };
static struct slice selector_none[] = { { "none", 4 } };

enum set {
	PLAIN,     /* no sections */
	SECTIONS,  /* b.org for its subdomains, users for a.org */
	SELECTORS, /* a.org only by e, c.org by one that is not there */
	LOGIN_MAPS, /* users of a.org as in smtpd_sender_login_maps */
	MISMATCH,  /* sign-mismatch = yes */
	FALLBACK,  /* sign-fallback = fall.back */
	FALLBACK_A, /* sign-fallback = a.org */
	FALLBACK_NONE, /* sign-fallback without a key */
};

static struct sign_section sections[] = {
	{ .domain = { { "b.org", 5 } }, .subdomains = true, .users = user_joe, .user_count = 1 },
	{ .domain = { { "a.org", 5 } }, .users = user_joe, .user_count = 2 },
};

static struct slice login_maps[] = { { "joe@a.org j1, j2", 16 }, { "@a.org\tboss", 11 } };
static struct sign_section mapped[] = {
	{ .domain = { { "a.org", 5 } }, .users = login_maps, .user_count = 2 },
};

static struct sign_section selecting[] = {
	{ .domain = { { "a.org", 5 } }, .selectors = selector_e, .selector_count = 1 },
	{ .domain = { { "c.org", 5 } }, .selectors = selector_none, .selector_count = 1 },
};

static struct signing_params params_of(enum set set)
{
	struct signing_params p = { .header_canon = CANON_RELAXED, .body_canon = CANON_SIMPLE,
		.expire_after = 60 };

	if (set == SECTIONS) {
		p.sections = sections;
		p.section_count = N_ELEMENTS(sections);
	} else if (set == LOGIN_MAPS) {
		p.sections = mapped;
		p.section_count = N_ELEMENTS(mapped);
	} else if (set == SELECTORS) {
		p.sections = selecting;
		p.section_count = N_ELEMENTS(selecting);
	}
	p.sign_mismatch = set == MISMATCH;
	if (set == FALLBACK)
		p.sign_fallback.name = SLICE("fall.back");
	else if (set == FALLBACK_A)
		p.sign_fallback.name = SLICE("a.org");
	else if (set == FALLBACK_NONE)
		p.sign_fallback.name = SLICE("none.org");
	return p;
}

/* The login of a message from a trusted place. */
#define TRUSTED NULL

/* --- the rule ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum set set;
	const char *from, *envelope, *login;
	enum signing_why why;
	const char *want; /* "d/s d/s" of the signatures, or a part of the reason */
} rows[] = {
	/* an authenticated user, S-34 */
	{ "the envelope's", PLAIN, "x@a.org", "y@a.org", "joe", SIGNING_DONE, "a.org/e a.org/s" },
	{ "the envelope's, letter case", PLAIN, "x@A.org", "y@a.ORG", "joe", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "the login's", PLAIN, "x@a.org", "y@b.org", "joe@a.org", SIGNING_DONE, "a.org/e a.org/s" },
	{ "the login's, null sender", PLAIN, "x@a.org", "", "joe@A.org", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "a listed login", SECTIONS, "x@a.org", "y@b.org", "joe", SIGNING_DONE, "a.org/e a.org/s" },
	{ "a listed login with domain", SECTIONS, "x@a.org", "y@b.org", "ann@c.org", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "a login listed above", SECTIONS, "x@n.b.org", "y@c.org", "joe", SIGNING_DONE, "b.org/s" },
	{ "allowed by setting", MISMATCH, "x@a.org", "y@b.org", "joe", SIGNING_DONE, "a.org/e a.org/s" },
	{ "neither", PLAIN, "x@a.org", "y@b.org", "joe", SIGNING_MISMATCH,
	    "author domain a.org is neither the envelope's nor joe's" },
	{ "neither, login with another domain", PLAIN, "x@a.org", "y@b.org", "joe@b.org",
	    SIGNING_MISMATCH, "neither the envelope's nor joe@b.org's" },
	{ "null sender", PLAIN, "x@a.org", "", "joe", SIGNING_MISMATCH, "author domain a.org" },
	{ "the envelope below the author", PLAIN, "x@a.org", "y@n.a.org", "joe", SIGNING_MISMATCH,
	    "author domain a.org" },
	{ "the envelope above the author", SECTIONS, "x@n.b.org", "y@b.org", "jim",
	    SIGNING_MISMATCH, "jim is not among the users who may sign as n.b.org" },
	{ "the envelope only ends alike", PLAIN, "x@a.org", "y@evila.org", "joe", SIGNING_MISMATCH,
	    "author domain" },
	{ "a login that is not listed", SECTIONS, "x@a.org", "y@b.org", "jim", SIGNING_MISMATCH,
	    "users = \"jim\"" },
	{ "a listed login in another letter case", SECTIONS, "x@a.org", "y@b.org", "JOE",
	    SIGNING_MISMATCH, "JOE is not among the users" },
	{ "listed above, without subdomains", SECTIONS, "x@n.a.org", "y@b.org", "joe",
	    SIGNING_NO_KEY, "no key for n.a.org" },
	{ "listed above, without subdomains, own key", SECTIONS, "x@own.a.org", "y@b.org", "joe",
	    SIGNING_MISMATCH, "author domain own.a.org" },
	{ "users are named: the envelope is no proof", SECTIONS, "x@a.org", "y@a.org", "jim",
	    SIGNING_MISMATCH, "jim is not among the users who may sign as a.org" },
	{ "users are named: a login of the domain", SECTIONS, "x@a.org", "y@b.org", "jim@a.org",
	    SIGNING_DONE, "a.org/e a.org/s" },
	{ "login maps: its own address", LOGIN_MAPS, "joe@a.org", "y@b.org", "j1", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "login maps: the second login", LOGIN_MAPS, "JOE@a.org", "y@b.org", "j2", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "login maps: another's address", LOGIN_MAPS, "ann@a.org", "ann@a.org", "j1", SIGNING_MISMATCH,
	    "j1 is not among the users" },
	{ "login maps: all of the domain", LOGIN_MAPS, "ann@a.org", "y@b.org", "boss", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "login maps: the address is no login", LOGIN_MAPS, "joe@a.org", "joe@a.org", "joe@b.org",
	    SIGNING_MISMATCH, "not among the users" },
	{ "login maps: a part of a login", LOGIN_MAPS, "joe@a.org", "joe@a.org", "j", SIGNING_MISMATCH,
	    "not among the users" },
	{ "login maps: another author besides", LOGIN_MAPS, "joe@a.org, ceo@a.org", "joe@a.org", "j1",
	    SIGNING_MISMATCH, "j1 is not among the users" },
	{ "login maps: another author before", LOGIN_MAPS, "ceo@a.org, joe@a.org", "joe@a.org", "j1",
	    SIGNING_MISMATCH, "j1 is not among the users" },
	{ "login maps: another author in a group", LOGIN_MAPS, "us: joe@a.org, ceo@a.org;", "joe@a.org",
	    "j1", SIGNING_MISMATCH, "j1 is not among the users" },
	{ "login maps: another author in a second group", LOGIN_MAPS, "us: joe@a.org;, it: ceo@a.org;",
	    "joe@a.org", "j1", SIGNING_MISMATCH, "j1 is not among the users" },
	{ "login maps: his own address twice", LOGIN_MAPS, "joe@a.org, Joe <JOE@a.org>", "joe@a.org", "j1",
	    SIGNING_DONE, "a.org/e a.org/s" },
	{ "login maps: all authors are of his domain", LOGIN_MAPS, "joe@a.org, ceo@a.org", "y@b.org", "boss",
	    SIGNING_DONE, "a.org/e a.org/s" },
	{ "a login with blanks", PLAIN, "x@a.org", "y@b.org", "jo e\n", SIGNING_MISMATCH,
	    "nor jo\\x20e\\x0a's" },
	{ "an envelope that is no address", PLAIN, "x@a.org", "a.org", "joe", SIGNING_MISMATCH,
	    "author domain" },
	/* keys */
	{ "no key", PLAIN, "x@gmail.com", "x@gmail.com", "joe", SIGNING_NO_KEY,
	    "no key for gmail.com" },
	{ "no key comes before no right", PLAIN, "x@gmail.com", "y@a.org", "joe", SIGNING_NO_KEY,
	    "no key for gmail.com" },
	{ "a pending key does not sign", PLAIN, "x@p.org", "x@p.org", TRUSTED, SIGNING_NO_KEY,
	    "the keys of p.org are pending or retired (assay key activate p.org)" },
	{ "a key that cannot be used", PLAIN, "x@bad.org", "x@bad.org", TRUSTED, SIGNING_KEY_TROUBLE,
	    "the key of bad.org cannot be used" },
	{ "no subdomains unless asked for", PLAIN, "x@n.b.org", "x@n.b.org", "joe", SIGNING_NO_KEY,
	    "no key for n.b.org" },
	{ "subdomains", SECTIONS, "x@n.b.org", "x@n.b.org", "joe", SIGNING_DONE, "b.org/s" },
	{ "deep subdomains", SECTIONS, "x@m.n.b.org", "x@m.n.b.org", "joe", SIGNING_DONE, "b.org/s" },
	{ "own keys before those above", SECTIONS, "x@sub.b.org", "x@sub.b.org", "joe", SIGNING_DONE,
	    "sub.b.org/own" },
	{ "subdomains of another", SECTIONS, "x@n.a.org", "x@n.a.org", "joe", SIGNING_NO_KEY,
	    "no key for n.a.org" },
	{ "not a subdomain", SECTIONS, "x@evilb.org", "x@evilb.org", "joe", SIGNING_NO_KEY,
	    "no key for evilb.org" },
	{ "selected", SELECTORS, "x@a.org", "x@a.org", "joe", SIGNING_DONE, "a.org/e" },
	{ "selected, not there", SELECTORS, "x@c.org", "x@c.org", "joe", SIGNING_KEY_TROUBLE,
	    "no key for c.org that its sign section selects" },
	/* trusted places */
	{ "trusted", PLAIN, "x@a.org", "y@b.org", TRUSTED, SIGNING_DONE, "a.org/e a.org/s" },
	{ "X-06: a bounce", PLAIN, "MAILER-DAEMON@a.org", "", TRUSTED, SIGNING_DONE, "a.org/e a.org/s" },
	{ "trusted, no key", PLAIN, "x@gmail.com", "y@a.org", TRUSTED, SIGNING_NO_KEY,
	    "no key for gmail.com" },
	/* authors */
	{ "two authors of one domain", PLAIN, "x@a.org, y@a.org", "x@a.org", "joe", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "two author domains", PLAIN, "x@a.org, y@b.org", "x@a.org", "joe",
	    SIGNING_SEVERAL_AUTHORS, "several author domains" },
	{ "two author domains, trusted", PLAIN, "x@a.org, y@b.org", "", TRUSTED,
	    SIGNING_SEVERAL_AUTHORS, "several author domains" },
	{ "two author domains, fallback", FALLBACK, "x@a.org, y@b.org", "", TRUSTED,
	    SIGNING_SEVERAL_AUTHORS, "several author domains" },
	{ "nobody", PLAIN, "", "x@a.org", "joe", SIGNING_NO_AUTHOR, "no author: " },
	{ "nobody, fallback", FALLBACK, "MAILER-DAEMON", "", TRUSTED, SIGNING_NO_AUTHOR,
	    "no author: " },
	{ "nobody, by setting", MISMATCH, "undisclosed:;", "x@a.org", "joe", SIGNING_NO_AUTHOR,
	    "no author: " },
	{ "a literal", PLAIN, "x@[192.0.2.1]", "x@a.org", "joe", SIGNING_NO_AUTHOR,
	    "no author: " },
	{ "decoration", PLAIN, "Smith, J. <x@a.org>", "x@a.org", "joe", SIGNING_DONE, "a.org/e a.org/s" },
	{ "an address in the display name", PLAIN, "\"ceo@b.org\" <x@a.org>", "x@a.org", "joe",
	    SIGNING_DONE, "a.org/e a.org/s" },
	/* the fallback */
	{ "no key, fallback", FALLBACK, "x@gmail.com", "y@a.org", "joe", SIGNING_DONE, "fall.back/f" },
	{ "no key, trusted, fallback", FALLBACK, "x@gmail.com", "y@a.org", TRUSTED, SIGNING_DONE,
	    "fall.back/f" },
	{ "no right, fallback", FALLBACK, "x@a.org", "y@b.org", "joe", SIGNING_DONE, "fall.back/f" },
	{ "a right needs none", FALLBACK, "x@a.org", "y@a.org", "joe", SIGNING_DONE, "a.org/e a.org/s" },
	{ "a fallback without key", FALLBACK_NONE, "x@gmail.com", "y@a.org", "joe", SIGNING_NO_KEY,
	    "no key for gmail.com" },
	{ "K#187: the fallback never lends the author's own name", FALLBACK_A, "ceo@a.org",
	    "y@b.org", "joe", SIGNING_MISMATCH, "author domain a.org" },
	{ "... nor one that is aligned below", FALLBACK_A, "ceo@n.a.org", "y@b.org", "joe",
	    SIGNING_NO_KEY, "no key for n.a.org" },
	{ "but to its owner", FALLBACK_A, "x@n.a.org", "x@n.a.org", "joe", SIGNING_DONE,
	    "a.org/e a.org/s" },
	{ "and to trusted places", FALLBACK_A, "x@n.a.org", "", TRUSTED, SIGNING_DONE,
	    "a.org/e a.org/s" },
};

static struct message *message_of(struct arena *a, const char *from, const char *envelope,
    const char *login)
{
	struct message *m = arena_new(a, struct message);

	message_init(m, a);
	m->envelope.mail_from = slice_str(envelope);
	m->envelope.auth_user = slice_str(login);
	if (*from != '\0')
		message_add_header(m, SLICE("From"), arena_printf(a, " %s", from));
	return m;
}

static struct slice signed_as(struct arena *a, const struct signing_selection *s)
{
	struct slice text = SLICE("");

	for (size_t i = 0; i < s->count; i++) {
		ck_assert_ptr_nonnull(s->signatures[i].key);
		ck_assert_ptr_nonnull(s->signatures[i].fields);
		text = arena_printf(a, "%.*s%s%.*s/%.*s", SLICE_ARG(text), i == 0 ? "" : " ",
		    SLICE_ARG(s->signatures[i].domain), SLICE_ARG(s->signatures[i].selector));
	}
	return text;
}

static void close_store(void *ks)
{
	struct keystore *store = ks;

	keystore_free(&store);
}

/* The selection's names and keys are the store's: it lives as long as the arena. */
static struct signing_selection choose(const char *dir, struct arena *a, const struct signing_params *p,
    const struct message *m, bool authenticated)
{
	char *keys = files_path(dir, "keys");
	struct keystore *ks = NULL;
	struct err err = ERR_INIT;
	struct authors authors;
	struct signing_selection s = { .why = SIGNING_WHY_COUNT };

	ck_assert_msg(keystore_open(keys, true, NULL, &ks, &err) == RC_OK, "%s", buf_cstr(&err.text));
	ck_assert(arena_defer(a, close_store, ks));
	authors_of_message(m, &authors);
	ck_assert_int_eq(signing_select(a, p, ks, m, &authors, authenticated, 0, &s), RC_OK);
	err_free(&err);
	free(keys);
	return s;
}

START_TEST(rule)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct signing_params p = params_of(rows[_i].set);
	struct message *m = message_of(a, rows[_i].from, rows[_i].envelope, rows[_i].login);
	struct signing_selection s;

	make_world(dir);
	s = choose(dir, a, &p, m, rows[_i].login != TRUSTED);
	ck_assert_msg(s.why == rows[_i].why, "%s: %d (%.*s)", rows[_i].name, s.why,
	    SLICE_ARG(s.reason));
	if (s.why == SIGNING_DONE) {
		ck_assert_msg(slice_eq(signed_as(a, &s), slice_str(rows[_i].want)), "%s: %.*s",
		    rows[_i].name, SLICE_ARG(signed_as(a, &s)));
		ck_assert(slice_is_null(s.reason));
	} else {
		ck_assert_uint_eq(s.count, 0);
		ck_assert_msg(strstr(s.reason.ptr, rows[_i].want) != NULL, "%s: %.*s",
		    rows[_i].name, SLICE_ARG(s.reason));
	}
	arena_free(&a);
	free(dir);
}
END_TEST

/* --- how it is signed ----------------------------------------------------------------------- */

START_TEST(section_settings)
{
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct signing_params p = params_of(PLAIN);
	struct sign_section own = { .domain = { { "b.org", 5 } }, .identity = SLICE("@b.org"),
		.has_canon = true, .header_canon = CANON_SIMPLE, .body_canon = CANON_RELAXED,
		.has_expire = true, .expire_after = 0 };
	struct signing_selection s;

	make_world(dir);
	p.sections = &own;
	p.section_count = 1;
	s = choose(dir, a, &p, message_of(a, "x@b.org", "x@b.org", "joe"), true);
	ck_assert_uint_eq(s.count, 1);
	ck_slice_eq(s.signatures[0].identity, SLICE("@b.org"));
	ck_assert_int_eq((int)s.signatures[0].header_canon, CANON_SIMPLE);
	ck_assert_int_eq((int)s.signatures[0].body_canon, CANON_RELAXED);
	ck_assert_int_eq((int)s.signatures[0].expire_after, 0);
	s = choose(dir, a, &p, message_of(a, "x@c.org", "x@c.org", "joe"), true);
	ck_assert_uint_eq(s.count, 1);
	ck_assert(slice_is_null(s.signatures[0].identity));
	ck_assert_int_eq((int)s.signatures[0].header_canon, CANON_RELAXED);
	ck_assert_int_eq((int)s.signatures[0].body_canon, CANON_SIMPLE);
	ck_assert_int_eq((int)s.signatures[0].expire_after, 60);
	ck_assert_ptr_eq(s.signatures[0].fields, &p.headers);
	arena_free(&a);
	free(dir);
}
END_TEST

/* Tables give keys; who may use a name is the same rule (K#187). */
static const struct {
	const char *name, *from, *envelope, *login;
	enum signing_why why;
	const char *want;
} table_rows[] = {
	{ "by the table", "x@t.org", "x@t.org", "joe", SIGNING_DONE, "t.org/st" },
	{ "the table before the directory", "x@a.org", "x@a.org", "joe", SIGNING_DONE, "t.org/st" },
	{ "not in the table: the directory", "x@b.org", "x@b.org", "joe", SIGNING_DONE, "b.org/s" },
	{ "trusted, by the table", "x@t.org", "", TRUSTED, SIGNING_DONE, "t.org/st" },
	{ "K#187: From alone", "x@t.org", "x@b.org", "joe", SIGNING_MISMATCH,
	    "author domain t.org" },
	{ "a bad key in the table", "x@u.org", "x@u.org", "joe", SIGNING_KEY_TROUBLE,
	    "the key of u.org cannot be used" },
	{ "a line for one address", "joe@w.org", "joe@w.org", "joe", SIGNING_DONE, "t.org/st" },
	{ "... and another author without one", "joe@w.org, ceo@w.org", "joe@w.org", "joe",
	    SIGNING_NO_KEY, "no key for w.org" },
	{ "... who comes first", "ceo@w.org, joe@w.org", "joe@w.org", "joe", SIGNING_NO_KEY,
	    "no key for w.org" },
	{ "... who is in a group", "us: joe@w.org, ceo@w.org;", "", TRUSTED, SIGNING_NO_KEY,
	    "no key for w.org" },
	{ "each author has a line", "joe@w.org, ann@w.org", "joe@w.org", "joe", SIGNING_DONE, "t.org/st" },
	{ "in neither", "x@n.org", "x@n.org", "joe", SIGNING_NO_KEY, "no key for n.org" },
};

START_TEST(with_tables)
{
	char *dir = files_dir(), *key_table = files_path(dir, "K"), *signing_table = files_path(dir,
	    "S");
	struct arena *a = arena_create(1u << 20);
	struct signing_params p = params_of(PLAIN);
	struct sign_tables *t = NULL;
	struct buf text = BUF_INIT(8192);
	struct err err = ERR_INIT;
	struct signing_selection s;

	make_world(dir);
	buf_addf(&text, "k t.org:st:%s/keys/c.org/s.pem\n", dir);
	buf_addf(&text, "u u.org:su:%s/keys/bad.org/s.pem\n", dir);
	files_write(dir, "K", buf_cstr(&text), 0644);
	files_write(dir, "S", "t.org k\na.org k\nu.org u\njoe@w.org k\nann@w.org k\n", 0644);
	ck_assert_msg(sign_tables_load(key_table, signing_table, false, NULL, &t, &err) == RC_OK, "%s",
	    buf_cstr(&err.text));
	p.tables = t;
	s = choose(dir, a, &p, message_of(a, table_rows[_i].from, table_rows[_i].envelope,
	    table_rows[_i].login), table_rows[_i].login != TRUSTED);
	ck_assert_msg(s.why == table_rows[_i].why, "%s: %d (%.*s)", table_rows[_i].name, s.why,
	    SLICE_ARG(s.reason));
	if (s.why == SIGNING_DONE)
		ck_assert_msg(slice_eq(signed_as(a, &s), slice_str(table_rows[_i].want)), "%s",
		    table_rows[_i].name);
	else
		ck_assert_ptr_nonnull(strstr(s.reason.ptr, table_rows[_i].want));
	sign_tables_free(&t);
	buf_free(&text);
	err_free(&err);
	arena_free(&a);
	free(key_table);
	free(signing_table);
	free(dir);
}
END_TEST

START_TEST(without_keystore)
{
	struct arena *a = arena_create(1u << 20);
	struct signing_params p = params_of(FALLBACK);
	struct message *m = message_of(a, "x@a.org", "x@a.org", "joe");
	struct authors authors;
	struct signing_selection s;

	authors_of_message(m, &authors);
	ck_assert_int_eq(signing_select(a, &p, NULL, m, &authors, true, 0, &s), RC_OK);
	ck_assert_int_eq((int)s.why, SIGNING_NO_KEY);
	arena_free(&a);
}
END_TEST

Suite *select_suite(void)
{
	Suite *s = suite_create("select");

	UNIT_TABLE(s, rule, rows);
	UNIT_TEST(s, section_settings);
	UNIT_TABLE(s, with_tables, table_rows);
	UNIT_TEST(s, without_keystore);
	return s;
}
