/* sql_sqlite.c - the store of one host; the only place of SQLite. */
#include "config.h"

#include "base/library.h"

#include "sql_backend.h"

#ifndef HAVE_SQLITE3

static enum rc open_sqlite(struct slice location, struct sql **out, struct err *err)
{
	(void)location;
	(void)out;
	return err_config(err, "this program was built without SQLite: install libsqlite3-dev and build it again");
}

const struct sql_backend sql_sqlite = { .scheme = "sqlite:", .open = open_sqlite };

#else

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000

/* The functions that are used; set by load(). */
static struct {
	__typeof__(&sqlite3_bind_blob) sqlite3_bind_blob;
	__typeof__(&sqlite3_bind_int64) sqlite3_bind_int64;
	__typeof__(&sqlite3_bind_parameter_count) sqlite3_bind_parameter_count;
	__typeof__(&sqlite3_bind_parameter_name) sqlite3_bind_parameter_name;
	__typeof__(&sqlite3_bind_text) sqlite3_bind_text;
	__typeof__(&sqlite3_busy_timeout) sqlite3_busy_timeout;
	__typeof__(&sqlite3_changes) sqlite3_changes;
	__typeof__(&sqlite3_clear_bindings) sqlite3_clear_bindings;
	__typeof__(&sqlite3_close) sqlite3_close;
	__typeof__(&sqlite3_column_blob) sqlite3_column_blob;
	__typeof__(&sqlite3_column_bytes) sqlite3_column_bytes;
	__typeof__(&sqlite3_column_count) sqlite3_column_count;
	__typeof__(&sqlite3_column_int64) sqlite3_column_int64;
	__typeof__(&sqlite3_column_text) sqlite3_column_text;
	__typeof__(&sqlite3_column_type) sqlite3_column_type;
	__typeof__(&sqlite3_errmsg) sqlite3_errmsg;
	__typeof__(&sqlite3_errstr) sqlite3_errstr;
	__typeof__(&sqlite3_extended_result_codes) sqlite3_extended_result_codes;
	__typeof__(&sqlite3_file_control) sqlite3_file_control;
	__typeof__(&sqlite3_finalize) sqlite3_finalize;
	__typeof__(&sqlite3_open_v2) sqlite3_open_v2;
	__typeof__(&sqlite3_prepare_v3) sqlite3_prepare_v3;
	__typeof__(&sqlite3_reset) sqlite3_reset;
	__typeof__(&sqlite3_step) sqlite3_step;
} sq;

static const struct library_function functions[] = {
	{ "sqlite3_bind_blob", &sq.sqlite3_bind_blob },
	{ "sqlite3_bind_int64", &sq.sqlite3_bind_int64 },
	{ "sqlite3_bind_parameter_count", &sq.sqlite3_bind_parameter_count },
	{ "sqlite3_bind_parameter_name", &sq.sqlite3_bind_parameter_name },
	{ "sqlite3_bind_text", &sq.sqlite3_bind_text },
	{ "sqlite3_busy_timeout", &sq.sqlite3_busy_timeout },
	{ "sqlite3_changes", &sq.sqlite3_changes },
	{ "sqlite3_clear_bindings", &sq.sqlite3_clear_bindings },
	{ "sqlite3_close", &sq.sqlite3_close },
	{ "sqlite3_column_blob", &sq.sqlite3_column_blob },
	{ "sqlite3_column_bytes", &sq.sqlite3_column_bytes },
	{ "sqlite3_column_count", &sq.sqlite3_column_count },
	{ "sqlite3_column_int64", &sq.sqlite3_column_int64 },
	{ "sqlite3_column_text", &sq.sqlite3_column_text },
	{ "sqlite3_column_type", &sq.sqlite3_column_type },
	{ "sqlite3_errmsg", &sq.sqlite3_errmsg },
	{ "sqlite3_errstr", &sq.sqlite3_errstr },
	{ "sqlite3_extended_result_codes", &sq.sqlite3_extended_result_codes },
	{ "sqlite3_file_control", &sq.sqlite3_file_control },
	{ "sqlite3_finalize", &sq.sqlite3_finalize },
	{ "sqlite3_open_v2", &sq.sqlite3_open_v2 },
	{ "sqlite3_prepare_v3", &sq.sqlite3_prepare_v3 },
	{ "sqlite3_reset", &sq.sqlite3_reset },
	{ "sqlite3_step", &sq.sqlite3_step },
};

