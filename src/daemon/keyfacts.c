#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/plural.h"
#include "signing/tables.h"

#include "daemon/keyfacts.h"

#define DAY 86400

/* For people the list is short, because `assay key list` shows all keys. */
#define ROWS_FOR_PEOPLE 20u

struct key_fact {
	const struct signing_key *key;
	const char *domain, *selector;
	int64_t since;
	bool unusable; /* active, and the daemon cannot sign with it */
};

struct key_facts {
	struct key_fact *items;
	size_t count;
	size_t by_state[KEY_STATES], unusable;
};

static int by_age(const void *a, const void *b)
{
	const struct key_fact *x = a, *y = b;

	return x->since < y->since ? -1 : x->since > y->since;
}

/* The file's time is when the key got its state (signing/keystore.h); a key in a table itself has none. */
static void add_key(struct key_facts *facts, const struct signing_key *key, bool usable, struct arena *a)
{
	struct key_fact *fact = &facts->items[facts->count];
	struct stat st;

	if (stat(key->path.ptr, &st) != 0)
		return; /* it went away just now */
	fact->key = key;
	fact->domain = arena_copy(a, key->domain.name).ptr;
	fact->selector = arena_copy(a, key->selector).ptr;
	fact->since = (int64_t)st.st_mtime;
	fact->unusable = key->state == KEY_ACTIVE && !usable;
	facts->by_state[key->state]++;
	facts->unusable += fact->unusable;
	facts->count++;
}

/* A directory that cannot be read is treated as empty; --check and the log report the reason. */
static size_t list_directory(const struct settings *s, struct arena *a, struct signing_key **out)
{
	struct err ignored = ERR_INIT;
	size_t count = 0;

	if (keystore_list(s->keys_directory.ptr, a, out, &count, &ignored) != RC_OK)
		count = 0;
	err_free(&ignored);
	return count;
}

static size_t list_tables(const struct settings *s, struct arena *a, struct signing_key **out)
{
	size_t count = 0;

	return s->tables != NULL && sign_tables_keys(s->tables, a, NULL, out, &count) == RC_OK ? count : 0;
}

/* A key that was activated since the last message of its domain is in use, although no message has asked for it. */
static bool signs(struct keystore *ks, const struct signing_key *key, struct arena *a)
{
	return keystore_has(ks, key->domain, key->selector) ||
	    (key->state == KEY_ACTIVE && keystore_signs(ks, a, key->domain, key->selector, clock_monotonic_ms()));
}

/* False: out of memory. */
static bool read_keys(const struct settings *s, struct arena *a, struct key_facts *facts)
{
	struct signing_key *keys = NULL, *tabled = NULL;
	size_t count = list_directory(s, a, &keys), tabled_count = list_tables(s, a, &tabled);

	facts->items = arena_new_array(a, count + tabled_count, struct key_fact);
	if (arena_failed(a))
		return false;
	for (size_t i = 0; i < count; i++)
		add_key(facts, &keys[i], s->keystore != NULL &&
		    signs(s->keystore, &keys[i], a), a);
	for (size_t i = 0; i < tabled_count; i++)
		if (tabled[i].path.len > 0)
			add_key(facts, &tabled[i], !tabled[i].unusable, a);
	if (facts->count > 1)
		qsort(facts->items, facts->count, sizeof(*facts->items), by_age);
	if (facts->count > LIMIT_STATUS_KEYS)
		facts->count = LIMIT_STATUS_KEYS;
	return !arena_failed(a);
}

/* --- rows ------------------------------------------------------------------------------------- */

static int64_t rotation_of(const struct key_fact *k)
{
	return k->since + (int64_t)KEY_ROTATION_DAYS * DAY;
}

static const char *state_of(const struct key_fact *k)
{
	return k->unusable ? "unusable" : key_state_text(k->key->state);
}

