#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "spf/record.h"

#include "spf/lookahead.h"

/* One term's question: the domain of the record that will come, or the target of a ptr. */
struct node {
	struct ahead *ahead;
	size_t len;
	char name[];
};

/* Owned by the lookups, as nodes are: hooks may run after the check has ended. */
struct ahead {
	enum lookup_purpose purpose;
	struct spf_values values; /* point into text */
	atomic_uint terms;        /* left to be started */
	atomic_uint questions;    /* left to be asked */
	char text[];
};

/* One record being followed; memory only where a name has to be composed. */
struct follower {
	struct lookups *lookups;
	struct ahead *ahead;
	struct slice domain;
	struct arena *scratch;
};

static bool take_one(atomic_uint *left)
{
	unsigned n = atomic_load(left);

	while (n > 0 && !atomic_compare_exchange_weak(left, &n, n - 1))
		;
	return n > 0;
}

static void ask(struct lookups *l, struct ahead *a, struct slice name, enum dns_type type,
    lookup_hook *hook, void *arg)
{
	if (name.len > 0 && take_one(&a->questions))
		lookups_start(l, a->purpose, name, type, hook, arg);
}

static enum dns_type address_type(const struct ahead *a)
{
	return a->values.client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

/* Terms bound the number: each makes one at most. */
static struct node *new_node(struct follower *f, struct slice name)
{
	struct node *n;

	if (name.len == 0 || name.len > LIMIT_DOMAIN_OCTETS ||
	    (n = malloc(sizeof(*n) + name.len)) == NULL)
		return NULL;
	n->ahead = f->ahead;
	n->len = name.len;
	memcpy(n->name, name.ptr, name.len);
	return lookups_defer(f->lookups, free, n) ? n : NULL;
}

/* RFC 7208 section 4.6.4: more hosts are an error, none of them is asked for. */
static void follow_mx(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct ahead *a = arg;

	for (size_t i = 0; i < answer->count && answer->count <= LIMIT_SPF_MX; i++)
		ask(l, a, answer->records[i].text, address_type(a), NULL, NULL);
}

/* Only names below the target will be validated. */
static void follow_ptr(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct node *n = arg;

	for (size_t i = 0; i < answer->count && i < LIMIT_SPF_PTR; i++)
		if (slice_iends_with(answer->records[i].text, slice_of(n->name, n->len)))
			ask(l, n->ahead, answer->records[i].text, address_type(n->ahead), NULL,
			    NULL);
}

static void follow_txt(struct lookups *l, const struct dns_answer *answer, void *arg);

static struct arena *scratch(struct follower *f)
{
	if (f->scratch == NULL)
		f->scratch = arena_create(LIMIT_SPF_RECORD);
	return f->scratch;
}

static bool has_client_name_macro(struct slice spec)
{
	struct cursor c = cursor_of(spec);
	struct slice literals;
	struct spf_macro m = { .letter = '\0' };

	while (m.letter != 'p' && (take_macro_literals(&c, &literals) || take_macro_expand(&c, &m)))
		;
	return m.letter == 'p';
}

/* The target-name, where it can be told without asking for the client's names. */
static bool target_of(struct follower *f, const struct spf_term *t, struct slice *out)
{
	*out = f->domain;
	if (slice_is_null(t->spec))
		return true;
	if (slice_find(t->spec, '%') < t->spec.len &&
	    (has_client_name_macro(t->spec) || scratch(f) == NULL))
		return false;
	return spf_expand_name(f->scratch, &f->ahead->values, f->domain, t->spec, out) &&
	    spf_name_valid(*out);
}

static bool escape(struct follower *f, struct slice *name)
{
	if (spf_name_plain(*name))
		return true;
	if (scratch(f) == NULL)
		return false;
	*name = spf_name_escaped(f->scratch, *name);
	return !slice_is_null(*name);
}

static void start_ptr(struct follower *f, struct slice target)
{
	struct ahead *a = f->ahead;
	struct node *n = scratch(f) == NULL ? NULL : new_node(f, target);

	if (n != NULL)
		ask(f->lookups, a, spf_reverse_name(f->scratch, &a->values.client), DNS_PTR,
		    follow_ptr, n);
}

/* Section 4.3: one label alone is never asked for. */
static void start_record(struct follower *f, struct slice domain)
{
	struct node *n = slice_find(domain, '.') == domain.len ? NULL : new_node(f, domain);

	if (n != NULL && escape(f, &domain))
		ask(f->lookups, f->ahead, domain, DNS_TXT, follow_txt, n);
}

static void start_term(struct follower *f, const struct spf_term *t)
{
	struct ahead *a = f->ahead;
	struct slice name;

	if (!target_of(f, t, &name))
		return;
	if (t->kind == SPF_INCLUDE || t->kind == SPF_REDIRECT) {
		start_record(f, name);
		return;
	}
	if (!escape(f, &name))
		return;
	if (t->kind == SPF_PTR)
		start_ptr(f, name);
	else if (t->kind == SPF_MX)
		ask(f->lookups, a, name, DNS_MX, follow_mx, a);
	else if (t->kind == SPF_EXISTS)
		ask(f->lookups, a, name, DNS_A, NULL, NULL);
	else
		ask(f->lookups, a, name, address_type(a), NULL, NULL);
}

static void start_terms(struct follower *f, const struct spf_record *record)
{
	for (size_t i = 0; i < record->step_count; i++) {
		if (!spf_kind_queries(record->steps[i].kind))
			return; /* it matches: nothing behind it is ever evaluated */
		if (!take_one(&f->ahead->terms))
			return;
		start_term(f, &record->steps[i]);
	}
	if (!record->has_all && !slice_is_null(record->redirect.text) &&
	    take_one(&f->ahead->terms))
		start_term(f, &record->redirect);
}

static void follow_txt(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct node *n = arg;
	struct follower f = { l, n->ahead, slice_of(n->name, n->len), NULL };
	struct slice text = SLICE_NULL;
	struct spf_record record;
	size_t found = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (!spf_record_is(answer->records[i].text))
			continue;
		text = answer->records[i].text;
		found++;
	}
	if (found == 1 && text.len <= LIMIT_SPF_RECORD &&
	    spf_record_parse(text, &n->ahead->values.client, &record, NULL))
		start_terms(&f, &record);
	arena_free(&f.scratch);
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.len);

	if (s.len > 0)
		memcpy(*at, s.ptr, s.len);
	*at += s.len;
	return kept;
}

void spf_ahead(struct lookups *l, enum lookup_purpose purpose, const struct spf_values *values,
    struct slice domain)
{
	struct ahead *a = malloc(sizeof(*a) + values->sender.len + values->local_part.len +
	    values->sender_domain.len + values->helo.len);
	struct follower f = { l, a, domain, NULL };
	char *at;

	if (a == NULL)
		return;
	at = a->text;
	a->purpose = purpose;
	a->values = (struct spf_values){
		.sender = keep(&at, values->sender),
		.local_part = keep(&at, values->local_part),
		.sender_domain = keep(&at, values->sender_domain),
		.helo = keep(&at, values->helo),
		.client = values->client,
	};
	atomic_init(&a->terms, LIMIT_SPF_TERMS);
	atomic_init(&a->questions, LIMIT_SPF_AHEAD);
	if (lookups_defer(l, free, a))
		start_record(&f, domain);
	arena_free(&f.scratch);
}
