/*
 * Moves keys through their states.  Each call takes one step, so that a timer can run it and an interrupted
 * rotation continues at the next call:
 *
 *     the active key is old       -> make the next one, have its record published
 *     pending, not published      -> have its record published
 *     pending, published          -> note since when (SELECTOR.visible)
 *     ... for the negative TTL    -> activate it: from now on both sign
 *     two active ones             -> after --overlap the older one stops signing, its record stays
 *                                    (retiring)
 *     retiring for a week         -> retired: its record may go
 *
 * Where several hosts sign with one set of keys, one of them rotates (.writer names it); the others get
 * the files with their times, and go on with the old key until the new one is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/owner.h"
#include "base/plural.h"

#include "cli/key.h"

#define DAY             (24 * 60 * 60)
#define RETIRING_TIME   (7 * DAY)
#define UNKNOWN_TTL     (60 * 60) /* where a zone's negative TTL could not be seen */
#define HOOK_VARIABLES  7

extern char **environ;

struct rotating_key {
	const struct signing_key *key;
	struct private_key *private; /* owned */
	int64_t since;
};

/* The keys of one domain and one type, the newest of each state first. */
struct rotation {
	struct key_request *r;
	struct domain domain;
	enum key_type type;
	struct rotating_key *keys;
	size_t count;
	int64_t now, every, overlap;
};

enum step { STEP_NONE, STEP_MAKE, STEP_PENDING, STEP_RETIRE_OLD, STEP_RETIRED, STEP_COUNT };

static const struct {
	const char *code, *text; /* for JSON, stable; for people */
} step_text[STEP_COUNT] = {
	[STEP_NONE] = { "none", "nothing is due" },
	[STEP_MAKE] = { "make", "make the next key" },
	[STEP_PENDING] = { "prove", "publish and prove the pending key, then activate it" },
	[STEP_RETIRE_OLD] = { "retire-old", "stop signing with the older key" },
	[STEP_RETIRED] = { "remove", "retire the key that has been retiring for a week" },
};

/* More than clocks of hosts that share the keys differ by. */
static bool is_ahead(const struct rotation *t, int64_t since)
{
	return since > t->now + DAY;
}

/* --- what is due ------------------------------------------------------------------------------- */

static const struct rotating_key *newest(const struct rotation *t, enum key_state state)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->keys[i].key->state == state)
			return &t->keys[i];
	return NULL;
}

static const struct rotating_key *oldest(const struct rotation *t, enum key_state state)
{
	for (size_t i = t->count; i > 0; i--)
		if (t->keys[i - 1].key->state == state)
			return &t->keys[i - 1];
	return NULL;
}

static enum step due(const struct rotation *t, const struct rotating_key **key_out)
{
	const struct rotating_key *active = newest(t, KEY_ACTIVE), *old = oldest(t, KEY_ACTIVE);
	const struct rotating_key *pending = newest(t, KEY_PENDING), *retiring = oldest(t, KEY_RETIRING);

	*key_out = pending;
	if (pending != NULL)
		return STEP_PENDING;
	*key_out = old;
	if (old != NULL && old != active && t->now - active->since >= t->overlap)
		return STEP_RETIRE_OLD;
	*key_out = retiring;
	if (retiring != NULL && t->now - retiring->since >= RETIRING_TIME)
		return STEP_RETIRED;
	*key_out = active;
	return active != NULL && t->now - active->since >= t->every ? STEP_MAKE : STEP_NONE;
}

/* --- the hook ----------------------------------------------------------------------------------- */

/* The environment of the hook, with its variables. */
static char **hook_environment(struct arena *a, const struct slice *variables)
{
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = arena_new_array(a, n + HOOK_VARIABLES + 1, char *);
	if (env == NULL)
		return NULL;
	memcpy(env, environ, n * sizeof(*env));
	for (size_t i = 0; i < HOOK_VARIABLES; i++)
		env[n + i] = (char *)(uintptr_t)variables[i].ptr;
	return arena_failed(a) ? NULL : env;
}

static enum rc run_hook(struct rotation *t, const struct rotating_key *k, const char *action,
    struct slice target)
{
	struct arena *a = t->r->arena;
	struct slice d = k->key->domain.name, s = k->key->selector;
	struct buf text = BUF_INIT(16u * 1024);
	char *argv[] = { (char *)(uintptr_t)t->r->hook, NULL };
	struct slice variables[HOOK_VARIABLES];
	char **env;
	int status = 0, failed;
	pid_t pid;

