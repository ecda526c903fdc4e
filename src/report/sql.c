#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"

#include "sql_backend.h"

static const struct sql_backend *const backends[] = { &sql_sqlite, &sql_postgresql };

enum rc sql_fail(const struct sql *s, enum rc rc, struct err *err, struct slice what, const char *advice)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);

	if (err == NULL)
		return rc;
	while (what.len > 0 && (what.ptr[what.len - 1] == '\n' || what.ptr[what.len - 1] == ' '))
		what.len--;
	while (what.len > 0) { /* words, for people: log_escape() would show spaces as octets */
		struct slice rest = what, word = slice_split(&rest, ' ');

		log_escape(&text, word);
		if (rest.len > 0)
			buf_add_char(&text, ' ');
		what = rest;
	}
	err_add(err, "%s: %s%s%s", buf_cstr(&s->name), buf_cstr(&text), *advice == '\0' ? "" : ": ", advice);
	buf_free(&text);
	return rc;
}

static const struct sql_backend *backend_of(struct slice store)
{
	for (size_t i = 0; i < N_ELEMENTS(backends); i++)
		if (slice_starts_with(store, slice_str(backends[i]->scheme)))
			return backends[i];
	return NULL;
}

enum rc sql_open(struct slice store, struct sql **out, struct err *err)
{
	const struct sql_backend *backend = backend_of(store);

	if (backend == NULL)
		return err_config(err, "the store must begin with \"sqlite:\" or \"postgresql:\"");
	return backend->open(store, out, err);
}

void sql_close(struct sql **s)
{
	struct sql *old = *s;

	*s = NULL;
	if (old == NULL)
		return;
	sql_rollback(old);
	buf_free(&old->name);
	old->backend->close(old);
}

void sql_set_patience(struct sql *s, int64_t ms)
{
	s->patience_ms = ms;
}

/* What PostgreSQL refuses as text is refused by both, so that a store of one kind shows every fault. */
static bool texts_valid(const struct sql_value *args, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (args[i].type == SQL_TEXT && (!utf8_valid(args[i].octets) ||
			slice_find(args[i].octets, '\0') < args[i].octets.len))
			return false;
	return true;
}

enum rc sql_run(struct sql *s, const char *statement, const struct sql_value *args, size_t count,
    sql_row_fn *row, void *ctx, struct err *err)
{
	s->changed = 0;
	if (count > SQL_ARGS_MAX || !texts_valid(args, count))
		return sql_fail(s, RC_REFUSED, err, SLICE("a text is not valid UTF-8, or there are too many values"),
		    "");
	return s->backend->run(s, statement, args, count, row, ctx, err);
}

uint64_t sql_changed(const struct sql *s)
{
	return s->changed;
}

enum rc sql_begin(struct sql *s, struct err *err)
{
	if (s->backend->ready != NULL)
		TRY(s->backend->ready(s, err));
	TRY(sql_run(s, s->backend->begin, NULL, 0, NULL, NULL, err));
	s->in_transaction = true;
	return RC_OK;
}

enum rc sql_commit(struct sql *s, struct err *err)
{
	enum rc rc = sql_run(s, "COMMIT", NULL, 0, NULL, NULL, err);

	if (rc == RC_OK)
		s->in_transaction = false;
	else
		sql_rollback(s);
	return rc;
}

void sql_rollback(struct sql *s)
{
	if (s->in_transaction && sql_run(s, "ROLLBACK", NULL, 0, NULL, NULL, NULL) != RC_OK)
		s->changed = 0; /* what made it fail has ended the transaction as well */
	s->in_transaction = false;
}

enum rc sql_end(struct sql *s, enum rc rc, struct err *err)
{
	if (rc == RC_OK)
		return sql_commit(s, err);
	sql_rollback(s);
	return rc;
}

enum rc sql_take_integer(void *ctx, const struct sql_value *columns, size_t count)
{
	if (count > 0)
		*(int64_t *)ctx = columns[0].integer;
	return RC_OK;
}

enum rc sql_exclude_others(struct sql *s, struct err *err)
{
	return s->backend->exclude == NULL ? RC_OK : sql_run(s, s->backend->exclude, NULL, 0, NULL, NULL, err);
}

enum rc sql_earlier(struct sql *s, int64_t now, int64_t *out, struct err *err)
{
	int64_t theirs = now;

	if (s->backend->clock != NULL)
		TRY(sql_run(s, s->backend->clock, NULL, 0, sql_take_integer, &theirs, err));
	*out = theirs < now ? theirs : now;
	return RC_OK;
}

const char *sql_octets_word(const struct sql *s)
{
	return s->backend->octets_word;
}

const char *sql_serial_word(const struct sql *s)
{
	return s->backend->serial_word;
}

const char *sql_name(const struct sql *s)
{
	return buf_cstr(&s->name);
}

struct sql_statement *sql_statement_find(struct sql_statement list[SQL_STATEMENTS], uint64_t *clock,
    const char *text)
{
	struct sql_statement *oldest = &list[0];

	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		if (list[i].text != NULL && strcmp(list[i].text, text) == 0) {
			list[i].used = ++*clock;
			return &list[i];
		}
		if (list[i].text == NULL || (oldest->text != NULL && list[i].used < oldest->used))
			oldest = &list[i];
	}
	return oldest;
}
