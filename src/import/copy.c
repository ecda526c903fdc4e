/* Copies keys and writes new tables; everything is checked before anything is written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/owner.h"
#include "crypto/keyfile.h"

#include "private.h"

size_t import_key_count(const struct import *im)
{
	return im->key_count;
}

bool same_key(const struct private_key *a, const struct private_key *b)
{
	struct buf x = BUF_INIT(LIMIT_KEY_OCTETS), y = BUF_INIT(LIMIT_KEY_OCTETS);
	bool same = private_key_public(a, &x) == RC_OK && private_key_public(b, &y) == RC_OK &&
	    slice_eq(buf_slice(&x), buf_slice(&y));

	buf_free(&x);
	buf_free(&y);
	return same;
}

/* Already there, with the same key: nothing to do. */
static bool is_there(const struct planned_key *k)
{
	struct err ignored = ERR_INIT;
	struct private_key *there = NULL;
	bool same = private_key_load(k->target, NULL, &there, &ignored) == RC_OK && same_key(there, k->key);

	private_key_free(&there);
	err_free(&ignored);
	return same;
}

static void check_target(struct import *im, const struct planned_key *k)
{
	if (access(k->target, F_OK) == 0 && !is_there(k))
		mistake(im, k->file, k->line, "%s already exists and holds another key: move it away, or import into "
		    "another directory (--keys)", k->target);
}

static enum rc make_directory_of(struct import *im, const struct planned_key *k)
{
	struct slice target = slice_str(k->target);
	const char *path = arena_copy(im->arena, slice_take(target, slice_rfind(target, '/'))).ptr;

	if (path == NULL)
		return RC_NOMEM;
	return mkdir(path, 0750) == 0 || errno == EEXIST ? RC_OK : err_config(im->err, "%s: %s", path, strerror(errno));
}

static enum rc copy_key(const struct import *im, struct planned_key *k, struct err *err)
{
	(void)im;
	if (k->repeated || access(k->target, F_OK) == 0)
		return RC_OK; /* the same key, as was checked before */
	return private_key_save_unsynced(k->key, k->target, 0600, err);
}

/* A file of the same text is left alone; another is never overwritten. */
static enum rc write_table(struct import *im, const char *directory, const char *name, struct slice text)
{
	const char *path = arena_printf(im->arena, "%s/%s", directory, name).ptr;
	struct buf there = BUF_INIT(LIMIT_CONFIG_LIST);
	const char *why;
	bool same = file_read(path, &there, NULL, &why) == RC_OK && slice_eq(buf_slice(&there), text);

	buf_free(&there);
	if (same || file_create(path, text, 0644, false))
		return RC_OK;
	return err_config(im->err, "%s: %s", path, errno == EEXIST ? "already exists with another content: "
	    "move it away" : strerror(errno));
}

/* The directory of keys that only tables can name, beside the key directory and with its owner. */
static enum rc make_table_keys(struct import *im, const struct stat *keys)
{
	const char *path = table_keys_directory(im);

	if (mkdir(path, 0750) != 0)
		return errno == EEXIST ? RC_OK : err_config(im->err, "%s: %s", path, strerror(errno));
	/* acting as the owner of the directory around it, it has the right owner already */
	if (geteuid() == 0 && fchownat(AT_FDCWD, path, keys->st_uid, keys->st_gid, AT_SYMLINK_NOFOLLOW) != 0)
		return err_config(im->err, "%s: cannot change the owner to that of %s: %s", path, im->params.keys,
		    strerror(errno));
	return RC_OK;
}

static enum rc write_tables(struct import *im, const struct stat *keys)
{
	struct slice home = slice_str(table_keys_directory(im));
	const char *directory = arena_copy(im->arena, slice_take(home, slice_rfind(home, '/'))).ptr;
	enum rc rc;

	if (directory == NULL)
		return RC_NOMEM;
	TRY(owner_act(directory, im->err));
	rc = make_table_keys(im, keys);
	if (rc == RC_OK)
		rc = write_table(im, directory, "KeyTable", im->key_table_text);
	if (rc == RC_OK)
		rc = write_table(im, directory, "SigningTable", im->signing_table_text);
	owner_act_no_more();
	return rc;
}

static enum rc copy_all(struct import *im)
{
	for (size_t i = 0; i < im->key_count; i++)
		TRY(make_directory_of(im, &im->keys[i]));
	return each_key(im, "keys copied", copy_key);
}

enum rc import_copy_keys(struct import *im, struct err *err)
{
	size_t before = err->count;
	struct stat st = { 0 };
	enum rc rc;

	im->err = err;
	if (im->key_count == 0 && !im->new_tables)
		return RC_OK;
	if (stat(im->params.keys, &st) != 0)
		return err_config(err, "the key directory %s: %s (make it, owned by the daemon's user: install -d "
		    "-m 0750 -o assay -g assay %s)", im->params.keys, strerror(errno), im->params.keys);
	for (size_t i = 0; i < im->key_count; i++)
		check_target(im, &im->keys[i]);
	if (err->count > before)
		return RC_CONFIG;
	if (im->new_tables)
		TRY(write_tables(im, &st));
	TRY(owner_act(im->params.keys, err)); /* the daemon's user must be able to read the keys */
	rc = copy_all(im);
	owner_act_no_more();
	sync();
	return rc == RC_OK && arena_failed(im->arena) ? RC_NOMEM : rc;
}
