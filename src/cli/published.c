#include "base/limits.h"
#include "dkim/keyrecord.h"

#include "cli/published.h"

static const char *judge_record(struct arena *a, struct slice text, const struct private_key *private,
    struct slice public)
{
	struct key_record record;
	enum dkim_why why = key_record_parse(a, text, &record);

	if (why != DKIM_WHY_GOOD)
		return dkim_why_text(why);
	if (record.type != private_key_type(private) || !slice_eq(record.key, public))
		return "the published record has another key";
	if (!record.sha256_allowed || !record.email_service)
		return "the record's h= or s= does not allow mail signed with SHA-256";
	return NULL;
}

/* One good record is enough, as for a verifier. */
static const char *judge_answer(struct arena *a, const struct dns_answer *answer,
    const struct private_key *private, struct slice public)
{
	const char *wrong = "no record";

	for (size_t i = 0; i < answer->count && i < LIMIT_KEY_RECORDS; i++) {
		wrong = judge_record(a, answer->records[i].text, private, public);
		if (wrong == NULL)
			return NULL;
	}
	return wrong;
}

enum rc published_find(struct arena *a, struct lookups *l, const struct signing_key *key,
    const struct private_key *private, struct published *out)
{
	struct buf public = BUF_INIT(LIMIT_KEY_OCTETS);
	const struct dns_answer *answer;
	const char *wrong;

	*out = (struct published){ .name = arena_printf(a, "%.*s._domainkey.%.*s",
	    SLICE_ARG(key->selector), SLICE_ARG(key->domain.name)) };
	TRY(private_key_public(private, &public));
	answer = lookups_await(l, LOOKUP_DKIM, out->name, DNS_TXT);
	wrong = answer->status != DNS_FOUND ? dns_status_text(answer->status) :
	    judge_answer(a, answer, private, buf_slice(&public));
	buf_free(&public);
	out->good = wrong == NULL;
	out->what = wrong == NULL ? SLICE("published") :
	    arena_printf(a, "%s: publish the record that `assay key show %.*s %.*s` prints", wrong,
	    SLICE_ARG(key->domain.name), SLICE_ARG(key->selector));
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
