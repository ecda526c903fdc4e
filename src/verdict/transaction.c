#include "base/clock.h"
#include "base/limits.h"
#include "dmarc/align.h"
#include "dns/lookups.h"
#include "verdict/decide.h"
#include "verdict/results.h"

#include "evaluate.h"
#include "reply.h"
#include "sealing.h"
#include "signatures.h"

#include "verdict/transaction.h"

struct transaction {
	struct arena *arena; /* owns this struct and all below but lookups */
	struct transaction_env env;
	const struct class_rules *rules; /* of outcome.class */
	struct message message;
	struct lookups *lookups;         /* owned; NULL: nothing is asked */
	struct bodyhashes *bodies;
	struct dkim_verifier *verifier;  /* NULL: nothing is judged */
	struct arc_verifier *arc;        /* as verifier */
	struct sealing sealing;
	struct field_set forged;         /* what is taken away */
	struct signatures signatures;
	const struct spf_trace *trace;
	bool header_done;
	enum rc trouble;                 /* the first that was met; answered at the end */
	struct outcome outcome;
};

static void note(struct transaction *t, enum rc rc)
{
	if (t->trouble == RC_OK)
		t->trouble = rc;
}

/* --- MAIL ------------------------------------------------------------------------------------ */

static struct slice keep(struct arena *a, struct slice s)
{
	return slice_is_null(s) ? s : arena_copy(a, s);
}

static void keep_envelope(struct transaction *t, const struct envelope *from)
{
	struct envelope *to = &t->message.envelope;
	struct arena *a = t->arena;

	*to = (struct envelope){ .client = from->client, .client_port = from->client_port,
		.port = from->port, .smtputf8 = from->smtputf8 };
	to->client_name = keep(a, from->client_name);
	to->helo = keep(a, from->helo);
	to->mail_from = keep(a, from->mail_from);
	to->envid = keep(a, from->envid);
	to->auth_user = keep(a, from->auth_user);
	to->daemon_name = keep(a, from->daemon_name);
	to->queue_id = keep(a, from->queue_id);
	to->mta_name = keep(a, from->mta_name);
	for (size_t i = 0; i < from->recipient_count; i++)
		message_add_recipient(&t->message, from->recipients[i]);
}

static void set_class(struct transaction *t, enum message_class class)
{
	t->outcome.class = class;
	t->rules = class_rules(class);
}

/* Whether a message is judged is known from its envelope; only a signing class may change later. */
static void start_judging(struct transaction *t)
{
	const struct verdict_policy *p = t->env.policy;
	struct spf_request request;

	t->lookups = lookups_new(t->env.resolver, p->dns_deadline_ms);
	if (t->lookups == NULL) {
		note(t, RC_NOMEM);
		return;
	}
	lookups_set_client(t->lookups, &t->message.envelope.client);
	t->verifier = dkim_verifier_new(&t->message, &p->dkim, t->lookups, t->bodies);
	/* without look-ups the shape of the chain is read, which is a mark of an indirect flow */
	t->arc = arc_verifier_new(&t->message, &p->dkim, p->arc.verify ? t->lookups : NULL, t->bodies);
	if (t->verifier == NULL || t->arc == NULL)
		note(t, RC_NOMEM);
	evaluate_request(&t->message, &request);
	if (t->outcome.class != CLASS_OWN_RELAY)
		spf_start(t->lookups, &request);
}

struct transaction *transaction_begin(const struct transaction_env *env,
    const struct envelope *envelope)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct transaction *t = a == NULL ? NULL : arena_new(a, struct transaction);

	if (t == NULL) {
		arena_free(&a);
		return NULL;
	}
	t->arena = a;
	t->env = *env;
	message_init(&t->message, a);
	t->message.max_header_bytes = env->policy->max_header_bytes;
	t->message.max_header_fields = env->policy->max_header_fields;
	keep_envelope(t, envelope);
	t->outcome.message = &t->message;
	t->outcome.verdict.authors = (struct authors)AUTHORS_INIT;
	t->bodies = bodyhashes_new(a);
	if (t->bodies == NULL)
		note(t, RC_NOMEM);
	set_class(t, classify(env->policy, envelope, RECEIVED_NOWHERE));
	if (t->rules->judge && t->trouble == RC_OK)
		start_judging(t);
	return t;
}

