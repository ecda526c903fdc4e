/*
 * file.h - a whole file into a buffer (configuration, lists, tables), and a buffer into a new file.
 *
 * (Private keys have their own reader, which looks at the file's mode: crypto/keyfile.h.)
 */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"

struct stat;

/*
 * Adds the content to out, whose ceiling is the largest file taken: anything larger is refused, and
 * so is what is not a regular file (nothing else ends for certain).  Every caller reads text: a byte
 * order mark (U+FEFF in UTF-8) at its beginning is left out.  RC_IO or RC_LIMIT: *why_out is a text
 * such as "No such file or directory".  st_out may be NULL.
 */
MUST_CHECK enum rc file_read(const char *path, struct buf *out, struct stat *st_out,
    const char **why_out);

/* A warning where every account of the machine may change a file that decides what is signed or trusted. */
void file_warn_writable(const char *shown, const struct stat *st, struct err *err);

/*
 * Writes a file that must not exist yet, in one step: it is written under another name ("directory/.name.new") and
 * linked.  So no reader finds half a file, and no file is ever replaced.  synced: returns when it is on the disk.
 * false: errno says why, EEXIST if there is a file of that name.
 */
bool file_create(const char *path, struct slice text, mode_t mode, bool synced);

/* Removes what a file_create() of path that was interrupted has left. */
void file_create_tidy(const char *path);

#endif
