#include <stdio.h>

#include "base/ascii.h"
#include "base/hostname.h"
#include "base/limits.h"

#include "spf/name.h"

#define IP6_NIBBLES 32u

/* RFC 1035 section 2.3.4 */
bool spf_name_valid(struct slice name)
{
	struct slice rest = name;

	if (name.len == 0 || name.len > LIMIT_DOMAIN_OCTETS)
		return false;
	while (!slice_is_null(rest)) {
		struct slice label = slice_split(&rest, '.');

		if (label.len == 0 || label.len > LIMIT_LABEL_OCTETS)
			return false;
	}
	return true;
}

bool spf_name_can_have_record(struct slice name)
{
	return spf_name_valid(name) && slice_find(name, '.') < name.len;
}

struct slice spf_name_fitted(struct slice name)
{
	name = hostname_undotted(name);
	while (name.len > LIMIT_DOMAIN_OCTETS) {
		size_t dot = slice_find(name, '.');

		if (dot == name.len)
			break;
		name = slice_drop(name, dot + 1);
	}
	return name;
}

static bool needs_escape(char c)
{
	return !is_vchar(c) || c == '\\';
}

bool spf_name_plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (needs_escape(name.ptr[i]))
			return false;
	return true;
}

struct slice spf_name_escaped(struct arena *a, struct slice name)
{
	struct buf b = BUF_INIT(4 * LIMIT_DOMAIN_OCTETS);

	if (spf_name_plain(name))
		return name;
	for (size_t i = 0; i < name.len; i++) {
		if (needs_escape(name.ptr[i]))
			buf_addf(&b, "\\%03u", (unsigned)(unsigned char)name.ptr[i]);
		else
			buf_add_char(&b, name.ptr[i]);
	}
	return arena_take_buf(a, &b);
}

bool spf_name_is_below(struct slice name, struct slice target)
{
	return slice_iends_with(name, target) &&
	    (name.len == target.len || name.ptr[name.len - target.len - 1] == '.');
}

struct slice spf_nibbles(const struct ip *ip, bool upper, char out[SPF_NIBBLES_SIZE])
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < IP6_NIBBLES; i++) {
		unsigned octet = ip->octets[i / 2];

		out[2 * i] = digits[i % 2 == 0 ? octet >> 4 : octet & 15];
		out[2 * i + 1] = '.';
	}
	out[2 * IP6_NIBBLES - 1] = '\0';
	return slice_of(out, 2 * IP6_NIBBLES - 1);
}

struct slice spf_reverse_name(const struct ip *client, char out[SPF_REVERSE_SIZE])
{
	const unsigned char *o = client->octets;

	if (client->family == IP_V4) {
		snprintf(out, SPF_REVERSE_SIZE, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
		return slice_str(out);
	}
	spf_nibbles(client, false, out);
	for (size_t i = 0; i < IP6_NIBBLES - 1 - i; i++) {
		char digit = out[2 * i];

		out[2 * i] = out[2 * (IP6_NIBBLES - 1 - i)];
		out[2 * (IP6_NIBBLES - 1 - i)] = digit;
	}
	snprintf(out + SPF_NIBBLES_SIZE - 1, sizeof(".ip6.arpa"), ".ip6.arpa");
	return slice_str(out);
}
