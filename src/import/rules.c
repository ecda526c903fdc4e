/* Functions that apply the options of several programs, and import_translate(), which runs them. */
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "config/options.h"
#include "config/settings.h"

#include "private.h"

const struct rule *rule_at(enum program p, size_t i)
{
	static const struct {
		const struct rule *rules;
		const size_t *count;
	} tables[PROGRAM_COUNT] = {
		[PROGRAM_OPENDKIM] = { opendkim_rules, &opendkim_rule_count },
		[PROGRAM_OPENDMARC] = { opendmarc_rules, &opendmarc_rule_count },
		[PROGRAM_OPENARC] = { openarc_rules, &openarc_rule_count },
		[PROGRAM_POLICYD_SPF] = { policyd_spf_rules, &policyd_spf_rule_count },
	};
	size_t own = tables[p].count == NULL ? 0 : *tables[p].count;

	return i < own ? &tables[p].rules[i] : shared_rule_at(p, i - own);
}

/* --- saying -------------------------------------------------------------------------------------- */

void note(struct import *im, const struct old_line *l, const struct rule *r)
{
	find(im, r->kind, l, "%s", r->text);
}

void wrong_value(struct import *im, const struct old_line *l, const char *expected)
{
	mistake(im, l->file, l->line, "%s %s: %s is expected", l->rule->name, shown(im, l->value), expected);
}

void note_if_yes(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes)
		find(im, r->kind, l, "%s", r->text);
	else
		find(im, FINDING_KEPT, l, "off, as in assay");
}

/* "dns timeout", for people */
static const char *label(struct import *im, const char *section, const char *option)
{
	return arena_printf(im->arena, "%s%s%s", section, *section == '\0' ? "" : " ", option).ptr;
}

/* " = reject" of a scalar; what a list holds is in the configuration. */
static struct slice value_of(struct import *im, const struct old_line *l, const char *section, const char *option)
{
	const struct setting *s = plan_find(im, section, l->recipient, option);

	return s == NULL || s->list || s->count == 0 ? SLICE("") : arena_printf(im->arena, " = %s", shown(im, s->values[0]));
}

void set_done(struct import *im, const struct old_line *l, bool set, const char *section,
    const char *option, const char *text)
{
	const char *name = label(im, section, option);
	struct slice value = value_of(im, l, section, option);

	if (!set)
		find(im, FINDING_WITHOUT_COUNTERPART, l, "this build of assay has no setting %s", name);
	else
		find(im, FINDING_TRANSLATED, l, "%s%s%.*s%s%s", l->line == 0 ? "the default of the program: " : "", name,
		    SLICE_ARG(value), text == NULL ? "" : ": ", text == NULL ? "" : text);
}

/* --- setting ------------------------------------------------------------------------------------- */

bool settings_accept(struct slice text)
{
	struct err ignored = ERR_INIT;
	struct settings *s = NULL;
	bool accepted = settings_load_text("value", text, &s, &ignored) == RC_OK;

	settings_release(&s);
	err_free(&ignored);
	return accepted;
}

/* The old programs accept values that assay.conf rejects; those must not be written into it. */
static bool value_fits(struct import *im, const char *section, const char *option, struct slice value)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	bool fits;

	buf_addf(&text, "%s %s %s = ", section, *section == '\0' ? "" : "{", option);
	config_quote(&text, value);
	buf_add_str(&text, *section == '\0' ? "\n" : " }\n");
	fits = !buf_failed(&text) && settings_accept(buf_slice(&text));
	buf_free(&text);
	(void)im;
	return fits;
}

bool set_scalar(struct import *im, const struct old_line *l, const char *section, const char *option,
    struct slice value, const char *text)
{
	struct setting *s = plan_find(im, section, SLICE_NULL, option);

	if (!value_fits(im, section, option, value)) {
		find(im, DIFFERENT, l, "%s does not accept this value: its default is used", label(im, section, option));
		return false;
	}
	if (s != NULL && s->from != NULL && s->count > 0 && !slice_eq(s->values[0], value)) {
		if (l->line > 0)
			find(im, DIFFERENT, l, "%s:%u says %s, which is used: assay has one setting for both (%s)", s->from->file,
			    s->from->line, shown(im, s->from->value), label(im, section, option));
		return false;
	}
	set_done(im, l, plan_set(im, section, option, value), section, option, text);
	s = plan_find(im, section, SLICE_NULL, option);
	if (s != NULL && l->line > 0 && s->from == NULL)
		s->from = l;
	return true;
}

/* Where it is off, another program may still ask for it. */
void set_if_yes(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes)
		set_done(im, l, plan_set(im, r->section, r->option, SLICE("yes")), r->section, r->option, r->text);
	else
		find(im, FINDING_KEPT, l, "off, as in assay");
}

