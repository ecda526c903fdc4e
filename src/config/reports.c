#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip.h"

#include "config/reports.h"

#define DEFAULT_SENDMAIL "/usr/sbin/sendmail"

static bool is_host_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static bool is_ipv6_octet(char c)
{
	return hex_value(c) >= 0 || c == ':' || c == '.';
}

static bool take_host(struct cursor *c, struct slice *host_out)
{
	struct ip ip;

	if (!take_char(c, '['))
		return take_while(c, is_host_octet, host_out);
	return take_while(c, is_ipv6_octet, host_out) && take_char(c, ']') && ip_parse(*host_out, &ip);
}

bool handover_way_parse(struct slice text, struct handover_way *out)
{
	struct cursor c = cursor_of(text);
	struct handover_way way = { .sendmail = false };
	uint64_t port;

	if (take_literal(&c, SLICE("smtp:"))) {
		if (!take_host(&c, &way.host) || !take_char(&c, ':') || !take_uint(&c, 5, 65535, &port) || port == 0)
			return false;
		way.port = (int)port;
	} else if (take_literal(&c, SLICE("sendmail"))) {
		way.sendmail = true;
		way.path = SLICE(DEFAULT_SENDMAIL);
		if (take_char(&c, ':')) {
			way.path = cursor_rest(&c);
			c.at = c.end;
			if (!slice_starts_with(way.path, SLICE("/")))
				return false;
		}
	} else {
		return false;
	}
	*out = way;
	return cursor_done(&c);
}
