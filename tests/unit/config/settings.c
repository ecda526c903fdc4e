/* settings.h: files, defaults, what is printed, references, reading keys and tables. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arc/verify.h"
#include "base/limits.h"
#include "config/options.h"
#include "config/settings.h"
#include "dns/lookups.h"

#include "files.h"
#include "suites.h"

/* --- defaults ------------------------------------------------------------------------------- */

/* What a site that sets nothing gets, as the manual says. */
START_TEST(defaults_of_the_policy)
{
	static const int ports[] = { 587, 465, 0 };
	const enum action accepted[OCCASION_COUNT] = { ACTION_ACCEPT };
	const struct dmarc_actions dmarc = {
		.on_policy_reject = ACTION_REJECT,
		.on_policy_quarantine = ACTION_QUARANTINE,
		.indirect = ACTION_QUARANTINE,
		.on_temperror_policy = ACTION_ACCEPT,
		.on_temperror_identifier = ACTION_TEMPFAIL,
		.from_missing = ACTION_REJECT,
		.from_multiple = ACTION_REJECT,
		.from_invalid = ACTION_REJECT,
	};
	const struct verdict_policy *p;
	struct settings *s = NULL;
	struct ip loopback;

	ck_assert_int_eq(settings_default(&s), RC_OK);
	p = &s->policy;
	ck_assert(slice_is_null(p->authserv_id));
	ck_assert_int_eq((int)p->enforce, (int)ENFORCE_NO);
	ck_assert_uint_eq(p->internal_hosts.count, 2);
	ck_assert(ip_parse(SLICE("127.9.9.9"), &loopback) &&
	    hostlist_matches(&p->internal_hosts, &loopback, SLICE_NULL));
	ck_assert(ip_parse(SLICE("::1"), &loopback) &&
	    hostlist_matches(&p->internal_hosts, &loopback, SLICE_NULL));
	ck_assert_uint_eq(p->sign_ports.count, N_ELEMENTS(ports));
	for (size_t i = 0; i < N_ELEMENTS(ports); i++)
		ck_assert_int_eq(p->sign_ports.items[i], ports[i]);
	ck_assert_uint_eq(p->own_relays.count + p->forwarders.count + p->pass_ports.count, 0);
	ck_assert_int_eq((int)p->quarantine, (int)QUARANTINE_HEADER);
	ck_slice_eq(p->quarantine_header_name, SLICE("X-Assay-Quarantine"));
	ck_slice_eq(p->quarantine_header_value, SLICE("dmarc"));
	ck_assert_int_eq((int)p->spf.engine, (int)SPF_ENGINE_BUILTIN);
	ck_assert_int_eq((int)p->spf.void_answers, (int)SPF_VOID_RFC);
	ck_assert_uint_eq(p->spf.void_limit, LIMIT_SPF_VOID);
	ck_assert(slice_is_null(p->spf.default_explanation));
	ck_assert_mem_eq(p->on, accepted, sizeof(accepted));
	ck_assert(!p->received_spf);
	ck_assert_uint_eq(p->dkim.minimum_bits, 1024);
	ck_assert_int_eq((int)p->dkim.body_length, (int)DKIM_LENGTH_REFUSE);
	ck_assert_int_eq((int)p->dkim.clock_skew, 300);
	ck_assert_uint_eq(p->dkim.max_signatures, LIMIT_SIGNATURES);
	ck_assert_int_eq((int)p->dmarc.discovery, (int)DMARC_DISCOVERY_TREEWALK);
	ck_assert_mem_eq(&p->dmarc_actions, &dmarc, sizeof(dmarc));
	ck_assert_uint_eq(p->never_refuse_to.count, 2); /* RFC 5321 section 4.5.1, RFC 2142 */
	ck_slice_eq(p->never_refuse_to.items[0], SLICE("postmaster@"));
	ck_slice_eq(p->never_refuse_to.items[1], SLICE("abuse@"));
	ck_assert_uint_eq(p->never_refuse_from.count, 0);
	ck_assert(slice_is_null(p->reply_url));
	ck_assert_int_eq((int)p->signing.header_canon, (int)CANON_RELAXED);
	ck_assert_int_eq((int)p->signing.body_canon, (int)CANON_RELAXED);
	ck_assert_int_eq((int)p->signing.expire_after, 0);
	ck_assert(!p->signing.sign_mismatch && domain_is_none(p->signing.sign_fallback));
	ck_assert_int_eq((int)p->on_exceed, (int)ACTION_REJECT);
	ck_assert_uint_eq(p->max_header_bytes, LIMIT_HEADER_BYTES);
	ck_assert_uint_eq(p->max_header_fields, LIMIT_HEADER_FIELDS);
	ck_assert_int_ge((int)p->dns_deadline_ms, 20000); /* P_21 */
	settings_release(&s);
}
END_TEST

