#include "base/buf.h"
#include "dmarc/psl.h"

#include "dmarc/discover.h"

const char *dmarc_discovery_text(enum dmarc_discovery method)
{
	return method == DMARC_DISCOVERY_PSL ? "psl" : "treewalk";
}

/* --- which names are asked ----------------------------------------------------------------- */

/* From the longest to the shortest; a name is identified by its number of labels. */
struct plan {
	unsigned labels[LIMIT_DMARC_WALK];
	size_t count;
};

static void plan_add(struct plan *p, unsigned labels)
{
	if (labels > 0 && p->count < N_ELEMENTS(p->labels))
		p->labels[p->count++] = labels;
}

/*
 * Section 4.10, steps 3, 4 and 7: the start name, then one label less each time; where it has more
 * than eight, the second name has seven.
 */
static void plan_treewalk(struct plan *p, struct domain start)
{
	unsigned x = domain_labels(start);

	plan_add(p, x);
	for (unsigned n = x > LIMIT_DMARC_WALK ? LIMIT_DMARC_WALK : x; n > 1; n--)
		plan_add(p, n - 1);
}

/* RFC 7489 section 6.6.3, RFC 9091 section 3.3: author, organizational and public suffix domain. */
static void plan_psl(struct plan *p, struct domain start)
{
	unsigned x = domain_labels(start);
	unsigned org = domain_labels(dmarc_psl_organizational_domain(start));

	plan_add(p, x);
	if (org < x)
		plan_add(p, org);
	if (org > 1)
		plan_add(p, org - 1);
}

/* With the public suffix list only policies need the DNS: the list gives the organizational domains. */
static struct plan plan_make(enum lookup_purpose purpose, enum dmarc_discovery method,
    struct domain start)
{
	struct plan p = { .count = 0 };

	if (method == DMARC_DISCOVERY_TREEWALK)
		plan_treewalk(&p, start);
	else if (purpose == LOOKUP_POLICY)
		plan_psl(&p, start);
	return p;
}

static struct buf record_name(struct domain d)
{
	struct buf name = BUF_INIT(LIMIT_DOMAIN_OCTETS + sizeof("_dmarc."));

	buf_add_str(&name, "_dmarc.");
	buf_add(&name, d.name);
	return name;
}

void dmarc_start(struct lookups *l, enum lookup_purpose purpose, enum dmarc_discovery method,
    struct domain domain)
{
	struct plan p = plan_make(purpose, method, domain);

	for (size_t i = 0; i < p.count; i++) {
		struct buf name = record_name(domain_last(domain, p.labels[i]));

		if (!buf_failed(&name))
			lookups_start(l, purpose, buf_slice(&name), DNS_TXT, NULL, NULL);
		buf_free(&name);
	}
	if (purpose == LOOKUP_POLICY && p.count > 0)
		lookups_start(l, purpose, domain.name, DNS_A, NULL, NULL);
}

/* --- records at them ----------------------------------------------------------------------- */

/* Section 4.10, steps 2 and 6. */
static enum rc read_records(struct arena *a, const struct dns_answer *answer, struct dmarc_walk_step *s)
{
	struct slice text = SLICE_NULL;

	s->dns = answer->status;
	for (size_t i = 0; i < answer->count; i++) {
		enum dmarc_record_status status =
		    dmarc_record_parse(answer->records[i].text, &s->record);

		if (status == DMARC_RECORD_OK) {
			s->records++;
			text = answer->records[i].text;
		} else if (status == DMARC_RECORD_SYNTAX) {
			s->misspelt++;
		}
	}
	s->record = (struct dmarc_record){ .text = SLICE_NULL };
	if (s->records == 1 &&
	    dmarc_record_parse(arena_copy(a, text), &s->record) != DMARC_RECORD_OK)
		return RC_NOMEM;
	return RC_OK;
}

static enum rc read_step(struct arena *a, struct lookups *l, enum lookup_purpose purpose,
    struct dmarc_walk_step *s)
{
	struct buf name = record_name(s->domain);
	enum rc rc = RC_NOMEM;

	if (!buf_failed(&name))
		rc = read_records(a, lookups_await(l, purpose, buf_slice(&name), DNS_TXT), s);
	buf_free(&name);
	return rc;
}

/* What a step says to a walk. */
enum content {
	SAYS_NOTHING,
	SAYS_RECORD,       /* without psd= */
	SAYS_ORGANIZATION, /* psd=n */
	SAYS_SUFFIX,       /* psd=y, or by the guard */
	SAYS_TROUBLE,
};

