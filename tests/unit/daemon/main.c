#include "suites.h"

/* Every module of the room that can be tested without an MTA has its suite here. */
int main(void)
{
	static suite_maker *const suites[] = {
		daemon_ceiling_suite,
		daemon_control_suite,
		daemon_facts_suite,
		daemon_flight_suite,
		daemon_listen_suite,
		daemon_services_suite,
		daemon_session_suite,
		daemon_windows_suite,
		NULL,
	};

	return unit_main(suites);
}
