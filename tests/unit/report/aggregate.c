/* aggregate.h, message.h: U_04 to U_34, U_46, U_48, U_49. */
#include <zlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "report/message.h"

#include "suites.h"

#define TEST_DAY 20000 /* 2024-10-04 */

static struct report_sender sender(bool legacy)
{
	return (struct report_sender){ .organization = SLICE("Receiver & Sons <x>"),
		.from = SLICE("dmarc@mx.receiver.example"), .domain = { SLICE("mx.receiver.example") },
		.contact = SLICE("postmaster@receiver.example"), .salt = SLICE("salt"), .legacy = legacy };
}

/* --- one report, every octet ------------------------------------------------------------------------------ */

/*
 * U-04 the namespace, U-05 the order below feedback, U-07 the metadata, U-09 the policy, U-10 a record, U-11 a row and
 * its source, U-12 what was evaluated, U-18 the identifiers, U-19 and U-20 signatures with their selectors, U-21 SPF.
 */

static const char policy_text[] =
    "v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; t=y; fo=1:d; rua=mailto:d@example.com,x; pct=50";

static const char want_xml[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
    " <version>1.0</version>\n"
    " <report_metadata>\n"
    "  <org_name>Receiver &amp; Sons &lt;x&gt;</org_name>\n"
    "  <email>postmaster@receiver.example</email>\n"
    "  <report_id>@</report_id>\n"
    "  <date_range>\n"
    "   <begin>1728000000</begin>\n"
    "   <end>1728086399</end>\n"
    "  </date_range>\n"
    "  <error>rua= contains an invalid URI: x</error>\n"
    "  <generator>assay " ASSAY_VERSION "</generator>\n"
    " </report_metadata>\n"
    " <policy_published>\n"
    "  <domain>example.com</domain>\n"
    "  <adkim>s</adkim>\n"
    "  <aspf>r</aspf>\n"
    "  <p>reject</p>\n"
    "  <sp>quarantine</sp>\n"
    "  <np>reject</np>\n"
    "  <fo>1:d</fo>\n"
    "  <testing>y</testing>\n"
    "  <discovery_method>treewalk</discovery_method>\n"
    " </policy_published>\n"
    " <record>\n"
    "  <row>\n"
    "   <source_ip>2001:db8::1</source_ip>\n"
    "   <count>12</count>\n"
    "   <policy_evaluated>\n"
    "    <disposition>quarantine</disposition>\n"
    "    <dkim>fail</dkim>\n"
    "    <spf>fail</spf>\n"
    "    <reason>\n"
    "     <type>policy_test_mode</type>\n"
    "    </reason>\n"
    "   </policy_evaluated>\n"
    "  </row>\n"
    "  <identifiers>\n"
    "   <envelope_from>bounce.example.net</envelope_from>\n"
    "   <header_from>a.example.com</header_from>\n"
    "  </identifiers>\n"
    "  <auth_results>\n"
    "   <dkim>\n"
    "    <domain>example.net</domain>\n"
    "    <selector>s1</selector>\n"
    "    <result>fail</result>\n"
    "    <human_result>body hash did not verify</human_result>\n"
    "   </dkim>\n"
    "   <spf>\n"
    "    <domain>bounce.example.net</domain>\n"
    "    <scope>mfrom</scope>\n"
    "    <result>pass</result>\n"
    "   </spf>\n"
    "  </auth_results>\n"
    " </record>\n"
    " <record>\n"
    "  <row>\n"
    "   <source_ip>192.0.2.1</source_ip>\n"
    "   <count>3</count>\n"
    "   <policy_evaluated>\n"
    "    <disposition>pass</disposition>\n"
    "    <dkim>pass</dkim>\n"
    "    <spf>pass</spf>\n"
    "   </policy_evaluated>\n"
    "  </row>\n"
    "  <identifiers>\n"
    "   <envelope_to>receiver.example</envelope_to>\n"
    "   <envelope_from></envelope_from>\n"
    "   <header_from>example.com</header_from>\n"
    "  </identifiers>\n"
    "  <auth_results>\n"
    "   <spf>\n"
    "    <domain></domain>\n"
    "    <scope>mfrom</scope>\n"
    "    <result>none</result>\n"
    "   </spf>\n"
    "  </auth_results>\n"
    " </record>\n"
    "</feedback>\n";

static const char want_legacy[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<feedback>\n"
    " <version>1.0</version>\n"
    " <report_metadata>\n"
    "  <org_name>Receiver &amp; Sons &lt;x&gt;</org_name>\n"
    "  <email>postmaster@receiver.example</email>\n"
    "  <report_id>@</report_id>\n"
    "  <date_range>\n"
    "   <begin>1728000000</begin>\n"
    "   <end>1728086399</end>\n"
    "  </date_range>\n"
    "  <error>rua= contains an invalid URI: x</error>\n"
    " </report_metadata>\n"
    " <policy_published>\n"
    "  <domain>example.com</domain>\n"
    "  <adkim>s</adkim>\n"
    "  <aspf>r</aspf>\n"
    "  <p>reject</p>\n"
    "  <sp>quarantine</sp>\n"
    "  <pct>100</pct>\n"
    "  <fo>1:d</fo>\n"
    " </policy_published>\n"
    " <record>\n"
    "  <row>\n"
    "   <source_ip>2001:db8::1</source_ip>\n"
    "   <count>12</count>\n"
    "   <policy_evaluated>\n"
    "    <disposition>quarantine</disposition>\n"
    "    <dkim>fail</dkim>\n"
    "    <spf>fail</spf>\n"
    "    <reason>\n"
    "     <type>other</type>\n"
    "     <comment>policy_test_mode</comment>\n"
    "    </reason>\n"
    "   </policy_evaluated>\n"
    "  </row>\n"
    "  <identifiers>\n"
    "   <envelope_from>bounce.example.net</envelope_from>\n"
    "   <header_from>a.example.com</header_from>\n"
    "  </identifiers>\n"
    "  <auth_results>\n"
    "   <dkim>\n"
    "    <domain>example.net</domain>\n"
    "    <selector>s1</selector>\n"
    "    <result>fail</result>\n"
    "    <human_result>body hash did not verify</human_result>\n"
    "   </dkim>\n"
    "   <spf>\n"
    "    <domain>bounce.example.net</domain>\n"
    "    <scope>mfrom</scope>\n"
    "    <result>pass</result>\n"
    "   </spf>\n"
    "  </auth_results>\n"
    " </record>\n"
    " <record>\n"
    "  <row>\n"
    "   <source_ip>192.0.2.1</source_ip>\n"
    "   <count>3</count>\n"
    "   <policy_evaluated>\n"
    "    <disposition>none</disposition>\n"
    "    <dkim>pass</dkim>\n"
    "    <spf>pass</spf>\n"
    "   </policy_evaluated>\n"
    "  </row>\n"
    "  <identifiers>\n"
    "   <envelope_to>receiver.example</envelope_to>\n"
    "   <envelope_from></envelope_from>\n"
    "   <header_from>example.com</header_from>\n"
    "  </identifiers>\n"
    "  <auth_results>\n"
    "   <spf>\n"
    "    <domain></domain>\n"
    "    <scope>mfrom</scope>\n"
    "    <result>none</result>\n"
    "   </spf>\n"
    "  </auth_results>\n"
    " </record>\n"
    "</feedback>\n";

/* The report that both are. */
struct plain {
	struct report_reason reason;
	struct report_dkim dkim;
	struct report_row rows[2];
	struct report report;
};

static void plain_report(struct plain *p)
{
	*p = (struct plain){
		.reason = { .type = OVERRIDE_POLICY_TEST_MODE },
		.dkim = { SLICE("example.net"), SLICE("s1"), AUTH_FAIL, SLICE("body hash did not verify") },
		.report = { .day = TEST_DAY, .row_count = 2, .messages = 15,
			.policy = { .domain = SLICE("example.com"), .text = slice_str(policy_text) } },
	};
	ck_assert_int_eq(dmarc_record_parse(p->report.policy.text, &p->report.policy.record),
	    DMARC_RECORD_OK);
	p->rows[0] = (struct report_row){ .header_from = SLICE("a.example.com"), .count = 12,
		.envelope_from = SLICE("bounce.example.net"), .disposition = DISPOSITION_QUARANTINE,
		.reasons = &p->reason, .reason_count = 1, .dkim = &p->dkim, .dkim_count = 1,
		.spf = { SLICE("bounce.example.net"), AUTH_PASS } };
	p->rows[1] = (struct report_row){ .header_from = SLICE("example.com"), .count = 3,
		.envelope_to = SLICE("receiver.example"), .disposition = DISPOSITION_PASS,
		.dkim_aligned = true, .spf_aligned = true, .spf = { SLICE_NULL, AUTH_NONE } };
	ck_assert(ip_parse(SLICE("2001:db8::1"), &p->rows[0].source));
	ck_assert(ip_parse(SLICE("192.0.2.1"), &p->rows[1].source));
	p->report.rows = p->rows;
}

static void check_xml(const char *want, bool legacy)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_sender by = sender(legacy);
	struct slice rest = slice_str(want), before = slice_split(&rest, '@');
	struct slice address = slice_split(&rest, '@'); /* the first "@" is in the address */
	struct report_file file;
	struct plain p;
	struct buf whole = BUF_INIT(100000);

	plain_report(&p);
	ck_assert_int_eq(report_render(a, &p.report, &by, &file), RC_OK);
	ck_assert_uint_eq(file.id.len, 32);
	buf_addf(&whole, "%.*s@%.*s%.*s%.*s", SLICE_ARG(before), SLICE_ARG(address), SLICE_ARG(file.id),
	    SLICE_ARG(rest));
	ck_slice_eq(file.xml, buf_slice(&whole));
	valid_report(file.xml, legacy);
	buf_free(&whole);
	arena_free(&a);
}

START_TEST(U_04_to_U_21_every_octet)
{
	check_xml(want_xml, false);
}
END_TEST

START_TEST(U_48_legacy)
{
	check_xml(want_legacy, true);
}
END_TEST

/* --- ids, names, octets -------------------------------------------------------------------------------------- */

static struct report_file rendered(struct arena *a, const struct report *r, struct slice salt)
{
	struct report_sender by = sender(false);
	struct report_file file;

	by.salt = salt;
	ck_assert_int_eq(report_render(a, r, &by, &file), RC_OK);
	return file;
}

START_TEST(U_27_U_34_same_rows_same_octets)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file one, two;
	struct plain p;

	plain_report(&p);
	one = rendered(a, &p.report, SLICE("salt"));
	two = rendered(a, &p.report, SLICE("salt"));
	ck_slice_eq(one.id, two.id);
	ck_slice_eq(one.name, two.name);
	ck_assert(slice_eq(one.gzip, two.gzip));
	two = rendered(a, &p.report, SLICE("another store's"));
	ck_assert(!slice_eq(one.id, two.id));
	p.rows[0].count++;
	two = rendered(a, &p.report, SLICE("salt"));
	ck_assert(!slice_eq(one.id, two.id));
	p.rows[0].count--;
	p.report.variant = SLICE("0123456789abcdef"); /* another policy record, of which the XML shows nothing */
	two = rendered(a, &p.report, SLICE("salt"));
	ck_assert(!slice_eq(one.id, two.id));
	p.report.variant = SLICE_NULL;
	p.report.day++;
	two = rendered(a, &p.report, SLICE("salt"));
	ck_assert(!slice_eq(one.id, two.id));
	arena_free(&a);
}
END_TEST

