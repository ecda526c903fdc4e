"""ARC chains of one to five hops, each hop by another program: all of them verify what all others sealed."""

import itertools
import json
import os

import peers
import shapes
import tool

OURS = "assay"
TEXT = (b"From: Alice <alice@example.org>\r\nTo: all@list.example\r\nSubject: dinner\r\n"
        b"Date: Sat, 22 Nov 2025 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n\r\n\r\n")
RESULTS = "mx.list.example; spf=pass smtp.mailfrom=alice@example.org; dmarc=pass header.from=example.org"
SELECTOR = shapes.ALGORITHMS["rsa2048"][2]
LENGTHS = range(1, 6)

CONF = """
authserv-id = "mx.list.example"
enforce = no
keys = "%s"
internal-hosts = { }
arc { seal = "%s/%s" }
"""


class Seals:
    """Who can seal and verify, and files for their messages."""

    def __init__(self, setup, counts):
        self.setup = setup
        self.counts = counts
        self.made = 0
        self.peers = {p.name: p for p in setup.peers if p.can("seal", "arc")}
        self.add_mailauth()
        self.names = [OURS] + sorted(self.peers)
        self.conf = self.write_conf()

    def add_mailauth(self):
        try:
            self.peers["mailauth"] = peers.mailauth(self.setup.keys.plain, self.setup.cache)
        except (peers.Missing, OSError) as e:
            self.counts.skip("peer mailauth: %s" % e)

    def write_conf(self):
        keys = self.setup.file("arc", "keys", shapes.DOMAIN, SELECTOR + ".pem")
        with open(os.open(keys, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(tool.read(self.setup.keys.path["rsa2048"]))
        text = CONF % (os.path.dirname(os.path.dirname(keys)), shapes.DOMAIN, SELECTOR)
        return tool.write(self.setup.file("arc", "assay.conf"), text.encode())

    def file(self, text=None):
        self.made += 1
        path = self.setup.file("arc", "%d.eml" % self.made)
        return path if text is None else tool.write(path, text)

    def judged(self, path, *more):
        return self.setup.assay.verify(path, "--ip", "192.0.2.7", "--helo", "mx.list.example", "--mail-from",
                                       "alice@example.org", *more)

    def seal_ours(self, path):
        inserted = [e for e in self.judged(path, "-c", self.conf)["edits"] if e["name"].startswith("ARC-")]
        if len(inserted) != 3:
            raise tool.Failed("assay has added %s" % json.dumps(inserted))
        fields = b"".join(("%s:%s\r\n" % (e["name"], e["value"].replace("\n", "\r\n"))).encode()
                          for e in reversed(inserted))
        return self.file(fields + tool.read(path))

    def seal(self, name, path, hop):
        if name == OURS:
            return self.seal_ours(path)
        out = self.file()
        job = ["seal", path, out, shapes.DOMAIN, SELECTOR, self.setup.keys.path["rsa2048"],
               "none" if hop == 0 else "pass", RESULTS]
        answer = self.peers[name].run([job])[0]
        if answer[0] != "signed":
            raise tool.Failed("%s does not seal: %s" % (name, " ".join(answer)))
        return out

    def verdicts(self, path):
        """-> {who: pass, fail or none}"""
        found = {name: peer.run([["chain", path]])[0][0] for name, peer in self.peers.items()}
        found[OURS] = self.judged(path).get("arc", {}).get("result", "none")
        return found

    def expect(self, path, what, want):
        for name, got in sorted(self.verdicts(path).items()):
            self.counts.check(got == want, "%s: %s says arc=%s, want %s (%s)" % (what, name, got, want, path))


def orders(names):
    """Who seals, hop by hop: all orders of one and two hops, then each name in turn from each start."""
    for length in LENGTHS:
        if length < 3:
            yield from itertools.product(names, repeat=length)
        else:
            for start in range(len(names)):
                yield tuple(names[(start + i) % len(names)] for i in range(length))


def check(setup, counts):
    seals = Seals(setup, counts)
    print("arc: chains by %s" % ", ".join(seals.names), flush=True)
    for order in orders(seals.names):
        path, what = seals.file(TEXT), " > ".join(order)
        try:
            for hop, name in enumerate(order):
                path = seals.seal(name, path, hop)
        except tool.Failed as e:
            counts.fail("%s: %s" % (what, e))
            continue
        seals.expect(path, what, "pass")
        if len(order) in (1, 5):
            text = tool.read(path)
            seals.expect(seals.file(text.replace(b"Hello.", b"Goodbye.")), what + ", body changed", "fail")
            seals.expect(seals.file(text.replace(b"mx.list.example;", b"mx.list.example.net;", 1)),
                         what + ", results changed", "fail")
    seals.expect(seals.file(TEXT), "without a chain", "none")
