#include <limits.h>
#include <pthread.h>

#include <openssl/err.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/digest.h"

/* EVP_sha256() would look the algorithm up for each digest; a fetched one costs nothing. */
static EVP_MD *sha256_md;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	/* the daemon's threads may hash until the very end: OpenSSL must not clean up under them */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
	ERR_clear_error();
}

enum rc crypto_init(void)
{
	pthread_once(&fetch_once, fetch);
	return sha256_md == NULL ? RC_NOMEM : RC_OK;
}

struct digest {
	EVP_MD_CTX *ctx;
	bool failed;
};

static void context_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

struct digest *digest_new(struct arena *a)
{
	struct digest *d = arena_new(a, struct digest);

	if (d == NULL || crypto_init() != RC_OK)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL || !arena_defer(a, context_free, d->ctx))
		return NULL;
	return EVP_DigestInit_ex(d->ctx, sha256_md, NULL) == 1 ? d : NULL;
}

void digest_add(struct digest *d, struct slice octets)
{
	if (octets.len > 0 && EVP_DigestUpdate(d->ctx, octets.ptr, octets.len) != 1)
		d->failed = true;
}

enum rc digest_end(struct digest *d, unsigned char out[SHA256_OCTETS])
{
	if (d->failed || EVP_DigestFinal_ex(d->ctx, out, NULL) != 1)
		return RC_NOMEM;
	d->failed = true; /* once only */
	return RC_OK;
}

enum rc sha256(struct slice octets, unsigned char out[SHA256_OCTETS])
{
	TRY(crypto_init());
	if (EVP_Digest(octets.ptr, octets.len, out, NULL, sha256_md, NULL) != 1)
		return RC_NOMEM;
	return RC_OK;
}

enum rc hmac_sha256(struct slice key, struct slice octets, unsigned char out[SHA256_OCTETS])
{
	static const unsigned char nothing[1];
	const void *k = key.len > 0 ? key.ptr : (const char *)nothing;
	const void *o = octets.len > 0 ? octets.ptr : (const char *)nothing;

	TRY(crypto_init());
	if (key.len > INT_MAX || HMAC(sha256_md, k, (int)key.len, o, octets.len, out, NULL) == NULL)
		return RC_NOMEM;
	return RC_OK;
}