START_TEST(U_28_U_29_names)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	file = rendered(a, &p.report, SLICE("salt"));
	for (size_t i = 0; i < file.id.len; i++)
		ck_assert(strchr("0123456789abcdef", file.id.ptr[i]) != NULL);
	ck_slice_eq(file.name, arena_printf(a,
	    "mx.receiver.example!example.com!1728000000!1728086399!%.*s.xml.gz", SLICE_ARG(file.id)));
	arena_free(&a);
}
END_TEST

START_TEST(U_30_gzip_holds_the_xml)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file file;
	unsigned char out[20000];
	struct plain p;
	z_stream z = { .zalloc = Z_NULL };

	plain_report(&p);
	file = rendered(a, &p.report, SLICE("salt"));
	ck_assert_int_eq(memcmp(file.gzip.ptr, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8), 0); /* no time, no name */
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)file.gzip.ptr;
	z.avail_in = (unsigned)file.gzip.len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.avail_in, 0);
	ck_slice_eq(slice_of((char *)out, sizeof(out) - z.avail_out), file.xml);
	inflateEnd(&z);
	arena_free(&a);
}
END_TEST

/* --- what others wrote ---------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t len; /* 0: strlen() */
	const char *shown; /* within an element */
} hostile[] = {
	{ "a<b>&\"'", 0, "a&lt;b&gt;&amp;" },
	{ "]]>", 0, "]]&gt;" },
	{ "<!--", 0, "&lt;!--" },
	{ "&amp;", 0, "&amp;amp;" },
	{ "a\0b", 3, ">a?b<" },
	{ "\x01\x08\x0b\x0c\x0e\x1f\x7f", 0, NULL },
	{ "a\tb\r\nc", 0, ">a?b??c<" },
	{ "\xff\xfe", 0, ">??" "<" },
	{ "\xc3", 0, ">?" "<" },
	{ "\xc0\xaf", 0, ">??" "<" },
	{ "\xed\xa0\x80", 0, ">???" "<" }, /* a surrogate */
	{ "\xef\xbf\xbe|\xef\xbf\xbf", 0, ">???|???" "<" }, /* U+FFFE, U+FFFF */
	{ "\xf4\x90\x80\x80", 0, ">????" "<" },
	{ "\xc2\x85", 0, ">??" "<" },
	{ "b\xc3\xbc" "cher \xf0\x9f\x92\xa9", 0, ">b\xc3\xbc" "cher \xf0\x9f\x92\xa9<" },
	{ "<report_id>", 0, "&lt;report_id&gt;" },
	{ "", 0, NULL },
	{ "   ", 0, NULL },
};

