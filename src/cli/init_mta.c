/* The MTA's side of `assay init`: where its programs find the socket, and the lines that connect them to it. */
#include <stdio.h>

#include "base/plural.h"
#include "cli/program.h"

#include "init.h"

#define MAX_LINES 4u

/* What is missing in main.cf: whole lines, "name = value". */
struct lines {
	struct slice items[MAX_LINES];
	size_t count;
	struct slice others; /* a milter beside assay, whose order is for a person to choose; null: there is none */
};

/* --- the place of the socket -------------------------------------------------------------------------- */

/*
 * Below the queue directory Postfix finds it, chrooted or not.  Postfix drops its privileges to mail_owner, and the
 * package's drop-in and the socket's group are for the usual one.
 */
static enum rc place_for_postfix(struct init *in)
{
	struct slice queue = postfix_setting(&in->mta, "queue_directory"), owner = postfix_setting(&in->mta, "mail_owner");

	if (queue.len == 0 || queue.ptr[0] != '/' || owner.len == 0)
		return err_config(in->keys.err, "postconf does not report queue_directory and mail_owner: mend main.cf first");
	if (!slice_eq(owner, SLICE("postfix")))
		return err_config(in->keys.err, "mail_owner = %.*s: this command knows Postfix with the user postfix only: "
		    "follow README, with the group of that user", SLICE_ARG(owner));
	in->group = "postfix";
	in->wanted = arena_printf(in->keys.arena, "unix:%.*s/assay/assay.sock", SLICE_ARG(queue));
	return slice_is_null(in->wanted) ? RC_NOMEM : RC_OK;
}

enum rc init_place(struct init *in)
{
	if (!in->mta.sendmail)
		return place_for_postfix(in);
	in->group = "smmsp";
	in->wanted = SLICE("unix:" ASSAY_RUNSTATEDIR "/assay.sock");
	return RC_OK;
}

/* --- Postfix ---------------------------------------------------------------------------------------------- */

static void need(struct init *in, struct lines *out, const char *name, struct slice before, const char *between,
    struct slice value)
{
	if (out->count < MAX_LINES)
		out->items[out->count++] = arena_printf(in->keys.arena, "%s = %.*s%s%.*s", name, SLICE_ARG(before),
		    before.len > 0 ? between : "", SLICE_ARG(value));
}

/* The value with the daemon's socket added, or with its address mended where it misses the socket. */
static void need_milter(struct init *in, struct lines *out, const char *name, const char *service)
{
	struct slice value = postfix_setting(&in->mta, name);
	bool chrooted = postfix_chrooted(&in->mta, slice_str(service));
	struct slice missed = postfix_misses_us(&in->mta, value, chrooted);
	struct buf address = BUF_INIT(4096);

	postfix_address(&in->mta, &address);
	if (slice_is_null(missed)) {
		out->others = postfix_names_others(&in->mta, value, chrooted);
		need(in, out, name, value, ", ",
		    arena_printf(in->keys.arena, "{ %s, default_action=tempfail }", buf_cstr(&address)));
	} else {
		size_t before = (size_t)(missed.ptr - value.ptr);

		need(in, out, name, slice_take(value, before), "", arena_printf(in->keys.arena, "%s%.*s", buf_cstr(&address),
		    SLICE_ARG(slice_drop(value, before + missed.len))));
	}
	buf_free(&address);
}

static void need_milters(struct init *in, struct lines *out)
{
	const struct doctor *d = &in->mta;
	struct slice smtpd = postfix_setting(d, "smtpd_milters"), non_smtpd = postfix_setting(d, "non_smtpd_milters");

	if (!postfix_names_us(d, smtpd, postfix_chrooted(d, SLICE("smtp/inet"))))
		need_milter(in, out, "smtpd_milters", "smtp/inet");
	if (postfix_names_us(d, non_smtpd, postfix_chrooted(d, SLICE("cleanup/unix"))))
		return;
	if (non_smtpd.len > 0 && !slice_eq(non_smtpd, smtpd))
		need_milter(in, out, "non_smtpd_milters", "cleanup/unix");
	else
		need(in, out, "non_smtpd_milters", SLICE(""), "", SLICE("$smtpd_milters"));
}

static void need_lines(struct init *in, struct lines *out)
{
	struct slice classes = postfix_setting(&in->mta, "internal_mail_filter_classes");
	struct slice rejected = postfix_setting(&in->mta, "message_reject_characters");

	need_milters(in, out);
	if (!doctor_contains(classes, "bounce"))
		need(in, out, "internal_mail_filter_classes", classes, ", ", SLICE("bounce"));
	if (!doctor_contains(rejected, "\\0"))
		need(in, out, "message_reject_characters", rejected, "", SLICE("\\0"));
}

