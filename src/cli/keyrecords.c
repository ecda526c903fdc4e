#include <stdio.h>

#include "base/limits.h"

#include "cli/key.h"

#define STRING_OCTETS 250u /* of 255 that one character-string may have (RFC 1035 section 3.3) */
#define RECORD_TTL    3600u

static void print_strings(struct slice text)
{
	for (; text.len > 0; text = slice_drop(text, STRING_OCTETS))
		printf(" \"%.*s\"", SLICE_ARG(slice_take(text, STRING_OCTETS)));
	putchar('\n');
}

static void print_name(const struct signing_key *key)
{
	printf("%.*s._domainkey.%.*s.", SLICE_ARG(key->selector), SLICE_ARG(key->domain.name));
}

/* As the forms of DNS providers want it: relative, one value, no quotation marks. */
static void print_web(const struct signing_key *key, struct slice text)
{
	printf("domain: %.*s\nhost:   %.*s._domainkey\ntype:   TXT\nvalue:  %.*s\n",
	    SLICE_ARG(key->domain.name), SLICE_ARG(key->selector), SLICE_ARG(text));
}

/* RFC 2136 section 2.4: made only where nothing is there, deleted only when it is exactly this. */
static void print_nsupdate(const struct signing_key *key, struct slice text)
{
	bool gone = key->state == KEY_RETIRED;

	printf("prereq %s ", gone ? "yxrrset" : "nxrrset");
	print_name(key);
	printf(" TXT");
	if (gone)
		print_strings(text);
	else
		putchar('\n');
	printf("update %s ", gone ? "delete" : "add");
	print_name(key);
	if (gone)
		printf(" TXT");
	else
		printf(" %u TXT", RECORD_TTL);
	print_strings(text);
	puts("send");
}

enum rc key_print_record(const struct key_request *r, const struct signing_key *key,
    const struct private_key *private)
{
	struct buf text = BUF_INIT(16u * 1024);
	enum rc rc = r->json ? RC_OK : published_text(private, &text);

	if (rc != RC_OK || r->json) { /* a report has it anyway */
		buf_free(&text);
		return rc;
	}
	if (r->web) {
		print_web(key, buf_slice(&text));
	} else if (r->nsupdate) {
		print_nsupdate(key, buf_slice(&text));
	} else {
		print_name(key);
		printf(" TXT");
		print_strings(buf_slice(&text));
	}
	buf_free(&text);
	return RC_OK;
}

static enum rc by_resolver(struct key_request *r, const struct published_key *k, struct published *out)
{
	/* each key has the questions of one message */
	lookups_release(&r->dns.lookups);
	r->dns.lookups = lookups_new(r->dns.resolver, r->dns.settings->policy.dns_deadline_ms);
	return r->dns.lookups == NULL ? RC_NOMEM : published_find(k, r->dns.lookups, out);
}

/* A file of records has no name servers. */
enum rc key_published(struct key_request *r, const struct signing_key *key,
    const struct private_key *private, struct published *out)
{
	const struct settings *s = r->dns.settings;
	const struct published_key k = { r->arena, key, private };
	bool only_resolver = r->via_resolver || r->zone != NULL || s->test_zone_file.len > 0;
	struct published_servers servers = { .deadline_ms = s->policy.dns_deadline_ms,
		.timeout_ms = s->dns.timeout_ms, .servers = r->servers.items, .server_count = r->servers.count };

	if (r->dns.resolver == NULL)
		TRY(command_resolver(s, r->zone, &r->dns.resolver, r->err));
	servers.resolver = r->dns.resolver;
	return only_resolver ? by_resolver(r, &k, out) : published_everywhere(&k, &servers, out, r->err);
}
