/*
 * floor.c - what a message's cryptography costs by OpenSSL alone, in microseconds of CPU: nobody
 * gets below it.  Prints one JSON object.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned char hash[32] = "0123456789abcdef0123456789abcdef";
static unsigned char body[200 * 1024];
static unsigned char signature[1024];
static size_t signature_len;
static EVP_PKEY *key;
static EVP_MD *sha256;
static size_t body_len;

static void die(void)
{
	fprintf(stderr, "floor: OpenSSL failed\n");
	exit(1);
}

static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void rsa_context(EVP_PKEY_CTX *c)
{
	if (EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) <= 0 || EVP_PKEY_CTX_set_signature_md(c, sha256) <= 0)
		die();
}

static void rsa_sign(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	signature_len = sizeof(signature);
	if (c == NULL || EVP_PKEY_sign_init(c) <= 0)
		die();
	rsa_context(c);
	if (EVP_PKEY_sign(c, signature, &signature_len, hash, sizeof(hash)) <= 0)
		die();
	EVP_PKEY_CTX_free(c);
}

static void rsa_verify(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	if (c == NULL || EVP_PKEY_verify_init(c) <= 0)
		die();
	rsa_context(c);
	if (EVP_PKEY_verify(c, signature, signature_len, hash, sizeof(hash)) != 1)
		die();
	EVP_PKEY_CTX_free(c);
}

static void ed25519_sign(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	signature_len = sizeof(signature);
	if (EVP_DigestSignInit(c, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(c, signature, &signature_len, hash, sizeof(hash)) != 1)
		die();
	EVP_MD_CTX_free(c);
}

static void ed25519_verify(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestVerify(c, signature, signature_len, hash, sizeof(hash)) != 1)
		die();
	EVP_MD_CTX_free(c);
}

static void hash_body(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (EVP_DigestInit_ex2(c, sha256, NULL) != 1 || EVP_DigestUpdate(c, body, body_len) != 1 ||
	    EVP_DigestFinal_ex(c, hash, NULL) != 1)
		die();
	EVP_MD_CTX_free(c);
}

/* The best of several rounds. */
static double cost(void (*operation)(void), int count)
{
	double best = 1e12;

	for (int round = 0; round < 5; round++) {
		double start = cpu();

		for (int i = 0; i < count; i++)
			operation();
		start = (cpu() - start) / count;
		best = start < best ? start : best;
	}
	return best;
}

int main(void)
{
	static const size_t sizes[] = { 2048, 20480, 204800 };

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	key = EVP_RSA_gen(2048);
	if (sha256 == NULL || key == NULL)
		die();
	memset(body, 'x', sizeof(body));
	printf("{\"rsa_sign\":%.1f,", cost(rsa_sign, 100));
	printf("\"rsa_verify\":%.1f,", cost(rsa_verify, 500));
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	printf("\"ed25519_sign\":%.1f,", cost(ed25519_sign, 300));
	printf("\"ed25519_verify\":%.1f", cost(ed25519_verify, 300));
	for (size_t i = 0; i < 3; i++) {
		body_len = sizes[i];
		printf(",\"sha256_%zu\":%.1f", sizes[i], cost(hash_body, 200));
	}
	puts("}");
	EVP_PKEY_free(key);
	EVP_MD_free(sha256);
	return 0;
}
