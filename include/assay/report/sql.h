/*
 * sql.h - one interface over SQLite and PostgreSQL, so that every statement is written once.
 *
 * A statement is SQL that both take: parameters are $1, $2, ... in the
 * order in which they first appear; ON CONFLICT, RETURNING and CAST are
 * available; a sum is written CAST(sum(x) AS BIGINT), since PostgreSQL's would be another type.  Integers
 * have 64 bits.  Text is UTF-8 without NUL in both; whatever a stranger wrote is stored as octets.
 * There are no NULLs: a column that has one reads as 0 or as empty.
 *
 * SQLite (WAL, each commit synced) is for one host: the file belongs to the daemon's user, and no other
 * user may open it, since the files that root would make beside it lock the daemon out.  PostgreSQL is
 * for several hosts; a lost connection is opened again by the next statement outside a transaction.
 *
 * Errors, with one message in err where err is not NULL:
 *     RC_IO       away, locked, full, or lost to another transaction: the same may succeed later
 *     RC_CONFIG   no permission, not a database, no such table: the operator must act
 *     RC_REFUSED  the store refuses these values, now and later
 *     RC_NOMEM
 *
 * A struct sql belongs to one thread at a time.
 */
#ifndef ASSAY_REPORT_SQL_H
#define ASSAY_REPORT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rc.h"
#include "base/slice.h"

struct sql;

enum sql_type { SQL_INTEGER, SQL_TEXT, SQL_OCTETS };

struct sql_value {
	enum sql_type type;
	int64_t integer;
	struct slice octets; /* borrowed; of text and octets */
};

static inline struct sql_value sql_integer(int64_t integer)
{
	return (struct sql_value){ SQL_INTEGER, integer, SLICE_NULL };
}

static inline struct sql_value sql_text(struct slice text)
{
	return (struct sql_value){ SQL_TEXT, 0, text };
}

static inline struct sql_value sql_octets(struct slice octets)
{
	return (struct sql_value){ SQL_OCTETS, 0, octets };
}

/* One row of a result; what it borrows is valid within the call.  Anything but RC_OK ends the statement with that. */
typedef enum rc sql_row_fn(void *ctx, const struct sql_value *columns, size_t count);

/* Puts the first column of a row, an integer, into the int64_t that ctx is; without a row it stays as it is. */
sql_row_fn sql_take_integer;

/* "sqlite:/PATH" or "postgresql://..." (a URI of libpq).  SQLite's file is made if its directory exists. */
MUST_CHECK enum rc sql_open(struct slice store, struct sql **out, struct err *err);
void sql_close(struct sql **s); /* rolls back what is open; sets *s to NULL; NULL is fine */

/*
 * PostgreSQL: how long a server may be silent within a statement before the connection is given up (RC_IO).  The
 * default is longer than a statement may take by the server's own limit.
 */
#define SQL_PATIENCE_MS (150 * 1000)
void sql_set_patience(struct sql *s, int64_t ms);

/* Runs one statement; row is called for each row of its result, and may be NULL. */
MUST_CHECK enum rc sql_run(struct sql *s, const char *statement, const struct sql_value *args, size_t count,
    sql_row_fn *row, void *ctx, struct err *err);

/* Rows that the last statement inserted, changed or deleted. */
uint64_t sql_changed(const struct sql *s);

/* SQLite: at once the only writer.  PostgreSQL: READ COMMITTED. */
MUST_CHECK enum rc sql_begin(struct sql *s, struct err *err);
/* RC_IO may mean that it was committed and the answer was lost. */
MUST_CHECK enum rc sql_commit(struct sql *s, struct err *err);
void sql_rollback(struct sql *s); /* also when nothing is open */

/* Ends the transaction by what came of it: RC_OK is committed, anything else rolled back and returned. */
MUST_CHECK enum rc sql_end(struct sql *s, enum rc rc, struct err *err);

/* Within a transaction: until its end no other one that asked for this goes on.  For the schema. */
MUST_CHECK enum rc sql_exclude_others(struct sql *s, struct err *err);

/*
 * The earlier one of two times, in seconds: now, and the clock of a server.  A host whose clock is ahead must not
 * delete what others need.  SQLite has the clock of this host: now.
 */
MUST_CHECK enum rc sql_earlier(struct sql *s, int64_t now, int64_t *out, struct err *err);

/* Words of CREATE TABLE in which the two differ. */
const char *sql_octets_word(const struct sql *s);  /* the type of octets */
const char *sql_serial_word(const struct sql *s);  /* the type of a key that numbers itself */

/* The store in messages, without a password: "sqlite:/PATH", "postgresql://HOST/DATABASE". */
const char *sql_name(const struct sql *s);

#endif
