/*
 * rc.h - could *we* do our work?  (What we found in the mail is enum auth_result.)
 */
#ifndef ASSAY_BASE_RC_H
#define ASSAY_BASE_RC_H

enum rc {
	RC_OK,
	RC_NOMEM,  /* out of memory: the MTA gets a temporary failure */
	RC_LIMIT,  /* a ceiling of base/limits.h or of the configuration was reached */
	RC_IO,     /* file, socket or resolver machinery */
	RC_CONFIG, /* the operator must act; the text is in a struct err */
	RC_REFUSED, /* another program refuses what it was given, now and later */
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* The one sanctioned control-flow macro: coordinators read like a list. */
#define TRY(expr) \
	do { \
		enum rc try_rc = (expr); \
		if (try_rc != RC_OK) \
			return try_rc; \
	} while (0)

#endif
