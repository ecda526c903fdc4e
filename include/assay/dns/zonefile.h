/*
 * zonefile.h - the resolver interface over a file: tests, demonstrations, the command line.
 *
 * One record a line, `name TYPE rdata` as in a master file: the owner relative to the root, TTL
 * and class optional; types A AAAA MX TXT PTR CNAME NS SOA SPF (others are kept but never asked
 * for); TXT either "quoted" "strings" or bare text to the end of the line; \DDD and \X escapes
 * in names and strings; '#' or ';' in column 1 is a comment.
 *
 *     name TYPE !TIMEOUT   name TYPE !SERVFAIL   (also !NXDOMAIN !NODATA !REFUSED !SLOW=ms)
 *     name *    !...       every type that has no record or directive of its own there
 *     *.name               a wildcard (RFC 1034 section 4.3.3)
 *
 * Names with descendants only are NODATA, all others NXDOMAIN.  CNAMEs are followed inside the file.
 */
#ifndef ASSAY_DNS_ZONEFILE_H
#define ASSAY_DNS_ZONEFILE_H

#include "dns/backend.h"

/* Every mistake is told as file:line; RC_CONFIG then. */
MUST_CHECK enum rc resolver_zonefile(const char *path, struct resolver **out, struct err *err);

/* The same over text in memory; label stands for the file name in messages. */
MUST_CHECK enum rc resolver_zonetext(const char *label, struct slice text, struct resolver **out,
    struct err *err);

#endif
