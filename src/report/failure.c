#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "dmarc/psl.h"
#include "mail/authres.h"
#include "mail/tokens.h"
#include "report/redact.h"

#include "octets.h"

#include "report/failure.h"

_Static_assert(LIMIT_FAILURE_FIELDS + LIMIT_FAILURE_HEADER + LIMIT_REPORT_RECORD + 1024 <= LIMIT_HISTORY_ITEM,
    "an incident fits into an item");

/* State while one incident is made. */
struct making {
	const struct outcome *o;
	const struct report_settings *settings;
	const struct dmarc_author_result *author;
	struct arena *arena;
	struct redactor redactor;
	const struct failure_kind *kind;
	const struct dkim_result *signature; /* that is shown; NULL: none */
	bool shows_spf;
	struct failure_incident *out;
};

/* --- what failed --------------------------------------------------------------------------------------- */

static bool spf_checked(const struct outcome *o)
{
	return o->verdict.spf_checked && spf_was_checked(&o->verdict.spf.r);
}

/* Temporary trouble is not a failure, and neither is a signature that was not tested. */
static bool signature_failed(const struct dkim_result *r)
{
	return r->result == AUTH_FAIL || r->result == AUTH_PERMERROR;
}

static bool spf_failed(const struct outcome *o)
{
	enum auth_result result = o->verdict.spf.r.result;

	return spf_checked(o) && (result == AUTH_FAIL || result == AUTH_SOFTFAIL || result == AUTH_PERMERROR);
}

/* RFC 9989 section 4.4, as far as it is known without look-ups: at or below the organizational domain. */
static bool is_aligned(const struct dmarc_author_result *author, enum dmarc_alignment_mode mode, struct domain d)
{
	struct domain organization = author->discovery.organizational_domain;

	return domain_eq(d, author->domain) || (mode == DMARC_RELAXED && !domain_is_none(d) &&
	    !domain_is_none(organization) && domain_is_at_or_below(d, organization));
}

static const struct dkim_result *failed_signature(const struct outcome *o, const struct dmarc_author_result *author,
    bool aligned_only)
{
	const struct dkim_results *all = &o->verdict.dkim;

	for (size_t i = 0; o->verdict.dkim_checked && i < all->count; i++)
		if (signature_failed(&all->items[i]) && (!aligned_only || is_aligned(author,
			author->discovery.record.adkim, all->items[i].sig.domain)))
			return &all->items[i];
	return NULL;
}

static bool is_undecided(const struct dmarc_author_result *author)
{
	return author->result == AUTH_TEMPERROR || author->identifier_undecided;
}

/* A method that was not attempted has not failed (RFC 9991 section 4, item 2). */
static bool spf_lacks(const struct outcome *o, const struct dmarc_author_result *author)
{
	return spf_checked(o) && !author->spf_aligned;
}

static bool dkim_lacks(const struct outcome *o, const struct dmarc_author_result *author)
{
	return o->verdict.dkim_checked && !author->dkim_aligned;
}

static bool all_failed(const struct outcome *o, const struct dmarc_author_result *author)
{
	return !author->spf_aligned && !author->dkim_aligned && !is_undecided(author) &&
	    (spf_lacks(o, author) || dkim_lacks(o, author));
}

/* While a key cannot be fetched, or SPF has a temperror, that method is open. */
static bool any_failed(const struct outcome *o, const struct dmarc_author_result *author)
{
	bool spf_open = o->verdict.spf.r.result == AUTH_TEMPERROR, dkim_open = false;

	for (size_t i = 0; i < o->verdict.dkim.count; i++)
		dkim_open = dkim_open || o->verdict.dkim.items[i].result == AUTH_TEMPERROR;
	return !is_undecided(author) &&
	    ((spf_lacks(o, author) && !spf_open) || (dkim_lacks(o, author) && !dkim_open));
}

static bool dkim_failed(const struct outcome *o, const struct dmarc_author_result *author)
{
	return failed_signature(o, author, false) != NULL;
}

static bool spf_failed_alone(const struct outcome *o, const struct dmarc_author_result *author)
{
	(void)author;
	return spf_failed(o);
}

/* --- fo= (RFC 9989 section 4.7) ---------------------------------------------------------------------------- */

enum failure_method { METHOD_DMARC, METHOD_DKIM, METHOD_SPF };

