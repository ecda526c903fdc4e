/* Every option of policyd-spf.conf (and pyspf-milter's), and what becomes of it. */
#include <string.h>

#include "base/ascii.h"

#include "private.h"

#define AT_RCPT "SPF is judged when the whole message is there, together with DKIM and DMARC, not at RCPT"

/* What each word refuses: results of SPF, from the strictest word to the mildest. */
static const struct {
	const char *word;
	bool none, neutral, softfail, fail;
} reject_words[] = {
	{ "SPF_Not_Pass", true, true, true, true },
	{ "Softfail", false, false, true, true },
	{ "Fail", false, false, false, true },
	{ "Null", false, false, false, true },
	{ "False", false, false, false, false },
	{ "No_Check", false, false, false, false },
};

/* "TestOnly = 0" (defaultSeedOnly was its name) adds the header field and refuses nothing. */
static bool only_tests(struct import *im, const struct old_line *l)
{
	static const char *const names[] = { "TestOnly", "defaultSeedOnly" };

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		const struct old_line *test = old_option(im, PROGRAM_POLICYD_SPF, names[i]);

		if (test == NULL || !slice_eq(test->value, SLICE("0")))
			continue;
		find(im, DROPPED, l, "%s is 0: policyd-spf refuses nothing", names[i]);
		return true;
	}
	return false;
}

/* For all mail, or for the recipient that the line is about. */
static void set_action(struct import *im, const struct old_line *l, const char *option, struct slice action,
    const char *text)
{
	const char *own = arena_printf(im->arena, "spf-%s", option).ptr;

	if (slice_is_null(l->recipient))
		set_done(im, l, plan_set(im, "spf", option, action), "spf", option, text);
	else if (own != NULL)
		set_done(im, l, plan_set_in(im, "policy-to", l->recipient, own, action), "policy-to", own, text);
}

static void refuse(struct import *im, const struct old_line *l, bool wanted, const char *option,
    const char *text)
{
	if (wanted)
		set_action(im, l, option, SLICE("reject"), text);
	else if (!slice_is_null(l->recipient)) /* for all mail it may be reject */
		set_action(im, l, option, SLICE("accept"), text);
}

static void rule_mail_from(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	for (size_t i = 0; i < N_ELEMENTS(reject_words); i++) {
		if (!slice_ieq(l->value, slice_str(reject_words[i].word)))
			continue;
		if (reject_words[i].fail && only_tests(im, l))
			return;
		refuse(im, l, reject_words[i].fail, "on-fail", "MAIL FROM");
		refuse(im, l, reject_words[i].softfail, "on-softfail", "MAIL FROM");
		refuse(im, l, reject_words[i].none, "on-none", "MAIL FROM");
		if (reject_words[i].neutral)
			find(im, DIFFERENT, l, "the result neutral is never refused: a domain that says ?all asks for that");
		if (!reject_words[i].fail && slice_is_null(l->recipient))
			find(im, KEPT, l, "SPF alone refuses nothing (spf on-fail)");
		return;
	}
	wrong_value(im, l, "SPF_Not_Pass, Softfail, Fail, False or No_Check");
}

static void rule_helo(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	for (size_t i = 0; i < N_ELEMENTS(reject_words); i++) {
		if (!slice_ieq(l->value, slice_str(reject_words[i].word)))
			continue;
		if (reject_words[i].fail && only_tests(im, l))
			return;
		refuse(im, l, reject_words[i].fail, "on-helo-fail", "HELO");
		if (reject_words[i].softfail)
			find(im, DIFFERENT, l, "of the results for HELO, fail alone is refused (spf on-helo-fail)");
		if (slice_ieq(l->value, SLICE("Null")))
			find(im, DIFFERENT, l, "HELO is checked for every sender, not for the null sender alone");
		if (!reject_words[i].fail && slice_is_null(l->recipient))
			find(im, KEPT, l, "HELO alone refuses nothing (spf on-helo-fail)");
		return;
	}
	wrong_value(im, l, "SPF_Not_Pass, Softfail, Fail, Null, False or No_Check");
}

static void rule_yes_action(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "True or False");
	else if (yes && only_tests(im, l))
		return;
	else if (yes || !slice_is_null(l->recipient))
		set_action(im, l, r->option, yes ? slice_str(r->text) : SLICE("accept"), NULL);
	else
		find(im, KEPT, l, "off, as in assay");
}

