/*
 * zonefile.h - the resolver interface over a file: tests, demonstrations, the command line.
 *
 * One record a line, `name TYPE rdata` as in a master file: the owner relative to the root, TTL
 * and class optional; types A AAAA MX TXT PTR CNAME NS SOA SPF (others are kept but never asked
 * for); TXT either "quoted" "strings" or bare text to the end of the line; \DDD and \X escapes
 * in names and strings; '#' or ';' at the start of a line is a comment, ';' also after data other
 * than bare text; parentheses around data on the same line are skipped.
 *
 *     name TYPE !TIMEOUT   name TYPE !SERVFAIL   (also !NXDOMAIN !NODATA !REFUSED !FORMERR !NOTIMP)
 *     name *    !...       every type that has no record or directive of its own there
 *     *.name               a wildcard (RFC 4592)
 *
 * Names with descendants only are NODATA, all others NXDOMAIN.  CNAMEs are followed inside the file.
 *
 * Answers come at once, in the asking thread: !TIMEOUT is a time-out without the waiting, !SLOW=ms
 * a normal answer.  The directives for name servers mean what a client would make of them: !TC and
 * !WRONGID a time-out, !GARBAGE a server failure, !TCPONLY a normal answer.
 */
#ifndef ASSAY_DNS_ZONEFILE_H
#define ASSAY_DNS_ZONEFILE_H

#include "dns/backend.h"

/* Every mistake is reported as file:line; RC_CONFIG then. */
MUST_CHECK enum rc resolver_zonefile(const char *path, struct resolver **out, struct err *err);

/* The same over text in memory; label is used as the file name in messages. */
MUST_CHECK enum rc resolver_zonetext(const char *label, struct slice text, struct resolver **out,
    struct err *err);

#endif
