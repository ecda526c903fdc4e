#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/base64.h"
#include "mail/taglist.h"
#include "mail/tokens.h"

#include "dkim/signature.h"

#define DOMAINKEY         "._domainkey."
#define MAX_NUMBER_DIGITS 12u /* t=, x=: RFC 6376 section 3.5 lets more be infinite */
#define MAX_LENGTH_DIGITS 76u /* l= */

struct slice signature_field_name(enum signature_kind kind)
{
	static const struct slice names[] = {
		[SIGNATURE_DKIM] = { "DKIM-Signature", 14 },
		[SIGNATURE_ARC_MESSAGE] = { "ARC-Message-Signature", 21 },
		[SIGNATURE_ARC_SEAL] = { "ARC-Seal", 8 },
	};

	return names[kind];
}

const char *chain_status_text(enum chain_status status)
{
	static const char *const texts[] = {
		[CHAIN_NONE] = "none", [CHAIN_FAIL] = "fail", [CHAIN_PASS] = "pass",
	};

	return texts[status];
}

/* --- reasons ----------------------------------------------------------------------------- */

/*
 * RFC 6376 speaks of PERMFAIL, RFC 8601 section 2.7.1 has three words for it.  Here: "fail" is a
 * signature that was tested and is wrong, "neutral" one that cannot be read or was not tested,
 * "policy" one that only this site refuses, "permerror" all else that no later attempt can mend.
 */
