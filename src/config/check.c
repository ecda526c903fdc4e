#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "dns/servers.h"

#include "private.h"

static bool is_set(const struct settings *s, const char *section, const char *name)
{
	return slot_of(section_find(s, section), name)->at.file != NULL;
}

/* Every program that can connect is trusted like the MTA, and can have mail signed. */
static void check_listen(const struct settings *s, struct err *err)
{
	struct ip ip;

	if (listen_address(s->listen, &ip) && !ip_is_loopback(&ip) && !s->allow_remote_mta)
		config_error(err, place_of(s, "", "listen"), "\"%.*s\" can be reached from other "
		    "machines, which can then have mail signed: listen on 127.0.0.1, [::1] "
		    "or a unix socket, or write allow-remote-mta = yes and guard the port",
		    SLICE_ARG(s->listen));
}

/* Nothing can be done there; but the numbers name domains, and say how much mail there is. */
static void check_metrics(const struct settings *s, struct err *err)
{
	struct ip ip;

	if (s->metrics_listen.len > 0 && listen_address(s->metrics_listen, &ip) && !ip_is_loopback(&ip))
		config_warning(err, place_of(s, "metrics", "listen"), "metrics listen = \"%.*s\" can be read "
		    "from other machines: guard the port, or listen on 127.0.0.1, [::1] or a unix socket",
		    SLICE_ARG(s->metrics_listen));
}

static void check_log(const struct settings *s, struct err *err)
{
	if (s->log.target == LOG_TARGET_FILE && s->log_file.len == 0)
		config_error(err, place_of(s, "log", "target"), "log target = file needs a file: write "
		    "file = \"/var/log/assay/assay.log\", too");
}

static void check_user(const struct settings *s, struct err *err)
{
	if (slice_eq(s->user, SLICE("root")) || slice_eq(s->user, SLICE("0")))
		config_warning(err, place_of(s, "", "user"), "user = \"root\" keeps all "
		    "privileges: write a dedicated user, such as \"assay\"");
}

static void check_everybody(const struct settings *s, struct err *err)
{
	const struct hostlist *list = &s->policy.internal_hosts;

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].network.family != IP_NONE && list->entries[i].bits == 0 &&
		    !list->entries[i].negated)
			config_warning(err, place_of(s, "", "internal-hosts"),
			    "internal-hosts contains all addresses: mail of every sender would be "
			    "signed; write your own networks");
}

static const char *entry_text(struct arena *a, const struct hostlist_entry *e)
{
	char text[IP_TEXT_SIZE];
	struct slice shown = e->network.family == IP_NONE ? e->name :
	    arena_printf(a, "%s/%u", ip_text(&e->network, text), e->bits);

	return log_shown(a, shown);
}

/* What a client is comes from the first of these lists that it is on (verdict/classify.c). */
static void check_host_lists(const struct settings *s, struct err *err)
{
	const struct {
		const char *name;
		const struct hostlist *list;
	} lists[] = {
		{ "own-relays", &s->policy.own_relays },
		{ "forwarders", &s->policy.forwarders },
		{ "sign-or-judge", &s->policy.sign_or_judge },
		{ "internal-hosts", &s->policy.internal_hosts },
	};

	for (size_t i = 0; i < N_ELEMENTS(lists); i++)
		for (size_t k = i + 1; k < N_ELEMENTS(lists); k++)
			for (size_t n = 0; n < lists[k].list->count; n++) {
				const struct hostlist_entry *e = &lists[k].list->entries[n];

				if (!e->negated && hostlist_covers(lists[i].list, e))
					config_finding(err, place_of(s, "", lists[k].name), "%s in "
					    "%s has no effect, since %s contains it and comes first: "
					    "remove it from one", entry_text(s->arena, e),
					    lists[k].name, lists[i].name);
			}
}

static bool has_port(const struct port_list *list, int port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == port)
			return true;
	return false;
}

static void check_ports(const struct settings *s, struct err *err)
{
	const struct port_list *sign = &s->policy.sign_ports, *pass = &s->policy.pass_ports;

	if (has_port(sign, 25))
		config_warning(err, place_of(s, "", "sign-ports"), "sign-ports holds 25: if the "
		    "mail from the Internet arrives there, all of it is signed; write the submission ports");
	for (size_t i = 0; i < pass->count; i++)
		if (has_port(sign, pass->items[i]))
			config_error(err, place_of(s, "", "pass-ports"), "port %d is in sign-ports "
			    "and in pass-ports: remove it from one", pass->items[i]);
}

static void check_tables(const struct settings *s, struct err *err)
{
	bool key = is_set(s, "sign-tables", "key-table");
	bool signing = is_set(s, "sign-tables", "signing-table");

	if (key != signing)
		config_error(err, place_of(s, "sign-tables", key ? "key-table" : "signing-table"),
		    "key-table and signing-table work together only: write %s, too",
		    key ? "signing-table" : "key-table");
}

static void check_times(const struct settings *s, struct err *err)
{
	const char *name = is_set(s, "dns", "deadline") ? "deadline" : "timeout";

	if (s->dns.timeout_ms > s->policy.dns_deadline_ms)
		config_error(err, place_of(s, "dns", name), "dns timeout (one try) is longer than "
		    "dns deadline (all of a message): make it shorter");
}

/*
 * Of the two ways to refuse only one fits a finding: one that will be the same tomorrow gets no 4xx
 * (RFC 6376 section 6.3), temporary errors never reject mail for good (RFC 7208 section 8.6).
 */
static void check_action(struct settings *s, const struct config_section *c, size_t i,
    struct err *err)
{
	const struct option *option = &c->options[i];
	const struct slot *slot = &c->slots[i];
	bool temporary = strstr(option->info.name, "temperror") != NULL;
	const char *refused = temporary ? "reject" : "tempfail";

