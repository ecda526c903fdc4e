/*
 * file.h - a whole file into a buffer: configuration, lists, tables.
 *
 * (Private keys have their own reader, which looks at the file's mode: crypto/keyfile.h.)
 */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include "base/buf.h"
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

#endif
