/*
 * limits.h - every ceiling, with its reason.  Octets unless said otherwise.
 *
 * Those an operator may change are defaults of the section "limits" of the configuration; the
 * others come from an RFC or keep an internal structure bounded.
 */
#ifndef ASSAY_BASE_LIMITS_H
#define ASSAY_BASE_LIMITS_H

/* a message */
#define LIMIT_ARENA_BYTES      (16u * 1024 * 1024) /* everything that one message makes us keep */
#define LIMIT_HEADER_BYTES     (2u * 1024 * 1024)  /* all fields of one message */
#define LIMIT_HEADER_FIELDS    10000u              /* fields of one message */
#define LIMIT_RECIPIENTS       10000u              /* kept for policy and logs; Postfix's default is 1000 */
#define LIMIT_HELO_OCTETS      (64u * 1024)        /* as the MTA hands it over; SMTP lines are shorter */
#define LIMIT_LINE_BYTES       (1024u * 1024)      /* a body line of a message file; those of the MTA are streamed */
#define LIMIT_FILE_BYTES       (256u * 1024 * 1024) /* a message file given to the command line tool */

/* names and addresses */
#define LIMIT_DOMAIN_OCTETS    253u /* RFC 1035 section 2.3.4, in text form without the last dot */
#define LIMIT_LABEL_OCTETS     63u  /* RFC 1035 section 2.3.4 */
#define LIMIT_ADDRESS_OCTETS   (64u * 1024) /* of a From field that we parse */
#define LIMIT_AUTHORS          1000u /* mailboxes parsed in one From field */
#define LIMIT_AUTHOR_DOMAINS   10u  /* distinct author domains evaluated (RFC 9989 section 11.5) */
#define LIMIT_COMMENT_DEPTH    64u  /* nested comments (RFC 5322 section 3.2.2) */

#define LIMIT_OWN_RELAYS       10u  /* Received fields of own relays that are skipped to find the client */

/* DKIM */
#define LIMIT_SIGNATURES       10u    /* verified per message: each costs a query and more (RFC 6376 section 8.4) */
#define LIMIT_SIGNATURE_FIELDS 100u   /* parsed and reported (RFC 9990 section 3.1.3 reports as many) */
#define LIMIT_SIGNATURE_OCTETS (64u * 1024) /* of one DKIM-Signature field */
#define LIMIT_TAGS             64u    /* of one tag-list */
#define LIMIT_SIGNED_FIELDS    1000u  /* names in one h= */
#define LIMIT_BODY_HASHES      8u     /* distinct (canonicalization, algorithm, length) of one message */
#define LIMIT_KEY_RECORDS      4u     /* TXT records tried at one selector */
#define LIMIT_KEY_OCTETS       4096u  /* a public key, decoded */
#define LIMIT_RSA_BITS         8192u  /* verification cost is bounded (RFC 6376 section 8.13) */
#define LIMIT_RSA_EXPONENT_BITS 64u
#define LIMIT_ARC_SETS         50u    /* RFC 8617 section 4.2.1 */
#define LIMIT_ARC_OCTETS       (256u * 1024) /* all ARC fields of one message: each seal covers those before it */
#define LIMIT_AUTHRES_PARTS    500u   /* results and properties read of one ARC-Authentication-Results */
#define LIMIT_KEY_FILE         (64u * 1024) /* a private key file */

/* SPF: RFC 7208 section 4.6.4 */
#define LIMIT_SPF_TERMS        10u /* terms that query, over the whole check */
#define LIMIT_SPF_VOID         2u
#define LIMIT_SPF_MX           10u
#define LIMIT_SPF_PTR          10u
#define LIMIT_SPF_RECORD       (16u * 1024) /* one record */
#define LIMIT_SPF_EXPLANATION  1024u /* an expanded exp= text */
#define LIMIT_SPF_COST       50u /* records read to compute what a domain's record costs */
/* octets of all records and macros of a check, read and written; what is published takes a few thousand */
#define LIMIT_SPF_STEPS        (48u * 1024)
#define LIMIT_SPF_AHEAD        40u /* questions that the look-ahead starts before the check needs them */
#define LIMIT_SPF_AHEAD_OCTETS (8u * 1024) /* of records that the look-ahead reads in the resolver's thread */
#define LIMIT_SPF_AHEAD_STEPS  (4u * 1024) /* of its macros, which the message's own thread expands */

/* DMARC: RFC 9989 section 4.10 */
#define LIMIT_DMARC_WALK       8u
#define LIMIT_DMARC_RECORD     (16u * 1024)

/* DNS */
#define LIMIT_DNS_RECORDS      1000u /* records kept of one answer */
#define LIMIT_DNS_ANSWER       (64u * 1024)
#define LIMIT_DNS_QUERIES      445u  /* of one message, look-ahead included: the sum of the shares below */
#define LIMIT_DNS_POLICY       100u  /* a tree walk and a test for existence of each author domain */
#define LIMIT_DNS_DKIM         20u   /* keys, of signatures that are then not verified too */
#define LIMIT_DNS_ARC      100u  /* RFC 8617 section 9.2: two keys a set, 50 sets */
/* RFC 7208 section 4.6.4 allows 123 (10 mx of 10 hosts, the record, %{p}, exp=), and look-ahead */
#define LIMIT_DNS_SPF          165u
#define LIMIT_DNS_HELO         40u   /* a HELO name speaks for one host */
#define LIMIT_DNS_ALIGNMENT    20u
#define LIMIT_DNS_IN_FLIGHT    20000u /* questions of all messages, aborted ones included: about 10 MB */
#define LIMIT_DNS_CLIENT       2000u /* of them, of one client (IPv6: its /64), so that none fills it for the others */
#define LIMIT_DNS_DESCRIPTORS  20u /* sockets of each name server, held from the start so that none can be lacking */
#define LIMIT_ZONE_BYTES       (64u * 1024 * 1024) /* a zone file and what is made of it */
#define LIMIT_DNS_CACHE        (64u * 1024 * 1024) /* octets of cached answers, whatever their number */
#define LIMIT_CNAME_CHAIN      8u
#define LIMIT_AUTHORITY_SERVERS 40u /* addresses of one zone's name servers; the root has 26 */