void transaction_set_queue_id(struct transaction *t, struct slice queue_id)
{
	t->message.envelope.queue_id = keep(t->arena, queue_id);
}

void transaction_trace_spf(struct transaction *t, const struct spf_trace *trace)
{
	t->trace = trace;
}

struct arena *transaction_arena(struct transaction *t)
{
	return t->arena;
}

void transaction_recipient(struct transaction *t, struct slice address)
{
	message_add_recipient(&t->message, address);
}

/* --- header ---------------------------------------------------------------------------------- */

/* The authors' policies are looked up first, before all other questions of the message. */
static void start_policies(struct transaction *t, const struct authors *authors)
{
	if (authors->fields != 1 || authors->status != FROM_OK)
		return; /* several From fields are not evaluated */
	for (size_t i = 0; i < authors->domain_count; i++)
		dmarc_start(t->lookups, LOOKUP_POLICY, t->env.policy->dmarc.discovery,
		    authors->domains[i]);
}

void transaction_header(struct transaction *t, struct slice name, struct slice value)
{
	struct authors *authors = &t->outcome.verdict.authors;
	size_t index = t->message.count;
	const struct header *h;

	message_add_header(&t->message, name, value);
	if (t->message.count == index)
		return;
	h = &t->message.headers[index];
	if (slice_ieq(h->name, SLICE("From"))) {
		authors_add_field(t->arena, h->value, authors);
		if (t->verifier != NULL)
			start_policies(t, authors);
	} else if (t->verifier != NULL && slice_ieq(h->name, SLICE("DKIM-Signature"))) {
		dkim_verifier_field(t->verifier, index);
	}
}

static struct slice authserv_id(const struct transaction *t)
{
	const struct envelope *e = &t->message.envelope;

	if (t->env.policy->authserv_id.len > 0)
		return t->env.policy->authserv_id;
	return e->mta_name.len > 0 ? e->mta_name : SLICE("localhost.localdomain");
}

static void start_signing(struct transaction *t)
{
	struct outcome *o = &t->outcome;
	struct message *shown = message_without(&t->message, &t->forged);

	if (shown == NULL)
		note(t, RC_NOMEM);
	else
		note(t, signatures_begin(t->env.policy, t->env.keys, shown, &o->verdict.authors,
		    o->class == CLASS_AUTHENTICATED, t->bodies, clock_monotonic_ms(),
		    &t->signatures));
}

/* Starts the DMARC tree walk for the domain that SPF checks, if it could be aligned with an author domain. */
static void start_mail_from(struct transaction *t, const struct authors *authors)
{
	struct spf_request request;
	struct domain domain;

	evaluate_request(&t->message, &request);
	if (t->outcome.class != CLASS_OWN_RELAY && authors->status == FROM_OK &&
	    domain_parse(t->arena, request.mail_from.len > 0 ?
	    address_domain_part(request.mail_from) : request.helo, &domain))
		dmarc_start_identifier(t->lookups, t->env.policy->dmarc.discovery,
		    authors->domains, authors->domain_count, domain);
}

static void end_judged_header(struct transaction *t)
{
	const struct authors *authors = &t->outcome.verdict.authors;

	start_mail_from(t, authors);
	dkim_verifier_headers_done(t->verifier, authors->domains,
	    authors->status == FROM_OK ? authors->domain_count : 0);
	arc_verifier_headers_done(t->arc);
}

/* Prepares an ARC seal.  It covers the message as receivers will see it, without the fields that are removed. */
static void start_sealing(struct transaction *t)
{
	struct message *shown;

	if (t->env.policy->arc.seal.len == 0)
		return;
	shown = message_without(&t->message, &t->forged);
	if (shown == NULL)
		note(t, RC_NOMEM);
	else
		note(t, sealing_begin(t->env.policy, t->env.keys, shown, t->bodies,
		    clock_monotonic_ms(), &t->sealing));
}

/* Mail from this host can come from anywhere: name the settings for a filter and for the site's programs. */
static struct slice reinjected_reason(const struct transaction *t)
{
	int port = t->message.envelope.port;
	struct slice way = port > 0 ? arena_printf(t->arena, "over loopback on port %d", port) :
	    port == 0 ? SLICE("through the sendmail command") : SLICE("over loopback");

