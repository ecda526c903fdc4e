/*
 * Notifications of failed deliveries (report/bounce.h): the first line of the input is the address that one was
 * sent to, the rest is the message.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "report/bounce.h"
#include "report/outbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESS SLICE("dmarc-bounces@example.com")

/* What is taken for a tag is one, and makes that sender again. */
static void check_sender(struct arena *a, struct slice sender)
{
	struct slice tag;

	if (!bounce_sender_tag(a, ADDRESS, sender, &tag))
		return;
	if (tag.len != 2 * BOUNCE_TAG_OCTETS)
		abort();
	for (size_t i = 0; i < tag.len; i++)
		if (hex_value(tag.ptr[i]) < 0 || (tag.ptr[i] >= 'A' && tag.ptr[i] <= 'F'))
			abort();
	if (!bounce_sender_tag(a, ADDRESS, bounce_sender(a, ADDRESS, tag), &tag))
		abort();
}

/* Words of others are kept and shown as lines of printable characters. */
static void check_words(struct arena *a, struct slice said)
{
	struct slice words = outbox_words(a, said);

	for (size_t i = 0; i < words.len; i++)
		if (is_ctl(words.ptr[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice message = { (const char *)data, size };
	struct bounce bounce;

	if (a == NULL)
		return 0;
	check_sender(a, slice_split(&message, '\n'));
	if (!bounce_read(a, message, &bounce) && bounce.failed)
		abort();
	if (!bounce.failed && (bounce.status.len > 0 || bounce.diagnostic.len > 0))
		abort();
	check_words(a, bounce.status);
	check_words(a, bounce.diagnostic);
	arena_free(&a);
	return 0;
}
