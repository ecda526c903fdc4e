#include <stdarg.h>
#include <string.h>

#include "base/ip.h"

#include "cli/story.h"

static struct slice text_of(const struct log_entry *e, enum log_field field)
{
	return e->field[field];
}

static bool is(const struct log_entry *e, enum log_field field, const char *value)
{
	return slice_eq(text_of(e, field), slice_str(value));
}

static bool has(const struct log_entry *e, enum log_field field)
{
	return text_of(e, field).len > 0;
}

static bool contains(struct slice text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; len <= text.len && i <= text.len - len; i++)
		if (memcmp(text.ptr + i, wanted, len) == 0)
			return true;
	return false;
}

/* --- domains --------------------------------------------------------------------------------------- */

/* Returns the first author: if there are several, the log does not say which one was decisive. */
static struct slice author_of(const struct log_entry *e)
{
	struct slice authors = text_of(e, LOG_AUTHOR);

	return slice_split(&authors, ',');
}

/* Whose SPF record was asked; null for the null reverse-path. */
static struct slice sender_domain(const struct log_entry *e)
{
	struct slice from = text_of(e, LOG_MAIL_FROM);
	size_t at = slice_rfind(from, '@');

	return at == from.len ? SLICE_NULL : slice_drop(from, at + 1);
}

static bool is_at_or_below(struct slice name, struct slice domain)
{
	return domain.len > 0 && slice_iends_with(name, domain) && (name.len == domain.len ||
	    name.ptr[name.len - domain.len - 1] == '.');
}

/* As far as names show it: relaxed alignment needs the records, too. */
static bool related(struct slice a, struct slice b)
{
	return is_at_or_below(a, b) || is_at_or_below(b, a);
}

/* Does a signature with that result have a domain of the author's, or (own false) another? */
static bool find_signature(const struct log_entry *e, const char *result, bool own,
    struct log_signature *out)
{
	struct slice rest = text_of(e, LOG_DKIM);

	while (log_signature_next(&rest, out))
		if (slice_eq(out->result, slice_str(result)) && out->domain.len > 0 &&
		    related(out->domain, author_of(e)) == own)
			return true;
	return false;
}

static bool spf_passes_for_other(const struct log_entry *e)
{
	return is(e, LOG_SPF, "pass") && has(e, LOG_MAIL_FROM) &&
	    sender_domain(e).len > 0 && !related(sender_domain(e), author_of(e));
}

/* --- evidence -------------------------------------------------------------------------------------- */

/* RFC 1918, RFC 4193, RFC 6598, loopback, link-local: such a client is on our side. */
static bool is_private(struct slice text)
{
	static const struct {
		const char *network;
		unsigned bits;
	} rows[] = {
		{ "10.0.0.0", 8 }, { "172.16.0.0", 12 }, { "192.168.0.0", 16 }, { "100.64.0.0", 10 },
		{ "127.0.0.0", 8 }, { "169.254.0.0", 16 }, { "::1", 128 }, { "fc00::", 7 }, { "fe80::", 10 },
	};
	struct ip ip, network;

	if (!ip_parse(text, &ip))
		return false;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (ip_parse(slice_str(rows[i].network), &network) && network.family == ip.family &&
		    ip_in_network(&ip, &network, rows[i].bits))
			return true;
	return false;
}

static bool from_own_relay(const struct log_entry *e)
{
	return is_private(text_of(e, LOG_CLIENT)) || contains(text_of(e, LOG_WHY), "own relay");
}

static bool from_list(const struct log_entry *e)
{
	return contains(text_of(e, LOG_OVERRIDE), "mailing_list") ||
	    contains(text_of(e, LOG_WHY), "indirect flow: list");
}

/* A sender rewritten by SRS, a seal that verifies, or a signature of the author's that is broken. */
static bool from_forwarder(const struct log_entry *e)
{
	struct log_signature s;
	struct slice from = text_of(e, LOG_MAIL_FROM);

	return slice_starts_with(text_of(e, LOG_ARC), SLICE("pass")) ||
	    contains(text_of(e, LOG_WHY), "indirect flow") || contains(text_of(e, LOG_WHY), "forwarders") ||
	    slice_istarts_with(from, SLICE("SRS0=")) || slice_istarts_with(from, SLICE("SRS1=")) ||
	    find_signature(e, "fail", true, &s);
}

static bool from_service(const struct log_entry *e)
{
	struct log_signature s;

	return spf_passes_for_other(e) || find_signature(e, "pass", false, &s);
}

static bool in_trouble(const struct log_entry *e)
{
	return is(e, LOG_DMARC, "temperror") || is(e, LOG_SPF, "temperror") ||
	    contains(text_of(e, LOG_DKIM), "temperror") || slice_eq(log_entry_wish(e), SLICE("tempfail"));
}

