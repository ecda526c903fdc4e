/* The daemon's side of `assay init`: where it listens, the unit's drop-in, and its restart. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/owner.h"

#include "cli/program.h"

#include "dropins.h"
#include "init.h"

#define UNITS "/etc/systemd/system"

/* --- where the MTA finds the daemon ----------------------------------------------------------------- */

/* Another listen than ours was chosen on purpose: it stays, unless the MTA cannot use it. */
static enum rc keep_listen(struct init *in)
{
	const struct doctor *d = &in->mta;
	bool good = d->sendmail ? slice_starts_with(d->listen, SLICE("unix:")) : postfix_reaches_us(d);

	in->kept = true;
	if (slice_starts_with(d->listen, SLICE("fd:")))
		return err_config(in->keys.err, "%s: listen = \"%.*s\": the service manager does not report the socket: "
		    "start assayd-postfix.socket first", in->config, SLICE_ARG(d->listen));
	if (!good)
		return err_config(in->keys.err, "%s: listen = \"%.*s\": %s cannot reach it: remove the line, or write "
		    "listen = \"%.*s\"", in->config, SLICE_ARG(d->listen), d->sendmail ? "the line that this command knows for "
		    "Sendmail" : "smtpd is chrooted and", SLICE_ARG(in->wanted));
	init_say(in, "configuration", INIT_OK, "listen = \"%.*s\" was set before: kept", SLICE_ARG(d->listen));
	return RC_OK;
}

static enum rc need_listen(struct init *in, struct buf *out)
{
	const struct settings *s = in->keys.dns.settings;
	struct settings *defaults = NULL;
	bool set;

	TRY(settings_default(&defaults));
	set = !slice_eq(s->listen, in->wanted) && !slice_eq(s->listen, defaults->listen);
	settings_release(&defaults);
	if (set)
		return keep_listen(in);
	if (!slice_eq(s->listen, in->wanted))
		buf_addf(out, "listen = \"%.*s\"\n", SLICE_ARG(in->wanted));
	if (s->socket_group.len == 0)
		buf_addf(out, "socket-group = \"%s\"\n", in->group);
	in->mta.listen = in->wanted;
	return RC_OK;
}

/* --- where it is written ---------------------------------------------------------------------------- */

static const char *below(struct init *in, struct slice directory, const char *name)
{
	struct slice path = arena_printf(in->keys.arena, "%.*s/%s", SLICE_ARG(directory), name);

	return slice_is_null(path) ? "" : path.ptr;
}

static const char *included_directory(struct init *in)
{
	struct slice config = slice_str(in->config);
	size_t slash = slice_rfind(config, '/');

	return below(in, slash == config.len ? SLICE(".") : slice_take(config, slash), "conf.d");
}

/* --- what must be written, and whether it can be ------------------------------------------------------ */

static const char *written_path(struct init *in)
{
	return below(in, slice_str(included_directory(in)), "mta.conf");
}

static enum rc refuse_existing(struct init *in, struct slice text)
{
	return err_config(in->keys.err, "%s: exists already, and does not set what is needed: write there\n%.*s",
	    written_path(in), SLICE_ARG(text));
}

enum rc init_needed(struct init *in, struct buf *out)
{
	struct slice id = in->keys.dns.settings->policy.authserv_id, asked = slice_str(in->authserv_id);

	if (asked.len > 0 && id.len > 0 && !slice_ieq(id, asked))
		return err_config(in->keys.err, "%s: authserv-id is \"%.*s\" already: change it there", in->config,
		    SLICE_ARG(id));
	if (asked.len > 0 && id.len == 0)
		buf_addf(out, "authserv-id = \"%.*s\"\n", SLICE_ARG(asked));
	TRY(need_listen(in, out));
	if (out->len > 0)
		buf_add_str(out, "# Written by \"assay init\", which does not change it again.\n");
	if (out->len > 0 && access(written_path(in), F_OK) == 0)
		return refuse_existing(in, buf_slice(out));
	return buf_failed(out) ? RC_LIMIT : RC_OK;
}

