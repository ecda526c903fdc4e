/* sql_postgresql.c - the store of several hosts; the only place of libpq. */
#include "config.h"

#include "base/library.h"

#include "sql_backend.h"

#ifndef HAVE_LIBPQ

static enum rc open_postgresql(struct slice location, struct sql **out, struct err *err)
{
	(void)location;
	(void)out;
	return err_config(err, "this program was built without PostgreSQL: install libpq-dev and build it again");
}

const struct sql_backend sql_postgresql = { .scheme = "postgresql:", .open = open_postgresql };

#else

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"

/* of the server's pg_type.dat; its headers are not part of libpq */
#define OID_BYTEA 17u
#define OID_INT8  20u
#define OID_INT2  21u
#define OID_INT4  23u
#define OID_TEXT  25u

#define BINARY 1

/* The functions that are used; set by load(). */
static struct {
	__typeof__(&PQclear) PQclear;
	__typeof__(&PQcmdTuples) PQcmdTuples;
	__typeof__(&PQconnectdbParams) PQconnectdbParams;
	__typeof__(&PQconninfoFree) PQconninfoFree;
	__typeof__(&PQconninfoParse) PQconninfoParse;
	__typeof__(&PQconsumeInput) PQconsumeInput;
	__typeof__(&PQerrorMessage) PQerrorMessage;
	__typeof__(&PQfinish) PQfinish;
	__typeof__(&PQflush) PQflush;
	__typeof__(&PQftype) PQftype;
	__typeof__(&PQgetResult) PQgetResult;
	__typeof__(&PQgetlength) PQgetlength;
	__typeof__(&PQgetvalue) PQgetvalue;
	__typeof__(&PQisBusy) PQisBusy;
	__typeof__(&PQnfields) PQnfields;
	__typeof__(&PQresultErrorField) PQresultErrorField;
	__typeof__(&PQresultStatus) PQresultStatus;
	__typeof__(&PQsendPrepare) PQsendPrepare;
	__typeof__(&PQsendQuery) PQsendQuery;
	__typeof__(&PQsendQueryPrepared) PQsendQueryPrepared;
	__typeof__(&PQsetNoticeProcessor) PQsetNoticeProcessor;
	__typeof__(&PQsetSingleRowMode) PQsetSingleRowMode;
	__typeof__(&PQsetnonblocking) PQsetnonblocking;
	__typeof__(&PQsocket) PQsocket;
	__typeof__(&PQstatus) PQstatus;
} pq;

static const struct library_function functions[] = {
	{ "PQclear", &pq.PQclear },
	{ "PQcmdTuples", &pq.PQcmdTuples },
	{ "PQconnectdbParams", &pq.PQconnectdbParams },
	{ "PQconninfoFree", &pq.PQconninfoFree },
	{ "PQconninfoParse", &pq.PQconninfoParse },
	{ "PQconsumeInput", &pq.PQconsumeInput },
	{ "PQerrorMessage", &pq.PQerrorMessage },
	{ "PQfinish", &pq.PQfinish },
	{ "PQflush", &pq.PQflush },
	{ "PQftype", &pq.PQftype },
	{ "PQgetResult", &pq.PQgetResult },
	{ "PQgetlength", &pq.PQgetlength },
	{ "PQgetvalue", &pq.PQgetvalue },
	{ "PQisBusy", &pq.PQisBusy },
	{ "PQnfields", &pq.PQnfields },
	{ "PQresultErrorField", &pq.PQresultErrorField },
	{ "PQresultStatus", &pq.PQresultStatus },
	{ "PQsendPrepare", &pq.PQsendPrepare },
	{ "PQsendQuery", &pq.PQsendQuery },
	{ "PQsendQueryPrepared", &pq.PQsendQueryPrepared },
	{ "PQsetNoticeProcessor", &pq.PQsetNoticeProcessor },
	{ "PQsetSingleRowMode", &pq.PQsetSingleRowMode },
	{ "PQsetnonblocking", &pq.PQsetnonblocking },
	{ "PQsocket", &pq.PQsocket },
	{ "PQstatus", &pq.PQstatus },
};

static enum rc load(struct err *err)
{
	return library_open("libpq.so.5", "libpq5", functions, N_ELEMENTS(functions), err);
}

struct postgresql {
	struct sql base;
	char *uri;               /* owned; may hold a password: never shown */
	PGconn *connection;      /* NULL: lost */
	struct sql_statement statements[SQL_STATEMENTS];
	uint64_t clock;
};

/* --- errors --------------------------------------------------------------------------------------- */

