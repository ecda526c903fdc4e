#include <stdio.h>
#include <string.h>

#include "doctor.h"

/* --- Postfix: the output of postconf ------------------------------------------------------------- */

struct slice postfix_setting(const struct doctor *d, const char *name)
{
	struct slice rest = d->mta, wanted = slice_str(name);

	while (!slice_is_null(rest)) {
		struct slice value = slice_split(&rest, '\n');
		struct slice found = slice_split(&value, '=');

		if (!slice_is_null(value) && slice_eq(slice_trim(found), wanted))
			return slice_trim(value);
	}
	return SLICE_NULL;
}

bool doctor_contains(struct slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; len <= text.len && i <= text.len - len; i++)
		if (memcmp(text.ptr + i, word, len) == 0)
			return true;
	return false;
}

/* One entry of smtpd_milters: ADDRESS, or { ADDRESS, name=value, ... }. */
struct milter {
	struct slice address, attributes;
};

static bool separates(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static bool next_milter(struct slice *rest, struct milter *out)
{
	size_t end;

	while (rest->len > 0 && separates(rest->ptr[0]))
		*rest = slice_drop(*rest, 1);
	if (rest->len == 0)
		return false;
	*out = (struct milter){ .attributes = SLICE("") };
	if (rest->ptr[0] == '{') {
		end = slice_find(*rest, '}');
		out->attributes = slice_trim(slice_drop(slice_take(*rest, end), 1));
		out->address = slice_trim(slice_split(&out->attributes, ','));
		*rest = slice_drop(*rest, end + 1);
		return true;
	}
	for (end = 0; end < rest->len && !separates(rest->ptr[end]); end++)
		;
	out->address = slice_take(*rest, end);
	*rest = slice_drop(*rest, end);
	return true;
}

/* Postfix takes name=value only: a blank at the "=" stops every session. */
static bool attributes_good(struct slice attributes)
{
	while (!slice_is_null(attributes)) {
		struct slice value = slice_trim(slice_split(&attributes, ','));
		struct slice name = slice_split(&value, '=');

		if (name.len == 0 && slice_is_null(value))
			continue; /* nothing between two commas */
		if (slice_is_null(value) || name.len != slice_trim(name).len || value.len != slice_trim(value).len)
			return false;
	}
	return true;
}

/* The path without the queue directory that it begins with; null: it is elsewhere. */
static struct slice below_queue(const struct doctor *d, struct slice path)
{
	struct slice queue = postfix_setting(d, "queue_directory"), rest = slice_drop(path, queue.len);

	return queue.len > 0 && slice_starts_with(path, queue) && rest.len > 0 && rest.ptr[0] == '/' ?
	    slice_drop(rest, 1) : SLICE_NULL;
}

bool postfix_chrooted(const struct doctor *d, struct slice service)
{
	char name[256];

	snprintf(name, sizeof(name), "%.*s/chroot", SLICE_ARG(service));
	return slice_eq(postfix_setting(d, name), SLICE("y"));
}

enum milter_place {
	MILTER_OTHER,  /* it is not assayd */
	MILTER_OURS,
	MILTER_MISSED, /* the daemon's socket by its whole path, which a chrooted service looks for below its root */
};

/* Postfix takes a relative path from its queue directory, which is also the root of a chroot. */
static enum milter_place place_of_path(const struct doctor *d, struct slice path, struct slice listen, bool chrooted)
{
	struct slice below = below_queue(d, listen);
	bool absolute = path.len > 0 && path.ptr[0] == '/', same = slice_eq(path, listen);

	if (absolute && !chrooted)
		return same ? MILTER_OURS : MILTER_OTHER;
	if (!slice_is_null(below) && slice_eq(below, slice_drop(path, absolute ? 1 : 0)))
		return MILTER_OURS;
	return same ? MILTER_MISSED : MILTER_OTHER;
}

static enum milter_place place_of(const struct doctor *d, struct slice address, bool chrooted)
{
	struct slice listen = d->listen, kind = slice_split(&address, ':');

	if (slice_starts_with(listen, SLICE("unix:")))
		return slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local")) ?
		    place_of_path(d, address, slice_drop(listen, 5), chrooted) : MILTER_OTHER;
	if (!slice_starts_with(listen, SLICE("inet:")) || !slice_eq(kind, SLICE("inet")))
		return MILTER_OTHER;
	listen = slice_drop(listen, 5);
	if (slice_starts_with(address, SLICE("localhost:")) && slice_starts_with(listen, SLICE("127.0.0.1:")))
		return slice_eq(slice_drop(address, 10), slice_drop(listen, 10)) ? MILTER_OURS : MILTER_OTHER;
	return slice_eq(address, listen) ? MILTER_OURS : MILTER_OTHER;
}

void postfix_address(const struct doctor *d, struct buf *out)
{
	struct slice below = slice_starts_with(d->listen, SLICE("unix:")) ?
	    below_queue(d, slice_drop(d->listen, 5)) : SLICE_NULL;

	buf_clear(out);
	if (slice_is_null(below))
		buf_add(out, d->listen);
	else
		buf_addf(out, "unix:%.*s", SLICE_ARG(below));
}

/* Where the programs that assay replaces listen, by their samples and by Debian's packages. */
const char *doctor_replaced(struct slice address)
{
	static const char *const marks[][2] = {
		{ "opendkim", "opendkim" }, { "opendmarc", "opendmarc" }, { "openarc", "openarc" },
		{ ":8891", "opendkim" }, { ":12301", "opendkim" }, { ":8893", "opendmarc" },
	};

	for (size_t i = 0; i < N_ELEMENTS(marks); i++)
		if (doctor_contains(address, marks[i][0]))
			return marks[i][1];
	return NULL;
}

static void our_milter(struct doctor *d, const char *name, const struct milter *m)
{
	struct slice action = postfix_setting(d, "milter_default_action");

	if (!attributes_good(m->attributes)) {
		doctor_say(d, "BAD", "%s: Postfix refuses \"%.*s\" and with it all mail: write name=value without blanks, "
		    "{ %.*s, default_action=tempfail }", name, SLICE_ARG(m->attributes), SLICE_ARG(m->address));
		return;
	}
	doctor_say(d, "ok", "%s connects to %.*s", name, SLICE_ARG(d->listen));
	if (doctor_contains(m->attributes, "default_action=accept") ||
	    (!doctor_contains(m->attributes, "default_action=") && slice_eq(action, SLICE("accept"))))
		doctor_say(d, "note", "%s: with default_action=accept mail passes unsigned and unjudged while assayd "
		    "is down; with tempfail it waits", name);
}

/* The address of the first entry in that place; null: there is none. */
static struct slice entry_in(const struct doctor *d, struct slice milters, bool chrooted, enum milter_place place)
{
	struct milter m;

	while (next_milter(&milters, &m))
		if (place_of(d, m.address, chrooted) == place)
			return m.address;
	return SLICE_NULL;
}

bool postfix_names_us(const struct doctor *d, struct slice milters, bool chrooted)
{
	return !slice_is_null(entry_in(d, milters, chrooted, MILTER_OURS));
}

struct slice postfix_misses_us(const struct doctor *d, struct slice milters, bool chrooted)
{
	return entry_in(d, milters, chrooted, MILTER_MISSED);
}

struct slice postfix_names_others(const struct doctor *d, struct slice milters, bool chrooted)
{
	return entry_in(d, milters, chrooted, MILTER_OTHER);
}

/* What Postfix takes for the address of a milter; anything else stops every session. */
static bool is_address(struct slice address)
{
	struct slice kind = slice_split(&address, ':');

	return !slice_is_null(address) &&
	    (slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local")) || slice_eq(kind, SLICE("inet")));
}

/* Each milter sees what those before it changed. */
static void other_milter(struct doctor *d, const char *name, struct slice address, bool after_us)
{
	const char *replaced = doctor_replaced(address);

	if (replaced != NULL && d->settings->policy.enforce == ENFORCE_OBSERVE)
		doctor_say(d, after_us ? "BAD" : "note", "%s: %.*s looks like %s, which assay replaces%s", name,
		    SLICE_ARG(address), replaced, after_us ? ": while assay observes, put it before assay" :
		    ": remove it when assay does more than observe");
	else if (replaced != NULL)
		doctor_say(d, "BAD", "%s: %.*s looks like %s, which assay replaces: remove it", name,
		    SLICE_ARG(address), replaced);
	else if (after_us)
		doctor_say(d, "note", "%s: another milter, %.*s, comes after assay: it can read Authentication-Results, and "
		    "breaks signatures where it changes the body or a signed field", name, SLICE_ARG(address));
	else
		doctor_say(d, "note", "%s: another milter, %.*s, comes before assay: what it changes is signed as changed; "
		    "arriving mail whose body it changes fails DKIM", name, SLICE_ARG(address));
}

static void one_milter(struct doctor *d, const char *name, const struct milter *m, bool chrooted, bool after_us,
    struct slice ours)
{
	switch (place_of(d, m->address, chrooted)) {
	case MILTER_OURS:
		our_milter(d, name, m);
		break;
	case MILTER_MISSED:
		doctor_say(d, "BAD", "%s: the service is chrooted and looks for %.*s below %.*s, where it is not: all mail "
		    "waits: write %.*s instead", name, SLICE_ARG(m->address),
		    SLICE_ARG(postfix_setting(d, "queue_directory")), SLICE_ARG(ours));
		break;
	default:
		if (is_address(m->address))
			other_milter(d, name, m->address, after_us);
		else
			doctor_say(d, "BAD", "%s: Postfix refuses \"%.*s\" and with it all mail: write unix:PATH or "
			    "inet:HOST:PORT, and settings of a milter in braces, { %.*s, default_action=tempfail }", name,
			    SLICE_ARG(m->address), SLICE_ARG(ours));
	}
}

static void milters(struct doctor *d, const char *name, const char *service)
{
	struct slice rest = postfix_setting(d, name);
	bool chrooted = postfix_chrooted(d, slice_str(service)), found = false;
	struct buf ours = BUF_INIT(4096);
	struct milter m;

	if (postfix_reaches_us(d))
		postfix_address(d, &ours);
	else
		buf_add(&ours, SLICE("unix:assay/assay.sock")); /* where chroot_reach() wants it */
	while (next_milter(&rest, &m)) {
		one_milter(d, name, &m, chrooted, found, buf_slice(&ours));
		found = found || place_of(d, m.address, chrooted) != MILTER_OTHER;
	}
	if (!found)
		doctor_say(d, "BAD", "%s does not name assayd's socket: write %s = { %s, default_action=tempfail }", name, name,
		    buf_cstr(&ours));
	buf_free(&ours);
}

/* A line of main.cf that begins with a blank continues the one before: so do lines pasted with their indent. */
static void continued_lines(struct doctor *d)
{
	struct slice rest = d->mta;

	while (!slice_is_null(rest)) {
		struct slice value = slice_split(&rest, '\n'), name = slice_trim(slice_split(&value, '='));

		if (doctor_contains(value, "smtpd_milters ="))
			doctor_say(d, "BAD", "main.cf: %.*s =%.*s: a line that begins with a blank continues the one before it: "
			    "remove the blanks at the start of the lines after %.*s", SLICE_ARG(name), SLICE_ARG(value),
			    SLICE_ARG(name));
	}
}

bool postfix_reaches_us(const struct doctor *d)
{
	return !postfix_chrooted(d, SLICE("smtp/inet")) ||
	    !slice_starts_with(d->listen, SLICE("unix:")) || postfix_setting(d, "queue_directory").len == 0 ||
	    !slice_is_null(below_queue(d, slice_drop(d->listen, 5)));
}

static void chroot_reach(struct doctor *d)
{
	struct slice queue = postfix_setting(d, "queue_directory");

	if (!postfix_reaches_us(d))
		doctor_say(d, "BAD", "smtpd is chrooted to %.*s and cannot reach %.*s: write listen = "
		    "\"unix:%.*s/assay/assay.sock\" (assay init does it, and makes the directory)", SLICE_ARG(queue),
		    SLICE_ARG(d->listen), SLICE_ARG(queue));
}

/* --- single settings ------------------------------------------------------------------------------- */

static bool is_set(struct slice value, const char *word)
{
	(void)word;
	return value.len > 0;
}

static bool lacks(struct slice value, const char *word)
{
	return !doctor_contains(value, word);
}

static bool has(struct slice value, const char *word)
{
	return doctor_contains(value, word);
}

static bool differs(struct slice value, const char *word)
{
	return !slice_eq(value, slice_str(word));
}

static const struct rule {
	const char *name;
	bool (*wrong)(struct slice value, const char *word);
	const char *word, *mark, *advice;
} rules[] = {
	{ "internal_mail_filter_classes", lacks, "bounce", "note",
	    "bounces are not signed: write internal_mail_filter_classes = bounce" },
	{ "message_reject_characters", lacks, "\\0", "note",
	    "milters cannot see NUL octets as they were sent: write message_reject_characters = \\0" },
	{ "milter_protocol", differs, "6", "BAD",
	    "an older protocol hides parts of the message: remove the setting (6 is the default)" },
	{ "smtpd_milter_maps", is_set, NULL, "note",
	    "for the clients that it lists, other milters or none replace those of smtpd_milters" },
	{ "smtp_generic_maps", is_set, NULL, "BAD",
	    "rewrites addresses after signing and breaks signatures: use sender_canonical_maps" },
	{ "smtp_header_checks", is_set, NULL, "BAD",
	    "changes fields after signing: use header_checks" },
	{ "smtp_nested_header_checks", is_set, NULL, "BAD",
	    "changes fields after signing: use nested_header_checks" },
	{ "smtp_mime_header_checks", is_set, NULL, "BAD",
	    "changes fields after signing: use mime_header_checks" },
	{ "smtp_body_checks", is_set, NULL, "BAD", "changes bodies after signing: use body_checks" },
	{ "smtp_line_length_limit", differs, "0", "note",
	    "lines over 998 octets are cut after signing: write smtp_line_length_limit = 0" },
	{ "disable_mime_output_conversion", differs, "yes", "note",
	    "8-bit text is converted after signing for servers without 8BITMIME: write "
	    "disable_mime_output_conversion = yes" },
	{ "smtpd_client_restrictions", has, "spf", "BAD", "asks a policy service for SPF, which assay replaces: remove it" },
	{ "smtpd_sender_restrictions", has, "spf", "BAD", "asks a policy service for SPF, which assay replaces: remove it" },
	{ "smtpd_recipient_restrictions", has, "spf", "BAD",
	    "asks a policy service for SPF, which assay replaces: remove it" },
	{ "smtpd_relay_restrictions", has, "spf", "BAD",
	    "asks a policy service for SPF, which assay replaces: remove it" },
};

/* Without authserv-id the fields that assay writes carry the MTA's name, and forged ones are known by it. */
static void host_name(struct doctor *d)
{
	struct slice name = postfix_setting(d, "myhostname");

	if (name.len > 0 && slice_find(name, '.') == name.len && d->settings->policy.authserv_id.len == 0)
		doctor_say(d, "note", "myhostname = %.*s: Authentication-Results would be written in a name that is not this "
		    "site's own: write the full name of the host there, or authserv-id in assay.conf", SLICE_ARG(name));
}

static void single_settings(struct doctor *d)
{
	for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
		struct slice value = postfix_setting(d, rules[i].name);

		if (!slice_is_null(value) && rules[i].wrong(value, rules[i].word))
			doctor_say(d, rules[i].mark, "%s: %s", rules[i].name, rules[i].advice);
	}
}

void doctor_postfix(struct doctor *d)
{
	continued_lines(d);
	milters(d, "smtpd_milters", "smtp/inet");
	milters(d, "non_smtpd_milters", "cleanup/unix");
	chroot_reach(d);
	single_settings(d);
	host_name(d);
	doctor_services(d);
}

/* --- Sendmail: sendmail.cf ------------------------------------------------------------------------- */

/* "S=local:PATH" of a line "Xname, S=local:PATH, F=T, T=..." */
static struct slice equate(struct slice line, char letter)
{
	while (!slice_is_null(line)) {
		struct slice part = slice_trim(slice_split(&line, ','));

		if (part.len > 2 && part.ptr[0] == letter && part.ptr[1] == '=')
			return slice_trim(slice_drop(part, 2));
	}
	return SLICE_NULL;
}

static bool sendmail_ours(const struct doctor *d, struct slice socket)
{
	struct slice listen = d->listen, kind = slice_split(&socket, ':');

	return slice_starts_with(listen, SLICE("unix:")) &&
	    (slice_eq(kind, SLICE("local")) || slice_eq(kind, SLICE("unix"))) &&
	    slice_eq(socket, slice_drop(listen, 5));
}

/* Sendmail uses the filters that the option InputMailFilters lists, in its order. */
static bool filter_in_use(const struct doctor *d, struct slice name)
{
	static const struct slice option = { "O InputMailFilters=", 19 };
	struct slice rest = d->mta;

	while (!slice_is_null(rest)) {
		struct slice line = slice_split(&rest, '\n');

		if (!slice_starts_with(line, option))
			continue;
		for (line = slice_drop(line, option.len); !slice_is_null(line);)
			if (slice_eq(slice_trim(slice_split(&line, ',')), name))
				return true;
	}
	return false;
}

static void our_filter(struct doctor *d, struct slice name, struct slice line)
{
	if (!filter_in_use(d, name)) {
		doctor_say(d, "BAD", "sendmail.cf: the filter %.*s is defined and not used: write INPUT_MAIL_FILTER, not "
		    "MAIL_FILTER, in sendmail.mc", SLICE_ARG(name));
		return;
	}
	doctor_say(d, "ok", "sendmail.cf connects to %.*s", SLICE_ARG(d->listen));
	if (!slice_eq(equate(line, 'F'), SLICE("T")))
		doctor_say(d, "note", "sendmail.cf: without F=T mail passes unsigned and unjudged while assayd is down");
}

/* Sendmail rewrites addresses when it delivers, after the filters. */
static void sendmail_rewrites(struct doctor *d, struct slice line)
{
	if (slice_starts_with(line, SLICE("DM")) && slice_trim(slice_drop(line, 2)).len > 0)
		doctor_say(d, "BAD", "sendmail.cf: MASQUERADE_AS rewrites addresses after signing and breaks signatures: let "
		    "the authors' programs write whole addresses");
	else if (slice_starts_with(line, SLICE("Kgenerics ")))
		doctor_say(d, "BAD", "sendmail.cf: genericstable rewrites addresses after signing and breaks signatures: let "
		    "the authors' programs write whole addresses");
}

/* The filters that sendmail.cf defines, "Xname, S=socket, ..." */
struct filter {
	struct slice line, name, socket;
};

static bool next_filter(struct slice *rest, struct filter *out)
{
	while (!slice_is_null(*rest)) {
		struct slice line = slice_split(rest, '\n');

		if (line.len == 0 || line.ptr[0] != 'X')
			continue;
		*out = (struct filter){ line, slice_trim(slice_drop(slice_take(line, slice_find(line, ',')), 1)),
			equate(line, 'S') };
		return true;
	}
	return false;
}

bool sendmail_names_us(const struct doctor *d)
{
	struct slice rest = d->mta;
	struct filter f;

	while (next_filter(&rest, &f))
		if (sendmail_ours(d, f.socket) && filter_in_use(d, f.name))
			return true;
	return false;
}

void doctor_sendmail(struct doctor *d)
{
	struct slice rest = d->mta;
	struct filter f;
	bool found = false;

	while (!slice_is_null(rest))
		sendmail_rewrites(d, slice_split(&rest, '\n'));
	for (rest = d->mta; next_filter(&rest, &f);) {
		if (sendmail_ours(d, f.socket)) {
			found = true;
			our_filter(d, f.name, f.line);
		} else if (doctor_replaced(f.socket) != NULL) {
			doctor_say(d, "BAD", "sendmail.cf: %.*s looks like %s, which assay replaces: remove it",
			    SLICE_ARG(f.socket), doctor_replaced(f.socket));
		}
	}
	if (!found)
		doctor_say(d, "BAD", "sendmail.cf has no filter with assayd's socket: write in sendmail.mc "
		    SENDMAIL_LINE, SLICE_ARG(slice_drop(d->listen, 5)));
}
