#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "dns/zonefile.h"
#include "mail/message.h"
#include "spf/spf.h"

#include "cli/command.h"
#include "cli/json.h"

int command_usage(const struct command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "assay %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nusage: assay %s %s\n", c->name, c->usage);
	return EXIT_USAGE;
}

/* --json was given: standard output must contain JSON, even after an error. */
static bool wants_json, printed_json;

void command_print_json(const char *text)
{
	printed_json = true;
	puts(text);
}

/* {"errors":["..."]} */
static void print_json_errors(struct slice text)
{
	json_t *list = json_array(), *o = json_object();
	char *dumped;

	while (text.len > 0) {
		struct slice line = slice_split(&text, '\n');

		(void)json_array_append_new(list, json_stringn(line.ptr, line.len));
	}
	dumped = json_object_set_new(o, "errors", list) == 0 ? json_dumps(o, JSON_INDENT(2)) : NULL;
	command_print_json(dumped == NULL ? "{\"errors\":[\"out of memory\"]}" : dumped);
	free(dumped);
	json_decref(o);
}

int command_end(struct err *err, enum rc rc)
{
	struct slice rest;

	if (rc != RC_OK && err->count == 0)
		err_add(err, "%s", rc == RC_LIMIT ? "a fixed limit of this program was exceeded (the input is too large)" :
		    "out of memory");
	rest = buf_slice(&err->text);
	if (wants_json && !printed_json && rc != RC_OK) {
		print_json_errors(rest);
		rest = SLICE("");
	}
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		fprintf(stderr, "assay: %.*s\n", SLICE_ARG(line));
	}
	err_free(err);
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

void command_finding(const char *mark, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT(64u * 1024);

	buf_vaddf(&text, fmt, ap);
	printf("  %-5s", mark);
	print_text(buf_slice(&text));
	putchar('\n');
	buf_free(&text);
}

static const char *result_of(const char *mark)
{
	return mark[0] == 'B' ? "bad" : mark[0] == '?' ? "unknown" : mark;
}

void findings_add(struct findings *f, const char *mark, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT(64u * 1024);

	f->bad += mark[0] == 'B';
	f->unknown += mark[0] == '?';
	if (f->list == NULL) {
		command_finding(mark, fmt, ap);
		return;
	}
	buf_vaddf(&text, fmt, ap);
	(void)json_array_append_new(f->list, json_pack("{s:s, s:o}", "result", result_of(mark), "text",
	    json_slice(buf_slice(&text))));
	buf_free(&text);
}

/* --- options ---------------------------------------------------------------------------------- */

static bool number(struct slice text, uint64_t max, uint64_t *out)
{
	struct cursor c = cursor_of(text);

	return take_uint(&c, 12, max, out) && cursor_done(&c);
}

static bool add_to_list(struct slice_list *list, struct slice item)
{
	struct slice *items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return false;
	list->items = items;
	list->items[list->count++] = item;
	return true;
}

/* What was wrong with the value, or NULL. */
static const char *argument_set(const struct argument *arg, void *request, const char *value)
{
	void *at = (char *)request + arg->offset;
	uint64_t n;

	switch (arg->kind) {
	case ARGUMENT_FLAG:
		*(bool *)at = true;
		return NULL;
	case ARGUMENT_TEXT:
		*(const char **)at = value;
		return NULL;
	case ARGUMENT_SLICE:
		*(struct slice *)at = slice_str(value);
		return NULL;
	case ARGUMENT_PATH:
		*(struct slice *)at = envelope_path(slice_str(value));
		return NULL;
	case ARGUMENT_NUMBER:
		if (!number(slice_str(value), 999999999999u, &n))
			return "not a number";
		*(int64_t *)at = (int64_t)n;
		return NULL;
	case ARGUMENT_PORT:
		if (!number(slice_str(value), 65535, &n))
			return "not a port";
		*(int *)at = (int)n;
		return NULL;
	case ARGUMENT_IP:
		return ip_parse(slice_str(value), at) ? NULL : "not an IP address";
	case ARGUMENT_TEXTS:
		return add_to_list(at, slice_str(value)) ? NULL : "out of memory";
	case ARGUMENT_PATHS:
		return add_to_list(at, envelope_path(slice_str(value))) ? NULL : "out of memory";
	}
	return "unknown";
}

#define MAX_ARGUMENTS 32

/* getopt_long()'s table from ours; its val is the index, counted from 1. */
static size_t getopt_table(const struct argument *arguments, struct option *table)
{
	size_t n = 0;

	for (; arguments[n].name != NULL && n < MAX_ARGUMENTS - 2; n++)
		table[n] = (struct option){ .name = arguments[n].name,
			.has_arg = arguments[n].kind == ARGUMENT_FLAG ? no_argument : required_argument,
			.val = (int)n + 1 };
	table[n] = (struct option){ .name = "help", .val = 'h' };
	table[n + 1] = (struct option){ 0 };
	return n;
}