/* The first that is asked for and applies is reported: one report is on one failure (RFC 6591 section 3). */
static const struct failure_kind {
	enum dmarc_failure_option option;
	enum failure_method method;
	bool (*applies)(const struct outcome *o, const struct dmarc_author_result *author);
} kinds[] = {
	{ DMARC_FO_ANY, METHOD_DMARC, any_failed },
	{ DMARC_FO_ALL, METHOD_DMARC, all_failed },
	{ DMARC_FO_DKIM, METHOD_DKIM, dkim_failed },
	{ DMARC_FO_SPF, METHOD_SPF, spf_failed_alone },
};

static const struct failure_kind *kind_of(const struct outcome *o, const struct dmarc_author_result *author)
{
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		if ((author->discovery.record.failure_options & kinds[i].option) != 0 && kinds[i].applies(o, author))
			return &kinds[i];
	return NULL;
}

/* --- which messages ------------------------------------------------------------------------------------------ */

/* RFC 3834 section 5.  A program has sent it: what it gets may make it send the next one. */
static bool is_automatic(const struct message *m)
{
	const struct header *h;
	struct slice word;

	for (size_t i = 0; (h = message_field(m, SLICE("Auto-Submitted"), i)) != NULL; i++) {
		struct cursor c = cursor_of(h->value);

		skip_cfws(&c);
		if (!take_while(&c, is_ftext, &word) || !slice_ieq(slice_take(word, slice_find(word, ';')), SLICE("no")))
			return true;
	}
	return false;
}

static bool is_own(const struct report_settings *settings, const struct dmarc_author_result *author)
{
	struct domain from = { address_domain_part(settings->from) };

	return !domain_is_none(from) && (domain_is_at_or_below(author->domain, from) ||
	    domain_is_at_or_below(from, author->domain));
}

/*
 * A message that is deferred comes again.  Unlike with aggregate reports, a forged report is left out as well: each
 * message here can cause one, so that a loop is worse than a failure that is not reported (RFC 6650 section 6).
 */
static bool is_reported(const struct outcome *o, const struct report_settings *settings)
{
	const struct message *m = o->message;

	return settings->failure.enabled && settings->from.len > 0 && o->ending == OUTCOME_APPLIED && !o->failed &&
	    o->verdict.dmarc_checked && o->actions.action != ACTION_TEMPFAIL && m->envelope.mail_from.len > 0 &&
	    !report_is_report(m) && !is_automatic(m) && report_recipients_wanted(&m->envelope, settings);
}

/*
 * RFC 9991 section 2: ruf= of a record with psd=y is ignored (dmarc/record.h).  A record at a public suffix counts as one
 * with psd=y, unless its owner says otherwise (dmarc/discover.h).
 */
static bool asks(const struct dmarc_policy_discovery *d)
{
	struct slice rest = d->record.ruf, uri;

	if (d->status != DMARC_DISCOVERED || d->record.text.len > LIMIT_REPORT_RECORD ||
	    (d->record.psd != DMARC_PSD_NO && dmarc_is_public_suffix(d->policy_domain)))
		return false;
	while (dmarc_next_uri(&rest, &uri))
		if (slice_istarts_with(uri, SLICE("mailto:")))
			return true;
	return false;
}

/* --- fields of the second part (RFC 6591 section 3, RFC 9991 section 4) --------------------------------------- */

static const char *auth_failure(const struct making *m)
{
	if (m->kind->method == METHOD_SPF)
		return "spf";
	if (m->kind->method == METHOD_DMARC)
		return "dmarc";
	switch (m->signature->why) { /* RFC 6591 section 3.3 */
	case DKIM_WHY_BODY_HASH:
		return "bodyhash";
	case DKIM_WHY_KEY_REVOKED:
		return "revoked";
	default:
		return "signature";
	}
}

/* RFC 9991 section 4, item 2: those that failed to give an aligned identity. */
static const char *identity_alignment(const struct making *m)
{
	if (dkim_lacks(m->o, m->author))
		return spf_lacks(m->o, m->author) ? "dkim, spf" : "dkim";
	return spf_lacks(m->o, m->author) ? "spf" : "none";
}

/* RFC 6591 section 3.2.2; marked mail is filed by a filter, so that it is not in the inbox. */
static const char *delivery_result(const struct outcome *o)
{
	switch (o->actions.action) {
	case ACTION_REJECT:
		return "reject";
	case ACTION_QUARANTINE:
		return "policy";
	default:
		return "delivered";
	}
}

