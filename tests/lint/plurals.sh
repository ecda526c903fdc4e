# A noun after a number is chosen by plural() (base/plural.h): no message says "1 errors".
counted='errors|findings|warnings|messages|lines|records|reports|addresses|keys|times|days|hours|seconds|rows|matches'
counted="$counted|authors|domains|connections|failures"
conversion='%-?[0-9]*(l|ll|z)?[ud] '

# their numbers are never 1
above_one='records at one selector|has %zu addresses: write at most|queue id %u times'

offenders=$(grep -rnE "$conversion([a-z]+ )?($counted)\b" src --include='*.c' | grep -vE "$above_one")
[ -z "$offenders" ] && exit 0
printf 'a plural after a number that may be 1:\n%s\n' "$offenders"
exit 1
