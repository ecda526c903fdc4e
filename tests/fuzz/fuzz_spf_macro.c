/*
 * SPF macros (spf/macro.h): a line with a domain-spec or an explanation, then lines that stand for
 * local-part, domain and HELO name.  The expansion must be that of the reference, and end when its
 * steps do.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "spf/macro.h"
#include "spf/name.h"

#include "macro_reference.h"

#define ENOUGH (16u * 1024 * 1024)
#define FEW    600u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice validated(void *ctx, struct slice domain)
{
	(void)domain;
	return *(struct slice *)ctx;
}

static void must_be(struct slice got, const struct buf *want)
{
	/* what is longer is one label, of which as much as shows that is kept */
	if (got.len > LIMIT_DOMAIN_OCTETS && want->len > LIMIT_DOMAIN_OCTETS &&
	    slice_find(got, '.') == got.len && slice_find(buf_slice(want), '.') == want->len)
		return;
	if (!slice_eq(got, buf_slice(want)))
		abort();
}

static void try_name(struct arena *a, const struct spf_values *v, struct slice spec)
{
	struct buf want = BUF_INIT(ENOUGH);
	size_t steps = ENOUGH, few = FEW;
	enum spf_expansion how;
	struct slice name, again;

	if (!spf_is_domain_spec(spec))
		return;
	how = spf_expand_name(a, v, spec, &steps, &name);
	if (macro_reference_name(v, spec, &want) != (how == SPF_EXPANDED) && !buf_failed(&want))
		abort();
	if (how == SPF_EXPANDED && !buf_failed(&want))
		must_be(name, &want);
	if (how == SPF_EXPANDED && spf_name_valid(name) && slice_is_null(spf_name_escaped(a, name)))
		abort();
	if (spf_expand_name(a, v, spec, &few, &again) == SPF_EXPANDED) {
		if (ENOUGH - steps != FEW - few || !slice_eq(name, again))
			abort();
	} else if (how == SPF_EXPANDED && (few != 0 || ENOUGH - steps <= FEW)) {
		abort();
	}
	buf_free(&want);
}

static void try_explanation(struct arena *a, const struct spf_values *v, struct slice text)
{
	struct buf want = BUF_INIT(ENOUGH);
	size_t steps = ENOUGH;
	struct slice got;
	bool ok = spf_expand_explanation(a, v, text, &steps, &got);

	if (steps > 0 && macro_reference_explanation(v, text, &want) != ok && !buf_failed(&want))
		abort();
	if (ok && !buf_failed(&want) && !slice_eq(got, buf_slice(&want)))
		abort();
	buf_free(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct slice text = slice_split(&rest, '\n'), local = slice_split(&rest, '\n');
	struct slice domain = slice_split(&rest, '\n'), helo = slice_split(&rest, '\n');
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct spf_values v = {
		.local_part = local,
		.sender = local,
		.sender_domain = domain,
		.domain = domain,
		.helo = helo,
		.client = { size % 2 == 0 ? IP_V4 : IP_V6, { 192, 0, 2, 1 } },
		.validated = validated,
		.ctx = &helo,
	};

	if (a != NULL && text.len <= LIMIT_SPF_RECORD && size <= LIMIT_ADDRESS_OCTETS) {
		try_name(a, &v, text);
		try_explanation(a, &v, text);
	}
	arena_free(&a);
	return 0;
}
