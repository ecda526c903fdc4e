#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/utf8.h"

#include "parse.h"

#define OCTET_ERRORS 10u /* lines with invalid octets that are reported */

struct parser {
	struct cursor c;
	unsigned line;
	const char *file;
	struct arena *arena;
	struct err *err;
	const struct config_events *events;
	void *ctx;
	struct slice section; /* null: at the top level */
	unsigned section_line;
};

static struct config_place place(const struct parser *p, unsigned line)
{
	return (struct config_place){ p->file, line };
}

static const char *shown(const struct parser *p, struct slice text)
{
	return config_shown(p->arena, text);
}

/* --- octets --------------------------------------------------------------------------------- */

/* The first octet of a line that has no place in a text file, or line.len. */
static size_t strange_octet(struct slice line)
{
	size_t i = 0;

	while (i < line.len) {
		size_t n = utf8_sequence(slice_drop(line, i));
		bool last_cr = line.ptr[i] == '\r' && i + 1 == line.len;

		if (n == 0 || (is_ctl(line.ptr[i]) && line.ptr[i] != '\t' && !last_cr))
			return i;
		i += n;
	}
	return i;
}

/* False when the text is not worth parsing. */
static bool check_octets(struct parser *p, struct slice text)
{
	struct slice rest = text;
	unsigned line_number = 0, bad = 0;

	while (!slice_is_null(rest) && bad < OCTET_ERRORS) {
		struct slice line = slice_split(&rest, '\n');
		size_t at = strange_octet(line);

		line_number++;
		if (at == line.len)
			continue;
		bad++;
		if (is_8bit(line.ptr[at]))
			config_error(p->err, place(p, line_number),
			    "octet 0x%02x is not UTF-8: save the file as UTF-8",
			    (unsigned)(unsigned char)line.ptr[at]);
		else
			config_error(p->err, place(p, line_number),
			    "control character 0x%02x: remove it", (unsigned)line.ptr[at]);
	}
	return bad < OCTET_ERRORS && slice_find(text, '\0') == text.len;
}

/* --- tokens --------------------------------------------------------------------------------- */

static bool is_bare_octet(char c)
{
	return !is_fws(c) && strchr("{},=\"#;", c) == NULL; /* NUL is found, too */
}

static bool is_name_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static void skip_comment(struct parser *p)
{
	while (!cursor_done(&p->c) && *p->c.at != '\n')
		p->c.at++;
}

/* Blanks, line ends and comments; true when a line end was among them. */
static bool skip_blank(struct parser *p)
{
	unsigned line = p->line;

	for (;;) {
		skip_wsp(&p->c);
		if (take_char(&p->c, '\n'))
			p->line++;
		else if (cursor_peek(&p->c) == '#')
			skip_comment(p);
		else if (!take_char(&p->c, '\r'))
			return p->line > line;
	}
}

/* name = ALPHA *( ALPHA / DIGIT / "-" ); "_" and "." are taken for the sake of a better message */
static bool take_name(struct cursor *c, struct slice *name_out)
{
	return is_alpha(cursor_peek(c)) && take_while(c, is_name_octet, name_out);
}

/* The closing quote of a string that begins at from; NULL when the line ends before it. */
static const char *string_end(const char *from, const char *end)
{
	const char *at = from;

	while (at < end && *at != '"' && *at != '\n')
		at += *at == '\\' && at + 1 < end && at[1] != '\n' ? 2 : 1;
	return at < end && *at == '"' ? at : NULL;
}

/* Removes the escapes from the text between quotes. */
static bool unescape(struct parser *p, struct slice raw, struct slice *out)
{
	struct buf text = BUF_INIT(raw.len);

	if (slice_find(raw, '\\') == raw.len) {
		*out = raw;
		return true;
	}
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] == '\\' && raw.ptr[++i] != '"' && raw.ptr[i] != '\\') {
			config_error(p->err, place(p, p->line), "\"\\%s\" in a string is not "
			    "known: write \"\\\\\" for a backslash and \\\" for a quotation mark",
			    shown(p, slice_take(slice_drop(raw, i), 1)));
			buf_free(&text);
			return false;
		}
		buf_add_char(&text, raw.ptr[i]);
	}
	*out = arena_take_buf(p->arena, &text);
	return true;
}

static bool take_quoted(struct parser *p, struct slice *out)
{
	const char *start = p->c.at + 1;
	const char *end = string_end(start, p->c.end);

	if (end == NULL) {
		config_error(p->err, place(p, p->line), "the string that begins here has no end: "
		    "put \" after it on the same line");
		skip_comment(p);
		return false;
	}
	p->c.at = end + 1;
	return unescape(p, slice_between(start, end), out);
}

