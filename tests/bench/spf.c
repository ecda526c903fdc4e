/*
 * spf - the CPU time of the worst SPF checks that a sender can publish and send, in both engines.
 *
 *     spf [ROUNDS]
 *
 * Names are answered from memory: what is left is our own work, look-ups and the look-ahead included.
 * Prints a line for each shape; ends with 1 where one takes longer than TARGET_US.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "dns/zonefile.h"
#include "spf/spf.h"

#define TARGET_US   2000.0
#define ZONE_OCTETS (4u * 1024 * 1024)

/* Longest envelope that an MTA passes on, with room for "MAIL FROM:<@x.test>". */
#define LONG_LOCAL  1990u
#define USUAL_LOCAL 64u

/* A record of 16 KiB: before, then terms of piece again and again between begin and end. */
static const struct shape {
	const char *name;
	const char *before, *begin, *piece, *end;
	unsigned terms;
	unsigned records;   /* of that kind, each included by the first; 0: the domain's own */
	char local;         /* what the local-part is made of */
	const char *helo;
} shapes[] = {
	{ "ordinary", "a mx include:i0.test", " ip4:203.0.113.1", "", "", 9, 0, 'a', "mx.x.test" },
	{ "%{L} of =, one term", "", " a:", "%{L}", ".x.test", 1, 0, '=', "h.test" },
	{ "%{L} of =, ten terms", "", " a:", "%{L}", ".x.test", 10, 0, '=', "h.test" },
	{ "%{L} of =, ten records", "", " a:", "%{L}", ".x.test", 1, 10, '=', "h.test" },
	{ "%{S}, ten terms", "", " a:", "%{S}", ".x.test", 10, 0, '=', "h.test" },
	{ "%{lr=}", "", " a:", "%{lr=}", ".x.test", 10, 0, '=', "h.test" },
	{ "%{l1=} of a", "", " a:", "%{l1=}", ".x.test", 10, 0, 'a', "h.test" },
	{ "%{S127r+-,/_=.}", "", " a:", "%{S127r+-,/_=.}", ".x.test", 10, 0, '=', "h.test" },
	{ "%{h}, empty", "", " a:", "%{h}", ".x.test", 10, 0, 'a', "" },
	{ "%{h}, empty, ten records", "", " a:", "%{h}", ".x.test", 1, 10, 'a', "" },
	{ "%%", "", " a:", "%%", ".x.test", 10, 0, 'a', "h.test" },
	{ "%{p}", "", " a:", "%{p}", ".x.test", 10, 0, 'a', "h.test" },
	{ "literals", "", " a:", "a.", "x.test", 10, 0, 'a', "h.test" },
	{ "networks, ten records", "", "", " ip4:203.0.113.1/32", "", 1, 10, 'a', "h.test" },
	{ "networks, two records", "", "", " ip4:203.0.113.1/32", "", 1, 2, 'a', "h.test" },
	{ "modifiers", "", "", " x=", "", 1, 2, 'a', "h.test" },
	{ "modifiers with macros", "", " x=", "%{l1r-}", "", 1, 2, 'a', "h.test" },
	{ "terms", "", "", " a", "", 1, 2, 'a', "h.test" },
	{ "mx", "", " mx:m", "", "x.test", 10, 10, 'a', "h.test" },
	{ "exp=", "-all exp=why.test ", "", "%{L}", "", 0, 0, '=', "h.test" },
};

/* The term of that number, of so many octets. */
static void add_term(struct buf *text, const struct shape *s, size_t octets)
{
	size_t fixed = strlen(s->begin) + strlen(s->end), n = strlen(s->piece);

	buf_add_str(text, s->begin);
	for (size_t used = fixed + n; n > 0 && used <= octets; used += n)
		buf_add_str(text, s->piece);
	buf_add_str(text, s->end);
}

static void add_record(struct buf *zone, const char *owner, const struct shape *s)
{
	struct buf text = BUF_INIT(LIMIT_SPF_RECORD);
	size_t room;

	buf_addf(&text, "v=spf1 %s", s->before);
	room = LIMIT_SPF_RECORD - text.len - sizeof(" ?all");
	for (unsigned i = 0; i < s->terms; i++)
		add_term(&text, s, room / s->terms);
	buf_addf(zone, "%s TXT %s ?all\n", owner, buf_cstr(&text));
	buf_free(&text);
}

