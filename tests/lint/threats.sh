# Each fault in the table of doc/THREATS is named by the test that stands below it.
awk '
/^  [A-Z][^ ]*#?[0-9]* / || /^  (rspamd|mail-?auth) / { name = substr($0, 3, 16); sub(/ +$/, "", name) }
/^ +tests\// { count++; print name "|" $1 }
END { if (count < 20) print "the table|is not there" }' doc/THREATS |
	(bad=0
	while IFS='|' read -r name file; do
		grep -qF -- "$name" "$file" 2>/dev/null || { echo "THREATS: $file does not name $name"; bad=1; }
	done
	exit $bad)