bool add_entry_to(struct import *im, const struct old_line *l, const struct entry *e, const char *option,
    struct slice value)
{
	if (value_fits(im, "", option, value))
		return plan_add(im, "", option, value);
	find_at(im, FINDING_WITHOUT_COUNTERPART, e->file, e->line, l->name, e->key, "%s does not accept this entry: it is "
	    "left out", option);
	return true;
}

static bool number(struct slice text, uint64_t *out)
{
	struct cursor c = cursor_of(text);

	return take_uint(&c, 10, 4000000000u, out) && cursor_done(&c);
}

void set_seconds(struct import *im, const struct old_line *l, const struct rule *r)
{
	uint64_t n;

	if (!number(l->value, &n)) {
		wrong_value(im, l, "a number of seconds");
		return;
	}
	set_scalar(im, l, r->section, r->option, arena_printf(im->arena, "%llus", (unsigned long long)n), r->text);
}

void set_number(struct import *im, const struct old_line *l, const struct rule *r)
{
	uint64_t n;

	if (!number(l->value, &n)) {
		wrong_value(im, l, "a number");
		return;
	}
	set_scalar(im, l, r->section, r->option, l->value, r->text);
}

/* A data set of names, without case. */
void set_domains(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	bool set = true;

	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count && set; i++)
		set = add_entry_to(im, l, &entries.items[i], r->option, arena_lower(im->arena, entries.items[i].key));
	set_done(im, l, set, r->section, r->option, r->text);
}

void set_hosts(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	struct slice host;
	bool loopback, set = true;

	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count && set; i++)
		if (host_entry(im, l, &entries.items[i], &host, &loopback))
			set = plan_add(im, r->section, r->option, host);
	set_done(im, l, set, r->section, r->option, r->text);
}

/* "inet:8891@localhost", "local:/path", "unix:/path", "/path" */
void set_listen(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	find(im, FINDING_DIFFERENT, l, "assay listens on a socket of its own, unix:/run/assay/assay.sock "
	    "(listen), so that both can run side by side; the lines for the MTA are printed below");
}

void set_authserv_id(struct import *im, const struct old_line *l, const struct rule *r)
{
	char host[256] = "";
	struct slice id = l->value;

	(void)r;
	if (slice_eq(id, SLICE("HOSTNAME")) && gethostname(host, sizeof(host) - 1) == 0)
		id = arena_copy(im->arena, slice_str(host));
	if (slice_find(id, '.') == id.len)
		find(im, FINDING_DIFFERENT, l, "a name without a dot identifies no host to others: the MTA's own "
		    "name is used (authserv-id)");
	else if (!set_scalar(im, l, "", "authserv-id", id, NULL) &&
	    value_fits(im, "", "remove-authserv-ids", arena_lower(im->arena, id)) &&
	    plan_add(im, "", "remove-authserv-ids", arena_lower(im->arena, id)))
		find(im, FINDING_TRANSLATED, l, "remove-authserv-ids: results under this name are removed from arriving mail, as "
		    "before");
}

void set_authserv_ids(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	bool set = true;
	size_t others = 0;

	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		struct slice id = entries.items[i].key;

		if (slice_eq(id, SLICE("HOSTNAME")) || slice_find(id, '.') == id.len)
			continue; /* the own name is always removed */
		set = add_entry_to(im, l, &entries.items[i], "remove-authserv-ids", arena_lower(im->arena, id)) && set;
		others++;
	}
	if (r->text != NULL && others > 0)
		find(im, r->kind, l, "%s", r->text);
	set_done(im, l, set, "", "remove-authserv-ids", NULL);
}

void set_facility(struct import *im, const struct old_line *l, const struct rule *r)
{
	static const char *const known[] = { "mail", "daemon", "user", "local0", "local1", "local2", "local3",
		"local4", "local5", "local6", "local7" };

	(void)r;
	for (size_t i = 0; i < N_ELEMENTS(known); i++) {
		if (!slice_ieq(l->value, slice_str(known[i])))
			continue;
		set_scalar(im, l, "log", "facility", slice_str(known[i]), NULL);
		return;
	}
	find(im, FINDING_DIFFERENT, l, "assay logs to the facility mail, daemon, user or local0 to local7 "
	    "(log facility): mail is used");
}

void set_canonicalization(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct slice body = arena_lower(im->arena, l->value), header = slice_split(&body, '/');

	(void)r;
	if (slice_is_null(body))
		body = SLICE("simple");
	if ((!slice_eq(header, SLICE("simple")) && !slice_eq(header, SLICE("relaxed"))) ||
	    (!slice_eq(body, SLICE("simple")) && !slice_eq(body, SLICE("relaxed")))) {
		wrong_value(im, l, "simple or relaxed, twice, with a \"/\" between");
		return;
	}
	set_done(im, l, plan_set(im, "", "canonicalization", arena_printf(im->arena, "%.*s/%.*s",
	    SLICE_ARG(header), SLICE_ARG(body))), "", "canonicalization", NULL);
}

