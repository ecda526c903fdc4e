/*
 * lookups.h - the questions of one message.
 *
 * A message starts questions as early as it can (lookups_start), they overlap, and later it waits
 * for the answers it needs until the message's deadline (lookups_await, the one call that blocks).
 * Lookups are reference-counted and may be used from several threads; an answer belongs to the
 * lookups it was got from and lives until those are released.
 */
#ifndef ASSAY_DNS_LOOKUPS_H
#define ASSAY_DNS_LOOKUPS_H

#include "dns/resolver.h"

/*
 * What a question is for.  Each purpose has its own share of a message's questions, so that
 * nothing a sender puts into a message (signatures, includes) uses up what the author domain's
 * policy needs.
 */
enum lookup_purpose {
	LOOKUP_POLICY,
	LOOKUP_DKIM,
	LOOKUP_ARC,
	LOOKUP_SPF, /* of the MAIL FROM identity */
	LOOKUP_HELO, /* SPF of the HELO identity, which must not use up the former's share */
	LOOKUP_ALIGNMENT,
	LOOKUP_PURPOSES
};

struct lookups;

/*
 * One for each message.  deadline_ms is relative: it begins with lookups_begin_wait() (end of
 * message) so that a sender who dawdles does not use it up.  NULL: out of memory.
 */
struct lookups *lookups_new(struct resolver *r, int64_t deadline_ms);
void lookups_release(struct lookups **l); /* one reference; sets *l to NULL */

/*
 * The message comes from this client: its questions in flight count against the ceiling that each
 * client has (dns/quota.h), and go on counting when the message is aborted.  Before the first
 * question; without it, or with an address that is not known, only the ceiling over all holds.
 */
void lookups_set_client(struct lookups *l, const struct ip *client);

/*
 * Called in any thread when the answer to a question started with it has arrived, unless the
 * lookups were released or lookups_await() gave up on that question before.  It may start more
 * questions; it must not wait.  Hooks of the same lookups never run at the same time, but one may
 * run while lookups_await() returns the answer that it was called for.  No locks are held.  Not
 * called for DNS_BADNAME and DNS_LIMIT, where nothing is asked.
 */
typedef void lookup_hook(struct lookups *l, const struct dns_answer *answer, void *arg);

/*
 * Starts a question and returns at once; the same question again costs nothing.  name may have a
 * trailing dot; letter case is folded.  hook may be NULL; arg must outlive the lookups or be an
 * integer.  The hook runs once for each question, for the first call that brought one.
 */
void lookups_start(struct lookups *l, enum lookup_purpose purpose, struct slice name,
    enum dns_type type, lookup_hook *hook, void *arg);

/*
 * The answer, waiting for it until the deadline; started first where that was not done.  Never
 * NULL.  Borrowed from l.  Past the deadline what has arrived is still returned, all else is
 * DNS_TIMEOUT, or DNS_LOCAL_TROUBLE when the resolver is in trouble, and stays so in these lookups;
 * the late answer goes into the cache.
 */
const struct dns_answer *lookups_await(struct lookups *l, enum lookup_purpose purpose,
    struct slice name, enum dns_type type);

/*
 * Memory that hooks use: release(ptr) runs with the last reference to l, last registered first.
 * false if memory is exhausted; release has then been called at once.  Any thread.
 */
bool lookups_defer(struct lookups *l, void (*release)(void *), void *ptr);

/* From now on the deadline runs.  lookups_await() calls it at the latest. */
void lookups_begin_wait(struct lookups *l);

/*
 * An answer that lookups_await() returned was DNS_LOCAL_TROUBLE, so what was made of it says nothing
 * about the sender.  Once true it stays true.  Trouble of our own is
 *   - no memory, or no thread, socket or descriptor where one is needed;
 *   - too many questions in flight: of this client, or over all (dns/quota.h);
 *   - no configured name server works: each was unreachable, silent or refused us since the question
 *     was asked, for a question about the root as well (dns/servers.h);
 *   - the message's deadline passed while that was so, or while the resolver's thread was late;
 *   - the end of the resolver.
 * It is not: a name server that answers SERVFAIL (the sender's zone is broken, as far as we can
 * know), the silence of all servers about one name while one of them answers other questions, the
 * number of questions that one message may ask (DNS_LIMIT).
 */
bool lookups_local_trouble(const struct lookups *l);

/* Questions started so far, look-ahead included; milliseconds spent waiting in lookups_await(). */
size_t lookups_count(struct lookups *l);
int64_t lookups_waited_ms(struct lookups *l);

#endif
