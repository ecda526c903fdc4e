# The usage of a command and the rows of its --help name the same options (tests/cli/documented.py: and so does assay(1)).
build=$1
[ -x "$build/assay" ] || { echo "help.sh: $build/assay is not built"; exit 1; }
bad=0
checked=0

commands_of() { "$build/assay" $1 --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'; }
rows_of() { sed -n 's/^  \(-[a-z], \)\{0,1\}--\([a-z-]*\) .*/\2/p' | sort -u; }
usage_of() { sed '/^[a-z]/{/^usage/!q}' | grep -oE -- '--[a-z-]+' | sed 's/^--//' | sort -u; }

# check COMMAND [SUBCOMMAND]
check() {
	help=$("$build/assay" $1 --help)
	rows=$(printf '%s\n' "$help" | rows_of)
	usage=$(printf '%s\n' "$help" | usage_of)
	for option in $usage; do
		printf '%s\n' "$rows" | grep -qx -- "$option" || { echo "assay $1 --help does not list --$option"; bad=1; }
	done
	for option in $rows; do
		case $option in help | from | config | output) continue ;; esac # for all; a synonym; -c and -o in the usage
		printf '%s\n' "$usage" | grep -qx -- "$option" || { echo "the usage of assay $1 lacks --$option"; bad=1; }
	done
	checked=$((checked + 1))
}

for command in $(commands_of ''); do
	subcommands=$(commands_of "$command")
	[ -n "$subcommands" ] || check "$command"
	for subcommand in $subcommands; do
		check "$command $subcommand"
	done
done
[ "$checked" -gt 20 ] || { echo "only $checked commands have help"; bad=1; }
exit $bad