static bool contains(struct slice whole, const char *part)
{
	return memmem(whole.ptr, whole.len, part, strlen(part)) != NULL;
}

/*
 * What XML 1.0 section 2.2 has no place for becomes "?", octet by octet: RFC 9990 and its schema (strings without
 * patterns) leave it open, and to drop octets would make one name out of another.
 */
START_TEST(U_26_hostile_octets)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice text = slice_of(hostile[_i].text,
	    hostile[_i].len > 0 ? hostile[_i].len : strlen(hostile[_i].text));
	struct report_sender by = sender(false);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	p.report.policy.domain = p.rows[0].header_from = p.rows[0].envelope_from =
	    p.rows[0].envelope_to = p.rows[0].spf.domain = p.dkim.domain = p.dkim.selector =
	    p.dkim.human_result = p.reason.comment = by.organization = by.contact_info = text;
	for (int legacy = 0; legacy <= 1; legacy++) {
		by.legacy = legacy == 1;
		ck_assert_int_eq(report_render(a, &p.report, &by, &file), RC_OK);
		valid_report(file.xml, by.legacy);
		if (hostile[_i].shown != NULL)
			ck_assert_msg(contains(file.xml, hostile[_i].shown), "%s", hostile[_i].shown);
	}
	arena_free(&a);
}
END_TEST

