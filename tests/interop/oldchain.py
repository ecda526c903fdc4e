"""The same messages through the old chain and through assayd with the configuration that is imported from its files.

What is signed carries the same d=, s= and i=, the same canonicalization and fields; what arrives ends alike.
Where it does not, the import's report must have a line that said so: each row below names that line's option.
"""

import json
import os
import re
import subprocess

import chain
import run_daemon
import shapes
import tool
from chain import Envelope

SAYS_SO = ("different", "unsafe", "without counterpart")
WHOSE = "whose mail is signed"
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


def compare_signing(site, old, new, row, counts):
    author, envelope, said_so = row
    message = letter(author, MORE_FIELDS)
    what = "%s, From %s, %s" % (os.path.basename(site.place), author, envelope)
    before, names_before = signatures(old.play(envelope, message)[1])
    after, names_after = signatures(chain.at_milter(new.socket, envelope, message)[1])
    if before != after:
        counts.check(said_so and site.says(said_so), "%s: opendkim signs %s, assayd %s" % (what, before, after))
    elif names_before != names_after:
        counts.check(site.says(*FIELDS), "%s: opendkim signs the fields %s, assayd %s" % (what, names_before, names_after))
    else:
        counts.ok()
    return bool(before), bool(after)


def check_signing(setup, programs, counts):
    signed = 0
    for name, lines, tables in SITES:
        site = Site(setup, name, dict(tables, **{"opendkim.conf": "Syslog no\nRequireSafeKeys no\n" + lines}), "no", "")
        old = chain.Chain(programs, site.place, site.files)
        try:
            new = site.daemon()
            try:
                for row in OUTGOING:
                    signed += all(compare_signing(site, old, new, row, counts))
            finally:
                new.stop()
        finally:
            old.stop()
    counts.check(signed > 50, "only %d messages were signed by both" % signed)


def check(setup, counts):
    try:
        programs = chain.Programs(setup.cache)
    except chain.Missing as e:
        counts.skip("the old chain: %s" % e)
        return
    check_signing(setup, programs, counts)
