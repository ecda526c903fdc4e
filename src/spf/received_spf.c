#include "base/ascii.h"
#include "mail/fieldwriter.h"
#include "mail/tokens.h"

#include "spf/spf.h"

#define VALUE_OCTETS 300u

/*
 * RFC 7208 section 11.5.1: what the sender gave is bounded, and nothing but printable ASCII goes
 * in; the characters of quoted, that would end a quoted-string or a comment, get a backslash.
 */
static void add_clean(struct buf *b, struct slice s, const char *quoted)
{
	for (size_t i = 0; i < s.len && i < VALUE_OCTETS; i++) {
		char c = s.ptr[i];

		if (is_8bit(c) || is_ctl(c))
			c = '?';
		if (is_one_of(c, quoted))
			buf_add_char(b, '\\');
		buf_add_char(b, c);
	}
}

/* Section 9.1: key-value-pair, the value a dot-atom or a quoted-string, and a ";" */
static void add_pair(struct field_writer *f, const char *key, struct slice value)
{
	struct buf pair = BUF_INIT(4 * VALUE_OCTETS);

	buf_addf(&pair, "%s=", key);
	if (is_dot_atom(value) && value.len <= VALUE_OCTETS) {
		buf_add(&pair, value);
	} else {
		buf_add_char(&pair, '"');
		add_clean(&pair, value, "\"\\");
		buf_add_char(&pair, '"');
	}
	buf_add_char(&pair, ';');
	if (buf_failed(&pair))
		f->value.failed = true;
	field_word(f, buf_slice(&pair));
	buf_free(&pair);
}

static const char *verdict_text(enum auth_result result)
{
	switch (result) {
	case AUTH_PASS:
		return "designates";
	case AUTH_FAIL:
		return "does not designate";
	case AUTH_SOFTFAIL:
		return "probably does not designate";
	default:
		return "neither permits nor denies";
	}
}

static bool is_error_or_none(enum auth_result result)
{
	return result == AUTH_NONE || result == AUTH_TEMPERROR || result == AUTH_PERMERROR;
}

/* "(receiver: domain of sender designates 192.0.2.1 as permitted sender)", word by word */
static void add_comment(struct field_writer *f, const struct spf_mail_from_result *result,
    struct slice receiver)
{
	struct buf comment = BUF_INIT(8 * VALUE_OCTETS);
	char address[IP_TEXT_SIZE];

	buf_add_char(&comment, '(');
	add_clean(&comment, receiver, "()\\");
	if (is_error_or_none(result->r.result)) {
		buf_add_str(&comment, ": ");
		add_clean(&comment, result->r.reason, "()\\");
	} else {
		buf_add_str(&comment, ": domain of ");
		add_clean(&comment, result->sender, "()\\");
		buf_addf(&comment, " %s %s as permitted sender", verdict_text(result->r.result),
		    ip_text(&result->r.request.client, address));
	}
	buf_add_char(&comment, ')');
	if (buf_failed(&comment))
		f->value.failed = true;
	field_words(f, buf_slice(&comment));
	buf_free(&comment);
}

struct slice spf_received_field(struct arena *a, const struct spf_mail_from_result *result,
    struct slice receiver)
{
	const struct spf_request *request = &result->r.request;
	struct field_writer f = FIELD_WRITER_INIT;
	char address[IP_TEXT_SIZE];

	if (receiver.len == 0)
		receiver = SLICE("unknown");
	field_begin(&f, SLICE("Received-SPF"));
	field_word(&f, slice_str(auth_result_text(result->r.result)));
	add_comment(&f, result, receiver);
	add_pair(&f, "receiver", receiver);
	add_pair(&f, "identity",
	    result->scope == SPF_SCOPE_HELO ? SLICE("helo") : SLICE("mailfrom"));
	add_pair(&f, "client-ip", slice_str(ip_text(&request->client, address)));
	if (result->scope == SPF_SCOPE_MFROM)
		add_pair(&f, "envelope-from", request->mail_from);
	add_pair(&f, "helo", request->helo);
	if (result->r.mechanism.len > 0)
		add_pair(&f, "mechanism", result->r.mechanism);
	if (result->r.result == AUTH_TEMPERROR || result->r.result == AUTH_PERMERROR)
		add_pair(&f, "problem", result->r.reason);
	return field_end(&f, a);
}
