/* assay import: from the files of the old chain to one assay.conf, with a report for a person. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"
#include "import/import.h"

#include "cli/command.h"
#include "cli/import_report.h"

struct import_request {
	const char *output, *trusted, *keys, *config;
	bool json, dry_run, compare, force;
	char **files;
	int file_count;
};

/* --- what the operator decides ------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum trusted_hosts as;
} trusted_words[] = {
	{ "internal", TRUSTED_INTERNAL }, { "relay", TRUSTED_RELAY },
	{ "sign-or-judge", TRUSTED_SIGN_OR_JUDGE }, { "ask", TRUSTED_ASK },
};

static bool trusted_word(struct slice word, enum trusted_hosts *out)
{
	for (size_t i = 0; i < N_ELEMENTS(trusted_words); i++) {
		if (!slice_eq(word, slice_str(trusted_words[i].word)))
			continue;
		*out = trusted_words[i].as;
		return true;
	}
	return false;
}

/* An answer that is none of the words leaves the host undecided, which is an error later. */
static enum trusted_hosts ask(void *ctx, struct slice host)
{
	enum trusted_hosts as = TRUSTED_UNDECIDED;
	char line[64];

	(void)ctx;
	fprintf(stderr, "%.*s was trusted by the old files: internal, relay or sign-or-judge? ", SLICE_ARG(host));
	if (fgets(line, sizeof(line), stdin) == NULL || !trusted_word(slice_trim(slice_str(line)), &as) ||
	    as == TRUSTED_ASK)
		return TRUSTED_UNDECIDED;
	return as;
}

/* A terminal's line is written over; a file gets no such lines. */
static void show_progress(void *ctx, const char *what, size_t done, size_t all)
{
	(void)ctx;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %zu of %zu%s", what, done, all, done == all ? "\n" : "");
}

/* --- the new configuration --------------------------------------------------------------------------------- */

static bool to_stdout(const struct import_request *r)
{
	return r->output == NULL || strcmp(r->output, "-") == 0;
}

static enum rc cannot_write(const char *path, struct err *err)
{
	return err_config(err, "%s: cannot be written: %s", path, strerror(errno));
}

/*
 * The whole text on disk under a temporary name, so that a failure is known before any key is copied.  What is there
 * by that name, a link to another file included, is not written to.
 */
static enum rc write_temporary(const char *path, struct slice text, struct err *err)
{
	if (file_create(path, text, 0644, true))
		return RC_OK;
	return errno != EEXIST ? cannot_write(path, err) : err_config(err, "%s exists already: remove it", path);
}

static enum rc print_output(struct slice text, struct err *err)
{
	return fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? RC_OK :
	    cannot_write("standard output", err);
}

/* The keys first, then the configuration that needs them, in one step: a reader never finds half a file. */
static enum rc write_all(const struct import_request *r, struct import *im, struct slice text, struct err *err)
{
	char *temporary = NULL;
	enum rc rc;

	if (to_stdout(r)) {
		TRY(import_copy_keys(im, err));
		return print_output(text, err);
	}
	if (asprintf(&temporary, "%s.new", r->output) < 0)
		return RC_NOMEM;
	rc = write_temporary(temporary, text, err);
	if (rc == RC_OK) {
		rc = import_copy_keys(im, err);
		if (rc == RC_OK && rename(temporary, r->output) != 0)
			rc = cannot_write(r->output, err);
		if (rc != RC_OK)
			unlink(temporary);
	}
	free(temporary);
	return rc;
}

static enum rc check_output(const struct import_request *r, struct err *err)
{
	if (!to_stdout(r) && !r->force && !r->dry_run && access(r->output, F_OK) == 0)
		return err_config(err, "%s already exists: move it away, or --force replaces it", r->output);
	return RC_OK;
}

/* What is written must be what assayd takes: a mistake here is one of this program. */
static enum rc check_text(struct slice text, struct err *err)
{
	struct settings *s = NULL;
	enum rc rc = settings_load_text("the imported configuration", text, &s, err);

	settings_release(&s);
	return rc;
}

/* What was read is translated although another file has mistakes, so that all of them are reported at once. */
static enum rc read_all(const struct import_request *r, struct import *im, struct err *err)
{
	enum rc worst = RC_OK, rc;

	for (int i = 0; i < r->file_count; i++) {
		rc = import_read(im, r->files[i], err);
		worst = rc == RC_OK ? worst : rc;
	}
	if (worst == RC_NOMEM)
		return worst;
	rc = import_translate(im, err);
	return rc == RC_OK ? worst : rc;
}

static enum rc convert(const struct import_request *r, struct import *im, struct err *err)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	enum rc rc = check_output(r, err);

	if (rc == RC_OK)
		rc = import_configuration(im, &text);
	if (rc == RC_OK)
		rc = check_text(buf_slice(&text), err);
	if (rc == RC_OK && !r->dry_run)
		rc = write_all(r, im, buf_slice(&text), err);
	else if (rc == RC_OK && !r->json) /* the JSON report holds it */
		rc = print_output(buf_slice(&text), err);
	buf_free(&text);
	return rc;
}

