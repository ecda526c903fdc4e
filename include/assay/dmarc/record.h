/*
 * record.h - DMARC policy records (RFC 9989 sections 4.7, 4.8).
 *
 * A record is known by its first tag, v=DMARC1, and by nothing else.  In what follows it, a syntax
 * error invalidates the tag that contains it and no other (section 4.8), so a record is read tag by
 * tag; the tag-lists of DKIM, which one error spoils as a whole, are mail/taglist.h.  A tag that
 * is given twice has no valid value: it is unknown which one was meant.
 */
#ifndef ASSAY_DMARC_RECORD_H
#define ASSAY_DMARC_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum dmarc_policy { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT };
enum dmarc_alignment_mode { DMARC_RELAXED, DMARC_STRICT };
enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO };

/* The options of fo=, a set of bits. */
enum dmarc_failure_option {
	DMARC_FO_ALL = 1,  /* "0": all mechanisms failed to give an aligned pass; the default */
	DMARC_FO_ANY = 2,  /* "1": any of them failed to */
	DMARC_FO_DKIM = 4, /* "d": a signature failed */
	DMARC_FO_SPF = 8,  /* "s": SPF failed */
};

const char *dmarc_policy_text(enum dmarc_policy policy);

/* One level below, as t=y asks for; none stays none (section 4.7). */
enum dmarc_policy dmarc_policy_weaker(enum dmarc_policy policy);

/* A policy tag: absent, one of the three words, or something else. */
enum dmarc_policy_tag_state { DMARC_TAG_ABSENT, DMARC_TAG_VALID, DMARC_TAG_INVALID };
struct dmarc_policy_tag {
	enum dmarc_policy_tag_state state;
	enum dmarc_policy policy; /* when valid */
};

struct dmarc_record {
	struct slice text; /* the whole record as published */
	struct dmarc_policy_tag p, sp, np;
	enum dmarc_alignment_mode adkim, aspf;
	enum dmarc_psd psd;
	bool testing;          /* t=y */
	struct slice fo;       /* as written; null: absent */
	unsigned failure_options; /* the same as a set of bits, or the default */
	struct slice rua, ruf; /* as written; null: absent; ruf also with psd=y (RFC 9991) */
	bool rua_valid;        /* rua has a syntactically valid URI (RFC 9989 section 4.10.1) */
};

enum dmarc_record_status {
	DMARC_RECORD_OK,
	DMARC_RECORD_OTHER,  /* not a DMARC record at all: v= is not first, or not DMARC1 */
	DMARC_RECORD_SYNTAX, /* ignored like OTHER, but meant to be one: "v=dmarc1; ...",
	                        "v=DMARC1 p=none", or longer than LIMIT_DMARC_RECORD */
};

/*
 * Unknown tags and bad values of known ones are ignored (sections 4.7, 4.8); slices point into
 * text.  out is written for DMARC_RECORD_OK only.
 */
enum dmarc_record_status dmarc_record_parse(struct slice text, struct dmarc_record *out);

/*
 * Takes the next syntactically valid URI of a rua= or ruf= list, without the obsolete size suffix
 * ("!10m"); malformed ones are passed over.  false at the end.
 */
bool dmarc_next_uri(struct slice *rest, struct slice *uri_out);

/*
 * Warnings for the domain's owner ("pct= is ignored since RFC 9989", "sp=foo is not a policy"),
 * one call each; the text is clean and lives until the call returns.
 */
void dmarc_record_remarks(const struct dmarc_record *record,
    void (*remark)(void *ctx, const char *text), void *ctx);

/* Those of them alone that mean that a tag cannot be obeyed (RFC 9990 section 3.1.5). */
void dmarc_record_faults(const struct dmarc_record *record,
    void (*fault)(void *ctx, const char *text), void *ctx);

#endif
