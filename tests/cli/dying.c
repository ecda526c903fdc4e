/*
 * assay, killed just before the n-th change that it makes in a file system (ASSAY_DIE_AT=n).  The
 * linker leads these calls here (--wrap), so that the program that users have needs no hook for it.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __real_fsync(int fd);
int __real_utimensat(int directory, const char *path, const struct timespec times[2], int flags);
int __real_open(const char *path, int flags, ...);
int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);

int __wrap_link(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_rename(const char *from, const char *to);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_fsync(int fd);
int __wrap_utimensat(int directory, const char *path, const struct timespec times[2], int flags);
int __wrap_open(const char *path, int flags, ...);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);

static void step(void)
{
	static unsigned long done;
	const char *at = getenv("ASSAY_DIE_AT");

	if (at != NULL && ++done == strtoul(at, NULL, 10))
		kill(getpid(), SIGKILL);
}

int __wrap_link(const char *from, const char *to)
{
	step();
	return __real_link(from, to);
}

int __wrap_unlink(const char *path)
{
	step();
	return __real_unlink(path);
}

int __wrap_rename(const char *from, const char *to)
{
	step();
	return __real_rename(from, to);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	step();
	return __real_mkdir(path, mode);
}

int __wrap_fsync(int fd)
{
	step();
	return __real_fsync(fd);
}

int __wrap_utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
	step();
	return __real_utimensat(directory, path, times, flags);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
		step();
	}
	return __real_open(path, flags, mode);
}

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
	step();
	return __real_posix_spawn(pid, path, actions, attributes, argv, env);
}
