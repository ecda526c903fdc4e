#include <stdlib.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/log.h"
#include "daemon/ceiling.h"
#include "daemon/observers.h"
#include "verdict/transaction.h"

#include "daemon/session.h"

struct session {
	struct services *services;
	struct mta_facts facts;
	bool deferred;                 /* beyond limits { sessions }: no message is looked at */
	struct arena *arena;           /* facts of the client's connection; made by connect */
	struct envelope peer;          /* what is known before MAIL; copied by transaction_begin() */
	struct buf helo;               /* peer.helo's octets */
	struct snapshot *snapshot;     /* of the message in progress; NULL between messages */
	struct transaction *transaction; /* NULL though a message is in progress: no memory for it */
};

static enum ceiling_place enter(struct services *services)
{
	struct snapshot *snapshot = services_snapshot(services);
	enum ceiling_place place = ceiling_enter(snapshot_settings(snapshot)->max_sessions);

	snapshot_release(&snapshot);
	return place;
}

struct session *session_new(struct services *services, const struct mta_facts *facts)
{
	enum ceiling_place place = enter(services);
	struct session *s = place == CEILING_CLOSED ? NULL : calloc(1, sizeof(*s));

	if (s == NULL) {
		if (place != CEILING_CLOSED)
			ceiling_leave();
		return NULL;
	}
	s->deferred = place == CEILING_DEFERRED;
	s->services = services;
	s->facts = *facts;
	s->helo = (struct buf)BUF_INIT(LIMIT_HELO_OCTETS);
	s->peer.port = -1;
	return s;
}

static void message_end(struct session *s)
{
	transaction_free(&s->transaction);
	snapshot_release(&s->snapshot);
}

void session_free(struct session **s)
{
	if (*s == NULL)
		return;
	session_abort(*s);
	arena_free(&(*s)->arena);
	buf_free(&(*s)->helo);
	free(*s);
	*s = NULL;
	ceiling_leave();
}

/* --- the client ------------------------------------------------------------------------------- */

static struct slice keep(struct session *s, struct slice text)
{
	return slice_is_null(text) ? text : arena_copy(s->arena, text);
}

static int port_number(struct slice text)
{
	struct cursor c = cursor_of(text);
	uint64_t port;

	return take_uint(&c, 5, 65535, &port) && cursor_done(&c) ? (int)port : -1;
}

/*
 * The client's name, only where the MTA has verified it: Postfix says "unknown" otherwise, Sendmail
 * says so by {client_resolve} and puts addresses in brackets.
 */
static struct slice verified_name(const struct session_client *client)
{
	struct slice name = client->hostname, resolved = client->client_resolve;

	if (name.len == 0 || name.ptr[0] == '[' || slice_ieq(name, SLICE("unknown")))
		return SLICE_NULL;
	if (!slice_is_null(resolved) && !slice_ieq(resolved, SLICE("OK")))
		return SLICE_NULL;
	return name;
}

void session_connect(struct session *s, const struct session_client *client)
{
	session_abort(s);
	arena_free(&s->arena);
	buf_clear(&s->helo);
	s->peer = (struct envelope){ .client = client->address, .client_port = client->port,
		.port = port_number(client->daemon_port) };
	s->arena = arena_create(LIMIT_HEADER_BYTES);
	if (s->arena == NULL)
		return; /* session_mail() begins no message without it */
	if (s->peer.client.family == IP_NONE)
		(void)ip_parse(client->client_addr, &s->peer.client);
	s->peer.client_name = keep(s, verified_name(client));
	s->peer.mta_name = keep(s, client->mta_name);
	s->peer.daemon_name = keep(s, client->daemon_name);
}

/* RFC 5321 section 4.1.4: a further HELO or EHLO ends what was begun. */
void session_helo(struct session *s, struct slice name)
{
	session_abort(s);
	buf_clear(&s->helo);
	buf_add(&s->helo, name);
	s->peer.helo = buf_slice(&s->helo);
}

/* --- a message -------------------------------------------------------------------------------- */

void session_mail(struct session *s, const struct session_sender *sender)
{
	const struct settings *settings;
	struct transaction_env env;
	struct envelope envelope = s->peer;

	session_abort(s);
	s->snapshot = services_snapshot(s->services);
	settings = snapshot_settings(s->snapshot);
	env = (struct transaction_env){ &settings->policy, settings->keystore,
		snapshot_resolver(s->snapshot) };
	envelope.mail_from = envelope_path(sender->path);
	envelope.envid = sender->envid;
	envelope.auth_user = sender->auth_user;
	envelope.queue_id = sender->queue_id;
	envelope.smtputf8 = sender->smtputf8;
	if (!s->deferred && s->arena != NULL && !arena_failed(s->arena) && !buf_failed(&s->helo))
		s->transaction = transaction_begin(&env, &envelope);
}

void session_recipient(struct session *s, struct slice path)
{
	if (s->transaction != NULL)
		transaction_recipient(s->transaction, envelope_path(path));
}

/* An MTA that does not leave the leading space has eaten the one that there was. */
static void header_with_space(struct session *s, struct slice name, struct slice value)
{
	struct slice spaced = arena_printf(transaction_arena(s->transaction), " %.*s",
	    SLICE_ARG(value));

	if (!slice_is_null(spaced)) /* else the arena's mark defers the message */
		transaction_header(s->transaction, name, spaced);
}

