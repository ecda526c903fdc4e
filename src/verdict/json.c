#include <stdlib.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "dmarc/discover.h"

#include "verdict/json.h"

/*
 * Names of reasons, stable for programs; the texts for people may change.  A reason that is added
 * to its room needs its name here: the tests count.
 */
static const char *const spf_codes[SPF_WHY_COUNT] = {
	[SPF_WHY_MATCH] = "match",
	[SPF_WHY_DEFAULT] = "default",
	[SPF_WHY_NO_RECORD] = "no-record",
	[SPF_WHY_NO_DOMAIN] = "no-domain",
	[SPF_WHY_NXDOMAIN] = "nxdomain",
	[SPF_WHY_NOT_CHECKED] = "not-checked",
	[SPF_WHY_NO_CLIENT] = "no-client",
	[SPF_WHY_MULTIPLE_RECORDS] = "multiple-records",
	[SPF_WHY_RECORD_SYNTAX] = "record-syntax",
	[SPF_WHY_RECORD_TOO_LARGE] = "record-too-large",
	[SPF_WHY_TOO_MANY_TERMS] = "too-many-terms",
	[SPF_WHY_TOO_MANY_VOID] = "too-many-void-lookups",
	[SPF_WHY_TOO_MANY_MX] = "too-many-mx",
	[SPF_WHY_TOO_MUCH_WORK] = "too-much-work",
	[SPF_WHY_INCLUDE_NO_RECORD] = "include-without-record",
	[SPF_WHY_REDIRECT_NO_RECORD] = "redirect-without-record",
	[SPF_WHY_DNS_TIMEOUT] = "dns-timeout",
	[SPF_WHY_DNS_FAILURE] = "dns-failure",
	[SPF_WHY_LOCAL_TROUBLE] = "local-trouble",
	[SPF_WHY_NO_MEMORY] = "no-memory",
};

static const char *const dkim_codes[DKIM_WHY_COUNT] = {
	[DKIM_WHY_GOOD] = "good",
	[DKIM_WHY_NO_SIGNATURE] = "no-signature",
	[DKIM_WHY_SIG_SYNTAX] = "signature-syntax",
	[DKIM_WHY_SIG_DUPLICATE_TAG] = "duplicate-tag",
	[DKIM_WHY_SIG_TOO_LARGE] = "signature-too-large",
	[DKIM_WHY_SIG_MISSING_TAG] = "missing-tag",
	[DKIM_WHY_SIG_VERSION] = "signature-version",
	[DKIM_WHY_SIG_ALGORITHM] = "unknown-algorithm",
	[DKIM_WHY_SIG_SHA1] = "sha1",
	[DKIM_WHY_SIG_CANON] = "unknown-canonicalization",
	[DKIM_WHY_SIG_DOMAIN] = "domain-syntax",
	[DKIM_WHY_SIG_IDENTITY] = "identity-outside-domain",
	[DKIM_WHY_SIG_INSTANCE] = "instance-syntax",
	[DKIM_WHY_SIG_CHAIN_STATUS] = "chain-status-syntax",
	[DKIM_WHY_SIG_SEAL_H] = "seal-with-h",
	[DKIM_WHY_SIG_COVERS_ARC] = "covers-arc-field",
	[DKIM_WHY_SIG_FROM_UNSIGNED] = "from-unsigned",
	[DKIM_WHY_SIG_QUERY_METHOD] = "unknown-query-method",
	[DKIM_WHY_SIG_TIMES] = "expires-before-signed",
	[DKIM_WHY_SIG_EXPIRED] = "expired",
	[DKIM_WHY_SIG_FUTURE] = "signed-in-future",
	[DKIM_WHY_SIG_TOO_MANY] = "too-many-signatures",
	[DKIM_WHY_KEY_NONE] = "no-key",
	[DKIM_WHY_KEY_TIMEOUT] = "key-timeout",
	[DKIM_WHY_KEY_DNS_FAILURE] = "key-dns-failure",
	[DKIM_WHY_KEY_LOCAL] = "key-local-trouble",
	[DKIM_WHY_KEY_SYNTAX] = "key-syntax",
	[DKIM_WHY_KEY_VERSION] = "key-version",
	[DKIM_WHY_KEY_TYPE] = "key-type",
	[DKIM_WHY_KEY_HASH] = "key-hash",
	[DKIM_WHY_KEY_SERVICE] = "key-service",
	[DKIM_WHY_KEY_REVOKED] = "key-revoked",
	[DKIM_WHY_KEY_STRICT_IDENTITY] = "key-strict-identity",
	[DKIM_WHY_KEY_WEAK] = "key-weak",
	[DKIM_WHY_KEY_TOO_SHORT] = "key-too-short",
	[DKIM_WHY_KEY_TOO_LARGE] = "key-too-large",
	[DKIM_WHY_BODY_HASH] = "body-hash",
	[DKIM_WHY_BODY_LENGTH_TOO_LONG] = "body-length-too-long",
	[DKIM_WHY_BODY_LENGTH_REFUSED] = "body-length-refused",
	[DKIM_WHY_SIGNATURE_WRONG] = "signature-wrong",
	[DKIM_WHY_KEY_BELOW_MINIMUM] = "key-below-minimum",
	[DKIM_WHY_NO_MEMORY] = "no-memory",
};

