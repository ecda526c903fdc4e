/* The From field (mail/address.h): an author domain always stands there in one piece. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool stands_in(struct slice text, struct slice name)
{
	for (; text.len >= name.len; text = slice_drop(text, 1))
		if (slice_istarts_with(text, name))
			return true;
	return false;
}

static void check_mailbox(struct arena *a, struct slice value, const struct authors *authors,
    const struct mailbox *m)
{
	struct domain again;
	bool listed = false;

	for (size_t i = 0; i < authors->domain_count; i++)
		listed |= domain_eq(authors->domains[i], m->domain);
	if (!listed || !domain_parse(a, m->domain.name, &again) || !domain_eq(again, m->domain))
		abort();
	if (slice_is_ascii(value) && !stands_in(value, m->domain.name))
		abort();
}

static bool is_an_author(const struct authors *authors, struct slice text)
{
	for (size_t i = 0; i < authors->domain_count; i++)
		if (slice_istarts_with(text, authors->domains[i].name))
			return true;
	return false;
}

/* Read leniently, with nothing quoted or commented: every address to be seen is of a domain that is judged. */
static void check_seen_domains(struct slice value, const struct authors *authors)
{
	for (size_t i = 0; i < value.len; i++)
		if (strchr("\"(\\", value.ptr[i]) != NULL || is_8bit(value.ptr[i]))
			return;
	for (size_t at = slice_find(value, '@'); at < value.len; at = slice_find(value, '@')) {
		value = slice_trim(slice_drop(value, at + 1));
		if (!is_an_author(authors, value))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct authors authors;

	authors_parse(a, value, &authors);
	if ((authors.status == FROM_OK) != (authors.domain_count > 0) ||
	    authors.domain_count > LIMIT_AUTHOR_DOMAINS || authors.count > LIMIT_AUTHORS)
		abort();
	if (authors.status == FROM_OK && slice_find(value, '\0') < value.len)
		abort();
	if (authors.lenient && authors.status == FROM_OK && authors.why == NULL)
		abort();
	if (authors.lenient && authors.status == FROM_OK && utf8_valid(value))
		check_seen_domains(value, &authors);
	for (size_t i = 0; i < authors.count && authors.count <= 20; i++)
		check_mailbox(a, value, &authors, &authors.mailboxes[i]);
	arena_free(&a);
	return 0;
}
