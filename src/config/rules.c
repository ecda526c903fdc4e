#include <sys/un.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "arc/verify.h"
#include "dmarc/psl.h"
#include "mail/tokens.h"

#include "private.h"

static bool has_dot(struct slice name)
{
	return slice_find(name, '.') < name.len;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_ctl(text.ptr[i]))
			return false;
	return utf8_valid(text);
}

bool rule_printable(const struct target *t, struct slice text, struct slice *out)
{
	if (!is_printable(text))
		return value_wrong(t, text, "contains a control character: remove it");
	*out = text;
	return true;
}

/* A text without blanks. */
bool rule_token(const struct target *t, struct slice text, struct slice *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_ctl(text.ptr[i]) || text.ptr[i] == ' ')
			return value_wrong(t, text, "contains a blank: remove it");
	*out = text;
	return true;
}

/* Of a user or a group of this machine, or its number. */
bool rule_name(const struct target *t, struct slice text, struct slice *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_alnum(text.ptr[i]) && strchr("_.-$", text.ptr[i]) == NULL)
			return value_wrong(t, text, "is not a valid user or group name: write one of this "
			    "machine's");
	*out = text;
	return true;
}

bool rule_path(const struct target *t, struct slice text, struct slice *out)
{
	if (!slice_starts_with(text, SLICE("/")))
		return value_wrong(t, text, "is not a full path: begin it with \"/\"");
	*out = text;
	return true;
}

/* "/path", "file:/path", "refile:/path" as OpenDKIM writes them */
bool rule_table(const struct target *t, struct slice text, struct slice *out)
{
	struct slice path = text;

	if (slice_starts_with(text, SLICE("file:")))
		path = slice_drop(text, 5);
	else if (slice_starts_with(text, SLICE("refile:")))
		path = slice_drop(text, 7);
	if (!slice_starts_with(path, SLICE("/")))
		return value_wrong(t, text, "is not a table that can be read: write \"/PATH\", "
		    "\"file:/PATH\" or \"refile:/PATH\" (databases: export them to a file)");
	*out = text;
	return true;
}

/* "sqlite:/PATH", "postgresql://..." */
bool rule_store(const struct target *t, struct slice text, struct slice *out)
{
	if (!slice_starts_with(text, SLICE("sqlite:/")) && !slice_starts_with(text, SLICE("postgresql://")))
		return value_wrong(t, text, "is not a store: write \"sqlite:/var/lib/assay/reports.sqlite\" or "
		    "\"postgresql://USER@HOST/DATABASE\"");
	*out = text;
	return true;
}

/* How reports reach the MTA. */
bool rule_via(const struct target *t, struct slice text, struct slice *out)
{
	struct handover_way way;

	if (!handover_way_parse(text, &way))
		return value_wrong(t, text, "is not a way to an MTA: write \"smtp:HOST:PORT\", as "
		    "\"smtp:127.0.0.1:25\", or \"sendmail\" or \"sendmail:/PATH\"");
	*out = text;
	return true;
}

/* --- names ---------------------------------------------------------------------------------- */

bool rule_domain(const struct target *t, struct slice text, struct slice *out)
{
	struct domain d;

	if (!domain_parse(t->arena, text, &d))
		return value_wrong(t, text, "is not a domain name: write one as \"example.com\"");
	*out = d.name;
	return true;
}

/*
 * authserv-id (RFC 8601 section 2.2): a name that no other site uses, so that fields of others can be
 * distinguished from ours; a single label is not unique.
 */
bool rule_authserv_id(const struct target *t, struct slice text, struct slice *out)
{
	struct domain d;

	if (!has_dot(text) || !domain_parse(t->arena, text, &d) || !has_dot(d.name))
		return value_wrong(t, text, "is not the full name of a host: write one with a dot, "
		    "as \"mx.example.com\", or leave it out to take the MTA's");
	*out = d.name;
	return true;
}

