"""Shapes of messages on which canonicalizations differ: bodies, headers, and which of them meet."""

CANONS = ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed")

# name -> (a=, key file in keys/, selector)
ALGORITHMS = {
    "rsa1024": ("rsa-sha256", "rsa1024.pem", "r1024"),
    "rsa2048": ("rsa-sha256", "rsa2048.pem", "r2048"),
    "rsa4096": ("rsa-sha256", "rsa4096.pem", "r4096"),
    "ed25519": ("ed25519-sha256", "ed25519.pem", "e"),
}

DOMAIN = "example.org"

LARGE = "one mebibyte"

BODIES = {
    "empty": b"",
    "only CRLF": b"\r\n",
    "only empty lines": b"\r\n" * 5,
    "plain": b"Hello.\r\n\r\nA second paragraph.\r\n",
    "no final CRLF": b"Hello.\r\nlast words",
    "trailing empty lines": b"Hello.\r\n\r\n\r\n\r\n",
    "trailing white space": b"Hello. \r\nworld \t \r\n\t\r\nend\t\r\n",
    "white space runs": b"a  b   c\r\n  leading\r\n   \tx \t y\r\n",
    "tabs": b"\ta\tb\t\tc\r\nx\ty\r\n",
    "white space lines at the end": b"Hello.\r\n \r\n\t \r\n  \r\n",
    "white space lines only": b" \r\n\t\r\n \t \r\n",
    "white space, no final CRLF": b"Hello.\r\n \t ",
    "one space": b" ",
    "8-bit": bytes(range(128, 256)) + b"\r\n" + "Grüße, мир, 世界\r\n".encode() + b"\xff\xfe \x80\r\n",
    "long lines": b"x" * 998 + b"\r\n" + b"word " * 1500 + b"\r\n" + b" " * 3000 + b"y\r\n",
    "lone dots": b".\r\n..\r\n.x\r\n...\r\nend .\r\n.\r\n",
    "controls": bytes(c for c in range(1, 32) if c not in (9, 10, 13)) + b"\x7f\r\na \x0b\x0c b\x0c\r\n",
    LARGE: b"".join(b"line %6d  of a large body\t \r\n" % i for i in range(32768)),
}

START = b"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\n"
END = b"Date: Sat, 22 Nov 2025 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"


def header(middle):
    return START + middle + END


HEADERS = {
    "plain": header(b"Subject: Hello\r\n"),
    "folded": header(b"Subject: one\r\n two\r\n\tthree  \r\n \t four\r\nCc: a@example.net,\r\n  b@example.net\r\n"),
    "folded after the colon": header(b"Subject:\r\n Hello\r\nReply-To:\r\n\t<c@example.org>\r\n"),
    "tabs": header(b"Subject:\ta\tb\t\tc \t d\r\nCc:\t\tx@example.net\r\n"),
    "empty values": header(b"Subject:\r\nCc: \r\nReply-To:   \t\r\nX-Empty:\r\n"),
    "repeated fields": b"".join(b"Received: from a by b%d; Sat, 22 Nov 2025\r\n" % i for i in range(3)) + header(
        b"Subject: first\r\nTo: second@example.net\r\nCc: x@example.net\r\nSubject:  second\r\nCC: y@example.net\r\n"),
    "no space after the colon": b"From:alice@example.org\r\nTo:bob@example.net\r\nSubject:Hello\r\nDate:Sat\r\n",
    "8-bit": header("Subject: Grüße, мир\r\n".encode() + b"Cc: \xe9t\xe9 <x@example.net>\r\n"),
    "many fields": header(b"Subject: Hello\r\n" + b"".join(b"X-Number-%d: %d\r\n" % (i, i) for i in range(150)) +
                          b"".join(b"Cc: c%d@example.net\r\n" % i for i in range(40))),
    "odd case names": b"fROM: alice@example.org\r\nTO: bob@example.net\r\nsUbJeCt: Hello\r\nMESSAGE-id: <1@x>\r\n"
                      b"mime-VERSION: 1.0\r\nCONTENT-type: text/plain\r\ndate: Sat\r\n",
    "trailing white space": header(b"Subject: Hello \t \r\nCc: x@example.net  \r\nReply-To: <c@example.org>\t\r\n"),
    "leading white space": header(b"Subject:    Hello\r\nCc: \t x@example.net\r\n"),
    "long fields": header(b"Subject: " + b"s" * 900 + b"\r\nCc: " +
                          b",\r\n\t".join(b"recipient%d@example.net" % i for i in range(60)) + b"\r\n"),
    "tag-like text": header(b"Subject: b=abc; bh=x; h=From:To\r\nReply-To: \"; b=\" <c@example.org>\r\n"),
    "mime": header(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
                   b"Content-Type: multipart/mixed;\r\n boundary=\"=_x;y\"\r\nContent-Transfer-Encoding: 8bit\r\n"
                   b"List-Unsubscribe: <https://example.org/?a=b;c>\r\n"
                   b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"),
}

# What RFC 5322 section 4 calls obsolete, and octets that some software takes for white space.  Others differ here.
ODD_HEADERS = {
    "space before the colon": header(b"Subject : Hello\r\nCc\t: x@example.net\r\n"),
    "white space line in a fold": header(b"Subject: one\r\n \r\n two\r\nCc:\r\n\t\r\n x@example.net\r\n"),
    "control octets": header(b"Subject: \x0bone\x0c \x1btwo\x0c\r\nCc: x@example.net\x0b\r\n"),
}


class Case:
    """One message and how it is signed."""

    def __init__(self, canon, algorithm, header_shape, body_shape):
        self.canon = canon
        self.algorithm = algorithm
        self.header = header_shape
        self.body = body_shape

    def text(self):
        return {**HEADERS, **ODD_HEADERS}[self.header] + b"\r\n" + BODIES[self.body]

    def __str__(self):
        return "%s %s, header: %s, body: %s" % (self.canon, self.algorithm, self.header, self.body)


def matrix():
    """Every header meets every body under every canonicalization, the algorithms taking turns; every algorithm
    meets every canonicalization with every body, the large one too, and with every odd header."""
    algorithms = list(ALGORITHMS)
    bodies = [name for name in BODIES if name != LARGE]
    cases = [Case(canon, algorithms[(c + h + b + b // 4) % len(algorithms)], shape, body)
             for c, canon in enumerate(CANONS)
             for h, shape in enumerate(HEADERS) if shape != "plain"
             for b, body in enumerate(bodies)]
    for canon in CANONS:
        for algorithm in algorithms:
            cases += [Case(canon, algorithm, "plain", body) for body in BODIES]
            cases += [Case(canon, algorithm, shape, "plain") for shape in ODD_HEADERS]
    return cases
