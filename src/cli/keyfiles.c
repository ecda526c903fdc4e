#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/owner.h"
#include "crypto/keyfile.h"

#include "cli/key.h"

#define SELECTORS_TRIED 1000u

static const char *key_path(struct key_request *r, struct domain d, struct slice selector,
    enum key_state state)
{
	struct slice path = arena_printf(r->arena, "%s/%.*s/%.*s%s.pem", r->directory,
	    SLICE_ARG(d.name), SLICE_ARG(selector), key_state_suffix(state));

	return slice_is_null(path) ? "" : path.ptr;
}

static enum rc make_directory(struct key_request *r, struct domain d)
{
	struct slice path = arena_printf(r->arena, "%s/%.*s", r->directory, SLICE_ARG(d.name));
	struct stat st;

	if (slice_is_null(path))
		return RC_NOMEM;
	if (stat(r->directory, &st) != 0)
		return err_config(r->err, "the key directory %s: %s (make it, owned by the daemon's user: "
		    "install -d -m 0750 -o assay -g assay %s)", r->directory, strerror(errno), r->directory);
	return mkdir(path.ptr, 0750) == 0 || errno == EEXIST ? RC_OK : err_config(r->err, "%s: %s%s", path.ptr,
	    strerror(errno), errno == EACCES ? ": run this as root, or as the owner of the key directory" : "");
}

/* The path of a key with that selector, in whatever state; NULL: there is none. */
static const char *taken(struct key_request *r, struct domain d, struct slice selector)
{
	for (enum key_state state = KEY_ACTIVE; state < KEY_STATES; state++) {
		const char *path = key_path(r, d, selector, state);

		if (access(path, F_OK) == 0)
			return path;
	}
	return NULL;
}

/* --- selectors ------------------------------------------------------------------------------- */

/* %Y, %m, %d of today, %t: "r" for RSA, "e" for Ed25519 (the rule of key-selectors knows no other). */
static struct slice expanded(struct key_request *r, struct slice pattern, enum key_type type)
{
	struct buf out = BUF_INIT(LIMIT_DOMAIN_OCTETS);
	time_t now = (time_t)clock_now();
	struct tm tm;

	gmtime_r(&now, &tm);
	for (size_t i = 0; i < pattern.len; i++) {
		char c = pattern.ptr[i], field = c == '%' && i + 1 < pattern.len ? pattern.ptr[++i] : '\0';

		if (field == 'Y')
			buf_addf(&out, "%04d", tm.tm_year + 1900);
		else if (field == 'm')
			buf_addf(&out, "%02d", tm.tm_mon + 1);
		else if (field == 'd')
			buf_addf(&out, "%02d", tm.tm_mday);
		else if (field == 't')
			buf_add_char(&out, type == KEY_RSA ? 'r' : 'e');
		else
			buf_add_char(&out, c);
	}
	return arena_lower(r->arena, arena_take_buf(r->arena, &out));
}

/* "202611r", "202611r2", ...; a digit is kept apart. */
static enum rc numbered(struct key_request *r, struct domain d, struct slice base, struct slice *out)
{
	const char *path = taken(r, d, base);

	*out = base;
	for (unsigned n = 2; path != NULL && n < SELECTORS_TRIED; n++) {
		*out = arena_printf(r->arena, "%.*s%s%u", SLICE_ARG(base), is_digit(base.ptr[base.len - 1]) ? "-" : "", n);
		path = taken(r, d, *out);
	}
	return path == NULL ? RC_OK : err_config(r->err, "%s is there already: choose a --selector", path);
}

/* The retired key of a fixed selector makes room: its record is gone, and its file is kept aside. */
static enum rc reuse(struct key_request *r, struct domain d, struct slice selector)
{
	struct slice from = slice_str(key_path(r, d, selector, KEY_RETIRED));
	struct slice to = arena_printf(r->arena, "%.*s.old", SLICE_ARG(slice_take(from, from.len - strlen(".pem"))));

	if (slice_is_null(to))
		return RC_NOMEM;
	return rename(from.ptr, to.ptr) == 0 ? RC_OK : err_config(r->err, "%s cannot become %s: %s", from.ptr,
	    to.ptr, strerror(errno));
}

