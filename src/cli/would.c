#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/plural.h"

#include "cli/story.h"
#include "cli/tally.h"

#include "log.h"

#define SHOWN_ROWS 30u
#define WEEK (7 * 86400)

enum column { COLUMN_MESSAGES, COLUMN_CLIENTS };

/* What each kind of trouble means for enforce = yes. */
static const struct meaning {
	const char *name;
	bool wanted;        /* such mail may be wanted: enforce = yes would cost it */
	const char *advice;
} meanings[EVIDENCE_COUNT] = {
	[EVIDENCE_OWN_RELAY] = { "own relay", true, "came from private addresses or through own relays: name these "
	    "hosts in own-relays (they pass on mail of others) or internal-hosts (their mail is ours)" },
	[EVIDENCE_LIST] = { "mailing list", true, "came through mailing lists, which change messages: "
	    "dmarc { indirect } decides what becomes of them, quarantine by default" },
	[EVIDENCE_FORWARDER] = { "forwarder", true, "look forwarded: name forwarders that you know in forwarders, or "
	    "sealers in arc { trusted-sealers }" },
	[EVIDENCE_SERVICE] = { "service", true, "pass for another domain than the author's: services that send "
	    "without alignment; the author's domain must mend that, a section policy \"DOMAIN\" exempts it" },
	[EVIDENCE_TROUBLE] = { "DNS trouble", false, "could not be decided for DNS trouble: the sender tries again" },
	[EVIDENCE_FORGERY] = { "forgery", false, "look forged: nothing passes, and nothing speaks for the author's "
	    "domain" },
};

struct would {
	struct log_request *r;
	struct tally rows;     /* by author, evidence and action: "b.org\tforgery\treject" */
	struct tally clients;  /* by the same and the client */
	uint64_t judged, in_force, of[EVIDENCE_COUNT];
};

static void count_refusal(struct would *w, const struct log_entry *e)
{
	enum evidence evidence = evidence_of(e);
	struct slice author = e->field[LOG_AUTHOR], wish = log_entry_wish(e);
	struct buf key = BUF_INIT(LIMIT_READ_LINE), note = BUF_INIT(LIMIT_READ_LINE);
	struct tally_row *row, *client;

	buf_addf(&key, "%.*s\t%s\t%.*s", SLICE_ARG(author.len > 0 ? author : SLICE("-")),
	    meanings[evidence].name, SLICE_ARG(wish));
	buf_addf(&note, "%.*s from %.*s", SLICE_ARG(e->queue_id), SLICE_ARG(e->field[LOG_CLIENT].len > 0 ?
	    e->field[LOG_CLIENT] : SLICE("an unknown client")));
	row = tally_at(&w->rows, buf_slice(&key), buf_slice(&note));
	buf_addf(&key, "\t%.*s", SLICE_ARG(e->field[LOG_CLIENT]));
	client = tally_at(&w->clients, buf_slice(&key), SLICE(""));
	row->counts[COLUMN_MESSAGES]++;
	row->counts[COLUMN_CLIENTS] += client->counts[COLUMN_MESSAGES]++ == 0 ? 1 : 0;
	w->of[evidence]++;
	w->in_force += slice_is_null(e->field[LOG_WOULD]) ? 1 : 0;
	buf_free(&key);
	buf_free(&note);
}

static void count_entry(void *ctx, const struct log_entry *e, const char *source)
{
	struct would *w = ctx;
	struct slice wish = log_entry_wish(e);

	(void)source;
	if (e->role != LOG_ROLE_JUDGE || !slice_is_null(e->field[LOG_ABORTED]))
		return;
	log_request_seen(w->r, e);
	w->judged++;
	if (wish.len > 0 && !slice_eq(wish, SLICE("accept")))
		count_refusal(w, e);
}

/* --- the answer ------------------------------------------------------------------------------------ */

static bool is_safe(const struct would *w)
{
	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		if (meanings[i].wanted && w->of[i] > 0)
			return false;
	return w->judged > 0;
}

static bool is_short(const struct would *w)
{
	return w->r->first < 0 || w->r->last - w->r->first < WEEK;
}

static const char *answer(const struct would *w)
{
	if (w->judged == 0)
		return "This cannot be answered: the log has no judged message of this period.";
	if (w->of[EVIDENCE_OWN_RELAY] > 0)
		return "No: mail of your own hosts would be refused.";
	if (!is_safe(w))
		return "Not before you have looked at what may be wanted mail.";
	if (is_short(w))
		return "Yes, as far as the log shows; but it covers less than a week.";
	return "Yes: nothing that would be refused looks like wanted mail.";
}

static uint64_t refusals(const struct would *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		sum += w->of[i];
	return sum;
}

/* --- what is printed ------------------------------------------------------------------------------- */

struct row {
	struct slice author, looks_like, would;
};

/* The row of the others has no parts. */
static struct row row_of(const struct tally_row *t)
{
	struct slice rest = t->key;
	struct row row = { .author = slice_split(&rest, '\t') };

	row.looks_like = slice_split(&rest, '\t');
	row.would = rest;
	return row;
}

