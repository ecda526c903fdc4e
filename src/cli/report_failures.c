/* report_failures.c - `assay report show --failures` and `assay report build --failures`: incidents that wait. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/plural.h"
#include "report/build.h"
#include "report/external.h"
#include "report/failure_message.h"
#include "report/sending.h"

#include "cli/json.h"
#include "cli/report.h"

#define MOST_SHOWN 1000

struct listing {
	struct report_request *request;
	struct report_sender sender;      /* of build */
	struct resolver *resolver;        /* of build; NULL: show */
	int64_t now;
	size_t shown;
};

/* --- for people ----------------------------------------------------------------------------------------- */

static void print_lines(struct slice lines)
{
	while (lines.len > 0) {
		struct slice line = slice_split(&lines, '\n');

		fputs("    ", stdout);
		print_text(line);
		putchar('\n');
	}
}

static void print_report(const struct listing *l, const struct failure_report *r)
{
	const struct failure_incident *i = &r->incident;
	char began[32];

	printf("%s %8" PRIu64 "  ", report_time_text(i->time, began), r->count);
	print_text(i->policy.domain);
	if (!slice_eq(i->policy.domain, i->header_from)) {
		fputs(", author domain ", stdout);
		print_text(i->header_from);
	}
	putchar('\n');
	if (domain_is_none(l->request->domain))
		return;
	print_lines(i->feedback);
	puts("    --");
	print_lines(i->header);
}

static void print_built(const struct failure_message *m, const struct report_destinations *to)
{
	printf("    file   failure-%.*s.eml\n", SLICE_ARG(m->id));
	for (size_t i = 0; i < to->count; i++)
		report_print_destination(&to->items[i]);
}

/* --- for programs ----------------------------------------------------------------------------------------- */

static json_t *report_json(const struct failure_report *r)
{
	const struct failure_incident *i = &r->incident;
	char began[32];

	return json_pack("{s:o, s:o, s:s, s:I, s:o, s:o, s:o}", "domain", json_slice(i->policy.domain), "header_from",
	    json_slice(i->header_from), "began", report_time_text(i->time, began), "incidents",
	    (json_int_t)r->count, "record", json_slice(i->policy.text), "feedback", json_slice(i->feedback), "header",
	    json_slice(i->header));
}

static enum rc print_json(struct listing *l, json_t *o)
{
	printf(l->shown == 1 ? "[\n" : ",\n");
	return json_print(o, 2);
}

/* --- one incident ------------------------------------------------------------------------------------------- */

static enum rc find_destinations(const struct listing *l, struct arena *a, const struct report_policy *policy,
    struct report_destinations *out)
{
	struct lookups *lookups = lookups_new(l->resolver, l->request->settings->policy.dns_deadline_ms);
	struct domain domain = { policy->domain };
	enum rc rc;

	if (lookups == NULL)
		return RC_NOMEM;
	rc = report_destinations_find(a, lookups, policy->discovery, REPORT_FAILURE, domain, policy->record.ruf, out);
	lookups_release(&lookups);
	return rc;
}

static enum rc build_report(struct listing *l, struct arena *a, const struct failure_report *r)
{
	struct report_destinations to;
	struct failure_message m;
	json_t *o, *list;

	TRY(failure_message(a, r, &l->sender, l->now, &m));
	TRY(find_destinations(l, a, &r->incident.policy, &to));
	TRY(report_write_file(l->request, a, arena_printf(a, "failure-%.*s.eml", SLICE_ARG(m.id)), m.octets));
	if (!l->request->json) {
		print_report(l, r);
		print_built(&m, &to);
		return RC_OK;
	}
	o = report_json(r);
	list = json_array();
	for (size_t i = 0; i < to.count; i++)
		json_array_append_new(list, report_destination_json(&to.items[i]));
	json_object_set_new(o, "report_id", json_slice(m.id));
	json_object_set_new(o, "file", json_slice(arena_printf(a, "failure-%.*s.eml", SLICE_ARG(m.id))));
	json_object_set_new(o, "destinations", list);
	return print_json(l, o);
}

static enum rc show_report(struct listing *l, const struct failure_report *r)
{
	if (l->request->json)
		return print_json(l, report_json(r));
	print_report(l, r);
	return RC_OK;
}

static enum rc take_incident(void *ctx, const struct store_incident *i)
{
	struct listing *l = ctx;
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct failure_report r;
	enum rc rc = a == NULL ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && failure_report_of(a, i, &r) && (domain_is_none(l->request->domain) ||
		slice_eq(r.incident.policy.domain, l->request->domain.name))) {
		l->shown++;
		rc = l->resolver == NULL ? show_report(l, &r) : build_report(l, a, &r);
	}
	arena_free(&a);
	return rc;
}

/* --- the commands ----------------------------------------------------------------------------------------------- */

static enum rc list_all(struct listing *l)
{
	struct report_request *r = l->request;

	l->now = clock_now() + r->settings->reports.test_clock_offset;
	if (r->day_text != NULL)
		return err_config(r->err, "--failures takes no --day: it lists what no report was sent of yet");
	TRY(store_incidents(r->store, l->now - SENDING_PATIENCE, l->now + 2 * 3600, MOST_SHOWN, take_incident, l,
	    r->err));
	if (r->json)
		puts(l->shown == 0 ? "[]" : "\n]");
	else if (l->shown == 0)
		printf("no incident waits to be reported%s\n", r->settings->reports.failure.enabled ? "" :
		    ": reports { failure = no }");
	return RC_OK;
}

enum rc report_show_failures(struct report_request *r)
{
	struct listing l = { .request = r };

	return list_all(&l);
}

enum rc report_build_failures(struct report_request *r)
{
	struct listing l = { .request = r };
	enum rc rc;

	TRY(report_sender_of(r->arena, &r->settings->reports, r->store, &l.sender, r->err));
	TRY(report_make_directory(r));
	TRY(command_resolver(r->settings, r->zone, &l.resolver, r->err));
	rc = list_all(&l);
	resolver_free(&l.resolver);
	if (rc == RC_OK && !r->json)
		printf("%zu failure %s in %s; nothing was sent\n", l.shown,
		    plural(l.shown, "report is", "reports are"), r->to);
	return rc;
}
