#include "base/limits.h"

#include "dkim/bodyhash.h"

struct bodyhash {
	const struct stream *stream;
	uint64_t length; /* l=, or BODY_LENGTH_ALL */
	struct digest *digest;
	unsigned char value[SHA256_OCTETS];
};

/* One canonicalization, done once for all the hashes over it. */
struct stream {
	struct bodyhashes *set;
	struct body_canon canon;
	uint64_t octets; /* canonical ones so far */
	bool wanted;
};

struct bodyhashes {
	struct arena *arena;
	struct stream streams[CANON_RELAXED + 1];
	struct bodyhash hashes[LIMIT_BODY_HASHES];
	size_t count;
	bool started;
};

struct bodyhashes *bodyhashes_new(struct arena *a)
{
	struct bodyhashes *set = arena_new(a, struct bodyhashes);

	if (set == NULL)
		return NULL;
	set->arena = a;
	for (size_t i = 0; i < N_ELEMENTS(set->streams); i++) {
		set->streams[i].set = set;
		body_canon_init(&set->streams[i].canon, (enum canon)i);
	}
	return set;
}

struct bodyhash *bodyhashes_want(struct bodyhashes *set, enum canon kind, uint64_t length)
{
	struct bodyhash *h = set->hashes;
	struct digest *digest;

	for (; h < set->hashes + set->count; h++)
		if (h->stream == &set->streams[kind] && h->length == length)
			return h;
	if (set->count == N_ELEMENTS(set->hashes) || set->started)
		return NULL;
	digest = digest_new(set->arena);
	if (digest == NULL)
		return NULL;
	*h = (struct bodyhash){ .stream = &set->streams[kind], .length = length, .digest = digest };
	set->streams[kind].wanted = true;
	set->count++;
	return h;
}

bool bodyhashes_needed(const struct bodyhashes *set)
{
	return set->count > 0;
}

/* Canonical octets of one stream, each hash taking as many as its length lets it. */
static void add_canonical(void *ctx, struct slice octets)
{
	struct stream *stream = ctx;
	struct bodyhashes *set = stream->set;

	for (size_t i = 0; i < set->count; i++) {
		struct bodyhash *h = &set->hashes[i];

		if (h->stream != stream || h->length <= stream->octets)
			continue;
		if (h->length - stream->octets < octets.len)
			digest_add(h->digest, slice_take(octets, (size_t)(h->length - stream->octets)));
		else
			digest_add(h->digest, octets);
	}
	stream->octets += octets.len;
}

void bodyhashes_feed(struct bodyhashes *set, struct slice chunk)
{
	set->started = true;
	for (size_t i = 0; i < N_ELEMENTS(set->streams); i++) {
		struct stream *stream = &set->streams[i];

		if (stream->wanted)
			body_canon_feed(&stream->canon, chunk,
			    (struct sink){ add_canonical, stream });
	}
}

enum rc bodyhashes_end(struct bodyhashes *set)
{
	set->started = true;
	for (size_t i = 0; i < N_ELEMENTS(set->streams); i++) {
		struct stream *stream = &set->streams[i];

		if (stream->wanted)
			body_canon_end(&stream->canon, (struct sink){ add_canonical, stream });
	}
	for (size_t i = 0; i < set->count; i++)
		TRY(digest_end(set->hashes[i].digest, set->hashes[i].value));
	return RC_OK;
}

const unsigned char *bodyhash_value(const struct bodyhash *h)
{
	return h->value;
}

uint64_t bodyhash_canonical_octets(const struct bodyhash *h)
{
	return h->stream->octets;
}