	if (slot->value.count != 1 || strcmp(option->info.type, ACTIONS) != 0 ||
	    !slice_eq(slot->value.items[0].text, slice_str(refused)))
		return;
	config_warning(err, slot->at, temporary ? "%s = reject: temporary errors never reject mail "
	    "permanently, so tempfail is used: write tempfail" : "%s = tempfail: permanent "
	    "conditions are never deferred, so reject is used: write reject",
	    option_label(&(struct target){ .arena = s->arena, .err = err, .option = option }));
}

static void check_actions(struct settings *s, struct err *err)
{
	for (const struct config_section *c = s->record->first; c != NULL; c = c->next)
		for (size_t i = 0; i < c->option_count; i++)
			check_action(s, c, i, err);
}

/* --- sections with a title ------------------------------------------------------------------ */

struct titled {
	struct slice title; /* as it is compared */
	const struct config_section *section;
};

static int titled_order(const void *a, const void *b)
{
	const struct titled *x = a, *y = b;
	int order = slice_icmp(x->title, y->title);

	return order != 0 ? order : x->section->index < y->section->index ? -1 : 1;
}

static void tell_duplicate(struct arena *a, const struct config_section *first,
    const struct config_section *second, struct err *err)
{
	config_error(err, second->at, "there is a section %s \"%s\" at %s:%u already: merge "
	    "them", second->kind->name, config_shown(a, second->title), first->at.file,
	    first->at.line);
}

static void check_titles(struct settings *s, const struct section_kind *kind, struct err *err)
{
	struct titled *all = calloc(s->record->count, sizeof(*all));
	size_t n = 0;

	for (const struct config_section *c = s->record->first; c != NULL; c = c->next) {
		struct slice *title = (struct slice *)(void *)section_base(s, c);

		if (c->kind == kind && all != NULL)
			all[n++] = (struct titled){ *title, c };
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), titled_order);
	for (size_t i = 1; i < n; i++)
		if (slice_ieq(all[i - 1].title, all[i].title))
			tell_duplicate(s->arena, all[i - 1].section, all[i].section, err);
	free(all);
}

/* RFC 6376 section 3.5: the domain of i= is d= or below it. */
static void check_identity(const struct settings *s, const struct config_section *c,
    const struct sign_section *sign, struct err *err)
{
	if (sign->identity.len > 0 &&
	    !dkim_sign_identity_ok(s->arena, sign->identity, sign->domain.name))
		config_error(err, slot_of(c, "identity")->at, "the identity \"%s\" is not in the "
		    "section's domain %.*s: write \"@%.*s\" or one below it",
		    config_shown(s->arena, sign->identity), SLICE_ARG(sign->domain.name),
		    SLICE_ARG(sign->domain.name));
}

static bool has_action(const struct recipient_section *section)
{
	for (enum occasion on = 0; on < OCCASION_COUNT; on++)
		if (section->on[on].set)
			return true;
	return false;
}

static void check_sections(struct settings *s, struct err *err)
{
	for (const struct config_section *c = s->record->first; c != NULL; c = c->next) {
		if (c->kind == &section_kinds[SECTION_SIGN])
			check_identity(s, c, &s->policy.signing.sections[c->index], err);
		else if (c->kind == &section_kinds[SECTION_POLICY] &&
		    !s->policy.sections[c->index].has_action &&
		    !s->policy.sections[c->index].never_refuse)
			config_warning(err, c->at, "this section changes nothing: write on-fail or "
			    "never-refuse = yes in it");
		else if (c->kind == &section_kinds[SECTION_POLICY_TO] &&
		    !has_action(&s->policy.recipient_sections[c->index]))
			config_warning(err, c->at, "this section changes nothing: write on-fail, spf-on-fail "
			    "or another action in it");
	}
}

static void check_reports(const struct settings *s, struct err *err)
{
	if (s->reports.sending.enabled && s->reports.store.len == 0)
		config_error(err, place_of(s, "reports", "send"), "reports are made of what is kept: write "
		    "store = \"sqlite:/var/lib/assay/reports.sqlite\", too");
	if (s->reports.failure.enabled && (s->reports.store.len == 0 || s->reports.from.len == 0))
		config_error(err, place_of(s, "reports", "failure"), "failure reports are kept in the store and come from "
		    "an address: write store = \"sqlite:/var/lib/assay/reports.sqlite\" and from, too");
}

/* Lists for whose entries there is room for so many only. */
static void check_counts(const struct settings *s, struct err *err)
{
	const struct {
		const char *section, *name;
		size_t count, max;
	} lists[] = {
		{ "dns", "servers", s->dns.server_count, SERVERS_MAX },
		{ "reports", "bcc", s->reports.sending.bcc.count, LIMIT_REPORT_BCC },
	};

	for (size_t i = 0; i < N_ELEMENTS(lists); i++)
		if (lists[i].count > lists[i].max)
			config_error(err, place_of(s, lists[i].section, lists[i].name),
			    "%s has %zu addresses: write at most %zu", lists[i].name, lists[i].count, lists[i].max);
}

void settings_check(struct settings *s, struct err *err)
{
	check_listen(s, err);
	check_metrics(s, err);
	check_log(s, err);
	check_user(s, err);
	check_everybody(s, err);
	check_host_lists(s, err);
	check_ports(s, err);
	check_tables(s, err);
	check_times(s, err);
	check_actions(s, err);
	check_reports(s, err);
	check_counts(s, err);
	for (size_t i = 0; i < SECTION_COUNT; i++)
		if (section_kinds[i].title != NULL)
			check_titles(s, &section_kinds[i], err);
	check_sections(s, err);
}
