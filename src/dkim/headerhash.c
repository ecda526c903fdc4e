#include <stdlib.h>

#include "dkim/headerhash.h"

/* Entries are sorted by field name, and those of the same name by their position in the message. */
struct entry {
	const struct header *field;
	size_t first; /* index of the first entry of that name; only that one uses the next two */
	size_t count; /* fields of that name */
	size_t left;  /* not yet taken by the signature at hand */
};

struct header_fields {
	struct arena *arena;
	struct entry *entries;
	size_t count;
};

static int by_name_and_place(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = slice_icmp(a->field->name, b->field->name);

	if (order != 0)
		return order;
	return (a->field > b->field) - (a->field < b->field);
}

struct header_fields *header_fields_new(const struct message *m, struct arena *a)
{
	struct header_fields *f = arena_new(a, struct header_fields);
	size_t first = 0;

	if (f == NULL)
		return NULL;
	f->arena = a;
	f->entries = arena_new_array(a, m->count, struct entry);
	if (f->entries == NULL)
		return NULL;
	for (; f->count < m->count; f->count++)
		f->entries[f->count].field = &m->headers[f->count];
	if (f->count > 1)
		qsort(f->entries, f->count, sizeof(*f->entries), by_name_and_place);
	for (size_t i = 0; i < f->count; i++) {
		if (!slice_ieq(f->entries[i].field->name, f->entries[first].field->name))
			first = i;
		f->entries[i].first = first;
		f->entries[first].count++;
	}
	return f;
}

/* The first entry of that name, or NULL. */
static struct entry *find(struct header_fields *f, struct slice name)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		struct entry *e = &f->entries[low + (high - low) / 2];
		int order = slice_icmp(name, e->field->name);

		if (order == 0)
			return &f->entries[e->first];
		if (order < 0)
			high = (size_t)(e - f->entries);
		else
			low = (size_t)(e - f->entries) + 1;
	}
	return NULL;
}

/* RFC 6376 section 5.4.2: the last instance first; NULL if there are no more. */
static const struct header *take(struct header_fields *f, struct slice name,
    const struct header *own)
{
	struct entry *e = find(f, name);

	while (e != NULL && e->left > 0) {
		const struct header *field = e[--e->left].field;

		/* section 3.5: h= must not include the field that is being verified */
		if (field != own)
			return field;
	}
	return NULL;
}

enum rc header_fields_choose(struct header_fields *f, const struct slice *names, size_t count,
    const struct header *own, struct header_list *out)
{
	struct header_list list = { .fields = arena_new_array(f->arena, count, const struct header *) };

	if (list.fields == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < f->count; i++)
		f->entries[i].left = f->entries[i].count;
	for (size_t i = 0; i < count; i++) {
		const struct header *field = take(f, names[i], own);

		if (field != NULL)
			list.fields[list.count++] = field;
	}
	*out = list;
	return RC_OK;
}

static void add_octets(void *ctx, struct slice octets)
{
	digest_add(ctx, octets);
}

/* RFC 6376 section 3.7: the signature's own field comes last, its b= empty. */
enum rc header_hash(struct arena *a, const struct header_hash_params *params,
    unsigned char out[SHA256_OCTETS])
{
	struct digest *digest = digest_new(a);
	struct sink sink = { add_octets, digest };

	if (digest == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < params->fields.count; i++)
		canon_header(params->canon, params->fields.fields[i], false, sink);
	canon_header_without(params->canon, params->signature, params->b, sink);
	return digest_end(digest, out);
}