/* selector = sub-domain *( "." sub-domain ) (RFC 6376 section 3.1) */
bool rule_selector(const struct target *t, struct slice text, struct slice *out)
{
	struct domain d;

	if (!domain_parse(t->arena, text, &d))
		return value_wrong(t, text, "is not a valid selector: write letters, digits, \"-\" and "
		    "\".\", as \"2026a\"");
	*out = text;
	return true;
}

/* "user@domain", "user@", "domain", "@domain" */
bool rule_address(const struct target *t, struct slice text, struct slice *out)
{
	size_t at = slice_rfind(text, '@');
	bool has_at = at < text.len;
	struct slice local = has_at ? slice_take(text, at) : SLICE_NULL;
	struct slice domain = has_at ? slice_drop(text, at + 1) : text;
	struct domain d = DOMAIN_NONE;

	if (!rule_token(t, text, &text))
		return false;
	if ((domain.len > 0 || local.len == 0) && !domain_parse(t->arena, domain, &d))
		return value_wrong(t, text, "is neither an address nor a domain: write "
		    "\"user@example.com\", \"user@\" (in any domain) or \"example.com\"");
	if (domain_is_none(d) || !has_at)
		*out = has_at ? text : d.name;
	else
		*out = arena_printf(t->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(d.name));
	return true;
}

/* An address that mail is sent from: dot-atom "@" domain, in ASCII. */
bool rule_mail_address(const struct target *t, struct slice text, struct slice *out)
{
	size_t at = slice_rfind(text, '@');
	struct domain d;

	if (text.len == 0) {
		*out = SLICE_NULL;
		return true;
	}
	if (!is_dot_atom(slice_take(text, at)) || !domain_parse(t->arena, slice_drop(text, at + 1), &d) ||
	    !has_dot(d.name))
		return value_wrong(t, text, "is not an address: write one such as \"dmarc@example.com\"");
	*out = arena_printf(t->arena, "%.*s@%.*s", SLICE_ARG(slice_take(text, at)), SLICE_ARG(d.name));
	return true;
}

/* The envelope sender of reports gets "+" and 32 characters put into it (RFC 5321 section 4.5.3.1.1). */
bool rule_bounce(const struct target *t, struct slice text, struct slice *out)
{
	size_t at = slice_rfind(text, '@');

	if (text.len == 0) {
		*out = text;
		return true;
	}
	if (at > 31 || slice_find(text, '+') < at)
		return value_wrong(t, text, "cannot take a tag: write an address with at most 31 characters before "
		    "the \"@\" and no \"+\" in it");
	return rule_mail_address(t, text, out);
}

/* i= (RFC 6376 section 3.5): [ local-part ] "@" domain */
bool rule_identity(const struct target *t, struct slice text, struct slice *out)
{
	size_t at = slice_rfind(text, '@');
	struct domain d;

	if (!rule_token(t, text, &text))
		return false;
	if (at == text.len || !domain_parse(t->arena, slice_drop(text, at + 1), &d))
		return value_wrong(t, text, "is not a valid identity: write \"@example.com\" or "
		    "\"user@example.com\"");
	*out = arena_printf(t->arena, "%.*s@%.*s", SLICE_ARG(slice_take(text, at)),
	    SLICE_ARG(d.name));
	return true;
}

bool rule_url(const struct target *t, struct slice text, struct slice *out)
{
	bool ok = slice_istarts_with(text, SLICE("https://")) ||
	    slice_istarts_with(text, SLICE("http://"));

	for (size_t i = 0; i < text.len; i++)
		ok = ok && is_vchar(text.ptr[i]);
	if (!ok)
		return value_wrong(t, text, "is not a valid address of a web page: write one that begins "
		    "with \"https://\", in ASCII");
	*out = text;
	return true;
}

static bool seal_is_built(const struct target *t, struct slice text)
{
	return arc_is_built() || value_wrong(t, text, "cannot be used, as this program was built "
	    "without ARC: remove it, or build without --without-arc");
}

