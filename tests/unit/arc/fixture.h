/*
 * fixture.h - messages that pass sealers, in one call each, with a zone text for the DNS.
 */
#ifndef ASSAY_TEST_ARC_FIXTURE_H
#define ASSAY_TEST_ARC_FIXTURE_H

#include "arc/seal.h"

#include "keys.h"
#include "unit.h"

#define NOW 1700000000

#define MESSAGE "From: Joe <joe@example.org>\r\nTo: all@list.example\r\nSubject: dinner\r\n\r\nHello\r\n"

/* zone with the record of that key for every "@". */
const char *fixture_zone(struct arena *a, const char *zone, const struct private_key *key);

/* What a verifier finds at NOW. */
struct arc_result fixture_verify(struct arena *a, struct slice text, const char *zone);

/* One sealer on the way: verifies with zone, puts its set on top.  The text as it goes on. */
struct sealer {
	const char *domain, *selector, *results, *zone;
	const struct private_key *key;
	const char *replace, *with; /* what it changes in between; NULL: nothing */
};
struct slice fixture_pass(struct arena *a, struct slice text, const struct sealer *s,
    struct arc_sealed *sealed_out);

/* The first from in text made to; fails when there is none. */
struct slice fixture_replace(struct arena *a, struct slice text, const char *from, const char *to);

#endif
