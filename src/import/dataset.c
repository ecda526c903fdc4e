/* opendkim's data sets: the lists and tables that its options name. */
#include "base/ascii.h"
#include "signing/tablefile.h"

#include "private.h"

/* Types that need a server, a script or a database of another program. */
static const char *const foreign_types[] = {
	"dsn:", "ldap:", "ldaps:", "ldapi:", "lua:", "db:", "memcache:", "mdb:", "erlang:", "socket:", "repute:",
};

static bool is_foreign(struct slice value)
{
	for (size_t i = 0; i < N_ELEMENTS(foreign_types); i++)
		if (slice_istarts_with(value, slice_str(foreign_types[i])))
			return true;
	return slice_iends_with(value, SLICE(".db"));
}

static void add_entry(struct import *im, struct entries *out, struct entry e)
{
	if (e.key.len > 0 && arena_grow(im->arena, &out->items, &out->cap, out->count, sizeof(*out->items)))
		out->items[out->count++] = e;
}

static bool read_table(struct import *im, const struct old_line *l, struct entries *out)
{
	struct table_file file;
	struct table_entry e;
	size_t mark = im->err->text.len;

	if (table_open(arena_copy(im->arena, l->value).ptr, im->arena, &file, im->err) != RC_OK) {
		err_wrap(im->err, mark, "%s:%u: %s", l->file, l->line, l->rule->name);
		return false;
	}
	check_end(im, file.path, file.rest);
	while (table_next(&file, &e))
		add_entry(im, out, (struct entry){ e.key, e.value, file.path, file.line, file.patterns });
	return true;
}

/* "a, b=c" */
static void read_list(struct import *im, const struct old_line *l, struct slice list,
    struct entries *out)
{
	while (!slice_is_null(list)) {
		struct slice value = slice_trim(slice_split(&list, ','));
		struct slice key = slice_trim(slice_split(&value, '='));

		add_entry(im, out, (struct entry){ key, slice_trim(value), l->file, l->line, false });
	}
}

bool dataset_read(struct import *im, const struct old_line *l, struct entries *out)
{
	struct slice value = l->value, csl = SLICE("csl:");

	*out = (struct entries){ 0 };
	if (is_foreign(value)) {
		find(im, FINDING_WITHOUT_COUNTERPART, l, "assay reads lists and tables from files only: export "
		    "this data set to a file and name that");
		return false;
	}
	if (slice_starts_with(value, SLICE("/")) || slice_istarts_with(value, SLICE("file:")) ||
	    slice_istarts_with(value, SLICE("refile:")))
		return read_table(im, l, out);
	if (slice_istarts_with(value, csl))
		value = slice_drop(value, csl.len);
	else if (slice_find(value, ':') < slice_find(value, ','))
		find(im, FINDING_DIFFERENT, l, "opendkim reads what precedes the first \":\" as the type of the "
		    "list and ignores that entry; here it is an entry like the others");
	read_list(im, l, value, out);
	return true;
}

/* --- hosts ---------------------------------------------------------------------------------------- */

static struct slice without_brackets(struct slice text)
{
	if (text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
		return slice_of(text.ptr + 1, text.len - 2);
	return text;
}

static bool is_loopback(struct slice text)
{
	struct slice address = slice_take(text, slice_find(text, '/'));
	struct ip ip;

	return slice_ieq(text, SLICE("localhost")) || (ip_parse(address, &ip) && ip_is_loopback(&ip));
}

static bool never(struct import *im, const struct old_line *l, const struct entry *e, const char *why)
{
	find_at(im, FINDING_DROPPED, e->file, e->line, l->name, e->key, "this entry never matches: %s", why);
	return false;
}

/* "10.*", "192.168.*": opendkim compares patterns with the address as text. */
static bool network_of(struct import *im, struct slice pattern, struct slice *out)
{
	struct slice rest = slice_take(pattern, pattern.len - 1);
	unsigned octets = 0;
	struct ip ip;

	if (!slice_iends_with(pattern, SLICE(".*")))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		octets += rest.ptr[i] == '.';
	if (octets > 3)
		return false;
	*out = arena_printf(im->arena, "%.*s%s", SLICE_ARG(rest), octets == 3 ? "0" : octets == 2 ? "0.0" : "0.0.0");
	if (!ip_parse(*out, &ip))
		return false;
	*out = arena_printf(im->arena, "%.*s/%u", SLICE_ARG(*out), 8 * octets);
	return true;
}

bool host_entry(struct import *im, const struct old_line *l, const struct entry *e,
    struct slice *out, bool *loopback_out)
{
	bool negated = slice_starts_with(e->key, SLICE("!"));
	struct slice text = without_brackets(slice_drop(e->key, negated));
	struct hostlist scratch = { 0 };
	const char *why = NULL;

	if (slice_eq(text, SLICE("*"))) {
		find_at(im, FINDING_UNSAFE, e->file, e->line, l->name, e->key,
		    "this entry matches every host and is omitted: list the intended hosts");
		return false;
	}
	if (e->pattern && slice_starts_with(text, SLICE("*.")))
		text = slice_drop(text, 1);
	else if (slice_find(text, '*') < text.len && e->pattern && !network_of(im, text, &text)) {
		find_at(im, FINDING_WITHOUT_COUNTERPART, e->file, e->line, l->name, e->key, "only *.NAME and "
		    "10.* have a counterpart among patterns: list the intended networks");
		return false;
	}
	*loopback_out = is_loopback(text);
	if (slice_ieq(text, SLICE("localhost")))
		text = SLICE("127.0.0.1");
	*out = arena_printf(im->arena, "%s%.*s", negated ? "!" : "", SLICE_ARG(text));
	if (hostlist_add(im->arena, &scratch, *out, &why) != RC_OK)
		return never(im, l, e, why == NULL ? "it is neither an address nor a name" : why);
	return true;
}
