#include "base/limits.h"

#include "compose.h"

#include "report/message.h"

#define BOUNDARY "assay-report-"

static void put_boundary(struct buf *out, const struct report_file *file, const char *end)
{
	buf_addf(out, "--" BOUNDARY "%.*s%s\r\n", SLICE_ARG(file->id), end);
}

/* For a person who opens the message; the attachment is the report. */
static void put_annotation(struct buf *out, const struct report *r, const struct report_file *file,
    const struct report_sender *by)
{
	struct buf text = BUF_INIT(LIMIT_REPORT_TEXT);

	put_boundary(out, file, "");
	buf_add_str(out, "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
	buf_addf(&text, "This is a DMARC aggregate report (RFC 9990). It is about the mail whose author domain\n"
	    "is covered by the DMARC record at\n\n    _dmarc.%.*s\n\nand that was received during one day, "
	    "which began on\n\n    ", SLICE_ARG(r->policy.domain));
	compose_date(&text, report_begin(r));
	buf_addf(&text, "\n\nNumber of messages: %llu. The attachment has the details. It was sent because that\n"
	    "record asks for reports (rua=). Questions: %.*s\n", (unsigned long long)r->messages,
	    SLICE_ARG(by->contact));
	if (buf_failed(&text))
		out->failed = true;
	compose_text(out, buf_slice(&text));
	buf_free(&text);
}

/* Section 3.5.2: the report is an attachment with the media type and the name that are prescribed. */
static void put_attachment(struct buf *out, const struct report_file *file)
{
	put_boundary(out, file, "");
	buf_addf(out, "Content-Type: application/gzip; name=\"%.*s\"\r\n", SLICE_ARG(file->name));
	buf_add_str(out, "Content-Transfer-Encoding: base64\r\n");
	buf_addf(out, "Content-Disposition: attachment; filename=\"%.*s\"\r\n\r\n",
	    SLICE_ARG(file->name));
	compose_base64(out, file->gzip);
	put_boundary(out, file, "--");
}

enum rc report_message(struct arena *a, const struct report *r, const struct report_file *file,
    const struct report_sender *by, int64_t now, struct report_message *out)
{
	struct buf b = BUF_INIT(LIMIT_REPORT_MESSAGE), type = BUF_INIT(LIMIT_REPORT_TEXT);

	/* section 3.5.2: the id of the report is used for the message, too */
	out->message_id = arena_printf(a, "<%.*s@%.*s>", SLICE_ARG(file->id),
	    SLICE_ARG(by->domain.name));
	out->subject = arena_printf(a, "Report Domain: %.*s Submitter: %.*s Report-ID: <%.*s>",
	    SLICE_ARG(r->policy.domain), SLICE_ARG(by->domain.name), SLICE_ARG(file->id));
	compose_begin(&b, by->from, now, out->message_id);
	compose_field(&b, "Subject", out->subject);
	buf_addf(&type, "multipart/mixed; boundary=\"" BOUNDARY "%.*s\"", SLICE_ARG(file->id));
	compose_field(&b, "Content-Type", buf_slice(&type));
	buf_add_str(&b, "\r\n");
	put_annotation(&b, r, file, by);
	put_attachment(&b, file);
	b.failed = b.failed || buf_failed(&type);
	buf_free(&type);
	out->octets = arena_take_buf(a, &b);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