/* Every word that a result can be. */
START_TEST(U_13_U_16_U_20_words)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_sender by = sender(false);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	for (int i = 0; i < 16; i++) {
		p.dkim.result = p.rows[0].spf.result = (enum auth_result)(i % (AUTH_PERMERROR + 1));
		p.rows[0].disposition = (enum disposition)(i % (DISPOSITION_REJECT + 1));
		p.reason.type = (enum override_type)(i % (OVERRIDE_TRUSTED_FORWARDER + 1));
		by.legacy = i >= 8;
		ck_assert_int_eq(report_render(a, &p.report, &by, &file), RC_OK);
		valid_report(file.xml, by.legacy);
	}
	arena_free(&a);
}
END_TEST

START_TEST(unknown_source_and_overflow)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	p.rows[1].source.family = IP_NONE;
	p.rows[1].overflow = true;
	file = rendered(a, &p.report, SLICE("salt"));
	valid_report(file.xml, false);
	ck_assert(contains(file.xml, "<source_ip>0.0.0.0</source_ip>"));
	ck_assert(contains(file.xml, "<type>other</type>"));
	ck_assert(contains(file.xml, "<comment>too many different records"));
	arena_free(&a);
}
END_TEST

/* Published records that are odd, and what policy_published and error say of them. */
static const struct {
	const char *record, *shown;
	bool several;
} records[] = {
	{ "v=DMARC1; p=none; rua=mailto:a@b.c", "<p>none</p>\n  <fo>0</fo>\n  <testing>n</testing>", false },
	{ "v=DMARC1; rua=mailto:a@b.c", "<error>p= is missing", false },
	{ "v=DMARC1; p=x; rua=mailto:a@b.c", "<p>none</p>\n  <fo>", false },
	{ "v=DMARC1; p=reject; sp=x; rua=mailto:a@b.c", "<p>reject</p>\n  <fo>", false },
	{ "v=DMARC1; p=reject; fo=x; rua=mailto:a@b.c", "<fo>0</fo>", false },
	{ "v=DMARC1; p=reject; fo=0:d; rua=mailto:a@b.c", "<fo>0:d</fo>", false },
	{ "v=DMARC1; p=reject; fo=S; rua=mailto:a@b.c", "<fo>S</fo>", false },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.c", "<error>there are several DMARC records", true },
	{ "v=DMARC1; p=reject; sp=<&\x01\xff; rua=mailto:a@b.c", "<error>sp=&lt;&amp;\\x01\\xff is not", false },
};