static void print_lines(const struct lines *lines, const char *before, const char *after)
{
	for (size_t i = 0; i < lines->count; i++) {
		printf("%s", before);
		print_text(lines->items[i]);
		printf("%s%s\n", after, after[0] != '\0' && i + 1 < lines->count ? " \\" : "");
	}
}

static void print_postfix(const struct lines *lines)
{
	puts("\n    in main.cf, without blanks before them, then \"postfix reload\":\n");
	print_lines(lines, "", "");
	puts("\n    or these commands:\n\npostconf -e \\");
	print_lines(lines, "  '", "'");
	puts("postfix reload\n");
}

/* Postfix is connected only to a daemon that answers, because all mail would wait otherwise. */
static enum rc apply(struct init *in, const struct lines *lines)
{
	const char *set[2 + MAX_LINES + 1] = { "postconf", "-e" }, *const reload[] = { "postfix", "reload", NULL };
	struct buf out = BUF_INIT(4096);
	const struct passwd *pw;
	bool done;

	if (doctor_connect(&in->mta, &pw) != 0)
		return err_config(in->keys.err, "%.*s does not answer Postfix: start assayd, then run this again: main.cf was "
		    "not changed", SLICE_ARG(in->mta.listen));
	for (size_t i = 0; i < lines->count; i++)
		set[2 + i] = lines->items[i].ptr;
	done = program_output(set, &out);
	if (done)
		init_say(in, "mta", INIT_DONE, "wrote %zu %s of main.cf with postconf -e", lines->count,
		    plural(lines->count, "line", "lines"));
	if (done && program_output(reload, &out))
		init_say(in, "mta", INIT_DONE, "postfix reload");
	else if (done)
		init_say(in, "mta", INIT_TODO, "run: postfix reload");
	buf_free(&out);
	return done ? RC_OK : err_config(in->keys.err, "postconf -e failed: main.cf was not changed");
}

static enum rc connect_postfix(struct init *in)
{
	struct lines lines = { .count = 0 };
	bool chrooted = slice_eq(postfix_setting(&in->mta, "smtp/inet/chroot"), SLICE("y"));

	need_lines(in, &lines);
	if (lines.count == 0) {
		init_say(in, "mta", INIT_OK, "Postfix connects to %.*s", SLICE_ARG(in->mta.listen));
		return RC_OK;
	}
	for (size_t i = 0; i < lines.count; i++) {
		if (slice_is_null(lines.items[i]))
			return RC_NOMEM;
		json_array_append_new(in->mta_lines, json_slice(lines.items[i]));
	}
	if (!slice_is_null(lines.others))
		init_say(in, "mta", INIT_TODO, "Postfix has another milter, %.*s: %s", SLICE_ARG(lines.others),
		    doctor_replaced(lines.others) == NULL ? "choose the order of both (NEIGHBOURS), then write these lines" :
		    "assay replaces it: follow MIGRATING, then write these lines");
	else if (in->apply_mta && !in->dry_run)
		return apply(in, &lines);
	else
		init_say(in, "mta", in->apply_mta ? INIT_WILL : INIT_TODO, "connect Postfix (smtpd is %s)%s",
		    chrooted ? "chrooted" : "not chrooted", in->apply_mta ? "" : ": --apply-mta does it, or write these lines");
	if (!in->keys.json)
		print_postfix(&lines);
	return RC_OK;
}

/* --- Sendmail ------------------------------------------------------------------------------------------------ */

static enum rc connect_sendmail(struct init *in)
{
	struct slice path = slice_drop(in->mta.listen, 5);
	struct slice line = arena_printf(in->keys.arena, SENDMAIL_LINE, SLICE_ARG(path));

	if (slice_is_null(line))
		return RC_NOMEM;
	if (sendmail_names_us(&in->mta)) {
		init_say(in, "mta", INIT_OK, "Sendmail connects to %.*s", SLICE_ARG(in->mta.listen));
		return RC_OK;
	}
	json_array_append_new(in->mta_lines, json_slice(line));
	init_say(in, "mta", INIT_TODO, "connect Sendmail: write this line at the end of sendmail.mc, make sendmail.cf of it "
	    "(Debian: sendmailconfig), and restart Sendmail");
	if (in->keys.json)
		return RC_OK;
	printf("\n    ");
	print_text(line);
	puts("\n");
	return RC_OK;
}

enum rc init_mta(struct init *in)
{
	return in->mta.sendmail ? connect_sendmail(in) : connect_postfix(in);
}
