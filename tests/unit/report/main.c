#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		external_suite,
		aggregate_suite,
		build_suite,
		bounce_suite,
		handover_suite,
		outbox_suite,
		prepare_suite,
		redact_suite,
		failure_suite,
		NULL,
	};

	return unit_main(suites);
}
