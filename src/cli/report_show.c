#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/plural.h"

#include "cli/json.h"
#include "cli/report.h"

/* --- a day ---------------------------------------------------------------------------------------------------- */

static void print_domains(const struct report_request *r, const struct stored_domains *all)
{
	char day[REPORT_DAY_TEXT];
	uint64_t messages = 0;

	printf("  messages    passed   records  policy domain\n");
	for (size_t i = 0; i < all->count; i++) {
		const struct store_domain *d = &all->items[i];

		printf("%10llu%10llu%10llu  ", (unsigned long long)d->messages, (unsigned long long)d->aligned,
		    (unsigned long long)d->rows);
		print_text(d->domain);
		putchar('\n');
		messages += d->messages;
	}
	printf("%10llu %s of %s (UTC), %zu policy %s\n", (unsigned long long)messages,
	    plural(messages, "message", "messages"), report_day_text(r->day, day), all->count,
	    plural(all->count, "domain", "domains"));
}

static json_t *domain_json(const struct store_domain *d)
{
	json_t *o = json_object();

	json_object_set_new(o, "domain", json_slice(d->domain));
	json_object_set_new(o, "messages", json_integer((json_int_t)d->messages));
	json_object_set_new(o, "passed", json_integer((json_int_t)d->aligned));
	json_object_set_new(o, "records", json_integer((json_int_t)d->rows));
	return o;
}

static enum rc print_domains_json(const struct report_request *r, const struct stored_domains *all)
{
	json_t *o = json_object(), *list = json_array();
	char day[REPORT_DAY_TEXT];

	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(list, domain_json(&all->items[i]));
	json_object_set_new(o, "day", json_string(report_day_text(r->day, day)));
	json_object_set_new(o, "domains", list);
	TRY(json_print(o, 2));
	putchar('\n');
	return RC_OK;
}

/* --- a domain of a day, for a person ------------------------------------------------------------------------------ */

/* Rows come policy by policy; its record is printed when it changes. */
struct showing {
	struct buf kept; /* the last one */
	size_t rows;
};

static void print_policy(struct showing *s, const struct report_policy *policy)
{
	if (s->rows > 0 && slice_eq(policy->text, buf_slice(&s->kept)))
		return;
	buf_clear(&s->kept);
	buf_add(&s->kept, policy->text);
	printf("%s_dmarc.", s->rows > 0 ? "\n" : "");
	print_text(policy->domain);
	printf(" \"");
	print_text(policy->text);
	printf("\"%s\n", policy->several_records ? " (other names of the walk have several records)" : "");
}

static const char *source_text(const struct report_row *row, char out[IP_TEXT_SIZE])
{
	return row->overflow ? "(too many records)" : ip_text(&row->source, out);
}

static void print_row_head(const struct report_row *row)
{
	char ip[IP_TEXT_SIZE];

	printf("%8llu  %-24s %-10s dkim=%s spf=%s  From: ", (unsigned long long)row->count,
	    source_text(row, ip), disposition_text(row->disposition), row->dkim_aligned ? "pass" : "fail",
	    row->spf_aligned ? "pass" : "fail");
	print_text(row->header_from);
	putchar('\n');
}

static void print_part(const char *label, struct slice text)
{
	if (text.len == 0)
		return;
	printf("%s", label);
	print_text(text);
}

static void print_row_details(const struct report_row *row)
{
	for (size_t i = 0; i < row->dkim_count; i++) {
		printf("          dkim=%s", auth_result_text(row->dkim[i].result));
		print_part(" d=", row->dkim[i].domain);
		print_part(" s=", row->dkim[i].selector);
		print_part(": ", row->dkim[i].human_result);
		putchar('\n');
	}
	printf("          spf=%s", auth_result_text(row->spf.result));
	print_part(" ", row->spf.domain);
	print_part(", MAIL FROM ", row->envelope_from);
	print_part(", to ", row->envelope_to);
	putchar('\n');
	for (size_t i = 0; i < row->reason_count; i++) {
		printf("          %s", override_type_text(row->reasons[i].type));
		print_part(": ", row->reasons[i].comment);
		putchar('\n');
	}
}

static enum rc print_row(void *ctx, const struct report_row *row)
{
	struct showing *s = ctx;

	print_policy(s, &row->policy);
	print_row_head(row);
	print_row_details(row);
	s->rows++;
	return buf_failed(&s->kept) ? RC_NOMEM : RC_OK;
}

/* --- and for programs ------------------------------------------------------------------------------------------------ */

