/*
 * SPF macros (spf/macro.h): a line with a domain-spec or an explanation, then lines that stand for
 * local-part, domain and HELO name.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "spf/macro.h"
#include "spf/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice validated(void *ctx, struct slice domain)
{
	(void)domain;
	return *(struct slice *)ctx;
}

static bool is_domain_spec(struct arena *a, struct slice spec)
{
	struct slice record = arena_printf(a, "v=spf1 exists:%.*s", SLICE_ARG(spec));
	static const struct ip nobody = { .family = IP_NONE };
	struct spf_record r;

	return slice_find(spec, ' ') == spec.len && slice_find(spec, '\0') == spec.len &&
	    spf_record_parse(record, &nobody, &r, NULL);
}

static void try_name(struct arena *a, const struct spf_values *v, struct slice domain,
    struct slice spec)
{
	struct slice name;

	if (!is_domain_spec(a, spec) || !spf_expand_name(a, v, domain, spec, &name))
		return;
	if (name.len > LIMIT_DOMAIN_OCTETS && slice_find(name, '.') < name.len)
		abort();
	if (spf_name_valid(name) && slice_is_null(spf_name_escaped(a, name)))
		abort();
}

static void try_explanation(struct arena *a, const struct spf_values *v, struct slice domain,
    struct slice text)
{
	struct slice out;

	if (!spf_expand_explanation(a, v, domain, text, &out))
		return;
	if (out.len > LIMIT_SPF_EXPLANATION)
		abort();
	for (size_t i = 0; i < out.len; i++)
		if (out.ptr[i] < 0x20 || out.ptr[i] == 0x7f)
			abort();
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
		.helo = helo,
		.client = { size % 2 == 0 ? IP_V4 : IP_V6, { 192, 0, 2, 1 } },
		.validated = validated,
		.ctx = &helo,
	};

	if (a != NULL && text.len <= LIMIT_SPF_RECORD) {
		try_name(a, &v, domain, text);
		try_explanation(a, &v, domain, text);
	}
	arena_free(&a);
	return 0;
}
