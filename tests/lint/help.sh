# What `assay COMMAND --help` lists is what its usage names, and assay(1): neither has an option more.
build=$1
[ -x "$build/assay" ] || { echo "help.sh: $build/assay is not built"; exit 1; }
bad=0

commands_of() { "$build/assay" $1 --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'; }

# "--name" of every option: in the rows of a help text, in its usage
rows_of() { sed -n 's/^  \(-[a-z], \)\{0,1\}--\([a-z-]*\) .*/\2/p' | grep -vx help | sort -u; }
usage_of() { sed '/^[a-z]/{/^usage/!q}' | grep -oE -- '--[a-z-]+' | sed 's/^--//' | sort -u; }

# options in the manual: in the heads of a command; in all that is said of it; in what is shared by commands
heads_of() { grep -E "^\.It Cm $1( |$)" doc/assay.1 | grep -oE 'Fl -[a-z-]+' | sed 's/^Fl -//' | sort -u; }
said_of() {
	awk -v command="$1" '
		/^\.It Cm / { inside = $3 == command }
		/^Options shared by several commands/ { inside = 1 }
		/^\.Ss / { inside = 0 }
		inside' doc/assay.1 | grep -oE 'Fl -[a-z-]+' | sed 's/^Fl -//' | sort -u
}

# check COMMAND [SUBCOMMAND]
check() {
	help=$("$build/assay" $1 --help)
	rows=$(printf '%s\n' "$help" | rows_of)
	usage=$(printf '%s\n' "$help" | usage_of)
	said=$(said_of "${1%% *}")
	for option in $usage $(heads_of "$1"); do
		printf '%s\n' "$rows" | grep -qx -- "$option" || { echo "assay $1 --help does not list --$option"; bad=1; }
	done
	for option in $rows; do
		printf '%s\n' "$said" | grep -qx -- "$option" || { echo "assay(1), $1: lacks --$option"; bad=1; }
		case $option in from | config) continue ;; esac # a synonym; -c in the usage
		printf '%s\n' "$usage" | grep -qx -- "$option" || [ "$option" = output ] ||
			{ echo "the usage of assay $1 lacks --$option"; bad=1; }
	done
	checked=$((checked + 1))
}

checked=0
for command in $(commands_of ''); do
	subcommands=$(commands_of "$command")
	[ -n "$subcommands" ] || check "$command"
	for subcommand in $subcommands; do
		check "$command $subcommand"
	done
done
[ "$checked" -gt 20 ] || { echo "only $checked commands have help"; bad=1; }
exit $bad
