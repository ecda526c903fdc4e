#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"

#include "private.h"

#include "crypto/keyfile.h"

/* --- text ----------------------------------------------------------------------------------- */

/* OpenSSL asks for a pass phrase here instead of at a terminal; nobody could answer. */
static int note_encrypted(char *text, int size, int writing, void *arg)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)arg = true;
	return -1;
}

enum rc private_key_decode(struct slice pem, const char *label, struct private_key **out,
    struct err *err)
{
	bool encrypted = false;
	EVP_PKEY *pkey = NULL;
	BIO *bio;

	if (pem.len > LIMIT_KEY_FILE)
		return err_config(err, "%s: more than %u octets: too large for a private key", label,
		    LIMIT_KEY_FILE);
	bio = BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
	if (bio == NULL)
		return RC_NOMEM;
	pkey = PEM_read_bio_PrivateKey(bio, NULL, note_encrypted, &encrypted);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey != NULL)
		return private_key_wrap(pkey, label, out, err);
	if (encrypted)
		return err_config(err, "%s: the key is protected by a pass phrase that nobody can "
		    "type here: write it without one, as `openssl pkey -in OLD -out NEW` does",
		    label);
	return err_config(err, "%s: no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\")",
	    label);
}

/* --- files ---------------------------------------------------------------------------------- */

static bool in_group(gid_t group)
{
	int count = getgroups(0, NULL);
	gid_t *groups;
	bool found = group == getegid();

	if (found || count <= 0)
		return found;
	groups = calloc((size_t)count, sizeof(*groups));
	count = groups == NULL ? 0 : getgroups(count, groups);
	for (int i = 0; i < count && !found; i++)
		found = groups[i] == group;
	free(groups);
	return found;
}

/*
 * A key that others may read is no longer private (RFC 6376 section 8.3).  root may read for whom
 * it will: its own groups say nothing about the group that the site keeps its keys for.
 */
static enum rc check_mode(const struct stat *st, const char *path, struct err *err)
{
	unsigned mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return err_config(err, "%s: not a regular file", path);
	if ((mode & S_IRWXO) != 0)
		return err_config(err, "%s: private key open to everybody (mode %04o): "
		    "chmod 600 it, or 640 for a group of its own", path, mode);
	if ((mode & S_IRWXG) != 0 && geteuid() != 0 && !in_group(st->st_gid))
		return err_config(err, "%s: private key open to group %lu, of which this user is "
		    "no member (mode %04o): chmod 600 it, or chgrp it to a group of this user",
		    path, (unsigned long)st->st_gid, mode);
	if (st->st_size > (off_t)LIMIT_KEY_FILE)
		return err_config(err, "%s: more than %u octets: too large for a private key", path,
		    LIMIT_KEY_FILE);
	/* root cannot know for whom it looks: `assayd --check` becomes the daemon's user first */
	if (geteuid() != 0 && st->st_uid != 0 && st->st_uid != geteuid())
		err_finding(err, "%s: belongs to user %lu, who can replace it: chown it to root or "
		    "to user %lu", path, (unsigned long)st->st_uid, (unsigned long)geteuid());
	return RC_OK;
}

/* The whole file into text, of size octets; returns what was there, or -1. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, text + len, size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		len += n < 0 ? 0 : (size_t)n;
	}
	return (ssize_t)len;
}

static enum rc load_fd(int fd, const char *path, struct private_key **out, struct err *err)
{
	const size_t size = LIMIT_KEY_FILE + 1; /* one more shows a file that is growing */
	struct stat st;
	char *text;
	ssize_t len;
	enum rc rc;

	if (fstat(fd, &st) != 0)
		return err_config(err, "%s: %s", path, strerror(errno));
	TRY(check_mode(&st, path, err));
	text = OPENSSL_malloc(size);
	if (text == NULL)
		return RC_NOMEM;
	len = read_all(fd, text, size);
	if (len < 0)
		rc = err_config(err, "%s: %s", path, strerror(errno));
	else
		rc = private_key_decode(slice_of(text, (size_t)len), path, out, err);
	OPENSSL_clear_free(text, size);
	return rc;
}

/* Keys are opened by the daemon's threads as well. */
static const char *own_name(char *buf, size_t size)
{
	struct passwd pw, *found = NULL;

	return getpwuid_r(geteuid(), &pw, buf, size, &found) == 0 && found != NULL ? pw.pw_name :
	    "of this process";
}

