#include "base/ascii.h"

#include "base/slice.h"

bool slice_ieq(struct slice a, struct slice b)
{
	return a.len == b.len && slice_icmp(a, b) == 0;
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int slice_icmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < common; i++) {
		int x = (unsigned char)ascii_lower(a.ptr[i]);
		int y = (unsigned char)ascii_lower(b.ptr[i]);

		if (x != y)
			return x - y;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq(slice_take(s, prefix.len), prefix);
}

bool slice_istarts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_ieq(slice_take(s, prefix.len), prefix);
}

bool slice_iends_with(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_ieq(slice_drop(s, s.len - suffix.len), suffix);
}

struct slice slice_drop(struct slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return s.ptr == NULL ? s : slice_of(s.ptr + n, s.len - n);
}

struct slice slice_take(struct slice s, size_t n)
{
	return slice_of(s.ptr, n < s.len ? n : s.len);
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_fws(s.ptr[0]))
		s = slice_drop(s, 1);
	while (s.len > 0 && is_fws(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

size_t slice_find(struct slice s, char c)
{
	const char *p = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

	return p == NULL ? s.len : (size_t)(p - s.ptr);
}

size_t slice_rfind(struct slice s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.ptr[i - 1] == c)
			return i - 1;
	return s.len;
}

struct slice slice_split(struct slice *rest, char sep)
{
	size_t at = slice_find(*rest, sep);
	struct slice part = slice_take(*rest, at);

	*rest = at == rest->len ? SLICE_NULL : slice_drop(*rest, at + 1);
	return part;
}
