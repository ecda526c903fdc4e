/*
 * core - runs session files (README) through the functions that daemon and tool share.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arc/verify.h"
#include "base/file.h"
#include "config/settings.h"
#include "mail/reader.h"
#include "verdict/json.h"
#include "verdict/logline.h"
#include "verdict/transaction.h"

#include "session.h"

/* One run of one session. */
struct run {
	const struct session *s;
	const struct settings *settings;
	const struct outcome *o;
	unsigned failures;
	size_t next_edit; /* that no expectation has named yet */
	bool replied, held;
};

static void fail(struct run *r, unsigned line, const char *what, struct slice want,
    struct slice got)
{
	r->failures++;
	printf("%s:%u: %s: got \"%.*s\", want \"%.*s\"\n", r->s->path, line, what, SLICE_ARG(got),
	    SLICE_ARG(want));
}

static void check_text(struct run *r, const struct expectation *e, const char *what,
    struct slice got)
{
	if (!session_matches(r->s->a, e->text, got))
		fail(r, e->line, what, e->text, got);
}

static struct slice edit_text(const struct run *r, const struct edit *e)
{
	if (e->op == EDIT_DELETE)
		return arena_printf(r->s->a, "delete %.*s %u", SLICE_ARG(e->name), e->index);
	return arena_printf(r->s->a, "insert %.*s:%.*s", SLICE_ARG(e->name), SLICE_ARG(e->value));
}

static void check_edit(struct run *r, const struct expectation *e)
{
	const struct actions *actions = &r->o->actions;
	struct slice want = arena_printf(r->s->a, "%s %.*s",
	    e->kind == EXPECT_DELETE ? "delete" : "insert", SLICE_ARG(e->text));
	struct slice got = SLICE("nothing");

	if (r->next_edit < actions->edit_count)
		got = edit_text(r, &actions->edits[r->next_edit++]);
	if (!session_matches(r->s->a, want, got))
		fail(r, e->line, "edit", want, got);
}

static struct slice reply_text(const struct run *r)
{
	const struct reply *reply = &r->o->actions.reply;

	return reply->code == 0 ? SLICE("") : arena_printf(r->s->a, "%d %s %.*s", reply->code,
	    reply->enhanced, SLICE_ARG(reply->text));
}

static void check_log(struct run *r, const struct expectation *e)
{
	struct buf line = BUF_INIT(64u * 1024);
	struct outcome timed = *r->o;

	timed.elapsed_ms = 7;
	outcome_log_line(&timed, &line);
	check_text(r, e, "log", buf_slice(&line));
	buf_free(&line);
}

static void check(struct run *r, const struct expectation *e)
{
	const struct actions *actions = &r->o->actions;

	switch (e->kind) {
	case EXPECT_CLASS:
		check_text(r, e, "class", slice_str(class_rules(r->o->class)->name));
		break;
	case EXPECT_ACTION:
		check_text(r, e, "action", slice_str(action_text(actions->action)));
		break;
	case EXPECT_WOULD:
		check_text(r, e, "would", slice_str(action_text(actions->would)));
		break;
	case EXPECT_REPLY:
		r->replied = true;
		check_text(r, e, "reply", reply_text(r));
		break;
	case EXPECT_HOLD:
		r->held = true;
		check_text(r, e, "hold", actions->hold ? actions->hold_reason : SLICE("not held"));
		break;
	case EXPECT_DELETE:
	case EXPECT_INSERT:
		check_edit(r, e);
		break;
	case EXPECT_LOG:
		check_log(r, e);
		break;
	}
}

/* What nobody expected. */
static void check_rest(struct run *r)
{
	const struct actions *actions = &r->o->actions;

	for (; r->next_edit < actions->edit_count; r->next_edit++)
		fail(r, r->s->line, "edit", SLICE("nothing"),
		    edit_text(r, &actions->edits[r->next_edit]));
	if (!r->replied && actions->reply.code != 0)
		fail(r, r->s->line, "reply", SLICE("none"), reply_text(r));
	if (!r->held && actions->hold)
		fail(r, r->s->line, "hold", SLICE("not held"), actions->hold_reason);
}

struct feeder {
	struct transaction *t;
	size_t chunk;
};

static void feed(void *ctx, struct slice octets)
{
	struct feeder *f = ctx;

	while (octets.len > 0) {
		transaction_body(f->t, slice_take(octets, f->chunk));
		octets = slice_drop(octets, f->chunk);
	}
}