static const char *const arc_codes[ARC_WHY_COUNT] = {
	[ARC_WHY_GOOD] = "good",
	[ARC_WHY_NO_CHAIN] = "no-chain",
	[ARC_WHY_TOO_MANY] = "too-many-fields",
	[ARC_WHY_FIELD] = "field-syntax",
	[ARC_WHY_DUPLICATE] = "duplicate-field",
	[ARC_WHY_SEALED_AS_BROKEN] = "sealed-as-broken",
	[ARC_WHY_INCOMPLETE] = "incomplete-set",
	[ARC_WHY_CHAIN_STATUS] = "chain-status",
	[ARC_WHY_MESSAGE_SIGNATURE] = "message-signature",
	[ARC_WHY_SEAL] = "seal",
	[ARC_WHY_NOT_BUILT] = "not-built",
};

static const char *const dmarc_codes[DMARC_WHY_COUNT] = {
	[DMARC_WHY_NOT_EVALUATED] = "not-evaluated",
	[DMARC_WHY_ALIGNED] = "aligned",
	[DMARC_WHY_NOT_ALIGNED] = "not-aligned",
	[DMARC_WHY_NOTHING_PASSED] = "nothing-passed",
	[DMARC_WHY_NO_RECORD] = "no-record",
	[DMARC_WHY_RECORD_UNUSABLE] = "record-unusable",
	[DMARC_WHY_POLICY_UNKNOWN] = "policy-unknown",
	[DMARC_WHY_IDENTIFIER_UNKNOWN] = "identifier-unknown",
	[DMARC_WHY_FROM_MISSING] = "from-missing",
	[DMARC_WHY_FROM_MULTIPLE] = "from-multiple",
	[DMARC_WHY_FROM_INVALID] = "from-invalid",
	[DMARC_WHY_FROM_TOO_MANY] = "from-too-many",
	[DMARC_WHY_NO_MEMORY] = "no-memory",
};

/* --- values ---------------------------------------------------------------------------------- */

/*
 * THE way of remote text into JSON: what is not UTF-8 becomes U+FFFD, for JSON has no other text.
 * NULL: out of memory.
 */
static json_t *text(struct slice s)
{
	struct buf clean = BUF_INIT(4 * s.len + 1);
	struct slice rest = s;
	json_t *value;

	while (rest.len > 0) {
		size_t n = utf8_sequence(rest);

		if (n == 0)
			buf_add_str(&clean, "\xef\xbf\xbd");
		else
			buf_add(&clean, slice_take(rest, n));
		rest = slice_drop(rest, n == 0 ? 1 : n);
	}
	value = buf_failed(&clean) ? NULL : json_stringn(buf_cstr(&clean), clean.len);
	buf_free(&clean);
	return value;
}

/* An object under construction: one failure anywhere, and the whole is NULL. */
struct object {
	json_t *json;
	bool failed;
};

static struct object object_new(void)
{
	struct object o = { .json = json_object() };

	o.failed = o.json == NULL;
	return o;
}

static void put(struct object *o, const char *name, json_t *value)
{
	if (value == NULL || json_object_set_new(o->json, name, value) != 0)
		o->failed = true; /* set_new has released the value */
}

static json_t *object_end(struct object *o)
{
	if (!o->failed)
		return o->json;
	json_decref(o->json);
	return NULL;
}

/* Absent parts are left out. */
static void put_text(struct object *o, const char *name, struct slice s)
{
	if (!slice_is_null(s))
		put(o, name, text(s));
}

static void put_str(struct object *o, const char *name, const char *s)
{
	if (s != NULL)
		put(o, name, json_string(s));
}

