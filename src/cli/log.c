#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/plural.h"

#include "cli/tally.h"
#include "cli/when.h"

#include "log.h"

/* Rows of a table that a person reads; --json and --csv have all. */
#define SHOWN_ROWS 20u

/* --- what is counted ------------------------------------------------------------------------------- */

enum column {
	COLUMN_MESSAGES, COLUMN_PASS, COLUMN_FAIL, COLUMN_QUARANTINE, COLUMN_TEMPFAIL, COLUMN_REJECT,
	COLUMN_WOULD, COLUMN_SIGNED, COLUMN_UNSIGNED, COLUMN_COUNT
};

static const char *const columns[COLUMN_COUNT] = {
	[COLUMN_MESSAGES] = "messages",
	[COLUMN_PASS] = "dmarc_pass",
	[COLUMN_FAIL] = "dmarc_fail",
	[COLUMN_QUARANTINE] = "quarantine",
	[COLUMN_TEMPFAIL] = "tempfail",
	[COLUMN_REJECT] = "reject",
	[COLUMN_WOULD] = "would",
	[COLUMN_SIGNED] = "signed",
	[COLUMN_UNSIGNED] = "unsigned",
};

static bool is(const struct log_entry *e, enum log_field field, const char *value)
{
	return slice_eq(e->field[field], slice_str(value));
}

static bool counts_in(const struct log_entry *e, enum column column)
{
	bool signs = e->role == LOG_ROLE_SIGN;

	switch (column) {
	case COLUMN_MESSAGES:
		return true;
	case COLUMN_PASS:
		return is(e, LOG_DMARC, "pass");
	case COLUMN_FAIL:
		return is(e, LOG_DMARC, "fail");
	case COLUMN_QUARANTINE:
	case COLUMN_TEMPFAIL:
	case COLUMN_REJECT:
		return is(e, LOG_ACTION, columns[column]);
	case COLUMN_WOULD:
		return !slice_is_null(e->field[LOG_WOULD]);
	case COLUMN_SIGNED:
		return signs && !slice_is_null(e->field[LOG_SIGNED]);
	case COLUMN_UNSIGNED:
		return signs && slice_is_null(e->field[LOG_SIGNED]);
	case COLUMN_COUNT:
		break;
	}
	return false;
}

static void count(struct tally_row *row, const struct log_entry *e)
{
	for (enum column c = 0; c < COLUMN_COUNT; c++)
		row->counts[c] += counts_in(e, c) ? 1 : 0;
}

/* --- by what --------------------------------------------------------------------------------------- */

static void key_of_author(const struct log_entry *e, struct buf *out)
{
	buf_add(out, e->field[LOG_AUTHOR]);
}

static void key_of_client(const struct log_entry *e, struct buf *out)
{
	buf_add(out, slice_is_null(e->field[LOG_USER]) ? e->field[LOG_CLIENT] : e->field[LOG_USER]);
}

static void key_of_action(const struct log_entry *e, struct buf *out)
{
	static const char *const roles[] = {
		[LOG_ROLE_JUDGE] = "judged", [LOG_ROLE_SIGN] = "to be signed", [LOG_ROLE_PASS] = "passed on",
	};

	buf_add_str(out, roles[e->role]);
	if (!slice_is_null(e->field[LOG_ABORTED]))
		buf_add_str(out, ", aborted");
	else if (!slice_is_null(e->field[LOG_ACTION]) && e->role == LOG_ROLE_JUDGE)
		buf_addf(out, ": %.*s", SLICE_ARG(e->field[LOG_ACTION]));
	if (!slice_is_null(e->field[LOG_WOULD]))
		buf_addf(out, ", enforce = yes: %.*s", SLICE_ARG(e->field[LOG_WOULD]));
}

/* A reason names the author domain: without it, equal reasons are equal. */
static void key_of_reason(const struct log_entry *e, struct buf *out)
{
	struct slice rest = e->field[LOG_WHY], authors = e->field[LOG_AUTHOR];
	struct slice author = slice_split(&authors, ',');

	while (rest.len > 0) {
		struct slice word = slice_split(&rest, ' ');
		size_t end = word.len > 0 && is_one_of(word.ptr[word.len - 1], ":;,") ? word.len - 1 : word.len;

		if (author.len > 0 && slice_ieq(slice_take(word, end), author)) {
			buf_add_str(out, "DOMAIN");
			word = slice_drop(word, end);
		}
		buf_add(out, word);
		if (rest.len > 0)
			buf_add_char(out, ' ');
	}
}

