#include "base/ip.h"
#include "base/limits.h"
#include "base/plural.h"
#include "crypto/digest.h"

#include "gzip.h"
#include "xmlwriter.h"

#include "report/aggregate.h"

#define NAMESPACE "urn:ietf:params:xml:ns:dmarc-2.0" /* section 3.1.1.1 */

int64_t report_begin(const struct report *r)
{
	return r->day * SECONDS_OF_DAY;
}

/* The last second, which is included. */
static int64_t report_end(const struct report *r)
{
	return report_begin(r) + SECONDS_OF_DAY - 1;
}

/* --- words of the two formats ----------------------------------------------------------------------- */

/* DKIMResultType has no softfail. */
static const char *dkim_word(enum auth_result result)
{
	return auth_result_text(result == AUTH_SOFTFAIL ? AUTH_FAIL : result);
}

/* RFC 7489's SPFResultType has no policy. */
static const char *spf_word(enum auth_result result, bool legacy)
{
	return auth_result_text(legacy && result == AUTH_POLICY ? AUTH_NONE : result);
}

/* RFC 7489's DispositionType has no pass. */
static const char *disposition_word(enum disposition d, bool legacy)
{
	return disposition_text(legacy && d == DISPOSITION_PASS ? DISPOSITION_NONE : d);
}

/* RFC 7489's PolicyOverrideType has no policy_test_mode. */
static const char *override_word(enum override_type type, bool legacy)
{
	return override_type_text(legacy && type == OVERRIDE_POLICY_TEST_MODE ? OVERRIDE_OTHER : type);
}

static const char *pass_word(bool aligned)
{
	return aligned ? "pass" : "fail";
}

/* --- elements ------------------------------------------------------------------------------------------ */

static void put_optional(struct xml_writer *w, const char *name, struct slice text)
{
	if (text.len > 0)
		xml_text(w, name, text);
}

static void add_error(struct buf *errors, const char *text)
{
	if (errors->len > 0)
		buf_add_str(errors, "; ");
	buf_add_str(errors, text);
}

static void add_fault(void *ctx, const char *text)
{
	add_error(ctx, text);
}

/*
 * Section 3.1.5: what is wrong with the record, and what this report has no room for.  Not more than
 * LIMIT_REPORT_TEXT of it: what does not fit is left out.
 */
static void put_error(struct xml_writer *w, const struct report *r)
{
	struct buf errors = BUF_INIT(LIMIT_REPORT_TEXT);

	if (r->rows_left_out > 0)
		buf_addf(&errors, "%llu %s in %zu further %s left out: the report would be too large",
		    (unsigned long long)r->messages_left_out, plural(r->messages_left_out, "message", "messages"),
		    r->rows_left_out, plural(r->rows_left_out, "record is", "records are"));
	if (r->policy.several_records)
		add_error(&errors, "there are several DMARC records at a name of the tree walk: all of them "
		    "are ignored");
	dmarc_record_faults(&r->policy.record, add_fault, &errors);
	if (errors.len > 0)
		xml_text(w, "error", buf_slice(&errors));
	buf_free(&errors);
}

/* Section 3.1.1.3 */
static void put_metadata(struct xml_writer *w, const struct report *r,
    const struct report_sender *by, struct slice id)
{
	xml_open(w, "report_metadata");
	xml_text(w, "org_name", by->organization);
	xml_text(w, "email", by->contact);
	put_optional(w, "extra_contact_info", by->contact_info);
	xml_text(w, "report_id", id);
	xml_open(w, "date_range");
	xml_number(w, "begin", (uint64_t)report_begin(r));
	xml_number(w, "end", (uint64_t)report_end(r));
	xml_close(w);
	put_error(w, r);
	if (!by->legacy)
		xml_word(w, "generator", "assay " ASSAY_VERSION);
	xml_close(w);
}

/* A record without a valid policy counts as p=none (RFC 9989 section 4.10.1). */
static enum dmarc_policy policy_of(const struct dmarc_policy_tag *tag, enum dmarc_policy fallback)
{
	return tag->state == DMARC_TAG_VALID ? tag->policy : fallback;
}