START_TEST(defaults_of_the_daemon)
{
	struct settings *s = NULL;

	ck_assert_int_eq(settings_default(&s), RC_OK);
	ck_assert(slice_starts_with(s->listen, SLICE("unix:/")));
	ck_assert_uint_eq(s->socket_mode, 0660);
	ck_assert(slice_is_null(s->socket_group));
	ck_assert(!s->allow_remote_mta);
	ck_slice_eq(s->user, SLICE("assay"));
	ck_assert(!s->keys_directory_named);
	ck_assert(s->keys_directory.len > 0);
	ck_assert_ptr_null(s->keystore);
	ck_assert_ptr_null(s->tables);
	ck_assert_uint_eq(s->dns.server_count, 0);
	ck_assert_int_eq((int)s->dns.timeout_ms, 2000);
	ck_assert_int_eq((int)s->log.target, LOG_TARGET_SYSLOG);
	ck_assert_int_eq((int)s->log.level, LOG_LEVEL_INFO);
	ck_assert_ptr_nonnull(s->log.ident);
	settings_release(&s);
	ck_assert_ptr_null(s);
	settings_release(&s);
}
END_TEST

/* --- files ---------------------------------------------------------------------------------- */

struct tree {
	const char *path, *text;
};

static enum rc load_tree(const char *dir, const struct tree *files, size_t count,
    struct settings **s, struct err *err)
{
	char *path = files_path(dir, "assay.conf");
	enum rc rc;

	for (size_t i = 0; i < count && files[i].path != NULL; i++)
		files_write(dir, files[i].path, files[i].text, 0644);
	rc = settings_load(path, s, err);
	free(path);
	return rc;
}

/* want: own-relays' names, joined by "|" */
static const struct {
	const char *name;
	struct tree files[4];
	const char *want;
} include_rows[] = {
	{ "a file", { { "assay.conf", "include \"a.conf\"" }, { "a.conf", "own-relays = a" } },
	    "a" },
	{ "a bare name", { { "assay.conf", "include a.conf" }, { "a.conf", "own-relays = a" } },
	    "a" },
	{ "a later file overrides", { { "assay.conf", "own-relays = { a, b }\ninclude \"a.conf\"" },
	    { "a.conf", "own-relays = c" } }, "c" },
	{ "an earlier file is overridden", { { "assay.conf", "include \"a.conf\"\nown-relays = c" },
	    { "a.conf", "own-relays = { a, b }" } }, "c" },
	{ "files in order", { { "assay.conf", "include \"conf.d/*.conf\"" },
	    { "conf.d/20.conf", "own-relays = b" }, { "conf.d/10.conf", "own-relays = a" } }, "b" },
	{ "no file at all", { { "assay.conf",
	    "include \"conf.d/*.conf\"\nown-relays = a" } }, "a" },
	{ "other files", { { "assay.conf", "own-relays = a include \"conf.d/*.conf\"" },
	    { "conf.d/a.conf~", "own-relays = b" }, { "conf.d/b", "own-relays = b" } }, "a" },
	{ "relative to the including file", { { "assay.conf", "include \"x/a.conf\"" },
	    { "x/a.conf", "include \"b.conf\"" }, { "x/b.conf", "own-relays = a" } }, "a" },
	{ "twice", { { "assay.conf", "include \"a.conf\"\ninclude \"a.conf\"" },
	    { "a.conf", "own-relays = a" } }, "a" },
	{ "a list in a file", { { "assay.conf", "own-relays = file:hosts" },
	    { "hosts", "# ours\n\n a \nb # two\n\tc" } }, "a|b|c" },
	{ "a list in a file and more", { { "assay.conf", "own-relays = { x, \"file:hosts\", y }" },
	    { "hosts", "a\r\nb\r\n" } }, "x|a|b|y" },
	{ "an empty list in a file", { { "assay.conf", "own-relays = file:hosts" }, { "hosts",
	    "" } }, "" },
	{ "relative to the file that names it", { { "assay.conf", "include x/a.conf" },
	    { "x/a.conf", "own-relays = file:hosts" }, { "x/hosts", "a" }, { "hosts", "b" } },
	    "a" },
};

