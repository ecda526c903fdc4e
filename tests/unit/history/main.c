#include "postgres.h"
#include "suites.h"

int main(void)
{
	static suite_maker *const suites[] = {
		row_suite,
		sql_suite,
		store_suite,
		incident_suite,
		history_suite,
		NULL,
	};
	int status;

	(void)postgres_start();
	status = unit_main(suites);
	postgres_stop();
	return status;
}