static void put_policy_tag(struct xml_writer *w, const char *name, const struct dmarc_policy_tag *tag)
{
	if (tag->state == DMARC_TAG_VALID)
		xml_word(w, name, dmarc_policy_text(tag->policy));
}

/* What RFC 7489 has between aspf and fo, sp and pct among it, and what RFC 9990 has. */
static void put_policies(struct xml_writer *w, const struct dmarc_record *r, bool legacy)
{
	enum dmarc_policy p = policy_of(&r->p, DMARC_POLICY_NONE);

	xml_word(w, "p", dmarc_policy_text(p));
	if (legacy) {
		xml_word(w, "sp", dmarc_policy_text(policy_of(&r->sp, p)));
		xml_word(w, "pct", "100");
	} else {
		put_policy_tag(w, "sp", &r->sp);
		put_policy_tag(w, "np", &r->np);
	}
}

/* fo= as published where it is valid; else what applies instead. */
static struct slice failure_options(const struct dmarc_record *r)
{
	return r->fo.len > 0 && r->failure_options != DMARC_FO_ALL ? r->fo : SLICE("0");
}

/* Section 3.1.1.5 */
static void put_policy(struct xml_writer *w, const struct report_policy *p, bool legacy)
{
	const struct dmarc_record *r = &p->record;

	xml_open(w, "policy_published");
	xml_text(w, "domain", p->domain);
	xml_word(w, "adkim", r->adkim == DMARC_STRICT ? "s" : "r");
	xml_word(w, "aspf", r->aspf == DMARC_STRICT ? "s" : "r");
	put_policies(w, r, legacy);
	xml_text(w, "fo", failure_options(r));
	if (!legacy) {
		xml_word(w, "testing", r->testing ? "y" : "n");
		xml_word(w, "discovery_method", dmarc_discovery_text(p->discovery));
	}
	xml_close(w);
}

static void put_reason(struct xml_writer *w, const struct report_reason *reason, bool legacy)
{
	xml_open(w, "reason");
	xml_word(w, "type", override_word(reason->type, legacy));
	put_optional(w, "comment", legacy && reason->type == OVERRIDE_POLICY_TEST_MODE &&
	    reason->comment.len == 0 ? SLICE("policy_test_mode") : reason->comment);
	xml_close(w);
}

/* Without brackets (RFC 3986 section 3.2.2). */
static void put_source(struct xml_writer *w, const struct ip *source)
{
	char text[IP_TEXT_SIZE];

	xml_word(w, "source_ip", source->family == IP_NONE ? "0.0.0.0" : ip_text(source, text));
}

/* Messages beyond the number of rows that are kept of a domain and day. */
static void put_overflow_reason(struct xml_writer *w, bool legacy)
{
	const struct report_reason reason = { .type = OVERRIDE_OTHER,
		.comment = SLICE("too many different records: of these messages only their number is kept") };

	put_reason(w, &reason, legacy);
}

/* Sections 3.1.1.8 and 3.1.1.9 */
static void put_row(struct xml_writer *w, const struct report_row *row, bool legacy)
{
	xml_open(w, "row");
	put_source(w, &row->source);
	xml_number(w, "count", row->count);
	xml_open(w, "policy_evaluated");
	xml_word(w, "disposition", disposition_word(row->disposition, legacy));
	xml_word(w, "dkim", pass_word(row->dkim_aligned));
	xml_word(w, "spf", pass_word(row->spf_aligned));
	for (size_t i = 0; i < row->reason_count; i++)
		put_reason(w, &row->reasons[i], legacy);
	if (row->overflow)
		put_overflow_reason(w, legacy);
	xml_close(w);
	xml_close(w);
}

/* Section 3.1.1.10 */
static void put_identifiers(struct xml_writer *w, const struct report_row *row)
{
	xml_open(w, "identifiers");
	put_optional(w, "envelope_to", row->envelope_to);
	xml_text(w, "envelope_from", row->envelope_from);
	xml_text(w, "header_from", row->header_from);
	xml_close(w);
}

/* Section 3.1.1.12: the selector must be there. */
static void put_dkim(struct xml_writer *w, const struct report_dkim *dkim)
{
	xml_open(w, "dkim");
	xml_text(w, "domain", dkim->domain);
	xml_text(w, "selector", dkim->selector);
	xml_word(w, "result", dkim_word(dkim->result));
	put_optional(w, "human_result", dkim->human_result);
	xml_close(w);
}