static const char *units(const struct init *in)
{
	return in->units == NULL ? UNITS : in->units;
}

static const char *drop_in_path(struct init *in)
{
	return below(in, slice_str(units(in)), in->mta.sendmail ? "assayd.service.d/sendmail.conf" :
	    "assayd.service.d/postfix.conf");
}

static void need_writable(struct init *in, const char *directory)
{
	if (access(directory, W_OK | X_OK) != 0)
		err_add(in->keys.err, "%s: %s%s", directory, strerror(errno), errno == EACCES ? ": run this as root" : "");
}

static bool has_units(const struct init *in)
{
	return in->units != NULL || access(UNITS, F_OK) == 0;
}

enum rc init_permitted(struct init *in, struct slice needed)
{
	struct key_request *r = &in->keys;

	if (r->key_types[KEY_RSA] || r->key_types[KEY_ED25519])
		need_writable(in, r->directory);
	if (needed.len > 0)
		need_writable(in, included_directory(in));
	if (!in->kept && has_units(in) && access(drop_in_path(in), F_OK) != 0)
		need_writable(in, units(in));
	return r->err->count == 0 ? RC_OK : RC_CONFIG;
}

/* --- the configuration ---------------------------------------------------------------------------- */

/* The daemon must read what was written: FILE may have no include, or another file may say something else. */
static enum rc read_again(struct init *in, const char *path)
{
	struct settings *now = NULL;
	enum rc rc = settings_load(in->config, &now, in->keys.err);

	if (rc == RC_OK && !in->kept && !slice_eq(now->listen, in->wanted))
		rc = err_config(in->keys.err, "%s: a listen in %s has no effect: write include \"conf.d/*.conf\" at the end "
		    "of the file", in->config, path);
	if (rc != RC_OK) {
		settings_release(&now);
		return rc;
	}
	settings_release(&in->keys.dns.settings);
	in->keys.dns.settings = now;
	in->keys.directory = now->keys_directory.ptr;
	in->mta.settings = now;
	if (in->kept)
		in->mta.listen = doctor_listen(now, &in->listen);
	return RC_OK;
}

static enum rc write_configuration(struct init *in, const char *path, struct slice text)
{
	enum rc rc;

	if (!file_create(path, text, 0644, true))
		return errno != EEXIST ? err_config(in->keys.err, "%s: %s", path, strerror(errno)) :
		    refuse_existing(in, text);
	rc = read_again(in, path);
	if (rc != RC_OK)
		unlink(path);
	return rc;
}

enum rc init_configuration(struct init *in, struct slice needed)
{
	const char *directory = included_directory(in), *path = written_path(in);
	enum rc rc;

	if (needed.len == 0) {
		if (!in->kept)
			init_say(in, "configuration", INIT_OK, "listen = \"%.*s\"", SLICE_ARG(in->wanted));
		return RC_OK;
	}
	in->changed = true;
	if (in->dry_run) {
		init_say(in, "configuration", INIT_WILL, "write %s", path);
		return RC_OK;
	}
	TRY(owner_act(directory, in->keys.err));
	rc = write_configuration(in, path, needed);
	owner_act_no_more();
	if (rc == RC_OK)
		init_say(in, "configuration", INIT_DONE, "wrote %s", path);
	return rc;
}

/* --- the unit ----------------------------------------------------------------------------------------- */

/* The drop-in of the package, with this Postfix's queue directory in the place of the usual one. */
static void drop_in_text(const struct init *in, struct buf *out)
{
	const struct slice usual = SLICE("/var/spool/postfix");
	struct slice text = in->mta.sendmail ? slice_str(dropin_sendmail) : slice_str(dropin_postfix);

	while (text.len > 0) {
		bool found = slice_starts_with(text, usual);

		buf_add(out, found ? postfix_setting(&in->mta, "queue_directory") : slice_take(text, 1));
		text = slice_drop(text, found ? usual.len : 1);
	}
}

