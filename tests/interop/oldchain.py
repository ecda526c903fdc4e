"""The same messages through the old chain and through assayd with the configuration that is imported from its files.

What is signed carries the same d=, s= and i=, the same canonicalization and fields; what arrives ends alike.
Where it does not, the import's report must have a line that said so: each row below names that line's option.
"""

import concurrent.futures
import gzip
import json
import os
import re
import subprocess

import chain
import run_daemon
import tool
from chain import Envelope

SAYS_SO = ("different", "unsafe", "without counterpart")
WHOSE = "whose mail is signed"
ANYWHERE = None
TOGETHER = 8
FIELDS = ("SignHeaders", "OversignHeaders", "OmitHeaders")

# --- sites -----------------------------------------------------------------------------------------------------

# name, lines of opendkim.conf, tables; {place} is the directory, {key} a key file
SITES = (
    ("a key file", "Domain example.com\nSelector s\nKeyFile {key}\n", {}),
    ("a key file for several domains and those below",
     "Canonicalization relaxed/simple\nDomain example.com, Example.NET\nSelector s\nKeyFile {key}\nSubDomains yes\n", {}),
    ("patterns", "Canonicalization relaxed/relaxed\nKeyTable {place}/KeyTable\nSigningTable refile:{place}/SigningTable\n",
     {"KeyTable": "com example.com:s1:{key}\nnet example.net:s2:{key}\n",
      "SigningTable": "joe@example.com net\n*@example.com com\n*@*.example.com com\n*@example.net net\n"}),
    ("look-ups in six steps", "KeyTable file:{place}/KeyTable\nSigningTable {place}/SigningTable\n",
     {"KeyTable": "com example.com:s1:{key}\nnet example.net:s2:{key}\n",
      "SigningTable": "joe@example.com net\nexample.com com\n.example.com com\nexample.net net\n"}),
    ("every domain", "KeyTable {place}/KeyTable\nSigningTable refile:{place}/SigningTable\n",
     {"KeyTable": "any %:s:{key}\n", "SigningTable": "* any\n"}),
    ("several signatures", "KeyTable {place}/KeyTable\nSigningTable refile:{place}/SigningTable\nMultipleSignatures yes\n",
     {"KeyTable": "a example.com:s1:{key}\nb example.com:s2:{key}\n", "SigningTable": "*@example.com a\n*@example.com b\n"}),
    ("identities", "KeyTable {place}/KeyTable\nSigningTable refile:{place}/SigningTable\n",
     {"KeyTable": "com example.com:s1:{key}\nnet example.net:s2:{key}\n",
      "SigningTable": "*@example.com com:@mail.example.com\n*@example.net net:agent@example.net\n"}),
    ("chosen fields", "Domain example.com\nSelector s\nKeyFile {key}\nSignHeaders *,+X-Office,-Subject\nOversignHeaders From\n", {}),
    ("fields left out", "Domain example.com\nSelector s\nKeyFile {key}\nOmitHeaders Date,Message-ID,Received,Comments\n", {}),
    ("a macro", "Domain example.com\nSelector s\nKeyFile {key}\nMacroList daemon_name=ORIGINATING|MSA\n", {}),
    ("recipients", "Domain example.com\nSelector s\nKeyFile {key}\nDontSignMailTo refile:{place}/no\n", {"no": "*@legacy.example\n"}),
)

