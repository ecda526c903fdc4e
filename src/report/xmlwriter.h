/*
 * xmlwriter.h - elements of an XML document whose text others may have chosen.
 *
 * What is written is well-formed UTF-8 XML 1.0 whatever the octets: those that are not UTF-8 or that
 * XML cannot have become "?".  Failures stick: write freely, ask at the end.
 */
#ifndef ASSAY_REPORT_XMLWRITER_H
#define ASSAY_REPORT_XMLWRITER_H

#include <stdint.h>

#include "base/buf.h"

struct xml_writer;

/* The document goes to out, whose ceiling is the largest one.  NULL: out of memory. */
struct xml_writer *xml_begin(struct buf *out);

/* Elements that contain elements; an attribute for the one just opened. */
void xml_open(struct xml_writer *w, const char *name);
void xml_attribute(struct xml_writer *w, const char *name, const char *value);
void xml_close(struct xml_writer *w);

/* Elements that contain text. */
void xml_text(struct xml_writer *w, const char *name, struct slice text);
void xml_word(struct xml_writer *w, const char *name, const char *word);
void xml_number(struct xml_writer *w, const char *name, uint64_t number);

/* Ends the document and frees the writer.  RC_LIMIT: out was too small; RC_NOMEM. */
MUST_CHECK enum rc xml_end(struct xml_writer **w);

#endif