START_TEST(U_09_U_46_records)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	ck_assert_int_eq(dmarc_record_parse(slice_str(records[_i].record), &p.report.policy.record),
	    DMARC_RECORD_OK);
	p.report.policy.several_records = records[_i].several;
	file = rendered(a, &p.report, SLICE("salt"));
	valid_report(file.xml, false);
	ck_assert_msg(contains(file.xml, records[_i].shown), "%s: %.*s", records[_i].record,
	    SLICE_ARG(file.xml));
	arena_free(&a);
}
END_TEST

START_TEST(U_46_what_is_left_out_is_said)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_file file;
	struct plain p;

	plain_report(&p);
	p.report.rows_left_out = 7;
	p.report.messages_left_out = 1000;
	file = rendered(a, &p.report, SLICE("salt"));
	valid_report(file.xml, false);
	ck_assert(contains(file.xml, "<error>1000 messages in 7 further records are left out"));
	arena_free(&a);
}
END_TEST

/* --- the message -------------------------------------------------------------------------------------------------- */

static void check_lines(struct slice octets)
{
	struct slice rest = octets;

	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		ck_assert_msg(line.len > 0 && line.ptr[line.len - 1] == '\r' && line.len <= 998, "%.*s",
		    SLICE_ARG(line));
		for (size_t i = 0; i + 1 < line.len; i++)
			ck_assert(line.ptr[i] == '\t' || (line.ptr[i] >= ' ' && line.ptr[i] < 127));
	}
}

