#include "mail/received.h"

#include "suites.h"

static const struct {
	const char *name, *value, *ip, *helo; /* no ip: refused */
} rows[] = {
	{ "Postfix", " from mx.example (mx.example [192.0.2.7])\n\tby relay.example (Postfix) with ESMTP id X",
	    "192.0.2.7", "mx.example" },
	{ "Postfix, unknown name", " from h (unknown [192.0.2.7])\n\tby r", "192.0.2.7", "h" },
	{ "Postfix, TLS comment behind", " from h (n [192.0.2.7])\n\t(using TLSv1.3 [203.0.113.1])\n\tby r",
	    "192.0.2.7", "h" },
	{ "Sendmail", " from h ([192.0.2.7]) by r (8.17.1/8.17.1) with ESMTP", "192.0.2.7", "h" },
	{ "Sendmail, forged name", " from h (n [192.0.2.7] (may be forged))\n\tby r", "192.0.2.7", "h" },
	{ "IPv6", " FROM h (n [IPv6:2001:db8::7]) by r", "2001:db8::7", "h" },
	{ "mapped", " from h (n [::ffff:192.0.2.7]) by r", "192.0.2.7", "h" },
	{ "HELO that looks like the rest", " from x([203.0.113.1]) (n [192.0.2.7]) by r", "192.0.2.7",
	    "x([203.0.113.1])" },
	{ "HELO that is a literal", " from [203.0.113.1] (n [192.0.2.7]) by r", "192.0.2.7",
	    "[203.0.113.1]" },
	{ "name that looks like an address", " from h ([203.0.113.1] [192.0.2.7]) by r", "192.0.2.7", "h" },
	{ "HELO and nothing else", " from x([203.0.113.1]) by r", NULL, NULL },
	{ "no from", " by r (Postfix, from userid 0) id X", NULL, NULL },
	{ "no comment", " from h by r ([192.0.2.7])", NULL, NULL },
	{ "comment without address", " from h (n) by r ([192.0.2.7])", NULL, NULL },
	{ "open comment", " from h (n [192.0.2.7] by r", NULL, NULL },
	{ "open bracket", " from h (n [192.0.2.7) by r", NULL, NULL },
	{ "no address", " from h (n [mx.example]) by r", NULL, NULL },
	{ "a quoted end", " from h (n \\) [192.0.2.7] by r", NULL, NULL },
	{ "joined word", " fromage h (n [192.0.2.7]) by r", NULL, NULL },
	{ "empty", "", NULL, NULL },
	{ "from", " from", NULL, NULL },
};

START_TEST(received_rows)
{
	struct ip client, want;
	struct slice helo;
	bool found = received_client(slice_str(rows[_i].value), &client, &helo);

	ck_assert_msg(found == (rows[_i].ip != NULL), "%s", rows[_i].name);
	if (!found)
		return;
	ck_assert(ip_parse(slice_str(rows[_i].ip), &want));
	ck_assert_msg(ip_eq(&client, &want), "%s", rows[_i].name);
	ck_slice_eq(helo, slice_str(rows[_i].helo));
}
END_TEST

static const struct {
	const char *name, *value;
	bool ours;
} submission_rows[] = {
	{ "Sendmail's", " (from joe@localhost)\n\tby mx.example.com (8.17.1.9/8.17.1.9/Submit) id 4AQ7X01;\n"
	    "\tThu, 26 Nov 2026 10:00:00 GMT", true },
	{ "one line", " (from joe@localhost) by MX.example.com (8.18.1/8.18.1/Submit) id 4AQ; x", true },
	{ "the daemon's own", " from h (n [127.0.0.1]) by mx.example.com (8.17.1/8.17.1) with ESMTP id X",
	    false },
	{ "of another host", " (from joe@localhost) by mx.example.net (8.17.1/8.17.1/Submit) id X; x", false },
	{ "of a longer name", " (from joe@localhost) by mx.example.com.evil.example (8.17.1/Submit) id X",
	    false },
	{ "not Submit", " (from joe@localhost) by mx.example.com (8.17.1/8.17.1) id X; x", false },
	{ "Submit elsewhere", " (from joe@localhost) by mx.example.com (8.17.1/Submit/x) id X; x", false },
	{ "Submit with no comment", " (from joe@localhost) by mx.example.com 8.17.1/Submit id X; x", false },
	{ "no sender", " by mx.example.com (8.17.1/8.17.1/Submit) id X; x", false },
	{ "a sender with more", " (from joe@localhost (x)) by mx.example.com (8.17.1/Submit) id X", false },
	{ "a client before it", " from h (from joe@localhost) by mx.example.com (8.17.1/Submit) id X", false },
	{ "no id", " (from joe@localhost) by mx.example.com (8.17.1/8.17.1/Submit)", false },
	{ "Postfix", " by mx.example.com (Postfix, from userid 1000)\n\tid 4XyZ; x", false },
	{ "open comment", " (from joe@localhost) by mx.example.com (8.17.1/Submit", false },
	{ "empty", "", false },
};

START_TEST(submission_program_rows)
{
	ck_assert_msg(received_by_submission_program(slice_str(submission_rows[_i].value),
	    SLICE("mx.example.com")) == submission_rows[_i].ours, "%s", submission_rows[_i].name);
	ck_assert(!received_by_submission_program(slice_str(submission_rows[_i].value), SLICE_NULL));
}
END_TEST

Suite *received_suite(void)
{
	Suite *s = suite_create("received");

	UNIT_TABLE(s, submission_program_rows, submission_rows);

	UNIT_TABLE(s, received_rows, rows);
	return s;
}
