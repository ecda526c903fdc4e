#include "suites.h"

Suite *record_suite(void)
{
	return suite_create("record");
}
