#include "mail/authres_read.h"

#include "arc/chain.h"

const char *arc_why_text(enum arc_why why)
{
	static const char *const texts[ARC_WHY_COUNT] = {
		[ARC_WHY_GOOD] = "the chain verifies",
		[ARC_WHY_NO_CHAIN] = "no ARC fields",
		[ARC_WHY_TOO_MANY] = "too many ARC fields",
		[ARC_WHY_FIELD] = "an ARC field cannot be read",
		[ARC_WHY_DUPLICATE] = "an ARC field occurs twice",
		[ARC_WHY_SEALED_AS_BROKEN] = "the newest seal reports a broken chain",
		[ARC_WHY_INCOMPLETE] = "an ARC set is incomplete",
		[ARC_WHY_CHAIN_STATUS] = "cv= does not fit the instance",
		[ARC_WHY_MESSAGE_SIGNATURE] = "the newest ARC-Message-Signature does not verify",
		[ARC_WHY_SEAL] = "an ARC-Seal does not verify",
		[ARC_WHY_NOT_BUILT] = "this program was built without ARC",
	};

	return texts[why];
}

/* --- reading ----------------------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct arc_chain *chain;
	size_t fields, octets;
};

/* The first trouble is the one reported; reading goes on, as sealers need the highest instance. */
static void trouble(struct arc_chain *chain, enum arc_why why, unsigned at)
{
	if (chain->why == ARC_WHY_GOOD) {
		chain->why = why;
		chain->at = at;
	}
}

/* The set of that instance; NULL with the trouble noted. */
static struct arc_set *set_of(struct reading *r, unsigned instance)
{
	struct arc_chain *chain = r->chain;

	if (instance == 0) {
		trouble(chain, ARC_WHY_FIELD, 0);
		return NULL;
	}
	if (instance > chain->count)
		chain->count = instance;
	return &chain->sets[instance - 1];
}

/* RFC 8617 section 5.2 step 3 A: exactly one of each */
static bool put(struct reading *r, const struct header **place, const struct header *field,
    unsigned instance)
{
	if (*place != NULL) {
		trouble(r->chain, ARC_WHY_DUPLICATE, instance);
		return false;
	}
	*place = field;
	return true;
}

static void read_results(struct reading *r, const struct header *field)
{
	unsigned instance = 0;
	struct slice payload = SLICE_NULL;
	struct arc_set *set;

	authres_arc_split(field->value, &instance, &payload);
	set = set_of(r, instance);
	if (set != NULL && put(r, &set->results, field, instance))
		set->payload = payload;
}

static void note_signature(struct reading *r, enum dkim_why why, unsigned instance)
{
	if (why == DKIM_WHY_GOOD || r->chain->why != ARC_WHY_GOOD)
		return;
	r->chain->detail = why;
	trouble(r->chain, ARC_WHY_FIELD, instance);
}

static void read_message_signature(struct reading *r, const struct header *field)
{
	struct dkim_signature sig;
	enum dkim_why why = dkim_signature_parse(r->arena, SIGNATURE_ARC_MESSAGE, field->value, &sig);
	struct arc_set *set;

	note_signature(r, why, sig.instance);
	set = set_of(r, sig.instance);
	if (set != NULL && put(r, &set->message_signature, field, sig.instance)) {
		set->ams = sig;
		set->ams_why = why;
	}
}

static void read_seal(struct reading *r, const struct header *field)
{
	struct dkim_signature sig;
	enum dkim_why why = dkim_signature_parse(r->arena, SIGNATURE_ARC_SEAL, field->value, &sig);
	struct arc_set *set;

	note_signature(r, why, sig.instance);
	set = set_of(r, sig.instance);
	if (set != NULL && put(r, &set->seal, field, sig.instance)) {
		set->as = sig;
		set->as_why = why;
	}
}

static const struct {
	struct slice name;
	void (*read)(struct reading *r, const struct header *field);
} kinds[] = {
	{ { "ARC-Authentication-Results", 26 }, read_results },
	{ { "ARC-Message-Signature", 21 }, read_message_signature },
	{ { "ARC-Seal", 8 }, read_seal },
};

/* false: too much of it, nothing more is read (RFC 8617 section 5.2 step 1). */
static bool read_field(struct reading *r, const struct header *field)
{
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		if (!slice_ieq(field->name, kinds[i].name))
			continue;
		r->octets += field->value.len;
		if (++r->fields > N_ELEMENTS(kinds) * LIMIT_ARC_SETS || r->octets > LIMIT_ARC_OCTETS) {
			r->chain->why = ARC_WHY_TOO_MANY;
			r->chain->at = 0;
			return false;
		}
		if (r->chain->sets == NULL)
			r->chain->sets = arena_new_array(r->arena, LIMIT_ARC_SETS, struct arc_set);
		if (r->chain->sets == NULL)
			return false;
		kinds[i].read(r, field);
	}
	return true;
}

/* --- the shape --------------------------------------------------------------------------- */

static bool is_complete(const struct arc_set *set)
{
	return set->results != NULL && set->message_signature != NULL && set->seal != NULL;
}

/* RFC 8617 section 5.2 step 3 B and C */
static void check_sets(struct arc_chain *chain)
{
	for (unsigned i = 1; i <= chain->count && chain->why == ARC_WHY_GOOD; i++) {
		const struct arc_set *set = &chain->sets[i - 1];

		if (!is_complete(set))
			trouble(chain, ARC_WHY_INCOMPLETE, i);
		else if (set->as.chain_status != (i == 1 ? CHAIN_NONE : CHAIN_PASS))
			trouble(chain, ARC_WHY_CHAIN_STATUS, i);
	}
}

/* RFC 8617 section 5.2 step 2, which comes before anything that is wrong with the shape */
static void check_newest(struct arc_chain *chain)
{
	const struct arc_set *newest;

	if (chain->count == 0)
		return;
	newest = &chain->sets[chain->count - 1];
	if (newest->seal == NULL || newest->as.chain_status != CHAIN_FAIL)
		return;
	chain->why = ARC_WHY_SEALED_AS_BROKEN;
	chain->at = chain->count;
}

enum rc arc_chain_read(struct arena *a, const struct message *m, struct arc_chain *out)
{
	struct reading r = { .arena = a, .chain = out };

	*out = (struct arc_chain){ .why = ARC_WHY_GOOD };
	for (size_t i = 0; i < m->count && read_field(&r, &m->headers[i]); i++)
		;
	if (arena_failed(a))
		return RC_NOMEM;
	if (r.fields == 0)
		out->why = ARC_WHY_NO_CHAIN;
	check_newest(out);
	check_sets(out);
	return RC_OK;
}

enum rc arc_chain_fields(struct arena *a, const struct arc_chain *chain, unsigned count,
    struct header_list *out)
{
	size_t most = N_ELEMENTS(kinds) * count;
	struct header_list list = { .fields = arena_new_array(a, most, const struct header *) };

	if (list.fields == NULL)
		return RC_NOMEM;
	for (unsigned i = 0; i < count; i++) {
		list.fields[list.count++] = chain->sets[i].results;
		list.fields[list.count++] = chain->sets[i].message_signature;
		list.fields[list.count++] = chain->sets[i].seal;
	}
	*out = list;
	return RC_OK;
}

unsigned arc_next_instance(const struct arc_chain *chain)
{
	return chain->count + 1;
}

bool arc_chain_has_set(const struct arc_chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++) {
		const struct arc_set *set = &chain->sets[i];

		if (is_complete(set) && set->ams_why == DKIM_WHY_GOOD && set->as_why == DKIM_WHY_GOOD)
			return true;
	}
	return false;
}
