#include <stdlib.h>
#include <string.h>

#include "daemon/windows.h"

/* One copy more than fit into the window, so that the oldest is at least its length ago. */
static const struct {
	const char *text;
	int64_t step_ms;
	size_t copies;
} kinds[WINDOW_COUNT] = {
	[WINDOW_MINUTE] = { "minute", 10 * 1000, 7 },
	[WINDOW_HOUR] = { "hour", 60 * 1000, 61 },
	[WINDOW_DAY] = { "day", 60 * 60 * 1000, 25 },
};

struct ring {
	int64_t copied_ms; /* the newest copy, or the start */
	size_t next;       /* the place of the next copy; the oldest, when all are filled */
	size_t filled;
	uint64_t *values;  /* copies after one another */
};

struct windows {
	size_t counters;
	struct ring rings[WINDOW_COUNT];
	uint64_t values[]; /* of all rings */
};

const char *window_text(enum window w)
{
	return kinds[w].text;
}

struct windows *windows_new(size_t counters, int64_t now_ms)
{
	struct windows *w;
	size_t copies = 0;

	for (size_t i = 0; i < WINDOW_COUNT; i++)
		copies += kinds[i].copies;
	w = calloc(1, sizeof(*w) + copies * counters * sizeof(w->values[0]));
	if (w == NULL)
		return NULL;
	w->counters = counters;
	copies = 0;
	for (size_t i = 0; i < WINDOW_COUNT; i++) {
		w->rings[i] = (struct ring){ .copied_ms = now_ms, .values = w->values + copies * counters };
		copies += kinds[i].copies;
	}
	return w;
}

static void copy(struct windows *w, enum window which, const uint64_t *values, int64_t now_ms)
{
	struct ring *ring = &w->rings[which];

	memcpy(ring->values + ring->next * w->counters, values, w->counters * sizeof(*values));
	ring->copied_ms = now_ms;
	ring->next = (ring->next + 1) % kinds[which].copies;
	if (ring->filled < kinds[which].copies)
		ring->filled++;
}

void windows_tick(struct windows *w, const uint64_t *values, int64_t now_ms)
{
	for (enum window i = 0; i < WINDOW_COUNT; i++)
		if (now_ms - w->rings[i].copied_ms >= kinds[i].step_ms)
			copy(w, i, values, now_ms);
}

uint64_t windows_growth(const struct windows *w, enum window which, size_t counter, uint64_t value)
{
	const struct ring *ring = &w->rings[which];

	if (ring->filled < kinds[which].copies)
		return value; /* the process is younger than the window */
	return value - ring->values[ring->next * w->counters + counter];
}
