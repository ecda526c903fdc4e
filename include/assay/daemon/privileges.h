/*
 * privileges.h - changes from root to the configured user, once and permanently.
 */
#ifndef ASSAY_DAEMON_PRIVILEGES_H
#define ASSAY_DAEMON_PRIVILEGES_H

#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"

struct identity {
	uid_t uid;
	gid_t gid;
	bool change;  /* the process is root and changes to another user */
	char *name;   /* owned: of uid, as "assay" or, where it has no name, "uid 100" */
};

/*
 * Who the daemon will be.  If it was not started by root, nothing is changed (a configured
 * user that differs is a warning).  RC_CONFIG: no such user.
 */
MUST_CHECK enum rc identity_find(struct slice user, struct identity *out, struct err *err);
void identity_free(struct identity *id);

/* Groups, gid, uid, in that order; checks that they cannot be regained. */
MUST_CHECK enum rc identity_become(const struct identity *id, struct err *err);

/*
 * Root takes the effective ids of the service user, with the given group, while it creates files in
 * directories that this user can write to, and returns to its own ids afterwards.  Without id->change
 * these functions do nothing.
 */
MUST_CHECK enum rc identity_act(const struct identity *id, gid_t group, struct err *err);
void identity_act_no_more(const struct identity *id);

/* A group's number. RC_CONFIG: no such group. */
MUST_CHECK enum rc group_find(struct slice name, gid_t *out, struct err *err);

#endif
