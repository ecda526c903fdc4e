/*
 * load.c - a load generator that plays an MTA's side of the milter protocol, packet for packet as
 * Postfix does: a macro packet before every header field, no reply awaited where that was agreed,
 * one message a connection.
 *
 *     load --socket PATH... --list FILE [--connections C] [--messages N] [--pid PID]...
 *         [--rcpts N] [--rate R] [--together yes] [--latencies FILE]
 *
 * The list has a line a message, tab-separated: file, client address, HELO, MAIL FROM, login (""
 * for none), then words that must all stand in header fields that a milter inserts.  The answer to
 * every message is checked.  With several sockets a message passes the milters one after the other,
 * each seeing what those before it inserted.  With --rate, messages start R a second, however long
 * the others take, and a latency counts from when the message was due.  With --together, no message
 * ends before every connection has sent one up to its end.  Prints one JSON object: messages, wrong,
 * seconds, CPU microseconds a message over the processes named, latencies, memory; --latencies
 * writes a line a message, in the order of their numbers: microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/slice.h"

enum { MAX_MESSAGES = 65536, MAX_PIDS = 64, MAX_FIELDS = 8, MAX_SOCKETS = 4 };

#define ALL_ACTIONS 0x1ffu
#define ALL_STEPS   0x1fffffu
#define NR_HEADER 0x80u
#define NR_CONNECT 0x1000u
#define NR_HELO 0x2000u
#define NR_MAIL 0x4000u
#define NR_RCPT 0x8000u
#define NR_DATA 0x10000u
#define NR_EOH 0x40000u
#define NR_BODY 0x80000u
#define NO_DATA 0x200u

struct load_message {
	struct slice text, ip, helo, mail_from, auth;
	struct slice words[MAX_FIELDS];
	size_t word_count;
};

static struct load_message messages[MAX_MESSAGES];
static size_t message_count;
static const char *sockets[MAX_SOCKETS];
static size_t socket_count;
static unsigned connections = 8;
static long total = 10000;
static long recipients = 1;
static double rate; /* messages a second; 0: as fast as they go */
static double began;
static bool together;
static pthread_barrier_t all_sent;
static atomic_long next_message;
static atomic_long wrong;
static uint32_t *latencies; /* microseconds */
static long pids[MAX_PIDS];
static size_t pid_count;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- packets ---------------------------------------------------------------------------------- */

struct link {
	int fd;
	uint32_t steps;
	struct buf out;      /* not yet sent */
	struct buf in;       /* of the last packet received */
	char command;
};

static void send_out(struct link *l)
{
	struct slice rest = buf_slice(&l->out);

	while (rest.len > 0) {
		ssize_t n = write(l->fd, rest.ptr, rest.len);

		if (n <= 0)
			die("write");
		rest = slice_drop(rest, (size_t)n);
	}
	buf_clear(&l->out);
}

static void add_u32(struct buf *b, uint32_t v)
{
	v = htonl(v);
	buf_add(b, slice_of((const char *)&v, sizeof(v)));
}

static void packet(struct link *l, char command, struct slice data)
{
	add_u32(&l->out, (uint32_t)data.len + 1);
	buf_add_char(&l->out, command);
	buf_add(&l->out, data);
}

static void read_exactly(struct link *l, char *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(l->fd, to, len);

		if (n <= 0)
			die("the milter closed the connection");
		to += n;
		len -= (size_t)n;
	}
}

static void receive(struct link *l)
{
	uint32_t len;
	static __thread char data[1 << 20];

	send_out(l);
	read_exactly(l, (char *)&len, sizeof(len));
	len = ntohl(len);
	if (len == 0 || len > sizeof(data))
		die("a packet of an impossible size");
	read_exactly(l, data, len);
	l->command = data[0];
	buf_clear(&l->in);
	buf_add(&l->in, slice_of(data + 1, len - 1));
}

/* Sends a step and, unless its no-reply bit was agreed, waits for "continue". */
static void step(struct link *l, char command, struct slice data, uint32_t no_reply)
{
	packet(l, command, data);
	if ((l->steps & no_reply) == 0)
		receive(l);
}

static void add_z(struct buf *b, struct slice s)
{
	buf_add(b, s);
	buf_add_char(b, '\0');
}

