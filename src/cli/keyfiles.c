#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keyfile.h"

#include "cli/key.h"

#define SELECTORS_TRIED 1000u

const char *key_path(struct key_request *r, struct domain d, struct slice selector,
    enum key_state state)
{
	struct slice path = arena_printf(r->arena, "%s/%.*s/%.*s%s.pem", r->directory,
	    SLICE_ARG(d.name), SLICE_ARG(selector), key_state_suffix(state));

	return slice_is_null(path) ? "" : path.ptr;
}

/* What root makes belongs to the owner of the key directory: the daemon's user must read it. */
static enum rc give_to_owner(struct key_request *r, const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return RC_OK;
	if (stat(r->directory, &st) != 0 || chown(path, st.st_uid, st.st_gid) != 0)
		return err_config(r->err, "%s: cannot be given to the owner of %s: %s", path,
		    r->directory, strerror(errno));
	return RC_OK;
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
	if (mkdir(path.ptr, 0750) == 0)
		return give_to_owner(r, path.ptr);
	if (errno != EEXIST)
		return err_config(r->err, "%s: %s", path.ptr, strerror(errno));
	return RC_OK;
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

struct slice key_month_selector(struct key_request *r, enum key_type type)
{
	time_t now = (time_t)clock_now();
	struct tm tm;

	gmtime_r(&now, &tm);
	return arena_printf(r->arena, "%04d%02d%c", tm.tm_year + 1900, tm.tm_mon + 1,
	    type == KEY_RSA ? 'r' : 'e');
}

static enum rc free_selector(struct key_request *r, struct domain d, struct slice base, bool exact,
    struct slice *out)
{
	const char *path = taken(r, d, base);

	if (path != NULL && exact)
		return err_config(r->err, "%s is there already: choose another --selector", path);
	*out = base;
	for (unsigned n = 2; path != NULL && n < SELECTORS_TRIED; n++) {
		*out = arena_printf(r->arena, "%.*s%s%u", SLICE_ARG(base),
		    base.ptr[base.len - 1] >= '0' && base.ptr[base.len - 1] <= '9' ? "-" : "", n);
		path = taken(r, d, *out);
	}
	if (path != NULL)
		return err_config(r->err, "%s is there already: choose a --selector", path);
	return RC_OK;
}

enum rc key_make(struct key_request *r, struct domain d, enum key_type type, struct slice base,
    bool exact, struct signing_key *key_out, struct private_key **private_out)
{
	struct signing_key key = { .domain = d, .state = KEY_PENDING };
	const char *path;
	enum rc rc;

	TRY(make_directory(r, d));
	TRY(free_selector(r, d, base, exact, &key.selector));
	path = key_path(r, d, key.selector, KEY_PENDING);
	key.path = slice_str(path);
	TRY(private_key_generate(type, type == KEY_RSA ? (unsigned)r->bits : 256, private_out, r->err));
	rc = private_key_save(*private_out, path, 0600, r->err);
	if (rc == RC_OK)
		rc = give_to_owner(r, path);
	*key_out = key;
	return rc;
}

enum rc key_move(struct key_request *r, const struct signing_key *key, enum key_state to)
{
	struct slice from = arena_copy(r->arena, key->path);
	const char *target = key_path(r, key->domain, key->selector, to);

	if (slice_is_null(from))
		return RC_NOMEM;
	/* the time first: interrupted here, the key only waits longer; link() never replaces a file */
	if (utimensat(AT_FDCWD, from.ptr, NULL, 0) != 0 || link(from.ptr, target) != 0 ||
	    unlink(from.ptr) != 0)
		return err_config(r->err, "%s cannot become %s: %s", from.ptr, target, strerror(errno));
	printf("%.*s/%.*s: %s\n", SLICE_ARG(key->domain.name), SLICE_ARG(key->selector),
	    key_state_text(to));
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