/* Section 3.1 of RFC 6591: the result of a single method. */
static void add_results(const struct making *m, struct buf *out)
{
	const struct verdict *v = &m->o->verdict;
	struct authres ar = AUTHRES_INIT;

	authres_begin(&ar, address_domain_part(m->settings->from));
	switch (m->kind->method) {
	case METHOD_DMARC:
		authres_result(&ar, "dmarc", m->author->result);
		authres_property(&ar, AUTHRES_HEADER_FROM, m->author->domain.name);
		authres_property(&ar, AUTHRES_POLICY_DMARC, slice_str(dmarc_policy_text(m->author->policy)));
		break;
	case METHOD_DKIM:
		authres_result(&ar, "dkim", m->signature->result);
		authres_reason(&ar, slice_str(dkim_why_text(m->signature->why)));
		authres_property(&ar, AUTHRES_HEADER_D, m->signature->sig.domain.name);
		authres_property(&ar, AUTHRES_HEADER_S, m->signature->sig.selector.name);
		break;
	case METHOD_SPF:
		authres_result(&ar, "spf", v->spf.r.result);
		authres_property(&ar, AUTHRES_SMTP_MAILFROM, v->spf.r.domain.name);
		break;
	}
	authres_end(&ar);
	out->failed = out->failed || buf_failed(&ar.field.value);
	buf_addf(out, "Authentication-Results:%s\n", buf_cstr(&ar.field.value));
	authres_free(&ar);
}

static const struct ip *source_of(const struct outcome *o)
{
	return o->verdict.remote_ip.family == IP_NONE ? &o->message->envelope.client : &o->verdict.remote_ip;
}

/*
 * RFC 5965 section 3.1: as an address literal of RFC 5321 section 4.1.3 without its brackets.  RFC 6692 section 3:
 * the port is the one of the same connection.
 */
static void add_source(const struct making *m, struct buf *out)
{
	const struct envelope *e = &m->o->message->envelope;
	const struct ip *ip = source_of(m->o);
	char text[IP_TEXT_SIZE];

	if (ip->family == IP_NONE)
		return;
	buf_addf(out, "Source-IP: %s%s\n", ip->family == IP_V6 ? "IPv6:" : "", ip_text(ip, text));
	if (e->client_port != 0 && ip_eq(ip, &e->client))
		buf_addf(out, "Source-Port: %u\n", e->client_port);
}

/* RFC 3461 section 4.4: before its encoding it is printable ASCII, after it no longer than this. */
static bool is_envelope_id(struct slice xtext, struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!is_vchar(id.ptr[i]) && !is_wsp(id.ptr[i]))
			return false;
	return id.len > 0 && xtext.len <= LIMIT_ENVID;
}

/* The sender's own text: what cannot be one is omitted.  A sender may have put the recipient's address into it. */
static void add_envelope_id(const struct making *m, struct buf *out)
{
	struct slice xtext = m->o->message->envelope.envid;
	struct slice id = slice_trim(xtext_decoded(m->arena, xtext));

	if (!is_envelope_id(xtext, id))
		return;
	buf_add_str(out, "Original-Envelope-Id: ");
	redact_words(&m->redactor, id, out);
	buf_add_char(out, '\n');
}

static void add_path(const struct making *m, const char *name, struct slice address, struct buf *out)
{
	buf_addf(out, "%s: <", name);
	redact_address(&m->redactor, address, out);
	buf_add_str(out, ">\n");
}

static void add_envelope(const struct making *m, struct buf *out)
{
	const struct envelope *e = &m->o->message->envelope;

	add_envelope_id(m, out);
	add_path(m, "Original-Mail-From", e->mail_from, out);
	for (size_t i = 0; m->settings->envelope_to && i < e->recipient_count && i < LIMIT_FAILURE_ADDRESSES; i++)
		add_path(m, "Original-Rcpt-To", e->recipients[i], out);
}

/*
 * DKIM-Canonicalized-Header and -Body are left out: they contain what is redacted (RFC 6591 section 3.2.4: then they
 * MUST NOT be included).
 */