/* The message as prepared, in the steps of the protocol. */
static enum rc play(const struct session *s, struct transaction *t, struct slice text,
    size_t chunk)
{
	struct feeder feeder = { t, chunk };
	struct slice body;
	struct message m;

	message_init(&m, s->a);
	m.max_header_bytes = m.max_header_fields = LIMIT_FILE_BYTES;
	body = read_headers(&m, text);
	for (size_t i = 0; i < s->envelope.recipient_count; i++)
		transaction_recipient(t, s->envelope.recipients[i]);
	for (size_t i = 0; i < m.count; i++)
		transaction_header(t, m.headers[i].raw_name, m.headers[i].value);
	transaction_end_of_header(t);
	read_body(body, (struct sink){ feed, &feeder });
	return arena_failed(s->a) ? RC_NOMEM : RC_OK;
}

/* The envelope without its recipients, which come step by step. */
static struct envelope envelope_at_mail(const struct session *s)
{
	struct envelope e = s->envelope;

	e.recipients = NULL;
	e.recipient_count = e.recipient_cap = 0;
	return e;
}

static bool verbose;

static void show(const struct run *r)
{
	struct buf json = BUF_INIT(64u * 1024 * 1024);

	if (json_outcome(r->o, 2, &json) == RC_OK)
		printf("%s %s\n", r->s->path, buf_cstr(&json));
	buf_free(&json);
}

static unsigned run_once(const struct session *s, const struct settings *settings,
    struct resolver *resolver, struct slice text, size_t chunk)
{
	struct transaction_env env = { &settings->policy, settings->keystore, resolver };
	struct envelope envelope = envelope_at_mail(s);
	struct transaction *t = transaction_begin(&env, &envelope);
	struct run r = { .s = s, .settings = settings };

	if (t == NULL || play(s, t, text, chunk) != RC_OK) {
		printf("%s: out of memory\n", s->path);
		transaction_free(&t);
		return 1;
	}
	r.o = transaction_end(t, s->clock);
	for (size_t i = 0; i < s->expectation_count; i++)
		check(&r, &s->expectations[i]);
	check_rest(&r);
	if (verbose)
		show(&r);
	transaction_free(&t);
	return r.failures;
}

/* Whole bodies and bodies in small pieces are the same message. */
static unsigned run_prepared(const struct session *s, const char *directory, struct err *err)
{
	struct slice path = arena_printf(s->a, "%s/assay.conf", directory);
	struct slice message = arena_printf(s->a, "%s/message.eml", directory);
	struct buf text = BUF_INIT(64u * 1024 * 1024);
	struct settings *settings = NULL;
	struct resolver *resolver = NULL;
	unsigned failures = 1;
	const char *why;

	if (settings_load(path.ptr, &settings, err) == RC_OK &&
	    settings_load_keys(settings, err) == RC_OK &&
	    settings_resolver(settings, &resolver, err) == RC_OK &&
	    file_read(message.ptr, &text, NULL, &why) == RC_OK) {
		failures = run_once(s, settings, resolver, buf_slice(&text), 65535);
		if (failures == 0)
			failures = run_once(s, settings, resolver, buf_slice(&text), 3);
	}
	buf_free(&text);
	resolver_free(&resolver);
	settings_release(&settings);
	return failures;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* Session files and key files are parts of one source tree. */
static const char *keys_directory(const char *path)
{
	static char keys[4096];
	const char *name = strrchr(path, '/');

	snprintf(keys, sizeof(keys), "%.*s../../keys", name == NULL ? 0 : (int)(name + 1 - path), path);
	return keys;
}

static bool run_file(const char *path)
{
	char directory[] = "/tmp/assay-session-XXXXXX";
	struct err err = ERR_INIT;
	struct session s;
	unsigned failures = 1;

	if (mkdtemp(directory) == NULL)
		return false;
	if (session_read(path, keys_directory(path), &s, &err) == RC_OK &&
	    session_prepare(&s, directory, &err) == RC_OK)
		failures = run_prepared(&s, directory, &err);
	if (err.count > 0) {
		printf("%s: %s", path, buf_cstr(&err.text));
		failures++;
	}
	err_free(&err);
	session_free(&s);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return failures == 0;
}

static int prepare(const char *directory, const char *path)
{
	struct err err = ERR_INIT;
	struct session s;
	enum rc rc = session_read(path, keys_directory(path), &s, &err);

	if (rc == RC_OK)
		rc = session_prepare(&s, directory, &err);
	fputs(buf_cstr(&err.text), stderr);
	err_free(&err);
	session_free(&s);
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct log_params quiet = { .level = LOG_LEVEL_ERROR, .ident = "core" };
	unsigned passed = 0, failed = 0;

	log_open(&quiet);
	if (argc == 2 && strcmp(argv[1], "--has-arc") == 0)
		return arc_is_built() ? EXIT_SUCCESS : EXIT_FAILURE;
	if (argc == 4 && strcmp(argv[1], "--prepare") == 0)
		return prepare(argv[2], argv[3]);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (run_file(argv[i]))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