enum evidence evidence_of(const struct log_entry *e)
{
	static bool (*const rows[EVIDENCE_COUNT])(const struct log_entry *e) = {
		[EVIDENCE_OWN_RELAY] = from_own_relay,
		[EVIDENCE_LIST] = from_list,
		[EVIDENCE_FORWARDER] = from_forwarder,
		[EVIDENCE_SERVICE] = from_service,
		[EVIDENCE_TROUBLE] = in_trouble,
	};

	for (size_t i = 0; i < EVIDENCE_FORGERY; i++)
		if (rows[i](e))
			return (enum evidence)i;
	return EVIDENCE_FORGERY;
}

/* --- sentences ------------------------------------------------------------------------------------- */

static void say(struct arena *a, struct sentences *to, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct arena *a, struct sentences *to, const char *fmt, ...)
{
	struct buf text = BUF_INIT(64u * 1024);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (to->count < STORY_SENTENCES)
		to->items[to->count++] = arena_take_buf(a, &text);
	else
		buf_free(&text);
}

/* " (words)", or nothing */
static struct slice in_brackets(struct arena *a, struct slice words)
{
	return words.len == 0 ? SLICE("") : arena_printf(a, " (%.*s)", SLICE_ARG(words));
}

static struct slice or_unknown(struct slice s)
{
	return s.len == 0 ? SLICE("unknown") : s;
}

static void tell_message(struct arena *a, const struct log_entry *e, struct story *out)
{
	static const char *const roles[] = {
		[LOG_ROLE_JUDGE] = "Mail from outside, which was judged",
		[LOG_ROLE_SIGN] = "Outgoing mail, which is signed where there is a key",
		[LOG_ROLE_PASS] = "Mail that is neither signed nor judged",
	};

	say(a, &out->message, "%s: author domain %.*s, envelope sender %.*s.", roles[e->role],
	    SLICE_ARG(or_unknown(text_of(e, LOG_AUTHOR))), SLICE_ARG(or_unknown(text_of(e, LOG_MAIL_FROM))));
	if (has(e, LOG_USER))
		say(a, &out->message, "It was handed over by the authenticated user %.*s.",
		    SLICE_ARG(text_of(e, LOG_USER)));
	if (has(e, LOG_CLIENT))
		say(a, &out->message, "The client was %.*s%s%.*s.", SLICE_ARG(text_of(e, LOG_CLIENT)),
		    has(e, LOG_HELO) ? ", HELO " : "", SLICE_ARG(text_of(e, LOG_HELO)));
	if (has(e, LOG_MESSAGE_ID))
		say(a, &out->message, "Its Message-ID is %.*s.", SLICE_ARG(text_of(e, LOG_MESSAGE_ID)));
}

static void tell_signatures(struct arena *a, const struct log_entry *e, struct story *out)
{
	struct slice rest = text_of(e, LOG_DKIM);
	struct log_signature s;

	if (is(e, LOG_DKIM, "none"))
		say(a, &out->found, "DKIM: the message carries no signature.");
	else
		while (log_signature_next(&rest, &s))
			say(a, &out->found, "DKIM: %.*s for the signature of %.*s with selector %.*s.",
			    SLICE_ARG(s.result), SLICE_ARG(or_unknown(s.domain)),
			    SLICE_ARG(or_unknown(s.selector)));
	if (has(e, LOG_DKIM_REASON))
		say(a, &out->found, "DKIM reasons: %.*s.", SLICE_ARG(text_of(e, LOG_DKIM_REASON)));
}

static void tell_findings(struct arena *a, const struct log_entry *e, struct story *out)
{
	struct slice domain = sender_domain(e);

	if (has(e, LOG_SPF))
		say(a, &out->found, "SPF: %.*s for %.*s%.*s.", SLICE_ARG(text_of(e, LOG_SPF)),
		    SLICE_ARG(domain.len > 0 ? domain : SLICE("the HELO name")),
		    SLICE_ARG(in_brackets(a, text_of(e, LOG_SPF_REASON))));
	else if (e->role == LOG_ROLE_JUDGE)
		say(a, &out->found, "SPF: not checked%.*s.", SLICE_ARG(in_brackets(a, text_of(e, LOG_SPF_REASON))));
	tell_signatures(a, e, out);
	if (has(e, LOG_ARC))
		say(a, &out->found, "ARC: %.*s.", SLICE_ARG(text_of(e, LOG_ARC)));
	if (has(e, LOG_DMARC))
		say(a, &out->found, "DMARC: %.*s%s%.*s%.*s.", SLICE_ARG(text_of(e, LOG_DMARC)),
		    has(e, LOG_POLICY) ? ", the policy that applies is p=" : "",
		    SLICE_ARG(text_of(e, LOG_POLICY)), SLICE_ARG(in_brackets(a, text_of(e, LOG_DMARC_REASON))));
	if (has(e, LOG_SIGNED))
		say(a, &out->found, "It was signed as %.*s (domain/selector).", SLICE_ARG(text_of(e, LOG_SIGNED)));
}

