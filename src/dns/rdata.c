#include "base/ascii.h"
#include "base/ip.h"
#include "base/limits.h"

#include "dns/name.h"
#include "dns/numbers.h"

#include "dns/rdata.h"

static void put_u16(struct buf *out, unsigned value)
{
	buf_add_char(out, (char)(value >> 8 & 0xff));
	buf_add_char(out, (char)(value & 0xff));
}

static bool is_word(char c)
{
	return !is_wsp(c) && c != '(' && c != ')';
}

void skip_rdata_blank(struct cursor *c)
{
	while (!cursor_done(c) && !is_word(*c->at))
		c->at++;
}

bool take_rdata_word(struct cursor *c, struct slice *out)
{
	struct cursor at = *c;

	skip_rdata_blank(&at);
	if (cursor_peek(&at) == ';' || !take_while(&at, is_word, out))
		return false;
	*c = at;
	return true;
}

static bool take_number(struct cursor *c, uint64_t max, uint64_t *out)
{
	struct slice word;
	struct cursor digits;

	if (!take_rdata_word(c, &word))
		return false;
	digits = cursor_of(word);
	return take_uint(&digits, 10, max, out) && cursor_done(&digits);
}

static bool put_name(struct cursor *c, struct buf *out)
{
	unsigned char wire[NAME_WIRE_SIZE];
	struct slice word;
	struct name name;

	if (!take_rdata_word(c, &word) || !name_parse(word, &name))
		return false;
	buf_add(out, slice_of((const char *)wire, name_to_wire(name.text, wire)));
	return true;
}

static bool put_address(struct cursor *c, struct buf *out)
{
	struct slice word;
	struct ip ip;

	if (!take_rdata_word(c, &word) || !ip_parse_v4(word, &ip))
		return false;
	buf_add(out, slice_of((const char *)ip.octets, 4));
	return true;
}

static bool put_address6(struct cursor *c, struct buf *out)
{
	struct slice word;
	struct ip ip;

	if (!take_rdata_word(c, &word) || !ip_parse_v6(word, &ip))
		return false;
	buf_add(out, slice_of((const char *)ip.octets, 16));
	return true;
}

static bool put_mx(struct cursor *c, struct buf *out)
{
	uint64_t preference;

	if (!take_number(c, 65535, &preference))
		return false;
	put_u16(out, (unsigned)preference);
	return put_name(c, out);
}

static bool put_soa(struct cursor *c, struct buf *out)
{
	uint64_t value;

	if (!put_name(c, out) || !put_name(c, out))
		return false;
	for (int i = 0; i < 5; i++) {
		if (!take_number(c, UINT32_MAX, &value))
			return false;
		put_u16(out, (unsigned)(value >> 16));
		put_u16(out, (unsigned)(value & 0xffff));
	}
	return true;
}

/* One text as character-strings of at most 255 octets; the empty text is one empty string. */
static void put_text(struct buf *out, struct slice text)
{
	do {
		struct slice part = slice_take(text, 255);

		buf_add_char(out, (char)part.len);
		buf_add(out, part);
		text = slice_drop(text, part.len);
	} while (text.len > 0);
}

static bool put_quoted(struct cursor *c, struct buf *out)
{
	struct buf text = BUF_INIT(LIMIT_DNS_ANSWER);
	unsigned char octet;
	bool closed;

	if (!take_char(c, '"'))
		return false;
	while (cursor_peek(c) != '"' && take_presented_octet(c, &octet))
		buf_add_char(&text, (char)octet);
	closed = take_char(c, '"') && !buf_failed(&text);
	if (closed)
		put_text(out, buf_slice(&text));
	buf_free(&text);
	return closed;
}

/* "quoted" "strings", or bare text to the end of the line, taken as it is */
static bool put_strings(struct cursor *c, struct buf *out)
{
	struct cursor quoted = *c;
	struct slice bare = slice_trim(cursor_rest(c));

	skip_rdata_blank(&quoted);
	if (cursor_peek(&quoted) != '"') {
		c->at = c->end;
		put_text(out, bare);
		return bare.len > 0;
	}
	*c = quoted;
	while (cursor_peek(c) == '"') {
		if (!put_quoted(c, out))
			return false;
		skip_rdata_blank(c);
	}
	return true;
}

/* Types that make a name exist and are never asked for. */
static bool put_nothing(struct cursor *c, struct buf *out)
{
	(void)out;
	c->at = c->end;
	return true;
}

static const struct rdata_type types[] = {
	{ "A", DNS_A, put_address, "an IPv4 address" },
	{ "AAAA", DNS_AAAA, put_address6, "an IPv6 address" },
	{ "TXT", DNS_TXT, put_strings, "\"quoted\" \"strings\" or bare text" },
	{ "MX", DNS_MX, put_mx, "a preference and a host" },
	{ "PTR", DNS_PTR, put_name, "a name" },
	{ "CNAME", DNS_CNAME, put_name, "a name" },
	{ "NS", DNS_NS, put_name, "a name" },
	{ "SOA", DNS_TYPE_SOA, put_soa, "two names and five numbers" },
	{ "SPF", DNS_TYPE_SPF, put_strings, "\"quoted\" \"strings\" or bare text" },
	{ "TYPE", DNS_TYPE_PRIVATE, put_nothing, "" }, /* TYPEnnn */
	{ "CAA", DNS_TYPE_CAA, put_nothing, "" },
	{ "DNSKEY", DNS_TYPE_DNSKEY, put_nothing, "" },
	{ "DS", DNS_TYPE_DS, put_nothing, "" },
	{ "HINFO", DNS_TYPE_HINFO, put_nothing, "" },
	{ "HTTPS", DNS_TYPE_HTTPS, put_nothing, "" },
	{ "NAPTR", DNS_TYPE_NAPTR, put_nothing, "" },
	{ "NSEC", DNS_TYPE_NSEC, put_nothing, "" },
	{ "RRSIG", DNS_TYPE_RRSIG, put_nothing, "" },
	{ "SRV", DNS_TYPE_SRV, put_nothing, "" },
	{ "SSHFP", DNS_TYPE_SSHFP, put_nothing, "" },
	{ "SVCB", DNS_TYPE_SVCB, put_nothing, "" },
	{ "TLSA", DNS_TYPE_TLSA, put_nothing, "" },
};

const struct rdata_type *rdata_type(struct slice word)
{
	/* RFC 3597 section 5: TYPE and a number */
	if (word.len > 4 && is_digit(word.ptr[4]))
		word = slice_take(word, 4);
	for (size_t i = 0; i < N_ELEMENTS(types); i++)
		if (slice_ieq(word, slice_str(types[i].name)))
			return &types[i];
	return NULL;
}
