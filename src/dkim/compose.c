#include <inttypes.h>

#include "base/limits.h"
#include "crypto/base64.h"
#include "mail/fieldwriter.h"

#include "dkim/compose.h"

/* A field that is being written. */
struct composer {
	struct field_writer writer;
	struct arena *arena;
	const struct signature_draft *draft;
};

static struct slice base64_text(struct arena *a, struct slice octets)
{
	struct buf text = BUF_INIT(LIMIT_HEADER_VALUE);

	base64_encode(&text, octets);
	return arena_take_buf(a, &text);
}

/* --- tags, each one word but for h= and b= ------------------------------------------------- */

static void add_text(struct composer *c, const char *name, struct slice value)
{
	field_word(&c->writer, arena_printf(c->arena, "%s=%.*s;", name, SLICE_ARG(value)));
}

static void add_number(struct composer *c, const char *name, int64_t value)
{
	field_word(&c->writer, arena_printf(c->arena, "%s=%" PRId64 ";", name, value));
}

static void add_instance(struct composer *c)
{
	add_number(c, "i", c->draft->instance);
}

static void add_v(struct composer *c)
{
	add_text(c, "v", SLICE("1"));
}

/* RFC 8301 section 3.1, RFC 8463 section 4.1 */
static void add_a(struct composer *c)
{
	field_word(&c->writer, arena_printf(c->arena, "a=%s-sha256;",
	    key_type_text(private_key_type(c->draft->key))));
}

static void add_c(struct composer *c)
{
	field_word(&c->writer, arena_printf(c->arena, "c=%s/%s;",
	    canon_text(c->draft->header_canon), canon_text(c->draft->body_canon)));
}

static void add_d(struct composer *c)
{
	add_text(c, "d", c->draft->domain);
}

static void add_s(struct composer *c)
{
	add_text(c, "s", c->draft->selector);
}

static void add_t(struct composer *c)
{
	add_number(c, "t", c->draft->t);
}

static void add_x(struct composer *c)
{
	if (c->draft->x > 0)
		add_number(c, "x", c->draft->x);
}

static void add_cv(struct composer *c)
{
	add_text(c, "cv", slice_str(chain_status_text(c->draft->chain_status)));
}

static void add_identity(struct composer *c)
{
	if (!slice_is_null(c->draft->identity))
		add_text(c, "i", c->draft->identity);
}

/* [FWS] is allowed after each colon (RFC 6376 section 3.5). */
static void add_h(struct composer *c)
{
	for (size_t i = 0; i < c->draft->name_count; i++) {
		struct slice name = arena_printf(c->arena, "%s%.*s%c", i == 0 ? "h=" : "",
		    SLICE_ARG(c->draft->names[i]), i + 1 < c->draft->name_count ? ':' : ';');

		if (i == 0)
			field_word(&c->writer, name);
		else
			field_part(&c->writer, name);
	}
}

static void add_bh(struct composer *c)
{
	add_text(c, "bh", base64_text(c->arena,
	    slice_of((const char *)bodyhash_value(c->draft->body), SHA256_OCTETS)));
}

#define DKIM (1u << SIGNATURE_DKIM)
#define AMS  (1u << SIGNATURE_ARC_MESSAGE)
#define AS   (1u << SIGNATURE_ARC_SEAL)

static const struct {
	unsigned kinds;
	void (*add)(struct composer *c);
} tags[] = {
	{ AMS | AS, add_instance }, /* RFC 8617 section 4.1: first */
	{ DKIM, add_v },
	{ DKIM | AMS | AS, add_a },
	{ DKIM | AMS, add_c },
	{ DKIM | AMS | AS, add_d },
	{ DKIM | AMS | AS, add_s },
	{ DKIM | AMS | AS, add_t },
	{ DKIM, add_x },
	{ AS, add_cv },
	{ DKIM, add_identity },
	{ DKIM | AMS, add_h },
	{ DKIM | AMS, add_bh },
};

/* Everything up to and with "b=". */
static void add_tags(struct composer *c)
{
	for (size_t i = 0; i < N_ELEMENTS(tags); i++)
		if ((tags[i].kinds & 1u << c->draft->kind) != 0)
			tags[i].add(c);
	field_fold(&c->writer);
	field_word(&c->writer, SLICE("b="));
}

/* --- the whole ----------------------------------------------------------------------------- */

/* RFC 6376 section 3.7: the new field goes into the hash last, its b= still empty. */
static enum rc sign(struct arena *a, const struct signature_draft *draft, struct slice value,
    struct slice *signature)
{
	struct slice name = signature_field_name(draft->kind);
	struct header field = { name, name, value };
	struct header_hash_params params = { .canon = draft->header_canon, .fields = draft->fields,
		.signature = &field, .b = slice_drop(value, value.len) };
	unsigned char hash[SHA256_OCTETS];

	TRY(header_hash(a, &params, hash));
	return private_key_sign(draft->key, hash, a, signature);
}

static enum rc add_value(struct composer *c)
{
	struct slice signature;

	add_tags(c);
	if (arena_failed(c->arena))
		return RC_NOMEM;
	if (buf_failed(&c->writer.value))
		return RC_LIMIT;
	TRY(sign(c->arena, c->draft, buf_slice(&c->writer.value), &signature));
	field_octets(&c->writer, base64_text(c->arena, signature));
	return buf_failed(&c->writer.value) ? RC_LIMIT : RC_OK;
}

enum rc signature_compose(struct arena *a, const struct signature_draft *draft,
    struct header *field_out)
{
	struct slice name = signature_field_name(draft->kind), value;
	struct composer c = { .writer = FIELD_WRITER_INIT, .arena = a, .draft = draft };
	enum rc rc;

	field_begin(&c.writer, name);
	rc = add_value(&c);
	if (rc != RC_OK) {
		field_free(&c.writer);
		return rc;
	}
	value = field_end(&c.writer, a);
	if (slice_is_null(value))
		return RC_NOMEM;
	*field_out = (struct header){ name, name, value };
	return RC_OK;
}
