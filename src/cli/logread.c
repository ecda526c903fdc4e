#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/limits.h"

#include "cli/logread.h"
#include "cli/program.h"

#define LIMIT_ROTATED 1000u /* files of one log */

/* --- one source, line by line ---------------------------------------------------------------------- */

struct lines {
	struct log_read *r;
	const char *source;
	struct buf line;      /* begun, not ended */
	bool too_long;        /* the line is skipped up to its end */
	uint64_t octets;
	int64_t size;         /* of the file; 0: not known */
	int64_t shown_at_ms;
};

static bool in_period(const struct log_read *r, int64_t t)
{
	return t < 0 || (t >= r->since && t < r->until);
}

static void end_line(struct lines *l)
{
	struct log_entry entry;
	enum log_line kind = LOG_LINE_OTHER;
	struct arena *a = arena_create(LIMIT_READ_LINE * 64);

	l->r->lines++;
	if (a != NULL && !l->too_long)
		kind = log_entry_parse(a, buf_slice(&l->line), l->r->now, &entry);
	if (kind == LOG_LINE_BROKEN)
		l->r->broken++;
	if (kind == LOG_LINE_MESSAGE && in_period(l->r, entry.time)) {
		l->r->messages++;
		l->r->message(l->r->ctx, &entry, l->source);
	}
	arena_free(&a);
	buf_clear(&l->line);
	l->too_long = false;
}

static void feed(struct lines *l, struct slice octets)
{
	while (octets.len > 0) {
		size_t lf = slice_find(octets, '\n');

		buf_add(&l->line, slice_take(octets, lf));
		l->too_long = l->too_long || buf_failed(&l->line);
		if (lf == octets.len)
			return;
		end_line(l);
		octets = slice_drop(octets, lf + 1);
	}
}

/* Once a second; overwritten by the next, and by clear_progress(). */
static void show_progress(struct lines *l)
{
	int64_t now = clock_monotonic_ms();
	unsigned megabytes = (unsigned)(l->octets >> 20);

	if (!l->r->progress || now - l->shown_at_ms < 1000)
		return;
	l->shown_at_ms = now;
	if (l->size > 0)
		fprintf(stderr, "\r\033[K%s: %u of %u MiB", l->source, megabytes, (unsigned)(l->size >> 20));
	else
		fprintf(stderr, "\r\033[K%s: %u MiB", l->source, megabytes);
}

static void clear_progress(const struct lines *l)
{
	if (l->octets > 0 && l->r->progress)
		fputs("\r\033[K", stderr);
}

static enum rc read_lines(struct log_read *r, const char *source, int fd, int64_t size, struct err *err)
{
	struct lines l = { .r = r, .source = source, .line = BUF_INIT(LIMIT_READ_LINE), .size = size,
		.shown_at_ms = clock_monotonic_ms() };
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		l.octets += (uint64_t)n;
		feed(&l, slice_of(chunk, (size_t)n));
		show_progress(&l);
	}
	if (l.line.len > 0)
		end_line(&l);
	clear_progress(&l);
	buf_free(&l.line);
	if (n < 0)
		return err_config(err, "%s: cannot be read: %s", source, strerror(errno));
	buf_addf(&r->sources, "%s%s", r->sources.len > 0 ? ", " : "", source);
	return RC_OK;
}

/* --- files and programs ---------------------------------------------------------------------------- */

static enum rc read_program(struct log_read *r, const char *source, const char *const argv[],
    struct err *err)
{
	struct program p;
	enum rc rc;

	if (!program_start(argv, &p))
		return err_config(err, "%s: %s cannot be run: %s", source, argv[0], strerror(errno));
	rc = read_lines(r, source, p.fd, 0, err);
	if (!program_end(&p) && rc == RC_OK)
		return err_config(err, "%s: %s has failed%s", source, argv[0], geteuid() == 0 ? "" : ": run this as root");
	return rc;
}

