#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"

#include "dns/name.h"
#include "dns/rdata.h"

#include "dns/zone.h"

struct directive {
	struct directive *next;
	unsigned type; /* DNS_TYPE_ANY, written *: all that have no records or directive of their own */
	int rcode;
	enum zone_directive what;
	unsigned slow_ms;
};

struct node {
	struct hash_link link; /* first: the table knows a node by it */
	const char *name;
	bool exists; /* false: it is here for a !NXDOMAIN only */
	struct zone_set *sets;
	struct directive *directives;
};

struct zone {
	struct arena *arena;
	struct hash nodes;
};

/* --- names ------------------------------------------------------------------------------------ */

static uint64_t hash_of(const struct zone *z, const char *name)
{
	return hash_octets(&z->nodes, slice_str(name), 0);
}

static struct node *find_node(const struct zone *z, const char *name)
{
	struct hash_link *l = hash_first(&z->nodes, hash_of(z, name));

	while (l != NULL && strcmp(((struct node *)l)->name, name) != 0)
		l = hash_next(l);
	return (struct node *)l;
}

static const struct node *find_existing(const struct zone *z, const char *name)
{
	const struct node *n = find_node(z, name);

	return n != NULL && n->exists ? n : NULL;
}

static struct node *get_node(struct zone *z, const char *name)
{
	struct node *n = find_node(z, name);

	if (n != NULL)
		return n;
	n = arena_new(z->arena, struct node);
	if (n == NULL)
		return NULL;
	n->name = arena_copy(z->arena, slice_str(name)).ptr;
	if (n->name == NULL)
		return NULL;
	hash_add(&z->nodes, &n->link, hash_of(z, name));
	return n;
}

/* The name and, as names with descendants exist (RFC 8020), all its ancestors. */
static struct node *get_existing(struct zone *z, const char *name)
{
	struct node *wanted = get_node(z, name), *n = wanted;

	while (n != NULL && !n->exists) {
		const char *parent = name_parent(n->name);

		n->exists = true;
		if (parent == NULL)
			break;
		n = get_node(z, parent);
	}
	return n == NULL ? NULL : wanted;
}

/* --- lines ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum zone_directive what;
	int rcode;
} directives[] = {
	{ "TIMEOUT", ZONE_TIMEOUT, DNS_RCODE_SERVFAIL },
	{ "SERVFAIL", ZONE_ANSWER, DNS_RCODE_SERVFAIL },
	{ "NXDOMAIN", ZONE_ANSWER, DNS_RCODE_NXDOMAIN },
	{ "NODATA", ZONE_ANSWER, DNS_RCODE_NOERROR },
	{ "REFUSED", ZONE_ANSWER, DNS_RCODE_REFUSED },
	{ "FORMERR", ZONE_ANSWER, DNS_RCODE_FORMERR },
	{ "NOTIMP", ZONE_ANSWER, DNS_RCODE_NOTIMP },
	{ "TC", ZONE_TC, DNS_RCODE_NOERROR },
	{ "TCPONLY", ZONE_TCPONLY, DNS_RCODE_NOERROR },
	{ "GARBAGE", ZONE_GARBAGE, DNS_RCODE_NOERROR },
	{ "WRONGID", ZONE_WRONGID, DNS_RCODE_NOERROR },
	{ "SLOW", ZONE_SLOW, DNS_RCODE_NOERROR },
};

/* WORD, or SLOW=milliseconds */
static bool parse_directive(struct slice text, struct directive *d)
{
	struct slice number = text, word = slice_split(&number, '=');
	struct cursor c = cursor_of(number);
	uint64_t ms = 0;

	if (!slice_is_null(number) && !(take_uint(&c, 7, 3600000, &ms) && cursor_done(&c)))
		return false;
	for (size_t i = 0; i < N_ELEMENTS(directives); i++) {
		if (!slice_ieq(word, slice_str(directives[i].name)))
			continue;
		d->what = directives[i].what;
		d->rcode = directives[i].rcode;
		d->slow_ms = (unsigned)ms;
		return slice_is_null(number) == (d->what != ZONE_SLOW);
	}
	return false;
}

static const char *add_directive(struct zone *z, const char *name, unsigned type,
    struct slice text)
{
	struct directive parsed = { .type = type }, *d;
	struct node *n;

