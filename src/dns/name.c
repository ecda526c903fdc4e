#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/limits.h"

#include "dns/name.h"

/* A name in the making; wire counts length octets and the root's. */
struct draft {
	struct name *name;
	size_t label; /* octets of the open label */
	size_t wire;
};

static bool draft_octet(struct draft *d, unsigned char octet)
{
	char *to = d->name->text + d->name->len;
	char c = ascii_lower((char)octet);

	if (d->label == 0) {
		d->wire++;
		if (d->name->len > 0) {
			*to++ = '.';
			d->name->len++;
		}
	}
	if (++d->label > LIMIT_LABEL_OCTETS || ++d->wire > NAME_WIRE_SIZE)
		return false;
	if (is_vchar(c) && c != '.' && c != '\\') {
		*to = c;
		d->name->len++;
		return true;
	}
	to[0] = '\\';
	to[1] = (char)('0' + octet / 100);
	to[2] = (char)('0' + octet / 10 % 10);
	to[3] = (char)('0' + octet % 10);
	d->name->len += 4;
	return true;
}

/* "\" DIGIT DIGIT DIGIT; "\" and an octet that is not a digit; or an octet that is not "\" */
bool take_presented_octet(struct cursor *c, unsigned char *out)
{
	struct cursor at = *c;
	unsigned value = 0;

	if (cursor_done(&at))
		return false;
	if (*at.at != '\\') {
		*out = (unsigned char)*c->at++;
		return true;
	}
	at.at++;
	if (cursor_done(&at))
		return false;
	if (!is_digit(*at.at)) {
		*out = (unsigned char)*at.at++;
		*c = at;
		return true;
	}
	for (int i = 0; i < 3; i++) {
		if (!is_digit(cursor_peek(&at)))
			return false;
		value = value * 10 + (unsigned)(*at.at++ - '0');
	}
	if (value > 255)
		return false;
	*out = (unsigned char)value;
	*c = at;
	return true;
}

bool name_parse(struct slice text, struct name *out)
{
	struct draft d = { .name = out, .wire = 1 };
	struct cursor c = cursor_of(slice_eq(text, SLICE(".")) ? SLICE("") : text);
	unsigned char octet;

	out->len = 0;
	while (!cursor_done(&c)) {
		if (cursor_peek(&c) == '.') {
			if (d.label == 0)
				return false;
			d.label = 0;
			c.at++;
			continue;
		}
		if (!take_presented_octet(&c, &octet) || !draft_octet(&d, octet))
			return false;
	}
	out->text[out->len] = '\0';
	return true;
}

bool name_from_wire(struct slice packet, size_t *at, struct name *out)
{
	struct draft d = { .name = out, .wire = 1 };
	size_t pos = *at, end = 0, segment = *at;

	out->len = 0;
	for (;;) {
		unsigned n;

		if (pos >= packet.len)
			return false;
		n = (unsigned char)packet.ptr[pos++];
		if (n == 0)
			break;
		if (n >= 0xc0 && pos < packet.len) {
			size_t target = (n & 0x3fu) << 8 | (unsigned char)packet.ptr[pos++];

			/* strictly before the segment that points: no loops, and an end */
			if (target >= segment)
				return false;
			end = end == 0 ? pos : end;
			pos = segment = target;
			continue;
		}
		if (n > LIMIT_LABEL_OCTETS || n > packet.len - pos)
			return false;
		d.label = 0;
		while (n-- > 0)
			if (!draft_octet(&d, (unsigned char)packet.ptr[pos++]))
				return false;
	}
	out->text[out->len] = '\0';
	*at = end == 0 ? pos : end;
	return true;
}

size_t name_to_wire(const char *canonical, unsigned char out[NAME_WIRE_SIZE])
{
	size_t length_at = 0, n = 1;

	if (*canonical == '\0') {
		out[0] = 0;
		return 1;
	}
	for (const char *p = canonical; *p != '\0'; p++) {
		if (*p == '.') {
			out[length_at] = (unsigned char)(n - length_at - 1);
			length_at = n++;
		} else if (*p == '\\') {
			out[n++] = (unsigned char)((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
			p += 3;
		} else {
			out[n++] = (unsigned char)*p;
		}
	}
	out[length_at] = (unsigned char)(n - length_at - 1);
	out[n++] = 0;
	return n;
}

const char *name_parent(const char *canonical)
{
	const char *dot;

	if (*canonical == '\0')
		return NULL;
	dot = strchr(canonical, '.'); /* dots inside labels are \046 */
	return dot == NULL ? canonical + strlen(canonical) : dot + 1;
}
