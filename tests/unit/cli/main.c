#include "suites.h"

/* What the commands' own tests (tests/cli) do not reach better. */
int main(void)
{
	static suite_maker *const suites[] = {
		logentry_suite,
		story_suite,
		when_suite,
		NULL,
	};

	return unit_main(suites);
}
