# assayd(8) has every family of metrics that the sources write, and no other.
written=$(find src -name '*.c' -exec cat {} + | tr '\n' ' ' |
	grep -oE '(facts_family\(f|write_times\(f, &facts), "[a-z_]+"(, FACTS_COUNTER)?' |
	sed -E 's/.*"([a-z_]+)", FACTS_COUNTER/\1_total/; s/.*"([a-z_]+)"/\1/' | sort)
documented=$(sed -n 's/^\.It Li assay_\([a-z_]*\).*/\1/p' doc/assayd.8 | sort)
bad=0
for name in $written; do
	printf '%s\n' "$documented" | grep -qx -- "$name" || { echo "assayd(8) lacks the metric assay_$name"; bad=1; }
done
for name in $documented; do
	printf '%s\n' "$written" | grep -qx -- "$name" || { echo "assayd(8) names assay_$name, which is not written"; bad=1; }
done
printf '%s\n' "$written" | uniq -d | grep . && { echo "written in two places"; bad=1; }
[ -n "$written" ] || { echo "metrics.sh finds no metrics in the sources"; bad=1; }
exit $bad
