"""Signed messages that somebody changed: what must break a signature breaks it everywhere, and what
canonicalization lets pass, passes everywhere.  Expiry, and tags that assay itself does not write."""

import re
import time

import known
import shapes
import tool
from matrix import OURS, Signed, verify_ours, verify_theirs

TEXT = (b"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nCc: c1@example.net\r\nCc: c2@example.net\r\n"
        b"Subject: A  subject\r\nDate: Sat, 22 Nov 2025 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
        b"\r\n"
        b"One line of it\r\n\r\nand  the last.\r\n")

# Which assay names once more than they occur, so that none can be added
OVERSIGNED = ("From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID")

# What lists and gateways add to a message that lacks it; TEXT does, and signatures survive it
ADDED = (
    ("Sender and List fields, by a list", b"Sender: l-bounces@list.example\r\nList-Id: <l.list.example>\r\n"
     b"List-Unsubscribe: <mailto:leave@list.example>\r\nList-Post: <mailto:l@list.example>"),
    ("MIME fields, by a gateway", b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
     b"Content-Transfer-Encoding: 7bit"),
    ("References", b"In-Reply-To: <0@example.org>\r\nReferences: <0@example.org>"),
)

# As TEXT, with one of each that is protected where it is present
FULL = (b"Sender: list@example.org\r\nList-Id: <l.example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
        b"Content-Transfer-Encoding: 7bit\r\nIn-Reply-To: <0@example.org>\r\nReferences: <0@example.org>\r\n") + TEXT
PRESENT = ("Sender", "List-Id", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "In-Reply-To", "References")

DAY = 86400


def swap(old, new):
    def change(text):
        if old not in text:
            raise ValueError("%r is not in the message" % old)
        return text.replace(old, new, 1)
    return change


def on_top(field):
    return lambda text: field + b"\r\n" + text


