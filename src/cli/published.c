#include "base/ascii.h"
#include "base/clock.h"
#include "base/limits.h"
#include "crypto/base64.h"
#include "dkim/keyrecord.h"

#include "cli/published.h"

/* What is compared with the answer. */
struct expected {
	struct arena *arena;
	const struct private_key *private;
	struct slice public; /* octets of p= */
	struct slice text;   /* of p= */
};

const char *published_state_text(enum published_state state)
{
	static const char *const texts[PUBLISHED_STATES] = {
		[PUBLISHED] = "ok", [PUBLISHED_WRONG] = "bad", [PUBLISHED_UNKNOWN] = "unknown",
	};

	return texts[state];
}

enum rc published_text(const struct private_key *private, struct buf *out)
{
	struct buf octets = BUF_INIT(LIMIT_KEY_OCTETS);
	enum rc rc = private_key_public(private, &octets);

	buf_addf(out, "v=DKIM1; k=%s; p=", key_type_text(private_key_type(private)));
	base64_encode(out, buf_slice(&octets));
	buf_free(&octets);
	return rc == RC_OK && buf_failed(out) ? RC_NOMEM : rc;
}

/* --- one record ------------------------------------------------------------------------------ */

/* The value of p= without blanks, whatever else the record looks like. */
static struct slice published_p(struct arena *a, struct slice record)
{
	struct buf out = BUF_INIT(LIMIT_DNS_ANSWER);
	struct slice rest = record;

	while (rest.len > 0) {
		struct slice tag = slice_trim(slice_split(&rest, ';'));

		if (!slice_starts_with(tag, SLICE("p=")))
			continue;
		for (size_t i = 2; i < tag.len; i++)
			if (!is_wsp(tag.ptr[i]))
				buf_add_char(&out, tag.ptr[i]);
	}
	return arena_take_buf(a, &out);
}

/* What forms and editors of zones do to a long value; NULL: none of that. */
static const char *damage(const struct expected *e, struct slice record)
{
	struct slice p = published_p(e->arena, record);

	if (slice_find(record, '"') < record.len)
		return "the value contains quotation marks: enter it without them";
	if (slice_find(record, '\\') < record.len)
		return "the value contains backslashes: enter it without them";
	if (p.len > 0 && p.len < e->text.len && slice_starts_with(e->text, p))
		return "the value is cut off: enter it whole, as several strings where one is limited to 255 "
		    "octets";
	return NULL;
}

static const char *judge_record(const struct expected *e, struct slice text)
{
	struct key_record record;
	enum dkim_why why = key_record_parse(e->arena, text, &record);
	const char *damaged = damage(e, text);

	if (why != DKIM_WHY_GOOD)
		return damaged != NULL ? damaged : dkim_why_text(why);
	if (record.type != private_key_type(e->private))
		return "k= in the published record is not the type of the key";
	if (!slice_eq(record.key, e->public))
		return damaged != NULL ? damaged : "the published record has another key";
	if (!record.sha256_allowed || !record.email_service)
		return "the record's h= or s= does not allow mail signed with SHA-256";
	if (record.testing)
		return "the record contains t=y: receivers treat signed mail as unsigned: remove t=y (RFC "
		    "6376 section 3.6.1)";
	return NULL;
}

/* --- the answer ------------------------------------------------------------------------------ */

static bool is_found(struct lookups *l, struct slice name)
{
	return lookups_await(l, LOOKUP_DKIM, name, DNS_TXT)->status == DNS_FOUND;
}

/* No record at the name: perhaps the editor of the zone appended the domain a second time. */
static const char *nothing_there(struct arena *a, struct lookups *l, struct slice name,
    const struct signing_key *key, enum dns_status status)
{
	struct slice doubled = arena_printf(a, "%.*s.%.*s", SLICE_ARG(name), SLICE_ARG(key->domain.name));

	if (!slice_is_null(doubled) && is_found(l, doubled))
		return arena_printf(a, "%s, but there is a record at %.*s: the domain was appended twice",
		    dns_status_text(status), SLICE_ARG(doubled)).ptr;
	return dns_status_text(status);
}

