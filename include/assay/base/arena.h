/*
 * arena.h - one owner for everything that one message (or one configuration) causes.
 *
 * Nothing inside is freed singly; arena_free() releases the whole.  An arena has a ceiling.  A
 * failed allocation returns NULL (or the null slice) and sets a sticky mark, so a coordinator asks
 * arena_failed() once before it believes a result.  Memory is zeroed and aligned for any type.
 * Not thread-safe: one arena belongs to one session at a time.
 */
#ifndef ASSAY_BASE_ARENA_H
#define ASSAY_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

struct arena;

struct arena *arena_create(size_t max); /* NULL: out of memory */
void arena_free(struct arena **a);      /* sets *a to NULL; NULL is fine */

void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size); /* checked product */

struct slice arena_copy(struct arena *a, struct slice s);  /* also NUL-terminated */
struct slice arena_lower(struct arena *a, struct slice s); /* copy with A-Z lowered */
struct slice arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Moves the content of b into the arena; a failed b gives the null slice and marks the arena. */
struct slice arena_take_buf(struct arena *a, struct buf *b);

/*
 * Room for one more element: *array (of *cap elements) is doubled inside the arena when count has
 * reached *cap.  Returns false when it cannot; the old array then stays as it was.
 */
bool arena_grow(struct arena *a, void *array, size_t *cap, size_t count, size_t size);

/*
 * Calls release(ptr) when the arena is freed, last registered first: for the few handles of
 * libraries that a message holds.  When it cannot be registered, release is called at once and
 * false returned.
 */
bool arena_defer(struct arena *a, void (*release)(void *), void *ptr);

bool arena_failed(const struct arena *a);
size_t arena_used(const struct arena *a); /* octets handed out */

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, count, type) ((type *)arena_array((a), (count), sizeof(type)))

#endif
