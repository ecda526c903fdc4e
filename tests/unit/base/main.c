#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		slice_suite,
		cursor_suite,
		buf_suite,
		arena_suite,
		err_suite,
		utf8_suite,
		repeats_suite,
		log_suite,
		nearest_suite,
		queue_suite,
		file_suite,
		ip_suite,
		hostlist_suite,
		hostname_suite,
		hash_suite,
		NULL,
	};

	return unit_main(suites);
}
