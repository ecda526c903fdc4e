#include "base/ascii.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/log.h"
#include "mail/taglist.h"

#include "dmarc/record.h"

static const char *const policy_words[] = { "none", "quarantine", "reject", NULL };
static const char *const alignment_words[] = { "r", "s", NULL };
static const char *const psd_words[] = { "u", "y", "n", NULL };
static const char *const testing_words[] = { "n", "y", NULL };

const char *dmarc_policy_text(enum dmarc_policy policy)
{
	return policy_words[policy];
}

enum dmarc_policy dmarc_policy_weaker(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

/* Which of the words, or -1.  ABNF strings have no case (RFC 5234 section 2.3). */
static int word_index(struct slice value, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (slice_ieq(value, slice_str(words[i])))
			return i;
	return -1;
}

/* --- reporting URIs (section 4.6) ---------------------------------------------------------- */

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )   (RFC 3986 section 3.1) */
static bool take_scheme(struct cursor *c, struct slice *out)
{
	const char *p = c->at;

	if (p == c->end || !is_alpha(*p))
		return false;
	while (p < c->end && (is_alnum(*p) || *p == '+' || *p == '-' || *p == '.'))
		p++;
	*out = slice_between(c->at, p);
	c->at = p;
	return true;
}

/* unreserved / reserved (RFC 3986 section 2) without "!" and ",", which must be encoded here */
static bool is_uri_octet(char c)
{
	return is_alnum(c) || is_one_of(c, "-._~:/?#[]@$&'()*+;=");
}

/* pct-encoded = "%" HEXDIG HEXDIG */
static bool take_pct_encoded(struct cursor *c)
{
	if (cursor_left(c) < 3 || c->at[0] != '%' || hex_value(c->at[1]) < 0 ||
	    hex_value(c->at[2]) < 0)
		return false;
	c->at += 3;
	return true;
}

static bool is_uri_text(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct slice plain;

	while (take_while(&c, is_uri_octet, &plain) || take_pct_encoded(&c))
		;
	return s.len > 0 && cursor_done(&c);
}

/* A report needs a recipient, which RFC 6068 by itself does not ask for. */
static bool has_recipient(struct slice mailto)
{
	struct slice to = slice_take(mailto, slice_find(mailto, '?'));
	size_t at = slice_rfind(to, '@');

	return at > 0 && at + 1 < to.len;
}

static bool is_uri(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct slice scheme;

	if (!take_scheme(&c, &scheme) || !take_char(&c, ':') || !is_uri_text(cursor_rest(&c)))
		return false;
	return !slice_ieq(scheme, SLICE("mailto")) || has_recipient(cursor_rest(&c));
}

/* obs-dmarc-report-size = "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] */
static struct slice without_size(struct slice s)
{
	size_t bang = slice_rfind(s, '!');
	struct cursor c = cursor_of(slice_drop(s, bang + 1));
	struct slice digits;

	if (!take_while(&c, is_digit, &digits))
		return s;
	if (!cursor_done(&c) && is_one_of(ascii_lower(*c.at), "kmgt"))
		c.at++;
	return cursor_done(&c) ? slice_take(s, bang) : s;
}

/* dmarc-urilist = uri *( *WSP "," *WSP uri ) */
bool dmarc_next_uri(struct slice *rest, struct slice *uri_out)
{
	while (!slice_is_null(*rest)) {
		struct slice uri = without_size(slice_trim(slice_split(rest, ',')));

		if (is_uri(uri)) {
			*uri_out = uri;
			return true;
		}
	}
	return false;
}

/* --- values of tags, each false for a value it cannot have --------------------------------- */

static bool read_policy(struct dmarc_policy_tag *out, struct slice value)
{
	int word = word_index(value, policy_words);

	out->state = word < 0 ? DMARC_TAG_INVALID : DMARC_TAG_VALID;
	out->policy = word < 0 ? DMARC_POLICY_NONE : (enum dmarc_policy)word;
	return word >= 0;
}

static bool read_p(struct dmarc_record *r, struct slice value)
{
	return read_policy(&r->p, value);
}

static bool read_sp(struct dmarc_record *r, struct slice value)
{
	return read_policy(&r->sp, value);
}

static bool read_np(struct dmarc_record *r, struct slice value)
{
	return read_policy(&r->np, value);
}

static bool read_alignment(enum dmarc_alignment_mode *out, struct slice value)
{
	int word = word_index(value, alignment_words);

	if (word >= 0)
		*out = (enum dmarc_alignment_mode)word;
	return word >= 0;
}

static bool read_adkim(struct dmarc_record *r, struct slice value)
{
	return read_alignment(&r->adkim, value);
}

static bool read_aspf(struct dmarc_record *r, struct slice value)
{
	return read_alignment(&r->aspf, value);
}

