#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "mail/address.h"
#include "mail/tokens.h"

#include "report/row.h"

/* --- which messages are reported ------------------------------------------------------------------ */

bool report_is_report(const struct message *m)
{
	const struct header *subject = message_field(m, SLICE("Subject"), 0);
	const struct header *type = message_field(m, SLICE("Content-Type"), 0);
	struct cursor c = cursor_of(type == NULL ? SLICE_NULL : type->value);

	skip_cfws(&c);
	/* RFC 9990 section 3.5.2, RFC 6522 */
	return (subject != NULL &&
		slice_istarts_with(slice_trim(subject->value), SLICE("Report Domain:"))) ||
	    slice_istarts_with(cursor_rest(&c), SLICE("multipart/report"));
}

static bool listed(const struct slice_list *list, struct slice domain)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_ieq(list->items[i], domain))
			return true;
	return false;
}

bool report_recipients_wanted(const struct envelope *e, const struct report_settings *settings)
{
	for (size_t i = 0; i < e->recipient_count; i++) {
		struct slice domain = address_domain_part(e->recipients[i]);

		if (listed(&settings->except_to, domain) ||
		    (settings->only_to.count > 0 && !listed(&settings->only_to, domain)))
			return false;
	}
	return true;
}

/*
 * A message that is deferred is not received: it is sent again and counted then.  A report that does not
 * pass may be forged and is counted like any other mail.
 */
static bool is_reported(const struct outcome *o, const struct report_settings *settings)
{
	const struct message *m = o->message;

	if (o->ending != OUTCOME_APPLIED || o->failed || !o->verdict.dmarc_checked ||
	    o->actions.action == ACTION_TEMPFAIL)
		return false;
	if (m->envelope.mail_from.len == 0 && !settings->null_sender)
		return false;
	if (!settings->report_mail && o->verdict.dmarc.result == AUTH_PASS && report_is_report(m))
		return false;
	return report_recipients_wanted(&m->envelope, settings);
}

/* RFC 9989 section 4.7: without an address for reports nothing need be kept. */
static bool wants_reports(const struct dmarc_policy_discovery *d)
{
	struct slice rest = d->record.rua, uri;

	if (d->status != DMARC_DISCOVERED || !d->record.rua_valid ||
	    d->record.text.len > LIMIT_REPORT_RECORD)
		return false;
	while (dmarc_next_uri(&rest, &uri))
		if (slice_istarts_with(uri, SLICE("mailto:")))
			return true;
	return false;
}

/* --- from an outcome -------------------------------------------------------------------------------- */

struct report_policy report_policy_of(const struct dmarc_policy_discovery *d)
{
	struct report_policy p = { .domain = d->policy_domain.name, .discovery = d->method,
		.text = d->record.text, .record = d->record };

	for (size_t i = 0; i < d->walk.count; i++)
		p.several_records |= d->walk.steps[i].records > 1;
	return p;
}

/* RFC 9990 section 3.1.3; what was not verified comes last.  0 is the first. */
static unsigned rank_of(const struct dkim_result *r, const struct dmarc_author_result *author)
{
	struct domain organization = author->discovery.organizational_domain;

	if (r->why == DKIM_WHY_SIG_TOO_MANY)
		return 4;
	if (r->result != AUTH_PASS)
		return 3;
	if (domain_eq(r->sig.domain, author->domain))
		return 0;
	return author->discovery.record.adkim == DMARC_RELAXED && !domain_is_none(organization) &&
	    domain_is_at_or_below(r->sig.domain, organization) ? 1 : 2;
}

static struct slice name_or_text(struct domain name, struct slice text)
{
	return domain_is_none(name) ? text : name.name;
}

static void add_signatures(struct arena *a, const struct dkim_results *results,
    const struct dmarc_author_result *author, struct report_row *out)
{
	out->dkim = arena_new_array(a, results->count, struct report_dkim);
	for (unsigned rank = 0; rank <= 4 && out->dkim != NULL; rank++)
		for (size_t i = 0; i < results->count && out->dkim_count < LIMIT_SIGNATURE_FIELDS; i++) {
			const struct dkim_result *r = &results->items[i];

			if (rank_of(r, author) == rank)
				out->dkim[out->dkim_count++] = (struct report_dkim){
					name_or_text(r->sig.domain, r->sig.domain_text),
					name_or_text(r->sig.selector, r->sig.selector_text), r->result,
					r->result == AUTH_PASS ? SLICE_NULL : r->reason };
		}
}

