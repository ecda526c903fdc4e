#include <stdlib.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/plural.h"

#include "cli/command.h"
#include "cli/import_report.h"
#include "cli/json.h"

static size_t count_kind(const struct finding *list, size_t count, enum finding_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += list[i].kind == kind;
	return n;
}

/* --- for a person -------------------------------------------------------------------------------------- */

static void print_finding(const struct finding *f, FILE *to)
{
	if (f->line == 0)
		fprintf(to, "  %s, by default: ", f->file);
	else
		fprintf(to, "  %s:%u: ", f->file, f->line);
	print_text_to(to, f->option);
	if (f->value.len > 0) {
		fputc(' ', to);
		print_text_to(to, f->value);
	}
	fprintf(to, ": %.*s\n", SLICE_ARG(f->text));
}

static void print_report(const struct import *im, bool dry_run, FILE *to)
{
	size_t count;
	const struct finding *list = import_findings(im, &count);

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || list[i].kind != list[i - 1].kind)
			fprintf(to, "%s%s: %zu\n", i == 0 ? "" : "\n", finding_kind_text(list[i].kind),
			    count_kind(list, count, list[i].kind));
		print_finding(&list[i], to);
	}
	count = import_key_count(im);
	fprintf(to, "\n%zu key%s %s\n\n%.*s", count, plural(count, "", "s"), dry_run ? "would be copied" :
	    plural(count, "is in place", "are in place"), SLICE_ARG(import_mta_lines(im)));
}

/* --- for programs ----------------------------------------------------------------------------------------- */

static json_t *json_finding(const struct finding *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string(finding_kind_text(f->kind)));
	json_object_set_new(o, "file", json_string(f->file));
	if (f->line > 0)
		json_object_set_new(o, "line", json_integer(f->line));
	json_object_set_new(o, "option", json_slice(f->option));
	json_object_set_new(o, "value", json_slice(f->value));
	json_object_set_new(o, "text", json_slice(f->text));
	return o;
}

/* The whole configuration as one text. */
static json_t *json_configuration(const struct import *im)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	json_t *made = import_configuration(im, &text) == RC_OK ? json_slice(buf_slice(&text)) : json_null();

	buf_free(&text);
	return made;
}

static void print_json(const struct import *im, bool dry_run, FILE *to)
{
	json_t *report = json_object(), *findings = json_array();
	size_t count;
	const struct finding *list = import_findings(im, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(findings, json_finding(&list[i]));
	json_object_set_new(report, "version", json_integer(1));
	json_object_set_new(report, "findings", findings);
	json_object_set_new(report, "keys", json_integer((json_int_t)import_key_count(im)));
	json_object_set_new(report, "copied", json_boolean(!dry_run));
	json_object_set_new(report, "configuration", json_configuration(im));
	json_object_set_new(report, "mta_lines", json_slice(import_mta_lines(im)));
	json_dumpf(report, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputc('\n', to);
	json_decref(report);
}

size_t import_report(const struct import *im, bool json, bool dry_run, FILE *to)
{
	size_t count;
	const struct finding *list = import_findings(im, &count);

	if (json)
		print_json(im, dry_run, to);
	else
		print_report(im, dry_run, to);
	return count_kind(list, count, FINDING_WITHOUT_COUNTERPART);
}
