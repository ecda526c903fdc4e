#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hostname.h"
#include "base/log.h"
#include "mail/domain.h"

#include "keydir.h"

/* --- names ---------------------------------------------------------------------------------- */

static bool ends_with(struct slice text, struct slice suffix)
{
	return text.len > suffix.len &&
	    slice_eq(slice_drop(text, text.len - suffix.len), suffix);
}

static const struct {
	const char *text, *suffix;
} states[KEY_STATES] = {
	[KEY_ACTIVE] = { "active", "" },
	[KEY_PENDING] = { "pending", ".pending" },
	[KEY_RETIRING] = { "retiring", ".retiring" },
	[KEY_RETIRED] = { "retired", ".retired" },
};

const char *key_state_text(enum key_state state)
{
	return states[state].text;
}

const char *key_state_suffix(enum key_state state)
{
	return states[state].suffix;
}

bool key_file_name(struct slice file, struct slice *selector_out, enum key_state *state_out)
{
	struct slice pem = SLICE(".pem");
	enum key_state state = KEY_ACTIVE;

	if (!ends_with(file, pem))
		return false;
	file.len -= pem.len;
	for (enum key_state s = KEY_PENDING; s < KEY_STATES && state == KEY_ACTIVE; s++)
		if (ends_with(file, slice_str(states[s].suffix)))
			state = s;
	file.len -= strlen(states[state].suffix);
	if (!hostname_valid(file)) /* RFC 6376 section 3.1; "_" is found in practice */
		return false;
	*selector_out = file;
	*state_out = state;
	return true;
}

/* --- the key directory ---------------------------------------------------------------------- */

static const char *joined(struct arena *a, const char *directory, const char *name)
{
	struct slice path = arena_printf(a, "%s/%s", directory, name);

	return slice_is_null(path) ? NULL : path.ptr;
}

/* Whose directory it is, for people who may not read it; a name is not known here for every number. */
static void cannot_enter(struct err *err, const char *path, const char *why)
{
	char buf[1024];
	struct passwd pw, *owner = NULL;
	struct stat st;

	if (stat(path, &st) != 0) {
		err_add(err, "%s: %s: the user of the daemon must be able to read this directory", path, why);
		return;
	}
	(void)!getpwuid_r(st.st_uid, &pw, buf, sizeof(buf), &owner);
	err_add(err, "%s: %s: it belongs to user %s (uid %lu) and group %lu, mode %04o: the user of the daemon must be able to "
	    "read this directory: run commands as that user or as root", path, why, owner == NULL ? "?" : owner->pw_name,
	    (unsigned long)st.st_uid, (unsigned long)st.st_gid, (unsigned)st.st_mode & 07777);
}

static enum rc cannot_read(struct err *err, const char *path)
{
	if (errno == EACCES)
		cannot_enter(err, path, strerror(errno));
	else
		err_add(err, "%s: %s: keys = must name the directory that contains DOMAIN/SELECTOR.pem", path, strerror(errno));
	return RC_IO;
}

/* Whoever may write a key directory puts keys of their own into it, or takes ours away. */
static void check_writers(DIR *dir, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		err_finding(err, "%s: everybody may write this key directory (mode %04o): "
		    "chmod o-w %s", path, (unsigned)st.st_mode & 07777, path);
}

/* A link to a directory is one, too. */
static bool is_directory(const struct dirent *entry, const char *path)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	return path != NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* True when the entry is a domain's directory. */
static bool domain_of_entry(const char *directory, const struct dirent *entry, struct arena *a,
    struct keydir_domain *out, struct err *err)
{
	struct slice name = slice_str(entry->d_name);

	if (entry->d_name[0] == '.')
		return false;
	out->path = joined(a, directory, entry->d_name);
	if (!is_directory(entry, out->path)) {
		if (ends_with(name, SLICE(".pem")) || ends_with(name, SLICE(".private")))
			err_finding(err, "%s/%s: signs nothing here: move it to "
			    "%s/DOMAIN/SELECTOR.pem", directory, log_shown(a, name), directory);
		return false;
	}
	if (domain_parse(a, name, &out->domain))
		return true;
	err_finding(err, "%s/%s: not a domain name: keys in this directory are ignored", directory,
	    log_shown(a, name));
	return false;
}

