#include "base/limits.h"
#include "crypto/digest.h"

#include "compose.h"

#include "report/failure_message.h"

#define BOUNDARY  "assay-failure-"
#define ID_OCTETS 16u

/* Keyed, so that a sender who knows the format cannot foresee it: it is in the boundary, too. */
static enum rc make_id(struct arena *a, const struct failure_report *r, const struct report_sender *by,
    struct slice *out)
{
	struct slice what = arena_printf(a, "failure\n%.*s\n%.*s", SLICE_ARG(r->incident.policy.domain),
	    SLICE_ARG(r->variant));
	struct buf digits = BUF_INIT(2 * ID_OCTETS);
	unsigned char hash[SHA256_OCTETS];

	if (slice_is_null(what))
		return RC_NOMEM;
	TRY(hmac_sha256(by->salt, what, hash));
	for (size_t i = 0; i < ID_OCTETS; i++)
		buf_addf(&digits, "%02x", hash[i]);
	*out = arena_take_buf(a, &digits);
	return slice_is_null(*out) ? RC_NOMEM : RC_OK;
}

static void put_part(struct buf *out, struct slice id, const char *type)
{
	buf_addf(out, "--" BOUNDARY "%.*s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: 7bit\r\n\r\n", SLICE_ARG(id),
	    type);
}

static void put_words(struct buf *out, const struct failure_report *r, const struct report_sender *by)
{
	struct buf text = BUF_INIT(LIMIT_REPORT_TEXT);

	buf_addf(&text, "This is a DMARC failure report (RFC 9991). Mail with the author domain\n\n    %.*s\n\n"
	    "did not authenticate as the second part says. Number of similar messages: %llu; the first\narrived on ",
	    SLICE_ARG(r->incident.header_from), (unsigned long long)r->count);
	compose_date(&text, r->incident.time);
	buf_addf(&text, ". Its header is the third part. What names a person is\nreplaced there by a hash, and other "
	    "fields are omitted (RFC 6590). It was sent because the\nrecord at _dmarc.%.*s\nasks for such reports "
	    "(ruf=). Questions: %.*s\n", SLICE_ARG(r->incident.policy.domain), SLICE_ARG(by->contact));
	if (buf_failed(&text))
		out->failed = true;
	compose_text(out, buf_slice(&text));
	buf_free(&text);
}

/* RFC 5965 section 3.1, RFC 6591 section 3.1: each of these fields once. */
static void put_feedback(struct buf *out, const struct failure_report *r)
{
	uint64_t count = r->count < UINT32_MAX ? r->count : UINT32_MAX;

	buf_add_str(out, "Feedback-Type: auth-failure\r\nUser-Agent: assay/" ASSAY_VERSION "\r\nVersion: 1\r\n"
	    "Arrival-Date: ");
	compose_date(out, r->incident.time);
	buf_addf(out, "\r\nIncidents: %llu\r\n", (unsigned long long)count);
	compose_text(out, r->incident.feedback);
}

/* RFC 5965 section 2 (f): the subject of the message, with "FW:" before it. */
static struct slice subject_of(struct arena *a, const struct failure_report *r)
{
	struct slice subject = r->incident.subject;

	return subject.len == 0 ? arena_printf(a, "FW: [redacted]") : arena_printf(a, "FW: %.*s", SLICE_ARG(subject));
}

static void put_header(struct arena *a, struct buf *out, const struct report_sender *by, int64_t now,
    const struct failure_message *m)
{
	struct slice id = arena_printf(a, "<%.*s@%.*s>", SLICE_ARG(m->id), SLICE_ARG(by->domain.name));
	struct slice type = arena_printf(a, "multipart/report; report-type=feedback-report; boundary=\"" BOUNDARY
	    "%.*s\"", SLICE_ARG(m->id));

	compose_begin(out, by->from, now, id);
	compose_field(out, "Subject", m->subject);
	compose_field(out, "Content-Type", type);
	buf_add_str(out, "\r\n");
}

enum rc failure_message(struct arena *a, const struct failure_report *r, const struct report_sender *by,
    int64_t now, struct failure_message *out)
{
	struct buf b = BUF_INIT(LIMIT_FAILURE_MESSAGE);

	TRY(make_id(a, r, by, &out->id));
	out->subject = subject_of(a, r);
	put_header(a, &b, by, now, out);
	put_part(&b, out->id, "text/plain; charset=us-ascii");
	put_words(&b, r, by);
	put_part(&b, out->id, "message/feedback-report");
	put_feedback(&b, r);
	put_part(&b, out->id, "text/rfc822-headers");
	compose_text(&b, r->incident.header);
	buf_addf(&b, "--" BOUNDARY "%.*s--\r\n", SLICE_ARG(out->id));
	out->octets = arena_take_buf(a, &b);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
