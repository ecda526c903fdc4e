#include "unit.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		NULL,
	};

	return unit_main(suites);
}
