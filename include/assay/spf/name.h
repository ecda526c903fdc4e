/*
 * name.h - names on their way from a record to the resolver.
 */
#ifndef ASSAY_SPF_NAME_H
#define ASSAY_SPF_NAME_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/slice.h"

/* Can the name be asked for (labels of 1 to 63 octets, 253 in all)? */
bool spf_name_valid(struct slice name);

/* Can it have an SPF record (RFC 7208 section 4.3): valid, and two labels at least? */
bool spf_name_can_have_record(struct slice name);

/*
 * Sections 4.8 and 7.3 of RFC 7208: without a trailing dot, and without as many labels on the left as
 * are too many for 253 octets.  One label that is too long stays.
 */
struct slice spf_name_fitted(struct slice name);

/* Is the name in the resolver's form as it is? */
bool spf_name_plain(struct slice name);

/*
 * The name as the resolver expects it, "\" and what is not printable escaped; null: no memory.
 * Nothing is allocated for a plain one.
 */
struct slice spf_name_escaped(struct arena *a, struct slice name);

/* name is target or below it; both in the resolver's form, case folded. */
bool spf_name_is_below(struct slice name, struct slice target);

/* %{i} of IPv6 (RFC 7208 section 7.3): dotted nibbles, SPF_NIBBLES_SIZE octets at out with the NUL. */
#define SPF_NIBBLES_SIZE 64u
struct slice spf_nibbles(const struct ip *ip, bool upper, char out[SPF_NIBBLES_SIZE]);

/* The name that is asked for the client's PTR records (RFC 7208 section 5.5), written at out. */
#define SPF_REVERSE_SIZE (SPF_NIBBLES_SIZE + sizeof(".ip6.arpa"))
struct slice spf_reverse_name(const struct ip *client, char out[SPF_REVERSE_SIZE]);

#endif
