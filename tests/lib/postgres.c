#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postgres.h"
#include "unit.h"

#define PATIENCE_MS 60000

static char directory[] = "/tmp/assay-postgres-XXXXXX";
static char programs[256], uri[256];
static pid_t server;
static bool made;

static bool find_programs(void)
{
	glob_t found;
	bool is = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 ||
	    glob("/usr/*/initdb", 0, NULL, &found) == 0;

	if (is) {
		snprintf(programs, sizeof(programs), "%s", found.gl_pathv[found.gl_pathc - 1]);
		*strrchr(programs, '/') = '\0';
		globfree(&found);
	}
	return is;
}

/* The server refuses to run as root. */
static void become_nobody(void)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam("nobody") : NULL;

	if (pw != NULL && (setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0))
		_exit(1);
}

static pid_t run(const char *program, char *const arguments[])
{
	pid_t parent = getpid(), pid = fork();
	char path[512];
	int null;

	if (pid != 0)
		return pid;
	become_nobody();
	prctl(PR_SET_PDEATHSIG, SIGQUIT); /* a test program that dies leaves none */
	null = open("/dev/null", O_RDWR);
	if (null < 0 || getppid() != parent || chdir(directory) != 0)
		_exit(1);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	snprintf(path, sizeof(path), "%s/%s", programs, program);
	execv(path, arguments);
	_exit(1);
}

static bool make_cluster(void)
{
	char data[64];
	char *const arguments[] = { (char[]){ "initdb" }, (char[]){ "-D" }, data, (char[]){ "-A" }, (char[]){ "trust" },
		(char[]){ "-U" }, (char[]){ "assay" }, (char[]){ "-E" }, (char[]){ "UTF8" }, (char[]){ "--locale=C" },
		(char[]){ "--no-sync" }, NULL };
	int status = 1;
	pid_t pid;

	snprintf(data, sizeof(data), "%s/data", directory);
	pid = run("initdb", arguments);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* The server writes its state into the last line of that file. */
static bool ready(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/data/postmaster.pid", directory);
	for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
		size_t len = 0;
		char *text = unit_read_file(path, &len);
		bool is = text != NULL && strstr(text, "\nready ") != NULL;

		free(text);
		if (is)
			return true;
		poll(NULL, 0, 20);
	}
	return false;
}

bool postgres_return(void)
{
	char data[64];
	char *const arguments[] = { (char[]){ "postgres" }, (char[]){ "-D" }, data, (char[]){ "-k" }, directory,
		(char[]){ "-c" }, (char[]){ "listen_addresses=" }, (char[]){ "-c" }, (char[]){ "fsync=off" },
		(char[]){ "-c" }, (char[]){ "shared_buffers=16MB" }, NULL };

	snprintf(data, sizeof(data), "%s/data", directory);
	server = run("postgres", arguments);
	return server > 0 && ready();
}

bool postgres_start(void)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam("nobody") : NULL;

	if (!find_programs() || mkdtemp(directory) == NULL) {
		unit_skipped("PostgreSQL's server is not there");
		return false;
	}
	made = true;
	if ((pw != NULL && chown(directory, pw->pw_uid, pw->pw_gid) != 0) || !make_cluster() || !postgres_return()) {
		unit_skipped("PostgreSQL's server does not start");
		postgres_stop();
		return false;
	}
	snprintf(uri, sizeof(uri), "postgresql:///postgres?host=%s&user=assay", directory);
	return true;
}

void postgres_crash(void)
{
	char path[128];

	if (server > 0) {
		kill(server, SIGQUIT);
		waitpid(server, NULL, 0);
	}
	server = 0;
	snprintf(path, sizeof(path), "%s/data/postmaster.pid", directory);
	(void)remove(path);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void postgres_stop(void)
{
	postgres_crash();
	if (made)
		nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	made = false;
	*uri = '\0';
}

const char *postgres_uri(void)
{
	return *uri == '\0' ? NULL : uri;
}
