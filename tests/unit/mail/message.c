/* message.h: fields and envelope, with their ceilings. */
#include "base/limits.h"
#include "mail/message.h"

#include "suites.h"

static const struct {
	const char *path, *want;
} path_rows[] = {
	{ "<a@example.com>", "a@example.com" },
	{ "a@example.com", "a@example.com" },
	{ " <a@example.com> ", "a@example.com" },
	{ "<>", "" },
	{ "", "" },
	{ "<", "" },
	{ ">", ">" },
	{ "<a@example.com", "a@example.com" },
	{ "<postmaster>", "postmaster" },
	{ "<@a.example:u@example.com>", "u@example.com" },
	{ "<@a.example,@b.example:u@example.com>", "u@example.com" },
	{ "<@[192.0.2.1]:u@example.com>", "u@example.com" },
	{ "<@[IPv6:2001:db8::1],@b.example:u@example.com>", "u@example.com" },
	{ "<@a.example:>", "" },
	/* no route: left as it is, and no domain for anybody */
	{ "<@a.example>", "@a.example" },
	{ "<@a.example@b.example:u@c.example>", "@a.example@b.example:u@c.example" },
	{ "<@a.example,b.example:u@c.example>", "@a.example,b.example:u@c.example" },
	{ "<@[192.0.2.1:u@example.com>", "@[192.0.2.1:u@example.com" },
	{ "<@,>", "@," },
	{ "<\"a>b\"@example.com>", "\"a>b\"@example.com" },
	{ "<u:v@example.com>", "u:v@example.com" },
};

static const struct {
	const char *xtext, *text; /* NULL: it is not xtext */
} xtext_rows[] = {
	{ "", "" },
	{ "QQ314159", "QQ314159" },
	{ "joe+40example.org", "joe@example.org" },
	{ "+2B+3D+20+7E", "+= ~" },
	{ "+0D+0A+FF", "\r\n\xff" }, /* whether they may be in it is the caller's question */
	{ "+00", "" },                /* and so is NUL, which this table cannot show */
	{ "+", NULL },
	{ "a+", NULL },
	{ "a+4", NULL },
	{ "a+4G", NULL },
	{ "a+4a", NULL },             /* hexchar has upper case only */
	{ "a=b", NULL },
	{ "a b", NULL },
	{ "a\tb", NULL },
	{ "a\r\nb", NULL },
	{ "\xc3\xa9", NULL },
	{ "\x7f", NULL },
};

START_TEST(xtext)
{
	struct arena *a = arena_create(1000);
	struct slice text = xtext_decoded(a, slice_str(xtext_rows[_i].xtext));

	ck_assert_int_eq(slice_is_null(text), xtext_rows[_i].text == NULL);
	if (xtext_rows[_i].text != NULL)
		ck_slice_eq(text, slice_of(xtext_rows[_i].text, text.len));
	ck_assert(!arena_failed(a));
	arena_free(&a);
	a = arena_create(0);
	ck_assert(slice_is_null(xtext_decoded(a, SLICE("QQ314159"))));
	arena_free(&a);
}
END_TEST

START_TEST(envelope_path_rows)
{
	ck_slice_eq(envelope_path(slice_str(path_rows[_i].path)), slice_str(path_rows[_i].want));
}
END_TEST

static const struct {
	const char *address, *local, *domain; /* NULL: the null slice */
} part_rows[] = {
	{ "a@example.com", "a", "example.com" },
	{ "a@b@example.com", "a@b", "example.com" },
	{ "\"a@b\"@example.com", "\"a@b\"", "example.com" },
	{ "@example.com", "", "example.com" },
	{ "a@", "a", "" },
	{ "a", NULL, NULL },
	{ "", NULL, NULL },
};

START_TEST(address_part_rows)
{
	struct slice address = slice_str(part_rows[_i].address);
	struct slice local = address_local_part(address);
	struct slice domain = address_domain_part(address);

	ck_slice_eq(local, slice_str(part_rows[_i].local));
	ck_slice_eq(domain, slice_str(part_rows[_i].domain));
	ck_assert_msg(slice_is_null(local) == (part_rows[_i].local == NULL) &&
	    slice_is_null(domain) == (part_rows[_i].domain == NULL),
	    "row \"%s\": absent or empty?", part_rows[_i].address);
}
END_TEST

static const struct {
	const char *value, *want;
} unfold_rows[] = {
	{ " plain", "plain" },
	{ "", "" },
	{ " \t\n ", "" },
	{ " a\n b", "a b" },
	{ " a \n\tb  c\t", "a b c" },
	{ " a\r\n b", "a b" },
	{ "a\n \n b", "a b" },
};

START_TEST(unfolded_rows)
{
	struct arena *a = arena_create(65536);
	struct header h = { .value = slice_str(unfold_rows[_i].value) };

	ck_slice_eq(header_unfolded(a, &h), slice_str(unfold_rows[_i].want));
	arena_free(&a);
}
END_TEST

