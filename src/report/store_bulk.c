#include <string.h>

#include "store_bulk.h"

/* How many rows a statement takes; the last is 1. */
static const unsigned sizes[BULK_SIZES] = { BULK_MAX, 16, 4, 1 };

static const struct {
	unsigned common;              /* parameters that come first, once */
	unsigned parameters;          /* of each row */
	const char *begin, *end;
} statements[] = {
	[BULK_FIND_POLICIES] = { 1, 1, "SELECT id, domain, digest, row_count FROM history_policy"
		" WHERE day = $1 AND domain IN (", ")" },
	[BULK_MAKE_POLICIES] = { 0, 5, "INSERT INTO history_policy (day, domain, digest, policy, row_count) VALUES ",
		" ON CONFLICT DO NOTHING" },
	[BULK_INSERT_ROWS] = { 0, 5, "INSERT INTO history_row (policy, digest, tuple, aligned, messages) VALUES ",
		" ON CONFLICT (policy, digest) DO UPDATE SET messages = history_row.messages + excluded.messages"
		" RETURNING policy, digest, messages" },
	/* not an UPDATE, which would take its locks in any order */
	[BULK_COUNT_ROWS] = { 0, 5, "INSERT INTO history_policy (day, domain, digest, policy, row_count) VALUES ",
		" ON CONFLICT (day, domain, digest) DO UPDATE SET row_count = history_policy.row_count + excluded.row_count" },
};

/* --- texts ---------------------------------------------------------------------------------------- */

/* ($1, $2, $3, $4, $5), ($6, ... */
static void write_text(struct buf *out, enum bulk_statement which, unsigned rows)
{
	unsigned parameter = statements[which].common;

	*out = (struct buf)BUF_INIT(8192);
	buf_add_str(out, statements[which].begin);
	for (unsigned row = 0; row < rows; row++) {
		buf_add_str(out, row == 0 ? "" : ", ");
		for (unsigned i = 0; i < statements[which].parameters; i++)
			buf_addf(out, "%s$%u", i == 0 ? "(" : ", ", ++parameter);
		buf_add_char(out, ')');
	}
	buf_add_str(out, statements[which].end);
}

bool bulk_texts_write(struct bulk_texts *out)
{
	bool ok = true;

	for (enum bulk_statement which = 0; which < BULK_STATEMENTS; which++)
		for (size_t i = 0; i < BULK_SIZES; i++) {
			write_text(&out->texts[which][i], which, sizes[i]);
			ok = ok && !buf_failed(&out->texts[which][i]);
		}
	return ok;
}

void bulk_texts_free(struct bulk_texts *t)
{
	for (enum bulk_statement which = 0; which < BULK_STATEMENTS; which++)
		for (size_t i = 0; i < BULK_SIZES; i++)
			buf_free(&t->texts[which][i]);
}

/* --- writing ---------------------------------------------------------------------------------------- */

static size_t size_for(const struct bulk *b, size_t left)
{
	size_t i = 0;

	while (sizes[i] > (b->batch->singly ? 1 : left))
		i++;
	return i;
}

/* The common arguments come directly before those of row `first`: they overwrite the row before it, which is written. */
static enum rc run(struct bulk *b, size_t first, size_t size, struct err *err)
{
	unsigned common = statements[b->which].common, parameters = statements[b->which].parameters;
	struct sql_value *args = b->args + first * parameters;

	if (common > 0)
		args[0] = b->args[0];
	b->written = b->spans + first;
	b->count = sizes[size];
	b->taken = 0;
	b->batch->at = b->count == 1 ? *b->written : NOTHING;
	TRY(sql_run(b->s->sql, buf_cstr(&b->s->bulk.texts[b->which][size]), args, common + b->count * parameters, b->take,
	    b->ctx == NULL ? b : b->ctx, err));
	b->batch->at = NOTHING;
	return RC_OK;
}

enum rc bulk_end(struct bulk *b, struct err *err)
{
	size_t size;

	for (size_t done = 0; done < b->waiting; done += sizes[size]) {
		size = size_for(b, b->waiting - done);
		TRY(run(b, done, size, err));
	}
	b->waiting = 0;
	return RC_OK;
}

enum rc bulk_add(struct bulk *b, struct span entries, const struct sql_value *args, struct err *err)
{
	unsigned common = statements[b->which].common, parameters = statements[b->which].parameters;

	if (b->waiting == BULK_MAX)
		TRY(bulk_end(b, err));
	memcpy(b->args + common + b->waiting * parameters, args, parameters * sizeof(*args));
	b->spans[b->waiting++] = entries;
	return RC_OK;
}
