/* The ARC fields of a header (arc/chain.h), and results of others as they are read (mail/authres_read.h). */
#include <stdint.h>
#include <stdlib.h>

#include "arc/evidence.h"
#include "base/limits.h"
#include "mail/authres_read.h"
#include "mail/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

/* What the verifier relies on: a chain whose shape is good is complete. */
static void check_good(const struct arc_chain *chain)
{
	if (chain->count == 0 || chain->count > LIMIT_ARC_SETS)
		abort();
	for (unsigned i = 0; i < chain->count; i++) {
		const struct arc_set *set = &chain->sets[i];

		if (set->results == NULL || set->message_signature == NULL || set->seal == NULL)
			abort();
		if (set->ams_why != DKIM_WHY_GOOD || set->as_why != DKIM_WHY_GOOD ||
		    set->ams.instance != i + 1 || set->as.instance != i + 1)
			abort();
		check_inside(set->payload, set->results->value);
	}
}

static void check_results(struct arena *a, struct slice text)
{
	struct authres_read read;

	if (!authres_read(a, text, &read))
		return;
	check_inside(read.authserv_id, text);
	for (size_t i = 0; i < read.count; i++) {
		check_inside(read.results[i].method, text);
		check_inside(read.results[i].result, text);
		for (size_t k = 0; k < read.results[i].count; k++)
			check_inside(read.results[i].properties[k].value, text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct arc_result r = { .result = AUTH_PASS };
	struct domain author = { SLICE("example.org") };
	struct message m;
	const char *how;

	message_init(&m, a);
	read_headers(&m, text);
	check_results(a, text);
	if (arc_chain_read(a, &m, &r.chain) == RC_OK) {
		if (r.chain.why == ARC_WHY_GOOD)
			check_good(&r.chain);
		arc_chain_has_set(&r.chain);
		arc_shows_pass(a, &r, author, &how);
		arc_report_comment(a, &r);
	}
	arena_free(&a);
	return 0;
}
