#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		bodyhash_suite,
		headerhash_suite,
		signature_suite,
		keyrecord_suite,
		verify_suite,
		several_suite,
		sign_suite,
		roundtrip_suite,
		messages_suite,
		NULL,
	};

	return unit_main(suites);
}
