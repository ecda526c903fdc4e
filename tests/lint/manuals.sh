# Manual pages are plain to both formatters: no warning of mandoc, none of groff.
bad=0
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning doc/*.[158] || bad=1
else
	echo "manuals.sh: no mandoc: half of this check is skipped"
fi
if command -v groff >/dev/null && [ "$(groff -mdoc -T ascii doc/assay.1 2>/dev/null | wc -l)" -gt 50 ]; then
	for page in doc/*.[158]; do
		said=$(groff -mdoc -T utf8 -ww "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || { echo "$page: groff: $said"; bad=1; }
	done
else
	echo "manuals.sh: no groff with mdoc macros: half of this check is skipped"
fi
exit $bad
