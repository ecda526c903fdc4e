#include <stdarg.h>
#include <stdint.h>
#include <syslog.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/tokens.h"

#include "private.h"

/* --- messages ------------------------------------------------------------------------------- */

const char *option_label(const struct target *t)
{
	const struct option_info *info = &t->option->info;
	struct slice label = arena_printf(t->arena, "%s%s%s", info->section,
	    *info->section == '\0' ? "" : " ", info->name);

	return slice_is_null(label) ? info->name : label.ptr;
}

bool value_wrong(const struct target *t, struct slice text, const char *fmt, ...)
{
	struct buf what = BUF_INIT(4096);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	config_error(t->err, t->at, "%s: \"%s\" %s", option_label(t), config_shown(t->arena, text),
	    buf_cstr(&what));
	buf_free(&what);
	return false;
}

/* --- numbers -------------------------------------------------------------------------------- */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit time_units[] = { /* the largest first */
	{ "w", 7 * 86400 * INT64_C(1000) },
	{ "d", 86400 * INT64_C(1000) },
	{ "h", 3600 * INT64_C(1000) },
	{ "m", 60 * INT64_C(1000) },
	{ "s", 1000 },
	{ "ms", 1 },
	{ NULL, 0 },
};

static const struct unit octet_units[] = {
	{ "G", INT64_C(1) << 30 },
	{ "M", INT64_C(1) << 20 },
	{ "k", INT64_C(1) << 10 },
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

#define NUMBER_MAX (INT64_MAX / 1000)

static void store(const struct target *t, int64_t value)
{
	char *field = t->base + t->option->offset;

	switch (t->option->size) {
	case sizeof(bool):
		*(bool *)(void *)field = value != 0;
		break;
	case sizeof(int):
		*(int *)(void *)field = (int)value;
		break;
	case sizeof(int64_t):
		*(int64_t *)(void *)field = value;
		break;
	}
}

/* A value in the largest unit that shows it whole. */
static const char *in_units(const struct target *t, const struct unit *units, int64_t value)
{
	struct slice text;

	while (units[1].name != NULL && (value == 0 || value % units->factor != 0))
		units++;
	text = value == 0 ? SLICE("0")
	                  : arena_printf(t->arena, "%lld%s", (long long)(value / units->factor),
	                        units->name);
	return slice_is_null(text) ? "?" : text.ptr;
}

/* 1*DIGIT [ unit ]; a bare 0 needs no unit */
static bool take_number(struct slice text, const struct unit *units, int64_t *value_out)
{
	struct cursor c = cursor_of(text);
	uint64_t number;

	if (!take_uint(&c, 18, NUMBER_MAX, &number))
		return false;
	if (cursor_done(&c) && number == 0) {
		*value_out = 0;
		return true;
	}
	for (; units->name != NULL; units++)
		if (slice_ieq(cursor_rest(&c), slice_str(units->name))) {
			*value_out = number > (uint64_t)(NUMBER_MAX / units->factor)
			    ? NUMBER_MAX : (int64_t)number * units->factor;
			return true;
		}
	return false;
}

/* scale: how much the unit of min, max and the field is, in the smallest one */
static bool set_in_units(const struct target *t, struct slice text, const struct unit *units,
    int64_t scale, const char *what)
{
	const struct option *o = t->option;
	const char *min = in_units(t, units, o->min * scale);
	const char *max = in_units(t, units, o->max * scale);
	int64_t value;

	if (!take_number(text, units, &value))
		return value_wrong(t, text, "is not %s: write one from %s to %s", what, min, max);
	if (value < o->min * scale || value > o->max * scale)
		return value_wrong(t, text, "is out of range: write %s from %s to %s", what, min,
		    max);
	if (value % scale != 0)
		return value_wrong(t, text, "must be a whole number of seconds");
	store(t, value / scale);
	return true;
}

static bool set_number(const struct target *t, struct slice text)
{
	return set_in_units(t, text, no_units, 1, "a number");
}

static bool set_seconds(const struct target *t, struct slice text)
{
	return set_in_units(t, text, time_units, 1000, "a time with its unit (s m h d w)");
}

static bool set_milliseconds(const struct target *t, struct slice text)
{
	return set_in_units(t, text, time_units, 1, "a time with its unit (ms s m h d w)");
}

static bool set_octets(const struct target *t, struct slice text)
{
	return set_in_units(t, text, octet_units, 1, "a number of octets (units k M G)");
}

static bool set_mode(const struct target *t, struct slice text)
{
	unsigned mode = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7' || i >= 4)
			return value_wrong(t, text, "is not a valid file mode: write it in octal, as 0660");
		mode = mode * 8 + (unsigned)(text.ptr[i] - '0');
	}
	if (text.len < 3 || mode > 0777)
		return value_wrong(t, text, "is not a valid file mode: write it in octal, as 0660");
	if ((mode & 0002) != 0)
		config_warning(t->err, t->at, "%s: with mode %04o every local user may have mail "
		    "signed: write 0660, and give socket-group the group of the MTA",
		    option_label(t), mode);
	store(t, (int64_t)mode);
	return true;
}