/* RC_CONFIG with a message, or a descriptor. */
static enum rc open_file(const char *path, int *fd_out, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char name[1024];

	if (fd < 0 && errno == EACCES)
		return err_config(err, "%s: permission denied: user %s (uid %lu) must be able to read it "
		    "and to pass through its directories (chown or chgrp)", path,
		    own_name(name, sizeof(name)), (unsigned long)geteuid());
	if (fd < 0)
		return err_config(err, "%s: %s", path, strerror(errno));
	*fd_out = fd;
	return RC_OK;
}

static enum rc load_file(const char *path, struct private_key **out, struct err *err)
{
	enum rc rc;
	int fd = -1;

	TRY(open_file(path, &fd, err));
	rc = load_fd(fd, path, out, err);
	close(fd);
	return rc;
}

/* --- stores --------------------------------------------------------------------------------- */

static EVP_PKEY *first_key(OSSL_STORE_CTX *store)
{
	EVP_PKEY *pkey = NULL;

	while (pkey == NULL && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL && OSSL_STORE_error(store))
			break;
		if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	return pkey;
}

static enum rc load_store(const char *uri, struct private_key **out, struct err *err)
{
	/* the null method: a PIN is in the URI or the configuration, never asked for */
	OSSL_STORE_CTX *store = OSSL_STORE_open(uri, UI_null(), NULL, NULL, NULL);
	EVP_PKEY *pkey = NULL;
	char why[256] = "it has no private key";

	if (store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1)
		pkey = first_key(store);
	if (pkey == NULL && ERR_peek_error() != 0)
		ERR_error_string_n(ERR_peek_error(), why, sizeof(why));
	OSSL_STORE_close(store);
	ERR_clear_error();
	if (pkey != NULL)
		return private_key_wrap(pkey, uri, out, err);
	return err_config(err, "%s: cannot be opened as a key store: %s; is the OpenSSL provider "
	    "for such URIs installed and activated in openssl.cnf?", uri, why);
}

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":" (RFC 3986 section 3.1) */
static bool is_uri(const char *text)
{
	const char *p = text;

	while (is_alnum(*p) || (p > text && (*p == '+' || *p == '-' || *p == '.')))
		p++;
	return is_alpha(*text) && *p == ':';
}

enum rc private_key_load(const char *path, struct private_key **out, struct err *err)
{
	if (!is_uri(path))
		return load_file(path, out, err);
	/* OpenSSL would read the file without a look at its mode */
	if (slice_istarts_with(slice_str(path), SLICE("file:")))
		return err_config(err, "%s: write the path itself, without \"file:\"", path);
	return load_store(path, out, err);
}

enum rc private_key_check(const char *path, struct err *err)
{
	struct stat st;
	enum rc rc;
	int fd = -1;

	if (is_uri(path))
		return RC_OK;
	TRY(open_file(path, &fd, err));
	if (fstat(fd, &st) != 0)
		rc = err_config(err, "%s: %s", path, strerror(errno));
	else
		rc = check_mode(&st, path, err);
	close(fd);
	return rc;
}

/* --- saving --------------------------------------------------------------------------------- */

static bool write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		text = slice_drop(text, n < 0 ? 0 : (size_t)n);
	}
	return true;
}

static enum rc save_text(struct slice pem, const char *path, mode_t mode, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int saved;
	bool done;

	if (fd < 0 && errno == EEXIST)
		return err_config(err, "%s: exists already, and a key is never overwritten", path);
	if (fd < 0)
		return err_config(err, "%s: %s", path, strerror(errno));
	done = write_all(fd, pem) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	saved = errno;
	done = close(fd) == 0 && done;
	if (done)
		return RC_OK;
	unlink(path);
	return err_config(err, "%s: %s", path, strerror(saved));
}

enum rc private_key_save(const struct private_key *key, const char *path, mode_t mode,
    struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum rc rc = RC_NOMEM;
	char *pem;
	long len;

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, private_key_evp(key), NULL, NULL, 0,
	    NULL, NULL) == 1 && (len = BIO_get_mem_data(bio, &pem)) > 0)
		rc = save_text(slice_of(pem, (size_t)len), path, mode, err);
	BIO_free(bio); /* wipes it */
	ERR_clear_error();
	return rc;
}