static enum disposition asked_by(enum dmarc_policy policy)
{
	static const enum disposition asked[] = {
		[DMARC_POLICY_NONE] = DISPOSITION_NONE,
		[DMARC_POLICY_QUARANTINE] = DISPOSITION_QUARANTINE,
		[DMARC_POLICY_REJECT] = DISPOSITION_REJECT,
	};

	return asked[policy];
}

static bool refused(enum disposition d)
{
	return d == DISPOSITION_QUARANTINE || d == DISPOSITION_REJECT;
}

/* The disposition for this author: that of the whole message may result from another author's policy. */
static enum disposition disposition_for(const struct outcome *o, const struct dmarc_author_result *author)
{
	enum disposition d = o->actions.disposition;

	if (author->result != AUTH_PASS || refused(d))
		return d;
	return author->policy == DMARC_POLICY_NONE ? DISPOSITION_NONE : DISPOSITION_PASS;
}

static void add_reason(struct report_row *out, enum override_type type, struct slice comment)
{
	out->reasons[out->reason_count++] = (struct report_reason){ type, comment };
}

/* RFC 9990 section 3.1.1.9: where alignment failed and the policy was not applied, a reason is a must. */
static void add_reasons(const struct outcome *o, const struct dmarc_author_result *author,
    struct report_row *out)
{
	bool decides = o->verdict.dmarc.deciding == author, pass = author->result == AUTH_PASS;

	for (size_t i = 0; decides && i < o->actions.override_count; i++)
		add_reason(out, o->actions.overrides[i].type, o->actions.overrides[i].comment);
	if (!decides && author->result == AUTH_FAIL && author->testing)
		add_reason(out, OVERRIDE_POLICY_TEST_MODE, SLICE("t=y"));
	if (out->reason_count > 0 || out->disposition == (pass ? DISPOSITION_PASS : asked_by(author->policy)))
		return;
	if (pass && refused(out->disposition))
		add_reason(out, OVERRIDE_OTHER, SLICE("another author domain of the message failed"));
	else if (!pass && author->result == AUTH_TEMPERROR)
		add_reason(out, OVERRIDE_OTHER, SLICE("a temporary DNS error left the result open"));
	else if (!pass)
		add_reason(out, decides ? OVERRIDE_LOCAL_POLICY : OVERRIDE_OTHER,
		    decides ? SLICE_NULL : SLICE("the policy of another author domain of the message was applied"));
}

static struct slice common_domain(const struct envelope *e)
{
	struct slice domain = SLICE_NULL;

	for (size_t i = 0; i < e->recipient_count; i++) {
		struct slice other = address_domain_part(e->recipients[i]);

		if (i > 0 && !slice_ieq(domain, other))
			return SLICE_NULL;
		domain = other;
	}
	return domain;
}

static void add_identifiers(struct arena *a, const struct outcome *o, const struct report_settings *settings,
    struct report_row *out)
{
	const struct envelope *e = &o->message->envelope;
	const struct spf_result *spf = &o->verdict.spf.r;

	out->source = o->verdict.remote_ip.family == IP_NONE ? e->client : o->verdict.remote_ip;
	out->envelope_from = arena_lower(a, slice_take(address_domain_part(e->mail_from), LIMIT_REPORT_FIELD));
	if (settings->envelope_to)
		out->envelope_to = arena_lower(a, slice_take(common_domain(e), LIMIT_REPORT_FIELD));
	if (o->verdict.spf_checked && spf_was_checked(spf))
		out->spf = (struct report_spf){ name_or_text(spf->domain, out->envelope_from), spf->result };
}

bool report_row_of(const struct outcome *o, const struct report_settings *settings, size_t author_index,
    struct report_row *out)
{
	const struct dmarc_author_result *author = &o->verdict.dmarc.authors[author_index];
	struct arena *a = o->message->arena;

	if (!is_reported(o, settings) || !wants_reports(&author->discovery))
		return false;
	*out = (struct report_row){ .day = (o->time + settings->test_clock_offset) / SECONDS_OF_DAY,
		.policy = report_policy_of(&author->discovery), .header_from = author->domain.name,
		.disposition = disposition_for(o, author), .dkim_aligned = author->dkim_aligned,
		.spf_aligned = author->spf_aligned, .count = 1 };
	out->reasons = arena_new_array(a, o->actions.override_count + 2, struct report_reason);
	if (out->reasons == NULL)
		return false;
	add_reasons(o, author, out);
	add_identifiers(a, o, settings, out);
	if (o->verdict.dkim_checked && o->verdict.dkim.count > 0)
		add_signatures(a, &o->verdict.dkim, author, out);
	return !arena_failed(a);
}
