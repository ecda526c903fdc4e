#include "spf/check.h"

bool spf_libspf2_available(void)
{
	return false;
}

enum auth_result spf_check_host_libspf2(struct spf_run *r, struct slice domain)
{
	return spf_check_host(r, domain);
}
