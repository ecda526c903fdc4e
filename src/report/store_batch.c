/* store_batch.c - what the writer collected, read, sorted and summed up. */
#include <stdlib.h>

#include "base/limits.h"
#include "crypto/digest.h"

#include "store_batch.h"

/* --- items ---------------------------------------------------------------------------------------- */

/* Its kind, and its length in four octets. */
#define ITEM_HEAD 5u

size_t store_item_begin(struct buf *out, enum store_item kind)
{
	size_t begun = out->len;

	buf_add_char(out, (char)kind);
	buf_add(out, SLICE("\0\0\0\0"));
	return begun;
}

void store_item_end(struct buf *out, size_t begun)
{
	size_t len = out->len - begun - ITEM_HEAD;

	if (buf_failed(out)) {
		buf_truncate(out, begun);
		return;
	}
	for (size_t i = 1; i < ITEM_HEAD; i++)
		out->ptr[begun + i] = (char)(unsigned char)(len >> 8 * (ITEM_HEAD - 1 - i) & 0xff);
}

bool store_item_next(struct cursor *c, enum store_item *kind, struct slice *out)
{
	size_t len = 0;

	if (cursor_left(c) < ITEM_HEAD)
		return false;
	*kind = (enum store_item)*c->at++;
	for (size_t i = 1; i < ITEM_HEAD; i++)
		len = len << 8 | (unsigned char)*c->at++;
	if (len > cursor_left(c))
		return false;
	*out = slice_of(c->at, len);
	c->at += len;
	return true;
}

/* --- a batch, sorted and summed up --------------------------------------------------------------------- */

/* By the key of the policy's table, then by that of the row's: the order in which locks are taken. */
static int entry_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order;

	if (a->row.day != b->row.day)
		return a->row.day < b->row.day ? -1 : 1;
	order = slice_cmp(a->row.domain, b->row.domain);
	if (order == 0)
		order = memcmp(a->policy_digest, b->policy_digest, DIGEST_OCTETS);
	return order != 0 ? order : memcmp(a->digest, b->digest, DIGEST_OCTETS);
}

enum rc entry_digest(struct slice octets, char out[DIGEST_OCTETS])
{
	unsigned char digest[SHA256_OCTETS];

	TRY(sha256(octets, digest));
	memcpy(out, digest, DIGEST_OCTETS);
	return RC_OK;
}

/* Policies of neighbours are mostly the same octets. */
static enum rc add_entry(struct batch *b, struct slice encoded)
{
	struct entry *e = &b->entries[b->count], *before = b->count == 0 ? NULL : e - 1;

	*e = (struct entry){ .messages = 1 };
	if (!report_row_split(encoded, &e->row))
		return RC_OK; /* not ours: ignored */
	TRY(entry_digest(e->row.tuple, e->digest));
	if (before != NULL && slice_eq(before->row.policy, e->row.policy))
		memcpy(e->policy_digest, before->policy_digest, DIGEST_OCTETS);
	else
		TRY(entry_digest(e->row.policy, e->policy_digest));
	b->count++;
	return RC_OK;
}

static size_t items_in(struct slice items)
{
	struct cursor c = cursor_of(items);
	struct slice item;
	enum store_item kind;
	size_t n = 0;

	while (store_item_next(&c, &kind, &item))
		n++;
	return n;
}

static void sum_up(struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 1; i < b->count; i++)
		if (entry_order(&b->entries[kept], &b->entries[i]) == 0)
			b->entries[kept].messages += b->entries[i].messages;
		else
			b->entries[++kept] = b->entries[i];
	b->count = b->count == 0 ? 0 : kept + 1;
}

enum rc batch_read(struct batch *b)
{
	struct cursor c = cursor_of(b->given->items);
	struct slice item;
	enum store_item kind;

	b->entries = arena_new_array(b->a, items_in(b->given->items) + 1, struct entry);
	if (b->entries == NULL)
		return RC_NOMEM;
	while (store_item_next(&c, &kind, &item))
		if (kind == STORE_ROW)
			TRY(add_entry(b, item));
	b->added.messages = b->count;
	qsort(b->entries, b->count, sizeof(*b->entries), entry_order);
	sum_up(b);
	b->added.rows = b->count;
	b->groups = arena_new_array(b->a, b->count + 1, struct group);
	return b->groups == NULL ? RC_NOMEM : incidents_read(b->a, b->given->items, &b->incidents);
}

/* --- days and policies ------------------------------------------------------------------------------ */

static bool of_one_policy(const struct entry *a, const struct entry *b)
{
	return slice_eq(a->row.domain, b->row.domain) && memcmp(a->policy_digest, b->policy_digest, DIGEST_OCTETS) == 0;
}

void batch_day(const struct batch *b, size_t *at, struct day *out)
{
	struct entry *first = &b->entries[*at], *last = b->entries + b->count;
	struct group *g = NULL;

	*out = (struct day){ .day = first->row.day, .groups = b->groups + *at };
	for (struct entry *e = first; e < last && e->row.day == out->day; e++, ++*at) {
		if (g == NULL || !of_one_policy(g->entries.first, e)) {
			g = &out->groups[out->count++];
			*g = (struct group){ .day = out, .entries = { e, e }, .policy = NO_POLICY };
		}
		g->entries.end = e + 1;
		e->group = g;
	}
}

bool day_same_domain(const struct day *d, size_t i, size_t j)
{
	return slice_eq(d->groups[i].entries.first->row.domain, d->groups[j].entries.first->row.domain);
}

size_t day_find_domain(const struct day *d, struct slice domain)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_cmp(d->groups[middle].entries.first->row.domain, domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t span_messages(struct span s)
{
	int64_t n = 0;

	for (const struct entry *e = s.first; e < s.end; e++)
		n += e->refused ? 0 : e->messages;
	return n;
}