/* --- hosts that were trusted ----------------------------------------------------------------------- */

static const struct {
	const char *option;
	const char *text;
} trusted_settings[] = {
	[TRUSTED_INTERNAL] = { "internal-hosts", "their mail is signed and not judged" },
	[TRUSTED_RELAY] = { "own-relays", "what they pass on is judged by what they recorded, and not signed" },
	[TRUSTED_SIGN_OR_JUDGE] = { "sign-or-judge", "their mail is signed where the author domain has a key "
	    "here and the envelope agrees, and judged otherwise" },
};

static void trust(struct import *im, const struct old_line *l, const struct entry *e, struct slice host)
{
	enum trusted_hosts as = im->params.trusted;

	if (as == TRUSTED_ASK && im->params.ask != NULL)
		as = im->params.ask(im->params.ctx, host);
	if (as == TRUSTED_UNDECIDED || as == TRUSTED_ASK) {
		mistake(im, e->file, e->line, "%s trusts %s: specify its role: --trusted=internal (a host of "
		    "yours whose mail is signed and not judged), relay (a gateway that passes on mail from outside), "
		    "sign-or-judge (both), or ask (for each host)", l->rule->name, shown(im, e->key));
		return;
	}
	if (plan_add(im, "", trusted_settings[as].option, host))
		find_at(im, FINDING_TRANSLATED, e->file, e->line, slice_str(l->rule->name), e->key, "%s: %s",
		    trusted_settings[as].option, trusted_settings[as].text);
	else
		find_at(im, FINDING_WITHOUT_COUNTERPART, e->file, e->line, slice_str(l->rule->name), e->key,
		    "this build of assay has no setting %s", trusted_settings[as].option);
}

/* Loopback is internal in assay as well; all others need a decision. */
void set_trusted(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	struct slice host;
	bool loopback;

	if (!dataset_read(im, l, &entries))
		return;
	if (r->text != NULL)
		find(im, r->kind, l, "%s", r->text);
	plan_add(im, "", "internal-hosts", SLICE("127.0.0.0/8"));
	plan_add(im, "", "internal-hosts", SLICE("::1"));
	for (size_t i = 0; i < entries.count; i++)
		if (host_entry(im, l, &entries.items[i], &host, &loopback) && !loopback)
			trust(im, l, &entries.items[i], host);
	find(im, FINDING_TRANSLATED, l, "internal-hosts: loopback, IPv4 and IPv6, and what follows from --trusted");
}

/* --- all of it --------------------------------------------------------------------------------------- */

static bool is_set(const struct old_lines *lines, const struct rule *r)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->items[i].rule == r)
			return true;
	return false;
}

static void apply_lines(struct import *im, const struct old_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct old_line *l = &lines->items[i];

		if (l->superseded)
			find(im, FINDING_DROPPED, l, "a later line sets this option again, and the last one counts");
		else if (l->rule != NULL)
			l->rule->apply(im, l, l->rule);
	}
}

/* What the old program does where its file says nothing. */
static void apply_defaults(struct import *im, enum program p)
{
	const struct rule *r;

	for (size_t i = 0; (r = rule_at(p, i)) != NULL; i++) {
		struct old_line l = { .file = program_names[p], .name = slice_str(r->name),
			.value = slice_str(r->fallback), .rule = r };

		if (r->fallback != NULL && !is_set(&im->lines[p], r))
			r->apply(im, &l, r);
	}
}

static void sort_findings(struct import *im)
{
	struct finding *sorted = arena_new_array(im->arena, im->finding_count, struct finding);
	size_t n = 0;

	if (sorted == NULL)
		return;
	for (enum finding_kind kind = 0; kind < FINDING_KIND_COUNT; kind++)
		for (size_t i = 0; i < im->finding_count; i++)
			if (im->findings[i].kind == kind)
				sorted[n++] = im->findings[i];
	im->findings = sorted;
	im->finding_cap = im->finding_count;
}

enum rc import_translate(struct import *im, struct err *err)
{
	size_t before = err->count;

	im->err = err;
	plan_set(im, "", "enforce", SLICE("observe"));
	contradictions_report(im);
	for (enum program p = 0; p < PROGRAM_COUNT; p++) {
		if (!im->lines[p].present)
			continue;
		apply_lines(im, &im->lines[p]);
		apply_defaults(im, p);
	}
	keys_translate(im);
	habits_report(im);
	mta_translate(im);
	sort_findings(im);
	if (arena_failed(im->arena))
		return RC_NOMEM;
	return err->count > before ? RC_CONFIG : RC_OK;
}