enum rc keydir_domains(const char *directory, struct arena *a, struct keydir_domain **out,
    size_t *count_out, bool *missing_out, struct err *err)
{
	DIR *dir = opendir(directory);
	struct keydir_domain *found = NULL, one;
	size_t count = 0, cap = 0;
	struct dirent *entry;

	*missing_out = dir == NULL && errno == ENOENT;
	if (dir == NULL)
		return *missing_out ? RC_IO : cannot_read(err, directory);
	check_writers(dir, directory, err);
	while ((entry = readdir(dir)) != NULL)
		if (domain_of_entry(directory, entry, a, &one, err) &&
		    arena_grow(a, &found, &cap, count, sizeof(one)))
			found[count++] = one;
	closedir(dir);
	if (arena_failed(a))
		return RC_NOMEM;
	*out = found;
	*count_out = count;
	return RC_OK;
}

/* --- a domain's directory ------------------------------------------------------------------- */

/* What looks like a key and is not used as one. */
static void warn_of_file(const char *directory, struct arena *a, struct slice name, struct err *err)
{
	struct slice private = SLICE(".private");

	if (ends_with(name, private))
		err_finding(err, "%s/%s: not used: rename it to %s.pem, and it signs", directory,
		    log_shown(a, name), log_shown(a, slice_take(name, name.len - private.len)));
	else if (ends_with(name, SLICE(".pem")) && name.ptr[0] != '.')
		err_finding(err, "%s/%s: not used: not a selector (letters, digits, \"-\")",
		    directory, log_shown(a, name));
}

static int file_order(const void *a, const void *b)
{
	const struct keydir_file *x = a, *y = b;
	int order = slice_icmp(x->selector, y->selector);

	return order != 0 ? order : (int)x->state - (int)y->state;
}

/* The DNS knows no letter case: "S1" and "s1" are one record. */
static void check_twins(const char *directory, const struct keydir_file *files, size_t count,
    struct err *err)
{
	for (size_t i = 1; i < count; i++)
		if (files[i].state == KEY_ACTIVE && files[i - 1].state == KEY_ACTIVE &&
		    slice_ieq(files[i].selector, files[i - 1].selector))
			err_finding(err, "%s: %.*s.pem and %.*s.pem are one selector in the DNS, "
			    "so signatures by one of them fail: retire that key", directory,
			    SLICE_ARG(files[i - 1].selector),
			    SLICE_ARG(files[i].selector));
}

static enum rc read_files(DIR *dir, const char *directory, struct arena *a,
    struct keydir_file **out, size_t *count_out, struct err *err)
{
	size_t count = 0, cap = 0;
	struct keydir_file *found = NULL;
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		struct slice name = slice_str(entry->d_name), selector;
		struct keydir_file file;

		if (!key_file_name(name, &selector, &file.state)) {
			warn_of_file(directory, a, name, err);
			continue;
		}
		file.path = joined(a, directory, entry->d_name);
		file.selector = arena_copy(a, selector);
		if (arena_grow(a, &found, &cap, count, sizeof(file)))
			found[count++] = file;
	}
	if (arena_failed(a))
		return RC_NOMEM;
	if (count > 1)
		qsort(found, count, sizeof(*found), file_order);
	check_twins(directory, found, count, err);
	*out = found;
	*count_out = count;
	return RC_OK;
}

enum rc keydir_files(const char *directory, struct arena *a, struct keydir_file **out,
    size_t *count_out, struct err *err)
{
	DIR *dir = opendir(directory);
	enum rc rc;

	if (dir == NULL)
		return cannot_read(err, directory);
	check_writers(dir, directory, err);
	rc = read_files(dir, directory, a, out, count_out, err);
	closedir(dir);
	return rc;
}