static enum content content(const struct dmarc_walk_step *s)
{
	if (dns_status_is_temporary(s->dns))
		return SAYS_TROUBLE;
	if (s->records != 1)
		return SAYS_NOTHING;
	if (s->record.psd == DMARC_PSD_NO)
		return SAYS_ORGANIZATION;
	return s->record.psd == DMARC_PSD_YES || s->public_suffix ? SAYS_SUFFIX : SAYS_RECORD;
}

/* --- the organizational domain (section 4.10.2) -------------------------------------------- */

/* "One label below", taken from the start name, since a walk may have jumped over it. */
static unsigned below(struct domain start, unsigned labels)
{
	unsigned x = domain_labels(start);

	do
		labels++;
	while (labels < x && dmarc_is_public_suffix(domain_last(start, labels)));
	return labels;
}

/* A set of domains at or above the start name: bit n has n labels, the highest is that name. */
enum { START_BIT = LIMIT_DMARC_WALK + 1 };

static unsigned domain_bit(struct domain start, unsigned labels)
{
	return 1u << (labels < domain_labels(start) && labels < START_BIT ? labels : START_BIT);
}

/* Every organizational domain that is possible: one, unless an unanswered name could decide. */
static unsigned possible_organizations(const struct dmarc_walk *w, struct domain start)
{
	/* rule 3: fewest labels of those with a record, or else the start name */
	unsigned fewest = domain_bit(start, domain_labels(start));
	unsigned possible = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct dmarc_walk_step *s = &w->steps[i];
		unsigned n = domain_labels(s->domain);
		/* rule 2 does not look at the start name, and nothing is below that */
		unsigned if_suffix = domain_bit(start, below(start, n));

		switch (content(s)) {
		case SAYS_NOTHING:
			break;
		case SAYS_RECORD:
			fewest = domain_bit(start, n);
			break;
		case SAYS_ORGANIZATION:
			return possible | domain_bit(start, n);
		case SAYS_SUFFIX:
			return possible | if_suffix;
		case SAYS_TROUBLE:
			possible |= if_suffix;
			if (!s->public_suffix)
				possible |= domain_bit(start, n);
			break;
		}
	}
	return possible | fewest;
}

static void select_organization(struct dmarc_walk *w, struct domain start)
{
	unsigned possible = possible_organizations(w, start);
	unsigned labels = 0;

	while ((possible & 1u << labels) == 0)
		labels++;
	w->organizational_domain = labels == START_BIT ? start : domain_last(start, labels);
	if ((possible & ~(1u << labels)) != 0)
		w->status = DMARC_DISCOVERY_UNKNOWN;
}

enum rc dmarc_walk(struct arena *a, struct lookups *l, enum lookup_purpose purpose,
    enum dmarc_discovery method, struct domain start, struct dmarc_walk *out)
{
	struct dmarc_walk w = { .status = DMARC_DISCOVERED_NOTHING };
	struct plan p = plan_make(purpose, method, start);
	enum content last = SAYS_NOTHING;

	if (method == DMARC_DISCOVERY_PSL)
		w.organizational_domain = dmarc_psl_organizational_domain(start);
	while (w.count < p.count && (method == DMARC_DISCOVERY_PSL ||
	    (last != SAYS_ORGANIZATION && last != SAYS_SUFFIX))) {
		struct dmarc_walk_step *s = &w.steps[w.count];

		s->domain = domain_last(start, p.labels[w.count]);
		s->public_suffix = method == DMARC_DISCOVERY_PSL ?
		    !domain_is_at_or_below(s->domain, w.organizational_domain) :
		    dmarc_is_public_suffix(s->domain);
		TRY(read_step(a, l, purpose, s));
		last = content(s);
		if (s->records == 1)
			w.status = DMARC_DISCOVERED;
		w.count++;
	}
	if (method == DMARC_DISCOVERY_TREEWALK)
		select_organization(&w, start);
	*out = w;
	return RC_OK;
}

/* --- the policy (section 4.10.1) ----------------------------------------------------------- */

static const struct dmarc_walk_step *step_with_record(const struct dmarc_walk *w, struct domain d)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->steps[i].records == 1 && domain_eq(w->steps[i].domain, d))
			return &w->steps[i];
	return NULL;
}

