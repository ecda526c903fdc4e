/* What to take out of the MTA's files and what to write there, for a person to do. */
#include "base/ascii.h"

#include "private.h"

#define OWN_SOCKET "assay/assay.sock"

static const struct old_line *main_line(const struct import *im, const char *name)
{
	return old_option(im, PROGRAM_MAIN_CF, name);
}

/* --- the old chain's milters -------------------------------------------------------------------------- */

/* "local:/run/x.sock", "inet:8891@localhost" -> the part that a milter's name in main.cf shares */
static struct slice socket_core(struct slice socket)
{
	size_t colon = slice_find(socket, ':');
	struct slice rest = colon == socket.len ? socket : slice_drop(socket, colon + 1);

	if (slice_istarts_with(socket, SLICE("inet")))
		return slice_take(rest, slice_find(rest, '@'));
	colon = slice_rfind(rest, '/');
	return colon == rest.len ? rest : slice_drop(rest, colon + 1);
}

static bool contains(struct slice text, struct slice part)
{
	for (size_t i = 0; part.len > 0 && i + part.len <= text.len; i++)
		if (slice_eq(slice_of(text.ptr + i, part.len), part))
			return true;
	return false;
}

static bool is_old_milter(const struct import *im, struct slice milter)
{
	static const enum program programs[] = { PROGRAM_OPENDKIM, PROGRAM_OPENDMARC, PROGRAM_OPENARC,
		PROGRAM_POLICYD_SPF };

	for (size_t i = 0; i < N_ELEMENTS(programs); i++) {
		const struct old_line *socket = old_option(im, programs[i], "Socket");

		if (contains(milter, slice_str(program_names[programs[i]])) ||
		    (socket != NULL && contains(milter, socket_core(socket->value))))
			return true;
	}
	return false;
}

/* One milter of a list; "{ ... }" holds its own blanks and commas. */
static struct slice next_milter(struct slice *rest)
{
	size_t end = 0, depth = 0;
	struct slice item;

	while (rest->len > 0 && (is_wsp(rest->ptr[0]) || strchr(",\r\n", rest->ptr[0]) != NULL))
		*rest = slice_drop(*rest, 1);
	for (; end < rest->len; end++) {
		char c = rest->ptr[end];

		depth += c == '{';
		depth -= c == '}' && depth > 0;
		if (depth == 0 && (is_wsp(c) || c == ',' || c == '\n'))
			break;
	}
	item = slice_take(*rest, end);
	*rest = slice_drop(*rest, end);
	return item;
}

static void add_milters(const struct import *im, struct buf *out, struct slice list, bool old_too)
{
	struct slice item;

	for (item = next_milter(&list); item.len > 0; item = next_milter(&list))
		if (old_too || !is_old_milter(im, item))
			buf_addf(out, "%.*s, ", SLICE_ARG(item));
}

/* --- lines to write ---------------------------------------------------------------------------------------- */

static void write_observing(const struct import *im, struct buf *out, struct slice milters)
{
	buf_add_str(out, "1. Observe beside the old programs. In main.cf:\n    smtpd_milters = ");
	add_milters(im, out, milters, true);
	buf_add_str(out, "{ unix:" OWN_SOCKET ", default_action=accept }\n"
	    "   Compare the lines of assayd in the log with the old programs' for some days.\n");
}

static void write_replacing(const struct import *im, struct buf *out, struct slice milters)
{
	const struct old_line *limit = main_line(im, "policyd-spf_time_limit");
	const struct old_line *service = old_option(im, PROGRAM_MASTER_CF, "policyd-spf");

	buf_add_str(out, "2. Take the old programs out, and set enforce = no. In main.cf:\n    smtpd_milters = ");
	add_milters(im, out, milters, false);
	buf_add_str(out, "{ unix:" OWN_SOCKET ", default_action=tempfail }\n"
	    "    non_smtpd_milters = $smtpd_milters\n    internal_mail_filter_classes = bounce\n");
	if (im->lines[PROGRAM_POLICYD_SPF].present)
		buf_add_str(out, "   Remove check_policy_service ...policyd-spf from smtpd_recipient_restrictions.\n");
	if (limit != NULL)
		buf_addf(out, "   Remove %s:%u: %.*s.\n", limit->file, limit->line, SLICE_ARG(limit->name));
	if (service != NULL)
		buf_addf(out, "   Remove the service at %s:%u from master.cf.\n", service->file, service->line);
	buf_add_str(out, "   Two signers with one domain and selector, and two programs that remove each other's\n"
	    "   Authentication-Results, must not run beside each other longer than enforce is observe.\n"
	    "3. When a week of the log shows nothing that you want under would=reject, set enforce = yes.\n");
}

/* --- findings --------------------------------------------------------------------------------------------------- */

/* Ports of submission that mark their mail so: it is signed by that mark as well. */
static void translate_daemon_names(struct import *im)
{
	const struct old_lines *lines = &im->lines[PROGRAM_MASTER_CF];

	for (size_t i = 0; i < lines->count; i++) {
		const struct old_line *l = &lines->items[i];

		if (!slice_eq(l->name, SLICE("milter_macro_daemon_name")))
			continue;
		plan_add(im, "", "sign-daemon-names", l->value);
		find(im, FINDING_TRANSLATED, l, "sign-daemon-names");
	}
}

static void report_default_action(struct import *im)
{
	const struct old_line *l = main_line(im, "milter_default_action");

	if (l != NULL && slice_eq(l->value, SLICE("accept")))
		find(im, FINDING_DIFFERENT, l, "the lines below give assay default_action=tempfail: mail waits while "
		    "assayd is down; with accept it would pass unjudged and unsigned");
}

static void report_policy_server(struct import *im)
{
	if (im->lines[PROGRAM_POLICYD_SPF].present)
		find_at(im, FINDING_DIFFERENT, "policyd-spf", 0, SLICE("check_policy_service"), SLICE(""), "SPF is judged "
		    "when the whole message is there, not at RCPT: DKIM and DMARC are then known; policyd-spf can stay "
		    "for a while where a refusal at RCPT is wanted");
}

static void plan_socket(struct import *im)
{
	const struct old_line *queue = main_line(im, "queue_directory");
	struct slice directory = queue == NULL ? SLICE("/var/spool/postfix") : queue->value;

	plan_set(im, "", "listen", arena_printf(im->arena, "unix:%.*s/" OWN_SOCKET, SLICE_ARG(directory)));
	plan_set(im, "", "socket-group", SLICE("postfix"));
}

void postfix_translate(struct import *im)
{
	const struct old_line *milters = main_line(im, "smtpd_milters");
	struct buf text = BUF_INIT(64u * 1024);

	report_policy_server(im);
	if (im->lines[PROGRAM_MAIN_CF].present) {
		plan_socket(im);
		report_default_action(im);
	}
	translate_daemon_names(im);
	write_observing(im, &text, milters == NULL ? SLICE_NULL : milters->value);
	write_replacing(im, &text, milters == NULL ? SLICE_NULL : milters->value);
	if (!im->lines[PROGRAM_MAIN_CF].present)
		buf_add_str(&text, "Give /etc/postfix/main.cf and master.cf as well, and these lines are made from yours.\n"
		    "For Sendmail: replace the old INPUT_MAIL_FILTER lines by the one in README.\n");
	im->mta_lines = arena_take_buf(im->arena, &text);
	buf_free(&text);
}

struct slice import_mta_lines(const struct import *im)
{
	return im->mta_lines;
}