static bool unexpected(const struct parser *p)
{
	static const struct {
		char octet;
		const char *text;
	} hints[] = {
		{ ',', "separate only the entries of a list with commas" },
		{ ';', "a setting ends with its line or a blank, not with \";\"" },
		{ '=', "write a name before \"=\", and one value after it" },
		{ '}', "no section is open here" },
		{ '{', "write \"{\" after \"name =\" or after the name of a section" },
		{ '"', "a setting is written name = \"value\"" },
		{ '#', "put a blank before the comment, or the value into double quotes" },
		{ '\'', "write strings in double quotes" },
	};
	struct slice octet = slice_take(cursor_rest(&p->c), 1);

	for (size_t i = 0; i < N_ELEMENTS(hints); i++)
		if (cursor_peek(&p->c) == hints[i].octet) {
			config_error(p->err, place(p, p->line), "unexpected \"%c\": %s",
			    hints[i].octet, hints[i].text);
			return false;
		}
	config_error(p->err, place(p, p->line), "unexpected \"%s\": write settings as "
	    "name = value, and put texts with special characters in double quotes",
	    shown(p, octet));
	return false;
}

static bool take_scalar(struct parser *p, struct config_item *item_out)
{
	struct config_item item = { .line = p->line };
	bool quoted = cursor_peek(&p->c) == '"';
	char next;

	if (cursor_peek(&p->c) == '\'')
		return unexpected(p);
	if (quoted ? !take_quoted(p, &item.text) : !take_while(&p->c, is_bare_octet, &item.text))
		return quoted ? false : unexpected(p);
	next = cursor_peek(&p->c);
	if (!cursor_done(&p->c) && !is_fws(next) && strchr(quoted ? ",{}#" : ",{}", next) == NULL)
		return unexpected(p);
	*item_out = item;
	return true;
}

/* --- going on after a mistake --------------------------------------------------------------- */

static bool looks_like_setting(const struct parser *p)
{
	struct cursor c = p->c;
	struct slice name;

	skip_wsp(&c);
	if (!take_name(&c, &name))
		return false;
	skip_wsp(&c);
	return cursor_peek(&c) == '=' || cursor_peek(&c) == '{';
}

static void skip_string(struct parser *p)
{
	const char *end = string_end(p->c.at + 1, p->c.end);

	if (end != NULL)
		p->c.at = end + 1;
	else
		skip_comment(p);
}

/* Over one octet, one comment or one string; what was opened and closed is counted. */
static void skip_one(struct parser *p, unsigned *depth)
{
	char c = cursor_peek(&p->c);

	if (c == '#') {
		skip_comment(p);
	} else if (c == '"') {
		skip_string(p);
	} else {
		*depth += c == '{';
		*depth -= c == '}';
		p->line += c == '\n';
		p->c.at++;
	}
}

/* To the end of the line, or of the block that it opens; a "}" of the section around it stays. */
static void recover(struct parser *p)
{
	unsigned depth = 0;

	while (!cursor_done(&p->c)) {
		char c = cursor_peek(&p->c);

		if (depth == 0 && (c == '\n' || c == '}'))
			return;
		skip_one(p, &depth);
	}
}

/* Skips to the end of a list: after its "}", or, if that is missing, to a line that begins a setting. */
static void leave_list(struct parser *p)
{
	unsigned depth = 1;

	while (!cursor_done(&p->c) && depth > 0) {
		bool new_line = cursor_peek(&p->c) == '\n';

		skip_one(p, &depth);
		if (new_line && looks_like_setting(p))
			return;
	}
}

/* --- values --------------------------------------------------------------------------------- */

static bool add_item(struct parser *p, struct config_value *v, struct config_item item)
{
	if (!arena_grow(p->arena, &v->items, &v->cap, v->count, sizeof(item)))
		return false;
	v->items[v->count++] = item;
	return true;
}

/* The separator between two entries; false if the list ends here. */
static bool take_separator(struct parser *p, unsigned opened)
{
	bool new_line = skip_blank(p);

	if (take_char(&p->c, ','))
		return true;
	if (cursor_done(&p->c) || cursor_peek(&p->c) == '}')
		return true; /* the caller's to see */
	config_error(p->err, place(p, p->line), "in the list that begins in line %u: put a comma "
	    "between its entries, or } after the last", opened);
	return !(new_line && looks_like_setting(p)) && cursor_peek(&p->c) != '=' &&
	    cursor_peek(&p->c) != ';';
}

static bool take_list(struct parser *p, struct config_value *v)
{
	unsigned opened = p->line;
	bool more = take_char(&p->c, '{');

	v->list = true;
	while (more) {
		struct config_item item;

		skip_blank(p);
		if (take_char(&p->c, '}'))
			return true;
		if (cursor_done(&p->c)) {
			config_error(p->err, place(p, opened),
			    "the list that begins here has no end: put } after it");
			return false;
		}
		if (looks_like_setting(p)) {
			config_error(p->err, place(p, p->line), "the list that begins in line %u "
			    "is still open here: put } after its last entry", opened);
			return true;
		}
		if (!take_scalar(p, &item) || !add_item(p, v, item)) {
			leave_list(p);
			return false;
		}
		more = take_separator(p, opened);
	}
	return true;
}

