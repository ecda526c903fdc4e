/* bounce.h: tags of envelope senders, delivery status notifications (RFC 3464) good and hostile. */
#include "base/limits.h"
#include "report/bounce.h"

#include "suites.h"

static const struct slice secret = { "0123456789abcdef0123456789abcdef", 32 };

static struct slice tag_of(struct arena *a, const char *id, const char *address)
{
	struct slice tag = SLICE_NULL;

	ck_assert_int_eq(bounce_tag(a, secret, slice_str(id), slice_str(address), &tag), RC_OK);
	return tag;
}

START_TEST(tags_of_deliveries)
{
	struct arena *a = arena_create(65536);
	struct slice tag = tag_of(a, "r1", "a@example.org"), back;
	struct slice sender = bounce_sender(a, SLICE("dmarc@example.com"), tag);

	ck_assert_uint_eq(tag.len, 2 * BOUNCE_TAG_OCTETS);
	ck_assert(slice_starts_with(sender, SLICE("dmarc+")));
	ck_assert(slice_iends_with(sender, SLICE("@example.com")));
	ck_assert(bounce_sender_tag(a, SLICE("dmarc@example.com"), sender, &back));
	ck_slice_eq(back, tag);
	ck_assert(!slice_eq(tag, tag_of(a, "r2", "a@example.org")));
	ck_assert(!slice_eq(tag, tag_of(a, "r1", "b@example.org")));
	arena_free(&a);
}
END_TEST

#define TAG "00112233445566778899aabbccddeeff"

static const struct {
	const char *sender;
	bool valid;
} senders[] = {
	{ "dmarc+" TAG "@example.com", true },
	{ "<dmarc+" TAG "@example.com>", true },
	{ "DMARC+00112233445566778899AABBCCDDEEFF@Example.COM", true },
	{ "dmarc@example.com", false },
	{ "dmarc+@example.com", false },
	{ "dmarc+" TAG "0@example.com", false },
	{ "dmarc+0011@example.com", false },
	{ "dmarc+x0112233445566778899aabbccddeeff@example.com", false },
	{ "other+" TAG "@example.com", false },
	{ "dmarc+" TAG "@example.org", false },
	{ "dmarc-" TAG "@example.com", false },
	{ "x+dmarc+" TAG "@example.com", false },
	{ "dmarc+" TAG, false },
	{ "", false },
	{ "@", false },
};

START_TEST(sender_rows)
{
	struct arena *a = arena_create(65536);
	struct slice tag;
	bool valid = bounce_sender_tag(a, SLICE("dmarc@example.com"), slice_str(senders[_i].sender), &tag);

	ck_assert_msg(valid == senders[_i].valid, "%s", senders[_i].sender);
	if (valid)
		ck_slice_eq(tag, SLICE(TAG));
	arena_free(&a);
}
END_TEST

#define HEAD "From: MAILER-DAEMON@mx.example.org\nTo: dmarc+" TAG "@example.com\nSubject: Undelivered\n" \
	"MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"b/1\"\n\n"
#define TEXT "This is text.\n--b/1\nContent-Type: text/plain\n\nIt failed.\nAction: failed\n\n"
#define STATUS(type, text) "--b/1\nContent-Type: " type "\n\nReporting-MTA: dns; mx.example.org\n\n" text "\n"
#define REST "--b/1\nContent-Type: text/rfc822-headers\n\nSubject: Report Domain: x\n\n--b/1--\n"
#define FAILED "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;\n 550 no such user\n"

