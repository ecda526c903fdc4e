#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"

#include "private.h"

/* Reading of one configuration: the parser's events become values of the settings. */
struct loader {
	struct settings *s;
	struct err *err;
	struct config_section *top;
	struct config_section *section; /* NULL: one that is not known, passed over */
	const char *directory;          /* of the file being read; NULL: text in memory */
	unsigned file;                  /* its number, from 1 */
	unsigned files;                 /* read so far */
	unsigned depth;
	struct config_place included_at;
};

/* --- settings ------------------------------------------------------------------------------- */

static struct slot *slot_named(struct config_section *section, struct slice name, size_t *index)
{
	for (*index = 0; *index < section->option_count; (*index)++)
		if (slice_eq(name, slice_str(section->options[*index].info.name)))
			return &section->slots[*index];
	return NULL;
}

static const struct slot *set_in_file(const struct slot *slot, unsigned file)
{
	while (slot != NULL && slot->file != file)
		slot = slot->older;
	return slot;
}

/* Older values are kept, so that set_in_file() finds a duplicate even if another file set the option since. */
static bool push_slot(struct loader *l, struct slot *slot, struct config_place at,
    const struct config_value *value)
{
	struct slot *older = arena_new(l->s->arena, struct slot);

	if (older == NULL)
		return false;
	*older = *slot;
	*slot = (struct slot){ *value, at, l->file, older };
	return true;
}

/* A list's file names are completed here, so that they mean the same wherever they are printed. */
static void complete_paths(struct loader *l, struct config_value *value)
{
	struct slice file = SLICE("file:");

	for (size_t i = 0; i < value->count && l->directory != NULL; i++) {
		struct slice *text = &value->items[i].text;

		if (slice_starts_with(*text, file) && text->len > file.len)
			*text = arena_printf(l->s->arena, "file:%s", path_from(l->s->arena,
			    l->directory, slice_drop(*text, file.len)));
	}
}

static void on_setting(void *ctx, struct config_place at, struct slice name,
    const struct config_value *value)
{
	struct loader *l = ctx;
	struct config_value copy = *value;
	const struct slot *first;
	struct slot *slot;
	struct target t;
	size_t index;

	if (l->section == NULL)
		return;
	slot = slot_named(l->section, name, &index);
	if (slot == NULL) {
		unknown_option(l->s->arena, at, l->section->kind, name, l->err);
		return;
	}
	first = set_in_file(slot, l->file);
	if (first != NULL) {
		config_error(l->err, at, "%s is set in line %u already: remove one of the two",
		    l->section->options[index].info.name, first->at.line);
		return;
	}
	t = (struct target){ .arena = l->s->arena, .err = l->err,
		.option = &l->section->options[index], .base = section_base(l->s, l->section),
		.at = at, .directory = l->directory };
	if (t.option->type->list)
		complete_paths(l, &copy);
	if (push_slot(l, slot, at, &copy))
		(void)value_set(&t, &copy);
}

/* --- sections ------------------------------------------------------------------------------- */

static void open_titled(struct loader *l, const struct section_kind *kind, struct config_place at,
    struct slice title)
{
	if (l->s->record->count > LIMIT_CONFIG_SECTIONS)
		config_error(l->err, at, "more than %u sections: remove those of domains that the key "
		    "directory alone can sign for", LIMIT_CONFIG_SECTIONS);
	else
		l->section = section_new(l->s, kind, title, at, l->err);
}

static void on_open(void *ctx, struct config_place at, struct slice name, struct slice title)
{
	struct loader *l = ctx;
	const struct section_kind *kind = section_kind_named(name);

	l->section = NULL;
	if (kind == NULL)
		unknown_section(l->s->arena, at, name, l->err);
	else if (kind->title == NULL && !slice_is_null(title))
		config_error(l->err, at, "%s takes no title: write %s { ... }", kind->name,
		    kind->name);
	else if (kind->title == NULL)
		l->section = section_find(l->s, kind->name);
	else if (slice_is_null(title))
		config_error(l->err, at, "%s needs a title: write %s \"%s\" { ... }", kind->name,
		    kind->name, kind->title);
	else
		open_titled(l, kind, at, title);
}

