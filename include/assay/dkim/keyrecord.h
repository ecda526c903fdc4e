/*
 * keyrecord.h - key records (RFC 6376 section 3.6.1, RFC 8463 section 4).
 */
#ifndef ASSAY_DKIM_KEYRECORD_H
#define ASSAY_DKIM_KEYRECORD_H

#include "dkim/signature.h"

struct key_record {
	enum key_type type;
	bool testing;         /* t=y */
	bool strict_identity; /* t=s */
	bool sha256_allowed;  /* h= absent or naming sha256 */
	bool email_service;   /* s= absent, "*" or naming email */
	struct slice key;     /* p=, decoded; empty: revoked */
	struct slice notes;   /* n=, as written */
};

/* DKIM_WHY_GOOD, or KEY_SYNTAX, KEY_VERSION, KEY_TYPE, KEY_REVOKED. */
enum dkim_why key_record_parse(struct arena *a, struct slice text, struct key_record *out);

#endif
