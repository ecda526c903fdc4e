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

    def seal_ours(self, chain):
        inserted = [e for e in self.judged(chain.path, "-c", self.conf)["edits"] if e["name"].startswith("ARC-")]
        if len(inserted) != 3:
            raise tool.Failed("assay has added %s" % json.dumps(inserted))
        fields = b"".join(("%s:%s\r\n" % (e["name"], e["value"].replace("\n", "\r\n"))).encode()
                          for e in reversed(inserted))
        chain.path = self.file(fields + tool.read(chain.path))

    def seal_theirs(self, name, chains, hop):
        jobs = [["seal", c.path, self.file(), shapes.DOMAIN, SELECTOR, self.setup.keys.path["rsa2048"],
                 "none" if hop == 0 else "pass", RESULTS] for c in chains]
        for chain, job, answer in zip(chains, jobs, self.peers[name].run(jobs)):
            chain.path = job[2]
            if answer[0] != "signed":
                self.counts.fail("%s: %s does not seal: %s" % (chain.what, name, " ".join(answer)))
                chain.whole = False

    def seal_hop(self, chains, hop):
        """One hop of all chains that are that long, each sealer's in one go."""
        for name in self.names:
            mine = [c for c in chains if c.whole and len(c.order) > hop and c.order[hop] == name]
            if name == OURS:
                tool.each(self.seal_ours, mine)
            elif mine:
                self.seal_theirs(name, mine, hop)

    def expect(self, rows):
        """rows: [(path, what, want)], judged by everybody."""
        verdicts = {OURS: tool.each(lambda row: self.judged(row[0]).get("arc", {}).get("result", "none"), rows)}
        for name, peer in self.peers.items():
            verdicts[name] = [a[0] for a in peer.run([["chain", path] for path, _, _ in rows])]
        for name, found in sorted(verdicts.items()):
            for (_, what, want), got in zip(rows, found):
                self.counts.check(got == want, "%s: %s says arc=%s, want %s" % (what, name, got, want))


class Chain:
    """One message on its way through the programs of order."""

    def __init__(self, order, path):
        self.order = order
        self.what = " > ".join(order)
        self.path = path
        self.whole = True                        # no sealer has refused


def orders(names, every):
    """Who seals, hop by hop: all orders of one and two hops, then each name in turn from each start; or all orders
    in which no two hops in a row are of the same program."""
    for length in LENGTHS:
        if length < 3:
            yield from itertools.product(names, repeat=length)
        elif every:
            yield from (o for o in itertools.product(names, repeat=length) if all(a != b for a, b in itertools.pairwise(o)))
        else:
            for start in range(len(names)):
                yield tuple(names[(start + i) % len(names)] for i in range(length))


def changed(seals, chain):
    """What breaks a chain breaks it for everybody."""
    text = tool.read(chain.path)
    for what, old, new in (("body", b"Hello.", b"Goodbye."), ("results", b"mx.list.example;", b"mx.list.example.net;"),
                           ("author", b"alice@example.org>", b"mallory@example.org>")):
        if old not in text:
            raise ValueError("%r is not in the message" % old)
        yield seals.file(text.replace(old, new, 1)), "%s, %s changed" % (chain.what, what), "fail"


def check(setup, counts):
    seals = Seals(setup, counts)
    print("arc: chains by %s" % ", ".join(seals.names), flush=True)
    chains = [Chain(order, seals.file(TEXT)) for order in orders(seals.names, setup.all_orders)]
    for hop in range(max(LENGTHS)):
        seals.seal_hop(chains, hop)
    rows = [(seals.file(TEXT), "without a chain", "none")]
    for chain in chains:
        if chain.whole:
            rows.append((chain.path, chain.what, "pass"))
            rows += changed(seals, chain)
    seals.expect(rows)
