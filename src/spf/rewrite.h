/*
 * rewrite.h - records in words that libspf2 may see: nothing in them is from outside.
 *
 *     a:t3.x/24 ?exists:n3.x ip4:192.0.2.0/24 -all
 *
 * "t3.x" is a token for the target of a term.  "n3.x" never exists; that it is asked for shows that
 * the term has not matched.  Hosts of mx and ptr are tokens too: "h2.t3.x", "p2.t3.x".
 *
 * Private to the engine `libspf2`; the memory is the arena's.
 */
#ifndef ASSAY_SPF_REWRITE_H
#define ASSAY_SPF_REWRITE_H

#include "base/arena.h"
#include "base/ip.h"
#include "dns/resolver.h"
#include "spf/record.h"

struct walked;

/* A term that asks, in the order in which they were written; the rest is the engine's. */
struct spf_token {
	struct spf_term term;
	const struct walked *in;
	bool begun, done;
	const struct dns_answer *mx;
};

struct spf_rewriter {
	struct arena *arena;
	struct ip client;
	unsigned char mask; /* of the first octet of every address */
	struct spf_token *tokens;
	size_t count, cap;
};

/* A record in the library's words, and how many mechanisms it must have when compiled. */
struct spf_rewriting {
	struct buf text; /* the caller frees it */
	unsigned mechanisms;
};

#define SPF_REWRITING_INIT { .text = BUF_INIT(64u * 1024) }

/*
 * terms_left may still be evaluated: what follows one more is never reached.  Terms that ask get
 * the next tokens, redirect= the last.  false: no memory.
 */
bool spf_rewrite(struct spf_rewriter *w, const struct spf_record *record, const struct walked *in,
    size_t terms_left, struct spf_rewriting *out);

/* A record that gives this result to every client: pass, fail, softfail or neutral. */
void spf_rewrite_result(enum auth_result result, struct spf_rewriting *out);

/*
 * The library passes loopback clients without a look; with one octet of every address changed in
 * the same way they are like any other, and all comparisons stay what they were.
 */
struct ip spf_rewrite_address(const struct spf_rewriter *w, const struct ip *ip);

/* kind and number of a token, and what precedes it: "h2.t3.x" is 'h', 2, 3. */
bool spf_read_token(struct slice name, char *kind, size_t *i, size_t *n);

#endif
