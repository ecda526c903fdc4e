#include "base/ascii.h"

#include "mail/canon.h"

#define CRLF SLICE("\r\n")

/* the same octet in each of eight */
#define OCTETS(octet) (0x0101010101010101u * (uint64_t)(octet))

const char *canon_text(enum canon kind)
{
	static const char *const text[] = {
		[CANON_SIMPLE] = "simple",
		[CANON_RELAXED] = "relaxed",
	};

	return text[kind];
}

static void put(struct sink out, struct slice octets)
{
	if (octets.len > 0)
		out.put(out.ctx, octets);
}

/* --- what relaxed canonicalization leaves alone -------------------------------------------- */

static uint64_t eight_octets(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* 0x80 in each octet that is below 0x20 / is a space, 0 in the others. */
static uint64_t controls_of(uint64_t w)
{
	return ~(((w & OCTETS(0x7f)) + OCTETS(0x60)) | w) & OCTETS(0x80);
}

static uint64_t spaces_of(uint64_t w)
{
	w ^= OCTETS(' ');
	return ~(((w & OCTETS(0x7f)) + OCTETS(0x7f)) | w) & OCTETS(0x80);
}

static bool is_space_pair(const char *p, const char *end)
{
	return *p == ' ' && end - p > 1 && p[1] == ' ';
}

/* The first control octet (HTAB, CR, LF are some) or the first of two spaces; else end. */
static const char *plain_end(const char *p, const char *end)
{
	while (end - p > 8) {
		uint64_t w = eight_octets(p);

		if ((controls_of(w) | (spaces_of(w) & spaces_of(eight_octets(p + 1)))) != 0)
			break;
		p += 8;
	}
	while (p < end && (unsigned char)*p >= ' ' && !is_space_pair(p, end))
		p++;
	return p;
}

/* --- header fields ------------------------------------------------------------------------- */

/* RFC 6376 section 3.4.2, the value; WSP is remembered from one piece to the next. */
struct relaxed_value {
	bool pending_wsp;
	bool any;
};

static void put_relaxed(struct relaxed_value *r, struct slice piece, struct sink out)
{
	const char *p = piece.ptr, *end = piece.len == 0 ? p : p + piece.len;

	while (p < end) {
		const char *stop;

		if (is_wsp(*p)) {
			r->pending_wsp = true;
			p++;
			continue;
		}
		if (*p == '\n' || (*p == '\r' && end - p > 1 && p[1] == '\n')) { /* unfold */
			p++;
			continue;
		}
		stop = plain_end(p, end);
		if (stop == p) /* another control octet is an octet like any other */
			stop++;
		else if (stop[-1] == ' ')
			stop--;
		if (r->pending_wsp && r->any)
			put(out, SLICE(" "));
		put(out, slice_between(p, stop));
		*r = (struct relaxed_value){ .any = true };
		p = stop;
	}
}

static void put_lower(struct slice s, struct sink out)
{
	char lower[128];

	while (s.len > 0) {
		size_t n = s.len < sizeof(lower) ? s.len : sizeof(lower);

		for (size_t i = 0; i < n; i++)
			lower[i] = ascii_lower(s.ptr[i]);
		put(out, slice_of(lower, n));
		s = slice_drop(s, n);
	}
}

/* As it is, every LF as CRLF. */
static void put_simple(struct slice s, struct sink out)
{
	for (size_t at = slice_find(s, '\n'); at < s.len; at = slice_find(s, '\n')) {
		put(out, slice_take(s, at > 0 && s.ptr[at - 1] == '\r' ? at - 1 : at));
		put(out, CRLF);
		s = slice_drop(s, at + 1);
	}
	put(out, s);
}

static void put_field(enum canon kind, const struct header *h, struct slice before,
    struct slice after, struct sink out)
{
	struct relaxed_value relaxed = { false, false };

	if (kind == CANON_SIMPLE) { /* RFC 6376 section 3.4.1: as it is */
		put(out, h->raw_name);
		put(out, SLICE(":"));
		put_simple(before, out);
		put_simple(after, out);
	} else {
		put_lower(h->name, out); /* RFC 6376 section 3.4.2, and no WSP around the colon */
		put(out, SLICE(":"));
		put_relaxed(&relaxed, before, out);
		put_relaxed(&relaxed, after, out);
	}
}

void canon_header(enum canon kind, const struct header *h, bool without_crlf, struct sink out)
{
	put_field(kind, h, h->value, SLICE_NULL, out);
	if (!without_crlf)
		put(out, CRLF);
}

void canon_header_without(enum canon kind, const struct header *h, struct slice b,
    struct sink out)
{
	const char *end = h->value.ptr + h->value.len;
	const char *from = b.ptr, *to = b.ptr + b.len;

	while (from > h->value.ptr && is_fws(from[-1]))
		from--;
	while (to < end && is_fws(*to))
		to++;
	put_field(kind, h, slice_between(h->value.ptr, from), slice_between(to, end), out);
}

/* --- bodies -------------------------------------------------------------------------------- */

void body_canon_init(struct body_canon *c, enum canon kind)
{
	*c = (struct body_canon){ .kind = kind };
}

/*
 * RFC 6376 section 3.4.3: empty lines at the end of the body are ignored.  Line ends are counted and
 * put out only once an octet follows them; 3.4.4 has the same rule for relaxed.
 */
static void put_line_ends(uint64_t count, struct sink out)
{
	static const char many[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
	    "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	const uint64_t most = (sizeof(many) - 1) / 2;

	while (count > 0) {
		uint64_t n = count < most ? count : most;

		put(out, slice_of(many, (size_t)n * 2));
		count -= n;
	}
}

/* Octets that are there to stay, and so is what was held back before them. */
static void put_octets(struct body_canon *c, struct slice octets, struct sink out)
{
	put_line_ends(c->line_ends, out);
	if (c->pending_wsp)
		put(out, SLICE(" "));
	put(out, octets);
	c->line_ends = 0;
	c->pending_wsp = false;
	c->any = true;
}

static void take_line_end(struct body_canon *c)
{
	c->pending_wsp = false; /* RFC 6376 section 3.4.4 (a): white space at the end of a line */
	c->line_ends++;
}

static bool is_crlf(const char *p, const char *end)
{
	return end - p > 1 && p[0] == '\r' && p[1] == '\n';
}

/*
 * Where the octets from p on, themselves no WSP and no CRLF, stop being their own relaxed form.
 * The stretch never ends with what a later octet could still change.
 */
static const char *unchanged_end(const char *p, const char *end)
{
	for (;;) {
		const char *stop = plain_end(p, end);
		const char *next = stop;

		if (stop > p && stop[-1] == ' ')
			return stop - 1;
		while (is_crlf(next, end))
			next += 2;
		if (next == end || is_wsp(*next) ||
		    (*next == '\r' && (next > stop || end - next == 1)))
			return stop;
		/* a control octet does not end the line, and a bare CR or LF is one of them */
		p = next > stop ? next : stop + 1;
	}
}

/* RFC 6376 section 3.4.4 (a): runs of white space become one space, those that end a line go. */
static void feed_relaxed(struct body_canon *c, const char *p, const char *end, struct sink out)
{
	while (p < end) {
		const char *stop;

		if (is_wsp(*p)) {
			c->pending_wsp = true;
			p++;
		} else if (is_crlf(p, end)) {
			take_line_end(c);
			p += 2;
		} else if (*p == '\r' && end - p == 1) {
			c->pending_cr = true;
			p++;
		} else {
			stop = unchanged_end(p, end);
			put_octets(c, slice_between(p, stop), out);
			p = stop;
		}
	}
}

/* RFC 6376 section 3.4.3: only the line ends after the last octet are pending. */
static void feed_simple(struct body_canon *c, const char *p, const char *end, struct sink out)
{
	const char *stop = end;

	if (stop > p && stop[-1] == '\r') {
		c->pending_cr = true;
		stop--;
	}
	end = stop;
	while (stop - p > 1 && is_crlf(stop - 2, stop))
		stop -= 2;
	if (stop > p)
		put_octets(c, slice_between(p, stop), out);
	c->line_ends += (uint64_t)(end - stop) / 2;
}

void body_canon_feed(struct body_canon *c, struct slice chunk, struct sink out)
{
	if (chunk.len == 0)
		return;
	if (c->pending_cr) {
		c->pending_cr = false;
		if (chunk.ptr[0] == '\n') {
			take_line_end(c);
			chunk = slice_drop(chunk, 1);
		} else {
			put_octets(c, SLICE("\r"), out);
		}
	}
	if (c->kind == CANON_SIMPLE)
		feed_simple(c, chunk.ptr, chunk.ptr + chunk.len, out);
	else
		feed_relaxed(c, chunk.ptr, chunk.ptr + chunk.len, out);
}

void body_canon_end(struct body_canon *c, struct sink out)
{
	if (c->pending_cr)
		put_octets(c, SLICE("\r"), out);
	/* RFC 6376 section 3.4.3: one CRLF at the end, of an empty body too; 3.4.4: not of that one */
	if (c->any || c->kind == CANON_SIMPLE)
		put(out, CRLF);
}
