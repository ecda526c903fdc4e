/* What to take out of the MTA's files and what to write there, for a person to do. */
#include "base/ascii.h"
#include "base/limits.h"

#include "private.h"

#define OWN_SOCKET "assay/assay.sock"

static const struct old_line *main_line(const struct import *im, const char *name)
{
	return old_option(im, PROGRAM_MAIN_CF, name);
}

/* --- the milters of main.cf ------------------------------------------------------------------------------- */

/* "$name", "${name}", "$(name)" at the start of rest; the null slice: none. */
static struct slice take_reference(struct slice *rest)
{
	struct slice at = slice_drop(*rest, 1);
	bool enclosed = at.len > 0 && (at.ptr[0] == '{' || at.ptr[0] == '(');
	size_t end = 0;

	at = slice_drop(at, enclosed);
	while (end < at.len && (is_alnum(at.ptr[end]) || at.ptr[end] == '_'))
		end++;
	if (end == 0)
		return SLICE_NULL;
	*rest = slice_drop(at, end + enclosed);
	return slice_take(at, end);
}

#define MOST_REFERENCES 100u /* of one list: a file whose parameters name each other ends here */

/* Parameters that main.cf itself defines take the place of their names, as Postfix does it. */
static void expand(const struct import *im, struct slice value, unsigned *left, struct buf *out)
{
	while (value.len > 0) {
		size_t dollar = slice_find(value, '$');
		struct slice from, name;
		const struct old_line *l;

		buf_add(out, slice_take(value, dollar));
		from = value = slice_drop(value, dollar);
		if (value.len == 0)
			break;
		name = take_reference(&value);
		l = slice_is_null(name) || *left == 0 ? NULL : main_line(im, arena_copy(im->arena, name).ptr);
		if (l != NULL) {
			--*left;
			expand(im, l->value, left, out);
			continue;
		}
		if (slice_is_null(name))
			value = slice_drop(value, 1);
		buf_add(out, slice_between(from.ptr, value.ptr));
	}
}

static struct slice milters_of(const struct import *im, struct slice value)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	unsigned left = MOST_REFERENCES;
	struct slice made;

	expand(im, value, &left, &text);
	made = arena_take_buf(im->arena, &text);
	buf_free(&text);
	return made;
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
	buf_add_str(out, "1. Run assay in parallel with the old programs. In main.cf:\n    smtpd_milters = ");
	add_milters(im, out, milters, true);
	buf_add_str(out, "{ unix:" OWN_SOCKET ", default_action=accept }\n"
	    "   Compare the lines of assayd in the log with the old programs' for some days.\n");
}

/* Services of master.cf that have a list of their own. */
static void write_service_milters(const struct import *im, struct buf *out)
{
	const struct old_lines *lines = &im->lines[PROGRAM_MASTER_CF];

	for (size_t i = 0; i < lines->count; i++) {
		const struct old_line *l = &lines->items[i];

		if (!slice_eq(l->name, SLICE("smtpd_milters")))
			continue;
		buf_addf(out, "   At %s:%u of master.cf write\n    -o { smtpd_milters = ", l->file, l->line);
		add_milters(im, out, milters_of(im, l->value), false);
		buf_add_str(out, "unix:" OWN_SOCKET " }\n");
	}
}

/* Where main.cf and master.cf ask the policy server, by its service's name. */
static void write_policy_service(const struct import *im, struct buf *out)
{
	const struct old_line *service = old_option(im, PROGRAM_MASTER_CF, "policyd-spf");
	struct slice name = service == NULL ? SLICE("spf") : service->value;
	bool found = false;

	for (enum program p = PROGRAM_MAIN_CF; p <= PROGRAM_MASTER_CF; p++) {
		for (size_t i = 0; i < im->lines[p].count; i++) {
			const struct old_line *l = &im->lines[p].items[i];

			if (!text_contains(l->value, SLICE("check_policy_service")) || !text_contains(l->value, name))
				continue;
			buf_addf(out, "   Remove check_policy_service ...%.*s from %s:%u: %.*s.\n", SLICE_ARG(name),
			    l->file, l->line, SLICE_ARG(l->name));
			found = true;
		}
	}
	if (!found)
		buf_add_str(out, "   Remove check_policy_service ...policyd-spf from smtpd_recipient_restrictions.\n");
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
		write_policy_service(im, out);
	if (limit != NULL)
		buf_addf(out, "   Remove %s:%u: %.*s.\n", limit->file, limit->line, SLICE_ARG(limit->name));
	if (service != NULL)
		buf_addf(out, "   Remove the service at %s:%u from master.cf.\n", service->file, service->line);
	write_service_milters(im, out);
	buf_add_str(out, "   Two signers with one domain and selector, and two programs that remove each other's\n"
	    "   Authentication-Results, must not run in parallel once enforce is no longer observe.\n"
	    "3. When a week of the log shows nothing that you want under would=reject, set enforce = yes.\n");
}

/* --- findings --------------------------------------------------------------------------------------------------- */

/* Is a service's mark one that opendkim signs by (MacroList, MTA)? */
static bool signs_by_name(const struct import *im, struct slice name)
{
	for (const struct setting *s = im->settings; s != NULL; s = s->next)
		if (strcmp(s->name, "sign-daemon-names") == 0)
			for (size_t i = 0; i < s->count; i++)
				if (slice_ieq(s->values[i], name))
					return true;
	return false;
}

static void report_daemon_names(struct import *im)
{
	const struct old_lines *lines = &im->lines[PROGRAM_MASTER_CF];

	for (size_t i = 0; i < lines->count; i++) {
		const struct old_line *l = &lines->items[i];

		if (!slice_eq(l->name, SLICE("milter_macro_daemon_name")))
			continue;
		if (signs_by_name(im, l->value))
			find(im, FINDING_TRANSLATED, l, "sign-daemon-names");
		else
			find(im, FINDING_KEPT, l, "mail of logins and of the ports 587 and 465 is signed (sign-ports); "
			    "sign-daemon-names = { %s } signs whatever this service receives", shown(im, l->value));
	}
}

static void report_default_action(struct import *im)
{
	const struct old_line *l = main_line(im, "milter_default_action");

	if (l != NULL && slice_eq(l->value, SLICE("accept")))
		find(im, FINDING_DIFFERENT, l, "the lines below give assay default_action=tempfail: mail waits while "
		    "assayd is down; with accept it would pass unjudged and unsigned");
}

static void plan_socket(struct import *im)
{
	const struct old_line *queue = main_line(im, "queue_directory");
	struct slice directory = queue == NULL ? SLICE("/var/spool/postfix") : queue->value;

	plan_set(im, "", "listen", arena_printf(im->arena, "unix:%.*s/" OWN_SOCKET, SLICE_ARG(directory)));
	plan_set(im, "", "socket-group", SLICE("postfix"));
}

void postfix_translate(struct import *im, struct buf *out)
{
	const struct old_line *l = main_line(im, "smtpd_milters");
	struct slice milters = l == NULL ? SLICE_NULL : milters_of(im, l->value);

	if (im->lines[PROGRAM_MAIN_CF].present) {
		plan_socket(im);
		report_default_action(im);
	}
	report_daemon_names(im);
	write_observing(im, out, milters);
	write_replacing(im, out, milters);
	if (!im->lines[PROGRAM_MAIN_CF].present)
		buf_add_str(out, "To base these lines on your own files, also give /etc/postfix/main.cf and\n"
		    "master.cf, or sendmail.mc.\n");
}
