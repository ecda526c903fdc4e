#include <errno.h>
#include <sys/stat.h>

#include "arc/seal.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/base64.h"
#include "crypto/keyfile.h"
#include "dkim/sign.h"
#include "mail/reader.h"

#include "session.h"

static enum rc key_text(const struct session *s, struct slice file, struct slice *out)
{
	struct buf text = BUF_INIT(LIMIT_KEY_FILE);
	struct slice path = arena_printf(s->a, "%s/%.*s", s->keys, SLICE_ARG(file));
	const char *why;
	enum rc rc = file_read(path.ptr, &text, NULL, &why);

	if (rc != RC_OK)
		err_add(s->err, "%s: %s", path.ptr, why);
	*out = arena_take_buf(s->a, &text);
	return rc;
}

static enum rc key_open(const struct session *s, const struct key_line *key,
    struct private_key **out)
{
	struct slice pem;

	TRY(key_text(s, key->file, &pem));
	return private_key_decode(pem, "key", out, s->err);
}

enum rc session_publish(struct session *s, const struct key_line *key)
{
	struct private_key *private;
	struct buf octets = BUF_INIT(LIMIT_KEY_OCTETS);
	enum rc rc;

	TRY(key_open(s, key, &private));
	rc = private_key_public(private, &octets);
	buf_addf(&s->zone, "%.*s._domainkey.%.*s TXT v=DKIM1; k=%s; %.*s p=",
	    SLICE_ARG(key->selector), SLICE_ARG(key->domain), key_type_text(private_key_type(private)),
	    SLICE_ARG(key->tags));
	base64_encode(&s->zone, buf_slice(&octets));
	buf_add_char(&s->zone, '\n');
	buf_free(&octets);
	private_key_free(&private);
	return rc;
}

/* --- signing --------------------------------------------------------------------------------------- */

static void feed(void *ctx, struct slice octets)
{
	bodyhashes_feed(ctx, octets);
}

static enum canon canon_of(struct slice word)
{
	return slice_eq(word, SLICE("simple")) ? CANON_SIMPLE : CANON_RELAXED;
}

static enum rc signature_of(struct session *s, const struct dkim_sign_params *params,
    struct slice *value_out)
{
	struct bodyhashes *bodies = bodyhashes_new(s->a);
	struct dkim_signer *signer;
	struct dkim_signed made;
	struct message m;
	struct slice body;

	message_init(&m, s->a);
	body = read_headers(&m, arena_copy(s->a, buf_slice(&s->message)));
	signer = bodies == NULL ? NULL : dkim_signer_new(&m, params, bodies);
	if (signer == NULL)
		return RC_NOMEM;
	read_body(body, (struct sink){ feed, bodies });
	TRY(bodyhashes_end(bodies));
	TRY(dkim_signer_end(signer, s->clock, &made));
	if (made.why != DKIM_SIGN_GOOD)
		return RC_CONFIG;
	*value_out = made.fields.items[0].value;
	return RC_OK;
}

enum rc session_sign(struct session *s, const struct key_line *key, struct slice canon,
    struct slice field)
{
	struct sign_header_set fields = { .add = &field, .add_count = field.len > 0 ? 1 : 0 };
	struct dkim_sign_params params = { .domain = key->domain, .selector = key->selector,
		.fields = &fields };
	struct slice header = slice_take(canon, slice_find(canon, '/')), value, old;
	struct private_key *private;
	enum rc rc;

	params.header_canon = canon_of(header);
	params.body_canon = canon_of(slice_drop(canon, header.len + 1));
	TRY(key_open(s, key, &private));
	params.key = private;
	rc = signature_of(s, &params, &value);
	private_key_free(&private);
	TRY(rc);
	old = arena_copy(s->a, buf_slice(&s->message));
	buf_clear(&s->message);
	buf_addf(&s->message, "DKIM-Signature:%.*s\n", SLICE_ARG(value));
	buf_add(&s->message, old);
	return RC_OK;
}

/* --- sealing --------------------------------------------------------------------------------------- */