/* Fixed selectors, as a provider delegates them: one that was never used, else a retired one. */
static enum rc one_of_several(struct key_request *r, struct domain d, enum key_type type,
    struct slice *out)
{
	const struct settings *s = r->dns.settings;
	struct slice retired = SLICE_NULL;

	for (size_t i = 0; i < s->key_selector_count; i++) {
		const char *path;

		*out = expanded(r, s->key_selectors[i], type);
		path = taken(r, d, *out);
		if (path == NULL)
			return RC_OK;
		if (slice_is_null(retired) && strcmp(path, key_path(r, d, *out, KEY_RETIRED)) == 0)
			retired = *out;
	}
	if (slice_is_null(retired))
		return err_config(r->err, "%.*s: every selector of key-selectors is in use: retire a key, or write "
		    "more of them", SLICE_ARG(d.name));
	*out = retired;
	return reuse(r, d, retired);
}

static enum rc free_selector(struct key_request *r, struct domain d, enum key_type type,
    struct slice asked, struct slice *out)
{
	const struct settings *s = r->dns.settings;
	const char *path;

	if (slice_is_null(asked) && s->key_selector_count == 0)
		return err_config(r->err, "key-selectors is empty: write a pattern, or choose a --selector");
	if (slice_is_null(asked) && s->key_selector_count > 1)
		return one_of_several(r, d, type, out);
	if (slice_is_null(asked))
		return numbered(r, d, expanded(r, s->key_selectors[0], type), out);
	path = taken(r, d, asked);
	if (path != NULL)
		return err_config(r->err, "%s is there already: choose another --selector", path);
	*out = asked;
	return RC_OK;
}

/* --- making ---------------------------------------------------------------------------------- */

const char *key_visible_path(struct key_request *r, struct domain d, struct slice selector)
{
	struct slice path = arena_printf(r->arena, "%s/%.*s/%.*s.visible", r->directory,
	    SLICE_ARG(d.name), SLICE_ARG(selector));

	return slice_is_null(path) ? "" : path.ptr;
}

static enum rc make(struct key_request *r, struct domain d, enum key_type type, struct slice selector,
    struct signing_key *key, struct private_key **private_out)
{
	TRY(make_directory(r, d));
	TRY(free_selector(r, d, type, selector, &key->selector));
	key->path = slice_str(key_path(r, d, key->selector, KEY_PENDING));
	unlink(key_visible_path(r, d, key->selector)); /* of a key that had this selector before */
	TRY(private_key_generate(type, type == KEY_RSA ? (unsigned)r->bits : 256, private_out, r->err));
	return private_key_save(*private_out, key->path.ptr, 0600, r->err);
}

enum rc key_make(struct key_request *r, struct domain d, enum key_type type, struct slice selector,
    struct signing_key *key_out, struct private_key **private_out)
{
	enum rc rc;

	*key_out = (struct signing_key){ .domain = d, .state = KEY_PENDING };
	TRY(owner_act(r->directory, r->err));
	rc = make(r, d, type, selector, key_out, private_out);
	owner_act_no_more();
	return rc;
}

/* --- states ---------------------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* link() never replaces a file; two names of one file are a move that was interrupted here before. */
static enum rc move(struct key_request *r, const char *from, const char *target)
{
	struct stat st;
	bool linked;

	if (lstat(from, &st) == 0 && !S_ISREG(st.st_mode))
		return err_config(r->err, "%s: it is not a regular file: replace it by the file of the key itself", from);
	linked = link(from, target) == 0 || (errno == EEXIST && same_file(from, target));
	/* the time is set after the link: otherwise an interruption would make the old key look like the newest */
	if (!linked || utimensat(AT_FDCWD, target, NULL, AT_SYMLINK_NOFOLLOW) != 0 || unlink(from) != 0)
		return err_config(r->err, "%s cannot become %s with the rights of the owner of %s: %s", from, target,
		    r->directory, strerror(errno));
	return RC_OK;
}

enum rc key_move(struct key_request *r, const struct signing_key *key, enum key_state to)
{
	struct slice from = arena_copy(r->arena, key->path);
	enum rc rc;

