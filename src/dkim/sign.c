#include <inttypes.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/base64.h"
#include "crypto/key.h"
#include "dkim/headerhash.h"
#include "mail/domain.h"
#include "mail/fieldwriter.h"

#include "dkim/sign.h"

#define FIELD_NAME  SLICE("DKIM-Signature")

/* --- which fields ------------------------------------------------------------------------ */

/* RFC 6376 sections 5.4.1 and 8.15; RFC 8058 section 4; RFC 9477 section 3.1 */
static const struct field_rule {
	const char *name;
	enum {
		AS_FOUND,
		ONE_MORE,         /* one at most may be there: an added one breaks the signature */
		ONE_MORE_IF_FOUND /* as that; but absent, Sendmail adds it behind its milters */
	} times;
} default_fields[] = {
	{ "From", ONE_MORE },
	{ "To", ONE_MORE },
	{ "Cc", ONE_MORE },
	{ "Subject", ONE_MORE },
	{ "Date", ONE_MORE_IF_FOUND },
	{ "Reply-To", ONE_MORE },
	{ "Sender", ONE_MORE },
	{ "Message-ID", ONE_MORE_IF_FOUND },
	{ "In-Reply-To", ONE_MORE },
	{ "References", ONE_MORE },
	{ "MIME-Version", ONE_MORE },
	{ "Content-Type", ONE_MORE },
	{ "Content-Transfer-Encoding", ONE_MORE },
	{ "Content-ID", AS_FOUND },
	{ "Content-Description", AS_FOUND },
	{ "Content-Disposition", AS_FOUND },
	{ "Resent-Date", AS_FOUND },
	{ "Resent-From", AS_FOUND },
	{ "Resent-To", AS_FOUND },
	{ "Resent-Cc", AS_FOUND },
	{ "List-Id", AS_FOUND },
	{ "List-Help", AS_FOUND },
	{ "List-Unsubscribe", AS_FOUND },
	{ "List-Unsubscribe-Post", AS_FOUND },
	{ "List-Subscribe", AS_FOUND },
	{ "List-Post", AS_FOUND },
	{ "List-Owner", AS_FOUND },
	{ "List-Archive", AS_FOUND },
	{ "CFBL-Address", AS_FOUND },
	{ "CFBL-Feedback-ID", AS_FOUND },
};

/* A name ending in "-" stands for all that begin like it. */
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
static bool is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_vchar(name.ptr[i]) || name.ptr[i] == ':' || name.ptr[i] == ';')
			return false;
	return name.len > 0;
}