START_TEST(includes)
{
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	struct slice got = SLICE("");

	ck_assert_msg(load_tree(dir, include_rows[_i].files, 4, &s, &err) == RC_OK &&
	    err.text.len == 0, "%s: %s", include_rows[_i].name, buf_cstr(&err.text));
	for (size_t i = 0; i < s->policy.own_relays.count; i++)
		got = arena_printf(s->arena, "%.*s%s%.*s", SLICE_ARG(got), i == 0 ? "" : "|",
		    SLICE_ARG(s->policy.own_relays.entries[i].name));
	ck_assert_msg(slice_eq(got, slice_str(include_rows[_i].want)), "%s: %.*s",
	    include_rows[_i].name, SLICE_ARG(got));
	settings_release(&s);
	err_free(&err);
	free(dir);
}
END_TEST

static const struct {
	const char *name;
	struct tree files[4];
	size_t errors;
	const char *want;
} bad_file_rows[] = {
	{ "no file", { { NULL, NULL } }, 1, "assay.conf: No such file or directory" },
	{ "an included file that is not there", { { "assay.conf", "\ninclude \"a.conf\"\n" } }, 1,
	    "assay.conf:2: include: " },
	{ "an included directory", { { "assay.conf", "include \"x\"" }, { "x/y", "" } }, 1,
	    "is a directory" },
	{ "a mistake in an included file", { { "assay.conf", "include \"a.conf\"" },
	    { "a.conf", "\n\nenforce = maybe" } }, 1, "a.conf:3: enforce" },
	{ "a file that includes itself", { { "assay.conf", "include \"assay.conf\"" } }, 1,
	    "includes nest deeper than 5" },
	{ "two that include each other", { { "assay.conf", "include a.conf" },
	    { "a.conf", "include assay.conf" } }, 1, "includes nest deeper" },
	{ "twice in one file, another between", { { "assay.conf",
	    "user = a\ninclude a.conf\nuser = b" }, { "a.conf", "user = c" } }, 1,
	    "assay.conf:3: user is set in line 1 already" },
	{ "a section in two files", { { "assay.conf", "sign a.org { }\ninclude a.conf" },
	    { "a.conf", "sign a.org { }" } }, 1, "a.conf:1: there is a section sign" },
	{ "a section that goes on after its file", { { "assay.conf", "include a.conf\n}" },
	    { "a.conf", "dns {" } }, 2, "a.conf:1: the section dns that begins here has no end" },
	{ "mistakes everywhere", { { "assay.conf", "x = 1\ninclude a.conf\ny = 2" },
	    { "a.conf", "z = 3" } }, 3, "assay.conf:3: y" },
	{ "a list's file", { { "assay.conf", "\nown-relays = file:hosts" } }, 1,
	    "assay.conf:2: own-relays: " },
	{ "no name of a list's file", { { "assay.conf", "own-relays = \"file:\"" } }, 1,
	    "write file:PATH" },
	{ "nine name servers", { { "assay.conf", "\ndns { servers = file:list }" }, { "list", "::1\n::2\n::3\n::4\n::5\n"
	    "::6\n::7\n::8\n::9\n" } }, 1, "assay.conf:2: servers has 9 addresses: write at most 8" },
	{ "eleven who get a copy", { { "assay.conf", "reports { bcc = file:list }" }, { "list", "a@x.org\n"
	    "a@x.org\na@x.org\na@x.org\na@x.org\na@x.org\na@x.org\na@x.org\na@x.org\na@x.org\na@x.org\n" } }, 1,
	    "bcc has 11 addresses: write at most 10" },
	{ "an entry of a list's file", { { "assay.conf", "own-relays = file:hosts" },
	    { "hosts", "\n::1\n192.0.2.1/8\n" } }, 1, "hosts:3: own-relays: \"192.0.2.1/8\"" },
	{ "several entries of it", { { "assay.conf", "own-relays = file:hosts" },
	    { "hosts", "a b\n::1\n192.0.2.1/8\n" } }, 2, "hosts:1: own-relays: " },
};

