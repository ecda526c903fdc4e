#include "base/ascii.h"
#include "base/limits.h"

#include "base/hostname.h"

static bool is_label_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

static bool is_label(struct slice label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_octet(label.ptr[i]))
			return false;
	return label.len > 0 && label.len <= LIMIT_LABEL_OCTETS;
}

bool hostname_valid(struct slice name)
{
	struct slice rest = name;

	if (name.len == 0 || name.len > LIMIT_DOMAIN_OCTETS)
		return false;
	while (!slice_is_null(rest))
		if (!is_label(slice_split(&rest, '.')))
			return false;
	return true;
}

struct slice hostname_undotted(struct slice name)
{
	if (name.len > 0 && name.ptr[name.len - 1] == '.')
		name.len--;
	return name;
}

bool hostname_ends_in_number(struct slice name)
{
	size_t i = name.len;

	while (i > 0 && is_digit(name.ptr[i - 1]))
		i--;
	return i < name.len && (i == 0 || name.ptr[i - 1] == '.');
}
