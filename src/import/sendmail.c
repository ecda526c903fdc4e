/* What to take out of sendmail.mc or sendmail.cf and what to write there, for a person to do. */
#include "private.h"

#define OWN_EQUATES SENDMAIL_EQUATES("/run/assay/assay.sock")

/* The milters in the order of InputMailFilters, with assay in the place of the old ones or after them. */
static void write_list(const struct import *im, struct buf *out, bool old_too)
{
	const struct old_lines *lines = &im->lines[PROGRAM_SENDMAIL];
	const struct old_line *order = old_option(im, PROGRAM_SENDMAIL, "InputMailFilters");
	struct slice names = order == NULL ? SLICE_NULL : order->value;

	while (!slice_is_null(names)) {
		struct slice name = slice_trim(slice_split(&names, ','));
		bool old = is_old_milter(im, name);

		for (size_t i = 0; i < lines->count; i++)
			old = old || (slice_eq(lines->items[i].name, name) && is_old_milter(im, lines->items[i].value));
		if (name.len > 0 && (old_too || !old))
			buf_addf(out, "%.*s, ", SLICE_ARG(name));
	}
	buf_add_str(out, "assay\n");
}

static bool uses_mc(const struct import *im)
{
	const struct old_lines *lines = &im->lines[PROGRAM_SENDMAIL];

	return lines->count == 0 || slice_iends_with(slice_str(lines->items[0].file), SLICE(".mc"));
}

static void write_definition(const struct import *im, struct buf *out)
{
	if (uses_mc(im))
		buf_add_str(out, "    INPUT_MAIL_FILTER(`assay', `" OWN_EQUATES "')\n");
	else
		buf_add_str(out, "    Xassay, " OWN_EQUATES "\n");
}

static void write_order(const struct import *im, struct buf *out, bool old_too)
{
	if (old_option(im, PROGRAM_SENDMAIL, "InputMailFilters") == NULL)
		return;
	buf_add_str(out, uses_mc(im) ? "   and the order, confINPUT_MAIL_FILTERS:\n    " :
	    "   and the order:\n    O InputMailFilters=");
	write_list(im, out, old_too);
}

static void write_removals(const struct import *im, struct buf *out)
{
	const struct old_lines *lines = &im->lines[PROGRAM_SENDMAIL];

	for (size_t i = 0; i < lines->count; i++) {
		const struct old_line *l = &lines->items[i];

		if (!slice_eq(l->name, SLICE("InputMailFilters")) &&
		    (is_old_milter(im, l->name) || is_old_milter(im, l->value)))
			buf_addf(out, "   Remove %s:%u: %.*s.\n", l->file, l->line, SLICE_ARG(l->name));
	}
}

void sendmail_translate(struct import *im, struct buf *out)
{
	plan_set(im, "", "listen", SLICE("unix:/run/assay/assay.sock"));
	plan_set(im, "", "socket-group", SLICE("smmsp"));
	buf_add_str(out, "1. Run assay in parallel with the old programs. After their lines, write:\n");
	write_definition(im, out);
	write_order(im, out, true);
	buf_add_str(out, "   Compare the lines of assayd in the log with the old programs' for some days.\n"
	    "2. Take the old programs out, and set enforce = no.\n");
	write_removals(im, out);
	write_order(im, out, false);
	buf_add_str(out, "   Rebuild sendmail.cf where you changed sendmail.mc, and restart Sendmail each time.\n"
	    "3. When a week of the log shows nothing that you want under would=reject, set enforce = yes.\n");
}
