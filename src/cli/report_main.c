#include <signal.h>

#include "base/standard.h"

#include "cli/report.h"

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL); /* as in main.c */
	standard_open();
	return standard_end("assay", report_main(argc, argv));
}