static const struct why {
	enum auth_result result;
	const char *text;
} whys[DKIM_WHY_COUNT] = {
	[DKIM_WHY_GOOD] = { AUTH_PASS, "good signature" },
	[DKIM_WHY_NO_SIGNATURE] = { AUTH_NONE, "no signature" },
	[DKIM_WHY_SIG_SYNTAX] = { AUTH_NEUTRAL, "signature syntax error" },
	[DKIM_WHY_SIG_DUPLICATE_TAG] = { AUTH_NEUTRAL, "a tag occurs twice in the signature" },
	[DKIM_WHY_SIG_TOO_LARGE] = { AUTH_NEUTRAL, "signature too large" },
	[DKIM_WHY_SIG_MISSING_TAG] = { AUTH_PERMERROR, "a required tag is missing from the signature" },
	[DKIM_WHY_SIG_VERSION] = { AUTH_PERMERROR, "unknown signature version" },
	[DKIM_WHY_SIG_ALGORITHM] = { AUTH_PERMERROR, "unknown algorithm" },
	[DKIM_WHY_SIG_SHA1] = { AUTH_PERMERROR, "rsa-sha1 is no longer valid" },
	[DKIM_WHY_SIG_CANON] = { AUTH_PERMERROR, "unknown canonicalization" },
	[DKIM_WHY_SIG_DOMAIN] = { AUTH_PERMERROR, "d= or s= is not a domain name" },
	[DKIM_WHY_SIG_IDENTITY] = { AUTH_PERMERROR, "i= is not within d=" },
	[DKIM_WHY_SIG_INSTANCE] = { AUTH_PERMERROR, "i= is not a number from 1 to 50" },
	[DKIM_WHY_SIG_CHAIN_STATUS] = { AUTH_PERMERROR, "cv= is not none, fail or pass" },
	[DKIM_WHY_SIG_SEAL_H] = { AUTH_PERMERROR, "h= is not allowed in an ARC-Seal" },
	[DKIM_WHY_SIG_COVERS_ARC] = { AUTH_PERMERROR, "h= names an ARC signature" },
	[DKIM_WHY_SIG_FROM_UNSIGNED] = { AUTH_PERMERROR, "From field not signed" },
	[DKIM_WHY_SIG_QUERY_METHOD] = { AUTH_PERMERROR, "unknown query method" },
	[DKIM_WHY_SIG_TIMES] = { AUTH_PERMERROR, "x= is not after t=" },
	[DKIM_WHY_SIG_EXPIRED] = { AUTH_FAIL, "signature expired" },
	[DKIM_WHY_SIG_FUTURE] = { AUTH_POLICY, "signature made in the future" },
	[DKIM_WHY_SIG_TOO_MANY] = { AUTH_NEUTRAL, "too many signatures: not tested" },
	[DKIM_WHY_KEY_NONE] = { AUTH_PERMERROR, "no key for signature" },
	[DKIM_WHY_KEY_TIMEOUT] = { AUTH_TEMPERROR, "key look-up timed out" },
	[DKIM_WHY_KEY_DNS_FAILURE] = { AUTH_TEMPERROR, "key look-up failed" },
	[DKIM_WHY_KEY_LOCAL] = { AUTH_TEMPERROR, "key not looked up: local DNS trouble" },
	[DKIM_WHY_KEY_SYNTAX] = { AUTH_PERMERROR, "key syntax error" },
	[DKIM_WHY_KEY_VERSION] = { AUTH_PERMERROR, "unknown key version" },
	[DKIM_WHY_KEY_TYPE] = { AUTH_PERMERROR, "inappropriate key algorithm" },
	[DKIM_WHY_KEY_HASH] = { AUTH_PERMERROR, "inappropriate hash algorithm" },
	[DKIM_WHY_KEY_SERVICE] = { AUTH_PERMERROR, "the key is not for mail (s=)" },
	[DKIM_WHY_KEY_REVOKED] = { AUTH_PERMERROR, "key revoked" },
	[DKIM_WHY_KEY_STRICT_IDENTITY] = { AUTH_PERMERROR, "the key (t=s) requires the domain of i= to equal d=" },
	[DKIM_WHY_KEY_TOO_LARGE] = { AUTH_POLICY, "key too large" },
	[DKIM_WHY_KEY_WEAK] = { AUTH_PERMERROR, "key accepts forged signatures" },
	[DKIM_WHY_KEY_TOO_SHORT] = { AUTH_PERMERROR, "key too short" },
	[DKIM_WHY_BODY_HASH] = { AUTH_FAIL, "body hash did not verify" },
	[DKIM_WHY_BODY_LENGTH_TOO_LONG] = { AUTH_FAIL, "l= exceeds the length of the body" },
	[DKIM_WHY_BODY_LENGTH_REFUSED] = { AUTH_POLICY, "l= leaves a part of the body unsigned" },
	[DKIM_WHY_SIGNATURE_WRONG] = { AUTH_FAIL, "signature did not verify" },
	[DKIM_WHY_KEY_BELOW_MINIMUM] = { AUTH_POLICY, "key shorter than required here" },
	[DKIM_WHY_NO_MEMORY] = { AUTH_TEMPERROR, "out of memory" },
};

enum auth_result dkim_why_result(enum dkim_why why)
{
	return whys[why].result;
}

const char *dkim_why_text(enum dkim_why why)
{
	return whys[why].text;
}

/* --- values of tags ---------------------------------------------------------------------- */

static struct slice without_fws(struct arena *a, struct slice text)
{
	char *out = arena_alloc(a, text.len + 1);
	size_t n = 0;

	if (out == NULL)
		return SLICE_NULL;
	for (size_t i = 0; i < text.len; i++)
		if (!is_fws(text.ptr[i]))
			out[n++] = text.ptr[i];
	return slice_of(out, n);
}

static bool is_upper_hex(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'F');
}

/*
 * dkim-quoted-printable (RFC 6376 section 2.11) without its FWS.  What is left for this to check
 * is "=": a tag-list has no CTL, no ";" and, of 8-bit octets, only UTF-8 (RFC 8616 section 5).
 */
