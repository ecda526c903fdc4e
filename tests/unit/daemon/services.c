/* services.h: what a reload changes, keeps, and reports. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/services.h"

#include "suites.h"

static const char *config_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/assay.conf", unit_tmpdir());
	return path;
}

static void write_config(const char *text)
{
	FILE *f = fopen(config_path(), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fprintf(f, "keys = \"%s\"\n%s", unit_tmpdir(), text), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct services *started_with(const char *text)
{
	struct services *services = NULL;
	struct settings *s = NULL;
	struct err err = ERR_INIT;

	write_config(text);
	ck_assert_int_eq(settings_load(config_path(), &s, &err), RC_OK);
	ck_assert_int_eq(settings_load_keys(s, &err), RC_OK);
	ck_assert_int_eq(services_start(s, &services, &err), RC_OK);
	err_free(&err);
	return services;
}

#define SERVERS "dns { servers = { \"127.0.0.1:9\" } }\n"

static const struct {
	const char *before, *after;
	const char *reported; /* in a warning; NULL: none */
} changes[] = {
	{ "", "enforce = yes\n", NULL },
	{ "", "log { level = debug }\n", NULL },
	{ "", "pid-file = \"/run/other.pid\"\n", "assay.conf:2: pid-file was changed" },
	{ "", "listen = \"unix:/run/other.sock\"\n", "listen was changed" },
	{ "", "socket-mode = 0600\n", "socket-mode was changed" },
	{ "", "socket-group = \"mail\"\n", "socket-group was changed" },
	{ "", "user = \"mail\"\n", "user was changed" },
	{ "user = \"mail\"\n", "", "user was changed" },
	{ "user = \"mail\"\n", "user = \"mail\"\n", NULL },
};

START_TEST(what_only_a_restart_changes)
{
	struct services *services = started_with(changes[_i].before);
	const char *want = changes[_i].reported;

	write_config(changes[_i].after);
	for (int reload = 0; reload < 2; reload++) { /* reported until the restart, not once */
		struct err err = ERR_INIT;

		ck_assert_int_eq(services_reload(services, config_path(), &err), RC_OK);
		ck_assert_msg(err.warnings == (want != NULL), "%s", buf_cstr(&err.text));
		ck_assert_msg(want == NULL || strstr(buf_cstr(&err.text), want) != NULL, "%s",
		    buf_cstr(&err.text));
		ck_assert_msg(strstr(buf_cstr(&err.text), ":0: ") == NULL, "no such line: %s", buf_cstr(&err.text));
		err_free(&err);
	}
	services_free(&services);
}
END_TEST

START_TEST(refused_changes_nothing)
{
	struct services *services = started_with(SERVERS);
	struct snapshot *before = services_snapshot(services), *after;
	struct err err = ERR_INIT;

	write_config("enforce = perhaps\n");
	ck_assert_int_eq(services_reload(services, config_path(), &err), RC_CONFIG);
	ck_assert_uint_eq(err.count, 1);
	after = services_snapshot(services);
	ck_assert_ptr_eq(before, after);
	snapshot_release(&before);
	snapshot_release(&after);
	err_free(&err);
	services_free(&services);
}
END_TEST

/* A message keeps the settings that it began with; the resolver and its cache stay for both. */
START_TEST(swapped_under_a_message)
{
	struct services *services = started_with(SERVERS);
	struct snapshot *before = services_snapshot(services), *after;
	struct err err = ERR_INIT;

	write_config("enforce = yes\n" SERVERS);
	ck_assert_int_eq(services_reload(services, config_path(), &err), RC_OK);
	after = services_snapshot(services);
	ck_assert_int_eq(snapshot_settings(before)->policy.enforce, ENFORCE_NO);
	ck_assert_int_eq(snapshot_settings(after)->policy.enforce, ENFORCE_YES);
	ck_assert_ptr_eq(snapshot_resolver(before), snapshot_resolver(after));
	snapshot_release(&after);
	services_free(&services);
	ck_assert_int_eq(snapshot_settings(before)->policy.enforce, ENFORCE_NO);
	snapshot_release(&before);
	err_free(&err);
}
END_TEST

START_TEST(log_follows)
{
	struct services *services = started_with("log { target = stderr level = error }\n");
	struct err err = ERR_INIT;
	char path[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/log", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	services_open_log(services, false);
	log_info("before");
	write_config("log { target = stderr level = info }\n");
	ck_assert_int_eq(services_reload(services, config_path(), &err), RC_OK);
	log_info("after");
	fflush(stderr);
	text = unit_read_file(path, &len);
	ck_assert_str_eq(text, "assayd: after\n");
	free(text);
	err_free(&err);
	services_free(&services);
}
END_TEST

Suite *daemon_services_suite(void)
{
	Suite *s = suite_create("daemon services");

	UNIT_TABLE(s, what_only_a_restart_changes, changes);
	UNIT_TEST(s, refused_changes_nothing);
	UNIT_TEST(s, swapped_under_a_message);
	UNIT_TEST(s, log_follows);
	return s;
}
