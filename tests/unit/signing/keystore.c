/* keystore.h: S-02, S-03, S-37, S-38; which files are keys, and what is told about the others. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "signing/keystore.h"

#include "files.h"
#include "suites.h"

static const struct {
	const char *file;
	const char *selector; /* NULL: no key */
	enum key_state state;
} name_rows[] = {
	{ "2026a.pem", "2026a", KEY_ACTIVE },
	{ "a.b.pem", "a.b", KEY_ACTIVE },
	{ "S_1-x.pem", "S_1-x", KEY_ACTIVE },
	{ "2026a.pending.pem", "2026a", KEY_PENDING },
	{ "2026a.retired.pem", "2026a", KEY_RETIRED },
	{ "a.b.retired.pem", "a.b", KEY_RETIRED },
	{ "2026a.retiring.pem", "2026a", KEY_RETIRING },
	{ "a.pending.retired.pem", "a.pending", KEY_RETIRED },
	{ ".retiring.pem", NULL, 0 },
	{ "pending.pem", "pending", KEY_ACTIVE },
	{ "2026a", NULL, 0 },
	{ "2026a.pem~", NULL, 0 },
	{ "2026a.PEM", NULL, 0 },
	{ "2026a.private", NULL, 0 },
	{ "2026a.txt", NULL, 0 },
	{ ".pem", NULL, 0 },
	{ "..pem", NULL, 0 },
	{ ".pending.pem", NULL, 0 },
	{ ".2026a.pem", NULL, 0 },
	{ "a..b.pem", NULL, 0 },
	{ "a b.pem", NULL, 0 },
	{ "a;b.pem", NULL, 0 },
	{ "\xc3\xbc.pem", NULL, 0 },
	{ "pem", NULL, 0 },
	{ "", NULL, 0 },
};

START_TEST(file_names)
{
	const char *want = name_rows[_i].selector;
	struct slice selector = SLICE_NULL;
	enum key_state state = 99;

	ck_assert_msg(key_file_name(slice_str(name_rows[_i].file), &selector, &state) ==
	    (want != NULL), "%s", name_rows[_i].file);
	if (want == NULL)
		return;
	ck_slice_eq(selector, slice_str(want));
	ck_assert_int_eq((int)state, (int)name_rows[_i].state);
}
END_TEST

/* --- opening -------------------------------------------------------------------------------- */

struct tree_file {
	const char *path; /* ends in "/": a directory */
	const char *key;
	mode_t mode;
};

static void make_tree(const char *dir, const struct tree_file *files, size_t count)
{
	for (size_t i = 0; i < count && files[i].path != NULL; i++) {
		if (files[i].key == NULL)
			files_mkdir(dir, files[i].path);
		else
			files_key(dir, files[i].path, files[i].key, files[i].mode);
	}
}