static const struct kind {
	const char *name;
	void (*key)(const struct log_entry *e, struct buf *out); /* nothing: "-" */
} kinds[] = {
	{ "action", key_of_action },
	{ "author", key_of_author },
	{ "client", key_of_client },
	{ "reason", key_of_reason },
};

struct summary {
	struct log_request *r;
	struct tally tallies[N_ELEMENTS(kinds)];
};

void log_request_seen(struct log_request *r, const struct log_entry *e)
{
	if (e->time < 0)
		return;
	if (r->first < 0 || e->time < r->first)
		r->first = e->time;
	if (e->time > r->last)
		r->last = e->time;
}

static void count_entry(void *ctx, const struct log_entry *e, const char *source)
{
	struct summary *s = ctx;

	(void)source;
	log_request_seen(s->r, e);
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		struct buf key = BUF_INIT(LIMIT_READ_LINE);

		kinds[i].key(e, &key);
		count(tally_at(&s->tallies[i], key.len > 0 ? buf_slice(&key) : SLICE("-"), SLICE("")), e);
		buf_free(&key);
	}
}

/* --- what is printed ------------------------------------------------------------------------------- */

void log_print_period(const struct log_request *r)
{
	char first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE];

	printf("%llu %s", (unsigned long long)r->read.messages, plural(r->read.messages, "message", "messages"));
	if (r->first >= 0)
		printf(", from %s to %s", when_text(r->first, first), when_text(r->last, last));
	printf("; read from %s\n", buf_cstr(&r->read.sources));
}

void log_json_period(const struct log_request *r, json_t *o)
{
	(void)json_object_set_new(o, "messages", json_integer((json_int_t)r->read.messages));
	(void)json_object_set_new(o, "searched", json_string(buf_cstr(&r->read.sources)));
	if (r->first < 0)
		return;
	(void)json_object_set_new(o, "first", json_integer(r->first));
	(void)json_object_set_new(o, "last", json_integer(r->last));
}

json_t *log_json_text(struct slice text)
{
	return json_stringn(text.ptr == NULL ? "" : text.ptr, text.len);
}

enum rc log_print_json(json_t *o)
{
	char *text = o == NULL ? NULL : json_dumps(o, JSON_INDENT(2));

	if (text != NULL)
		command_print_json(text);
	free(text);
	json_decref(o);
	return text == NULL ? RC_NOMEM : RC_OK;
}

/* A leading =, +, -, @ begins a formula; an apostrophe before it makes it text, as spreadsheets have it. */
void csv_text(struct slice text)
{
	putchar('"');
	if (text.len > 0 && is_one_of(text.ptr[0], "=+-@\t\r"))
		putchar('\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			putchar('"');
		putchar(text.ptr[i]);
	}
	putchar('"');
}

static void print_table(const struct kind *kind, const struct tally_row *const *rows, size_t n)
{
	printf("\n%8s %8s %8s %8s %8s %8s %8s %8s %8s  by %s\n", "messages", "pass", "fail", "quarant.",
	    "tempfail", "reject", "would", "signed", "unsigned", kind->name);
	for (size_t i = 0; i < n && i < SHOWN_ROWS; i++) {
		for (enum column c = 0; c < COLUMN_COUNT; c++)
			printf("%s%8llu", c == 0 ? "" : " ", (unsigned long long)rows[i]->counts[c]);
		printf("  ");
		print_text(rows[i]->key);
		putchar('\n');
	}
	if (n > SHOWN_ROWS)
		printf("%zu further %s omitted: --json and --csv have %s\n", n - SHOWN_ROWS,
		    plural(n - SHOWN_ROWS, "row is", "rows are"), plural(n - SHOWN_ROWS, "it", "them"));
}

static void print_csv(const struct kind *kind, const struct tally_row *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("%s,", kind->name);
		csv_text(rows[i]->key);
		for (enum column c = 0; c < COLUMN_COUNT; c++)
			printf(",%llu", (unsigned long long)rows[i]->counts[c]);
		fputs("\r\n", stdout);
	}
}