static void put_domain(struct object *o, const char *name, struct domain d)
{
	if (!domain_is_none(d))
		put(o, name, text(d.name));
}

static void put_reason(struct object *o, const char *code, struct slice reason)
{
	struct object r = object_new();

	put_str(&r, "code", code);
	put_text(&r, "text", reason);
	put(o, "reason", object_end(&r));
}

static void append(json_t *array, bool *failed, json_t *value)
{
	if (value == NULL || json_array_append_new(array, value) != 0)
		*failed = true;
}

/* count elements, each made by make(items, i). */
static json_t *array_of(json_t *(*make)(const void *items, size_t i), const void *items,
    size_t count)
{
	json_t *array = json_array();
	bool failed = array == NULL;

	for (size_t i = 0; i < count && !failed; i++)
		append(array, &failed, make(items, i));
	if (!failed)
		return array;
	json_decref(array);
	return NULL;
}

/* --- findings -------------------------------------------------------------------------------- */

static void put_spf_result(struct object *o, const struct spf_result *r)
{
	put_str(o, "result", spf_was_checked(r) ? auth_result_text(r->result) : "not checked");
	put_reason(o, spf_codes[r->why],
	    r->reason.len > 0 ? r->reason : slice_str(spf_why_text(r->why)));
}

static json_t *spf_json(const struct spf_mail_from_result *r)
{
	struct object o = object_new();

	put_spf_result(&o, &r->r);
	put_str(&o, "scope", r->scope == SPF_SCOPE_HELO ? "helo" : "mfrom");
	put_domain(&o, "domain", r->r.domain);
	put_text(&o, "explanation", r->r.explanation);
	return object_end(&o);
}

static json_t *helo_json(const struct spf_helo_result *r)
{
	struct object o = object_new();

	put_spf_result(&o, &r->r);
	put_domain(&o, "domain", r->r.domain);
	return object_end(&o);
}

static json_t *dkim_json(const void *items, size_t i)
{
	const struct dkim_result *r = (const struct dkim_result *)items + i;
	const struct dkim_signature *sig = &r->sig;
	struct object o = object_new();

	put_str(&o, "result", auth_result_text(r->result));
	put_reason(&o, dkim_codes[r->why],
	    r->reason.len > 0 ? r->reason : slice_str(dkim_why_text(r->why)));
	put_text(&o, "domain", sig->domain_text);
	put_text(&o, "identity", sig->identity);
	put_text(&o, "selector", sig->selector_text);
	put_text(&o, "algorithm", sig->algorithm_text);
	if (r->bits > 0)
		put(&o, "bits", json_integer(r->bits));
	if (sig->algorithm_known) {
		struct buf canon = BUF_INIT(64);

		buf_addf(&canon, "%s/%s", canon_text(sig->header_canon),
		    canon_text(sig->body_canon));
		put_text(&o, "canonicalization", buf_slice(&canon));
		buf_free(&canon);
	}
	if (r->testing)
		put(&o, "testing", json_true());
	return object_end(&o);
}

/* One set: who sealed it, and whose message signature it has; what was not there is left out. */
static json_t *arc_set_json(const void *items, size_t i)
{
	const struct arc_set *set = (const struct arc_set *)items + i;
	struct object o = object_new();

	put(&o, "instance", json_integer((json_int_t)i + 1));
	put_domain(&o, "seal_domain", set->as.domain);
	put_domain(&o, "seal_selector", set->as.selector);
	if (set->seal != NULL)
		put_str(&o, "chain_status", chain_status_text(set->as.chain_status));
	put_domain(&o, "domain", set->ams.domain);
	put_domain(&o, "selector", set->ams.selector);
	return object_end(&o);
}

static json_t *arc_json(const struct arc_result *r)
{
	struct object o = object_new();

	put_str(&o, "result", auth_result_text(r->result));
	put_reason(&o, arc_codes[r->why], r->reason);
	if (r->temporary)
		put(&o, "dns_trouble", json_true());
	if (r->oldest_pass_known)
		put(&o, "oldest_pass", json_integer(r->oldest_pass));
	put(&o, "sets", array_of(arc_set_json, r->chain.sets, r->chain.count));
	return object_end(&o);
}

static json_t *sealed_json(const struct sealed_by *s)
{
	struct object o = object_new();

	put_text(&o, "domain", s->domain);
	put_text(&o, "selector", s->selector);
	put(&o, "instance", json_integer(s->instance));
	return object_end(&o);
}

