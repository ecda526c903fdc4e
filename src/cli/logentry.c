#include <jansson.h>

#include "base/ascii.h"
#include "base/log.h"
#include "verdict/classify.h"

#include "cli/logentry.h"
#include "cli/when.h"

#define PROGRAM SLICE("assayd")

static const char *const names[LOG_FIELD_COUNT] = {
	[LOG_CLASS] = "class",
	[LOG_CLIENT] = "client",
	[LOG_HELO] = "helo",
	[LOG_USER] = "user",
	[LOG_MAIL_FROM] = "from",
	[LOG_AUTHOR] = "author",
	[LOG_MESSAGE_ID] = "msgid",
	[LOG_SPF] = "spf",
	[LOG_DKIM] = "dkim",
	[LOG_ARC] = "arc",
	[LOG_DMARC] = "dmarc",
	[LOG_POLICY] = "policy",
	[LOG_OVERRIDE] = "override",
	[LOG_ACTION] = "action",
	[LOG_WOULD] = "would",
	[LOG_SIGNED] = "signed",
	[LOG_APPLIED] = "applied",
	[LOG_ABORTED] = "aborted",
	[LOG_WHY] = "why",
	[LOG_SPF_REASON] = "spf-reason",
	[LOG_DKIM_REASON] = "dkim-reason",
	[LOG_DMARC_REASON] = "dmarc-reason",
	[LOG_REPLY] = "reply",
};

const char *log_field_name(enum log_field field)
{
	return names[field];
}

struct slice log_entry_wish(const struct log_entry *e)
{
	return e->field[slice_is_null(e->field[LOG_WOULD]) ? LOG_ACTION : LOG_WOULD];
}

/* result ["(" domain "/" selector ")"] */
bool log_signature_next(struct slice *rest, struct log_signature *out)
{
	struct slice item;

	if (slice_is_null(*rest))
		return false;
	item = slice_split(rest, ',');
	*out = (struct log_signature){ .result = slice_split(&item, '(') };
	out->domain = slice_split(&item, '/');
	out->selector = slice_take(item, slice_find(item, ')'));
	return true;
}

/* --- what the log's writer puts before a line ---------------------------------------------------- */

static bool not_space(char c)
{
	return c != ' ';
}

/* "assayd: " or "assayd[123]: " */
static bool take_program(struct cursor *c)
{
	struct cursor at = *c;
	uint64_t pid;

	if (!take_literal(&at, PROGRAM))
		return false;
	if (take_char(&at, '[') && (!take_uint(&at, 19, UINT64_MAX, &pid) || !take_char(&at, ']')))
		return false;
	if (!take_literal(&at, SLICE(": ")))
		return false;
	*c = at;
	return true;
}

/* "<22>" of syslog's and systemd's protocols */
static void skip_priority(struct cursor *c)
{
	struct cursor at = *c;
	uint64_t n;

	if (take_char(&at, '<') && take_uint(&at, 3, 999, &n) && take_char(&at, '>'))
		*c = at;
}

/* false: another program's line. */
static bool take_prefix(struct cursor *c, int64_t now, int64_t *time_out)
{
	struct slice host;

	*time_out = -1;
	skip_priority(c);
	if (!take_date_time(c, time_out) && !take_syslog_time(c, now, time_out)) {
		(void)take_program(c);
		return true;
	}
	return take_char(c, ' ') && (take_program(c) ||
	    (take_while(c, not_space, &host) && take_char(c, ' ') && take_program(c)));
}

/* --- text ------------------------------------------------------------------------------------------ */

static bool role_named(struct slice name, enum log_role *out)
{
	static const char *const roles[] = {
		[LOG_ROLE_JUDGE] = "judge", [LOG_ROLE_SIGN] = "sign", [LOG_ROLE_PASS] = "pass",
	};

	for (size_t i = 0; i < N_ELEMENTS(roles); i++)
		if (slice_eq(name, slice_str(roles[i]))) {
			*out = (enum log_role)i;
			return true;
		}
	return false;
}

static void set(struct log_entry *e, enum log_field field, struct slice value)
{
	if (slice_is_null(e->field[field]) && value.len > 0 && !slice_eq(value, SLICE("-")))
		e->field[field] = value;
}

/* The first field of a name is used: values contain no space, so a sender cannot insert a field before it. */
static void set_named(struct log_entry *e, struct slice name, struct slice value)
{
	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (slice_eq(name, slice_str(names[i])))
			set(e, (enum log_field)i, value);
}

