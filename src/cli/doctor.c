#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "signing/keystore.h"

#include "cli/json.h"
#include "cli/program.h"

#include "doctor.h"

struct doctor_request {
	const char *config, *zone, *postconf, *sendmail;
	bool json;
};

void doctor_say(struct doctor *d, const char *mark, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	findings_add(&d->found, mark, fmt, ap);
	va_end(ap);
}

/* --- other programs and other accounts -------------------------------------------------------------- */

static bool become(const struct passwd *pw)
{
	return initgroups(pw->pw_name, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0 && setuid(pw->pw_uid) == 0;
}

/*
 * Makes an attempt in a child process that has become that user (without root: as the current user).
 * Returns 0 if it succeeds, else its errno.
 */
static int attempt_as(const struct passwd *pw, int (*attempt)(const void *arg), const void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && !become(pw))
			_exit(EPERM);
		_exit(attempt(arg) & 0xff);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EAGAIN;
	return WEXITSTATUS(status);
}

/* --- the socket ------------------------------------------------------------------------------------ */

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

static bool unix_address(struct slice path, struct address *out)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (path.len >= sizeof(sun.sun_path))
		return false;
	memcpy(sun.sun_path, path.ptr, path.len);
	memcpy(&out->storage, &sun, sizeof(sun));
	out->len = sizeof(sun);
	return true;
}

static bool inet_address(struct slice text, struct address *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	size_t colon = slice_rfind(text, ':');
	struct slice host = slice_take(text, colon), port = slice_drop(text, colon + 1);
	char h[64], p[16];

	if (host.len > 2 && host.ptr[0] == '[')
		host = slice_of(host.ptr + 1, host.len - 2);
	snprintf(h, sizeof(h), "%.*s", SLICE_ARG(host));
	snprintf(p, sizeof(p), "%.*s", SLICE_ARG(port));
	if (getaddrinfo(h, p, &hints, &ai) != 0)
		return false;
	memcpy(&out->storage, ai->ai_addr, ai->ai_addrlen);
	out->len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return true;
}

static int try_connect(const void *arg)
{
	const struct address *a = arg;
	int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&a->storage, a->len) == 0 ? 0 : errno;
}

static const char *connect_advice(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "nothing listens there: start assayd, and compare listen with what it logs at its start";
	case EACCES:
		return "set socket-group to the MTA's group; its directory must be open to that group (mode 0750)";
	default:
		return "check that assayd is running";
	}
}

/* The account that the MTA's programs connect with. */
static const struct passwd *mta_account(const struct doctor *d)
{
	struct slice owner = d->sendmail ? SLICE("smmsp") : postfix_setting(d, "mail_owner");
	char name[64];

	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(owner));
	return getpwnam(name);
}

int doctor_connect(const struct doctor *d, const struct passwd **pw_out)
{
	struct slice listen = d->listen;
	struct address a = { .len = 0 };

	*pw_out = mta_account(d);
	if (!(slice_starts_with(listen, SLICE("unix:")) ? unix_address(slice_drop(listen, 5), &a) :
	    slice_starts_with(listen, SLICE("inet:")) && inet_address(slice_drop(listen, 5), &a)))
		return -1;
	return *pw_out == NULL ? try_connect(&a) : attempt_as(*pw_out, try_connect, &a);
}

static void socket_reach(struct doctor *d)
{
	struct slice listen = d->listen;
	const struct passwd *pw;
	int error = doctor_connect(d, &pw);

	if (error < 0) {
		doctor_say(d, "note", "listen = %.*s: cannot be tried from here", SLICE_ARG(listen));
		return;
	}
	if (pw == NULL || geteuid() != 0)
		doctor_say(d, "note", "the socket is tried as this user, not as the MTA's%s",
		    pw == NULL ? ": its account is not known" : ": run this as root");
	if (error == EACCES && geteuid() != 0)
		doctor_say(d, "note", "%.*s: this user may not connect: run this as root", SLICE_ARG(listen));
	else if (error == 0)
		doctor_say(d, "ok", "%.*s answers%s%s", SLICE_ARG(listen), pw == NULL ? "" : " user ",
		    pw == NULL ? "" : pw->pw_name);
	else
		doctor_say(d, "BAD", "%.*s: %s: %s", SLICE_ARG(listen), strerror(error), connect_advice(error));
}

/*
 * A socket that the service manager hands over is where its socket unit says: one line "PATH (Stream)".
 * Without an answer "fd:3" stays, which matches nothing that an MTA could be told.
 */
struct slice doctor_listen(const struct settings *s, struct buf *out)
{
	const char *const argv[] = { "systemctl", "show", "--value", "--property=Listen",
		"assayd-postfix.socket", NULL };
	struct slice path;