START_TEST(bad_files)
{
	char *dir = files_dir();
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	enum rc rc = load_tree(dir, bad_file_rows[_i].files, 4, &s, &err);
	const char *text = buf_cstr(&err.text);

	ck_assert_msg(rc == RC_CONFIG && s == NULL, "%s: %d", bad_file_rows[_i].name, rc);
	ck_assert_msg(err.count == bad_file_rows[_i].errors, "%s: %zu\n%s", bad_file_rows[_i].name,
	    err.count, text);
	ck_assert_msg(strstr(text, bad_file_rows[_i].want) != NULL, "%s:\n%s",
	    bad_file_rows[_i].name, text);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(too_large)
{
	char *dir = files_dir(), *path = files_path(dir, "assay.conf");
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	files_write(dir, "assay.conf", "", 0644);
	ck_assert_int_eq(truncate(path, (off_t)LIMIT_CONFIG_FILE + 1), 0);
	ck_assert_int_eq(settings_load(path, &s, &err), RC_CONFIG);
	ck_assert_msg(err.count == 1 && strstr(buf_cstr(&err.text), "too large") != NULL, "%s",
	    buf_cstr(&err.text));
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

START_TEST(unreadable)
{
	char *dir = files_dir(), *path = files_path(dir, "assay.conf");
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	files_write(dir, "assay.conf", "", 0);
	if (geteuid() == 0) {
		unit_skipped("root may read every file");
	} else {
		ck_assert_int_eq(settings_load(path, &s, &err), RC_CONFIG);
		ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "Permission denied"));
	}
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

START_TEST(writable_by_all_warns)
{
	char *dir = files_dir(), *path = files_path(dir, "assay.conf");
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	files_write(dir, "assay.conf", "internal-hosts = { \"file:hosts\" }", 0666);
	files_write(dir, "hosts", "192.0.2.1", 0666);
	ck_assert_int_eq(settings_load(path, &s, &err), RC_OK);
	ck_assert_msg(err.warnings == 2 && strstr(buf_cstr(&err.text), "hosts: writable by everybody: chmod o-w") != NULL,
	    "%s", buf_cstr(&err.text));
	settings_release(&s);
	err_free(&err);
	free(path);
	free(dir);
}
END_TEST

/* --- printing ------------------------------------------------------------------------------- */

static struct settings *load_text(struct slice text)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_msg(settings_load_text("t", text, &s, &err) == RC_OK, "%s\n%.*s",
	    buf_cstr(&err.text), SLICE_ARG(text));
	err_free(&err);
	return s;
}

