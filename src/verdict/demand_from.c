#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "mail/encoded_word.h"

#include "demand_from.h"

/* "[" (IPv4-address-literal / IPv6-address-literal) "]" (RFC 5321 section 4.1.3) */
static bool take_address_literal(struct cursor *c)
{
	struct slice text = cursor_rest(c);
	size_t end = slice_find(text, ']');
	struct ip ip;
	bool v6;

	if (end == text.len || !take_char(c, '['))
		return false;
	v6 = take_iliteral(c, SLICE("IPv6:"));
	text = slice_between(c->at, text.ptr + end);
	c->at = text.ptr + text.len + 1;
	return v6 ? ip_parse_v6(text, &ip) : ip_parse_v4(text, &ip);
}

/* [text FWS] MAILER-DAEMON@[address], or [text] "<" MAILER-DAEMON@[address] ">", and nothing else */
static bool is_mailer_daemon(struct slice value)
{
	static const struct slice daemon = { "MAILER-DAEMON", 13 };
	struct slice before = slice_take(value, slice_find(value, '@'));
	struct cursor c = cursor_of(slice_drop(value, before.len + 1));
	bool angle;

	if (!slice_iends_with(before, daemon))
		return false;
	before.len -= daemon.len;
	angle = before.len > 0 && before.ptr[before.len - 1] == '<';
	if (!angle && before.len > 0 && !is_fws(before.ptr[before.len - 1]))
		return false;
	before.len -= angle ? 1 : 0;
	if (slice_find(before, '<') < before.len || slice_find(before, '>') < before.len ||
	    !take_address_literal(&c))
		return false;
	skip_fws(&c);
	if (angle && !take_char(&c, '>'))
		return false;
	skip_fws(&c);
	return cursor_done(&c);
}

/*
 * A bounce need not name an author: its From may be missing, or show no domain in any decoding.
 * "@" may occur in it only once, as MAILER-DAEMON@[address]: a mail reader could show anything else as
 * the address of a person.
 */
static bool from_shows_no_domain(const struct bench *b)
{
	const struct header *from = message_field(b->m, SLICE("From"), 0);

	if (from == NULL)
		return true;
	if (slice_find(from->value, '@') < from->value.len && !is_mailer_daemon(from->value))
		return false;
	return !encoded_word_may_show_at(b->a, from->value);
}

static enum action from_action(const struct bench *b, const char **name_out)
{
	const struct dmarc_actions *set = &b->p->dmarc_actions;
	enum from_status status = b->v->authors.status;
	bool bounce = b->m->envelope.mail_from.len == 0 && from_shows_no_domain(b);

	switch (status) {
	case FROM_MISSING:
		*name_out = "from-missing";
		return bounce ? ACTION_ACCEPT : set->from_missing;
	case FROM_INVALID:
		*name_out = "from-invalid";
		return bounce ? ACTION_ACCEPT : set->from_invalid;
	case FROM_MULTIPLE:
		*name_out = "from-multiple";
		return set->from_multiple;
	case FROM_TOO_MANY: /* a ceiling: never accepted unjudged */
		*name_out = "on-exceed";
		return b->p->on_exceed == ACTION_ACCEPT ? ACTION_REJECT : b->p->on_exceed;
	case FROM_OK:
		break;
	}
	return ACTION_ACCEPT;
}

struct demand demand_of_from(const struct bench *b)
{
	const char *name = NULL;
	enum action action = from_action(b, &name);

	if (!b->v->dmarc_checked)
		action = ACTION_ACCEPT;
	return demand_made(b, DEMAND_FROM,
	    b->v->authors.status == FROM_TOO_MANY ? action : demand_permanent(action),
	    from_status_text(b->v->authors.status), name);
}

/* required-headers: RFC 5322 section 3.6, but From that is missing or doubled has its own settings. */
struct demand demand_of_header(const struct bench *b)
{
	bool missing;
	const char *name = b->p->required_headers ? message_header_fault(b->m, &missing) : NULL;

	if (name == NULL || b->v->authors.status == FROM_MISSING ||
	    b->v->authors.status == FROM_MULTIPLE)
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_set(b, DEMAND_HEADER, ACTION_REJECT,
	    missing ? "a required header field is missing" : "a header field occurs twice",
	    SLICE("required-headers"), "yes");
}