/* --- words ---------------------------------------------------------------------------------- */

static bool word_find(const char *words, struct slice text, int *index_out)
{
	struct slice rest = slice_str(words);

	for (int i = 0; !slice_is_null(rest); i++)
		if (slice_eq(slice_split(&rest, '|'), text)) {
			*index_out = i;
			return true;
		}
	return false;
}

/* "a, b or c" of "a|b|c" */
static const char *words_listed(const struct target *t, const char *words)
{
	struct slice rest = slice_str(words);
	struct buf out = BUF_INIT(1024);
	struct slice listed;

	while (!slice_is_null(rest)) {
		struct slice word = slice_split(&rest, '|');

		if (out.len > 0)
			buf_add_str(&out, slice_is_null(rest) ? " or " : ", ");
		buf_add(&out, word);
	}
	listed = arena_take_buf(t->arena, &out);
	return slice_is_null(listed) ? words : listed.ptr;
}

static bool find_word(const struct target *t, struct slice text, const char *words, int *index_out)
{
	if (word_find(words, text, index_out))
		return true;
	return value_wrong(t, text, "is not a valid value: write %s", words_listed(t, words));
}

static bool set_word(const struct target *t, struct slice text)
{
	int index;

	if (!find_word(t, text, t->option->info.type, &index))
		return false;
	if (t->option->rule != NULL && !t->option->rule(t, text, &text))
		return false;
	store(t, t->option->min + index);
	return true;
}

static bool set_facility(const struct target *t, struct slice text)
{
	static const int facilities[] = { LOG_MAIL, LOG_DAEMON, LOG_USER, LOG_LOCAL0, LOG_LOCAL1,
		LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };
	int index;

	if (!find_word(t, text, t->option->info.type, &index))
		return false;
	store(t, facilities[index]);
	return true;
}

/* Header and body canonicalization are two fields side by side (RFC 6376 section 3.5, "c="). */
static bool set_canon(const struct target *t, struct slice text)
{
	struct slice body = text, header = slice_split(&body, '/');
	enum canon *field = (enum canon *)(void *)(t->base + t->option->offset);
	int index, canon[2];

	if (!find_word(t, text, t->option->info.type, &index) ||
	    !word_find("simple|relaxed", header, &canon[0]) ||
	    !word_find("simple|relaxed", body, &canon[1]))
		return false;
	field[0] = (enum canon)canon[0];
	field[1] = (enum canon)canon[1];
	return true;
}

/* --- texts ---------------------------------------------------------------------------------- */

static struct slice *slice_field(const struct target *t, size_t offset)
{
	return (struct slice *)(void *)(t->base + offset);
}

static bool apply_rule(const struct target *t, struct slice *text)
{
	return t->option->rule == NULL || t->option->rule(t, *text, text);
}

