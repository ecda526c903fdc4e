#include "base/ascii.h"

#include "private.h"

#define NAME_MAX_OCTETS 40u /* longer ones resemble nothing */

/* --- resemblance ---------------------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static char folded(char c)
{
	return c == '_' || c == '.' ? '-' : ascii_lower(c);
}

/* Levenshtein's distance: insertions, deletions and replacements of one octet. */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned row[NAME_MAX_OCTETS + 1];

	if (a.len > NAME_MAX_OCTETS || b.len > NAME_MAX_OCTETS)
		return NAME_MAX_OCTETS;
	for (unsigned i = 0; i <= b.len; i++)
		row[i] = i;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned k = 1; k <= b.len; k++) {
			unsigned replaced = diagonal +
			    (folded(a.ptr[i - 1]) != folded(b.ptr[k - 1]));

			diagonal = row[k];
			row[k] = least(row[k] + 1, row[k - 1] + 1, replaced);
		}
	}
	return row[b.len];
}

struct guess {
	struct slice wanted;
	const char *best; /* NULL: nothing is like it */
	unsigned distance;
};

static void guess_with(struct guess *g, const char *name)
{
	unsigned d = distance(g->wanted, slice_str(name));

	if (d <= 2 && d < g->distance && 2 * d < strlen(name)) {
		g->best = name;
		g->distance = d;
	}
}

static struct guess guess_of(struct slice name)
{
	return (struct guess){ .wanted = name, .distance = NAME_MAX_OCTETS };
}

/* --- names ---------------------------------------------------------------------------------- */

/* Another section's option of that name. */
static const struct option_info *option_elsewhere(struct slice name)
{
	const struct option_info *info;

	for (size_t i = 0; (info = option_info(i)) != NULL; i++)
		if (slice_eq(name, slice_str(info->name)))
			return info;
	return NULL;
}

static void tell_elsewhere(struct config_place at, const struct option_info *info, struct err *err)
{
	const struct section_kind *kind = section_kind_named(slice_str(info->section));

	if (kind == NULL)
		config_error(err, at, "%s is not allowed in a section: put it outside of "
		    "all { }", info->name);
	else
		config_error(err, at, "%s belongs in a section: write %s%s { %s = ... }",
		    info->name, kind->name, kind->title != NULL ? " \"...\"" : "", info->name);
}

void unknown_option(struct arena *a, struct config_place at, const struct section_kind *kind,
    struct slice name, struct err *err)
{
	const char *shown = config_shown(a, name);
	struct guess g = guess_of(name);
	const struct option_info *info = option_elsewhere(name);
	const struct section_kind *section = section_kind_named(name);
	size_t count;
	const struct option *options = options_of(kind, &count);

	if (section != NULL) {
		config_error(err, at, "%s is a section: write %s%s { ... }", shown, shown,
		    section->title != NULL ? " \"...\"" : "");
		return;
	}
	if (info != NULL) {
		tell_elsewhere(at, info, err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		guess_with(&g, options[i].info.name);
	if (g.best != NULL)
		config_error(err, at, "%s is unknown: did you mean %s?", shown, g.best);
	else
		config_error(err, at, "%s is unknown%s%s: `assay config` prints every name", shown,
		    *kind->name == '\0' ? "" : " in ", kind->name);
}

void unknown_section(struct arena *a, struct config_place at, struct slice name, struct err *err)
{
	const char *shown = config_shown(a, name);
	struct guess g = guess_of(name);
	const struct option_info *info = option_elsewhere(name);

	if (info != NULL) {
		config_error(err, at, "%s is a setting: write %s = ...", shown, shown);
		return;
	}
	for (size_t i = 1; i < SECTION_COUNT; i++)
		guess_with(&g, section_kinds[i].name);
	if (g.best != NULL)
		config_error(err, at, "there is no section %s: did you mean %s?", shown, g.best);
	else
		config_error(err, at, "there is no section %s: `assay config` prints them all",
		    shown);
}
