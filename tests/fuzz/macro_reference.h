/*
 * macro_reference.h - RFC 7208 section 7 word for word: all is expanded, then cut.  What spf/macro.h
 * makes, in as many steps as it needs, must be the same.  Slow on purpose.
 */
#ifndef ASSAY_TEST_MACRO_REFERENCE_H
#define ASSAY_TEST_MACRO_REFERENCE_H

#include "base/buf.h"
#include "spf/macro.h"

/* The target-name; false: RFC 8616 section 4, or too large for out. */
bool macro_reference_name(const struct spf_values *v, struct slice spec, struct buf *out);

/* The explanation; false: there is none, or it is too large for out. */
bool macro_reference_explanation(const struct spf_values *v, struct slice text, struct buf *out);

#endif