static void build_zone(const struct shape *s, struct buf *zone)
{
	const struct shape why = { .before = "", .begin = "", .piece = s->piece, .end = "", .terms = 1 };

	if (s->records > 0)
		buf_add_str(zone, "x.test TXT v=spf1");
	for (unsigned i = 0; i < s->records; i++)
		buf_addf(zone, " include:i%u.test", i);
	if (s->records > 0)
		buf_add_str(zone, " ?all\n");
	for (unsigned i = 0; i < s->records; i++) {
		char owner[32];

		snprintf(owner, sizeof(owner), "i%u.test", i);
		add_record(zone, owner, s);
	}
	if (s->records == 0) {
		add_record(zone, "x.test", s);
		buf_add_str(zone, "i0.test TXT v=spf1 ip4:203.0.113.2 ?all\n");
	}
	add_record(zone, "why.test", &why);
	for (unsigned i = 0; i < 10; i++)
		buf_addf(zone, "7.2.0.192.in-addr.arpa PTR p%u.x.test.\n*.test MX %u h%u.x.test.\n", i, i, i);
	buf_add_str(zone, "x.test A 203.0.113.9\nx.test MX 1 x.test.\n*.x.test A 203.0.113.9\n"
	    "*.test A 203.0.113.9\n");
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One check as a message has it, from MAIL to the result. */
static double check(struct resolver *zone, enum spf_engine engine, const struct spf_request *request,
    struct spf_mail_from_result *out, struct arena **arena)
{
	struct spf_params params = SPF_DEFAULTS;
	double start = cpu_us();
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct lookups *l = lookups_new(zone, 1000);

	params.engine = engine;
	if (a == NULL || l == NULL)
		exit(EXIT_FAILURE);
	spf_start(l, request);
	if (spf_check_mail_from(a, l, &params, request, NULL, 0, out) != RC_OK)
		out->r.reason = SLICE("out of memory");
	lookups_release(&l);
	*arena = a;
	return cpu_us() - start;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(const struct shape *s, struct resolver *zone, enum spf_engine engine,
    size_t local, size_t rounds)
{
	static char sender[LONG_LOCAL + 16];
	struct spf_request request = { .client = { IP_V4, { 192, 0, 2, 7 } }, .helo = slice_str(s->helo) };
	struct spf_mail_from_result r = { .sender = SLICE_NULL };
	double *times = calloc(rounds, sizeof(*times)), median;

	if (times == NULL)
		exit(EXIT_FAILURE);
	memset(sender, s->local, local);
	snprintf(sender + local, 16, "@x.test");
	request.mail_from = slice_str(sender);
	for (size_t i = 0; i < rounds; i++) {
		struct arena *a;

		times[i] = check(zone, engine, &request, &r, &a);
		if (i + 1 == rounds)
			printf("%-24s %-8s %6zu %-10s", s->name,
			    engine == SPF_ENGINE_BUILTIN ? "builtin" : "libspf2", local,
			    auth_result_text(r.r.result));
		arena_free(&a);
	}
	qsort(times, rounds, sizeof(*times), by_size);
	median = times[rounds / 2];
	printf(" %10.1f %10.1f\n", median, times[rounds - 1]);
	free(times);
	return median;
}

static bool try_shape(const struct shape *s, size_t rounds)
{
	static const enum spf_engine engines[] = { SPF_ENGINE_BUILTIN, SPF_ENGINE_LIBSPF2 };
	struct buf text = BUF_INIT(ZONE_OCTETS);
	struct err err = ERR_INIT;
	struct resolver *zone = NULL;
	bool good = true;

	build_zone(s, &text);
	if (buf_failed(&text) || resolver_zonetext("bench", buf_slice(&text), &zone, &err) != RC_OK) {
		fprintf(stderr, "%s: %s\n", s->name, buf_cstr(&err.text));
		return false;
	}
	for (size_t e = 0; e < N_ELEMENTS(engines); e++) {
		if (!spf_engine_available(engines[e]))
			continue;
		good = measure(s, zone, engines[e], USUAL_LOCAL, rounds) <= TARGET_US && good;
		good = measure(s, zone, engines[e], LONG_LOCAL, rounds) <= TARGET_US && good;
	}
	resolver_free(&zone);
	buf_free(&text);
	return good;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 31;
	bool good = rounds > 0;

	printf("%-24s %-8s %6s %-10s %10s %10s\n", "record of 16 KiB", "engine", "local", "result",
	    "CPU us", "most");
	for (size_t i = 0; i < N_ELEMENTS(shapes) && rounds > 0; i++)
		good = try_shape(&shapes[i], rounds) && good;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
