/*
 * The proof that a key may sign: each server of the zone has its record, and the resolver sees it.
 *
 *     selector._domainkey.domain -> the servers of its zone: an alias (CNAME) at all of them?
 *         -> the alias's target -> the servers of that zone, ...
 *         -> the record, at all of them?
 */
#include "base/limits.h"
#include "base/plural.h"
#include "dns/authority.h"

#include "cli/published.h"

struct walk {
	const struct published_key *key;
	const struct published_servers *servers;
	struct err *err;
	struct published *found;
	size_t cap;
};

static enum rc note_answer(struct walk *w, struct published_answer answer)
{
	struct published *p = w->found;

	if (!arena_grow(w->key->arena, &p->answers, &w->cap, p->answer_count, sizeof(*p->answers)))
		return RC_NOMEM;
	p->answers[p->answer_count++] = answer;
	return RC_OK;
}

static enum rc note(struct walk *w, struct slice server, enum published_state state, struct slice what)
{
	return note_answer(w, (struct published_answer){ server, state, what, -1 });
}

/* --- one server --------------------------------------------------------------------------------- */

static struct slice server_text(struct arena *a, const struct authority_server *s)
{
	return s->name.len == 0 ? s->address :
	    arena_printf(a, "%.*s (%.*s)", SLICE_ARG(s->name), SLICE_ARG(s->address));
}

/* What a server says of a name: where it leads (an alias), or what is published there. */
static enum rc ask_one(struct walk *w, struct lookups *l, struct slice name, struct slice server,
    struct slice *alias_out)
{
	const struct dns_answer *answer = lookups_await(l, LOOKUP_DKIM, name, DNS_CNAME);
	struct published_answer here = { .server = server };
	struct arena *a = w->key->arena;

	*alias_out = SLICE_NULL;
	if (dns_status_is_temporary(answer->status))
		return note(w, server, PUBLISHED_UNKNOWN, answer->status == DNS_SERVFAIL ?
		    SLICE("could not ask: server failure") : SLICE("could not ask: no answer, or it is refused"));
	if (answer->status == DNS_FOUND) {
		*alias_out = arena_copy(a, answer->records[0].text);
		return note(w, server, PUBLISHED_WRONG, arena_printf(a, "an alias of %.*s", SLICE_ARG(*alias_out)));
	}
	TRY(published_at(w->key, l, name, &here));
	return note_answer(w, here);
}

/* *asked_out false: this host has no route to it. */
static enum rc ask_server(struct walk *w, const struct authority_server *s, struct slice name,
    struct slice *alias_out, bool *asked_out)
{
	struct resolver *resolver = NULL;
	struct lookups *l;
	enum rc rc = RC_NOMEM;

	*alias_out = SLICE_NULL;
	TRY(authority_resolver(s->address, w->servers->timeout_ms, &resolver, w->err));
	*asked_out = resolver != NULL;
	if (resolver == NULL)
		return RC_OK;
	l = lookups_new(resolver, w->servers->deadline_ms);
	if (l != NULL)
		rc = ask_one(w, l, name, server_text(w->key->arena, s), alias_out);
	lookups_release(&l);
	resolver_free(&resolver);
	return rc;
}

/* --- the servers of one zone -------------------------------------------------------------------- */

static bool same_server(const struct authority_server *a, const struct authority_server *b)
{
	return slice_eq(a->name, b->name);
}

/* At least one address of each server must have been asked.  Its other addresses may lack a route from this host. */
static enum rc note_unreached(struct walk *w, const struct authority *z, const bool *asked)
{
	for (size_t i = 0; i < z->count; i++) {
		bool reached = false;

		for (size_t k = 0; k < z->count; k++)
			reached = reached || (asked[k] && same_server(&z->servers[i], &z->servers[k]));
		if (!reached)
			TRY(note(w, server_text(w->key->arena, &z->servers[i]), PUBLISHED_UNKNOWN,
			    SLICE("could not ask: this host has no route to that address")));
	}
	return RC_OK;
}

/* *alias_out: the target of the alias, if every server that answered has the same one; else null. */
static enum rc ask_servers(struct walk *w, const struct authority *z, struct slice name,
    struct slice *alias_out)
{
	size_t first = w->found->answer_count, kept = first;
	bool asked[LIMIT_AUTHORITY_SERVERS] = { false }, agreed = true;
	struct slice alias;

	*alias_out = SLICE_NULL;
	for (size_t i = 0; i < z->count; i++) {
		size_t before = w->found->answer_count;

		TRY(ask_server(w, &z->servers[i], name, &alias, &asked[i]));
		if (!asked[i] || w->found->answers[before].state == PUBLISHED_UNKNOWN)
			continue;
		agreed = agreed && alias.len > 0 && (alias_out->len == 0 || slice_eq(alias, *alias_out));
		*alias_out = alias.len > 0 ? alias : *alias_out;
	}
	TRY(note_unreached(w, z, asked));
	if (!agreed)
		*alias_out = SLICE_NULL;
	/* an alias that all servers have is followed: only the failures of this zone remain in the report */
	for (size_t i = first; alias_out->len > 0 && i < w->found->answer_count; i++)
		if (w->found->answers[i].state == PUBLISHED_UNKNOWN)
			w->found->answers[kept++] = w->found->answers[i];
	if (alias_out->len > 0)
		w->found->answer_count = kept;
	return RC_OK;
}

static enum rc find_servers(struct walk *w, struct slice name, struct authority *out,
    enum dns_status *status_out)
{
	const struct published_servers *s = w->servers;
	struct lookups *l;
	enum rc rc;