static json_t *dkim_json(const struct report_dkim *d)
{
	json_t *o = json_object();

	json_object_set_new(o, "domain", json_slice(d->domain));
	json_object_set_new(o, "selector", json_slice(d->selector));
	json_object_set_new(o, "result", json_string(auth_result_text(d->result)));
	if (d->human_result.len > 0)
		json_object_set_new(o, "human_result", json_slice(d->human_result));
	return o;
}

static json_t *reason_json(const struct report_reason *reason)
{
	json_t *o = json_object();

	json_object_set_new(o, "type", json_string(override_type_text(reason->type)));
	if (reason->comment.len > 0)
		json_object_set_new(o, "comment", json_slice(reason->comment));
	return o;
}

static json_t *results_json(const struct report_row *row)
{
	json_t *o = json_object(), *list = json_array(), *spf = json_object();

	for (size_t i = 0; i < row->dkim_count; i++)
		json_array_append_new(list, dkim_json(&row->dkim[i]));
	json_object_set_new(o, "dkim", list);
	json_object_set_new(spf, "domain", json_slice(row->spf.domain));
	json_object_set_new(spf, "result", json_string(auth_result_text(row->spf.result)));
	json_object_set_new(o, "spf", spf);
	return o;
}

static void set_identifiers(json_t *o, const struct report_row *row)
{
	json_object_set_new(o, "header_from", json_slice(row->header_from));
	json_object_set_new(o, "envelope_from", json_slice(row->envelope_from));
	if (row->envelope_to.len > 0)
		json_object_set_new(o, "envelope_to", json_slice(row->envelope_to));
}

/* The names of an aggregate report's elements. */
static json_t *row_json(const struct report_row *row)
{
	json_t *o = json_object(), *reasons = json_array();
	char ip[IP_TEXT_SIZE];

	json_object_set_new(o, "record", json_slice(row->policy.text));
	if (row->overflow)
		json_object_set_new(o, "overflow", json_true());
	else
		json_object_set_new(o, "source_ip", json_string(ip_text(&row->source, ip)));
	json_object_set_new(o, "count", json_integer((json_int_t)row->count));
	json_object_set_new(o, "disposition", json_string(disposition_text(row->disposition)));
	json_object_set_new(o, "dkim", json_string(row->dkim_aligned ? "pass" : "fail"));
	json_object_set_new(o, "spf", json_string(row->spf_aligned ? "pass" : "fail"));
	for (size_t i = 0; i < row->reason_count; i++)
		json_array_append_new(reasons, reason_json(&row->reasons[i]));
	json_object_set_new(o, "reasons", reasons);
	set_identifiers(o, row);
	json_object_set_new(o, "auth_results", results_json(row));
	return o;
}

static enum rc print_row_json(void *ctx, const struct report_row *row)
{
	struct showing *s = ctx;

	printf(s->rows++ == 0 ? "\n" : ",\n");
	return json_print(row_json(row), 2);
}

/* --- the command ------------------------------------------------------------------------------------------------------- */

static enum rc show_domain(struct report_request *r)
{
	struct showing s = { .kept = BUF_INIT(LIMIT_DMARC_RECORD) };
	char day[REPORT_DAY_TEXT];
	enum rc rc;

	if (r->json)
		printf("{\"day\": \"%s\", \"domain\": \"%s\", \"rows\": [", report_day_text(r->day, day),
		    r->domain.name.ptr);
	rc = store_rows(r->store, r->day, r->domain.name, r->json ? print_row_json : print_row, &s, r->err);
	if (r->json && rc == RC_OK)
		puts("\n]}");
	buf_free(&s.kept);
	return rc;
}

static enum rc show(struct report_request *r)
{
	struct stored_domains all;

	if (r->failures)
		return report_show_failures(r);
	TRY(report_stored(r, &all));
	if (!domain_is_none(r->domain))
		return show_domain(r);
	if (r->json)
		return print_domains_json(r, &all);
	print_domains(r, &all);
	return RC_OK;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct report_request, config),
	{ "day", ARGUMENT_TEXT, offsetof(struct report_request, day_text), "DATE",
	    "the day, as 2026-11-26 (default yesterday)" },
	{ "failures", ARGUMENT_FLAG, offsetof(struct report_request, failures), NULL,
	    "show messages of which no failure report was sent yet" },
	OPTION_JSON(struct report_request, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct report_request r = { .domain = DOMAIN_NONE };

	return report_run(c, argc, argv, &r, show);
}

const struct command command_report_show = {
	.name = "report show",
	.run = run,
	.summary = "show what is kept of a day's judged mail, or of mail that waits for a failure report",
	.usage = "[DOMAIN] [--day YYYY-MM-DD | --failures] [-c FILE] [--json]",
	.arguments = arguments,
};
