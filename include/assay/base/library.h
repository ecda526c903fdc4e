/*
 * library.h - opens a shared library when it is needed, so that a daemon that does not use a store or metrics
 * does not pay for the library and for those that it requires (libpq: 4 MiB resident, libmicrohttpd: 2.6 MiB).
 */
#ifndef ASSAY_BASE_LIBRARY_H
#define ASSAY_BASE_LIBRARY_H

#include <stddef.h>

#include "base/err.h"

/* A function of it, and the pointer that is to be set. */
struct library_function {
	const char *name;
	void *pointer; /* to a pointer to a function */
};

/* Sets all pointers.  The library stays open.  RC_CONFIG: it is not installed; package is named in the message. */
MUST_CHECK enum rc library_open(const char *soname, const char *package,
    const struct library_function *functions, size_t count, struct err *err);

#endif