static bool decode_qp(struct arena *a, struct slice text, struct slice *out)
{
	struct slice in = without_fws(a, text);
	char *decoded = arena_alloc(a, in.len + 1);
	size_t n = 0;

	if (decoded == NULL || slice_is_null(in))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] != '=') {
			decoded[n++] = in.ptr[i];
			continue;
		}
		if (in.len - i < 3 || !is_upper_hex(in.ptr[i + 1]) || !is_upper_hex(in.ptr[i + 2]))
			return false;
		decoded[n++] = (char)(hex_value(in.ptr[i + 1]) << 4 | hex_value(in.ptr[i + 2]));
		i += 2;
	}
	*out = slice_of(decoded, n);
	return true;
}

/* 1*DIGIT; more than max_digits of them, or a larger number, are max. */
static bool read_number(struct slice value, unsigned max_digits, uint64_t max, uint64_t *out)
{
	struct cursor c = cursor_of(value);
	struct slice digits;

	if (!take_while(&c, is_digit, &digits) || !cursor_done(&c))
		return false;
	c = cursor_of(value);
	if (!take_uint(&c, max_digits, max, out))
		*out = max;
	return true;
}

/* --- tags, in the order of RFC 6376 section 3.5 ------------------------------------------ */

static enum dkim_why read_v(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	(void)out;
	return slice_eq(value, SLICE("1")) ? DKIM_WHY_GOOD : DKIM_WHY_SIG_VERSION;
}

static enum dkim_why read_a(struct arena *a, struct slice value, struct dkim_signature *out)
{
	static const struct {
		struct slice text;
		enum key_type type;
	} algorithms[] = {
		{ { "rsa-sha256", 10 }, KEY_RSA },          /* RFC 8301 section 3.1 */
		{ { "ed25519-sha256", 14 }, KEY_ED25519 },  /* RFC 8463 section 4.1 */
	};

	(void)a;
	out->algorithm_text = value;
	for (size_t i = 0; i < N_ELEMENTS(algorithms); i++)
		if (slice_eq(value, algorithms[i].text)) {
			out->algorithm = algorithms[i].type;
			out->algorithm_known = true;
			return DKIM_WHY_GOOD;
		}
	return slice_eq(value, SLICE("rsa-sha1")) ? DKIM_WHY_SIG_SHA1 : DKIM_WHY_SIG_ALGORITHM;
}

static enum dkim_why read_b(struct arena *a, struct slice value, struct dkim_signature *out)
{
	out->b_text = value;
	out->b_compact = without_fws(a, value);
	if (value.len == 0 || !base64_decode(a, value, LIMIT_KEY_OCTETS, &out->signature))
		return DKIM_WHY_SIG_SYNTAX;
	return DKIM_WHY_GOOD;
}

static enum dkim_why read_bh(struct arena *a, struct slice value, struct dkim_signature *out)
{
	if (!base64_decode(a, value, LIMIT_KEY_OCTETS, &out->body_hash))
		return DKIM_WHY_SIG_SYNTAX;
	if (out->algorithm_known && out->body_hash.len != SHA256_OCTETS)
		return DKIM_WHY_SIG_SYNTAX;
	return DKIM_WHY_GOOD;
}

static bool read_canon(struct slice text, enum canon *out)
{
	for (enum canon kind = CANON_SIMPLE; kind <= CANON_RELAXED; kind++)
		if (slice_eq(text, slice_str(canon_text(kind)))) {
			*out = kind;
			return true;
		}
	return false;
}

/* One name alone is that of the header. */
static enum dkim_why read_c(struct arena *a, struct slice value, struct dkim_signature *out)
{
	struct slice body = value, header = slice_split(&body, '/');

	(void)a;
	if (!read_canon(header, &out->header_canon))
		return DKIM_WHY_SIG_CANON;
	if (!slice_is_null(body) && !read_canon(body, &out->body_canon))
		return DKIM_WHY_SIG_CANON;
	return DKIM_WHY_GOOD;
}

