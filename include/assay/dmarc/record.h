/*
 * record.h - DMARC policy records (RFC 9989 sections 4.7, 4.8).
 */
#ifndef ASSAY_DMARC_RECORD_H
#define ASSAY_DMARC_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum dmarc_policy { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT };
enum dmarc_alignment { DMARC_RELAXED, DMARC_STRICT };
enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO };

const char *dmarc_policy_text(enum dmarc_policy policy);

/* A policy tag: absent, one of the three words, or something else. */
enum policy_tag_state { POLICY_TAG_ABSENT, POLICY_TAG_VALID, POLICY_TAG_INVALID };
struct policy_tag {
	enum policy_tag_state state;
	enum dmarc_policy policy; /* when valid */
};

struct dmarc_record {
	struct slice text; /* the whole record as published */
	struct policy_tag p, sp, np;
	enum dmarc_alignment adkim, aspf;
	enum dmarc_psd psd;
	bool testing;          /* t=y */
	struct slice fo;       /* as written; null: absent */
	struct slice rua, ruf; /* as written; null: absent */
	bool rua_valid;        /* rua has a syntactically valid URI (RFC 9989 section 4.10.1) */
};

enum dmarc_record_status {
	DMARC_RECORD_OK,
	DMARC_RECORD_OTHER,  /* not a DMARC record at all: v= is not first, or not DMARC1 */
	DMARC_RECORD_SYNTAX, /* begins like one, but is no tag-list */
};

/* Unknown tags and bad values of known ones are ignored (sections 4.7, 4.8); slices point into text. */
enum dmarc_record_status dmarc_record_parse(struct slice text, struct dmarc_record *out);

/*
 * Warnings for the domain's owner ("pct= is ignored since RFC 9989", "sp=foo is not a policy"),
 * one call each.
 */
void dmarc_record_remarks(const struct dmarc_record *record,
    void (*remark)(void *ctx, const char *text), void *ctx);

#endif