static const struct {
	const char *name;
	struct tree_file files[3];
	const char *finding; /* a part of it; it opens all the same */
	const char *warning; /* a part of it */
} open_rows[] = {
	{ "one key", { { "a.org/s.pem", "rsa2048.pem", 0600 } }, NULL, NULL },
	{ "both kinds (S-05)", { { "a.org/s.pem", "rsa2048.pem", 0600 },
	    { "a.org/e.pem", "ed25519.pem", 0600 } }, NULL, NULL },
	{ "PKCS#1", { { "a.org/s.pem", "rsa2048-pkcs1.pem", 0600 } }, NULL, NULL },
	{ "no domain at all", { { NULL, NULL, 0 } }, NULL, NULL },
	{ "an empty domain", { { "a.org", NULL, 0 } }, "a.org: contains no key", NULL },
	{ "a pending key only", { { "a.org/s.pending.pem", "ed25519.pem", 0600 } },
	    "a.org: its keys are pending or retired", NULL },
	{ "a retired key only", { { "a.org/s.retired.pem", "ed25519.pem", 0600 } },
	    "a.org: its keys are pending or retired", NULL },
	{ "readable by its own group", { { "a.org/s.pem", "ed25519.pem", 0640 } }, NULL, NULL },
	{ "S-03: a short key", { { "a.org/s.pem", "rsa1024.pem", 0600 } }, NULL, "a.org/s.pem: " },
	{ "S-02: too short a key", { { "a.org/s.pem", "rsa512.pem", 0600 } }, "a.org/s.pem: ",
	    NULL },
	{ "S-37: readable by all", { { "a.org/s.pem", "rsa2048.pem", 0644 } },
	    "a.org/s.pem: open to everybody (mode 0644): chmod 600 it", NULL },
	{ "S-37: writable by all", { { "a.org/s.pem", "rsa2048.pem", 0602 } },
	    "open to everybody", NULL },
	{ "no key at all", { { "a.org/s.pem", "README", 0600 } }, "a.org/s.pem: no private key",
	    NULL },
	{ "a pass phrase", { { "a.org/s.pem", "rsa2048-encrypted.pem", 0600 } },
	    "a.org/s.pem: the key is protected by a pass phrase", NULL },
	{ "no algorithm of DKIM", { { "a.org/s.pem", "ec-p256.pem", 0600 } }, "a.org/s.pem: ",
	    NULL },
	{ "bad ones that do not sign are not looked at", {
	    { "a.org/s.pending.pem", "rsa512.pem", 0644 },
	    { "a.org/t.retired.pem", "README", 0644 },
	    { "a.org/u.pem", "ed25519.pem", 0600 } }, NULL, NULL },
	{ "two of one selector", { { "a.org/S1.pem", "ed25519.pem", 0600 },
	    { "a.org/s1.pem", "rsa2048.pem", 0600 } }, "are one selector in the DNS", NULL },
	{ "one domain twice", { { "A.org/s.pem", "ed25519.pem", 0600 },
	    { "a.org/s.pem", "rsa2048.pem", 0600 } }, "are the same domain", NULL },
	{ "one domain as U-label and as A-label", {
	    { "m\xc3\xbcnchen.de/s.pem", "ed25519.pem", 0600 },
	    { "xn--mnchen-3ya.de/s.pem", "ed25519.pem", 0600 } }, "are the same domain", NULL },
	{ "a directory of no domain", { { "a,org/s.pem", "ed25519.pem", 0600 } },
	    "a,org: not a domain name: keys in this directory are ignored", NULL },
	{ "a key outside", { { "s.pem", "ed25519.pem", 0600 } },
	    "s.pem: signs nothing here: move it to", NULL },
	{ "OpenDKIM's name", { { "a.org/mail.private", "ed25519.pem", 0600 },
	    { "a.org/s.pem", "ed25519.pem", 0600 } },
	    "mail.private: not used: rename it to mail.pem", NULL },
	{ "a name of no selector", { { "a.org/a b.pem", "ed25519.pem", 0600 },
	    { "a.org/s.pem", "ed25519.pem", 0600 } }, "not used: not a selector", NULL },
	{ "a directory for a key", { { "a.org/s.pem/", NULL, 0 } }, "a.org/s.pem: ", NULL },
};

START_TEST(opening)
{
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct keystore *ks = NULL;
	const char *name = open_rows[_i].name, *want = open_rows[_i].finding;
	const char *warning = open_rows[_i].warning, *text;
	enum rc rc;

	make_tree(dir, open_rows[_i].files, 3);
	rc = keystore_open(dir, true, NULL, &ks, &err);
	text = buf_cstr(&err.text);
	ck_assert_msg(rc == RC_OK, "%s: rc %d\n%s", name, rc, text);
	ck_assert_msg(err.count == 0, "%s: %zu errors\n%s", name, err.count, text);
	ck_assert_msg(err.findings == (want != NULL), "%s: %zu findings\n%s", name, err.findings,
	    text);
	ck_assert_msg(err.warnings == (warning != NULL), "%s: %zu warnings\n%s", name, err.warnings,
	    text);
	ck_assert_msg(want == NULL || strstr(text, want) != NULL, "%s:\n%s", name, text);
	ck_assert_msg(warning == NULL || strstr(text, warning) != NULL, "%s:\n%s", name, text);
	keystore_free(&ks);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(all_mistakes_at_once)
{
	static const struct tree_file files[] = {
		{ "a.org/s.pem", "rsa512.pem", 0600 },
		{ "a.org/t.pem", "rsa2048.pem", 0644 },
		{ "b.org/s.pem", "README", 0600 },
		{ "c.org/s.pem", "ed25519.pem", 0600 },
	};
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct keystore *ks = NULL;

	make_tree(dir, files, N_ELEMENTS(files));
	ck_assert_int_eq(keystore_open(dir, true, NULL, &ks, &err), RC_OK);
	ck_assert_uint_eq(err.count, 0);
	ck_assert_uint_eq(err.findings, 3);
	keystore_free(&ks);
	err_free(&err);
	free(dir);
}
END_TEST

/* Whoever may write there can have mail signed by a key of their own. */
/* Open key folder */
START_TEST(open_to_writers)
{
	static const struct tree_file files[] = { { "a.org/s.pem", "ed25519.pem", 0600 } };
	static const char *const which[] = { "", "a.org" };
	char *dir = files_dir(), *path = files_path(dir, which[_i]);
	struct err err = ERR_INIT;
	struct keystore *ks = NULL;

	make_tree(dir, files, N_ELEMENTS(files));
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(keystore_open(dir, true, NULL, &ks, &err), RC_OK);
	ck_assert_uint_eq(err.findings, 1);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text),
	    "everybody may write this key directory (mode 0777)"));
	keystore_free(&ks);
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

