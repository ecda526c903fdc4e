#include "base/ascii.h"

#include "base/nearest.h"

#define NAME_MAX_OCTETS 40u /* longer ones resemble nothing */

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

struct nearest nearest_to(struct slice wanted)
{
	return (struct nearest){ .wanted = wanted, .distance = NAME_MAX_OCTETS };
}

void nearest_try(struct nearest *n, const char *name)
{
	unsigned d = distance(n->wanted, slice_str(name));

	if (d <= 2 && d < n->distance && 2 * d < strlen(name)) {
		n->best = name;
		n->distance = d;
	}
}
