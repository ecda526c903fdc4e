#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		keystore_suite,
		tables_suite,
		select_suite,
		NULL,
	};

	return unit_main(suites);
}
