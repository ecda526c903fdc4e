/*
 * import_report.h - what an import found, for a person or as JSON.
 */
#ifndef ASSAY_CLI_IMPORT_REPORT_H
#define ASSAY_CLI_IMPORT_REPORT_H

#include <stdio.h>

#include "import/import.h"

/* The worst first.  Returns how many findings are without counterpart. */
size_t import_report(const struct import *im, bool json, bool dry_run, FILE *to);

#endif
