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
#include "base/file.h"
#include "base/limits.h"

#include "private.h"

#include "crypto/keyfile.h"

#define CREDENTIAL  "credential:"
#define SECRET_SIZE (LIMIT_KEY_FILE + 1) /* one more shows a file that is growing */

/* The content of a file; SECRET_SIZE octets of memory, wiped when it is released. */
struct secret {
	char *text;
	size_t len;
};

static bool is_credential(const char *path)
{
	return slice_starts_with(slice_str(path), SLICE(CREDENTIAL));
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
 * A key that others can read is not private (RFC 6376 section 8.3).  For root the group is not checked: it is
 * normally that of the daemon's user, which root need not be a member of.
 */
static enum rc check_mode(const struct stat *st, const char *path, bool credential, struct err *err)
{
	unsigned mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return err_config(err, "%s: not a regular file", path);
	if ((mode & S_IRWXO) != 0)
		return err_config(err, "%s: open to everybody (mode %04o): "
		    "chmod 600 it, or 640 with a dedicated group", path, mode);
	if ((mode & S_IRWXG) != 0 && !credential && geteuid() != 0 && !in_group(st->st_gid))
		return err_config(err, "%s: open to group %lu, which this user is not "
		    "a member of (mode %04o): chmod 600 it, or chgrp it to a group of this user",
		    path, (unsigned long)st->st_gid, mode);
	if (st->st_size > (off_t)LIMIT_KEY_FILE)
		return err_config(err, "%s: more than %u octets: too large for a private key", path,
		    LIMIT_KEY_FILE);
	/* root does not know which user will use the key; `assayd --check` changes to the daemon's user first */
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

/* The whole content, LIMIT_KEY_FILE octets at most; to be freed with OPENSSL_clear_free(). */
static enum rc read_fd(int fd, const char *path, bool credential, struct secret *out, struct err *err)
{
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) != 0)
		return err_config(err, "%s: %s", path, strerror(errno));
	TRY(check_mode(&st, path, credential, err));
	out->text = OPENSSL_malloc(SECRET_SIZE);
	if (out->text == NULL)
		return RC_NOMEM;
	len = read_all(fd, out->text, SECRET_SIZE);
	if (len < 0)
		return err_config(err, "%s: %s", path, strerror(errno));
	out->len = (size_t)len;
	return RC_OK;
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

/* The path of "credential:NAME"; of anything else itself. */
static enum rc real_path(const char *path, struct buf *out, struct err *err)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	const char *name = path + strlen(CREDENTIAL);

	if (!is_credential(path)) {
		buf_addf(out, "%s", path);
		return buf_failed(out) ? RC_NOMEM : RC_OK;
	}
	if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL)
		return err_config(err, "%s: not the name of a credential", path);
	if (directory == NULL)
		return err_config(err, "%s: this process has no credentials: write LoadCredential=%s:/PATH into the "
		    "unit of the service", path, name);
	buf_addf(out, "%s/%s", directory, name);
	return buf_failed(out) ? RC_NOMEM : RC_OK;
}

static enum rc open_path(const char *path, int *fd_out, struct err *err)
{
	struct buf real = BUF_INIT(4096);
	enum rc rc = real_path(path, &real, err);

	if (rc == RC_OK)
		rc = open_file(buf_cstr(&real), fd_out, err);
	buf_free(&real);
	return rc;
}

static enum rc read_secret(const char *path, struct secret *out, struct err *err)
{
	enum rc rc;
	int fd = -1;

	TRY(open_path(path, &fd, err));
	rc = read_fd(fd, path, is_credential(path), out, err);
	close(fd);
	return rc;
}

static void wipe(struct secret *s)
{
	OPENSSL_clear_free(s->text, SECRET_SIZE);
}

/* --- text ----------------------------------------------------------------------------------- */

struct passphrase {
	const char *file; /* NULL: none */
	struct err *err;
	bool asked;       /* the key is encrypted */
	enum rc rc;       /* of reading the file */
};