# From, envelope, the option whose line says why it may differ (None: it must not)
OUTGOING = (
    ("joe@example.com", Envelope("joe@example.com", "127.0.0.1"), None),
    ("Ann <ann@example.com>", Envelope("ann@example.com", auth="ann@example.com"), None),
    ("ann@example.com", Envelope("bounce@other.example", "127.0.0.1"), None),
    ("ann@example.com", Envelope("joe@example.net", auth="joe@example.net"), WHOSE),
    ("ann@EXAMPLE.net", Envelope("ann@example.net", "127.0.0.1"), None),
    ("ann@sub.example.com", Envelope("ann@sub.example.com", "127.0.0.1"), None),
    ("ann@sub.example.com", Envelope("ann@sub.example.com", auth="ann"), None),
    ("ann@elsewhere.example", Envelope("ann@elsewhere.example", "127.0.0.1"), None),
    ("ann@example.com", Envelope("ann@example.com"), None),
    ("ann@example.com", Envelope("ann@example.com", daemon="ORIGINATING"), None),
    ("ann@example.com", Envelope("ann@example.com", "127.0.0.1", to=["<fax@legacy.example>"]), None),
    ("ann@example.com", Envelope("ann@example.com", "127.0.0.1", to=["<fax@legacy.example>", "<x@y.example>"]), "DontSignMailTo"),
)

MORE_FIELDS = b"".join(name + b": x\r\n" for name in (
    b"Sender", b"Reply-To", b"Cc", b"In-Reply-To", b"References", b"MIME-Version", b"Content-Type",
    b"Content-Transfer-Encoding", b"Content-ID", b"Content-Description", b"Resent-Date", b"Resent-From", b"Resent-To",
    b"Resent-Cc", b"List-Id", b"List-Help", b"List-Unsubscribe", b"List-Subscribe", b"List-Post", b"List-Owner",
    b"List-Archive", b"X-Office", b"X-Other", b"Comments"))


def letter(author, more=b""):
    return (b"From: %s\r\nTo: ann@house.example\r\nSubject: a letter\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n"
            b"Message-ID: <1@mail.example>\r\n%s\r\nHello.\r\n" % (author.encode(), more))


# --- the two sides of a site -----------------------------------------------------------------------------------------


