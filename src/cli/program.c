#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/program.h"

extern char **environ;

static int spawn(const char *const argv[], int output, pid_t *pid_out)
{
	posix_spawn_file_actions_t actions;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return failed;
	failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (failed == 0) /* the strings are not changed: POSIX only lacks the const */
		failed = posix_spawnp(pid_out, argv[0], &actions, NULL,
		    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

bool program_start(const char *const argv[], struct program *out)
{
	int fds[2], failed;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	failed = spawn(argv, fds[1], &out->pid);
	close(fds[1]);
	out->fd = fds[0];
	if (failed == 0)
		return true;
	close(fds[0]);
	errno = failed;
	return false;
}

bool program_end(struct program *p)
{
	int status = -1;
	pid_t ended;

	close(p->fd);
	do
		ended = waitpid(p->pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended == p->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool program_output(const char *const argv[], struct buf *out)
{
	struct program p;
	char chunk[4096];
	ssize_t n;

	if (!program_start(argv, &p))
		return false;
	while ((n = read(p.fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, slice_of(chunk, (size_t)n));
	return program_end(&p) && n == 0;
}
