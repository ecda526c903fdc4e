# The tarball has every file of the project but git's and the gate's own.
build=${1:?the build directory}
git rev-parse --git-dir >/dev/null 2>&1 || { echo "skipped: not a git checkout, so what a tarball must have is not known"; exit 0; }
place=$(mktemp -d "${TMPDIR:-/tmp}/assay-tarball-XXXXXX") || exit 1
trap 'rm -rf "$place"' EXIT
make -s -C "$build" distdir distdir="$place/assay" am__remove_distdir=: >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
missing=$(git ls-files | grep -v '/\?\.gitignore$' | while read -r file; do
	[ -e "$place/assay/$file" ] || echo "$file"
done)
[ -z "$missing" ] && exit 0
echo "$missing"
echo "not in the tarball: see EXTRA_DIST and dist-hook in Makefile.am"
exit 1
