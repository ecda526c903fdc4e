/* Tag-lists (mail/taglist.h): what is accepted is made of the text, and means one thing. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "mail/taglist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct slice text, struct slice part)
{
	if (part.len > 0 && (part.ptr < text.ptr || part.ptr + part.len > text.ptr + text.len))
		abort();
}

static void check_tag(struct slice text, const struct taglist *list, const struct tag *tag)
{
	struct slice rest = tag->value, element;
	size_t elements = 0;

	check_within(text, tag->name);
	check_within(text, tag->value);
	if (tag->name.len == 0 || !is_alpha(tag->name.ptr[0]) || slice_is_null(tag->value) ||
	    slice_find(tag->value, ';') < tag->value.len ||
	    !slice_eq(slice_trim(tag->value), tag->value))
		abort();
	for (const struct tag *other = list->tags; other < tag; other++)
		if (slice_eq(other->name, tag->name) ||
		    (list->fold_names && slice_ieq(other->name, tag->name)))
			abort();
	while (taglist_next_element(&rest, &element))
		if (elements++ > tag->value.len)
			abort();
}

static void check(struct slice text, bool fold_names)
{
	struct taglist list;
	enum taglist_status status = taglist_parse(text, fold_names, &list);

	if ((status == TAGLIST_OK) != (list.count > 0) || list.count > LIMIT_TAGS)
		abort();
	for (size_t i = 0; i < list.count; i++)
		check_tag(text, &list, &list.tags[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	check(text, false);
	check(text, true);
	return 0;
}
