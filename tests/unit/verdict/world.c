#include "config/settings.h"
#include "dns/zonefile.h"
#include "mail/reader.h"

#include "world.h"

static void release_settings(void *settings)
{
	struct settings *s = settings;

	settings_release(&s);
}

void world_defaults(struct verdict_policy *p, struct arena *a)
{
	struct settings *s = NULL;

	ck_assert_int_eq(settings_default(&s), RC_OK);
	ck_assert(arena_defer(a, release_settings, s));
	*p = s->policy;
}

void world_open(struct world *w, const char *zone)
{
	struct err err = ERR_INIT;

	*w = (struct world){ .a = arena_create(LIMIT_ARENA_BYTES), .now = WORLD_NOW };
	ck_assert_ptr_nonnull(w->a);
	if (resolver_zonetext("zone", slice_str(zone), &w->resolver, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	world_defaults(&w->policy, w->a);
	w->policy.authserv_id = SLICE("mx.example.com");
	w->policy.enforce = ENFORCE_YES;
	w->envelope = (struct envelope){ .port = 25, .helo = SLICE("mail.example.org"),
		.mail_from = SLICE("joe@example.org"), .queue_id = SLICE("4TEST"),
		.mta_name = SLICE("mx.example.com") };
	world_client(w, "192.0.2.7");
}

void world_close(struct world *w)
{
	transaction_free(&w->transaction);
	resolver_free(&w->resolver);
	keystore_free(&w->keys);
	arena_free(&w->a);
}

void world_client(struct world *w, const char *ip)
{
	if (!ip_parse(slice_str(ip), &w->envelope.client))
		ck_abort_msg("%s is no address", ip);
}

static void feed(void *ctx, struct slice octets)
{
	transaction_body(ctx, octets);
}

const struct outcome *world_run(struct world *w, struct slice text)
{
	struct transaction_env env = { &w->policy, w->keys, w->resolver };
	struct slice body;
	struct message m;

	transaction_free(&w->transaction);
	w->transaction = transaction_begin(&env, &w->envelope);
	ck_assert_ptr_nonnull(w->transaction);
	message_init(&m, w->a);
	m.max_header_bytes = m.max_header_fields = LIMIT_FILE_BYTES;
	body = read_headers(&m, text);
	for (size_t i = 0; i < m.count; i++)
		transaction_header(w->transaction, m.headers[i].raw_name, m.headers[i].value);
	transaction_end_of_header(w->transaction);
	read_body(body, (struct sink){ feed, w->transaction });
	return transaction_end(w->transaction, w->now);
}

struct slice world_inserted(struct world *w, const struct outcome *o, const char *name,
    size_t *count_out)
{
	struct slice found = SLICE_NULL;
	struct header h = { .name = SLICE("") };

	*count_out = 0;
	for (size_t i = 0; i < o->actions.edit_count; i++) {
		const struct edit *e = &o->actions.edits[i];

		if (e->op != EDIT_INSERT || !slice_ieq(e->name, slice_str(name)))
			continue;
		h.value = e->value;
		found = header_unfolded(w->a, &h);
		(*count_out)++;
	}
	return found;
}