START_TEST(U_31_U_32_message)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_sender by = sender(false);
	struct report_message m;
	struct report_file file;
	struct plain p;
	struct slice header;

	plain_report(&p);
	file = rendered(a, &p.report, by.salt);
	ck_assert_int_eq(report_message(a, &p.report, &file, &by, 1728100000, &m), RC_OK);
	ck_slice_eq(m.subject, arena_printf(a,
	    "Report Domain: example.com Submitter: mx.receiver.example Report-ID: <%.*s>", SLICE_ARG(file.id)));
	ck_slice_eq(m.message_id, arena_printf(a, "<%.*s@mx.receiver.example>", SLICE_ARG(file.id)));
	header = arena_printf(a, "From: dmarc@mx.receiver.example\r\n"
	    "Date: Sat, 05 Oct 2024 03:46:40 +0000\r\n"
	    "Message-ID: <%.*s@mx.receiver.example>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Subject: Report Domain: example.com Submitter: mx.receiver.example\r\n"
	    "\tReport-ID: <%.*s>\r\n"
	    "Content-Type: multipart/mixed;\r\n"
	    "\tboundary=\"assay-report-%.*s\"\r\n\r\n", SLICE_ARG(file.id), SLICE_ARG(file.id), SLICE_ARG(file.id));
	ck_slice_eq(slice_take(m.octets, header.len), header);
	ck_assert(contains(m.octets, "\r\nContent-Type: application/gzip;"));
	ck_assert(contains(m.octets, "\r\nContent-Disposition: attachment;"));
	ck_assert(contains(m.octets, file.name.ptr));
	check_lines(m.octets);
	arena_free(&a);
}
END_TEST

/* Names of 253 octets, the longest there are. */
START_TEST(U_32_long_names)
{
	static const char label[] = "a234567890123456789012345678901234567890123456789012345678901.";
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice name = arena_printf(a, "%s%s%s%s", label, label, label, "a2345678901234567890.example");
	struct report_sender by = sender(false);
	struct report_message m;
	struct report_file file;
	struct plain p;

	plain_report(&p);
	p.report.policy.domain = by.domain.name = name;
	ck_assert_int_eq(report_render(a, &p.report, &by, &file), RC_OK);
	ck_assert_int_eq(report_message(a, &p.report, &file, &by, 0, &m), RC_OK);
	check_lines(m.octets);
	arena_free(&a);
}
END_TEST

START_TEST(out_of_memory)
{
	struct report_sender by = sender(false);
	struct report_message m;
	struct report_file file;
	struct plain p;

	plain_report(&p);
	for (size_t size = 0; size < 20000; size += 500) {
		struct arena *a = arena_create(size);

		if (a != NULL && report_render(a, &p.report, &by, &file) == RC_OK)
			(void)!report_message(a, &p.report, &file, &by, 0, &m);
		arena_free(&a);
	}
}
END_TEST

Suite *aggregate_suite(void)
{
	Suite *s = suite_create("aggregate");

	UNIT_TEST(s, U_04_to_U_21_every_octet);
	UNIT_TEST(s, U_48_legacy);
	UNIT_TEST(s, U_27_U_34_same_rows_same_octets);
	UNIT_TEST(s, U_28_U_29_names);
	UNIT_TEST(s, U_30_gzip_holds_the_xml);
	UNIT_TABLE(s, U_26_hostile_octets, hostile);
	UNIT_TEST(s, U_13_U_16_U_20_words);
	UNIT_TEST(s, unknown_source_and_overflow);
	UNIT_TABLE(s, U_09_U_46_records, records);
	UNIT_TEST(s, U_46_what_is_left_out_is_said);
	UNIT_TEST(s, U_31_U_32_message);
	UNIT_TEST(s, U_32_long_names);
	UNIT_TEST(s, out_of_memory);
	return s;
}