class Site:
    """Old files, and a directory with the configuration that is imported from them."""

    def __init__(self, setup, name, texts, enforce, zone):
        """texts: file name -> text, in which {place} and {key} stand for paths."""
        self.place = os.path.dirname(setup.file("oldchain", re.sub("[^a-z]", "-", name), "x"))
        self.build = os.path.dirname(setup.assay.program)
        key = setup.keys.path["rsa2048"]
        self.files = {n: tool.write(os.path.join(self.place, n), t.format(place=self.place, key=key).encode())
                      for n, t in texts.items()}
        self.new = os.path.join(self.place, "new")
        os.makedirs(os.path.join(self.new, "keys"))
        zone_file = tool.write(os.path.join(self.place, "zone"), zone.encode())
        self.findings = self.run_import()
        conf = os.path.join(self.new, "assay.conf")
        text = tool.read(conf).decode().replace("enforce = observe", "enforce = " + enforce)
        tool.write(conf, (text + 'dns { test-zone-file = "%s" }\n' % zone_file).encode())

    def run_import(self):
        old = [path for name, path in self.files.items() if name.endswith(".conf")]
        done = subprocess.run([os.path.join(self.build, "assay"), "import", "--json", "--trusted", "internal", "--keys",
                               os.path.join(self.new, "keys"), "-o", os.path.join(self.new, "assay.conf")] + old,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode not in (0, 3):
            raise RuntimeError("import: " + done.stderr.decode())
        return json.loads(done.stdout)["findings"]

    def says(self, *options):
        return any(f["option"] in options and f["kind"] in SAYS_SO for f in self.findings)

    def daemon(self):
        return run_daemon.Daemon(self.build, self.new)


# --- signing -----------------------------------------------------------------------------------------------------------


def signatures(fields):
    """What the DKIM-Signature fields say, and the names of the fields that they sign."""
    said, names = [], []
    for name, value in fields:
        if name.lower() != b"dkim-signature":
            continue
        tags = {}
        for part in value.decode().split(";"):
            tag, _, text = part.partition("=")
            tags[tag.strip()] = re.sub(r"\s", "", text)
        said.append((tags["d"], tags["s"], tags.get("i", "@" + tags["d"]), tags["a"], tags.get("c", "simple/simple")))
        names.append(sorted(tags["h"].lower().split(":")))
    return sorted(said), sorted(names)


class Pair:
    """A site's old chain and its assayd, both running."""

    def __init__(self, programs, site, zone=""):
        self.old = chain.Chain(programs, site.place, site.files, zone)
        try:
            self.new = site.daemon()
        except BaseException:
            self.old.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.new.stop()
        self.old.stop()

    def play(self, envelope, message):
        """-> what each makes of it: ending, fields, body"""
        return self.old.play(envelope, message), chain.at_milter(self.new.socket, envelope, message)


def compare_signing(site, pair, row):
    """-> (good, text, were both signed?)"""
    author, envelope, said_so = row
    what = "%s, From %s, %s" % (os.path.basename(site.place), author, envelope)
    (before, names_before), (after, names_after) = (
        signatures(fields) for _, fields, _ in pair.play(envelope, letter(author, MORE_FIELDS)))
    both = bool(before and after)
    if before != after:
        return said_so and site.says(said_so), "%s: opendkim signs %s, assayd %s" % (what, before, after), both
    return names_before == names_after or site.says(*FIELDS), \
        "%s: opendkim signs the fields %s, assayd %s" % (what, names_before, names_after), both


def signing_site(setup, programs, row):
    name, lines, tables = row
    site = Site(setup, name, dict(tables, **{"opendkim.conf": "Syslog no\nRequireSafeKeys no\n" + lines}), "no", "")
    with Pair(programs, site) as pair:
        return [compare_signing(site, pair, row) for row in OUTGOING]


# --- arriving mail ---------------------------------------------------------------------------------------------------

# The key is everybody's; SPF allows 192.0.2.1
ZONE = {
    "good.example": "v=spf1 ip4:192.0.2.1 -all", "_dmarc.good.example": "v=DMARC1; p=reject",
    "careful.example": "v=spf1 ip4:192.0.2.1 ~all", "_dmarc.careful.example": "v=DMARC1; p=quarantine",
    "lax.example": "v=spf1 ip4:192.0.2.1 ?all", "_dmarc.lax.example": "v=DMARC1; p=none",
    "list.example": "v=spf1 ip4:192.0.2.2 -all", "_dmarc.list.example": "v=DMARC1; p=none",
    "some.example": "v=spf1 -all", "_dmarc.some.example": "v=DMARC1; p=reject; pct=0",
    "org.example": "v=spf1 -all", "_dmarc.org.example": "v=DMARC1; p=reject; sp=none", "sub.org.example": "v=spf1 ?all",
    "perm.example": "v=spf1 no-such-mechanism -all", "temp.example": "!SERVFAIL", "bad.example": "v=spf1 -all",
}
KEYS = ("good.example", "careful.example", "lax.example", "list.example")

HERE, THERE = "192.0.2.1", "192.0.2.66"       # allowed by the SPF records, and not


def changed(text):
    return text + b"A footer.\r\n"


def arriving(sign):
    """name, envelope, message"""
    good = letter("a@good.example")
    many = b"From: b@lax.example\r\n" + good
    forged = (b"Authentication-Results: mx.house.example; spf=pass smtp.mailfrom=good.example;\r\n"
              b" dkim=pass header.d=good.example\r\n")
    broken = b"DKIM-Signature: v=1; a=rsa-sha256; d=good.example; s=s; h=from; bh=!; b=?\r\n"
    unsigned = "a@none.example"
    listed = changed(sign(good, "good.example")).replace(b"\r\n\r\n", b"\r\nList-Id: <all.list.example>\r\n\r\n", 1)
    return (
        ("SPF passes", Envelope("a@good.example", HERE), good),
        ("DKIM passes", Envelope("a@good.example", HERE), sign(good, "good.example")),
        ("forwarded", Envelope("a@good.example", THERE), sign(good, "good.example")),
        ("forged under p=reject", Envelope("a@good.example", THERE), good),
        ("forged under p=reject by another sender", Envelope("a@lax.example", THERE), good),
        ("changed", Envelope("a@none.example", THERE), changed(sign(good, "good.example"))),
        ("softfail under p=quarantine", Envelope("a@careful.example", THERE), letter("a@careful.example")),
        ("forged under p=quarantine", Envelope(unsigned, THERE), letter("a@careful.example")),
        ("forged under p=none", Envelope("a@lax.example", THERE), letter("a@lax.example")),
        ("nothing is published", Envelope(unsigned, THERE), letter(unsigned)),
        ("an unusable SPF record", Envelope("a@perm.example", THERE), letter("a@perm.example")),
        ("a silent name server", Envelope("a@temp.example", THERE), letter("a@temp.example")),
        ("pct", Envelope(unsigned, THERE), letter("a@some.example")),
        ("a subdomain", Envelope(unsigned, THERE), letter("a@sub.org.example")),
        ("a null sender", Envelope("", THERE), letter(unsigned)),
        ("HELO fails", Envelope("a@lax.example", HERE, "bad.example"), letter("a@lax.example")),
        ("HELO fails, null sender", Envelope("", THERE, "bad.example"), letter(unsigned)),
        ("a third party's signature", Envelope(unsigned, THERE), sign(letter(unsigned), "lax.example")),
        ("no such key", Envelope(unsigned, THERE), sign(letter(unsigned), "none.example")),
        ("a signature that cannot be read", Envelope(unsigned, THERE), broken + letter(unsigned)),
        ("a mailing list", Envelope("all@list.example", "192.0.2.2"), sign(listed, "list.example")),
        ("two From fields", Envelope(unsigned, THERE), many),
        ("no From", Envelope(unsigned, THERE), good.replace(b"From: a@good.example\r\n", b"")),
        ("two authors", Envelope(unsigned, THERE), letter("a@lax.example, b@none.example")),
        ("no Date", Envelope(unsigned, THERE), letter(unsigned).replace(b"Date: ", b"X-Date: ")),
        ("forged results", Envelope(unsigned, THERE), forged + good),
        ("a login", Envelope("a@good.example", THERE, auth="a"), good),
    )


MILTERS = "Syslog no\nAuthservID mx.house.example\n"
INCOMING = (
    # name, opendkim.conf, opendmarc.conf, policyd-spf.conf
    ("by default", "", "", "debugLevel = 1\n"),
    ("DMARC decides", "Mode v\n", "RejectFailures true\nHoldQuarantinedMessages true\nIgnoreAuthenticatedClients true\n",
     "HELO_reject = False\nMail_From_reject = False\n"),
    ("all is refused", "On-BadSignature reject\nOn-NoSignature reject\nOn-KeyNotFound reject\nRequiredHeaders yes\n",
     "RejectFailures true\nRequiredHeaders true\nRejectMultiValueFrom true\n",
     "HELO_reject = SPF_Not_Pass\nMail_From_reject = SPF_Not_Pass\nTempError_Defer = True\nPermError_reject = True\n"),
    ("a hold alone", "", "HoldQuarantinedMessages true\n", "TestOnly = 0\n"),
    ("some are let through", "On-BadSignature quarantine\n", "RejectFailures true\nIgnoreMailFrom good.example\n",
     "Mail_From_reject = Softfail\nHELO_reject = Null\nWhitelist = 192.0.2.1\n"),
)

# Where the endings differ, by site and message: the option, or the habit, whose line says so
DIFFER = {
    (ANYWHERE, "two From fields"): "From",
    (ANYWHERE, "no From"): "From",
    (ANYWHERE, "a mailing list"): "RejectFailures",
    (ANYWHERE, "pct"): "pct",
    (ANYWHERE, "a login"): "IgnoreAuthenticatedClients",
    ("all is refused", "a silent name server"): "check_policy_service",
    ("all is refused", "a third party's signature"): "On-BadSignature",
}


def zone_texts(record):
    """The zone as assay and the tests' name server read it, opendkim's keys, opendmarc's policies."""
    keys = ["s._domainkey.%s" % d for d in KEYS]
    zone = "".join("%s TXT %s\n" % row for row in ZONE.items()) + "".join("%s TXT %s\n" % (k, record) for k in keys)
    return zone, "".join("%s %s\n" % (k, record) for k in keys), \
        "".join("%s %s\n" % row for row in ZONE.items() if row[0].startswith("_dmarc."))


def compare_ending(site, pair, name, row):
    what, envelope, message = row
    (before, _, _), (after, _, _) = pair.play(envelope, message)
    said_so = DIFFER.get((name, what)) or DIFFER.get((ANYWHERE, what))
    if before == after:
        return (name, what) not in DIFFER, "%s, %s: both %s: the row in DIFFER is too much" % (name, what, before)
    return said_so and site.says(said_so), "%s, %s: the old chain: %s, assayd: %s" % (name, what, before, after)


def arriving_site(setup, programs, row):
    name, dkim, dmarc, spf = row
    record = tool.Keys.record(setup.keys.path["rsa2048"], "rsa2048")
    zone, keys, policies = zone_texts(record)
    texts = {"opendkim.conf": MILTERS + "TestPublicKeys {place}/public\n" + dkim,
             "opendmarc.conf": MILTERS + "TestDNSData {place}/policies\n" + dmarc,
             "policyd-spf.conf": spf, "public": keys, "policies": policies}

    def sign(message, domain):
        return tool.run([setup.assay.program, "sign", "--domain", domain, "--selector", "s", "--key",
                         setup.keys.path["rsa2048"], "-"], message)
    site = Site(setup, name, texts, "yes", zone)
    with Pair(programs, site, zone) as pair:
        return [compare_ending(site, pair, name, row) for row in arriving(sign)]


# What the packages install (openarc is not in Debian 12)
SHIPPED = ("opendkim.conf", "opendmarc.conf", "postfix-policyd-spf-python/policyd-spf.conf")


def check_shipped(setup, programs, counts):
    files = [os.path.join(programs.etc, name) for name in SHIPPED]
    text = tool.run([setup.assay.program, "import", "--dry-run", *files]).decode()
    for part in "enforce = observe", "canonicalization = relaxed/simple", "on-policy-reject = accept", "on-fail = reject":
        counts.check(part in text, "Debian's files: %s is not in %s" % (part, text))


# An option's entry in each manual
MANUALS = {"opendkim.conf": r"(?m)^\.(?:I|B|TP) *\"?([A-Z][A-Za-z-]+) \(", "opendmarc.conf": r"(?m)^\.(?:I|B|TP) *\"?([A-Z][A-Za-z-]+) \(",
           "policyd-spf.conf": r"(?m)^\"?([A-Z][A-Za-z_]+) = "}


def check_manuals(setup, programs, counts):
    """Every option of the packages' manuals is known to the import."""
    for name, entry in MANUALS.items():
        path = os.path.join(programs.manuals, name + ".5.gz")
        if not os.path.exists(path):
            counts.skip("the manual " + path)
            continue
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as f:
            names = sorted(set(re.findall(entry, f.read())))
        between = " = " if name.startswith("policyd") else " "
        old = tool.write(setup.file("oldchain", "manuals", name), "".join(n + between + "1\n" for n in names).encode())
        done = subprocess.run([setup.assay.program, "import", "--dry-run", old], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        unknown = [line for line in done.stderr.decode().splitlines() if "is not an option" in line or "begins several" in line]
        counts.check(len(names) > 20 and not unknown, "%s: %d options, %s" % (name, len(names), unknown))


def check(setup, counts):
    try:
        programs = chain.Programs(setup.cache)
    except chain.Missing as e:
        counts.skip("the old chain: %s" % e)
        return
    check_shipped(setup, programs, counts)
    check_manuals(setup, programs, counts)
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:  # a milter takes up to five seconds to end
        signing = list(pool.map(lambda row: signing_site(setup, programs, row), SITES))
        arriving = list(pool.map(lambda row: arriving_site(setup, programs, row), INCOMING))
    for row in sum(signing + arriving, []):
        counts.check(row[0], row[1])
    signed = sum(row[2] for row in sum(signing, []))
    counts.check(signed > 50, "only %d messages were signed by both" % signed)
