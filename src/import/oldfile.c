/* Old configuration files, line by line, each as its own program reads it. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include "private.h"

#define INCLUDE_DEPTH 5u /* opendkim's own */

const char *const program_names[PROGRAM_COUNT] = {
	[PROGRAM_OPENDKIM] = "opendkim",
	[PROGRAM_OPENDMARC] = "opendmarc",
	[PROGRAM_OPENARC] = "openarc",
	[PROGRAM_POLICYD_SPF] = "policyd-spf",
	[PROGRAM_MAIN_CF] = "main.cf",
	[PROGRAM_MASTER_CF] = "master.cf",
	[PROGRAM_SENDMAIL] = "Sendmail",
};

/* One file under way. */
struct reader {
	struct import *im;
	enum program program;
	const char *path;
	unsigned line, depth;
};

bool old_boolean(struct slice value, bool *out)
{
	char first = value.len == 0 ? '\0' : value.ptr[0];

	*out = first != '\0' && strchr("TtYy1", first) != NULL;
	return *out || (first != '\0' && strchr("FfNn0", first) != NULL);
}

const struct old_line *old_option(const struct import *im, enum program p, const char *name)
{
	const struct old_lines *lines = &im->lines[p];

	for (size_t i = lines->count; i > 0; i--)
		if (slice_ieq(lines->items[i - 1].name, slice_str(name)) ||
		    (lines->items[i - 1].rule != NULL && strcmp(lines->items[i - 1].rule->name, name) == 0))
			return &lines->items[i - 1];
	return NULL;
}

static void add_line(const struct reader *r, const struct rule *rule, struct slice name,
    struct slice value)
{
	struct old_lines *lines = &r->im->lines[r->program];

	if (!arena_grow(r->im->arena, &lines->items, &lines->cap, lines->count, sizeof(*lines->items)))
		return;
	for (size_t i = 0; rule != NULL && i < lines->count; i++)
		if (lines->items[i].rule == rule)
			lines->items[i].superseded = true;
	lines->items[lines->count++] = (struct old_line){ .file = r->path, .line = r->line,
		.name = name, .value = value, .rule = rule };
}

/* --- the option that a line names -------------------------------------------------------------- */

/* The exact name, else the only one that begins so; names compare without case. */
static const struct rule *rule_named(enum program p, struct slice name, bool *ambiguous_out)
{
	const struct rule *found = NULL, *r;
	size_t hits = 0;

	for (size_t i = 0; (r = rule_at(p, i)) != NULL; i++) {
		if (slice_ieq(slice_str(r->name), name))
			return r;
		if (slice_istarts_with(slice_str(r->name), name)) {
			found = r;
			hits++;
		}
	}
	*ambiguous_out = hits > 1;
	return hits == 1 ? found : NULL;
}

static void take_option(const struct reader *r, struct slice name, struct slice value)
{
	bool ambiguous = false;
	const struct rule *rule = rule_named(r->program, name, &ambiguous);

	if (rule == NULL)
		mistake(r->im, r->path, r->line, "%s: %s of %s: remove the line, or write the option's full "
		    "name", shown(r->im, name), ambiguous ? "begins several options" : "is not an option",
		    program_names[r->program]);
	else if (value.len == 0)
		mistake(r->im, r->path, r->line, "%s has no value, and %s would not start", rule->name,
		    program_names[r->program]);
	else
		add_line(r, rule, name, value);
}

/* --- grammars ---------------------------------------------------------------------------------- */

static void read_file(struct import *im, enum program p, const char *path, unsigned depth);

/* opendkim, opendmarc, openarc: name, blanks, value; "#" and CR end a line wherever they are. */
static void line_of_milter(struct reader *r, struct slice line)
{
	size_t end = 0;
	struct slice name, value;

	line = slice_take(line, slice_find(line, '#'));
	line = slice_trim(slice_take(line, slice_find(line, '\r')));
	while (end < line.len && !is_wsp(line.ptr[end]))
		end++;
	name = slice_take(line, end);
	value = slice_trim(slice_drop(line, end));
	if (name.len == 0)
		return;
	if (!slice_ieq(name, SLICE("Include")) || r->program == PROGRAM_OPENDMARC)
		take_option(r, name, value);
	else if (r->depth == INCLUDE_DEPTH)
		mistake(r->im, r->path, r->line, "Include is nested deeper than %u files: do these files "
		    "include each other?", INCLUDE_DEPTH);
	else
		read_file(r->im, r->program, arena_copy(r->im->arena, value).ptr, r->depth + 1);
}

