#include "schema.h"

/*
 * One statement after the other; the version of a schema is the number of statements that made it.
 * What was released is never changed: statements are added at the end.  {octets} and
 * {serial} are words in which the backends differ (report/sql.h).
 */
static const char *const statements[] = {
	"CREATE TABLE history_day (day BIGINT PRIMARY KEY, row_count BIGINT NOT NULL, dropped BIGINT NOT NULL,"
	" closed BIGINT NOT NULL, late BIGINT NOT NULL)",
	"CREATE TABLE history_policy (id {serial}, day BIGINT NOT NULL, domain TEXT NOT NULL,"
	" digest {octets} NOT NULL, policy {octets} NOT NULL, row_count BIGINT NOT NULL,"
	" UNIQUE (day, domain, digest))",
	"CREATE TABLE history_row (policy BIGINT NOT NULL, digest {octets} NOT NULL, tuple {octets} NOT NULL,"
	" aligned BIGINT NOT NULL, messages BIGINT NOT NULL, UNIQUE (policy, digest))",
	"CREATE TABLE history_batch (host TEXT NOT NULL, boot TEXT NOT NULL, sequence BIGINT NOT NULL,"
	" seen BIGINT NOT NULL, PRIMARY KEY (host, boot))",
	"CREATE TABLE history_host (host TEXT PRIMARY KEY, seen BIGINT NOT NULL, drained BIGINT NOT NULL)",
	"CREATE TABLE secret (id BIGINT PRIMARY KEY, octets {octets} NOT NULL)",
	/* the outbox (outbox.c) */
	"CREATE TABLE outgoing (kind BIGINT NOT NULL, day BIGINT NOT NULL, domain TEXT NOT NULL,"
	" variant TEXT NOT NULL, report TEXT NOT NULL UNIQUE, octets {octets} NOT NULL, messages BIGINT NOT NULL,"
	" made BIGINT NOT NULL, PRIMARY KEY (kind, day, domain, variant))",
	"CREATE TABLE delivery (report TEXT NOT NULL, address TEXT NOT NULL, state BIGINT NOT NULL,"
	" why TEXT NOT NULL, uri TEXT NOT NULL, tag TEXT NOT NULL UNIQUE, due BIGINT NOT NULL,"
	" tried BIGINT NOT NULL, tries BIGINT NOT NULL, leased BIGINT NOT NULL, token BIGINT NOT NULL,"
	" PRIMARY KEY (report, address))",
	"CREATE INDEX delivery_due ON delivery (state, due)",
	"CREATE INDEX delivery_tried ON delivery (tried)",
	"CREATE TABLE sending_day (day BIGINT PRIMARY KEY, made BIGINT NOT NULL, leased BIGINT NOT NULL)",
	"CREATE TABLE suppressed (day BIGINT NOT NULL, why BIGINT NOT NULL, reports BIGINT NOT NULL,"
	" messages BIGINT NOT NULL, PRIMARY KEY (day, why))",
	"CREATE TABLE destination (address TEXT PRIMARY KEY, failures BIGINT NOT NULL, last BIGINT NOT NULL,"
	" suspended BIGINT NOT NULL, why TEXT NOT NULL)",
	/* failure reports (store_incident.c) */
	"CREATE TABLE incident (hour BIGINT NOT NULL, domain TEXT NOT NULL, digest {octets} NOT NULL,"
	" began BIGINT NOT NULL, incidents BIGINT NOT NULL, octets {octets} NOT NULL, made BIGINT NOT NULL,"
	" PRIMARY KEY (hour, domain, digest))",
	"CREATE INDEX incident_domain ON incident (domain, hour)",
	"CREATE TABLE incident_left_out (day BIGINT PRIMARY KEY, incidents BIGINT NOT NULL)",
	/* empty: not tried yet, or by a version that did not keep it */
	"ALTER TABLE delivery ADD COLUMN recipient TEXT NOT NULL DEFAULT ''",
};

static void add_word(const struct sql *s, struct slice word, struct buf *out)
{
	if (slice_eq(word, SLICE("octets")))
		buf_add_str(out, sql_octets_word(s));
	else
		buf_add_str(out, sql_serial_word(s));
}

static enum rc run(struct sql *s, const char *statement, struct err *err)
{
	struct buf text = BUF_INIT(16384);
	struct slice rest = slice_str(statement);
	enum rc rc;

	while (rest.len > 0) {
		buf_add(&text, slice_split(&rest, '{'));
		if (!slice_is_null(rest))
			add_word(s, slice_split(&rest, '}'), &text);
	}
	rc = buf_failed(&text) ? RC_NOMEM : sql_run(s, buf_cstr(&text), NULL, 0, NULL, NULL, err);
	buf_free(&text);
	return rc;
}

static enum rc bring_up_to_date(struct sql *s, struct err *err)
{
	static const int64_t known = N_ELEMENTS(statements);
	int64_t version = 0;

	TRY(sql_exclude_others(s, err));
	TRY(run(s, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)", err));
	TRY(sql_run(s, "SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM schema_version", NULL, 0,
	    sql_take_integer, &version, err));
	if (version > known)
		return err_config(err, "%s: its schema version %lld is newer than %lld, the version of this "
		    "program: upgrade assay on this host", sql_name(s), (long long)version, (long long)known);
	for (; version < known; version++) {
		struct sql_value next = sql_integer(version + 1);

		TRY(run(s, statements[version], err));
		TRY(sql_run(s, "INSERT INTO schema_version (version) VALUES ($1)", &next, 1, NULL, NULL, err));
	}
	return RC_OK;
}

enum rc schema_migrate(struct sql *s, struct err *err)
{
	TRY(sql_begin(s, err));
	return sql_end(s, bring_up_to_date(s, err), err);
}
