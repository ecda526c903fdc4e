#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/privileges.h"

/* The user that started us, who need not be the configured one, nor have a name. */
static enum rc name_own(struct identity *id)
{
	const struct passwd *pw = getpwuid(id->uid);
	char number[32];

	snprintf(number, sizeof(number), "uid %ld", (long)id->uid);
	free(id->name);
	id->name = strdup(pw == NULL ? number : pw->pw_name);
	return id->name == NULL ? RC_NOMEM : RC_OK;
}

enum rc identity_find(struct slice user, struct identity *out, struct err *err)
{
	struct identity id = { .uid = geteuid(), .gid = getegid() };
	const struct passwd *pw;

	id.name = strndup(user.ptr == NULL ? "" : user.ptr, user.len);
	if (id.name == NULL)
		return RC_NOMEM;
	pw = getpwnam(id.name);
	if (pw == NULL && id.uid == 0) {
		err_add(err, "user %s does not exist: create it (adduser --system --group --no-create-home %s) "
		    "or set user = to one that does", id.name, id.name);
		free(id.name);
		return RC_CONFIG;
	}
	if (id.uid != 0) {
		if (pw == NULL || pw->pw_uid != id.uid)
			err_warn(err, "not started by root: the daemon runs as uid %ld, user = %s is not used",
			    (long)id.uid, id.name);
		TRY(name_own(&id));
	} else if (pw->pw_uid != 0) { /* "root" has been warned of by the configuration */
		id.uid = pw->pw_uid;
		id.gid = pw->pw_gid;
		id.change = true;
	}
	*out = id;
	return RC_OK;
}

void identity_free(struct identity *id)
{
	free(id->name);
	id->name = NULL;
}

enum rc identity_become(const struct identity *id, struct err *err)
{
	if (!id->change)
		return RC_OK;
	if (initgroups(id->name, id->gid) != 0 || setgid(id->gid) != 0 || setuid(id->uid) != 0)
		return err_config(err, "cannot become user %s: %s", id->name, strerror(errno));
	if (setuid(0) == 0 || geteuid() != id->uid)
		return err_config(err, "cannot drop privileges to user %s permanently: they can be "
		    "regained", id->name);
	return RC_OK;
}

enum rc identity_act(const struct identity *id, gid_t group, struct err *err)
{
	if (!id->change)
		return RC_OK;
	if (initgroups(id->name, id->gid) == 0 && setegid(group) == 0 && seteuid(id->uid) == 0)
		return RC_OK;
	err_add(err, "cannot act as user %s: %s", id->name, strerror(errno));
	identity_act_no_more(id);
	return RC_CONFIG;
}

/* What fails here, identity_become() finds: it needs root's rights. */
void identity_act_no_more(const struct identity *id)
{
	if (id->change && (seteuid(0) != 0 || setegid(0) != 0))
		return;
}

enum rc group_find(struct slice name, gid_t *out, struct err *err)
{
	char *copy = strndup(name.ptr == NULL ? "" : name.ptr, name.len);
	const struct group *gr;

	if (copy == NULL)
		return RC_NOMEM;
	gr = getgrnam(copy);
	if (gr != NULL)
		*out = gr->gr_gid;
	else
		err_add(err, "group %s does not exist: write one that does (the group of the MTA is postfix for Postfix, "
		    "smmsp for Sendmail)", copy);
	free(copy);
	return gr == NULL ? RC_CONFIG : RC_OK;
}
