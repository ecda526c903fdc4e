#include <stdlib.h>

#include <idn2.h>

#include "base/ascii.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/utf8.h"

#include "mail/domain.h"

/* No name in UTF-8 that fits the DNS is longer: an octet of an A-label represents at most four octets. */
#define DOMAIN_MAX_UNICODE (4u * (LIMIT_DOMAIN_OCTETS + 1))

/*
 * IDNA2008 look-up with UTS 46 mapping (case, width, ideographic full stops), as RFC 5895 suggests
 * for names that people type; deviations ("ss" against sharp s) stay distinct.
 */
#define DOMAIN_IDNA_FLAGS (IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)

static bool parse_ascii(struct arena *a, struct slice s, struct domain *out)
{
	struct domain d;

	if (!hostname_valid(s))
		return false;
	d.name = arena_lower(a, s);
	if (slice_is_null(d.name))
		return false;
	*out = d;
	return true;
}

/* U-labels to A-labels (RFC 5891 section 5); what libidn2 gives is checked like any other text. */
static bool parse_unicode(struct arena *a, struct slice s, struct domain *out)
{
	struct slice copy;
	char *ascii = NULL;
	bool ok;

	if (s.len > DOMAIN_MAX_UNICODE || !utf8_valid(s) || slice_find(s, '\0') < s.len)
		return false;
	copy = arena_copy(a, s);
	if (slice_is_null(copy))
		return false;
	if (idn2_to_ascii_8z(copy.ptr, &ascii, DOMAIN_IDNA_FLAGS) != IDN2_OK)
		return false;
	/* a final ideographic full stop has become a dot by now */
	ok = parse_ascii(a, hostname_undotted(slice_str(ascii)), out);
	idn2_free(ascii);
	return ok;
}

bool domain_parse(struct arena *a, struct slice text, struct domain *out)
{
	if (slice_is_ascii(text))
		return parse_ascii(a, hostname_undotted(text), out);
	return parse_unicode(a, text, out);
}

bool domain_eq(struct domain a, struct domain b)
{
	return !domain_is_none(a) && slice_eq(a.name, b.name);
}

bool domain_is_at_or_below(struct domain child, struct domain parent)
{
	size_t cut;

	if (domain_is_none(parent) || child.name.len < parent.name.len)
		return false;
	cut = child.name.len - parent.name.len;
	return slice_eq(slice_drop(child.name, cut), parent.name) &&
	    (cut == 0 || child.name.ptr[cut - 1] == '.');
}

unsigned domain_labels(struct domain d)
{
	unsigned n = !domain_is_none(d);

	for (size_t i = 0; i < d.name.len; i++)
		n += d.name.ptr[i] == '.';
	return n;
}

struct domain domain_parent(struct domain d)
{
	struct slice rest = d.name;

	slice_split(&rest, '.');
	return (struct domain){ rest };
}

struct domain domain_last(struct domain d, unsigned n)
{
	for (unsigned have = domain_labels(d); have > n; have--)
		d = domain_parent(d);
	return d;
}

struct slice domain_unicode(struct arena *a, struct domain d)
{
	struct slice copy = arena_copy(a, d.name); /* NUL-terminated */
	struct slice shown = d.name;
	struct domain back;
	char *unicode = NULL;

	if (slice_is_null(copy) || idn2_to_unicode_8z8z(copy.ptr, &unicode, 0) != IDN2_OK)
		return d.name;
	if (domain_parse(a, slice_str(unicode), &back) && domain_eq(back, d))
		shown = arena_copy(a, slice_str(unicode));
	idn2_free(unicode);
	return slice_is_null(shown) ? d.name : shown;
}