	TRY(published_text(k->private, &text));
	variables[0] = arena_printf(a, "ASSAY_ACTION=%s", action);
	variables[1] = arena_printf(a, "ASSAY_DOMAIN=%.*s", SLICE_ARG(d));
	variables[2] = arena_printf(a, "ASSAY_SELECTOR=%.*s", SLICE_ARG(s));
	variables[3] = arena_printf(a, "ASSAY_NAME=%.*s._domainkey.%.*s", SLICE_ARG(s), SLICE_ARG(d));
	variables[4] = arena_printf(a, "ASSAY_VALUE=%s", buf_cstr(&text));
	variables[5] = SLICE("ASSAY_TTL=3600");
	variables[6] = arena_printf(a, "ASSAY_TARGET=%.*s", SLICE_ARG(target));
	buf_free(&text);
	env = hook_environment(a, variables);
	if (env == NULL)
		return RC_NOMEM;
	fflush(stdout);
	failed = posix_spawn(&pid, t->r->hook, NULL, NULL, argv, env);
	if (failed != 0)
		return err_config(t->r->err, "--hook %s: %s", t->r->hook, strerror(failed));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_config(t->r->err, "--hook %s: it failed to %s %.*s; the next call tries again",
		    t->r->hook, action, SLICE_ARG(slice_drop(variables[3], 11)));
	return RC_OK;
}

/* By the hook, or by the operator. */
static enum rc have_published(struct rotation *t, const struct rotating_key *k,
    const struct published *found)
{
	if (t->r->hook != NULL)
		return run_hook(t, k, "publish", found->target);
	key_say(t->r, "publish this record%s%.*s:", slice_eq(found->name, found->target) ? "" : " at ",
	    SLICE_ARG(slice_eq(found->name, found->target) ? SLICE("") : found->target));
	return key_print_record(t->r, k->key, k->private);
}

/* --- a pending key -------------------------------------------------------------------------------- */

/* Since when the record has been seen in the DNS: the time of a file that the first call creates. */
static enum rc visible_since(struct rotation *t, const struct rotating_key *k, int64_t *out)
{
	const char *path = key_visible_path(t->r, t->domain, k->key->selector);
	struct stat st;
	int fd;

	TRY(owner_act(t->r->directory, t->r->err));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644); /* no FIFO is waited for */
	owner_act_no_more();
	if (fd < 0 || fstat(fd, &st) != 0) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		return err_config(t->r->err, "%s: %s", path, strerror(saved));
	}
	close(fd);
	*out = st.st_mtim.tv_sec;
	return RC_OK;
}

static enum rc forget_visible(struct rotation *t, const struct rotating_key *k)
{
	TRY(owner_act(t->r->directory, t->r->err));
	unlink(key_visible_path(t->r, t->domain, k->key->selector)); /* it need not be there */
	owner_act_no_more();
	return RC_OK;
}

/* The same, where the clock was ahead: as if the record were seen for the first time. */
static enum rc visible_since_now(struct rotation *t, const struct rotating_key *k, int64_t *out)
{
	TRY(visible_since(t, k, out));
	if (!is_ahead(t, *out))
		return RC_OK;
	TRY(forget_visible(t, k));
	return visible_since(t, k, out);
}

static enum rc when_visible(struct rotation *t, const struct rotating_key *k,
    const struct published *found)
{
	int64_t ttl = found->negative_ttl >= 0 ? found->negative_ttl : UNKNOWN_TTL, since = t->now;

	TRY(visible_since_now(t, k, &since));
	if (t->now - since < ttl) {
		key_say(t->r, "%.*s/%.*s: published; resolvers may not know it for %lld %s more",
		    SLICE_ARG(t->domain.name), SLICE_ARG(k->key->selector), (long long)(since + ttl - t->now),
		    plural(since + ttl - t->now, "second", "seconds"));
		return RC_OK;
	}
	TRY(key_move(t->r, k->key, KEY_ACTIVE));
	TRY(forget_visible(t, k));
	return RC_OK;
}

/* The servers did not answer, so neither the record nor where it must be is known: the next call asks again. */
static enum rc not_known(struct rotation *t, const struct published *found)
{
	t->r->unknown++;
	key_say(t->r, "%.*s: %.*s", SLICE_ARG(found->name), SLICE_ARG(found->what));
	return RC_OK;
}

static enum rc step_pending(struct rotation *t, const struct rotating_key *k)
{
	struct published found;

	TRY(key_published(t->r, k->key, k->private, &found));
	if (found.state == PUBLISHED)
		return when_visible(t, k, &found);
	TRY(forget_visible(t, k));
	if (found.state == PUBLISHED_UNKNOWN)
		return not_known(t, &found);
	key_say(t->r, "%.*s: not published yet: %.*s", SLICE_ARG(found.name), SLICE_ARG(found.what));
	return have_published(t, k, &found);
}

