/* The domain type (mail/domain.h): a name, in its one form, or nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "mail/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(struct slice name)
{
	struct slice rest = name;

	if (name.len == 0 || name.len > LIMIT_DOMAIN_OCTETS)
		abort();
	while (!slice_is_null(rest)) {
		struct slice label = slice_split(&rest, '.');

		if (label.len == 0 || label.len > LIMIT_LABEL_OCTETS)
			abort();
		for (size_t i = 0; i < label.len; i++)
			if (!is_lower(label.ptr[i]) && !is_digit(label.ptr[i]) &&
			    label.ptr[i] != '-' && label.ptr[i] != '_')
				abort();
	}
}

static void check(struct arena *a, struct domain d)
{
	struct domain again, back;
	struct slice unicode;

	check_form(d.name);
	if (!domain_parse(a, d.name, &again) || !domain_eq(again, d))
		abort();
	unicode = domain_unicode(a, d);
	if (!utf8_valid(unicode) || !domain_parse(a, unicode, &back) || !domain_eq(back, d))
		abort();
	if (!domain_eq(domain_last(d, domain_labels(d)), d))
		abort();
	for (struct domain p = d; !domain_is_none(p); p = domain_parent(p))
		if (!domain_is_at_or_below(d, p) || domain_is_at_or_below(p, d) != domain_eq(p, d))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct domain d = DOMAIN_NONE;

	if (domain_parse(a, text, &d))
		check(a, d);
	else if (!domain_is_none(d))
		abort();
	arena_free(&a);
	return 0;
}
