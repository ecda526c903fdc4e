#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/plural.h"

#include "cli/command.h"
#include "cli/logread.h"
#include "cli/story.h"
#include "cli/when.h"

/* Matches that are printed; a queue id is used again after some time, and not that often. */
#define LIMIT_MATCHES 100u

struct explain_request {
	const char *config;
	struct slice_list files;
	bool json;
	struct slice queue_id;
	json_t *matches;  /* of --json */
	unsigned found;
	bool failed;      /* no memory for JSON */
};

/* --- text ------------------------------------------------------------------------------------------ */

static void print_sentences(const char *heading, const struct sentences *s)
{
	if (s->count > 0)
		printf("  %s\n", heading);
	for (size_t i = 0; i < s->count; i++)
		printf("    %.*s\n", SLICE_ARG(s->items[i])); /* made of a log entry: printable */
}

static void print_story(const struct log_entry *e, const char *source, const struct story *s)
{
	char when[WHEN_TEXT_SIZE];

	printf("%.*s, %s (%s)\n", SLICE_ARG(e->queue_id), when_text(e->time, when), source);
	print_sentences("The message:", &s->message);
	print_sentences("What was found:", &s->found);
	print_sentences("What was decided:", &s->decided);
	print_sentences("Settings that decided:", &s->settings);
	print_sentences("What the sender should mend:", &s->mend);
}

/* --- JSON ------------------------------------------------------------------------------------------ */

static json_t *text_json(struct slice s)
{
	return json_stringn(s.ptr == NULL ? "" : s.ptr, s.len);
}

static json_t *sentences_json(const struct sentences *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count && list != NULL; i++)
		if (json_array_append_new(list, text_json(s->items[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

static json_t *story_json(const struct log_entry *e, const char *source, const struct story *s)
{
	json_t *o = json_pack("{s:s#, s:s, s:o, s:o, s:o, s:o, s:o}", "queue_id", e->queue_id.ptr,
	    (int)e->queue_id.len, "source", source, "message", sentences_json(&s->message), "found",
	    sentences_json(&s->found), "decided", sentences_json(&s->decided), "settings",
	    sentences_json(&s->settings), "mend", sentences_json(&s->mend));
	json_t *fields = json_object();

	if (e->time >= 0)
		(void)json_object_set_new(o, "time", json_integer(e->time));
	for (enum log_field f = 0; f < LOG_FIELD_COUNT; f++)
		if (!slice_is_null(e->field[f]))
			(void)json_object_set_new(fields, log_field_name(f), text_json(e->field[f]));
	if (json_object_set_new(o, "fields", fields) != 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static enum rc print_json(struct explain_request *r, const struct log_read *log)
{
	json_t *o = json_pack("{s:O, s:s, s:I}", "matches", r->matches, "searched",
	    buf_cstr(&log->sources), "lines", (json_int_t)log->lines);
	char *text = r->failed || o == NULL ? NULL : json_dumps(o, JSON_INDENT(2));

	if (text != NULL)
		command_print_json(text);
	free(text);
	json_decref(o);
	return text == NULL ? RC_NOMEM : RC_OK;
}

/* --- the command ----------------------------------------------------------------------------------- */

static void explain_entry(void *ctx, const struct log_entry *e, const char *source)
{
	struct explain_request *r = ctx;
	struct arena *a;
	struct story story;

	if (!slice_eq(e->queue_id, r->queue_id) || r->found++ >= LIMIT_MATCHES)
		return;
	a = arena_create(LIMIT_ARENA_BYTES);
	if (a == NULL) {
		r->failed = true;
		return;
	}
	story_of(a, e, &story);
	if (!r->json) {
		if (r->found > 1)
			putchar('\n');
		print_story(e, source, &story);
	} else if (json_array_append_new(r->matches, story_json(e, source, &story)) != 0) {
		r->failed = true;
	}
	r->failed = r->failed || arena_failed(a);
	arena_free(&a);
}

static void print_end(const struct explain_request *r, const struct log_read *log)
{
	if (r->found == 0)
		printf("%.*s was not found in %s (%llu %s, %llu %s).\n", SLICE_ARG(r->queue_id),
		    buf_cstr(&log->sources), (unsigned long long)log->lines, plural(log->lines, "line", "lines"),
		    (unsigned long long)log->messages, plural(log->messages, "message", "messages"));
	else if (r->found > LIMIT_MATCHES)
		printf("\n%u further %s omitted.\n", r->found - LIMIT_MATCHES,
		    plural(r->found - LIMIT_MATCHES, "match was", "matches were"));
	else if (r->found > 1)
		printf("\nThe MTA has used this queue id %u times: see the dates.\n", r->found);
}

static enum rc search(struct explain_request *r, const struct settings *s, struct err *err)
{
	struct log_read log = { .files = &r->files, .settings = s, .now = clock_now(), .until = INT64_MAX,
		.progress = true, .message = explain_entry, .ctx = r,
		.sources = BUF_INIT(LIMIT_LOG_QUEUE) };
	enum rc rc = log_read(&log, err);

	if (rc == RC_OK && r->failed)
		rc = RC_NOMEM;
	if (rc == RC_OK && r->json)
		rc = print_json(r, &log);
	else if (rc == RC_OK)
		print_end(r, &log);
	buf_free(&log.sources);
	return rc;
}

static int explain(struct explain_request *r)
{
	struct settings *s = NULL;
	struct err err = ERR_INIT;
	enum rc rc = command_settings(r->config, &s, &err);
	int status;

	r->matches = json_array();
	if (rc == RC_OK)
		rc = r->matches == NULL ? RC_NOMEM : search(r, s, &err);
	json_decref(r->matches);
	settings_release(&s);
	status = command_end(&err, rc);
	return status == EXIT_SUCCESS && r->found == 0 ? EXIT_FINDING : status;
}

static const struct argument arguments[] = {
	{ "log", ARGUMENT_TEXTS, offsetof(struct explain_request, files), "FILE",
	    "read this log; may be repeated; -: standard input" },
	OPTION_CONFIG(struct explain_request, config),
	OPTION_JSON(struct explain_request, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct explain_request r = { 0 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 1, 1, &rest, &done);

	if (status == EXIT_SUCCESS && !done) {
		r.queue_id = slice_str(argv[rest]);
		status = explain(&r);
	}
	free(r.files.items);
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.run = run,
	.summary = "explain a message in the log: what was found, what decided, and what to correct",
	.usage = "QUEUE-ID [--log FILE]... [-c FILE] [--json]",
	.arguments = arguments,
};
