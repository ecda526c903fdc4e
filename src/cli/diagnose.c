#include <stdio.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/plural.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "mail/reader.h"

#include "cli/command.h"
#include "cli/diagnose.h"

/* A larger message is not verified again and again. */
#define LIMIT_DIAGNOSED (4u * 1024 * 1024)
/* Lines that a footer, or what is put before a text, may have. */
#define LIMIT_ADDED_LINES 60u

/* --- the parts of a message, as they are in the file   ---------------------------------------- */

struct parts {
	struct slice header; /* with its last line end */
	struct slice body;   /* with the empty line before it */
};

static struct parts parts_of(struct slice text)
{
	struct arena *a = arena_create(2 * (size_t)LIMIT_ARENA_BYTES);
	struct parts p = { .header = text, .body = SLICE("") };
	struct slice body;
	struct message m;

	if (a == NULL)
		return p;
	message_init(&m, a);
	m.max_header_bytes = m.max_header_fields = LIMIT_FILE_BYTES;
	body = read_headers(&m, text);
	p.header = slice_take(text, text.len - body.len);
	p.body = slice_drop(text, text.len - body.len);
	arena_free(&a);
	return p;
}

/* The first line with its end; *rest is what follows. */
static struct slice take_line(struct slice *rest)
{
	size_t lf = slice_find(*rest, '\n');
	struct slice line = slice_take(*rest, lf == rest->len ? lf : lf + 1);

	*rest = slice_drop(*rest, line.len);
	return line;
}

/* A field with its folded lines. */
static struct slice take_field(struct slice *rest)
{
	struct slice all = *rest;

	take_line(rest);
	while (rest->len > 0 && is_wsp(rest->ptr[0]))
		take_line(rest);
	return slice_take(all, all.len - rest->len);
}

static bool is_named(struct slice field, const char *name)
{
	struct slice wanted = slice_str(name);

	return slice_istarts_with(field, wanted) && field.len > wanted.len &&
	    (field.ptr[wanted.len] == ':' || is_wsp(field.ptr[wanted.len]));
}

/* --- changes, undone -------------------------------------------------------------------------- */

/*
 * Each function assumes that a certain change was made to the message, and writes the message without it.
 * n selects one of the places where the change is possible.  false: there is no nth place.
 */

/* A footer of n + 1 lines. */
static bool without_footer(const struct parts *p, unsigned n, struct buf *out)
{
	size_t end = p->body.len;

	for (unsigned i = 0; i <= n; i++) {
		if (end == 0)
			return false;
		end--; /* the line's own end */
		while (end > 0 && p->body.ptr[end - 1] != '\n')
			end--;
	}
	buf_add(out, p->header);
	buf_add(out, slice_take(p->body, end));
	return n < LIMIT_ADDED_LINES;
}

/* n + 1 lines before the text. */
static bool without_banner(const struct parts *p, unsigned n, struct buf *out)
{
	struct slice rest = p->body;

	for (unsigned i = 0; i <= n; i++) {
		if (rest.len == 0)
			return false;
		take_line(&rest);
	}
	buf_add(out, p->header);
	buf_add(out, rest);
	return n < LIMIT_ADDED_LINES;
}

static void add_without_trailing_blanks(struct slice text, struct buf *out)
{
	while (text.len > 0) {
		struct slice line = take_line(&text), end = line;

		while (line.len > 0 && is_fws(line.ptr[line.len - 1]))
			line.len--;
		buf_add(out, line);
		end = slice_drop(end, line.len);
		buf_add(out, slice_drop(end, slice_find(end, '\r') < end.len ?
		    slice_find(end, '\r') : slice_find(end, '\n')));
	}
}

static bool without_trailing_blanks(const struct parts *p, unsigned n, struct buf *out)
{
	buf_add(out, p->header);
	add_without_trailing_blanks(p->body, out);
	return n == 0;
}

/* "Subject: Re: [tag] words": the first bracketed tag and the blanks after it */
static void add_without_tag(struct slice field, struct buf *out)
{
	size_t open = slice_find(field, '['), close = slice_find(field, ']');
	struct slice rest;

	if (open > close || close == field.len) {
		buf_add(out, field);
		return;
	}
	rest = slice_drop(field, close + 1);
	while (rest.len > 0 && is_wsp(rest.ptr[0]))
		rest = slice_drop(rest, 1);
	buf_add(out, slice_take(field, open));
	buf_add(out, rest);
}

static void add_header_without_tag(struct slice header, struct buf *out)
{
	while (header.len > 0) {
		struct slice field = take_field(&header);

		if (is_named(field, "Subject"))
			add_without_tag(field, out);
		else
			buf_add(out, field);
	}
}

static bool without_subject_tag(const struct parts *p, unsigned n, struct buf *out)
{
	add_header_without_tag(p->header, out);
	buf_add(out, p->body);
	return n == 0;
}

