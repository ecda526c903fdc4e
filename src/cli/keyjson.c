/*
 * What `assay key` prints: lines for people, or with --json one object at the end:
 *
 *     { "version": 1, "keys": [ { "domain", "selector", "state", ... } ] }     list, show, check
 *     { "version": 1, "steps": [ { "domain", "type", "step", ... } ] }         rotate
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"

#include "cli/json.h"
#include "cli/key.h"

struct key_report {
	json_t *keys, *steps; /* owned; NULL: none yet */
	json_t *messages;     /* owned; said since the last object; NULL: none */
};

static void put_text(json_t *o, const char *name, struct slice text)
{
	json_object_set_new(o, name, json_slice(text));
}

static struct key_report *report_of(struct key_request *r)
{
	if (r->report == NULL)
		r->report = calloc(1, sizeof(*r->report));
	return r->report;
}

void key_say(struct key_request *r, const char *fmt, ...)
{
	struct buf text = BUF_INIT(64u * 1024);
	struct key_report *report = r->json ? report_of(r) : NULL;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (!r->json) {
		print_text(buf_slice(&text));
		putchar('\n');
	} else if (report != NULL) {
		report->messages = report->messages == NULL ? json_array() : report->messages;
		json_array_append_new(report->messages, json_slice(buf_slice(&text)));
	}
	buf_free(&text);
}

void key_progress(const struct key_request *r, size_t done, size_t count, struct domain d)
{
	if (r->all && isatty(STDERR_FILENO))
		fprintf(stderr, "assay: key %zu of %zu: %.*s\n", done, count, SLICE_ARG(d.name));
}

/* --- objects ---------------------------------------------------------------------------------- */

/* Takes o over; the messages said meanwhile are its. */
static enum rc add(struct key_request *r, json_t **list, json_t *o)
{
	if (r->report->messages != NULL)
		json_object_set_new(o, "messages", r->report->messages);
	r->report->messages = NULL;
	*list = *list == NULL ? json_array() : *list;
	return json_array_append_new(*list, o) == 0 ? RC_OK : RC_NOMEM;
}

static enum rc put_private(json_t *o, const struct private_key *private)
{
	struct buf text = BUF_INIT(2 * LIMIT_KEY_OCTETS);
	enum rc rc = published_text(private, &text);

	put_text(o, "type", slice_str(key_type_text(private_key_type(private))));
	json_object_set_new(o, "bits", json_integer(private_key_bits(private)));
	put_text(o, "value", buf_slice(&text));
	buf_free(&text);
	return rc;
}

static void put_found(json_t *o, const struct published *found)
{
	json_t *servers = json_array();

	put_text(o, "result", slice_str(published_state_text(found->state)));
	put_text(o, "text", found->what);
	if (found->target.len > 0)
		put_text(o, "target", found->target);
	for (size_t i = 0; i < found->answer_count; i++) {
		json_t *one = json_object();

		put_text(one, "server", found->answers[i].server);
		put_text(one, "result", slice_str(published_state_text(found->answers[i].state)));
		put_text(one, "text", found->answers[i].what);
		json_array_append_new(servers, one);
	}
	json_object_set_new(o, "servers", servers);
}

enum rc key_report(struct key_request *r, const struct signing_key *key,
    const struct private_key *private, const struct published *found)
{
	int64_t since = key_since(r, key);
	json_t *o = json_object();
	enum rc rc = RC_OK;

	if (report_of(r) == NULL)
		return RC_NOMEM;
	put_text(o, "domain", key->domain.name);
	put_text(o, "selector", key->selector);
	put_text(o, "state", slice_str(key_state_text(key->state)));
	if (since != 0)
		json_object_set_new(o, "since", json_integer(since));
	if (key->path.len > 0)
		put_text(o, "file", key->path);
	json_object_set_new(o, "usable", json_boolean(private != NULL));
	put_text(o, "name", published_name(r->arena, key));
	if (private != NULL)
		rc = put_private(o, private);
	if (found != NULL)
		put_found(o, found);
	return rc == RC_OK ? add(r, &r->report->keys, o) : rc;
}

enum rc key_report_add_step(struct key_request *r, const struct key_report_step *step)
{
	json_t *o = json_object();

	if (report_of(r) == NULL)
		return RC_NOMEM;
	put_text(o, "domain", step->domain.name);
	put_text(o, "type", slice_str(key_type_text(step->type)));
	put_text(o, "step", slice_str(step->step));
	if (step->next != 0)
		json_object_set_new(o, "next_key", json_integer(step->next));
	if (step->removal != 0)
		json_object_set_new(o, "record_removal", json_integer(step->removal));
	return add(r, &r->report->steps, o);
}

/* A caller always gets an object, also when there was nothing to report or an error on the way. */
void key_report_end(struct key_request *r)
{
	struct key_report *report = r->json ? report_of(r) : NULL;
	json_t *all;
	char *text;

	if (report == NULL)
		return;
	all = json_object();
	json_object_set_new(all, "version", json_integer(1));
	if (report->steps != NULL)
		json_object_set_new(all, "steps", report->steps);
	else
		json_object_set_new(all, "keys", report->keys != NULL ? report->keys : json_array());
	if (report->messages != NULL)
		json_object_set_new(all, "messages", report->messages);
	text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (text != NULL)
		command_print_json(text);
	free(text);
	json_decref(all);
	free(report);
	r->report = NULL;
}