/* OpenSSL asks for a pass phrase here instead of at a terminal, where no one could answer. */
static int give_passphrase(char *text, int size, int writing, void *arg)
{
	struct passphrase *p = arg;
	struct secret secret = { .text = NULL };
	size_t mark = p->err->text.len;
	struct slice line;

	(void)writing;
	p->asked = true;
	if (p->file == NULL || p->rc != RC_OK)
		return -1; /* OpenSSL asks again after a failure, which is reported once */
	p->rc = read_secret(p->file, &secret, p->err);
	line = slice_take(slice_of(secret.text, secret.len), slice_find(slice_of(secret.text, secret.len), '\n'));
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (p->rc == RC_OK && (line.len == 0 || line.len > (size_t)size))
		p->rc = err_config(p->err, "%s: its first line is not a pass phrase: it is empty or too long", p->file);
	if (p->rc == RC_OK)
		memcpy(text, line.ptr, line.len);
	wipe(&secret);
	if (p->rc != RC_OK)
		err_wrap(p->err, mark, "key-passphrase-file");
	return p->rc == RC_OK ? (int)line.len : -1;
}

static enum rc no_key(const struct passphrase *p, const char *label, struct err *err)
{
	if (p->asked && p->rc != RC_OK)
		return p->rc; /* reported */
	if (p->asked && p->file == NULL)
		return err_config(err, "%s: the key is protected by a pass phrase: name the file that contains it in "
		    "key-passphrase-file, or write the key without one, as `openssl pkey -in OLD -out NEW` does", label);
	if (p->asked)
		return err_config(err, "%s: the pass phrase in %s does not open this key", label, p->file);
	return err_config(err, "%s: no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\")",
	    label);
}

#define ED25519_INNER 34 /* an OCTET STRING of 32 octets (RFC 8410 section 7) */

/* The key inside PKCS #8, if it is of one of the two kinds that DKIM has. */
static EVP_PKEY *decode_inner(const PKCS8_PRIV_KEY_INFO *info)
{
	static const unsigned char prefix[] = { V_ASN1_OCTET_STRING, ED25519_INNER - 2 };
	const unsigned char *inner;
	const X509_ALGOR *algorithm;
	int len;

	if (PKCS8_pkey_get0(NULL, &inner, &len, &algorithm, info) != 1)
		return NULL;
	if (OBJ_obj2nid(algorithm->algorithm) == NID_rsaEncryption)
		return d2i_PrivateKey(EVP_PKEY_RSA, NULL, &inner, len);
	if (OBJ_obj2nid(algorithm->algorithm) == NID_ED25519 && len == ED25519_INNER &&
	    memcmp(inner, prefix, sizeof(prefix)) == 0)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, inner + sizeof(prefix),
		    ED25519_INNER - sizeof(prefix));
	return NULL;
}

/*
 * PKCS #1, alone or inside PKCS #8, and Ed25519 are decoded as what they are: OpenSSL's general decoder tries every
 * format that it has, which takes a millisecond.  NULL: something else, or damaged.
 */
static EVP_PKEY *decode_known(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	char *name = NULL, *header = NULL;
	const unsigned char *der;
	unsigned char *data = NULL;
	EVP_PKEY *pkey = NULL;
	long len = 0;

	if (bio != NULL && PEM_read_bio(bio, &name, &header, &data, &len) == 1 && *header == '\0') {
		PKCS8_PRIV_KEY_INFO *info = NULL;

		der = data;
		if (strcmp(name, PEM_STRING_RSA) == 0)
			pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, len);
		else if (strcmp(name, PEM_STRING_PKCS8INF) == 0)
			info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, len);
		if (info != NULL)
			pkey = decode_inner(info);
		PKCS8_PRIV_KEY_INFO_free(info);
	}
	OPENSSL_clear_free(data, (size_t)len);
	OPENSSL_free(name);
	OPENSSL_free(header);
	BIO_free(bio);
	return pkey;
}

static EVP_PKEY *decode_any(struct slice pem, struct passphrase *p)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, p);

	BIO_free(bio);
	return pkey;
}

