#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "mail/authres.h"

#include "verdict/results.h"

/* Of the field, for signatures: what a sender piles up is cut, but each one that is shown is whole. */
#define SHOWN_SIGNATURES (LIMIT_HEADER_VALUE * 3 / 8)
#define SHOWN_COMMENT 300u

static enum rc add_edit(struct arena *a, struct actions *actions, struct edit edit)
{
	if (!arena_grow(a, &actions->edits, &actions->edit_cap, actions->edit_count,
		sizeof(*actions->edits)))
		return RC_NOMEM;
	actions->edits[actions->edit_count++] = edit;
	return RC_OK;
}

/* One field at the top. */
static enum rc insert(struct arena *a, struct slice name, struct slice value, struct actions *actions)
{
	return add_edit(a, actions, (struct edit){ EDIT_INSERT, 0, name, value, NULL });
}

enum rc results_insert_fields(struct arena *a, const struct field_list *fields,
    struct actions *actions)
{
	for (size_t i = 0; i < fields->count; i++)
		TRY(insert(a, fields->items[i].name, fields->items[i].value, actions));
	return RC_OK;
}

/* --- what is taken away ---------------------------------------------------------------------- */

/* Names under which our own results are known, in both forms of comparison. */
struct own_names {
	struct slice *texts;
	struct domain *domains; /* none if the text is not a domain */
	size_t count;
};

static void add_own_name(struct arena *a, struct own_names *own, struct slice text)
{
	if (text.len == 0 || own->texts == NULL || own->domains == NULL)
		return;
	own->texts[own->count] = text;
	if (!domain_parse(a, text, &own->domains[own->count]))
		own->domains[own->count] = DOMAIN_NONE;
	own->count++;
}

static void own_names(struct arena *a, const struct verdict_policy *p, struct slice authserv_id,
    struct own_names *own)
{
	size_t room = p->remove_authserv_ids.count + 1;

	*own = (struct own_names){ .texts = arena_new_array(a, room, struct slice),
		.domains = arena_new_array(a, room, struct domain) };
	add_own_name(a, own, authserv_id);
	for (size_t i = 0; i < p->remove_authserv_ids.count; i++)
		add_own_name(a, own, p->remove_authserv_ids.items[i]);
}

/* RFC 8601 section 5: compared after conversion of U-labels, case folded. */
static bool is_own_name(struct arena *a, const struct own_names *own, struct slice id)
{
	struct domain domain = DOMAIN_NONE;
	bool parsed = domain_parse(a, id, &domain);

	for (size_t i = 0; i < own->count; i++)
		if (slice_ieq(own->texts[i], id) || (parsed && domain_eq(own->domains[i], domain)))
			return true;
	return false;
}

static bool is_name_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* Some programs write "our-id/JOBID", so the part before the first octet that no name contains is compared, too. */
static bool begins_with_own_name(struct arena *a, const struct own_names *own, struct slice id)
{
	struct cursor c = cursor_of(id);
	struct slice name;

	return take_while(&c, is_name_octet, &name) && is_own_name(a, own, name);
}

/*
 * Octets that are not a U-label: some programs treat U+00A0, U+2028 and others as white space, so that
 * they find another id than we do.
 */
static bool is_odd(struct arena *a, struct slice id)
{
	struct domain domain;

	return !slice_is_ascii(id) && !domain_parse(a, id, &domain);
}

static bool speaks_for_us(struct arena *a, const struct own_names *own, struct slice id)
{
	return is_own_name(a, own, id) || begins_with_own_name(a, own, id) || is_odd(a, id);
}

static bool is_blank_or_quote(char c)
{
	return is_fws(c) || c == '"' || c == '\\';
}

/* What may come before our name in a longer name, in an address, or as the value of a property. */
static bool continues_word(char c)
{
	return is_name_octet(c) || c == '@' || c == '=' || c == '/' || c == '+';
}

/* Does the text before a ";" end with the name, as a word of its own? */
static bool ends_with_name(struct slice text, struct slice name)
{
	while (text.len > 0 && is_blank_or_quote(text.ptr[text.len - 1]))
		text.len--;
	if (name.len == 0 || !slice_iends_with(text, name))
		return false;
	text.len -= name.len;
	return text.len == 0 || !continues_word(text.ptr[text.len - 1]);
}

