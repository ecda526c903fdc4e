#include "dkim/keyrecord.h"

#include "dkim/check.h"

enum dkim_why dkim_check_times(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, int64_t now)
{
	if (sig->has_x && sig->x < now - params->clock_skew)
		return DKIM_WHY_SIG_EXPIRED;
	if (sig->has_t && sig->t > now + params->clock_skew)
		return DKIM_WHY_SIG_FUTURE;
	return DKIM_WHY_GOOD;
}

/* --- the body ---------------------------------------------------------------------------- */

struct bodyhash *dkim_want_body(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, struct bodyhashes *set)
{
	return bodyhashes_want(set, sig->body_canon,
	    params->body_length == DKIM_LENGTH_REFUSE ? BODY_LENGTH_ALL : sig->body_length);
}

enum dkim_why dkim_check_body(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, const struct bodyhash *body)
{
	uint64_t octets = bodyhash_canonical_octets(body);

	if (sig->body_length != BODY_LENGTH_ALL && sig->body_length > octets)
		return DKIM_WHY_BODY_LENGTH_TOO_LONG;
	if (sig->body_length < octets && params->body_length == DKIM_LENGTH_REFUSE)
		return DKIM_WHY_BODY_LENGTH_REFUSED;
	if (!slice_eq(sig->body_hash, slice_of((const char *)bodyhash_value(body), SHA256_OCTETS)))
		return DKIM_WHY_BODY_HASH;
	return DKIM_WHY_GOOD;
}

/* --- the key ----------------------------------------------------------------------------- */

enum dkim_why dkim_check_answer(const struct dns_answer *answer)
{
	static const enum dkim_why whys[] = {
		[DNS_FOUND] = DKIM_WHY_GOOD,
		[DNS_NXDOMAIN] = DKIM_WHY_KEY_NONE,
		[DNS_NODATA] = DKIM_WHY_KEY_NONE,
		[DNS_SERVFAIL] = DKIM_WHY_KEY_DNS_FAILURE,
		[DNS_TIMEOUT] = DKIM_WHY_KEY_TIMEOUT,
		[DNS_LOCAL_TROUBLE] = DKIM_WHY_KEY_LOCAL,
		[DNS_BADNAME] = DKIM_WHY_SIG_DOMAIN,
		/* asking again later would end here again: not temporary */
		[DNS_LIMIT] = DKIM_WHY_SIG_TOO_MANY,
	};

	return whys[answer->status];
}

/* RFC 6376 section 6.1.2 steps 5 to 8 */
static enum dkim_why check_record(const struct key_record *record, const struct dkim_signature *sig)
{
	if (!record->sha256_allowed)
		return DKIM_WHY_KEY_HASH;
	if (!record->email_service)
		return DKIM_WHY_KEY_SERVICE;
	if (record->type != sig->algorithm)
		return DKIM_WHY_KEY_TYPE;
	/* section 3.10 */
	if (record->strict_identity && !domain_eq(sig->identity_domain, sig->domain))
		return DKIM_WHY_KEY_STRICT_IDENTITY;
	return DKIM_WHY_GOOD;
}

/* Lengths are compared for RSA; an Ed25519 key has no other. */
static unsigned minimum_bits(enum key_type type, unsigned rsa)
{
	return type == KEY_RSA ? rsa : 0;
}

/* What checking one signature with one record needs. */
struct attempt {
	struct arena *arena;
	const struct dkim_verify_params *params;
	const struct dkim_signature *sig;
	const unsigned char *hash;
};

static enum dkim_why check_octets(const struct attempt *t, struct slice octets, unsigned *bits)
{
	static const enum dkim_why whys[] = {
		[PUBLIC_KEY_OK] = DKIM_WHY_GOOD,
		[PUBLIC_KEY_SYNTAX] = DKIM_WHY_KEY_SYNTAX,
		[PUBLIC_KEY_WEAK] = DKIM_WHY_KEY_WEAK,
		[PUBLIC_KEY_TOO_LARGE] = DKIM_WHY_KEY_TOO_LARGE,
		[PUBLIC_KEY_NO_MEMORY] = DKIM_WHY_NO_MEMORY,
	};
	enum key_type type = t->sig->algorithm;
	struct public_key *key = NULL;
	enum dkim_why why = whys[public_key_parse(t->arena, type, octets, &key)];
	bool valid = false;

	if (why != DKIM_WHY_GOOD)
		return why;
	*bits = public_key_bits(key);
	if (*bits < minimum_bits(type, RSA_MIN_BITS))
		return DKIM_WHY_KEY_TOO_SHORT;
	if (public_key_verify(key, t->hash, t->sig->signature, &valid) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	if (!valid)
		return DKIM_WHY_SIGNATURE_WRONG;
	return *bits < minimum_bits(type, t->params->minimum_bits) ? DKIM_WHY_KEY_BELOW_MINIMUM :
	    DKIM_WHY_GOOD;
}

static struct dkim_key_check check_text(const struct attempt *t, struct slice text)
{
	struct dkim_key_check found = { 0 };
	struct key_record record;

	found.why = key_record_parse(t->arena, text, &record);
	found.testing = record.testing;
	if (found.why == DKIM_WHY_GOOD)
		found.why = check_record(&record, t->sig);
	if (found.why == DKIM_WHY_GOOD)
		found.why = check_octets(t, record.key, &found.bits);
	return found;
}

struct dkim_key_check dkim_check_key(struct arena *a, const struct dkim_verify_params *params,
    const struct dkim_signature *sig, const struct dns_answer *answer,
    const unsigned char hash[SHA256_OCTETS])
{
	const struct attempt attempt = { a, params, sig, hash };
	struct dkim_key_check best = { .why = DKIM_WHY_KEY_NONE };

	for (size_t i = 0; i < answer->count && i < LIMIT_KEY_RECORDS; i++) {
		struct dkim_key_check found = check_text(&attempt, answer->records[i].text);

		if (found.why == DKIM_WHY_GOOD)
			return found;
		if (found.why > best.why)
			best = found;
	}
	return best;
}