	if (!slice_starts_with(s->listen, SLICE("fd:")))
		return s->listen;
	buf_add(out, SLICE("unix:"));
	if (!program_output(argv, out))
		return s->listen;
	path = buf_slice(out);
	path = slice_take(path, slice_find(path, ' '));
	return path.len > 6 && path.ptr[5] == '/' ? path : s->listen;
}

/* --- this host ------------------------------------------------------------------------------------- */

static int try_directory(const void *arg)
{
	return access(arg, R_OK | X_OK) == 0 ? 0 : errno;
}

struct key_files {
	struct signing_key *items;
	size_t count;
	int *errors; /* one for each, in memory that is shared with the child process */
};

/* Runs as the daemon's user. */
static int try_keys(const void *arg)
{
	const struct key_files *keys = arg;

	for (size_t i = 0; i < keys->count; i++)
		if (keys->items[i].state == KEY_ACTIVE && access(keys->items[i].path.ptr, R_OK) != 0)
			keys->errors[i] = errno;
	return 0;
}

static void each_key_file(struct doctor *d, const struct passwd *pw, struct key_files *keys)
{
	size_t size = keys->count * sizeof(*keys->errors);
	void *shared = size == 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return;
	keys->errors = shared;
	if (attempt_as(pw, try_keys, keys) != 0)
		doctor_say(d, "note", "the keys could not be tried as user %s", pw->pw_name);
	for (size_t i = 0; i < keys->count; i++)
		if (keys->errors[i] != 0)
			doctor_say(d, "BAD", "user %s cannot read the key %.*s: %s: write chown %s %.*s", pw->pw_name,
			    SLICE_ARG(keys->items[i].path), strerror(keys->errors[i]), pw->pw_name,
			    SLICE_ARG(keys->items[i].path));
	munmap(shared, size);
}

/* What else makes a key unusable is a matter of `assayd --check`, which loads it. */
static void key_files(struct doctor *d, const struct passwd *pw, const char *directory)
{
	struct arena *a = arena_create(LIMIT_CONFIG_ARENA);
	struct key_files keys = { 0 };
	struct err ignored = ERR_INIT; /* of names of files */

	if (a != NULL && keystore_list(directory, a, &keys.items, &keys.count, &ignored) == RC_OK)
		each_key_file(d, pw, &keys);
	err_free(&ignored);
	arena_free(&a);
}

static void key_directory(struct doctor *d)
{
	const struct settings *s = d->settings;
	char user[64], path[4096];
	const struct passwd *pw;
	int error;

	snprintf(user, sizeof(user), "%.*s", SLICE_ARG(s->user));
	snprintf(path, sizeof(path), "%.*s", SLICE_ARG(s->keys_directory));
	pw = getpwnam(user);
	if (pw == NULL) {
		doctor_say(d, "BAD", "user %s does not exist: adduser --system --group --no-create-home %s", user, user);
		return;
	}
	error = attempt_as(pw, try_directory, path);
	if (error == 0) {
		doctor_say(d, "ok", "user %s can read the key directory %s (assayd --check loads each key)", user, path);
		key_files(d, pw, path);
	} else if (error == EACCES && geteuid() != 0) {
		doctor_say(d, "note", "the key directory %s: this user may not read it: run this as root", path);
	} else {
		doctor_say(d, "BAD", "user %s cannot read the key directory %s: %s: write install -d -m 0750 -o %s -g %s %s",
		    user, path, strerror(error), user, user, path);
	}
}

/* What to do depends on whether they are this host's own. */
static void dead_servers(struct doctor *d, const struct resolver *resolver, const char *why)
{
	struct buf names = BUF_INIT(1024);
	struct dns_source source;
	bool own = false;

	for (size_t i = 0, start = 0; resolver_source(resolver, i, &source, &names); i++, start = names.len) {
		struct slice name = slice_drop(buf_slice(&names), start);

		own = own || slice_starts_with(name, SLICE("127.")) || slice_starts_with(name, SLICE("[::1]"));
		buf_add(&names, SLICE(" "));
	}
	doctor_say(d, "BAD", "the name servers do not answer (%.*s: %s): %s", SLICE_ARG(slice_trim(buf_slice(&names))), why,
	    own ? "start the resolver of this host, or name others: dns { servers = { ... } }, or /etc/resolv.conf" :
	    "install a resolver on this host (unbound, for example) and write dns { servers = { \"127.0.0.1:53\" } }");
	buf_free(&names);
}

/* Any answer proves that the servers work, even the answer that the record does not exist. */
static enum rc name_servers(struct doctor *d, const char *zone, struct err *err)
{
	struct resolver *resolver = NULL;
	const struct dns_answer *answer;
	struct lookups *lookups;