static void macros(struct link *l, char stage, const char *const *names, const struct slice *values,
    size_t count)
{
	struct buf data = BUF_INIT(4096);

	buf_add_char(&data, stage);
	for (size_t i = 0; i < count; i++) {
		if (values[i].len == 0)
			continue;
		add_z(&data, slice_str(names[i]));
		add_z(&data, values[i]);
	}
	packet(l, 'D', buf_slice(&data));
	buf_free(&data);
}

/* --- one message -------------------------------------------------------------------------------- */

static void negotiate(struct link *l)
{
	struct buf data = BUF_INIT(64);
	uint32_t words[3];

	add_u32(&data, 6);
	add_u32(&data, ALL_ACTIONS);
	add_u32(&data, ALL_STEPS);
	packet(l, 'O', buf_slice(&data));
	buf_free(&data);
	receive(l);
	if (l->command != 'O' || l->in.len < sizeof(words))
		die("no answer to the negotiation");
	memcpy(words, l->in.ptr, sizeof(words));
	l->steps = ntohl(words[2]);
}

static void envelope(struct link *l, const struct load_message *m, struct slice queue_id)
{
	static const char *const connect_names[] = { "j", "{daemon_name}", "{daemon_port}", "{client_addr}" };
	static const char *const mail_names[] = { "i", "{auth_authen}" };
	struct slice port = m->auth.len > 0 ? SLICE("587") : SLICE("25");
	struct buf data = BUF_INIT(4096);
	uint16_t from_port = htons(40000);
	bool v6 = slice_find(m->ip, ':') < m->ip.len;

	macros(l, 'C', connect_names, (struct slice[]){ SLICE("mx.receiver.test"), SLICE("bench"), port, m->ip }, 4);
	add_z(&data, SLICE("unknown"));
	buf_add_char(&data, v6 ? '6' : '4');
	buf_add(&data, slice_of((const char *)&from_port, sizeof(from_port)));
	if (v6)
		buf_add_str(&data, "IPv6:");
	add_z(&data, m->ip);
	step(l, 'C', buf_slice(&data), NR_CONNECT);
	buf_clear(&data);
	add_z(&data, m->helo);
	step(l, 'H', buf_slice(&data), NR_HELO);
	macros(l, 'M', mail_names, (struct slice[]){ queue_id, m->auth }, 2);
	buf_clear(&data);
	buf_addf(&data, "<%.*s>", SLICE_ARG(m->mail_from));
	buf_add_char(&data, '\0');
	step(l, 'M', buf_slice(&data), NR_MAIL);
	for (long i = 0; i < recipients; i++) {
		macros(l, 'R', mail_names, &queue_id, 1);
		buf_clear(&data);
		buf_addf(&data, i == 0 ? "<rcpt@receiver.test>" : "<rcpt%ld@receiver.test>", i);
		buf_add_char(&data, '\0');
		step(l, 'R', buf_slice(&data), NR_RCPT);
	}
	if ((l->steps & NO_DATA) == 0)
		step(l, 'T', SLICE_NULL, NR_DATA);
	buf_free(&data);
}

/* Header fields as Postfix sends them, folds as LF; returns the body. */
static struct slice header(struct link *l, struct slice text, struct slice queue_id)
{
	static const char *const names[] = { "i" };
	struct buf data = BUF_INIT(1u << 20);

	while (text.len > 0 && text.ptr[0] != '\r') {
		size_t colon = slice_find(text, ':');
		struct slice name = slice_take(text, colon);

		macros(l, 'L', names, &queue_id, 1);
		buf_clear(&data);
		add_z(&data, name);
		text = slice_drop(text, colon + 1);
		for (bool more = true; more;) {
			size_t end = slice_find(text, '\n');

			buf_add(&data, slice_take(text, end - 1));
			text = slice_drop(text, end + 1);
			more = text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t');
			if (more)
				buf_add_char(&data, '\n');
		}
		buf_add_char(&data, '\0');
		step(l, 'L', buf_slice(&data), NR_HEADER);
	}
	buf_free(&data);
	return slice_drop(text, 2);
}

static bool contains(struct slice text, struct slice word)
{
	return memmem(text.ptr, text.len, word.ptr, word.len) != NULL;
}

/* A field as the milter inserts it, put above the message for the milters behind. */
static void insert(struct slice packet_data, struct buf *above)
{
	struct slice name, value = slice_drop(packet_data, 4);

	name = slice_split(&value, '\0');
	buf_addf(above, "%.*s:", SLICE_ARG(name));
	for (size_t i = 0; i < value.len && value.ptr[i] != '\0'; i++) {
		if (value.ptr[i] == '\n')
			buf_add_char(above, '\r');
		buf_add_char(above, value.ptr[i]);
	}
	buf_add_str(above, "\r\n");
}

