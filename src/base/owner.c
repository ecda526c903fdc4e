#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"

static unsigned depth;

static void become_root(void)
{
	if (seteuid(0) != 0 || setegid(0) != 0)
		abort(); /* the real user is root, so this cannot fail */
}

enum rc owner_act(const char *directory, struct err *err)
{
	struct stat st;

	if (depth > 0 || geteuid() != 0) {
		depth++;
		return RC_OK;
	}
	if (stat(directory, &st) != 0)
		return err_config(err, "%s: %s", directory, strerror(errno));
	if (st.st_uid != 0 && (setgroups(1, &st.st_gid) != 0 || setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)) {
		int saved = errno;

		become_root();
		return err_config(err, "cannot act as the owner of %s: %s", directory, strerror(saved));
	}
	depth++;
	return RC_OK;
}

void owner_act_no_more(void)
{
	int saved = errno;

	if (--depth == 0 && getuid() == 0 && geteuid() != 0)
		become_root();
	errno = saved; /* of what was done meanwhile */
}
