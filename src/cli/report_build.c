#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/plural.h"
#include "report/build.h"
#include "report/external.h"
#include "report/message.h"

#include "cli/json.h"
#include "cli/report.h"

/* One run of `assay report build`; the arena is emptied with each domain. */
struct building {
	struct report_request *request;
	struct arena *arena;
	struct report_sender sender;
	struct resolver *resolver;
	int64_t now;
	size_t reports;
	uint64_t messages;
};

/* --- files -------------------------------------------------------------------------------------------------- */

static enum rc cannot_write(struct report_request *r, const char *path)
{
	err_add(r->err, "%s: %s", path, strerror(errno));
	return RC_IO;
}

static bool write_all(int fd, struct slice octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.ptr, octets.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		octets = slice_drop(octets, (size_t)n);
	}
	return true;
}

enum rc report_write_file(struct report_request *r, struct arena *a, struct slice name, struct slice octets)
{
	struct slice path = arena_printf(a, "%s/%.*s", r->to, SLICE_ARG(name));
	bool written;
	int fd;

	if (slice_is_null(path))
		return RC_NOMEM;
	fd = slice_find(name, '/') < name.len ? -1 :
	    open(path.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_write(r, path.ptr);
	written = write_all(fd, octets);
	if (close(fd) != 0 || !written)
		return cannot_write(r, path.ptr);
	return RC_OK;
}

/* --- what is said of a report ---------------------------------------------------------------------------------- */

static const char *const consents[] = {
	[REPORT_PERMITTED] = "send", [REPORT_REFUSED] = "never", [REPORT_POSTPONED] = "later",
};

void report_print_destination(const struct report_destination *d)
{
	printf("    %-5s  ", consents[d->consent]);
	print_text(d->to.address.len > 0 ? d->to.address : d->uri);
	if (d->why.len > 0) {
		printf(": ");
		print_text(d->why);
	}
	putchar('\n');
}

static void print_report(const struct report *r, const struct report_file *file,
    const struct report_destinations *to)
{
	print_text(r->policy.domain);
	printf(": %llu %s, %zu %s\n    file   ", (unsigned long long)r->messages,
	    plural(r->messages, "message", "messages"), r->row_count, plural(r->row_count, "record", "records"));
	print_text(file->name);
	putchar('\n');
	if (r->rows_left_out > 0)
		printf("    note   the report is full: %zu %s of %llu %s omitted\n", r->rows_left_out,
		    plural(r->rows_left_out, "record", "records"), (unsigned long long)r->messages_left_out,
		    plural(r->messages_left_out, "message was", "messages were"));
	for (size_t i = 0; i < to->count; i++)
		report_print_destination(&to->items[i]);
}

json_t *report_destination_json(const struct report_destination *d)
{
	json_t *o = json_object();

	json_object_set_new(o, "uri", json_slice(d->uri));
	if (d->to.address.len > 0)
		json_object_set_new(o, "address", json_slice(d->to.address));
	json_object_set_new(o, "consent", json_string(consents[d->consent]));
	if (d->why.len > 0)
		json_object_set_new(o, "why", json_slice(d->why));
	return o;
}

static json_t *report_json(const struct report *r, const struct report_file *file,
    const struct report_destinations *to)
{
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "domain", json_slice(r->policy.domain));
	json_object_set_new(o, "report_id", json_slice(file->id));
	json_object_set_new(o, "file", json_slice(file->name));
	json_object_set_new(o, "messages", json_integer((json_int_t)r->messages));
	json_object_set_new(o, "records", json_integer((json_int_t)r->row_count));
	if (r->rows_left_out > 0)
		json_object_set_new(o, "messages_left_out", json_integer((json_int_t)r->messages_left_out));
	for (size_t i = 0; i < to->count; i++)
		json_array_append_new(list, report_destination_json(&to->items[i]));
	json_object_set_new(o, "destinations", list);
	return o;
}

static enum rc tell(struct building *b, const struct report *r, const struct report_file *file,
    const struct report_destinations *to)
{
	if (!b->request->json) {
		print_report(r, file, to);
		return RC_OK;
	}
	printf(b->reports == 1 ? "[\n" : ",\n");
	return json_print(report_json(r, file, to), 2);
}

/* --- building ------------------------------------------------------------------------------------------------------ */