static json_t *table_json(const struct tally_row *const *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		(void)json_object_set_new(o, "key", log_json_text(rows[i]->key));
		for (enum column c = 0; c < COLUMN_COUNT; c++)
			(void)json_object_set_new(o, columns[c], json_integer((json_int_t)rows[i]->counts[c]));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void print_csv_head(void)
{
	fputs("kind,key", stdout);
	for (enum column c = 0; c < COLUMN_COUNT; c++)
		printf(",%s", columns[c]);
	fputs("\r\n", stdout);
}

static enum rc print_summary(const struct summary *s)
{
	json_t *o = s->r->json ? json_object() : NULL;

	if (s->r->json)
		log_json_period(s->r, o);
	else if (s->r->csv)
		print_csv_head();
	else
		log_print_period(s->r);
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		size_t n = 0;
		const struct tally_row **rows = tally_sorted(&s->tallies[i], COLUMN_MESSAGES, &n);

		if (rows == NULL) {
			json_decref(o);
			return RC_NOMEM;
		}
		if (s->r->json)
			(void)json_object_set_new(o, kinds[i].name, table_json(rows, n));
		else if (s->r->csv)
			print_csv(&kinds[i], rows, n);
		else if (s->r->read.messages > 0)
			print_table(&kinds[i], rows, n);
		free(rows);
	}
	return s->r->json ? log_print_json(o) : RC_OK;
}

/* --- the command ----------------------------------------------------------------------------------- */

static enum rc summarize(struct log_request *r)
{
	struct summary s = { .r = r };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		if (!tally_init(&s.tallies[i]))
			rc = RC_NOMEM;
	r->read.message = count_entry;
	r->read.ctx = &s;
	if (rc == RC_OK)
		rc = log_read(&r->read, r->err);
	r->read.ctx = NULL; /* s ends with this function */
	if (rc == RC_OK)
		rc = print_summary(&s);
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		tally_free(&s.tallies[i]);
	return rc;
}

static int report(struct log_request *r, bool would)
{
	struct settings *s = NULL;
	struct err err = ERR_INIT;
	bool safe = true;
	enum rc rc = command_settings(r->config, &s, &err);
	int status;

	r->err = &err;
	r->read.settings = s;
	r->read.files = &r->files;
	if (rc == RC_OK)
		rc = would ? log_would(r, &safe) : summarize(r);
	buf_free(&r->read.sources);
	settings_release(&s);
	status = command_end(&err, rc);
	return status == EXIT_SUCCESS && !safe ? EXIT_FINDING : status;
}

static const struct argument arguments[] = {
	{ "log", ARGUMENT_TEXTS, offsetof(struct log_request, files), "FILE",
	    "read this log; may be repeated; -: standard input" },
	{ "since", ARGUMENT_TEXT, offsetof(struct log_request, since), "TIME",
	    "2026-11-26, \"2026-11-26 08:00\", yesterday, 6h, 7d ..." },
	{ "until", ARGUMENT_TEXT, offsetof(struct log_request, until), "TIME",
	    "the end of the period" },
	OPTION_CONFIG(struct log_request, config),
	OPTION_JSON(struct log_request, json),
	{ "csv", ARGUMENT_FLAG, offsetof(struct log_request, csv), NULL,
	    "print lines for a spreadsheet" },
	OPTIONS_END,
};

/* The first option whose time cannot be read, or NULL. */
static const char *period(struct log_request *r)
{
	if (r->since != NULL && !when_parse(slice_str(r->since), r->read.now, &r->read.since))
		return r->since;
	if (r->until != NULL && !when_parse(slice_str(r->until), r->read.now, &r->read.until))
		return r->until;
	return NULL;
}

static int check_usage(const struct command *c, struct log_request *r, const char *word)
{
	const char *wrong = period(r);

	if (word != NULL && strcmp(word, "would") != 0)
		return command_usage(c, "%s: unknown word: the only one allowed here is \"would\"", word);
	if (r->json && r->csv)
		return command_usage(c, "write --json or --csv");
	if (wrong != NULL)
		return command_usage(c, "%s: not a time: write 2026-11-26, \"2026-11-26 08:00\", today, yesterday, 6h "
		    "or 7d", wrong);
	return EXIT_SUCCESS;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct log_request r = { .read = { .now = clock_now(), .until = INT64_MAX, .progress = true,
		.sources = BUF_INIT(LIMIT_LOG_QUEUE) }, .first = -1, .last = -1 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 1, &rest, &done);

	if (status == EXIT_SUCCESS && !done)
		status = check_usage(c, &r, argv[rest]);
	if (status == EXIT_SUCCESS && !done)
		status = report(&r, argv[rest] != NULL);
	free(r.files.items);
	return status;
}

const struct command command_log = {
	.name = "log",
	.run = run,
	.summary = "sum up the log; would: what enforce = yes would refuse, and whether it is safe",
	.usage = "[would] [--since TIME] [--until TIME] [--log FILE]... [-c FILE] [--json|--csv]",
	.arguments = arguments,
};