	TRY(command_resolver(d->settings, zone, &resolver, err));
	lookups = lookups_new(resolver, d->settings->policy.dns_deadline_ms);
	if (lookups == NULL) {
		resolver_free(&resolver);
		return RC_NOMEM;
	}
	answer = lookups_await(lookups, LOOKUP_POLICY, SLICE("_dmarc.com"), DNS_TXT);
	if (answer->status == DNS_FOUND || answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN)
		doctor_say(d, "ok", "the name servers answer");
	else
		dead_servers(d, resolver, dns_status_text(answer->status));
	lookups_release(&lookups);
	resolver_free(&resolver);
	return RC_OK;
}

/* Signatures carry the time; a machine without a battery starts in 1970. */
static void host_clock(struct doctor *d)
{
	const int64_t year_2026 = 1767225600;

	if (clock_now() < year_2026)
		doctor_say(d, "BAD", "the clock is before 2026: signatures would carry a wrong time: set it, run NTP");
}

/* --- the MTA's configuration ------------------------------------------------------------------------ */

static char sendmail_cf[] = "/etc/mail/sendmail.cf";

/* Values with what they refer to filled in; then each service's own settings, and its fields. */
static bool ask_postfix(struct buf *out)
{
	const char *const values[] = { "postconf", "-x", NULL }, *const services[] = { "postconf", "-Px", NULL },
	    *const fields[] = { "postconf", "-F", NULL };

	return program_output(values, out) && program_output(services, out) && program_output(fields, out);
}

enum rc doctor_read_mta(struct doctor *d, const char *postconf, const char *sendmail, struct buf *text, struct err *err)
{
	d->sendmail = sendmail != NULL;
	if (sendmail != NULL || postconf != NULL)
		TRY(command_read(d->sendmail ? sendmail : postconf, text, err));
	else if (access(sendmail_cf, R_OK) == 0 && access("/etc/postfix/main.cf", R_OK) != 0)
		TRY(command_read((d->sendmail = true, sendmail_cf), text, err));
	else if (!ask_postfix(text))
		return err_config(err, "postconf cannot be run and there is no %s: write --postconf FILE with the output "
		    "of postconf -x, or --sendmail FILE", sendmail_cf);
	d->mta = buf_slice(text);
	return RC_OK;
}

static void examine_mta(struct doctor *d)
{
	(d->sendmail ? doctor_sendmail : doctor_postfix)(d);
	socket_reach(d);
}

static enum rc print_object(const struct doctor *d)
{
	return json_print_all(json_pack("{s:i, s:s, s:O}", "version", 1, "mta", d->sendmail ? "sendmail" : "postfix",
	    "findings", d->found.list));
}

static int run(const struct command *c, int argc, char **argv)
{
	struct doctor_request r = { 0 };
	struct doctor d = { 0 };
	struct settings *settings = NULL;
	struct buf text = BUF_INIT(LIMIT_FILE_BYTES), listen = BUF_INIT(4096);
	struct err err = ERR_INIT;
	enum rc rc;
	bool done;
	int rest, status = command_arguments(c, argc, argv, &r, 0, 0, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	rc = command_settings(r.config, &settings, &err);
	d.settings = settings;
	d.found.list = r.json ? json_array() : NULL;
	if (rc == RC_OK)
		d.listen = doctor_listen(settings, &listen);
	if (rc == RC_OK)
		rc = doctor_read_mta(&d, r.postconf, r.sendmail, &text, &err);
	if (rc == RC_OK) {
		examine_mta(&d);
		key_directory(&d);
		host_clock(&d);
		rc = name_servers(&d, r.zone, &err); /* last: it starts a thread, and what is above forks */
	}
	if (rc == RC_OK && r.json)
		rc = print_object(&d);
	buf_free(&text);
	buf_free(&listen);
	settings_release(&settings);
	json_decref(d.found.list);
	status = command_end(&err, rc);
	return status == EXIT_SUCCESS && d.found.bad > 0 ? EXIT_FINDING : status;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct doctor_request, config),
	OPTION_ZONE(struct doctor_request, zone),
	OPTION_JSON(struct doctor_request, json),
	{ "postconf", ARGUMENT_TEXT, offsetof(struct doctor_request, postconf), "FILE",
	    "read the output of postconf -x from a file" },
	{ "sendmail", ARGUMENT_TEXT, offsetof(struct doctor_request, sendmail), "FILE",
	    "read this sendmail.cf" },
	OPTIONS_END,
};

const struct command command_doctor = {
	.name = "doctor",
	.run = run,
	.summary = "check how the MTA is connected to assayd, and this host",
	.usage = "[-c FILE] [--zone FILE] [--json] [--postconf FILE | --sendmail FILE]",
	.arguments = arguments,
};