static void print_rows(const struct tally_row *const *rows, size_t n)
{
	if (n > 0)
		printf("\n%8s %8s  %-10s  %-12s  %s\n", "messages", "clients", "action", "looks like", "author domain");
	for (size_t i = 0; i < n && i < SHOWN_ROWS; i++) {
		struct row row = row_of(rows[i]);

		printf("%8llu %8llu  %-10.*s  %-12.*s  ", (unsigned long long)rows[i]->counts[COLUMN_MESSAGES],
		    (unsigned long long)rows[i]->counts[COLUMN_CLIENTS], SLICE_ARG(row.would),
		    SLICE_ARG(row.looks_like));
		print_text(row.author);
		if (rows[i]->note.len > 0)
			printf(" (%.*s)", SLICE_ARG(rows[i]->note)); /* of a log entry: printable */
		putchar('\n');
	}
	if (n > SHOWN_ROWS)
		printf("%zu further %s omitted: --json and --csv have %s\n", n - SHOWN_ROWS,
		    plural(n - SHOWN_ROWS, "row is", "rows are"), plural(n - SHOWN_ROWS, "it", "them"));
}

static void print_text_report(const struct would *w, const struct tally_row *const *rows, size_t n)
{
	uint64_t sum = refusals(w);

	log_print_period(w->r);
	printf("%llu %s judged; enforce = yes would not have delivered %llu of them unchanged (%.2f %%).\n",
	    (unsigned long long)w->judged, plural(w->judged, "was", "were"), (unsigned long long)sum,
	    w->judged == 0 ? 0.0 : 100.0 * (double)sum / (double)w->judged);
	if (w->in_force > 0)
		printf("%llu of these %s refused or quarantined in fact: enforce = yes was in force.\n",
		    (unsigned long long)w->in_force, plural(w->in_force, "was", "were"));
	print_rows(rows, n);
	printf("\nIs it safe to enforce?\n  %s\n", answer(w));
	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		if (w->of[i] > 0)
			printf("  %llu %s.\n", (unsigned long long)w->of[i], meanings[i].advice);
	if (sum > 0)
		puts("  assay explain QUEUE-ID shows the details of one message.");
}

static void print_csv(const struct tally_row *const *rows, size_t n)
{
	fputs("author,looks_like,would,messages,clients,example\r\n", stdout);
	for (size_t i = 0; i < n; i++) {
		struct row row = row_of(rows[i]);

		csv_text(row.author);
		putchar(',');
		csv_text(row.looks_like);
		putchar(',');
		csv_text(row.would);
		printf(",%llu,%llu,", (unsigned long long)rows[i]->counts[COLUMN_MESSAGES],
		    (unsigned long long)rows[i]->counts[COLUMN_CLIENTS]);
		csv_text(rows[i]->note);
		fputs("\r\n", stdout);
	}
}

static json_t *rows_json(const struct tally_row *const *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		struct row row = row_of(rows[i]);

		(void)json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:I, s:I, s:o}", "author",
		    log_json_text(row.author), "looks_like", log_json_text(row.looks_like), "would",
		    log_json_text(row.would), "messages", (json_int_t)rows[i]->counts[COLUMN_MESSAGES],
		    "clients", (json_int_t)rows[i]->counts[COLUMN_CLIENTS], "example",
		    log_json_text(rows[i]->note)));
	}
	return list;
}

static enum rc print_json(const struct would *w, const struct tally_row *const *rows, size_t n)
{
	json_t *o = json_object(), *advice = json_object();

	log_json_period(w->r, o);
	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		if (w->of[i] > 0)
			(void)json_object_set_new(advice, meanings[i].name, json_pack("{s:I, s:b, s:s}", "messages",
			    (json_int_t)w->of[i], "wanted", meanings[i].wanted, "advice", meanings[i].advice));
	(void)json_object_set_new(o, "judged", json_integer((json_int_t)w->judged));
	(void)json_object_set_new(o, "refused", json_integer((json_int_t)refusals(w)));
	(void)json_object_set_new(o, "in_force", json_integer((json_int_t)w->in_force));
	(void)json_object_set_new(o, "rows", rows_json(rows, n));
	(void)json_object_set_new(o, "looks_like", advice);
	(void)json_object_set_new(o, "safe", json_boolean(is_safe(w)));
	(void)json_object_set_new(o, "answer", json_string(answer(w)));
	return log_print_json(o);
}

static enum rc print_would(const struct would *w)
{
	size_t n = 0;
	const struct tally_row **rows = tally_sorted(&w->rows, COLUMN_MESSAGES, &n);
	enum rc rc = RC_OK;

	if (rows == NULL)
		return RC_NOMEM;
	if (w->r->json)
		rc = print_json(w, rows, n);
	else if (w->r->csv)
		print_csv(rows, n);
	else
		print_text_report(w, rows, n);
	free(rows);
	return rc;
}

enum rc log_would(struct log_request *r, bool *safe_out)
{
	struct would w = { .r = r };
	bool ready = tally_init(&w.rows), clients_ready = tally_init(&w.clients);
	enum rc rc = ready && clients_ready ? RC_OK : RC_NOMEM;

	r->read.message = count_entry;
	r->read.ctx = &w;
	if (rc == RC_OK)
		rc = log_read(&r->read, r->err);
	r->read.ctx = NULL; /* w ends with this function */
	if (rc == RC_OK)
		rc = print_would(&w);
	*safe_out = is_safe(&w);
	tally_free(&w.rows);
	tally_free(&w.clients);
	return rc;
}
