#include <stdlib.h>

#include "base/limits.h"
#include "dns/zonefile.h"
#include "signing/tables.h"

#include "private.h"

/* --- making and releasing ------------------------------------------------------------------- */

static bool add_sections(struct settings *s, struct err *err)
{
	struct config_place nowhere = { NULL, 0 };

	for (size_t i = 0; i < SECTION_COUNT; i++)
		if (section_kinds[i].title == NULL &&
		    section_new(s, &section_kinds[i], SLICE_NULL, nowhere, err) == NULL)
			return false;
	return true;
}

enum rc settings_default(struct settings **out)
{
	struct settings *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	enum rc rc = RC_NOMEM;

	if (s == NULL)
		return RC_NOMEM;
	atomic_init(&s->references, 1);
	s->log.ident = "assay";
	s->arena = arena_create(LIMIT_CONFIG_ARENA);
	s->record = s->arena == NULL ? NULL : arena_new(s->arena, struct config_record);
	if (s->record != NULL && add_sections(s, &err) && !arena_failed(s->arena))
		rc = RC_OK;
	err_free(&err);
	if (rc == RC_OK)
		*out = s;
	else
		settings_release(&s);
	return rc;
}

struct settings *settings_hold(struct settings *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

void settings_release(struct settings **s)
{
	struct settings *old = *s;

	*s = NULL;
	if (old == NULL || atomic_fetch_sub(&old->references, 1) != 1)
		return;
	keystore_free(&old->keystore);
	sign_tables_free(&old->tables);
	arena_free(&old->arena);
	free(old);
}

/* --- what settings name --------------------------------------------------------------------- */

/* Texts of the settings are followed by a NUL. */
const char *settings_passphrase_file(const struct settings *s)
{
	return s->key_passphrase_file.len == 0 ? NULL : s->key_passphrase_file.ptr;
}

static enum rc load_tables(struct settings *s, struct err *err)
{
	if (s->key_table.len == 0 || s->signing_table.len == 0)
		return RC_OK;
	TRY(sign_tables_load(s->key_table.ptr, s->signing_table.ptr, s->multiple_signatures,
	    settings_passphrase_file(s), &s->tables, err));
	s->policy.signing.tables = s->tables;
	return RC_OK;
}

enum rc settings_load_keys(struct settings *s, struct err *err)
{
	size_t mark = err->text.len;
	enum rc keys = keystore_open(s->keys_directory.ptr, s->keys_directory_named,
	    settings_passphrase_file(s), &s->keystore, err), tables;

	if (keys == RC_CONFIG || keys == RC_IO)
		settings_locate(s, "", "keys", err, mark);
	tables = load_tables(s, err);

	if (keys == RC_OK && tables == RC_OK)
		settings_check_signing(s, err);
	return keys != RC_OK ? keys : tables;
}

enum rc settings_resolver(const struct settings *s, struct resolver **out, struct err *err)
{
	if (s->test_zone_file.len > 0)
		return resolver_zonefile(s->test_zone_file.ptr, out, err);
	return resolver_network(&s->dns, &s->dns_cache, out, err);
}