/* The step whose trouble may hide the policy record; NULL: there is none. */
static const struct dmarc_walk_step *hiding_step(const struct dmarc_walk *w, struct domain author)
{
	if (step_with_record(w, author) != NULL)
		return NULL;
	for (size_t i = 0; i < w->count; i++) {
		const struct dmarc_walk_step *s = &w->steps[i];
		struct domain org = domain_last(author, below(author, domain_labels(s->domain)));

		/* what a public suffix may publish comes last */
		if (content(s) == SAYS_TROUBLE &&
		    (!s->public_suffix || step_with_record(w, org) == NULL))
			return s;
	}
	return NULL;
}

/* The author domain, its organizational domain, its public suffix domain; NULL: no record. */
static const struct dmarc_walk_step *policy_step(const struct dmarc_walk *w, struct domain author)
{
	const struct dmarc_walk_step *s = step_with_record(w, author);

	if (s == NULL)
		s = step_with_record(w, w->organizational_domain);
	if (s == NULL && w->count > 0 && content(&w->steps[w->count - 1]) == SAYS_SUFFIX)
		s = &w->steps[w->count - 1];
	return s;
}

static void take_policy(struct dmarc_policy_discovery *d, const char *tag, const struct dmarc_policy_tag *value)
{
	if (value->state != DMARC_TAG_VALID)
		return;
	d->policy = value->policy;
	d->policy_tag = tag;
}

/* np= needs NXDOMAIN for the author domain itself (section 3.2.13, appendix A.4). */
static void take_np(struct lookups *l, struct dmarc_policy_discovery *d)
{
	enum dns_status exists;

	if (d->record.np.state != DMARC_TAG_VALID)
		return;
	exists = lookups_await(l, LOOKUP_POLICY, d->author_domain.name, DNS_A)->status;
	d->nonexistent = exists == DNS_NXDOMAIN;
	if (d->nonexistent)
		take_policy(d, "np", &d->record.np);
	d->policy_undecided = dns_status_is_temporary(exists) && d->record.np.policy != d->policy;
}

/* Sections 4.7 and 4.10.1: which of p, sp and np applies, and what an invalid one means. */
static void choose_policy(struct arena *a, struct lookups *l, struct dmarc_policy_discovery *d)
{
	const struct dmarc_record *r = &d->record;
	const struct slice domain = d->policy_domain.name;

	if (r->p.state != DMARC_TAG_VALID || r->sp.state == DMARC_TAG_INVALID ||
	    r->np.state == DMARC_TAG_INVALID) {
		d->status = r->rua_valid ? DMARC_DISCOVERED : DMARC_DISCOVERY_UNUSABLE;
		d->policy_tag = r->rua_valid ? "p" : NULL;
		d->reason = arena_printf(a, "the record of %.*s has no valid policy and %s",
		    SLICE_ARG(domain), r->rua_valid ? "counts as p=none" : "no valid rua=");
		return;
	}
	d->status = DMARC_DISCOVERED;
	take_policy(d, "p", &r->p);
	if (!domain_eq(d->policy_domain, d->author_domain)) {
		take_policy(d, "sp", &r->sp);
		take_np(l, d);
	}
	d->reason = arena_printf(a, "%s=%s of %.*s", d->policy_tag, dmarc_policy_text(d->policy),
	    SLICE_ARG(domain));
}

enum rc dmarc_discover(struct arena *a, struct lookups *l, enum dmarc_discovery method,
    struct domain author_domain, struct dmarc_policy_discovery *out)
{
	struct dmarc_policy_discovery d = { .author_domain = author_domain, .method = method };
	const struct dmarc_walk_step *hiding, *step;

	TRY(dmarc_walk(a, l, LOOKUP_POLICY, method, author_domain, &d.walk));
	d.organizational_domain = d.walk.organizational_domain;
	hiding = hiding_step(&d.walk, author_domain);
	step = policy_step(&d.walk, author_domain);
	if (hiding != NULL) {
		d.status = DMARC_DISCOVERY_UNKNOWN;
		d.reason = arena_printf(a, "_dmarc.%.*s: %s", SLICE_ARG(hiding->domain.name),
		    dns_status_text(hiding->dns));
	} else if (step == NULL) {
		d.status = DMARC_DISCOVERED_NOTHING;
		d.reason = arena_printf(a, "no DMARC record for %.*s",
		    SLICE_ARG(author_domain.name));
	} else {
		d.policy_domain = step->domain;
		d.record = step->record;
		choose_policy(a, l, &d);
	}
	if (slice_is_null(d.reason))
		return RC_NOMEM;
	*out = d;
	return RC_OK;
}