/* --- the two ways to run it ------------------------------------------------------------------------------------ */

static int run_import(const struct import_request *r, struct import *im)
{
	struct err err = ERR_INIT;
	enum rc rc = read_all(r, im, &err);
	size_t missing = 0;

	if (rc == RC_OK)
		rc = convert(r, im, &err);
	if (rc == RC_OK)
		missing = import_report(im, r->json, r->dry_run, r->json ? stdout : stderr);
	rc = (enum rc)command_end(&err, rc);
	return rc != EXIT_SUCCESS ? (int)rc : missing > 0 ? EXIT_FINDING : EXIT_SUCCESS;
}

static size_t print_comparison(const struct comparison *list, size_t count)
{
	size_t different = 0;

	for (size_t i = 0; i < count; i++) {
		bool same = slice_eq(list[i].before, list[i].after);

		different += !same;
		print_text(list[i].address);
		printf("  %s  ", same ? "same:" : "DIFFERENT: before:");
		print_text(list[i].before);
		if (!same) {
			printf("  after: ");
			print_text(list[i].after);
		}
		putchar('\n');
	}
	printf("%zu %s, %zu %s signed differently\n", count, plural(count, "author", "authors"), different,
	    plural(different, "is", "are"));
	return different;
}

static int run_compare(const struct import_request *r, struct import *im)
{
	struct err err = ERR_INIT;
	const struct comparison *list = NULL;
	struct settings *s = NULL;
	size_t count = 0, different = 0;
	enum rc rc = read_all(r, im, &err);
	int status;

	if (rc == RC_OK)
		rc = command_settings(r->config, &s, &err);
	if (rc == RC_OK)
		rc = settings_load_keys(s, &err);
	if (rc == RC_OK)
		rc = import_compare(im, s, &list, &count, &err);
	if (rc == RC_OK)
		different = print_comparison(list, count);
	settings_release(&s);
	status = command_end(&err, rc);
	return status == EXIT_SUCCESS && different > 0 ? EXIT_FINDING : status;
}

/* --- the command ---------------------------------------------------------------------------------------------- */

static const struct argument arguments[] = {
	{ "output", ARGUMENT_TEXT, offsetof(struct import_request, output), "FILE",
	    "write the new configuration to a file" },
	{ "trusted", ARGUMENT_TEXT, offsetof(struct import_request, trusted), "ANSWER",
	    "for trusted hosts: internal, relay, sign-or-judge or ask" },
	{ "keys", ARGUMENT_TEXT, offsetof(struct import_request, keys), "DIRECTORY",
	    "copy the keys to this directory" },
	OPTION_CONFIG(struct import_request, config),
	OPTION_JSON(struct import_request, json),
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct import_request, dry_run), NULL,
	    "copy and write nothing" },
	{ "compare", ARGUMENT_FLAG, offsetof(struct import_request, compare), NULL,
	    "compare the signatures of both configurations" },
	{ "force", ARGUMENT_FLAG, offsetof(struct import_request, force), NULL,
	    "replace an existing output file" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct import_request r = { .keys = ASSAY_SYSCONFDIR "/keys" };
	struct import_params params = { .ask = ask, .progress = show_progress };
	struct import *im;
	bool done;
	int rest, status = command_arguments(c, argc, argv, &r, 1, 100, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	if (r.trusted != NULL && !trusted_word(slice_str(r.trusted), &params.trusted))
		return command_usage(c, "--trusted %s: internal, relay, sign-or-judge or ask is expected", r.trusted);
	if (r.json && to_stdout(&r) && !r.dry_run)
		return command_usage(c, "--json prints the report to standard output: name a file for the "
		    "configuration (-o FILE)");
	if (r.compare && r.trusted == NULL)
		params.trusted = TRUSTED_INTERNAL; /* what is compared does not depend on it */
	r.files = argv + rest;
	r.file_count = argc - rest;
	params.keys = r.keys;
	im = import_new(&params);
	if (im == NULL)
		return command_end(&(struct err)ERR_INIT, RC_NOMEM);
	status = r.compare ? run_compare(&r, im) : run_import(&r, im);
	import_free(&im);
	return status;
}

const struct command command_import = {
	.name = "import",
	.run = run,
	.summary = "make one assay.conf from the files of opendkim, opendmarc, openarc and policyd-spf",
	.usage = "[-o FILE] [--trusted internal|relay|sign-or-judge|ask] [--keys DIRECTORY] [--dry-run]\n"
	    "           [--force] [--json] FILE ...\n"
	    "       assay import --compare [-c FILE] FILE ...",
	.arguments = arguments,
};
