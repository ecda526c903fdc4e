# Every library that configure asks for is in each list of packages; the spec names it as pkgconfig(MODULE).  Every unit
# is in both packages.
bad=0
for package in $(grep -o 'lib[a-z0-9.+-]*-dev\|zlib1g-dev' configure.ac | grep -v clang-rt | sort -u); do
	for list in bootstrap dist/debian/control dist/Containerfile; do
		grep -qwF -- "$package" "$list" || { echo "$list lacks $package"; bad=1; }
	done
done
for module in $(sed -n 's/.*\(ASSAY_NEED\|PKG_CHECK_MODULES\)(\[[A-Z0-9_]*\], \[\([a-z0-9.-]*\).*/\2/p' configure.ac); do
	grep -qF "pkgconfig($module)" dist/rpm/assay.spec || { echo "dist/rpm/assay.spec lacks pkgconfig($module)"; bad=1; }
done
for unit in dist/*.service.in dist/*.timer dist/*.socket; do
	unit=$(basename "${unit%.in}")
	for list in dist/debian/rules dist/rpm/assay.spec; do
		grep -qF -- "$unit" "$list" || { echo "$list lacks $unit"; bad=1; }
	done
done
exit $bad
