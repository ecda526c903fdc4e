#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "crypto/keyfile.h"

#include "keyring.h"
#include "map.h"

/* Identifies a version of a file: it changes when the file is replaced or written to. */
struct file_mark {
	dev_t device;
	ino_t inode;
	off_t size;
	mode_t mode;
	struct timespec modified, changed;
};

struct keyring_key {
	struct keyring_key *next; /* of all that were ever added */
	const char *path;         /* the ring's arena's */
	struct file_mark mark;    /* what the file was like */
	struct private_key *key;  /* a reference; NULL: not decoded at present */
	struct keyring_key *older, *newer; /* by use, of those that are decoded */
	bool failed;
};

struct keyring {
	pthread_mutex_t lock;
	struct arena *arena;
	struct map by_path;       /* the newest of each path */
	struct keyring_key *all;
	struct keyring_key *oldest, *newest; /* of those that are decoded, by use */
	size_t decoded;
	const char *passphrase_file; /* NULL: none */
};

struct keyring *keyring_new(const char *passphrase_file)
{
	struct keyring *ring = calloc(1, sizeof(*ring));

	if (ring == NULL)
		return NULL;
	ring->arena = arena_create(LIMIT_CONFIG_ARENA);
	if (ring->arena == NULL || pthread_mutex_init(&ring->lock, NULL) != 0) {
		arena_free(&ring->arena);
		free(ring);
		return NULL;
	}
	if (passphrase_file != NULL)
		ring->passphrase_file = arena_copy(ring->arena, slice_str(passphrase_file)).ptr;
	if (arena_failed(ring->arena))
		keyring_free(&ring);
	return ring;
}

void keyring_free(struct keyring **ring)
{
	struct keyring *old = *ring;

	*ring = NULL;
	if (old == NULL)
		return;
	for (struct keyring_key *k = old->all; k != NULL; k = k->next)
		private_key_free(&k->key);
	map_free(&old->by_path);
	pthread_mutex_destroy(&old->lock);
	arena_free(&old->arena);
	free(old);
}

static struct file_mark mark_of(const struct stat *st)
{
	return (struct file_mark){ st->st_dev, st->st_ino, st->st_size, st->st_mode, st->st_mtim, st->st_ctim };
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct file_mark *a, const struct file_mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mode == b->mode &&
	    same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

/* --- the decoded keys, by use ----------------------------------------------------------------- */

static void list_remove(struct keyring *ring, struct keyring_key *k)
{
	*(k->older == NULL ? &ring->oldest : &k->older->newer) = k->newer;
	*(k->newer == NULL ? &ring->newest : &k->newer->older) = k->older;
}

static void list_push(struct keyring *ring, struct keyring_key *k)
{
	k->newer = NULL;
	k->older = ring->newest;
	*(k->older == NULL ? &ring->oldest : &k->older->newer) = k;
	ring->newest = k;
}

/* Messages that use the key have their own reference. */
static void forget(struct keyring *ring, struct keyring_key *k)
{
	list_remove(ring, k);
	private_key_free(&k->key);
	ring->decoded--;
}

static void keep(struct keyring *ring, struct keyring_key *k, struct private_key *key)
{
	if (ring->decoded == LIMIT_KEYS_DECODED)
		forget(ring, ring->oldest);
	k->key = key;
	list_push(ring, k);
	ring->decoded++;
}

static enum rc decode(struct keyring *ring, struct keyring_key *k, struct err *err)
{
	struct private_key *key = NULL;
	enum rc rc = private_key_load(k->path, ring->passphrase_file, &key, err);

	if (rc == RC_OK)
		keep(ring, k, key);
	return rc;
}

/* --- files ------------------------------------------------------------------------------------ */

static struct keyring_key *new_key(struct keyring *ring, const char *path, const struct file_mark *mark)
{
	struct keyring_key *k = arena_new(ring->arena, struct keyring_key);
	struct slice copy = arena_copy(ring->arena, slice_str(path));