/*
 * Filters of the reader that search the whole field for "our-id; dmarc=pass" find it in comments and quoted-strings
 * of others, too.  What others have found about mail of ours ("smtp.helo=our-id;") is kept (RFC 8601 section 5).
 */
static bool quotes_us(const struct own_names *own, struct slice value)
{
	struct slice rest = value;

	for (struct slice part = slice_split(&rest, ';'); !slice_is_null(rest); part = slice_split(&rest, ';'))
		for (size_t i = 0; i < own->count; i++)
			if (ends_with_name(part, own->texts[i]) || ends_with_name(part, own->domains[i].name))
				return true;
	return false;
}

/* Sieve (RFC 5228 section 2.7.2) decodes encoded-words wherever they are; no results need them. */
static bool has_encoded_word(struct slice value)
{
	for (struct cursor c = cursor_of(value); !cursor_done(&c); c.at++)
		if (take_literal(&c, SLICE("=?")))
			return true;
	return false;
}

/* A field whose authserv-id cannot be read counts as forged, because other programs may read it as ours. */
static bool is_forged(struct arena *a, const struct own_names *own, const struct header *h)
{
	struct buf id = BUF_INIT(LIMIT_HEADER_VALUE);
	bool forged = !authres_authserv_id(h->value, &id) || buf_failed(&id) ||
	    speaks_for_us(a, own, buf_slice(&id)) || has_encoded_word(h->value) || quotes_us(own, h->value);

	buf_free(&id);
	return forged;
}

/*
 * Of the quarantine field every copy is forged, of Authentication-Results those that speak in our
 * name.
 */
enum rc results_find_forged(struct arena *a, const struct verdict_policy *p,
    struct slice authserv_id, const struct message *m, struct field_set *out)
{
	struct own_names own;

	own_names(a, p, authserv_id, &own);
	TRY(field_set_new(m, out));
	for (size_t i = 0; i < m->count; i++) {
		const struct header *h = &m->headers[i];

		if (slice_ieq(h->name, p->quarantine_header_name) ||
		    (slice_ieq(h->name, AUTHRES_NAME) && is_forged(a, &own, h)))
			field_set_add(out, i);
	}
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

/* Deletes fields of one name, from the last to the first, because a deletion renumbers those after it. */
static enum rc remove_fields(struct arena *a, const struct message *m, const struct field_set *set,
    struct slice name, struct actions *actions)
{
	unsigned index = (unsigned)message_count(m, name);

	for (size_t i = m->count; i-- > 0 && index > 0;) {
		const struct header *h = &m->headers[i];

		if (!slice_ieq(h->name, name))
			continue;
		if (set->marked[i])
			TRY(add_edit(a, actions, (struct edit){ .op = EDIT_DELETE, .index = index,
				.name = name, .field = h }));
		index--;
	}
	return RC_OK;
}

enum rc results_remove(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct field_set *set, struct actions *actions)
{
	if (set->count == 0 || p->enforce == ENFORCE_OBSERVE)
		return RC_OK;
	TRY(remove_fields(a, m, set, AUTHRES_NAME, actions));
	return remove_fields(a, m, set, p->quarantine_header_name, actions);
}

/* --- what is written ------------------------------------------------------------------------- */

/* RFC 8601 section 2.7.2: the identity that gave the result, its domain only (A-14, A-15). */
static void write_spf(struct authres *ar, const struct verdict *v)
{
	const struct spf_result *r = &v->spf.r;
	bool helo = v->spf.scope == SPF_SCOPE_HELO;

	if (!v->spf_checked || !spf_was_checked(r))
		return;
	authres_result(ar, "spf", r->result);
	if (r->result != AUTH_PASS)
		authres_reason(ar, r->reason.len > 0 ? r->reason : slice_str(spf_why_text(r->why)));
	authres_property(ar, helo ? AUTHRES_SMTP_HELO : AUTHRES_SMTP_MAILFROM, r->domain.name);
}

/* RFC 8601 has no result for what was not asked: a comment says it, and why. */
static void write_spf_unchecked(struct arena *a, struct authres *ar, const struct verdict *v)
{
	const struct spf_result *r = &v->spf.r;

	if (!spf_was_checked(r))
		authres_comment(ar, r->why == SPF_WHY_NOT_CHECKED ? arena_printf(a, "SPF %.*s", SLICE_ARG(r->reason)) :
		    arena_printf(a, "SPF not checked: %s", spf_why_text(r->why)));
}

/* As it is written, or as an A-label; none if it is not a name. */
static struct slice shown_name(struct arena *a, struct slice text)
{
	struct domain d;