static void put_policy_tag(struct object *o, const char *name, struct dmarc_policy_tag tag)
{
	if (tag.state == DMARC_TAG_VALID)
		put_str(o, name, dmarc_policy_text(tag.policy));
}

/* The record in the terms of RFC 9989 section 4.7, defaults left out. */
static json_t *record_json(const struct dmarc_record *r)
{
	struct object o = object_new();

	put_text(&o, "record", r->text);
	put_policy_tag(&o, "p", r->p);
	put_policy_tag(&o, "sp", r->sp);
	put_policy_tag(&o, "np", r->np);
	put_str(&o, "adkim", r->adkim == DMARC_STRICT ? "s" : "r");
	put_str(&o, "aspf", r->aspf == DMARC_STRICT ? "s" : "r");
	if (r->psd != DMARC_PSD_UNKNOWN)
		put_str(&o, "psd", r->psd == DMARC_PSD_YES ? "y" : "n");
	if (r->testing)
		put_str(&o, "t", "y");
	put_text(&o, "fo", r->fo);
	put_text(&o, "rua", r->rua);
	put_text(&o, "ruf", r->ruf);
	return object_end(&o);
}

static void put_discovery(struct object *o, const struct dmarc_policy_discovery *d)
{
	put_domain(o, "policy_domain", d->policy_domain);
	put_domain(o, "organizational_domain", d->organizational_domain);
}

static json_t *author_json(const void *items, size_t i)
{
	const struct dmarc_author_result *r = (const struct dmarc_author_result *)items + i;
	bool discovered = r->discovery.status == DMARC_DISCOVERED;
	bool evaluated = r->why != DMARC_WHY_NOT_EVALUATED;
	struct object o = object_new();

	put_domain(&o, "domain", r->domain);
	put_str(&o, "result", evaluated ? auth_result_text(r->result) : "not checked");
	put_reason(&o, dmarc_codes[r->why], slice_str(dmarc_why_text(r->why)));
	put_discovery(&o, &r->discovery);
	if (discovered)
		put_str(&o, "policy", dmarc_policy_text(r->policy));
	put_str(&o, "discovery_method", dmarc_discovery_text(r->discovery.method));
	if (discovered)
		put(&o, "published", record_json(&r->discovery.record));
	if (evaluated) {
		put(&o, "spf_aligned", json_boolean(r->spf_aligned));
		put(&o, "dkim_aligned", json_boolean(r->dkim_aligned));
	}
	return object_end(&o);
}

static json_t *override_json(const void *items, size_t i)
{
	const struct override *v = (const struct override *)items + i;
	struct object o = object_new();

	put_str(&o, "type", override_type_text(v->type));
	put_text(&o, "comment", v->comment);
	return object_end(&o);
}

static json_t *dmarc_json(const struct dmarc_result *r, const struct actions *actions)
{
	struct object o = object_new();

	put_str(&o, "result", auth_result_text(r->result));
	put_reason(&o, dmarc_codes[r->why],
	    r->reason.len > 0 ? r->reason : slice_str(dmarc_why_text(r->why)));
	put(&o, "authors", array_of(author_json, r->authors, r->author_count));
	put_str(&o, "disposition", disposition_text(actions->disposition));
	put(&o, "overrides", array_of(override_json, actions->overrides, actions->override_count));
	return object_end(&o);
}

/* --- the message ----------------------------------------------------------------------------- */

static json_t *client_json(const struct envelope *e)
{
	struct object o = object_new();
	char ip[IP_TEXT_SIZE];

	if (e->client.family != IP_NONE)
		put_str(&o, "ip", ip_text(&e->client, ip));
	put_text(&o, "helo", e->helo);
	put_text(&o, "name", e->client_name);
	put_text(&o, "auth", e->auth_user);
	if (e->port >= 0)
		put(&o, "port", json_integer(e->port));
	return object_end(&o);
}

static json_t *slice_json(const void *items, size_t i)
{
	return text(((const struct slice *)items)[i]);
}

static json_t *signed_json(const void *items, size_t i)
{
	const struct signed_by *s = (const struct signed_by *)items + i;
	struct object o = object_new();

	put_text(&o, "domain", s->domain);
	put_text(&o, "selector", s->selector);
	put_str(&o, "algorithm", s->algorithm == KEY_RSA ? "rsa-sha256" : "ed25519-sha256");
	return object_end(&o);
}