	if (!parse_directive(slice_trim(text), &parsed))
		return "no such directive: TIMEOUT SERVFAIL NXDOMAIN NODATA REFUSED FORMERR NOTIMP TC "
		       "TCPONLY GARBAGE WRONGID SLOW=ms";
	n = parsed.rcode == DNS_RCODE_NXDOMAIN ? get_node(z, name) : get_existing(z, name);
	d = arena_new(z->arena, struct directive);
	if (n == NULL || d == NULL)
		return "out of memory";
	*d = parsed;
	d->next = n->directives;
	n->directives = d;
	return NULL;
}

static struct zone_set *get_set(struct zone *z, struct node *n, uint16_t type, uint32_t ttl)
{
	struct zone_set *s = n->sets;

	while (s != NULL && s->type != type)
		s = s->next;
	if (s == NULL && (s = arena_new(z->arena, struct zone_set)) != NULL) {
		*s = (struct zone_set){ .next = n->sets, .type = type, .ttl = ttl, .last = &s->first };
		n->sets = s;
	}
	return s;
}

static const char *add_record(struct zone *z, const char *name, uint16_t type, uint32_t ttl,
    struct slice rdata)
{
	struct node *n = get_existing(z, name);
	struct zone_set *s = n == NULL ? NULL : get_set(z, n, type, ttl);
	struct zone_rr *rr = arena_new(z->arena, struct zone_rr);

	if (s == NULL || rr == NULL)
		return "out of memory";
	if (type == DNS_CNAME && s->count > 0)
		return "a name has one CNAME at most (RFC 2181 section 10.1)";
	rr->rdata = arena_copy(z->arena, rdata);
	*s->last = rr;
	s->last = &rr->next;
	s->count++;
	return NULL;
}

/* [TTL] [class] [TTL], skipped to the type */
static bool take_type(struct cursor *c, struct slice *word, uint64_t *ttl)
{
	for (int i = 0; i < 3; i++) {
		struct cursor digits;

		if (!take_rdata_word(c, word))
			return false;
		digits = cursor_of(*word);
		if (take_uint(&digits, 10, UINT32_MAX, ttl) && cursor_done(&digits))
			continue;
		if (!slice_ieq(*word, SLICE("IN")))
			return true;
	}
	return take_rdata_word(c, word);
}

static const char *parse_record(struct zone *z, const char *name, const struct rdata_type *type,
    uint32_t ttl, struct cursor *c)
{
	struct buf rdata = BUF_INIT(65535);
	const char *why;

	if (!type->put(c, &rdata)) {
		buf_free(&rdata);
		return type->form;
	}
	skip_rdata_blank(c);
	if (!cursor_done(c) && cursor_peek(c) != ';')
		why = "text after the record";
	else if (buf_failed(&rdata))
		why = "over 65535 octets";
	else
		why = add_record(z, name, type->number, ttl, buf_slice(&rdata));
	buf_free(&rdata);
	return why;
}

/* NULL, or what is wrong; *wanted is set when that is the form the data should have. */
static const char *parse_line(struct zone *z, struct slice line, bool *wanted)
{
	struct cursor c = cursor_of(line);
	const struct rdata_type *type;
	uint64_t ttl = ZONE_DEFAULT_TTL;
	struct slice owner, word;
	struct name name;
	const char *why;

	if (!take_rdata_word(&c, &owner) || owner.ptr != line.ptr)
		return "a line begins with a name";
	if (!name_parse(owner, &name))
		return "not a valid DNS name";
	if (owner.ptr[0] == '$' || slice_eq(owner, SLICE("@")))
		return "no $ORIGIN, $TTL or @ here: write full names";
	if (!take_type(&c, &word, &ttl))
		return "a name, a type and data are needed";
	skip_rdata_blank(&c);
	if (cursor_peek(&c) == '!' || slice_starts_with(word, SLICE("!"))) {
		bool any = slice_eq(word, SLICE("*")) || word.ptr[0] == '!';

		type = rdata_type(word);
		if (type == NULL && !any)
			return "no such type";
		return add_directive(z, name.text, any ? DNS_TYPE_ANY : type->number,
		    word.ptr[0] == '!' ? slice_drop(word, 1) : slice_drop(cursor_rest(&c), 1));
	}
	type = rdata_type(word);
	if (type == NULL)
		return "no such type";
	why = parse_record(z, name.text, type, (uint32_t)ttl, &c);
	*wanted = why == type->form;
	return why;
}

static void parse_lines(struct zone *z, const char *label, struct slice rest, struct err *err)
{
	for (unsigned number = 1; !slice_is_null(rest); number++) {
		struct slice line = slice_split(&rest, '\n'), text = slice_trim(line);
		bool wanted = false;
		const char *why;

		if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';')
			continue;
		/* only the end is cut: a line may not begin with a blank, as if it had no owner */
		why = parse_line(z, slice_between(line.ptr, text.ptr + text.len), &wanted);
		if (why != NULL)
			err_add(err, "%s:%u: %s%s", label, number, wanted ? "the data must be " : "", why);
	}
}