static enum rc write_drop_in(struct init *in, const char *path, struct slice text)
{
	const char *directory = below(in, slice_str(units(in)), "assayd.service.d");

	in->changed = true;
	if (in->dry_run) {
		init_say(in, "service", INIT_WILL, "write %s", path);
		return RC_OK;
	}
	if ((mkdir(directory, 0755) != 0 && errno != EEXIST) || !file_create(path, text, 0644, true))
		return err_config(in->keys.err, "%s: %s", path, strerror(errno));
	init_say(in, "service", INIT_DONE, "wrote %s", path);
	return RC_OK;
}

static enum rc drop_in(struct init *in)
{
	struct buf text = BUF_INIT(64u * 1024), old = BUF_INIT(64u * 1024);
	const char *path = drop_in_path(in), *why;
	enum rc rc = RC_OK;

	drop_in_text(in, &text);
	if (buf_failed(&text))
		rc = RC_NOMEM;
	else if (access(path, F_OK) != 0)
		rc = write_drop_in(in, path, buf_slice(&text));
	else if (file_read(path, &old, NULL, &why) == RC_OK && slice_eq(buf_slice(&old), buf_slice(&text)))
		init_say(in, "service", INIT_OK, "%s is in place", path);
	else
		init_say(in, "service", INIT_OK, "%s is not what would be written now: kept (remove it to have it written)", path);
	buf_free(&text);
	buf_free(&old);
	return rc;
}

static bool systemctl(const char *verb, const char *unit)
{
	const char *const argv[] = { "systemctl", verb, unit, NULL };
	struct buf out = BUF_INIT(4096);
	bool done = program_output(argv, &out);

	buf_free(&out);
	return done;
}

/* sd_booted(3) looks at the same directory.  Units elsewhere (--units) are not those of this system. */
static bool is_managed(const struct init *in)
{
	return in->units == NULL && access("/run/systemd/system", F_OK) == 0;
}

static void restart(struct init *in)
{
	const struct passwd *pw;
	int error;

	if (!systemctl("daemon-reload", NULL) || !systemctl("restart", "assayd.service")) {
		init_say(in, "service", INIT_TODO, "systemctl restart assayd failed: journalctl -u assayd shows the reason");
		return;
	}
	error = doctor_connect(&in->mta, &pw);
	if (error == 0)
		init_say(in, "service", INIT_DONE, "restarted assayd: it answers at %.*s", SLICE_ARG(in->mta.listen));
	else
		init_say(in, "service", INIT_TODO, "restarted assayd, and %.*s does not answer: assay doctor shows the reason",
		    SLICE_ARG(in->mta.listen));
}

/* Some distributions install units disabled: after the next start of the host the MTA would find no daemon. */
static void enable(struct init *in)
{
	if (systemctl("is-enabled", "assayd.service"))
		return;
	if (in->dry_run)
		init_say(in, "service", INIT_WILL, "enable assayd");
	else if (systemctl("enable", "assayd.service"))
		init_say(in, "service", INIT_DONE, "enabled assayd: it is started with the host");
	else
		init_say(in, "service", INIT_TODO, "systemctl enable assayd failed: start assayd with the host in another way");
}

enum rc init_service(struct init *in)
{
	const struct passwd *pw;

	if (!in->kept && has_units(in))
		TRY(drop_in(in));
	if (is_managed(in))
		enable(in);
	if (!in->changed && doctor_connect(&in->mta, &pw) == 0)
		init_say(in, "service", INIT_OK, "assayd answers at %.*s", SLICE_ARG(in->mta.listen));
	else if (in->dry_run)
		init_say(in, "service", INIT_WILL, "restart assayd");
	else if (is_managed(in))
		restart(in);
	else
		init_say(in, "service", INIT_TODO, has_units(in) ? "run: systemctl daemon-reload; systemctl restart assayd" :
		    "start assayd as root");
	return RC_OK;
}
