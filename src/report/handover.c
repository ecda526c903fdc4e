#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "config/reports.h"
#include "mail/reader.h"

#include "report/handover.h"

#define CONNECT_LIMIT_MS  30000L
#define WORDS_MAX         1000u /* octets kept of what the MTA says */
#define CHILD_POLL_NS     (20L * 1000 * 1000)
#define EX_NOT_RUN        127 /* posix_spawn() may report so a program that cannot be run, and a shell does (POSIX) */

extern char **environ;

/* One message on its way to the MTA. */
struct transaction {
	struct slice left;  /* of the message */
	bool asked;         /* RCPT was sent: answers are about this message */
	bool offered;       /* DATA was sent */
	bool over;          /* QUIT was sent */
	bool replied;       /* words has a reply to which no command was sent yet */
	struct buf *words;  /* the last reply, one line after another; NULL: no message is on its way */
};

struct handover {
	struct handover_way way; /* its slices point into text */
	char *text;              /* owned */
	CURL *curl;              /* owned; NULL: the sendmail command */
	char *url;               /* owned */
	struct transaction transaction; /* libcurl keeps its address */
};

/* --- SMTP, by libcurl ------------------------------------------------------------------------------ */

static size_t give_octets(char *to, size_t size, size_t count, void *ctx)
{
	struct transaction *t = ctx;
	struct slice part = slice_take(t->left, size * count);

	if (part.len > 0)
		memcpy(to, part.ptr, part.len);
	t->left = slice_drop(t->left, part.len);
	return part.len;
}

/* libcurl shows each command and each line of a reply: what a code is about depends on the command. */
static int watch(CURL *curl, curl_infotype type, char *octets, size_t count, void *ctx)
{
	struct transaction *t = ctx;
	struct slice line = slice_of(octets, count);

	(void)curl;
	t->over = t->over || (type == CURLINFO_HEADER_OUT && slice_istarts_with(line, SLICE("QUIT")));
	if (t->words == NULL || t->over)
		return 0;
	if (type == CURLINFO_HEADER_OUT) {
		t->asked = t->asked || slice_istarts_with(line, SLICE("RCPT "));
		t->offered = t->offered || slice_istarts_with(line, SLICE("DATA"));
		t->replied = false;
	} else if (type == CURLINFO_HEADER_IN) {
		if (!t->replied)
			buf_clear(t->words);
		else
			buf_add_char(t->words, ' ');
		t->replied = true;
		buf_add(t->words, slice_trim(line));
	}
	return 0;
}

static bool set_up_curl(struct handover *h)
{
	CURL *c = h->curl;

	return curl_easy_setopt(c, CURLOPT_URL, h->url) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK && /* whatever the environment says */
	    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_VERBOSE, 1L) == CURLE_OK && /* for watch(), which prints nothing */
	    curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, watch) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_DEBUGDATA, &h->transaction) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_octets) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READDATA, &h->transaction) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)HANDOVER_LIMIT_MS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(HANDOVER_LIMIT_MS / 1000)) == CURLE_OK;
}

/* RFC 5321 section 4.2.1: 4yz is transient, 5yz permanent, the second time as the first. */
static enum handover_result meaning(const struct transaction *t, CURLcode failure, long code)
{
	if (failure == CURLE_OK)
		return HANDOVER_TAKEN;
	if (!t->asked && t->replied && code == 552) /* RFC 1870 section 6.1: this message exceeds the maximum size */
		return HANDOVER_REFUSED;
	if (!t->asked || !t->replied || code < 400 || code > 599)
		return HANDOVER_STOPPED;
	if (code < 500)
		return HANDOVER_LATER;
	return t->offered ? HANDOVER_REFUSED : HANDOVER_UNKNOWN;
}

static enum handover_result perform(struct handover *h, const char *sender, struct curl_slist *recipients,
    struct slice octets, struct buf *words)
{
	struct transaction *t = &h->transaction;
	enum handover_result result;
	CURL *c = h->curl;
	CURLcode failure = CURLE_OUT_OF_MEMORY;
	long code = 0;

	*t = (struct transaction){ .left = octets, .words = words };
	if (curl_easy_setopt(c, CURLOPT_MAIL_FROM, sender) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)octets.len) == CURLE_OK)
		failure = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, NULL); /* the handle outlives the list */
	if (failure != CURLE_OK && !t->replied) {
		buf_clear(words);
		buf_add_str(words, curl_easy_strerror(failure));
	}
	result = meaning(t, failure, code);
	*t = (struct transaction){ .words = NULL };
	return result;
}

static void add_octets(void *ctx, struct slice octets)
{
	buf_add(ctx, octets);
}

/* Lines end by CRLF (RFC 5321 section 2.3.8); libcurl doubles the leading dots (section 4.5.2). */
static enum handover_result by_smtp(struct handover *h, const char *sender, const char *recipient,
    struct slice message, struct buf *words)
{
	struct buf octets = BUF_INIT(2 * message.len + 2);
	struct curl_slist *recipients = curl_slist_append(NULL, recipient);
	enum handover_result result = HANDOVER_STOPPED;

	read_body(message, (struct sink){ add_octets, &octets });
	if (recipients != NULL && !buf_failed(&octets))
		result = perform(h, sender, recipients, buf_slice(&octets), words);
	else
		buf_add_str(words, "out of memory");
	curl_slist_free_all(recipients);
	buf_free(&octets);
	return result;
}

