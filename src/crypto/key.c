#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/log.h"

#include "der.h"
#include "private.h"

#include "crypto/key.h"

#define RSA_NAME                 "RSA" /* OpenSSL's names */
#define ED25519_NAME             "ED25519"
#define ED25519_KEY_OCTETS       32u
#define ED25519_KEY_BITS         256u
#define ED25519_SIGNATURE_OCTETS 64u
#define RSA_ADVISED_BITS         2048u /* RFC 8301 section 3.2: signers SHOULD */
#define RSA_ALL_VERIFY_BITS      4096u /* RFC 8301 section 3.2: more need not verify elsewhere */

struct public_key {
	const struct key_kind *kind;
	unsigned bits;
	EVP_PKEY *pkey; /* owned by the arena */
};

#define DAMAGED "a trial signature by this key does not verify with its own public half: the key is damaged and is not " \
	"used: make a new key"

enum proof { PROOF_DUE, PROOF_GOOD, PROOF_BAD };

struct private_key {
	atomic_uint references;
	const struct key_kind *kind;
	unsigned bits;
	EVP_PKEY *pkey; /* owned */
	char *label;    /* owned */
	atomic_int proof_now;
	atomic_int *proof; /* proof_now: the one thing that changes after loading */
};

/* --- RSA ------------------------------------------------------------------------------------ */

/* A copy of a big-endian number in the machine's own byte order, as OSSL_PARAM requires. */
static unsigned char *native_number(struct arena *a, struct slice number)
{
	const union {
		unsigned one;
		unsigned char first;
	} order = { .one = 1 };
	unsigned char *out = arena_alloc(a, number.len);

	for (size_t i = 0; out != NULL && i < number.len; i++)
		out[order.first == 1 ? number.len - 1 - i : i] = (unsigned char)number.ptr[i];
	return out;
}

static EVP_PKEY *rsa_from_numbers(struct arena *a, const struct rsa_numbers *numbers)
{
	unsigned char *n = native_number(a, numbers->modulus);
	unsigned char *e = native_number(a, numbers->exponent);
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;

	if (n == NULL || e == NULL)
		return NULL;
	params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, numbers->modulus.len);
	params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, numbers->exponent.len);
	params[2] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, RSA_NAME, NULL);
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool is_odd(struct slice number)
{
	return (number.ptr[number.len - 1] & 1) != 0;
}

static enum public_key_status rsa_parse(struct arena *a, struct slice octets,
    struct public_key *key)
{
	struct rsa_numbers numbers;
	size_t bits, exponent_bits;

	if (!der_rsa_public(octets, &numbers))
		return PUBLIC_KEY_SYNTAX;
	bits = der_bits(numbers.modulus);
	exponent_bits = der_bits(numbers.exponent);
	if (bits > LIMIT_RSA_BITS || exponent_bits > LIMIT_RSA_EXPONENT_BITS)
		return PUBLIC_KEY_TOO_LARGE;
	/* with e=1 the padded hash is its own signature */
	if (exponent_bits == 1)
		return PUBLIC_KEY_WEAK;
	/* RFC 8017 section 3.1: n is a product of odd primes, e is odd and from 3 to n - 1 */
	if (!is_odd(numbers.modulus) || !is_odd(numbers.exponent) || exponent_bits >= bits)
		return PUBLIC_KEY_SYNTAX;
	key->bits = (unsigned)bits;
	key->pkey = rsa_from_numbers(a, &numbers);
	return PUBLIC_KEY_OK;
}

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 6376 section 3.3.2); OpenSSL only reads the strings. */
static void rsa_params(OSSL_PARAM params[3])
{
	static char digest[] = "SHA256", padding[] = OSSL_PKEY_RSA_PAD_MODE_PKCSV15;

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding, 0);
	params[2] = OSSL_PARAM_construct_end();
}

static enum rc rsa_verify(EVP_PKEY *pkey, const unsigned char *hash, struct slice signature,
    bool *valid)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	OSSL_PARAM params[3];
	enum rc rc = RC_NOMEM;

	rsa_params(params);
	if (ctx == NULL || EVP_PKEY_verify_init_ex(ctx, params) != 1)
		goto out;
	*valid = EVP_PKEY_verify(ctx, (const unsigned char *)signature.ptr, signature.len, hash,
	    SHA256_OCTETS) == 1;
	rc = RC_OK;
out:
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

