/* The suites of the spf room, and what its tests share. */
#ifndef ASSAY_TEST_SPF_SUITES_H
#define ASSAY_TEST_SPF_SUITES_H

#include "unit.h"

#include "base/arena.h"
#include "spf/spf.h"

suite_maker record_suite, macro_suite, check_suite, hostile_suite, lookahead_suite, suite_suite,
    random_suite, received_spf_suite, cost_suite;

/* A resolver over zone text (dns/zonefile.h), and what the last check left. */
struct world {
	struct resolver *resolver;
	struct lookups *lookups;
	struct arena *arena;
	struct spf_params params;
	const struct spf_trace *trace;
};

void world_open(struct world *w, struct slice zone);
void world_close(struct world *w);

/* One MAIL FROM check with look-ups of its own; valid until the next one. */
struct spf_mail_from_result world_check(struct world *w, enum spf_engine engine, const char *client,
    struct slice helo, struct slice mail_from);

struct ip world_ip(const char *text);

/* The engines of this build. */
extern const enum spf_engine world_engines[];
int world_engine_count(void);
const char *world_engine_text(enum spf_engine engine);

#endif
