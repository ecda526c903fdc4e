#include "base/limits.h"

#include "reply.h"

/* Maximum number of signatures named in one reply; the first ones are enough for the sender. */
#define SIGNATURES_SHOWN 3u
#define EXPLANATION_SHOWN 300u

/* A name that is not known leaves no gap. */
static struct slice name_or(struct domain d, struct slice otherwise)
{
	return domain_is_none(d) ? otherwise : d.name;
}

static struct slice author_name(const struct demand *d)
{
	return name_or(d->author->domain, SLICE("the author's domain"));
}

/* What failed, for the sender's postmaster: every name here has passed domain_parse(). */
static void add_findings(struct buf *text, const struct verdict *v)
{
	static const struct slice nameless = { "a signature without a usable d=", 31 };
	size_t shown = v->dkim.count < SIGNATURES_SHOWN ? v->dkim.count : SIGNATURES_SHOWN;

	if (v->spf_checked && spf_was_checked(&v->spf.r))
		buf_addf(text, "SPF %s%s%.*s, ", auth_result_text(v->spf.r.result),
		    domain_is_none(v->spf.r.domain) ? "" : " for ",
		    SLICE_ARG(v->spf.r.domain.name));
	if (v->dkim.count == 0)
		buf_add_str(text, "no DKIM signature");
	for (size_t i = 0; i < shown; i++) {
		const struct dkim_result *r = &v->dkim.items[i];

		buf_addf(text, "%sDKIM %s for %.*s", i == 0 ? "" : ", ", auth_result_text(r->result),
		    SLICE_ARG(name_or(r->sig.domain, nameless)));
	}
}

/* RFC 9989 section 7.2 requires "DMARC" in the text. */
static void word_dmarc_fail(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	buf_addf(text, "DMARC: mail from %.*s is refused ", SLICE_ARG(author_name(d)));
	if (d->asked == d->action)
		buf_addf(text, "as its policy asks (p=%s): ", dmarc_policy_text(d->author->policy));
	else
		buf_add_str(text, "unless authenticated: ");
	add_findings(text, v);
	buf_addf(text, "; no passing identifier is aligned with %.*s",
	    SLICE_ARG(author_name(d)));
}

static void word_policy_unknown(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	(void)v;
	buf_addf(text, "DMARC: the policy of %.*s cannot be looked up now; please try again later",
	    SLICE_ARG(author_name(d)));
}

static void word_undecided(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	buf_addf(text, "DMARC: mail from %.*s cannot be decided while DNS look-ups fail: ",
	    SLICE_ARG(author_name(d)));
	add_findings(text, v);
	buf_add_str(text, "; please try again later");
}

static void word_from(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	(void)d;
	buf_addf(text, "DMARC: the message does not identify an author domain: %s",
	    v->authors.why != NULL ? v->authors.why : from_status_text(v->authors.status));
}

/* RFC 7208 section 6.2, 8.4: the words of a third party are shown as such, and last. */
static void add_explanation(struct buf *text, const struct spf_result *r)
{
	if (r->result == AUTH_FAIL && r->explanation.len > 0)
		buf_addf(text, "; %.*s explains: %.*s", SLICE_ARG(name_or(r->domain, SLICE("its owner"))),
		    SLICE_ARG(slice_take(r->explanation, EXPLANATION_SHOWN)));
}

static void word_header(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	bool missing;
	const char *name = message_header_fault(m, &missing);

	(void)v;
	(void)d;
	buf_addf(text, "the message has %s %s field (RFC 5322 section 3.6)",
	    missing ? "no" : "more than one", name == NULL ? "required" : name);
}

static void word_spf(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	const struct spf_result *r = &v->spf.r;
	char ip[IP_TEXT_SIZE];

	(void)d;
	ip_text(&m->envelope.client, ip);
	if (domain_is_none(r->domain))
		buf_addf(text, "SPF: the sender cannot be checked: %s", spf_why_text(r->why));
	else if (r->result == AUTH_FAIL || r->result == AUTH_SOFTFAIL)
		buf_addf(text, "SPF: %s is not allowed to send mail for %.*s (%s)", ip,
		    SLICE_ARG(r->domain.name), auth_result_text(r->result));
	else if (r->result == AUTH_NONE || r->result == AUTH_NEUTRAL)
		buf_addf(text, "SPF: %.*s does not permit %s to send its mail: %s",
		    SLICE_ARG(r->domain.name), ip, spf_why_text(r->why));
	else
		buf_addf(text, "SPF: the policy of %.*s cannot be evaluated: %s",
		    SLICE_ARG(r->domain.name), spf_why_text(r->why));
	add_explanation(text, r);
}

static void word_helo(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	const struct spf_result *r = &v->helo.r;
	char ip[IP_TEXT_SIZE];

	(void)d;
	buf_addf(text, "SPF: %s is not allowed to use the HELO name %.*s",
	    ip_text(&m->envelope.client, ip), SLICE_ARG(name_or(r->domain, SLICE("that it has given"))));
	add_explanation(text, r);
}

static void word_dkim(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	(void)d;
	buf_add_str(text, "DKIM: ");
	add_findings(text, v);
	buf_add_str(text, ": a key cannot be looked up now; please try again later");
}

static void word_dkim_missing(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	(void)d;
	buf_add_str(text, "DKIM: a signature of the author's domain that passes is required here: ");
	add_findings(text, v);
}

