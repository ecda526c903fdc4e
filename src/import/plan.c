/* The new configuration under way, and the findings about the old one. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "config/options.h"

#include "private.h"

struct import *import_new(const struct import_params *params)
{
	struct arena *a = arena_create(LIMIT_CONFIG_ARENA);
	struct import *im = a == NULL ? NULL : arena_new(a, struct import);

	if (im == NULL) {
		arena_free(&a);
		return NULL;
	}
	im->arena = a;
	im->params = *params;
	im->settings_end = &im->settings;
	im->mta_lines = SLICE("");
	return im;
}

void import_free(struct import **im)
{
	struct arena *a = *im == NULL ? NULL : (*im)->arena;

	*im = NULL;
	arena_free(&a);
}

const char *shown(struct import *im, struct slice text)
{
	return log_shown(im->arena, text);
}

#define MOST_MISTAKES 1000u

bool mistake_is_told(struct import *im)
{
	size_t before = im->err->count;

	if (before == MOST_MISTAKES)
		err_add(im->err, "further mistakes omitted");
	return before < MOST_MISTAKES;
}

void mistake(struct import *im, const char *file, unsigned line, const char *fmt, ...)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);
	va_list ap;

	if (!mistake_is_told(im))
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (line == 0)
		err_add(im->err, "%s: %s", file, buf_cstr(&text));
	else
		err_add(im->err, "%s:%u: %s", file, line, buf_cstr(&text));
	buf_free(&text);
}

/* --- findings ------------------------------------------------------------------------------------ */

const char *finding_kind_text(enum finding_kind kind)
{
	static const char *const texts[FINDING_KIND_COUNT] = {
		[FINDING_WITHOUT_COUNTERPART] = "without counterpart",
		[FINDING_UNSAFE] = "unsafe",
		[FINDING_DIFFERENT] = "different",
		[FINDING_DROPPED] = "dropped",
		[FINDING_TRANSLATED] = "translated",
		[FINDING_KEPT] = "kept",
	};

	return texts[kind];
}

PRINTF_LIKE(7, 0)
static void find_va(struct import *im, enum finding_kind kind, const char *file, unsigned line,
    struct slice option, struct slice value, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);

	buf_vaddf(&text, fmt, ap);
	if (arena_grow(im->arena, &im->findings, &im->finding_cap, im->finding_count, sizeof(*im->findings)))
		im->findings[im->finding_count++] = (struct finding){ kind, file, line, option, value,
			arena_take_buf(im->arena, &text) };
	buf_free(&text);
}

void find_at(struct import *im, enum finding_kind kind, const char *file, unsigned line,
    struct slice option, struct slice value, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find_va(im, kind, file, line, option, value, fmt, ap);
	va_end(ap);
}

void find(struct import *im, enum finding_kind kind, const struct old_line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find_va(im, kind, l->file, l->line, l->rule == NULL ? l->name : slice_str(l->rule->name), l->value,
	    fmt, ap);
	va_end(ap);
}

const struct finding *import_findings(const struct import *im, size_t *count_out)
{
	*count_out = im->finding_count;
	return im->findings;
}

/* --- settings ------------------------------------------------------------------------------------ */

static bool option_exists(const char *section, const char *name)
{
	const struct option_info *o;

	for (size_t i = 0; (o = option_info(i)) != NULL; i++)
		if (strcmp(o->section, section) == 0 && strcmp(o->name, name) == 0)
			return true;
	return false;
}

struct setting *plan_find(const struct import *im, const char *section, struct slice title, const char *name)
{
	for (struct setting *s = im->settings; s != NULL; s = s->next)
		if (strcmp(s->section, section) == 0 && slice_eq(s->title, title) && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static struct setting *setting_of(struct import *im, const char *section, struct slice title,
    const char *name, bool list)
{
	struct setting *s = plan_find(im, section, title, name);

	if (s != NULL || !option_exists(section, name))
		return s;
	s = arena_new(im->arena, struct setting);
	if (s == NULL)
		return NULL;
	*s = (struct setting){ .section = section, .title = title, .name = name, .list = list };
	*im->settings_end = s;
	im->settings_end = &s->next;
	return s;
}

static void add_value(struct import *im, struct setting *s, struct slice value)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq(s->values[i], value))
			return;
	if (arena_grow(im->arena, &s->values, &s->cap, s->count, sizeof(*s->values)))
		s->values[s->count++] = value;
}

bool plan_set_in(struct import *im, const char *section, struct slice title, const char *name,
    struct slice value)
{
	struct setting *s = setting_of(im, section, title, name, false);

	if (s == NULL)
		return false;
	s->count = 0;
	add_value(im, s, value);
	return true;
}

bool plan_set(struct import *im, const char *section, const char *name, struct slice value)
{
	return plan_set_in(im, section, SLICE_NULL, name, value);
}

bool plan_add(struct import *im, const char *section, const char *name, struct slice value)
{
	struct setting *s = setting_of(im, section, SLICE_NULL, name, true);

	if (s == NULL)
		return false;
	add_value(im, s, value);
	return true;
}

/* --- the text of the configuration ----------------------------------------------------------------- */

static void write_setting(struct buf *out, const struct setting *s, const char *indent)
{
	buf_addf(out, "%s%s = ", indent, s->name);
	if (!s->list)
		config_quote(out, s->values[0]);
	for (size_t i = 0; s->list && i < s->count; i++) {
		buf_add_str(out, i == 0 ? "{ " : ", ");
		config_quote(out, s->values[i]);
	}
	buf_add_str(out, s->list ? (s->count == 0 ? "{ }\n" : " }\n") : "\n");
}

static bool same_section(const struct setting *a, const struct setting *b)
{
	return strcmp(a->section, b->section) == 0 && slice_eq(a->title, b->title);
}

/* All settings of the section that s is the first of. */
static void write_section(struct buf *out, const struct setting *s)
{
	const char *indent = *s->section == '\0' ? "" : "\t";

	if (*s->section != '\0') {
		buf_addf(out, "\n%s ", s->section);
		if (!slice_is_null(s->title)) {
			config_quote(out, s->title);
			buf_add_char(out, ' ');
		}
		buf_add_str(out, "{\n");
	}
	for (const struct setting *t = s; t != NULL; t = t->next)
		if (same_section(s, t))
			write_setting(out, t, indent);
	if (*s->section != '\0')
		buf_add_str(out, "}\n");
}

static bool is_first(const struct import *im, const struct setting *s)
{
	for (const struct setting *t = im->settings; t != s; t = t->next)
		if (same_section(s, t))
			return false;
	return true;
}

enum rc import_configuration(const struct import *im, struct buf *out)
{
	buf_add_str(out, "# Written by assay import. Nothing is touched or refused until enforce is changed:\n"
	    "# observe beside the old programs first; then take them out and set enforce = no; then yes.\n");
	for (int titled = 0; titled < 2; titled++) /* the top level first, as the grammar asks for */
		for (const struct setting *s = im->settings; s != NULL; s = s->next)
			if ((*s->section != '\0') == titled && is_first(im, s))
				write_section(out, s);
	return buf_failed(out) ? RC_LIMIT : RC_OK;
}
