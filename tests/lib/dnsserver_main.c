#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

#include "dnsserver.h"

static bool read_zone(const char *path, struct buf *content)
{
	const char *why;

	if (file_read(path, content, NULL, &why) == RC_OK)
		return true;
	fprintf(stderr, "%s: %s\n", path, why);
	return false;
}

static void reload(struct dnsserver *s, const char *path)
{
	struct buf content = BUF_INIT(LIMIT_ZONE_BYTES);

	if (read_zone(path, &content))
		dnsserver_set_zone(s, buf_slice(&content));
	buf_free(&content);
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static bool parse_options(int argc, char **argv, struct dnsserver_params *params,
    const char **zone)
{
	static const struct option options[] = {
		{ "address", required_argument, NULL, 'A' },
		{ "port", required_argument, NULL, 'p' },
		{ "zone", required_argument, NULL, 'z' },
		{ "delay", required_argument, NULL, 'd' },
		{ "loss", required_argument, NULL, 'l' },
		{ "log", required_argument, NULL, 'f' },
		{ "authentic", no_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'A':
			params->address = optarg;
			break;
		case 'p':
			params->port = (uint16_t)number(optarg);
			break;
		case 'z':
			*zone = optarg;
			break;
		case 'd':
			params->delay_ms = number(optarg);
			break;
		case 'l':
			params->loss = number(optarg);
			break;
		case 'f':
			params->log_path = optarg;
			break;
		case 'a':
			params->authentic = true;
			break;
		default:
			return false;
		}
	}
	return *zone != NULL && optind == argc;
}

int main(int argc, char **argv)
{
	struct dnsserver_params params = { .port = 0 };
	struct buf content = BUF_INIT(LIMIT_ZONE_BYTES);
	const char *zone = NULL;
	struct dnsserver *s;
	sigset_t set;
	int sig;

	if (!parse_options(argc, argv, &params, &zone)) {
		fprintf(stderr, "usage: dnsserver --zone FILE [--address A] [--port N] [--delay MS] [--loss PERCENT] "
		    "[--authentic] [--log FILE]\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!read_zone(zone, &content) || (s = dnsserver_start(buf_slice(&content), &params)) == NULL)
		return 1;
	buf_free(&content);
	printf("listening 127.0.0.1 %u\n", (unsigned)dnsserver_port(s));
	fflush(stdout);
	while (sigwait(&set, &sig) == 0 && sig == SIGHUP)
		reload(s, zone);
	dnsserver_stop(&s);
	return 0;
}
