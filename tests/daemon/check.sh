#!/bin/sh
# The daemon's life as a process; what it keeps for reports.
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "skipped: python3 is not there to speak the milter protocol"; exit 0; }
build=${ASSAY_BUILDDIR:-.}
python3 "$here/run.py" --build "$build" || exit 1
python3 "$here/monitoring.py" --build "$build" || exit 1
# 10000 messages: ./bootstrap check
exec python3 "$here/history.py" --build "$build" --messages 1200
