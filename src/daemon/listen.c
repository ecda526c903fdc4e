#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/ip.h"

#include "daemon/listen.h"

#define UNIX SLICE("unix:")

struct listener {
	const char *option;
	char *path;      /* where the socket is to be; NULL: no unix socket, nothing to publish */
	char *directory; /* private; NULL: published */
	char *hidden;    /* the socket in it */
};

/* --- addresses ------------------------------------------------------------------------------------ */

bool listen_split(struct slice text, struct slice *host, struct slice *port, bool *v6)
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

static enum rc inet_address(struct slice address, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST };
	struct addrinfo *ai = NULL;
	struct slice host, port;
	char h[64], p[16];
	bool v6;
	int failed;

	if (!listen_split(address, &host, &port, &v6) || host.len >= sizeof(h) || port.len >= sizeof(p))
		return err_config(err, "inet:%.*s: not an address and port", SLICE_ARG(address));
	snprintf(h, sizeof(h), "%.*s", SLICE_ARG(host));
	snprintf(p, sizeof(p), "%.*s", SLICE_ARG(port));
	failed = getaddrinfo(h, p, &hints, &ai);
	if (failed != 0)
		return err_config(err, "inet:%.*s: %s", SLICE_ARG(address), gai_strerror(failed));
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
		return err_config(err, "unix:%.*s: the path is longer than the system allows for a socket "
		    "(%zu octets)", SLICE_ARG(path), sizeof(sun.sun_path) - 1);
	memcpy(sun.sun_path, path.ptr, path.len);
	memcpy(out, &sun, sizeof(sun));
	*len = sizeof(sun);
	return RC_OK;
}

static bool take_descriptor(struct slice number, int *fd_out)
{
	struct cursor c = cursor_of(number);
	uint64_t fd;

	if (!take_uint(&c, 9, INT_MAX, &fd) || !cursor_done(&c))
		return false;
	*fd_out = (int)fd;
	return true;
}

static enum rc fd_address(struct slice number, struct sockaddr_storage *out, socklen_t *len,
    struct err *err)
{
	int fd;

	*len = sizeof(*out);
	if (!take_descriptor(number, &fd) || getsockname(fd, (struct sockaddr *)out, len) != 0)
		return err_config(err, "fd:%.*s: not the number of a socket", SLICE_ARG(number));
	return RC_OK;
}

enum rc listen_sockaddr(struct slice address, struct sockaddr_storage *out, socklen_t *len,
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
		if (slice_starts_with(address, kinds[i].prefix))
			return kinds[i].address(slice_drop(address, kinds[i].prefix.len), out, len, err);
	return err_config(err, "%.*s: write unix:PATH, inet:ADDRESS:PORT or fd:NUMBER",
	    SLICE_ARG(address));
}

/* --- binding by ourselves --------------------------------------------------------------------------- */

enum rc listen_bind(void *fd_out, struct slice address, struct err *err)
{
	struct slice number = slice_starts_with(address, SLICE("fd:")) ? slice_drop(address, 3) :
	    SLICE_NULL;
	struct sockaddr_storage where;
	int fd = -1, one = 1;
	socklen_t len;

	TRY(listen_sockaddr(address, &where, &len, err));
	if (!slice_is_null(number) && take_descriptor(number, fd_out))
		return RC_OK;
	fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && where.ss_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&where, len) != 0 || listen(fd, 64) != 0) {
		err_add(err, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return RC_CONFIG;
	}
	*(int *)fd_out = fd;
	return RC_OK;
}

/* --- directories ------------------------------------------------------------------------------------ */

/* NULL: path is relative or directly below the root, or memory is exhausted. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path ? NULL : strndup(path, (size_t)(slash - path));
}

/* Gives the directory that mkdir() has just created to the service user.  Does not follow a link put in its place. */
static bool give_directory(const char *directory, uid_t uid, gid_t group)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool given = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    fchown(fd, uid, group) == 0 && fchmod(fd, 0750) == 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return given;
}