static void describe(const struct key_fact *k, int64_t now, struct buf *out)
{
	int64_t age = (now - k->since) / DAY, left = (rotation_of(k) - now) / DAY;
	bool overdue = rotation_of(k) < now;

	buf_addf(out, "%.*s %.*s: %s for %lld %s", SLICE_ARG(k->key->domain.name),
	    SLICE_ARG(k->key->selector), state_of(k), (long long)age, plural(age, "day", "days"));
	if (k->key->state == KEY_ACTIVE && overdue)
		buf_addf(out, ", rotation overdue for %lld %s", (long long)-left, plural(-left, "day", "days"));
	else if (k->key->state == KEY_ACTIVE)
		buf_addf(out, ", rotation due in %lld %s", (long long)left, plural(left, "day", "days"));
}

static void write_row(struct facts *f, const struct key_fact *k, int64_t now)
{
	struct buf line = BUF_INIT(1024);

	describe(k, now, &line);
	facts_row(f, buf_cstr(&line));
	facts_row_text(f, "domain", k->key->domain.name);
	facts_row_text(f, "selector", k->key->selector);
	facts_row_text(f, "state", slice_str(state_of(k)));
	facts_row_number(f, "since", k->since);
	facts_row_number(f, "age_days", (now - k->since) / DAY);
	if (k->key->state == KEY_ACTIVE)
		facts_row_number(f, "rotation_due_days", (rotation_of(k) - now) / DAY);
	facts_row_end(f);
	buf_free(&line);
}

static void write_rows(struct facts *f, const struct key_facts *facts, int64_t now)
{
	size_t shown = f->form == FACTS_TEXT && facts->count > ROWS_FOR_PEOPLE ? ROWS_FOR_PEOPLE : facts->count;

	facts_list(f, "keys", "Keys, the oldest first");
	for (size_t i = 0; i < shown; i++)
		write_row(f, &facts->items[i], now);
	if (shown < facts->count)
		facts_row(f, "and more: assay key list");
}

/* --- metrics ---------------------------------------------------------------------------------- */

/* One value for each active key. */
static void write_times(struct facts *f, const struct key_facts *facts, const char *name, const char *help,
    int64_t (*time_of)(const struct key_fact *))
{
	facts_family(f, name, FACTS_GAUGE, help);
	for (size_t i = 0; i < facts->count; i++) {
		const struct key_fact *k = &facts->items[i];

		if (k->key->state == KEY_ACTIVE)
			facts_add(f, &(struct fact){ .label = "domain", .text = k->domain,
			    .label2 = "selector", .text2 = k->selector, .value = (uint64_t)time_of(k) });
	}
}

static int64_t since_of(const struct key_fact *k)
{
	return k->since;
}

static void write_counts(struct facts *f, const struct key_facts *facts)
{
	facts_family(f, "keys", FACTS_GAUGE, "Keys of the key directory and of sign-tables by state; active ones that "
	    "cannot be used count as unusable as well");
	for (enum key_state state = KEY_ACTIVE; state < KEY_STATES; state++)
		facts_labelled(f, "state", key_state_text(state), facts->by_state[state]);
	facts_labelled(f, "state", "unusable", facts->unusable);
}

void keyfacts_write(struct facts *f, const struct settings *s, int64_t now)
{
	struct arena *a = arena_create(LIMIT_CONFIG_ARENA);
	struct key_facts facts = { .count = 0 };

	if (a != NULL && read_keys(s, a, &facts)) {
		if (!facts_are_metrics(f)) {
			write_rows(f, &facts, now);
		} else {
			write_counts(f, &facts);
			write_times(f, &facts, "key_active_timestamp_seconds",
			    "Since when the key has been active, in seconds since 1970", since_of);
			write_times(f, &facts, "key_rotation_timestamp_seconds",
			    "When the key should be rotated, in seconds since 1970", rotation_of);
		}
	}
	if (a != NULL)
		arena_free(&a);
}
