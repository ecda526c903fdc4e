#include <stdlib.h>

#include <libxml/xmlwriter.h>

#include "base/utf8.h"

#include "xmlwriter.h"

struct xml_writer {
	xmlTextWriterPtr writer;
	struct buf *out;
	struct buf text; /* the text of one element, cleaned */
	bool failed;
};

static const xmlChar *chars(const char *text)
{
	return (const xmlChar *)text;
}

/* xmlOutputWriteCallback */
static int write_out(void *ctx, const char *octets, int len)
{
	struct xml_writer *w = ctx;

	buf_add(w->out, slice_of(octets, (size_t)len));
	return buf_failed(w->out) ? -1 : len;
}

static void check(struct xml_writer *w, int result)
{
	if (result < 0)
		w->failed = true;
}

static bool begin_document(struct xml_writer *w)
{
	xmlOutputBufferPtr output = xmlOutputBufferCreateIO(write_out, NULL, w, NULL);

	if (output == NULL)
		return false;
	w->writer = xmlNewTextWriter(output);
	if (w->writer == NULL) {
		xmlOutputBufferClose(output);
		return false;
	}
	check(w, xmlTextWriterSetIndent(w->writer, 1));
	check(w, xmlTextWriterSetIndentString(w->writer, chars(" ")));
	check(w, xmlTextWriterStartDocument(w->writer, "1.0", "UTF-8", NULL));
	return true;
}

struct xml_writer *xml_begin(struct buf *out)
{
	struct xml_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->out = out;
	w->text = (struct buf)BUF_INIT(out->max);
	if (begin_document(w))
		return w;
	free(w);
	return NULL;
}

void xml_open(struct xml_writer *w, const char *name)
{
	check(w, xmlTextWriterStartElement(w->writer, chars(name)));
}

void xml_attribute(struct xml_writer *w, const char *name, const char *value)
{
	check(w, xmlTextWriterWriteAttribute(w->writer, chars(name), chars(value)));
}

void xml_close(struct xml_writer *w)
{
	check(w, xmlTextWriterEndElement(w->writer));
}

/*
 * How many octets at the start of s are a Char of XML 1.0 section 2.2 other than a line end or TAB; C1
 * controls, which XML discourages, are none for us.
 */
static size_t char_octets(struct slice s)
{
	size_t n = utf8_sequence(s);

	if (n == 1 && (unsigned char)s.ptr[0] < 0x20)
		return 0;
	if (n == 3 && memcmp(s.ptr, "\xef\xbf", 2) == 0 && (unsigned char)s.ptr[2] >= 0xbe)
		return 0; /* U+FFFE, U+FFFF */
	return n;
}

void xml_text(struct xml_writer *w, const char *name, struct slice text)
{
	buf_clear(&w->text);
	while (text.len > 0) {
		size_t n = char_octets(text);

		buf_add(&w->text, n > 0 ? slice_take(text, n) : SLICE("?"));
		text = slice_drop(text, n > 0 ? n : 1);
	}
	if (buf_failed(&w->text))
		w->failed = true;
	check(w, xmlTextWriterWriteElement(w->writer, chars(name), chars(buf_cstr(&w->text))));
}

void xml_word(struct xml_writer *w, const char *name, const char *word)
{
	check(w, xmlTextWriterWriteElement(w->writer, chars(name), chars(word)));
}

void xml_number(struct xml_writer *w, const char *name, uint64_t number)
{
	check(w, xmlTextWriterWriteFormatElement(w->writer, chars(name), "%llu",
	    (unsigned long long)number));
}

enum rc xml_end(struct xml_writer **w)
{
	struct xml_writer *x = *w;
	enum rc rc;

	*w = NULL;
	check(x, xmlTextWriterEndDocument(x->writer));
	xmlFreeTextWriter(x->writer); /* what it held back is written now */
	rc = buf_failed(x->out) ? RC_LIMIT : x->failed ? RC_NOMEM : RC_OK;
	buf_free(&x->text);
	free(x);
	return rc;
}
