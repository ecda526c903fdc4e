#!/bin/sh
# Every session through the shared functions, then through the daemon's socket.
here=$(cd "$(dirname "$0")" && pwd)
build=${ASSAY_BUILDDIR:-.}
"$build/tests/sessions/core" "$here"/*.session || exit 1
command -v python3 >/dev/null || { echo "skipped: python3 is not there to speak the milter protocol"; exit 0; }
python3 "$here/run_daemon.py" --build "$build"