void session_header(struct session *s, struct slice name, struct slice value)
{
	if (s->transaction == NULL)
		return;
	if (s->facts.leading_space)
		transaction_header(s->transaction, name, value);
	else
		header_with_space(s, name, value);
}

void session_end_of_header(struct session *s)
{
	if (s->transaction != NULL)
		transaction_end_of_header(s->transaction);
}

void session_body(struct session *s, struct slice chunk)
{
	if (s->transaction != NULL)
		transaction_body(s->transaction, chunk);
}

void session_abort(struct session *s)
{
	if (s->transaction != NULL)
		observers_outcome(s->services, transaction_abort(s->transaction, clock_now()),
		    snapshot_settings(s->snapshot));
	message_end(s);
}

/* --- the end of a message --------------------------------------------------------------------- */

static bool apply_edit(const struct session *s, const struct mta *mta, struct arena *a,
    const struct edit *e)
{
	struct slice name = arena_copy(a, e->name), value = e->value;

	if (slice_is_null(name))
		return false;
	if (e->op == EDIT_DELETE)
		return mta->delete_field(mta->handle, name.ptr, e->index);
	if (!s->facts.leading_space && value.len > 0 && value.ptr[0] == ' ')
		value = slice_drop(value, 1);
	value = arena_copy(a, value);
	return !slice_is_null(value) && mta->insert_field(mta->handle, e->index, name.ptr, value.ptr);
}

static bool apply_hold(const struct mta *mta, struct arena *a, const struct actions *actions)
{
	struct slice reason = arena_copy(a, actions->hold_reason);

	return !slice_is_null(reason) && mta->quarantine(mta->handle, reason.ptr);
}

static bool apply(const struct session *s, const struct mta *mta, const struct actions *actions)
{
	struct arena *a = transaction_arena(s->transaction);

	for (size_t i = 0; i < actions->edit_count; i++)
		if (!apply_edit(s, mta, a, &actions->edits[i]))
			return false;
	return !actions->hold || apply_hold(mta, a, actions);
}

static void log_trouble(enum log_level level, struct slice queue_id, const char *what)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);

	log_escape(&line, queue_id.len == 0 ? SLICE("NOQUEUE") : queue_id);
	buf_addf(&line, ": %s", what);
	log_line(level, buf_failed(&line) ? slice_str(what) : buf_slice(&line));
	buf_free(&line);
}

/* If the text cannot be set, the message is still refused, with the MTA's own text. */
static void set_reply(const struct mta *mta, const struct outcome *o)
{
	const struct reply *reply = &o->actions.reply;

	if (reply->code != 0 && !mta->set_reply(mta->handle, reply))
		log_trouble(LOG_LEVEL_WARNING, o->message->envelope.queue_id,
		    "cannot set the text of the reply: the MTA uses its own text");
}

/* No transaction was made, so that nothing is known of the message but its place. */
static enum session_answer answer_unseen(const struct session *s, const struct mta *mta,
    struct slice queue_id)
{
	static const struct reply busy = { 451, "4.3.2",
		SLICE("Too many connections, please try again later") };
	bool observe = s->snapshot != NULL &&
	    snapshot_settings(s->snapshot)->policy.enforce == ENFORCE_OBSERVE;

	if (!s->deferred) /* the ceiling has its own line, once */
		log_trouble(LOG_LEVEL_ERROR, queue_id, observe ?
		    "out of memory: message accepted unseen, since enforce = observe" :
		    "out of memory: message deferred");
	if (observe)
		return SESSION_CONTINUE;
	if (s->deferred)
		(void)mta->set_reply(mta->handle, &busy);
	return SESSION_TEMPFAIL;
}

static enum session_answer answer(struct session *s, const struct mta *mta, struct slice queue_id)
{
	static const enum session_answer answers[] = {
		[ACTION_ACCEPT] = SESSION_CONTINUE,
		[ACTION_QUARANTINE] = SESSION_CONTINUE,
		[ACTION_TEMPFAIL] = SESSION_TEMPFAIL,
		[ACTION_REJECT] = SESSION_REJECT,
	};
	int64_t start = clock_monotonic_ms();
	struct outcome o;

	if (!slice_is_null(queue_id))
		transaction_set_queue_id(s->transaction, queue_id);
	o = *transaction_end(s->transaction, clock_now());
	if (!apply(s, mta, &o.actions))
		o.ending = OUTCOME_NOT_APPLIED;
	else
		set_reply(mta, &o);
	o.elapsed_ms = clock_monotonic_ms() - start;
	observers_outcome(s->services, &o, snapshot_settings(s->snapshot));
	return o.ending == OUTCOME_NOT_APPLIED ? SESSION_TEMPFAIL : answers[o.actions.action];
}

enum session_answer session_end(struct session *s, const struct mta *mta, struct slice queue_id)
{
	enum session_answer a = s->transaction == NULL ? answer_unseen(s, mta, queue_id) :
	    answer(s, mta, queue_id);

	message_end(s);
	return a;
}