/* "DOMAIN/SELECTOR" */
bool rule_seal(const struct target *t, struct slice text, struct slice *out)
{
	struct slice selector = text, domain = slice_split(&selector, '/');
	struct domain d, s;

	if (text.len > 0 && (!domain_parse(t->arena, domain, &d) ||
	    !domain_parse(t->arena, selector, &s)))
		return value_wrong(t, text, "is not a key of the key directory: write "
		    "\"example.com/selector\"");
	if (text.len > 0 && !seal_is_built(t, text))
		return false;
	*out = text.len == 0 ? text :
	    arena_printf(t->arena, "%.*s/%.*s", SLICE_ARG(d.name), SLICE_ARG(s.name));
	return true;
}

/* "SEALER" or "SEALER for AUTHOR" */
bool rule_sealer(const struct target *t, struct slice text, struct slice *out)
{
	static const struct slice for_word = { " for ", 5 };
	size_t end = slice_find(text, ' ');
	struct slice author = slice_drop(text, end);
	struct domain sealer, d;

	if (!domain_parse(t->arena, slice_take(text, end), &sealer) ||
	    (author.len > 0 && (!slice_starts_with(author, for_word) ||
	    !domain_parse(t->arena, slice_drop(author, for_word.len), &d))))
		return value_wrong(t, text, "is not a sealer: write \"lists.example.net\" or "
		    "\"lists.example.net for example.org\"");
	if (!seal_is_built(t, text))
		return false;
	*out = author.len == 0 ? sealer.name : arena_printf(t->arena, "%.*s for %.*s",
	    SLICE_ARG(sealer.name), SLICE_ARG(d.name));
	return true;
}

/* "login", or a line of smtpd_sender_login_maps: "address login, login". */
bool rule_user(const struct target *t, struct slice text, struct slice *out)
{
	struct cursor c = cursor_of(text);
	size_t first = slice_find(text, ' ') < slice_find(text, '\t') ? slice_find(text, ' ') :
	    slice_find(text, '\t');

	for (; !cursor_done(&c); c.at++)
		if (is_ctl(cursor_peek(&c)) && cursor_peek(&c) != '\t')
			return value_wrong(t, text, "contains a control character: remove it");
	if (first < text.len && slice_find(slice_take(text, first), '@') == first)
		return value_wrong(t, text, "must be a login, or an address (joe@example.com, "
		    "@example.com) followed by the logins that may use it");
	*out = text;
	return true;
}

bool rule_engine(const struct target *t, struct slice text, struct slice *out)
{
	if (slice_eq(text, SLICE("libspf2")) && !spf_engine_available(SPF_ENGINE_LIBSPF2))
		return value_wrong(t, text, "is not part of this build: write builtin, or build "
		    "with libspf2");
	*out = text;
	return true;
}

/* Without a list every domain would be an organization of its own (RFC 7489 section 3.2). */
bool rule_discovery(const struct target *t, struct slice text, struct slice *out)
{
	if (slice_eq(text, SLICE("psl")) && !dmarc_psl_available())
		return value_wrong(t, text, "needs the public suffix list, which libpsl does not "
		    "find: install it (package publicsuffix), or write treewalk");
	*out = text;
	return true;
}

/* --- sockets -------------------------------------------------------------------------------- */

/* [ ":" port ] */
static bool take_port(struct slice text, bool needed)
{
	struct cursor c = cursor_of(text);
	uint64_t port;

	if (cursor_done(&c))
		return !needed;
	return take_char(&c, ':') && take_uint(&c, 5, 65535, &port) && cursor_done(&c) && port > 0;
}

/* IPv4 [ ":" port ] / "[" IPv6 "]" [ ":" port ] */
static bool address_and_port(struct slice text, bool port_needed, struct ip *ip_out)
{
	struct slice rest, address;
	bool v6 = slice_starts_with(text, SLICE("["));
	size_t end = slice_find(text, v6 ? ']' : ':');

	if (v6 && end == text.len)
		return false;
	address = v6 ? slice_drop(slice_take(text, end), 1) : slice_take(text, end);
	rest = slice_drop(text, v6 ? end + 1 : end);
	return (v6 ? ip_parse_v6(address, ip_out) : ip_parse_v4(address, ip_out)) &&
	    take_port(rest, port_needed);
}