/* Section 3.1.1.13; of the null sender the MAIL FROM identity, too, is what was checked (RFC 7208 2.4). */
static void put_spf(struct xml_writer *w, const struct report_row *row, bool legacy)
{
	xml_open(w, "spf");
	xml_text(w, "domain", row->spf.domain);
	xml_word(w, "scope", "mfrom");
	xml_word(w, "result", spf_word(row->spf.result, legacy));
	xml_close(w);
}

static void put_record(struct xml_writer *w, const struct report_row *row, bool legacy)
{
	xml_open(w, "record");
	put_row(w, row, legacy);
	put_identifiers(w, row);
	xml_open(w, "auth_results");
	for (size_t i = 0; i < row->dkim_count; i++)
		put_dkim(w, &row->dkim[i]);
	put_spf(w, row, legacy);
	xml_close(w);
	xml_close(w);
}

/* Section 3.1.1.2 */
static enum rc write_xml(const struct report *r, const struct report_sender *by, struct slice id,
    struct buf *out)
{
	struct xml_writer *w = xml_begin(out);

	if (w == NULL)
		return RC_NOMEM;
	xml_open(w, "feedback");
	if (!by->legacy)
		xml_attribute(w, "xmlns", NAMESPACE);
	xml_word(w, "version", "1.0");
	put_metadata(w, r, by, id);
	put_policy(w, &r->policy, by->legacy);
	for (size_t i = 0; i < r->row_count; i++)
		put_record(w, &r->rows[i], by->legacy);
	xml_close(w);
	return xml_end(&w);
}

/* --- the id ----------------------------------------------------------------------------------------------- */

#define ID_DIGITS 32

/* What the id is computed over has this in its place. */
static const struct slice no_id = { "00000000000000000000000000000000", ID_DIGITS };

/*
 * The id is a hash of the report: what is built again from the same rows is the same report, and
 * reports that differ have different ids (sections 3.1.4, 3.5.1).  The variant is part of the key, because
 * reports for two policy records can have the same XML: it does not show rua.
 */
static enum rc make_id(struct arena *a, struct slice salt, struct slice variant, struct slice xml, struct slice *out)
{
	unsigned char key[SHA256_OCTETS], hash[SHA256_OCTETS];
	struct buf digits = BUF_INIT(ID_DIGITS);

	TRY(hmac_sha256(salt, variant, key));
	TRY(hmac_sha256(slice_of((const char *)key, sizeof(key)), xml, hash));
	for (size_t i = 0; i < ID_DIGITS / 2; i++)
		buf_addf(&digits, "%02x", hash[i]);
	*out = arena_take_buf(a, &digits);
	return slice_is_null(*out) ? RC_NOMEM : RC_OK;
}

/* Text of others has no "<" in the document, so the element is found where it was written. */
static void set_id(char *xml, struct slice id)
{
	char *element = strstr(xml, "<report_id>");

	memcpy(element + strlen("<report_id>"), id.ptr, id.len);
}

enum rc report_render(struct arena *a, const struct report *r, const struct report_sender *by,
    struct report_file *out)
{
	struct buf xml = BUF_INIT(LIMIT_REPORT_XML), packed = BUF_INIT(LIMIT_REPORT_XML);
	struct slice id = SLICE_NULL;
	enum rc rc = write_xml(r, by, no_id, &xml);

	if (rc == RC_OK)
		rc = make_id(a, by->salt, r->variant, buf_slice(&xml), &id);
	if (rc == RC_OK) {
		set_id(xml.ptr, id);
		rc = gzip(buf_slice(&xml), &packed);
	}
	/* section 3.5.2 */
	out->id = id;
	out->name = arena_printf(a, "%.*s!%.*s!%lld!%lld!%.*s.xml.gz", SLICE_ARG(by->domain.name),
	    SLICE_ARG(r->policy.domain), (long long)report_begin(r), (long long)report_end(r),
	    SLICE_ARG(id));
	out->xml = arena_take_buf(a, &xml);
	out->gzip = arena_take_buf(a, &packed);
	if (rc != RC_OK)
		return rc;
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
