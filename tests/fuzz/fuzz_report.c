/*
 * Aggregate reports (report/aggregate.h, report/external.h): rows and rua= lists with any octets in them; the header of
 * a failed message (report/redact.h).
 */
#include <stdint.h>
#include <stdlib.h>

#include <libxml/parser.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "mail/reader.h"
#include "report/build.h"
#include "report/external.h"
#include "report/message.h"
#include "report/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is taken for an address can stand in an SMTP command. */
static void check_addresses(struct arena *a, struct slice list)
{
	struct report_address to;
	struct slice uri;

	while (dmarc_next_uri(&list, &uri)) {
		if (!report_address_of(a, uri, &to))
			continue;
		if (to.address.len == 0 || to.address.len > 254 || domain_labels(to.host) < 2)
			abort();
		for (size_t i = 0; i < to.address.len; i++)
			if (to.address.ptr[i] < ' ' || to.address.ptr[i] > '~')
				abort();
	}
}

/* Failure reports: whatever is in a header, lines of the redacted one begin with a field name or a tab. */
static void check_redaction(struct slice whole)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct redactor r = { a, SLICE("secret"), SLICE("example.com") };
	struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);
	struct message m;
	struct slice rest;

	if (a == NULL)
		return;
	message_init(&m, a);
	(void)read_headers(&m, whole);
	redact_header(&r, &m, true, &out);
	for (rest = buf_slice(&out); rest.len > 0;) {
		struct slice line = slice_split(&rest, '\n');

		if (line.len == 0 || line.len > 998 || (!is_alnum(line.ptr[0]) && line.ptr[0] != '\t'))
			abort();
		for (size_t i = 0; i < line.len; i++)
			if (!is_vchar(line.ptr[i]) && !is_wsp(line.ptr[i]))
				abort();
	}
	buf_free(&out);
	arena_free(&a);
}

/* The parts of the input, between its newlines, again and again. */
struct parts {
	struct slice whole, rest;
};

static struct slice next(struct parts *p)
{
	if (slice_is_null(p->rest))
		p->rest = p->whole;
	return slice_take(slice_split(&p->rest, '\n'), LIMIT_REPORT_FIELD);
}

static void fill(struct parts *p, struct report_row *row, struct report_dkim *dkim,
    struct report_reason *reason)
{
	*dkim = (struct report_dkim){ next(p), next(p), (enum auth_result)(p->whole.len % 8), next(p) };
	*reason = (struct report_reason){ (enum override_type)(p->whole.len % 5), next(p) };
	*row = (struct report_row){ .day = 20000, .count = 1, .dkim = dkim, .dkim_count = 1,
		.reasons = reason, .reason_count = 1, .header_from = next(p), .envelope_from = next(p),
		.envelope_to = next(p), .spf = { next(p), (enum auth_result)(p->whole.len % 8) },
		.disposition = (enum disposition)(p->whole.len % 4) };
	row->policy.domain = SLICE("example.com");
	row->policy.text = SLICE("v=DMARC1; p=none; rua=mailto:d@example.com");
	if (dmarc_record_parse(next(p), &row->policy.record) == DMARC_RECORD_OK)
		row->policy.text = row->policy.record.text;
	else if (dmarc_record_parse(row->policy.text, &row->policy.record) != DMARC_RECORD_OK)
		abort();
}

static void check_report(struct arena *a, const struct report *r)
{
	struct report_sender by = { .organization = r->rows[0].header_from, .from = SLICE("d@mx.example"),
		.domain = { SLICE("mx.example") }, .contact = SLICE("d@mx.example"), .salt = SLICE("salt") };
	struct report_message message;
	struct report_file file;

	for (int i = 0; i < 2; i++) {
		xmlDocPtr doc;

		by.legacy = i == 1;
		if (report_render(a, r, &by, &file) != RC_OK ||
		    report_message(a, r, &file, &by, 0, &message) != RC_OK)
			abort();
		doc = xmlReadMemory(file.xml.ptr, (int)file.xml.len, "report", NULL, XML_PARSE_NONET |
		    XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
		if (doc == NULL)
			abort();
		xmlFreeDoc(doc);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_REPORT_ARENA);
	struct slice whole = { (const char *)data, size };
	struct parts parts = { whole, whole };
	struct report_builder *b = a == NULL ? NULL : report_builder_new(a);
	const struct report_set *set;
	struct report_reason reason;
	struct report_dkim dkim;
	struct report_row row;

	if (b == NULL)
		return 0;
	check_addresses(a, whole);
	check_redaction(whole);
	for (int i = 0; i < 3; i++) {
		fill(&parts, &row, &dkim, &reason);
		if (report_builder_add(b, &row) != RC_OK)
			abort();
	}
	set = report_builder_end(b);
	for (size_t i = 0; i < set->count; i++)
		check_report(a, &set->items[i]);
	arena_free(&a);
	return 0;
}
