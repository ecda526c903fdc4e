/*
 * address.h - who the author is: the From field (RFC 5322 sections 3.4, 3.6.2, RFC 6854, RFC 6532).
 *
 * Strict about the author, lenient about decoration.  If the field does not parse by the grammar
 * (obsolete syntax is grammar) but exactly one angle-addr parses in it and it contains no other "@",
 * that is the author, marked `lenient`; one unquoted address of the same domain may occur directly
 * before it.  So is a field that follows the grammar but for a dot at the end of a domain.
 * Whatever different readers could take for different authors is FROM_INVALID:
 *   - a NUL, or a line end that is not a fold, anywhere;
 *   - white space or a comment within the domain (obs-domain), an address literal, a number for
 *     the last label;
 *   - an encoded word within an address; encoded words are never addresses;
 *   - read leniently: any second "@", be it quoted, commented, fullwidth or encoded, or an encoded
 *     word that this program cannot decode;
 *   - one mailbox of several that has no domain, a comment instead of a mailbox.
 */
#ifndef ASSAY_MAIL_ADDRESS_H
#define ASSAY_MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "mail/domain.h"
#include "mail/message.h"

enum from_status {
	FROM_OK,       /* one author domain or more */
	FROM_MISSING,  /* no From field, or an empty one */
	FROM_MULTIPLE, /* several From fields */
	FROM_INVALID,  /* no author domain: syntax, ambiguity, address literal, empty group */
	FROM_TOO_MANY, /* over LIMIT_AUTHOR_DOMAINS, LIMIT_AUTHORS or LIMIT_ADDRESS_OCTETS */
};

struct mailbox {
	struct slice local_part; /* as written, quotes kept, without CFWS; may borrow the value */
	struct domain domain;
};

struct authors {
	enum from_status status;
	bool lenient;           /* the decoration did not follow the grammar ("from-syntax") */
	const char *why;        /* static text; NULL when FROM_OK by the grammar */
	struct mailbox *mailboxes; /* none unless FROM_OK */
	size_t count, cap;
	struct domain *domains; /* distinct, in order of appearance */
	size_t domain_count;
	size_t fields;          /* From fields seen */
};

/* Before any From field. */
#define AUTHORS_INIT { .status = FROM_MISSING, .why = "no From field" }

/* One more From field of a message, in their order: the first is parsed, any further is one too many. */
void authors_add_field(struct arena *a, struct slice value, struct authors *authors);

/* All From fields of the message. Also finds "From " + WSP + ":" spellings. */
void authors_of_message(const struct message *m, struct authors *out);

/* One field's value; it must live as long as the arena. */
void authors_parse(struct arena *a, struct slice value, struct authors *out);

const char *from_status_text(enum from_status status);

#endif
