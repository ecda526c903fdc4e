#include <signal.h>

#include "cli/report.h"

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL); /* as in main.c */
	return report_main(argc, argv);
}