/* By the name's end; NULL: not compressed. */
static const char *decompressor(const char *path)
{
	static const struct {
		struct slice end;
		const char *program;
	} rows[] = {
		{ { ".gz", 3 }, "gzip" }, { { ".xz", 3 }, "xz" }, { { ".zst", 4 }, "zstd" },
		{ { ".bz2", 4 }, "bzip2" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (slice_iends_with(slice_str(path), rows[i].end))
			return rows[i].program;
	return NULL;
}

/* A FIFO or a device ends when its writer does, or never: only what is named is read so. */
static enum rc read_file(struct log_read *r, const char *path, struct err *err)
{
	const char *program = decompressor(path);
	struct stat st;
	enum rc rc;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_lines(r, "standard input", STDIN_FILENO, 0, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		int error = fd < 0 ? errno : EISDIR;

		if (fd >= 0)
			close(fd);
		return err_config(err, "%s: %s%s", path, strerror(error), error == EACCES ?
		    ": run this as root, or as a member of the group that may read it" : "");
	}
	rc = program == NULL ? read_lines(r, path, fd, (int64_t)st.st_size, err) :
	    read_program(r, path, (const char *const[]){ program, "-dc", "--", path, NULL }, err);
	close(fd);
	return rc;
}

/* Whatever the daemon writes by, its lines are found by its name; only the period is asked for. */
static enum rc read_journal(struct log_read *r, struct err *err)
{
	char since[32];
	const char *argv[] = { "journalctl", "-t", "assayd", "-q", "--no-pager", "-o", "short-iso",
		"--since", since, NULL };

	if (r->since > 0)
		snprintf(since, sizeof(since), "@%lld", (long long)r->since);
	else
		argv[7] = NULL;
	return read_program(r, "the journal", argv, err);
}

/* --- a log with its rotated files ------------------------------------------------------------------ */

struct rotated {
	char *path; /* owned */
	struct timespec changed;
};

/* "mail.log.1", "mail.log.2.gz", "mail.log-20261126": as logrotate names them. */
static bool is_rotation_of(struct slice name, struct slice base)
{
	struct slice rest = slice_drop(name, base.len);

	return slice_starts_with(name, base) && rest.len > 1 && (rest.ptr[0] == '.' || rest.ptr[0] == '-') &&
	    is_digit(rest.ptr[1]);
}

static int by_age(const void *a, const void *b)
{
	const struct rotated *x = a, *y = b;

	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
	return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : x->changed.tv_nsec > y->changed.tv_nsec;
}

/* A rotated file that was last written before the period begins holds nothing of it. */
static void add_rotated(const struct log_read *r, struct slice directory, const char *name,
    struct rotated *list, size_t *count)
{
	struct buf path = BUF_INIT(4096);
	struct stat st;

	buf_addf(&path, "%.*s/%s", SLICE_ARG(directory), name);
	if (*count < LIMIT_ROTATED && !buf_failed(&path) && stat(path.ptr, &st) == 0 &&
	    S_ISREG(st.st_mode) && (int64_t)st.st_mtime >= r->since) {
		list[*count] = (struct rotated){ .path = path.ptr, .changed = st.st_mtim };
		(*count)++;
		return;
	}
	buf_free(&path);
}

static enum rc read_list(struct log_read *r, struct rotated *list, size_t count, struct err *err)
{
	enum rc rc = RC_OK;

	qsort(list, count, sizeof(*list), by_age);
	for (size_t i = 0; i < count; i++) {
		if (rc == RC_OK)
			rc = read_file(r, list[i].path, err);
		free(list[i].path);
	}
	return rc;
}

static enum rc read_rotated(struct log_read *r, struct slice path, struct err *err)
{
	size_t slash = slice_rfind(path, '/'), count = 0;
	struct slice base = slash < path.len ? slice_drop(path, slash + 1) : path;
	struct slice directory = slash < path.len ? slice_take(path, slash) : SLICE(".");
	struct rotated *list = calloc(LIMIT_ROTATED, sizeof(*list));
	struct buf name = BUF_INIT(4096);
	struct dirent *found;
	enum rc rc;
	DIR *dir;

	buf_addf(&name, "%.*s/", SLICE_ARG(directory));
	dir = list == NULL ? NULL : opendir(buf_cstr(&name));
	while (dir != NULL && (found = readdir(dir)) != NULL)
		if (is_rotation_of(slice_str(found->d_name), base))
			add_rotated(r, directory, found->d_name, list, &count);
	if (dir != NULL)
		closedir(dir);
	buf_clear(&name);
	buf_add(&name, path);
	rc = list == NULL || buf_failed(&name) ? RC_NOMEM : read_list(r, list, count, err);
	if (rc == RC_OK)
		rc = read_file(r, buf_cstr(&name), err);
	free(list);
	buf_free(&name);
	return rc;
}

/* --- what the settings say ------------------------------------------------------------------------- */

/* Where distributions' syslog daemons write what has the facility mail; NULL: there is no such file. */
static const char *mail_log(void)
{
	static const char *const files[] = { "/var/log/mail.log", "/var/log/maillog", "/var/log/mail" };
	struct stat st;

	for (size_t i = 0; i < N_ELEMENTS(files); i++)
		if (stat(files[i], &st) == 0 && S_ISREG(st.st_mode))
			return files[i];
	return NULL;
}

/*
 * The journal has what a unit writes to standard error as well, which a syslog daemon files by the unit's facility and
 * not by the daemon's: it is asked where there is no file, or none of the daemon's messages in it.
 */
static enum rc read_syslog(struct log_read *r, struct err *err)
{
	const char *file = mail_log();

	if (file == NULL)
		return read_journal(r, err);
	TRY(read_rotated(r, slice_str(file), err));
	return r->messages > 0 || access("/run/systemd/journal", X_OK) != 0 ? RC_OK : read_journal(r, err);
}

/* The daemon may write to a FIFO, whose lines are its reader's and would be waited for here. */
static enum rc read_log_file(struct log_read *r, struct slice path, struct err *err)
{
	struct stat st;

	if (stat(path.ptr, &st) == 0 && !S_ISREG(st.st_mode))
		return err_config(err, "%.*s: is not a regular file", SLICE_ARG(path));
	return read_rotated(r, path, err);
}

static enum rc read_configured(struct log_read *r, struct err *err)
{
	const struct settings *s = r->settings;

	switch (s->log.target) {
	case LOG_TARGET_FILE:
		return read_log_file(r, s->log_file, err);
	case LOG_TARGET_SYSLOG:
		return read_syslog(r, err);
	case LOG_TARGET_STDERR:
	case LOG_TARGET_JOURNAL:
		break;
	}
	return read_journal(r, err);
}

enum rc log_read(struct log_read *r, struct err *err)
{
	size_t mark = err->text.len;
	enum rc rc = RC_OK;

	r->progress = r->progress && isatty(STDERR_FILENO);
	for (size_t i = 0; i < r->files->count && rc == RC_OK; i++)
		rc = read_file(r, r->files->items[i].ptr, err);
	if (r->files->count == 0) {
		rc = read_configured(r, err);
		if (rc != RC_OK)
			err_wrap(err, mark, "the log (name another with --log FILE)");
	}
	if (rc == RC_OK && r->broken > 0)
		err_warn(err, "lines of assayd that are cut off or damaged, and were not counted: %llu (the JSON log "
		    "needs a syslog that passes on 8000 octets)", (unsigned long long)r->broken);
	return rc;
}
