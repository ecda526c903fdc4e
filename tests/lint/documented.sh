# Every configuration option stands in assay.conf(5), every subcommand in assay(1) and --help.
build=$1
[ -x "$build/assay" ] || { echo "documented.sh: $build/assay is not built"; exit 1; }
bad=0
"$build/assay" config --options | while read -r section name; do
	[ "$section" = - ] && section=
	awk -v section="$section" -v name="$name" '
		/^\.Ss / { current = $3; sub(/^"/, "", current) ; if ($2 != "Section") current = "" }
		$1 == ".It" && $2 == "Ic" && $3 == name && (section == "" ? current == "" : current == section) { found = 1 }
		END { exit !found }' doc/assay.conf.5 ||
		{ echo "assay.conf(5) lacks ${section:+$section: }$name"; exit 1; }
done || bad=1
for command in $("$build/assay" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
	grep -q "^\.It Cm $command" doc/assay.1 || { echo "assay(1) lacks the command $command"; bad=1; }
done
for option in $("$build/assayd" --help | grep -o -- '--[a-z-]*' | sort -u); do
	grep -qF -- "$option" doc/assayd.8 || grep -qF -- "Fl \\-${option#--}" doc/assayd.8 ||
		grep -qF -- "Fl -${option#--}" doc/assayd.8 || { echo "assayd(8) lacks $option"; bad=1; }
done
exit $bad
