/*
 * store_batch.h - the items of a batch in the order in which they are written: by day, policy domain, policy, row.
 *
 * Every host takes its locks in that order, so that no two of them can wait for each other.
 */
#ifndef ASSAY_REPORT_STORE_BATCH_H
#define ASSAY_REPORT_STORE_BATCH_H

#include "store_private.h"

#define DIGEST_OCTETS 16u /* of SHA-256 */
#define NO_POLICY     (-1)

/* A row, with the number of messages that have it. */
struct entry {
	struct row_octets row;
	char digest[DIGEST_OCTETS];   /* of the tuple */
	char policy_digest[DIGEST_OCTETS];
	int64_t messages;
	struct group *group;          /* that it is in */
	bool refused;                 /* the store does not take it: left out */
};

/* Neighbours. */
struct span {
	struct entry *first, *end;
};
#define NOTHING ((struct span){ NULL, NULL })

/* The entries of one policy, which are neighbours in the batch. */
struct group {
	struct day *day;
	struct span entries;
	int64_t policy;               /* its id; NO_POLICY: not stored yet, or not kept */
	int64_t policies, row_count;  /* of the domain and day, before this batch */
	int64_t new_rows;             /* by this batch */
};

struct day {
	int64_t day, row_count, closed;
	int64_t new_rows, dropped, late; /* by this batch */
	struct group *groups;
	size_t count;
};

struct batch {
	const struct store_batch *given;
	struct arena *a;
	struct entry *entries;
	size_t count;
	struct group *groups;         /* memory for as many as entries; each attempt to write fills them anew */
	struct incidents incidents;
	bool singly;                  /* one thing with each statement, to find the one that the store refuses */
	struct span at;               /* what is being written alone; empty: several things, or none */
	struct store_added added;
};

/* Reads b->given->items into the other members; octets that are not a row are ignored. */
MUST_CHECK enum rc batch_read(struct batch *b);

/* The groups of the day that begins at entry *at; moves *at to the next day. */
void batch_day(const struct batch *b, size_t *at, struct day *out);

bool day_same_domain(const struct day *d, size_t i, size_t j);
/* The first group whose domain is not before that one. */
size_t day_find_domain(const struct day *d, struct slice domain);

/* Messages that the store has not refused. */
int64_t span_messages(struct span s);

MUST_CHECK enum rc entry_digest(struct slice octets, char out[DIGEST_OCTETS]);

#endif
