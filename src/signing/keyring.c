#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "crypto/keyfile.h"

#include "keyring.h"
#include "map.h"

struct keyring_key {
	struct keyring_key *next; /* of all that were ever added */
	const char *path;         /* the ring's arena's */
	struct stat st;           /* what the file was like */
	struct private_key *key;  /* owned; NULL: not decoded yet, or failed */
	bool failed;
};

struct keyring {
	pthread_mutex_t lock;
	struct arena *arena;
	struct map by_path;       /* the newest of each path */
	struct keyring_key *all;
	size_t decoded;
};

struct keyring *keyring_new(void)
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

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum rc decode(struct keyring *ring, struct keyring_key *k, struct err *err)
{
	enum rc rc = private_key_load(k->path, &k->key, err);

	ring->decoded++;
	k->failed = rc == RC_CONFIG;
	return rc;
}

static struct keyring_key *new_key(struct keyring *ring, const char *path, const struct stat *st)
{
	struct keyring_key *k = arena_new(ring->arena, struct keyring_key);
	struct slice copy = arena_copy(ring->arena, slice_str(path));

	if (k == NULL || slice_is_null(copy) || !map_put(&ring->by_path, copy, k))
		return NULL;
	*k = (struct keyring_key){ .path = copy.ptr, .st = *st, .next = ring->all };
	ring->all = k;
	return k;
}

static enum rc add_locked(struct keyring *ring, const char *path, const struct stat *st,
    struct keyring_key **out, struct err *err)
{
	struct keyring_key *k = map_get(&ring->by_path, slice_str(path));
	enum rc rc = RC_OK;

	if (k == NULL || !same_file(&k->st, st)) {
		k = new_key(ring, path, st);
		if (k == NULL)
			return RC_NOMEM;
		if (ring->decoded < LIMIT_KEYS_DECODED)
			rc = decode(ring, k, err);
		else
			rc = private_key_check(path, err);
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

	/* a URI of an OpenSSL store is no file: it is itself for ever */
	if (stat(path, &st) != 0 && strchr(path, ':') == NULL) {
		rc = private_key_check(path, err); /* knows the words */
		return rc == RC_OK ? RC_IO : rc;
	}
	pthread_mutex_lock(&ring->lock);
	rc = add_locked(ring, path, &st, out, err);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

const struct private_key *keyring_get(struct keyring *ring, struct keyring_key *key,
    struct err *err)
{
	const struct private_key *found;

	pthread_mutex_lock(&ring->lock);
	if (key->key == NULL && !key->failed)
		(void)!decode(ring, key, err);
	found = key->key;
	pthread_mutex_unlock(&ring->lock);
	return found;
}

const struct private_key *keyring_decoded(struct keyring *ring, const struct keyring_key *key)
{
	const struct private_key *found;

	pthread_mutex_lock(&ring->lock);
	found = key->key;
	pthread_mutex_unlock(&ring->lock);
	return found;
}

const char *keyring_path(const struct keyring_key *key)
{
	return key->path;
}
