#!/bin/sh
# The daemon's life as a process.
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "skipped: python3 is not there to speak the milter protocol"; exit 0; }
exec python3 "$here/run.py" --build "${ASSAY_BUILDDIR:-.}"
