/* DMARC records: any TXT content (dmarc/record.h). */
#include <stdint.h>
#include <stdlib.h>

#include "dmarc/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *ctx, const char *text)
{
	*(size_t *)ctx += strlen(text);
}

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

static size_t count_uris(struct slice list, struct slice whole)
{
	struct slice uri;
	size_t n = 0;

	while (dmarc_next_uri(&list, &uri)) {
		check_inside(uri, whole);
		if (uri.len == 0 || slice_find(uri, ',') < uri.len ||
		    slice_find(uri, '!') < uri.len)
			abort();
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct dmarc_record r;
	size_t remarks = 0;

	count_uris(text, text);
	if (dmarc_record_parse(text, &r) != DMARC_RECORD_OK)
		return 0;
	check_inside(r.fo, text);
	check_inside(r.rua, text);
	check_inside(r.ruf, text);
	if ((count_uris(r.rua, text) > 0) != r.rua_valid || dmarc_policy_text(r.p.policy) == NULL)
		abort();
	dmarc_record_remarks(&r, count, &remarks);
	return 0;
}