	return arena_printf(t->arena, "re-injected %.*s, so its origin is not known: a content "
	    "filter belongs on a port in pass-ports, a list manager or webmail on a listener in "
	    "sign-reinjected", SLICE_ARG(way));
}

/* The author is known now: re-injected mail is signed if the author's `sign` section has reinjected = yes. */
static void settle_reinjected(struct transaction *t)
{
	if (t->outcome.class != CLASS_REINJECTED)
		return;
	if (signing_reinjected(&t->env.policy->signing, &t->outcome.verdict.authors)) {
		set_class(t, CLASS_SUBMISSION);
		return;
	}
	t->signatures.why = SIGNING_REINJECTED;
	t->signatures.reason = reinjected_reason(t);
}

/* The author is known now: sign-or-judge mail is signed if its domain has a key here, and judged otherwise. */
static void settle_sign_or_judge(struct transaction *t)
{
	bool agrees = false;

	if (t->outcome.class != CLASS_SIGN_OR_JUDGE || t->trouble != RC_OK)
		return;
	note(t, signing_agrees(t->arena, &t->env.policy->signing, t->env.keys, &t->message,
	    &t->outcome.verdict.authors, clock_monotonic_ms(), &agrees));
	if (agrees)
		set_class(t, CLASS_INTERNAL);
}

void transaction_end_of_header(struct transaction *t)
{
	if (t->header_done)
		return;
	t->header_done = true;
	set_class(t, classify(t->env.policy, &t->message.envelope, received_before(&t->message)));
	settle_reinjected(t);
	settle_sign_or_judge(t);
	if (t->trouble != RC_OK)
		return;
	if (t->rules->remove_authres)
		note(t, results_find_forged(t->arena, t->env.policy, authserv_id(t), &t->message,
		    &t->forged));
	if (t->rules->judge && t->forged.count > t->env.policy->max_forged_fields &&
	    t->message.exceeded == MESSAGE_FITS)
		t->message.exceeded = MESSAGE_TOO_MANY_FORGED;
	if (t->rules->judge) {
		end_judged_header(t);
		start_sealing(t);
	}
	if (t->rules->sign)
		start_signing(t);
}

/* --- body ------------------------------------------------------------------------------------ */

bool transaction_needs_body(const struct transaction *t)
{
	return t->trouble == RC_OK && bodyhashes_needed(t->bodies);
}

void transaction_body(struct transaction *t, struct slice chunk)
{
	if (transaction_needs_body(t))
		bodyhashes_feed(t->bodies, chunk);
}

/* --- the end --------------------------------------------------------------------------------- */

/* What was found, and what is to be done about it. */
static enum rc judge(struct transaction *t, int64_t now)
{
	struct outcome *o = &t->outcome;
	const struct evaluation e = { t->arena, t->env.policy, o->class, &t->message, t->lookups,
		t->arc, t->verifier, t->trace, now };

	lookups_begin_wait(t->lookups);
	TRY(evaluate(&e, &o->verdict));
	return decide(t->arena, t->env.policy, o->class, &t->message, &o->verdict, &o->actions);
}

/* The header edits: deletions first, then the new fields. */
static enum rc edit(struct transaction *t)
{
	struct outcome *o = &t->outcome;

	TRY(results_remove(t->arena, t->env.policy, &t->message, &t->forged, &o->actions));
	if (!t->rules->judge)
		return RC_OK;
	return results_write(t->arena, t->env.policy, authserv_id(t), &o->verdict, &o->actions);
}

/* RFC 8617 section 5.1 step 1: after all other changes. */
static enum rc seal(struct transaction *t, int64_t now)
{
	struct outcome *o = &t->outcome;

	return sealing_end(&t->sealing, t->arena, authserv_id(t), &o->verdict, now, &o->actions);
}

/* The roles, in their order; a class has one of them or several. */
static enum rc finish(struct transaction *t, int64_t now)
{
	TRY(bodyhashes_end(t->bodies));
	if (t->rules->judge)
		TRY(judge(t, now));
	TRY(edit(t));
	if (t->rules->sign)
		TRY(signatures_end(&t->signatures, t->arena, now, &t->outcome.actions));
	return seal(t, now);
}

