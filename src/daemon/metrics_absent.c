/* Built instead of metrics.c by `configure --without-metrics`. */
#include "daemon/metrics.h"

enum rc metrics_check(struct err *err)
{
	return err_config(err, "metrics listen: this assayd was built without metrics (configure "
	    "--without-metrics): leave the setting out");
}

enum rc metrics_start(int fd, metrics_writer *write, void *ctx, struct err *err)
{
	(void)fd;
	(void)write;
	(void)ctx;
	return metrics_check(err);
}