static bool without_tag_and_footer(const struct parts *p, unsigned n, struct buf *out)
{
	struct buf header = BUF_INIT(LIMIT_DIAGNOSED);
	struct parts untagged = *p;
	bool found;

	add_header_without_tag(p->header, &header);
	untagged.header = buf_slice(&header);
	found = without_footer(&untagged, n, out);
	buf_free(&header);
	return found;
}

/* The nth field from the top. */
static bool without_field(const struct parts *p, unsigned n, struct buf *out)
{
	struct slice rest = p->header;
	unsigned i = 0;

	for (; rest.len > 0; i++) {
		struct slice field = take_field(&rest);

		if (i != n || is_named(field, "DKIM-Signature") || is_named(field, "From"))
			buf_add(out, field);
	}
	buf_add(out, p->body);
	return n < i && n < 200;
}

/* Fields that were folded again: only the simple canonicalization notices that. */
static bool without_folds(const struct parts *p, unsigned n, struct buf *out)
{
	struct slice header = p->header;

	while (header.len > 0) {
		struct slice field = take_field(&header);
		bool keep = is_named(field, "DKIM-Signature");

		for (size_t i = 0; i < field.len; i++) {
			bool fold = i + 1 < field.len && is_fws(field.ptr[i]) && !is_wsp(field.ptr[i]);

			if (keep || !fold)
				buf_add_char(out, field.ptr[i]);
		}
	}
	buf_add(out, p->body);
	return n == 0;
}

static const struct change {
	const char *name;  /* what happened */
	bool of_body;      /* tried where the body hash is wrong; else where the signature is */
	bool counted;      /* n + 1 lines */
	bool (*undo)(const struct parts *p, unsigned n, struct buf *out);
} changes[] = {
	{ "a footer was appended", true, true, without_footer },
	{ "a text was put before the body", true, true, without_banner },
	{ "blanks were added at the ends of lines", true, false, without_trailing_blanks },
	{ "the subject was tagged and a footer appended", true, true, without_tag_and_footer },
	{ "the subject was tagged", false, false, without_subject_tag },
	{ "a field was added that the signature forbids", false, false, without_field },
	{ "header fields were folded again", false, false, without_folds },
};

static bool undone(const struct change *change, const struct parts *p, struct slice header_b,
    const struct trial *trial, unsigned *n_out)
{
	bool there = true, passes = false;

	for (unsigned n = 0; there && !passes; n++) {
		struct buf text = BUF_INIT(LIMIT_DIAGNOSED);

		there = change->undo(p, n, &text);
		passes = there && !buf_failed(&text) &&
		    trial->passes(trial->ctx, buf_slice(&text), header_b);
		*n_out = n;
		buf_free(&text);
	}
	return passes;
}

/* The name of the field that without_field() left out. */
static void print_field_name(const struct parts *p, unsigned n)
{
	struct slice rest = p->header, field = SLICE("");

	for (unsigned i = 0; i <= n && rest.len > 0; i++)
		field = take_field(&rest);
	printf(": ");
	print_text(slice_take(field, slice_find(field, ':')));
}

static void print_change(const struct change *change, const struct parts *p, unsigned n)
{
	printf("  probably %s", change->name);
	if (change->counted)
		printf(" (%u line%s)", n + 1, plural(n + 1, "", "s"));
	if (change->undo == without_field)
		print_field_name(p, n);
	puts(": without it the signature passes");
}

static void find_change(const struct dkim_result *r, const struct parts *p,
    const struct trial *trial)
{
	bool body = r->why == DKIM_WHY_BODY_HASH;
	unsigned n;

	for (size_t i = 0; i < N_ELEMENTS(changes); i++)
		if (changes[i].of_body == body &&
		    undone(&changes[i], p, r->header_b, trial, &n)) {
			print_change(&changes[i], p, n);
			return;
		}
	puts("  none of the common changes (footer, subject tag, added fields, blanks, folds) explains it: the "
	    "text\n  was changed in another way, or the signature was already invalid when it was made");
}

/* --- what the message shows ------------------------------------------------------------------- */

static void feed(void *ctx, struct slice octets)
{
	bodyhashes_feed(ctx, octets);
}

static void print_hash(const char *label, struct slice octets)
{
	struct buf text = BUF_INIT(256);

	base64_encode(&text, octets);
	printf("  %s%s\n", label, buf_cstr(&text));
	buf_free(&text);
}

static void print_body_hashes(const struct dkim_result *r, struct slice body)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct bodyhashes *set = a == NULL ? NULL : bodyhashes_new(a);
	struct bodyhash *hash = set == NULL ? NULL :
	    bodyhashes_want(set, r->sig.body_canon, r->sig.body_length);

	print_hash("body hash in the signature (bh=): ", r->sig.body_hash);
	if (hash != NULL) {
		read_body(body, (struct sink){ feed, set });
		if (bodyhashes_end(set) == RC_OK)
			print_hash("body hash of this message:        ",
			    slice_of((const char *)bodyhash_value(hash), SHA256_OCTETS));
	}
	arena_free(&a);
}

/* --- a body hash over LF instead of CRLF --------------------------------------------------------- */

struct lf_hash {
	struct digest *digest;
	bool pending_cr;
};

