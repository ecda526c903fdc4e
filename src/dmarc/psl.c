/* psl.c - the only includer of <libpsl.h>. */
#include <pthread.h>

#include <libpsl.h>

#include "base/ascii.h"
#include "base/limits.h"

#include "dmarc/psl.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static psl_ctx_t *list; /* kept to the end of the process */

static void load(void)
{
	list = psl_latest(NULL);
}

bool dmarc_psl_available(void)
{
	pthread_once(&once, load);
	return list != NULL;
}

/*
 * The name in the form that libpsl requires: a C string, lower case, no trailing dot (a struct domain has no
 * other form), and never an IP address.
 */
static bool question(struct domain d, char name[LIMIT_DOMAIN_OCTETS + 1])
{
	struct slice last = domain_last(d, 1).name;

	if (!dmarc_psl_available() || last.len == 0 || is_digit(last.ptr[0]) ||
	    d.name.len > LIMIT_DOMAIN_OCTETS)
		return false;
	memcpy(name, d.name.ptr, d.name.len);
	name[d.name.len] = '\0';
	return true;
}

bool dmarc_is_public_suffix(struct domain d)
{
	char name[LIMIT_DOMAIN_OCTETS + 1];

	if (domain_labels(d) == 1) /* also without a list */
		return true;
	return question(d, name) && psl_is_public_suffix2(list, name, PSL_TYPE_ICANN) == 1;
}

struct domain dmarc_psl_organizational_domain(struct domain d)
{
	char name[LIMIT_DOMAIN_OCTETS + 1];
	const char *found = question(d, name) ? psl_registrable_domain(list, name) : NULL;

	if (found == NULL)
		return d;
	return (struct domain){ slice_drop(d.name, (size_t)(found - name)) };
}
