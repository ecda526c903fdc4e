#include <time.h>

#include "crypto/base64.h"
#include "mail/fieldwriter.h"

#include "compose.h"

#define BASE64_OCTETS 57u /* make a line of 76 characters */

void compose_text(struct buf *out, struct slice lines)
{
	while (lines.len > 0) {
		buf_add(out, slice_split(&lines, '\n'));
		buf_add_str(out, "\r\n");
	}
}

void compose_field(struct buf *out, const char *name, struct slice words)
{
	struct field_writer w = FIELD_WRITER_INIT;

	field_begin(&w, slice_str(name));
	field_words(&w, words);
	if (buf_failed(&w.value))
		out->failed = true;
	buf_addf(out, "%s:", name);
	compose_text(out, buf_slice(&w.value));
	field_free(&w);
}

void compose_date(struct buf *out, int64_t t)
{
	time_t seconds = (time_t)t;
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_add_str(out, text);
}

void compose_base64(struct buf *out, struct slice octets)
{
	while (octets.len > 0) {
		base64_encode(out, slice_take(octets, BASE64_OCTETS));
		buf_add_str(out, "\r\n");
		octets = slice_drop(octets, BASE64_OCTETS);
	}
}

void compose_begin(struct buf *out, struct slice from, int64_t date, struct slice message_id)
{
	compose_field(out, "From", from);
	buf_add_str(out, "Date: ");
	compose_date(out, date);
	buf_add_str(out, "\r\n");
	compose_field(out, "Message-ID", message_id);
	compose_field(out, "Auto-Submitted", SLICE("auto-generated"));
	compose_field(out, "MIME-Version", SLICE("1.0"));
}
