#include <stdlib.h>

#include "crypto/base64.h"
#include "dkim/headerhash.h"
#include "dns/zonefile.h"
#include "mail/reader.h"
#include "mail/taglist.h"

#include "fixture.h"

struct slice fixture_record(struct arena *a, const struct private_key *key)
{
	struct buf octets = BUF_INIT(4096), text = BUF_INIT(8192);

	ck_assert_int_eq(private_key_public(key, &octets), RC_OK);
	buf_addf(&text, "k=%s; p=", key_type_text(private_key_type(key)));
	base64_encode(&text, buf_slice(&octets));
	buf_free(&octets);
	return arena_take_buf(a, &text);
}

const char *fixture_zone(struct arena *a, const char *zone, const struct private_key *key)
{
	struct buf out = BUF_INIT(64u * 1024);

	for (const char *p = zone; *p != '\0'; p++)
		if (*p == '@')
			buf_add(&out, fixture_record(a, key));
		else
			buf_add_char(&out, *p);
	return arena_take_buf(a, &out).ptr;
}

/* A sink that feeds body hashes in pieces. */
struct feeder {
	struct bodyhashes *set;
	size_t chunk;
};

static void feed(void *ctx, struct slice octets)
{
	struct feeder *f = ctx;

	while (octets.len > 0) {
		bodyhashes_feed(f->set, slice_take(octets, f->chunk));
		octets = slice_drop(octets, f->chunk);
	}
}

static void hash_body(struct bodyhashes *set, struct slice body, size_t chunk)
{
	struct feeder f = { set, chunk };

	read_body(body, (struct sink){ feed, &f });
	ck_assert_int_eq(bodyhashes_end(set), RC_OK);
}

static struct slice tag_value(const struct taglist *list, const char *name, struct slice missing)
{
	const struct tag *tag = taglist_find(list, name);

	return tag == NULL ? missing : tag->value;
}

static enum canon canon_of(struct slice text)
{
	return slice_eq(text, SLICE("relaxed")) ? CANON_RELAXED : CANON_SIMPLE;
}

struct slice fixture_craft(struct arena *a, struct slice text, const char *tags,
    const struct private_key *key)
{
	struct bodyhashes *set = bodyhashes_new(a);
	struct taglist list;
	struct slice header_canon, body_canon, length, name, names, value, signature, body;
	struct slice *h = arena_new_array(a, 100, struct slice);
	struct bodyhash *hash;
	struct message m;
	struct buf b = BUF_INIT(64u * 1024);
	unsigned char digest[SHA256_OCTETS];
	struct header field = { SLICE("DKIM-Signature"), SLICE("DKIM-Signature"), SLICE_NULL };
	struct header_hash_params params = { .signature = &field };
	size_t count = 0;

	message_init(&m, a);
	body = read_headers(&m, text);
	ck_assert_msg(taglist_parse(slice_str(tags), false, &list) == TAGLIST_OK, "%s", tags);
	body_canon = tag_value(&list, "c", SLICE("simple/simple"));
	header_canon = slice_split(&body_canon, '/');
	length = tag_value(&list, "l", SLICE_NULL);
	hash = bodyhashes_want(set, canon_of(body_canon),
	    slice_is_null(length) ? BODY_LENGTH_ALL : (uint64_t)strtoull(length.ptr, NULL, 10));
	hash_body(set, body, ALL_AT_ONCE);

	buf_addf(&b, " %s; bh=", tags);
	base64_encode(&b, slice_of((const char *)bodyhash_value(hash), SHA256_OCTETS));
	buf_add_str(&b, "; b=");
	field.value = arena_copy(a, buf_slice(&b));
	params.b = slice_drop(field.value, field.value.len);
	params.canon = canon_of(header_canon);
	names = tag_value(&list, "h", SLICE(""));
	while (taglist_next_element(&names, &name))
		h[count++] = name;
	ck_assert_int_eq(header_fields_choose(header_fields_new(&m, a), h, count, NULL,
	    &params.fields), RC_OK);
	ck_assert_int_eq(header_hash(a, &params, digest), RC_OK);
	ck_assert_int_eq(private_key_sign(key, digest, a, &signature), RC_OK);
	base64_encode(&b, signature);
	value = arena_take_buf(a, &b);
	return value;
}

struct slice fixture_with(struct arena *a, struct slice value, struct slice text)
{
	struct buf b = BUF_INIT(1u << 24);

	buf_add_str(&b, "DKIM-Signature:");
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\n')
			buf_add_char(&b, '\r');
		buf_add_char(&b, value.ptr[i]);
	}
	buf_add_str(&b, "\r\n");
	buf_add(&b, text);
	return arena_take_buf(a, &b);
}

enum dkim_sign_why fixture_sign(struct arena *a, const struct sign_request *request, int64_t now,
    struct slice *value_out)
{
	struct bodyhashes *set = bodyhashes_new(a);
	struct dkim_signer *signer;
	struct dkim_signed made;
	struct message m;
	struct slice body;

	message_init(&m, a);
	m.envelope.smtputf8 = request->smtputf8;
	body = read_headers(&m, request->text);
	signer = dkim_signer_new(&m, &request->params, set);
	ck_assert_ptr_nonnull(signer);
	hash_body(set, body, request->chunk == 0 ? ALL_AT_ONCE : request->chunk);
	ck_assert_int_eq(dkim_signer_end(signer, now, &made), RC_OK);
	if (made.why == DKIM_SIGN_GOOD) {
		ck_assert_uint_eq(made.fields.count, 1);
		ck_slice_eq(made.fields.items[0].name, SLICE("DKIM-Signature"));
		*value_out = made.fields.items[0].value;
	}
	return made.why;
}

struct dkim_results fixture_verify(struct arena *a, const struct verify_request *request)
{
	struct bodyhashes *set = bodyhashes_new(a);
	struct dkim_results results = { 0 };
	struct dkim_verifier *v;
	struct domain author = DOMAIN_NONE;
	struct resolver *resolver = request->resolver;
	struct lookups *lookups;
	struct err err = ERR_INIT;
	struct message m;
	struct slice body;

	if (resolver == NULL)
		ck_assert_msg(resolver_zonetext("zone", slice_str(request->zone), &resolver,
		    &err) == RC_OK, "%s", buf_cstr(&err.text));
	lookups = lookups_new(resolver, 1000);
	message_init(&m, a);
	v = dkim_verifier_new(&m, &request->params, lookups, set);
	body = read_headers(&m, request->text);
	for (size_t i = 0; i < m.count; i++)
		if (slice_ieq(m.headers[i].name, SLICE("DKIM-Signature")))
			dkim_verifier_field(v, i);
	if (request->author != NULL)
		ck_assert(domain_parse(a, slice_str(request->author), &author));
	dkim_verifier_headers_done(v, &author, request->author == NULL ? 0 : 1);
	hash_body(set, body, request->chunk);
	ck_assert_int_eq(dkim_verifier_end(v, request->now, &results), RC_OK);
	lookups_release(&lookups);
	resolver_free(&resolver);
	return results;
}

void fixture_expect(const char *row, struct dkim_results results, enum dkim_why why)
{
	ck_assert_msg(results.count == 1, "%s: %zu results", row, results.count);
	ck_assert_msg(results.items[0].why == why, "%s: got \"%s\", want \"%s\"", row,
	    dkim_why_text(results.items[0].why), dkim_why_text(why));
	ck_assert_msg(results.items[0].result == dkim_why_result(why), "%s", row);
}