	if (slice_is_ascii(text))
		return text;
	return domain_parse(a, text, &d) ? d.name : SLICE_NULL;
}

/* Without i= the identity is "@" and d= (RFC 6376 section 3.5). */
static struct slice shown_identity(struct arena *a, const struct dkim_signature *sig)
{
	struct slice local = address_local_part(sig->identity);
	struct slice domain = address_domain_part(sig->identity);
	struct buf text = BUF_INIT(LIMIT_HEADER_VALUE);

	buf_add(&text, local);
	buf_add_char(&text, '@');
	buf_add(&text, shown_name(a, slice_is_null(sig->identity) ? sig->domain_text : domain));
	if (buf_failed(&text)) /* too long to be shown */
		buf_clear(&text);
	return arena_take_buf(a, &text);
}

static void write_signature(struct arena *a, struct authres *ar, const struct dkim_result *r)
{
	authres_result(ar, "dkim", r->result);
	if (r->result != AUTH_PASS)
		authres_reason(ar, r->reason.len > 0 ? r->reason :
		    slice_str(dkim_why_text(r->why)));
	else if (r->bits > 0)
		authres_comment(ar, arena_printf(a, "%u-bit key%s", r->bits,
		    r->testing ? ", testing" : ""));
	authres_property(ar, AUTHRES_HEADER_D, shown_name(a, r->sig.domain_text));
	authres_property(ar, AUTHRES_HEADER_I, shown_identity(a, &r->sig));
	authres_property(ar, AUTHRES_HEADER_S, shown_name(a, r->sig.selector_text));
	authres_property(ar, AUTHRES_HEADER_A, r->sig.algorithm_text);
	authres_property(ar, AUTHRES_HEADER_B, r->header_b);
}

static void write_dkim(struct arena *a, struct authres *ar, const struct verdict *v)
{
	if (!v->dkim_checked)
		return;
	if (v->dkim.count == 0)
		authres_result(ar, "dkim", AUTH_NONE);
	for (size_t i = 0; i < v->dkim.count && ar->field.value.len < SHOWN_SIGNATURES; i++)
		write_signature(a, ar, &v->dkim.items[i]);
}

static bool policy_is_known(const struct dmarc_author_result *r)
{
	return r->discovery.status == DMARC_DISCOVERED;
}

/* "(p=reject dis=quarantine; mailing_list: indirect flow: ...)" */
static struct slice policy_comment(struct arena *a, const struct dmarc_author_result *r,
    const struct actions *actions)
{
	const struct dmarc_record *record = &r->discovery.record;
	struct buf text = BUF_INIT(LIMIT_HEADER_VALUE);

	buf_addf(&text, "p=%s", dmarc_policy_text(record->p.policy));
	if (record->sp.state == DMARC_TAG_VALID)
		buf_addf(&text, " sp=%s", dmarc_policy_text(record->sp.policy));
	if (record->np.state == DMARC_TAG_VALID)
		buf_addf(&text, " np=%s", dmarc_policy_text(record->np.policy));
	buf_addf(&text, " dis=%s", disposition_text(actions->disposition));
	for (size_t i = 0; i < actions->override_count; i++) {
		buf_addf(&text, ", %s", override_type_text(actions->overrides[i].type));
		if (actions->overrides[i].comment.len > 0)
			buf_addf(&text, ": %.*s",
			    SLICE_ARG(slice_take(actions->overrides[i].comment, SHOWN_COMMENT)));
	}
	return arena_take_buf(a, &text);
}

/* RFC 9989 section 9.1: policy.dmarc is the policy after sp, np and t. */
static void write_author(struct arena *a, struct authres *ar, const struct dmarc_author_result *r,
    const struct actions *actions)
{
	authres_result(ar, "dmarc", r->result);
	if (r->result != AUTH_PASS)
		authres_reason(ar, slice_str(dmarc_why_text(r->why)));
	if (policy_is_known(r))
		authres_comment(ar, policy_comment(a, r, actions));
	authres_property(ar, AUTHRES_HEADER_FROM, r->domain.name);
	if (policy_is_known(r))
		authres_property(ar, AUTHRES_POLICY_DMARC,
		    slice_str(dmarc_policy_text(r->policy)));
}

/*
 * Writes one result for each author.  If the message as a whole does not pass, the results of authors that
 * pass are omitted, because a filter may search the field for "dmarc=pass".
 */
static void write_dmarc(struct arena *a, struct authres *ar, const struct verdict *v,
    const struct actions *actions)
{
	const struct dmarc_result *dmarc = &v->dmarc;

	if (!v->dmarc_checked)
		return;
	for (size_t i = 0; i < dmarc->author_count; i++)
		if (dmarc->result == AUTH_PASS || dmarc->authors[i].result != AUTH_PASS)
			write_author(a, ar, &dmarc->authors[i], actions);
	if (dmarc->author_count == 0) {
		authres_result(ar, "dmarc", dmarc->result);
		authres_reason(ar, dmarc->reason.len > 0 ? dmarc->reason :
		    slice_str(dmarc_why_text(dmarc->why)));
	}
}

/* RFC 8617 sections 6 and 10.2 */
static void write_arc(struct arena *a, struct authres *ar, const struct verdict *v)
{
	const struct arc_result *r = &v->arc;
	char ip[IP_TEXT_SIZE];

	if (!v->arc_checked)
		return;
	authres_result(ar, "arc", r->result);
	if (r->result == AUTH_FAIL)
		authres_reason(ar, r->reason);
	if (v->remote_ip.family != IP_NONE)
		authres_property(ar, AUTHRES_SMTP_REMOTE_IP, slice_str(ip_text(&v->remote_ip, ip)));
	if (r->oldest_pass_known)
		authres_property(ar, AUTHRES_HEADER_OLDEST_PASS,
		    arena_printf(a, "%u", r->oldest_pass));
}

/* In ASCII, as all of the field: the operator may have written U-labels. */
static struct slice written_id(struct arena *a, struct slice authserv_id)
{
	struct slice name = shown_name(a, authserv_id);

