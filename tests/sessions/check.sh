#!/bin/sh
# Every session through the shared functions, then through the daemon's socket.
here=$(cd "$(dirname "$0")" && pwd)
build=${ASSAY_BUILDDIR:-.}
set -- "$here"/*.session
if ! "$build/tests/sessions/core" --has-arc; then
	echo "skipped: arc-*.session, as this build has no ARC"
	set --
	for file in "$here"/*.session; do
		case ${file##*/} in arc-*) ;; *) set -- "$@" "$file" ;; esac
	done
fi
"$build/tests/sessions/core" "$@" || exit 1
command -v python3 >/dev/null || { echo "skipped: python3 is not there to speak the milter protocol"; exit 0; }
python3 "$here/run_daemon.py" --build "$build" "$@"
