#include "base/ascii.h"

#include "private.h"

#define COMMENT_COLUMN 56u

/* Words, numbers and names are printed without quotes. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_alnum(text.ptr[i]) && strchr("-./_", text.ptr[i]) == NULL)
			return false;
	return text.len > 0;
}

void config_quote(struct buf *out, struct slice text)
{
	if (is_plain(text)) {
		buf_add(out, text);
		return;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, text.ptr[i]);
	}
	buf_add_char(out, '"');
}

static void print_value(struct buf *out, const struct config_value *value)
{
	if (!value->list) {
		config_quote(out, value->items[0].text);
		return;
	}
	buf_add_str(out, "{ ");
	for (size_t i = 0; i < value->count; i++) {
		config_quote(out, value->items[i].text);
		buf_add_str(out, i + 1 < value->count ? ", " : " ");
	}
	buf_add_char(out, '}');
}

static void print_origin(struct buf *out, size_t line_start, struct config_place at)
{
	do
		buf_add_char(out, ' ');
	while (out->len < line_start + COMMENT_COLUMN && !buf_failed(out));
	if (at.file == NULL)
		buf_add_str(out, "# default\n");
	else
		buf_addf(out, "# %s:%u\n", at.file, at.line);
}

/*
 * An option that was not set, and for which "not set" means something else than its default, stands
 * in a comment.
 */
static void print_option(struct buf *out, const struct option *o, const struct slot *slot,
    const char *indent)
{
	bool nothing = slot->value.count == 0 && !slot->value.list;
	bool meaningful = o->present != NO_FIELD && slot->at.file == NULL;
	size_t start = out->len;

	buf_addf(out, "%s%s%s =%s", nothing || meaningful ? "# " : "", indent, o->info.name,
	    nothing ? "" : " ");
	if (!nothing)
		print_value(out, &slot->value);
	print_origin(out, start, slot->at);
}

static void print_section(struct buf *out, const struct config_section *section)
{
	bool top = *section->kind->name == '\0';
	size_t start = out->len;

	if (!top) {
		buf_addf(out, "\n%s ", section->kind->name);
		start++;
		if (section->kind->title != NULL) {
			config_quote(out, section->title);
			buf_add_str(out, " {");
			print_origin(out, start, section->at);
		} else {
			buf_add_str(out, "{\n");
		}
	}
	for (size_t i = 0; i < section->option_count; i++)
		print_option(out, &section->options[i], &section->slots[i], top ? "" : "\t");
	if (!top)
		buf_add_str(out, "}\n");
}

void settings_print(const struct settings *s, struct buf *out)
{
	for (const struct config_section *c = s->record->first; c != NULL; c = c->next)
		print_section(out, c);
}

void settings_each(const struct settings *s, set_option_visitor *visit, void *ctx)
{
	for (const struct config_section *c = s->record->first; c != NULL; c = c->next)
		for (size_t i = 0; i < c->option_count; i++)
			visit(ctx, &(struct set_option){ .section = c->kind->name,
			    .title = c->kind->title == NULL ? SLICE_NULL : c->title, .name = c->options[i].info.name,
			    .list = c->slots[i].value.list, .count = c->slots[i].value.count,
			    .values = c->slots[i].value.items, .at = c->slots[i].at });
}