/* Reads what the milter does to the message; which of the words are in what it inserts? */
static bool answers(struct link *l, const struct load_message *m, bool seen[], struct buf *above)
{
	do {
		receive(l);
		for (size_t i = 0; i < m->word_count; i++)
			if (l->command == 'i' && contains(buf_slice(&l->in), m->words[i]))
				seen[i] = true;
		if (l->command == 'i' && socket_count > 1)
			insert(buf_slice(&l->in), above);
	} while (l->command == 'i' || l->command == 'm' || l->command == 'h' || l->command == 'p' ||
	    l->command == 'q');
	return l->command == 'a' || l->command == 'c';
}

static void dial(struct link *l, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	memcpy(sun.sun_path, path, strlen(path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		die("socket");
	while (connect(l->fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		if (errno != EAGAIN) /* the milter's queue of connections is full */
			die(path);
		usleep(1000);
	}
}

/* The message through one milter; the fields that it inserts are added to above. */
static bool pass(const char *path, const struct load_message *m, struct slice queue_id, bool seen[],
    struct buf *above)
{
	struct link l = { .out = BUF_INIT(64u << 20), .in = BUF_INIT(1u << 20) };
	struct buf before = BUF_INIT(1u << 20);
	struct slice body;
	bool fine;

	buf_add(&before, buf_slice(above));
	dial(&l, path);
	negotiate(&l);
	envelope(&l, m, queue_id);
	header(&l, buf_slice(&before), queue_id);
	body = header(&l, m->text, queue_id);
	step(&l, 'N', SLICE_NULL, NR_EOH);
	for (; body.len > 0; body = slice_drop(body, 65535))
		step(&l, 'B', slice_take(body, 65535), NR_BODY);
	if (together) {
		send_out(&l);
		pthread_barrier_wait(&all_sent);
	}
	packet(&l, 'E', SLICE_NULL);
	fine = answers(&l, m, seen, above);
	packet(&l, 'Q', SLICE_NULL);
	send_out(&l);
	close(l.fd);
	buf_free(&l.out);
	buf_free(&l.in);
	buf_free(&before);
	return fine;
}

/* When the message is due: now, or at its place in the beat. */
static double wait_for_turn(long number)
{
	double due = began + (double)number / rate, left;

	if (rate <= 0)
		return now();
	left = due - now();
	if (left > 0)
		nanosleep(&(struct timespec){ (time_t)left, (long)((left - (double)(time_t)left) * 1e9) }, NULL);
	return due;
}

static void one_message(const struct load_message *m, long number)
{
	struct buf above = BUF_INIT(1u << 20);
	bool seen[MAX_FIELDS] = { false };
	double start = wait_for_turn(number);
	bool fine = true;
	char id[32];

	snprintf(id, sizeof(id), "B%lX", number);
	for (size_t i = 0; i < socket_count; i++)
		fine = pass(sockets[i], m, slice_str(id), seen, &above) && fine;
	for (size_t i = 0; i < m->word_count; i++)
		fine = fine && seen[i];
	if (!fine)
		atomic_fetch_add(&wrong, 1);
	buf_free(&above);
	latencies[number] = (uint32_t)((now() - start) * 1e6);
}

static void *worker(void *arg)
{
	long number;

	(void)arg;
	while ((number = atomic_fetch_add(&next_message, 1)) < total)
		one_message(&messages[(size_t)number % message_count], number);
	return NULL;
}

/* --- set-up and report ---------------------------------------------------------------------------- */

static struct slice read_whole(struct slice path)
{
	struct buf content = BUF_INIT(64u << 20);
	char name[4096];
	char chunk[65536];
	size_t n;
	FILE *f;

	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
	f = fopen(name, "rb");
	if (f == NULL)
		die(name);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&content, slice_of(chunk, n));
	fclose(f);
	return buf_slice(&content); /* kept until the end */
}

static void read_list(const char *path)
{
	struct slice rest = read_whole(slice_str(path));

	while (rest.len > 0 && message_count < MAX_MESSAGES) {
		struct slice line = slice_split(&rest, '\n');
		struct load_message *m = &messages[message_count];

		if (line.len == 0)
			continue;
		m->text = read_whole(slice_split(&line, '\t'));
		m->ip = slice_split(&line, '\t');
		m->helo = slice_split(&line, '\t');
		m->mail_from = slice_split(&line, '\t');
		m->auth = slice_split(&line, '\t');
		while (!slice_is_null(line) && m->word_count < MAX_FIELDS)
			m->words[m->word_count++] = slice_split(&line, '\t');
		message_count++;
	}
	if (message_count == 0)
		die(path);
}

/* User and system time of the processes watched, in seconds; peak memory in KiB. */
static double cpu_seconds(long *rss_kib)
{
	double sum = 0;

	*rss_kib = 0;
	for (size_t i = 0; i < pid_count; i++) {
		char name[64], line[1024];
		struct timespec ts;
		clockid_t clock;
		long hwm;
		FILE *f;

		snprintf(name, sizeof(name), "/proc/%ld/status", pids[i]);
		f = fopen(name, "r");
		if (f == NULL || clock_getcpuclockid((pid_t)pids[i], &clock) != 0 || clock_gettime(clock, &ts) != 0)
			die(name);
		sum += (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
		while (fgets(line, sizeof(line), f) != NULL)
			if (sscanf(line, "VmHWM: %ld", &hwm) == 1)
				*rss_kib += hwm;
		fclose(f);
	}
	return sum;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void write_latencies(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die(path);
	for (long i = 0; i < total; i++)
		fprintf(f, "%u\n", (unsigned)latencies[i]);
	fclose(f);
}

static void run(const char *latencies_path)
{
	pthread_t threads[1024];
	long rss;
	double cpu = cpu_seconds(&rss), seconds;

	began = now();

	for (unsigned i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL) != 0)
			die("pthread_create");
	for (unsigned i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	seconds = now() - began;
	cpu = cpu_seconds(&rss) - cpu;
	if (latencies_path != NULL)
		write_latencies(latencies_path);
	qsort(latencies, (size_t)total, sizeof(*latencies), by_size);
	printf("{\"messages\":%ld,\"wrong\":%ld,\"seconds\":%.3f,\"per_second\":%.0f,\"cpu_us\":%.1f,"
	    "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"rss_kib\":%ld}\n", total, atomic_load(&wrong), seconds,
	    (double)total / seconds, cpu * 1e6 / (double)total, latencies[total / 2] / 1e3,
	    latencies[total * 99 / 100] / 1e3, rss);
}

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static bool usable(const char *list)
{
	for (size_t i = 0; i < socket_count; i++)
		if (strlen(sockets[i]) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return false;
	return socket_count > 0 && list != NULL && connections > 0 && connections <= 1024 && total > 0 &&
	    (!together || (socket_count == 1 && total % (long)connections == 0));
}

int main(int argc, char **argv)
{
	const char *list = NULL, *latencies_path = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--socket") == 0 && socket_count < MAX_SOCKETS)
			sockets[socket_count++] = argv[i + 1];
		else if (strcmp(argv[i], "--list") == 0)
			list = argv[i + 1];
		else if (strcmp(argv[i], "--connections") == 0)
			connections = (unsigned)number(argv[i + 1]);
		else if (strcmp(argv[i], "--messages") == 0)
			total = number(argv[i + 1]);
		else if (strcmp(argv[i], "--rcpts") == 0)
			recipients = number(argv[i + 1]);
		else if (strcmp(argv[i], "--rate") == 0)
			rate = (double)number(argv[i + 1]);
		else if (strcmp(argv[i], "--together") == 0)
			together = true;
		else if (strcmp(argv[i], "--latencies") == 0)
			latencies_path = argv[i + 1];
		else if (strcmp(argv[i], "--pid") == 0 && pid_count < MAX_PIDS)
			pids[pid_count++] = number(argv[i + 1]);
	}
	if (!usable(list)) {
		fprintf(stderr, "usage: load --socket PATH... --list FILE [--connections C] [--messages N] [--pid PID]...\n"
		    "    [--rcpts N] [--rate R] [--together yes] [--latencies FILE]\n");
		return 2;
	}
	pthread_barrier_init(&all_sent, NULL, connections);
	read_list(list);
	latencies = calloc((size_t)total, sizeof(*latencies));
	if (latencies == NULL)
		die("memory");
	run(latencies_path);
	return atomic_load(&wrong) == 0 ? 0 : 1;
}
