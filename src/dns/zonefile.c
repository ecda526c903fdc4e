#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#include "dns/answer.h"
#include "dns/name.h"
#include "dns/zone.h"

#include "dns/zonefile.h"

struct zonefile {
	struct zone *zone;
	char *label;
};

static enum dns_status status_of(const struct zone_found *found)
{
	switch (found->directive) {
	case ZONE_TIMEOUT:
	case ZONE_TC:
	case ZONE_WRONGID:
		return DNS_TIMEOUT;
	case ZONE_GARBAGE:
		return DNS_SERVFAIL;
	case ZONE_ANSWER:
	case ZONE_TCPONLY:
	case ZONE_SLOW:
		break;
	}
	if (found->rcode == DNS_RCODE_NXDOMAIN)
		return DNS_NXDOMAIN;
	if (found->rcode != DNS_RCODE_NOERROR)
		return DNS_SERVFAIL;
	return found->set == NULL ? DNS_NODATA : DNS_FOUND;
}

static struct dns_answer *answer_of(const struct zone_found *found, enum dns_type type)
{
	enum dns_status status = status_of(found);
	struct answer_draft d;
	struct dns_answer *a;

	answer_begin(&d, type);
	for (struct zone_rr *rr = status == DNS_FOUND ? found->set->first : NULL; rr != NULL;
	    rr = rr->next)
		if (!answer_add(&d, rr->rdata, 0, rr->rdata.len))
			d.failed = true;
	a = answer_end(&d, status);
	if (a == NULL)
		return NULL;
	a->rcode = found->rcode;
	a->ttl = found->set == NULL ? ZONE_DEFAULT_TTL : found->set->ttl;
	return a;
}

static void ask(void *ctx, struct dns_question *question, const char *name, enum dns_type type)
{
	const struct zonefile *f = ctx;
	struct zone_found found;

	zone_lookup(f->zone, name, (unsigned)type, &found);
	resolver_deliver(question, answer_of(&found, type));
}

static void zonefile_free(void *ctx)
{
	struct zonefile *f = ctx;

	zone_free(&f->zone);
	free(f->label);
	free(f);
}

static bool source(void *ctx, size_t which, struct dns_source *out, struct buf *name)
{
	const struct zonefile *f = ctx;

	if (which > 0)
		return false;
	*out = (struct dns_source){ .health = "works" };
	buf_addf(name, "zone file %s", f->label);
	return true;
}

enum rc resolver_zonetext(const char *label, struct slice text, struct resolver **out,
    struct err *err)
{
	static const struct dns_backend backend = {
		.ask = ask, .free = zonefile_free, .source = source };
	static const struct resolver_params no_cache = { .cache_entries = 0 };
	struct zonefile *f = calloc(1, sizeof(*f));
	enum rc rc = RC_NOMEM;

	if (f == NULL)
		return RC_NOMEM;
	f->label = strdup(label);
	if (f->label != NULL)
		rc = zone_parse(label, text, &f->zone, err);
	if (rc == RC_OK) {
		*out = resolver_new(&backend, f, &no_cache);
		rc = *out == NULL ? RC_NOMEM : RC_OK;
	}
	if (rc != RC_OK)
		zonefile_free(f);
	return rc;
}

enum rc resolver_zonefile(const char *path, struct resolver **out, struct err *err)
{
	struct buf content = BUF_INIT(LIMIT_ZONE_BYTES);
	const char *why;
	enum rc rc;

	if (file_read(path, &content, NULL, &why) != RC_OK)
		rc = err_config(err, "%s: %s", path, why);
	else
		rc = resolver_zonetext(path, buf_slice(&content), out, err);
	buf_free(&content);
	return rc;
}
