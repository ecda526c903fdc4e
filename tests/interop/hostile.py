"""What assay writes into Authentication-Results about hostile mail, read by software of others.

Wherever a sender's octets can reach the field they are given a try: the parsers must find exactly the results
that were meant (`assay verify --json` tells them) and no others, and properties only where they belong.
"""

import base64
import json
import re
import subprocess

import known
import peers
import tool

FORGED = b"dkim=pass header.d=bank.example"
NUL = b"\0"

PAYLOADS = {
    "harmless": b"x",
    "quote": b'x"',
    "quote and result": b'x" ; ' + FORGED,
    "quote and result, quoted again": b'x" ; ' + FORGED + b' header.x="y',
    "quote, result, comment": b'x" ; ' + FORGED + b" (",
    "quote, result, quote": b'x";' + FORGED + b';spf=pass smtp.helo="',
    "semicolon": b"x; " + FORGED,
    "semicolon without spaces": b"x;dkim=pass",
    "closing parenthesis": b"x); " + FORGED + b" (",
    "opening parentheses": b"(((((x",
    "backslash at the end": b"x\\",
    "backslash and quote": b'x\\" ; ' + FORGED,
    "two backslashes and quote": b'x\\\\" ; ' + FORGED + b" (",
    "backslashes": b"\\" * 9,
    "quotes": b'"' * 9,
    "quoted twice": b'""; ' + FORGED,
    "new line": b"x\n" + FORGED,
    "new line and field": b"x\r\nAuthentication-Results: mx.example; dkim=pass",
    "folded": b"x\r\n ;" + FORGED,
    "NUL": b"x" + NUL + b" ; " + FORGED,
    "controls": bytes(c for c in range(1, 32) if c not in (9, 10, 13)) + b"\x7f",
    "Latin-1": b"\xe4\xf6\xfc;\xff\xfe",
    "UTF-8": "grüße.example".encode(),
    "UTF-8 with specials": 'ü"; dkim=pass ö='.encode(),
    "UTF-8 cut": "grüße".encode()[:3],
    "separators of Unicode": "x\u0085y\u2028z\u2029\ufeff\u202e".encode(),
    "white space of Unicode": "x\u2003header.d=bank.example\u2003header.x=y".encode(),
    "line separator": "x\u2028".encode(),
    "no-break space": "x\u00a0dmarc=pass\u00a0y".encode(),
    "a result": b"dmarc=pass",
    "a result in words": b"x dmarc=pass header.from=bank.example y",
    "a result in an include": b"include:x;dmarc=pass",
    "a result with spaces": b"dmarc = pass",
    "a result with a control": b"dmarc=" + bytes([1]) + b"pass",
    "a result in a literal": b"[dmarc=pass]",
    "equals": b"x=y=z",
    "property": b"x header.d=bank.example",
    "at": b"@a@b@",
    "address": b'"a b"@bank.example',
    "comma": b"a,b,<c>",
    "slash": b"a/b[c]?d",
    "percent": b"%0d%0a%00x",
    "encoded-word": b"=?utf-8?q?=3B_dkim=3Dpass?=",
    "long": b"x" * 5000,
    "long, quotes": b'"' * 3000 + b"; " + FORGED,
    "long, backslashes": b"\\" * 511 + b'"; ' + FORGED,
    "long, in labels": b".".join([b"a" * 60] * 60),
    "long, just quoted": b"x y" * 170 + b'"',
    "empty": b"",
    "spaces": b"  \t ",
}

MESSAGE = b"From: a@author.example\r\nSubject: x\r\n\r\nhello\r\n"
SIGNATURE = {"v": b"1", "a": b"rsa-sha256", "c": b"relaxed/relaxed", "d": b"evil.example", "s": b"s", "h": b"From",
             "bh": base64.b64encode(b"h" * 32), "b": base64.b64encode(b"b" * 64)}
