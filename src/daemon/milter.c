#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/flight.h"
#include "daemon/session.h"

#include "daemon/milter.h"

#define WANTED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST)
#define NEEDED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define WANTED_STEPS \
	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | \
	 SMFIP_NR_BODY | SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC)

/*
 * The result of the last negotiation with the MTA.  If the MTA reuses a connection (QUIT_NC, CONNECT), it
 * does not negotiate again, and the session with the result was freed.  Since it is the same MTA, the
 * last result still holds.
 */
static atomic_bool leading_space;

static struct services *services; /* of the sessions to come; set once, by milter_run() */

/* --- small helpers ---------------------------------------------------------------------------- */

static struct session *session_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

static struct slice macro(SMFICTX *ctx, const char *name)
{
	char spelled[32] = { 0 };

	memcpy(spelled, name, strlen(name));
	return slice_str(smfi_getsymval(ctx, spelled));
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

static bool begin_session(SMFICTX *ctx)
{
	const struct mta_facts facts = { .leading_space = atomic_load(&leading_space) };
	struct session *s = session_new(services, &facts);

	if (s != NULL && smfi_setpriv(ctx, s) == MI_SUCCESS)
		return true;
	log_repeated(LOG_LEVEL_ERROR, "memory for connections",
	    "out of memory: a connection of the MTA is refused");
	session_free(&s);
	return false;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	(void)f2;
	(void)f3;
	if ((f0 & NEEDED_ACTIONS) != NEEDED_ACTIONS) {
		log_repeated(LOG_LEVEL_ERROR, "actions of the MTA",
		    "the MTA does not offer to add and change header fields (actions 0x%lx): "
		    "nothing can be signed or judged over this connection", f0);
		return SMFIS_REJECT;
	}
	*pf0 = f0 & WANTED_ACTIONS;
	*pf1 = f1 & WANTED_STEPS;
	*pf2 = 0;
	*pf3 = 0;
	atomic_store(&leading_space, (f1 & SMFIP_HDR_LEADSPC) != 0);
	if (!begin_session(ctx))
		return SMFIS_REJECT;
	return (f0 & SMFIF_SETSYMLIST) != 0 ? ask_for_macros(ctx) : SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	struct session_client client = {
		.hostname = slice_str(hostname),
		.client_addr = macro(ctx, "{client_addr}"),
		.client_resolve = macro(ctx, "{client_resolve}"),
		.mta_name = macro(ctx, "j"),
		.daemon_name = macro(ctx, "{daemon_name}"),
		.daemon_port = macro(ctx, "{daemon_port}"),
	};

	if (session_of(ctx) == NULL && !begin_session(ctx)) /* after QUIT_NC, without negotiation */
		return SMFIS_NOREPLY;
	if (ip_from_sockaddr((const struct sockaddr *)address, &client.address))
		client.port = port_from_sockaddr((const struct sockaddr *)address);
	session_connect(session_of(ctx), &client);
	return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_helo(s, slice_str(helo));
	return SMFIS_NOREPLY;
}

/* esmtp-param = esmtp-keyword [ "=" esmtp-value ] (RFC 5321 section 4.1.2); *value is null where it has none. */
static bool find_parameter(char **argv, struct slice keyword, struct slice *value)
{
	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
		*value = slice_str(argv[i]);
		if (slice_ieq(slice_split(value, '='), keyword))
			return true;
	}
	*value = SLICE_NULL;
	return false;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	struct session_sender sender = { .path = slice_str(argv[0]), .auth_user = macro(ctx, "{auth_authen}"),
		.queue_id = macro(ctx, "i") };
	struct session *s = session_of(ctx);
	struct slice none;

	sender.smtputf8 = find_parameter(argv, SLICE("SMTPUTF8"), &none);
	(void)find_parameter(argv, SLICE("ENVID"), &sender.envid);
	if (s != NULL)
		session_mail(s, &sender);
	return SMFIS_NOREPLY;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_recipient(s, slice_str(argv[0]));
	return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_header(s, slice_str(name), slice_str(value));
	return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_end_of_header(s);
	return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_body(s, slice_of((const char *)chunk, len));
	return SMFIS_NOREPLY;
}

/* --- what the MTA does for a session: libmilter takes texts that it could write to, and does not -- */

static char *writable(const char *text)
{
	return (char *)(uintptr_t)text;
}

static bool delete_field(void *ctx, const char *name, unsigned index)
{
	return smfi_chgheader(ctx, writable(name), (int)index, NULL) == MI_SUCCESS;
}