enum rc listen_make_directory(const char *option, const char *path, const struct identity *id,
    gid_t group, struct err *err)
{
	char *directory = directory_of(path);
	struct stat st;
	enum rc rc = RC_OK;

	if (directory == NULL)
		return RC_OK;
	if (stat(directory, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rc = err_config(err, "%s = %s: %s is not a directory", option, path, directory);
	} else if (mkdir(directory, 0700) != 0 || !give_directory(directory, id->uid, group)) {
		rc = err_config(err, "%s = %s: cannot make the directory %s: %s", option, path, directory,
		    strerror(errno));
	}
	free(directory);
	return rc;
}

/* --- unix sockets ----------------------------------------------------------------------------------- */

static bool process_answers(const char *path)
{
	struct sockaddr_storage address;
	struct err err = ERR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len;
	bool answers = fd >= 0 && unix_address(slice_str(path), &address, &len, &err) == RC_OK &&
	    (connect(fd, (const struct sockaddr *)&address, len) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	err_free(&err);
	return answers;
}

static enum rc check_type(const char *option, const char *path, struct err *err)
{
	struct stat st;

	return lstat(path, &st) != 0 || S_ISSOCK(st.st_mode) ? RC_OK :
	    err_config(err, "%s = unix:%s: there is a %s of that name that is not a socket: write another path",
		option, path, S_ISDIR(st.st_mode) ? "directory" : "file");
}

/* The old socket of a daemon that is gone may be replaced, nothing else. */
static enum rc check_place(const char *option, const char *path, struct err *err)
{
	struct stat st;

	TRY(check_type(option, path, err));
	if (lstat(path, &st) == 0 && process_answers(path))
		return err_config(err, "%s = unix:%s: another process is already listening there", option, path);
	return RC_OK;
}

static void remove_hidden(struct listener *l)
{
	if (l->hidden != NULL)
		(void)unlink(l->hidden);
	if (l->directory != NULL)
		(void)rmdir(l->directory);
	free(l->hidden);
	free(l->directory);
	l->hidden = l->directory = NULL;
}

static enum rc make_private(struct listener *l, const struct identity *id, struct err *err)
{
	char *directory = directory_of(l->path), *made = NULL, *hidden = NULL;

	if (asprintf(&made, "%s/.assay-XXXXXX", directory == NULL ? "" : directory) < 0)
		made = NULL;
	if (made != NULL && mkdtemp(made) != NULL) {
		l->directory = made;
		if (asprintf(&hidden, "%s/s", made) >= 0)
			l->hidden = hidden;
	} else {
		err_add(err, "%s = unix:%s: cannot make a directory in %s: %s: user %s must be able to write "
		    "there", l->option, l->path, directory == NULL ? "/" : directory, strerror(errno),
		    id->name);
		free(made);
	}
	free(directory);
	return l->hidden != NULL ? RC_OK : RC_CONFIG;
}

static enum rc bind_hidden(struct listener *l, mode_t mode, listen_binder *bind, void *ctx,
    struct err *err)
{
	struct buf address = BUF_INIT(4096);
	size_t mark = err->text.len;
	mode_t mask;
	enum rc rc;

	buf_addf(&address, "unix:%s", l->hidden);
	mask = umask(0777 & ~mode);
	rc = bind(ctx, buf_slice(&address), err);
	umask(mask);
	if (rc != RC_OK)
		err_wrap(err, mark, "%s = unix:%s", l->option, l->path);
	buf_free(&address);
	return rc;
}

/* As the service user; see the head of listen.h. */
static enum rc open_hidden(struct listener *l, const struct listen_params *p,
    const struct identity *id, gid_t group, listen_binder *bind, void *ctx, struct err *err)
{
	TRY(check_place(l->option, l->path, err));
	TRY(make_private(l, id, err));
	TRY(bind_hidden(l, p->mode, bind, ctx, err));
	if (chown(l->hidden, (uid_t)-1, group) != 0)
		return err_config(err, "%s = unix:%s: cannot give the socket to group %.*s: %s: user %s must "
		    "be a member of that group", l->option, l->path, SLICE_ARG(p->group), strerror(errno),
		    id->name);
	if (chmod(l->hidden, p->mode) != 0)
		return err_config(err, "%s = unix:%s: cannot set the mode of the socket: %s", l->option,
		    l->path, strerror(errno));
	return RC_OK;
}

static enum rc group_of(const struct listen_params *p, const struct identity *id, gid_t *out,
    struct err *err)
{
	*out = id->gid;
	return p->group.len == 0 ? RC_OK : group_find(p->group, out, err);
}

static enum rc open_unix(struct listener *l, const struct listen_params *p,
    const struct identity *id, listen_binder *bind, void *ctx, struct err *err)
{
	gid_t group;
	enum rc rc;

	TRY(group_of(p, id, &group, err));
	TRY(listen_make_directory(l->option, l->path, id, group, err));
	TRY(identity_act(id, group, err));
	rc = open_hidden(l, p, id, group, bind, ctx, err);
	if (rc != RC_OK)
		remove_hidden(l);
	identity_act_no_more(id);
	return rc;
}

/* --- the whole -------------------------------------------------------------------------------------- */

/* Checks a socket from the service manager as config/check.c checks an address in the configuration. */
static enum rc check_reach(const struct listen_params *p, struct err *err)
{
	struct sockaddr_storage address;
	size_t mark = err->text.len;
	socklen_t len;
	struct ip ip;
	enum rc rc = listen_sockaddr(p->address, &address, &len, err);

	if (rc != RC_OK)
		err_wrap(err, mark, "%s", p->option);
	if (rc != RC_OK || p->allow_remote || !ip_from_sockaddr((const struct sockaddr *)&address, &ip))
		return rc;
	if (ip_is_loopback(&ip)) { /* as a unix socket with mode 0666 */
		err_warn(err, "%s = %.*s: every account on this machine can connect and have mail signed: "
		    "prefer unix:PATH with a socket-group", p->option, SLICE_ARG(p->address));
		return RC_OK;
	}
	return err_config(err, "%s = %.*s: that socket can be reached from other machines, and "
	    "every host that connects can have mail signed: bind it to 127.0.0.1, [::1] or a path, or write "
	    "allow-remote-mta = yes and guard the port", p->option, SLICE_ARG(p->address));
}

static enum rc open_plain(const struct listen_params *p, listen_binder *bind, void *ctx,
    struct err *err)
{
	size_t mark = err->text.len;
	enum rc rc = bind(ctx, p->address, err);

	if (rc != RC_OK)
		err_wrap(err, mark, "%s = %.*s", p->option, SLICE_ARG(p->address));
	return rc;
}

enum rc listen_open(const struct listen_params *p, const struct identity *id,
    listen_binder *bind, void *ctx, struct listener **out, struct err *err)
{
	struct listener *l;
	enum rc rc;

	TRY(check_reach(p, err));
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return RC_NOMEM;
	l->option = p->option;
	if (slice_starts_with(p->address, UNIX)) {
		struct slice path = slice_drop(p->address, UNIX.len);

		l->path = strndup(path.ptr, path.len);
		rc = l->path == NULL ? RC_NOMEM : open_unix(l, p, id, bind, ctx, err);
	} else {
		rc = open_plain(p, bind, ctx, err);
	}
	if (rc == RC_OK)
		*out = l;
	else
		listen_free(&l);
	return rc;
}

enum rc listen_publish(struct listener *l, struct err *err)
{
	if (l->hidden == NULL)
		return RC_OK;
	if (rename(l->hidden, l->path) != 0)
		return err_config(err, "%s = unix:%s: cannot put the socket into its place: %s", l->option,
		    l->path, strerror(errno));
	remove_hidden(l); /* the directory alone is left */
	return RC_OK;
}

void listen_free(struct listener **l)
{
	struct listener *old = *l;

	*l = NULL;
	if (old == NULL)
		return;
	remove_hidden(old);
	free(old->path);
	free(old);
}

/* --- checking --------------------------------------------------------------------------------------- */

void listen_check_directory(const char *option, const char *path, const struct identity *id,
    struct err *err)
{
	char *directory = directory_of(path), *above = directory == NULL ? NULL : directory_of(directory);
	struct stat st;

	if (directory == NULL)
		return;
	if (stat(directory, &st) != 0 && (above == NULL || stat(above, &st) != 0))
		err_add(err, "%s = %s: neither the directory %s nor the one above it exists", option, path,
		    directory);
	else if (stat(directory, &st) != 0 && !id->change && access(above, W_OK | X_OK) != 0)
		err_add(err, "%s = %s: user %s cannot make the directory %s: %s", option, path, id->name,
		    directory, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		err_add(err, "%s = %s: %s is not a directory", option, path, directory);
	else if (stat(directory, &st) == 0 && access(directory, W_OK | X_OK) != 0)
		err_add(err, "%s = %s: user %s cannot write to the directory %s: %s", option, path, id->name,
		    directory, strerror(errno));
	free(directory);
	free(above);
}

void listen_check(const struct listen_params *p, const struct identity *id, struct err *err)
{
	gid_t group;
	char *path;

	if (slice_starts_with(p->address, SLICE("fd:"))) {
		err_warn(err, "%s = %.*s: the socket of the service manager is not checked before it hands it to the daemon",
		    p->option, SLICE_ARG(p->address));
		return;
	}
	if (check_reach(p, err) != RC_OK || group_of(p, id, &group, err) != RC_OK ||
	    !slice_starts_with(p->address, UNIX))
		return;
	path = strndup(p->address.ptr + UNIX.len, p->address.len - UNIX.len);
	if (path != NULL && check_type(p->option, path, err) == RC_OK)
		listen_check_directory(p->option, path, id, err);
	free(path);
}