/* A path, or "credential:NAME" of systemd; "": none. */
bool rule_secret(const struct target *t, struct slice text, struct slice *out)
{
	if (text.len > 0 && !slice_starts_with(text, SLICE("credential:")))
		return rule_path(t, text, out);
	*out = text;
	return true;
}

/* A selector once %Y, %m, %d and %t are replaced; "0" has the place of each. */
bool rule_key_selector(const struct target *t, struct slice text, struct slice *out)
{
	struct buf expanded = BUF_INIT(LIMIT_DOMAIN_OCTETS);
	bool good = text.len > 0;

	for (size_t i = 0; i < text.len && good; i++) {
		char c = text.ptr[i];

		if (c == '%')
			good = ++i < text.len && slice_find(SLICE("Ymdt"), text.ptr[i]) < 4;
		buf_add_char(&expanded, c == '%' ? '0' : ascii_lower(c));
	}
	good = good && !buf_failed(&expanded) && hostname_valid(buf_slice(&expanded));
	buf_free(&expanded);
	if (!good)
		return value_wrong(t, text, "is not a pattern for selectors: write letters, digits, \"-\", and "
		    "%%Y, %%m, %%d or %%t, as in \"%%Y%%m%%t\"");
	*out = text;
	return true;
}

bool rule_server(const struct target *t, struct slice text, struct slice *out)
{
	struct ip ip;

	if (!address_and_port(text, false, &ip) && !ip_parse(text, &ip))
		return value_wrong(t, text, "is not a valid name server address: write \"192.0.2.1\", "
		    "\"192.0.2.1:53\" or \"[2001:db8::1]:53\"");
	*out = text;
	return true;
}

bool listen_address(struct slice listen, struct ip *ip_out)
{
	return slice_starts_with(listen, SLICE("inet:")) &&
	    address_and_port(slice_drop(listen, 5), true, ip_out);
}

static bool listen_unix(const struct target *t, struct slice text)
{
	struct slice path = slice_drop(text, 5);
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!slice_starts_with(path, SLICE("/")))
		return value_wrong(t, text, "is not a full path: write \"unix:/PATH\"");
	if (path.len > max)
		return value_wrong(t, text, "is too long for a socket: the path may have %zu "
		    "octets", max);
	return true;
}

static bool listen_fd(const struct target *t, struct slice text)
{
	struct cursor c = cursor_of(slice_drop(text, 3));
	uint64_t fd;

	if (take_uint(&c, 4, 1023, &fd) && cursor_done(&c) && fd > 2)
		return true;
	return value_wrong(t, text, "is not an inherited socket: write \"fd:3\"");
}

bool rule_listen(const struct target *t, struct slice text, struct slice *out)
{
	struct ip ip;

	*out = text;
	if (slice_starts_with(text, SLICE("unix:")))
		return listen_unix(t, text);
	if (slice_starts_with(text, SLICE("fd:")))
		return listen_fd(t, text);
	if (listen_address(text, &ip))
		return true;
	if (slice_starts_with(text, SLICE("/")))
		return value_wrong(t, text, "lacks the type of socket: write \"unix:/PATH\"");
	if (slice_starts_with(text, SLICE("local:")))
		return value_wrong(t, text, "is not supported here: write \"unix:/PATH\"");
	if (slice_starts_with(text, SLICE("inet")))
		return value_wrong(t, text, "is not an address and a port: write "
		    "\"inet:127.0.0.1:8893\" or \"inet:[::1]:8893\" (numbers, no names)");
	return value_wrong(t, text, "is not a valid socket: write \"unix:/PATH\", \"inet:127.0.0.1:8893\", "
	    "\"inet:[::1]:8893\" or \"fd:3\"");
}