static enum rc rsa_sign(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *out,
    size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	OSSL_PARAM params[3];
	enum rc rc = RC_NOMEM;

	rsa_params(params);
	if (ctx != NULL && EVP_PKEY_sign_init_ex(ctx, params) == 1 &&
	    EVP_PKEY_sign(ctx, out, len, hash, SHA256_OCTETS) == 1)
		rc = RC_OK;
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

static enum rc rsa_public(EVP_PKEY *pkey, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	if (len <= 0)
		return RC_NOMEM;
	buf_add(out, slice_of((const char *)der, (size_t)len));
	OPENSSL_free(der);
	return RC_OK;
}

/* --- Ed25519: PureEdDSA over the octets of the hash (RFC 8463 section 3) ---------------------- */

/*
 * The y-coordinates of the eight points whose order divides 8, in the encodings that fit into 255
 * bits (RFC 8032 section 5.1.2).  In the equation of section 5.1.7 such a key adds one of at most
 * eight points: a signature made without any secret verifies for one message in eight, or for all.
 */
static const unsigned char small_order[][ED25519_KEY_OCTETS] = {
	{ 0x00 }, /* order 4 */
	{ 0x01 }, /* order 1 */
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
	    0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
	    0x53, 0xfc, 0x05 }, /* order 8 */
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
	    0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
	    0xac, 0x03, 0x7a }, /* order 8 */
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* order 2: p - 1 */
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* p, which is 0 */
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* p + 1, which is 1 */
};

/* The highest bit is the sign of x: either point has the order. */
static bool is_small_order(struct slice octets)
{
	unsigned char y[ED25519_KEY_OCTETS];

	memcpy(y, octets.ptr, sizeof(y));
	y[sizeof(y) - 1] &= 0x7f;
	for (size_t i = 0; i < N_ELEMENTS(small_order); i++)
		if (memcmp(y, small_order[i], sizeof(y)) == 0)
			return true;
	return false;
}

/* RFC 8463 section 4.2 */
static enum public_key_status ed25519_parse(struct arena *a, struct slice octets,
    struct public_key *key)
{
	(void)a;
	if (octets.len != ED25519_KEY_OCTETS)
		return PUBLIC_KEY_SYNTAX;
	if (is_small_order(octets))
		return PUBLIC_KEY_WEAK;
	key->bits = ED25519_KEY_BITS;
	key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, ED25519_NAME, NULL,
	    (const unsigned char *)octets.ptr, octets.len);
	return PUBLIC_KEY_OK;
}

static enum rc ed25519_verify(EVP_PKEY *pkey, const unsigned char *hash, struct slice signature,
    bool *valid)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum rc rc = RC_NOMEM;

	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1)
		goto out;
	*valid = EVP_DigestVerify(ctx, (const unsigned char *)signature.ptr, signature.len, hash,
	    SHA256_OCTETS) == 1;
	rc = RC_OK;
out:
	EVP_MD_CTX_free(ctx);
	return rc;
}

static enum rc ed25519_sign(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *out,
    size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum rc rc = RC_NOMEM;

	if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, out, len, hash, SHA256_OCTETS) == 1)
		rc = RC_OK;
	EVP_MD_CTX_free(ctx);
	return rc;
}

static enum rc ed25519_public(EVP_PKEY *pkey, struct buf *out)
{
	unsigned char raw[ED25519_KEY_OCTETS];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) != 1)
		return RC_NOMEM;
	buf_add(out, slice_of((const char *)raw, len));
	return RC_OK;
}

/* --- both ----------------------------------------------------------------------------------- */

static const struct key_kind {
	enum key_type type;
	const char *text; /* RFC 6376 section 3.5, RFC 8463 section 4 */
	const char *openssl_name;
	enum public_key_status (*parse)(struct arena *, struct slice, struct public_key *);
	enum rc (*verify)(EVP_PKEY *, const unsigned char *, struct slice, bool *);
	enum rc (*sign)(EVP_PKEY *, const unsigned char *, unsigned char *, size_t *);
	enum rc (*get_public)(EVP_PKEY *, struct buf *);
} kinds[] = {
	[KEY_RSA] = { KEY_RSA, "rsa", RSA_NAME, rsa_parse, rsa_verify, rsa_sign, rsa_public },
	[KEY_ED25519] = { KEY_ED25519, "ed25519", ED25519_NAME, ed25519_parse, ed25519_verify,
		ed25519_sign, ed25519_public },
};

const char *key_type_text(enum key_type type)
{
	return kinds[type].text;
}

static void pkey_free(void *pkey)
{
	EVP_PKEY_free(pkey);
}

