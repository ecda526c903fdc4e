#include <stdint.h>

#include "private.h"

/* --- sections ------------------------------------------------------------------------------- */

#define ARRAY(member, number) \
	.items = offsetof(struct settings, policy.member), \
	.count = offsetof(struct settings, policy.number##_count), \
	.cap = offsetof(struct settings, policy.number##_cap), \
	.size = sizeof(*((struct settings *)0)->policy.member)

const struct section_kind section_kinds[SECTION_COUNT] = {
	[SECTION_TOP] = { .name = "" },
	[SECTION_DNS] = { .name = "dns" },
	[SECTION_SPF] = { .name = "spf" },
	[SECTION_DKIM] = { .name = "dkim" },
	[SECTION_ARC] = { .name = "arc" },
	[SECTION_DMARC] = { .name = "dmarc" },
	[SECTION_LOG] = { .name = "log" },
	[SECTION_CONTROL] = { .name = "control" },
	[SECTION_METRICS] = { .name = "metrics" },
	[SECTION_REPORTS] = { .name = "reports" },
	[SECTION_LIMITS] = { .name = "limits" },
	[SECTION_TABLES] = { .name = "sign-tables" },
	[SECTION_SIGN] = { "sign", "example.com", rule_domain,
	    ARRAY(signing.sections, signing.section) },
	[SECTION_POLICY] = { "policy", "example.org", rule_domain, ARRAY(sections, section) },
	[SECTION_POLICY_TO] = { "policy-to", "user@example.net", rule_address,
	    ARRAY(recipient_sections, recipient_section) },
};

_Static_assert(offsetof(struct sign_section, domain.name) == 0, "the title comes first");
_Static_assert(offsetof(struct policy_section, domain.name) == 0, "the title comes first");
_Static_assert(offsetof(struct recipient_section, pattern) == 0, "the title comes first");

char *section_base(struct settings *s, const struct config_section *section)
{
	const struct section_kind *kind = section->kind;

	if (kind->title == NULL)
		return (char *)s;
	return *(char **)(void *)((char *)s + kind->items) + section->index * kind->size;
}

/* A new element of the kind's array, its title set. */
static bool add_element(struct settings *s, struct config_section *section, struct err *err)
{
	const struct section_kind *kind = section->kind;
	const struct option label = { .info = { .section = "", .name = kind->name } };
	struct target t = { .arena = s->arena, .err = err, .option = &label, .at = section->at };
	size_t *count = (size_t *)(void *)((char *)s + kind->count);
	size_t *cap = (size_t *)(void *)((char *)s + kind->cap);
	struct slice title;

	if (!kind->rule(&t, section->title, &title) ||
	    !arena_grow(s->arena, (char *)s + kind->items, cap, *count, kind->size))
		return false;
	section->index = (*count)++;
	*(struct slice *)(void *)section_base(s, section) = title;
	return true;
}

/* --- look-ups ------------------------------------------------------------------------------- */

const struct section_kind *section_kind_named(struct slice name)
{
	for (size_t i = 1; i < SECTION_COUNT; i++)
		if (slice_eq(name, slice_str(section_kinds[i].name)))
			return &section_kinds[i];
	return NULL;
}

const struct option_info *option_info(size_t i)
{
	size_t count;
	const struct option *table = option_table(&count);

	return i < count ? &table[i].info : NULL;
}

const struct option *options_of(const struct section_kind *kind, size_t *count_out)
{
	size_t count, first = 0, end;
	const struct option *table = option_table(&count);

	while (first < count && strcmp(table[first].info.section, kind->name) != 0)
		first++;
	for (end = first; end < count && strcmp(table[end].info.section, kind->name) == 0;)
		end++;
	*count_out = end - first;
	return table + first;
}

struct config_section *section_find(const struct settings *s, const char *name)
{
	for (struct config_section *c = s->record->first; c != NULL; c = c->next)
		if (c->kind->title == NULL && strcmp(c->kind->name, name) == 0)
			return c;
	return NULL;
}

const struct slot *slot_of(const struct config_section *section, const char *name)
{
	for (size_t i = 0; i < section->option_count; i++)
		if (strcmp(section->options[i].info.name, name) == 0)
			return &section->slots[i];
	return NULL;
}

struct config_place place_of(const struct settings *s, const char *section, const char *name)
{
	const struct config_section *c = section_find(s, section);
	const struct slot *slot = c == NULL ? NULL : slot_of(c, name);

	if (slot == NULL || slot->at.file == NULL)
		return (struct config_place){ "default", 0 };
	return slot->at;
}

void settings_locate(const struct settings *s, const char *section, const char *option, struct err *err, size_t mark)
{
	struct config_place at = place_of(s, section, option);

	if (at.line > 0)
		err_wrap(err, mark, "%s:%u", at.file, at.line);
}

/* --- defaults ------------------------------------------------------------------------------- */

static bool set_default(struct settings *s, const struct option *o, char *base, struct slot *slot,
    struct err *err)
{
	struct target t = { .arena = s->arena, .err = err, .option = o, .base = base };

	if (*o->info.fallback == '\0')
		return true;
	return config_parse_value(s->arena, slice_str(o->info.fallback), &slot->value, err) &&
	    value_set(&t, &slot->value);
}

static void append_section(struct config_record *record, struct config_section *section)
{
	if (record->first == NULL)
		record->first = section;
	else
		record->last->next = section;
	record->last = section;
	record->count++;
}

struct config_section *section_new(struct settings *s, const struct section_kind *kind,
    struct slice title, struct config_place at, struct err *err)
{
	struct config_section *section = arena_new(s->arena, struct config_section);

	if (section == NULL)
		return NULL;
	*section = (struct config_section){ .kind = kind, .title = title, .at = at };
	section->options = options_of(kind, &section->option_count);
	section->slots = arena_new_array(s->arena, section->option_count, struct slot);
	if (section->slots == NULL || (kind->title != NULL && !add_element(s, section, err)))
		return NULL;
	for (size_t i = 0; i < section->option_count; i++)
		if (!set_default(s, &section->options[i], section_base(s, section),
		    &section->slots[i], err))
			return NULL;
	append_section(s->record, section);
	return section;
}