static enum rc load(struct err *err)
{
	return library_open("libsqlite3.so.0", "libsqlite3-0", functions, N_ELEMENTS(functions), err);
}

struct sqlite {
	struct sql base;
	char *path;              /* owned */
	sqlite3 *db;
	struct sql_statement statements[SQL_STATEMENTS];
	uint64_t clock;
};

/* --- errors --------------------------------------------------------------------------------------- */

static const struct {
	int code;
	enum rc rc;
	const char *what; /* NULL: SQLite's own words */
	const char *advice;
} errors[] = {
	{ SQLITE_BUSY, RC_IO, "locked by another program", "if it does not finish, stop it" },
	{ SQLITE_LOCKED, RC_IO, NULL, "" },
	{ SQLITE_FULL, RC_IO, "the disk is full", "make room on it" },
	{ SQLITE_IOERR, RC_IO, NULL, "look at the disk" },
	{ SQLITE_INTERRUPT, RC_IO, NULL, "" },
	{ SQLITE_NOMEM, RC_NOMEM, NULL, "" },
	{ SQLITE_CONSTRAINT, RC_REFUSED, NULL, "" },
	{ SQLITE_MISMATCH, RC_REFUSED, NULL, "" },
	{ SQLITE_TOOBIG, RC_REFUSED, NULL, "" },
	{ SQLITE_NOTADB, RC_CONFIG, "not an SQLite database", "move the file away, or name another one" },
	{ SQLITE_CORRUPT, RC_CONFIG, "the database is damaged",
	    "restore it, or move it away so that a new one is made" },
	{ SQLITE_READONLY, RC_CONFIG, "no permission to write",
	    "the file and its directory must be writable for the daemon's user" },
	{ SQLITE_PERM, RC_CONFIG, "no permission", "the file must belong to the daemon's user" },
	{ SQLITE_CANTOPEN, RC_CONFIG, "cannot be opened",
	    "its directory must be there, and writable for the daemon's user" },
};

static enum rc fail(struct sqlite *s, int code, struct err *err)
{
	const char *own = s->db == NULL ? sq.sqlite3_errstr(code) : sq.sqlite3_errmsg(s->db);

	for (size_t i = 0; i < N_ELEMENTS(errors); i++)
		if (errors[i].code == (code & 0xff))
			return sql_fail(&s->base, errors[i].rc, err,
			    slice_str(errors[i].what != NULL ? errors[i].what : own), errors[i].advice);
	return sql_fail(&s->base, RC_CONFIG, err, slice_str(own), "");
}

/* --- statements ------------------------------------------------------------------------------------- */

/* Checks that $1, $2, ... first appear in this order: SQLite numbers parameters by first appearance. */
static bool in_order(sqlite3_stmt *statement)
{
	for (int i = 1; i <= sq.sqlite3_bind_parameter_count(statement); i++) {
		char name[16];

		snprintf(name, sizeof(name), "$%d", i);
		if (strcmp(sq.sqlite3_bind_parameter_name(statement, i), name) != 0)
			return false;
	}
	return true;
}

static enum rc prepared(struct sqlite *s, const char *text, sqlite3_stmt **out, struct err *err)
{
	struct sql_statement *place = sql_statement_find(s->statements, &s->clock, text);
	sqlite3_stmt *statement = NULL;
	int code;

	if (place->text != NULL && strcmp(place->text, text) == 0) {
		*out = place->handle;
		return RC_OK;
	}
	code = sq.sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
	if (code != SQLITE_OK)
		return fail(s, code, err);
	if (!in_order(statement)) {
		sq.sqlite3_finalize(statement);
		return sql_fail(&s->base, RC_CONFIG, err, SLICE("parameters out of order in:"), text);
	}
	sq.sqlite3_finalize(place->handle); /* NULL is fine */
	free(place->text);
	place->handle = NULL;
	place->text = strdup(text);
	if (place->text == NULL) {
		sq.sqlite3_finalize(statement);
		return RC_NOMEM;
	}
	place->handle = *out = statement;
	place->used = ++s->clock;
	return RC_OK;
}

