/* flight.h: what the process waits for, and the connections that keep libmilter's pool going. */
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/flight.h"

#include "suites.h"

/* In a process of its own, since the limit stays; root has none, so it is somebody else. */
static int flights_without_threads(void)
{
	struct rlimit none = { 0, 0 };
	bool waits = true;

	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	if (setrlimit(RLIMIT_NPROC, &none) != 0)
		return 3;
	for (unsigned i = 0; i < 100 && waits; i++)
		waits = flight_begin();
	return waits ? 1 : 0;
}

/* No thread can be started: the ends of message that come must not wait. */
START_TEST(threads_run_out)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(flights_without_threads());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(drained)
{
	ck_assert_uint_eq(flight_drain(60000), 0);
	ck_assert(flight_begin());
	ck_assert(flight_begin());
	ck_assert_uint_eq(flight_drain(0), 2);
	flight_end();
	ck_assert_uint_eq(flight_drain(0), 1);
	flight_end();
	ck_assert_uint_eq(flight_drain(60000), 0);
}
END_TEST

/* Somebody connects and leaves again. */
static void expect_visit(int listening)
{
	struct pollfd fd = { .fd = listening, .events = POLLIN };
	int visitor;
	char octet;

	ck_assert_int_eq(poll(&fd, 1, 60000), 1);
	visitor = accept(listening, NULL, NULL);
	ck_assert_int_ge(visitor, 0);
	ck_assert_int_eq(read(visitor, &octet, 1), 0);
	close(visitor);
}

START_TEST(stirred_while_something_waits)
{
	char directory[] = "/tmp/assay-unit-XXXXXX";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct pollfd fd = { .fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLIN };
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", directory);
	ck_assert_int_eq(bind(fd.fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd.fd, 100), 0);
	ck_assert_int_eq(flight_watch((const struct sockaddr *)&sun, sizeof(sun), &err), RC_OK);
	ck_assert_int_eq(poll(&fd, 1, 100), 0); /* nothing waits: nobody comes */
	ck_assert(flight_begin());
	expect_visit(fd.fd);
	expect_visit(fd.fd); /* and again, for as long as it waits */
	flight_end();
	close(fd.fd);
	unlink(sun.sun_path);
	rmdir(directory);
}
END_TEST

Suite *daemon_flight_suite(void)
{
	Suite *s = suite_create("daemon flight");

	UNIT_TEST(s, threads_run_out);
	UNIT_TEST(s, drained);
	UNIT_TEST(s, stirred_while_something_waits);
	return s;
}
