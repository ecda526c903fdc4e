/*
 * keydir.h - what a key directory contains: <keys>/<domain>/<selector>[.pending|.retiring|.retired].pem.
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
 * Lists the directories of domains, in no order.  Entries that are not used, and directories that are
 * writable by everybody, are findings.  RC_IO with a message if the directory cannot be read; if it does not
 * exist, *missing_out is set and there is no message.
 */
MUST_CHECK enum rc keydir_domains(const char *directory, struct arena *a,
    struct keydir_domain **out, size_t *count_out, bool *missing_out, struct err *err);

/*
 * The key files of one domain, by selector.  Two active keys of one selector are a finding.  RC_IO
 * with a message: cannot be read.
 */
MUST_CHECK enum rc keydir_files(const char *directory, struct arena *a, struct keydir_file **out,
    size_t *count_out, struct err *err);

#endif