static int bind(sqlite3_stmt *statement, const struct sql_value *args, size_t count)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
		const char *octets = args[i].octets.ptr == NULL ? "" : args[i].octets.ptr;
		int at = (int)i + 1, len = (int)args[i].octets.len;

		if (args[i].octets.len > INT32_MAX)
			return SQLITE_TOOBIG;
		if (args[i].type == SQL_INTEGER)
			code = sq.sqlite3_bind_int64(statement, at, args[i].integer);
		else if (args[i].type == SQL_TEXT)
			code = sq.sqlite3_bind_text(statement, at, octets, len, SQLITE_STATIC);
		else
			code = sq.sqlite3_bind_blob(statement, at, octets, len, SQLITE_STATIC);
	}
	return code;
}

static struct sql_value column(sqlite3_stmt *statement, int at)
{
	const void *octets;

	switch (sq.sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		return sql_integer(sq.sqlite3_column_int64(statement, at));
	case SQLITE_BLOB:
		octets = sq.sqlite3_column_blob(statement, at);
		return sql_octets(slice_of(octets, (size_t)sq.sqlite3_column_bytes(statement, at)));
	case SQLITE_NULL:
		return (struct sql_value){ SQL_INTEGER, 0, SLICE_NULL };
	default:
		octets = sq.sqlite3_column_text(statement, at);
		return sql_text(slice_of(octets, (size_t)sq.sqlite3_column_bytes(statement, at)));
	}
}

static enum rc give_row(sqlite3_stmt *statement, sql_row_fn *row, void *ctx)
{
	struct sql_value columns[SQL_ARGS_MAX];
	int count = sq.sqlite3_column_count(statement);

	if (row == NULL)
		return RC_OK;
	for (int i = 0; i < count && i < (int)SQL_ARGS_MAX; i++)
		columns[i] = column(statement, i);
	return row(ctx, columns, (size_t)count);
}