/* policyd-spf: name = value */
static void line_of_policyd(struct reader *r, struct slice line)
{
	struct slice value = slice_trim(slice_take(line, slice_find(line, '#')));
	struct slice name = slice_trim(slice_split(&value, '='));

	if (name.len == 0)
		return;
	if (slice_is_null(value))
		mistake(r->im, r->path, r->line, "%s: has no \"=\"", shown(r->im, name));
	else
		take_option(r, name, slice_trim(value));
}

static struct slice next_word(struct slice *rest)
{
	size_t end = 0;
	struct slice word;

	*rest = slice_trim(*rest);
	while (end < rest->len && !is_wsp(rest->ptr[end]) && rest->ptr[end] != '\n')
		end++;
	word = slice_take(*rest, end);
	*rest = slice_drop(*rest, end);
	return word;
}

/* A "{" that is not closed: the rest of the value is missing. */
static bool is_whole(struct slice value)
{
	long depth = 0;

	for (size_t i = 0; i < value.len; i++) {
		depth += value.ptr[i] == '{';
		depth -= value.ptr[i] == '}';
	}
	return depth <= 0;
}

static bool lists_milters(struct slice name)
{
	return slice_iends_with(name, SLICE("milters"));
}

static void add_parameter(struct reader *r, struct slice name, struct slice value)
{
	if (lists_milters(name) && !is_whole(value))
		mistake(r->im, r->path, r->line, "%s: a \"{\" is not closed: is the file complete?", shown(r->im, name));
	else
		add_line(r, NULL, name, value);
}

static void line_of_main(struct reader *r, struct slice line)
{
	struct slice value = line, name = slice_trim(slice_split(&value, '='));

	if (!slice_is_null(value))
		add_parameter(r, name, slice_trim(value));
	else if (name.len > 0)
		mistake(r->im, r->path, r->line, "%s: has no \"=\"", shown(r->im, next_word(&name)));
}

static bool names_policyd(struct slice word)
{
	return slice_iends_with(word, SLICE("policyd-spf")) || slice_iends_with(word, SLICE("pyspf-milter"));
}

/* A word, or "{ ... }", of which the text inside is taken. */
static struct slice next_argument(struct slice *rest)
{
	struct slice text = slice_trim(*rest);
	size_t end = 0, depth = 0;

	if (!slice_starts_with(text, SLICE("{")))
		return next_word(rest);
	for (; end < text.len; end++) {
		depth += text.ptr[end] == '{';
		depth -= text.ptr[end] == '}';
		if (depth == 0)
			break;
	}
	*rest = slice_drop(text, end + 1);
	return slice_trim(slice_between(text.ptr + 1, text.ptr + end));
}

#define MASTER_FIELDS 8u /* service, type, private, unprivileged, chroot, wakeup, maximum, command */

/* A service: each "-o name=value", and whether it starts the policy server. */
static void line_of_master(struct reader *r, struct slice line)
{
	struct slice whole = line, service = next_word(&line), word;
	size_t fields = 1;

	if (service.len == 0)
		return;
	for (word = next_word(&line); word.len > 0; word = next_word(&line), fields++) {
		struct slice value, name;

		if (names_policyd(word) || slice_ieq(word, SLICE("user=policyd-spf")))
			add_line(r, NULL, SLICE("policyd-spf"), service);
		if (!slice_eq(word, SLICE("-o")))
			continue;
		value = next_argument(&line);
		name = slice_trim(slice_split(&value, '='));
		if (!slice_is_null(value))
			add_parameter(r, name, slice_trim(value));
	}
	if (fields < MASTER_FIELDS || !is_whole(whole))
		mistake(r->im, r->path, r->line, "%s: the line of this service is not complete: is the file?",
		    shown(r->im, service));
}

/* The text between m4's quotes, from the next one on; the null slice: there is none. */
static struct slice take_quoted(struct slice *rest)
{
	size_t open = slice_find(*rest, '`');
	struct slice text = slice_drop(*rest, open + 1);
	size_t close = slice_find(text, '\'');

	if (open == rest->len || close == text.len)
		return SLICE_NULL;
	*rest = slice_drop(text, close + 1);
	return slice_trim(slice_take(text, close));
}