/* --- the sendmail command ------------------------------------------------------------------------- */

/* A file of no name, at its beginning. */
static FILE *file_of(struct slice octets)
{
	FILE *f = tmpfile();

	if (f == NULL)
		return NULL;
	if (fwrite(octets.ptr, 1, octets.len, f) == octets.len && fflush(f) == 0) {
		rewind(f);
		return f;
	}
	fclose(f);
	return NULL;
}

static void add_words(struct buf *words, FILE *said)
{
	char chunk[WORDS_MAX];
	size_t n;

	rewind(said);
	n = fread(chunk, 1, sizeof(chunk), said);
	buf_add(words, slice_trim(slice_of(chunk, n)));
}

/* Its exit status, or -1: it had to be ended. */
static int wait_for(pid_t pid)
{
	int64_t end = clock_monotonic_ms() + HANDOVER_LIMIT_MS;
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		if (clock_monotonic_ms() >= end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = CHILD_POLL_NS }, NULL);
	}
	return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_sendmail(const char *path, const char *sender, const char *recipient, FILE *message,
    FILE *said, struct buf *words)
{
	/* -i: a line of one dot is text; the recipient is an argument, never the header's */
	char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)"-i", (char *)(uintptr_t)"-f",
		(char *)(uintptr_t)(*sender == '\0' ? "<>" : sender), (char *)(uintptr_t)"--",
		(char *)(uintptr_t)recipient, NULL };
	posix_spawn_file_actions_t files;
	int failed = posix_spawn_file_actions_init(&files);
	pid_t pid;

	if (failed == 0) {
		posix_spawn_file_actions_adddup2(&files, fileno(message), STDIN_FILENO);
		posix_spawn_file_actions_adddup2(&files, fileno(said), STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&files, fileno(said), STDERR_FILENO);
		failed = posix_spawn(&pid, path, &files, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&files);
	}
	if (failed != 0) {
		buf_addf(words, "%s: %s", path, strerror(failed));
		return -1;
	}
	return wait_for(pid);
}

static enum handover_result by_sendmail(struct handover *h, const char *sender, const char *recipient,
    struct slice message, struct buf *words)
{
	FILE *input = file_of(message), *said = tmpfile();
	int status = -1;

	if (input != NULL && said != NULL) {
		status = run_sendmail(h->way.path.ptr, sender, recipient, input, said, words);
		add_words(words, said);
		if (status != EX_OK && words->len == 0)
			buf_addf(words, status == EX_NOT_RUN ? "%s: cannot be run (exit status %d)" : "%s: exit status %d",
			    h->way.path.ptr, status);
	} else {
		buf_addf(words, "no temporary file: %s", strerror(errno));
	}
	if (input != NULL)
		fclose(input);
	if (said != NULL)
		fclose(said);
	switch (status) {
	case EX_OK:
		return HANDOVER_TAKEN;
	case EX_NOUSER:
	case EX_NOHOST:
		return HANDOVER_UNKNOWN;
	default: /* the rest is about the MTA, and EX_TEMPFAIL mostly is */
		return HANDOVER_STOPPED;
	}
}

/* --- the contract ----------------------------------------------------------------------------------- */

static char *url_of(const struct handover_way *way)
{
	bool ipv6 = slice_find(way->host, ':') < way->host.len;
	struct buf url = BUF_INIT(512);

	buf_addf(&url, ipv6 ? "smtp://[%.*s]:%d" : "smtp://%.*s:%d", SLICE_ARG(way->host), way->port);
	if (!buf_failed(&url))
		return url.ptr;
	buf_free(&url);
	return NULL;
}

enum rc handover_open(struct slice via, struct handover **out, struct err *err)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->text = strndup(via.ptr == NULL ? "" : via.ptr, via.len)) == NULL) {
		handover_close(&h);
		return RC_NOMEM;
	}
	if (!handover_way_parse(slice_str(h->text), &h->way)) {
		err_add(err, "reports { via = %s }: write smtp:HOST:PORT, sendmail or sendmail:/PATH", h->text);
		handover_close(&h);
		return RC_CONFIG;
	}
	if (!h->way.sendmail && ((h->curl = curl_easy_init()) == NULL || (h->url = url_of(&h->way)) == NULL ||
	    !set_up_curl(h))) {
		handover_close(&h);
		return RC_NOMEM;
	}
	*out = h;
	return RC_OK;
}

void handover_close(struct handover **h)
{
	if (*h == NULL)
		return;
	if ((*h)->curl != NULL)
		curl_easy_cleanup((*h)->curl); /* says QUIT */
	free((*h)->url);
	free((*h)->text);
	free(*h);
	*h = NULL;
}

enum handover_result handover(struct handover *h, struct slice sender, struct slice recipient,
    struct slice message, struct buf *words)
{
	char *from = strndup(sender.ptr == NULL ? "" : sender.ptr, sender.len);
	char *to = strndup(recipient.ptr, recipient.len);
	enum handover_result result = HANDOVER_STOPPED;

	buf_clear(words);
	if (from == NULL || to == NULL)
		buf_add_str(words, "out of memory");
	else if (h->curl == NULL)
		result = by_sendmail(h, from, to, message, words);
	else
		result = by_smtp(h, from, to, message, words);
	free(from);
	free(to);
	return result;
}
