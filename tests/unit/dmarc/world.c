#include <stdlib.h>

#include "dns/backend.h"
#include "dns/zonefile.h"

#include "suites.h"

static struct dns_answer *copy_of(const struct dns_answer *from)
{
	size_t octets = 0;
	struct dns_answer *to;
	char *text;

	for (size_t i = 0; i < from->count; i++)
		octets += from->records[i].text.len + 1;
	to = dns_answer_new(from->status, from->count, octets, &text);
	ck_assert_ptr_nonnull(to);
	for (size_t i = 0; i < from->count; i++) {
		struct slice s = from->records[i].text;

		to->records[i] = from->records[i];
		if (s.len > 0)
			memcpy(text, s.ptr, s.len);
		to->records[i].text = slice_of(text, s.len);
		text += s.len + 1;
	}
	return to;
}

static void ask(void *ctx, struct dns_question *question, const char *name, enum dns_type type)
{
	struct world *w = ctx;
	struct lookups *l = lookups_new(w->zone, 1000);

	buf_addf(&w->asked, "%s %s\n", name, type == DNS_TXT ? "TXT" : type == DNS_A ? "A" : "?");
	resolver_deliver(question,
	    copy_of(lookups_await(l, LOOKUP_POLICY, slice_str(name), type)));
	lookups_release(&l);
}

static void leave(void *ctx)
{
	(void)ctx;
}

void world_open(struct world *w, const char *zone)
{
	static const struct dns_backend backend = { .ask = ask, .free = leave };
	static const struct resolver_params no_cache = { .cache_entries = 0 };
	struct err err = ERR_INIT;

	*w = (struct world){ .arena = arena_create(LIMIT_ARENA_BYTES), .asked = BUF_INIT(100000) };
	if (resolver_zonetext("zone", slice_str(zone), &w->zone, &err) != RC_OK)
		ck_abort_msg("%s\n%s", buf_cstr(&err.text), zone);
	w->resolver = resolver_new(&backend, w, &no_cache);
	ck_assert_ptr_nonnull(w->resolver);
	world_next_message(w);
}

void world_next_message(struct world *w)
{
	lookups_release(&w->lookups);
	w->lookups = lookups_new(w->resolver, 10000);
	buf_clear(&w->asked);
}

void world_close(struct world *w)
{
	lookups_release(&w->lookups);
	resolver_free(&w->resolver);
	resolver_free(&w->zone);
	buf_free(&w->asked);
	arena_free(&w->arena);
}

struct domain world_domain(struct world *w, const char *name)
{
	struct domain d = DOMAIN_NONE;

	if (name != NULL && *name != '\0' && !domain_parse(w->arena, slice_str(name), &d))
		ck_abort_msg("not a domain: %s", name);
	return d;
}
