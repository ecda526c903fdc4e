/*
 * Random zones through both engines: everything that is told must be the same.
 *
 * ASSAY_SPF_ZONES sets their number, ASSAY_SPF_SEED the first of them; a difference prints its zone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "suites.h"

#define USUAL_ZONES 1000u
#define CHECKS_OF_A_ZONE 4u

struct dice {
	uint64_t state;
};

/* xorshift64*: the same zones in every run of a build */
static unsigned roll(struct dice *d, unsigned sides)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (unsigned)((d->state * UINT64_C(2685821657736338717)) >> 33) % sides;
}

static const char *pick(struct dice *d, const char *const *list, size_t count)
{
	return list[roll(d, (unsigned)count)];
}

#define PICK(d, list) pick((d), (list), N_ELEMENTS(list))

static const char *const domains[] = { "d0.test", "d1.test", "d2.test", "d3.test", "d4.test",
	"sub.d0.test", "d5.test", "D0.TEST" };
static const char *const hosts[] = { "h0.test", "h1.test", "h2.d0.test", "h3.d1.test", "nx.test",
	"h4.test", "nodata.test", "err.test" };
static const char *const v4[] = { "192.0.2.1", "192.0.2.2", "192.0.2.130", "198.51.100.1",
	"127.0.0.1", "10.0.0.1" };
static const char *const v6[] = { "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "::1",
	"::ffff:192.0.2.1" };
