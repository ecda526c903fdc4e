#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/log.h"
#include "daemon/flight.h"
#include "daemon/snapshot.h"
#include "verdict/json.h"
#include "verdict/logline.h"
#include "verdict/transaction.h"

#include "daemon/milter.h"

/* One connection of an MTA. */
struct session {
	unsigned long agreed;     /* SMFIP_ bits */
	struct arena *arena;      /* facts of the connection */
	struct envelope peer;     /* what is known before MAIL; copied by transaction_begin() */
	struct snapshot *snapshot;  /* of the message in progress; NULL between messages */
	struct transaction *transaction;
};

#define WANTED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST)
#define NEEDED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define WANTED_STEPS \
	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | \
	 SMFIP_NR_BODY | SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC)

/* --- small helpers ---------------------------------------------------------------------------- */

static struct session *session_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

/* Nothing where the step's no-reply bit was agreed, "continue" otherwise; never anything else. */
static sfsistat go_on(const struct session *s, unsigned long step)
{
	return s != NULL && (s->agreed & step) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static struct slice macro(SMFICTX *ctx, const char *name)
{
	char spelled[32] = { 0 };

	memcpy(spelled, name, strlen(name));
	return slice_str(smfi_getsymval(ctx, spelled));
}

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
 * tells by {client_resolve} and puts addresses in brackets.
 */
static struct slice verified_name(SMFICTX *ctx, const char *hostname)
{
	struct slice name = slice_str(hostname);
	struct slice resolved = macro(ctx, "{client_resolve}");

	if (name.len == 0 || name.ptr[0] == '[' || slice_ieq(name, SLICE("unknown")))
		return SLICE_NULL;
	if (!slice_is_null(resolved) && !slice_ieq(resolved, SLICE("OK")))
		return SLICE_NULL;
	return name;
}

static void message_end(struct session *s)
{
	transaction_free(&s->transaction);
	snapshot_release(&s->snapshot);
}

/* --- callbacks -------------------------------------------------------------------------------- */

static sfsistat ask_for_macros(SMFICTX *ctx)
{
	/* a stage's list is replaced by ours, so each names all that are used there */
	static const struct {
		int stage;
		const char *names;
	} lists[] = {
		{ SMFIM_CONNECT, "j {daemon_name} {daemon_port} {daemon_addr} {client_addr} {client_resolve}" },
		{ SMFIM_HELO, "j" },
		{ SMFIM_ENVFROM, "i {auth_authen} {auth_type}" },
		{ SMFIM_ENVRCPT, "i" },
		{ SMFIM_EOH, "i" },
		{ SMFIM_EOM, "i" },
	};

	for (size_t n = 0; n < N_ELEMENTS(lists); n++) {
		char names[128] = { 0 };

		memcpy(names, lists[n].names, strlen(lists[n].names));
		if (smfi_setsymlist(ctx, lists[n].stage, names) != MI_SUCCESS) {
			log_error("libmilter does not take the list of macros: %s", lists[n].names);
			return SMFIS_REJECT;
		}
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	struct session *s;

	(void)f2;
	(void)f3;
	if ((f0 & NEEDED_ACTIONS) != NEEDED_ACTIONS) {
		log_error("the MTA does not offer to add and change header fields (actions 0x%lx): "
		    "nothing can be signed or judged over this connection", f0);
		return SMFIS_REJECT;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->arena = arena_create(LIMIT_HEADER_BYTES)) == NULL ||
	    smfi_setpriv(ctx, s) != MI_SUCCESS) {
		if (s != NULL)
			arena_free(&s->arena);
		free(s);
		return SMFIS_REJECT;
	}
	s->peer.port = -1;
	s->agreed = f1 & WANTED_STEPS;
	*pf0 = f0 & WANTED_ACTIONS;
	*pf1 = s->agreed;
	*pf2 = 0;
	*pf3 = 0;
	return (f0 & SMFIF_SETSYMLIST) != 0 ? ask_for_macros(ctx) : SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_TEMPFAIL;
	if (address == NULL || !ip_from_sockaddr((const struct sockaddr *)address, &s->peer.client))
		ip_parse(macro(ctx, "{client_addr}"), &s->peer.client);
	s->peer.client_name = keep(s, verified_name(ctx, hostname));
	s->peer.mta_name = keep(s, macro(ctx, "j"));
	s->peer.daemon_name = keep(s, macro(ctx, "{daemon_name}"));
	s->peer.port = port_number(macro(ctx, "{daemon_port}"));
	return go_on(s, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		s->peer.helo = keep(s, slice_str(helo));
	return go_on(s, SMFIP_NR_HELO);
}

static bool has_smtputf8(char **argv)
{
	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
		if (slice_ieq(slice_str(argv[i]), SLICE("SMTPUTF8")))
			return true;
	return false;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);
	struct transaction_env env;
	struct envelope envelope;
	struct settings const *settings;

	if (s == NULL)
		return SMFIS_TEMPFAIL;
	message_end(s);
	s->snapshot = snapshot_hold();
	settings = snapshot_settings(s->snapshot);
	env = (struct transaction_env){ &settings->policy, settings->keystore,
		snapshot_resolver(s->snapshot) };
	envelope = s->peer;
	envelope.mail_from = envelope_path(slice_str(argv[0]));
	envelope.auth_user = macro(ctx, "{auth_authen}");
	envelope.queue_id = macro(ctx, "i");
	envelope.smtputf8 = has_smtputf8(argv);
	if (!arena_failed(s->arena))
		s->transaction = transaction_begin(&env, &envelope);
	return go_on(s, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->transaction != NULL)
		transaction_recipient(s->transaction, envelope_path(slice_str(argv[0])));
	return go_on(s, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = session_of(ctx);
	struct slice text = slice_str(value);
	struct buf spaced = BUF_INIT(LIMIT_HEADER_BYTES);

	if (s == NULL || s->transaction == NULL)
		return go_on(s, SMFIP_NR_HDR);
	if ((s->agreed & SMFIP_HDR_LEADSPC) == 0) { /* an old MTA has eaten the one space there was */
		buf_add_char(&spaced, ' ');
		buf_add(&spaced, text);
		text = buf_slice(&spaced);
	}
	transaction_header(s->transaction, slice_str(name), text);
	buf_free(&spaced);
	return go_on(s, SMFIP_NR_HDR);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->transaction != NULL)
		transaction_end_of_header(s->transaction);
	return go_on(s, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	struct session *s = session_of(ctx);

	if (s != NULL && s->transaction != NULL)
		transaction_body(s->transaction, slice_of((const char *)chunk, len));
	return go_on(s, SMFIP_NR_BODY);
}

/* --- end of message ---------------------------------------------------------------------------- */

/* libmilter wants writable, NUL-terminated text; ours is NUL-terminated in the arena already. */
static bool apply_edit(SMFICTX *ctx, const struct session *s, struct arena *a, const struct edit *e)
{
	char *name = (char *)(uintptr_t)arena_copy(a, e->name).ptr;
	struct slice value = e->value;
	char *text;

	if (e->op == EDIT_DELETE)
		return name != NULL && smfi_chgheader(ctx, name, (int)e->index, NULL) == MI_SUCCESS;
	if ((s->agreed & SMFIP_HDR_LEADSPC) == 0 && value.len > 0 && value.ptr[0] == ' ')
		value = slice_drop(value, 1);
	text = (char *)(uintptr_t)arena_copy(a, value).ptr;
	return name != NULL && text != NULL &&
	    smfi_insheader(ctx, (int)e->index, name, text) == MI_SUCCESS;
}

/* Every "%" is doubled (Postfix eats a single one, Sendmail drops the text); no CR or LF gets in. */
static bool apply_reply(SMFICTX *ctx, struct arena *a, const struct reply *r)
{
	struct buf text = BUF_INIT(LIMIT_REPLY_TEXT);
	char *code = (char *)(uintptr_t)arena_printf(a, "%d", r->code).ptr;
	char *enhanced = (char *)(uintptr_t)arena_copy(a, slice_str(r->enhanced)).ptr;
	bool set;

	for (size_t i = 0; i < r->text.len && text.len + 2 <= text.max; i++) {
		char c = r->text.ptr[i];

		if (c == '%')
			buf_add_char(&text, '%');
		buf_add_char(&text, c == '\r' || c == '\n' ? ' ' : c);
	}
	set = code != NULL && enhanced != NULL &&
	    smfi_setreply(ctx, code, enhanced, (char *)(uintptr_t)buf_cstr(&text)) == MI_SUCCESS;
	buf_free(&text);
	return set;
}

static bool apply(SMFICTX *ctx, const struct session *s, const struct actions *actions)
{
	struct arena *a = transaction_arena(s->transaction);
	char *reason;

	for (size_t i = 0; i < actions->edit_count; i++)
		if (!apply_edit(ctx, s, a, &actions->edits[i]))
			return false;
	if (actions->hold) {
		reason = (char *)(uintptr_t)arena_copy(a, actions->hold_reason).ptr;
		if (reason == NULL || smfi_quarantine(ctx, reason) != MI_SUCCESS)
			return false;
	}
	return actions->reply.code == 0 || apply_reply(ctx, a, &actions->reply);
}

static void log_outcome(const struct session *s, const struct outcome *o, int64_t elapsed_ms)
{
	const struct settings *settings = snapshot_settings(s->snapshot);
	struct buf line = BUF_INIT(64u * 1024);

	if (settings->log_format == LOG_FORMAT_JSON) {
		if (json_outcome(o, 0, &line) != RC_OK)
			buf_clear(&line);
	} else {
		outcome_log_line(o, &settings->policy, elapsed_ms, &line);
	}
	log_line(LOG_LEVEL_INFO, buf_slice(&line));
	buf_free(&line);
}

static sfsistat answer(SMFICTX *ctx, struct session *s)
{
	static const sfsistat answers[] = {
		[ACTION_ACCEPT] = SMFIS_CONTINUE, /* other milters behind us go on */
		[ACTION_QUARANTINE] = SMFIS_CONTINUE,
		[ACTION_TEMPFAIL] = SMFIS_TEMPFAIL,
		[ACTION_REJECT] = SMFIS_REJECT,
	};
	struct slice queue_id = macro(ctx, "i");
	int64_t start = clock_monotonic_ms();
	const struct outcome *o;
	bool applied;

	if (s == NULL || s->transaction == NULL) {
		log_error("%.*s: out of memory: message deferred", SLICE_ARG(queue_id));
		return SMFIS_TEMPFAIL;
	}
	if (!slice_is_null(queue_id))
		transaction_set_queue_id(s->transaction, queue_id);
	o = transaction_end(s->transaction, clock_now());
	applied = apply(ctx, s, &o->actions);
	log_outcome(s, o, clock_monotonic_ms() - start);
	if (!applied) {
		log_error("%.*s: the MTA did not take our changes: message deferred", SLICE_ARG(queue_id));
		return SMFIS_TEMPFAIL;
	}
	return answers[o->actions.action];
}

static sfsistat on_eom(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);
	sfsistat status;

	flight_begin();
	status = answer(ctx, s);
	if (s != NULL)
		message_end(s);
	flight_end();
	return status;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		message_end(s);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	message_end(s);
	arena_free(&s->arena);
	free(s);
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

/* --- life cycle -------------------------------------------------------------------------------- */

enum rc milter_register(struct err *err)
{
	static char name[] = "assay";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = WANTED_ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	if (smfi_register(description) != MI_SUCCESS)
		return err_config(err, "libmilter refuses to register: its version does not fit this build");
	return RC_OK;
}

bool milter_listen(const char *name)
{
	return smfi_setconn((char *)(uintptr_t)name) == MI_SUCCESS && smfi_opensocket(1) == MI_SUCCESS;
}

bool milter_run(void)
{
	return smfi_main() == MI_SUCCESS;
}
