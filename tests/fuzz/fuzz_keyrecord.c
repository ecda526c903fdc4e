/* Key records: any TXT content (dkim/keyrecord.h). */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dkim/keyrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct key_record record;
	enum dkim_why why = key_record_parse(a, text, &record);

	if (why >= DKIM_WHY_COUNT || dkim_why_result(why) == AUTH_TEMPERROR)
		abort();
	if (why == DKIM_WHY_GOOD && (record.key.len == 0 || record.key.len > LIMIT_KEY_OCTETS))
		abort();
	if (record.notes.len > size)
		abort();
	arena_free(&a);
	return 0;
}
