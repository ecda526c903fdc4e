#include "base/ascii.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"

#include "verdict/logline.h"

/* Shares of LIMIT_LOG_LINE, so that no sender can push the verdict off the line. */
#define FIELD_SHARE 500u
#define LIST_SHARE  1000u
#define LOGIN_SHARE 200u
#define NAME_SHARE  100u
#define SHORT_LIST  5u
#define WORK_OCTETS (64u * 1024)

static void add_share(struct buf *out, struct buf *text, size_t share)
{
	buf_add(out, utf8_take(buf_slice(text), share)); /* the journal shows no line that is not UTF-8 */
	if (text->len > share)
		buf_add_str(out, "...");
	else if (text->len == 0)
		buf_add_char(out, '-');
	buf_free(text);
}

static void add_remote_share(struct buf *out, const char *name, struct slice value, size_t share)
{
	struct buf text = BUF_INIT(WORK_OCTETS);

	log_escape(&text, value);
	buf_addf(out, " %s=", name);
	add_share(out, &text, share);
}

static void add_remote(struct buf *out, const char *name, struct slice value)
{
	add_remote_share(out, name, value, FIELD_SHARE);
}

/* The null reverse-path is "<>", as in Postfix's own lines. */
static void add_from(struct buf *out, struct slice mail_from)
{
	if (mail_from.len == 0)
		buf_add_str(out, " from=<>");
	else
		add_remote(out, "from", mail_from);
}

/* This is the last field, so it may contain spaces: each word is escaped by itself. */
static void add_why(struct buf *out, struct slice why)
{
	struct slice rest = slice_take(why, FIELD_SHARE);
	const char *between = " why=";

	while (rest.len > 0) {
		struct slice word = slice_split(&rest, ' ');

		buf_add_str(out, between);
		log_escape(out, word);
		between = " ";
	}
}

static void add_authors(struct buf *out, const struct authors *authors)
{
	struct buf text = BUF_INIT(WORK_OCTETS);

	for (size_t i = 0; i < authors->domain_count && text.len <= LIST_SHARE; i++)
		buf_addf(&text, "%s%.*s", i == 0 ? "" : ",", SLICE_ARG(authors->domains[i].name));
	buf_add_str(out, " author=");
	add_share(out, &text, LIST_SHARE);
}

static void add_message_id(struct buf *out, const struct message *m)
{
	const struct header *h = message_field(m, SLICE("Message-ID"), 0);

	add_remote(out, "msgid", h == NULL ? SLICE_NULL : slice_trim(h->value));
}

/* Also escapes brackets, commas and slashes, so that a name cannot imitate the syntax of the list. */
static void add_name(struct buf *out, struct slice name)
{
	struct buf text = BUF_INIT(WORK_OCTETS);
	struct slice escaped;

	log_escape(&text, name);
	escaped = buf_slice(&text);
	for (size_t i = 0; i < escaped.len; i++)
		if (is_one_of(escaped.ptr[i], "(),/"))
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)escaped.ptr[i]);
		else
			buf_add_char(out, escaped.ptr[i]);
	buf_free(&text);
}

/* dkim=pass(b.org/s1),fail(c.org/s2) */
static void add_dkim(struct buf *out, const struct dkim_results *results)
{
	struct buf text = BUF_INIT(WORK_OCTETS);

	if (results->count == 0)
		buf_add_str(&text, auth_result_text(AUTH_NONE));
	for (size_t i = 0; i < results->count && text.len <= LIST_SHARE; i++) {
		const struct dkim_result *r = &results->items[i];

		buf_addf(&text, "%s%s(", i == 0 ? "" : ",", auth_result_text(r->result));
		add_name(&text, r->sig.domain_text);
		buf_add_char(&text, '/');
		add_name(&text, r->sig.selector_text);
		buf_add_char(&text, ')');
	}
	buf_add_str(out, " dkim=");
	add_share(out, &text, LIST_SHARE);
}

