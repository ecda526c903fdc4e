#include "dns/lookups.h"
#include "report/bounce.h"

#include "addressing.h"

/* Returns in *out why the report must not be sent to this destination; the null slice: it may be. */
static enum rc objection(const struct addressing *ad, const struct report_destination *d, struct slice *out)
{
	int64_t until;

	*out = SLICE_NULL;
	if (d->consent == REPORT_REFUSED) {
		*out = d->why;
	} else if (!sending_allows_address(ad->s->settings, d->to.address)) {
		*out = SLICE("only or except leaves it out");
	} else {
		TRY(outbox_suspended(ad->sql, d->to.address, ad->s->now(ad->s->ctx), &until, ad->err));
		if (until > 0)
			*out = SLICE("suspended after failures");
	}
	return RC_OK;
}

/* Spreads deliveries by their tags, which are keyed hashes: a forger cannot make all of them due at one time. */
static int64_t due_time(const struct addressing *ad, struct slice tag)
{
	int64_t now = ad->s->now(ad->s->ctx);
	uint64_t number = 0;

	for (size_t i = 0; i < 8 && i < tag.len; i++)
		number = number * 31 + (unsigned char)tag.ptr[i];
	return ad->spread <= 0 ? now : now + (int64_t)(number % (uint64_t)ad->spread);
}

static enum rc add(const struct addressing *ad, struct arena *a, struct slice id, const struct delivery *d,
    struct deliveries *out)
{
	struct delivery *added = &out->items[out->count++];

	*added = *d;
	out->pending += d->state == DELIVERY_PENDING;
	TRY(bounce_tag(a, ad->secret, id, d->address, &added->tag));
	added->due = due_time(ad, added->tag);
	return RC_OK;
}

static enum rc add_destination(const struct addressing *ad, struct arena *a, struct slice id,
    const struct report_destination *t, struct deliveries *out)
{
	struct delivery d = { .state = DELIVERY_PENDING, .address = t->to.address };

	TRY(objection(ad, t, &d.why));
	if (!slice_is_null(d.why))
		d.state = DELIVERY_SUPPRESSED;
	else if (t->consent == REPORT_POSTPONED)
		d.uri = t->uri;
	if (d.address.len == 0) /* a URI that mail cannot reach */
		d.address = outbox_words(a, t->uri);
	return add(ad, a, id, &d, out);
}

enum rc addressing_deliveries(const struct addressing *ad, struct arena *a, struct slice id,
    const struct report_destinations *to, struct deliveries *out)
{
	const struct slice_list *bcc = &ad->s->settings->sending.bcc;

	out->count = out->pending = 0;
	for (size_t i = 0; i < to->count && i < LIMIT_REPORT_URIS; i++)
		TRY(add_destination(ad, a, id, &to->items[i], out));
	for (size_t i = 0; out->pending > 0 && i < bcc->count && out->count < DELIVERIES_MAX; i++)
		TRY(add(ad, a, id, &(struct delivery){ .state = DELIVERY_PENDING, .address = bcc->items[i] }, out));
	return RC_OK;
}

enum rc addressing_keep(const struct addressing *ad, struct outgoing *report, const struct deliveries *d,
    bool *added_out)
{
	if (d->pending == 0) /* never sent: only the reasons are kept */
		report->octets = SLICE("");
	return outbox_add(ad->sql, report, d->items, d->count, added_out, ad->err);
}

enum rc addressing_destinations(const struct sending *s, struct arena *a, enum report_kind kind,
    const struct report_policy *policy, struct report_destinations *out)
{
	struct lookups *l = lookups_new(s->resolver, s->dns_deadline_ms);
	struct domain domain = { policy->domain };
	enum rc rc = RC_NOMEM;

	if (l != NULL)
		rc = report_destinations_find(a, l, policy->discovery, kind, domain,
		    kind == REPORT_FAILURE ? policy->record.ruf : policy->record.rua, out);
	lookups_release(&l);
	return rc;
}
