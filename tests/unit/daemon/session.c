/* session.h: a connection of an MTA, without libmilter. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/session.h"

#include "suites.h"

/* An MTA that keeps what it was asked to do, and refuses the nth request. */
struct fake {
	struct buf done;    /* a line for each request */
	unsigned requests;
	unsigned refused;   /* 0: none */
};

static bool asked(struct fake *f)
{
	return ++f->requests != f->refused;
}

static bool fake_delete(void *handle, const char *name, unsigned index)
{
	struct fake *f = handle;

	buf_addf(&f->done, "delete %s %u\n", name, index);
	return asked(f);
}

static bool fake_insert(void *handle, unsigned position, const char *name, const char *value)
{
	struct fake *f = handle;

	buf_addf(&f->done, "insert %u %s:%s\n", position, name, value);
	return asked(f);
}

static bool fake_quarantine(void *handle, const char *reason)
{
	struct fake *f = handle;

	buf_addf(&f->done, "hold %s\n", reason);
	return asked(f);
}

static bool fake_reply(void *handle, const struct reply *reply)
{
	struct fake *f = handle;

	buf_addf(&f->done, "reply %d %s %.*s\n", reply->code, reply->enhanced,
	    SLICE_ARG(reply->text));
	return asked(f);
}

/* --- a daemon's inside ------------------------------------------------------------------------ */

struct site {
	struct services *services;
	struct session *session;
	struct fake fake;
	char log[256];
};

#define ZONE \
	"example.org TXT v=spf1 ip4:192.0.2.7 -all\n" \
	"mail.example.org TXT v=spf1 a:none.example.org -all\n" \
	"_dmarc.example.org TXT v=DMARC1; p=reject\n" \
	"forged.example TXT v=spf1 -all\n" \
	"_dmarc.forged.example TXT v=DMARC1; p=reject\n"