/* The short forms, of commands that have the long one; all have --help. */
static const struct {
	char letter;
	const char *name;
} short_options[] = { { 'c', "config" }, { 'o', "output" }, { 'h', "help" } };

/* The index in getopt_long()'s table, counted from 1. */
static int long_index(const struct argument *arguments, int letter)
{
	for (size_t i = 0; i < N_ELEMENTS(short_options); i++)
		for (int n = 0; arguments[n].name != NULL; n++)
			if (short_options[i].letter == letter && strcmp(arguments[n].name, short_options[i].name) == 0)
				return n + 1;
	return '?';
}

/* "-c, --config FILE" */
static void option_text(const struct argument *arg, struct buf *out)
{
	char letter = 0;

	for (size_t i = 0; i < N_ELEMENTS(short_options); i++)
		if (strcmp(arg->name, short_options[i].name) == 0)
			letter = short_options[i].letter;
	if (letter != 0)
		buf_addf(out, "-%c, ", letter);
	buf_addf(out, "--%s%s%s", arg->name, arg->value == NULL ? "" : " ", arg->value == NULL ? "" : arg->value);
}

static void print_row(struct slice left, size_t width, const char *right)
{
	printf("  %.*s%*s  %s\n", SLICE_ARG(left), (int)(width - left.len), "", right);
}

/* The rows of the table, and --help; width 0: measures only. Returns the width of the left column. */
static size_t option_rows(const struct argument *arguments, size_t width)
{
	static const struct argument help = { "help", ARGUMENT_FLAG, 0, NULL, "print this text" };
	size_t widest = 0;

	for (const struct argument *arg = arguments; arg != NULL; arg = arg->name == NULL ? NULL : arg + 1) {
		struct buf left = BUF_INIT(256);

		option_text(arg->name == NULL ? &help : arg, &left);
		if (left.len > widest)
			widest = left.len;
		if (width > 0)
			print_row(buf_slice(&left), width, arg->name == NULL ? help.help : arg->help);
		buf_free(&left);
	}
	return widest;
}

static int print_help(const struct command *c)
{
	printf("usage: assay %s %s\n%s\n\n", c->name, c->usage, c->summary);
	(void)option_rows(c->arguments, option_rows(c->arguments, 0));
	return EXIT_SUCCESS;
}

/* getopt_long() has returned "?" or ":" (a value is missing); optopt is then 0, a letter, or an index from 1. */
static int wrong_option(const struct command *c, int o, const char *word)
{
	struct slice rest = slice_str(word), given = slice_split(&rest, '=');
	struct nearest nearest = nearest_to(slice_drop(given, 2));
	bool begins = false;

	if (optopt > 0 && optopt < MAX_ARGUMENTS)
		return command_usage(c, o == ':' ? "--%s requires a value" : "--%s takes no value",
		    c->arguments[optopt - 1].name);
	if (optopt != 0)
		return command_usage(c, o == ':' ? "-%c requires a value" : "unknown option: -%c", optopt);
	for (const struct argument *arg = c->arguments; arg->name != NULL; arg++) {
		begins = begins || slice_starts_with(slice_str(arg->name), nearest.wanted);
		nearest_try(&nearest, arg->name);
	}
	if (begins)
		return command_usage(c, "%.*s: several options begin so", SLICE_ARG(given));
	if (nearest.best != NULL)
		return command_usage(c, "unknown option: %.*s: did you mean --%s?", SLICE_ARG(given), nearest.best);
	return command_usage(c, "unknown option: %.*s", SLICE_ARG(given));
}

int command_arguments(const struct command *c, int argc, char **argv, void *request, int min,
    int max, int *rest_out, bool *done_out)
{
	struct option table[MAX_ARGUMENTS];
	size_t count = getopt_table(c->arguments, table);
	const char *wrong;
	int o;

	*done_out = false;
	opterr = 0;
	while ((o = getopt_long(argc, argv, ":c:o:h", table, NULL)) != -1) {
		if (o == 'h') {
			*done_out = true;
			return print_help(c);
		}
		if (o == 'c' || o == 'o')
			o = long_index(c->arguments, optopt = o);
		if (o < 1 || (size_t)o > count)
			return wrong_option(c, o, argv[optind - 1]);
		wants_json = wants_json || strcmp(c->arguments[o - 1].name, "json") == 0;
		wrong = argument_set(&c->arguments[o - 1], request, optarg);
		if (wrong != NULL)
			return command_usage(c, "--%s %s: %s", c->arguments[o - 1].name, optarg, wrong);
	}
	*rest_out = optind;
	if (argc - optind > max)
		return command_usage(c, "unexpected argument: %s", argv[optind + max]);
	if (argc - optind < min)
		return command_usage(c, "an argument is missing");
	return EXIT_SUCCESS;
}

/* --- subcommands ------------------------------------------------------------------------------- */

static const char *last_word(const char *name)
{
	const char *blank = strrchr(name, ' ');

	return blank == NULL ? name : blank + 1;
}