static void add_signature(const struct making *m, struct buf *out)
{
	const struct dkim_signature *sig;

	if (m->signature == NULL)
		return;
	sig = &m->signature->sig;
	if (domain_is_none(sig->domain) || domain_is_none(sig->selector))
		return;
	buf_addf(out, "DKIM-Domain: %.*s\nDKIM-Identity: ", SLICE_ARG(sig->domain.name));
	if (address_local_part(sig->identity).len > 0)
		redact_address(&m->redactor, arena_printf(m->arena, "%.*s@%.*s",
		    SLICE_ARG(address_local_part(sig->identity)), SLICE_ARG(sig->identity_domain.name)), out);
	else
		buf_addf(out, "@%.*s", SLICE_ARG(domain_is_none(sig->identity_domain) ? sig->domain.name
		                                                                      : sig->identity_domain.name));
	buf_addf(out, "\nDKIM-Selector: %.*s\n", SLICE_ARG(sig->selector.name));
}

/* spf-dns (RFC 6591 section 4): the record as a quoted-string, in lines of less than 998 octets. */
static void add_record(const struct spf_used *used, struct buf *out)
{
	struct buf line = BUF_INIT(LIMIT_FAILURE_FIELDS);

	buf_addf(&line, "SPF-DNS: txt : ");
	for (size_t i = 0; i < used->domain.len; i++)
		buf_add_char(&line, is_vchar(used->domain.ptr[i]) ? used->domain.ptr[i] : '?');
	buf_add_str(&line, " :\n\t\"");
	for (size_t i = 0, column = 0; i < used->text.len; i++, column++) {
		char c = used->text.ptr[i];

		if (c == ' ' && column > 60 && i + 1 < used->text.len && is_vchar(used->text.ptr[i + 1])) {
			buf_add_str(&line, "\n "); /* FWS in the string: the space is kept, the line end is not */
			column = 0;
			continue;
		}
		if (c == '"' || c == '\\')
			buf_add_char(&line, '\\');
		buf_add_char(&line, is_vchar(c) || c == ' ' ? c : '?');
		if (column > 900) { /* the line would get too long */
			buf_add_str(&line, "...");
			break;
		}
	}
	buf_add_str(&line, "\"\n");
	if (!buf_failed(&line) && out->len + line.len <= LIMIT_FAILURE_FIELDS)
		buf_add(out, buf_slice(&line));
	buf_free(&line);
}

static struct slice feedback_of(const struct making *m)
{
	const struct spf_result *spf = &m->o->verdict.spf.r;
	struct buf out = BUF_INIT(LIMIT_FAILURE_FIELDS);

	buf_addf(&out, "Auth-Failure: %s\nIdentity-Alignment: %s\nDelivery-Result: %s\nReported-Domain: %.*s\n",
	    auth_failure(m), identity_alignment(m), delivery_result(m->o), SLICE_ARG(m->author->domain.name));
	add_results(m, &out);
	add_source(m, &out);
	add_envelope(m, &out);
	add_signature(m, &out);
	for (size_t i = 0; m->shows_spf && i < spf->used_count; i++)
		add_record(&spf->used[i], &out);
	return arena_take_buf(m->arena, &out);
}

/* --- similarity ------------------------------------------------------------------------------------------------ */

/* The network of the source: a sender that changes its address within it is the same one. */
static void add_network(const struct ip *ip, struct buf *out)
{
	octets_put(out, ip->family);
	buf_add(out, slice_of((const char *)ip->octets, ip->family == IP_V4 ? 3 : ip->family == IP_V6 ? 8 : 0));
}

/* Not what a sender can change with each message: selectors, subjects, the envelope sender. */
static bool make_key(const struct making *m, unsigned char out[FAILURE_KEY_OCTETS])
{
	struct buf what = BUF_INIT(LIMIT_FAILURE_FIELDS);
	unsigned char hash[SHA256_OCTETS];
	bool made;

	octets_put_text(&what, m->author->domain.name);
	octets_put_text(&what, slice_str(auth_failure(m)));
	octets_put_text(&what, slice_str(identity_alignment(m)));
	octets_put_text(&what, slice_str(delivery_result(m->o)));
	octets_put(&what, spf_checked(m->o) ? m->o->verdict.spf.r.result : AUTH_NONE);
	octets_put(&what, m->signature == NULL ? 0 : 1u + (unsigned)m->signature->why);
	add_network(source_of(m->o), &what);
	made = !buf_failed(&what) && sha256(buf_slice(&what), hash) == RC_OK;
	if (made)
		memcpy(out, hash, FAILURE_KEY_OCTETS);
	buf_free(&what);
	return made;
}

