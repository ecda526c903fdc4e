#include "trial.h"

static const struct dmarc_actions settings[SETTINGS] = {
	[DEFAULTS] = { ACTION_REJECT, ACTION_QUARANTINE, ACTION_QUARANTINE, ACTION_ACCEPT,
		ACTION_TEMPFAIL, ACTION_REJECT, ACTION_REJECT, ACTION_REJECT },
	[STRICT] = { ACTION_REJECT, ACTION_QUARANTINE, ACTION_REJECT, ACTION_TEMPFAIL,
		ACTION_REJECT, ACTION_REJECT, ACTION_REJECT, ACTION_REJECT },
	[LAX] = { ACTION_QUARANTINE, ACTION_ACCEPT, ACTION_ACCEPT, ACTION_REJECT,
		ACTION_ACCEPT, ACTION_ACCEPT, ACTION_ACCEPT, ACTION_ACCEPT },
};

enum dmarc_policy trial_policy(const struct combination *c)
{
	if (!c->testing || c->published == DMARC_POLICY_NONE)
		return c->published;
	return c->published == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

const enum message_class trial_classes[SOURCES] = { CLASS_EXTERNAL, CLASS_EXTERNAL,
	CLASS_EXTERNAL, CLASS_FORWARDER, CLASS_OWN_RELAY };

struct domain trial_domain(struct arena *a, const char *name)
{
	struct domain d = DOMAIN_NONE;

	ck_assert(domain_parse(a, slice_str(name), &d));
	return d;
}

static void make_policy(struct arena *a, const struct combination *c, struct verdict_policy *p)
{
	static struct slice never_from[] = { { "example.org", 11 } };

	world_defaults(p, a);
	p->enforce = c->enforce;
	p->dmarc_actions = settings[c->settings];
	p->never_refuse_from = (struct slice_list){ never_from, c->exempted == AUTHOR ? 1 : 0, 1 };
	if (c->section < 0)
		return;
	p->sections = arena_new(a, struct policy_section);
	p->sections->domain = trial_domain(a, "example.org");
	p->sections->has_action = true;
	p->sections->on_fail = (enum action)c->section;
	p->section_count = 1;
}

static void make_message(struct arena *a, const struct combination *c, struct message *m)
{
	message_init(m, a);
	m->envelope.mail_from = c->null_sender ? SLICE("") : SLICE("bounce@list.example.net");
	message_add_recipient(m, c->exempted == RECIPIENT ? SLICE("postmaster") :
	    SLICE("joe@mx.example"));
	if (c->exempted == RECIPIENT)
		message_add_recipient(m, SLICE("Abuse@mx.example"));
	message_add_header(m, SLICE("From"), SLICE(" joe@example.org"));
	if (c->source == LISTED)
		message_add_header(m, SLICE("List-ID"), SLICE(" <x.list.example.net>"));
	if (c->source == RESENT)
		message_add_header(m, SLICE("Resent-From"), SLICE(" x@list.example.net"));
}

static void make_verdict(struct arena *a, const struct combination *c, struct verdict *v)
{
	static const enum auth_result results[FINDINGS] = { AUTH_PASS, AUTH_FAIL, AUTH_TEMPERROR,
		AUTH_TEMPERROR, AUTH_NONE };
	static const enum dmarc_why whys[FINDINGS] = { DMARC_WHY_ALIGNED, DMARC_WHY_NOT_ALIGNED,
		DMARC_WHY_POLICY_UNKNOWN, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_WHY_NO_RECORD };
	struct dmarc_author_result *r = arena_new(a, struct dmarc_author_result);
	bool known = c->finding != POLICY_UNKNOWN && c->finding != NO_RECORD;

	authors_parse(a, SLICE("joe@example.org"), &v->authors);
	r->domain = trial_domain(a, "example.org");
	r->result = results[c->finding];
	r->why = whys[c->finding];
	r->discovery.organizational_domain = r->domain;
	r->discovery.status = known ? DMARC_DISCOVERED : c->finding == NO_RECORD ? DMARC_DISCOVERED_NOTHING :
	    DMARC_DISCOVERY_UNKNOWN;
	if (known) {
		r->policy = trial_policy(c);
		r->testing = c->testing && c->published != DMARC_POLICY_NONE;
	}
	v->dmarc = (struct dmarc_result){ .result = r->result, .why = r->why, .deciding = r,
		.authors = r, .author_count = 1 };
	v->spf_checked = c->source != RELAYED;
	v->dkim_checked = v->dmarc_checked = true;
	v->spf.r.result = AUTH_NONE;
	if (c->source == LISTED || c->source == RESENT) { /* somebody else answers for it */
		v->spf.r.result = AUTH_PASS;
		v->spf.r.domain = trial_domain(a, "list.example.net");
	}
}

char trial_letter(enum action action)
{
	return "AQTR"[action];
}

void trial_begin(struct trial *t, const struct combination *c)
{
	*t = (struct trial){ .a = arena_create(1024 * 1024) };
	make_policy(t->a, c, &t->p);
	make_message(t->a, c, &t->m);
	make_verdict(t->a, c, &t->v);
}

void trial_blank(struct trial *t)
{
	*t = (struct trial){ .a = arena_create(1024 * 1024), .v = { .dmarc_checked = true } };
	world_defaults(&t->p, t->a);
	t->p.enforce = ENFORCE_YES;
	message_init(&t->m, t->a);
	t->m.envelope.mail_from = SLICE("a@example.org");
}

void trial_decide(struct trial *t, enum message_class class)
{
	t->got = (struct actions){ 0 };
	ck_assert_int_eq(decide(t->a, &t->p, class, &t->m, &t->v, &t->got), RC_OK);
}

void trial_end(struct trial *t)
{
	arena_free(&t->a);
}

void trial_expect(const struct trial *t, int row, const char *name, char want)
{
	ck_assert_msg(trial_letter(t->got.action) == want, "row %d (%s): %s", row, name, action_text(t->got.action));
}
