#include "suites.h"

/* Every module of the room has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		message_suite,
		domain_suite,
		tokens_suite,
		taglist_suite,
		canon_suite,
		reader_suite,
		received_suite,
		address_suite,
		authres_suite,
		encoded_word_suite,
		fieldwriter_suite,
		NULL,
	};

	return unit_main(suites);
}