static enum rc decode(struct slice pem, const char *label, const char *passphrase_file,
    EVP_PKEY **out, struct err *err)
{
	struct passphrase p = { .file = passphrase_file, .err = err };

	if (pem.len > LIMIT_KEY_FILE)
		return err_config(err, "%s: more than %u octets: too large for a private key", label,
		    LIMIT_KEY_FILE);
	*out = pem.len == 0 ? NULL : decode_known(pem);
	if (pem.len > 0 && *out == NULL)
		*out = decode_any(pem, &p);
	ERR_clear_error();
	return *out == NULL ? no_key(&p, label, err) : RC_OK;
}

enum rc private_key_decode(struct slice pem, const char *label, struct private_key **out,
    struct err *err)
{
	EVP_PKEY *pkey;

	TRY(decode(pem, label, NULL, &pkey, err));
	return private_key_wrap(pkey, label, out, err);
}

enum rc private_key_decode_untried(struct slice pem, const char *label, struct private_key **out,
    struct err *err)
{
	EVP_PKEY *pkey;

	TRY(decode(pem, label, NULL, &pkey, err));
	return private_key_accept(pkey, label, out, err);
}

/* private_key_wrap or private_key_accept */
typedef enum rc take_key(EVP_PKEY *pkey, const char *label, struct private_key **out, struct err *err);

static enum rc load_file(const char *path, const char *passphrase_file, take_key *take, struct private_key **out,
    struct err *err)
{
	struct secret secret = { .text = NULL };
	EVP_PKEY *pkey = NULL;
	enum rc rc = read_secret(path, &secret, err);

	if (rc == RC_OK)
		rc = decode(slice_of(secret.text, secret.len), path, passphrase_file, &pkey, err);
	wipe(&secret);
	return rc == RC_OK ? take(pkey, path, out, err) : rc;
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
	char why[256] = "it contains no private key";

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

static enum rc load(const char *path, const char *passphrase_file, take_key *take, struct private_key **out,
    struct err *err)
{
	if (!is_uri(path) || is_credential(path))
		return load_file(path, passphrase_file, take, out, err);
	/* OpenSSL would read the file without a look at its mode */
	if (slice_istarts_with(slice_str(path), SLICE("file:")))
		return err_config(err, "%s: write the path itself, without \"file:\"", path);
	return load_store(path, out, err);
}

enum rc private_key_load(const char *path, const char *passphrase_file, struct private_key **out,
    struct err *err)
{
	return load(path, passphrase_file, private_key_wrap, out, err);
}

enum rc private_key_load_untried(const char *path, const char *passphrase_file, struct private_key **out,
    struct err *err)
{
	return load(path, passphrase_file, private_key_accept, out, err);
}

enum rc private_key_check(const char *path, const struct stat *st, struct err *err)
{
	int fd = -1;

	if (is_uri(path))
		return RC_OK;
	if (st != NULL && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0)
		return check_mode(st, path, false, err);
	TRY(open_file(path, &fd, err)); /* says why */
	close(fd);
	return st == NULL ? RC_IO : check_mode(st, path, false, err);
}

/* --- saving --------------------------------------------------------------------------------- */

static enum rc save_text(struct slice pem, const char *path, mode_t mode, bool synced, struct err *err)
{
	if (file_create(path, pem, mode, synced))
		return RC_OK;
	if (errno == EEXIST)
		return err_config(err, "%s: exists already, and a key is never overwritten", path);
	return err_config(err, "%s: %s", path, strerror(errno));
}

void private_key_tidy(const char *path)
{
	file_create_tidy(path);
}

static enum rc save(const struct private_key *key, const char *path, mode_t mode, bool synced,
    struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum rc rc = RC_NOMEM;
	char *pem;
	long len;

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, private_key_evp(key), NULL, NULL, 0,
	    NULL, NULL) == 1 && (len = BIO_get_mem_data(bio, &pem)) > 0)
		rc = save_text(slice_of(pem, (size_t)len), path, mode, synced, err);
	BIO_free(bio); /* wipes it */
	ERR_clear_error();
	return rc;
}

enum rc private_key_save(const struct private_key *key, const char *path, mode_t mode, struct err *err)
{
	return save(key, path, mode, true, err);
}

enum rc private_key_save_unsynced(const struct private_key *key, const char *path, mode_t mode,
    struct err *err)
{
	return save(key, path, mode, false, err);
}