enum public_key_status public_key_parse(struct arena *a, enum key_type type, struct slice octets,
    struct public_key **out)
{
	struct public_key *key = arena_new(a, struct public_key);
	enum public_key_status status;

	if (key == NULL)
		return PUBLIC_KEY_NO_MEMORY;
	key->kind = &kinds[type];
	status = key->kind->parse(a, octets, key);
	if (status != PUBLIC_KEY_OK)
		return status;
	if (key->pkey == NULL || !arena_defer(a, pkey_free, key->pkey)) {
		ERR_clear_error();
		return PUBLIC_KEY_NO_MEMORY;
	}
	*out = key;
	return PUBLIC_KEY_OK;
}

unsigned public_key_bits(const struct public_key *key)
{
	return key->bits;
}

/* OpenSSL's error queue distinguishes an invalid signature, which is a finding, from a lack of memory. */
static bool out_of_memory(void)
{
	bool found = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return found;
}

enum key_type private_key_type(const struct private_key *key)
{
	return key->kind->type;
}

unsigned private_key_bits(const struct private_key *key)
{
	return key->bits;
}

EVP_PKEY *private_key_evp(const struct private_key *key)
{
	return key->pkey;
}

struct private_key *private_key_ref(struct private_key *key)
{
	atomic_fetch_add(&key->references, 1);
	return key;
}

void private_key_free(struct private_key **key)
{
	struct private_key *old = *key;

	*key = NULL;
	if (old == NULL || atomic_fetch_sub(&old->references, 1) > 1)
		return;
	EVP_PKEY_free(old->pkey);
	free(old->label);
	free(old);
}

static enum rc make_signature(const struct private_key *key, const unsigned char *hash, struct arena *a,
    struct slice *signature_out)
{
	size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
	unsigned char *out = arena_alloc(a, len);
	enum rc rc;

	if (out == NULL)
		return RC_NOMEM;
	rc = key->kind->sign(key->pkey, hash, out, &len);
	ERR_clear_error();
	if (rc == RC_OK)
		*signature_out = slice_of((const char *)out, len);
	return rc;
}

/* RC_OK with the finding, or RC_NOMEM. */
static enum rc check_signature(const struct key_kind *kind, EVP_PKEY *pkey, const unsigned char *hash,
    struct slice signature, bool *valid_out)
{
	bool valid = false;
	enum rc rc;

	ERR_clear_error();
	rc = kind->verify(pkey, hash, signature, &valid);
	if (out_of_memory() && !valid)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		*valid_out = valid;
	return rc;
}

enum rc public_key_verify(const struct public_key *key, const unsigned char hash[SHA256_OCTETS],
    struct slice signature, bool *valid_out)
{
	return check_signature(key->kind, key->pkey, hash, signature, valid_out);
}

/* Only the first signature that does not verify is reported. */
static enum rc prove(const struct private_key *key, const unsigned char *hash, struct slice signature)
{
	int due = PROOF_DUE;
	bool good;

	TRY(check_signature(key->kind, key->pkey, hash, signature, &good));
	if (good) {
		atomic_store(key->proof, PROOF_GOOD);
		return RC_OK;
	}
	if (atomic_compare_exchange_strong(key->proof, &due, PROOF_BAD))
		log_error("%s: " DAMAGED, key->label);
	return RC_CONFIG;
}

enum rc private_key_sign(const struct private_key *key, const unsigned char hash[SHA256_OCTETS],
    struct arena *a, struct slice *signature_out)
{
	struct slice made;

	if (private_key_is_bad(key))
		return RC_CONFIG;
	TRY(make_signature(key, hash, a, &made));
	if (atomic_load(key->proof) == PROOF_DUE)
		TRY(prove(key, hash, made));
	*signature_out = made;
	return RC_OK;
}

bool private_key_is_bad(const struct private_key *key)
{
	return atomic_load(key->proof) == PROOF_BAD;
}

enum rc private_key_public(const struct private_key *key, struct buf *octets_out)
{
	enum rc rc = key->kind->get_public(key->pkey, octets_out);

	ERR_clear_error();
	return rc == RC_OK && buf_failed(octets_out) ? RC_NOMEM : rc;
}