	if (slice_is_null(from))
		return RC_NOMEM;
	TRY(owner_act(r->directory, r->err));
	rc = move(r, from.ptr, key_path(r, key->domain, key->selector, to));
	owner_act_no_more();
	if (rc == RC_OK)
		key_say(r, "%.*s/%.*s: %s", SLICE_ARG(key->domain.name), SLICE_ARG(key->selector),
		    key_state_text(to));
	return rc;
}

/* A rotation moves a key forward only. */
static bool is_before(enum key_state a, enum key_state b)
{
	static const int order[KEY_STATES] = {
		[KEY_PENDING] = 0, [KEY_ACTIVE] = 1, [KEY_RETIRING] = 2, [KEY_RETIRED] = 3,
	};

	return order[a] < order[b];
}

static void tidy(struct key_request *r, const struct signing_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].state == KEY_PENDING)
			private_key_tidy(keys[i].path.ptr);
		else
			unlink(key_visible_path(r, keys[i].domain, keys[i].selector)); /* mostly not there */
}

enum rc key_settle(struct key_request *r, const struct signing_key *keys, size_t count,
    bool *settled_out)
{
	*settled_out = false;
	TRY(owner_act(r->directory, r->err));
	tidy(r, keys, count);
	owner_act_no_more();
	for (size_t i = 1; i < count; i++) {
		const struct signing_key *a = &keys[i - 1], *b = &keys[i];

		if (!slice_eq(a->selector, b->selector) || !same_file(a->path.ptr, b->path.ptr))
			continue;
		*settled_out = true;
		if (is_before(b->state, a->state)) {
			a = &keys[i];
			b = &keys[i - 1];
		}
		TRY(key_move(r, a, b->state));
	}
	return RC_OK;
}

int64_t key_since(struct key_request *r, const struct signing_key *key)
{
	struct slice path = arena_copy(r->arena, key->path);
	struct stat st;

	if (key->path.len == 0 || slice_is_null(path) || stat(path.ptr, &st) != 0)
		return 0;
	return st.st_mtim.tv_sec;
}

enum rc key_begin_again(struct key_request *r, const struct signing_key *key)
{
	struct slice path = arena_copy(r->arena, key->path);
	bool done;

	if (slice_is_null(path))
		return RC_NOMEM;
	TRY(owner_act(r->directory, r->err));
	done = utimensat(AT_FDCWD, path.ptr, NULL, AT_SYMLINK_NOFOLLOW) == 0;
	owner_act_no_more();
	if (!done)
		return err_config(r->err, "%s: its time is in the future, and cannot be set: %s", path.ptr, strerror(errno));
	key_say(r, "%.*s/%.*s: its time was in the future: it counts from now", SLICE_ARG(key->domain.name),
	    SLICE_ARG(key->selector));
	return RC_OK;
}

/* --- who may change them --------------------------------------------------------------------- */

static enum rc check_writer(struct key_request *r, const char *path, int fd)
{
	char host[256] = "", there[256] = "";
	ssize_t len;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return err_config(r->err, "%s: another rotation is running", path);
	if (gethostname(host, sizeof(host) - 1) != 0)
		return err_config(r->err, "the name of this host: %s", strerror(errno));
	len = pread(fd, there, sizeof(there) - 1, 0);
	if (len > 0 && strcmp(host, there) == 0)
		return RC_OK;
	if (len > 0)
		return err_config(r->err, "%s: the keys of this directory are rotated by another host, %s: rotate "
		    "them there, or stop the rotation there and remove this file", path,
		    log_shown(r->arena, slice_str(there)));
	if (len < 0 || pwrite(fd, host, strlen(host), 0) != (ssize_t)strlen(host))
		return err_config(r->err, "%s: %s", path, strerror(errno));
	return RC_OK;
}

enum rc key_writer(struct key_request *r)
{
	struct slice path = arena_printf(r->arena, "%s/.writer", r->directory);
	enum rc rc;
	int fd;

	if (slice_is_null(path))
		return RC_NOMEM;
	TRY(owner_act(r->directory, r->err));
	fd = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	owner_act_no_more();
	if (fd < 0)
		return err_config(r->err, "%s: %s", path.ptr, strerror(errno));
	rc = check_writer(r, path.ptr, fd);
	if (rc != RC_OK)
		close(fd);
	return rc; /* else the descriptor holds the lock until the process ends */
}
