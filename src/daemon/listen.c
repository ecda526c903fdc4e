#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cursor.h"
#include "daemon/milter.h"

#include "daemon/listen.h"

/* "127.0.0.1:8893" or "[::1]:8893" */
static bool split_address(struct slice text, struct slice *host, struct slice *port, bool *v6)
{
	size_t colon = slice_rfind(text, ':');

	if (colon == text.len)
		return false;
	*host = slice_take(text, colon);
	*port = slice_drop(text, colon + 1);
	*v6 = host->len > 2 && host->ptr[0] == '[' && host->ptr[host->len - 1] == ']';
	if (*v6)
		*host = slice_of(host->ptr + 1, host->len - 2);
	return host->len > 0 && port->len > 0;
}

enum rc listen_libmilter_name(struct slice listen, struct buf *out, struct err *err)
{
	struct slice inet = SLICE("inet:");
	struct slice host, port;
	bool v6;

	if (!slice_starts_with(listen, inet)) {
		buf_add(out, listen);
		return RC_OK;
	}
	if (!split_address(slice_drop(listen, inet.len), &host, &port, &v6))
		return err_config(err, "listen = %.*s: write inet:ADDRESS:PORT, for example inet:127.0.0.1:8893",
		    SLICE_ARG(listen));
	buf_addf(out, v6 ? "inet6:%.*s@[%.*s]" : "inet:%.*s@%.*s", SLICE_ARG(port), SLICE_ARG(host));
	return RC_OK;
}

/* --- addresses ------------------------------------------------------------------------------------ */

static enum rc inet_address(struct slice address, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST };
	struct addrinfo *ai = NULL;
	struct slice host, port;
	char h[64], p[16];
	bool v6;
	int failed;

	if (!split_address(address, &host, &port, &v6) || host.len >= sizeof(h) || port.len >= sizeof(p))
		return err_config(err, "listen = inet:%.*s: not an address and port", SLICE_ARG(address));
	snprintf(h, sizeof(h), "%.*s", SLICE_ARG(host));
	snprintf(p, sizeof(p), "%.*s", SLICE_ARG(port));
	failed = getaddrinfo(h, p, &hints, &ai);
	if (failed != 0)
		return err_config(err, "listen = inet:%.*s: %s", SLICE_ARG(address), gai_strerror(failed));
	memcpy(out, ai->ai_addr, ai->ai_addrlen);
	*len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return RC_OK;
}

static enum rc unix_address(struct slice path, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (path.len >= sizeof(sun.sun_path))
		return err_config(err, "listen = unix:%.*s: the path is longer than a socket's may be "
		    "(%zu octets)", SLICE_ARG(path), sizeof(sun.sun_path) - 1);
	memcpy(sun.sun_path, path.ptr, path.len);
	memcpy(out, &sun, sizeof(sun));
	*len = sizeof(sun);
	return RC_OK;
}

static enum rc fd_address(struct slice number, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	struct cursor c = cursor_of(number);
	uint64_t fd;

	*len = sizeof(*out);
	if (!take_uint(&c, 9, INT_MAX, &fd) || !cursor_done(&c) ||
	    getsockname((int)fd, (struct sockaddr *)out, len) != 0)
		return err_config(err, "listen = fd:%.*s: not the number of a socket", SLICE_ARG(number));
	return RC_OK;
}

enum rc listen_sockaddr(struct slice listen, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	static const struct {
		struct slice prefix;
		enum rc (*address)(struct slice, struct sockaddr_storage *, socklen_t *, struct err *);
	} kinds[] = {
		{ { "inet:", 5 }, inet_address },
		{ { "unix:", 5 }, unix_address },
		{ { "fd:", 3 }, fd_address },
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		if (slice_starts_with(listen, kinds[i].prefix))
			return kinds[i].address(slice_drop(listen, kinds[i].prefix.len), out, len, err);
	return err_config(err, "listen = %.*s: write unix:PATH, inet:ADDRESS:PORT or fd:NUMBER",
	    SLICE_ARG(listen));
}

/* --- opening -------------------------------------------------------------------------------------- */

/* Binds once ourselves: libmilter does not tell why it could not. */
static enum rc probe(const struct settings *s, const struct sockaddr_storage *address,
    socklen_t len, struct err *err)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	bool listens;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	listens = fd >= 0 && bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, 1) == 0;
	if (!listens)
		err_add(err, "cannot listen on %.*s: %s", SLICE_ARG(s->listen), strerror(errno));
	if (fd >= 0)
		close(fd);
	return listens ? RC_OK : RC_CONFIG;
}

