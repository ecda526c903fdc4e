# Every path and every function that README, HACKING, THREATS and the contracts in include/ name exists.
documents="README doc/HACKING doc/THREATS doc/MIGRATING doc/DOMAINS doc/NEIGHBOURS doc/MONITORING doc/REPORTS"
headers=$(find include -name '*.h')
bad=0

# a path: below a folder of the project, or ROOM/FILE as sources include it
for name in $(cat $documents $headers | grep -oE '(^|[^A-Za-z0-9_/.$-])(src|include|tests|doc|dist|keys|base|crypto|dns|mail|dkim|arc|spf|dmarc|signing|verdict|report|config|daemon|cli)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' |
	sed 's/^[^a-z]//' | sort -u); do
	case $name in
	*ROOM* | *MODULE* | *NAME*) continue ;;
	esac
	for place in . src include/assay include; do
		for file in "$place/$name" "$place/$name.c" "$place/$name.h"; do
			[ -e "$file" ] && continue 3
		done
	done
	echo "there is nothing called $name: $(grep -lF -- "$name" $documents $headers | tr '\n' ' ')"
	bad=1
done

# a function: NAME() in a text; declared or called somewhere, or of others: of RFC 7208, C, POSIX, libmilter
known=$(find src include tests \( -name '*.[ch]' -o -name '*.py' \) -exec grep -ohE '[A-Za-z_][A-Za-z0-9_]*\(([^)]|$)' {} + |
	sed 's/(.*//' | sort -u)
for name in $(cat $documents $headers | grep -oE '[A-Za-z_][A-Za-z0-9_*]*\(\)' | tr -d '()' | sort -u); do
	case $name in
	check_host | assert | fork | smfi_main | *'*'*) continue ;;
	esac
	printf '%s\n' "$known" | grep -qx -- "$name" && continue
	echo "there is no function $name(): $(grep -lF -- "$name()" $documents $headers | tr '\n' ' ')"
	bad=1
done
exit $bad