KEY = "s._domainkey.evil.example"
CLIENT = ["--ip", "192.0.2.1"]


class Attempt:
    def __init__(self, options=(), message=MESSAGE, records=()):
        self.options = list(options)
        self.message = message
        self.records = dict(records)             # name -> text of its TXT record


def signature(**tags):
    field = b"; ".join(name.encode() + b"=" + value for name, value in {**SIGNATURE, **tags}.items())
    return b"DKIM-Signature: " + field + b"\r\n"


def signed_with(**tags):
    return signature(**tags) + MESSAGE


def author(value):
    return b"From: " + value + b"\r\nSubject: x\r\n\r\nhello\r\n"


def encoded(payload):
    """dkim-quoted-printable, every octet of it (RFC 6376 section 2.11)"""
    return b"".join(b"=%02X" % c for c in payload)


PLACES = {
    "HELO": lambda p: Attempt(["--helo", p, "--mail-from", ""]),
    "local part of MAIL FROM": lambda p: Attempt(["--mail-from", p + b"@evil.example"], records={
        "evil.example": b"v=spf1 -all"}),
    "quoted local part of MAIL FROM": lambda p: Attempt(["--mail-from", b'"' + p + b'"@evil.example']),
    "domain of MAIL FROM": lambda p: Attempt(["--mail-from", b"a@" + p]),
    "SPF record": lambda p: Attempt(["--mail-from", "a@evil.example"], records={
        "evil.example": b"v=spf1 " + p + b" -all"}),
    "SPF explanation": lambda p: Attempt(["--mail-from", "a@evil.example"], records={
        "evil.example": b"v=spf1 exp=why.evil.example -all", "why.evil.example": p}),
    "d=": lambda p: Attempt(message=signed_with(d=p)),
    "s=": lambda p: Attempt(message=signed_with(s=p)),
    "d= and s=": lambda p: Attempt(message=signed_with(d=p, s=b") x" + p)),
    "a=": lambda p: Attempt(message=signed_with(a=p)),
    "c=": lambda p: Attempt(message=signed_with(c=p)),
    "b=": lambda p: Attempt(message=signed_with(b=p)),
    "v=": lambda p: Attempt(message=signed_with(v=p)),
    "i=": lambda p: Attempt(message=signed_with(i=p + b"@evil.example")),
    "i=, encoded": lambda p: Attempt(message=signed_with(i=encoded(p) + b"@evil.example"),
                                     records={KEY: b"v=DKIM1; p=AAAA"}),
    "i=, encoded domain": lambda p: Attempt(message=signed_with(i=b"@" + encoded(p))),
    "a tag's name": lambda p: Attempt(message=signed_with(z=b"1;" + p + b"=y")),
    "key record": lambda p: Attempt(message=signed_with(), records={KEY: b"v=DKIM1; k=" + p + b"; p=AAAA"}),
    "ten signatures": lambda p: Attempt(message=signature(d=p, s=p) * 10 + MESSAGE),
    "local part of From": lambda p: Attempt(message=author(p + b"@author.example")),
    "domain of From": lambda p: Attempt(message=author(b"a@" + p)),
    "name in From": lambda p: Attempt(message=author(b'"' + p + b'" <a@author.example>')),
    "comment in From": lambda p: Attempt(message=author(b"a@author.example (" + p + b")")),
    "From": lambda p: Attempt(message=author(p)),
    "policy record": lambda p: Attempt(records={"_dmarc.author.example": b"v=DMARC1; p=" + p + b"; rua=mailto:a@" + p}),
    "Subject and List-Id": lambda p: Attempt(message=b"List-Id: <" + p + b">\r\nSubject: " + p + b"\r\n" + MESSAGE,
                                             records={"_dmarc.author.example": b"v=DMARC1; p=reject"}),
}