/* The directory of the socket, made where only it is missing, for the user and the MTA's group. */
static enum rc make_directory(const char *path, const struct identity *id, gid_t group,
    struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL || slash == path ? NULL : strndup(path, (size_t)(slash - path));
	struct stat st;
	enum rc rc = RC_OK;

	if (dir == NULL)
		return RC_OK;
	if (stat(dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rc = err_config(err, "cannot listen on unix:%s: %s is not a directory", path, dir);
	} else if (mkdir(dir, 0750) != 0 || chown(dir, id->uid, group) != 0 || chmod(dir, 0750) != 0) {
		rc = err_config(err, "cannot make the directory %s for the socket: %s", dir, strerror(errno));
	}
	free(dir);
	return rc;
}

static bool somebody_answers(const struct sockaddr_storage *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)address, len) == 0;

	if (fd >= 0)
		close(fd);
	return answers;
}

static enum rc remove_old(const char *path, const struct sockaddr_storage *address, socklen_t len,
    struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return RC_OK;
	if (!S_ISSOCK(st.st_mode))
		return err_config(err, "cannot listen on unix:%s: there is a file of that name that is no socket",
		    path);
	if (somebody_answers(address, len))
		return err_config(err, "cannot listen on unix:%s: in use by a running process", path);
	if (unlink(path) != 0)
		return err_config(err, "cannot replace the old socket %s: %s", path, strerror(errno));
	return RC_OK;
}

static enum rc open_with(const char *name, mode_t mask, struct err *err)
{
	mode_t old = umask(mask);
	bool opened = milter_listen(name);

	umask(old);
	if (!opened)
		return err_config(err, "cannot listen on %s: libmilter refused (it says more in syslog)", name);
	return RC_OK;
}

static enum rc open_unix(const struct settings *s, const struct identity *id, const char *name,
    const struct sockaddr_storage *address, socklen_t len, struct err *err)
{
	const char *path = strchr(name, ':') + 1;
	gid_t group = id->gid;

	if (!slice_is_null(s->socket_group) && s->socket_group.len > 0)
		TRY(group_find(s->socket_group, &group, err));
	TRY(make_directory(path, id, group, err));
	TRY(remove_old(path, address, len, err));
	TRY(probe(s, address, len, err));
	unlink(path);
	/* nobody else may connect before owner and mode are what they should be */
	TRY(open_with(name, 0177, err));
	if (chown(path, id->uid, group) != 0)
		return err_config(err, "cannot give the socket %s to group %ld: %s", path, (long)group,
		    strerror(errno));
	if (chmod(path, (mode_t)s->socket_mode) != 0)
		return err_config(err, "cannot set the mode of the socket %s: %s", path, strerror(errno));
	return RC_OK;
}

/* What config/check.c sees of an address in the configuration, of a socket that was handed over. */
static enum rc check_reach(const struct settings *s, const struct sockaddr_storage *address,
    struct err *err)
{
	struct ip ip;

	if (s->allow_remote_mta || !ip_from_sockaddr((const struct sockaddr *)address, &ip) ||
	    ip_is_loopback(&ip))
		return RC_OK;
	return err_config(err, "listen = %.*s: that socket can be reached from other machines, and "
	    "whoever connects gets mail signed: bind it to 127.0.0.1, [::1] or a path, or write "
	    "allow-remote-mta = yes and guard the port", SLICE_ARG(s->listen));
}

static enum rc open_named(const struct settings *s, const struct identity *id, const char *name,
    struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len;

	TRY(listen_sockaddr(s->listen, &address, &len, err));
	TRY(check_reach(s, &address, err));
	if (slice_starts_with(s->listen, SLICE("unix:")))
		return open_unix(s, id, name, &address, len, err);
	if (slice_starts_with(s->listen, SLICE("inet:")))
		TRY(probe(s, &address, len, err));
	return open_with(name, 0077, err);
}

enum rc listen_open(const struct settings *s, const struct identity *id, struct err *err)
{
	struct buf name = BUF_INIT(4096);
	enum rc rc = listen_libmilter_name(s->listen, &name, err);

	if (rc == RC_OK)
		rc = open_named(s, id, buf_cstr(&name), err);
	buf_free(&name);
	return rc;
}