static enum rc run(struct sql *base, const char *text, const struct sql_value *args, size_t count,
    sql_row_fn *row, void *ctx, struct err *err)
{
	struct sqlite *s = (struct sqlite *)base;
	sqlite3_stmt *statement = NULL;
	enum rc rc = RC_OK;
	int code;

	TRY(prepared(s, text, &statement, err));
	code = bind(statement, args, count);
	while (code == SQLITE_OK || (code == SQLITE_ROW && rc == RC_OK)) {
		code = sq.sqlite3_step(statement);
		if (code == SQLITE_ROW)
			rc = give_row(statement, row, ctx);
	}
	base->changed = (uint64_t)sq.sqlite3_changes(s->db);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		rc = fail(s, code, err);
	(void)sq.sqlite3_reset(statement); /* repeats the error of the last step */
	(void)sq.sqlite3_clear_bindings(statement);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------------- */

static void name_of(uid_t uid, struct buf *out)
{
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		buf_add_str(out, pw->pw_name);
	else
		buf_addf(out, "uid %ld", (long)uid);
}

static enum rc refuse_user(const struct sqlite *s, const char *what, uid_t owner, struct err *err)
{
	struct buf theirs = BUF_INIT(256), ours = BUF_INIT(256);

	name_of(owner, &theirs);
	name_of(geteuid(), &ours);
	err_add(err, "%s: %s belongs to %s: files that %s creates next to it would be inaccessible to the "
	    "daemon: run this program as %s (runuser -u %s -- ...)", sql_name(&s->base), what, buf_cstr(&theirs),
	    buf_cstr(&ours), buf_cstr(&theirs), buf_cstr(&theirs));
	buf_free(&theirs);
	buf_free(&ours);
	return RC_CONFIG;
}

/* The file, or the directory in which it is to be made by root, is that of another user. */
static enum rc check_owner(const struct sqlite *s, struct err *err)
{
	struct slice path = slice_str(s->path);
	struct buf directory = BUF_INIT(4096);
	struct stat st;
	enum rc rc = RC_OK;

	buf_add(&directory, slice_take(path, slice_rfind(path, '/')));
	buf_add_char(&directory, '/');
	if (stat(s->path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			rc = sql_fail(&s->base, RC_CONFIG, err, SLICE("not a regular file"), "name another one");
		else if (st.st_uid != geteuid())
			rc = refuse_user(s, "the file", st.st_uid, err);
	} else if (stat(buf_cstr(&directory), &st) != 0) {
		rc = sql_fail(&s->base, RC_CONFIG, err, slice_str(strerror(errno)),
		    "its directory must be there, and writable for the daemon's user");
	} else if (geteuid() == 0 && st.st_uid != 0) {
		rc = refuse_user(s, "the directory", st.st_uid, err);
	}
	buf_free(&directory);
	return rc;
}

static enum rc is_wal(void *ctx, const struct sql_value *columns, size_t count)
{
	*(bool *)ctx = count == 1 && slice_ieq(columns[0].octets, SLICE("wal"));
	return RC_OK;
}

/*
 * Each commit is synced: what a loss of power costs is what a killed daemon loses, the last second.
 * The file is made here, since SQLite would make it readable for all.
 */
static enum rc open_database(struct sqlite *s, struct err *err)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600), code;
	bool wal = false;

	if (fd < 0)
		return sql_fail(&s->base, errno == ENOSPC || errno == EDQUOT ? RC_IO : RC_CONFIG, err,
		    slice_str(strerror(errno)),
		    "the file and its directory must be writable for the daemon's user");
	close(fd);
	code = sq.sqlite3_open_v2(s->path, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (code != SQLITE_OK)
		return fail(s, code, err);
	(void)sq.sqlite3_extended_result_codes(s->db, 1);
	(void)sq.sqlite3_busy_timeout(s->db, BUSY_MS);
	TRY(run(&s->base, "PRAGMA journal_mode = WAL", NULL, 0, is_wal, &wal, err));
	if (!wal)
		return sql_fail(&s->base, RC_CONFIG, err, SLICE("this file system cannot share memory between programs"),
		    "put the file onto a local disk");
	TRY(run(&s->base, "PRAGMA wal_autocheckpoint = 4000", NULL, 0, NULL, NULL, err)); /* pages: 16 MB */
	return run(&s->base, "PRAGMA synchronous = FULL", NULL, 0, NULL, NULL, err);
}

static void close_sqlite(struct sql *base)
{
	struct sqlite *s = (struct sqlite *)base;

	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		if (s->statements[i].text != NULL)
			sq.sqlite3_finalize(s->statements[i].handle);
		free(s->statements[i].text);
	}
	if (s->db != NULL)
		(void)sq.sqlite3_close(s->db);
	free(s->path);
	free(s);
}

static enum rc open_sqlite(struct slice location, struct sql **out, struct err *err)
{
	struct slice path = slice_drop(location, strlen(sql_sqlite.scheme));
	struct sqlite *s = calloc(1, sizeof(*s));
	struct sql *base = (struct sql *)s;
	enum rc rc;

	if (s == NULL)
		return RC_NOMEM;
	s->base.backend = &sql_sqlite;
	s->base.name = (struct buf)BUF_INIT(8192);
	buf_add(&s->base.name, location);
	s->path = strndup(path.ptr, path.len);
	rc = s->path == NULL ? RC_NOMEM : load(err);
	if (rc == RC_OK)
		rc = check_owner(s, err);
	if (rc == RC_OK)
		rc = open_database(s, err);
	if (rc == RC_OK)
		*out = base;
	else
		sql_close(&base);
	return rc;
}

/* If the file was moved or deleted, rows would otherwise be written to a file that is never read. */
static enum rc ready(struct sql *base, struct err *err)
{
	struct sqlite *s = (struct sqlite *)base;
	int moved = 0;

	if (sq.sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return sql_fail(base, RC_IO, err, SLICE("the file was moved or deleted"), "it is opened again");
	return RC_OK;
}

const struct sql_backend sql_sqlite = {
	.scheme = "sqlite:",
	.begin = "BEGIN IMMEDIATE",
	.octets_word = "BLOB",
	.serial_word = "INTEGER PRIMARY KEY",
	.open = open_sqlite,
	.close = close_sqlite,
	.run = run,
	.ready = ready,
};

#endif
