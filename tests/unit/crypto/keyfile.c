#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "crypto/keyfile.h"

#include "keys.h"
#include "suites.h"

/* A name in the temporary directory; free() it. */
static char *tmp_path(const char *name)
{
	struct buf path = BUF_INIT(4096);

	buf_addf(&path, "%s/%s", unit_tmpdir(), name);
	return path.ptr;
}

static void write_file(const char *path, struct slice text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(write(fd, text.ptr, text.len), (ssize_t)text.len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

/* A copy of a throw-away key with that mode; free() its path. */
static char *key_copy(const char *name, const char *as, mode_t mode)
{
	char *copy = tmp_path(as);
	size_t len;
	char *text = keys_text(name, &len);

	write_file(copy, slice_of(text, len), mode);
	free(text);
	return copy;
}

static bool says(const struct err *err, const char *what)
{
	return strstr(buf_cstr(&err->text), what) != NULL;
}

/* Loads path and expects rc, and the path and those words in the message. */
static void check_load(const char *path, enum rc want, size_t warnings, const char *words)
{
	struct private_key *key = NULL;
	struct err err = ERR_INIT;
	enum rc rc = private_key_load(path, NULL, &key, &err);

	ck_assert_msg(rc == want, "%s: %s", path, buf_cstr(&err.text));
	ck_assert_msg((key != NULL) == (want == RC_OK), "%s", path);
	ck_assert_uint_eq(err.count, want == RC_CONFIG ? 1 : 0);
	ck_assert_msg(err.warnings == warnings, "%s: %s", path, buf_cstr(&err.text));
	if (words != NULL)
		ck_assert_msg(says(&err, path) && says(&err, words),
		    "%s: \"%s\" does not say \"%s\"", path, buf_cstr(&err.text), words);
	private_key_free(&key);
	err_free(&err);
}

static const struct {
	const char *name;
	enum rc rc;
	size_t warnings;
	const char *words;
} files[] = {
	{ "rsa2048.pem", RC_OK, 0, NULL },
	{ "rsa2048-pkcs1.pem", RC_OK, 0, NULL },
	{ "rsa4096.pem", RC_OK, 0, NULL },
	{ "ed25519.pem", RC_OK, 0, NULL },
	{ "rsa1024.pem", RC_OK, 1, "2048 or more are advised" },             /* S_03 */
	/* Wrong half */
	{ "rsa2048-damaged.pem", RC_CONFIG, 0, "a trial signature by this key does not verify" },
	{ "rsa512.pem", RC_CONFIG, 0, "512 bits" },                           /* S_02 */
	{ "ec-p256.pem", RC_CONFIG, 0, "neither an RSA nor an Ed25519 key" },
	{ "rsa2048-encrypted.pem", RC_CONFIG, 0, "pass phrase" },
	{ "rsa2048-pkcs1-encrypted.pem", RC_CONFIG, 0, "pass phrase" },
	{ "README", RC_CONFIG, 0, "no private key in PEM form" },
};

START_TEST(loads)
{
	char *path = key_copy(files[_i].name, files[_i].name, 0600);

	check_load(path, files[_i].rc, files[_i].warnings, files[_i].words);
	free(path);
}
END_TEST

/* S_37 */
static const struct {
	mode_t mode;
	enum rc rc;
} modes[] = {
	{ 0400, RC_OK }, { 0600, RC_OK }, { 0700, RC_OK }, { 0640, RC_OK }, { 0440, RC_OK },
	{ 0644, RC_CONFIG }, { 0604, RC_CONFIG }, { 0602, RC_CONFIG }, { 0601, RC_CONFIG },
	{ 0606, RC_CONFIG }, { 0666, RC_CONFIG }, { 0777, RC_CONFIG },
};

START_TEST(S_37_modes)
{
	char name[32];
	char *path;

	snprintf(name, sizeof(name), "mode-%d.pem", _i);
	path = key_copy("ed25519.pem", name, modes[_i].mode);
	ck_assert_int_eq(chown(path, (uid_t)-1, getegid()), 0);
	check_load(path, modes[_i].rc, 0, modes[_i].rc == RC_OK ? NULL : "chmod 600");
	free(path);
}
END_TEST

/* As a user without privileges: what its groups may read, and what they may not. */
static const struct {
	mode_t mode;
	gid_t group;
	enum rc rc;
	const char *words;
} groups[] = {
	{ 0640, 4201, RC_OK, NULL },     /* its own group */
	{ 0640, 4202, RC_OK, NULL },     /* a supplementary one */
	{ 0660, 4202, RC_OK, NULL },
	{ 0640, 4203, RC_CONFIG, "chgrp" }, /* another's, and owned by itself */
	{ 0620, 4203, RC_CONFIG, "chgrp" },
	{ 0600, 4203, RC_OK, NULL },
	{ 0000, 4201, RC_CONFIG, "permission denied" },
};

/* For the time of one load: tests may all run in one process. */
static void check_load_as_other(const char *path, enum rc want, const char *words, size_t count,
    const gid_t *supplementary)
{
	ck_assert_int_eq(setgroups(count, supplementary), 0);
	ck_assert_int_eq(setegid(4201), 0);
	ck_assert_int_eq(seteuid(4200), 0);
	check_load(path, want, 0, words);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
}

START_TEST(S_37_groups)
{
	static const gid_t supplementary[] = { 4202 };
	char name[32];
	char *path;

	if (geteuid() != 0) {
		unit_skipped("only root can be somebody else");
		return;
	}
	snprintf(name, sizeof(name), "group-%d.pem", _i);
	path = key_copy("ed25519.pem", name, groups[_i].mode);
	ck_assert_int_eq(chmod(unit_tmpdir(), 0755), 0);
	ck_assert_int_eq(chown(path, 4200, groups[_i].group), 0);
	check_load_as_other(path, groups[_i].rc, groups[_i].words, 1, supplementary);
	free(path);
}
END_TEST

/* root's file, readable by a group of ours: how a packaged key directory looks. */
START_TEST(root_owned)
{
	char *path;

	if (geteuid() != 0) {
		unit_skipped("only root can be somebody else");
		return;
	}
	path = key_copy("ed25519.pem", "root-owned.pem", 0640);
	ck_assert_int_eq(chmod(unit_tmpdir(), 0755), 0);
	ck_assert_int_eq(chown(path, 0, 4201), 0);
	check_load_as_other(path, RC_OK, NULL, 0, NULL);
	free(path);
}
END_TEST

START_TEST(not_there)
{
	char *path = tmp_path("nothing.pem");

	check_load(path, RC_CONFIG, 0, "No such file");
	free(path);
}
END_TEST

START_TEST(directory)
{
	char *path = tmp_path("directory");

	ck_assert_int_eq(mkdir(path, 0700), 0);
	check_load(path, RC_CONFIG, 0, "not a regular file");
	free(path);
}
END_TEST

/* Nobody writes to it, and still nothing waits. */
START_TEST(fifo)
{
	char *path = tmp_path("fifo");

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_load(path, RC_CONFIG, 0, "not a regular file");
	free(path);
}
END_TEST

/* What counts is what was opened, not what its name says. */
START_TEST(symbolic_link)
{
	char *good = key_copy("ed25519.pem", "link-good.pem", 0600);
	char *open = key_copy("ed25519.pem", "link-open.pem", 0644);
	char *path = tmp_path("link");

	ck_assert_int_eq(symlink(good, path), 0);
	check_load(path, RC_OK, 0, NULL);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(open, path), 0);
	check_load(path, RC_CONFIG, 0, "chmod 600");
	free(good);
	free(open);
	free(path);
}
END_TEST

START_TEST(too_large)
{
	struct buf text = BUF_INIT(1u << 20);
	char *path = tmp_path("large.pem");

	for (size_t i = 0; i <= LIMIT_KEY_FILE; i++)
		buf_add_char(&text, '\n');
	write_file(path, buf_slice(&text), 0600);
	check_load(path, RC_CONFIG, 0, "65536 octets");
	buf_free(&text);
	free(path);
}
END_TEST

static const char *const rubbish[] = {
	"", "\n", "-----BEGIN PRIVATE KEY-----\n",
	"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
	"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n",
	"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11o=\n-----END PUBLIC KEY-----\n",
	"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n",
};

START_TEST(decodes_no_rubbish)
{
	struct private_key *key = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(private_key_decode(slice_str(rubbish[_i]), "table row 3", &key, &err),
	    RC_CONFIG);
	ck_assert_ptr_null(key);
	ck_assert_msg(says(&err, "table row 3: no private key"), "%s", buf_cstr(&err.text));
	err_free(&err);
}
END_TEST

/* URIs go to a store; nothing that could bypass the look at the file's mode does. */
static const struct {
	const char *uri, *words;
} uris[] = {
	{ "pkcs11:token=none;object=key", "provider" },
	{ "x-unknown:abc", "provider" },
	{ "file:/etc/hostname", "without \"file:\"" },
	{ "FILE:///etc/hostname", "without \"file:\"" },
	{ "./pkcs11:token", "No such file" },
	{ "/none/a:b", "No such file" },
	{ "", "No such file" },
};

START_TEST(stores)
{
	check_load(uris[_i].uri, RC_CONFIG, 0, uris[_i].words);
}
END_TEST

static const struct {
	const char *name;
	mode_t mode;
} saved[] = { { "ed25519.pem", 0600 }, { "ed25519.pem", 0640 }, { "rsa2048.pem", 0600 } };

START_TEST(saves)
{
	char *from = key_copy(saved[_i].name, "save-from.pem", 0600), *path = tmp_path("saved.pem");
	struct private_key *key = NULL, *again = NULL;
	struct buf octets = BUF_INIT(4096), octets_again = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct stat st;

	umask(077);
	ck_assert_int_eq(private_key_load(from, NULL, &key, &err), RC_OK);
	ck_assert_int_eq(private_key_save(key, path, saved[_i].mode, &err), RC_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, saved[_i].mode);
	ck_assert_int_eq(private_key_load(path, NULL, &again, &err), RC_OK);
	ck_assert_int_eq(private_key_public(key, &octets), RC_OK);
	ck_assert_int_eq(private_key_public(again, &octets_again), RC_OK);
	ck_slice_eq(buf_slice(&octets), buf_slice(&octets_again));

	/* a second time, the first file stays */
	ck_assert_int_eq(private_key_save(key, path, saved[_i].mode, &err), RC_CONFIG);
	ck_assert(says(&err, path) && says(&err, "exists already"));
	ck_assert_int_eq(stat(path, &st), 0);

	unlink(path);
	unlink(from);
	private_key_free(&key);
	private_key_free(&again);
	buf_free(&octets);
	buf_free(&octets_again);
	err_free(&err);
	free(from);
	free(path);
}
END_TEST

START_TEST(saves_nowhere)
{
	char *from = key_copy("ed25519.pem", "nowhere-from.pem", 0600);
	char *path = tmp_path("no/such/dir.pem");
	struct private_key *key = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(private_key_load(from, NULL, &key, &err), RC_OK);
	ck_assert_int_eq(private_key_save(key, path, 0600, &err), RC_CONFIG);
	ck_assert(says(&err, path));
	private_key_free(&key);
	err_free(&err);
	free(from);
	free(path);
}
END_TEST

Suite *keyfile_suite(void)
{
	Suite *s = suite_create("keyfile");

	UNIT_TABLE(s, loads, files);
	UNIT_TABLE(s, S_37_modes, modes);
	UNIT_TABLE(s, S_37_groups, groups);
	UNIT_TEST(s, root_owned);
	UNIT_TEST(s, not_there);
	UNIT_TEST(s, directory);
	UNIT_TEST(s, fifo);
	UNIT_TEST(s, symbolic_link);
	UNIT_TEST(s, too_large);
	UNIT_TABLE(s, decodes_no_rubbish, rubbish);
	UNIT_TABLE(s, stores, uris);
	UNIT_TABLE(s, saves, saved);
	UNIT_TEST(s, saves_nowhere);
	return s;
}
