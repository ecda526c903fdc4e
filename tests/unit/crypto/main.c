#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		base64_suite,
		digest_suite,
		der_suite,
		key_suite,
		keyfile_suite,
		NULL,
	};

	return unit_main(suites);
}