/* --- the other steps -------------------------------------------------------------------------------- */

static enum rc step_make(struct rotation *t, const struct rotating_key *k)
{
	struct signing_key key = { .state = KEY_PENDING };
	struct rotating_key made = { .key = &key };
	struct published found;
	enum rc rc;

	(void)k;
	rc = key_make(t->r, t->domain, t->type, SLICE_NULL, &key, &made.private);
	if (rc == RC_OK) {
		key_say(t->r, "%.*s/%.*s: pending", SLICE_ARG(t->domain.name), SLICE_ARG(key.selector));
		rc = key_published(t->r, &key, made.private, &found);
	}
	if (rc == RC_OK)
		rc = found.state == PUBLISHED_UNKNOWN ? not_known(t, &found) : have_published(t, &made, &found);
	private_key_free(&made.private);
	return rc;
}

static enum rc step_retire_old(struct rotation *t, const struct rotating_key *k)
{
	return key_move(t->r, k->key, KEY_RETIRING);
}

/* The removal of the record comes first: if this is interrupted, the next call asks for it again. */
static enum rc step_retired(struct rotation *t, const struct rotating_key *k)
{
	struct published found;

	TRY(key_published(t->r, k->key, k->private, &found));
	if (found.state == PUBLISHED_UNKNOWN)
		return not_known(t, &found);
	if (t->r->hook != NULL)
		TRY(run_hook(t, k, "remove", found.target));
	else
		key_say(t->r, "%.*s: this record can be emptied (p=) or removed now", SLICE_ARG(found.target));
	return key_move(t->r, k->key, KEY_RETIRED);
}

static enum rc step_none(struct rotation *t, const struct rotating_key *k)
{
	(void)t;
	(void)k;
	return RC_OK;
}

static enum rc (*const steps[STEP_COUNT])(struct rotation *t, const struct rotating_key *k) = {
	[STEP_NONE] = step_none,
	[STEP_MAKE] = step_make,
	[STEP_PENDING] = step_pending,
	[STEP_RETIRE_OLD] = step_retire_old,
	[STEP_RETIRED] = step_retired,
};

/* --- plan ---------------------------------------------------------------------------------------------- */

static void print_date(struct key_request *r, const char *what, int64_t when)
{
	time_t t = (time_t)when;
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	key_say(r, "  %s %s", text, what);
}

static void print_plan(const struct rotation *t, enum step step, const struct key_report_step *dates)
{
	key_say(t->r, "%.*s (%s): %s", SLICE_ARG(t->domain.name), key_type_text(t->type), step_text[step].text);
	if (dates->next != 0 && step == STEP_NONE)
		print_date(t->r, "make the next key", dates->next);
	if (dates->removal != 0)
		print_date(t->r, "the retiring key's record may be removed", dates->removal);
}

static struct key_report_step dates_of(const struct rotation *t, enum step step)
{
	const struct rotating_key *active = newest(t, KEY_ACTIVE), *retiring = oldest(t, KEY_RETIRING);

	return (struct key_report_step){ .domain = t->domain, .type = t->type, .step = step_text[step].code,
		.next = active == NULL ? 0 : active->since + t->every,
		.removal = retiring == NULL ? 0 : retiring->since + RETIRING_TIME };
}

/* --- domains --------------------------------------------------------------------------------------------- */

/* Of times that a clock set that was ahead: such a key would be the newest one, and not get older, for as long. */
static enum rc mend_times(struct rotation *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!is_ahead(t, t->keys[i].since))
			continue;
		if (!t->r->plan && !t->r->dry_run)
			TRY(key_begin_again(t->r, t->keys[i].key));
		t->keys[i].since = t->now;
	}
	return RC_OK;
}

static int newest_first(const void *a, const void *b)
{
	const struct rotating_key *x = a, *y = b;

	return x->since > y->since ? -1 : x->since < y->since;
}

static enum rc rotate_type(struct rotation *t)
{
	const struct rotating_key *k = NULL;
	struct key_report_step dates;
	enum rc rc = mend_times(t);
	enum step step;

	if (rc != RC_OK)
		return rc;
	qsort(t->keys, t->count, sizeof(*t->keys), newest_first);
	step = due(t, &k);
	dates = dates_of(t, step);
	if (t->r->plan || t->r->dry_run)
		print_plan(t, step, &dates);
	else
		rc = steps[step](t, k);
	return rc == RC_OK && t->r->json ? key_report_add_step(t->r, &dates) : rc;
}

