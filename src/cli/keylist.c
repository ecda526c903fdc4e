/*
 * The actions that change nothing: list, show, check.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/plural.h"

#include "cli/key.h"

#define DAY (24 * 60 * 60)

/* Which keys a walk visits: those that the arguments name. */
struct wanting {
	const struct key_request *r;
	const struct key_walk *w;
	struct domain *domains; /* the arguments that are domains */
	int domain_count;
};

static enum rc wanting_init(struct wanting *wanting, struct key_request *r, const struct key_walk *w)
{
	int count = w->domains || r->argument_count == 0 ? r->argument_count : 1;

	*wanting = (struct wanting){ .r = r, .w = w, .domain_count = count,
		.domains = arena_new_array(r->arena, (size_t)count, struct domain) };
	for (int i = 0; wanting->domains != NULL && i < count; i++)
		if (!domain_parse(r->arena, slice_str(r->arguments[i]), &wanting->domains[i]))
			wanting->domains[i] = DOMAIN_NONE;
	return arena_failed(r->arena) ? RC_NOMEM : RC_OK;
}

static bool is_wanted(void *ctx, const struct signing_key *key)
{
	const struct wanting *wanting = ctx;
	const struct key_request *r = wanting->r;
	bool found = r->argument_count == 0;

	for (int i = 0; i < wanting->domain_count && !found; i++)
		found = domain_eq(wanting->domains[i], key->domain);
	if (!found || wanting->w->domains || r->argument_count < 2)
		return found;
	for (int i = 1; i < r->argument_count; i++)
		if (slice_ieq(slice_str(r->arguments[i]), key->selector))
			return true;
	return false;
}

static enum rc nothing_seen(struct key_request *r, struct wanting *wanting, const struct own_keys *keys)
{
	size_t there = 0;

	for (size_t i = 0; i < keys->count; i++) {
		if (!is_wanted(wanting, &keys->items[i]))
			continue;
		key_say(r, "%.*s/%.*s: %s already", SLICE_ARG(keys->items[i].domain.name),
		    SLICE_ARG(keys->items[i].selector), key_state_text(keys->items[i].state));
		there++;
	}
	return there > 0 ? RC_OK : err_config(r->err, "%s: there is no such key%s%s: `assay key list` prints all keys, "
	    "`assay key new DOMAIN` makes one", r->directory, r->argument_count > 0 ? " of " : "",
	    r->argument_count > 0 ? r->arguments[0] : "");
}

enum rc key_each(struct key_request *r, const struct key_walk *w)
{
	struct wanting wanting;
	struct sign_tables_wanted tables = { is_wanted, &wanting };
	struct own_keys keys;
	enum rc worst, rc;
	size_t seen = 0;

	TRY(wanting_init(&wanting, r, w));
	/* a directory that cannot be read fails the command in the end, and keeps no other key from its turn */
	worst = own_keys_read(r->arena, r->dns.settings, r->named_directory, w->tables ? &tables : NULL, &keys, r->err);
	for (size_t i = 0; i < keys.count && worst != RC_NOMEM; i++) {
		if (!is_wanted(&wanting, &keys.items[i]) || (w->states & 1u << keys.items[i].state) == 0)
			continue;
		seen++;
		key_progress(r, i + 1, keys.count, keys.items[i].domain);
		rc = w->visit(r, &keys.items[i]);
		worst = rc == RC_OK ? worst : rc;
	}
	if (seen == 0 && worst == RC_OK && r->argument_count > 0)
		worst = nothing_seen(r, &wanting, &keys);
	else if (seen == 0 && worst == RC_OK && w->none_is_said && !r->json)
		fprintf(stderr, "assay: no keys in %s: make one with `assay key new DOMAIN`\n", r->directory);
	own_keys_free(&keys);
	return worst;
}

/* --- list, show, check ------------------------------------------------------------------------------ */

static const char *place(const struct signing_key *key)
{
	return key->path.len == 0 ? "(in the key table)" : key->path.ptr;
}

static void print_age(struct key_request *r, const struct signing_key *key)
{
	int64_t since = key_since(r, key);

	if (since == 0)
		printf("%-9s", "-");
	else
		printf("%6lldd  ", (long long)((clock_now() - since) / DAY));
}

static void print_key(struct key_request *r, const struct signing_key *key,
    const struct private_key *private)
{
	printf("%-30.*s %-16.*s %-8s ", SLICE_ARG(key->domain.name), SLICE_ARG(key->selector),
	    key_state_text(key->state));
	print_age(r, key);
	if (private == NULL)
		printf("cannot be used  %s\n", place(key));
	else
		printf("%s-%u  %s\n", key_type_text(private_key_type(private)), private_key_bits(private),
		    place(key));
}

static enum rc list_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, r->dns.settings, key, &loaded, r->err);
	enum rc rc = RC_OK;

	if (r->json)
		rc = key_report(r, key, private, NULL);
	else
		print_key(r, key, private);
	private_key_free(&loaded);
	return rc == RC_OK && private == NULL ? RC_CONFIG : rc;
}

static enum rc show_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, r->dns.settings, key, &loaded, r->err);
	enum rc rc = RC_CONFIG;

	if (private != NULL && r->json) {
		rc = key_report(r, key, private, NULL);
	} else if (private != NULL) {
		int64_t days = (clock_now() - key_since(r, key)) / DAY;

		printf("; %.*s: %s for %lld %s\n", SLICE_ARG(key->selector), key_state_text(key->state),
		    (long long)days, plural(days, "day", "days"));
		rc = key_print_record(r, key, private);
	}
	private_key_free(&loaded);
	return rc;
}

static void print_finding(const struct signing_key *key, const struct published *found)
{
	static const char *const marks[PUBLISHED_STATES] = {
		[PUBLISHED] = "ok", [PUBLISHED_WRONG] = "BAD", [PUBLISHED_UNKNOWN] = "?",
	};

	printf("%-4s %.*s/%.*s (%s): ", marks[found->state], SLICE_ARG(key->domain.name),
	    SLICE_ARG(key->selector), key_state_text(key->state));
	print_text(found->what);
	putchar('\n');
}

static enum rc check_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, r->dns.settings, key, &loaded, r->err);
	struct published found = { .state = PUBLISHED_WRONG, .what = SLICE("the key cannot be used") };
	enum rc rc = private == NULL ? RC_OK : key_published(r, key, private, &found);

	if (rc == RC_OK && r->json)
		rc = key_report(r, key, private, &found);
	else if (rc == RC_OK)
		print_finding(key, &found);
	if (rc == RC_OK) {
		r->findings += found.state == PUBLISHED_WRONG;
		r->unknown += found.state == PUBLISHED_UNKNOWN;
	}
	private_key_free(&loaded);
	return rc;
}

enum rc key_list(struct key_request *r)
{
	return key_each(r, &(struct key_walk){ .domains = true, .tables = true, .states = ~0u,
	    .none_is_said = true, .visit = list_one });
}

enum rc key_show(struct key_request *r)
{
	return key_each(r, &(struct key_walk){ .tables = true, .states = ~0u, .visit = show_one });
}

enum rc key_check(struct key_request *r)
{
	return key_each(r, &(struct key_walk){ .domains = true, .tables = true, .visit = check_one,
	    .states = 1u << KEY_ACTIVE | 1u << KEY_PENDING | 1u << KEY_RETIRING });
}
