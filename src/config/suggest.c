#include "base/nearest.h"

#include "private.h"

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
	struct nearest g = nearest_to(name);
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
		nearest_try(&g, options[i].info.name);
	if (g.best != NULL)
		config_error(err, at, "%s is unknown: did you mean %s?", shown, g.best);
	else
		config_error(err, at, "%s is unknown%s%s: `assay config` prints every name", shown,
		    *kind->name == '\0' ? "" : " in ", kind->name);
}

void unknown_section(struct arena *a, struct config_place at, struct slice name, struct err *err)
{
	const char *shown = config_shown(a, name);
	struct nearest g = nearest_to(name);
	const struct option_info *info = option_elsewhere(name);

	if (info != NULL) {
		config_error(err, at, "%s is a setting: write %s = ...", shown, shown);
		return;
	}
	for (size_t i = 1; i < SECTION_COUNT; i++)
		nearest_try(&g, section_kinds[i].name);
	if (g.best != NULL)
		config_error(err, at, "there is no section %s: did you mean %s?", shown, g.best);
	else
		config_error(err, at, "there is no section %s: `assay config` prints them all",
		    shown);
}
