/*
 * keydir.h - what stands in a key directory: <keys>/<domain>/<selector>[.pending|.retired].pem.
 */
#ifndef ASSAY_SIGNING_KEYDIR_H
#define ASSAY_SIGNING_KEYDIR_H

#include "signing/keystore.h"

struct keydir_domain {
	struct domain domain;
	const char *path;
};

struct keydir_file {
	struct slice selector;
	enum key_state state;
	const char *path;
};

/*
 * The directories of domains, in no order.  Those whose names no domain can have are warned of.
 * RC_IO with a message when the directory cannot be read; *missing_out tells that it is not there,
 * without a message.
 */
MUST_CHECK enum rc keydir_domains(const char *directory, struct arena *a,
    struct keydir_domain **out, size_t *count_out, bool *missing_out, struct err *err);

/*
 * The key files of one domain, by selector.  Two active keys of one selector are an error.  RC_IO
 * with a message: cannot be read.
 */
MUST_CHECK enum rc keydir_files(const char *directory, struct arena *a, struct keydir_file **out,
    size_t *count_out, struct err *err);

#endif