	return slice_is_null(name) ? authserv_id : name;
}

static struct slice results_value(struct arena *a, struct slice authserv_id,
    const struct verdict *v, const struct actions *actions, bool bare)
{
	struct authres ar = AUTHRES_INIT;

	ar.bare = bare;
	/* DMARC comes first, as filters look for it; DKIM comes after SPF, since the sender controls its length */
	authres_begin(&ar, written_id(a, authserv_id));
	write_dmarc(a, &ar, v, actions);
	write_spf(&ar, v);
	write_dkim(a, &ar, v);
	write_arc(a, &ar, v);
	write_spf_unchecked(a, &ar, v);
	authres_end(&ar);
	return field_end(&ar.field, a);
}

struct slice results_for_seal(struct arena *a, struct slice authserv_id, const struct verdict *v,
    const struct actions *actions)
{
	return slice_trim(results_value(a, authserv_id, v, actions, true));
}

/* RFC 7208 section 9.1: the client that was checked, which an own relay may have recorded. */
static enum rc write_received_spf(struct arena *a, struct slice authserv_id,
    const struct verdict *v, struct actions *actions)
{
	return insert(a, SLICE("Received-SPF"), spf_received_field(a, &v->spf, authserv_id),
	    actions);
}

enum rc results_quarantine(struct arena *a, const struct verdict_policy *p, struct actions *actions)
{
	if (actions->action != ACTION_QUARANTINE || p->enforce == ENFORCE_OBSERVE)
		return RC_OK;
	if (p->quarantine == QUARANTINE_HOLD) {
		actions->hold = true;
		actions->hold_reason = actions->why;
		return RC_OK;
	}
	return insert(a, p->quarantine_header_name,
	    arena_printf(a, " %.*s", SLICE_ARG(p->quarantine_header_value)), actions);
}

enum rc results_write(struct arena *a, const struct verdict_policy *p, struct slice authserv_id,
    const struct verdict *v, struct actions *actions)
{
	struct slice value;

	if (p->enforce == ENFORCE_OBSERVE)
		return RC_OK;
	value = results_value(a, authserv_id, v, actions, false);
	if (slice_is_null(value))
		return RC_LIMIT;
	TRY(results_quarantine(a, p, actions));
	if (p->received_spf && v->spf_checked && spf_was_checked(&v->spf.r))
		TRY(write_received_spf(a, authserv_id, v, actions));
	TRY(insert(a, AUTHRES_NAME, value, actions));
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
