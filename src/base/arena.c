#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"

#include "base/arena.h"

/*
 * Each block is twice as large as the one before, from the facts of a connection to the fields of
 * a large message: a thousand sessions that wait for DNS hold little that they do not use.
 */
#define ARENA_FIRST_BLOCK 1024u
#define ARENA_LAST_BLOCK  (256u * 1024)

struct block {
	struct block *older;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *ptr;
};

struct arena {
	struct deferred *deferred;
	struct block *current; /* the newest */
	size_t next_size;
	size_t used;
	size_t max;
	bool failed;
};

struct arena *arena_create(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->next_size = ARENA_FIRST_BLOCK;
	a->max = max;
	return a;
}

void arena_free(struct arena **a)
{
	struct arena *arena = *a;

	if (arena == NULL)
		return;
	*a = NULL;
	for (struct deferred *d = arena->deferred; d != NULL; d = d->next)
		d->release(d->ptr);
	while (arena->current != NULL) {
		struct block *older = arena->current->older;

		free(arena->current);
		arena->current = older;
	}
	free(arena);
}

static bool arena_add_block(struct arena *a, size_t need)
{
	size_t size = need > a->next_size ? need : a->next_size;
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		return false;
	*b = (struct block){ .older = a->current, .size = size };
	a->current = b;
	if (a->next_size < ARENA_LAST_BLOCK)
		a->next_size *= 2;
	return true;
}

static bool arena_has_room(const struct arena *a, size_t need)
{
	return a->current != NULL && need <= a->current->size - a->current->used;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need;
	char *p;

	if (size > a->max - a->used || a->max - a->used - size < alignof(max_align_t))
		goto fail;
	need = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (!arena_has_room(a, need) && !arena_add_block(a, need))
		goto fail;
	p = a->current->data + a->current->used;
	a->current->used += need;
	a->used += need;
	memset(p, 0, size);
	return p;
fail:
	a->failed = true;
	return NULL;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, count * size);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p == NULL)
		return SLICE_NULL;
	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	return slice_of(p, s.len);
}

struct slice arena_lower(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p == NULL)
		return SLICE_NULL;
	for (size_t i = 0; i < s.len; i++)
		p[i] = ascii_lower(s.ptr[i]);
	return slice_of(p, s.len);
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		p = arena_alloc(a, (size_t)n + 1);
	if (p == NULL) {
		a->failed = true;
		return SLICE_NULL;
	}
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return slice_of(p, (size_t)n);
}

struct slice arena_take_buf(struct arena *a, struct buf *b)
{
	struct slice s = SLICE_NULL;

	if (buf_failed(b))
		a->failed = true;
	else
		s = arena_copy(a, buf_slice(b));
	buf_free(b);
	return s;
}

bool arena_grow(struct arena *a, void *array, size_t *cap, size_t count, size_t size)
{
	size_t want = *cap == 0 ? 8 : *cap * 2;
	void *old, *p;

	if (count < *cap)
		return true;
	p = arena_array(a, want, size);
	if (p == NULL)
		return false;
	memcpy(&old, array, sizeof(old));
	if (count > 0)
		memcpy(p, old, count * size);
	memcpy(array, &p, sizeof(p));
	*cap = want;
	return true;
}

bool arena_defer(struct arena *a, void (*release)(void *), void *ptr)
{
	struct deferred *d = arena_new(a, struct deferred);

	if (d == NULL) {
		release(ptr);
		return false;
	}
	*d = (struct deferred){ .next = a->deferred, .release = release, .ptr = ptr };
	a->deferred = d;
	return true;
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
