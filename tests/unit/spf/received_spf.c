#include "suites.h"

Suite *received_spf_suite(void)
{
	return suite_create("received_spf");
}
