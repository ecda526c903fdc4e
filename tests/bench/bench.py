#!/usr/bin/env python3
"""What a message costs: assayd beside the floor and, where installed, beside other milters.

    bench.py --build BUILDDIR [--messages N] [--connections C] [--rounds R] [--only WORKLOAD]

The floor of a message is its cryptography by OpenSSL alone plus a libmilter milter that does
nothing, both measured in the same run.  Rounds of all programs are interleaved and the median is
shown, with the spread of the idle milter as a measure of how noisy the machine was.  Every
message's answer is checked; a wrong one ends the run.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
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


class Bench:
    def __init__(self, build, options):
        self.build, self.options = os.path.abspath(build), options
        self.dir = tempfile.mkdtemp(prefix="assay-bench-")
        os.chmod(self.dir, 0o755)
        self.running = []
        self.keys = {}
        self.zone = []

    # --- material -----------------------------------------------------------------------------

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
            os.makedirs(self.path("keys", "x"), exist_ok=True)
            out = self.assay("key", "new", domain, "--keys", self.path("keys"), "--type", kind, "--selector", kind).decode()
            self.zone += [l for l in out.splitlines() if not l.startswith(";")]
            old = self.path("keys", domain, kind + ".pending.pem")
            self.keys[domain, kind] = old
        return self.keys[domain, kind]

    def signed(self, domain, kind, text):
        return self.assay("sign", "--domain", domain, "--selector", kind, "--key", self.key(domain, kind), stdin=text)

    def row(self, name, text, ip, helo, sender, auth, *words):
        return "\t".join([self.write("messages/" + name, text), ip, helo, sender, auth, *words])

    def workloads(self):
        """name -> (rows of the list, microseconds of cryptography a message)"""
        f = self.floor
        out = {}
        for kind in ("rsa", "ed25519"):
            for size in (2, 20, 200):
                domain = "sign-%s.test" % kind
                sha = f["sha256_%d" % (size * KIB)]
                self.key(domain, kind)
                out["sign %s %dK" % (kind, size)] = (
                    [self.row("sign-%s-%d" % (kind, size), message(domain, size * KIB), "192.0.2.99", "client",
                              "someone@" + domain, "someone@" + domain, "DKIM-Signature", "d=" + domain)],
                    f[kind + "_sign"] + sha)
                domain = "verify-%s.test" % kind
                text = self.signed(domain, kind, message(domain, size * KIB))
                out["verify %s %dK" % (kind, size)] = (
                    [self.row("verify-%s-%d" % (kind, size), text, "192.0.2.1", "mx." + domain, "someone@" + domain, "",
                              "dkim=pass")], f[kind + "_verify"] + sha)
        for kind in ("rsa", "ed25519"):
            os.rename(self.keys["sign-" + kind + ".test", kind], self.path("keys", "sign-%s.test" % kind, kind + ".pem"))
        out["full inbound"] = self.inbound()
        return out

    def inbound(self):
        """50 domains, mixed sizes and verdicts."""
        rows, cost = [], 0.0
        for n in range(DOMAINS):
            domain, size = "d%d.test" % n, (2, 2, 2, 20, 200)[n % 5]
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
            cost += self.floor["rsa_verify"] * ("dkim=fail" not in words) + self.floor["sha256_%d" % (size * KIB)]
        return rows, cost / DOMAINS

    # --- programs -----------------------------------------------------------------------------

    def start(self, args, wait_for=None, log="log"):
        p = subprocess.Popen(args, stdout=open(self.path(log), "ab"), stderr=subprocess.STDOUT)
        self.running.append(p)
        until = time.time() + 15
        while wait_for and not os.path.exists(wait_for):
            if time.time() > until or p.poll() is not None:
                sys.exit("bench: %s did not start: %s" % (args[0], open(self.path(log)).read()[-2000:]))
            time.sleep(0.05)
        return p

    def start_dns(self):
        zone = self.write("bench.zone", "\n".join(self.zone) + "\n")
        server = os.path.join(self.build, "tests/lib/dnsserver")
        p = subprocess.Popen([server, "--port", "0", "--zone", zone, "--log", self.path("dns.log")], stdout=subprocess.PIPE)
        self.running.append(p)
        return int(p.stdout.readline().split()[2])

    def milters(self, port):
        """name -> (socket, pids)"""
        out = {}
        sock = self.path("assay.sock")
        user = "user = root\n" if os.geteuid() == 0 else ""
        conf = self.write("assay.conf", """authserv-id = "mx.receiver.test"
