#include "base/cursor.h"
#include "base/file.h"

#include "session.h"

#define SESSION_OCTETS (16u * 1024 * 1024)

static bool complain(struct session *s, const char *what)
{
	err_add(s->err, "%s:%u: %s", s->path, s->line, what);
	return false;
}

static struct slice word(struct slice *rest)
{
	struct slice w;

	*rest = slice_trim(*rest);
	w = slice_take(*rest, slice_find(*rest, ' '));
	*rest = slice_trim(slice_drop(*rest, w.len));
	return w;
}

static bool number(struct slice text, int64_t *out)
{
	struct cursor c = cursor_of(text);
	uint64_t n;

	if (!take_uint(&c, 12, INT64_MAX, &n) || !cursor_done(&c))
		return false;
	*out = (int64_t)n;
	return true;
}

/* --- the message and what is done to it ---------------------------------------------------------- */

static void put_on_top(struct session *s, struct slice text)
{
	struct slice old = arena_copy(s->a, buf_slice(&s->message));

	buf_clear(&s->message);
	buf_add(&s->message, text);
	buf_add(&s->message, old);
}

static bool step_prepend(struct session *s, struct slice args)
{
	put_on_top(s, arena_printf(s->a, "%.*s\n", SLICE_ARG(args)));
	return true;
}

static bool step_append(struct session *s, struct slice args)
{
	buf_add(&s->message, args);
	buf_add_char(&s->message, '\n');
	return true;
}

static bool step_replace(struct session *s, struct slice args)
{
	struct slice text = arena_copy(s->a, buf_slice(&s->message));
	struct slice from = slice_take(args, slice_find(args, '|'));
	struct slice to = slice_drop(args, from.len + 1);
	const char *at = from.len == 0 ? NULL : memmem(text.ptr, text.len, from.ptr, from.len);

	if (at == NULL)
		return complain(s, "nothing to replace");
	buf_clear(&s->message);
	buf_add(&s->message, slice_between(text.ptr, at));
	buf_add(&s->message, to);
	buf_add(&s->message, slice_between(at + from.len, text.ptr + text.len));
	return true;
}

static bool step_pad(struct session *s, struct slice args)
{
	struct buf fields = BUF_INIT(SESSION_OCTETS);
	int64_t n;

	if (!number(word(&args), &n))
		return complain(s, "pad N FIELD");
	while (n-- > 0) {
		buf_add(&fields, args);
		buf_add_char(&fields, '\n');
	}
	put_on_top(s, buf_slice(&fields));
	buf_free(&fields);
	return true;
}

static bool step_long(struct session *s, struct slice args)
{
	struct buf field = BUF_INIT(SESSION_OCTETS);
	int64_t n;

	if (!number(word(&args), &n))
		return complain(s, "long N NAME");
	buf_addf(&field, "%.*s: ", SLICE_ARG(args));
	while (n-- > 0)
		buf_add_char(&field, n % 70 == 69 ? '\n' : n % 70 == 68 ? '\t' : 'x');
	buf_add_char(&field, '\n');
	put_on_top(s, buf_slice(&field));
	buf_free(&field);
	return true;
}

/* --- keys ----------------------------------------------------------------------------------------- */

static struct key_line key_words(struct slice *args)
{
	struct key_line key = { .file = word(args) };

	key.domain = word(args);
	key.selector = word(args);
	return key;
}

static bool step_key(struct session *s, struct slice args)
{
	if (!arena_grow(s->a, &s->private_keys, &s->private_key_cap, s->private_key_count,
		sizeof(*s->private_keys)))
		return complain(s, "out of memory");
	s->private_keys[s->private_key_count++] = key_words(&args);
	return true;
}

static bool step_publish(struct session *s, struct slice args)
{
	struct key_line key = key_words(&args);

	key.tags = args;
	return session_publish(s, &key) == RC_OK || complain(s, "the key cannot be published");
}

static bool step_seal(struct session *s, struct slice args)
{
	struct key_line key = key_words(&args);

	return session_seal(s, &key, args) == RC_OK || complain(s, "the message cannot be sealed");
}

static bool step_sign(struct session *s, struct slice args)
{
	struct key_line key = key_words(&args);
	struct slice canon = word(&args);

	return session_sign(s, &key, canon, args) == RC_OK || complain(s, "the message cannot be signed");
}