ALLOWED = {"spf": {"smtp.mailfrom", "smtp.helo"},
           "dkim": {"header.d", "header.i", "header.s", "header.a", "header.b"},
           "dmarc": {"header.from", "policy.dmarc"}, "arc": {"smtp.remote-ip", "header.oldest-pass"}}
ID = "mx.example"
RESULTS = "none|pass|fail|softfail|neutral|temperror|permerror|policy"


def zone_of(records):
    def text(data):
        pieces = [data[i:i + 255] for i in range(0, len(data), 255)] or [b""]
        return " ".join('"%s"' % "".join("\\%03d" % c for c in piece) for piece in pieces)
    return "".join("%s TXT %s\n" % (name, text(data)) for name, data in records.items()).encode()


def usable(attempt):
    """No NUL passes through an argument list, nor through SMTP commands."""
    return not any(NUL in (o if isinstance(o, bytes) else o.encode()) for o in attempt.options)


class Judged:
    def __init__(self, what, outcome):
        self.what = what
        self.outcome = outcome
        values = [e["value"] for e in outcome["edits"] if e["op"] == "insert" and e["name"] == "Authentication-Results"]
        self.value = values[0] if len(values) == 1 else None

    def meant(self):
        """[method, result] of all results that assay meant, in their order"""
        o = self.outcome
        authors = o["dmarc"]["authors"]
        passed = o["dmarc"]["result"] == "pass"
        found = [["dmarc", a["result"]] for a in authors if passed or a["result"] != "pass"]
        found = found if authors else [["dmarc", o["dmarc"]["result"]]]
        found += [["spf", o["spf"]["result"]]] if "spf" in o else []
        found += [["dkim", s["result"]] for s in o["dkim"]] or [["dkim", "none"]]
        if "arc" in o:
            return found + [["arc", o["arc"]["result"]]]
        return found + ([["arc", "none"]] if "\tarc=none" in self.value else [])    # no set: left out of the outcome


def judge(setup, number, what, attempt):
    path = tool.write(setup.file("hostile", "%d.eml" % number), attempt.message)
    zone = tool.write(setup.file("hostile", "%d.zone" % number), zone_of(attempt.records))
    return Judged(what, setup.assay.verify(path, *CLIENT, "--authserv-id", ID, *attempt.options, zone=zone))


def all_judged(setup, counts):
    rows = [("%s in %s" % (name, place), make(payload)) for place, make in PLACES.items()
            for name, payload in PAYLOADS.items()]
    rows = [(i, what, attempt) for i, (what, attempt) in enumerate(rows) if usable(attempt)]

    def one(row):
        try:
            return judge(setup, *row)
        except (tool.Failed, ValueError) as e:
            return "%s: %s" % (row[1], e)
    judged = []
    for j in tool.each(one, rows):
        if isinstance(j, str):
            counts.fail(j)
        elif j.value is None:
            counts.fail("%s: no field, or several" % j.what)
        else:
            judged.append(j)
    return judged


def looks_right(value):
    """The field as it stands in the message: folded properly, nothing in it that a field must not have."""
    lines = value.split("\n")
    return (len(value.encode()) < 64 * 1024 and all(line.startswith(("\t", " ")) for line in lines[1:]) and
            not re.search("[^\\t\\n\x20-\x7e]", value) and all(line.strip() for line in lines) and
            all(len(line.encode()) <= 998 for line in lines))


def words(value):
    """[method, result] as filters find them that search the field for words and know nothing of quotes."""
    return [list(found) for found in re.findall(r"(?<!policy\.)\b(spf|dkim|dmarc|arc)\s*=\s*(%s)" % RESULTS, value, re.IGNORECASE)]


def in_unicode(name):
    """A name with its A-labels decoded (RFC 3492)."""
    return re.sub("(?<![^.@])xn--([^.@]+)", lambda label: label[1].encode().decode("punycode"), name)


def belongs(written, meant):
    """Is this property's value exactly what was meant?  Names are written with A-labels."""
    return meant in (written, in_unicode(written))


