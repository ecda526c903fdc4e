#include "base/plural.h"
#include "base/repeats.h"

static bool is_of(const struct repeat *t, struct slice thing)
{
	return slice_eq(slice_of(t->thing, t->thing_len), slice_take(thing, REPEATS_THING_OCTETS));
}

static bool is_over(const struct repeat *t, int64_t now_ms)
{
	return now_ms - t->since_ms >= REPEATS_MS;
}

/* Returns the entry of thing, else a free one, else the shared one. */
static struct repeat *find(struct repeats *r, struct slice thing)
{
	struct repeat *unused = NULL;

	for (size_t i = 0; i < REPEATS_THINGS - 1; i++) {
		struct repeat *t = &r->things[i];

		if (t->thing_len == 0 && unused == NULL)
			unused = t;
		if (t->thing_len > 0 && is_of(t, thing))
			return t;
	}
	return unused != NULL ? unused : &r->things[REPEATS_THINGS - 1];
}

static void keep_line(struct repeat *t, int level, struct slice line)
{
	struct slice kept = slice_take(line, REPEATS_LINE_OCTETS);

	t->level = level;
	t->line_len = kept.len;
	if (kept.len > 0)
		memcpy(t->line, kept.ptr, kept.len);
}

static void begin(struct repeat *t, struct slice thing, int64_t now_ms)
{
	struct slice kept = slice_take(thing, REPEATS_THING_OCTETS);

	t->thing_len = kept.len;
	memcpy(t->thing, kept.ptr, kept.len);
	t->since_ms = now_ms;
	t->count = 0;
}

/*
 * If the interval is over but counted lines were not yet reported, the line is counted, too: repeats_next()
 * reports them first.
 */
bool repeats_add(struct repeats *r, struct slice thing, int level, struct slice line, int64_t now_ms)
{
	struct repeat *t = find(r, thing);
	bool first = t->thing_len == 0 || (is_over(t, now_ms) && t->count == 0);

	if (first)
		begin(t, thing, now_ms);
	else
		t->count++;
	keep_line(t, level, line);
	return first;
}

static void write_sum(const struct repeats *r, const struct repeat *t, int64_t now_ms, struct buf *out)
{
	bool shared = t == &r->things[REPEATS_THINGS - 1];

	buf_add(out, slice_of(t->line, t->line_len));
	buf_addf(out, " (%s%llu more %s in %lld s)", shared ? "and about other things: " : "",
	    (unsigned long long)t->count, plural(t->count, "time", "times"),
	    (long long)((now_ms - t->since_ms) / 1000));
}

bool repeats_next(struct repeats *r, int64_t now_ms, bool all, int *level_out, struct buf *out)
{
	for (size_t i = 0; i < REPEATS_THINGS; i++) {
		struct repeat *t = &r->things[i];

		if (t->thing_len == 0 || (!is_over(t, now_ms) && !all))
			continue;
		if (t->count > 0) {
			*level_out = t->level;
			write_sum(r, t, now_ms, out);
			t->since_ms = now_ms;
			t->count = 0;
			return true;
		}
		if (all || is_over(t, now_ms))
			t->thing_len = 0;
	}
	return false;
}
