/* The value of a signature field of each kind (dkim/signature.h). */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dkim/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

/* What the verifier relies on. */
static void check_good(enum signature_kind kind, const struct dkim_signature *sig,
    struct slice value, struct arena *a)
{
	bool seal = kind == SIGNATURE_ARC_SEAL;

	if (!sig->algorithm_known || sig->signature.len == 0 || sig->b_text.len == 0)
		abort();
	if ((sig->signed_count > 0) == seal || (sig->body_hash.len == SHA256_OCTETS) == seal)
		abort();
	if ((sig->instance > 0) != (kind != SIGNATURE_DKIM) || sig->instance > LIMIT_ARC_SETS)
		abort();
	if (!domain_is_at_or_below(sig->identity_domain, sig->domain) ||
	    domain_labels(sig->domain) < 2 || domain_is_none(sig->selector))
		abort();
	if (dkim_key_name(a, sig).len > LIMIT_DOMAIN_OCTETS)
		abort();
	if (sig->has_t && sig->has_x && sig->x <= sig->t)
		abort();
	check_inside(sig->b_text, value);
	for (size_t i = 0; i < sig->signed_count; i++)
		check_inside(sig->signed_names[i], value);
}

static void parse(enum signature_kind kind, struct slice value)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct dkim_signature sig;
	enum dkim_why why = dkim_signature_parse(a, kind, value, &sig);

	if (why >= DKIM_WHY_COUNT || dkim_why_text(why) == NULL)
		abort();
	check_inside(sig.domain_text, value);
	check_inside(sig.selector_text, value);
	check_inside(sig.algorithm_text, value);
	if (why == DKIM_WHY_GOOD)
		check_good(kind, &sig, value, a);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };

	for (enum signature_kind kind = SIGNATURE_DKIM; kind <= SIGNATURE_ARC_SEAL; kind++)
		parse(kind, value);
	return 0;
}
