#include "base/limits.h"
#include "crypto/base64.h"
#include "mail/taglist.h"

#include "dkim/keyrecord.h"

static bool has_element(struct slice list, struct slice wanted)
{
	struct slice element;

	while (taglist_next_element(&list, &element))
		if (slice_eq(element, wanted))
			return true;
	return false;
}

/* --- tags, in the order of RFC 6376 section 3.6.1; unknown elements are passed over --- */

static enum dkim_why read_v(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	(void)out;
	return slice_eq(value, SLICE("DKIM1")) ? DKIM_WHY_GOOD : DKIM_WHY_KEY_VERSION;
}

static enum dkim_why read_h(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	out->sha256_allowed = has_element(value, SLICE("sha256"));
	return DKIM_WHY_GOOD;
}

static enum dkim_why read_k(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	for (enum key_type type = KEY_RSA; type <= KEY_ED25519; type++)
		if (slice_eq(value, slice_str(key_type_text(type)))) {
			out->type = type;
			return DKIM_WHY_GOOD;
		}
	return DKIM_WHY_KEY_TYPE;
}

static enum dkim_why read_n(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	out->notes = value;
	return DKIM_WHY_GOOD;
}

static enum dkim_why read_p(struct arena *a, struct slice value, struct key_record *out)
{
	if (!base64_decode(a, value, LIMIT_KEY_OCTETS, &out->key))
		return DKIM_WHY_KEY_SYNTAX;
	return out->key.len == 0 ? DKIM_WHY_KEY_REVOKED : DKIM_WHY_GOOD;
}

static enum dkim_why read_s(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	out->email_service = has_element(value, SLICE("*")) || has_element(value, SLICE("email"));
	return DKIM_WHY_GOOD;
}

static enum dkim_why read_t(struct arena *a, struct slice value, struct key_record *out)
{
	(void)a;
	out->testing = has_element(value, SLICE("y"));
	out->strict_identity = has_element(value, SLICE("s"));
	return DKIM_WHY_GOOD;
}

static const struct key_tag {
	const char *name;
	bool required;
	enum dkim_why (*read)(struct arena *a, struct slice value, struct key_record *out);
} key_tags[] = {
	{ "v", false, read_v },
	{ "h", false, read_h },
	{ "k", false, read_k },
	{ "n", false, read_n },
	{ "p", true, read_p },
	{ "s", false, read_s },
	{ "t", false, read_t },
	/* g= went with RFC 4871 */
};

/* --- the whole --------------------------------------------------------------------------- */

static enum dkim_why read_tags(struct arena *a, const struct taglist *list, struct key_record *out)
{
	enum dkim_why first = DKIM_WHY_GOOD;

	for (size_t i = 0; i < N_ELEMENTS(key_tags); i++) {
		const struct tag *tag = taglist_find(list, key_tags[i].name);
		enum dkim_why why = DKIM_WHY_GOOD;

		if (tag != NULL)
			why = key_tags[i].read(a, tag->value, out);
		else if (key_tags[i].required)
			why = DKIM_WHY_KEY_SYNTAX;
		if (first == DKIM_WHY_GOOD)
			first = why;
	}
	return first;
}

enum dkim_why key_record_parse(struct arena *a, struct slice text, struct key_record *out)
{
	const struct tag *version;
	struct taglist list;

	*out = (struct key_record){ .type = KEY_RSA, .sha256_allowed = true,
		.email_service = true };
	if (taglist_parse(text, false, &list) != TAGLIST_OK)
		return DKIM_WHY_KEY_SYNTAX;
	version = taglist_find(&list, "v");
	if (version != NULL && version != &list.tags[0])
		return DKIM_WHY_KEY_SYNTAX;
	return read_tags(a, &list, out);
}