static bool take_value(struct parser *p, struct slice name, struct config_value *v)
{
	struct config_item item;
	char c;

	skip_wsp(&p->c);
	c = cursor_peek(&p->c);
	if (cursor_done(&p->c) || c == '\n' || c == '\r' || c == '#' || c == '}') {
		config_error(p->err, place(p, p->line), "%s has no value: write it after the "
		    "\"=\", on the same line (an empty text is \"\")", shown(p, name));
		return false;
	}
	if (c == '{')
		return take_list(p, v);
	return take_scalar(p, &item) && add_item(p, v, item);
}

/* --- statements ----------------------------------------------------------------------------- */

static void close_section(struct parser *p)
{
	p->section = SLICE_NULL;
	p->events->close(p->ctx);
}

static void close_brace(struct parser *p)
{
	if (slice_is_null(p->section))
		unexpected(p);
	p->c.at++;
	if (!slice_is_null(p->section))
		close_section(p);
}

static void parse_setting(struct parser *p, struct slice name, unsigned line)
{
	struct config_value value = { .list = false };

	if (take_value(p, name, &value))
		p->events->setting(p->ctx, place(p, line), name, &value);
	else
		recover(p);
}

static void parse_include(struct parser *p, unsigned line)
{
	struct config_item pattern;

	if (!take_scalar(p, &pattern))
		recover(p);
	else if (!slice_is_null(p->section))
		config_error(p->err, place(p, line), "include is not allowed within a section: "
		    "put it after the } of %s", shown(p, p->section));
	else
		p->events->include(p->ctx, place(p, line), pattern.text);
}

/* name [title] "{" */
static void parse_section(struct parser *p, struct slice name, unsigned line)
{
	struct config_item title = { .text = SLICE_NULL };
	char c = cursor_peek(&p->c);
	bool new_line;

	if ((c == '"' || is_bare_octet(c)) && !take_scalar(p, &title)) {
		recover(p);
		return;
	}
	new_line = skip_blank(p);
	if (!take_char(&p->c, '{')) {
		config_error(p->err, place(p, line), "after %s: write \"= value\" for a setting "
		    "or \"{\" for a section; write a value of several words in double quotes",
		    shown(p, name));
		if (!new_line)
			recover(p);
		return;
	}
	if (!slice_is_null(p->section)) {
		config_error(p->err, place(p, line), "%s is not allowed within %s, which begins "
		    "in line %u: sections do not nest; is a } missing before it?", shown(p, name),
		    shown(p, p->section), p->section_line);
		close_section(p);
	}
	p->section = name;
	p->section_line = line;
	p->events->open(p->ctx, place(p, line), name, title.text);
}

static void parse_statement(struct parser *p)
{
	unsigned line = p->line;
	struct slice name;

	if (cursor_peek(&p->c) == '}') {
		close_brace(p);
		return;
	}
	if (!take_name(&p->c, &name)) {
		unexpected(p);
		recover(p);
		return;
	}
	skip_wsp(&p->c);
	if (take_char(&p->c, '='))
		parse_setting(p, name, line);
	else if (slice_eq(name, SLICE("include")))
		parse_include(p, line);
	else
		parse_section(p, name, line);
}

static struct slice without_byte_order_mark(struct slice text)
{
	struct slice mark = SLICE("\xef\xbb\xbf");

	return slice_starts_with(text, mark) ? slice_drop(text, mark.len) : text;
}

void config_parse(struct arena *a, struct slice text, const char *file,
    const struct config_events *events, void *ctx, struct err *err)
{
	struct parser p = { .line = 1, .file = file, .arena = a, .err = err, .events = events,
		.ctx = ctx };

	text = without_byte_order_mark(text);
	p.c = cursor_of(text);
	if (!check_octets(&p, text))
		return;
	for (;;) {
		skip_blank(&p);
		if (cursor_done(&p.c) || err->count > LIMIT_CONFIG_ERRORS)
			break;
		parse_statement(&p);
	}
	if (slice_is_null(p.section))
		return;
	if (cursor_done(&p.c))
		config_error(err, place(&p, p.section_line), "the section %s that begins here has "
		    "no end: put } after it", shown(&p, p.section));
	close_section(&p);
}

bool config_parse_value(struct arena *a, struct slice text, struct config_value *value_out,
    struct err *err)
{
	struct parser p = { .c = cursor_of(text), .line = 1, .file = "default", .arena = a,
		.err = err };
	struct config_value value = { .list = false };

	if (!take_value(&p, SLICE("default"), &value))
		return false;
	*value_out = value;
	return true;
}