def wrong_values(judged, results):
    """Properties that say something else than the outcome has."""
    o = judged.outcome
    signatures = [r for r in results if r[0] == "dkim"]
    for r, s in zip(signatures, o["dkim"]):
        for name, key in (("header.d", "domain"), ("header.s", "selector"), ("header.i", "identity")):
            if name in r[2] and not belongs(r[2][name], s.get(key) or "@" + s.get("domain", "")):
                yield "%s is %r, meant was %r" % (name, r[2][name], s.get(key))
    for r in results:
        if r[0] == "dmarc" and "header.from" in r[2]:
            if not any(belongs(r[2]["header.from"], a["domain"]) for a in o["dmarc"]["authors"]):
                yield "header.from is %r" % r[2]["header.from"]


def lacking(judged, results):
    """Properties that a result must have but has not.  Where one is quoted that is not the last of its result,
    nobody is asked: python3-authres loses it."""
    if '"' in re.sub('reason="[^"]*"', "", judged.value):
        return []
    o = judged.outcome
    spf = {"smtp." + ("mailfrom" if o["spf"]["scope"] == "mfrom" else "helo")}
    wanted = {"dkim": ALLOWED["dkim"] if o["dkim"] else set(),
              "dmarc": {"header.from"} if o["dmarc"]["authors"] else set(),
              "spf": spf if "domain" in o["spf"] else set(), "arc": set()}
    return [(method, wanted[method] - set(properties)) for method, _, properties in results
            if not wanted[method] <= set(properties)]


def wrong(judged, found):
    """What a parser made of it that was not meant; None when all is well."""
    if "error" in found:
        return "unreadable: " + found["error"]
    if found["id"] != ID:
        return "the authserv-id is %r" % found["id"]
    results = found["results"]
    if [r[:2] for r in results] != judged.meant():
        return "results %s, meant were %s" % ([r[:2] for r in results], judged.meant())
    if judged.what.startswith("harmless ") and "d= and s=" not in judged.what and lacking(judged, results):
        return "no property %s" % lacking(judged, results)
    foreign = [name for r in results for name in r[2] if name not in ALLOWED[r[0]]]
    if foreign:
        return "properties %s" % foreign
    return next(wrong_values(judged, results), None)


class Parser:
    def __init__(self, name, argv):
        self.name = name
        self.argv = argv

    def read(self, values):
        done = subprocess.run(self.argv, input=json.dumps(values), encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=peers.BATCH_SECONDS)
        if done.returncode != 0:
            raise peers.Missing(done.stderr.strip().splitlines()[-1])
        answer = json.loads(done.stdout)
        print("parser %s" % answer["version"])
        return answer["fields"]


def parsers(counts):
    try:
        yield Parser("python3-authres", [peers.python_with("authres"), peers.script("peer_authres.py")])
    except peers.Missing as e:
        counts.skip("parser python3-authres: %s" % e)
    yield Parser("Mail::AuthenticationResults", ["perl", peers.script("peer_authres.pl")])


def check(setup, counts):
    judged = all_judged(setup, counts)
    print("hostile: %d fields" % len(judged), flush=True)
    for j in judged:
        counts.check(looks_right(j.value), "%s: the field is malformed: %r" % (j.what, j.value[:300]))
        counts.check(words(j.value) == j.meant(), "%s: a search for words finds %s in %r" %
                     (j.what, words(j.value), j.value[:300]))
    for parser in parsers(counts):
        try:
            read = parser.read([j.value for j in judged])
        except (peers.Missing, OSError) as e:
            counts.skip("parser %s: %s" % (parser.name, e))
            continue
        for j, found in zip(judged, read):
            why = wrong(j, found)
            explained = why and known.field(parser.name, why, j.value)
            if explained:
                counts.explain(explained)
            else:
                counts.check(not why, "%s, read by %s: %s\n%s" % (j.what, parser.name, why, j.value[:1000]))
