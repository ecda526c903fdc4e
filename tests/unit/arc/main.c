#include "suites.h"

int main(void)
{
	static suite_maker *const suites[] = { chain_suite, seal_suite, evidence_suite,
		messages_suite, NULL };

	return unit_main(suites);
}