/* TestOnly = 0: results are recorded, and nothing is rejected. */
static void rule_test_only(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (slice_eq(l->value, SLICE("0")))
		find(im, KEPT, l, "SPF alone refuses nothing (spf on-fail)");
	else
		find(im, KEPT, l, "what is refused follows from the other lines, once enforce is yes");
}

static void rule_header_type(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (slice_ieq(l->value, SLICE("SPF")))
		set_done(im, l, plan_set(im, "spf", "received-spf", SLICE("yes")), "spf", "received-spf", NULL);
	else if (slice_ieq(l->value, SLICE("AR")))
		find(im, KEPT, l, "Authentication-Results has the result of SPF");
	else if (slice_ieq(l->value, SLICE("None")))
		find(im, DIFFERENT, l, "Authentication-Results is always written");
	else
		wrong_value(im, l, "SPF, AR or None");
}

static void rule_no_mail(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "True or False");
	else
		find(im, yes ? WITHOUT : KEPT, l, "no rule is for records that are only \"v=spf1 -all\"");
}

/* --- settings for single recipients ---------------------------------------------------------------------- */

#define MOST_RECIPIENTS 1000u /* the sections of recipients are looked through one by one */

/* policyd-spf's own table of what a recipient may set has exact names. */
static const struct rule *rule_of(struct slice name)
{
	for (size_t i = 0; i < policyd_spf_rule_count; i++)
		if (slice_eq(name, slice_str(policyd_spf_rules[i].name)))
			return &policyd_spf_rules[i];
	return NULL;
}

static void apply_to_recipient(struct import *im, struct old_line *l)
{
	const struct rule *r = l->rule = rule_of(l->name);

	if (r == NULL)
		find(im, DROPPED, l, "policyd-spf has no such setting, and ignores it");
	else if (r->apply == rule_test_only)
		find(im, DROPPED, l, "policyd-spf obeys the TestOnly of all mail only");
	else if (r->apply == rule_mail_from || r->apply == rule_helo || r->apply == rule_yes_action)
		r->apply(im, l, r);
	else if (r->kind == DROPPED)
		note(im, l, r);
	else
		find(im, WITHOUT, l, "of the settings for one recipient, policy-to has the actions: HELO_reject, "
		    "Mail_From_reject, PermError_reject and TempError_Defer");
}

/* policyd-spf compares whole addresses, and obeys the first line that has one. */
static bool is_recipient(struct import *im, const struct old_line *l)
{
	struct slice text = arena_printf(im->arena, "policy-to \"%.*s\" { spf-on-fail = accept }", SLICE_ARG(l->recipient));
	size_t at = slice_rfind(l->recipient, '@');

	if (at == 0 || at + 1 >= l->recipient.len || !settings_accept(text)) {
		find(im, WITHOUT, l, "policy-to is for addresses: write USER@DOMAIN");
		return false;
	}
	for (const struct setting *s = im->settings; s != NULL; s = s->next) {
		if (!slice_ieq(s->title, l->recipient) || strcmp(s->section, "policy-to") != 0)
			continue;
		find(im, DROPPED, l, "an earlier line is for this recipient");
		return false;
	}
	return true;
}

/* "USER@DOMAIN,NAME=VALUE|NAME=VALUE" */
static void line_of_recipient(struct import *im, struct old_line *l, struct slice line)
{
	struct slice pairs = line, user = slice_trim(slice_split(&pairs, ','));

	*l = (struct old_line){ .file = l->file, .line = l->line, .recipient = user, .name = user, .value = pairs };
	if (slice_is_null(pairs)) {
		mistake(im, l->file, l->line, "%s: has no \",\": write USER@DOMAIN,NAME=VALUE|NAME=VALUE", shown(im, user));
		return;
	}
	pairs = slice_trim(pairs);
	if (!is_recipient(im, l))
		return;
	while (!slice_is_null(pairs)) {
		l->value = slice_split(&pairs, '|');
		l->name = slice_split(&l->value, '=');
		if (slice_is_null(l->value))
			mistake(im, l->file, l->line, "%s: has no \"=\": write NAME=VALUE", shown(im, l->name));
		else
			apply_to_recipient(im, l);
	}
}

