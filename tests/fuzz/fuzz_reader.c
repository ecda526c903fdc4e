/* Messages in files (mail/reader.h): fields are fields, and line ends of the body are CRLF. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "mail/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_field(const struct header *h)
{
	if (h->name.len == 0 || h->name.len > h->raw_name.len)
		abort();
	for (size_t i = 0; i < h->name.len; i++)
		if (!is_vchar(h->name.ptr[i]) || h->name.ptr[i] == ':')
			abort();
	for (size_t i = 0; i < h->value.len; i++) /* every LF begins a fold */
		if (h->value.ptr[i] == '\n' &&
		    (i + 1 == h->value.len || !is_wsp(h->value.ptr[i + 1])))
			abort();
}

static void check_body(void *ctx, struct slice octets)
{
	char *last = ctx;

	for (size_t i = 0; i < octets.len; i++) {
		if (octets.ptr[i] == '\n' && *last != '\r')
			abort();
		*last = octets.ptr[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct message m;
	struct slice body;
	char last = '\0';

	message_init(&m, a);
	body = read_headers(&m, text);
	if (body.len > text.len || (body.len > 0 && body.ptr + body.len != text.ptr + text.len))
		abort();
	for (size_t i = 0; i < m.count; i++)
		check_field(&m.headers[i]);
	read_body(body, (struct sink){ check_body, &last });
	arena_free(&a);
	return 0;
}
