#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		name_suite,
		packet_suite,
		answer_suite,
		quota_suite,
		cache_suite,
		servers_suite,
		zonefile_suite,
		lookups_suite,
		network_suite,
		authority_suite,
		NULL,
	};

	return unit_main(suites);
}
