/*
 * compose.h - writes and signs one signature field of any kind (RFC 6376 section 3.7, RFC 8617
 * sections 4.1.2 and 4.1.3).
 *
 * The tags are those that the table of dkim/signature.h reads, in one order for all kinds.
 */
#ifndef ASSAY_DKIM_COMPOSE_H
#define ASSAY_DKIM_COMPOSE_H

#include "dkim/bodyhash.h"
#include "dkim/headerhash.h"
#include "dkim/signature.h"

/* Borrowed, all of it.  Text is written as it is: the caller has made it fit for its tag. */
struct signature_draft {
	enum signature_kind kind;
	const struct private_key *key;
	struct slice domain, selector;       /* d=, s= */
	struct slice identity;               /* DKIM: i=; null: left out */
	unsigned instance;                   /* ARC: i= */
	enum chain_status chain_status;      /* a seal: cv= */
	enum canon header_canon, body_canon; /* c=; a seal is relaxed */
	const struct slice *names;           /* h=; not of a seal */
	size_t name_count;
	const struct bodyhash *body;         /* bh=, after bodyhashes_end(); not of a seal */
	int64_t t, x;                        /* x of 0: none */
	struct header_list fields;           /* what is hashed before the signature itself */
};

/*
 * The field, folded with LF + HTAB, its value beginning with a space; in the arena.  RC_LIMIT: it
 * would exceed LIMIT_HEADER_VALUE.  RC_CONFIG: the key is damaged (private_key_sign).  RC_NOMEM.
 */
MUST_CHECK enum rc signature_compose(struct arena *a, const struct signature_draft *draft,
    struct header *field_out);

#endif
