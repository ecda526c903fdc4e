/*
 * psl.h - the public suffix list, as far as DMARC needs it.
 *
 * Two uses: organizational domains of `discovery = psl` (RFC 7489 section 3.2), by the whole list;
 * and the guard of the tree walk (RFC 9989 section 11.8), by the list's ICANN section only: its
 * private section names the customers' domains of companies, who can publish psd= themselves.
 *
 * The list is the newest that libpsl finds (the system's file, else the one built in), read once.
 * Thread-safe.
 */
#ifndef ASSAY_DMARC_PSL_H
#define ASSAY_DMARC_PSL_H

#include <stdbool.h>

#include "mail/domain.h"

/* Is there a list at all?  `discovery = psl` is of no use without one. */
bool dmarc_psl_available(void);

/* A single label, or a public suffix of the ICANN section. */
bool dmarc_is_public_suffix(struct domain d);

/* d shortened to one label below its public suffix; d itself where it is one, or without a list. */
struct domain dmarc_psl_organizational_domain(struct domain d);

#endif
