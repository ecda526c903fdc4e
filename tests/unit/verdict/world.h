/*
 * world.h - one message and all that is around it: policy, zone, keys; for the tests of the verdict
 * room's modules.
 */
#ifndef ASSAY_TEST_VERDICT_WORLD_H
#define ASSAY_TEST_VERDICT_WORLD_H

#include "verdict/transaction.h"

#include "suites.h"

#define WORLD_NOW 1700000000

struct world {
	struct arena *a;
	struct verdict_policy policy;
	struct resolver *resolver;
	struct keystore *keys;
	struct envelope envelope; /* client 192.0.2.7, port 25, joe@example.org */
	struct transaction *transaction;
	int64_t now;              /* WORLD_NOW */
};

/* The defaults of the option table; they live as long as a. */
void world_defaults(struct verdict_policy *p, struct arena *a);

void world_open(struct world *w, const char *zone);
void world_close(struct world *w);

/* The envelope's client; fails on what is no address. */
void world_client(struct world *w, const char *ip);

/* The whole message (LF or CRLF) from begin to end; what a former one left is freed. */
const struct outcome *world_run(struct world *w, struct slice text);

/* The value inserted for that name, unfolded; the null slice: none. Counts them. */
struct slice world_inserted(struct world *w, const struct outcome *o, const char *name,
    size_t *count_out);

#endif