static const char *const reverse[] = { "1.2.0.192.in-addr.arpa", "2.2.0.192.in-addr.arpa",
	"1.0.0.127.in-addr.arpa",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" };

/* --- the zone --------------------------------------------------------------------------------- */

static void add_spec(struct buf *b, struct dice *d)
{
	static const char *const specs[] = { "%{d}", "%{o}", "%{h}", "%{d2}", "%{l}.test", "%{l-}.test",
		"%{p}", "%{ir}.%{v}.list.test", "%{i}.list.test", "%{L}.d0.test", "h2.%{d}", "sub.%{d}.",
		"%{s}.test", "a..b.test", "%{dr}.test", "%{d1r}.test", "one%{h}" };

	if (roll(d, 3) == 0)
		buf_add_str(b, PICK(d, specs));
	else if (roll(d, 2) == 0)
		buf_add_str(b, PICK(d, domains));
	else
		buf_add_str(b, PICK(d, hosts));
}

static void add_length(struct buf *b, struct dice *d)
{
	static const char *const lengths[] = { "/24", "/32", "/0", "/25", "//64", "//128", "//0",
		"/24//64", "/0//0", "/1", "//127" };

	if (roll(d, 3) == 0)
		buf_add_str(b, PICK(d, lengths));
}

static void add_address_term(struct buf *b, struct dice *d)
{
	static const char *const lengths4[] = { "", "", "/32", "/24", "/25", "/0", "/1", "/31" };
	static const char *const lengths6[] = { "", "", "/128", "/64", "/0", "/1", "/127" };

	if (roll(d, 3) > 0)
		buf_addf(b, "ip4:%s%s", PICK(d, v4), PICK(d, lengths4));
	else
		buf_addf(b, "ip6:%s%s", PICK(d, v6), PICK(d, lengths6));
}

static void add_mechanism(struct buf *b, struct dice *d)
{
	static const char *const qualifiers[] = { "", "", "", "+", "-", "~", "?" };
	static const char *const names[] = { "include:", "include:", "a:", "mx:", "ptr:", "exists:" };
	static const char *const bare[] = { "a", "mx", "ptr" };
	const char *name = PICK(d, names);

	buf_addf(b, " %s", PICK(d, qualifiers));
	switch (roll(d, 8)) {
	case 0:
	case 1:
		add_address_term(b, d);
		break;
	case 2:
		name = PICK(d, bare);
		buf_add_str(b, name);
		if (name[0] != 'p')
			add_length(b, d);
		break;
	case 3:
		if (roll(d, 4) == 0)
			buf_add_str(b, "all");
		else
			add_address_term(b, d);
		break;
	default:
		buf_add_str(b, name);
		add_spec(b, d);
		if (name[0] == 'a' || name[0] == 'm')
			add_length(b, d);
		break;
	}
}

static void add_record(struct buf *b, struct dice *d)
{
	static const char *const odd[] = { " moo", " x=y", " a:", " redirect=d0.test", " x=%{c}%%",
		" ip4:1.2.3", " a:%{c}.test", " exp=d1.test", " -all", "  " };
	unsigned terms = roll(d, 20) == 0 ? 60 + roll(d, 30) : roll(d, 7);

	buf_add_str(b, "v=spf1");
	for (unsigned i = 0; i < terms; i++) {
		if (terms > 50)
			add_address_term((buf_add_char(b, ' '), b), d);
		else
			add_mechanism(b, d);
	}
	if (roll(d, 12) == 0)
		buf_add_str(b, PICK(d, odd));
	if (roll(d, 3) == 0) {
		buf_add_str(b, " exp=");
		buf_add_str(b, roll(d, 2) == 0 ? "why.test" : "why.%{o}");
	}
	if (roll(d, 4) == 0) {
		buf_add_str(b, " redirect=");
		add_spec(b, d);
	}
	if (roll(d, 3) == 0)
		buf_add_str(b, roll(d, 2) == 0 ? " -all" : " ~all");
}

static void add_txt(struct buf *zone, const char *name, struct buf *text)
{
	struct slice rest = buf_slice(text);

	buf_addf(zone, "%s TXT", name);
	do {
		buf_addf(zone, " \"%.*s\"", SLICE_ARG(slice_take(rest, 200)));
		rest = slice_drop(rest, 200);
	} while (rest.len > 0);
	buf_add_char(zone, '\n');
	buf_clear(text);
}

static void add_domain(struct buf *zone, struct dice *d, const char *name)
{
	struct buf text = BUF_INIT(65536);

	if (roll(d, 12) == 0) {
		buf_addf(zone, "%s TXT %s\n", name, roll(d, 2) == 0 ? "!TIMEOUT" : "!SERVFAIL");
	} else {
		for (unsigned i = roll(d, 15) == 0 ? 2 : 1; i > 0; i--) {
			add_record(&text, d);
			add_txt(zone, name, &text);
		}
	}
	for (unsigned i = roll(d, 3); i > 0; i--)
		buf_addf(zone, "%s MX 10 %s.\n", name, PICK(d, hosts));
	if (roll(d, 15) == 0)
		for (unsigned i = 0; i < 11; i++)
			buf_addf(zone, "%s MX %u m%u.%s.\n", name, i, i, name);
	if (roll(d, 2) == 0)
		buf_addf(zone, "%s A %s\n%s AAAA %s\n", name, PICK(d, v4), name, PICK(d, v6));
	buf_free(&text);
}

static void add_hosts(struct buf *zone, struct dice *d)
{
	for (size_t i = 0; i < 4; i++) {
		for (unsigned k = roll(d, 3); k > 0; k--)
			buf_addf(zone, "%s A %s\n", hosts[i], PICK(d, v4));
		if (roll(d, 2) == 0)
			buf_addf(zone, "%s AAAA %s\n", hosts[i], PICK(d, v6));
	}
	for (size_t i = 0; i < N_ELEMENTS(reverse); i++) {
		if (roll(d, 8) == 0)
			buf_addf(zone, "%s PTR !SERVFAIL\n", reverse[i]);
		else
			for (unsigned k = roll(d, 14); k > 0; k--)
				buf_addf(zone, "%s PTR %s.\n", reverse[i],
				    roll(d, 2) == 0 ? PICK(d, hosts) : PICK(d, domains));
	}
	buf_add_str(zone, "nodata.test NS ns.test.\nerr.test * !TIMEOUT\n"
	    "1.2.0.192.in-addr.list.test A 127.0.0.2\n192.0.2.2.list.test A 127.0.0.2\n"
	    "why.test TXT \"%{i} %{d} %{l} %{p} %{r} %{t}\"\nwhy.d0.test TXT \"%{c}\"\n"
	    "joe.test A 192.0.2.1\njoe.test TXT \"v=spf1 mx a ptr ~all\"\n");
}

/* --- the comparison --------------------------------------------------------------------------- */

struct tally {
	unsigned results[AUTH_PERMERROR + 1], differences, lost, large;
};

static void count_line(void *ctx, unsigned depth, struct slice text)
{
	struct tally *tally = ctx;

	(void)depth;
	tally->lost += slice_istarts_with(text, SLICE("libspf2 returned an internal error"));
	tally->large += slice_iends_with(text, SLICE("evaluated by the builtin engine"));
}

/* A copy of what is told, that survives the next check. */
static void told(const struct spf_mail_from_result *r, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "%s why=%d terms=%u voids=%u mechanism=%.*s reason=%.*s exp=%.*s sender=%.*s",
	    auth_result_text(r->r.result), (int)r->r.why, r->r.terms, r->r.voids,
	    SLICE_ARG(r->r.mechanism), SLICE_ARG(r->r.reason), SLICE_ARG(r->r.explanation),
	    SLICE_ARG(r->sender));
}