/* SQLSTATE by its beginning, the longer ones first (PostgreSQL's manual, appendix A). */
static const struct {
	const char *state;
	enum rc rc;
	const char *advice;
} states[] = {
	{ "25006", RC_IO, "the server is read-only: check whether it is a standby" },
	{ "42501", RC_CONFIG, "grant the missing privileges to the daemon's role, or make it own the tables" },
	{ "53100", RC_IO, "make room on the server's disk" },
	{ "54000", RC_REFUSED, "" },
	{ "55P03", RC_IO, "" },
	{ "08", RC_IO, "" }, /* connection */
	{ "22", RC_REFUSED, "" }, /* data */
	{ "23", RC_REFUSED, "" }, /* a constraint */
	{ "28", RC_CONFIG, "see pg_hba.conf of the server" },
	{ "40", RC_IO, "" }, /* lost to another transaction */
	{ "53", RC_IO, "" }, /* resources */
	{ "55", RC_IO, "" },
	{ "57", RC_IO, "" }, /* a shutdown, a cancelled statement */
	{ "58", RC_IO, "" }, /* the server's system */
	{ "XX", RC_IO, "see the server's log" },
};

static void disconnect(struct postgresql *s)
{
	if (s->connection != NULL)
		pq.PQfinish(s->connection);
	s->connection = NULL;
	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		free(s->statements[i].text);
		s->statements[i] = (struct sql_statement){ NULL, NULL, 0 };
	}
}

/* libpq's message may have several lines: the first one says what failed. */
static struct slice first_line(const char *text)
{
	struct slice rest = slice_str(text);

	return slice_split(&rest, '\n');
}

static enum rc fail_connection(struct postgresql *s, struct err *err)
{
	enum rc rc = sql_fail(&s->base, RC_IO, err, first_line(pq.PQerrorMessage(s->connection)), "");

	disconnect(s);
	return rc;
}

static enum rc fail(struct postgresql *s, const PGresult *result, struct err *err)
{
	struct slice state = slice_str(pq.PQresultErrorField(result, PG_DIAG_SQLSTATE));
	struct slice what = first_line(pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));

	if (state.len == 0 || pq.PQstatus(s->connection) != CONNECTION_OK)
		return fail_connection(s, err);
	for (size_t i = 0; i < N_ELEMENTS(states); i++)
		if (slice_starts_with(state, slice_str(states[i].state)))
			return sql_fail(&s->base, states[i].rc, err, what, states[i].advice);
	return sql_fail(&s->base, RC_CONFIG, err, what, "");
}

/* --- results ---------------------------------------------------------------------------------------- */

static struct sql_value column(const PGresult *result, int at)
{
	const char *octets = pq.PQgetvalue(result, 0, at);
	size_t len = (size_t)pq.PQgetlength(result, 0, at);
	Oid type = pq.PQftype(result, at);
	uint64_t value = 0;

	if (type == OID_BYTEA)
		return sql_octets(slice_of(octets, len));
	if (type != OID_INT8 && type != OID_INT4 && type != OID_INT2)
		return sql_text(slice_of(octets, len));
	if (len > 0 && ((unsigned char)octets[0] & 0x80) != 0)
		value = UINT64_MAX;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | (unsigned char)octets[i];
	return sql_integer((int64_t)value);
}

static enum rc give_row(const PGresult *result, sql_row_fn *row, void *ctx)
{
	struct sql_value columns[SQL_ARGS_MAX];
	int count = pq.PQnfields(result);

	for (int i = 0; i < count && i < (int)SQL_ARGS_MAX; i++)
		columns[i] = column(result, i);
	return row(ctx, columns, (size_t)count);
}

static uint64_t number_of(const char *text)
{
	uint64_t n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	return n;
}

/*
 * Waits until the statement is sent and PQgetResult() has something to return.  False: the server is silent.  Its own
 * limits (connect_to()) do not help where it is stopped, or where its disk is.
 */
static bool await(const struct postgresql *s)
{
	int64_t end = clock_monotonic_ms() + s->base.patience_ms;
	int unsent;

	while ((unsent = pq.PQflush(s->connection)) > 0 || (unsent == 0 && pq.PQisBusy(s->connection) != 0)) {
		struct pollfd socket = { .fd = pq.PQsocket(s->connection), .events = unsent > 0 ? POLLIN | POLLOUT : POLLIN };
		int64_t left = end - clock_monotonic_ms();

		if (left <= 0)
			return false;
		(void)poll(&socket, 1, (int)left); /* what ends it, a signal included, is looked at above */
		if (pq.PQconsumeInput(s->connection) != 1)
			break; /* PQgetResult() reports it */
	}
	return true;
}