/* sub-domain *( "." sub-domain ), which has no dot at its end, of that many labels or more */
static bool read_name(struct arena *a, struct slice value, unsigned labels, struct domain *out)
{
	struct domain name;

	if (value.len == 0 || value.ptr[value.len - 1] == '.' || !domain_parse(a, value, &name) ||
	    domain_labels(name) < labels)
		return false;
	*out = name;
	return true;
}

/* RFC 8617 section 4.4 */
static enum dkim_why read_cv(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	for (enum chain_status status = CHAIN_NONE; status <= CHAIN_PASS; status++)
		if (slice_eq(value, slice_str(chain_status_text(status)))) {
			out->chain_status = status;
			return DKIM_WHY_GOOD;
		}
	return DKIM_WHY_SIG_CHAIN_STATUS;
}

static enum dkim_why read_d(struct arena *a, struct slice value, struct dkim_signature *out)
{
	out->domain_text = value;
	return read_name(a, value, 2, &out->domain) ? DKIM_WHY_GOOD : DKIM_WHY_SIG_DOMAIN;
}

static size_t count_elements(struct slice list)
{
	size_t n = 1;

	for (size_t i = 0; i < list.len; i++)
		n += list.ptr[i] == ':';
	return n;
}

static enum dkim_why read_h(struct arena *a, struct slice value, struct dkim_signature *out)
{
	size_t count = count_elements(value), n = 0;
	struct slice *names, name, rest = value;

	if (count > LIMIT_SIGNED_FIELDS)
		return DKIM_WHY_SIG_TOO_LARGE;
	names = arena_new_array(a, count, struct slice);
	if (names == NULL)
		return DKIM_WHY_NO_MEMORY;
	/* "From::To": an empty element names no field, and other verifiers pass it over */
	while (taglist_next_element(&rest, &name)) {
		if (name.len > 0 && !field_name_valid(name))
			return DKIM_WHY_SIG_SYNTAX;
		if (name.len > 0)
			names[n++] = name;
	}
	out->signed_names = names;
	out->signed_count = n;
	return n > 0 ? DKIM_WHY_GOOD : DKIM_WHY_SIG_SYNTAX;
}

/*
 * [ Local-part ] "@" domain-name.  The grammar of the Local-part is not enforced: it is no mailbox
 * (section 3.11), nothing is concluded from it, and real ones have dots where none may be.
 */
static enum dkim_why read_i(struct arena *a, struct slice value, struct dkim_signature *out)
{
	struct slice decoded;
	size_t at;

	if (!decode_qp(a, value, &decoded))
		return DKIM_WHY_SIG_SYNTAX;
	out->identity = decoded;
	at = slice_rfind(decoded, '@');
	if (at == decoded.len ||
	    !read_name(a, slice_drop(decoded, at + 1), 2, &out->identity_domain))
		return DKIM_WHY_SIG_IDENTITY;
	return DKIM_WHY_GOOD;
}

/* RFC 8617 section 4.1.3: "if found, MUST result in a cv status of fail" */
static enum dkim_why refuse_h(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	(void)value;
	(void)out;
	return DKIM_WHY_SIG_SEAL_H;
}

/* RFC 8617 section 4.2.1: position = 1*2DIGIT ; 1 - 50 */
static enum dkim_why read_instance(struct arena *a, struct slice value, struct dkim_signature *out)
{
	uint64_t number;

	(void)a;
	if (value.len > 2 || !read_number(value, 2, 99, &number) || number == 0 ||
	    number > LIMIT_ARC_SETS)
		return DKIM_WHY_SIG_INSTANCE;
	out->instance = (unsigned)number;
	return DKIM_WHY_GOOD;
}

/* No real body is as long as a number that does not fit, and l= beyond the body fails. */
static enum dkim_why read_l(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	if (value.len > MAX_LENGTH_DIGITS || !read_number(value, MAX_LENGTH_DIGITS,
	    BODY_LENGTH_ALL - 1, &out->body_length))
		return DKIM_WHY_SIG_SYNTAX;
	return DKIM_WHY_GOOD;
}