/* dmarc=fail(p=reject) */
static void split_policy(struct log_entry *e)
{
	struct slice policy = e->field[LOG_DMARC];
	struct slice result = slice_split(&policy, '(');

	if (slice_is_null(policy) || !slice_starts_with(policy, SLICE("p=")))
		return;
	e->field[LOG_DMARC] = result;
	set(e, LOG_POLICY, slice_take(slice_drop(policy, 2), slice_find(slice_drop(policy, 2), ')')));
}

/* The log may be written by others, too. */
static struct slice printable(struct arena *a, struct slice line)
{
	struct buf out = BUF_INIT(4 * line.len + 1);

	log_escape_line(&out, line);
	return arena_take_buf(a, &out);
}

/* QUEUE-ID ": role=" role *( SP name "=" value ) [ SP "why=" words ] */
static enum log_line parse_text(struct slice line, struct log_entry *out)
{
	struct slice rest = line;
	struct slice word = slice_split(&rest, ' ');

	if (word.len < 2 || word.ptr[word.len - 1] != ':' || !slice_starts_with(rest, SLICE("role=")))
		return LOG_LINE_OTHER;
	out->queue_id = slice_take(word, word.len - 1);
	word = slice_split(&rest, ' ');
	if (!role_named(slice_drop(word, 5), &out->role))
		return LOG_LINE_OTHER;
	while (!slice_is_null(rest)) {
		struct slice name;

		if (slice_starts_with(rest, SLICE("why="))) {
			set(out, LOG_WHY, slice_drop(rest, 4));
			break;
		}
		word = slice_split(&rest, ' ');
		name = slice_split(&word, '=');
		if (!slice_is_null(word))
			set_named(out, name, word);
	}
	split_policy(out);
	return LOG_LINE_MESSAGE;
}

/* --- JSON ------------------------------------------------------------------------------------------ */

static struct slice string_of(const json_t *value)
{
	return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value)) :
	    SLICE_NULL;
}

/* A word: as a value of the text line. */
static struct slice shown(struct arena *a, const json_t *value)
{
	struct slice text = string_of(value);

	return text.len == 0 ? SLICE_NULL : slice_str(log_shown(a, text));
}

/* Words, which stay apart. */
static void add_words(struct buf *out, struct slice text)
{
	struct slice rest = text;

	while (!slice_is_null(rest)) {
		log_escape(out, slice_split(&rest, ' '));
		if (!slice_is_null(rest))
			buf_add_char(out, ' ');
	}
}

static struct slice words(struct arena *a, const json_t *value)
{
	struct buf out = BUF_INIT(64u * 1024);

	add_words(&out, string_of(value));
	return arena_take_buf(a, &out);
}

static struct slice reason(struct arena *a, const json_t *result)
{
	return words(a, json_object_get(json_object_get(result, "reason"), "text"));
}

static struct slice joined(struct arena *a, const json_t *list,
    void (*add)(struct buf *out, const json_t *item))
{
	struct buf out = BUF_INIT(64u * 1024);

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (out.len > 0)
			buf_add_char(&out, ',');
		add(&out, json_array_get(list, i));
	}
	return arena_take_buf(a, &out);
}

static void add_string(struct buf *out, const json_t *item)
{
	log_escape(out, string_of(item));
}

static void add_type(struct buf *out, const json_t *item)
{
	log_escape(out, string_of(json_object_get(item, "type")));
}

/* No comma or bracket of a sender's gets between the signatures. */
static void add_name(struct buf *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (is_one_of(name.ptr[i], ",()/"))
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)name.ptr[i]);
		else
			log_escape(out, slice_of(name.ptr + i, 1));
}

static void add_signer(struct buf *out, const json_t *item)
{
	add_name(out, string_of(json_object_get(item, "domain")));
	buf_add_char(out, '/');
	add_name(out, string_of(json_object_get(item, "selector")));
}

static void add_signature(struct buf *out, const json_t *item)
{
	log_escape(out, string_of(json_object_get(item, "result")));
	buf_add_char(out, '(');
	add_signer(out, item);
	buf_add_char(out, ')');
}

static void add_signature_reason(struct buf *out, const json_t *item)
{
	add_words(out, string_of(json_object_get(json_object_get(item, "reason"), "text")));
}

static void set_client(struct arena *a, const json_t *client, struct log_entry *e)
{
	set(e, LOG_CLIENT, shown(a, json_object_get(client, "ip")));
	set(e, LOG_HELO, shown(a, json_object_get(client, "helo")));
	set(e, LOG_USER, shown(a, json_object_get(client, "auth")));
}

static void set_dmarc(struct arena *a, const json_t *dmarc, struct log_entry *e)
{
	const json_t *author = json_array_get(json_object_get(dmarc, "authors"), 0);

	set(e, LOG_DMARC, shown(a, json_object_get(dmarc, "result")));
	set(e, LOG_POLICY, shown(a, json_object_get(author, "policy")));
	set(e, LOG_DMARC_REASON, reason(a, author == NULL ? dmarc : author));
	set(e, LOG_OVERRIDE, joined(a, json_object_get(dmarc, "overrides"), add_type));
}