static enum rc fail_silent(struct postgresql *s, struct err *err)
{
	disconnect(s);
	return sql_fail(&s->base, RC_IO, err, SLICE("the server does not answer"), "check whether it, or its disk, works");
}

/* Row by row, so that a large result is never in memory as a whole; to the end, whatever row says. */
static enum rc take_results(struct postgresql *s, sql_row_fn *row, void *ctx, struct err *err)
{
	enum rc rc = RC_OK;
	PGresult *result;

	while (s->connection != NULL) {
		ExecStatusType status;

		if (!await(s))
			return fail_silent(s, rc == RC_OK ? err : NULL);
		result = pq.PQgetResult(s->connection);
		if (result == NULL)
			break;
		status = pq.PQresultStatus(result);

		if (status == PGRES_SINGLE_TUPLE && rc == RC_OK && row != NULL)
			rc = give_row(result, row, ctx);
		else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
			s->base.changed = number_of(pq.PQcmdTuples(result));
		else if (status != PGRES_SINGLE_TUPLE)
			rc = fail(s, result, rc == RC_OK ? err : NULL);
		pq.PQclear(result);
	}
	return rc;
}

/* A statement without values and rows, which is not prepared. */
static enum rc run_once(struct postgresql *s, const char *text, struct err *err)
{
	return pq.PQsendQuery(s->connection, text) == 1 ? take_results(s, NULL, NULL, err) : fail_connection(s, err);
}

/* --- connecting ------------------------------------------------------------------------------------- */

