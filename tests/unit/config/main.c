#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		parse_suite,
		values_suite,
		settings_suite,
		NULL,
	};

	return unit_main(suites);
}