/* The empty text is the absent one. */
static bool set_text(const struct target *t, struct slice text)
{
	struct slice *field = slice_field(t, t->option->offset);

	if (text.len == 0 && t->option->min > 0)
		return value_wrong(t, text, "must not be empty");
	if (text.len == 0) {
		*field = SLICE_NULL;
		return true;
	}
	if (t->option->max > 0 && text.len > (size_t)t->option->max)
		return value_wrong(t, text, "is too long: at most %lld octets",
		    (long long)t->option->max);
	if (!apply_rule(t, &text))
		return false;
	*field = arena_copy(t->arena, text); /* followed by a NUL */
	return true;
}

static bool set_domain(const struct target *t, struct slice text)
{
	struct domain *field = (struct domain *)(void *)(t->base + t->option->offset);

	*field = DOMAIN_NONE;
	return text.len == 0 || domain_parse(t->arena, text, field) ||
	    value_wrong(t, text, "is not a domain name: write one as \"example.com\"");
}

/* Name ":" value, two slices side by side */
static bool set_header(const struct target *t, struct slice text)
{
	static const char standard[] = "from|to|cc|bcc|subject|date|sender|reply-to|message-id|"
	    "received|return-path|dkim-signature|authentication-results|received-spf|mime-version|"
	    "content-type|content-transfer-encoding|references|in-reply-to|list-id|"
	    "list-unsubscribe";
	struct slice *field = slice_field(t, t->option->offset);
	struct slice value = text, name = slice_trim(slice_split(&value, ':'));
	int index;

	if (!field_name_valid(name) || slice_trim(value).len == 0 || !rule_printable(t, value, &value))
		return value_wrong(t, text, "is not a valid header field: write \"X-Name: value\"");
	if (word_find(standard, arena_lower(t->arena, name), &index))
		return value_wrong(t, text, "would remove every %s field from incoming mail: take "
		    "a name of your own that begins with \"X-\"", config_shown(t->arena, name));
	field[0] = arena_copy(t->arena, name);
	field[1] = arena_copy(t->arena, slice_trim(value));
	return true;
}

/* --- lists ---------------------------------------------------------------------------------- */

static void clear_field(const struct target *t)
{
	const struct option *o = t->option;

	memset(t->base + o->offset, 0, o->size);
	if (o->count != NO_FIELD)
		memset(t->base + o->count, 0, sizeof(size_t));
	if (o->cap != NO_FIELD)
		memset(t->base + o->cap, 0, sizeof(size_t));
}

/* Arrays that have a count and no cap grow at the powers of two from 8 on. */
static bool append(const struct target *t, void *array, size_t *count, size_t size)
{
	size_t cap = *count;

	if (*count != 0 && (*count < 8 || (*count & (*count - 1)) != 0))
		return true;
	return arena_grow(t->arena, array, &cap, *count, size);
}

static bool append_slice(const struct target *t, struct slice **items, size_t *count,
    struct slice text)
{
	if (!append(t, items, count, sizeof(text)))
		return false;
	(*items)[*count] = arena_copy(t->arena, text);
	(*count)++;
	return true;
}

static bool add_text(const struct target *t, struct slice text)
{
	const struct option *o = t->option;
	size_t *count = (size_t *)(void *)(t->base + o->count);
	struct slice **items = (struct slice **)(void *)(t->base + o->offset);

	if (text.len == 0)
		return value_wrong(t, text, "must not be empty: leave such an entry out");
	if (!apply_rule(t, &text) || !append_slice(t, items, count, text))
		return false;
	if (o->cap != NO_FIELD)
		*(size_t *)(void *)(t->base + o->cap) = *count;
	return true;
}

static bool add_host(const struct target *t, struct slice text)
{
	struct hostlist *list = (struct hostlist *)(void *)(t->base + t->option->offset);
	const char *why = NULL;

	if (hostlist_add(t->arena, list, text, &why) != RC_CONFIG)
		return true; /* lack of memory is the arena's mark */
	return value_wrong(t, text, "%s", why);
}