enum rc zone_parse(const char *label, struct slice text, struct zone **out, struct err *err)
{
	struct zone *z = calloc(1, sizeof(*z));
	size_t mistakes = err->count;

	if (z == NULL)
		return RC_NOMEM;
	z->arena = arena_create(LIMIT_ZONE_BYTES);
	if (!hash_init(&z->nodes, 0) || z->arena == NULL) {
		zone_free(&z);
		return RC_NOMEM;
	}
	parse_lines(z, label, text, err);
	if (err->count > mistakes || arena_failed(z->arena)) {
		zone_free(&z);
		return err->count > mistakes ? RC_CONFIG : RC_NOMEM;
	}
	*out = z;
	return RC_OK;
}

void zone_free(struct zone **z)
{
	struct zone *zone = *z;

	*z = NULL;
	if (zone == NULL)
		return;
	if (zone->arena != NULL)
		arena_free(&zone->arena);
	hash_free(&zone->nodes);
	free(zone);
}

/* --- looking up ------------------------------------------------------------------------------- */

static const struct zone_set *find_set(const struct node *n, unsigned type)
{
	const struct zone_set *s = n->sets;

	while (s != NULL && s->type != type)
		s = s->next;
	return s;
}

static const struct directive *find_directive(const struct node *n, unsigned type)
{
	const struct directive *any = NULL;

	for (const struct directive *d = n->directives; d != NULL; d = d->next) {
		if (d->type == type)
			return d;
		if (d->type == DNS_TYPE_ANY)
			any = d;
	}
	return find_set(n, type) == NULL ? any : NULL;
}

/*
 * The node whose data name has: its own, or where it does not exist the wildcard's right below
 * its closest existing ancestor (RFC 4592 section 3.3.1).
 */
static const struct node *node_for(const struct zone *z, const char *name)
{
	const struct node *own = find_node(z, name), *found;
	const char *parent = name;
	struct name wildcard;

	if (own != NULL)
		return own;
	do
		parent = name_parent(parent);
	while (parent != NULL && find_existing(z, parent) == NULL);
	if (parent == NULL)
		return NULL;
	wildcard.len = strlen(parent);
	if (wildcard.len + 2 >= sizeof(wildcard.text))
		return NULL;
	memcpy(wildcard.text, "*.", 2);
	memcpy(wildcard.text + (*parent == '\0' ? 1 : 2), parent, wildcard.len + 1);
	found = find_existing(z, wildcard.text);
	return found;
}

static const struct zone_set *soa_for(const struct zone *z, const char *name)
{
	for (; name != NULL; name = name_parent(name)) {
		const struct node *n = find_existing(z, name);
		const struct zone_set *soa = n == NULL ? NULL : find_set(n, DNS_TYPE_SOA);

		if (soa != NULL)
			return soa;
	}
	return NULL;
}

/* One step: true when a CNAME leads on. */
static bool step(const struct zone *z, const char *name, unsigned type, struct zone_found *out)
{
	const struct node *n = node_for(z, name);
	const struct directive *d = n == NULL ? NULL : find_directive(n, type);
	const struct zone_set *cname;

	out->rcode = n != NULL && n->exists ? DNS_RCODE_NOERROR : DNS_RCODE_NXDOMAIN;
	if (d != NULL) {
		out->directive = d->what;
		out->slow_ms = d->slow_ms;
		out->rcode = d->rcode;
		if (d->what == ZONE_ANSWER || d->what == ZONE_TIMEOUT)
			return false;
	}
	if (n == NULL)
		return false;
	out->set = find_set(n, type);
	cname = find_set(n, DNS_CNAME);
	if (out->set != NULL || cname == NULL)
		return false;
	if (out->links == LIMIT_CNAME_CHAIN) {
		out->rcode = DNS_RCODE_SERVFAIL;
		return false;
	}
	out->chain[out->links++] = cname;
	return true;
}

void zone_lookup(const struct zone *z, const char *name, unsigned type, struct zone_found *out)
{
	struct name target;

	*out = (struct zone_found){ .rcode = DNS_RCODE_NOERROR };
	while (step(z, name, type, out)) {
		size_t at = 0;

		name_from_wire(out->chain[out->links - 1]->first->rdata, &at, &target);
		name = target.text;
	}
	if (out->set == NULL)
		out->soa = soa_for(z, name);
}