static json_t *edit_json(const void *items, size_t i)
{
	const struct edit *e = (const struct edit *)items + i;
	struct object o = object_new();

	put_str(&o, "op", e->op == EDIT_INSERT ? "insert" : "delete");
	put(&o, "index", json_integer(e->index));
	put_text(&o, "name", e->name);
	put_text(&o, "value", e->value);
	return object_end(&o);
}

static json_t *domain_json(const void *items, size_t i)
{
	return text(((const struct domain *)items)[i].name);
}

/* Who wrote the message, whatever its class. */
static void put_author(struct object *o, const struct outcome *outcome)
{
	const struct authors *authors = &outcome->verdict.authors;
	const struct header *id = message_field(outcome->message, SLICE("Message-ID"), 0);

	put(o, "author", array_of(domain_json, authors->domains, authors->domain_count));
	if (id != NULL)
		put_text(o, "message_id", slice_trim(id->value));
}

static void put_envelope(struct object *o, const struct outcome *outcome)
{
	const struct envelope *e = &outcome->message->envelope;

	put(o, "version", json_integer(1));
	put_text(o, "queue_id", e->queue_id);
	put(o, "client", client_json(e));
	put_text(o, "mail_from", slice_is_null(e->mail_from) ? SLICE("") : e->mail_from);
	put(o, "rcpt", array_of(slice_json, e->recipients, e->recipient_count));
	put_str(o, "class", class_rules(outcome->class)->name);
	put_str(o, "role", class_role(outcome->class));
}

static void put_verdict(struct object *o, const struct outcome *outcome)
{
	const struct verdict *v = &outcome->verdict;

	if (v->spf_checked || !spf_was_checked(&v->spf.r)) {
		put(o, "spf", spf_json(&v->spf));
		put(o, "helo", helo_json(&v->helo));
	}
	if (v->dkim_checked)
		put(o, "dkim", array_of(dkim_json, v->dkim.items, v->dkim.count));
	if (v->arc_checked && v->arc.result != AUTH_NONE)
		put(o, "arc", arc_json(&v->arc));
	if (v->local_trouble)
		put(o, "local_trouble", json_true());
	if (v->dmarc_checked)
		put(o, "dmarc", dmarc_json(&v->dmarc, &outcome->actions));
}

static void put_signing(struct object *o, const struct outcome *outcome)
{
	if (outcome->signature_count > 0)
		put(o, "signed",
		    array_of(signed_json, outcome->signatures, outcome->signature_count));
	put_text(o, "unsigned", outcome->unsigned_reason);
	if (outcome->sealed.instance > 0)
		put(o, "sealed", sealed_json(&outcome->sealed));
	put_text(o, "unsealed", outcome->unsealed_reason);
	put_str(o, "unsigned_code", signing_why_code(outcome->unsigned_why));
}

static void put_actions(struct object *o, const struct actions *actions)
{
	put_str(o, "action", action_text(actions->action));
	put_str(o, "would", action_text(actions->would));
	put_text(o, "why", actions->why);
	if (actions->reply.code != 0) {
		struct buf reply = BUF_INIT(64u * 1024);

		buf_addf(&reply, "%d %s ", actions->reply.code, actions->reply.enhanced);
		buf_add(&reply, actions->reply.text);
		put_text(o, "reply", buf_slice(&reply));
		buf_free(&reply);
	}
	if (actions->hold)
		put_text(o, "hold", actions->hold_reason);
	put(o, "edits", array_of(edit_json, actions->edits, actions->edit_count));
}

/* Only what is out of the ordinary: a message that the MTA aborted, edits that it did not take. */
static void put_ending(struct object *o, const struct outcome *outcome)
{
	static const char *const names[] = {
		[OUTCOME_NOT_APPLIED] = "not applied",
		[OUTCOME_ABORTED] = "aborted",
	};

	if (outcome->time != 0)
		put(o, "time", json_integer(outcome->time));
	if (outcome->elapsed_ms != 0)
		put(o, "ms", json_integer(outcome->elapsed_ms));
	if (outcome->ending != OUTCOME_APPLIED)
		put_str(o, "ending", names[outcome->ending]);
}

/* --- text ------------------------------------------------------------------------------------ */

static enum rc dump(json_t *json, int indent, struct buf *out)
{
	size_t flags = indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT;
	char *dumped = json == NULL ? NULL : json_dumps(json, flags);

