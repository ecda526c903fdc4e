/*
 * plural.h - the words after a number in a message: plural(n, "error", "errors"), plural(n, "was", "were").
 *
 * Words that follow a constant limit need no such choice.
 */
#ifndef ASSAY_BASE_PLURAL_H
#define ASSAY_BASE_PLURAL_H

static inline const char *plural(unsigned long long n, const char *one, const char *several)
{
	return n == 1 ? one : several;
}

#endif
