/*
 * Files of the old chain (import/import.h): what is read without a mistake becomes a configuration that is
 * taken, and messages and findings are clean.  An input is such files one after another, each "NAME NUL TEXT NUL".
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "config/settings.h"
#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME_OCTETS 40u

/* Messages go to a terminal. */
static void check_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_ctl(text.ptr[i]) && text.ptr[i] != '\n')
			abort();
	if (!utf8_valid(text))
		abort();
}

static void check_findings(const struct import *im)
{
	size_t count;
	const struct finding *findings = import_findings(im, &count);

	for (size_t i = 0; i < count; i++) {
		if (findings[i].kind >= FINDING_KIND_COUNT || findings[i].text.len == 0)
			abort();
		check_clean(slice_str(findings[i].file));
		check_clean(findings[i].text);
	}
}

static void check_configuration(const struct import *im)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	struct settings *s = NULL;
	struct err err = ERR_INIT;

	if (import_configuration(im, &text) != RC_OK ||
	    settings_load_text("imported", buf_slice(&text), &s, &err) != RC_OK)
		abort();
	settings_release(&s);
	err_free(&err);
	buf_free(&text);
}

static bool read_files(struct import *im, struct slice rest, struct err *err)
{
	bool good = true;

	while (!slice_is_null(rest)) {
		struct slice name = slice_take(slice_split(&rest, '\0'), NAME_OCTETS);
		char path[NAME_OCTETS + 1] = "";

		if (slice_is_null(rest))
			return good;
		memcpy(path, name.ptr, name.len);
		good &= import_read_text(im, path, slice_split(&rest, '\0'), err) == RC_OK;
	}
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct import_params params = { .keys = "/nonexistent/keys", .trusted = size % 4 };
	struct import *im = import_new(&params);
	struct err err = ERR_INIT;
	bool read;

	if (im == NULL)
		abort();
	read = read_files(im, slice_of((const char *)data, size), &err);
	if (import_translate(im, &err) == RC_OK && read)
		check_configuration(im);
	check_clean(buf_slice(&err.text));
	check_findings(im);
	import_free(&im);
	err_free(&err);
	return 0;
}