/* --- the envelope ----------------------------------------------------------------------------------- */

static bool step_client(struct session *s, struct slice args)
{
	struct slice address = word(&args);

	s->envelope.client = (struct ip){ .family = IP_NONE };
	s->envelope.client_name = args.len == 0 ? SLICE_NULL : args;
	return slice_eq(address, SLICE("unknown")) || ip_parse(address, &s->envelope.client) ||
	    complain(s, "not an address");
}

static bool step_port(struct session *s, struct slice args)
{
	int64_t n = -1;

	if (!slice_eq(args, SLICE("none")) && !number(args, &n))
		return complain(s, "port N or none");
	s->envelope.port = (int)n;
	return true;
}

static bool step_from(struct session *s, struct slice args)
{
	s->envelope.mail_from = envelope_path(args);
	return true;
}

static bool step_to(struct session *s, struct slice args)
{
	struct envelope *e = &s->envelope;

	if (!arena_grow(s->a, &e->recipients, &e->recipient_cap, e->recipient_count,
		sizeof(*e->recipients)))
		return complain(s, "out of memory");
	e->recipients[e->recipient_count++] = envelope_path(args);
	return true;
}

static bool step_clock(struct session *s, struct slice args)
{
	return number(args, &s->clock) || complain(s, "clock EPOCH");
}

#define TEXT_STEP(name, member) \
	static bool step_##name(struct session *s, struct slice args) \
	{ \
		s->envelope.member = args; \
		return true; \
	}

TEXT_STEP(daemon_name, daemon_name)
TEXT_STEP(mta_name, mta_name)
TEXT_STEP(queue_id, queue_id)
TEXT_STEP(helo, helo)
TEXT_STEP(auth, auth_user)

/* --- expectations ----------------------------------------------------------------------------------- */

static const char *const expected_words[] = {
	[EXPECT_CLASS] = "class",
	[EXPECT_ACTION] = "action",
	[EXPECT_WOULD] = "would",
	[EXPECT_REPLY] = "reply",
	[EXPECT_HOLD] = "hold",
	[EXPECT_DELETE] = "delete",
	[EXPECT_INSERT] = "insert",
	[EXPECT_LOG] = "log",
};

static bool step_expect(struct session *s, struct slice args)
{
	struct slice kind = word(&args);

	if (!arena_grow(s->a, &s->expectations, &s->expectation_cap, s->expectation_count,
		sizeof(*s->expectations)))
		return complain(s, "out of memory");
	for (size_t i = 0; i < N_ELEMENTS(expected_words); i++)
		if (slice_eq(kind, slice_str(expected_words[i]))) {
			s->expectations[s->expectation_count++] =
			    (struct expectation){ (enum expected)i, args, s->line };
			return true;
		}
	return complain(s, "expect what?");
}

static const char *piece_end(struct slice *rest)
{
	static const struct slice gap = { "...", 3 };
	const char *at = rest->len == 0 ? NULL : memmem(rest->ptr, rest->len, gap.ptr, gap.len);

	return at;
}

static struct slice folded(struct arena *a, struct slice text)
{
	struct header h = { .value = text };

	return header_unfolded(a, &h);
}

bool session_matches(struct arena *a, struct slice pattern, struct slice text)
{
	struct slice rest = folded(a, pattern), left = folded(a, text);
	bool first = true;

	for (;;) {
		const char *end = piece_end(&rest), *at;
		struct slice piece = end == NULL ? rest : slice_between(rest.ptr, end);

		if (end == NULL)
			return first ? slice_eq(left, piece) :
			    left.len >= piece.len && slice_eq(slice_drop(left, left.len - piece.len), piece);
		if (first && !slice_starts_with(left, piece))
			return false;
		at = piece.len == 0 ? left.ptr : memmem(left.ptr, left.len, piece.ptr, piece.len);
		if (at == NULL)
			return false;
		left = slice_between(at + piece.len, left.ptr + left.len);
		rest = slice_drop(rest, piece.len + 3);
		first = false;
	}
}

