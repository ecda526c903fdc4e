# CVE-2020-35766: nothing writes to a fixed or guessable name in a directory that all accounts share.
files=$(git ls-files src include tests bootstrap 2>/dev/null || find src include tests bootstrap -type f)
hits=$(printf '%s\n' "$files" | grep -v '^tests/lint/temporary\.sh$' |
	xargs grep -nIE '/tmp/|TMPDIR[^" ]*\}/' | grep -vE 'mkdtemp|XXXXXX')
[ -z "$hits" ] && exit 0
echo "$hits"
echo "a name below a shared directory must come from mkdtemp"
exit 1