static void compare(struct world *w, struct dice *d, struct slice zone, struct tally *tally)
{
	static const char *const senders[] = { "joe@d0.test", "a-b.c@d1.test", "joe@d2.test",
		"j\xc3\xb6@d3.test", "", "joe@sub.d0.test", "joe@d4.test", "x@D5.Test" };
	static const char *const helos[] = { "d0.test", "h1.test", "[192.0.2.1]", "host", "d4.test" };
	const char *client = roll(d, 3) > 0 ? PICK(d, v4) : PICK(d, v6);
	struct slice sender = slice_str(PICK(d, senders)), helo = slice_str(PICK(d, helos));
	struct buf one = BUF_INIT(65536), two = BUF_INIT(65536);
	struct spf_mail_from_result r;

	r = world_check(w, SPF_ENGINE_BUILTIN, client, helo, sender);
	told(&r, &one);
	tally->results[r.r.result]++;
	r = world_check(w, SPF_ENGINE_LIBSPF2, client, helo, sender);
	told(&r, &two);
	if (!slice_eq(buf_slice(&one), buf_slice(&two))) {
		tally->differences++;
		printf("%s, HELO %.*s, MAIL FROM %.*s:\nbuiltin %s\nlibspf2 %s\n%.*s\n", client,
		    SLICE_ARG(helo), SLICE_ARG(sender), buf_cstr(&one), buf_cstr(&two), SLICE_ARG(zone));
	}
	buf_free(&one);
	buf_free(&two);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

START_TEST(engines_agree)
{
	uint64_t zones = number_from("ASSAY_SPF_ZONES", USUAL_ZONES);
	uint64_t seed = number_from("ASSAY_SPF_SEED", 1);
	struct tally tally = { .differences = 0 };
	struct spf_trace trace = { count_line, &tally };

	if (!spf_engine_available(SPF_ENGINE_LIBSPF2)) {
		unit_skipped("this build has one SPF engine");
		return;
	}
	for (uint64_t i = seed; i < seed + zones && tally.differences < 5; i++) {
		struct dice d = { i * UINT64_C(0x9e3779b97f4a7c15) + 1 };
		struct buf zone = BUF_INIT(1024u * 1024);
		struct world w;

		for (size_t k = 0; k < N_ELEMENTS(domains) - 1; k++)
			add_domain(&zone, &d, domains[k]);
		add_hosts(&zone, &d);
		world_open(&w, buf_slice(&zone));
		w.trace = &trace;
		for (unsigned k = 0; k < CHECKS_OF_A_ZONE; k++)
			compare(&w, &d, buf_slice(&zone), &tally);
		world_close(&w);
		buf_free(&zone);
	}
	printf("random zones: %" PRIu64, zones);
	for (int result = AUTH_NONE; result <= AUTH_PERMERROR; result++)
		if (tally.results[result] > 0)
			printf(", %u %s", tally.results[result], auth_result_text((enum auth_result)result));
	printf("; %u records evaluated by builtin\n", tally.large);
	ck_assert_uint_eq(tally.differences, 0);
	ck_assert_uint_eq(tally.lost, 0);
}
END_TEST

Suite *random_suite(void)
{
	Suite *s = suite_create("spf random");

	UNIT_TEST(s, engines_agree);
	return s;
}