static const char *wrong_record(struct arena *a, struct lookups *l, const struct signing_key *key,
    const char *wrong)
{
	struct slice other = arena_printf(a, "no-such-selector._domainkey.%.*s", SLICE_ARG(key->domain.name));

	if (!slice_is_null(other) && is_found(l, other))
		return arena_printf(a, "%s (a wildcard record answers for every selector)", wrong).ptr;
	return wrong;
}

/* RFC 6376 section 3.6.2.2: what verifiers do with several records is undefined, so it is wrong. */
static const char *judge_answer(const struct expected *e, struct lookups *l,
    const struct signing_key *key, const struct dns_answer *answer)
{
	const char *wrong;

	if (answer->count > 1)
		return arena_printf(e->arena, "%zu records at one selector: receivers may read any of them "
		    "(RFC 6376 section 3.6.2.2): leave one", answer->count).ptr;
	wrong = judge_record(e, answer->records[0].text);
	return wrong == NULL ? NULL : wrong_record(e->arena, l, key, wrong);
}

/*
 * Finds the negative TTL (RFC 2308 section 5) by asking for a name that was not asked for before: for a name
 * in its cache, a resolver would return only the time that remains.
 */
static int64_t negative_ttl(struct arena *a, struct lookups *l, struct slice name)
{
	struct slice other = arena_printf(a, "no-such-%lld.%.*s", (long long)clock_now(), SLICE_ARG(name));
	const struct dns_answer *answer;

	if (slice_is_null(other))
		return -1;
	answer = lookups_await(l, LOOKUP_DKIM, other, DNS_TXT);
	return answer->status == DNS_NXDOMAIN || answer->status == DNS_NODATA ? (int64_t)answer->ttl : -1;
}

static void judge(const struct expected *e, struct lookups *l, const struct signing_key *key,
    struct slice name, struct published_answer *out)
{
	const struct dns_answer *answer = lookups_await(l, LOOKUP_DKIM, name, DNS_TXT);
	const char *wrong;

	if (dns_status_is_temporary(answer->status) || answer->status == DNS_BADNAME) {
		out->state = PUBLISHED_UNKNOWN;
		out->what = arena_printf(e->arena, "could not ask: %s", dns_status_text(answer->status));
		return;
	}
	wrong = answer->status == DNS_FOUND ? judge_answer(e, l, key, answer) :
	    nothing_there(e->arena, l, name, key, answer->status);
	out->state = wrong == NULL ? PUBLISHED : PUBLISHED_WRONG;
	out->what = wrong == NULL ? SLICE("published") : arena_copy(e->arena, slice_str(wrong));
	if (wrong == NULL)
		out->negative_ttl = negative_ttl(e->arena, l, name);
}

enum rc published_at(const struct published_key *k, struct lookups *l, struct slice name,
    struct published_answer *out)
{
	struct buf public = BUF_INIT(LIMIT_KEY_OCTETS), text = BUF_INIT(2 * LIMIT_KEY_OCTETS);
	struct expected e = { .arena = k->arena, .private = k->private };

	out->negative_ttl = -1;
	TRY(private_key_public(k->private, &public));
	base64_encode(&text, buf_slice(&public));
	e.public = arena_take_buf(k->arena, &public);
	e.text = arena_take_buf(k->arena, &text);
	if (arena_failed(k->arena))
		return RC_NOMEM;
	judge(&e, l, k->key, name, out);
	return arena_failed(k->arena) ? RC_NOMEM : RC_OK;
}

struct slice published_name(struct arena *a, const struct signing_key *key)
{
	return arena_printf(a, "%.*s._domainkey.%.*s", SLICE_ARG(key->selector),
	    SLICE_ARG(key->domain.name));
}

enum rc published_find(const struct published_key *k, struct lookups *l, struct published *out)
{
	struct published_answer answer = { .state = PUBLISHED_UNKNOWN };

	*out = (struct published){ .name = published_name(k->arena, k->key) };
	out->target = out->name;
	TRY(published_at(k, l, out->name, &answer));
	out->state = answer.state;
	out->what = answer.what;
	out->negative_ttl = answer.negative_ttl;
	if (out->state == PUBLISHED_WRONG)
		out->what = arena_printf(k->arena, "%.*s: publish the record that `assay key show %.*s %.*s` "
		    "prints", SLICE_ARG(out->what), SLICE_ARG(k->key->domain.name), SLICE_ARG(k->key->selector));
	return arena_failed(k->arena) ? RC_NOMEM : RC_OK;
}
