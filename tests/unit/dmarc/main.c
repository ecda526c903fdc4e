#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		record_suite,
		psl_suite,
		discover_suite,
		exhaustive_suite,
		align_suite,
		evaluate_suite,
		mail_suite,
		NULL,
	};

	return unit_main(suites);
}