	if (dumped == NULL)
		return RC_NOMEM;
	buf_add_str(out, dumped);
	free(dumped);
	return buf_failed(out) ? RC_NOMEM : RC_OK;
}

/*
 * How a text that is too long is made shorter, further with each step: names that are left out,
 * octets of a text, elements of a list.  After the last one it fits into LIMIT_OUTCOME_LINE whatever
 * the sender wrote (an octet is at most six in JSON), and still has the queue id, the client, the
 * authors, every method's result and the action.
 */
static const struct step {
	const char *gone[12];
	size_t octets, elements;
} steps[] = {
	{ { "edits" }, 1000, 50 },
	{ { "edits", "published", "rcpt" }, 200, 10 },
	{ { "edits", "published", "rcpt", "reason", "explanation", "reply", "overrides",
	    "identity", "algorithm", "policy_domain", "organizational_domain", "hold" }, 48, 3 },
};

static bool is_gone(const struct step *step, const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(step->gone) && step->gone[i] != NULL; i++)
		if (strcmp(name, step->gone[i]) == 0)
			return true;
	return false;
}

/* Cut between characters, and marked. */
static void shorten_text(json_t *value, size_t max)
{
	struct slice whole = slice_of(json_string_value(value), json_string_length(value));
	struct buf cut = BUF_INIT(max + 3);
	size_t n = max;

	if (whole.len <= max)
		return;
	while (n > 0 && ((unsigned char)whole.ptr[n] & 0xc0) == 0x80)
		n--;
	buf_add(&cut, slice_take(whole, n));
	buf_add_str(&cut, "...");
	(void)json_string_setn(value, buf_cstr(&cut), cut.len); /* at worst it stays as it is */
	buf_free(&cut);
}

/* The authors are few already (LIMIT_AUTHOR_DOMAINS), and the line needs them all. */
static size_t elements_of(const struct step *step, const char *name)
{
	bool authors = strcmp(name, "author") == 0 || strcmp(name, "authors") == 0;

	return authors ? LIMIT_AUTHOR_DOMAINS : step->elements;
}

/* As deep as the objects that are made here. */
static void shorten(json_t *value, const char *name, const struct step *step)
{
	const char *key;
	json_t *item;
	void *next;

	if (json_is_string(value))
		shorten_text(value, step->octets);
	while (json_is_array(value) && json_array_size(value) > elements_of(step, name))
		json_array_remove(value, json_array_size(value) - 1);
	for (size_t i = 0; i < json_array_size(value); i++)
		shorten(json_array_get(value, i), name, step);
	json_object_foreach_safe(value, next, key, item) {
		if (is_gone(step, key))
			json_object_del(value, key);
		else
			shorten(item, key, step);
	}
}

static enum rc dump_shorter(json_t *json, int indent, struct buf *out)
{
	size_t start = out->len;
	enum rc rc = dump(json, indent, out);

	for (size_t i = 0; i < N_ELEMENTS(steps) && rc != RC_OK && json != NULL; i++) {
		buf_truncate(out, start);
		out->failed = false;
		shorten(json, "", &steps[i]);
		json_object_set_new(json, "truncated", json_true());
		rc = dump(json, indent, out);
	}
	return rc;
}

enum rc json_outcome(const struct outcome *outcome, int indent, struct buf *out)
{
	struct object o = object_new();
	json_t *json;
	enum rc rc;

	put_envelope(&o, outcome);
	put_author(&o, outcome);
	put_verdict(&o, outcome);
	put_signing(&o, outcome);
	put_actions(&o, &outcome->actions);
	put_ending(&o, outcome);
	json = object_end(&o);
	rc = dump_shorter(json, indent, out);
	json_decref(json);
	return rc;
}

enum rc json_text(struct slice s, struct buf *out)
{
	json_t *value = text(s);
	char *dumped = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);

	if (dumped != NULL)
		buf_add_str(out, dumped);
	json_decref(value);
	free(dumped);
	return dumped == NULL || buf_failed(out) ? RC_NOMEM : RC_OK;
}

enum rc json_spf(const struct spf_mail_from_result *r, int indent, struct buf *out)
{
	json_t *json = spf_json(r);
	enum rc rc = dump(json, indent, out);

	json_decref(json);
	return rc;
}

enum rc json_dmarc_author(const struct dmarc_author_result *r, int indent, struct buf *out)
{
	json_t *json = author_json(r, 0);
	enum rc rc = dump(json, indent, out);

	json_decref(json);
	return rc;
}