static bool insert_field(void *ctx, unsigned position, const char *name, const char *value)
{
	return smfi_insheader(ctx, (int)position, writable(name), writable(value)) == MI_SUCCESS;
}

static bool quarantine(void *ctx, const char *reason)
{
	return smfi_quarantine(ctx, writable(reason)) == MI_SUCCESS;
}

/* Every "%" is doubled (Postfix eats a single one, Sendmail drops the text); no CR or LF gets in. */
static void escape_line(struct slice line, char out[2 * REPLY_LINE_OCTETS + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.ptr[i];

		if (c == '%')
			out[len++] = '%';
		out[len++] = c == '\r' || c == '\n' ? ' ' : c;
	}
	out[len] = '\0';
}

/* On the stack, since a reply may be about a lack of memory. */
static bool set_reply(void *ctx, const struct reply *r)
{
	char code[16], enhanced[16], text[REPLY_LINES][2 * REPLY_LINE_OCTETS + 1];
	char *line[REPLY_LINES] = { text[0] };
	struct slice lines[REPLY_LINES];
	size_t count = reply_lines(r, lines);

	text[0][0] = '\0';
	for (size_t i = 0; i < count; i++) {
		escape_line(lines[i], text[i]);
		line[i] = text[i];
	}
	snprintf(code, sizeof(code), "%d", r->code);
	snprintf(enhanced, sizeof(enhanced), "%s", r->enhanced);
	return smfi_setmlreply(ctx, code, enhanced, line[0], line[1], line[2], line[3],
	    (char *)NULL) == MI_SUCCESS;
}

static sfsistat on_eom(SMFICTX *ctx)
{
	static const sfsistat statuses[] = {
		[SESSION_CONTINUE] = SMFIS_CONTINUE, /* the milters that follow go on */
		[SESSION_TEMPFAIL] = SMFIS_TEMPFAIL,
		[SESSION_REJECT] = SMFIS_REJECT,
	};
	const struct mta mta = { ctx, delete_field, insert_field, quarantine, set_reply };
	struct session *s = session_of(ctx);
	enum session_answer answer = SESSION_TEMPFAIL;

	if (!flight_begin()) {
		const struct reply busy = { 451, "4.3.2", SLICE("Too busy, please try again later") };

		(void)set_reply(ctx, &busy);
	} else if (s != NULL) {
		answer = session_end(s, &mta, macro(ctx, "i"));
	}
	flight_end();
	return statuses[answer];
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	if (s != NULL)
		session_abort(s);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);

	session_free(&s);
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

enum rc milter_address(struct slice listen, struct buf *out, struct err *err)
{
	struct slice inet = SLICE("inet:"), host, port;
	bool v6;

	if (!slice_starts_with(listen, inet)) {
		buf_add(out, listen);
		return RC_OK;
	}
	if (!listen_split(slice_drop(listen, inet.len), &host, &port, &v6))
		return err_config(err, "write inet:ADDRESS:PORT, for example inet:127.0.0.1:8893");
	buf_addf(out, v6 ? "inet6:%.*s@[%.*s]" : "inet:%.*s@%.*s", SLICE_ARG(port), SLICE_ARG(host));
	return RC_OK;
}

/* libmilter logs the reason to syslog only; errno usually still has the value of the system call that failed. */
enum rc milter_listen(void *ctx, struct slice address, struct err *err)
{
	struct buf name = BUF_INIT(4096);
	enum rc rc = milter_address(address, &name, err);

	(void)ctx;
	errno = 0;
	if (rc == RC_OK && (smfi_setconn(writable(buf_cstr(&name))) != MI_SUCCESS ||
	    smfi_opensocket(0) != MI_SUCCESS))
		rc = err_config(err, "cannot listen: %s", errno == 0 ? "see the message of libmilter in syslog" :
		    strerror(errno));
	buf_free(&name);
	return rc;
}

/*
 * This function replaces sigwait() of the C library.  libmilter starts a thread that waits for HUP, TERM and
 * INT in sigwait() and stops on each of them.  If the main thread is still handling one signal, the kernel
 * delivers the next one to that thread, and a reload would stop the daemon.  Only libmilter calls sigwait()
 * in this process, so this replacement, which never returns a signal, leaves them all to the main thread.
 * It must be visible to the dynamic linker, which then finds it before that of the C library.
 */
__attribute__((visibility("default"))) int sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
}

bool milter_run(struct services *for_all)
{
	services = for_all;
	return smfi_main() == MI_SUCCESS;
}
