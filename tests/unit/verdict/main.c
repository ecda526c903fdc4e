#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		classify_suite,
		decide_suite,
		demand_check_suite,
		demand_from_suite,
		exempt_suite,
		results_suite,
		reply_suite,
		logline_suite,
		json_suite,
		transaction_suite,
		mail_suite,
		NULL,
	};

	return unit_main(suites);
}
