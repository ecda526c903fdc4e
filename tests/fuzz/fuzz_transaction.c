/*
 * Whole messages (verdict/transaction.h): whoever sends what, the outcome holds together.
 *
 * The first octet chooses client, port and settings; the first line's rest is the sender, then
 * come lines with the HELO name and the login; what follows is the message.  The zone is fixed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "config/settings.h"
#include "dns/zonefile.h"
#include "mail/authres.h"
#include "mail/reader.h"
#include "verdict/json.h"
#include "verdict/logline.h"
#include "verdict/transaction.h"

#define OURS SLICE("mx.example.com")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char zone[] =
	"example.org TXT v=spf1 ip4:192.0.2.7 -all\n"
	"list.example.net TXT v=spf1 ip4:192.0.2.99 -all\n"
	"_dmarc.example.org TXT v=DMARC1; p=reject; sp=quarantine\n"
	"e1._domainkey.example.org TXT v=DKIM1; k=ed25519; p=ZU8+9YV9XUCUITyvHMKRN9rovZzVNzaoD161fhKRd78=\n"
	"l1._domainkey.list.example.net TXT v=DKIM1; k=ed25519; p=ZU8+9YV9XUCUITyvHMKRN9rovZzVNzaoD161fhKRd78=\n"
	"slow.example * !TIMEOUT\n"
	"broken.example TXT !SERVFAIL\n";

static struct settings *settings; /* owns what policy points to */
static struct verdict_policy policy;
static struct resolver *resolver;

/* What outlives messages, once. */
static void set_up(void)
{
	static const char *const relays[] = { "198.51.100.9", "203.0.113.4" };
	static int pass_ports[] = { 10026 };
	static struct arena *a;
	struct err err = ERR_INIT;
	const char *why;

	a = arena_create(LIMIT_ARENA_BYTES);
	if (settings_default(&settings) != RC_OK)
		abort();
	policy = settings->policy;
	policy.authserv_id = OURS;
	policy.pass_ports = (struct port_list){ pass_ports, 1, 1 };
	policy.max_header_fields = 60;
	policy.received_spf = true;
	if (hostlist_add(a, &policy.own_relays, slice_str(relays[0]), &why) != RC_OK ||
	    hostlist_add(a, &policy.forwarders, slice_str(relays[1]), &why) != RC_OK ||
	    resolver_zonetext("zone", slice_of(zone, sizeof(zone) - 1), &resolver, &err) != RC_OK)
		abort();
}

#define require(held) \
	do { \
		if (!(held)) { \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #held); \
			abort(); \
		} \
	} while (0)

/* A value that an MTA can write: folds are LF and HTAB, nothing else is a control. */
static void check_value(struct slice value)
{
	require(value.len > 0 && value.ptr[0] == ' ' && value.len <= LIMIT_HEADER_VALUE);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c == '\n')
			require(i + 1 < value.len && value.ptr[i + 1] == '\t');
		else
			require((c >= ' ' && c != 0x7f) || c == '\t');
	}
}

/* Our name has no other form than with a last dot. */
static bool speaks_for_us(struct slice value)
{
	struct buf id = BUF_INIT(LIMIT_HEADER_VALUE);
	bool ours = !authres_authserv_id(value, &id) || slice_ieq(buf_slice(&id), OURS) ||
	    slice_ieq(buf_slice(&id), SLICE("mx.example.com."));

	buf_free(&id);
	return ours;
}

/* Filters that search the whole field may find our name there, and some other white space before an id. */
static bool mentions_us(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (slice_istarts_with(slice_drop(value, i), OURS) ||
		    slice_starts_with(slice_drop(value, i), SLICE("=?")))
			return true;
	return !slice_is_ascii(value);
}

/* Nothing that was there and is left speaks in our name. */
static void check_forged(const struct outcome *o)
{
	const struct message *m = o->message;
	const struct actions *actions = &o->actions;

	for (size_t i = 0; i < m->count; i++) {
		bool deleted = false;

		if (!slice_ieq(m->headers[i].name, SLICE("Authentication-Results")))
			continue;
		for (size_t k = 0; k < actions->edit_count; k++)
			deleted |= actions->edits[k].op == EDIT_DELETE &&
			    actions->edits[k].field == &m->headers[i];
		require(deleted || !speaks_for_us(m->headers[i].value));
		require(!deleted || speaks_for_us(m->headers[i].value) || mentions_us(m->headers[i].value));
	}
}