	if (s->server_count > 0) {
		*out = (struct authority){ .servers = arena_new_array(w->key->arena, s->server_count,
		    struct authority_server) };
		for (size_t i = 0; out->servers != NULL && i < s->server_count && i < LIMIT_AUTHORITY_SERVERS; i++)
			out->servers[out->count++].address = s->servers[i];
		*status_out = DNS_FOUND;
		return out->servers == NULL ? RC_NOMEM : RC_OK;
	}
	l = lookups_new(s->resolver, s->deadline_ms);
	if (l == NULL)
		return RC_NOMEM;
	rc = authority_find(w->key->arena, l, name, out, status_out);
	lookups_release(&l);
	return rc;
}

static enum rc ask_zones(struct walk *w)
{
	struct slice alias = w->found->name;

	for (unsigned links = 0; alias.len > 0 && links <= LIMIT_CNAME_CHAIN; links++) {
		struct authority zone;
		enum dns_status status;

		w->found->target = alias;
		TRY(find_servers(w, alias, &zone, &status));
		if (status != DNS_FOUND)
			return note(w, SLICE("servers of the zone"), PUBLISHED_UNKNOWN,
			    arena_printf(w->key->arena, "could not ask for the name servers of %.*s: %s",
			    SLICE_ARG(alias), dns_status_text(status)));
		TRY(ask_servers(w, &zone, alias, &alias));
	}
	return alias.len == 0 ? RC_OK : note(w, SLICE("servers of the zone"), PUBLISHED_WRONG,
	    arena_printf(w->key->arena, "more than %u aliases in a row", LIMIT_CNAME_CHAIN));
}

/* --- what they say together ---------------------------------------------------------------------- */

static bool said_before(const struct published *p, size_t i)
{
	for (size_t k = 1; k < i; k++)
		if (slice_eq(p->answers[k].what, p->answers[i].what))
			return true;
	return false;
}

/*
 * "no such name at a, b; published at c", of the servers of the zone: the resolver is the first
 * answer.  *answers_out is the number of different answers that are known.
 */
static struct slice by_answer(struct arena *a, const struct published *p, size_t *answers_out)
{
	struct buf text = BUF_INIT(64u * 1024);

	*answers_out = 0;
	for (size_t i = 1; i < p->answer_count; i++) {
		const char *before = " at ";

		if (said_before(p, i))
			continue;
		*answers_out += p->answers[i].state != PUBLISHED_UNKNOWN;
		buf_addf(&text, "%s%.*s", text.len > 0 ? "; " : "", SLICE_ARG(p->answers[i].what));
		for (size_t k = i; k < p->answer_count; k++) {
			if (!slice_eq(p->answers[k].what, p->answers[i].what))
				continue;
			buf_addf(&text, "%s%.*s", before, SLICE_ARG(p->answers[k].server));
			before = ", ";
		}
	}
	return arena_take_buf(a, &text);
}

static size_t count_state(const struct published *p, enum published_state state)
{
	size_t n = 0;

	for (size_t i = 1; i < p->answer_count; i++)
		n += p->answers[i].state == state;
	return n;
}

/* The resolver's answer matters only if the servers agree, since it gets its answers from them. */
static enum rc sum_up(struct arena *a, const struct signing_key *key, struct published *p)
{
	const struct published_answer *resolver = &p->answers[0];
	size_t wrong = count_state(p, PUBLISHED_WRONG), unknown = count_state(p, PUBLISHED_UNKNOWN), known;
	struct slice said = by_answer(a, p, &known);

	if (wrong > 0)
		p->what = arena_printf(a, "%s%.*s: publish the record that `assay key show %.*s %.*s` prints",
		    known > 1 ? "the servers disagree: " : "", SLICE_ARG(said), SLICE_ARG(key->domain.name),
		    SLICE_ARG(key->selector));
	else if (unknown > 0)
		p->what = arena_printf(a, "%.*s; %s", SLICE_ARG(said), resolver->state == PUBLISHED_UNKNOWN ?
		    "the resolver does not answer either: see assay doctor" : "--via-resolver asks the resolver only");
	else if (resolver->state == PUBLISHED_WRONG)
		p->what = arena_printf(a, "every server of the zone has the record, but the resolver reports: "
		    "%.*s; it remembers an older answer: wait until that has expired", SLICE_ARG(resolver->what));
	else if (resolver->state == PUBLISHED_UNKNOWN)
		p->what = arena_printf(a, "every server of the zone has the record; the resolver: %.*s",
		    SLICE_ARG(resolver->what));
	else
		p->what = arena_printf(a, "published, at %s%zu %s of the zone's servers",
		    plural(p->answer_count - 1, "", "all "), p->answer_count - 1,
		    plural(p->answer_count - 1, "address", "addresses"));
	p->state = wrong > 0 ? PUBLISHED_WRONG : unknown > 0 ? PUBLISHED_UNKNOWN : resolver->state;
	p->negative_ttl = -1;
	for (size_t i = 0; i < p->answer_count; i++)
		if (p->answers[i].negative_ttl > p->negative_ttl)
			p->negative_ttl = p->answers[i].negative_ttl;
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

enum rc published_everywhere(const struct published_key *k, const struct published_servers *s,
    struct published *out, struct err *err)
{
	struct walk w = { .key = k, .servers = s, .err = err, .found = out };
	struct published_answer resolver = { .server = SLICE("resolver") };
	struct lookups *l = lookups_new(s->resolver, s->deadline_ms);
	enum rc rc = RC_NOMEM;

	*out = (struct published){ .name = published_name(k->arena, k->key) };
	if (l != NULL)
		rc = published_at(k, l, out->name, &resolver);
	lookups_release(&l);
	TRY(rc);
	TRY(note_answer(&w, resolver));
	TRY(ask_zones(&w));
	return sum_up(k->arena, k->key, out);
}