/* --- the file ----------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*step)(struct session *s, struct slice args);
} steps[] = {
	{ "key", step_key },
	{ "publish", step_publish },
	{ "clock", step_clock },
	{ "client", step_client },
	{ "port", step_port },
	{ "daemon-name", step_daemon_name },
	{ "mta-name", step_mta_name },
	{ "queue-id", step_queue_id },
	{ "helo", step_helo },
	{ "auth", step_auth },
	{ "from", step_from },
	{ "to", step_to },
	{ "sign", step_sign },
	{ "seal", step_seal },
	{ "prepend", step_prepend },
	{ "append", step_append },
	{ "replace", step_replace },
	{ "pad", step_pad },
	{ "long", step_long },
	{ "expect", step_expect },
};

static struct buf *block_of(struct session *s, struct slice line)
{
	if (slice_eq(line, SLICE("config")))
		return &s->config;
	if (slice_eq(line, SLICE("zone")))
		return &s->zone;
	return slice_eq(line, SLICE("message")) ? &s->message : NULL;
}

static bool read_block(struct session *s, struct slice *rest, struct buf *out)
{
	while (!slice_is_null(*rest)) {
		struct slice line = slice_split(rest, '\n');

		s->line++;
		if (slice_eq(line, SLICE("end")))
			return true;
		if (line.len > 0 && line.ptr[0] != '\t')
			return complain(s, "lines of a block are indented by a tab");
		buf_add(out, slice_drop(line, 1));
		buf_add_char(out, '\n');
	}
	return complain(s, "a block without its end");
}

/* Lines indented by two tabs belong to the line before: one tab of them is the fold. */
static struct slice with_folds(struct session *s, struct slice line, struct slice *rest)
{
	while (slice_starts_with(*rest, SLICE("\t\t"))) {
		struct slice more = slice_split(rest, '\n');

		s->line++;
		line = arena_printf(s->a, "%.*s\n%.*s", SLICE_ARG(line), SLICE_ARG(slice_drop(more, 1)));
	}
	return line;
}

static bool read_step(struct session *s, struct slice line)
{
	struct slice args = slice_drop(line, slice_find(line, ' ') + 1);
	struct slice name = slice_take(line, slice_find(line, ' '));

	for (size_t i = 0; i < N_ELEMENTS(steps); i++)
		if (slice_eq(name, slice_str(steps[i].name)))
			return steps[i].step(s, args);
	return complain(s, "no such step");
}

static bool read_line(struct session *s, struct slice *rest)
{
	struct slice line = slice_split(rest, '\n');
	struct buf *block;

	s->line++;
	if (line.len == 0 || line.ptr[0] == '#')
		return true;
	block = block_of(s, line);
	if (block != NULL)
		return read_block(s, rest, block);
	return read_step(s, with_folds(s, line, rest));
}

static void defaults(struct session *s)
{
	s->clock = 1700000000;
	s->envelope = (struct envelope){ .port = 25, .mta_name = SLICE("mx.example.com"),
		.queue_id = SLICE("4TEST"), .helo = SLICE("mail.example.org"),
		.mail_from = SLICE("joe@example.org") };
	(void)ip_parse(SLICE("192.0.2.7"), &s->envelope.client);
}

enum rc session_read(const char *path, const char *keys, struct session *s, struct err *err)
{
	struct buf file = BUF_INIT(SESSION_OCTETS);
	struct slice rest;
	const char *why;

	*s = (struct session){ .path = path, .keys = keys, .err = err,
		.config = BUF_INIT(SESSION_OCTETS), .zone = BUF_INIT(SESSION_OCTETS),
		.message = BUF_INIT(SESSION_OCTETS), .a = arena_create(16 * (size_t)SESSION_OCTETS) };
	defaults(s);
	if (s->a == NULL)
		return RC_NOMEM;
	if (file_read(path, &file, NULL, &why) != RC_OK) {
		buf_free(&file);
		return err_config(err, "%s: %s", path, why);
	}
	rest = arena_take_buf(s->a, &file);
	while (!slice_is_null(rest) && read_line(s, &rest))
		;
	if (s->envelope.recipient_count == 0)
		(void)step_to(s, SLICE("<ann@example.com>"));
	return err->count == 0 ? RC_OK : RC_CONFIG;
}

void session_free(struct session *s)
{
	buf_free(&s->config);
	buf_free(&s->zone);
	buf_free(&s->message);
	arena_free(&s->a);
}