static const struct {
	const char *id;
	struct slice text;
	bool notification, failed;
	struct slice status, diagnostic;
} notifications[] = {
	{ "failed", SLICE(HEAD TEXT STATUS("message/delivery-status", FAILED) REST), true, true, SLICE("5.1.1"),
	  SLICE("smtp; 550 no such user") },
	{ "utf-8", SLICE(HEAD TEXT STATUS("message/global-delivery-status", FAILED) REST), true, true, SLICE("5.1.1"),
	  SLICE("smtp; 550 no such user") },
	{ "upper case, comments", SLICE(HEAD TEXT STATUS("Message/Delivery-Status (x)",
	  "ACTION: (it) FAILED (sorry)\nStatus: 5.0.0 (x)\n") REST), true, true, SLICE("5.0.0 (x)"), SLICE("") },
	{ "the second recipient", SLICE(HEAD TEXT STATUS("message/delivery-status",
	  "Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 5.2.2\n") REST), true, true, SLICE("5.2.2"), SLICE("") },
	{ "cut off within the status", SLICE(HEAD TEXT "--b/1\nContent-Type: message/delivery-status\n\n"
	  "Reporting-MTA: x\n\nAction: failed"), true, true, SLICE(""), SLICE("") },
	{ "CRLF", SLICE("Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
	  "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: y\r\n\r\nAction: failed\r\n"
	  "Status: 5.7.1\r\n\r\n--x--\r\n"), true, true, SLICE("5.7.1"), SLICE("") },
	{ "delayed", SLICE(HEAD TEXT STATUS("message/delivery-status", "Action: delayed\nStatus: 4.4.1\n") REST), true,
	  false, SLICE(""), SLICE("") },
	{ "delivered", SLICE(HEAD TEXT STATUS("message/delivery-status", "Action: delivered\nStatus: 2.0.0\n") REST),
	  true, false, SLICE(""), SLICE("") },
	{ "failed is a longer word", SLICE(HEAD TEXT STATUS("message/delivery-status", "Action: failedly\n") REST), true,
	  false, SLICE(""), SLICE("") },
	{ "failed in the fields of the message only", SLICE(HEAD "--b/1\nContent-Type: message/delivery-status\n\n"
	  "Action: failed\n\n" REST), true, false, SLICE(""), SLICE("") },
	{ "an empty status", SLICE(HEAD "--b/1\nContent-Type: message/delivery-status\n\n" REST), true, false, SLICE(""),
	  SLICE("") },
	{ "failed in a text part only", SLICE(HEAD TEXT REST), false, false, SLICE(""), SLICE("") },
	{ "status after the last delimiter", SLICE(HEAD "--b/1--\n" STATUS("message/delivery-status", FAILED)), false,
	  false, SLICE(""), SLICE("") },
	{ "another boundary", SLICE(HEAD "--b/12\nContent-Type: message/delivery-status\n\nX: y\n\n" FAILED), false,
	  false, SLICE(""), SLICE("") },
	{ "no boundary", SLICE("Content-Type: multipart/report\n\n" TEXT STATUS("message/delivery-status", FAILED)), false,
	  false, SLICE(""), SLICE("") },
	{ "an empty boundary", SLICE("Content-Type: multipart/report; boundary=\"\"\n\n--\n"
	  "Content-Type: message/delivery-status\n\nX: y\n\n" FAILED), false, false, SLICE(""), SLICE("") },
	{ "a boundary that does not end", SLICE("Content-Type: multipart/report; boundary=\"b\n\n--b\n" FAILED), false,
	  false, SLICE(""), SLICE("") },
	{ "mixed", SLICE("Content-Type: multipart/mixed; boundary=\"b/1\"\n\n" TEXT
	  STATUS("message/delivery-status", FAILED)), false, false, SLICE(""), SLICE("") },
	{ "a longer type", SLICE("Content-Type: multipart/reporter; boundary=\"b/1\"\n\n" TEXT
	  STATUS("message/delivery-status", FAILED)), false, false, SLICE(""), SLICE("") },
	{ "an answer of a person", SLICE("From: a@example.org\nSubject: on holiday\n\nAction: failed\n"), false, false,
	  SLICE(""), SLICE("") },
	{ "nothing", SLICE(""), false, false, SLICE(""), SLICE("") },
	{ "NUL", SLICE("Content-Type: multipart/report; boundary=\"\0\"\n\n--\0\n\0"), false, false, SLICE(""), SLICE("") },
};

START_TEST(notification_rows)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct bounce b;
	bool is = bounce_read(a, notifications[_i].text, &b);

	ck_assert_msg(is == notifications[_i].notification, "%s", notifications[_i].id);
	ck_assert_msg(b.failed == notifications[_i].failed, "%s", notifications[_i].id);
	ck_slice_eq(b.status, notifications[_i].status);
	ck_slice_eq(b.diagnostic, notifications[_i].diagnostic);
	arena_free(&a);
}
END_TEST

/* Thousands of parts and of recipients cost no more than the first ones. */
START_TEST(notifications_are_bounded)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf text = BUF_INIT(LIMIT_ARENA_BYTES);
	struct bounce b;

	buf_add_str(&text, HEAD);
	for (int i = 0; i < 5000; i++)
		buf_add_str(&text, "--b/1\nContent-Type: text/plain\n\n");
	buf_add_str(&text, STATUS("message/delivery-status", FAILED));
	ck_assert(!bounce_read(a, buf_slice(&text), &b));
	buf_clear(&text);
	buf_add_str(&text, HEAD "--b/1\nContent-Type: message/delivery-status\n\n");
	for (int i = 0; i < 5000; i++)
		buf_add_str(&text, "Action: delivered\n\n");
	buf_add_str(&text, FAILED);
	ck_assert(bounce_read(a, buf_slice(&text), &b));
	ck_assert(!b.failed);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

Suite *bounce_suite(void)
{
	Suite *s = suite_create("bounce");

	UNIT_TEST(s, tags_of_deliveries);
	UNIT_TABLE(s, sender_rows, senders);
	UNIT_TABLE(s, notification_rows, notifications);
	UNIT_TEST(s, notifications_are_bounded);
	return s;
}
