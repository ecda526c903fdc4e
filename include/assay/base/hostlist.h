/*
 * hostlist.h - the operator's lists of clients: addresses, networks, host names, "!" negations.
 *
 * The longest matching prefix decides; "!" beats a positive entry of the same length; an exact
 * name beats ".suffix", a longer suffix a shorter one.  A name entry "host.example.com" matches
 * that name, ".example.com" every name below it.  Where a client's address and its name are both
 * listed, a "!" for either of them wins.  Immutable once filled; shared between threads.
 */
#ifndef ASSAY_BASE_HOSTLIST_H
#define ASSAY_BASE_HOSTLIST_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/rc.h"

struct hostlist_entry {
	struct ip network; /* IP_NONE: a name */
	unsigned bits;
	struct slice name; /* lower case; a leading dot matches names below */
	bool negated;
};

struct hostlist {
	struct hostlist_entry *entries;
	size_t count, cap;
};

/*
 * Adds one entry of text.  On RC_CONFIG, *why_out completes the sentence that begins with the entry and lives as
 * long as the arena: "has bits set beyond its mask; write 192.0.2.0/24".
 */
MUST_CHECK enum rc hostlist_add(struct arena *a, struct hostlist *list, struct slice text,
    const char **why_out);

/* client_name may be the null slice; it must be one the MTA has verified. */
bool hostlist_matches(const struct hostlist *list, const struct ip *client,
    struct slice client_name);

/* Is everything that entry matches on the list already?  Then it changes nothing beside it. */
bool hostlist_covers(const struct hostlist *list, const struct hostlist_entry *entry);

#endif