	if (k == NULL || slice_is_null(copy) || !map_put(&ring->by_path, copy, k))
		return NULL;
	*k = (struct keyring_key){ .path = copy.ptr, .mark = *mark, .next = ring->all };
	ring->all = k;
	return k;
}

static enum rc add_locked(struct keyring *ring, const char *path, const struct stat *st,
    struct keyring_key **out, struct err *err)
{
	struct keyring_key *k = map_get(&ring->by_path, slice_str(path));
	const struct file_mark mark = mark_of(st);
	enum rc rc = RC_OK;

	if (k == NULL || !same_file(&k->mark, &mark)) {
		k = new_key(ring, path, &mark);
		if (k == NULL)
			return RC_NOMEM;
		if (ring->decoded < LIMIT_KEYS_DECODED)
			rc = decode(ring, k, err);
		else
			rc = private_key_check(path, st, err);
		k->failed = rc == RC_CONFIG;
	} else if (k->failed) {
		rc = RC_CONFIG;
	}
	if (rc == RC_OK)
		*out = k;
	return rc;
}

enum rc keyring_add(struct keyring *ring, const char *path, struct keyring_key **out,
    struct err *err)
{
	struct stat st = { .st_size = 0 };
	enum rc rc;

	/* an OpenSSL store URI is not a file, so it cannot change */
	if (stat(path, &st) != 0 && strchr(path, ':') == NULL) {
		rc = private_key_check(path, NULL, err); /* for its message: it says why the file is unusable */
		return rc == RC_OK ? RC_IO : rc;
	}
	pthread_mutex_lock(&ring->lock);
	rc = add_locked(ring, path, &st, out, err);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

/* --- use -------------------------------------------------------------------------------------- */

/* Returns a reference to the decoded key and marks it as most recently used; NULL if it is not decoded. */
static struct private_key *take(struct keyring *ring, struct keyring_key *k)
{
	if (k->key != NULL && private_key_is_bad(k->key)) { /* which has been logged */
		k->failed = true;
		forget(ring, k);
	}
	if (k->key == NULL)
		return NULL;
	list_remove(ring, k);
	list_push(ring, k);
	return private_key_ref(k->key);
}

/*
 * Decodes without holding the lock, so that messages of other domains need not wait.  If two threads decode
 * the same key at once, the first result is kept and the second is freed.
 */
static struct private_key *decode_for_use(struct keyring *ring, struct keyring_key *k, struct err *err)
{
	struct private_key *key = NULL, *found;
	struct err why = ERR_INIT;
	enum rc rc = private_key_load_untried(k->path, ring->passphrase_file, &key, &why);

	pthread_mutex_lock(&ring->lock);
	if (rc == RC_OK && k->key == NULL)
		keep(ring, k, private_key_ref(key));
	found = rc == RC_OK ? take(ring, k) : NULL;
	if (rc == RC_CONFIG && !k->failed)
		err_take_findings(err, &why);
	k->failed = k->failed || rc == RC_CONFIG;
	pthread_mutex_unlock(&ring->lock);
	private_key_free(&key);
	err_free(&why);
	return found;
}

static void release(void *ptr)
{
	struct private_key *key = ptr;

	private_key_free(&key);
}

const struct private_key *keyring_get(struct keyring *ring, struct keyring_key *key,
    struct arena *a, struct err *err)
{
	struct private_key *found;
	bool failed;

	pthread_mutex_lock(&ring->lock);
	found = take(ring, key);
	failed = key->failed;
	pthread_mutex_unlock(&ring->lock);
	if (found == NULL && !failed)
		found = decode_for_use(ring, key, err);
	return found != NULL && arena_defer(a, release, found) ? found : NULL;
}

bool keyring_type(struct keyring *ring, const struct keyring_key *key, enum key_type *out)
{
	bool known;

	pthread_mutex_lock(&ring->lock);
	known = key->key != NULL;
	if (known)
		*out = private_key_type(key->key);
	pthread_mutex_unlock(&ring->lock);
	return known;
}

const char *keyring_path(const struct keyring_key *key)
{
	return key->path;
}

bool keyring_failed(struct keyring *ring, struct slice path)
{
	const struct keyring_key *k;
	bool failed;

	pthread_mutex_lock(&ring->lock);
	k = map_get(&ring->by_path, path);
	failed = k != NULL && (k->failed || (k->key != NULL && private_key_is_bad(k->key)));
	pthread_mutex_unlock(&ring->lock);
	return failed;
}