static void add_dmarc(struct buf *out, const struct dmarc_result *r)
{
	const struct dmarc_author_result *author = r->deciding;

	if (author == NULL && r->author_count > 0)
		author = &r->authors[0];
	buf_addf(out, " dmarc=%s", auth_result_text(r->result));
	if (author != NULL && author->discovery.status == DMARC_DISCOVERED)
		buf_addf(out, "(p=%s)", dmarc_policy_text(author->policy));
}

/* arc=pass(list.example/s1), arc=fail; a message without ARC fields has none. */
static void add_arc(struct buf *out, const struct arc_result *r)
{
	const struct arc_set *newest;

	if (r->result == AUTH_NONE)
		return;
	buf_addf(out, " arc=%s", auth_result_text(r->result));
	if (r->temporary)
		buf_add_str(out, "(dns)");
	if (r->result != AUTH_PASS)
		return;
	newest = &r->chain.sets[r->chain.count - 1];
	buf_addf(out, "(%.*s/%.*s)", SLICE_ARG(newest->as.domain.name),
	    SLICE_ARG(newest->as.selector.name));
}

static void add_sealed(struct buf *out, const struct outcome *o)
{
	if (o->sealed.instance > 0)
		buf_addf(out, " sealed=%.*s/%.*s(i=%u)", SLICE_ARG(o->sealed.domain),
		    SLICE_ARG(o->sealed.selector), o->sealed.instance);
	else if (o->unsealed_reason.len > 0)
		buf_add_str(out, " sealed=-");
}

static void add_findings(struct buf *out, const struct verdict *v)
{
	if (v->spf_checked)
		buf_addf(out, " spf=%s", spf_was_checked(&v->spf.r) ? auth_result_text(v->spf.r.result) : "-");
	if (v->dkim_checked)
		add_dkim(out, &v->dkim);
	if (v->arc_checked)
		add_arc(out, &v->arc);
	if (v->dmarc_checked)
		add_dmarc(out, &v->dmarc);
}

static void add_action(struct buf *out, const struct actions *actions)
{
	buf_addf(out, " action=%s", action_text(actions->action));
	if (actions->would != actions->action)
		buf_addf(out, " would=%s", action_text(actions->would));
}

static void add_client(struct buf *out, const struct envelope *e)
{
	char ip[IP_TEXT_SIZE];

	buf_addf(out, " client=%s", ip_text(&e->client, ip));
}

/* A message whose edits the MTA did not take is deferred, whatever was decided. */
static void add_ending(const struct outcome *o, struct buf *out)
{
	static const char *const words[] = {
		[OUTCOME_APPLIED] = "",
		[OUTCOME_NOT_APPLIED] = " applied=no",
		[OUTCOME_ABORTED] = " aborted=yes",
	};

	buf_add_str(out, words[o->ending]);
}

static void add_signatures(struct buf *out, const struct outcome *o)
{
	struct buf text = BUF_INIT(WORK_OCTETS);

	for (size_t i = 0; i < o->signature_count; i++)
		buf_addf(&text, "%s%.*s/%.*s", i == 0 ? "" : ",",
		    SLICE_ARG(o->signatures[i].domain), SLICE_ARG(o->signatures[i].selector));
	buf_add_str(out, " signed=");
	add_share(out, &text, LIST_SHARE);
}

/* Who sent it, in the same order whatever its role. */
static void add_head(const struct outcome *o, struct buf *out)
{
	const struct envelope *e = &o->message->envelope;

	add_client(out, e);
	if (e->auth_user.len > 0)
		add_remote_share(out, "user", e->auth_user, LOGIN_SHARE);
	add_from(out, e->mail_from);
	add_authors(out, &o->verdict.authors);
	add_message_id(out, o->message);
}

/* mailing_list,local_policy */
static void add_overrides(const struct actions *a, struct buf *out)
{
	for (size_t i = 0; i < a->override_count && i < SHORT_LIST; i++)
		buf_addf(out, "%s%s", i == 0 ? " override=" : ",", override_type_text(a->overrides[i].type));
}

