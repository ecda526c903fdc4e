#include <stdio.h>

#include "cli/command.h"
#include "cli/describe.h"

static void labelled(const char *label, struct slice text)
{
	if (text.len == 0)
		return;
	printf("  %s", label);
	print_text(text);
	putchar('\n');
}

static void describe_spf(const struct verdict *v)
{
	const struct spf_result *r = &v->spf.r;

	if (!v->spf_checked || !spf_was_checked(r)) {
		puts("spf: not checked");
		labelled("", r->why == SPF_WHY_NO_CLIENT ? slice_str(spf_why_text(r->why)) : r->reason);
		return;
	}
	printf("spf=%s %s=", auth_result_text(r->result),
	    v->spf.scope == SPF_SCOPE_HELO ? "smtp.helo" : "smtp.mailfrom");
	print_text(r->domain.name);
	putchar('\n');
	labelled("", r->reason);
	labelled("the sender's domain explains: ", r->explanation);
}

static void describe_dkim(const struct dkim_results *results)
{
	if (results->count == 0)
		puts("dkim=none\n  the message carries no DKIM-Signature");
	for (size_t i = 0; i < results->count; i++) {
		const struct dkim_result *r = &results->items[i];

		printf("dkim=%s header.d=", auth_result_text(r->result));
		print_text(r->sig.domain_text);
		printf(" header.s=");
		print_text(r->sig.selector_text);
		if (r->bits != 0)
			printf(" (%u-bit %s key)", r->bits, key_type_text(r->sig.algorithm));
		putchar('\n');
		labelled("", r->reason);
	}
}

static void print_remark(void *ctx, const char *text)
{
	(void)ctx;
	printf("    note for the domain's owner: %s\n", text);
}

static void describe_step(const struct dmarc_walk_step *step)
{
	printf("    _dmarc.");
	print_text(step->domain.name);
	if (step->dns != DNS_FOUND)
		printf(": %s\n", dns_status_text(step->dns));
	else if (step->records != 1)
		printf(": %zu DMARC records%s\n", step->records, step->records > 1 ? ", all of them discarded" : "");
	else {
		printf(": ");
		print_text(step->record.text);
		putchar('\n');
	}
}

void describe_discovery(const struct dmarc_policy_discovery *d)
{
	struct dmarc_author_result author;

	dmarc_author_of(d, &author);
	printf("  policy discovery for ");
	print_text(d->author_domain.name);
	printf(" (%s):\n", d->method == DMARC_DISCOVERY_PSL ? "public suffix list" : "DNS tree walk");
	for (size_t i = 0; i < d->walk.count; i++)
		describe_step(&d->walk.steps[i]);
	labelled("organizational domain: ", d->organizational_domain.name);
	if (d->status == DMARC_DISCOVERED) {
		labelled("policy published at: ", d->policy_domain.name);
		printf("  policy that applies: %s (from %s=%s%s)%s\n", dmarc_policy_text(author.policy),
		    d->policy_tag, dmarc_policy_text(d->policy),
		    author.testing ? ", one step lower by t=y: the owner is testing" : "",
		    d->nonexistent ? ", the author domain does not exist" : "");
		dmarc_record_remarks(&d->record, print_remark, NULL);
	}
	labelled("", d->reason);
}

static void describe_arc_set(const struct arc_chain *chain, unsigned i)
{
	const struct arc_set *set = &chain->sets[i - 1];

	printf("  i=%u: sealed by ", i);
	print_text(set->as.domain.name);
	printf(" (cv=%s), message signed by ", chain_status_text(set->as.chain_status));
	print_text(set->ams.domain.name);
	putchar('\n');
	labelled("    recorded: ", slice_trim(set->payload));
}

static void describe_arc(const struct arc_result *r)
{
	if (r->result == AUTH_NONE)
		return;
	printf("arc=%s\n", auth_result_text(r->result));
	labelled("", r->reason);
	if (r->temporary)
		puts("  a key could not be looked up; RFC 8617 section 5.2.1 makes that a failure");
	if (r->oldest_pass_known && r->oldest_pass > 0)
		printf("  the message was changed before i=%u\n", r->oldest_pass);
	for (unsigned i = r->chain.count; i > 0; i--)
		describe_arc_set(&r->chain, i);
}

/* RFC 9989 section 4.4: what the author's record requires of a domain. */
static void print_requirement(const struct dmarc_author_result *r, enum dmarc_alignment_mode mode)
{
	const struct dmarc_policy_discovery *d = &r->discovery;

	print_text(mode == DMARC_STRICT || domain_is_none(d->organizational_domain) ? r->domain.name :
	    d->organizational_domain.name);
	fputs(mode == DMARC_STRICT ? "" : " or a name below it", stdout);
}