/* --- the whole ------------------------------------------------------------------------------------------------ */

static struct slice subject_of(const struct making *m)
{
	const struct header *h = message_field(m->o->message, SLICE("Subject"), 0);
	struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);

	if (h == NULL || !m->settings->failure.subject)
		return SLICE("");
	redact_words(&m->redactor, slice_trim(h->value), &out);
	return slice_take(arena_take_buf(m->arena, &out), LIMIT_REPORT_FIELD);
}

static struct slice header_of(const struct making *m)
{
	struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);

	redact_header(&m->redactor, m->o->message, m->settings->failure.subject, &out);
	return out.len == 0 ? SLICE("") : arena_take_buf(m->arena, &out);
}

/* RFC 9991 section 4: these fields are required where an aligned identifier failed. */
static void choose_what_is_shown(struct making *m)
{
	const struct spf_result *spf = &m->o->verdict.spf.r;

	m->signature = failed_signature(m->o, m->author, m->kind->method != METHOD_DKIM);
	m->shows_spf = spf_checked(m->o) && spf->result != AUTH_PASS && (m->kind->method == METHOD_SPF ||
	    is_aligned(m->author, m->author->discovery.record.aspf, spf->domain));
}

static bool make_incident(struct making *m)
{
	struct failure_incident *out = m->out;

	choose_what_is_shown(m);
	*out = (struct failure_incident){ .time = m->o->time + m->settings->test_clock_offset,
		.policy = report_policy_of(&m->author->discovery), .header_from = m->author->domain.name,
		.subject = subject_of(m), .feedback = feedback_of(m), .header = header_of(m) };
	return make_key(m, out->key) && !arena_failed(m->arena);
}

bool failure_incident_of(const struct outcome *o, const struct report_settings *settings, size_t author_index,
    bool own, struct slice secret, struct failure_incident *out)
{
	const struct dmarc_author_result *author = &o->verdict.dmarc.authors[author_index];
	struct making m = { .o = o, .settings = settings, .author = author, .arena = o->message->arena,
		.redactor = { o->message->arena, secret, author->discovery.policy_domain.name }, .out = out };

	if (!is_reported(o, settings) || !asks(&author->discovery))
		return false;
	if (!settings->failure.own && (own || is_own(settings, author)))
		return false;
	m.kind = kind_of(o, author);
	return m.kind != NULL && make_incident(&m);
}

/*
 * encoded = time (8 octets), key, domain, octets
 * octets  = length of policy (2 octets), policy, header_from, subject, length and octets of feedback and of header
 */
void failure_encode(const struct failure_incident *i, struct buf *out)
{
	octets_put_time(out, i->time);
	buf_add(out, slice_of((const char *)i->key, sizeof(i->key)));
	octets_put_text(out, i->policy.domain);
	octets_put_policy(out, &i->policy);
	octets_put_text(out, i->header_from);
	octets_put_text(out, i->subject);
	octets_put_long(out, i->feedback);
	octets_put_long(out, i->header);
}

bool failure_split(struct slice encoded, struct incident_octets *out)
{
	struct octets_reader r = { cursor_of(encoded), false };

	out->time = octets_get_time(&r);
	out->key = octets_take(&r, FAILURE_KEY_OCTETS);
	out->domain = octets_get_text(&r);
	out->octets = cursor_rest(&r.c);
	return !r.bad && out->domain.len > 0 && out->octets.len > 0;
}

bool failure_decode(const struct incident_octets *octets, struct failure_incident *out)
{
	struct octets_reader r = { cursor_of(octets->octets), false }, policy = { r.c, false };

	*out = (struct failure_incident){ .time = octets->time, .policy.domain = octets->domain };
	if (octets->key.len == sizeof(out->key))
		memcpy(out->key, octets->key.ptr, sizeof(out->key));
	policy.c = cursor_of(octets_get_long(&r));
	octets_get_policy(&policy, &out->policy);
	out->header_from = octets_get_text(&r);
	out->subject = octets_get_text(&r);
	out->feedback = octets_get_long(&r);
	out->header = octets_get_long(&r);
	return !r.bad && !policy.bad && cursor_done(&r.c);
}
