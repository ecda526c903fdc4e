# Every function that one file offers to others has a user in the programs; tests alone do not count.
build=$1
objects="$build/src/daemon/main.o $build/src/cli/main.o $(ls "$build"/src/cli/report*.o 2>/dev/null)"
ls $objects "$build"/lib*.a >/dev/null 2>&1 || { echo "unused.sh: $build is not built"; exit 1; }
command -v nm >/dev/null || { echo "unused.sh: no nm: this check is skipped"; exit 0; }
rooms=$(ls "$build"/lib*.a | grep -vE '/lib(test|replay)\.a$')
# kept on purpose: sigwait() is called by libmilter; the others are a level of the log, and what tests need to
# look at a value or to release one that the daemon keeps until it ends
kept=' report_builder_end store_close_day store_may_close sigwait log_debug arena_used header_unfolded authors_of_message authres_free queue_stop services_free '
bad=0
# defined, and asked for by no other object; an own use (a line beside the definition's) is enough
for name in $(nm -A $rooms $objects 2>/dev/null | awk '
	NF < 3 { next }
	$(NF - 1) == "U" { used[$NF] = 1 }
	$(NF - 1) == "T" && $NF !~ /^(main$|__)/ { defined[$NF] = 1 }
	END { for (name in defined) if (!(name in used)) print name }'); do
	case $kept in *" $name "*) continue ;; esac
	[ "$(grep -hw -- "$name" src/*/*.c | grep -vcE '^[ 	]*(/?\*|//)')" -ge 2 ] && continue
	echo "$name() has no user outside tests: $(grep -lw -- "$name" include/assay/*/*.h src/*/*.h | tr '\n' ' ')"
	bad=1
done
exit $bad
