/* Options of the old files that exclude each other, in one file or in two. */
#include "private.h"

/* Is the option set, and, where letters is not NULL, with a value that begins with one of them? */
static const struct old_line *says(const struct import *im, enum program p, const char *option, const char *letters)
{
	const struct old_line *l = old_option(im, p, option);

	if (l == NULL || (letters != NULL && (l->value.len == 0 || strchr(letters, l->value.ptr[0]) == NULL)))
		return NULL;
	return l;
}

static bool verifies_only(struct slice mode)
{
	return slice_find(mode, 's') == mode.len && slice_find(mode, 'v') < mode.len;
}

static bool signs_only(struct slice mode)
{
	return slice_find(mode, 'v') == mode.len && slice_find(mode, 's') < mode.len;
}

static void without(struct import *im, const char *option, const char *other)
{
	const struct old_line *l = says(im, PROGRAM_OPENDKIM, option, NULL);

	if (l != NULL && says(im, PROGRAM_OPENDKIM, other, NULL) == NULL)
		mistake(im, l->file, l->line, "%s without %s: opendkim would not start: write both or none", option, other);
}

static void mode_against_keys(struct import *im)
{
	static const char *const keys[] = { "KeyTable", "SigningTable", "KeyFile" };
	const struct old_line *mode = says(im, PROGRAM_OPENDKIM, "Mode", NULL), *l;

	for (size_t i = 0; i < N_ELEMENTS(keys) && mode != NULL && verifies_only(mode->value); i++) {
		l = says(im, PROGRAM_OPENDKIM, keys[i], NULL);
		if (l != NULL)
			mistake(im, l->file, l->line, "%s names keys, and Mode at %s:%u says that nothing is signed: import a copy "
			    "of the file without one of both", keys[i], mode->file, mode->line);
	}
}

/* opendmarc judges by what opendkim found, and that is nothing here. */
static void mode_against_dmarc(struct import *im)
{
	const struct old_line *mode = says(im, PROGRAM_OPENDKIM, "Mode", NULL);
	const struct old_line *l = says(im, PROGRAM_OPENDMARC, "RejectFailures", "TtYy1");

	if (mode != NULL && l != NULL && signs_only(mode->value))
		find(im, FINDING_DIFFERENT, l, "opendkim verifies nothing (Mode at %s:%u), so that opendmarc refused what SPF "
		    "alone does not cover, unless another opendkim verifies; assay verifies DKIM in any case", mode->file,
		    mode->line);
}

void contradictions_report(struct import *im)
{
	without(im, "KeyTable", "SigningTable");
	without(im, "SigningTable", "KeyTable");
	mode_against_keys(im);
	mode_against_dmarc(im);
}
