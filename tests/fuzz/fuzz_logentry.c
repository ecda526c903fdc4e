/* Lines of logs (cli/logentry.h): whatever is in them, an entry is printable and its sentences are made. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_printable(struct slice s)
{
	for (size_t n = 0; s.len > 0; s = slice_drop(s, n)) {
		n = s.ptr[0] == ' ' ? 1 : utf8_visible(s);
		if (n == 0)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct log_signature signature;
	struct log_entry e;
	struct story story;
	struct slice rest;

	if (log_entry_parse(a, line, 1795000000, &e) == LOG_LINE_MESSAGE) {
		if (e.queue_id.len == 0 || !is_printable(e.queue_id))
			abort();
		for (size_t i = 0; i < LOG_FIELD_COUNT; i++)
			if (!slice_is_null(e.field[i]) && (e.field[i].len == 0 || !is_printable(e.field[i])))
				abort();
		for (rest = e.field[LOG_DKIM]; log_signature_next(&rest, &signature);)
			;
		if (evidence_of(&e) >= EVIDENCE_COUNT)
			abort();
		story_of(a, &e, &story);
	}
	arena_free(&a);
	return 0;
}
