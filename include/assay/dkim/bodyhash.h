/*
 * bodyhash.h - the body of a message, hashed while it streams by.
 *
 * One hash for each pair of canonicalization and length, however many signatures need it; nothing is hashed
 * if none does.  Shared by verifier and signer.  Memory does not grow with the body.
 */
#ifndef ASSAY_DKIM_BODYHASH_H
#define ASSAY_DKIM_BODYHASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "crypto/digest.h"
#include "mail/canon.h"

#define BODY_LENGTH_ALL UINT64_MAX /* no l= */

struct bodyhash;  /* one hash, borrowed from its set */
struct bodyhashes;

struct bodyhashes *bodyhashes_new(struct arena *a);

/* Before the first body octet. NULL: LIMIT_BODY_HASHES reached, or out of memory. */
struct bodyhash *bodyhashes_want(struct bodyhashes *set, enum canon kind, uint64_t length);

bool bodyhashes_needed(const struct bodyhashes *set); /* any hash wanted? */
void bodyhashes_feed(struct bodyhashes *set, struct slice chunk);
MUST_CHECK enum rc bodyhashes_end(struct bodyhashes *set);

/* After the end. */
const unsigned char *bodyhash_value(const struct bodyhash *h);   /* SHA256_OCTETS */
uint64_t bodyhash_canonical_octets(const struct bodyhash *h);    /* of the whole canonical body */

#endif
