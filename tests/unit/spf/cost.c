/* cost.h: P_16, P_17, as `assay check` tells them. */
#include "spf/cost.h"

#include "suites.h"

static const char zone[] =
    "one.test TXT v=spf1 ip4:192.0.2.1 a mx -all\n"
    "tree.test TXT v=spf1 include:l.test a include:%{d}.r.test ~all\n"
    "l.test TXT v=spf1 include:ll.test mx ?all\nll.test TXT v=spf1 ip4:192.0.2.1 exists:%{i}.x.test\n"
    "tree.test.r.test TXT v=spf1 ptr redirect=rr.test\nrr.test TXT v=spf1 a:x.test -all a a a\n"
    "macro.test TXT v=spf1 include:%{l}.test redirect=%{i}.test\n"
    "wrong.test TXT v=spf1 include:none.test include:syntax.test include:err.test\n"
    "syntax.test TXT v=spf1 a moo:x\nerr.test TXT !SERVFAIL\n"
    "redirall.test TXT v=spf1 redirect=one.test a ?all\n"
    "loop.test TXT v=spf1 include:loop.test a\n"
    "bomb.test TXT v=spf1 include:a.bomb.test include:b.bomb.test include:c.bomb.test\n"
    "*.bomb.test TXT v=spf1 include:a.%{d} include:b.%{d} include:c.%{d}\n";

static const struct {
	const char *id, *domain, *want;
} rows[] = {
	{ "one record", "one.test", "0 one.test 2/2\n" },
	{ "each include", "tree.test", "0 tree.test 3/9\n1 l.test 2/3\n2 ll.test 1/1\n"
	    "1 tree.test.r.test 2/3\n2 rr.test 1/1\n" },
	{ "depends on the message", "macro.test", "0 macro.test 2/2\n1 - 0/0\n1 - 0/0\n" },
	{ "what is wrong", "wrong.test",
	    "0 wrong.test 3/3\n1 none.test 0/0 the domain does not exist\n"
	    "1 syntax.test 0/0 syntax error: moo:x\n1 err.test 0/0 DNS failure\n" },
	{ "redirect beside all", "redirall.test", "0 redirall.test 1/1\n" },
	{ "no record", "x.test", "0 x.test 0/0 the domain does not exist\n" },
};

static void show(const struct spf_cost *cost, struct buf *out)
{
	for (size_t i = 0; i < cost->count; i++) {
		const struct spf_cost_line *line = &cost->lines[i];

		buf_addf(out, "%u %.*s %u/%u", line->depth,
		    SLICE_ARG(slice_is_null(line->domain) ? SLICE("-") : line->domain), line->own, line->total);
		if (line->why != SPF_WHY_DEFAULT)
			buf_addf(out, " %s", spf_why_text(line->why));
		if (line->wrong.len > 0)
			buf_addf(out, ": %.*s", SLICE_ARG(line->wrong));
		buf_add_char(out, '\n');
	}
}

/* The cost of one domain in a world of its own. */
static void cost_of(struct world *w, const char *name, struct spf_cost *out)
{
	struct domain domain;

	world_open(w, slice_str(zone));
	w->arena = arena_create(1024 * 1024);
	w->lookups = lookups_new(w->resolver, 1000);
	ck_assert(domain_parse(w->arena, slice_str(name), &domain));
	ck_assert_int_eq(spf_cost(w->arena, w->lookups, domain, out), RC_OK);
}

START_TEST(cost_rows)
{
	struct buf got = BUF_INIT(65536);
	struct spf_cost cost;
	struct world w;

	cost_of(&w, rows[_i].domain, &cost);
	show(&cost, &got);
	ck_assert_msg(cost.complete && strcmp(buf_cstr(&got), rows[_i].want) == 0, "%s:\n%s", rows[_i].id,
	    buf_cstr(&got));
	world_close(&w);
	buf_free(&got);
}
END_TEST

START_TEST(endless)
{
	static const char *const domains[] = { "loop.test", "bomb.test" };

	for (size_t i = 0; i < N_ELEMENTS(domains); i++) {
		struct spf_cost cost;
		struct world w;

		cost_of(&w, domains[i], &cost);
		ck_assert(!cost.complete);
		ck_assert_uint_gt(cost.lines[0].total, 10);
		ck_assert_uint_le(cost.count, 50);
		world_close(&w);
	}
}
END_TEST

Suite *cost_suite(void)
{
	Suite *s = suite_create("spf cost");

	UNIT_TABLE(s, cost_rows, rows);
	UNIT_TEST(s, endless);
	return s;
}