static void rule_per_user(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct slice path = l->value, type = slice_split(&path, ','), text;
	struct old_line own = { 0 };
	size_t recipients = 0;

	(void)r;
	if (!slice_eq(type, SLICE("text")) || slice_is_null(path)) {
		wrong_value(im, l, "text,/PATH");
		return;
	}
	find(im, DIFFERENT, l, "settings for single recipients become policy-to sections: policyd-spf refuses single "
	    "recipients, and assay gives a message one answer, the strictest of its recipients'");
	text = old_text(im, arena_copy(im->arena, path).ptr);
	own.file = shown(im, path);
	while (!slice_is_null(text) && recipients <= MOST_RECIPIENTS) {
		struct slice line = slice_split(&text, '\n');

		own.line++;
		line = slice_trim(slice_take(line, slice_find(line, '#')));
		if (line.len > 0 && ++recipients <= MOST_RECIPIENTS)
			line_of_recipient(im, &own, line);
	}
	if (recipients > MOST_RECIPIENTS)
		find_at(im, WITHOUT, own.file, own.line, slice_str(l->rule->name), SLICE_NULL, "this line and those after it "
		    "are left out: policy-to is meant for at most %u recipients", MOST_RECIPIENTS);
}

/* --- the table ---------------------------------------------------------------------------------------------- */

#define HOSTS(name, text, fallback) { name, set_hosts, KEPT, text, "spf", "skip-hosts", fallback }

const struct rule policyd_spf_rules[] = {
	NOTE("debugLevel", DROPPED, "the log has one line for each message"),
	RULE_OR("TestOnly", rule_test_only, NULL),
	RULE_OR("defaultSeedOnly", rule_test_only, NULL),
	RULE_OR("HELO_reject", rule_helo, "Fail"),
	RULE_OR("Mail_From_reject", rule_mail_from, "Fail"),
	NOTE("HELO_pass_restriction", WITHOUT, "Postfix's restriction classes cannot be chosen by a milter"),
	NOTE("Mail_From_pass_restriction", WITHOUT, "Postfix's restriction classes cannot be chosen by a milter"),
	RULE_OR("No_Mail", rule_no_mail, NULL),
	NOTE("Reject_Not_Pass_Domains", DIFFERENT, "write policy \"DOMAIN\" { on-fail = reject } for each: it also "
	    "counts a DKIM signature of the domain"),
	{ "PermError_reject", rule_yes_action, KEPT, "reject", "spf", "on-permerror", NULL },
	{ "TempError_Defer", rule_yes_action, KEPT, "tempfail", "spf", "on-temperror", NULL },
	NOTE("Prospective", WITHOUT, "outgoing mail is not checked: assay check shows what your record says"),
	HOSTS("skip_addresses", "not checked by SPF", "127.0.0.0/8,::1"),
	HOSTS("Whitelist", "not checked by SPF", NULL),
	NOTE("HELO_Whitelist", WITHOUT, "a HELO name is no proof of a host: list its addresses in forwarders"),
	NOTE("Domain_Whitelist", DIFFERENT, "write the addresses of these relays into forwarders: the mail is judged "
	    "and not refused"),
	{ "Domain_Whitelist_PTR", set_hosts, KEPT, "names that the MTA has verified: judged and not refused", "",
	    "forwarders", NULL },
	RULE_OR("Header_Type", rule_header_type, "SPF"),
	NOTE("Hide_Receiver", DROPPED, "the field names this host in any case"),
	RULE_OR("Authserv_Id", set_authserv_id, NULL),
	NOTE("SPF_Enhanced_Status_Codes", KEPT, "the codes of RFC 7372 are used"),
	{ "Lookup_Time", set_seconds, KEPT, "DNS time for one message", "dns", "deadline", NULL },
	NOTE("Whitelist_Lookup_Time", DROPPED, "no names are looked up for these lists"),
	{ "Void_Limit", set_number, KEPT, NULL, "spf", "void-limit", NULL },
	NOTE("Mock", DROPPED, "a way around a limit of other milters"),
	NOTE("QueueID", KEPT, "the log has the queue id"),
	NOTE("Reason_Message", DIFFERENT, "a refusal names the domain and the reason (reply-url adds a link)"),
	NOTE("Reason_URL", DIFFERENT, "reply-url adds a link to refusals, without what policyd-spf writes into it"),
	RULE("Per_User", rule_per_user),
	NOTE("Socket", DIFFERENT, AT_RCPT),
	NOTE("MacroList", WITHOUT, "mail is signed or judged by its port, its login and its host"),
};
const size_t policyd_spf_rule_count = N_ELEMENTS(policyd_spf_rules);
