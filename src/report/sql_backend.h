/*
 * sql_backend.h - what sql.c asks of SQLite and of PostgreSQL.
 */
#ifndef ASSAY_REPORT_SQL_BACKEND_H
#define ASSAY_REPORT_SQL_BACKEND_H

#include "base/buf.h"
#include "report/sql.h"

/* Parameters of one statement. */
#define SQL_ARGS_MAX 320u

/* Prepared statements that are kept. */
#define SQL_STATEMENTS 48u

struct sql_backend {
	const char *scheme;      /* that a location begins with */
	const char *begin;       /* the statement */
	const char *exclude;     /* of sql_exclude_others(); NULL: begin does it */
	const char *clock;       /* the statement; NULL: the store has no clock of its own */
	const char *octets_word, *serial_word;
	enum rc (*open)(struct slice location, struct sql **out, struct err *err);
	void (*close)(struct sql *s);
	enum rc (*run)(struct sql *s, const char *statement, const struct sql_value *args, size_t count,
	    sql_row_fn *row, void *ctx, struct err *err);
	/* before a transaction: a store that went away is opened again; NULL: nothing to do */
	enum rc (*ready)(struct sql *s, struct err *err);
};

/* The first member of each backend's own struct. */
struct sql {
	const struct sql_backend *backend;
	struct buf name;         /* sql_name() */
	bool in_transaction;
	uint64_t changed;
	int64_t patience_ms;     /* sql_set_patience() */
};

extern const struct sql_backend sql_sqlite, sql_postgresql;

/* "NAME: WHAT" into err, which may be NULL; returns rc.  what may hold octets of the store: they are escaped. */
enum rc sql_fail(const struct sql *s, enum rc rc, struct err *err, struct slice what, const char *advice);

/* A list of statements that are kept, by their text: the place of one, or a place for it. */
struct sql_statement {
	char *text;              /* owned; NULL: free */
	void *handle;            /* the backend's */
	uint64_t used;
};
struct sql_statement *sql_statement_find(struct sql_statement list[SQL_STATEMENTS], uint64_t *clock,
    const char *text);

#endif
