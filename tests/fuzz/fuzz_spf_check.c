/*
 * Whole SPF checks (spf/spf.h) in zones of any kind: both engines must say the same.
 *
 * The first line is the sender, the second the HELO name, the rest a zone text (dns/zonefile.h).
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dns/zonefile.h"
#include "spf/spf.h"

#define ZONE_OCTETS (64u * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was told does not need the answers any more. */
static enum auth_result check(struct resolver *zone, enum spf_engine engine,
    const struct spf_request *request, unsigned *counted)
{
	struct spf_params params = SPF_DEFAULTS;
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct lookups *l = lookups_new(zone, 0);
	struct spf_mail_from_result r;
	struct slice field;

	params.engine = engine;
	if (a == NULL || l == NULL ||
	    spf_check_mail_from(a, l, &params, request, NULL, 0, &r) != RC_OK)
		abort();
	lookups_release(&l);
	field = spf_received_field(a, &r, SLICE("mx.test"));
	if (slice_is_null(field) || r.r.terms > LIMIT_SPF_TERMS)
		abort();
	*counted = 100 * r.r.terms + r.r.voids;
	arena_free(&a);
	return r.r.result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct spf_request request = { .client = { size % 2 == 0 ? IP_V4 : IP_V6, { 192, 0, 2, 1 } } };
	struct err err = ERR_INIT;
	struct resolver *zone = NULL;
	unsigned builtin, libspf2;

	if (size > ZONE_OCTETS)
		return 0;
	request.mail_from = slice_split(&text, '\n');
	request.helo = slice_split(&text, '\n');
	if (resolver_zonetext("fuzz", text, &zone, &err) == RC_OK) {
		enum auth_result result = check(zone, SPF_ENGINE_BUILTIN, &request, &builtin);

		if (check(zone, SPF_ENGINE_LIBSPF2, &request, &libspf2) != result || builtin != libspf2)
			abort();
	}
	err_free(&err);
	resolver_free(&zone);
	return 0;
}
