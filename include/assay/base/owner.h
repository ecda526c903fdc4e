/*
 * owner.h - root acts as the owner of a directory while it changes files in it.
 *
 * The daemon's user owns the key directory and can put links into it.  With that user's rights, root changes
 * nothing that the user could not have changed itself, and new files belong to the user.
 */
#ifndef ASSAY_BASE_OWNER_H
#define ASSAY_BASE_OWNER_H

#include "base/err.h"

/*
 * Sets the effective ids of the whole process; does nothing if it was not started by root, or if root owns the
 * directory.  Calls may be nested: the outermost one counts.  Only one thread may call these two functions.
 * RC_CONFIG with the reason: nothing was changed, and owner_act_no_more() must not be called.
 */
MUST_CHECK enum rc owner_act(const char *directory, struct err *err);
void owner_act_no_more(void);

#endif
