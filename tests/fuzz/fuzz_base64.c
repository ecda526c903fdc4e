/* base64: what decodes is what its octets encode to, but for white space (crypto/base64.h). */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "crypto/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool equal_but_fws(struct slice text, struct slice encoded)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (is_fws(text.ptr[i]))
			continue;
		if (n == encoded.len || encoded.ptr[n++] != text.ptr[i])
			return false;
	}
	return n == encoded.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size }, octets;
	struct arena *a = arena_create(1u << 24);
	struct buf again = BUF_INIT(1u << 24);

	if (base64_decode(a, text, 1u << 20, &octets)) {
		base64_encode(&again, octets);
		if (!equal_but_fws(text, buf_slice(&again)))
			abort();
		if (octets.len > 0 && base64_decode(a, text, octets.len - 1, &octets))
			abort();
	}
	buf_free(&again);
	arena_free(&a);
	return 0;
}