static void describe_identifier(const struct dmarc_author_result *r, const char *method,
    enum auth_result result, struct slice domain, enum dmarc_alignment_mode mode)
{
	printf("    %s %s for ", method, auth_result_text(result));
	print_text(domain);
	if (result != AUTH_PASS)
		puts(": only a pass can be aligned");
	else {
		fputs(": not aligned, it would have to be ", stdout);
		print_requirement(r, mode);
		putchar('\n');
	}
}

/* Of an author whose mail fails: nothing is aligned. */
static void describe_alignment(const struct verdict *v, const struct dmarc_author_result *r)
{
	const struct dmarc_record *record = &r->discovery.record;

	printf("  alignment, by aspf=%s and adkim=%s of _dmarc.", record->aspf == DMARC_STRICT ? "s" : "r",
	    record->adkim == DMARC_STRICT ? "s" : "r");
	print_text(r->discovery.policy_domain.name);
	puts(":");
	if (!v->spf_checked || !spf_was_checked(&v->spf.r))
		puts("    SPF was not checked");
	else
		describe_identifier(r, "SPF", v->spf.r.result, v->spf.r.domain.name, record->aspf);
	if (v->dkim.count == 0)
		puts("    DKIM: no signature");
	for (size_t i = 0; i < v->dkim.count; i++)
		describe_identifier(r, "DKIM", v->dkim.items[i].result, v->dkim.items[i].sig.domain_text,
		    record->adkim);
	fputs("    missing: an SPF pass of an envelope sender at ", stdout);
	print_requirement(r, record->aspf);
	fputs(", or a DKIM pass with d= ", stdout);
	print_requirement(r, record->adkim);
	putchar('\n');
}

static void describe_author(const struct verdict *v, const struct dmarc_author_result *r, bool detail)
{
	printf("  author domain ");
	print_text(r->domain.name);
	printf(": %s; SPF %s, DKIM %s\n", auth_result_text(r->result),
	    r->spf_aligned ? "aligned" : "not aligned", r->dkim_aligned ? "aligned" : "not aligned");
	printf("  %s\n", dmarc_why_text(r->why));
	if (detail && r->result == AUTH_FAIL)
		describe_alignment(v, r);
	if (detail)
		describe_discovery(&r->discovery);
}

static void describe_dmarc(const struct verdict *v, bool detail)
{
	const struct dmarc_result *r = &v->dmarc;

	printf("dmarc=%s\n", auth_result_text(r->result));
	labelled("", r->reason);
	for (size_t i = 0; i < r->author_count; i++)
		describe_author(v, &r->authors[i], detail);
}

static void describe_signing(const struct outcome *o)
{
	for (size_t i = 0; i < o->signature_count; i++) {
		printf("signed d=");
		print_text(o->signatures[i].domain);
		printf(" s=");
		print_text(o->signatures[i].selector);
		printf(" a=%s-sha256\n", key_type_text(o->signatures[i].algorithm));
	}
	labelled("not signed: ", o->unsigned_reason);
}

static void describe_sealing(const struct outcome *o)
{
	if (o->sealed.instance > 0) {
		printf("sealed i=%u d=", o->sealed.instance);
		print_text(o->sealed.domain);
		printf(" s=");
		print_text(o->sealed.selector);
		putchar('\n');
	}
	labelled("not sealed: ", o->unsealed_reason);
}

static void describe_edits(const struct actions *actions)
{
	for (size_t i = 0; i < actions->edit_count; i++) {
		const struct edit *e = &actions->edits[i];

		if (e->op == EDIT_DELETE)
			printf("delete field %u of name ", e->index);
		else
			printf("insert at %u: ", e->index);
		print_text(e->name);
		if (e->op == EDIT_INSERT)
			printf(":%.*s", SLICE_ARG(e->value)); /* made by us: clean, folded */
		putchar('\n');
	}
}

void describe_outcome(const struct outcome *o, bool detail)
{
	const struct actions *actions = &o->actions;

	printf("class: %s\n", class_rules(o->class)->name);
	if (class_rules(o->class)->judge)
		describe_spf(&o->verdict);
	if (o->verdict.dkim_checked)
		describe_dkim(&o->verdict.dkim);
	if (o->verdict.arc_checked)
		describe_arc(&o->verdict.arc);
	if (o->verdict.dmarc_checked)
		describe_dmarc(&o->verdict, detail);
	describe_signing(o);
	describe_sealing(o);
	printf("action: %s", action_text(actions->action));
	if (actions->would != actions->action)
		printf(" (enforce = yes would %s it)", action_text(actions->would));
	putchar('\n');
	labelled("", actions->why);
	for (size_t i = 0; i < actions->override_count; i++) {
		printf("  departs from the published policy: %s: ",
		    override_type_text(actions->overrides[i].type));
		print_text(actions->overrides[i].comment);
		putchar('\n');
	}
	if (actions->reply.code != 0) {
		printf("reply: %d %s ", actions->reply.code, actions->reply.enhanced);
		print_text(actions->reply.text);
		putchar('\n');
	}
	describe_edits(actions);
}
