/* The suites of the dmarc room, and what its tests share. */
#ifndef ASSAY_TEST_DMARC_SUITES_H
#define ASSAY_TEST_DMARC_SUITES_H

#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dmarc/discover.h"

suite_maker record_suite, psl_suite, discover_suite, exhaustive_suite, align_suite, evaluate_suite,
    mail_suite;

/* A resolver over zone text (dns/zonefile.h) that writes down what it is asked, and one message. */
struct world {
	struct arena *arena;
	struct resolver *zone, *resolver;
	struct lookups *lookups;
	struct buf asked; /* "name TXT\n" */
};

void world_open(struct world *w, const char *zone);
void world_close(struct world *w);

/* Another message in the same world: new lookups, nothing asked. */
void world_next_message(struct world *w);

struct domain world_domain(struct world *w, const char *name); /* NULL or "": none */

#endif
