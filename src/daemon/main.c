#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/standard.h"

#include "daemon/reload.h"
#include "daemon/server.h"

static const char usage[] =
    "usage: assayd [-c FILE] [-f] [-t] [--reload]\n"
    "  -c, --config FILE   configuration (default " ASSAY_SYSCONFDIR "/assay.conf)\n"
    "  -f, --foreground    stay in the foreground, log to standard error\n"
    "  -t, --check         check configuration and keys as the daemon's user would, and exit\n"
    "  -r, --reload        make the running daemon reload its configuration, and report the result\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "Signs outgoing mail and judges incoming mail for Postfix and Sendmail; see assayd(8).\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "check", no_argument, NULL, 't' },
	{ "reload", no_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int run(int argc, char **argv)
{
	struct server_options o = { .config = ASSAY_SYSCONFDIR "/assay.conf" };
	bool ask_reload = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:ftrhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.config = optarg;
			break;
		case 'f':
			o.foreground = true;
			break;
		case 't':
			o.check = true;
			break;
		case 'r':
			ask_reload = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("assayd " ASSAY_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "assayd: unexpected argument: %s\n%s", argv[optind], usage);
		return 2;
	}
	return ask_reload ? reload_ask(o.config) : server_main(&o);
}

int main(int argc, char **argv)
{
	standard_open();
	return standard_end("assayd", run(argc, argv));
}
