#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"

#include "base/arena.h"

/* Most messages fit the first block; larger ones double, up to this block size. */
#define ARENA_FIRST_BLOCK (16u * 1024)
#define ARENA_LAST_BLOCK  (256u * 1024)

struct block {
	struct block *next;
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
	struct block *first;
	struct block *current;
	size_t next_size;
	size_t used;
	size_t max;
	bool failed;
};

static struct block *block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b != NULL)
		*b = (struct block){ .size = size };
	return b;
}

struct arena *arena_create(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->first = a->current = block_new(ARENA_FIRST_BLOCK);
	if (a->first == NULL) {
		free(a);
		return NULL;
	}
	a->next_size = 2 * ARENA_FIRST_BLOCK;
	a->max = max;
	return a;
}

static void blocks_free(struct block *b)
{
	while (b != NULL) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

static void run_deferred(struct arena *a)
{
	for (struct deferred *d = a->deferred; d != NULL; d = d->next)
		d->release(d->ptr);
	a->deferred = NULL;
}

void arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	run_deferred(*a);
	blocks_free((*a)->first);
	free(*a);
	*a = NULL;
}

void arena_reset(struct arena *a)
{
	run_deferred(a);
	blocks_free(a->first->next);
	a->first->next = NULL;
	a->first->used = 0;
	a->current = a->first;
	a->next_size = 2 * ARENA_FIRST_BLOCK;
	a->used = 0;
	a->failed = false;
}

static bool arena_add_block(struct arena *a, size_t need)
{
	struct block *b = block_new(need > a->next_size ? need : a->next_size);

	if (b == NULL)
		return false;
	if (a->next_size < ARENA_LAST_BLOCK)
		a->next_size *= 2;
	a->current->next = b;
	a->current = b;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need;
	char *p;

	if (size > a->max - a->used || a->max - a->used - size < sizeof(max_align_t))
		goto fail;
	need = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (need > a->current->size - a->current->used && !arena_add_block(a, need))
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