START_TEST(fields_are_kept_as_they_came)
{
	struct arena *a = arena_create(65536);
	struct message m;
	char name[] = "From \t", value[] = " a\0b\n c";

	message_init(&m, a);
	ck_assert_int_eq(m.envelope.port, -1);
	ck_assert_int_eq(m.envelope.client.family, IP_NONE);
	message_add_header(&m, slice_of(name, 6), slice_of(value, sizeof(value) - 1));
	message_add_header(&m, SLICE("Subject"), SLICE(""));
	message_add_header(&m, SLICE("FROM"), SLICE("second"));
	memset(name, 'x', sizeof(name)); /* copied, not borrowed */
	memset(value, 'x', sizeof(value));
	ck_assert_uint_eq(message_count(&m, SLICE("from")), 2);
	ck_assert_uint_eq(message_count(&m, SLICE("fro")), 0);
	ck_slice_eq(message_field(&m, SLICE("from"), 0)->raw_name, SLICE("From \t"));
	ck_slice_eq(message_field(&m, SLICE("from"), 0)->name, SLICE("From"));
	ck_slice_eq(message_field(&m, SLICE("from"), 0)->value, SLICE(" a\0b\n c"));
	ck_slice_eq(message_field(&m, SLICE("from"), 1)->value, SLICE("second"));
	ck_assert_ptr_null(message_field(&m, SLICE("from"), 2));
	ck_assert_ptr_null(message_field(&m, SLICE("to"), 0));
	ck_assert_int_eq(m.exceeded, MESSAGE_FITS);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *names, *fault; /* names that spaces separate; NULL: none */
	bool missing;
} fault_rows[] = {
	{ "From Date", NULL, false },
	{ "date FROM To Cc Bcc Subject Sender Reply-To Message-ID In-Reply-To References", NULL, false },
	{ "From Date Received Received X-To X-To Comments Comments", NULL, false },
	{ "From", "Date", true },
	{ "Date", "From", true },
	{ "", "Date", true },
	{ "From Date date", "Date", false },
	{ "From from Date", "From", false },
	{ "From Date To TO", "To", false },
	{ "From Date Cc cc", "Cc", false },
	{ "From Date Bcc bcc", "Bcc", false },
	{ "From Date Subject subject", "Subject", false },
	{ "From Date Sender sender", "Sender", false },
	{ "From Date Reply-To reply-to", "Reply-To", false },
	{ "From Date Message-ID message-id", "Message-ID", false },
	{ "From Date References references", "References", false },
	{ "From Date In-Reply-To in-reply-to", "In-Reply-To", false },
};

START_TEST(header_faults)
{
	struct arena *a = arena_create(65536);
	struct slice rest = slice_str(fault_rows[_i].names);
	const char *fault;
	struct message m;
	bool missing;

	message_init(&m, a);
	while (!slice_is_null(rest))
		message_add_header(&m, slice_split(&rest, ' '), SLICE(" x"));
	fault = message_header_fault(&m, &missing);
	ck_slice_eq(slice_str(fault), slice_str(fault_rows[_i].fault));
	ck_assert(fault == NULL || missing == fault_rows[_i].missing);
	arena_free(&a);
}
END_TEST

START_TEST(field_ceilings)
{
	struct arena *a = arena_create(65536);
	struct message m;

	message_init(&m, a);
	m.max_header_fields = 2;
	for (int i = 0; i < 3; i++)
		message_add_header(&m, SLICE("A"), SLICE("1"));
	ck_assert_uint_eq(m.count, 2);
	ck_assert_int_eq(m.exceeded, MESSAGE_TOO_MANY_FIELDS);

	message_init(&m, a);
	m.max_header_bytes = 12; /* "A:12345678" and its line end are exactly 12 */
	message_add_header(&m, SLICE("A"), SLICE("123456789"));
	ck_assert_uint_eq(m.count, 0);
	ck_assert_int_eq(m.exceeded, MESSAGE_HEADER_TOO_LARGE);
	message_add_header(&m, SLICE("A"), SLICE("12345678"));
	ck_assert_uint_eq(m.count, 1);
	message_add_header(&m, SLICE(""), SLICE(""));
	ck_assert_uint_eq(m.count, 1);
	message_add_recipient(&m, SLICE("a@example.com"));
	ck_assert_int_eq(m.exceeded, MESSAGE_HEADER_TOO_LARGE); /* the first one stays */
	arena_free(&a);
}
END_TEST

START_TEST(memory_ceiling)
{
	struct arena *a = arena_create(256);
	struct message m;
	static char large[1024];

	message_init(&m, a);
	message_add_header(&m, SLICE("A"), slice_of(large, sizeof(large)));
	ck_assert_uint_eq(m.count, 0);
	ck_assert_int_eq(m.exceeded, MESSAGE_NO_MEMORY);
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(recipient_ceiling)
{
	struct arena *a = arena_create(4u * 1024 * 1024);
	struct message m;

	message_init(&m, a);
	for (unsigned i = 0; i <= LIMIT_RECIPIENTS; i++)
		message_add_recipient(&m, SLICE("a@example.com"));
	ck_assert_uint_eq(m.envelope.recipient_count, LIMIT_RECIPIENTS);
	ck_slice_eq(m.envelope.recipients[LIMIT_RECIPIENTS - 1], SLICE("a@example.com"));
	ck_assert_int_eq(m.exceeded, MESSAGE_TOO_MANY_RECIPIENTS);
	arena_free(&a);
}
END_TEST

Suite *message_suite(void)
{
	Suite *s = suite_create("mail/message");

	UNIT_TABLE(s, xtext, xtext_rows);
	UNIT_TABLE(s, envelope_path_rows, path_rows);
	UNIT_TABLE(s, address_part_rows, part_rows);
	UNIT_TABLE(s, unfolded_rows, unfold_rows);
	UNIT_TEST(s, fields_are_kept_as_they_came);
	UNIT_TABLE(s, header_faults, fault_rows);
	UNIT_TEST(s, field_ceilings);
	UNIT_TEST(s, memory_ceiling);
	UNIT_TEST(s, recipient_ceiling);
	return s;
}
