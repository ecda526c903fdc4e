# The direction of the rooms: which room may include which, from the #include lines.
awk '
BEGIN {
	may["base"] = "base"
	may["crypto"] = "base crypto"
	may["dns"] = "base dns"
	may["mail"] = "base mail"
	may["dkim"] = "base crypto dns mail dkim"
	may["arc"] = "base crypto dns mail dkim arc"
	may["spf"] = "base dns mail spf"
	may["dmarc"] = may["dkim"] " spf dmarc"
	may["signing"] = "base crypto dns mail dkim signing"
	may["verdict"] = may["dmarc"] " arc signing verdict"
	may["config"] = may["verdict"] " config"
	may["import"] = may["config"] " import"
	may["report"] = may["config"] " report"
	may["daemon"] = may["report"] " daemon"
	may["cli"] = may["report"] " import cli"
	for (room in may) {
		n = split(may[room], list, " ")
		for (i = 1; i <= n; i++)
			allowed[room, list[i]] = 1
	}
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	room = part[n - 1]
	if (!(room in may)) {
		print FILENAME ": no such room: " room
		bad = 1
	}
}
/^#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	n = split(quoted[2], part, "/")
	if (n == 2 && !((room, part[1]) in allowed)) {
		print FILENAME ":" FNR ": " room " may not include " quoted[2]
		bad = 1
	}
}
END { exit bad }' src/*/*.c $(ls src/*/*.h 2>/dev/null) include/assay/*/*.h