/* What is seldom looked for, so that what is comes first; what does not apply is left out. */
static void add_details(const struct outcome *o, struct buf *out)
{
	const struct envelope *e = &o->message->envelope;
	const struct actions *a = &o->actions;

	buf_addf(out, " class=%s", class_rules(o->class)->name);
	if (e->helo.len > 0)
		add_remote_share(out, "helo", e->helo, NAME_SHARE);
	if (e->client_name.len > 0)
		add_remote_share(out, "name", e->client_name, NAME_SHARE);
	if (e->port >= 0)
		buf_addf(out, " port=%d", e->port);
	buf_addf(out, " rcpt=%zu", e->recipient_count);
	if (o->verdict.spf_checked && spf_was_checked(&o->verdict.helo.r))
		buf_addf(out, " spf-helo=%s", auth_result_text(o->verdict.helo.r.result));
	add_overrides(a, out);
	if (o->verdict.local_trouble)
		buf_add_str(out, " local-trouble=yes");
	if (a->hold)
		buf_add_str(out, " hold=yes");
	if (a->reply.code != 0)
		buf_addf(out, " reply=%d/%s", a->reply.code, a->reply.enhanced);
	if (signing_why_code(o->unsigned_why) != NULL)
		buf_addf(out, " unsigned=%s", signing_why_code(o->unsigned_why));
	if (a->edit_count > 0)
		buf_addf(out, " edits=%zu", a->edit_count);
}

/* The first of the reasons that there is; the last field. */
static void add_reason(const struct outcome *o, struct buf *out)
{
	const struct slice reasons[] = { o->actions.why, o->unsigned_reason, o->unsealed_reason };

	for (size_t i = 0; i < N_ELEMENTS(reasons); i++)
		if (reasons[i].len > 0) {
			add_why(out, reasons[i]);
			return;
		}
}

void outcome_log_line(const struct outcome *o, struct buf *out)
{
	const struct class_rules *rules = class_rules(o->class);
	struct slice id = o->message->envelope.queue_id;

	log_escape(out, id.len == 0 ? SLICE("NOQUEUE") : slice_take(id, 64));
	buf_addf(out, ": role=%s", class_role(o->class));
	add_head(o, out);
	add_findings(out, &o->verdict);
	if (o->signature_count > 0 || (rules->sign && !rules->judge))
		add_signatures(out, o);
	if (rules->judge || o->failed)
		add_action(out, &o->actions);
	add_ending(o, out);
	add_sealed(out, o);
	buf_addf(out, " ms=%lld", (long long)o->elapsed_ms);
	add_details(o, out);
	add_reason(o, out);
}

/* "spf-helo" -> "ASSAY_SPF_HELO"; names have small letters and hyphens */
static void add_field_name(struct slice name, struct buf *out)
{
	buf_add_str(out, "ASSAY_");
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, name.ptr[i] == '-' ? '_' : (char)(name.ptr[i] - 'a' + 'A'));
	buf_add_char(out, '=');
}

static void add_field(struct slice name, struct slice value, struct buf *out)
{
	add_field_name(name, out);
	buf_add(out, value);
	buf_add_char(out, '\n');
}

/* A line has no space but between its fields and in the last one, so it can be taken apart again. */
void outcome_log_fields(struct slice line, struct buf *out)
{
	struct slice rest = line, id = slice_split(&rest, ' ');

	add_field(SLICE("queue-id"), slice_take(id, id.len > 0 ? id.len - 1 : 0), out); /* its colon */
	while (rest.len > 0) {
		bool last = slice_starts_with(rest, SLICE("why="));
		struct slice value = last ? rest : slice_split(&rest, ' ');
		struct slice name = slice_split(&value, '=');

		add_field(name, value, out);
		if (last)
			return;
	}
}