static int subcommand_help(const struct command *c)
{
	size_t width = 0;

	for (size_t i = 0; c->subcommands[i] != NULL; i++)
		if (strlen(last_word(c->subcommands[i]->name)) > width)
			width = strlen(last_word(c->subcommands[i]->name));
	printf("usage: assay %s %s\n%s\n\n", c->name, c->usage, c->summary);
	for (size_t i = 0; c->subcommands[i] != NULL; i++)
		print_row(slice_str(last_word(c->subcommands[i]->name)), width, c->subcommands[i]->summary);
	printf("\nEach of them with --help shows its options.\n");
	return EXIT_SUCCESS;
}

int command_subcommand(const struct command *c, int argc, char **argv)
{
	struct nearest nearest;

	if (argc < 2)
		return command_usage(c, "name a subcommand");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return subcommand_help(c);
	if (argv[1][0] == '-')
		return command_usage(c, "%s: write the subcommand before its options", argv[1]);
	nearest = nearest_to(slice_str(argv[1]));
	for (size_t i = 0; c->subcommands[i] != NULL; i++) {
		const char *name = last_word(c->subcommands[i]->name);

		if (strcmp(argv[1], name) == 0)
			return c->subcommands[i]->run(c->subcommands[i], argc - 1, argv + 1);
		nearest_try(&nearest, name);
	}
	return command_usage(c, "%s: no such subcommand%s%s%s", argv[1], nearest.best == NULL ? "" : ": did you mean ",
	    nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?");
}

/* --- what the commands work on ----------------------------------------------------------------- */

enum rc command_settings(const char *path, struct settings **out, struct err *err)
{
	const char *fallback = ASSAY_SYSCONFDIR "/assay.conf";

	if (path == NULL && access(fallback, R_OK) != 0)
		return settings_default(out);
	return settings_load(path == NULL ? fallback : path, out, err);
}

enum rc command_resolver(const struct settings *s, const char *zone, struct resolver **out,
    struct err *err)
{
	return zone != NULL ? resolver_zonefile(zone, out, err) : settings_resolver(s, out, err);
}

enum rc asker_open(const char *config, const char *zone, struct asker *out, struct err *err)
{
	*out = (struct asker){ NULL, NULL, NULL };
	TRY(command_settings(config, &out->settings, err));
	TRY(command_resolver(out->settings, zone, &out->resolver, err));
	out->lookups = lookups_new(out->resolver, out->settings->policy.dns_deadline_ms);
	return out->lookups == NULL ? RC_NOMEM : RC_OK;
}

void asker_close(struct asker *q)
{
	lookups_release(&q->lookups);
	resolver_free(&q->resolver);
	settings_release(&q->settings);
}

enum rc command_read(const char *path, struct buf *out, struct err *err)
{
	bool is_stdin = path == NULL || strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "rb");
	char chunk[65536];
	size_t n;
	bool failed;

	if (f == NULL)
		return err_config(err, "%s: %s", path, strerror(errno));
	if (is_stdin && isatty(STDIN_FILENO))
		fputs("assay: reading from the terminal until Ctrl-D; name a file to read it instead\n", stderr);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, slice_of(chunk, n));
	failed = ferror(f) != 0;
	if (!is_stdin)
		fclose(f);
	if (failed)
		return err_config(err, "%s: cannot be read: %s", is_stdin ? "standard input" : path, strerror(errno));
	if (buf_failed(out))
		return err_config(err, "%s: larger than %u octets", is_stdin ? "standard input" : path, LIMIT_FILE_BYTES);
	return RC_OK;
}

static bool canon_word(struct slice word, enum canon *out)
{
	for (enum canon kind = CANON_SIMPLE; kind <= CANON_RELAXED; kind++) {
		if (slice_eq(word, slice_str(canon_text(kind)))) {
			*out = kind;
			return true;
		}
	}
	return false;
}

bool command_canon(const char *text, enum canon *header_out, enum canon *body_out)
{
	struct slice rest = slice_str(text);
	struct slice header = slice_split(&rest, '/');

	return canon_word(header, header_out) && canon_word(rest, body_out);
}

const char *command_not_a_domain(struct arena *a, int count, char **texts)
{
	struct domain d;

	for (int i = 0; i < count; i++)
		if (!domain_parse(a, slice_str(texts[i]), &d))
			return texts[i];
	return NULL;
}

void print_text_to(FILE *to, struct slice s)
{
	while (s.len > 0) {
		size_t n = s.ptr[0] == ' ' ? 1 : utf8_visible(s);

		if (n > 0) {
			fwrite(s.ptr, 1, n, to);
		} else {
			n = 1;
			fprintf(to, "\\x%02x", (unsigned)(unsigned char)s.ptr[0]);
		}
		s = slice_drop(s, n);
	}
}

void print_text(struct slice s)
{
	print_text_to(stdout, s);
}

static void trace_line(void *ctx, unsigned depth, struct slice text)
{
	(void)ctx;
	printf("    %*s", (int)(2 * depth), "");
	print_text(text);
	putchar('\n');
}

const struct spf_trace trace_printer = { trace_line, NULL };