/* The print without its comments at the ends of lines, which tell where a value came from. */
static void strip_origins(const struct buf *print, struct buf *out)
{
	struct slice rest = buf_slice(print);

	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');
		size_t at = slice_rfind(line, '#');

		buf_add(out, slice_trim(at == 0 ? line : slice_take(line, at)));
		buf_add_char(out, '\n');
	}
}

static const char full_text[] =
    "authserv-id = \"mx.example.com\" enforce = yes keys = /k\n"
    "own-relays = { \"192.0.2.0/24\", !mx.a.org }\nremove-authserv-ids = \"a\\\"b\\\\c#d\"\n"
    "dns { servers = \"[::1]:53\" timeout = 1500ms }\nlog { facility = local7 }\n"
    "sign \"a.org\" { users = { joe, \"=x\" } expire = 1d }\nsign b.org { canonicalization = "
    "simple/simple }\npolicy c.org { on-fail = accept comment = \"as they wish: {so}\" }\n"
    "policy-to \"joe@\" { on-fail = quarantine }\nsign-headers = +X-A\n"
    "sign-tables { key-table = /a signing-table = refile:/b }\n";

START_TEST(print_is_a_configuration)
{
	struct buf first = BUF_INIT(1u << 20), second = BUF_INIT(1u << 20);
	struct buf first_plain = BUF_INIT(1u << 20), second_plain = BUF_INIT(1u << 20);
	struct settings *s = load_text(_i == 0 ? slice_str(full_text) : SLICE(""));
	struct settings *again;

	settings_print(s, &first);
	again = load_text(buf_slice(&first));
	settings_print(again, &second);
	strip_origins(&first, &first_plain);
	strip_origins(&second, &second_plain);
	ck_assert_str_eq(buf_cstr(&first_plain), buf_cstr(&second_plain));
	ck_assert_int_eq(again->keys_directory_named, s->keys_directory_named);
	ck_assert_uint_eq(again->policy.signing.section_count, s->policy.signing.section_count);
	for (size_t i = 0; i < s->policy.signing.section_count; i++) {
		ck_assert_int_eq(again->policy.signing.sections[i].has_canon,
		    s->policy.signing.sections[i].has_canon);
		ck_assert_int_eq(again->policy.signing.sections[i].has_expire,
		    s->policy.signing.sections[i].has_expire);
	}
	settings_release(&again);
	settings_release(&s);
	buf_free(&first);
	buf_free(&second);
	buf_free(&first_plain);
	buf_free(&second_plain);
}
END_TEST

static const char *const printed_rows[] = {
	"\nenforce = yes ", "# t:1\n", "authserv-id = mx.example.com ", "\tservers = \"[::1]:53\"",
	"own-relays = { 192.0.2.0/24, \"!mx.a.org\" }", "\"a\\\"b\\\\c#d\"", "\tdeadline = 20s ",
	"# default\n", "sign a.org {", "\nsign b.org {", "# \texpire = ", "\texpire = 1d ",
	"users = { joe, \"=x\" }", "policy-to \"joe@\" {", "sign-headers = \"+X-A\"",
	"key-table = /a", "listen = \"unix:/",
};

START_TEST(printed)
{
	struct buf out = BUF_INIT(1u << 20);
	struct settings *s = load_text(slice_str(full_text));

	settings_print(s, &out);
	ck_assert_msg(strstr(buf_cstr(&out), printed_rows[_i]) != NULL, "%s", printed_rows[_i]);
	settings_release(&s);
	buf_free(&out);
}
END_TEST