static bool read_psd(struct dmarc_record *r, struct slice value)
{
	int word = word_index(value, psd_words);

	if (word >= 0)
		r->psd = (enum dmarc_psd)word;
	return word >= 0;
}

static bool read_t(struct dmarc_record *r, struct slice value)
{
	int word = word_index(value, testing_words);

	r->testing = word == 1;
	return word >= 0;
}

/* dmarc-fo: each option at most once, "0" and "1" exclude each other, in any order */
static bool read_fo(struct dmarc_record *r, struct slice value)
{
	static const char *const words[] = { "0", "1", "d", "s", NULL };
	struct slice rest = value;
	unsigned options = 0;

	r->fo = value;
	while (!slice_is_null(rest)) {
		int word = word_index(slice_trim(slice_split(&rest, ':')), words);

		if (word < 0 || (options & 1u << word) != 0)
			return false;
		options |= 1u << word;
	}
	if ((options & DMARC_FO_ALL) != 0 && (options & DMARC_FO_ANY) != 0)
		return false;
	r->failure_options = options;
	return true;
}

static bool read_rua(struct dmarc_record *r, struct slice value)
{
	struct slice rest = value, uri;

	r->rua = value;
	r->rua_valid = dmarc_next_uri(&rest, &uri);
	return r->rua_valid;
}

static bool read_ruf(struct dmarc_record *r, struct slice value)
{
	struct slice rest = value, uri;

	r->ruf = value;
	return dmarc_next_uri(&rest, &uri);
}

/* --- records ------------------------------------------------------------------------------- */

static const struct tag_rule {
	const char *name;
	bool (*read)(struct dmarc_record *r, struct slice value);
	const char *refused; /* for the owner of another value */
} rules[] = {
	{ "p", read_p, " is not none, quarantine or reject" },
	{ "sp", read_sp, " is not none, quarantine or reject" },
	{ "np", read_np, " is not none, quarantine or reject" },
	{ "adkim", read_adkim, " is not r or s" },
	{ "aspf", read_aspf, " is not r or s" },
	{ "psd", read_psd, " is not y, n or u" },
	{ "t", read_t, " is not y or n" },
	{ "fo", read_fo, " is not 0 or 1, d and s, separated by colons" },
	{ "rua", read_rua, " has no URI such as mailto:dmarc@example.com" },
	{ "ruf", read_ruf, " has no URI such as mailto:dmarc@example.com" },
};

/*
 * The text before the next ";".  Without "=" the value is null; an empty one may be the end of
 * the record ("[dmarc-sep]").  false when nothing is left.
 */
static bool next_tag(struct slice *rest, struct tag *out)
{
	struct slice spec;
	size_t equals;

	if (slice_is_null(*rest))
		return false;
	spec = slice_trim(slice_split(rest, ';'));
	equals = slice_find(spec, '=');
	out->name = slice_trim(slice_take(spec, equals));
	out->value = equals == spec.len ? SLICE_NULL : slice_trim(slice_drop(spec, equals + 1));
	return true;
}

/* dmarc-version = "v" equals %s"DMARC1" */
static enum dmarc_record_status begins(struct slice text, struct slice *rest_out)
{
	struct slice rest = text;
	struct tag v;

	if (!next_tag(&rest, &v) || !slice_ieq(v.name, SLICE("v")) ||
	    !slice_istarts_with(v.value, SLICE("DMARC1")))
		return DMARC_RECORD_OTHER;
	if (!slice_eq(v.value, SLICE("DMARC1")) || text.len > LIMIT_DMARC_RECORD)
		return DMARC_RECORD_SYNTAX;
	*rest_out = rest;
	return DMARC_RECORD_OK;
}

/* How often a tag occurs; *value_out: the first time.  A value that is there is never null. */
static size_t occurrences(struct slice tags, const char *name, struct slice *value_out)
{
	struct slice rest = tags;
	struct tag tag;
	size_t n = 0;

	while (next_tag(&rest, &tag)) {
		if (slice_ieq(tag.name, slice_str(name)) && n++ == 0)
			*value_out = slice_is_null(tag.value) ? SLICE("") : tag.value;
	}
	return n;
}

enum dmarc_record_status dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
	struct dmarc_record r = { .text = text, .failure_options = DMARC_FO_ALL };
	struct slice tags, value;
	enum dmarc_record_status status = begins(text, &tags);

	if (status != DMARC_RECORD_OK)
		return status;
	for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
		size_t n = occurrences(tags, rules[i].name, &value);

		/* what it refuses leaves the default, or an invalid policy tag */
		if (n > 0)
			(void)rules[i].read(&r, n == 1 ? value : SLICE(""));
	}
	if (r.psd == DMARC_PSD_YES)
		r.ruf = SLICE_NULL;
	*out = r;
	return DMARC_RECORD_OK;
}

/* --- remarks for the owner ----------------------------------------------------------------- */

struct remarks {
	void (*remark)(void *ctx, const char *text);
	void *ctx;
};

