"""What the benchmark feeds to the milters: messages, keys, zones; all under one directory."""
import os
import shutil
import subprocess
import sys
import tempfile

DOMAINS = 50
KIB = 1024


def body(size):
    line = "The quick brown fox jumps over the lazy dog, and then it does it once more. %06d\r\n"
    out, n = [], 0
    while n < size:
        out.append(line % len(out))
        n += len(out[-1])
    return "".join(out)


def message(domain, size, extra=""):
    fields = "".join("X-Field-%d: some value of an ordinary length, number %d\r\n" % (i, i) for i in range(10))
    return (extra + "Received: from client.%s (client.%s [192.0.2.1])\r\n\tby mx.receiver.test with ESMTP id X;\r\n"
            "\tMon, 4 May 2026 10:00:00 +0000\r\nFrom: Someone <someone@%s>\r\nTo: rcpt@receiver.test\r\n"
            "Subject: A subject of the usual length for a message\r\nDate: Mon, 4 May 2026 10:00:00 +0000\r\n"
            "Message-ID: <1@%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "%s\r\n%s" % (domain, domain, domain, domain, fields, body(size))).encode()


class Material:
    """Keys and the zone grow as messages are made: make all of them before a server is started."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.dir = tempfile.mkdtemp(prefix="assay-bench-")
        os.chmod(self.dir, 0o755)
        os.mkdir(os.path.join(self.dir, "keys"))
        self.keys, self.public = {}, {}
        self.zone = ["example SOA ns.example hostmaster.example 1 3600 600 86400 300"]

    def path(self, *parts):
        p = os.path.join(self.dir, *parts)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        return p

    def write(self, name, content):
        p = self.path(name)
        with open(p, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return p

    def assay(self, *args, stdin=b""):
        p = subprocess.run([os.path.join(self.build, "assay"), *args], input=stdin, capture_output=True)
        if p.returncode != 0:
            sys.exit("bench: assay %s: %s" % (" ".join(args), p.stderr.decode()))
        return p.stdout

    def key(self, domain, kind):
        if (domain, kind) not in self.keys:
            out = self.assay("key", "new", domain, "--keys", self.path("keys"), "--type", kind, "--selector", kind).decode()
            records = [l for l in out.splitlines() if not l.startswith(";")]
            self.zone += records
            self.public[domain, kind] = records[0].split("TXT", 1)[1]
            old = self.path("keys", domain, kind + ".pending.pem")
            self.keys[domain, kind] = old
        return self.keys[domain, kind]

    def signed(self, domain, kind, text):
        return self.assay("sign", "--domain", domain, "--selector", kind, "--key", self.key(domain, kind), stdin=text)

    def row(self, name, text, ip, helo, sender, auth, *words):
        return "\t".join([self.write("messages/" + name, text), ip, helo, sender, auth, *words])

    def workloads(self, f):
        """name -> (rows of the list, microseconds of cryptography a message)"""
        out = {}
        for kind in ("rsa", "ed25519"):
            for size in (2, 20, 200):
                domain = "sign-%s.example" % kind
                sha = f["sha256_%d" % (size * KIB)]
                self.key(domain, kind)
                out["sign %s %dK" % (kind, size)] = (
                    [self.row("sign-%s-%d" % (kind, size), message(domain, size * KIB), "192.0.2.99", "client",
                              "someone@" + domain, "someone@" + domain, "DKIM-Signature", "d=" + domain)],
                    f[kind + "_sign"] + sha)
                domain = "verify-%s.example" % kind
                text = self.signed(domain, kind, message(domain, size * KIB))
                out["verify %s %dK" % (kind, size)] = (
                    [self.row("verify-%s-%d" % (kind, size), text, "192.0.2.1", "mx." + domain, "someone@" + domain, "",
                              "dkim=pass")], f[kind + "_verify"] + sha)
        for kind in ("rsa", "ed25519"):
            active = self.path("keys", "sign-%s.example" % kind, kind + ".pem")
            os.rename(self.keys["sign-%s.example" % kind, kind], active)
            self.keys["sign-%s.example" % kind, kind] = active
        out["full inbound"] = self.inbound(f)
        return out

    def inbound(self, floor):
        """50 domains, mixed sizes and verdicts."""
        rows, cost = [], 0.0
        for n in range(DOMAINS):
            domain, size = "d%d.example" % n, (2, 2, 2, 20, 200)[n % 5]
            self.zone += ["%s TXT v=spf1 include:_spf.%s ip4:192.0.2.0/24 -all" % (domain, domain),
                          "_spf.%s TXT v=spf1 ip4:198.51.100.7 ip4:203.0.113.0/25 ~all" % domain,
                          "_dmarc.%s TXT v=DMARC1; p=none" % domain]
            text = self.signed(domain, "rsa", message(domain, size * KIB))
            ip, words = "192.0.2.%d" % (n + 1), ["spf=pass", "dkim=pass", "dmarc=pass"]
            if n % 7 == 3:
                ip, words = "198.51.100.77", ["spf=fail", "dkim=pass", "dmarc=pass"]
            if n % 7 == 5:
                text, words[1] = text.replace(b"lazy dog", b"lazy cat", 1), "dkim=fail"
            if n % 14 == 6:
                text, ip = text.replace(b"lazy dog", b"lazy cat", 1), "198.51.100.77"
                words = ["spf=fail", "dkim=fail", "dmarc=fail"]
            rows.append(self.row("in-%d" % n, text, ip, "mx." + domain, "someone@" + domain, "", *words))
            cost += floor["rsa_verify"] * ("dkim=fail" not in words) + floor["sha256_%d" % (size * KIB)]
        return rows, cost / DOMAINS

    def end(self):
        shutil.rmtree(self.dir)