/* Methods that are not known are passed over; one that is must be left. */
static enum dkim_why read_q(struct arena *a, struct slice value, struct dkim_signature *out)
{
	struct slice method, rest = value;
	bool known = false;

	(void)a;
	(void)out;
	while (taglist_next_element(&rest, &method)) {
		if (method.len == 0)
			return DKIM_WHY_SIG_SYNTAX;
		known = known || slice_eq(method, SLICE("dns/txt"));
	}
	return known ? DKIM_WHY_GOOD : DKIM_WHY_SIG_QUERY_METHOD;
}

static enum dkim_why read_s(struct arena *a, struct slice value, struct dkim_signature *out)
{
	out->selector_text = value;
	return read_name(a, value, 1, &out->selector) ? DKIM_WHY_GOOD : DKIM_WHY_SIG_DOMAIN;
}

static enum dkim_why read_time(struct slice value, bool *has, int64_t *out)
{
	uint64_t seconds;

	if (!read_number(value, MAX_NUMBER_DIGITS, INT64_MAX, &seconds))
		return DKIM_WHY_SIG_SYNTAX;
	*out = (int64_t)seconds;
	*has = true;
	return DKIM_WHY_GOOD;
}

static enum dkim_why read_t(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	return read_time(value, &out->has_t, &out->t);
}

static enum dkim_why read_x(struct arena *a, struct slice value, struct dkim_signature *out)
{
	(void)a;
	return read_time(value, &out->has_x, &out->x);
}

#define DKIM (1u << SIGNATURE_DKIM)
#define AMS  (1u << SIGNATURE_ARC_MESSAGE)
#define AS   (1u << SIGNATURE_ARC_SEAL)

/* A tag that is not listed for a kind of signature is unknown there, and ignored. */
static const struct sig_tag {
	const char *name;
	unsigned required, optional; /* kinds of signature */
	enum dkim_why (*read)(struct arena *a, struct slice value, struct dkim_signature *out);
} sig_tags[] = {
	{ "v", DKIM, 0, read_v }, /* RFC 8617 section 4.1.2: ignored elsewhere */
	{ "a", DKIM | AMS | AS, 0, read_a },
	{ "b", DKIM | AMS | AS, 0, read_b },
	{ "bh", DKIM | AMS, 0, read_bh },
	{ "c", 0, DKIM | AMS, read_c },
	{ "cv", AS, 0, read_cv },
	{ "d", DKIM | AMS | AS, 0, read_d },
	{ "h", DKIM | AMS, 0, read_h },
	{ "h", 0, AS, refuse_h },
	{ "i", 0, DKIM, read_i },
	{ "i", AMS | AS, 0, read_instance }, /* RFC 8617 section 4.2.1 */
	{ "l", 0, DKIM | AMS, read_l },
	{ "q", 0, DKIM | AMS, read_q },
	{ "s", DKIM | AMS | AS, 0, read_s },
	{ "t", 0, DKIM | AMS | AS, read_t },
	{ "x", 0, DKIM | AMS, read_x },
	/* z= is for people: never read, never copied */
};

/* --- the whole --------------------------------------------------------------------------- */

static bool signs_from(const struct dkim_signature *sig)
{
	for (size_t i = 0; i < sig->signed_count; i++)
		if (slice_ieq(sig->signed_names[i], SLICE("From")))
			return true;
	return false;
}

/*
 * RFC 8617 section 4.1.2: sealers must not do that, as the sets of later ones would break such a
 * signature.  ARC-Authentication-Results is let pass here: sealers do name it, and it is no signature
 * that could be part of itself.
 */
static bool covers_arc(const struct dkim_signature *sig)
{
	static const struct slice names[] = {
		{ "ARC-Message-Signature", 21 }, { "ARC-Seal", 8 },
	};

	for (size_t i = 0; i < sig->signed_count; i++)
		for (size_t n = 0; n < N_ELEMENTS(names); n++)
			if (slice_ieq(sig->signed_names[i], names[n]))
				return true;
	return false;
}