/*
 * sendmail.mc: INPUT_MAIL_FILTER(`name', `equates') and define(`confINPUT_MAIL_FILTERS', `a, b'), of which
 * "dnl" begins a comment; sendmail.cf: "Xname, equates" and "O InputMailFilters=a, b".
 */
static void line_of_sendmail(struct reader *r, struct slice line)
{
	struct slice value = line, name;

	if (slice_starts_with(line, SLICE("O InputMailFilters"))) {
		slice_split(&value, '=');
		add_line(r, NULL, SLICE("InputMailFilters"), slice_trim(value));
	} else if (slice_starts_with(line, SLICE("X")) && slice_find(line, ',') < line.len) {
		name = slice_split(&value, ',');
		add_line(r, NULL, slice_trim(slice_drop(name, 1)), slice_trim(value));
	} else if (slice_starts_with(line, SLICE("INPUT_MAIL_FILTER(")) || slice_starts_with(line, SLICE("MAIL_FILTER(")) ||
	    slice_starts_with(line, SLICE("define(`confINPUT_MAIL_FILTERS'"))) {
		name = take_quoted(&value);
		value = take_quoted(&value);
		if (slice_eq(name, SLICE("confINPUT_MAIL_FILTERS")))
			name = SLICE("InputMailFilters");
		if (slice_is_null(value))
			mistake(r->im, r->path, r->line, "%s: a quoted text begins with ` and ends with ': is the file complete?",
			    shown(r->im, slice_take(line, slice_find(line, '('))));
		else
			add_line(r, NULL, name, value);
	}
}

static void (*const grammars[PROGRAM_COUNT])(struct reader *r, struct slice line) = {
	[PROGRAM_OPENDKIM] = line_of_milter,
	[PROGRAM_OPENDMARC] = line_of_milter,
	[PROGRAM_OPENARC] = line_of_milter,
	[PROGRAM_POLICYD_SPF] = line_of_policyd,
	[PROGRAM_MAIN_CF] = line_of_main,
	[PROGRAM_MASTER_CF] = line_of_master,
	[PROGRAM_SENDMAIL] = line_of_sendmail,
};

/* --- lines --------------------------------------------------------------------------------------- */

/* Postfix: a line that begins with a blank continues the one before it; "#" only begins a line. */
static struct slice logical_line(struct slice *rest, unsigned *line)
{
	const char *from = rest->ptr;
	struct slice whole = slice_split(rest, '\n');

	++*line;
	while (!slice_is_null(*rest) && rest->len > 0 && is_wsp(rest->ptr[0])) {
		struct slice more = slice_split(rest, '\n');

		++*line;
		whole = slice_between(from, more.ptr + more.len);
	}
	return whole;
}

static void read_lines(struct reader *r, struct slice text)
{
	bool postfix = r->program == PROGRAM_MAIN_CF || r->program == PROGRAM_MASTER_CF;
	unsigned next = 0;

	while (!slice_is_null(text)) {
		struct slice line;

		r->line = next + 1;
		if (postfix) {
			line = logical_line(&text, &next);
			if (slice_starts_with(slice_trim(line), SLICE("#")))
				continue;
		} else {
			line = slice_split(&text, '\n');
			next++;
		}
		grammars[r->program](r, line);
	}
}

static const char *own_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw == NULL ? "this user" : pw->pw_name;
}

/* Octets that no line of text holds. */
static bool is_binary(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_ctl(text.ptr[i]) && strchr("\t\n\v\f\r", text.ptr[i]) == NULL)
			return true;
	return slice_find(text, '\0') < text.len;
}

void check_end(struct import *im, const char *file, struct slice text)
{
	unsigned line = 1;

	for (size_t i = 0; i < text.len; i++)
		line += text.ptr[i] == '\n';
	if (text.len > 0 && text.ptr[text.len - 1] != '\n')
		find_at(im, FINDING_UNSAFE, file, line, SLICE("the end of the file"), SLICE_NULL,
		    "the last line has no line end: is the file complete?");
}

/* false: a mistake has been reported. */
static bool check_text(struct import *im, const char *file, struct slice text)
{
	if (is_binary(text)) {
		mistake(im, file, 0, "contains NUL or control octets: this is not a configuration file");
		return false;
	}
	if (slice_starts_with(text, SLICE("-----BEGIN"))) {
		mistake(im, file, 0, "is a key or a certificate, not a configuration file: keys are read where "
		    "opendkim.conf or its KeyTable names them");
		return false;
	}
	check_end(im, file, text);
	return true;
}

