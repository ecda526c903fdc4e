/*
 * fillstore.c - puts rows into a store of reports, for tests of the command line.
 *
 *     fillstore STORE [HOST NOW] <LINES
 *
 * With HOST, which then has no more counts of the days before the one of NOW (seconds since 1970).
 *
 * A line: DAY COUNT DISPOSITION DKIM SPF SOURCE HEADER-FROM POLICY-DOMAIN RECORD..., DAY as a number, DKIM
 * and SPF "pass" or "fail" (aligned).  Or an incident for failure reports, all of the same key and domain similar:
 *
 *     incident TIME COUNT KEY POLICY-DOMAIN RECORD...
 *
 * What is not such a line ends the program with status 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "report/store.h"

static struct slice word(struct slice *rest)
{
	return slice_split(rest, ' ');
}

static uint64_t number(struct slice text)
{
	struct cursor c = cursor_of(text);
	uint64_t n = 0;

	if (!take_uint(&c, 12, 999999999999u, &n) || !cursor_done(&c))
		exit(1);
	return n;
}

static enum disposition disposition_of(struct slice text)
{
	for (enum disposition d = DISPOSITION_NONE; d <= DISPOSITION_REJECT; d++)
		if (slice_eq(text, slice_str(disposition_text(d))))
			return d;
	exit(1);
}

static uint64_t parse_line(struct slice line, struct report_row *row)
{
	static struct report_dkim dkim;
	uint64_t count;

	*row = (struct report_row){ .day = (int64_t)number(word(&line)), .count = 1 };
	count = number(word(&line));
	row->disposition = disposition_of(word(&line));
	row->dkim_aligned = slice_eq(word(&line), SLICE("pass"));
	row->spf_aligned = slice_eq(word(&line), SLICE("pass"));
	if (!ip_parse(word(&line), &row->source))
		exit(1);
	row->header_from = row->envelope_from = row->spf.domain = word(&line);
	row->spf.result = row->spf_aligned ? AUTH_PASS : AUTH_FAIL;
	dkim = (struct report_dkim){ row->header_from, SLICE("s1"), row->dkim_aligned ? AUTH_PASS : AUTH_FAIL,
		SLICE_NULL };
	row->dkim = &dkim;
	row->dkim_count = 1;
	row->policy.domain = word(&line);
	row->policy.text = line;
	if (dmarc_record_parse(line, &row->policy.record) != DMARC_RECORD_OK)
		exit(1);
	return count;
}

/* As failure_incident_of() makes them. */
static void add_incident(struct buf *items, struct slice line)
{
	struct failure_incident i = { .time = (int64_t)number(word(&line)) };
	uint64_t count = number(word(&line)), key = number(word(&line));

	i.key[0] = (unsigned char)key;
	i.policy.domain = i.header_from = word(&line);
	i.policy.text = line;
	i.subject = SLICE("Your invoice");
	i.feedback = SLICE("Auth-Failure: dmarc\nIdentity-Alignment: dkim, spf\nDelivery-Result: reject\n"
	    "Source-IP: 192.0.2.1\n");
	i.header = SLICE("From: <redacted-0123@example.org>\nSubject: Your invoice\n");
	for (; count > 0; count--) {
		size_t begun = store_item_begin(items, STORE_INCIDENT);

		failure_encode(&i, items);
		store_item_end(items, begun);
	}
}

static void add_line(struct buf *items, struct slice line)
{
	struct buf encoded = BUF_INIT(LIMIT_ARENA_BYTES);
	struct report_row row;
	uint64_t count;

	if (slice_starts_with(line, SLICE("incident "))) {
		add_incident(items, slice_drop(line, strlen("incident ")));
		return;
	}
	count = parse_line(line, &row);

	report_row_encode(&row, &encoded);
	for (uint64_t i = 0; i < count; i++) {
		size_t begun = store_item_begin(items, STORE_ROW);

		buf_add(items, buf_slice(&encoded));
		store_item_end(items, begun);
	}
	buf_free(&encoded);
}

static void check(enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return;
	fputs(buf_cstr(&err->text), stderr);
	exit(1);
}

int main(int argc, char **argv)
{
	struct buf items = BUF_INIT(LIMIT_ARENA_BYTES);
	struct store_batch batch = { .host = SLICE("host"), .boot = SLICE("boot"), .sequence = 1,
		.rows_of_domain = 1000, .rows_of_day = 1000, .incidents_of_domain = 10, .incidents_of_hour = 20 };
	struct err err = ERR_INIT;
	struct store_added added;
	struct store *store;
	char line[8192];

	if (argc != 2 && argc != 4)
		return 1;
	if (argc == 4) {
		batch.host = batch.boot = slice_str(argv[2]);
		batch.now = (int64_t)number(slice_str(argv[3]));
	}
	while (fgets(line, sizeof(line), stdin) != NULL)
		add_line(&items, slice_trim(slice_str(line)));
	check(store_open(slice_str(argv[1]), &store, &err), &err);
	batch.items = buf_slice(&items);
	check(store_add(store, &batch, &added, &err), &err);
	if (argc == 4)
		check(store_drained(store, batch.host, batch.now / SECONDS_OF_DAY - 1, batch.now, &err), &err);
	store_close(&store);
	err_free(&err);
	buf_free(&items);
	return 0;
}
