#include "private.h"

static bool same_value(const struct config_value *a, const struct config_value *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_eq(a->items[i].text, b->items[i].text))
			return false;
	return true;
}

static void compare_section(const struct settings *start, const struct config_section *now,
    struct err *err)
{
	const struct config_section *then = section_find(start, now->kind->name);

	for (size_t i = 0; i < now->option_count; i++) {
		const struct option *option = &now->options[i];

		if (option->restart && !same_value(&then->slots[i].value, &now->slots[i].value))
			config_warning(err, now->slots[i].at, "%s%s%s was changed: the change takes effect "
			    "when the daemon is restarted", now->kind->name,
			    *now->kind->name == '\0' ? "" : " ", option->info.name);
	}
}

void settings_need_restart(const struct settings *start, const struct settings *now,
    struct err *err)
{
	for (const struct config_section *c = now->record->first; c != NULL; c = c->next)
		if (c->kind->title == NULL)
			compare_section(start, c, err);
}
