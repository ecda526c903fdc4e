#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"

#include "keydir.h"
#include "keyring.h"
#include "map.h"

#include "signing/keystore.h"

#define LOOK_AGAIN_MS 1000
#define NEVER INT64_MIN

struct stored_key {
	struct slice selector;
	struct keyring_key *key;
};

/* A domain whose directory was there at least once. */
struct stored_domain {
	struct domain domain;
	const char *path;
	struct timespec changed; /* the directory's ctime, just before it was read */
	int64_t looked_ms;       /* when it was last looked at; NEVER: at the start */
	bool settled;            /* need not be read again until its ctime changes */
	bool trouble;            /* a key was unusable: read again, since its file may be repaired */
	bool inactive;           /* it has keys, none of them active */
	struct stored_key *keys; /* active ones */
	size_t count;
};

/* Cache entry for a domain without a directory, in the slot of its hash; a new entry replaces the old one. */
struct missing_domain {
	char name[LIMIT_DOMAIN_OCTETS];
	size_t len; /* 0: a free slot */
	int64_t looked_ms;
};

struct keystore {
	pthread_mutex_t lock;
	struct arena *arena;
	const char *directory;
	struct map domains; /* by A-label name */
	struct keyring *ring;
	struct missing_domain missing[LIMIT_KEYS_MISSING];
};

/* --- reading a domain's directory ----------------------------------------------------------- */