START_TEST(missing_directory)
{
	char *dir = files_dir(), *path = files_path(dir, "keys");
	struct err err = ERR_INIT;
	struct keystore *ks = NULL;

	ck_assert_int_eq(keystore_open(path, true, NULL, &ks, &err), RC_CONFIG);
	ck_assert_uint_eq(err.count, 1);
	ck_assert_ptr_null(ks);
	err_free(&err);
	ck_assert_int_eq(keystore_open(path, false, NULL, &ks, &err), RC_OK);
	ck_assert_uint_eq(err.count, 0);
	ck_assert_uint_eq(err.warnings, 1);
	keystore_free(&ks);
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

/* --- finding -------------------------------------------------------------------------------- */

struct world {
	char *dir;
	struct keystore *ks;
	struct arena *a;
};

static struct world opened(const struct tree_file *files, size_t count)
{
	struct world w = { .dir = files_dir(), .a = arena_create(1u << 20) };
	struct err err = ERR_INIT;

	make_tree(w.dir, files, count);
	ck_assert_msg(keystore_open(w.dir, true, NULL, &w.ks, &err) == RC_OK, "%s", buf_cstr(&err.text));
	err_free(&err);
	return w;
}

static void closed(struct world *w)
{
	keystore_free(&w->ks);
	arena_free(&w->a);
	free(w->dir);
}

/* "selector selector" of the keys found at that time; "!": unusable ones, "-": none active */
static const char *found(struct world *w, const char *name, int64_t now_ms)
{
	struct slice text = SLICE("");
	struct key_set set = { .count = 99 };
	struct domain d;

	ck_assert(domain_parse(w->a, slice_str(name), &d));
	ck_assert_int_eq(keystore_find(w->ks, w->a, d, now_ms, &set), RC_OK);
	for (size_t i = 0; i < set.count; i++) {
		ck_assert_ptr_nonnull(set.keys[i].key);
		ck_assert_int_eq((int)set.keys[i].state, KEY_ACTIVE);
		ck_slice_eq(set.keys[i].domain.name, d.name);
		text = arena_printf(w->a, "%.*s%s%.*s", SLICE_ARG(text), i == 0 ? "" : " ",
		    SLICE_ARG(set.keys[i].selector));
	}
	if (set.unusable || set.inactive)
		text = arena_printf(w->a, "%.*s%s%s", SLICE_ARG(text), set.unusable ? "!" : "",
		    set.inactive ? "-" : "");
	return text.ptr;
}

static const struct {
	const char *domain, *want;
} find_rows[] = {
	{ "a.org", "e s" },
	{ "A.ORG", "e s" },
	{ "xn--mnchen-3ya.de", "u" },
	{ "m\xc3\xbcnchen.de", "u" },
	{ "b.org", "" },
	{ "sub.a.org", "" },
	{ "org", "" },
	{ "c.org", "-" },
};

START_TEST(finding)
{
	static const struct tree_file files[] = {
		{ "a.org/s.pem", "rsa2048.pem", 0600 },
		{ "a.org/e.pem", "ed25519.pem", 0600 },
		{ "a.org/p.pending.pem", "ed25519.pem", 0600 },
		{ "a.org/r.retired.pem", "ed25519.pem", 0600 },
		{ "m\xc3\xbcnchen.de/u.pem", "ed25519.pem", 0600 },
		{ "c.org/p.pending.pem", "ed25519.pem", 0600 },
	};
	struct world w = opened(files, N_ELEMENTS(files));

	for (int64_t now = 0; now < 5000; now += 700)
		ck_assert_str_eq(found(&w, find_rows[_i].domain, now), find_rows[_i].want);
	closed(&w);
}
END_TEST

/* One bad key costs its own domain: the others sign, and so do good ones beside it. */
START_TEST(bad_keys_beside_good_ones)
{
	static const struct tree_file files[] = {
		{ "a.org/bad.pem", "rsa512.pem", 0600 },
		{ "a.org/s.pem", "rsa2048.pem", 0600 },
		{ "b.org/bad.pem", "rsa2048.pem", 0644 },
		{ "c.org/bad.pem", "README", 0600 },
		{ "d.org/s.pem", "ed25519.pem", 0600 },
	};
	struct world w = opened(files, N_ELEMENTS(files));

	for (int64_t now = 0; now < 3000; now += 700) {
		ck_assert_str_eq(found(&w, "a.org", now), "s!");
		ck_assert_str_eq(found(&w, "b.org", now), "!");
		ck_assert_str_eq(found(&w, "c.org", now), "!");
		ck_assert_str_eq(found(&w, "d.org", now), "s");
	}
	closed(&w);
}
END_TEST

START_TEST(what_signs)
{
	static const struct tree_file files[] = {
		{ "b.org/s.pem", "rsa2048.pem", 0600 },
		{ "b.org/e.pem", "ed25519.pem", 0600 },
		{ "a.org/s.pem", "ed25519.pem", 0600 },
		{ "p.org/s.pending.pem", "ed25519.pem", 0600 },
		{ "x.org/s.pem", "rsa2048.pem", 0644 },
	};
	struct world w = opened(files, N_ELEMENTS(files));
	struct domain b = { SLICE("b.org") }, p = { SLICE("p.org") };
	struct key_domain *domains = NULL;
	size_t count = 0;

	ck_assert_int_eq(keystore_domains(w.ks, w.a, &domains, &count), RC_OK);
	ck_assert_uint_eq(count, 2);
	ck_slice_eq(domains[0].domain.name, SLICE("a.org"));
	ck_slice_eq(domains[1].domain.name, SLICE("b.org"));
	ck_assert_uint_eq(domains[1].count, 2);
	ck_slice_eq(domains[1].selectors[0], SLICE("e"));
	ck_assert(keystore_has(w.ks, b, SLICE("S")));
	ck_assert(keystore_has(w.ks, b, SLICE_NULL));
	ck_assert(!keystore_has(w.ks, b, SLICE("t")));
	ck_assert(!keystore_has(w.ks, p, SLICE_NULL));
	closed(&w);
}
END_TEST

static void rename_in(const struct world *w, const char *from, const char *to)
{
	char *a = files_path(w->dir, from), *b = files_path(w->dir, to);

	ck_assert_int_eq(rename(a, b), 0);
	free(a);
	free(b);
}

/* What `assay key activate` renames signs at the next look, whether or not a message has asked for it. */
START_TEST(keys_that_are_activated_sign)
{
	static const struct tree_file files[] = {
		{ "p.org/s.pending.pem", "ed25519.pem", 0600 },
	};
	struct world w = opened(files, N_ELEMENTS(files));
	struct domain p = { SLICE("p.org") }, q = { SLICE("q.org") };

	ck_assert(!keystore_signs(w.ks, w.a, p, SLICE("s"), 0));
	rename_in(&w, "p.org/s.pending.pem", "p.org/s.pem");
	ck_assert(!keystore_has(w.ks, p, SLICE("s")));
	ck_assert(keystore_signs(w.ks, w.a, p, SLICE("s"), 2000));
	ck_assert(keystore_has(w.ks, p, SLICE("s")));
	ck_assert(!keystore_signs(w.ks, w.a, p, SLICE("t"), 4000));
	ck_assert(!keystore_signs(w.ks, w.a, q, SLICE("s"), 4000));
	closed(&w);
}
END_TEST

/* Time here is ours, a file system's is not: its next tick. */
static void next_tick(void)
{
	const struct timespec tick = { .tv_nsec = 30 * 1000 * 1000 };

	nanosleep(&tick, NULL);
}

/* S-38: a new key, a new domain, a retired key are seen without a reload, within a second. */
START_TEST(changes_are_seen)
{
	static const struct tree_file files[] = { { "a.org/old.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));

	ck_assert_str_eq(found(&w, "a.org", 10000), "old");
	ck_assert_str_eq(found(&w, "b.org", 10000), "");
	files_key(w.dir, "a.org/new.pem", "rsa2048.pem", 0600);
	files_key(w.dir, "b.org/s.pem", "rsa2048.pem", 0600);
	/* not looked at again yet */
	ck_assert_str_eq(found(&w, "a.org", 10999), "old");
	ck_assert_str_eq(found(&w, "b.org", 10999), "");
	ck_assert_str_eq(found(&w, "a.org", 11000), "new old");
	ck_assert_str_eq(found(&w, "b.org", 11000), "s");
	next_tick();
	rename_in(&w, "a.org/old.pem", "a.org/old.retired.pem");
	ck_assert_str_eq(found(&w, "a.org", 12000), "new");
	next_tick();
	rename_in(&w, "a.org", "gone.org");
	ck_assert_str_eq(found(&w, "a.org", 13000), "");
	ck_assert_str_eq(found(&w, "gone.org", 13000), "new");
	rename_in(&w, "gone.org", "a.org");
	ck_assert_str_eq(found(&w, "a.org", 14000), "new");
	files_key(w.dir, "m\xc3\xbcnchen.de/u.pem", "ed25519.pem", 0600);
	ck_assert_str_eq(found(&w, "xn--mnchen-3ya.de", 14000), "u");
	closed(&w);
}
END_TEST

/* What changes in the tick of the clock in which the directory was read is seen, too. */
START_TEST(change_within_a_tick)
{
	static const struct tree_file files[] = { { "a.org/old.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));

	ck_assert_str_eq(found(&w, "a.org", 1000), "old");
	files_key(w.dir, "a.org/new.pem", "ed25519.pem", 0600);
	ck_assert_str_eq(found(&w, "a.org", 2000), "new old");
	closed(&w);
}
END_TEST

/* A bad key that appears later is left out, and the others still sign. */
START_TEST(later_trouble)
{
	static const struct tree_file files[] = { { "a.org/old.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));

	ck_assert_str_eq(found(&w, "a.org", 0), "old");
	files_key(w.dir, "a.org/bad.pem", "rsa2048.pem", 0644);
	files_key(w.dir, "b.org/bad.pem", "README", 0600);
	ck_assert_str_eq(found(&w, "a.org", 1000), "old!");
	ck_assert_str_eq(found(&w, "b.org", 1000), "!");
	ck_assert_str_eq(found(&w, "a.org", 9000), "old!");
	closed(&w);
}
END_TEST

/* ... until its mode is put right. */
START_TEST(trouble_put_right)
{
	static const struct tree_file files[] = { { "a.org/old.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));
	char *path = files_path(w.dir, "a.org/new.pem");

	files_key(w.dir, "a.org/new.pem", "rsa2048.pem", 0644);
	for (int64_t now = 0; now < 10000; now += 1000)
		ck_assert_int_eq(strncmp(found(&w, "a.org", now), "old", 3), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_str_eq(found(&w, "a.org", 11000), "new old");
	free(path);
	closed(&w);
}
END_TEST

/* A new file under an old name is a new key, and the old one stays good for who holds it. */
START_TEST(a_file_replaced)
{
	static const struct tree_file files[] = {
		{ "a.org/s.pem", "ed25519.pem", 0600 },
		{ "b.org/s.pem", "rsa2048.pem", 0600 },
	};
	struct world w = opened(files, N_ELEMENTS(files));
	struct key_set before, after;
	struct domain d;

	ck_assert(domain_parse(w.a, SLICE("a.org"), &d));
	ck_assert_int_eq(keystore_find(w.ks, w.a, d, 0, &before), RC_OK);
	ck_assert_uint_eq(before.count, 1);
	rename_in(&w, "b.org/s.pem", "a.org/s.pem");
	ck_assert_int_eq(keystore_find(w.ks, w.a, d, 1000, &after), RC_OK);
	ck_assert_uint_eq(after.count, 1);
	ck_assert_int_eq((int)private_key_type(before.keys[0].key), KEY_ED25519);
	ck_assert_int_eq((int)private_key_type(after.keys[0].key), KEY_RSA);
	closed(&w);
}
END_TEST

/* Keys handed out stay good, whatever happens to their files. */
START_TEST(keys_outlive_their_files)
{
	static const struct tree_file files[] = { { "a.org/s.pem", "rsa2048.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));
	struct key_set set;
	struct domain d;

	ck_assert(domain_parse(w.a, SLICE("a.org"), &d));
	ck_assert_int_eq(keystore_find(w.ks, w.a, d, 0, &set), RC_OK);
	ck_assert_uint_eq(set.count, 1);
	rename_in(&w, "a.org", "b.org");
	ck_assert_str_eq(found(&w, "a.org", 5000), "");
	ck_assert_uint_eq(private_key_bits(set.keys[0].key), 2048);
	closed(&w);
}
END_TEST

/* More domains without keys than are remembered at once. */
START_TEST(many_missing_domains)
{
	static const struct tree_file files[] = { { "a.org/s.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));

	for (unsigned i = 0; i < 4 * LIMIT_KEYS_MISSING; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%u.example", i);
		ck_assert_str_eq(found(&w, name, 0), "");
	}
	files_key(w.dir, "d1.example/s.pem", "ed25519.pem", 0600);
	ck_assert_str_eq(found(&w, "d1.example", 1000), "s");
	ck_assert_str_eq(found(&w, "a.org", 1000), "s");
	closed(&w);
}
END_TEST

/* Keys beyond the number decoded at the start are decoded when used, and bad ones left out then. */
START_TEST(many_keys)
{
	enum { DOMAINS = LIMIT_KEYS_DECODED + 3 };
	struct world w = { .dir = files_dir(), .a = arena_create(1u << 25) };
	const unsigned char hash[SHA256_OCTETS] = { 0 };
	struct err err = ERR_INIT;
	struct slice signature;
	struct key_set held;
	unsigned with_key = 0;
	struct domain d;

	for (unsigned i = 0; i < DOMAINS; i++) {
		char name[48];

		snprintf(name, sizeof(name), "d%u.example/s.pem", i);
		files_key(w.dir, name, "ed25519.pem", 0600);
	}
	ck_assert_int_eq(keystore_open(w.dir, true, NULL, &w.ks, &err), RC_OK);
	ck_assert_msg(err.text.len == 0, "%s", buf_cstr(&err.text));
	for (unsigned i = 0; i < DOMAINS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%u.example", i);
		with_key += strcmp(found(&w, name, 0), "s") == 0;
	}
	ck_assert_uint_eq(with_key, DOMAINS);
	/* some were forgotten for others: they are decoded again, and whoever holds one may use it */
	ck_assert(domain_parse(w.a, SLICE("d0.example"), &d));
	ck_assert_int_eq(keystore_find(w.ks, w.a, d, 0, &held), RC_OK);
	for (unsigned i = 1; i < DOMAINS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%u.example", i);
		ck_assert_str_eq(found(&w, name, 0), "s");
	}
	ck_assert_int_eq(private_key_sign(held.keys[0].key, hash, w.a, &signature), RC_OK);
	err_free(&err);
	closed(&w);
}
END_TEST

/* Keys beyond that number are tried by their first signature, and left out after one that is wrong. */
START_TEST(many_keys_are_tried_when_used)
{
	struct world w = { .dir = files_dir(), .a = arena_create(1u << 22) };
	const unsigned char hash[SHA256_OCTETS] = { 0 };
	struct err err = ERR_INIT;
	struct slice signature;
	struct key_set held;
	struct domain d;

	for (unsigned i = 0; i < LIMIT_KEYS_DECODED; i++) {
		char name[48];

		snprintf(name, sizeof(name), "other.example/s%u.pem", i);
		files_key(w.dir, name, "ed25519.pem", 0600);
	}
	ck_assert_int_eq(keystore_open(w.dir, true, NULL, &w.ks, &err), RC_OK);
	files_key(w.dir, "a.org/bad.pem", "rsa2048-damaged.pem", 0600);
	ck_assert_str_eq(found(&w, "a.org", 0), "bad");
	ck_assert(domain_parse(w.a, SLICE("a.org"), &d));
	ck_assert_int_eq(keystore_find(w.ks, w.a, d, 0, &held), RC_OK);
	ck_assert_int_eq(private_key_sign(held.keys[0].key, hash, w.a, &signature), RC_CONFIG);
	ck_assert_str_eq(found(&w, "a.org", 0), "!");
	files_key(w.dir, "a.org/good.pem", "rsa2048.pem", 0600);
	ck_assert_str_eq(found(&w, "a.org", 2000), "good!");
	err_free(&err);
	closed(&w);
}
END_TEST

START_TEST(many_keys_mode_is_still_checked)
{
	enum { DOMAINS = LIMIT_KEYS_DECODED + 3 };
	struct world w = { .dir = files_dir() };
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < DOMAINS; i++) {
		char name[48];

		snprintf(name, sizeof(name), "d%u.example/s.pem", i);
		files_write(w.dir, name, "", 0644);
	}
	ck_assert_int_eq(keystore_open(w.dir, true, NULL, &w.ks, &err), RC_OK);
	ck_assert_uint_eq(err.findings, DOMAINS); /* of which the first are reported */
	ck_assert(!buf_failed(&err.text));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "further findings omitted"));
	err_free(&err);
	keystore_free(&w.ks);
	free(w.dir);
}
END_TEST

static void *find_often(void *arg)
{
	struct world *w = arg;
	struct arena *a = arena_create(1u << 22);
	struct domain d;
	size_t good = 0;

	if (a == NULL || !domain_parse(a, SLICE("a.org"), &d))
		return NULL;
	for (int64_t i = 0; i < 300; i++) {
		struct key_set set;

		good += keystore_find(w->ks, a, d, i * 400, &set) == RC_OK && set.count >= 1;
	}
	arena_free(&a);
	return good == 300 ? w : NULL;
}

START_TEST(threads)
{
	static const struct tree_file files[] = { { "a.org/s.pem", "ed25519.pem", 0600 } };
	struct world w = opened(files, N_ELEMENTS(files));
	pthread_t workers[4];
	void *result;

	for (size_t i = 0; i < N_ELEMENTS(workers); i++)
		ck_assert_int_eq(pthread_create(&workers[i], NULL, find_often, &w), 0);
	files_key(w.dir, "a.org/t.pem", "rsa2048.pem", 0600);
	for (size_t i = 0; i < N_ELEMENTS(workers); i++) {
		ck_assert_int_eq(pthread_join(workers[i], &result), 0);
		ck_assert_ptr_eq(result, &w);
	}
	closed(&w);
}
END_TEST

START_TEST(listing)
{
	static const struct tree_file files[] = {
		{ "b.org/s.pem", "rsa512.pem", 0644 }, /* not looked at */
		{ "b.org/t.pending.pem", "README", 0600 },
		{ "a.org/s.retired.pem", "rsa2048.pem", 0600 },
		{ "a.org/notes.txt", "README", 0600 },
	};
	static const char *const want[] = { "a.org s 3", "b.org s 0", "b.org t 1" };
	char *dir = files_dir();
	struct arena *a = arena_create(1u << 20);
	struct err err = ERR_INIT;
	struct signing_key *keys = NULL;
	size_t count = 0;

	make_tree(dir, files, N_ELEMENTS(files));
	ck_assert_int_eq(keystore_list(dir, a, &keys, &count, &err), RC_OK);
	ck_assert_uint_eq(count, N_ELEMENTS(want));
	for (size_t i = 0; i < count; i++) {
		ck_slice_eq(arena_printf(a, "%.*s %.*s %d", SLICE_ARG(keys[i].domain.name),
		    SLICE_ARG(keys[i].selector), (int)keys[i].state), slice_str(want[i]));
		ck_assert_ptr_null(keys[i].key);
	}
	arena_free(&a);
	err_free(&err);
	free(dir);
}
END_TEST

Suite *keystore_suite(void)
{
	Suite *s = suite_create("keystore");

	UNIT_TABLE(s, file_names, name_rows);
	UNIT_TABLE(s, opening, open_rows);
	UNIT_TEST(s, all_mistakes_at_once);
	unit_table(s, "open_to_writers", open_to_writers, 2);
	UNIT_TEST(s, bad_keys_beside_good_ones);
	UNIT_TEST(s, what_signs);
	UNIT_TEST(s, missing_directory);
	UNIT_TABLE(s, finding, find_rows);
	UNIT_TEST(s, keys_that_are_activated_sign);
	UNIT_TEST(s, changes_are_seen);
	unit_table(s, "change_within_a_tick", change_within_a_tick, 20);
	UNIT_TEST(s, later_trouble);
	UNIT_TEST(s, trouble_put_right);
	UNIT_TEST(s, a_file_replaced);
	UNIT_TEST(s, keys_outlive_their_files);
	UNIT_TEST(s, many_missing_domains);
	UNIT_TEST(s, many_keys);
	UNIT_TEST(s, many_keys_are_tried_when_used);
	UNIT_TEST(s, many_keys_mode_is_still_checked);
	UNIT_TEST(s, threads);
	UNIT_TEST(s, listing);
	return s;
}