/* What one tag alone does not show (RFC 6376 sections 3.5 and 6.1.1). */
static enum dkim_why check_whole(enum signature_kind kind, const struct dkim_signature *sig)
{
	size_t key_name = sig->selector.name.len + strlen(DOMAINKEY) + sig->domain.name.len;

	if (key_name > LIMIT_DOMAIN_OCTETS)
		return DKIM_WHY_SIG_DOMAIN;
	if (!domain_is_at_or_below(sig->identity_domain, sig->domain))
		return DKIM_WHY_SIG_IDENTITY;
	if (kind == SIGNATURE_ARC_MESSAGE && covers_arc(sig))
		return DKIM_WHY_SIG_COVERS_ARC;
	if (kind != SIGNATURE_ARC_SEAL && !signs_from(sig))
		return DKIM_WHY_SIG_FROM_UNSIGNED;
	if (sig->has_t && sig->has_x && sig->x <= sig->t)
		return DKIM_WHY_SIG_TIMES;
	return DKIM_WHY_GOOD;
}

/* Every tag is read, whatever is wrong with others, for the report; the first trouble is reported. */
static enum dkim_why read_tags(struct arena *a, enum signature_kind kind,
    const struct taglist *list, struct dkim_signature *out)
{
	enum dkim_why first = DKIM_WHY_GOOD;
	const unsigned this_kind = 1u << kind;

	for (size_t i = 0; i < N_ELEMENTS(sig_tags); i++) {
		const struct sig_tag *known = &sig_tags[i];
		const struct tag *tag = taglist_find(list, known->name);
		enum dkim_why why = DKIM_WHY_GOOD;

		if (((known->required | known->optional) & this_kind) == 0)
			continue;
		if (tag != NULL)
			why = known->read(a, tag->value, out);
		else if ((known->required & this_kind) != 0)
			why = DKIM_WHY_SIG_MISSING_TAG;
		if (first == DKIM_WHY_GOOD)
			first = why;
	}
	return first;
}

enum dkim_why dkim_signature_parse(struct arena *a, enum signature_kind kind, struct slice value,
    struct dkim_signature *out)
{
	static const enum dkim_why list_whys[] = {
		[TAGLIST_OK] = DKIM_WHY_GOOD,
		[TAGLIST_SYNTAX] = DKIM_WHY_SIG_SYNTAX,
		[TAGLIST_DUPLICATE] = DKIM_WHY_SIG_DUPLICATE_TAG,
		[TAGLIST_TOO_MANY] = DKIM_WHY_SIG_TOO_LARGE,
	};
	struct taglist list;
	enum dkim_why why;

	*out = (struct dkim_signature){ .header_canon = CANON_SIMPLE, .body_canon = CANON_SIMPLE,
		.body_length = BODY_LENGTH_ALL };
	if (value.len > LIMIT_SIGNATURE_OCTETS)
		return DKIM_WHY_SIG_TOO_LARGE;
	why = list_whys[taglist_parse(value, false, &list)];
	if (why != DKIM_WHY_GOOD)
		return why;
	/* RFC 8617 section 4.1.3: a seal has no c=, and is relaxed */
	if (kind == SIGNATURE_ARC_SEAL)
		out->header_canon = CANON_RELAXED;
	why = read_tags(a, kind, &list, out);
	if (slice_is_null(out->identity))
		out->identity_domain = out->domain;
	return why == DKIM_WHY_GOOD ? check_whole(kind, out) : why;
}

struct slice dkim_key_name(struct arena *a, const struct dkim_signature *sig)
{
	return arena_printf(a, "%.*s" DOMAINKEY "%.*s", SLICE_ARG(sig->selector.name),
	    SLICE_ARG(sig->domain.name));
}