static void word_local_trouble(struct buf *text, const struct message *m, const struct verdict *v,
    const struct demand *d)
{
	(void)m;
	(void)v;
	(void)d;
	buf_add_str(text, "DNS look-ups do not work here now; please try again later");
}

/* RFC 7372; RFC 6376 section 6.3 (4.7.5); RFC 3463 (4.4.3, 5.6.0, 5.7.1) */
static const struct wording {
	const char *permanent, *temporary; /* enhanced status codes */
	void (*word)(struct buf *text, const struct message *m, const struct verdict *v,
	    const struct demand *d);
} wordings[DEMAND_COUNT] = {
	[DEMAND_DMARC_FAIL] = { "5.7.26", "4.7.26", word_dmarc_fail },
	[DEMAND_DMARC_POLICY_UNKNOWN] = { "5.7.1", "4.4.3", word_policy_unknown },
	[DEMAND_DMARC_UNDECIDED] = { "5.7.1", "4.7.5", word_undecided },
	[DEMAND_FROM] = { "5.7.1", "4.7.1", word_from },
	[DEMAND_HEADER] = { "5.6.0", "4.6.0", word_header }, /* RFC 3463 section 3.7 */
	[DEMAND_SPF] = { "5.7.24", "4.7.24", word_spf },
	[DEMAND_HELO] = { "5.7.23", "4.7.23", word_helo },
	[DEMAND_DKIM_TEMPERROR] = { "5.7.20", "4.7.5", word_dkim },
	[DEMAND_DKIM_NONE] = { "5.7.20", "4.7.20", word_dkim_missing },
	[DEMAND_DKIM_FAIL] = { "5.7.22", "4.7.22", word_dkim_missing },
	[DEMAND_LOCAL_TROUBLE] = { "5.4.3", "4.4.3", word_local_trouble }, /* never for good */
};

/* A DMARC failure includes failures of several checks; the other demands have one cause each. */
static const char *enhanced_code(const struct verdict *v, const struct demand *d)
{
	const struct wording *w = &wordings[d->kind];

	if (d->action == ACTION_TEMPFAIL)
		return w->temporary;
	if (d->kind == DEMAND_SPF && v->spf.r.result != AUTH_PERMERROR)
		return "5.7.23";
	if (d->kind == DEMAND_FROM &&
	    (v->authors.status == FROM_MISSING || v->authors.status == FROM_INVALID))
		return "5.6.0"; /* the message itself is malformed */
	return w->permanent;
}

/* At most max octets of text, without a part of a word unless that is all there is. */
static struct slice cut_between_words(struct slice text, size_t max)
{
	struct slice cut = slice_take(text, max);
	size_t space = slice_rfind(cut, ' ');

	if (cut.len == text.len || text.ptr[cut.len] == ' ' || space == cut.len)
		return cut;
	return slice_trim(slice_take(cut, space));
}

static struct slice finish(struct arena *a, const struct verdict_policy *p, struct buf *text)
{
	if (p->reply_url.len > 0)
		buf_addf(text, "; see %.*s", SLICE_ARG(p->reply_url));
	return cut_between_words(arena_take_buf(a, text), LIMIT_REPLY_TEXT);
}

size_t reply_lines(const struct reply *r, struct slice lines[REPLY_LINES])
{
	struct slice rest = slice_trim(r->text);
	size_t n = 0;

	for (; rest.len > 0 && n < REPLY_LINES; n++) {
		lines[n] = cut_between_words(rest, REPLY_LINE_OCTETS);
		rest = slice_trim(slice_drop(rest, lines[n].len));
	}
	return n;
}

struct reply reply_for(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct verdict *v, const struct demand *d)
{
	struct buf text = BUF_INIT(8u * 1024);

	wordings[d->kind].word(&text, m, v, d);
	return (struct reply){
		.code = d->action == ACTION_TEMPFAIL ? 451 : 550,
		.enhanced = enhanced_code(v, d),
		.text = finish(a, p, &text),
	};
}

struct reply reply_exceeded(struct arena *a, const struct verdict_policy *p, const struct message *m)
{
	bool temporary = p->on_exceed == ACTION_TEMPFAIL;
	struct buf text = BUF_INIT(8u * 1024);
	struct reply r = { .code = temporary ? 451 : 550,
		.enhanced = temporary ? "4.7.0" : "5.7.0" };

	switch (m->exceeded) {
	case MESSAGE_TOO_MANY_FIELDS:
		buf_addf(&text, "the message has more than %zu header fields",
		    m->max_header_fields);
		break;
	case MESSAGE_HEADER_TOO_LARGE: /* RFC 3463: message too big for system */
		r.code = temporary ? 451 : 552;
		r.enhanced = temporary ? "4.3.4" : "5.3.4";
		buf_addf(&text, "the message header is larger than %zu octets",
		    m->max_header_bytes);
		break;
	case MESSAGE_TOO_MANY_RECIPIENTS:
		r.enhanced = temporary ? "4.5.3" : "5.5.3";
		buf_addf(&text, "the message has more than %u recipients", LIMIT_RECIPIENTS);
		break;
	case MESSAGE_TOO_MANY_FORGED:
		buf_addf(&text, "the message has more than %zu header fields that claim to be ours",
		    p->max_forged_fields);
		break;
	case MESSAGE_NO_MEMORY:
	case MESSAGE_FITS:
		break;
	}
	r.text = finish(a, p, &text);
	return r;
}
