#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "crypto/keyfile.h"
#include "dkim/sign.h"
#include "mail/reader.h"

#include "cli/command.h"
#include "cli/messages.h"

struct sign_request {
	const char *domain, *selector, *key, *passphrase_file, *identity, *canon, *file;
	enum canon header_canon, body_canon;
	int64_t now, expire_after;
};

static void feed(void *ctx, struct slice octets)
{
	bodyhashes_feed(ctx, octets);
}

/* The field with the line ends that the file has. */
static void print_signed(const struct header *field, struct slice text)
{
	size_t lf = slice_find(text, '\n');
	struct slice value = field->value;
	bool crlf = lf < text.len && lf > 0 && text.ptr[lf - 1] == '\r';

	printf("%.*s:", SLICE_ARG(field->name));
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\n' && crlf)
			putchar('\r');
		putchar(value.ptr[i]);
	}
	fputs(crlf ? "\r\n" : "\n", stdout);
	fwrite(text.ptr, 1, text.len, stdout);
}

static enum rc sign_text(struct arena *a, const struct sign_request *r, const struct private_key *key,
    struct slice text, struct err *err)
{
	struct dkim_sign_params params = {
		.domain = slice_str(r->domain),
		.selector = slice_str(r->selector),
		.identity = slice_str(r->identity),
		.key = key,
		.header_canon = r->header_canon,
		.body_canon = r->body_canon,
		.expire_after = r->expire_after,
	};
	struct bodyhashes *set = bodyhashes_new(a);
	struct dkim_signer *signer;
	struct message m;
	struct slice body;
	struct dkim_signed made;

	message_init(&m, a);
	body = read_headers(&m, text);
	if (m.exceeded != MESSAGE_FITS)
		return err_config(err, "the header is larger than a message's may be");
	signer = set == NULL ? NULL : dkim_signer_new(&m, &params, set);
	if (signer == NULL)
		return RC_NOMEM;
	read_body(body, (struct sink){ feed, set });
	TRY(bodyhashes_end(set));
	TRY(dkim_signer_end(signer, r->now, &made));
	if (made.why != DKIM_SIGN_GOOD)
		return err_config(err, "not signed: %s", dkim_sign_why_text(made.why));
	print_signed(&made.fields.items[0], text);
	return RC_OK;
}

static int sign_file(const struct sign_request *r)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT(LIMIT_FILE_BYTES);
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct private_key *key = NULL;
	struct domain d;
	enum rc rc = a == NULL ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && !domain_parse(a, slice_str(r->domain), &d))
		rc = err_config(&err, "--domain %s: not a domain", r->domain);
	if (rc == RC_OK && !domain_parse(a, slice_str(r->selector), &d))
		rc = err_config(&err, "--selector %s: not a selector", r->selector);
	if (rc == RC_OK)
		rc = private_key_load(r->key, r->passphrase_file, &key, &err);
	if (rc == RC_OK)
		rc = message_read(r->file, false, &text, &err);
	if (rc == RC_OK)
		rc = sign_text(a, r, key, buf_slice(&text), &err);
	buf_free(&text);
	private_key_free(&key);
	arena_free(&a);
	return command_end(&err, rc);
}

static const struct argument arguments[] = {
	{ "domain", ARGUMENT_TEXT, offsetof(struct sign_request, domain), "DOMAIN",
	    "the d= of the signature" },
	{ "selector", ARGUMENT_TEXT, offsetof(struct sign_request, selector), "SELECTOR",
	    "the s= of the signature" },
	{ "key", ARGUMENT_TEXT, offsetof(struct sign_request, key), "FILE",
	    "the private key: a file, or a pkcs11: URI" },
	{ "passphrase-file", ARGUMENT_TEXT, offsetof(struct sign_request, passphrase_file), "FILE",
	    "the file that holds the passphrase of the key" },
	{ "identity", ARGUMENT_TEXT, offsetof(struct sign_request, identity), "IDENTITY",
	    "the i= of the signature" },
	{ "canon", ARGUMENT_TEXT, offsetof(struct sign_request, canon), "HEADER/BODY",
	    "canonicalization (default relaxed/relaxed)" },
	{ "expire", ARGUMENT_NUMBER, offsetof(struct sign_request, expire_after), "SECONDS",
	    "the signature expires after that time (x=)" },
	{ "time", ARGUMENT_NUMBER, offsetof(struct sign_request, now), "EPOCH",
	    "the current time, in seconds since 1970" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct sign_request r = { .canon = "relaxed/relaxed", .now = clock_now() };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	if (r.domain == NULL || r.selector == NULL || r.key == NULL)
		return command_usage(c, "--domain, --selector and --key are needed");
	if (!command_canon(r.canon, &r.header_canon, &r.body_canon))
		return command_usage(c, "--canon %s: write relaxed/relaxed, relaxed/simple, simple/relaxed or "
		    "simple/simple", r.canon);
	r.file = argv[rest];
	return sign_file(&r);
}

const struct command command_sign = {
	.name = "sign",
	.run = run,
	.summary = "sign a message with a DKIM key and print it",
	.usage = "--domain D --selector S --key FILE|URI [--passphrase-file FILE] [--canon relaxed/relaxed]\n"
	    "           [--identity I] [--expire SECONDS] [--time EPOCH] [FILE|-]",
	.arguments = arguments,
};
