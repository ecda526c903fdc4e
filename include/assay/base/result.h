/*
 * result.h - what we found in the mail, in the words of RFC 8601 section 2.7.
 */
#ifndef ASSAY_BASE_RESULT_H
#define ASSAY_BASE_RESULT_H

enum auth_result {
	AUTH_NONE,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,
	AUTH_NEUTRAL,
	AUTH_POLICY,
	AUTH_TEMPERROR,
	AUTH_PERMERROR,
};

/* "none", "pass", ... as in Authentication-Results, the log and the JSON. */
const char *auth_result_text(enum auth_result result);

#endif