static const char *done_text(struct slice action)
{
	static const char *const rows[][2] = {
		{ "accept", "The message was accepted" },
		{ "quarantine", "The message was quarantined" },
		{ "reject", "The message was rejected" },
		{ "tempfail", "The message was refused for now, so that the sender tries again" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (slice_eq(action, slice_str(rows[i][0])))
			return rows[i][1];
	return "The message was passed on";
}

static void tell_decision(struct arena *a, const struct log_entry *e, struct story *out)
{
	if (has(e, LOG_ABORTED))
		say(a, &out->decided, "The MTA or the client ended the message before its end, so nothing was decided.");
	else if (has(e, LOG_WOULD))
		say(a, &out->decided, "%s; enforce = yes would %.*s it.", done_text(text_of(e, LOG_ACTION)),
		    SLICE_ARG(text_of(e, LOG_WOULD)));
	else
		say(a, &out->decided, "%s.", done_text(text_of(e, LOG_ACTION)));
	if (has(e, LOG_WHY))
		say(a, &out->decided, "%s: %.*s.", e->role == LOG_ROLE_JUDGE ? "The reason" : "The reason given",
		    SLICE_ARG(text_of(e, LOG_WHY)));
	else if (e->role == LOG_ROLE_JUDGE)
		say(a, &out->decided, "No check or setting required another action.");
	if (has(e, LOG_REPLY))
		say(a, &out->decided, "The reply was: %.*s", SLICE_ARG(text_of(e, LOG_REPLY)));
	if (has(e, LOG_APPLIED))
		say(a, &out->decided, "The MTA did not take the changes, so it has deferred the message.");
}

/* What the words of why= name; the first row that fits. */
static void tell_setting(struct arena *a, const struct log_entry *e, struct story *out)
{
	static const char *const rows[][2] = {
		{ "spf on-fail = ", "spf { on-fail }" },
		{ "spf on-softfail = ", "spf { on-softfail }" },
		{ "spf on-permerror = ", "spf { on-permerror }" },
		{ "spf on-temperror = ", "spf { on-temperror }" },
		{ "spf on-none = ", "spf { on-none }" },
		{ "spf on-helo-fail = ", "spf { on-helo-fail }" },
		{ "dkim on-none = ", "dkim { on-none }" },
		{ "dkim on-fail = ", "dkim { on-fail }" },
		{ "dkim on-temperror = ", "dkim { on-temperror }" },
		{ "on-temperror-policy = ", "dmarc { on-temperror-policy }" },
		{ "on-temperror-identifier = ", "dmarc { on-temperror-identifier }" },
		{ "from-missing = ", "dmarc { from-missing }" },
		{ "from-multiple = ", "dmarc { from-multiple }" },
		{ "from-invalid = ", "dmarc { from-invalid }" },
		{ "required-headers = ", "required-headers" },
		{ "on-local-trouble = ", "on-local-trouble" },
		{ "on-exceed = ", "limits { on-exceed }" },
		{ "on-policy-reject = ", "dmarc { on-policy-reject }" },
		{ "on-policy-quarantine = ", "dmarc { on-policy-quarantine }" },
		{ "never-refuse", "never-refuse-to, never-refuse-from" },
		{ "policy-to \"", "the section policy-to that is named" },
		{ "policy \"", "the section policy that is named" },
		{ "the client is in forwarders", "forwarders, dmarc { indirect }" },
		{ "through an own relay", "own-relays" },
		{ "indirect flow:", "dmarc { indirect }" },
		{ "fails DMARC (p=reject)", "dmarc { on-policy-reject }; for this domain alone, a section policy" },
		{ "fails DMARC (p=quarantine)",
			"dmarc { on-policy-quarantine }; for this domain alone, a section policy" },
		{ "never-sign-to", "never-sign-to" },
		{ "users = \"", "sign { users }, sign-mismatch, sign-fallback" },
		{ "pending or retired", "assay key activate" },
		{ "selectors = ", "sign { selectors }" },
		{ "no key for ", "keys: assay key new makes a key; sign-fallback signs for another domain" },
		{ "no keys are configured", "keys" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (contains(text_of(e, LOG_WHY), rows[i][0])) {
			say(a, &out->settings, "%s", rows[i][1]);
			break;
		}
	if (has(e, LOG_WOULD))
		say(a, &out->settings, "enforce (without enforce = yes nothing is refused; see assay log would)");
}

/* --- what the sender should mend ------------------------------------------------------------------- */

static void mend_spf(struct arena *a, const struct log_entry *e, struct slice author, struct story *out)
{
	struct slice domain = sender_domain(e), client = or_unknown(text_of(e, LOG_CLIENT));

	if (domain.len == 0)
		domain = SLICE("the HELO name");
	if (is(e, LOG_SPF, "fail") || is(e, LOG_SPF, "softfail") || is(e, LOG_SPF, "neutral"))
		say(a, &out->mend, "If %.*s may send mail for %.*s, the SPF record of %.*s should contain it.",
		    SLICE_ARG(client), SLICE_ARG(domain), SLICE_ARG(domain));
	else if (is(e, LOG_SPF, "none"))
		say(a, &out->mend, "%.*s should publish an SPF record.", SLICE_ARG(domain));
	else if (is(e, LOG_SPF, "permerror"))
		say(a, &out->mend, "The SPF record of %.*s is broken: assay check %.*s shows where.",
		    SLICE_ARG(domain), SLICE_ARG(domain));
	else if (is(e, LOG_SPF, "temperror"))
		say(a, &out->mend, "The name servers of %.*s did not answer for its SPF record.", SLICE_ARG(domain));
	else if (spf_passes_for_other(e))
		say(a, &out->mend, "SPF passed for %.*s, which is not %.*s: an envelope sender at %.*s would count for "
		    "DMARC.", SLICE_ARG(domain), SLICE_ARG(author), SLICE_ARG(author));
}

static void mend_dkim(struct arena *a, const struct log_entry *e, struct slice author, struct story *out)
{
	struct log_signature s;

	if (find_signature(e, "fail", true, &s))
		say(a, &out->mend, "The signature of %.*s is broken: the message was changed after it was signed, or "
		    "signed wrongly; assay verify --explain on the message shows which.", SLICE_ARG(s.domain));
	else if (find_signature(e, "permerror", true, &s))
		say(a, &out->mend, "The signature of %.*s or its key record %.*s._domainkey.%.*s is unusable.",
		    SLICE_ARG(s.domain), SLICE_ARG(s.selector), SLICE_ARG(s.domain));
	else if (find_signature(e, "temperror", true, &s))
		say(a, &out->mend, "The name servers of %.*s did not answer for the key %.*s.",
		    SLICE_ARG(s.domain), SLICE_ARG(s.selector));
	else if (find_signature(e, "pass", false, &s))
		say(a, &out->mend, "The signature of %.*s passed, which is not %.*s: a signature with d=%.*s would count "
		    "for DMARC.", SLICE_ARG(s.domain), SLICE_ARG(author), SLICE_ARG(author));
	else if (is(e, LOG_DKIM, "none"))
		say(a, &out->mend, "The mail of %.*s should be signed with d=%.*s.", SLICE_ARG(author),
		    SLICE_ARG(author));
}

static void mend_from(struct arena *a, const struct log_entry *e, struct story *out)
{
	if (contains(text_of(e, LOG_WHY), "from-"))
		say(a, &out->mend, "The message needs exactly one From field with one valid address.");
	if (contains(text_of(e, LOG_WHY), "required-headers"))
		say(a, &out->mend, "The message needs the header fields that RFC 5322 section 3.6 requires, once each.");
	if (is(e, LOG_DMARC, "temperror"))
		say(a, &out->mend, "The name servers of %.*s should answer for its DMARC record and what it depends on.",
		    SLICE_ARG(or_unknown(author_of(e))));
}

static void tell_mending(struct arena *a, const struct log_entry *e, struct story *out)
{
	struct slice author = or_unknown(author_of(e));

	if (e->role != LOG_ROLE_JUDGE)
		return;
	mend_from(a, e, out);
	if (is(e, LOG_DMARC, "pass") && slice_eq(log_entry_wish(e), SLICE("accept")))
		return;
	mend_spf(a, e, author, out);
	if (!is(e, LOG_DMARC, "pass"))
		mend_dkim(a, e, author, out);
	if (is(e, LOG_DMARC, "none"))
		say(a, &out->mend, "%.*s publishes no DMARC policy; with one, others could not send in its name.",
		    SLICE_ARG(author));
}

void story_of(struct arena *a, const struct log_entry *e, struct story *out)
{
	*out = (struct story){ 0 };
	tell_message(a, e, out);
	tell_findings(a, e, out);
	tell_decision(a, e, out);
	tell_setting(a, e, out);
	tell_mending(a, e, out);
}