const char *dkim_sign_field_error(struct slice name, bool removing)
{
	if (!is_field_name(name))
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

struct name_list {
	struct slice *names;
	size_t count, cap;
};

struct dkim_signer {
	struct message *message;
	struct arena *arena;
	struct dkim_sign_params params;
	struct bodyhash *body;
	struct name_list signed_names; /* h= */
	bool unicode;                  /* U-labels are written */
};

static enum rc sign_field(struct dkim_signer *s, struct slice name, bool oversign)
{
	size_t instances = message_count(s->message, name) + (oversign ? 1 : 0);
	struct name_list *list = &s->signed_names;

	if (instances > LIMIT_SIGNED_FIELDS - list->count)
		return RC_LIMIT;
	for (size_t i = 0; i < instances; i++) {
		if (!arena_grow(s->arena, &list->names, &list->cap, list->count, sizeof(name)))
			return RC_NOMEM;
		list->names[list->count++] = name;
	}
	return RC_OK;
}

static enum rc choose_fields(struct dkim_signer *s)
{
	static const struct sign_header_set no_changes;
	const struct sign_header_set *set = s->params.fields;

	if (set == NULL)
		set = &no_changes;
	for (size_t i = 0; i < N_ELEMENTS(default_fields); i++) {
		struct slice name = slice_str(default_fields[i].name);
		bool more = contains(set->add, set->add_count, name);

		if (contains(set->remove, set->remove_count, name) &&
		    dkim_sign_field_error(name, true) == NULL)
			continue;
		if (default_fields[i].times == ONE_MORE_IF_FOUND && !more &&
		    message_count(s->message, name) == 0)
			continue;
		TRY(sign_field(s, name, default_fields[i].times != AS_FOUND || more));
	}
	for (size_t i = 0; i < set->add_count; i++) {
		struct slice name = set->add[i];

		if (is_default(name) || dkim_sign_field_error(name, false) != NULL ||
		    contains(set->remove, set->remove_count, name) || contains(set->add, i, name))
			continue;
		TRY(sign_field(s, name, true));
	}
	return RC_OK;
}

/* --- the value, folded ------------------------------------------------------------------- */

/* One tag is one word, but for h= and b=. */
static void add_tag(struct field_writer *f, struct arena *a, const char *name, struct slice value)
{
	field_word(f, arena_printf(a, "%s=%.*s;", name, SLICE_ARG(value)));
}

/* [FWS] may stand behind each colon (RFC 6376 section 3.5). */
static void add_names(struct field_writer *f, struct arena *a, const struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct slice name = arena_printf(a, "%s%.*s%c", i == 0 ? "h=" : "",
		    SLICE_ARG(list->names[i]), i + 1 < list->count ? ':' : ';');

		if (i == 0)
			field_word(f, name);
		else
			field_part(f, name);
	}
}

static struct slice base64_text(struct arena *a, struct slice octets)
{
	struct buf text = BUF_INIT(LIMIT_HEADER_VALUE);

	base64_encode(&text, octets);
	return arena_take_buf(a, &text);
}

/* --- names ------------------------------------------------------------------------------- */

/* Has the header a field that is not ASCII? (RFC 6532) */
static bool has_8bit(const struct message *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (!slice_is_ascii(m->headers[i].value))
			return true;
	return false;
}

/* RFC 6376 section 3.5: A-labels; RFC 8616 section 5: U-labels in internationalised mail. */
static bool written_name(const struct dkim_signer *s, struct slice name, struct slice *out)
{
	struct domain d;

	if (!domain_parse(s->arena, name, &d))
		return false;
	*out = s->unicode ? domain_unicode(s->arena, d) : d.name;
	return true;
}

bool dkim_sign_identity_ok(struct arena *a, struct slice identity, struct slice domain)
{
	struct domain inner, outer;

	return domain_parse(a, address_domain_part(identity), &inner) &&
	    domain_parse(a, domain, &outer) && domain_is_at_or_below(inner, outer);
}

/* dkim-quoted-printable (RFC 6376 section 2.11); raw UTF-8 where the message has it anyway. */
static struct slice quoted(const struct dkim_signer *s, struct slice text)
{
	bool raw = s->unicode && utf8_valid(text);
	struct buf out = BUF_INIT(LIMIT_HEADER_VALUE);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if ((is_vchar(c) && c != ';' && c != '=') || (is_8bit(c) && raw))
			buf_add_char(&out, c);
		else
			buf_addf(&out, "=%02X", (unsigned)(unsigned char)c);
	}
	return arena_take_buf(s->arena, &out);
}

/* --- making one -------------------------------------------------------------------------- */

struct dkim_signer *dkim_signer_new(struct message *m, const struct dkim_sign_params *params,
    struct bodyhashes *set)
{
	struct bodyhash *body = bodyhashes_want(set, params->body_canon, BODY_LENGTH_ALL);
	struct dkim_signer *s = arena_new(m->arena, struct dkim_signer);

	if (body == NULL || s == NULL)
		return NULL;
	*s = (struct dkim_signer){ .message = m, .arena = m->arena, .params = *params,
		.body = body };
	return s;
}

