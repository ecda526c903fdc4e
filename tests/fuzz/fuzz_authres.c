/*
 * Authentication-Results (mail/authres.h): reading others' authserv-id, and writing what a sender
 * chose.  Each line of the input is one value.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reading(struct slice value)
{
	struct buf id = BUF_INIT(1024);

	if (authres_authserv_id(value, &id)) {
		if (id.len == 0 || id.len > value.len || !utf8_valid(buf_slice(&id)))
			abort();
		for (size_t i = 0; i < id.len; i++)
			if (is_ctl(id.ptr[i]) || id.ptr[i] == ' ')
				abort();
	} else if (id.len != 0) {
		abort();
	}
	buf_free(&id);
}

/* Semicolons outside quotes and comments: as many as there are results. */
static void check_written(struct slice value, size_t results)
{
	size_t depth = 0, found = 0;
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (is_ctl(c) && !(c == '\n' && i + 1 < value.len && value.ptr[i + 1] == '\t') &&
		    !(c == '\t' && i > 0 && value.ptr[i - 1] == '\n'))
			abort();
		if (quoted && c == '\n')
			abort();
		if ((quoted || depth > 0) && c == '\\')
			i++;
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth-- == 0)
			abort();
		else if (c == ';' && !quoted && depth == 0)
			found++;
	}
	if (quoted || depth > 0 || found != results || !utf8_valid(value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct authres ar = AUTHRES_INIT;

	check_reading(rest);
	authres_begin(&ar, slice_split(&rest, '\n'));
	while (!slice_is_null(rest) && ar.results < 100) {
		authres_result(&ar, "dkim", AUTH_FAIL);
		authres_reason(&ar, slice_split(&rest, '\n'));
		authres_comment(&ar, slice_split(&rest, '\n'));
		authres_property(&ar, AUTHRES_HEADER_D, slice_split(&rest, '\n'));
		authres_property(&ar, AUTHRES_HEADER_I, slice_split(&rest, '\n'));
	}
	authres_end(&ar);
	if (buf_failed(&ar.field.value))
		abort();
	check_written(buf_slice(&ar.field.value), ar.results == 0 ? 1 : ar.results);
	check_reading(buf_slice(&ar.field.value));
	authres_free(&ar);
	return 0;
}
