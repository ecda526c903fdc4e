"""Cost against size: nothing may grow faster than what is counted, and hostile input is no exception.

"us each" is the CPU time of a message above that of an ordinary small one, by the count; "growth" is how much
that rose from the row above: 1 is linear, more is worse.
"""
import os
import shutil
import time

from material import KIB, message

SIGNATURE = ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=n%d.example; s=s; h=from:to:subject;\r\n"
             "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb=%s\r\n")


def plain(extra=""):
    return message("growth.example", 2 * KIB, extra).decode()


def repeated(text, n):
    return "".join(text % i for i in range(n))


def many_fields(n):
    return plain(repeated("X-More-%d: a value\r\n", n))


def signatures(n):
    return plain("".join(SIGNATURE % (i, "A" * 342 + "==") for i in range(n)))


def results(n):
    return plain(repeated("Authentication-Results: mx.receiver.test; dkim=pass header.d=n%d.example\r\n", n))


def tag_list(n):
    return plain("DKIM-Signature: v=1; " + repeated("x%04d=y;\r\n\t", n // 11) + "b=\r\n")


def blank_signature(n):
    return plain(SIGNATURE % (1, "A\r\n\t" * (n // 4)))


def signed_names(n):
    return plain((SIGNATURE % (1, "A" * 342 + "==")).replace("h=from", "h=from" + repeated(":\r\n\tx%04d", n // 9)))


def author(n, text):
    return plain().replace("From: Someone <", "From: " + text + " <", 1)


def comments(n):
    return author(n, "(" * (n // 2) + ")" * (n // 2))


def quotes(n):
    return author(n, '"a\\"b" ' * (n // 7))


def authors(n):
    return plain().replace("From: Someone", "From: " + repeated("A <a@a%d.example>,\r\n\t", n // 20) + "Someone", 1)


def authserv(n):
    return plain("Authentication-Results: " + "(" * (n // 4) + ")" * (n // 4) + repeated(" x; dkim=pass (%04d)", n // 40) + "\r\n")


# what grows, sizes, the message, kept small so that other costs do not hide it
SHAPES = (
    ("body, KiB", (2, 20, 200, 2000), lambda n: message("growth.example", n * KIB).decode()),
    ("header fields", (100, 1000, 9900), many_fields),
    ("signatures", (10, 100, 1000), signatures),
    ("forged results fields", (100, 1000, 9900), results),
    ("unknown tags, octets", (4096, 16384, 59000), tag_list),
    ("folded b=, octets", (4096, 16384, 59000), blank_signature),
    ("names in h=, octets", (1024, 4096, 8900), signed_names),
    ("nested comments, octets", (4096, 16384, 59000), comments),
    ("quoted strings, octets", (4096, 16384, 59000), quotes),
    ("authors, octets of From", (1200, 4800, 19000), authors),
    ("odd results field, octets", (4096, 16384, 59000), authserv),
)


class Growth:
    def __init__(self, material, programs, quick):
        self.material, self.programs = material, programs
        self.patience = 0.3 if quick else 0.8  # seconds a figure

    def measure(self, milter, rows, connections=8, *more):
        listed = self.programs.list_file(rows)
        first = self.programs.load(milter, listed, connections, connections, *more)
        count = max(connections, min(4000, int(self.patience * connections / max(first["seconds"], 1e-3))))
        return self.programs.load(milter, listed, count - count % connections, connections, *more)

    def table(self, what, base, measured, ending=""):
        """base: microseconds of the smallest message; measured: [(count, result)]"""
        before = None
        for n, got in measured:
            above, growth = got["cpu_us"] - base, "-"
            if before and before[1] > 0:
                growth = "%.2f" % (above / before[1] / (n / before[0]))
            print("%-26s %8d %10.1f %10.3f %8s %9.1f %8.2f" % (what, n, got["cpu_us"], above / n, growth, got["rss_kib"] / 1024, got["p99_ms"]),
                  ("%d of %d wrong" % (got["wrong"], got["messages"]) if got["wrong"] else "") + got.get("note", ""), flush=True)
            before = (n, above)

    def row(self, name, text, domain="growth.example", auth="", *words):
        return self.material.row(name, text.encode(), "192.0.2.7", "mx.growth.example", "someone@" + domain, auth, *words)

    def shapes(self, milter, idle):
        base = self.measure(milter, [self.row("plain", plain())])["cpu_us"]
        for what, sizes, make in SHAPES:
            measured = []
            for n in sizes:
                rows = [self.row("shape-%d" % n, make(n))]
                got = self.measure(milter, rows)
                got["note"] = "idle milter %.0f us" % self.measure(idle, rows)["cpu_us"]
                measured.append((n, got))
            self.table(what, base, measured)
        self.table("recipients", base, [(n, self.measure(milter, [self.row("plain", plain())], 8, "--rcpts", n)) for n in (10, 100, 1000, 9900)])

    def connections(self, port, rows):
        """Each connection holds a whole message before the first ends; a fresh daemon each."""
        measured = []
        for n in (8, 64, 1000):
            milter = self.programs.assayd(port)
            measured.append((n, self.programs.load(milter, self.programs.list_file(rows), n * max(2, 2000 // n), n, "--together", "yes")))
            self.programs.stop(*milter[1])
        self.table("connections, all inside", 0, measured)

    def fresh(self, what, sizes, settings, rows):
        """A daemon for each size; what it starts with is told by settings(n)."""
        measured = []
        for n in sizes:
            more, keys = settings(n)
            started = time.time()
            milter = self.programs.assayd(self.port, more, keys)
            started = time.time() - started
            got = self.measure(milter, rows(n))
            got["note"] = "started in %.2f s" % started
            measured.append((n, got))
            self.programs.stop(*milter[1])
        self.table(what, measured[0][1]["cpu_us"], measured)

    def domains(self, sizes):
        key = self.material.key("growth.example", "ed25519")

        def settings(n):
            top = self.material.path("many", str(n))
            for i in range(n):
                os.makedirs(os.path.join(top, "k%d.example" % i))
                shutil.copy(key, os.path.join(top, "k%d.example" % i, "s.pem"))
            return "", top

        def rows(n):
            some = range(0, n, max(1, n // 200))
            return [self.material.row("k%d" % i, message("k%d.example" % i, 2 * KIB), "192.0.2.7", "client", "a@k%d.example" % i, "a@k%d.example" % i,
                                      "d=k%d.example" % i) for i in some]
        self.fresh("domains with keys", sizes, settings, rows)

    def policies(self, sizes):
        def settings(n):
            return "".join('policy "p%d.example" { on-fail = accept }\n' % i for i in range(n)), None
        self.fresh("policy sections", sizes, settings, lambda n: [self.row("plain", plain())])

    def cache(self, milter, sizes):
        """So many names asked once; then what a message costs whose names are all known."""
        measured, text = [], plain()
        for n in sizes:
            rows = [self.row("cached", text, "c%d.cache.example" % i) for i in range(n)]
            listed = self.programs.list_file(rows)
            self.programs.load(milter, listed, n, 8)
            got = self.programs.load(milter, listed, n, 8)
            got["note"] = "%.2f DNS questions a message" % got["queries"]
            measured.append((n, got))
        self.table("domains in the cache", measured[0][1]["cpu_us"], measured)


def run(material, programs, quick):
    g = Growth(material, programs, quick)
    loads = material.inbound({"rsa_verify": 0, **{"sha256_%d" % (n * KIB): 0 for n in (2, 20, 200)}})[0]
    small = [row for n, row in enumerate(loads) if n % 5 < 3]
    material.key("growth.example", "ed25519")
    material.zone += ["growth.example TXT v=spf1 ip4:192.0.2.0/24 -all", "_dmarc.growth.example TXT v=DMARC1; p=none",
                      "*.cache.example TXT v=spf1 ip4:192.0.2.0/24 -all"]
    _, g.port, log = programs.dns(material.zone)
    milter, idle = (*programs.assayd(g.port), log), programs.idle()
    print("%-26s %8s %10s %10s %8s %9s %8s" % ("what grows", "count", "CPU us", "us each", "growth", "RSS MiB", "p99 ms"))
    g.connections(g.port, small)
    g.connections(g.port, loads)
    g.shapes(milter, idle)
    most = 1000 if quick else 10000
    g.cache(milter, (100, 1000, most)[:2 if quick else 3])
    g.domains((1, 100, 1000) if quick else (1, 1000, 10000))
    g.policies((1, 100, 1000) if quick else (1, 1000, 9900))