/* configuration and signing tables */
#define LIMIT_CONFIG_FILE      (4u * 1024 * 1024)  /* one file of settings */
#define LIMIT_CONFIG_LIST      (64u * 1024 * 1024) /* one list that file: names, one signing table */
#define LIMIT_CONFIG_ARENA     (1024u * 1024 * 1024) /* all values of one configuration */
#define LIMIT_CONFIG_INCLUDES  1000u /* files of one configuration */
#define LIMIT_CONFIG_DEPTH     5u    /* of include: a file that includes itself ends here */
#define LIMIT_CONFIG_SECTIONS  10000u /* with a title; they are looked through one by one */
#define LIMIT_CONFIG_ERRORS    100u  /* errors, and findings, that are reported at once */
#define LIMIT_KEYS_DECODED     2000u /* private keys decoded at the start; further ones when first used */
#define LIMIT_KEYS_MISSING     256u  /* domains remembered, for a second each, as having no keys */
#define LIMIT_TABLE_LINE       (64u * 1024) /* a signing table's line may carry a key */

/* reports */
#define LIMIT_REPORT_FIELD     255u  /* of a name or a comment in a row; names have 253 at most */
#define LIMIT_REPORT_RECORD    4096u /* a policy record: longer ones are not kept, so their domains get no report */
#define LIMIT_REPORT_REASONS   10u   /* of one message */
#define LIMIT_REPORT_SIGNATURES (8u * 1024) /* of a row: those that are verified fit (LIMIT_SIGNATURES) */
#define LIMIT_REPORT_BCC       10u   /* addresses that get a copy of each report */
#define LIMIT_FAILURE_HEADER   (8u * 1024) /* of a failed message, redacted */
#define LIMIT_FAILURE_FIELDS   (8u * 1024) /* about the failure; SPF records are what is long in it */
#define LIMIT_FAILURE_MESSAGE  (64u * 1024) /* one failure report */
#define LIMIT_FAILURE_VALUE    300u  /* octets of one header field of the failed message, signatures excepted */
#define LIMIT_ENVID            100u  /* octets of ENVID that are shown (RFC 3461 section 4.4) */
#define LIMIT_FAILURE_ADDRESSES 10u  /* of one header field, or recipients */
#define LIMIT_HISTORY_ITEM     (32u * 1024) /* no row is as long */
#define LIMIT_HISTORY_CHUNK    (1024u * 1024) /* that the store is given in one transaction */
#define LIMIT_HISTORY_BATCH    (64u * 1024 * 1024) /* memory for it, sorted */
#define LIMIT_HISTORY_POLICIES 10    /* of a domain and day; bounds records that change with every query */
#define LIMIT_REPORT_URIS      10u  /* of one rua= or ruf= that are looked at: each may cost nine questions */
#define LIMIT_REPORT_XML       (32u * 1024 * 1024) /* one report; compressed it is about a thirtieth */
#define LIMIT_REPORT_MESSAGE   (48u * 1024 * 1024) /* the same in base64, if it did not compress at all */
#define LIMIT_REPORT_ARENA     (512u * 1024 * 1024) /* all reports of one domain and day while they are made */
#define LIMIT_REPORT_TEXT      2000u /* words of ours in one place: the error element, the annotation */

/* the daemon */
#define LIMIT_SESSIONS         1000u /* connections of MTAs that are served at a time */
#define LIMIT_CONTROL_ANSWER   (1024u * 1024) /* of the control socket */
#define LIMIT_CONTROL_CLIENTS  8u    /* served at a time, each with an answer of that size */
#define LIMIT_STATUS_KEYS      500u  /* keys that status and metrics name one by one */
#define LIMIT_THREAD_STACK     (512u * 1024) /* measured: all sessions pass with 64 KiB, a reload with 128 */

/* what we write */
#define LIMIT_LOG_FIELD        256u
#define LIMIT_LOG_LINE         4096u
#define LIMIT_OUTCOME_LINE     8000u /* the line of a message, as JSON: rsyslog cuts at 8 KiB */
#define LIMIT_LOG_KEPT         20u   /* newest lines about trouble, for assay status */
#define LIMIT_LOG_KEPT_LINE    500u
#define LIMIT_LOG_QUEUE        (4u * 1024 * 1024) /* lines that wait for a log that blocks */
#define LIMIT_HEADER_VALUE     (32u * 1024) /* libmilter refuses over 64 KiB */
#define LIMIT_REPLY_TEXT       900u /* two lines of SMTP, mostly (RFC 5321 section 4.5.3.1.5) */

#endif
