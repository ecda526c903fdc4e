#include "base/limits.h"
#include "mail/tokens.h"

#include "dkim/fields.h"

#define DKIM (1u << SIGNATURE_DKIM)
#define AMS  (1u << SIGNATURE_ARC_MESSAGE)
#define BOTH (DKIM | AMS)

/* RFC 6376 sections 5.4.1 and 8.15; RFC 8058 section 4; RFC 9477 section 3.1 */
static const struct field_rule {
	const char *name;
	enum {
		AS_FOUND,
		ONE_MORE,         /* present or not: an added one breaks the signature */
		ONE_MORE_IF_FOUND /* absent, others add it without ill will */
	} times;
	unsigned kinds;
} default_fields[] = {
	{ "From", ONE_MORE, BOTH },
	{ "To", ONE_MORE, BOTH },
	{ "Cc", ONE_MORE, BOTH },
	{ "Subject", ONE_MORE, BOTH },
	{ "Reply-To", ONE_MORE, BOTH },
	/* MTAs add these two after their milters */
	{ "Date", ONE_MORE_IF_FOUND, BOTH },
	{ "Message-ID", ONE_MORE_IF_FOUND, BOTH },
	/* RFC 6376 appendix B.2.3: mailing lists and gateways add these */
	{ "Sender", ONE_MORE_IF_FOUND, BOTH },
	{ "In-Reply-To", ONE_MORE_IF_FOUND, BOTH },
	{ "References", ONE_MORE_IF_FOUND, BOTH },
	{ "MIME-Version", ONE_MORE_IF_FOUND, BOTH },
	{ "Content-Type", ONE_MORE_IF_FOUND, BOTH },
	{ "Content-Transfer-Encoding", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Id", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Help", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Unsubscribe", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Unsubscribe-Post", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Subscribe", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Post", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Owner", ONE_MORE_IF_FOUND, BOTH },
	{ "List-Archive", ONE_MORE_IF_FOUND, BOTH },
	{ "Content-ID", AS_FOUND, BOTH },
	{ "Content-Description", AS_FOUND, BOTH },
	{ "Content-Disposition", AS_FOUND, BOTH },
	/* each further resending adds a block of its own (RFC 5322 section 3.6.6) */
	{ "Resent-Date", AS_FOUND, BOTH },
	{ "Resent-From", AS_FOUND, BOTH },
	{ "Resent-To", AS_FOUND, BOTH },
	{ "Resent-Cc", AS_FOUND, BOTH },
	{ "CFBL-Address", AS_FOUND, BOTH },
	{ "CFBL-Feedback-ID", AS_FOUND, BOTH },
	{ "DKIM-Signature", AS_FOUND, AMS }, /* RFC 8617 section 4.1.2 */
};

/* A name that ends in "-" matches all names with that prefix. */
static const struct {
	const char *name, *why;
} never_signed[] = {
	/* RFC 6376 sections 5.4 and 5.4.1 */
	{ "Return-Path", "is replaced at delivery and cannot be signed" },
	{ "Received", "is added in transit and cannot be signed" },
	{ "Comments", "may be added in transit and is never signed" },
	{ "Keywords", "may be added in transit and is never signed" },
	{ "Bcc", "is removed before delivery and cannot be signed" },
	/* RFC 6376 sections 4.2 and 5.4 */
	{ "DKIM-Signature", "is reordered and removed in transit and is never signed" },
	/* RFC 8601 section 5: the next site removes or adds them; RFC 8617 section 4.1.2 */
	{ "Authentication-Results", "is removed by those who receive it and is never signed" },
	{ "ARC-", "is added in transit and is never signed" },
};

static const char *never_signed_why(struct slice name)
{
	for (size_t i = 0; i < N_ELEMENTS(never_signed); i++) {
		struct slice entry = slice_str(never_signed[i].name);
		bool prefix = entry.ptr[entry.len - 1] == '-';

		if (prefix ? slice_istarts_with(name, entry) : slice_ieq(name, entry))
			return never_signed[i].why;
	}
	return NULL;
}

/* A name that h= can hold: ";" would end the tag. */
static bool can_be_listed(struct slice name)
{
	return field_name_valid(name) && slice_find(name, ';') == name.len;
}

const char *dkim_sign_field_error(struct slice name, bool removing)
{
	if (!can_be_listed(name))
		return "is not the name of a header field";
	if (removing)
		return slice_ieq(name, SLICE("From")) ? "must be signed (RFC 6376)" : NULL;
	return never_signed_why(name);
}

static bool contains(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_ieq(names[i], name))
			return true;
	return false;
}

static bool is_default(struct slice name)
{
	for (size_t i = 0; i < N_ELEMENTS(default_fields); i++)
		if (slice_ieq(slice_str(default_fields[i].name), name))
			return true;
	return false;
}

/* --- h= ------------------------------------------------------------------------------------ */

struct choice {
	struct arena *arena;
	const struct message *message;
	const struct sign_header_set *set;
	struct name_list *out;
};

static bool sign_field(struct choice *c, struct slice name, bool oversign)
{
	size_t instances = message_count(c->message, name) + (oversign ? 1 : 0);
	struct name_list *list = c->out;

	if (instances > LIMIT_SIGNED_FIELDS - list->count)
		return false;
	for (size_t i = 0; i < instances; i++) {
		if (!arena_grow(c->arena, &list->names, &list->cap, list->count, sizeof(name)))
			return false;
		list->names[list->count++] = name;
	}
	return true;
}

static bool sign_default(struct choice *c, const struct field_rule *rule)
{
	struct slice name = slice_str(rule->name);
	bool more = contains(c->set->add, c->set->add_count, name);

	if (contains(c->set->remove, c->set->remove_count, name) &&
	    dkim_sign_field_error(name, true) == NULL)
		return true;
	if (rule->times == ONE_MORE_IF_FOUND && !more && message_count(c->message, name) == 0)
		return true;
	return sign_field(c, name, rule->times != AS_FOUND || more);
}

static bool sign_added(struct choice *c, size_t index)
{
	struct slice name = c->set->add[index];

	if (is_default(name) || dkim_sign_field_error(name, false) != NULL ||
	    contains(c->set->remove, c->set->remove_count, name) ||
	    contains(c->set->add, index, name))
		return true;
	return sign_field(c, name, true);
}

bool dkim_fields_choose(struct arena *a, enum signature_kind kind, const struct message *m,
    const struct sign_header_set *set, struct name_list *out)
{
	static const struct sign_header_set no_changes;
	struct choice c = { .arena = a, .message = m, .set = set == NULL ? &no_changes : set,
		.out = out };
	bool fits = true;

	*out = (struct name_list){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(default_fields) && fits; i++)
		if ((default_fields[i].kinds & 1u << kind) != 0)
			fits = sign_default(&c, &default_fields[i]);
	for (size_t i = 0; i < c.set->add_count && fits; i++)
		fits = sign_added(&c, i);
	return fits;
}