/* Keys that cannot be used are reported, by the first type, and not rotated. */
static void collect(struct rotation *t, const struct signing_key *keys, size_t count)
{
	struct err unheard = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		struct rotating_key k = { .key = &keys[i], .since = key_since(t->r, &keys[i]) };

		if (own_key_load(t->r->arena, t->r->dns.settings, &keys[i], &k.private,
		    t->type == KEY_RSA ? t->r->err : &unheard) == NULL)
			continue;
		if (private_key_type(k.private) == t->type)
			t->keys[t->count++] = k;
		else
			private_key_free(&k.private);
	}
	err_free(&unheard);
}

/* What is set of every rotation. */
struct rotation_times {
	int64_t every, overlap;
};

static enum rc rotate_domain(struct key_request *r, const struct rotation_times *times,
    const struct signing_key *keys, size_t count)
{
	enum rc worst = RC_OK;

	for (enum key_type type = KEY_RSA; type <= KEY_ED25519; type++) {
		struct rotation t = { .r = r, .domain = keys[0].domain, .type = type, .every = times->every,
			.overlap = times->overlap, .now = clock_now() };
		enum rc rc = RC_OK;

		t.keys = arena_new_array(r->arena, count, struct rotating_key);
		if (t.keys == NULL)
			return RC_NOMEM;
		collect(&t, keys, count);
		if (t.count > 0)
			rc = rotate_type(&t);
		for (size_t i = 0; i < t.count; i++)
			private_key_free(&t.keys[i].private);
		worst = rc == RC_OK ? worst : rc;
	}
	return worst;
}

/* "180d", "12w", "24h", "90s" */
static bool duration(struct slice text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY }, { 'w', 7 * DAY } };
	struct cursor c = cursor_of(text);
	uint64_t n;

	if (!take_uint(&c, 6, 999999, &n))
		return false;
	for (size_t i = 0; i < N_ELEMENTS(units); i++) {
		*out = (int64_t)n * units[i].seconds;
		if (take_char(&c, units[i].unit))
			return cursor_done(&c);
	}
	return false;
}

static bool is_asked_for(const struct key_request *r, struct domain d)
{
	struct domain named;

	for (int i = 0; i < r->argument_count; i++)
		if (domain_parse(r->arena, slice_str(r->arguments[i]), &named) && domain_eq(named, d))
			return true;
	return r->all;
}

/* The directories that cannot be read have been reported before. */
static enum rc read_again(struct key_request *r, enum rc listed, struct signing_key **keys, size_t *count)
{
	struct err ignored = ERR_INIT;
	enum rc rc = keystore_list(r->directory, r->arena, keys, count, listed == RC_OK ? r->err : &ignored);

	err_free(&ignored);
	return rc;
}

/* The keys as they are once interrupted moves are complete; RC_CONFIG: some directories cannot be read. */
static enum rc read_keys(struct key_request *r, struct signing_key **keys, size_t *count)
{
	bool settled, any = false;
	enum rc listed = keystore_list(r->directory, r->arena, keys, count, r->err);

	if (r->plan || r->dry_run || *count == 0)
		return listed;
	TRY(key_writer(r));
	for (size_t first = 0, next; first < *count; first = next) {
		for (next = first; next < *count && domain_eq((*keys)[next].domain, (*keys)[first].domain);)
			next++;
		if (is_asked_for(r, (*keys)[first].domain))
			TRY(key_settle(r, *keys + first, next - first, &settled));
		else
			settled = false;
		any = any || settled;
	}
	return any ? read_again(r, listed, keys, count) : listed;
}

enum rc key_rotate(struct key_request *r)
{
	struct signing_key *keys = NULL;
	struct rotation_times times;
	enum rc worst, rc;
	size_t count = 0, seen = 0;

	if (!duration(slice_str(r->every), &times.every))
		return err_config(r->err, "--every %s: write a time, as 180d", r->every);
	if (!duration(slice_str(r->overlap), &times.overlap))
		return err_config(r->err, "--overlap %s: write a time, as 2d", r->overlap);
	worst = read_keys(r, &keys, &count);
	for (size_t first = 0, next; first < count && worst != RC_NOMEM; first = next) {
		for (next = first; next < count && domain_eq(keys[next].domain, keys[first].domain);)
			next++;
		if (!is_asked_for(r, keys[first].domain))
			continue;
		seen++;
		key_progress(r, next, count, keys[first].domain);
		rc = rotate_domain(r, &times, keys + first, next - first);
		worst = rc == RC_OK ? worst : rc;
	}
	if (seen == 0 && worst == RC_OK)
		return err_config(r->err, "%s: there is no key to rotate: `assay key new` makes one",
		    r->directory);
	return worst;
}