/* Every option of the table is printed, and under its own section. */
START_TEST(every_option_is_printed)
{
	struct buf out = BUF_INIT(1u << 20), line = BUF_INIT(256);
	struct settings *s = load_text(slice_str(full_text));
	const struct option_info *o;

	settings_print(s, &out);
	for (size_t i = 0; (o = option_info(i)) != NULL; i++) {
		buf_clear(&line);
		buf_addf(&line, "%s%s =", *o->section == '\0' ? "" : "\t", o->name);
		ck_assert_msg(strstr(buf_cstr(&out), buf_cstr(&line)) != NULL, "%s %s", o->section,
		    o->name);
	}
	settings_release(&s);
	buf_free(&out);
	buf_free(&line);
}
END_TEST

START_TEST(print_tells_files)
{
	static const struct tree files[] = {
		{ "assay.conf", "enforce = yes\n\ninclude a.conf\nown-relays = file:hosts" },
		{ "a.conf", "\nenforce = no" },
		{ "hosts", "::1" },
	};
	char *dir = files_dir();
	struct buf out = BUF_INIT(1u << 20);
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_int_eq(load_tree(dir, files, N_ELEMENTS(files), &s, &err), RC_OK);
	settings_print(s, &out);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "/a.conf:2\n"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "/assay.conf:4\n"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "own-relays = \"file:/"));
	settings_release(&s);
	err_free(&err);
	buf_free(&out);
	free(dir);
}
END_TEST

/* --- the shipped sample ---------------------------------------------------------------------- */

START_TEST(sample_is_clean)
{
	char *path = unit_source_path("dist/assay.conf");
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_msg(path != NULL, "dist/assay.conf is not in the source tree (ASSAY_SRCDIR)");
	ck_assert_msg(settings_load(path, &s, &err) == RC_OK, "%s", buf_cstr(&err.text));
	ck_assert_msg(err.text.len == 0, "%s", buf_cstr(&err.text));
	ck_assert_int_eq((int)s->policy.enforce, ENFORCE_NO);
	settings_release(&s);
	err_free(&err);
	free(path);
}
END_TEST

/* Every commented line of the sample that looks like a setting is one that would be taken. */
START_TEST(sample_comments_are_settings)
{
	char *path = unit_source_path("dist/assay.conf");
	struct buf text = BUF_INIT(1u << 20);
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	size_t len = 0, settings = 0;
	char *sample;
	struct slice rest;

	ck_assert_ptr_nonnull(path);
	sample = unit_read_file(path, &len);
	ck_assert_ptr_nonnull(sample);
	rest = slice_of(sample, len);
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		if (!slice_starts_with(line, SLICE("#")) || slice_starts_with(line, SLICE("# ")) ||
		    line.len < 2)
			continue;
		buf_add(&text, slice_drop(line, 1));
		buf_add_char(&text, '\n');
		settings++;
	}
	ck_assert_uint_gt(settings, 10);
	ck_assert_msg(settings_load_text("sample", buf_slice(&text), &s, &err) == RC_OK, "%s\n%s",
	    buf_cstr(&err.text), buf_cstr(&text));
	settings_release(&s);
	buf_free(&text);
	err_free(&err);
	free(sample);
	free(path);
}
END_TEST

/* --- references ----------------------------------------------------------------------------- */

static void *hold_and_release(void *arg)
{
	for (int i = 0; i < 10000; i++) {
		struct settings *s = settings_hold(arg);

		settings_release(&s);
	}
	return NULL;
}

START_TEST(references)
{
	struct settings *s = load_text(SLICE("enforce = yes")), *kept = settings_hold(s);
	pthread_t workers[4];

	for (size_t i = 0; i < N_ELEMENTS(workers); i++)
		ck_assert_int_eq(pthread_create(&workers[i], NULL, hold_and_release, s), 0);
	for (size_t i = 0; i < N_ELEMENTS(workers); i++)
		ck_assert_int_eq(pthread_join(workers[i], NULL), 0);
	settings_release(&s);
	ck_assert_int_eq((int)kept->policy.enforce, ENFORCE_YES);
	settings_release(&kept);
}
END_TEST

/* --- keys and tables ------------------------------------------------------------------------ */

