#include "base/limits.h"
#include "dns/zonefile.h"

#include "suites.h"

#define TEST_NOW 1700000000

const enum spf_engine world_engines[] = { SPF_ENGINE_BUILTIN, SPF_ENGINE_LIBSPF2 };

int world_engine_count(void)
{
	return spf_engine_available(SPF_ENGINE_LIBSPF2) ? 2 : 1;
}

const char *world_engine_text(enum spf_engine engine)
{
	return engine == SPF_ENGINE_BUILTIN ? "builtin" : "libspf2";
}

void world_open(struct world *w, struct slice zone)
{
	struct err err = ERR_INIT;

	*w = (struct world){ .params = SPF_DEFAULTS };
	if (resolver_zonetext("zone", zone, &w->resolver, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
}

static void world_forget(struct world *w)
{
	lookups_release(&w->lookups);
	arena_free(&w->arena);
}

void world_close(struct world *w)
{
	world_forget(w);
	resolver_free(&w->resolver);
}

struct ip world_ip(const char *text)
{
	struct ip ip;

	if (!ip_parse(slice_str(text), &ip))
		ck_abort_msg("%s is no address", text);
	return ip;
}

struct spf_mail_from_result world_check(struct world *w, enum spf_engine engine, const char *client,
    struct slice helo, struct slice mail_from)
{
	struct spf_request request = { world_ip(client), helo, mail_from };
	struct spf_mail_from_result result;

	world_forget(w);
	w->arena = arena_create(LIMIT_ARENA_BYTES);
	w->lookups = lookups_new(w->resolver, 20000);
	w->params.engine = engine;
	ck_assert(w->arena != NULL && w->lookups != NULL);
	ck_assert_int_eq(spf_check_mail_from(w->arena, w->lookups, &w->params, &request, w->trace,
	    TEST_NOW, &result), RC_OK);
	return result;
}
