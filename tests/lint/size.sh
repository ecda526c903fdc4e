# Functions of at most 100 lines, files of at most 800.
awk '
FNR == 1 { start = 0 }
/^\{/ { start = FNR }
/^\}/ {
	if (start && FNR - start > 100) {
		print FILENAME ":" start ": a function of " FNR - start " lines"
		bad = 1
	}
	start = 0
}
FNR == 801 {
	print FILENAME ": more than 800 lines"
	bad = 1
}
END { exit bad }' src/*/*.c include/assay/*/*.h tests/lib/*.c