/* RFC 8301 section 3.2.  Ed25519 has one size only. */
static enum rc bits_check(enum key_type type, unsigned bits, const char *label, struct err *err)
{
	if (type != KEY_RSA)
		return RC_OK;
	if (bits < RSA_MIN_BITS)
		return err_config(err, "%s: an RSA key of %u bits: DKIM forbids less than %u; "
		    "make one of %u", label, bits, RSA_MIN_BITS, RSA_ADVISED_BITS);
	if (bits > LIMIT_RSA_BITS)
		return err_config(err, "%s: an RSA key of %u bits: more than %u is not supported, "
		    "here or by receivers; make one of %u", label, bits, LIMIT_RSA_BITS,
		    RSA_ADVISED_BITS);
	if (bits < RSA_ADVISED_BITS)
		err_warn(err, "%s: an RSA key of %u bits: %u or more are advised", label, bits,
		    RSA_ADVISED_BITS);
	if (bits > RSA_ALL_VERIFY_BITS)
		err_warn(err, "%s: an RSA key of %u bits: receivers need not verify more than %u",
		    label, bits, RSA_ALL_VERIFY_BITS);
	return RC_OK;
}

static enum rc private_key_new(EVP_PKEY *pkey, enum key_type type, const char *label, struct private_key **out)
{
	struct private_key *key = calloc(1, sizeof(*key));
	char *copy = strdup(label);

	if (key == NULL || copy == NULL) {
		EVP_PKEY_free(pkey);
		free(copy);
		free(key);
		return RC_NOMEM;
	}
	*key = (struct private_key){ .references = 1, .kind = &kinds[type], .pkey = pkey, .label = copy,
		.proof_now = PROOF_DUE, .proof = &key->proof_now };
	key->bits = type == KEY_RSA ? (unsigned)EVP_PKEY_get_bits(pkey) : ED25519_KEY_BITS;
	*out = key;
	return RC_OK;
}

/*
 * Makes a trial signature and verifies it with the public half of the key.  Wrong signatures, from a damaged
 * file or a faulty provider, would make every message fail at receivers (RFC 6376 section 6.1.3).
 */
static enum rc try_key(const struct private_key *key, struct arena *a, bool *good_out)
{
	const unsigned char hash[SHA256_OCTETS] = { 'a', 's', 's', 'a', 'y' };
	struct buf octets = BUF_INIT(LIMIT_KEY_OCTETS);
	struct public_key *public = NULL;
	struct slice signature;
	enum rc rc = make_signature(key, hash, a, &signature);

	*good_out = false;
	if (rc == RC_OK)
		rc = private_key_public(key, &octets);
	if (rc == RC_OK && public_key_parse(a, private_key_type(key), buf_slice(&octets), &public) == PUBLIC_KEY_OK)
		rc = public_key_verify(public, hash, signature, good_out);
	buf_free(&octets);
	return rc;
}

static enum rc keep_if_good(struct private_key *key, const char *label, struct private_key **out,
    struct err *err)
{
	struct arena *a = arena_create(LIMIT_KEY_FILE);
	bool good = false;

	if (a == NULL || try_key(key, a, &good) != RC_OK)
		good = false;
	arena_free(&a);
	ERR_clear_error();
	if (good) {
		atomic_store(key->proof, PROOF_GOOD);
		*out = key;
		return RC_OK;
	}
	private_key_free(&key);
	return err_config(err, "%s: " DAMAGED, label);
}

enum rc private_key_accept(EVP_PKEY *pkey, const char *label, struct private_key **out,
    struct err *err)
{
	size_t type = 0;
	enum rc rc;

	while (type < N_ELEMENTS(kinds) && !EVP_PKEY_is_a(pkey, kinds[type].openssl_name))
		type++;
	if (type == N_ELEMENTS(kinds))
		rc = err_config(err, "%s: neither an RSA nor an Ed25519 key: DKIM supports no "
		    "other", label);
	else
		rc = bits_check((enum key_type)type, (unsigned)EVP_PKEY_get_bits(pkey), label, err);
	if (rc != RC_OK) {
		EVP_PKEY_free(pkey);
		return rc;
	}
	return private_key_new(pkey, (enum key_type)type, label, out);
}

enum rc private_key_wrap(EVP_PKEY *pkey, const char *label, struct private_key **out,
    struct err *err)
{
	struct private_key *key = NULL;

	TRY(private_key_accept(pkey, label, &key, err));
	return keep_if_good(key, label, out, err);
}

enum rc private_key_generate(enum key_type type, unsigned bits, struct private_key **out,
    struct err *err)
{
	EVP_PKEY *pkey;

	TRY(bits_check(type, bits, "new key", err));
	if (type == KEY_RSA)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, RSA_NAME, (size_t)bits);
	else
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, ED25519_NAME);
	ERR_clear_error();
	return pkey == NULL ? RC_NOMEM : private_key_new(pkey, type, "new key", out);
}
