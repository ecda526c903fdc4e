# Each third-party library has one home: its headers are included nowhere else.
bad=0
while read -r header home; do
	hits=$(grep -lE "#[ 	]*include[ 	]*<$header" -r src include | grep -vE "^$home" )
	if [ -n "$hits" ]; then
		echo "<$header...> is included outside $home:" $hits
		bad=1
	fi
done <<'LIST'
openssl/ src/crypto/
libpsl src/dmarc/
idn2 src/mail/domain.c
spf2/ src/spf/libspf2.c
jansson (src/verdict/json.c|src/cli/|include/assay/cli/json.h)
sqlite3 src/report/sql_sqlite.c
libpq src/report/sql_postgresql.c
libxml/ src/report/xmlwriter.c
zlib src/report/gzip.c
curl/ src/report/handover.c
libmilter/ src/daemon/milter.c
microhttpd src/daemon/metrics.c
LIST
exit $bad
