#include "suites.h"

Suite *lookahead_suite(void)
{
	return suite_create("lookahead");
}
