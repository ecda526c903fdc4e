#!/usr/bin/env python3
"""Prints an openspf test suite (YAML) as lines for the unit test of the spf room.

S description
Z line of a zone file (dns/zonefile.h)
T name TAB client TAB helo TAB mail-from TAB results, with commas TAB explanation ("-": any)

Fields of T lines are percent-encoded.  The rules that the suites state in their comments: records of
type SPF stand for TXT records too, unless the name has TXT entries of its own; TXT: NONE suppresses
them; TIMEOUT is what every type without a record gives.
"""
import sys
from urllib.parse import quote

try:
    import yaml
except ImportError:
    sys.exit(77)


def octets(text):
    """Strings of the suites hold octets, not characters."""
    return text.encode("latin-1") if isinstance(text, str) else str(text).encode()


def escaped(text, also=b""):
    out = ""
    for o in octets(text):
        out += chr(o) if 0x20 < o < 0x7F and o not in b'"\\;()' + also else "\\%03d" % o
    return out


def name(text):
    return escaped(str(text).rstrip("."), b"@#*$") or "."


def rdata(kind, value):
    if kind == "MX":
        return "%d %s" % (value[0], name(value[1]))
    if kind in ("PTR", "CNAME", "NS"):
        return name(value)
    if kind == "TXT":
        strings = value if isinstance(value, list) else [value]
        chunks = [octets(s)[i:i + 255] for s in strings or [""] for i in range(0, len(octets(s)) or 1, 255)]
        return " ".join('"%s"' % escaped(c.decode("latin-1")) for c in chunks)
    return str(value)


def print_zone(zone):
    for owner, entries in zone.items():
        has_txt = any(isinstance(e, dict) and "TXT" in e for e in entries)
        for entry in entries:
            if entry == "TIMEOUT":
                print("Z %s * !TIMEOUT" % name(owner))
                continue
            (kind, value), = entry.items()
            if kind == "SPF":
                if has_txt:
                    continue
                kind = "TXT"
            if value != "NONE":
                print("Z %s %s %s" % (name(owner), kind, rdata(kind, value)))


def print_tests(tests):
    for test, t in tests.items():
        results = t["result"] if isinstance(t["result"], list) else [t["result"]]
        fields = [test, t["host"], t["helo"], t["mailfrom"], ",".join(results),
                  t.get("explanation", "-")]
        print("T " + "\t".join(quote(octets(f), safe="") for f in fields))


def main():
    with open(sys.argv[1], encoding="latin-1") as f:
        for scenario in yaml.safe_load_all(f):
            print("S " + " ".join(scenario["description"].split()))
            print_zone(scenario["zonedata"])
            print_tests(scenario["tests"])


main()
