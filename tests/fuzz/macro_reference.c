#include <inttypes.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "spf/name.h"

#include "macro_reference.h"

/* Section 7.2, each letter by its definition; composed ones are written to scratch. */
static struct slice value_of(const struct spf_values *v, char letter, bool text, char scratch[64])
{
	bool v6 = v->client.family == IP_V6;

	if (letter == 't')
		snprintf(scratch, 64, "%" PRId64, v->now);
	else if (letter == 'i' && v6)
		return spf_nibbles(&v->client, text, scratch);
	else if (letter == 'i' || letter == 'c')
		ip_text(&v->client, scratch);
	else
		return letter == 's' ? v->sender : letter == 'l' ? v->local_part :
		    letter == 'o' ? v->sender_domain : letter == 'd' ? v->domain :
		    letter == 'h' ? v->helo : letter == 'p' ? v->validated(v->ctx, v->domain) :
		    letter == 'r' && v->receiver.len > 0 ? v->receiver :
		    letter == 'r' ? SLICE("unknown") : v6 ? SLICE("ip6") : SLICE("in-addr");
	return slice_str(scratch);
}

/* Section 7.3: split, reverse, keep the right-hand parts, join with dots. */
static void transform(const struct spf_macro *m, struct slice value, struct buf *out)
{
	struct slice *parts = calloc(value.len + 1, sizeof(*parts));
	struct slice delimiters = m->delimiters.len > 0 ? m->delimiters : SLICE(".");
	size_t count = 0, begin = 0, first;

	if (parts == NULL)
		abort();
	for (size_t i = 0; i <= value.len; i++) {
		if (i < value.len && slice_find(delimiters, value.ptr[i]) == delimiters.len)
			continue;
		parts[count++] = slice_take(slice_drop(value, begin), i - begin);
		begin = i + 1;
	}
	for (size_t i = 0; m->reverse && i < count / 2; i++) {
		struct slice other = parts[i];

		parts[i] = parts[count - 1 - i];
		parts[count - 1 - i] = other;
	}
	first = m->keep == 0 || m->keep > count ? 0 : count - m->keep;
	for (size_t i = first; i < count; i++) {
		if (i > first)
			buf_add_char(out, '.');
		buf_add(out, parts[i]);
	}
	free(parts);
}

/* RFC 3986 section 2.1, of all but what its section 2.3 names */
static void add_escaped(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_alnum(s.ptr[i]) || strchr("-._~", s.ptr[i] == '\0' ? '@' : s.ptr[i]) != NULL)
			buf_add_char(out, s.ptr[i]);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)s.ptr[i]);
	}
}

static void add_macro(const struct spf_values *v, const struct spf_macro *m, bool text, struct buf *out)
{
	struct buf value = BUF_INIT(out->max);
	char scratch[64];

	if (m->letter == '%' || m->letter == '_' || m->letter == '-') {
		buf_add_str(out, m->letter == '%' ? "%" : m->letter == '_' ? " " : "%20");
		return;
	}
	if (m->keep > 0 || m->reverse || m->delimiters.len > 0)
		transform(m, value_of(v, m->letter, text, scratch), &value);
	else
		buf_add(&value, value_of(v, m->letter, text, scratch));
	if (m->escape)
		add_escaped(out, buf_slice(&value));
	else
		buf_add(out, buf_slice(&value));
	out->failed = out->failed || value.failed;
	buf_free(&value);
}

/* *( macro-expand / macro-literal ), and SP where the text is an explanation */
static bool expand(const struct spf_values *v, struct slice spec, bool text, struct buf *out)
{
	struct cursor c = cursor_of(spec);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c)) {
		if (spf_take_macro_literals(&c, &literals))
			buf_add(out, literals);
		else if (text && take_char(&c, ' '))
			buf_add_char(out, ' ');
		else if (!spf_take_macro_expand(&c, &m))
			return false;
		else if (!text && (m.letter == 's' || m.letter == 'l') && !slice_is_ascii(v->local_part))
			return false;
		else
			add_macro(v, &m, text, out);
	}
	return !buf_failed(out);
}

bool macro_reference_name(const struct spf_values *v, struct slice spec, struct buf *out)
{
	struct slice name, label;

	if (!expand(v, spec, false, out))
		return false;
	if (out->len > 0 && out->ptr[out->len - 1] == '.')
		buf_truncate(out, out->len - 1);
	name = buf_slice(out);
	while (name.len > LIMIT_DOMAIN_OCTETS && slice_find(name, '.') < name.len)
		label = slice_split(&name, '.');
	(void)label;
	if (name.len < out->len) {
		memmove(out->ptr, name.ptr, name.len);
		buf_truncate(out, name.len);
	}
	return true;
}

bool macro_reference_explanation(const struct spf_values *v, struct slice text, struct buf *out)
{
	if (!expand(v, text, true, out))
		return false;
	for (size_t i = 0; i < out->len; i++)
		if (is_8bit(out->ptr[i]) || is_ctl(out->ptr[i]))
			return false;
	buf_truncate(out, LIMIT_SPF_EXPLANATION);
	return true;
}
