#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "spf/name.h"

#include "spf/lookahead.h"

/* Owned by the lookups, as nodes are: hooks may run after the check has ended. */
struct spf_ahead {
	struct lookups *lookups; /* its owner */
	enum lookup_purpose purpose;
	struct ip client;
	atomic_size_t octets;    /* octets of records that may still be read */
	atomic_size_t terms;     /* terms that may still be started (section 4.6.4) */
	atomic_size_t questions; /* questions that may still be asked */
	size_t reverse_len;
	char reverse[];          /* the name of the client's PTR records */
};

/* One term's question: the domain of the record that will come, or the target of a ptr. */
struct node {
	struct spf_ahead *ahead;
	size_t len;
	char name[];
};

static bool take(atomic_size_t *left, size_t wanted)
{
	size_t n = atomic_load(left);

	while (n >= wanted && !atomic_compare_exchange_weak(left, &n, n - wanted))
		;
	return n >= wanted;
}

static void ask(struct spf_ahead *a, struct slice name, enum dns_type type, lookup_hook *hook,
    void *arg)
{
	if (name.len > 0 && take(&a->questions, 1))
		lookups_start(a->lookups, a->purpose, name, type, hook, arg);
}

static enum dns_type address_type(const struct spf_ahead *a)
{
	return a->client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

/* The number of nodes is bounded, since each question has at most one. */
static struct node *new_node(struct spf_ahead *a, struct slice name)
{
	struct node *n = malloc(sizeof(*n) + name.len);

	if (n == NULL)
		return NULL;
	n->ahead = a;
	n->len = name.len;
	memcpy(n->name, name.ptr, name.len);
	return lookups_defer(a->lookups, free, n) ? n : NULL;
}

/* Section 4.6.4: more hosts are an error, none of them is asked for. */
static void follow_mx(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct spf_ahead *a = arg;

	(void)l;
	for (size_t i = 0; i < answer->count && answer->count <= LIMIT_SPF_MX; i++)
		ask(a, answer->records[i].text, address_type(a), NULL, NULL);
}

/* Section 5.5: only names below the target will be validated, and only ten of all. */
static void follow_ptr(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct node *n = arg;

	(void)l;
	for (size_t i = 0; i < answer->count && i < LIMIT_SPF_PTR; i++)
		if (spf_name_is_below(answer->records[i].text, slice_of(n->name, n->len)))
			ask(n->ahead, answer->records[i].text, address_type(n->ahead), NULL, NULL);
}

static void follow_txt(struct lookups *l, const struct dns_answer *answer, void *arg);

/* Names that need escapes may wait until the check comes to them. */
void spf_ahead_record(struct spf_ahead *a, struct slice domain)
{
	struct node *n;

	if (a == NULL || !spf_name_can_have_record(domain) || !spf_name_plain(domain))
		return;
	n = new_node(a, domain);
	if (n != NULL)
		ask(a, domain, DNS_TXT, follow_txt, n);
}

static void start_ptr(struct spf_ahead *a, struct slice target)
{
	struct node *n = new_node(a, target);

	if (n != NULL)
		ask(a, slice_of(a->reverse, a->reverse_len), DNS_PTR, follow_ptr, n);
}

void spf_ahead_term(struct spf_ahead *a, enum spf_kind kind, struct slice target)
{
	if (a == NULL || !spf_name_valid(target) || !spf_name_plain(target) || !take(&a->terms, 1))
		return;
	if (kind == SPF_INCLUDE || kind == SPF_REDIRECT)
		spf_ahead_record(a, target);
	else if (kind == SPF_PTR)
		start_ptr(a, target);
	else if (kind == SPF_MX)
		ask(a, target, DNS_MX, follow_mx, a);
	else
		ask(a, target, kind == SPF_EXISTS ? DNS_A : address_type(a), NULL, NULL);
}

/* A name with macros is left to the message's own thread. */
static void start_term(struct spf_ahead *a, const struct spf_term *t, struct slice domain)
{
	if (slice_is_null(t->spec))
		spf_ahead_term(a, t->kind, domain);
	else if (slice_find(t->spec, '%') == t->spec.len)
		spf_ahead_term(a, t->kind, spf_name_fitted(t->spec));
}

static void start_terms(struct spf_ahead *a, const struct spf_record *record, struct slice domain)
{
	for (size_t i = 0; i < record->step_count; i++) {
		if (!spf_kind_queries(record->steps[i].kind))
			return; /* it matches: no later term is ever evaluated */
		start_term(a, &record->steps[i], domain);
	}
	if (!record->has_all && !slice_is_null(record->redirect.text))
		start_term(a, &record->redirect, domain);
}

static void follow_txt(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct node *n = arg;
	struct spf_record record;
	struct slice text;

	(void)l;
	if (spf_record_select(answer, &text) == 1 && take(&n->ahead->octets, text.len) &&
	    spf_record_parse(text, &n->ahead->client, &record, NULL))
		start_terms(n->ahead, &record, slice_of(n->name, n->len));
}

struct spf_ahead *spf_ahead_new(struct lookups *l, enum lookup_purpose purpose,
    const struct ip *client)
{
	char reverse[SPF_REVERSE_SIZE];
	struct slice name = spf_reverse_name(client, reverse);
	struct spf_ahead *a = malloc(sizeof(*a) + name.len);

	if (a == NULL)
		return NULL;
	a->lookups = l;
	a->purpose = purpose;
	a->client = *client;
	atomic_init(&a->octets, LIMIT_SPF_AHEAD_OCTETS);
	atomic_init(&a->terms, LIMIT_SPF_TERMS);
	atomic_init(&a->questions, LIMIT_SPF_AHEAD);
	a->reverse_len = name.len;
	memcpy(a->reverse, name.ptr, name.len);
	return lookups_defer(l, free, a) ? a : NULL;
}