listen = "unix:%s"
keys = "%s"
internal-hosts = { }
%sdns { servers = "127.0.0.1:%d" }
log { level = warning }
""" % (sock, self.path("keys"), user, port))
        p = self.start([os.path.join(self.build, "assayd"), "-f", "-c", conf], sock)
        out["assayd"] = (sock, [p.pid])
        sock = self.path("idle.sock")
        p = self.start([os.path.join(self.build, "tests/bench/idle"), "unix:" + sock], sock)
        out["idle"] = (sock, [p.pid])
        return out

    def load(self, milter, rows_file, messages):
        sock, pids = milter
        args = [os.path.join(self.build, "tests/bench/load"), "--socket", sock, "--list", rows_file, "--messages", str(messages),
                "--connections", str(self.options.connections)]
        for pid in pids:
            args += ["--pid", str(pid)]
        p = subprocess.run(args, capture_output=True)
        if p.returncode not in (0, 1) or not p.stdout:
            sys.exit("bench: load: " + p.stderr.decode())
        return json.loads(p.stdout)

    # --- the table ------------------------------------------------------------------------------

    def run(self):
        self.floor = json.loads(subprocess.run([os.path.join(self.build, "tests/bench/floor")], capture_output=True, check=True).stdout)
        print("OpenSSL alone, CPU us: " + ", ".join("%s %.1f" % x for x in self.floor.items()))
        loads = self.workloads()
        milters = self.milters(self.start_dns())
        print("%-18s %8s %8s %8s %8s %8s %8s %8s %7s" % ("workload", "CPU us", "floor", "ratio", "own us", "msg/s", "p50 ms", "p99 ms", "RSS MiB"))
        noise, results = [], {}
        for name, (rows, crypto) in loads.items():
            if self.options.only and self.options.only not in name:
                continue
            listed = self.write("lists/" + name.replace(" ", "-"), "\n".join(rows) + "\n")
            idle_rows = self.write("lists/idle-" + name.replace(" ", "-"), "\n".join("\t".join(r.split("\t")[:5]) for r in rows) + "\n")
            self.load(milters["assayd"], listed, max(50, len(rows)))
            got, idle = [], []
            for _ in range(self.options.rounds):
                n = self.options.messages if "200K" not in name else max(200, self.options.messages // 5)
                idle.append(self.load(milters["idle"], idle_rows, n))
                got.append(self.load(milters["assayd"], listed, n))
            wrong = sum(g["wrong"] for g in got)
            if wrong:
                sys.exit("bench: %s: %d wrong answers" % (name, wrong))
            med = lambda rows, key: statistics.median(r[key] for r in rows)
            empty = med(idle, "cpu_us")
            noise += [r["cpu_us"] / empty for r in idle]
            floor = empty + crypto
            cpu = med(got, "cpu_us")
            results[name] = cpu / floor
            print("%-18s %8.1f %8.1f %8.2f %8.1f %8.0f %8.2f %8.2f %7.1f" % (
                name, cpu, floor, cpu / floor, cpu - floor, med(got, "per_second"), med(got, "p50_ms"), med(got, "p99_ms"),
                med(got, "rss_kib") / 1024), flush=True)
        print("noise: the idle milter's CPU per message was between %.2f and %.2f of its median" % (min(noise), max(noise)))
        return results

    def end(self):
        for p in self.running:
            p.send_signal(signal.SIGTERM)
        for p in self.running:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(self.dir)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    bench = Bench(parser.parse_args().build, parser.parse_args())
    try:
        bench.run()
    finally:
        bench.end()


if __name__ == "__main__":
    main()