static const struct {
	const char *name, *text; /* "DIR" stands for the directory */
	bool keys, bad_table;
	enum rc rc;
	size_t errors, findings, warnings;
} key_rows[] = {
	{ "a receive-only site: the default is not there", "enforce = yes", false, false, RC_OK, 0,
	    0, 1 },
	{ "a named directory is not there", "keys = DIR/none", false, false, RC_CONFIG, 1, 0,
	    0 },
	{ "keys", "keys = DIR/keys", true, false, RC_OK, 0, 0, 0 },
	{ "tables", "keys = DIR/keys sign-tables { key-table = DIR/K signing-table = DIR/S }", true,
	    false, RC_OK, 0, 0, 0 },
	{ "a bad table", "keys = DIR/keys sign-tables { key-table = DIR/K signing-table = DIR/S }",
	    true, true, RC_OK, 0, 1, 0 },
	{ "no table", "keys = DIR/keys sign-tables { key-table = DIR/K signing-table = DIR/none }",
	    true, false, RC_CONFIG, 1, 0, 0 },
	{ "everything bad", "keys = DIR/no sign-tables { key-table = DIR/K signing-table = DIR/none }",
	    true, true, RC_CONFIG, 2, 1, 0 },
	{ "a fallback without a key", "keys = DIR/keys sign-fallback = b.org", true, false, RC_OK, 0,
	    1, 0 },
	{ "a fallback", "keys = DIR/keys sign-fallback = a.org", true, false, RC_OK, 0, 0, 0 },
	{ "a selector without a key", "keys = DIR/keys sign a.org { selectors = { s, t } }", true,
	    false, RC_OK, 0, 1, 0 },
	{ "a section without a key", "keys = DIR/keys sign b.org { subdomains = yes }", true, false,
	    RC_OK, 0, 1, 0 },
	{ "a seal without a key", "keys = DIR/keys arc { seal = a.org/t }", true, false, RC_OK, 0, 1,
	    0 },
	{ "a seal", "keys = DIR/keys arc { seal = A.org/S }", true, false, RC_OK, 0, 0, 0 },
	{ "a section", "keys = DIR/keys sign a.org { selectors = S }", true, false, RC_OK, 0, 0, 0 },
};

static void add_text(struct buf *out, const char *text, const char *dir)
{
	struct slice rest = slice_str(text);

	while (rest.len > 0) {
		bool is_dir = slice_starts_with(rest, SLICE("DIR"));

		buf_add(out, is_dir ? slice_str(dir) : slice_take(rest, 1));
		rest = slice_drop(rest, is_dir ? 3 : 1);
	}
}

