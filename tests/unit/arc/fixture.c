#include <stdlib.h>

#include "crypto/base64.h"
#include "dns/zonefile.h"
#include "mail/reader.h"

#include "fixture.h"

const char *fixture_zone(struct arena *a, const char *zone, const struct private_key *key)
{
	struct buf octets = BUF_INIT(4096), out = BUF_INIT(64u * 1024);

	ck_assert_int_eq(private_key_public(key, &octets), RC_OK);
	for (const char *p = zone; *p != '\0'; p++)
		if (*p == '@') {
			buf_addf(&out, "k=%s; p=", key_type_text(private_key_type(key)));
			base64_encode(&out, buf_slice(&octets));
		} else {
			buf_add_char(&out, *p);
		}
	buf_free(&octets);
	return arena_take_buf(a, &out).ptr;
}

static void feed(void *ctx, struct slice octets)
{
	bodyhashes_feed(ctx, octets);
}

/* One message at one site. */
struct site {
	struct message message;
	struct bodyhashes *bodies;
	struct resolver *resolver;
	struct lookups *lookups;
	struct arc_verifier *verifier;
	struct slice body;
};

static void open_site(struct site *s, struct arena *a, struct slice text, const char *zone)
{
	struct err err = ERR_INIT;

	message_init(&s->message, a);
	s->bodies = bodyhashes_new(a);
	ck_assert_msg(resolver_zonetext("zone", slice_str(zone), &s->resolver, &err) == RC_OK, "%s",
	    buf_cstr(&err.text));
	s->lookups = lookups_new(s->resolver, 1000);
	s->body = read_headers(&s->message, text);
	s->verifier = arc_verifier_new(&s->message, &(struct dkim_verify_params)DKIM_VERIFY_DEFAULTS,
	    s->lookups, s->bodies);
	arc_verifier_headers_done(s->verifier);
}

static void close_site(struct site *s, struct arc_result *found)
{
	read_body(s->body, (struct sink){ feed, s->bodies });
	ck_assert_int_eq(bodyhashes_end(s->bodies), RC_OK);
	ck_assert_int_eq(arc_verifier_end(s->verifier, NOW, found), RC_OK);
	lookups_release(&s->lookups);
	resolver_free(&s->resolver);
}

struct arc_result fixture_verify(struct arena *a, struct slice text, const char *zone)
{
	struct arc_result found;
	struct site s;

	open_site(&s, a, text, zone);
	close_site(&s, &found);
	return found;
}

struct slice fixture_replace(struct arena *a, struct slice text, const char *from, const char *to)
{
	const char *at = strstr(text.ptr, from);

	ck_assert_msg(at != NULL, "\"%s\" is not in the message", from);
	return arena_printf(a, "%.*s%s%s", (int)(at - text.ptr), text.ptr, to, at + strlen(from));
}

static struct slice with_fields(struct arena *a, struct slice text, const struct field_list *fields)
{
	struct buf out = BUF_INIT(8u << 20);

	for (size_t i = fields->count; i-- > 0;) {
		struct slice value = fields->items[i].value;

		buf_addf(&out, "%.*s:", SLICE_ARG(fields->items[i].name));
		for (size_t k = 0; k < value.len; k++) {
			if (value.ptr[k] == '\n')
				buf_add_char(&out, '\r');
			buf_add_char(&out, value.ptr[k]);
		}
		buf_add_str(&out, "\r\n");
	}
	buf_add(&out, text);
	return arena_take_buf(a, &out);
}

struct slice fixture_pass(struct arena *a, struct slice text, const struct sealer *s,
    struct arc_sealed *sealed_out)
{
	struct arc_seal_params params = { slice_str(s->domain), slice_str(s->selector), s->key };
	struct arc_result found = fixture_verify(a, text, s->zone);
	struct bodyhashes *bodies = bodyhashes_new(a);
	struct arc_sealer *sealer;
	struct message m;
	struct slice body;

	if (s->replace != NULL)
		text = fixture_replace(a, text, s->replace, s->with);
	message_init(&m, a);
	body = read_headers(&m, text);
	sealer = arc_sealer_new(&m, &params, bodies);
	ck_assert_ptr_nonnull(sealer);
	read_body(body, (struct sink){ feed, bodies });
	ck_assert_int_eq(bodyhashes_end(bodies), RC_OK);
	ck_assert_int_eq(arc_sealer_end(sealer, &found, slice_str(s->results), NOW, sealed_out),
	    RC_OK);
	return with_fields(a, text, &sealed_out->fields);
}