static void put_on_top(struct session *s, const struct field_list *fields)
{
	struct slice old = arena_copy(s->a, buf_slice(&s->message));

	buf_clear(&s->message);
	for (size_t i = fields->count; i-- > 0;)
		buf_addf(&s->message, "%.*s:%.*s\n", SLICE_ARG(fields->items[i].name),
		    SLICE_ARG(fields->items[i].value));
	buf_add(&s->message, old);
}

static enum rc seal_with(struct session *s, const struct arc_seal_params *params, struct slice results)
{
	struct bodyhashes *bodies = bodyhashes_new(s->a);
	struct arc_result found = { .result = AUTH_NONE };
	struct arc_sealer *sealer;
	struct arc_sealed sealed;
	struct message m;
	struct slice body;

	message_init(&m, s->a);
	body = read_headers(&m, arena_copy(s->a, buf_slice(&s->message)));
	sealer = bodies == NULL ? NULL : arc_sealer_new(&m, params, bodies);
	if (sealer == NULL)
		return RC_NOMEM;
	TRY(arc_chain_read(s->a, &m, &found.chain));
	found.result = found.chain.count > 0 ? AUTH_PASS : AUTH_NONE;
	read_body(body, (struct sink){ feed, bodies });
	TRY(bodyhashes_end(bodies));
	TRY(arc_sealer_end(sealer, &found, results, s->clock, &sealed));
	put_on_top(s, &sealed.fields);
	return sealed.why == ARC_SEALED ? RC_OK : RC_CONFIG;
}

enum rc session_seal(struct session *s, const struct key_line *key, struct slice results)
{
	struct arc_seal_params params = { .domain = key->domain, .selector = key->selector };
	struct private_key *private;
	enum rc rc;

	TRY(key_open(s, key, &private));
	params.key = private;
	rc = seal_with(s, &params, results);
	private_key_free(&private);
	return rc;
}

/* --- files ------------------------------------------------------------------------------------------- */

static enum rc write_file(const struct session *s, const char *path, struct slice text)
{
	FILE *f = fopen(path, "wb");
	bool written = f != NULL && fwrite(text.ptr, 1, text.len, f) == text.len;

	if (f != NULL && fclose(f) != 0)
		written = false;
	if (written && chmod(path, 0600) == 0)
		return RC_OK;
	return err_config(s->err, "%s: cannot be written", path);
}

static enum rc make_directory(const struct session *s, const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return RC_OK;
	return err_config(s->err, "%s: cannot be made", path);
}

static enum rc write_keys(const struct session *s, const char *directory)
{
	struct slice pem, path;

	for (size_t i = 0; i < s->private_key_count; i++) {
		const struct key_line *key = &s->private_keys[i];

		TRY(key_text(s, key->file, &pem));
		path = arena_printf(s->a, "%s/%.*s", directory, SLICE_ARG(key->domain));
		TRY(make_directory(s, path.ptr));
		path = arena_printf(s->a, "%s/%.*s.pem", path.ptr, SLICE_ARG(key->selector));
		TRY(write_file(s, path.ptr, pem));
	}
	return RC_OK;
}

/* As an MTA would get it: CRLF. */
static struct slice with_crlf(const struct session *s)
{
	struct slice text = buf_slice(&s->message);
	struct buf out = BUF_INIT(2 * text.len + 2);

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\n')
			buf_add_char(&out, '\r');
		buf_add_char(&out, text.ptr[i]);
	}
	return arena_take_buf(s->a, &out);
}

enum rc session_prepare(const struct session *s, const char *directory, struct err *err)
{
	struct slice keys = arena_printf(s->a, "%s/keys", directory);
	struct slice zone = arena_printf(s->a, "%s/zone", directory);
	struct slice config = arena_printf(s->a,
	    "keys = \"%s\"\ndns { test-zone-file = \"%s\" }\n%.*s", keys.ptr, zone.ptr,
	    SLICE_ARG(buf_slice(&s->config)));

	if (arena_failed(s->a))
		return err_config(err, "out of memory");
	TRY(make_directory(s, keys.ptr));
	TRY(write_keys(s, keys.ptr));
	TRY(write_file(s, zone.ptr, buf_slice(&s->zone)));
	TRY(write_file(s, arena_printf(s->a, "%s/assay.conf", directory).ptr, config));
	return write_file(s, arena_printf(s->a, "%s/message.eml", directory).ptr, with_crlf(s));
}