START_TEST(keys_and_tables)
{
	char *dir;
	struct buf text = BUF_INIT(8192), table = BUF_INIT(8192);
	struct err err = ERR_INIT;
	struct settings *s;

	if (strstr(key_rows[_i].text, "arc {") != NULL && !arc_is_built()) {
		unit_skipped("this build has no ARC");
		return;
	}
	dir = files_dir();
	if (key_rows[_i].keys)
		files_key(dir, "keys/a.org/s.pem", "ed25519.pem", 0600);
	add_text(&table, key_rows[_i].bad_table ? "k a.org\n" : "k a.org:s:DIR/keys/a.org/s.pem\n",
	    dir);
	files_write(dir, "K", buf_cstr(&table), 0644);
	files_write(dir, "S", "a.org k\n", 0644);
	add_text(&text, key_rows[_i].text, dir);
	s = load_text(buf_slice(&text));
	if (access(s->keys_directory.ptr, F_OK) == 0 && !s->keys_directory_named) {
		unit_skipped("the default key directory exists on this machine");
	} else {
		ck_assert_msg(settings_load_keys(s, &err) == key_rows[_i].rc, "%s: %s",
		    key_rows[_i].name, buf_cstr(&err.text));
		ck_assert_msg(err.count == key_rows[_i].errors &&
		    err.findings == key_rows[_i].findings &&
		    err.warnings == key_rows[_i].warnings, "%s: %s", key_rows[_i].name,
		    buf_cstr(&err.text));
		ck_assert_ptr_eq(s->policy.signing.tables, s->tables);
		/* the option is named with its place */
		ck_assert(strstr(key_rows[_i].text, "DIR/no") != key_rows[_i].text + strlen("keys = ") ||
		    strstr(buf_cstr(&err.text), "t:1: ") != NULL);
	}
	settings_release(&s);
	buf_free(&text);
	buf_free(&table);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(described)
{
	char *dir = files_dir();
	struct buf text = BUF_INIT(8192), out = BUF_INIT(65536);
	struct err err = ERR_INIT;
	struct settings *s;

	files_mkdir(dir, "keys");
	for (unsigned i = 0; i < (unsigned)_i; i++) {
		char name[32];

		snprintf(name, sizeof(name), "keys/d%02u.org/s.pem", i);
		files_key(dir, name, "ed25519.pem", 0600);
	}
	add_text(&text, "keys = DIR/keys authserv-id = mx.a.org", dir);
	s = load_text(buf_slice(&text));
	ck_assert_int_eq(settings_load_keys(s, &err), RC_OK);
	ck_assert_int_eq(settings_describe(s, &out), RC_OK);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), _i == 0 ? "signs: nothing\n" : "signs: d00.org (s)"));
	ck_assert((strstr(buf_cstr(&out), "d19.org (s)") != NULL) == (_i >= 20));
	ck_assert((strstr(buf_cstr(&out), "d20.org") == NULL));
	ck_assert((strstr(buf_cstr(&out), " and 3 more\n") != NULL) == (_i == 23));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), ", as mx.a.org\nenforce = no: "));
	settings_release(&s);
	buf_free(&text);
	buf_free(&out);
	err_free(&err);
	free(dir);
}
END_TEST

START_TEST(resolver_over_a_zone)
{
	char *dir = files_dir();
	struct buf text = BUF_INIT(8192);
	struct err err = ERR_INIT;
	struct resolver *r = NULL;
	struct lookups *l;
	struct settings *s;

	files_write(dir, "zone", "a.example A 192.0.2.1\n", 0644);
	add_text(&text, "dns { test-zone-file = DIR/zone }", dir);
	s = load_text(buf_slice(&text));
	ck_assert_msg(settings_resolver(s, &r, &err) == RC_OK, "%s", buf_cstr(&err.text));
	l = lookups_new(r, 1000);
	ck_assert_int_eq((int)lookups_await(l, LOOKUP_SPF, SLICE("a.example"), DNS_A)->status,
	    DNS_FOUND);
	lookups_release(&l);
	resolver_free(&r);
	settings_release(&s);
	buf_free(&text);
	err_free(&err);
	free(dir);
}
END_TEST

Suite *settings_suite(void)
{
	Suite *s = suite_create("settings");

	UNIT_TEST(s, defaults_of_the_policy);
	UNIT_TEST(s, defaults_of_the_daemon);
	UNIT_TABLE(s, includes, include_rows);
	UNIT_TABLE(s, bad_files, bad_file_rows);
	UNIT_TEST(s, too_large);
	UNIT_TEST(s, unreadable);
	UNIT_TEST(s, writable_by_all_warns);
	unit_table(s, "print_is_a_configuration", print_is_a_configuration, 2);
	UNIT_TABLE(s, printed, printed_rows);
	UNIT_TEST(s, every_option_is_printed);
	UNIT_TEST(s, print_tells_files);
	UNIT_TEST(s, sample_is_clean);
	UNIT_TEST(s, sample_comments_are_settings);
	UNIT_TEST(s, references);
	UNIT_TABLE(s, keys_and_tables, key_rows);
	unit_table(s, "described", described, 24);
	UNIT_TEST(s, resolver_over_a_zone);
	return s;
}
