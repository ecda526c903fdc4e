#include <pthread.h>

#include "base/log.h"
#include "base/plural.h"
#include "daemon/notify.h"

#include "daemon/reload.h"

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

enum rc reload(struct services *services, const char *config, struct err *err)
{
	enum rc rc;

	pthread_mutex_lock(&one_at_a_time);
	notify_reloading();
	rc = services_reload(services, config, err);
	err_log(err);
	if (rc == RC_OK)
		log_info("configuration reloaded from %s", config);
	else
		log_error("reload refused (%zu %s): the old configuration stays in use", err->count,
		    plural(err->count, "error", "errors"));
	notify_ready();
	pthread_mutex_unlock(&one_at_a_time);
	return rc;
}
