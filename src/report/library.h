/*
 * library.h - a library that is opened when it is needed, so that a daemon without a store has neither its
 * memory nor what it pulls in (libpq: 4 MB resident).
 */
#ifndef ASSAY_REPORT_LIBRARY_H
#define ASSAY_REPORT_LIBRARY_H

#include <stddef.h>

#include "base/err.h"

/* A function of it, and the pointer that is to be set. */
struct library_function {
	const char *name;
	void *pointer; /* to a pointer to a function */
};

/* Sets all of them.  The library stays open.  RC_CONFIG: it is not there; package is what to install. */
MUST_CHECK enum rc library_open(const char *soname, const char *package,
    const struct library_function *functions, size_t count, struct err *err);

#endif
