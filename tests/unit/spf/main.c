#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		record_suite,
		macro_suite,
		check_suite,
		received_spf_suite,
		cost_suite,
		suite_suite,
		lookahead_suite,
		hostile_suite,
		random_suite,
		NULL,
	};

	return unit_main(suites);
}