def at_the_end(field):
    return swap(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n")


def in_signature(pattern, new):
    """A change of the signature's own field."""
    def change(text):
        field = re.search(rb"(?:^|(?<=\r\n))DKIM-Signature:.*?\r\n(?![ \t])", text, re.S).group(0)
        changed = re.sub(pattern, new, field, count=1)
        if changed == field:
            raise ValueError("nothing changed in %r" % field)
        return text.replace(field, changed, 1)
    return change


def first_of_b(match):
    return match.group(1) + (b"B" if match.group(2) == b"A" else b"A")


HARMFUL = (
    ("an octet of the body", swap(b"One line", b"One Line")),
    ("a line added to the body", lambda text: text + b"more\r\n"),
    ("an empty line before the body", swap(b"\r\n\r\n", b"\r\n\r\n\r\n")),
    ("white space into a word of the body", swap(b"line of", b"li ne of")),
    ("two lines of the body joined", swap(b"it\r\n\r\nand", b"it\r\nand")),
    ("the body cut off", lambda text: text[:text.index(b"\r\n\r\n") + 4]),
    ("an octet of the subject", swap(b"A  subject", b"B  subject")),
    ("the author", swap(b"alice@", b"mallory@")),
    ("the subject removed", swap(b"Subject: A  subject\r\n", b"")),
    ("two Cc fields exchanged", swap(b"Cc: c1@example.net\r\nCc: c2@", b"Cc: c2@example.net\r\nCc: c1@")),
    ("a subject above the subject, this one removed", lambda text: b"Subject: A  other\r\n" + swap(
        b"Subject: A  subject\r\n", b"")(text)),
    ("an octet of b=", in_signature(rb"([;\s]b\s*=\s*)(.)", first_of_b)),
    ("t=", in_signature(rb"([;\s]t=)(\d)", rb"\g<1>1\g<2>")),
    ("a field name removed from h=", in_signature(rb"(?i):\s*subject(?=\s*[:;])", b"")),
    ("a field name added to h=", in_signature(rb"([;\s]h\s*=\s*)", rb"\g<1>X-New:")),
)

# The last columns: under which canonicalizations of header and body it passes; "" is any.
HARMLESS = (
    ("Received on top", on_top(b"Received: from a by b; Sat, 22 Nov 2025"), "", ""),
    ("an unsigned field at the end", at_the_end(b"X-Spam: no"), "", ""),
    ("empty lines at the end of the body", lambda text: text + b"\r\n\r\n\r\n", "", ""),
    ("the case of a field name", swap(b"\r\nSubject:", b"\r\nSUBJECT:"), "relaxed", ""),
    ("a field refolded", swap(b"A  subject", b"A\r\n\tsubject"), "relaxed", ""),
    ("white space at the end of a field", swap(b"A  subject", b"A  subject \t"), "relaxed", ""),
    ("no space after the colon", swap(b"\r\nSubject: A", b"\r\nSubject:A"), "relaxed", ""),
    ("white space at the end of a body line", swap(b"line of it\r\n", b"line of it\t \r\n"), "", "relaxed"),
    ("a run of white space in the body", swap(b"and  the", b"and \t  the"), "", "relaxed"),
    ("white space lines at the end of the body", lambda text: text + b" \r\n\t\r\n", "", "relaxed"),
    ("a fold in the signature's field", in_signature(rb";\s*(t=)", rb";\r\n \t\g<1>"), "relaxed", ""),
)


class Trial(Signed):
    """A changed message, and whether its signature must verify."""

    def __init__(self, signed, what, path, passes):
        Signed.__init__(self, signed.signer, signed.case, path)
        self.what = what
        self.passes = passes


def changes(signed):
    """-> (what, change, must it still verify) for what this party signed"""
    header, body = signed.case.canon.split("/")
    yield "nothing", lambda text: text, True
    for what, change in HARMFUL:
        yield what, change, False
    for what, change, of_header, of_body in HARMLESS:
        yield what, change, of_header in ("", header) and of_body in ("", body)
    if signed.signer == OURS:
        for name in OVERSIGNED:
            field = name.encode() + b": mallory@evil.example"
            yield "a %s added on top" % name, on_top(field), False
            yield "a %s added at the end" % name, at_the_end(field), False
        for what, fields in ADDED:
            yield "added: %s" % what, on_top(fields), True


class Bench:
    """Makes signed messages and trials of them, and has them judged."""

    def __init__(self, setup, counts):
        self.setup = setup
        self.counts = counts
        self.made = 0
        self.source = tool.write(setup.file("altered", "source.eml"), TEXT)

    def file(self):
        self.made += 1
        return self.setup.file("altered", "%d.eml" % self.made)

    def case(self, canon, algorithm):
        case = shapes.Case(canon, algorithm, "plain", "plain")
        case.path = self.source
        return case

    def ours(self, case, *more):
        return Signed(OURS, case, tool.write(self.file(), self.setup.assay.sign(case, TEXT, *more)))

    def theirs(self, peer, wanted):
        """wanted: [(case, options)].  -> [Signed], without what the peer refuses: reported, unless it is known."""
        able = [(case, options) for case, options in wanted
                if peer.can("sign", case.algorithm) and not known.reason(peer.name, None, case)]
        signed = [Signed(peer.name, case, self.file()) for case, _ in able]
        answers = peer.run([self.setup.sign_job(s.case, s.path, options) for s, (_, options) in zip(signed, able)])
        for (case, options), answer in zip(able, answers):
            self.counts.check(answer[0] == "signed", "%s does not sign %s (%s): %s" % (
                peer.name, case, options, " ".join(answer)))
        return [s for s, answer in zip(signed, answers) if answer[0] == "signed"]

    def trial(self, signed, what, change, passes):
        return Trial(signed, what, tool.write(self.file(), change(tool.read(signed.path))), passes)

    def judge(self, trials):
        """assay judges all of them; each peer what assay signed."""
        verify_ours(self.setup, trials)
        for peer in self.setup.peers:
            verify_theirs(peer, [t for t in trials if t.signer == OURS])
        for t in trials:
            for verifier, verdict in t.verdicts.items():
                self.count(t, verifier, verdict)

    def count(self, trial, verifier, verdict):
        if (verdict[0] == "pass") == trial.passes and verdict[0] in ("pass", "fail"):
            self.counts.ok()
            return
        why = known.reason(trial.signer, verifier, trial.case) or known.altered(verifier, trial.what)
        if why:
            self.counts.explain(why)
        else:
            self.counts.fail("signed by %s %s %s, changed: %s, judged by %s: %s" % (
                trial.signer, trial.case.canon, trial.case.algorithm, trial.what, verifier, " ".join(verdict)))


def check_second_ones(bench):
    """A field that is signed because it is present: a second one breaks the signature at every verifier."""
    case = bench.case("relaxed/relaxed", "rsa2048")
    signed = Signed(OURS, case, tool.write(bench.file(), bench.setup.assay.sign(case, FULL)))
    trials = [bench.trial(signed, "nothing", same, True)]
    for name in PRESENT:
        field = name.encode() + b": mallory@evil.example"
        trials.append(bench.trial(signed, "a second %s on top" % name, on_top(field), False))
        trials.append(bench.trial(signed, "a second %s at the end" % name, at_the_end(field), False))
    bench.judge(trials)


def check_changes(bench):
    cases = [bench.case(canon, algorithm) for canon in shapes.CANONS for algorithm in ("rsa2048", "ed25519")]
    signed = [bench.ours(case) for case in cases]
    for peer in bench.setup.peers:
        signed += bench.theirs(peer, [(case, "") for case in cases])
    trials = [bench.trial(s, *change) for s in signed for change in changes(s)]
    print("alterations: %d messages" % len(trials), flush=True)
    bench.judge(trials)


def same(text):
    return text


def check_expiry(bench):
    """x=, two days ago: some verifiers have hours of patience with clocks that are wrong."""
    now = int(time.time())                       # the peers count from when they sign
    cases = [bench.case("relaxed/relaxed", algorithm) for algorithm in ("rsa2048", "ed25519")]
    expired = [bench.ours(case, "--time", str(now - 3 * DAY), "--expire", str(DAY)) for case in cases]
    valid = [bench.ours(case, "--time", str(now), "--expire", str(DAY)) for case in cases]
    for peer in bench.setup.peers:
        if peer.name != "dkimpy":                # which writes no x=
            expired += bench.theirs(peer, [(case, "t=%d,x=%d" % (-3 * DAY, DAY)) for case in cases])
            valid += bench.theirs(peer, [(case, "x=%d" % DAY) for case in cases])
    bench.judge([bench.trial(s, "expired", same, False) for s in expired] +
                [bench.trial(s, "not yet expired", same, True) for s in valid])
    for s in expired:
        verdict = bench.setup.assay.verdict(s.path, "--time", str(now - 3 * DAY + 60))
        bench.counts.check(verdict[0] == "pass", "signed by %s, judged before it expired: %s" % (s.signer, verdict))


# i= of one's own, and z= with copies of the fields: the peers that can write them, and assay
TAGS = {"dkimpy": ("i=alice@example.org", "i=@sub.example.org"),
        "Mail::DKIM": ("i=alice@example.org", "i=@sub.example.org"),
        "opendkim": ("i=alice@example.org", "i=@sub.example.org", "z=1")}


def check_tags(bench):
    cases = [bench.case(canon, "rsa2048") for canon in shapes.CANONS]
    signed = [bench.ours(case, "--identity", identity) for case in cases
              for identity in ("alice@example.org", "@sub.example.org")]
    for peer in bench.setup.peers:
        signed += bench.theirs(peer, [(case, options) for case in cases for options in TAGS[peer.name]])
    bench.judge([bench.trial(s, "nothing, with more tags", same, True) for s in signed])


def check_line_ends(bench):
    """A file with LF gets the signature that the same message gets with CRLF."""
    assay = bench.setup.assay
    when = ("--time", str(int(bench.setup.start)))

    def agree(case):
        crlf = assay.sign(case, case.text(), *when)
        lf = assay.sign(case, case.text().replace(b"\r\n", b"\n"), *when)
        return lf == crlf.replace(b"\r\n", b"\n")
    cases = [shapes.Case(canon, "ed25519", shape, "white space runs")
             for shape in shapes.HEADERS for canon in shapes.CANONS]
    for case, agreed in zip(cases, tool.each(agree, cases)):
        bench.counts.check(agreed, "LF and CRLF are signed differently: %s" % case)


def check(setup, counts):
    bench = Bench(setup, counts)
    check_changes(bench)
    check_second_ones(bench)
    check_expiry(bench)
    check_tags(bench)
    check_line_ends(bench)