static bool add_port(const struct target *t, struct slice text)
{
	struct port_list *list = (struct port_list *)(void *)(t->base + t->option->offset);
	struct cursor c = cursor_of(text);
	uint64_t port;

	if (!take_uint(&c, 5, 65535, &port) || !cursor_done(&c))
		return value_wrong(t, text, "is not a valid port: write a number from 0 to 65535 (0 is "
		    "Postfix's sendmail command)");
	if (!arena_grow(t->arena, &list->items, &list->cap, list->count, sizeof(*list->items)))
		return false;
	list->items[list->count++] = (int)port;
	return true;
}

/* "+Name" and "-Name": two arrays. */
static bool add_sign_header(const struct target *t, struct slice text)
{
	char *field = t->base + t->option->offset;
	struct sign_header_set *set = (struct sign_header_set *)(void *)field;
	bool plus = slice_starts_with(text, SLICE("+"));
	struct slice name = slice_drop(text, 1);
	const char *why;

	if ((!plus && !slice_starts_with(text, SLICE("-"))) || !field_name_valid(name))
		return value_wrong(t, text, "is not valid: write \"+Name\" to sign one field "
		    "more, \"-Name\" to leave one out");
	why = dkim_sign_field_error(name, !plus);
	if (why != NULL)
		return value_wrong(t, text, "cannot be used: that field %s", why);
	if (plus)
		return append_slice(t, &set->add, &set->add_count, name);
	return append_slice(t, &set->remove, &set->remove_count, name);
}

/* --- whole values --------------------------------------------------------------------------- */

static bool set_list(const struct target *t, const struct config_value *value)
{
	bool (*set)(const struct target *, struct slice) = t->option->type->set;
	struct slice file = SLICE("file:");
	struct target entry = *t;
	bool ok = true;

	t->option->type->clear(t);
	for (size_t i = 0; i < value->count; i++) {
		struct slice text = value->items[i].text;

		entry.at.line = value->items[i].line;
		if (slice_starts_with(text, file))
			ok = list_file(&entry, slice_drop(text, file.len), set) && ok;
		else
			ok = set(&entry, text) && ok;
	}
	return ok;
}

static bool set_scalar(const struct target *t, const struct config_value *value)
{
	if (!value->list || (t->option->one_of_list && value->count == 1))
		return t->option->type->set(t, value->items[0].text);
	if (t->option->one_of_list)
		config_error(t->err, t->at, "%s: exactly one entry is supported: write one",
		    option_label(t));
	else
		config_error(t->err, t->at, "%s takes one value, no list: write it without { }",
		    option_label(t));
	return false;
}

bool value_set(const struct target *t, const struct config_value *value)
{
	const struct option *o = t->option;

	if (!(o->type->list ? set_list(t, value) : set_scalar(t, value)))
		return false;
	if (o->present != NO_FIELD && t->at.file != NULL)
		*(bool *)(void *)(t->base + o->present) = true;
	return true;
}

const struct value_type type_word = { .set = set_word };
const struct value_type type_number = { .set = set_number };
const struct value_type type_seconds = { .set = set_seconds };
const struct value_type type_milliseconds = { .set = set_milliseconds };
const struct value_type type_octets = { .set = set_octets };
const struct value_type type_mode = { .set = set_mode };
const struct value_type type_text = { .set = set_text };
const struct value_type type_domain = { .set = set_domain };
const struct value_type type_canon = { .set = set_canon };
const struct value_type type_facility = { .set = set_facility };
const struct value_type type_header = { .set = set_header };
const struct value_type type_texts = { .list = true, .set = add_text, .clear = clear_field };
const struct value_type type_hosts = { .list = true, .set = add_host, .clear = clear_field };
const struct value_type type_ports = { .list = true, .set = add_port, .clear = clear_field };
const struct value_type type_sign_headers = { .list = true, .set = add_sign_header,
	.clear = clear_field };
