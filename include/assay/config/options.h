/*
 * options.h - the one table of options: parser, `assay config` and the man-page check read it.
 */
#ifndef ASSAY_CONFIG_OPTIONS_H
#define ASSAY_CONFIG_OPTIONS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

/* A place in a file; file is printable and lives as long as the settings. */
struct config_place {
	const char *file;
	unsigned line;
};

struct config_item {
	struct slice text;
	unsigned line;
};

struct option_info {
	const char *section; /* "" at the top level, "dns", "sign" (titled), ... */
	const char *name;
	const char *type;    /* for people: "boolean", "duration", "list of hosts", ... */
	const char *fallback; /* the default, as it would be written */
	const char *help;    /* one line */
};

/* Every option, in the order of the documentation; NULL after the last. */
const struct option_info *option_info(size_t i);

/* Writes a value as the parser reads it back: a word as it is, anything else in quotes. */
void config_quote(struct buf *out, struct slice text);

#endif
