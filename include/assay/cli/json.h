/*
 * json.h - what commands that print JSON share (jansson).
 */
#ifndef ASSAY_CLI_JSON_H
#define ASSAY_CLI_JSON_H

#include <jansson.h>

#include "base/rc.h"
#include "base/slice.h"

/* Octets that are not UTF-8 are escaped, as in the log. */
json_t *json_slice(struct slice text);

/* Prints a value, indented by that many blanks a level, and releases it; NULL is out of memory. */
MUST_CHECK enum rc json_print(json_t *value, size_t indent);

/* The one value that a command prints: errors that follow go to standard error.  Released; NULL is out of memory. */
MUST_CHECK enum rc json_print_all(json_t *value);

#endif
