#include "suites.h"

Suite *check_suite(void)
{
	return suite_create("check");
}
