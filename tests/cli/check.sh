# The command line's tests, from make check.
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$ASSAY_SRCDIR/tests/cli/run.py" --build "$ASSAY_BUILDDIR" --suites without
