/*
 * parse.h - the grammar of a configuration file, without any meaning.
 *
 *     file      = *( setting / section / include )
 *     setting   = name "=" value                  ; the value begins on the same line
 *     section   = name [ scalar ] "{" *setting "}" ; sections do not nest
 *     include   = "include" scalar
 *     value     = scalar / "{" [ scalar *( "," scalar ) [ "," ] ] "}"
 *     scalar    = quoted / bare
 *     quoted    = DQUOTE *( "\" DQUOTE / "\\" / other ) DQUOTE   ; within one line
 *     bare      = 1*( anything but blanks and { } , = " # ; )
 *
 * Statements are parted by blanks or line ends; "#" outside of quotes begins a comment.  After a
 * mistake the parser goes on where the next statement is likely to begin, so that all mistakes of
 * a file are reported together.
 */
#ifndef ASSAY_CONFIG_PARSE_H
#define ASSAY_CONFIG_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "config/options.h"

struct config_value {
	struct config_item *items; /* exactly one unless it is a list */
	size_t count, cap;
	bool list;
};

struct config_events {
	void (*setting)(void *ctx, struct config_place at, struct slice name,
	    const struct config_value *value);
	void (*open)(void *ctx, struct config_place at, struct slice name, struct slice title);
	void (*close)(void *ctx);
	void (*include)(void *ctx, struct config_place at, struct slice pattern);
};

/* text must live as long as the arena: values point into it. */
void config_parse(struct arena *a, struct slice text, const char *file,
    const struct config_events *events, void *ctx, struct err *err);

/* One value alone, as the option table writes its defaults. */
bool config_parse_value(struct arena *a, struct slice text, struct config_value *value_out,
    struct err *err);

/*
 * Mistakes, as "file:line: text".  After LIMIT_CONFIG_ERRORS they are only counted; a failed arena
 * or a full err loses texts, never the fact.
 */
void config_error(struct err *err, struct config_place at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void config_finding(struct err *err, struct config_place at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void config_warning(struct err *err, struct config_place at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Text of a file as messages show it, in quotes: like log_shown(), with its blanks. */
const char *config_shown(struct arena *a, struct slice text);

#endif