static char *written(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", unit_tmpdir(), name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

static void site_open(struct site *site, const char *config, bool leading_space)
{
	const struct mta_facts facts = { leading_space };
	struct buf text = BUF_INIT(4096);
	struct settings *s = NULL;
	struct err err = ERR_INIT;

	log_sum_up(true); /* where rows share a process, a line is a repetition otherwise */
	*site = (struct site){ .fake = { .done = BUF_INIT(64u * 1024) } };
	buf_addf(&text, "keys = \"%s\"\nlog { target = stderr level = debug }\n"
	    "dns { test-zone-file = \"%s\" }\n", unit_tmpdir(), written("zone", ZONE));
	buf_add_str(&text, config);
	if (settings_load(written("assay.conf", buf_cstr(&text)), &s, &err) != RC_OK ||
	    settings_load_keys(s, &err) != RC_OK ||
	    services_start(s, &site->services, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	snprintf(site->log, sizeof(site->log), "%s/log", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(site->log, "w", stderr));
	services_open_log(site->services, true);
	site->session = session_new(site->services, &facts);
	ck_assert_ptr_nonnull(site->session);
	buf_free(&text);
	err_free(&err);
}

static void site_close(struct site *site)
{
	session_free(&site->session);
	services_free(&site->services);
	buf_free(&site->fake.done);
}

static void connect_from(struct site *site, const char *address)
{
	const struct session_client client = { .hostname = SLICE("unknown"),
		.client_addr = slice_str(address), .mta_name = SLICE("mx.example.com"),
		.daemon_port = SLICE("25") };

	session_connect(site->session, &client);
}

static void begin(struct site *site)
{
	const struct session_sender sender = { .path = SLICE("<joe@example.org>"),
		.queue_id = SLICE("4TEST") };

	session_mail(site->session, &sender);
	session_recipient(site->session, SLICE("<ann@example.com>"));
}

static enum session_answer end(struct site *site)
{
	const struct mta mta = { &site->fake, fake_delete, fake_insert, fake_quarantine, fake_reply };

	session_end_of_header(site->session);
	session_body(site->session, SLICE("Hello\r\n"));
	return session_end(site->session, &mta, SLICE("4TEST"));
}

static enum session_answer message(struct site *site, const char *from)
{
	begin(site);
	session_header(site->session, SLICE("From"), slice_str(from));
	return end(site);
}

static void expect_log(const struct site *site, const char *text)
{
	size_t len;
	char *log;

	fflush(stderr);
	log = unit_read_file(site->log, &len);
	ck_assert_ptr_nonnull(log);
	ck_assert_msg(strstr(log, text) != NULL, "\"%s\" is not in\n%s", text, log);
	free(log);
}

/* --- the answer at the end of a message ---------------------------------------------------------- */

static const struct {
	const char *config, *from;
	unsigned refused;    /* request that the MTA does not take */
	enum session_answer answer;
	const char *done;    /* NULL: nothing */
	const char *log;
} answers[] = {
	{ "enforce = yes\n", " joe@example.org", 0, SESSION_CONTINUE,
	  "insert 0 Authentication-Results: mx.example.com", "dmarc=pass(p=reject) action=accept ms=" },
	{ "enforce = yes\n", " ceo@forged.example", 0, SESSION_REJECT, "reply 550 5.7.26 ",
	  "dmarc=fail(p=reject) action=reject" },
	{ "enforce = no\n", " ceo@forged.example", 0, SESSION_CONTINUE,
	  "insert 0 Authentication-Results: mx.example.com", "action=accept would=reject" },
	{ "enforce = observe\n", " ceo@forged.example", 0, SESSION_CONTINUE, NULL,
	  "action=accept would=reject" },
	/* what the MTA does not take: our field must not be missing, a text may */
	{ "enforce = yes\n", " joe@example.org", 1, SESSION_TEMPFAIL, "insert", "action=accept applied=no" },
	{ "enforce = no\n", " ceo@forged.example", 1, SESSION_TEMPFAIL, "insert",
	  "action=accept would=reject applied=no" },
	{ "enforce = yes\n", " ceo@forged.example", 2, SESSION_REJECT, "reply",
	  "4TEST: cannot set the text of the reply" },
	{ "quarantine = hold\nenforce = yes\npolicy \"forged.example\" { on-fail = quarantine }\n",
	  " ceo@forged.example", 0, SESSION_CONTINUE, "hold ", "action=quarantine" },
	{ "quarantine = hold\nenforce = yes\npolicy \"forged.example\" { on-fail = quarantine }\n",
	  " ceo@forged.example", 2, SESSION_TEMPFAIL, "hold ", "action=quarantine applied=no" },
};

START_TEST(answered)
{
	struct site site;

	site_open(&site, answers[_i].config, true);
	site.fake.refused = answers[_i].refused;
	connect_from(&site, "192.0.2.7");
	session_helo(site.session, SLICE("mail.example.org"));
	ck_assert_int_eq(message(&site, answers[_i].from), answers[_i].answer);
	if (answers[_i].done == NULL)
		ck_assert_str_eq(buf_cstr(&site.fake.done), "");
	else
		ck_assert_msg(strstr(buf_cstr(&site.fake.done), answers[_i].done) != NULL, "%s",
		    buf_cstr(&site.fake.done));
	expect_log(&site, answers[_i].log);
	site_close(&site);
}
END_TEST

/* An MTA that keeps the leading space to itself gets our values without it. */
START_TEST(without_leading_space)
{
	struct site site;

	site_open(&site, "", false);
	connect_from(&site, "192.0.2.7");
	ck_assert_int_eq(message(&site, "joe@example.org"), SESSION_CONTINUE);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&site.fake.done),
	    "insert 0 Authentication-Results:mx.example.com"));
	site_close(&site);
}
END_TEST

/* --- trouble ---------------------------------------------------------------------------------- */

static const struct {
	const char *config;
	enum session_answer answer;
	const char *log;
} troubles[] = {
	{ "enforce = yes\n", SESSION_TEMPFAIL, "message deferred" },
	{ "enforce = no\n", SESSION_TEMPFAIL, "message deferred" },
	{ "enforce = observe\n", SESSION_CONTINUE, "message accepted unseen" },
};

/* No transaction can be begun: here, since what came before it is too large to keep. */
START_TEST(no_transaction)
{
	static char large[LIMIT_HELO_OCTETS + 1];
	struct site site;

	memset(large, 'x', sizeof(large));
	site_open(&site, troubles[_i].config, true);
	connect_from(&site, "192.0.2.7");
	session_helo(site.session, slice_of(large, sizeof(large)));
	ck_assert_int_eq(message(&site, " joe@example.org"), troubles[_i].answer);
	ck_assert_uint_eq(site.fake.requests, 0);
	expect_log(&site, troubles[_i].log);
	session_helo(site.session, SLICE("mail.example.org")); /* and it passes */
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_CONTINUE);
	site_close(&site);
}
END_TEST

