/*
 * private.h - what the files of this room share: the option table's rows, the values that were
 * set, and the types of values.
 */
#ifndef ASSAY_CONFIG_PRIVATE_H
#define ASSAY_CONFIG_PRIVATE_H

#include "config/options.h"
#include "config/settings.h"

#include "parse.h"

#define NO_FIELD SIZE_MAX

/* What may be done with mail that was judged. */
#define ACTIONS "accept|quarantine|tempfail|reject"

/* Where one value is stored while it is read, and how its mistakes are reported. */
struct target {
	struct arena *arena;
	struct err *err;
	const struct option *option;
	char *base;              /* struct settings, or the element of a titled section */
	struct config_place at;  /* of the value; in a list, of the entry */
	const char *directory;   /* that file:PATH is relative to; NULL: no files */
};

/*
 * How a value is read: one scalar, or one entry of a list after another.  False: the mistake has
 * been reported.
 */
struct value_type {
	bool list;
	bool (*set)(const struct target *t, struct slice text);
	void (*clear)(const struct target *t); /* lists: to empty */
};

/* A further rule for texts; *out is what is stored.  False: the mistake has been reported. */
typedef bool text_rule(const struct target *t, struct slice text, struct slice *out);

struct option {
	struct option_info info;
	const struct value_type *type;
	size_t offset, size; /* the field */
	size_t count, cap;   /* lists: the fields beside it; NO_FIELD where there is none */
	size_t present;      /* a bool that says: set by the configuration; or NO_FIELD */
	int64_t min, max;    /* of numbers; of texts the length; words: min is the number of the first */
	text_rule *rule;
	bool one_of_list;    /* written as a list, of one entry today */
	bool restart;        /* read at the start only */
};

enum section_id {
	SECTION_TOP, SECTION_DNS, SECTION_SPF, SECTION_DKIM, SECTION_ARC, SECTION_DMARC, SECTION_LOG,
	SECTION_CONTROL, SECTION_METRICS, SECTION_REPORTS,
	SECTION_LIMITS, SECTION_TABLES, SECTION_SIGN, SECTION_POLICY, SECTION_POLICY_TO,
	SECTION_COUNT
};

struct section_kind {
	const char *name;  /* as the option table has it; "" at the top level */
	const char *title; /* an example of the title; NULL: none is written, and the rest is 0 */
	text_rule *rule;   /* of the title */
	size_t items, count, cap; /* fields of struct settings: the array of elements */
	size_t size;              /* of an element; its first field is the title, a slice */
};

extern const struct section_kind section_kinds[SECTION_COUNT];

/* What one option was set to, the latest first. */
struct slot {
	struct config_value value;
	struct config_place at; /* file NULL: the default */
	unsigned file;          /* number of the file among those read; 0: the default */
	struct slot *older;
};

/* One section as written; those without a title exist from the start. */
struct config_section {
	const struct section_kind *kind;
	struct slice title;
	struct config_place at;
	size_t index;        /* titled: which element */
	const struct option *options;
	size_t option_count;
	struct slot *slots;  /* one for each option; no items and no list: nothing was set */
	struct config_section *next;
};

struct config_record {
	struct config_section *first, *last; /* in the order of their appearance */
	size_t count;
};

/* --- table.c, options.c --------------------------------------------------------------------- */

/* A section other than the top level; NULL: there is none of that name. */
const struct section_kind *section_kind_named(struct slice name);

/* The options of a section: a part of the table. */
const struct option *options_of(const struct section_kind *kind, size_t *count_out);

/* The whole table. */
const struct option *option_table(size_t *count_out);

/* Adds a section, with every option at its default.  NULL: the reason was reported, or the arena has failed. */
struct config_section *section_new(struct settings *s, const struct section_kind *kind,
    struct slice title, struct config_place at, struct err *err);

char *section_base(struct settings *s, const struct config_section *section);

/* A section without title; with one, see the list. */
struct config_section *section_find(const struct settings *s, const char *name);

/* The slot of a named option of that section. */
const struct slot *slot_of(const struct config_section *section, const char *name);

/* Places where mistakes are reported: the option's, or the section's if the option has its default. */
struct config_place place_of(const struct settings *s, const char *section, const char *name);

/* --- values.c ------------------------------------------------------------------------------- */

extern const struct value_type type_word, type_number, type_seconds, type_milliseconds, type_octets,
    type_mode, type_text, type_domain, type_texts, type_hosts, type_ports, type_sign_headers,
    type_canon, type_facility, type_header;

/* Reads a whole value into its field. */
bool value_set(const struct target *t, const struct config_value *value);

/* "dns timeout" or "enforce", for messages. */
const char *option_label(const struct target *t);

/* Reports that the option does not accept text, and what to write; returns false. */
bool value_wrong(const struct target *t, struct slice text, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* --- rules.c -------------------------------------------------------------------------------- */

text_rule rule_authserv_id, rule_token, rule_listen, rule_name, rule_path, rule_table,
    rule_selector, rule_key_selector, rule_secret, rule_address, rule_domain, rule_server,
    rule_identity, rule_url, rule_printable, rule_engine, rule_user, rule_discovery, rule_seal,
    rule_sealer, rule_store, rule_mail_address, rule_via, rule_bounce;

/* "inet:ADDRESS:PORT", as rule_listen takes it. */
bool listen_address(struct slice listen, struct ip *ip_out);

/* --- files.c -------------------------------------------------------------------------------- */

/* path as it is found from a file in directory; NUL-terminated, in the arena */
const char *path_from(struct arena *a, const char *directory, struct slice path);
const char *directory_of(struct arena *a, const char *path);

/* Calls each for every file that the pattern names, in order. */
void include_each(struct arena *a, const char *directory, struct slice pattern,
    struct config_place at, struct err *err, void (*each)(void *ctx, const char *path), void *ctx);

/* Hands every entry of a file to add, with its own place. */
bool list_file(const struct target *t, struct slice path,
    bool (*add)(const struct target *t, struct slice text));

/* --- check.c -------------------------------------------------------------------------------- */

/* What no value shows alone. */
void settings_check(struct settings *s, struct err *err);

/* --- signs.c -------------------------------------------------------------------------------- */

/* Settings that ask for signatures by keys that are not there.  After the keys were loaded. */
void settings_check_signing(const struct settings *s, struct err *err);

/* --- suggest.c ------------------------------------------------------------------------------ */

/* Reports that a name is unknown, and suggests the most likely correction. */
void unknown_option(struct arena *a, struct config_place at, const struct section_kind *kind,
    struct slice name, struct err *err);
void unknown_section(struct arena *a, struct config_place at, struct slice name, struct err *err);

#endif
