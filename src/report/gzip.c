#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"

#include "gzip.h"

/*
 * One member (RFC 1952) without name and time, so that equal octets give equal octets; the operating
 * system is "unknown" for the same reason.
 */
enum rc gzip(struct slice octets, struct buf *out)
{
	gz_header header = { .os = 255 };
	z_stream z = { .zalloc = Z_NULL };
	unsigned char chunk[16 * 1024];
	int done;

	if (octets.len > LIMIT_REPORT_XML)
		return RC_LIMIT;
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return RC_NOMEM;
	(void)deflateSetHeader(&z, &header);
	z.next_in = (const unsigned char *)octets.ptr;
	z.avail_in = (unsigned)octets.len;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		done = deflate(&z, Z_FINISH);
		buf_add(out, slice_of((const char *)chunk, sizeof(chunk) - z.avail_out));
	} while (done == Z_OK);
	(void)deflateEnd(&z);
	return done != Z_STREAM_END ? RC_NOMEM : buf_failed(out) ? RC_LIMIT : RC_OK;
}