/*
 * What ends a message that could not be treated.  Observing touches nothing; else not even
 * `enforce = no` lets it pass: what it carries in our name may not have been seen.
 */
static void answer(struct transaction *t, enum action action, struct slice why, struct reply reply)
{
	struct actions *actions = &t->outcome.actions;
	bool observe = t->env.policy->enforce == ENFORCE_OBSERVE;

	actions->edit_count = 0;
	actions->action = observe ? ACTION_ACCEPT : action;
	actions->would = action;
	actions->why = why;
	actions->reply = observe || action == ACTION_QUARANTINE ? (struct reply){ 0 } : reply;
	t->outcome.failed = true;
	t->signatures.count = 0;
	t->signatures.why = SIGNING_DONE;
	t->signatures.reason = SLICE_NULL;
	t->sealing = (struct sealing){ 0 };
}

static void answer_exceeded(struct transaction *t)
{
	const struct verdict_policy *p = t->env.policy;
	enum action action = p->on_exceed == ACTION_ACCEPT ? ACTION_REJECT : p->on_exceed;
	struct reply reply = reply_exceeded(t->arena, p, &t->message);

	answer(t, action, reply.text, reply);
	if (t->outcome.actions.action != ACTION_QUARANTINE)
		return;
	note(t, results_remove(t->arena, p, &t->message, &t->forged, &t->outcome.actions));
	note(t, results_quarantine(t->arena, p, &t->outcome.actions));
}

/* Mail that ought to be signed, of a domain whose key cannot be used: it may wait for a mended key. */
static void answer_unsignable(struct transaction *t)
{
	struct slice why = t->signatures.reason;

	if (t->trouble != RC_OK || !t->env.policy->defer_unsignable || t->signatures.count > 0 ||
	    t->signatures.why != SIGNING_KEY_TROUBLE)
		return;
	answer(t, ACTION_TEMPFAIL, why, (struct reply){ 451, "4.7.5", /* RFC 3463 section 3.8 */
		SLICE("The message cannot be signed now, please try again later") });
}

static void answer_trouble(struct transaction *t)
{
	bool memory = t->trouble == RC_NOMEM || arena_failed(t->arena);
	struct slice why = memory ? SLICE("not enough memory for this message") :
	    SLICE("the message could not be processed");

	answer(t, ACTION_TEMPFAIL, why, (struct reply){ 451, "4.3.0",
		SLICE("Local trouble, please try again later") });
}

static const struct outcome *complete(struct transaction *t)
{
	struct outcome *o = &t->outcome;

	o->signatures = t->signatures.made;
	o->signature_count = t->signatures.count;
	o->unsigned_why = t->signatures.why;
	o->unsigned_reason = t->signatures.reason;
	o->sealed = t->sealing.made;
	o->unsealed_reason = t->sealing.reason;
	if (t->lookups != NULL) {
		o->dns_wait_ms = lookups_waited_ms(t->lookups);
		o->dns_questions = lookups_count(t->lookups);
	}
	return o;
}

const struct outcome *transaction_end(struct transaction *t, int64_t now)
{
	enum message_limit exceeded;

	t->outcome.time = now;
	transaction_end_of_header(t);
	exceeded = t->message.exceeded;
	if (t->outcome.class == CLASS_PASS_PORT)
		return complete(t); /* nothing is touched, whatever it is */
	if (exceeded == MESSAGE_NO_MEMORY)
		note(t, RC_NOMEM);
	if (t->trouble == RC_OK && exceeded == MESSAGE_FITS) {
		note(t, finish(t, now));
		answer_unsignable(t);
	}
	if (t->trouble == RC_OK && exceeded != MESSAGE_FITS)
		answer_exceeded(t);
	if (t->trouble != RC_OK || arena_failed(t->arena))
		answer_trouble(t);
	return complete(t);
}

const struct outcome *transaction_abort(struct transaction *t, int64_t now)
{
	t->outcome.time = now;
	t->outcome.ending = OUTCOME_ABORTED;
	return complete(t);
}

void transaction_free(struct transaction **t)
{
	struct arena *a;

	if (*t == NULL)
		return;
	lookups_release(&(*t)->lookups);
	a = (*t)->arena;
	*t = NULL;
	arena_free(&a);
}