/* The null slice: a mistake has been reported, or the arena is full. */
static struct slice content_of(struct import *im, const char *path)
{
	struct buf content = BUF_INIT(LIMIT_CONFIG_FILE);
	const char *why = NULL;

	if (file_read(path, &content, NULL, &why) == RC_OK)
		return arena_take_buf(im->arena, &content);
	mistake(im, shown(im, slice_str(path)), 0, "cannot be read by %s: %s", own_name(), why);
	buf_free(&content);
	return SLICE_NULL;
}

struct slice old_text(struct import *im, const char *path)
{
	struct slice text = content_of(im, path);

	return !slice_is_null(text) && check_text(im, shown(im, slice_str(path)), text) ? text : SLICE_NULL;
}

static void read_file(struct import *im, enum program p, const char *path, unsigned depth)
{
	struct slice text = old_text(im, path);
	struct reader r = { .im = im, .program = p, .path = shown(im, slice_str(path)), .depth = depth };

	if (!slice_is_null(text))
		read_lines(&r, text);
}

/* --- whose file it is ------------------------------------------------------------------------------ */

static bool program_by_name(struct slice path, enum program *out)
{
	static const struct {
		const char *part;
		enum program program;
	} names[] = {
		{ "opendkim", PROGRAM_OPENDKIM }, { "opendmarc", PROGRAM_OPENDMARC },
		{ "openarc", PROGRAM_OPENARC }, { "policyd-spf", PROGRAM_POLICYD_SPF },
		{ "pyspf", PROGRAM_POLICYD_SPF }, { "main.cf", PROGRAM_MAIN_CF },
		{ "master.cf", PROGRAM_MASTER_CF }, { "sendmail", PROGRAM_SENDMAIL },
	};
	size_t slash = slice_rfind(path, '/');
	struct slice base = slash == path.len ? path : slice_drop(path, slash + 1);

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		if (slice_istarts_with(base, slice_str(names[i].part))) {
			*out = names[i].program;
			return true;
		}
	}
	return false;
}

/* Lines whose first word is an option's full name. */
static size_t lines_of(enum program p, struct slice text)
{
	const struct rule *r;
	size_t hits = 0;

	while (!slice_is_null(text)) {
		struct slice line = slice_split(&text, '\n');
		struct slice word = next_word(&line);

		word = slice_take(word, slice_find(word, '='));
		for (size_t i = 0; word.len > 0 && (r = rule_at(p, i)) != NULL; i++)
			hits += slice_ieq(word, slice_str(r->name));
	}
	return hits;
}

static bool program_by_content(struct slice text, enum program *out)
{
	size_t best = 0;
	bool unique = false;

	for (enum program p = PROGRAM_OPENDKIM; p <= PROGRAM_POLICYD_SPF; p++) {
		size_t hits = lines_of(p, text);

		if (hits == best)
			unique = false;
		if (hits <= best)
			continue;
		best = hits;
		unique = true;
		*out = p;
	}
	return unique;
}

enum rc import_read_text(struct import *im, const char *path, struct slice text, struct err *err)
{
	const char *file = shown(im, slice_str(path));
	enum program p = PROGRAM_COUNT;
	size_t before = err->count;
	bool good;

	im->err = err;
	good = check_text(im, file, text);
	if (good && !program_by_name(slice_str(path), &p) && !program_by_content(text, &p))
		mistake(im, file, 0, "is not recognized as a file of opendkim, opendmarc, "
		    "openarc, policyd-spf, Postfix or Sendmail: give it the program's own file name (tables and lists are "
		    "read where these files name them)");
	if (p != PROGRAM_COUNT && im->lines[p].present && p <= PROGRAM_POLICYD_SPF) {
		mistake(im, file, 0, "a file of %s has been read already: import each instance of a "
		    "program by itself", program_names[p]);
	} else if (p != PROGRAM_COUNT) {
		struct reader r = { .im = im, .program = p, .path = file };

		im->lines[p].present = true;
		read_lines(&r, text);
	}
	if (arena_failed(im->arena))
		return RC_NOMEM;
	return err->count > before ? RC_CONFIG : RC_OK;
}

enum rc import_read(struct import *im, const char *path, struct err *err)
{
	struct slice text;

	im->err = err;
	text = content_of(im, path);
	if (slice_is_null(text))
		return arena_failed(im->arena) ? RC_NOMEM : RC_CONFIG;
	return import_read_text(im, path, text, err);
}