/* Canonical octets; the CR of each CRLF is left out. */
static void add_without_cr(void *ctx, struct slice octets)
{
	struct lf_hash *h = ctx;

	for (size_t i = 0; i < octets.len; i++) {
		char c = octets.ptr[i];

		if (h->pending_cr && c != '\n')
			digest_add(h->digest, SLICE("\r"));
		h->pending_cr = c == '\r';
		if (!h->pending_cr)
			digest_add(h->digest, slice_of(&c, 1));
	}
}

struct canon_feed {
	struct body_canon canon;
	struct sink out;
};

static void feed_canon(void *ctx, struct slice octets)
{
	struct canon_feed *f = ctx;

	body_canon_feed(&f->canon, octets, f->out);
}

/* Signers on systems whose lines end in LF forget to convert them (RFC 6376 section 3.4). */
static bool hashed_without_cr(const struct dkim_result *r, struct slice body)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct lf_hash hash = { .digest = a == NULL ? NULL : digest_new(a) };
	struct canon_feed f = { .out = { add_without_cr, &hash } };
	unsigned char value[SHA256_OCTETS];
	bool same = false;

	if (hash.digest != NULL) {
		body_canon_init(&f.canon, r->sig.body_canon);
		read_body(body, (struct sink){ feed_canon, &f });
		body_canon_end(&f.canon, f.out);
		same = digest_end(hash.digest, value) == RC_OK &&
		    slice_eq(r->sig.body_hash, slice_of((const char *)value, sizeof(value)));
	}
	arena_free(&a);
	return same;
}

static size_t times_signed(const struct dkim_signature *sig, struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < sig->signed_count; i++)
		n += slice_ieq(sig->signed_names[i], name) ? 1 : 0;
	return n;
}

/* More in the message than in h=: not covered; fewer: none may be added (RFC 6376 section 5.4.2). */
static void print_signed_fields(const struct dkim_signature *sig, struct slice text)
{
	struct arena *a = arena_create(2 * (size_t)LIMIT_ARENA_BYTES);
	struct message m;

	if (a == NULL)
		return;
	message_init(&m, a);
	m.max_header_bytes = m.max_header_fields = LIMIT_FILE_BYTES;
	(void)read_headers(&m, text);
	for (size_t i = 0; i < sig->signed_count; i++) {
		struct slice name = sig->signed_names[i];
		size_t there = message_count(&m, name), wanted = times_signed(sig, name);
		bool first = true;

		for (size_t k = 0; k < i && first; k++)
			first = !slice_ieq(sig->signed_names[k], name);
		if (!first || there == wanted)
			continue;
		printf("  ");
		print_text(name);
		printf(": %zu in the message, signed %zu time%s\n", there, wanted, plural(wanted, "", "s"));
	}
	arena_free(&a);
}

/* A key is short; whatever else is published there is shown at most as long as this. */
#define SHOWN_RECORD 1000u

static void print_key_record(const struct dkim_signature *sig, struct lookups *lookups)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice name = a == NULL ? SLICE_NULL : dkim_key_name(a, sig);
	const struct dns_answer *answer;

	if (name.len > 0 && lookups != NULL && !domain_is_none(sig->domain) && !domain_is_none(sig->selector)) {
		answer = lookups_await(lookups, LOOKUP_DKIM, name, DNS_TXT);
		printf("  key record at ");
		print_text(name);
		if (answer->count == 0)
			printf(": none (%s)\n", dns_status_text(answer->status));
		for (size_t i = 0; i < answer->count; i++) {
			printf("%s: ", i == 0 ? "" : "  and another");
			print_text(slice_take(answer->records[i].text, SHOWN_RECORD));
			putchar('\n');
		}
	}
	arena_free(&a);
}

static void explain_failure(const struct dkim_result *r, struct slice text, const struct parts *p,
    const struct trial *trial)
{
	print_body_hashes(r, p->body);
	print_signed_fields(&r->sig, text);
	if (text.len > LIMIT_DIAGNOSED)
		puts("  the message is too large to look for what changed it");
	else if (r->why == DKIM_WHY_BODY_HASH && hashed_without_cr(r, p->body))
		puts("  the signer hashed the body with line ends of LF alone: RFC 6376 section 3.4 requires CRLF");
	else
		find_change(r, p, trial);
}

void diagnose_signatures(const struct dkim_results *results, struct slice text,
    const struct trial *trial, struct lookups *lookups)
{
	struct parts p = parts_of(text);

	for (size_t i = 0; i < results->count; i++) {
		const struct dkim_result *r = &results->items[i];

		if (r->result == AUTH_PASS)
			continue;
		printf("why the signature d=");
		print_text(r->sig.domain_text);
		printf(" s=");
		print_text(r->sig.selector_text);
		puts(" does not pass:");
		print_key_record(&r->sig, lookups);
		if (r->why == DKIM_WHY_BODY_HASH || r->why == DKIM_WHY_SIGNATURE_WRONG)
			explain_failure(r, text, &p, trial);
		else
			puts("  the reason is above; the message itself was not looked at");
	}
}
