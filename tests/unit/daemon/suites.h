#ifndef ASSAY_TEST_DAEMON_SUITES_H
#define ASSAY_TEST_DAEMON_SUITES_H

#include "unit.h"

suite_maker daemon_ceiling_suite;
suite_maker daemon_control_suite;
suite_maker daemon_facts_suite;
suite_maker daemon_flight_suite;
suite_maker daemon_listen_suite;
suite_maker daemon_services_suite;
suite_maker daemon_session_suite;
suite_maker daemon_windows_suite;

#endif