/* One remark; name and value are the owner's octets. */
static void say(const struct remarks *to, struct slice name, const char *middle, struct slice value,
    const char *end)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);

	log_escape(&text, name);
	buf_add_str(&text, middle);
	log_escape(&text, value);
	buf_add_str(&text, end);
	to->remark(to->ctx, buf_cstr(&text));
	buf_free(&text);
}

static void say_text(const struct remarks *to, const char *text)
{
	say(to, SLICE_NULL, text, SLICE_NULL, "");
}

static bool is_known(struct slice name)
{
	for (size_t i = 0; i < N_ELEMENTS(rules); i++)
		if (slice_ieq(name, slice_str(rules[i].name)))
			return true;
	return false;
}

/* Tags that no rule reads; pct, rf and ri are historic (RFC 9989 section 9.3). */
static void remark_unknown(const struct remarks *to, struct slice tags)
{
	static const char *const historic[] = { "pct", "rf", "ri", NULL };
	struct tag tag;

	while (next_tag(&tags, &tag)) {
		if (slice_is_null(tag.value)) {
			if (tag.name.len > 0)
				say(to, tag.name, " is ignored: it has no \"=\"", SLICE_NULL, "");
		} else if (word_index(tag.name, historic) >= 0) {
			say(to, tag.name, "= is ignored since RFC 9989", SLICE_NULL, "");
		} else if (!is_known(tag.name)) {
			say(to, tag.name, "= is not a DMARC tag: it is ignored", SLICE_NULL, "");
		}
	}
}

static void remark_values(const struct remarks *to, struct slice tags)
{
	struct dmarc_record scratch = { .psd = DMARC_PSD_UNKNOWN };
	struct slice value;

	for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
		struct slice name = slice_str(rules[i].name);
		size_t n = occurrences(tags, rules[i].name, &value);

		if (n > 1)
			say(to, name, "= occurs more than once; all occurrences are ignored",
			    SLICE_NULL, "");
		else if (n == 1 && !rules[i].read(&scratch, value))
			say(to, name, "=", value, rules[i].refused);
	}
}

/* URIs that dmarc_next_uri() passes over although the list has others, and old size suffixes. */
static void remark_uris(const struct remarks *to, const char *tag, struct slice list)
{
	struct slice all = list, uri;

	if (!dmarc_next_uri(&all, &uri))
		return;
	while (!slice_is_null(list)) {
		struct slice written = slice_trim(slice_split(&list, ','));

		uri = without_size(written);
		if (!is_uri(uri))
			say(to, slice_str(tag), "= contains an invalid URI: ", written, "");
		else if (uri.len < written.len)
			say(to, slice_str(tag), "= contains an obsolete size limit, which is ignored: ",
			    written, "");
	}
}

static void remark_policies(const struct remarks *to, const struct dmarc_record *r)
{
	bool valid = r->p.state == DMARC_TAG_VALID && r->sp.state != DMARC_TAG_INVALID &&
	    r->np.state != DMARC_TAG_INVALID;

	if (r->p.state == DMARC_TAG_ABSENT)
		say_text(to, "p= is missing");
	if (!valid && r->rua_valid)
		say_text(to, "the record is treated as p=none (RFC 9989 section 4.10.1)");
	if (!valid && !r->rua_valid)
		say_text(to, "the record has no effect: no valid policy and no valid rua= "
		    "(RFC 9989 section 4.10.1)");
}

static void remark_faults(const struct remarks *to, const struct dmarc_record *r, struct slice tags)
{
	remark_values(to, tags);
	remark_uris(to, "rua", r->rua);
	remark_uris(to, "ruf", r->ruf);
	remark_policies(to, r);
}

void dmarc_record_faults(const struct dmarc_record *record,
    void (*fault)(void *ctx, const char *text), void *ctx)
{
	struct remarks to = { fault, ctx };
	struct slice tags;

	if (begins(record->text, &tags) == DMARC_RECORD_OK)
		remark_faults(&to, record, tags);
}

void dmarc_record_remarks(const struct dmarc_record *record,
    void (*remark)(void *ctx, const char *text), void *ctx)
{
	struct remarks to = { remark, ctx };
	struct slice tags, ruf;

	if (begins(record->text, &tags) != DMARC_RECORD_OK)
		return;
	remark_unknown(&to, tags);
	remark_faults(&to, record, tags);
	if (record->testing)
		say_text(&to, "t=y: receivers apply the policy one step weaker");
	if (slice_is_null(record->rua))
		say_text(&to, "rua= is missing: no aggregate reports will be sent");
	if (!slice_is_null(record->fo) && slice_is_null(record->ruf))
		say_text(&to, "fo= has no effect without ruf=");
	if (record->psd == DMARC_PSD_YES && occurrences(tags, "ruf", &ruf) > 0)
		say_text(&to, "ruf= is ignored with psd=y (RFC 9991 section 2)");
}