static void add_identity(struct field_writer *f, const struct dkim_signer *s)
{
	struct slice domain;

	if (slice_is_null(s->params.identity) ||
	    !dkim_sign_identity_ok(s->arena, s->params.identity, s->params.domain) ||
	    !written_name(s, address_domain_part(s->params.identity), &domain))
		return;
	field_word(f, arena_printf(s->arena, "i=%.*s@%.*s;",
	    SLICE_ARG(quoted(s, address_local_part(s->params.identity))), SLICE_ARG(domain)));
}

/* Everything up to and with "b=". */
static enum rc add_unsigned(struct field_writer *f, struct dkim_signer *s, int64_t now)
{
	const struct dkim_sign_params *p = &s->params;
	struct slice domain, selector;

	if (!written_name(s, p->domain, &domain) || !written_name(s, p->selector, &selector))
		return RC_CONFIG;
	field_word(f, SLICE("v=1;"));
	field_word(f, arena_printf(s->arena, "a=%s-sha256;",
	    key_type_text(private_key_type(p->key))));
	field_word(f, arena_printf(s->arena, "c=%s/%s;", canon_text(p->header_canon),
	    canon_text(p->body_canon)));
	add_tag(f, s->arena, "d", domain);
	add_tag(f, s->arena, "s", selector);
	field_word(f, arena_printf(s->arena, "t=%" PRId64 ";", now));
	if (p->expire_after > 0)
		field_word(f, arena_printf(s->arena, "x=%" PRId64 ";", now + p->expire_after));
	add_identity(f, s);
	add_names(f, s->arena, &s->signed_names);
	add_tag(f, s->arena, "bh", base64_text(s->arena,
	    slice_of((const char *)bodyhash_value(s->body), SHA256_OCTETS)));
	field_fold(f);
	field_word(f, SLICE("b="));
	return RC_OK;
}

/* RFC 6376 section 3.7: the new field goes into the hash last, its b= still empty. */
static enum rc sign_header(struct dkim_signer *s, struct slice value, struct slice *signature)
{
	struct header field = { FIELD_NAME, FIELD_NAME, value };
	struct header_hash_params params = { .canon = s->params.header_canon,
		.signature = &field, .b = slice_drop(value, value.len) };
	struct header_fields *fields = header_fields_new(s->message, s->arena);
	unsigned char hash[SHA256_OCTETS];

	if (fields == NULL)
		return RC_NOMEM;
	TRY(header_fields_choose(fields, s->signed_names.names, s->signed_names.count, NULL,
	    &params.fields));
	TRY(header_hash(s->arena, &params, hash));
	return private_key_sign(s->params.key, hash, s->arena, signature);
}

static enum rc add_value(struct field_writer *f, struct dkim_signer *s, int64_t now)
{
	struct slice signature;

	TRY(add_unsigned(f, s, now));
	if (arena_failed(s->arena))
		return RC_NOMEM;
	if (buf_failed(&f->value))
		return RC_LIMIT;
	TRY(sign_header(s, buf_slice(&f->value), &signature));
	field_octets(f, base64_text(s->arena, signature));
	return buf_failed(&f->value) ? RC_LIMIT : RC_OK;
}

enum rc dkim_signer_end(struct dkim_signer *s, int64_t now, struct slice *value_out)
{
	struct field_writer f = FIELD_WRITER_INIT;
	struct slice value;
	enum rc rc;

	if (message_count(s->message, SLICE("From")) == 0)
		return RC_LIMIT;
	s->unicode = s->message->envelope.smtputf8 && has_8bit(s->message);
	s->signed_names = (struct name_list){ 0 };
	TRY(choose_fields(s));
	field_begin(&f, FIELD_NAME);
	rc = add_value(&f, s, now);
	if (rc != RC_OK) {
		field_free(&f);
		return rc;
	}
	value = field_end(&f, s->arena);
	if (slice_is_null(value))
		return RC_NOMEM;
	*value_out = value;
	return RC_OK;
}