/* A connection beyond limits { sessions }. */
START_TEST(too_many_connections)
{
	struct buf config = BUF_INIT(1024);
	struct session *first;
	struct site site;

	buf_addf(&config, "%slimits { sessions = 1 }\n", troubles[_i].config);
	site_open(&site, buf_cstr(&config), true);
	first = site.session;
	site.session = session_new(site.services, &(struct mta_facts){ true });
	ck_assert_ptr_nonnull(site.session);
	connect_from(&site, "192.0.2.7");
	ck_assert_int_eq(message(&site, " ceo@forged.example"), troubles[_i].answer);
	ck_assert_str_eq(buf_cstr(&site.fake.done), troubles[_i].answer == SESSION_CONTINUE ? "" :
	    "reply 451 4.3.2 Too many connections, please try again later\n");
	expect_log(&site, "1 connection of the MTA is open (limits sessions)");
	session_free(&first);
	buf_free(&config);
	site_close(&site);
}
END_TEST

/* The arena of a message is full while its header comes: nothing of it is believed. */
START_TEST(no_memory_in_the_header)
{
	static char large[LIMIT_ARENA_BYTES / 2 / (LIMIT_RECIPIENTS - 1) + 1];
	const bool leading_space = _i == 0;
	struct site site;

	memset(large, 'x', sizeof(large));
	site_open(&site, "enforce = yes\nlimits { header-bytes = 8M }\n", leading_space);
	connect_from(&site, "192.0.2.7");
	begin(&site);
	for (size_t i = 0; i < LIMIT_RECIPIENTS - 1; i++)
		session_recipient(site.session, slice_of(large, sizeof(large)));
	session_header(site.session, SLICE("From"), SLICE(" joe@example.org"));
	for (size_t i = 0; i < LIMIT_HEADER_FIELDS - 1; i++)
		session_header(site.session, SLICE("X-L"), slice_of(large, sizeof(large) - 10));
	ck_assert_int_eq(end(&site), SESSION_TEMPFAIL);
	ck_assert_str_eq(buf_cstr(&site.fake.done),
	    "reply 451 4.3.0 Local trouble, please try again later\n");
	expect_log(&site, "action=tempfail");
	site_close(&site);
}
END_TEST

/* --- order ------------------------------------------------------------------------------------ */

START_TEST(aborted)
{
	struct site site;

	site_open(&site, "", true);
	connect_from(&site, "192.0.2.7");
	begin(&site);
	session_abort(site.session);
	expect_log(&site, "4TEST: role=judge client=192.0.2.7 from=joe@example.org");
	expect_log(&site, " aborted=yes");
	session_abort(site.session); /* of nothing */
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_CONTINUE);
	begin(&site); /* a message that never ends is the close's to end */
	site_close(&site);
}
END_TEST

/* Second CONNECT, after QUIT_NC of the milter protocol: another client on the same connection. */
START_TEST(connected_again)
{
	struct site site;

	site_open(&site, "enforce = yes\n", true);
	connect_from(&site, "192.0.2.7");
	session_helo(site.session, SLICE("mail.example.org"));
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_CONTINUE);
	expect_log(&site, "client=192.0.2.7");
	begin(&site);
	connect_from(&site, "192.0.2.66");
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_REJECT);
	expect_log(&site, "client=192.0.2.66");
	ck_assert_ptr_null(strstr(strstr(buf_cstr(&site.fake.done), "reply 550"), "mail.example.org"));
	site_close(&site);
}
END_TEST

START_TEST(any_number_of_helo)
{
	static char name[1024];
	struct site site;

	memset(name, 'x', sizeof(name));
	site_open(&site, "", true);
	connect_from(&site, "192.0.2.7");
	for (size_t i = 0; i < 2 * LIMIT_HEADER_BYTES / sizeof(name); i++)
		session_helo(site.session, slice_of(name, sizeof(name)));
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_CONTINUE);
	site_close(&site);
}
END_TEST

START_TEST(never_connected)
{
	struct site site;

	site_open(&site, "", true);
	session_header(site.session, SLICE("From"), SLICE(" joe@example.org"));
	session_body(site.session, SLICE("x"));
	ck_assert_int_eq(end(&site), SESSION_TEMPFAIL);
	ck_assert_int_eq(message(&site, " joe@example.org"), SESSION_TEMPFAIL);
	site_close(&site);
}
END_TEST

Suite *daemon_session_suite(void)
{
	Suite *s = suite_create("daemon session");

	UNIT_TABLE(s, answered, answers);
	UNIT_TEST(s, without_leading_space);
	UNIT_TABLE(s, no_transaction, troubles);
	UNIT_TABLE(s, too_many_connections, troubles);
	unit_table(s, "no_memory_in_the_header", no_memory_in_the_header, 2);
	UNIT_TEST(s, aborted);
	UNIT_TEST(s, connected_again);
	UNIT_TEST(s, any_number_of_helo);
	UNIT_TEST(s, never_connected);
	return s;
}