static void set_findings(struct arena *a, const json_t *json, struct log_entry *e)
{
	const json_t *dkim = json_object_get(json, "dkim");

	set(e, LOG_SPF, shown(a, json_object_get(json_object_get(json, "spf"), "result")));
	set(e, LOG_SPF_REASON, reason(a, json_object_get(json, "spf")));
	set(e, LOG_DKIM, json_is_array(dkim) && json_array_size(dkim) == 0 ? SLICE("none") :
	    joined(a, dkim, add_signature));
	set(e, LOG_DKIM_REASON, joined(a, dkim, add_signature_reason));
	set(e, LOG_ARC, shown(a, json_object_get(json_object_get(json, "arc"), "result")));
	set_dmarc(a, json_object_get(json, "dmarc"), e);
}

static void set_actions(struct arena *a, const json_t *json, struct log_entry *e)
{
	struct slice ending = string_of(json_object_get(json, "ending"));

	set(e, LOG_ACTION, shown(a, json_object_get(json, "action")));
	set(e, LOG_WOULD, shown(a, json_object_get(json, "would")));
	set(e, LOG_SIGNED, joined(a, json_object_get(json, "signed"), add_signer));
	set(e, LOG_WHY, words(a, json_object_get(json, e->role == LOG_ROLE_JUDGE ? "why" : "unsigned")));
	set(e, LOG_WHY, words(a, json_object_get(json, "why")));
	set(e, LOG_REPLY, words(a, json_object_get(json, "reply")));
	if (slice_eq(ending, SLICE("aborted")))
		set(e, LOG_ABORTED, SLICE("yes"));
	else if (ending.len > 0)
		set(e, LOG_APPLIED, SLICE("no"));
	if (slice_eq(e->field[LOG_WOULD], e->field[LOG_ACTION]))
		e->field[LOG_WOULD] = SLICE_NULL; /* the text line has it where the two differ */
}

static enum log_role role_of_class(struct slice name)
{
	for (enum message_class c = 0; c < CLASS_COUNT; c++)
		if (slice_eq(name, slice_str(class_rules(c)->name)))
			return class_rules(c)->judge ? LOG_ROLE_JUDGE :
			    class_rules(c)->sign ? LOG_ROLE_SIGN : LOG_ROLE_PASS;
	return LOG_ROLE_PASS;
}

static void from_json(struct arena *a, const json_t *json, struct log_entry *e)
{
	struct slice sender = string_of(json_object_get(json, "mail_from"));
	const json_t *ended = json_object_get(json, "time");

	e->queue_id = shown(a, json_object_get(json, "queue_id"));
	if (slice_is_null(e->queue_id))
		e->queue_id = SLICE("NOQUEUE");
	e->role = role_of_class(string_of(json_object_get(json, "class")));
	if (json_is_integer(ended) && json_integer_value(ended) > 0)
		e->time = json_integer_value(ended);
	set(e, LOG_CLASS, shown(a, json_object_get(json, "class")));
	set_client(a, json_object_get(json, "client"), e);
	set(e, LOG_MAIL_FROM, sender.len == 0 ? SLICE("<>") : shown(a, json_object_get(json, "mail_from")));
	set(e, LOG_AUTHOR, joined(a, json_object_get(json, "author"), add_string));
	set(e, LOG_MESSAGE_ID, shown(a, json_object_get(json, "message_id")));
	set_findings(a, json, e);
	set_actions(a, json, e);
}

static enum log_line parse_json(struct arena *a, struct slice line, struct log_entry *out)
{
	json_t *json = json_loadb(line.ptr, line.len, 0, NULL);
	bool ours = json_is_integer(json_object_get(json, "version")) &&
	    json_is_string(json_object_get(json, "class"));

	if (ours)
		from_json(a, json, out);
	json_decref(json);
	return json == NULL ? LOG_LINE_BROKEN : ours ? LOG_LINE_MESSAGE : LOG_LINE_OTHER;
}

enum log_line log_entry_parse(struct arena *a, struct slice line, int64_t now, struct log_entry *out)
{
	struct cursor c = cursor_of(line);
	struct log_entry entry = { .time = -1 };
	enum log_line kind = LOG_LINE_OTHER;

	if (take_prefix(&c, now, &entry.time))
		kind = cursor_peek(&c) == '{' ? parse_json(a, cursor_rest(&c), &entry) :
		    parse_text(printable(a, cursor_rest(&c)), &entry);
	if (kind == LOG_LINE_MESSAGE)
		*out = entry;
	return kind;
}