static void on_close(void *ctx)
{
	struct loader *l = ctx;

	l->section = l->top;
}

/* --- files ---------------------------------------------------------------------------------- */

static void on_include(void *ctx, struct config_place at, struct slice pattern);

static const struct config_events events = { on_setting, on_open, on_close, on_include };

static void parse_text(struct loader *l, struct slice text, const char *label)
{
	const char *file = config_shown(l->s->arena, slice_str(label));

	l->file = ++l->files;
	l->section = l->top;
	config_parse(l->s->arena, text, file, &events, l, l->err);
}

/* At the included file's place in the including one, or of the file given to us. */
static void file_trouble(struct loader *l, const char *path, const char *why)
{
	const char *shown = config_shown(l->s->arena, slice_str(path));

	if (l->depth == 0)
		err_add(l->err, "%s: %s", shown, why);
	else
		config_error(l->err, l->included_at, "include: %s: %s", shown, why);
}

static void load_file(struct loader *l, const char *path)
{
	struct buf content = BUF_INIT(LIMIT_CONFIG_FILE);
	struct stat st;
	const char *why;
	struct slice text;

	if (file_read(path, &content, &st, &why) != RC_OK) {
		file_trouble(l, path, why);
		buf_free(&content);
		return;
	}
	file_warn_writable(config_shown(l->s->arena, slice_str(path)), &st, l->err);
	text = arena_take_buf(l->s->arena, &content);
	l->directory = directory_of(l->s->arena, path);
	parse_text(l, text, path);
}

static void include_file(void *ctx, const char *path)
{
	struct loader *l = ctx;
	struct loader saved = *l;

	if (l->files >= LIMIT_CONFIG_INCLUDES) {
		file_trouble(l, path, "too many files");
		return;
	}
	load_file(l, path);
	saved.files = l->files;
	*l = saved;
}

static void on_include(void *ctx, struct config_place at, struct slice pattern)
{
	struct loader *l = ctx;

	l->included_at = at;
	if (l->directory == NULL)
		config_error(l->err, at, "include: not allowed here");
	else if (l->depth == LIMIT_CONFIG_DEPTH)
		config_error(l->err, at, "includes nest deeper than %u: does a file include "
		    "itself?", LIMIT_CONFIG_DEPTH);
	else if (pattern.len == 0)
		config_error(l->err, at, "include: write a file name or a pattern after it");
	else {
		l->depth++;
		include_each(l->s->arena, l->directory, pattern, at, l->err, include_file, l);
		l->depth--;
	}
}

/* --- the whole ------------------------------------------------------------------------------ */

static enum rc loaded(struct settings *s, size_t errors_before, struct settings **out,
    struct err *err)
{
	enum rc rc = RC_OK;

	settings_check(s, err);
	if (err->count > errors_before)
		rc = RC_CONFIG;
	else if (arena_failed(s->arena))
		rc = RC_NOMEM;
	if (rc == RC_OK)
		*out = s;
	else
		settings_release(&s);
	return rc;
}

static enum rc loader_init(struct loader *l, struct err *err)
{
	*l = (struct loader){ .err = err };
	TRY(settings_default(&l->s));
	l->top = section_find(l->s, "");
	return RC_OK;
}

enum rc settings_load(const char *path, struct settings **out, struct err *err)
{
	size_t before = err->count;
	struct loader l;

	TRY(loader_init(&l, err));
	load_file(&l, path);
	return loaded(l.s, before, out, err);
}

enum rc settings_load_text(const char *label, struct slice text, struct settings **out,
    struct err *err)
{
	size_t before = err->count;
	struct loader l;

	TRY(loader_init(&l, err));
	parse_text(&l, arena_copy(l.s->arena, text), label);
	return loaded(l.s, before, out, err);
}
