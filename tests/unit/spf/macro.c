#include "suites.h"

Suite *macro_suite(void)
{
	return suite_create("macro");
}
