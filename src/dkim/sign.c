#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/key.h"
#include "dkim/compose.h"
#include "mail/domain.h"

#include "dkim/sign.h"

const char *dkim_sign_why_text(enum dkim_sign_why why)
{
	static const char *const texts[] = {
		[DKIM_SIGN_GOOD] = "signed",
		[DKIM_SIGN_NO_FROM] = "the message has no From field (RFC 6376 section 5.4)",
		[DKIM_SIGN_TOO_MANY_FIELDS] =
		    "the message has more header fields to be signed than one signature may name",
		[DKIM_SIGN_TOO_LARGE] = "the signature would be larger than a header field may be",
		[DKIM_SIGN_NAME] = "the signing domain or the selector is not a domain name",
		[DKIM_SIGN_KEY] = "signatures by the key do not verify with its own public half",
	};

	return texts[why];
}

struct dkim_signer {
	const struct message *message;
	struct arena *arena;
	struct dkim_sign_params params;
	struct bodyhash *body;
	bool unicode; /* U-labels are written */
};

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

/* i= as written; the null slice where none is wanted or possible. */
static struct slice written_identity(const struct dkim_signer *s)
{
	struct slice identity = s->params.identity, domain;

	if (slice_is_null(identity) ||
	    !dkim_sign_identity_ok(s->arena, identity, s->params.domain) ||
	    !written_name(s, address_domain_part(identity), &domain))
		return SLICE_NULL;
	return arena_printf(s->arena, "%.*s@%.*s",
	    SLICE_ARG(quoted(s, address_local_part(identity))), SLICE_ARG(domain));
}

/* --- making one -------------------------------------------------------------------------- */

struct dkim_signer *dkim_signer_new(const struct message *m, const struct dkim_sign_params *params,
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

/* Everything that the message and the parameters say; what may be wrong with them. */
static enum dkim_sign_why draft(const struct dkim_signer *s, int64_t now, struct name_list *names,
    struct signature_draft *out)
{
	const struct dkim_sign_params *p = &s->params;

	*out = (struct signature_draft){ .kind = SIGNATURE_DKIM, .key = p->key, .body = s->body,
		.header_canon = p->header_canon, .body_canon = p->body_canon, .t = now,
		.x = p->expire_after > 0 ? now + p->expire_after : 0 };
	if (message_count(s->message, SLICE("From")) == 0)
		return DKIM_SIGN_NO_FROM;
	if (!written_name(s, p->domain, &out->domain) ||
	    !written_name(s, p->selector, &out->selector))
		return DKIM_SIGN_NAME;
	if (!dkim_fields_choose(s->arena, SIGNATURE_DKIM, s->message, p->fields, names))
		return DKIM_SIGN_TOO_MANY_FIELDS;
	out->identity = written_identity(s);
	out->names = names->names;
	out->name_count = names->count;
	return DKIM_SIGN_GOOD;
}

static enum rc compose(const struct dkim_signer *s, struct signature_draft *draft,
    struct dkim_signed *out)
{
	struct header_fields *fields = header_fields_new(s->message, s->arena);
	struct header *field = arena_new(s->arena, struct header);

	if (fields == NULL || field == NULL)
		return RC_NOMEM;
	TRY(header_fields_choose(fields, draft->names, draft->name_count, NULL, &draft->fields));
	TRY(signature_compose(s->arena, draft, field));
	out->fields = (struct field_list){ field, 1 };
	return RC_OK;
}

enum rc dkim_signer_end(struct dkim_signer *s, int64_t now, struct dkim_signed *out)
{
	struct signature_draft d;
	struct dkim_signed made = { 0 };
	struct name_list names;
	enum rc rc = RC_OK;

	s->unicode = s->message->envelope.smtputf8 && has_8bit(s->message);
	made.why = draft(s, now, &names, &d);
	if (arena_failed(s->arena))
		return RC_NOMEM;
	if (made.why == DKIM_SIGN_GOOD)
		rc = compose(s, &d, &made);
	if (rc == RC_LIMIT || rc == RC_CONFIG) {
		made.why = rc == RC_LIMIT ? DKIM_SIGN_TOO_LARGE : DKIM_SIGN_KEY;
		rc = RC_OK;
	}
	if (rc == RC_OK)
		*out = made;
	return rc;
}
