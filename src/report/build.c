#include "base/limits.h"
#include "crypto/digest.h"
#include "mail/message.h"

#include "report/build.h"

struct report_builder {
	struct arena *arena;
	struct report_set set;
	struct report_row *rows;  /* of the last report */
	size_t row_cap;
	struct slice policy;      /* of the last report, encoded */
	size_t octets;            /* that its XML has at most */
};

/* Upper bounds for the XML of a row and of a part of it, not counting its texts. */
#define ROW_OCTETS    1200u
#define PART_OCTETS   300u
#define ESCAPED       6u /* "&quot;" for one octet */
#define OTHER_OCTETS  (20 * LIMIT_REPORT_TEXT) /* metadata, policy */

static size_t text_octets(struct slice text)
{
	return ESCAPED * text.len;
}

/* What the record of a row has at most. */
static size_t record_octets(const struct report_row *row)
{
	size_t n = ROW_OCTETS + text_octets(row->header_from) + text_octets(row->envelope_from) +
	    text_octets(row->envelope_to) + text_octets(row->spf.domain);

	for (size_t i = 0; i < row->reason_count; i++)
		n += PART_OCTETS + text_octets(row->reasons[i].comment);
	for (size_t i = 0; i < row->dkim_count; i++)
		n += PART_OCTETS + text_octets(row->dkim[i].domain) + text_octets(row->dkim[i].selector) +
		    text_octets(row->dkim[i].human_result);
	return n;
}

struct report_builder *report_builder_new(struct arena *a)
{
	struct report_builder *b = arena_new(a, struct report_builder);

	if (b == NULL)
		return NULL;
	b->arena = a;
	return b;
}

/* A short hash of the policy, in letters and digits, that distinguishes the reports of one day and domain. */
static enum rc make_variant(struct arena *a, struct slice policy, struct slice *out)
{
	unsigned char hash[SHA256_OCTETS];
	struct buf digits = BUF_INIT(16);

	TRY(sha256(policy, hash));
	for (size_t i = 0; i < 8; i++)
		buf_addf(&digits, "%02x", hash[i]);
	*out = arena_take_buf(a, &digits);
	return slice_is_null(*out) ? RC_NOMEM : RC_OK;
}

/* octets are borrowed; what the report keeps of them is copied. */
static enum rc begin_report(struct report_builder *b, const struct row_octets *octets)
{
	struct row_octets copy = { .day = octets->day, .domain = arena_copy(b->arena, octets->domain),
		.policy = arena_copy(b->arena, octets->policy), .tuple = octets->tuple };
	struct report_set *set = &b->set;
	struct report *r;
	struct report_row row;

	if (!arena_grow(b->arena, &set->items, &set->cap, set->count, sizeof(*set->items)) ||
	    arena_failed(b->arena) || !report_row_decode(b->arena, &copy, &row))
		return RC_NOMEM;
	r = &set->items[set->count];
	*r = (struct report){ .day = row.day, .policy = row.policy };
	TRY(make_variant(b->arena, copy.policy, &r->variant));
	set->count++;
	b->policy = copy.policy;
	b->rows = NULL;
	b->row_cap = 0;
	b->octets = OTHER_OCTETS;
	return RC_OK;
}

/* A copy with the policy of the report: policies are long, and rows are many. */
static enum rc keep_row(struct report_builder *b, struct report *r, struct row_octets octets,
    uint64_t count)
{
	struct report_row *row;

	octets.domain = r->policy.domain;
	octets.policy = b->policy;
	octets.tuple = arena_copy(b->arena, octets.tuple);
	if (!arena_grow(b->arena, &b->rows, &b->row_cap, r->row_count, sizeof(*b->rows)) ||
	    arena_failed(b->arena))
		return RC_NOMEM;
	r->rows = b->rows;
	row = &b->rows[r->row_count];
	if (!report_row_decode(b->arena, &octets, row))
		return RC_NOMEM;
	row->count = count;
	r->row_count++;
	return RC_OK;
}

static enum rc add_octets(struct report_builder *b, const struct report_row *row, struct slice encoded)
{
	size_t n = record_octets(row);
	struct row_octets octets;
	struct report *r;

	if (!report_row_split(encoded, &octets))
		return RC_NOMEM;
	if (b->set.count == 0 || !slice_eq(octets.policy, b->policy))
		TRY(begin_report(b, &octets));
	r = &b->set.items[b->set.count - 1];
	r->messages += row->count;
	r->aligned_pass = r->aligned_pass || row->dkim_aligned || row->spf_aligned;
	if (n <= LIMIT_REPORT_XML - b->octets) {
		b->octets += n;
		return keep_row(b, r, octets, row->count);
	}
	r->rows_left_out++;
	r->messages_left_out += row->count;
	return RC_OK;
}

enum rc report_builder_add(struct report_builder *b, const struct report_row *row)
{
	struct buf encoded = BUF_INIT(LIMIT_ARENA_BYTES);
	enum rc rc;

	report_row_encode(row, &encoded);
	rc = buf_failed(&encoded) ? RC_NOMEM : add_octets(b, row, buf_slice(&encoded));
	buf_free(&encoded);
	return rc;
}

const struct report_set *report_builder_end(struct report_builder *b)
{
	return &b->set;
}

static enum rc add_row(void *ctx, const struct report_row *row)
{
	return report_builder_add(ctx, row);
}

enum rc report_build(struct arena *a, struct store *s, int64_t day, struct slice domain,
    struct report_set *out, struct err *err)
{
	struct report_builder *b = report_builder_new(a);
	const struct report_set *set;

	if (b == NULL)
		return RC_NOMEM;
	TRY(store_rows(s, day, domain, add_row, b, err));
	set = report_builder_end(b);
	*out = *set;
	return RC_OK;
}

static struct slice first_given(struct slice one, struct slice other)
{
	return one.len > 0 ? one : other;
}

enum rc report_sender_of(struct arena *a, const struct report_settings *settings, struct store *s,
    struct report_sender *out, struct err *err)
{
	unsigned char secret[STORE_SECRET_OCTETS];
	struct report_sender by = { .from = settings->from, .contact_info = settings->contact_info,
		.legacy = settings->legacy };

	if (settings->from.len == 0 ||
	    !domain_parse(a, address_domain_part(settings->from), &by.domain))
		return err_config(err, "reports { from = \"\" }: write the address that reports come from, in a "
		    "domain that assayd signs for");
	TRY(store_secret(s, secret, err));
	by.salt = arena_copy(a, slice_of((const char *)secret, sizeof(secret)));
	by.organization = first_given(settings->organization, by.domain.name);
	by.contact = first_given(settings->contact, settings->from);
	*out = by;
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}