static bool same_keys(const struct stored_domain *d, const struct stored_key *keys, size_t count)
{
	if (d->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (d->keys[i].key != keys[i].key ||
		    !slice_eq(d->keys[i].selector, keys[i].selector))
			return false;
	return true;
}

/* Directories are read often but keys change rarely, so memory is allocated only when they change. */
static enum rc keep_keys(struct keystore *ks, struct stored_domain *d,
    const struct stored_key *keys, size_t count)
{
	if (same_keys(d, keys, count))
		return RC_OK;
	d->count = 0;
	/* a new array: messages may still read the old one */
	d->keys = arena_new_array(ks->arena, count, struct stored_key);
	for (size_t i = 0; i < count && d->keys != NULL; i++)
		d->keys[i] = (struct stored_key){ arena_copy(ks->arena, keys[i].selector),
		    keys[i].key };
	if (arena_failed(ks->arena))
		return RC_NOMEM;
	d->count = count;
	return RC_OK;
}

/* The active files become keys; those that cannot be used are reported and left out. */
static enum rc read_files(struct keystore *ks, struct stored_domain *d, struct arena *scratch,
    struct err *names, struct err *err)
{
	struct keydir_file *files = NULL;
	struct stored_key *keys;
	size_t count = 0, n = 0, active = 0;

	TRY(keydir_files(d->path, scratch, &files, &count, names));
	keys = arena_new_array(scratch, count, struct stored_key);
	if (keys == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < count; i++) {
		keys[n].selector = files[i].selector;
		if (files[i].state != KEY_ACTIVE)
			continue;
		active++;
		if (keyring_add(ks->ring, files[i].path, &keys[n].key, err) == RC_OK)
			n++;
		else
			d->trouble = true;
	}
	d->inactive = count > 0 && active == 0;
	return keep_keys(ks, d, keys, n);
}

/* Faults of the directory and of file names are added to names, faults of keys to err. */
static enum rc read_domain(struct keystore *ks, struct stored_domain *d, struct err *names,
    struct err *err)
{
	struct arena *scratch = arena_create(LIMIT_CONFIG_ARENA);
	struct stat st;
	enum rc rc;

	if (scratch == NULL)
		return RC_NOMEM;
	d->trouble = d->inactive = false;
	d->changed = stat(d->path, &st) == 0 ? st.st_ctim : (struct timespec){ 0, 0 };
	rc = read_files(ks, d, scratch, names, err);
	if (rc != RC_OK)
		d->count = 0;
	arena_free(&scratch);
	return rc;
}

static struct stored_domain *add_domain(struct keystore *ks, struct domain domain, const char *path)
{
	struct stored_domain *d = arena_new(ks->arena, struct stored_domain);
	struct slice name = arena_copy(ks->arena, domain.name);
	struct slice copy = arena_copy(ks->arena, slice_str(path));

	if (arena_failed(ks->arena) || !map_put(&ks->domains, name, d))
		return NULL;
	*d = (struct stored_domain){ .domain = { name }, .path = copy.ptr, .looked_ms = NEVER };
	return d;
}

/* --- opening -------------------------------------------------------------------------------- */

/* Reports a directory without usable keys, unless an unusable key in it has been reported already. */
static void check_idle(const struct stored_domain *d, struct err *trouble, struct err *err)
{
	if (d->count > 0 || d->trouble || trouble->count > 0)
		return;
	if (d->inactive)
		err_finding(err, "%s: its keys are pending or retired, so nothing is signed: `assay key "
		    "activate %.*s` puts a pending key into use", d->path,
		    SLICE_ARG(d->domain.name));
	else
		err_finding(err, "%s: contains no key, so nothing is signed: `assay key new %.*s` "
		    "makes one", d->path, SLICE_ARG(d->domain.name));
}

static enum rc open_domain(struct keystore *ks, const struct keydir_domain *found, struct err *err)
{
	struct stored_domain *d = map_get(&ks->domains, found->domain.name);
	struct err trouble = ERR_INIT;
	enum rc rc;

	if (d != NULL) {
		err_finding(err, "%s and %s are the same domain: only the keys in the first are "
		    "used: merge the directories", d->path, found->path);
		return RC_OK;
	}
	d = add_domain(ks, found->domain, found->path);
	if (d == NULL)
		return RC_NOMEM;
	rc = read_domain(ks, d, &trouble, &trouble);
	check_idle(d, &trouble, err);
	err_take_findings(err, &trouble);
	return rc == RC_NOMEM ? rc : RC_OK;
}

static enum rc open_domains(struct keystore *ks, bool required, struct err *err)
{
	struct keydir_domain *found = NULL;
	size_t count = 0;
	bool missing;
	enum rc rc = keydir_domains(ks->directory, ks->arena, &found, &count, &missing, err);

	if (missing && !required) {
		err_warn(err, "%s: there is no such directory: no mail is signed until there is",
		    ks->directory);
		return RC_OK;
	}
	if (missing)
		return err_config(err, "%s: there is no such directory: make it, or write another "
		    "one after \"keys =\"", ks->directory);
	if (rc == RC_IO)
		return RC_CONFIG;
	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = open_domain(ks, &found[i], err);
	return rc;
}

enum rc keystore_open(const char *directory, bool required, const char *passphrase_file,
    struct keystore **out, struct err *err)
{
	struct keystore *ks = calloc(1, sizeof(*ks));
	enum rc rc = RC_NOMEM;

	if (ks == NULL || pthread_mutex_init(&ks->lock, NULL) != 0) {
		free(ks);
		return RC_NOMEM;
	}
	ks->arena = arena_create(LIMIT_CONFIG_ARENA);
	ks->ring = keyring_new(passphrase_file);
	if (ks->arena != NULL)
		ks->directory = arena_copy(ks->arena, slice_str(directory)).ptr;
	if (ks->ring != NULL && ks->directory != NULL)
		rc = open_domains(ks, required, err);
	if (rc == RC_OK)
		*out = ks;
	else
		keystore_free(&ks);
	return rc;
}

void keystore_free(struct keystore **ks)
{
	struct keystore *old = *ks;

	*ks = NULL;
	if (old == NULL)
		return;
	keyring_free(&old->ring);
	map_free(&old->domains);
	arena_free(&old->arena);
	pthread_mutex_destroy(&old->lock);
	free(old);
}

/* --- looking again -------------------------------------------------------------------------- */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Logged as an error, because receivers may reject the domain's mail once it is unsigned. */
static void tell_lost(const struct stored_domain *d, size_t before)
{
	if (before > 0 && d->count == 0)
		log_error("%s: the last active key of %.*s is retired, gone or cannot be used: mail of "
		    "that domain is not signed any more", d->path, SLICE_ARG(d->domain.name));
}

/*
 * From here on the daemon is running and there is no caller to return findings to, so they are logged:
 * those about file names when the directory has changed, those about a key once for each version of its file.
 */
static void read_again(struct keystore *ks, struct stored_domain *d, bool changed)
{
	struct err names = ERR_INIT, err = ERR_INIT;
	size_t before = d->count;

	(void)!read_domain(ks, d, &names, &err);
	if (changed)
		err_log(&names);
	err_free(&names);
	err_log(&err);
	err_free(&err);
	tell_lost(d, before);
}

/*
 * Reads the directory again when its ctime has changed, and as long as one of its keys is unusable, since
 * repairing a file's mode does not change the directory.
 *
 * File system timestamps are coarse: a change within the tick in which the directory was read does not change
 * its ctime.  So a directory that is found unchanged a second later is read once more; any later change
 * results in a different ctime.
 */
static void refresh(struct keystore *ks, struct stored_domain *d, int64_t now_ms)
{
	struct stat st;
	bool same;

	if (d->looked_ms != NEVER && now_ms - d->looked_ms < LOOK_AGAIN_MS)
		return;
	if (stat(d->path, &st) != 0) {
		size_t before = d->count;

		d->count = 0; /* gone, keys and all */
		d->trouble = d->inactive = false;
		tell_lost(d, before);
		d->changed = (struct timespec){ 0, 0 };
		d->settled = false;
	} else {
		same = same_time(&st.st_ctim, &d->changed);
		if (!same || (!d->settled && d->looked_ms != NEVER)) {
			read_again(ks, d, !same);
			d->settled = same && !d->trouble;
		}
	}
	d->looked_ms = now_ms;
}

static const char *directory_named(struct keystore *ks, struct slice name, struct arena *a)
{
	struct slice path = arena_printf(a, "%s/%.*s", ks->directory, SLICE_ARG(name));
	struct stat st;

	if (slice_is_null(path) || stat(path.ptr, &st) != 0 || !S_ISDIR(st.st_mode))
		return NULL;
	return path.ptr;
}

/*
 * Finds a directory that was created after startup, named in A-labels or in U-labels.  A name without a
 * directory does not allocate memory: authenticated users can write any number of names into From.
 */
static struct stored_domain *look_for(struct keystore *ks, struct domain domain, struct arena *a)
{
	const char *path = directory_named(ks, domain.name, a);
	struct stored_domain *d;

	if (path == NULL)
		path = directory_named(ks, domain_unicode(a, domain), a);
	d = path == NULL ? NULL : add_domain(ks, domain, path);
	if (d != NULL)
		read_again(ks, d, true);
	return d;
}

static size_t missing_slot(const struct keystore *ks, struct domain domain)
{
	return (size_t)hash_octets(&ks->domains.entries, domain.name, 0) % LIMIT_KEYS_MISSING;
}

static struct stored_domain *find_missing(struct keystore *ks, struct domain domain, int64_t now_ms,
    struct arena *a)
{
	struct missing_domain *m = &ks->missing[missing_slot(ks, domain)];
	struct stored_domain *d;

	if (domain.name.len > sizeof(m->name))
		return NULL;
	if (slice_eq(slice_of(m->name, m->len), domain.name) &&
	    now_ms - m->looked_ms < LOOK_AGAIN_MS)
		return NULL;
	d = look_for(ks, domain, a);
	if (d == NULL) {
		memcpy(m->name, domain.name.ptr, domain.name.len);
		m->len = domain.name.len;
		m->looked_ms = now_ms;
	}
	return d;
}

/* --- finding -------------------------------------------------------------------------------- */

/* Without the lock, because decoding takes time; the ring never moves or frees its entries. */
static enum rc get_keys(struct keystore *ks, struct arena *a, struct domain domain,
    const struct stored_key *stored, size_t count, struct key_set *out)
{
	struct err err = ERR_INIT;

	out->keys = arena_new_array(a, count, struct signing_key);
	for (size_t i = 0; i < count && out->keys != NULL; i++) {
		const struct private_key *key = keyring_get(ks->ring, stored[i].key, a, &err);

		if (key != NULL)
			out->keys[out->count++] = (struct signing_key){ domain, stored[i].selector,
				slice_str(keyring_path(stored[i].key)), KEY_ACTIVE, key, false };
	}
	out->unusable = out->unusable || out->count < count;
	err_log(&err);
	err_free(&err);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

/* Looks up the domain; its *count_out keys stay valid without the lock, because key arrays are never freed. */
static void find_locked(struct keystore *ks, struct arena *a, struct domain domain, int64_t now_ms,
    struct key_set *out, struct domain *domain_out, const struct stored_key **keys_out,
    size_t *count_out)
{
	struct stored_domain *d = map_get(&ks->domains, domain.name);

	*out = (struct key_set){ .count = 0 };
	*count_out = 0;
	if (d != NULL)
		refresh(ks, d, now_ms);
	else
		d = find_missing(ks, domain, now_ms, a);
	if (d == NULL)
		return;
	out->unusable = d->trouble;
	out->inactive = d->inactive;
	*domain_out = d->domain;
	*keys_out = d->keys;
	*count_out = d->count;
}

enum rc keystore_find(struct keystore *ks, struct arena *a, struct domain domain, int64_t now_ms,
    struct key_set *out)
{
	const struct stored_key *stored;
	struct domain found;
	size_t count;

	pthread_mutex_lock(&ks->lock);
	find_locked(ks, a, domain, now_ms, out, &found, &stored, &count);
	pthread_mutex_unlock(&ks->lock);
	return count == 0 ? RC_OK : get_keys(ks, a, found, stored, count, out);
}

/* --- what signs, without a look at the directory --------------------------------------------- */

static int key_domain_order(const void *a, const void *b)
{
	const struct key_domain *x = a, *y = b;

	return slice_icmp(x->domain.name, y->domain.name);
}

static bool describe(const struct stored_domain *d, struct arena *a, struct key_domain *out)
{
	*out = (struct key_domain){ .domain = d->domain, .count = d->count,
		.selectors = arena_new_array(a, d->count, struct slice) };
	for (size_t i = 0; i < d->count && out->selectors != NULL; i++)
		out->selectors[i] = d->keys[i].selector;
	return out->selectors != NULL;
}

enum rc keystore_domains(struct keystore *ks, struct arena *a, struct key_domain **out,
    size_t *count_out)
{
	struct hash_link *at = NULL;
	struct key_domain *found;
	struct stored_domain *d;
	size_t n = 0;

	pthread_mutex_lock(&ks->lock);
	found = arena_new_array(a, map_count(&ks->domains), struct key_domain);
	while (found != NULL && (d = map_each(&ks->domains, &at)) != NULL)
		if (d->count > 0 && describe(d, a, &found[n]))
			n++;
	pthread_mutex_unlock(&ks->lock);
	if (arena_failed(a))
		return RC_NOMEM;
	if (n > 1)
		qsort(found, n, sizeof(*found), key_domain_order);
	*out = found;
	*count_out = n;
	return RC_OK;
}

bool keystore_has(struct keystore *ks, struct domain domain, struct slice selector)
{
	const struct stored_domain *d;
	bool found = false;

	pthread_mutex_lock(&ks->lock);
	d = map_get(&ks->domains, domain.name);
	for (size_t i = 0; d != NULL && i < d->count; i++)
		found = found || slice_is_null(selector) ||
		    slice_ieq(d->keys[i].selector, selector);
	pthread_mutex_unlock(&ks->lock);
	return found;
}

bool keystore_signs(struct keystore *ks, struct arena *a, struct domain domain, struct slice selector, int64_t now_ms)
{
	const struct stored_key *stored = NULL;
	struct domain ignored;
	struct key_set set;
	size_t count;
	bool found = false;

	pthread_mutex_lock(&ks->lock);
	find_locked(ks, a, domain, now_ms, &set, &ignored, &stored, &count);
	pthread_mutex_unlock(&ks->lock);
	for (size_t i = 0; i < count; i++)
		found = found || slice_ieq(stored[i].selector, selector);
	return found;
}

/* --- listing -------------------------------------------------------------------------------- */

struct key_list {
	struct signing_key *keys;
	size_t count, cap;
};

static enum rc list_domain(struct key_list *list, struct arena *a, const struct keydir_domain *d,
    struct err *err)
{
	struct keydir_file *files = NULL;
	size_t count = 0;

	TRY(keydir_files(d->path, a, &files, &count, err));
	for (size_t i = 0; i < count; i++) {
		if (!arena_grow(a, &list->keys, &list->cap, list->count, sizeof(*list->keys)))
			return RC_NOMEM;
		list->keys[list->count++] = (struct signing_key){ d->domain, files[i].selector,
			slice_str(files[i].path), files[i].state, NULL, false };
	}
	return RC_OK;
}

static int domain_order(const void *a, const void *b)
{
	const struct keydir_domain *x = a, *y = b;

	return slice_icmp(x->domain.name, y->domain.name);
}

enum rc keystore_list(const char *directory, struct arena *a, struct signing_key **keys_out,
    size_t *count_out, struct err *err)
{
	struct keydir_domain *found = NULL;
	struct key_list list = { .count = 0 };
	size_t count = 0;
	bool missing;
	enum rc rc = keydir_domains(directory, a, &found, &count, &missing, err);

	if (missing)
		return err_config(err, "%s: there is no such directory", directory);
	TRY(rc);
	if (count > 1)
		qsort(found, count, sizeof(*found), domain_order);
	for (size_t i = 0; i < count; i++) {
		enum rc one = list_domain(&list, a, &found[i], err);

		if (one == RC_NOMEM)
			return one;
		rc = one == RC_OK ? rc : RC_CONFIG;
	}
	*keys_out = list.keys;
	*count_out = list.count;
	return rc;
}