static void ignore_notice(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* Options where the URI says nothing else; a statement ends, whatever happens. */
static enum rc connect_to(struct postgresql *s, struct err *err)
{
	static const char *const names[] = { "connect_timeout", "tcp_user_timeout", "keepalives",
		"keepalives_idle", "keepalives_interval", "keepalives_count", "application_name", "client_encoding",
		"dbname", NULL };
	const char *const values[] = { "10", "30000", "1", "30", "10", "3", "assay", "UTF8", s->uri, NULL };
	static const char *const limits[] = { "SET statement_timeout = 120000", "SET lock_timeout = 20000",
		"SET idle_in_transaction_session_timeout = 60000" };

	s->connection = pq.PQconnectdbParams(names, values, 1);
	if (s->connection == NULL)
		return RC_NOMEM;
	if (pq.PQstatus(s->connection) != CONNECTION_OK)
		return fail_connection(s, err);
	if (pq.PQsetnonblocking(s->connection, 1) != 0)
		return fail_connection(s, err);
	(void)pq.PQsetNoticeProcessor(s->connection, ignore_notice, NULL); /* its own writes to standard error */
	for (size_t i = 0; i < N_ELEMENTS(limits); i++)
		TRY(run_once(s, limits[i], err));
	return RC_OK;
}

static enum rc ready(struct sql *base, struct err *err)
{
	struct postgresql *s = (struct postgresql *)base;

	if (s->connection != NULL && pq.PQstatus(s->connection) != CONNECTION_OK)
		disconnect(s);
	if (s->connection != NULL)
		return RC_OK;
	if (base->in_transaction)
		return sql_fail(base, RC_IO, err, SLICE("the connection was lost"), "");
	return connect_to(s, err);
}

/* --- statements ------------------------------------------------------------------------------------- */

struct arguments {
	Oid types[SQL_ARGS_MAX];
	const char *values[SQL_ARGS_MAX];
	int lengths[SQL_ARGS_MAX], formats[SQL_ARGS_MAX];
	unsigned char integers[SQL_ARGS_MAX][8];
};

static void write_integer(int64_t value, unsigned char out[8])
{
	for (int i = 7; i >= 0; i--) {
		out[i] = (unsigned char)((uint64_t)value & 0xff);
		value = (int64_t)((uint64_t)value >> 8);
	}
}

static bool arguments_of(struct arguments *a, const struct sql_value *args, size_t count)
{
	static const Oid types[] = { [SQL_INTEGER] = OID_INT8, [SQL_TEXT] = OID_TEXT, [SQL_OCTETS] = OID_BYTEA };

	for (size_t i = 0; i < count; i++) {
		if (args[i].octets.len > INT32_MAX)
			return false;
		a->types[i] = types[args[i].type];
		a->formats[i] = BINARY;
		a->values[i] = args[i].octets.ptr == NULL ? "" : args[i].octets.ptr;
		a->lengths[i] = (int)args[i].octets.len;
		if (args[i].type != SQL_INTEGER)
			continue;
		write_integer(args[i].integer, a->integers[i]);
		a->values[i] = (const char *)a->integers[i];
		a->lengths[i] = 8;
	}
	return true;
}

/* The name of a statement is the number of its place. */
static enum rc prepared(struct postgresql *s, const char *text, const struct arguments *a, size_t count,
    char name[16], struct err *err)
{
	struct sql_statement *place = sql_statement_find(s->statements, &s->clock, text);

	snprintf(name, 16, "s%u", (unsigned)(place - s->statements));
	if (place->text != NULL && strcmp(place->text, text) == 0)
		return RC_OK;
	if (place->text != NULL) {
		char drop[32];

		snprintf(drop, sizeof(drop), "DEALLOCATE %s", name);
		TRY(run_once(s, drop, err));
	}
	free(place->text);
	place->text = NULL;
	if (pq.PQsendPrepare(s->connection, name, text, (int)count, a->types) != 1)
		return fail_connection(s, err);
	TRY(take_results(s, NULL, NULL, err));
	place->text = strdup(text);
	place->used = ++s->clock;
	return place->text == NULL ? RC_NOMEM : RC_OK;
}

static enum rc run(struct sql *base, const char *text, const struct sql_value *args, size_t count,
    sql_row_fn *row, void *ctx, struct err *err)
{
	struct postgresql *s = (struct postgresql *)base;
	struct arguments a;
	char name[16];

	TRY(ready(base, err));
	if (strcmp(text, "ROLLBACK") == 0) /* a transaction that failed permits nothing else, and no PREPARE */
		return run_once(s, text, err);
	if (!arguments_of(&a, args, count))
		return sql_fail(base, RC_REFUSED, err, SLICE("a value is too long"), "");
	TRY(prepared(s, text, &a, count, name, err));
	if (pq.PQsendQueryPrepared(s->connection, name, (int)count, a.values, a.lengths, a.formats, BINARY) != 1)
		return fail_connection(s, err);
	(void)pq.PQsetSingleRowMode(s->connection);
	return take_results(s, row, ctx, err);
}

/* --- opening ---------------------------------------------------------------------------------------- */

/* What a URI says of host and database; never its password. */
static bool name_store(struct postgresql *s)
{
	PQconninfoOption *options = pq.PQconninfoParse(s->uri, NULL), *o;
	const char *host = "", *port = "", *database = "";

	for (o = options; o != NULL && o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "host") == 0)
			host = o->val;
		else if (strcmp(o->keyword, "port") == 0)
			port = o->val;
		else if (strcmp(o->keyword, "dbname") == 0)
			database = o->val;
	}
	buf_addf(&s->base.name, "postgresql://%s%s%s/%s", host, *port == '\0' ? "" : ":", port, database);
	pq.PQconninfoFree(options);
	return options != NULL;
}

static void close_postgresql(struct sql *base)
{
	struct postgresql *s = (struct postgresql *)base;

	disconnect(s);
	free(s->uri);
	free(s);
}

static enum rc open_postgresql(struct slice location, struct sql **out, struct err *err)
{
	struct postgresql *s = calloc(1, sizeof(*s));
	struct sql *base = (struct sql *)s;
	enum rc rc;

	if (s == NULL)
		return RC_NOMEM;
	s->base.backend = &sql_postgresql;
	s->base.name = (struct buf)BUF_INIT(8192);
	s->base.patience_ms = SQL_PATIENCE_MS;
	s->uri = strndup(location.ptr, location.len);
	rc = s->uri == NULL ? RC_NOMEM : load(err);
	if (rc != RC_OK)
		;
	else if (!name_store(s))
		rc = err_config(err, "the store is not a valid URI of PostgreSQL: write "
		    "\"postgresql://USER@HOST/DATABASE\", and the password into a file of its own (passfile=)");
	else
		rc = connect_to(s, err);
	if (rc == RC_OK)
		*out = base;
	else
		sql_close(&base);
	return rc;
}

const struct sql_backend sql_postgresql = {
	.scheme = "postgresql:",
	.begin = "BEGIN",
	.exclude = "SELECT pg_advisory_xact_lock(4702111234474983745)", /* "Assay" and a number of our own */
	.clock = "SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)",
	.octets_word = "BYTEA",
	.serial_word = "BIGSERIAL PRIMARY KEY",
	.open = open_postgresql,
	.close = close_postgresql,
	.run = run,
	.ready = ready,
};

#endif