/* Deletions first and downwards, then insertions at the top. */
static void check_edits(const struct outcome *o)
{
	const struct actions *actions = &o->actions;
	size_t results = 0;

	for (size_t i = 0; i < actions->edit_count; i++) {
		const struct edit *e = &actions->edits[i], *next = e + 1;

		if (e->op == EDIT_INSERT) {
			check_value(e->value);
			require(e->index == 0);
			results += slice_eq(e->name, SLICE("Authentication-Results"));
		} else if (i + 1 < actions->edit_count && next->op == EDIT_DELETE) {
			require(!slice_eq(e->name, next->name) || next->index < e->index);
		}
		if (i + 1 < actions->edit_count && e->op == EDIT_INSERT)
			require(next->op == EDIT_INSERT);
	}
	require(results == (class_rules(o->class)->judge && !o->failed ? 1 : 0));
}

static void check_actions(const struct outcome *o)
{
	const struct actions *actions = &o->actions;
	bool refused = actions->action == ACTION_REJECT || actions->action == ACTION_TEMPFAIL;

	require(refused == (actions->reply.code != 0));
	require(!refused || actions->reply.code / 100 == (actions->action == ACTION_REJECT ? 5 : 4));
	require(!refused || actions->reply.enhanced[0] - '0' == actions->reply.code / 100);
	require(actions->reply.text.len <= LIMIT_REPLY_TEXT);
	for (size_t i = 0; i < actions->reply.text.len; i++)
		require((unsigned char)actions->reply.text.ptr[i] >= ' ');
	require(!refused || o->failed || class_rules(o->class)->may_refuse);
	require(!o->failed || refused);
}

static void check_verdict(const struct outcome *o)
{
	const struct verdict *v = &o->verdict;

	require(v->dmarc_checked == (class_rules(o->class)->judge && !o->failed));
	if (v->dmarc_checked && v->dmarc.result == AUTH_PASS)
		for (size_t i = 0; i < v->dmarc.author_count; i++)
			require(v->dmarc.authors[i].spf_aligned || v->dmarc.authors[i].dkim_aligned);
}

static void check_texts(const struct outcome *o)
{
	struct buf line = BUF_INIT(64u * 1024), json = BUF_INIT(1024u * 1024);

	outcome_log_line(o, &line);
	require(!buf_failed(&line) && line.len <= LIMIT_LOG_LINE);
	for (size_t i = 0; i < line.len; i++)
		require((unsigned char)line.ptr[i] >= ' ' && line.ptr[i] != 0x7f);
	require(json_outcome(o, 0, &json) == RC_OK && utf8_valid(buf_slice(&json)));
	buf_free(&line);
	buf_free(&json);
}

static void feed(void *ctx, struct slice octets)
{
	transaction_body(ctx, octets);
}

static void run(const struct envelope *envelope, struct slice text)
{
	struct transaction_env env = { &policy, NULL, resolver };
	struct transaction *t = transaction_begin(&env, envelope);
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	const struct outcome *o;
	struct message m;
	struct slice body;

	require(t != NULL && a != NULL);
	message_init(&m, a);
	body = read_headers(&m, text);
	for (size_t i = 0; i < m.count; i++)
		transaction_header(t, m.headers[i].raw_name, m.headers[i].value);
	transaction_end_of_header(t);
	read_body(body, (struct sink){ feed, t });
	o = transaction_end(t, 1700000000);
	check_verdict(o);
	check_actions(o);
	check_texts(o);
	check_edits(o);
	if (class_rules(o->class)->remove_authres && !o->failed)
		check_forged(o);
	transaction_free(&t);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const clients[] = { "192.0.2.7", "192.0.2.99", "198.51.100.9", "203.0.113.4",
		"127.0.0.1", "2001:db8::1", "192.0.2.7", "192.0.2.7" };
	static const int ports[] = { 25, 25, 25, 25, 25, 25, 587, 10026 };
	struct slice text = { (const char *)data, size };
	struct envelope e = { .port = 25 };
	unsigned choice;

	if (resolver == NULL)
		set_up();
	if (size == 0)
		return 0;
	choice = data[0];
	text = slice_drop(text, 1);
	e.port = ports[choice & 7];
	require(ip_parse(slice_str(clients[choice & 7]), &e.client));
	policy.enforce = (choice & 8) != 0 ? ENFORCE_NO : ENFORCE_YES;
	policy.on[ON_SPF_NONE] = policy.on[ON_SPF_HELO_FAIL] =
	    (choice & 16) != 0 ? ACTION_QUARANTINE : ACTION_ACCEPT;
	policy.on[ON_SPF_FAIL] = (choice & 16) != 0 ? ACTION_REJECT : ACTION_ACCEPT;
	policy.quarantine = (choice & 32) != 0 ? QUARANTINE_HOLD : QUARANTINE_HEADER;
	e.mail_from = slice_split(&text, '\n');
	e.helo = slice_split(&text, '\n');
	e.auth_user = slice_split(&text, '\n');
	run(&e, text);
	return 0;
}