static enum rc find_destinations(struct building *b, const struct report_policy *policy,
    struct report_destinations *out)
{
	const struct settings *s = b->request->settings;
	struct lookups *l = lookups_new(b->resolver, s->policy.dns_deadline_ms);
	struct domain domain = { policy->domain };
	enum rc rc;

	if (l == NULL)
		return RC_NOMEM;
	rc = report_destinations_find(b->arena, l, policy->discovery, REPORT_AGGREGATE, domain,
	    policy->record.rua, out);
	lookups_release(&l);
	return rc;
}

static enum rc build_report(struct building *b, const struct report *r)
{
	struct report_destinations to;
	struct report_message message;
	struct report_file file;

	TRY(report_render(b->arena, r, &b->sender, &file));
	TRY(report_message(b->arena, r, &file, &b->sender, b->now, &message));
	TRY(find_destinations(b, &r->policy, &to));
	TRY(report_write_file(b->request, b->arena, file.name, file.gzip));
	TRY(report_write_file(b->request, b->arena, arena_printf(b->arena, "%.*s.eml", SLICE_ARG(file.name)), message.octets));
	b->reports++;
	b->messages += r->messages;
	return tell(b, r, &file, &to);
}

static enum rc build_domain(struct building *b, struct slice domain)
{
	struct report_request *r = b->request;
	struct report_set set;

	TRY(report_build(b->arena, r->store, r->day, domain, &set, r->err));
	for (size_t i = 0; i < set.count; i++)
		TRY(build_report(b, &set.items[i]));
	return RC_OK;
}

static enum rc build_domains(struct building *b, const struct stored_domains *domains)
{
	for (size_t i = 0; i < domains->count; i++) {
		enum rc rc;

		b->arena = arena_create(LIMIT_REPORT_ARENA);
		rc = b->arena == NULL ? RC_NOMEM : build_domain(b, domains->items[i].domain);
		arena_free(&b->arena);
		TRY(rc);
	}
	return RC_OK;
}

enum rc report_make_directory(struct report_request *r)
{
	if (mkdir(r->to, 0700) != 0 && errno != EEXIST)
		return cannot_write(r, r->to);
	return RC_OK;
}

static void end_list(const struct building *b)
{
	char day[REPORT_DAY_TEXT];

	if (b->request->json)
		puts(b->reports == 0 ? "[]" : "\n]");
	else
		printf("%zu %s on %llu %s of %s %s in %s; nothing was sent\n", b->reports,
		    plural(b->reports, "report", "reports"), (unsigned long long)b->messages,
		    plural(b->messages, "message", "messages"), report_day_text(b->request->day, day),
		    plural(b->reports, "is", "are"), b->request->to);
}

static enum rc build(struct report_request *r)
{
	struct building b = { .request = r, .now = r->today * SECONDS_OF_DAY };
	struct stored_domains domains;
	enum rc rc;

	if (r->to == NULL)
		return err_config(r->err, "report build: name the directory to write into: --to DIR");
	if (r->failures)
		return report_build_failures(r);
	if (r->day >= r->today)
		return err_config(r->err, "--day: a report covers a whole UTC day, and this one is not over");
	TRY(report_sender_of(r->arena, &r->settings->reports, r->store, &b.sender, r->err));
	TRY(report_stored(r, &domains));
	TRY(report_make_directory(r));
	TRY(command_resolver(r->settings, r->zone, &b.resolver, r->err));
	rc = build_domains(&b, &domains);
	if (rc == RC_OK)
		end_list(&b);
	resolver_free(&b.resolver);
	return rc;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct report_request, config),
	OPTION_ZONE(struct report_request, zone),
	{ "day", ARGUMENT_TEXT, offsetof(struct report_request, day_text), "DATE",
	    "the day, as 2026-11-26 (default yesterday)" },
	{ "to", ARGUMENT_TEXT, offsetof(struct report_request, to), "DIRECTORY",
	    "write the reports here" },
	{ "failures", ARGUMENT_FLAG, offsetof(struct report_request, failures), NULL,
	    "build failure reports instead of aggregate reports" },
	OPTION_JSON(struct report_request, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct report_request r = { .domain = DOMAIN_NONE };

	return report_run(c, argc, argv, &r, build);
}

const struct command command_report_build = {
	.name = "report build",
	.run = run,
	.summary = "write the aggregate reports of a day, or failure reports, into a directory; nothing is sent",
	.usage = "--to DIR [DOMAIN] [--day YYYY-MM-DD | --failures] [--zone FILE] [-c FILE] [--json]",
	.arguments = arguments,
};
