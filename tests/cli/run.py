#!/usr/bin/env python3
"""The command line as a user has it: exit status, output, errors, and whole suites of messages.

    run.py --build BUILDDIR [-v] [--filter NAME] [--suites only|without]

Needs the built `assay` and `assayd`.  Suites of the shared material are played where they are
(ASSAY_SHARED), else that is said.  Ends with `N passed, N failed`.
"""
import argparse
import base64
import contextlib
import csv
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from urllib.parse import unquote_to_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KEYS = os.path.join(TOP, "keys")

MESSAGE = b"""From: Joe <joe@football.example.com>
To: Suzie <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?
"""

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class World:
    """One temporary directory and the built programs."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.dir = tempfile.mkdtemp(prefix="assay-cli-")
        self.assay = os.path.join(self.build, "assay")
        self.assayd = os.path.join(self.build, "assayd")

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *args, stdin=b"", program=None, path=None, leaks=True):
        """path: a directory whose programs are taken instead of the system's.  leaks: a program with sanitizers
        looks for leaks when it ends, which costs more than to judge a message; the unit tests do it for a whole suite."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
        if path:
            env["PATH"] = path + ":" + env["PATH"]
        if not leaks:
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        p = subprocess.run([program or self.assay, *args], input=stdin, capture_output=True, env=env, timeout=120)
        return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")

    def ok(self, *args, **kw):
        status, out, err = self.run(*args, **kw)
        assert status == 0, "%r: status %d: %s" % (args, status, err)
        return out

    def key(self, domain, kind="rsa", selector="s"):
        """A key that signs and the line of a zone that publishes it."""
        directory = os.path.join(self.dir, "keys-" + domain + selector)
        os.makedirs(directory, exist_ok=True)
        record = self.ok("key", "new", domain, "--keys", directory, "--type", kind, "--selector", selector)
        line = [l for l in record.splitlines() if not l.startswith(";")][0]
        return os.path.join(directory, domain, selector + ".pending.pem"), line


# --- usage ---------------------------------------------------------------------------------------

@check
def usage_and_exit_status(w):
    rows = [
        ([], 2, "usage"),
        (["nothing"], 2, "no such command: nothing\nusage: assay COMMAND"),
        (["verfy"], 2, "no such command: verfy: did you mean verify?"),
        (["verify", "--ip", "not-an-ip"], 2, "not an IP address"),
        (["verify", "--nonsense"], 2, "assay verify: unknown option: --nonsense\nusage"),
        (["verify", "--mailfrom=a@b.example"], 2, "unknown option: --mailfrom: did you mean --mail-from?"),
        (["verify", "--fro", "a@b.example"], 2, "--fro: several options begin so"),
        (["verify", "--json=yes"], 2, "--json takes no value"),
        (["verify", "--zone"], 2, "--zone requires a value"),
        (["verify", "-c"], 2, "-c requires a value"),
        (["verify", "-x"], 2, "unknown option: -x"),
        (["verify", "-o", "x"], 2, "unknown option: -o"),
        (["verify", "a", "b"], 2, "unexpected argument"),
        (["verify", "--time", "soon"], 2, "not a number"),
        (["verify", "--port", "70000"], 2, "not a port"),
        (["spf", "--helo", "x.example"], 2, "--ip is needed"),
        (["spf", "--ip", "192.0.2.1", "--engine", "other"], 2, "builtin or libspf2"),
        (["dmarc"], 2, "argument is missing"),
        (["sign", "--domain", "a.example"], 2, "are needed"),
        (["sign", "--domain", "a.example", "--selector", "s", "--key", "k", "--canon", "x"], 2, "relaxed/relaxed"),
        (["key", "melt", "a.example"], 2, "assay key: melt: no such subcommand\nusage: assay key new|activate"),
        (["key", "--json", "list"], 2, "assay key: --json: write the subcommand before its options\nusage"),
        (["key"], 2, "name a subcommand"),
        (["key", "rotat", "--all"], 2, "did you mean rotate?"),
        (["report", "statsu"], 2, "assay report: statsu: no such subcommand: did you mean status?"),
        (["key", "new"], 2, "name domains"),
        (["key", "new", "a.example", "--all"], 2, "name domains"),
        (["key", "new", "a.example", "--type", "dsa"], 2, "--type"),
        (["key", "new", "a.example", "--bits", "512"], 2, "--bits"),
        (["key", "new", "a.example", "--selector", "a b"], 2, "--selector"),
        (["key", "new", "a.example", "not a domain"], 2, "not a domain: not a domain name"),
        (["key", "show"], 2, "a domain is needed"),
        (["key", "show", "a.example", "--web", "--nsupdate"], 2, "--web, --nsupdate"),
        (["key", "show", "a.example", "--all"], 2, "assay key show: unknown option: --all"),
        (["key", "list", "--web"], 2, "unknown option: --web"),
        (["key", "list", "a.example", "--all"], 2, "write --all"),
        (["key", "retire", "a.example", "s", "--zone", "z"], 2, "unknown option: --zone"),
        (["key", "check", "--zone", "z", "--via-resolver"], 2, "write one of --zone"),
        (["key", "rotate", "a.example", "--selector", "s"], 2, "unknown option: --selector"),
        (["key", "retire", "a.example"], 2, "name the selector"),
        (["key", "rotate"], 2, "name domains"),
        (["check", "not a domain"], 2, "not a domain name"),
        (["verify", "/nonexistent/message"], 1, "No such file"),
        (["verify", "-c", "/nonexistent/assay.conf", "-"], 1, "/nonexistent/assay.conf"),
        (["dmarc", "not a domain"], 2, "not a domain name"),
        (["sign", "--domain", "a.example", "--selector", "s", "--key", "/nonexistent/key"], 1, "/nonexistent/key"),
        (["verify", "--zone", "/nonexistent/zone", "-"], 1, "/nonexistent/zone"),
    ]
    for args, status, text in rows:
        got, out, err = w.run(*args)
        assert got == status, "%r: status %d, want %d (%s)" % (args, got, status, err)
        assert text in err, "%r: %r is not in %r" % (args, text, err)
        assert err.startswith(("assay", "usage")), "%r: %r" % (args, err)


@check
def nothing_there(w):
    """Neither a key nor a message: that is said, instead of an empty page."""
    directory = os.path.dirname(w.file("no-keys/x", ""))
    status, out, err = w.run("key", "list", "--keys", directory)
    assert (status, out) == (0, "") and "no keys in %s: " % directory in err, (status, out, err)
    assert json.loads(w.ok("key", "list", "--keys", directory, "--json"))["keys"] == []
    out = w.ok("log", "--log", w.file("no.log", "Nov 26 12:00:00 mx postfix/master[1]: daemon started\n"))
    assert out.startswith("0 messages; read from ") and out.count("\n") == 1, out


@check
def closed_and_full_outputs(w):
    """What cannot be written is an error; a descriptor that was closed is nobody else's."""
    message, zone = w.file("full.eml", MESSAGE), w.file("full.zone", "")
    for program, args in ((w.assay, ["config"]), (w.assay, ["--help"]), (w.assay, ["verify", message, "--zone", zone]),
                          (w.assay, ["report", "--help"]), (w.assayd, ["--help"])):
        with open("/dev/full", "w") as full:
            p = subprocess.run([program, *args], stdout=full, stderr=subprocess.PIPE, text=True)
        assert p.returncode == 1 and "standard output cannot be written" in p.stderr, (args, p.returncode, p.stderr)
        p = subprocess.run(["sh", "-c", '"$@" >&-', "sh", program, *args], stderr=subprocess.PIPE, text=True)
        assert p.returncode == 1 and "standard output cannot be written" in p.stderr, (args, p.returncode, p.stderr)
        p = subprocess.run(["sh", "-c", '("$@"; echo $? >&2) | true', "sh", program, *args], stderr=subprocess.PIPE, text=True)
        assert p.stderr.strip() in ("141", "0"), (args, p.stderr)
    p = subprocess.run(["sh", "-c", '"$0" verify --zone "$1" <&-', w.assay, zone], capture_output=True, text=True)
    assert p.returncode == 1 and p.stderr == "assay: standard input: cannot be read: Bad file descriptor\n", p
    made = os.path.dirname(w.file("full-keys/a.example/x", ""))[:-len("/a.example")]
    p = subprocess.run(["sh", "-c", '"$0" key new a.example --keys "$1" --type ed25519 --selector s >&-', w.assay, made], stderr=subprocess.PIPE)
    assert p.returncode == 1
    with open(os.path.join(made, "a.example/s.pending.pem")) as f:
        assert f.read().startswith("-----BEGIN PRIVATE KEY-----"), "the key is made and is what it should be"


@check
def help_of_every_command(w):
    commands = re.findall(r"^  ([a-z]+)  ", w.ok("--help"), re.M)
    assert set(commands) >= {"verify", "sign", "spf", "dmarc", "key", "config"}, commands
    for c in commands:
        assert "usage: assay " + c in w.ok(c, "--help")
    assert w.ok("--version").startswith("assay ")
    assert w.run("--help", program=w.assayd)[0] == 0


# --- sign and verify --------------------------------------------------------------------------------

@check
def sign_then_verify(w):
    for kind in ("rsa", "ed25519"):
        for canon in ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"):
            key, line = w.key("football.example.com", kind, "t" + kind)
            zone = w.file("sign.zone", line + "\n_dmarc.football.example.com TXT v=DMARC1; p=reject\n")
            for message in (MESSAGE, MESSAGE.replace(b"\n", b"\r\n")):
                signed = subprocess.run([w.assay, "sign", "--domain", "football.example.com", "--selector", "t" + kind,
                                         "--key", key, "--canon", canon], input=message, capture_output=True, check=True).stdout
                assert signed.endswith(message)
                assert all(len(l) <= 78 for l in signed.split(b"\n")), "a line over 78 columns"
                o = json.loads(w.ok("verify", "--json", "--ip", "192.0.2.1", "--zone", zone, "-", stdin=signed))
                assert o["dkim"][0]["result"] == "pass", (kind, canon, o["dkim"])
                assert o["dmarc"]["result"] == "pass", o["dmarc"]
                changed = signed.replace(b"Are you hungry", b"Are you angry")
                o = json.loads(w.ok("verify", "--json", "--ip", "192.0.2.1", "--zone", zone, "-", stdin=changed))
                assert o["dkim"][0]["result"] == "fail", o["dkim"]
                assert o["dmarc"]["result"] == "fail", o["dmarc"]
            shutil.rmtree(os.path.join(w.dir, "keys-football.example.comt" + kind))


@check
def verify_signs_what_the_daemon_signs(w):
    """Also where the header decides that: sign-or-judge, and re-injected mail of a declared author."""
    key, line = w.key("football.example.com", "ed25519", "late")
    active = w.file("late/football.example.com/late.pem", open(key, "rb").read())
    os.chmod(active, 0o600)
    text = 'sign-or-judge = { 192.0.2.7 }\nsign "football.example.com" { reinjected = yes }\nkeys = "%s"\n'
    conf = w.file("late.conf", text % os.path.join(w.dir, "late"))
    without = w.file("without.conf", text % os.path.join(w.dir, "no-such-directory"))
    zone = w.file("late.zone", line + "\n_dmarc.football.example.com TXT v=DMARC1; p=reject\n")
    received = b"Received: from a.example by b.example; Fri, 11 Jul 2003 21:00:00 -0700\n"
    here = ["--mail-from", "joe@football.example.com"]
    rows = [
        (["--ip", "192.0.2.7"] + here, b"", "internal"),
        (["--ip", "192.0.2.7", "--mail-from", "x@other.example"], b"", "sign-or-judge"),
        (["--ip", "192.0.2.8"] + here, b"", "external"),
        (["--ip", "192.0.2.8", "--port", "0"] + here, received, "submission"),
        (["--ip", "127.0.0.1", "--port", "25"] + here, received, "submission"),
    ]
    for args, above, name in rows:
        o = json.loads(w.ok("verify", "--json", "-c", conf, "--zone", zone, *args, "-", stdin=above + MESSAGE))
        signed = name in ("internal", "submission")
        assert o["class"] == name and bool(o.get("signed")) == signed, (args, o)
    # keys that cannot be read matter only where they would sign
    for args, above, name in rows:
        status, _, err = w.run("verify", "-c", without, "--zone", zone, *args, "-", stdin=above + MESSAGE)
        if name == "external":
            assert status == 0, (args, err)
        else:
            assert status == 1 and "no-such-directory" in err, (args, status, err)


@check
def explain_finds_what_changed(w):
    """A failing signature: the change that lists and gateways make is found by undoing it."""
    message = (b"From: joe@football.example.com\nTo: ann@example.net\nSubject: Hungry\nMIME-Version: 1.0\n"
               b"Date: Thu, 26 Nov 2026 10:00:00 +0000\nMessage-ID: <1@football.example.com>\n\nHello,\nare you?\n")
    rows = (
        ("relaxed/relaxed", lambda m: m + b"--\nThe list\n", "a footer was appended (2 lines)"),
        ("simple/simple", lambda m: m + b"x\n", "a footer was appended (1 line)"),
        ("relaxed/relaxed", lambda m: m.replace(b"\n\nHello", b"\n\n[EXTERNAL]\nHello"), "a text was put before the body (1 line)"),
        ("relaxed/simple", lambda m: m.replace(b"Hello,\n", b"Hello,  \n"), "blanks were added"),
        ("relaxed/relaxed", lambda m: m.replace(b"Subject: ", b"Subject: [list] "), "the subject was tagged"),
        ("relaxed/relaxed", lambda m: m.replace(b"Subject: ", b"Subject: [list] ") + b"--\nThe list\n",
         "the subject was tagged and a footer appended (2 lines)"),
        ("relaxed/relaxed", lambda m: b"Reply-To: list@example.net\n" + m, "a field was added that the signature forbids: Reply-To"),
        ("relaxed/relaxed", lambda m: m.replace(b"Hungry", b"Thirsty"), "none of the common changes"),
        ("relaxed/relaxed", lambda m: m.replace(b"are you?", b"are we?"), "none of the common changes"),
    )
    key, line = w.key("football.example.com", "ed25519", "d1")
    zone = w.file("diagnose.zone", line + "\n")
    for canon, change, wanted in rows:
        signed = subprocess.run([w.assay, "sign", "--domain", "football.example.com", "--selector", "d1", "--key", key,
                                 "--canon", canon], input=message, capture_output=True, check=True).stdout
        out = w.ok("verify", "--explain", "--zone", zone, "-", stdin=signed)
        assert "why the signature" not in out, out
        out = w.ok("verify", "--explain", "--zone", zone, "-", stdin=change(signed))
        assert "key record at d1._domainkey.football.example.com: v=DKIM1" in out, out
        assert wanted in out, "%r is not in:\n%s" % (wanted, out)
        assert "body hash in the signature" in out and "body hash of this message" in out, out


@check
def explain_finds_lines_hashed_with_lf(w):
    """A signer that hashed LF instead of CRLF: only the body hash says so."""
    body = b"Hello,\n\nare you?\n"
    for canon, text in (("simple", body), ("relaxed", body)):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        message = ("DKIM-Signature: v=1; a=ed25519-sha256; c=%s/%s; d=a.example; s=s; h=from; bh=%s; b=eA==\n"
                   "From: x@a.example\n\n" % (canon, canon, digest)).encode()
        zone = w.file("lf.zone", "s._domainkey.a.example TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n")
        for sent in (message + body, (message + body).replace(b"\n", b"\r\n")):
            out = w.ok("verify", "--explain", "--zone", zone, "-", stdin=sent)
            assert "line ends of LF alone" in out, out
        assert "LF alone" not in w.ok("verify", "--explain", "--zone", zone, "-", stdin=message + body + b"x\n")


@check
def explain_says_why(w):
    zone = w.file("explain.zone", """a.example TXT v=spf1 include:b.example -all
b.example TXT v=spf1 ip4:192.0.2.7 -all
_dmarc.a.example TXT v=DMARC1; p=reject; pct=20
""")
    out = w.ok("verify", "--explain", "--ip", "192.0.2.9", "--helo", "x.a.example", "--mail-from", "m@a.example",
               "--zone", zone, "-", stdin=b"From: m@a.example\n\nx\n")
    for text in ("spf=fail", "b.example", "_dmarc.a.example", "policy that applies: reject", "dmarc=fail", "pct", "would reject",
                 "nearest term: ip4:192.0.2.7 of b.example", "alignment, by aspf=r and adkim=r of _dmarc.a.example",
                 "SPF fail for a.example: only a pass can be aligned", "DKIM: no signature",
                 "missing: an SPF pass of an envelope sender at a.example or a name below it, or a DKIM pass with d= a.example"):
        assert text in out, "%r is not in:\n%s" % (text, out)
    zone = w.file("strict.zone", "a.example TXT v=spf1 -all\nb.example TXT v=spf1 ip4:192.0.2.7 -all\n"
                  "_dmarc.a.example TXT v=DMARC1; p=reject; aspf=s; adkim=s\n")
    out = w.ok("verify", "--explain", "--ip", "192.0.2.7", "--helo", "x.b.example", "--mail-from", "m@b.example",
               "--zone", zone, "-", stdin=b"From: m@sub.a.example\nDKIM-Signature: v=1; a=rsa-sha256; d=c.example; s=s; h=from;\n"
               b" bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=eA==\n\nx\n")
    for text in ("SPF pass for b.example: not aligned, it would have to be sub.a.example\n", "aspf=s and adkim=s",
                 "key record at s._domainkey.c.example: none (no such name)"):
        assert text in out, "%r is not in:\n%s" % (text, out)
    assert "DKIM fail for c.example: only a pass" in out or "DKIM permerror for c.example: only a pass" in out, out


@check
def spf_and_dmarc_json(w):
    zone = w.file("j.zone", "a.example TXT v=spf1 ip4:192.0.2.7 -all\n_dmarc.a.example TXT v=DMARC1; p=none; sp=quarantine\n")
    for ip, result in (("192.0.2.7", "pass"), ("192.0.2.8", "fail")):
        o = json.loads(w.ok("spf", "--json", "--ip", ip, "--helo", "h.a.example", "--mail-from", "x@a.example", "--zone", zone))
        assert o["result"] == result and o["scope"] == "mfrom" and o["domain"] == "a.example", o
    o = json.loads(w.ok("dmarc", "--json", "--zone", zone, "sub.a.example"))
    assert (o["policy"], o["policy_domain"], o["organizational_domain"]) == ("quarantine", "a.example", "a.example"), o
    out = w.ok("dmarc", "--zone", zone, "sub.a.example")
    assert "_dmarc.sub.a.example" in out and "quarantine" in out


@check
def spf_asks_for_txt_only(w):
    """P-08: the record is asked for as TXT, never as type 99, by whatever engine."""
    zone = w.file("p08.zone", "a.example TXT v=spf1 include:b.example redirect=c.example\n"
                  "b.example TXT v=spf1 ip4:192.0.2.7 ?all\nc.example TXT v=spf1 -all exp=why.example\nwhy.example TXT no\n")
    log = os.path.join(w.dir, "p08.log")
    p = subprocess.Popen([os.path.join(w.build, "tests/lib/dnsserver"), "--zone", zone, "--log", log], stdout=subprocess.PIPE)
    try:
        port = int(p.stdout.readline().split()[2])
        conf = w.file("p08.conf", 'dns { servers = "127.0.0.1:%d" }\n' % port)
        for engine in ("builtin", "libspf2"):
            for ip in ("192.0.2.7", "192.0.2.8"):
                for sender in ("x@a.example", "x@none.example"):
                    status, _, err = w.run("spf", "-c", conf, "--engine", engine, "--ip", ip, "--helo", "h.a.example",
                                           "--mail-from", sender)
                    assert status == 0 or engine == "libspf2" and "not part of this build" in err, err
    finally:
        p.terminate()
        p.wait()
    with open(log) as f:
        asked = [line.split() for line in f]
    names = {name.lower().rstrip(".") for _, name, _ in asked}
    assert names >= {"a.example", "b.example", "c.example", "why.example", "none.example"}, names
    assert {kind for _, _, kind in asked} == {"16"}, asked


@check
def what_is_no_message(w):
    two = b"From a@b Mon Jun  2 10:00:00 2025\n" + MESSAGE + b"\nFrom a@b Mon Jun  2 10:00:00 2025\n" + MESSAGE + b"\n>From here on\n"
    rows = [
        (b"", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".msg"),
        (b"\x7fELF\0\0\0\0\n", "not a message"),
        (b"Dear all,\n\nhow: are you\n", "not a message"),
        (b"{ \"a\": 1 }\n", None),
        (two, "--mbox"),
    ]
    for text, want in rows:
        for command in (["verify"], ["sign", "--domain", "a.example", "--selector", "s", "--key", os.path.join(w.dir, "m.pem")]):
            shutil.copy(os.path.join(KEYS, "ed25519.pem"), os.path.join(w.dir, "m.pem"))
            os.chmod(os.path.join(w.dir, "m.pem"), 0o600)
            status, out, err = w.run(*command, w.file("m.eml", text))
            assert want is None or status == 1 and want in err and not out, "%r: %d %s%s" % (text[:20], status, out, err)
    assert "Is a directory" in w.run("verify", w.dir)[2]
    out = w.ok("verify", "--mbox", "--zone", w.file("none.zone", ""), w.file("two.mbox", two))
    assert out.count("class: ") == 2 and "message 2\n" in out, out
    assert w.run("verify", "--mbox", w.file("one.eml", MESSAGE))[0] == 1
    out = w.ok("verify", "--json", "--mbox", "--zone", w.file("none.zone", ""), w.file("two.mbox", two))
    decoder, at, seen = json.JSONDecoder(), 0, 0
    while at < len(out):
        _, at = decoder.raw_decode(out, at)
        at, seen = at + 1, seen + 1
    assert seen == 2
    status, _, err = w.run("verify", "--json", "--explain", "-", stdin=MESSAGE)
    assert status == 2, err


# --- keys -----------------------------------------------------------------------------------------------

@check
def envelope_from_headers(w):
    """--from-headers believes the fields that our own MTA wrote, and none below them."""
    zone = w.file("fh.zone", "a.example TXT v=spf1 ip4:192.0.2.7 -all\n")
    lmtp = b"Received: from mx.example.com by imap.example.com with LMTP id x; Thu, 26 Nov 2026 10:00:00 +0000\n"
    filtered = b"Received: from localhost (localhost [127.0.0.1]) by mx.example.com; Thu, 26 Nov 2026 10:00:00 +0000\n"
    client = (b"Received: from mail.a.example (mail.a.example [192.0.2.7])\n\tby mx.example.com with ESMTPS id 1;\n"
              b"\tThu, 26 Nov 2026 10:00:00 +0000\n")
    forged = client.replace(b"192.0.2.7", b"192.0.2.66")
    path = b"Return-Path: <x@a.example>\n"
    rows = [
        (path + client, [], "192.0.2.7", "pass"),
        (path + lmtp + filtered + client + forged, [], "192.0.2.7", "pass"),
        (path + forged + client, [], "192.0.2.66", "fail"),
        (path + forged + client, ["--ip", "192.0.2.7"], "192.0.2.7", "pass"),
        (client, ["--mail-from", "x@a.example"], "192.0.2.7", "pass"),
        (b"Return-Path: <>\n" + client, [], "192.0.2.7", "none"),
        (client, [], None, "no Return-Path"),
        (path, [], None, "names a client"),
        (path + b"Received: (qmail 1 invoked by uid 0); 26 Nov 2026 10:00:00 -0000\n" + client, [], None, "names a client"),
        (path + filtered, [], None, "names a client"),
    ]
    for fields, args, ip, want in rows:
        status, out, err = w.run("verify", "--json", "--from-headers", "--zone", zone, *args, "-", stdin=fields + MESSAGE)
        o = json.loads(out)
        assert err == "", err
        if ip is None:
            assert status == 1 and want in o["errors"][0], (fields, o)
        else:
            assert status == 0 and o["client"]["ip"] == ip and o["spf"]["result"] == want, (fields, args, o)
    conf = w.file("fh.conf", 'own-relays = { "192.0.2.66" }\n')
    o = json.loads(w.ok("verify", "--json", "--from-headers", "-c", conf, "--zone", zone, "-", stdin=path + forged + client + MESSAGE))
    assert o["client"] == {"ip": "192.0.2.7", "helo": "mail.a.example"}, o["client"]
    out = w.ok("verify", "--from-headers", "--zone", zone, "-", stdin=path + client + MESSAGE)
    assert "taken from the header: client 192.0.2.7, HELO mail.a.example, envelope sender <x@a.example>" in out, out
    two = b"From a@b Mon Jun  2 10:00:00 2025\n" + path + client + MESSAGE + b"\nFrom a@b Mon Jun  2 10:00:00 2025\n" + path + forged + MESSAGE
    out = w.ok("verify", "--mbox", "--from-headers", "--zone", zone, w.file("fh.mbox", two))
    assert "spf=pass" in out and "spf=fail" in out, out
    # one that was written on this host has no client: it is reported, and the others are judged
    local = b"From a@b Mon Jun  2 10:00:00 2025\n" + path + MESSAGE
    mailbox = w.file("fh-local.mbox", local + b"\n" + two)
    status, out, err = w.run("verify", "--mbox", "--from-headers", "--zone", zone, mailbox)
    assert status == 1 and "message 1: --from-headers: no Received field" in err and err.count("\n") == 1, err
    assert "spf=pass" in out and "spf=fail" in out and "message 3\n" in out, out


@check
def not_asked_is_not_checked(w):
    zone = w.file("nc.zone", "football.example.com TXT v=spf1 -all\n_dmarc.football.example.com TXT v=DMARC1; p=none\n")
    out = w.ok("verify", "--zone", zone, "-", stdin=MESSAGE)
    assert "spf: not checked" in out and "spf=" not in out, out
    assert "(SPF not checked: the client's address is not known)" in " ".join(out.split()), out
    o = json.loads(w.ok("verify", "--json", "--zone", zone, "-", stdin=MESSAGE))
    assert o["spf"]["result"] == "not checked" and o["spf"]["reason"]["code"] == "no-client", o["spf"]
    assert "spf=" not in o["edits"][0]["value"] and o["dmarc"]["result"] == "fail", o
    o = json.loads(w.ok("dmarc", "--json", "--zone", zone, "football.example.com"))
    assert o["result"] == "not checked" and "spf_aligned" not in o and o["policy"] == "none", o
    o = json.loads(w.ok("dmarc", "--json", "--zone", zone, "other.example"))
    assert o["result"] == "none" and o["reason"]["code"] == "no-record", o


@check
def json_is_all_that_is_printed(w):
    """With --json, what fails is an object on standard output, and standard error is empty."""
    silent = w.file("silent.zone", "_dmarc.a.example TXT !TIMEOUT\n")
    rows = [
        (["verify", "--json", "/nonexistent/m"], "No such file"),
        (["verify", "--json", w.file("empty.eml", "")], "is empty"),
        (["verify", "--json", w.dir], "directory"),
        (["verify", "--json", "--zone", "/nonexistent/zone", "-"], "/nonexistent/zone"),
        (["spf", "--json", "--ip", "192.0.2.1", "-c", "/nonexistent/c"], "/nonexistent/c"),
        (["dmarc", "--json", "-c", "/nonexistent/c", "a.example"], "/nonexistent/c"),
        (["explain", "--json", "--log", "/nonexistent/log", "X"], "/nonexistent/log"),
        (["log", "--json", "--log", "/nonexistent/log"], "/nonexistent/log"),
    ]
    for args, text in rows:
        status, out, err = w.run(*args, stdin=MESSAGE)
        assert status == 1 and err == "" and text in json.loads(out)["errors"][0], (args, status, out, err)
    status, out, err = w.run("dmarc", "--json", "--zone", silent, "a.example")
    assert status == 1 and "could not ask" in err and json.loads(out)["domain"] == "a.example", (out, err)
    assert w.run("spf", "--json", "--explain", "--ip", "192.0.2.1")[0] == 2


@check
def key_life(w):
    directory = os.path.join(w.dir, "life")
    status, _, err = w.run("key", "new", "a.example", "--keys", directory)
    assert status == 1 and directory in err, err
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--type", "both", "--selector", "x")
    records = [l for l in out.splitlines() if not l.startswith(";")]
    assert len(records) == 2 and "k=rsa" in records[0] and "k=ed25519" in records[1], out
    path = os.path.join(directory, "a.example", "xr.pending.pem")
    assert os.stat(path).st_mode & 0o777 == 0o600
    status, _, err = w.run("key", "new", "a.example", "--keys", directory, "--selector", "xr")
    assert status == 1 and "is there already" in err
    empty = w.file("empty.zone", "a.example A 192.0.2.1\n")
    status, _, err = w.run("key", "activate", "a.example", "--keys", directory, "--zone", empty)
    assert status == 1 and "xr._domainkey.a.example" in err and os.path.exists(path), err
    wrong = w.file("wrong.zone", records[0].replace("xr.", "xe.", 1) + "\n" + records[1].replace("xe.", "xr.", 1) + "\n")
    status, _, err = w.run("key", "activate", "a.example", "--keys", directory, "--zone", wrong)
    assert status == 1 and "type of the key" in err, err
    zone = w.file("right.zone", "\n".join(records) + "\n")
    w.ok("key", "activate", "a.example", "--keys", directory, "--zone", zone)
    assert sorted(os.listdir(os.path.join(directory, "a.example"))) == ["xe.pem", "xr.pem"]
    assert w.ok("key", "list", "--keys", directory).count("active") == 2
    assert w.ok("key", "show", "a.example", "xr", "--keys", directory).splitlines()[-1] == records[0]
    assert "xe: active already" in w.ok("key", "activate", "a.example", "--keys", directory, "--zone", zone)
    assert "keep its record published for another week" in w.ok("key", "retire", "a.example", "xr", "--keys", directory)
    assert "xr.retired.pem" in os.listdir(os.path.join(directory, "a.example"))
    assert w.run("key", "show", "b.example", "--keys", directory)[0] == 1
    status, _, err = w.run("key", "retire", "a.example", "xe", "--keys", directory)
    assert status == 1 and "last active key" in err and "--force" in err, err


@check
def key_links_are_refused(w):
    """Link for root: the daemon's user owns the key directory, and root must not change what its links lead to."""
    directory, domain = os.path.join(w.dir, "links"), os.path.join(w.dir, "links/a.example")
    os.makedirs(directory)
    w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519", "--selector", "s")
    target, path = w.file("target.pem", open(domain + "/s.pending.pem").read()), domain + "/s.pem"
    os.unlink(domain + "/s.pending.pem")
    os.symlink(target, path)
    if os.geteuid() == 0:
        os.chmod(w.dir, 0o755)
        for path_of_owner in (directory, domain):
            os.chown(path_of_owner, 12345, 12345)
    before = os.stat(target)
    status, _, err = w.run("key", "retire", "a.example", "s", "--keys", directory, "--force")
    assert status == 1 and "it is not a regular file" in err and os.path.islink(path), err
    assert os.stat(target) == before
    if os.geteuid() != 0:
        return print("not run: a link in the place of a domain's directory: it needs root")
    os.rename(domain, domain + ".old")
    os.makedirs(w.dir + "/elsewhere")
    os.symlink(w.dir + "/elsewhere", domain)
    with open(w.dir + "/elsewhere/other.pem", "w") as f:
        f.write("the key of another program\n")
    for arguments in (("retire", "a.example", "other", "--force"), ("new", "a.example", "--selector", "t", "--type", "ed25519")):
        status, _, err = w.run("key", *arguments, "--keys", directory)
        assert status == 1 and ("Permission denied" in err or "Operation not permitted" in err), err
    assert os.listdir(w.dir + "/elsewhere") == ["other.pem"] and os.stat(target) == before
    assert os.stat(w.dir + "/elsewhere/other.pem").st_uid == 0


@check
def root_makes_keys_for_the_owner(w):
    """What root makes in the key directory belongs to its owner, and is readable for no one else."""
    if os.geteuid() != 0:
        return print("not run: it needs root")
    directory = os.path.join(w.dir, "owned")
    os.makedirs(directory)
    os.chmod(w.dir, 0o755)
    os.chown(directory, 12345, 12346)
    w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519", "--selector", "s")
    for path, mode in ((directory + "/a.example", 0o40750), (directory + "/a.example/s.pending.pem", 0o100600)):
        st = os.stat(path)
        assert (st.st_uid, st.st_gid, st.st_mode) == (12345, 12346, mode), (path, st)


@check
def keys_of_several_domains(w):
    directory = os.path.join(w.dir, "several")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "b.example", "--keys", directory, "--type", "ed25519")
    assert out.count("k=ed25519") == 2 and sorted(os.listdir(directory)) == ["a.example", "b.example"], out
    first = os.listdir(os.path.join(directory, "a.example"))[0].split(".")[0]
    w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519")
    w.ok("key", "new", "--all", "--keys", directory, "--type", "ed25519")
    names = sorted(n.split(".")[0] for n in os.listdir(os.path.join(directory, "a.example")))
    assert names == [first, first + "2", first + "3"], names
    assert len(os.listdir(os.path.join(directory, "b.example"))) == 2
    assert w.ok("key", "list", "b.example", "--keys", directory).count("\n") == 2


@check
def records_for_forms_and_nsupdate(w):
    directory = os.path.join(w.dir, "forms")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--selector", "s")
    value = "".join(re.findall(r'"([^"]*)"', out))
    assert len(value) > 255
    web = w.ok("key", "show", "a.example", "--web", "--keys", directory)
    assert "host:   s._domainkey\n" in web and "value:  %s\n" % value in web, web
    update = w.ok("key", "show", "a.example", "--nsupdate", "--keys", directory)
    assert "prereq nxrrset s._domainkey.a.example. TXT\nupdate add s._domainkey.a.example. 3600 TXT \"v=DKIM1" in update, update
    w.ok("key", "retire", "a.example", "s", "--keys", directory)
    update = w.ok("key", "show", "a.example", "--nsupdate", "--keys", directory)
    assert "prereq yxrrset s._domainkey.a.example. TXT \"v=" in update and "update delete" in update, update


@check
def key_check_finds(w):
    directory = os.path.join(w.dir, "proof")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--selector", "s")
    record = [l for l in out.splitlines() if not l.startswith(";")][0]
    value = "".join(re.findall(r'"([^"]*)"', record))
    name = "s._domainkey.a.example"
    rows = [
        (record, 0, "ok"),
        ("a.example A 192.0.2.1", 3, "no such name"),
        ("%s TXT !SERVFAIL" % name, 1, "could not ask"),
        ("%s TXT !TIMEOUT" % name, 1, "could not ask"),
        (record + "\n" + record.replace("MII", "MIJ", 1), 3, "2 records at one selector"),
        (record + "\n%s TXT v=spf1 -all" % name, 3, "2 records at one selector"),
        (record.replace("a.example.", "a.example.a.example.", 1), 3, "appended twice"),
        ("%s TXT %s" % (name, value[:200]), 3, "cut off"),
        ('%s TXT "\\"%s\\""' % (name, value[:240]), 3, "quotation marks"),
        ("%s TXT %s" % (name, value.replace(";", "\\;")), 3, "contains backslashes"),
        (record.replace("MII", "MIJ", 1), 3, ""),
        (record.replace("k=rsa", "k=ed25519"), 3, ""),
        (record.replace("k=rsa;", "k=rsa; t=y;"), 3, "the record contains t=y"),
        ("*._domainkey.a.example TXT v=DKIM1; p=", 3, "wildcard"),
    ]
    for zone, want, text in rows:
        path = w.file("proof.zone", zone + "\n")
        status, out, err = w.run("key", "check", "a.example", "--keys", directory, "--zone", path)
        assert status == want and text in out, "%s: %d %s %s" % (zone, status, out, err)
        if want != 1:
            continue
        assert "publish " not in out, out
        status, _, err = w.run("key", "activate", "a.example", "--keys", directory, "--zone", path)
        assert status == 1 and "could not ask" in err, err
    two = w.file("two.zone", record + "\n" + record.replace("MII", "MIJ", 1) + "\n")
    assert w.run("key", "activate", "a.example", "--keys", directory, "--zone", two)[0] == 1


@contextlib.contextmanager
def name_server(w, name, zone):
    """The test suite's name server: its address."""
    p = subprocess.Popen([os.path.join(w.build, "tests/lib/dnsserver"), "--zone", w.file(name, zone)],
                         stdout=subprocess.PIPE, text=True)
    try:
        _, address, port = p.stdout.readline().split()
        yield "%s:%s" % (address, port)
    finally:
        p.terminate()
        p.wait()
        p.stdout.close()


@check
def key_check_asks_every_server(w):
    """Lagging server: all must have the record."""
    directory = os.path.join(w.dir, "everywhere")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--selector", "s")
    record = [l for l in out.splitlines() if not l.startswith(";")][0] + "\n"
    soa = "a.example SOA ns. root. 1 1 1 1 300\n"
    alias = "s._domainkey.a.example CNAME s.d.example\n"
    at_target = record.replace("s._domainkey.a.example.", "s.d.example.")
    rows = [
        (soa + record, soa + record, 0, "published, at all 2"),
        (soa + record, soa, 3, "the servers disagree: published at 127.0.0.1:"),
        (soa + record, soa + record.replace("MII", "MIJ", 1), 3, "the servers disagree"),
        (soa + record, "s._domainkey.a.example * !REFUSED\n", 1, "could not ask"),
        (soa + record, "s._domainkey.a.example * !SERVFAIL\n", 1, "could not ask: server failure at"),
        (soa, soa, 3, "no such name at 127.0.0.1:"),
        (soa + alias + at_target, soa + alias + at_target, 0, "published, at all 2"),
        (soa + alias + at_target, soa + alias.replace("s.d", "t.d") + at_target, 3, "the servers disagree: an alias of s.d.example"),
        (soa + alias + at_target, soa + record, 3, "the servers disagree: an alias of s.d.example"),
        (soa + alias, soa + alias, 3, "no such name"),
        (soa + alias + "s.d.example CNAME s._domainkey.a.example\n", soa + alias + "s.d.example CNAME s._domainkey.a.example\n", 3, "aliases in a row"),
    ]
    for first, second, want, text in rows:
        with name_server(w, "one.zone", first) as a, name_server(w, "two.zone", second) as b:
            conf = w.file("everywhere.conf", 'dns { servers = "%s" timeout = 500ms }\n' % a)
            args = ("a.example", "-c", conf, "--keys", directory, "--server", a, "--server", b)
            status, out, err = w.run("key", "check", *args)
            assert status == want and text in out, "%r: %d %s %s" % (second, status, out, err)
            status, out, _ = w.run("key", "check", *args, "--json")
            key = json.loads(out)["keys"][0]
            assert status == want and key["result"] == {0: "ok", 1: "unknown", 3: "bad"}[want], out
            if want != 0:
                status, _, err = w.run("key", "activate", *args)
                assert status == 1 and "s._domainkey.a.example: " in err, err
    with name_server(w, "one.zone", soa + record) as a, name_server(w, "two.zone", soa) as b:
        # the servers of the zone have it, and the resolver remembers that they had not
        conf = w.file("everywhere.conf", 'dns { servers = "%s" timeout = 500ms }\n' % b)
        status, out, _ = w.run("key", "check", "-c", conf, "--keys", directory, "--server", a)
        assert status == 3 and "remembers an older answer" in out, out
        conf = w.file("everywhere.conf", 'dns { servers = "%s" timeout = 500ms }\n' % a)
        status, out, _ = w.run("key", "check", "-c", conf, "--keys", directory)
        assert status == 1 and "could not ask for the name servers of s._domainkey.a.example" in out, out
        assert w.run("key", "check", "-c", conf, "--keys", directory, "--via-resolver")[0] == 0
        w.ok("key", "activate", "a.example", "-c", conf, "--keys", directory, "--server", a)


@check
def key_selectors(w):
    directory = os.path.join(w.dir, "slots")
    os.makedirs(directory)
    conf = w.file("slots.conf", 'keys = "%s"\nkey-selectors = { "s1", "S2" }\n' % directory)

    def new():
        return w.run("key", "new", "a.example", "-c", conf, "--type", "ed25519")

    assert "s1._domainkey" in new()[1] and "s2._domainkey" in new()[1]
    status, _, err = new()
    assert status == 1 and "every selector of key-selectors is in use" in err, err
    w.ok("key", "retire", "a.example", "s1", "-c", conf, "--force")
    old = open(os.path.join(directory, "a.example/s1.retired.pem")).read()
    assert "s1._domainkey" in new()[1]
    assert open(os.path.join(directory, "a.example/s1.retired.old")).read() == old
    for pattern, good in (("k%Y%m%d%t", True), ("%x", False), ("a b", False), ("%", False), ("", False)):
        path = w.file("pattern.conf", 'keys = "%s"\nkey-selectors = "%s"\n' % (directory, pattern))
        status, out, err = w.run("key", "new", "b.example", "-c", path, "--type", "ed25519")
        assert (status == 0) == good, (pattern, out, err)
        assert not good or re.search(r"^k\d{8}e\._domainkey", out, re.M), out


@check
def keys_as_json(w):
    directory = os.path.join(w.dir, "jsonkeys")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--selector", "s")
    record = [l for l in out.splitlines() if not l.startswith(";")][0]
    value = "".join(re.findall(r'"([^"]*)"', record))
    zone = w.file("json.zone", record + "\n")
    w.file("jsonkeys/a.example/bad.pem", "nonsense")
    status, out, _ = w.run("key", "list", "--keys", directory, "--json")
    keys = {k["selector"]: k for k in json.loads(out)["keys"]}
    assert status == 1 and keys["bad"]["usable"] is False and keys["bad"]["state"] == "active", out
    os.unlink(os.path.join(directory, "a.example/bad.pem"))
    good = json.loads(w.ok("key", "show", "a.example", "--keys", directory, "--json"))["keys"][0]
    assert good["value"] == value and good["name"] == "s._domainkey.a.example" and good["type"] == "rsa" and good["bits"] == 2048, good
    assert json.loads(w.ok("key", "check", "--keys", directory, "--zone", zone, "--json"))["keys"][0]["result"] == "ok"
    plan = json.loads(w.ok("key", "rotate", "--all", "--keys", directory, "--plan", "--json"))
    assert plan["steps"][0]["step"] == "prove" and plan["steps"][0]["messages"], plan
    step = json.loads(w.ok("key", "rotate", "--all", "--keys", directory, "--zone", zone, "--json"))["steps"][0]
    assert "seconds more" in step["messages"][0], step
    status, out, _ = w.run("key", "show", "b.example", "--keys", directory, "--json")
    assert status == 1 and json.loads(out)["keys"] == [], out


def set_back(path, days):
    then = os.stat(path).st_mtime - days * 86400
    os.utime(path, (then, then))


@check
def keys_rotate(w):
    """The whole way of a key by a hook, one step a call; at no point is there none that signs."""
    directory = os.path.join(w.dir, "rotate")
    os.makedirs(directory)
    zone = w.file("rotate.zone", "a.example A 192.0.2.1\n")
    hook = w.file("hook.sh", "#!/bin/sh\ncase $ASSAY_ACTION in\n"
                  "publish) n=1; printf '%%s. TXT' $ASSAY_NAME >>%(z)s\n"
                  "printf '%%s' \"$ASSAY_VALUE\" | fold -w 200 | while read -r l || [ -n \"$l\" ]; do printf ' \"%%s\"' \"$l\"; done >>%(z)s; echo >>%(z)s;;\n"
                  "remove) grep -v \"^$ASSAY_NAME\" %(z)s >%(z)s.new; mv %(z)s.new %(z)s;;\nesac\n" % {"z": zone})
    os.chmod(hook, 0o755)
    domain = os.path.join(directory, "a.example")

    def files():
        return sorted(n for n in os.listdir(domain) if n.endswith(".pem"))

    def rotate(*more):
        return w.ok("key", "rotate", "a.example", "--keys", directory, "--zone", zone, "--hook", hook, *more)

    w.ok("key", "new", "a.example", "--keys", directory, "--selector", "old")
    rotate()                                  # not published: the hook publishes it
    assert files() == ["old.pending.pem"]
    assert "may not know it for" in rotate() and files() == ["old.pending.pem"]
    assert "may not know it for" in rotate() and files() == ["old.pending.pem"]
    # Clock ahead: a time of next year counts as now, or the key would stay as it is until then
    set_back(os.path.join(domain, "old.visible"), -365)
    assert "may not know it for" in rotate() and files() == ["old.pending.pem"]
    assert os.stat(os.path.join(domain, "old.visible")).st_mtime < time.time() + 60
    set_back(os.path.join(domain, "old.visible"), 1)
    rotate()
    assert files() == ["old.pem"]
    set_back(os.path.join(domain, "old.pem"), -365)
    assert "future" not in rotate("--plan") and "its time was in the future" in rotate()
    assert os.stat(os.path.join(domain, "old.pem")).st_mtime < time.time() + 60
    assert "nothing is due" in rotate("--plan") and "make the next key" in rotate("--plan")
    rotate()
    assert files() == ["old.pem"]
    set_back(os.path.join(domain, "old.pem"), 181)
    assert "make the next key" in rotate("--dry-run") and files() == ["old.pem"]
    rotate()
    new = [n for n in files() if n != "old.pem"][0]
    assert new.endswith(".pending.pem"), files()
    new = new.split(".")[0]
    rotate()
    set_back(os.path.join(domain, new + ".visible"), 1)
    rotate()
    assert files() == sorted([new + ".pem", "old.pem"]), files()
    rotate()
    assert files() == sorted([new + ".pem", "old.retiring.pem"]), files()
    rotate()
    assert "old.retiring.pem" in files()
    set_back(os.path.join(domain, "old.retiring.pem"), 8)
    silent = w.file("silent.zone", "* * !SERVFAIL\nold._domainkey.a.example TXT !SERVFAIL\n")
    status, out, _ = w.run("key", "rotate", "a.example", "--keys", directory, "--zone", silent, "--hook", hook)
    assert status == 1 and "could not ask" in out and "old.retiring.pem" in files(), out
    assert "old._domainkey" in open(zone).read()
    rotate()
    assert files() == sorted([new + ".pem", "old.retired.pem"]), files()
    assert "old._domainkey" not in open(zone).read()
    assert w.run("key", "check", "--keys", directory, "--zone", zone)[0] == 0
    assert not [n for n in os.listdir(domain) if n.endswith(".visible")]
    broken = w.file("broken.sh", "#!/bin/sh\nexit 1\n")
    os.chmod(broken, 0o755)
    set_back(os.path.join(domain, new + ".pem"), 181)
    status, _, err = w.run("key", "rotate", "--all", "--keys", directory, "--zone", zone, "--hook", broken)
    assert status == 1 and "failed to publish" in err, err
    down = w.file("down.zone", "* * !SERVFAIL\n%s2._domainkey.a.example TXT !SERVFAIL\n" % new)
    status, out, _ = w.run("key", "rotate", "--all", "--keys", directory, "--zone", down, "--hook", hook)
    assert status == 1 and "could not ask" in out, out


@check
def rotation_is_killed(w):
    """Half a key: killed before each change in the file system, a key signs at every moment, and calling again ends as without."""
    base = os.path.join(w.dir, "killed")
    hook = w.file("killed.sh", "#!/bin/sh\necho \"$ASSAY_ACTION $ASSAY_NAME\" >>\"$HOOK_LOG\"\n")
    os.chmod(hook, 0o755)
    domain = "keys/a.example"
    os.makedirs(os.path.join(base, "start/keys"))
    out = w.ok("key", "new", "a.example", "--keys", os.path.join(base, "start/keys"), "--type", "ed25519", "--selector", "old")
    out += w.ok("key", "new", "a.example", "--keys", os.path.join(base, "start/keys"), "--type", "ed25519", "--selector", "new")
    zone = w.file("killed.zone", "\n".join(l for l in out.splitlines() if not l.startswith(";")) + "\n")
    empty = w.file("nothing.zone", "a.example A 192.0.2.1\n")

    def prepare(name, *days):
        """days: (file, its new name, how old it is)"""
        directory = os.path.join(base, name)
        shutil.copytree(os.path.join(base, "start"), directory)
        for old, new, age in days:
            if new:
                os.rename(os.path.join(directory, domain, old), os.path.join(directory, domain, new))
                set_back(os.path.join(directory, domain, new), age)
            else:
                os.unlink(os.path.join(directory, domain, old))
        return directory

    def state(directory):
        names = (n for n in os.listdir(os.path.join(directory, domain)))
        return sorted(re.sub(r"^\d{6}e", "made", n) for n in names if not n.endswith(".visible"))

    def call(directory, answers, die_at=None):
        env = dict(os.environ, HOOK_LOG=os.path.join(directory, "hook.log"))
        program = w.assay
        if die_at:
            env["ASSAY_DIE_AT"] = str(die_at)
            program = os.path.join(w.build, "tests/cli/dying")
        return subprocess.run([program, "key", "rotate", "--all", "--keys", os.path.join(directory, "keys"), "--zone", answers,
                               "--hook", hook], env=env, capture_output=True).returncode

    visible = os.path.join(base, "start", domain, "new.visible")
    open(visible, "w").close()
    set_back(visible, 1)
    old = ("old.pending.pem", "old.pem", 200)
    steps = [
        ("make", empty, [old, ("new.pending.pem", None, 0)], ["made.pending.pem", "old.pem"]),
        ("activate", zone, [old], ["new.pem", "old.pem"]),
        ("retire-old", zone, [old, ("new.pending.pem", "new.pem", 1), ("new.visible", None, 0)], ["new.pem", "old.retiring.pem"]),
        ("remove", zone, [("old.pending.pem", "old.retiring.pem", 8), ("new.pending.pem", "new.pem", 9), ("new.visible", None, 0)],
         ["new.pem", "old.retired.pem"]),
    ]
    kills = 0
    after = ["new.pem", "old.retiring.pem"]  # a call that completes a step may take the next one, too
    for name, answers, days, want in steps:
        whole = prepare(name, *days)
        assert call(whole, answers) == 0 and state(whole) == want, (name, state(whole))
        die_at = 1
        while True:
            directory = prepare("%s-%d" % (name, die_at), *days)
            status = call(directory, answers, die_at)
            if status == 0:
                break
            assert status == -signal.SIGKILL, (name, die_at, status)
            kills += 1
            active = [n for n in state(directory) if re.fullmatch(r"(old|new)\.pem", n)]
            assert active, "%s, killed at %d: no key signs: %s" % (name, die_at, state(directory))
            for n in active:
                assert open(os.path.join(directory, domain, n)).read().endswith("-----END PRIVATE KEY-----\n"), n
            for _ in range(3):
                if state(directory) in (want, after):
                    break
                assert call(directory, answers) == 0
            assert state(directory) in (want, after), "%s, killed at %d: %s" % (name, die_at, state(directory))
            assert call(directory, answers) == 0
            assert name == "make" or not os.path.exists(os.path.join(directory, domain, "new.visible")), (name, die_at)
            log = open(os.path.join(directory, "hook.log")).read() if name in ("make", "remove") else "publish remove"
            assert ("publish" if name == "make" else "remove") in log, (name, die_at, log)
            die_at += 1
        assert die_at > 3, "%s was never killed" % name
    assert kills > 15, kills


def others_may_run(w, user):
    """The folder of the build may be closed to them, as /root is."""
    try:
        subprocess.run([w.assay, "--version"], check=True, capture_output=True, cwd="/", **user)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: another user may not run the built programs")
        return False
    return True


@check
def keys_that_may_not_be_read(w):
    """Who may not read the keys is told so, never that there are none."""
    w.file("closed/keys/a.example/s.pem", "")
    directory = os.path.join(w.dir, "closed/keys")
    os.chmod(w.dir, 0o711)
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    zone = w.file("closed.zone", "a.example TXT v=spf1 -all\n_dmarc.a.example TXT v=DMARC1; p=reject\n")
    os.chmod(zone, 0o644)
    os.chmod(directory, 0)
    if not others_may_run(w, other):
        return
    for args in (["key", "list"], ["key", "show", "a.example"], ["key", "check"], ["key", "rotate", "--all"], ["check", "a.example", "--zone", zone]):
        p = subprocess.run([w.assay, *args, "--keys", directory], capture_output=True, text=True, cwd="/", **other)
        assert p.returncode == 1 and "must be able to read this directory" in p.stderr, (args, p.returncode, p.stderr)
        assert "no key of" not in p.stdout, p.stdout
    os.chmod(directory, 0o755)
    one_directory_may_not_be_read(w, directory, zone, other)


def one_directory_may_not_be_read(w, directory, zone, other):
    """The keys of the other domains are treated all the same, and the status is 1 in the end."""
    shutil.copy(os.path.join(TOP, "keys/ed25519.pem"), w.file("closed/keys/b.example/t.pem", ""))
    for name, mode in (("a.example", 0), ("b.example", 0o755)):
        os.chmod(os.path.join(directory, name), mode)
    os.chmod(os.path.join(directory, "b.example/t.pem"), 0o600)
    if other:
        os.chown(os.path.join(directory, "b.example/t.pem"), 65534, 65534)
    for args, part in ((["key", "list"], "b.example"), (["key", "check", "--zone", zone], "b.example/t"),
                       (["key", "show", "b.example"], "t._domainkey"), (["key", "rotate", "--all", "--plan"], "b.example"),
                       (["check", "--zone", zone], "b.example")):
        p = subprocess.run([w.assay, *args, "--keys", directory], capture_output=True, text=True, cwd="/", **other)
        assert p.returncode == (3 if args[0] == "check" else 1) and part in p.stdout, (args, p.returncode, p.stdout, p.stderr)
        assert "could not be read" not in p.stdout, p.stdout
        assert p.stderr.count("/a.example: Permission denied: it belongs to user ") == 1 and "mode 0000" in p.stderr, (args, p.stderr)
    os.chmod(os.path.join(directory, "a.example"), 0o700)


@check
def one_host_rotates(w):
    directory = os.path.join(w.dir, "writer")
    os.makedirs(directory)
    w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519")
    zone = w.file("writer.zone", "a.example A 192.0.2.1\n")
    w.ok("key", "rotate", "--all", "--keys", directory, "--zone", zone, "--plan")
    assert not os.path.exists(directory + "/.writer")
    w.ok("key", "rotate", "--all", "--keys", directory, "--zone", zone)
    assert open(directory + "/.writer").read() == socket.gethostname()
    w.ok("key", "rotate", "--all", "--keys", directory, "--zone", zone)
    w.file("writer/.writer", "other.example")
    status, _, err = w.run("key", "rotate", "--all", "--keys", directory, "--zone", zone)
    assert status == 1 and "rotated by another host, other.example" in err, err


@check
def keys_in_other_homes(w):
    """Encrypted keys, credentials of systemd, and a token behind PKCS #11 where that is installed."""
    domain = os.path.join(w.dir, "homes/keys/a.example")
    os.makedirs(domain)
    encrypted = os.path.join(domain, "enc.pem")
    shutil.copy(os.path.join(KEYS, "rsa2048-encrypted.pem"), encrypted)
    os.chmod(encrypted, 0o600)
    word = w.file("homes/word", "assay\n")
    wrong = w.file("homes/wrong", "not it\n")
    empty = w.file("homes/empty", "\n")
    wide = w.file("homes/wide", "assay\n")
    for path, mode in ((word, 0o600), (wrong, 0o400), (empty, 0o600), (wide, 0o644)):
        os.chmod(path, mode)

    def configured(passphrase):
        line = "" if passphrase is None else 'key-passphrase-file = "%s"\n' % passphrase
        return w.file("homes.conf", 'keys = "%s"\nuser = root\n%s' % (os.path.dirname(domain), line))

    rows = [(None, "name the file that contains it"), (wrong, "does not open this key"), (empty, "not a pass phrase"),
            (wide, "key-passphrase-file: %s: open to everybody" % wide),
            ("/nonexistent/word", "key-passphrase-file: /nonexistent/word: No such file"), ("credential:word", "LoadCredential=word")]
    for passphrase, text in rows:
        status, out, err = w.run("key", "list", "-c", configured(passphrase))
        assert status == 1 and err.count(text) == 1 and "cannot be used" in out, (passphrase, err)
    assert "rsa-2048" in w.ok("key", "list", "-c", configured(word))
    sign = ("sign", "--domain", "a.example", "--selector", "enc", "--key")
    assert b"" != subprocess.run([w.assay, *sign, encrypted, "--passphrase-file", word], input=MESSAGE, capture_output=True, check=True).stdout
    assert w.run(*sign, encrypted, stdin=MESSAGE)[0] == 1
    # systemd's directory: readable by an access list, whose mask looks like a group's rights
    credentials = os.path.join(w.dir, "credentials")
    os.makedirs(credentials)
    shutil.copy(word, credentials)
    shutil.copy(os.path.join(KEYS, "ed25519.pem"), os.path.join(credentials, "key"))
    os.chmod(os.path.join(credentials, "key"), 0o440)
    os.environ["CREDENTIALS_DIRECTORY"] = credentials
    try:
        assert "rsa-2048" in w.ok("key", "list", "-c", configured("credential:word"))
        assert "DKIM-Signature" in w.ok(*sign, "credential:key", stdin=MESSAGE)
        for name in ("../word", ".", "", "none"):
            assert w.run(*sign, "credential:" + name, stdin=MESSAGE)[0] == 1, name
        w.file("homes/K", "k b.example:s:credential:key\n")
        w.file("homes/S", "b.example k\n")
        conf = w.file("homes.conf", 'keys = "%s/homes/none"\nsign-tables { key-table = "%s/homes/K" signing-table = "%s/homes/S" }\n' % (w.dir, w.dir, w.dir))
        assert "ed25519-256" in w.ok("key", "list", "b.example", "-c", conf)
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]
    pkcs11(w, sign)


def pkcs11(w, sign):
    modules = glob.glob("/usr/lib/*/ossl-modules/pkcs11.so") + glob.glob("/usr/lib64/ossl-modules/pkcs11.so")
    tokens = glob.glob("/usr/lib/softhsm/libsofthsm2.so") + glob.glob("/usr/lib/*/softhsm/libsofthsm2.so") + glob.glob("/usr/lib64/pkcs11/libsofthsm2.so")
    if not modules or not tokens or not shutil.which("softhsm2-util"):
        print("skipped: keys by pkcs11: need softhsm2 and OpenSSL's pkcs11-provider")
        return
    store = os.path.join(w.dir, "token")
    os.makedirs(store)
    env = dict(os.environ, SOFTHSM2_CONF=w.file("softhsm2.conf", "directories.tokendir = %s\nobjectstore.backend = file\n" % store),
               OPENSSL_CONF=w.file("pkcs11.cnf", "openssl_conf = o\n[o]\nproviders = p\n[p]\ndefault = d\npkcs11 = m\n[d]\nactivate = 1\n"
                                   "[m]\nmodule = %s\npkcs11-module-path = %s\npkcs11-module-token-pin = 1234\n"
                                   "pkcs11-module-quirks = no-deinit\nactivate = 1\n" % (modules[0], tokens[0])))
    for args in (["--init-token", "--free", "--label", "assay", "--so-pin", "1234", "--pin", "1234"],
                 ["--import", os.path.join(KEYS, "rsa2048.pem"), "--token", "assay", "--label", "s", "--id", "01", "--pin", "1234"]):
        subprocess.run(["softhsm2-util", *args], env=env, check=True, capture_output=True)
    p = subprocess.run([w.assay, *sign, "pkcs11:token=assay;object=s;type=private"], input=MESSAGE, capture_output=True, env=env)
    if b"incompatible with sanitizer runtime" in p.stderr:     # the provider's RTLD_DEEPBIND: AddressSanitizer ends the program
        print("skipped: keys by pkcs11: the provider cannot open a token in a program with AddressSanitizer")
        return
    assert p.returncode == 0 and b"DKIM-Signature" in p.stdout, p
    p = subprocess.run([w.assay, *sign, "pkcs11:token=assay;object=none;type=private"], input=MESSAGE, capture_output=True, env=env)
    assert p.returncode == 1 and b"it contains no private key" in p.stderr, p
    # in a key table; what is shown is the public half of what was imported
    w.file("homes/K", "k b.example:s:pkcs11:token=assay;object=s;type=private\n")
    conf = os.path.join(w.dir, "homes.conf")
    p = subprocess.run([w.assay, "key", "list", "b.example", "-c", conf], capture_output=True, env=env)
    assert p.returncode == 0 and re.search(rb"rsa-2048", p.stdout), p
    public = subprocess.run(["openssl", "pkey", "-in", os.path.join(KEYS, "rsa2048.pem"), "-pubout", "-outform", "DER"],
                            check=True, capture_output=True).stdout
    p = subprocess.run([w.assay, "key", "show", "b.example", "-c", conf], capture_output=True, env=env)
    shown = b"".join(re.findall(rb'"([^"]*)"', p.stdout)) or p.stdout
    assert p.returncode == 0 and base64.b64encode(public) in shown, p


@check
def keys_of_tables(w):
    directory = os.path.join(w.dir, "tablekeys")
    os.makedirs(directory)
    key, record = w.key("t.example", "rsa", "tab")
    bad = w.file("tablekeys/bad.pem", "nonsense")
    os.chmod(bad, 0o600)
    w.file("K", "k t.example:tab:%s\nb b.example:bad:%s\n" % (key, bad))
    w.file("S", "t.example k\nb.example b\n")
    conf = w.file("tables.conf", 'keys = "%s"\nsign-tables { key-table = "%s/K" signing-table = "%s/S" }\n' % (directory, w.dir, w.dir))
    zone = w.file("tables.zone", record + "\nt.example TXT v=spf1 -all\n_dmarc.t.example TXT v=DMARC1; p=reject\n")
    status, out, err = w.run("key", "list", "-c", conf)
    assert re.search(r"t\.example +tab +active", out) and re.search(r"b\.example +bad .*cannot be used", out), out + err
    assert record in w.ok("key", "show", "t.example", "-c", conf)
    assert w.run("key", "check", "t.example", "-c", conf, "--zone", zone)[0] == 0
    status, out, _ = w.run("check", "-c", conf, "--zone", zone)
    assert status == 3 and "ok   key tab (signs): published" in out and "BAD  key bad cannot be used" in out, out


@check
def check_says_what_the_verifier_says(w):
    directory = os.path.join(w.dir, "verifier")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519", "--selector", "k")
    record = [l for l in out.splitlines() if not l.startswith(";")][0]
    spf, dmarc = "a.example TXT v=spf1 ip4:192.0.2.7 -all\n", "_dmarc.a.example TXT v=DMARC1; p=reject; rua=mailto:x@a.example\n"
    w.ok("key", "activate", "a.example", "--keys", directory, "--zone", w.file("v.zone", record + "\n"))
    key = record + "\n"
    rows = [
        (key + spf + dmarc, 0, "policy reject", None),
        (key + "a.example TXT v=spf1 a:x1.test a:x2.test a:x3.test -all\n" + dmarc, 3, "receivers answer permerror", None),
        (key + "a.example TXT v=spf1 mx -all\na.example MX 1 m.test\n" * 1 + "".join("a.example MX %d m%d.test\n" % (i, i) for i in range(2, 13)) + dmarc, 3, "permerror", None),
        (key + "a.example TXT v=spf1 include:b.test -all\nb.test TXT v=spf1 nonsense\n" + dmarc, 3, "permerror", None),
        (key + "a.example TXT v=spf1 redirect=none.test\n" + dmarc, 3, "permerror", None),
        (key + spf + spf.replace("-all", "~all") + dmarc, 3, "BAD  SPF", None),
        (key + spf + dmarc + dmarc.replace("reject", "none"), 3, "2 DMARC records", "no DMARC record"),
        (key + spf + "_dmarc.a.example TXT v=DMARC1; p=reject; t=y\n", 0, "policy quarantine", None),
        ("k._domainkey.a.example TXT !SERVFAIL\n" + spf + dmarc, 1, "could not ask", "publish "),
        (key + "a.example TXT !TIMEOUT\n" + dmarc, 1, "could not ask", "publish "),
        (key + "a.example TXT v=spf1 include:b.test -all\nb.test TXT !SERVFAIL\n" + dmarc, 1, "could not ask", "publish "),
        (key + spf + "_dmarc.a.example TXT !SERVFAIL\n", 1, "could not ask", "publish "),
        (key + "a.example TXT v=spf1 a:x1.test a:x2.test a:x3.test -all\nx1.test A 192.0.2.1\nx2.test A 192.0.2.1\nx3.test A 192.0.2.1\n" + dmarc,
         0, "permerror for clients with an IPv6 address", None),
    ]
    for zone, want, text, never in rows:
        status, out, err = w.run("check", "a.example", "--keys", directory, "--zone", w.file("v.zone", zone))
        assert status == want and text in out, "%s: %d\n%s%s" % (zone, status, out, err)
        assert never is None or never not in out, out


@check
def dmarc_says_what_applies(w):
    zone = w.file("d.zone", "_dmarc.a.test TXT v=DMARC1; p=reject; t=y\na.test A 192.0.2.1\n_dmarc.s.test TXT !SERVFAIL\ns.test A 192.0.2.1\n"
                  '_dmarc.n.test TXT "v=DMARC1;\\194\\160p=reject; rua=mailto:x@a.test"\nn.test A 192.0.2.1\n')
    assert "policy that applies: quarantine (from p=reject, one step lower by t=y" in w.ok("dmarc", "a.test", "--zone", zone)
    o = json.loads(w.ok("dmarc", "a.test", "--json", "--zone", zone))
    assert o["policy"] == "quarantine" and o["reason"]["code"] == "not-evaluated", o
    status, out, err = w.run("dmarc", "s.test", "--zone", zone)
    assert status == 1 and "could not ask" in err, out + err
    out = w.run("dmarc", "n.test", "--zone", zone)[1]
    assert "\\xc2\\xa0" in out and "\u00a0" not in out, out


@check
def check_tells_the_owner(w):
    directory = os.path.join(w.dir, "checked")
    os.makedirs(directory)
    out = w.ok("key", "new", "a.example", "--keys", directory, "--type", "ed25519", "--selector", "k")
    record = [l for l in out.splitlines() if not l.startswith(";")][0]
    spf = "a.example TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 a mx -all\n"
    dmarc = "_dmarc.a.example TXT v=DMARC1; p=reject; rua=mailto:x@a.example\n"
    full = w.file("full.zone", record + "\n" + spf + dmarc)
    w.ok("key", "activate", "a.example", "--keys", directory, "--zone", full)
    status, out, err = w.run("check", "--keys", directory, "--zone", full)
    assert status == 0 and "3 of 10 look-ups" in out and "published" in out and "policy reject" in out, out + err
    rows = [
        (spf + dmarc, "BAD  key k"),
        (record + "\n" + dmarc, "BAD  SPF: "),
        (record + "\n" + spf, "BAD  DMARC"),
        (record + "\n" + dmarc + "a.example TXT v=spf1 nonsense -all\n", "nonsense"),
        (record + "\n" + dmarc + "a.example TXT v=spf1 a a a a a a a a a a a -all\n", "11 of 10"),
        (record.replace("p=", "p=A") + "\n" + spf + dmarc, "BAD  key k"),
    ]
    for zone, text in rows:
        status, out, _ = w.run("check", "a.example", "--keys", directory, "--zone", w.file("part.zone", zone))
        assert status == 3 and text in out, "%r is not in:\n%s" % (text, out)
    assert w.run("check", "--keys", os.path.join(w.dir, "nokeys"), "--zone", full)[0] == 1


# --- configuration ----------------------------------------------------------------------------------------

@check
def five_mistakes_five_messages(w):
    path = w.file("five.conf", """enforce = perhaps
no-such-option = 1
internal-hosts = { 192.0.2.1/24 }
dns { timeout = fast }
authserv-id = "localhost"
""")
    status, out, err = w.run("-c", path, "--check", program=w.assayd)
    assert status == 1
    for line in range(1, 6):
        assert re.search(r"five\.conf:%d: " % line, err), "no message for line %d in:\n%s" % (line, err)
    status, _, err2 = w.run("-c", path, "-f", program=w.assayd)
    assert status == 1 and "nothing was started" in err2


@check
def socket_trouble_has_a_name(w):
    listening = __import__("socket").socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1)
    port = listening.getsockname()[1]
    user = "user = root\n" if os.geteuid() == 0 else ""
    rows = [
        ('listen = "unix:%s/no/such/dir/s.sock"' % w.dir, "no/such/dir"),
        ('listen = "unix:%s"' % w.file("plain", "x"), "not a socket"),
        ('listen = "unix:/%s"' % ("x" * 200), "too long for a socket"),
        ('listen = "inet:127.0.0.1:%d"' % port, "Address already in use"),
        ('listen = "inet:0.0.0.0:8893"', "allow-remote-mta"),
    ]
    for line, text in rows:
        path = w.file("socket.conf", user + line + "\n")
        status, _, err = w.run("-c", path, "-f", program=w.assayd)
        assert status == 1 and text in err, "%s: status %d: %s" % (line, status, err)
    listening.close()


@check
def bad_keys_are_told(w):
    directory = os.path.join(w.dir, "badkeys")
    os.makedirs(os.path.join(directory, "a.example"))
    good, _ = w.key("a.example", "ed25519", "good")
    shutil.copy(good, os.path.join(directory, "a.example", "open.pem"))
    os.chmod(os.path.join(directory, "a.example", "open.pem"), 0o644)
    w.file("badkeys/a.example/junk.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    os.chmod(os.path.join(directory, "a.example", "junk.pem"), 0o600)
    path = w.file("keys.conf", 'keys = "%s"\nuser = root\nlisten = "unix:%s/k.sock"\n' % (directory, w.dir))
    status, out, err = w.run("-c", path, "--check", program=w.assayd)
    assert status == 3 and "open.pem" in err and "chmod" in err and "junk.pem" in err, err
    assert "signs: nothing" in out and "2 findings" in out, out
    os.rename(good, os.path.join(directory, "a.example", "good.pem"))
    status, out, err = w.run("-c", path, "--check", program=w.assayd)
    assert status == 3 and "signs: a.example (good)\n" in out and "enforce = no" in out, out
    missing = w.file("missing.conf", 'keys = "%s/nowhere"\nuser = root\n' % w.dir)
    status, _, err = w.run("-c", missing, "--check", program=w.assayd)
    assert status == 1 and "nowhere" in err, err


@check
def config_prints_origins(w):
    path = w.file("origin.conf", "enforce = yes\ndns { timeout = 3s }\n")
    out = w.ok("config", "-c", path)
    assert re.search(r"enforce.*yes.*origin\.conf:1", out), out
    assert re.search(r"timeout.*3s.*origin\.conf:2", out), out
    assert "default" in out
    names = w.ok("config", "--options").split("\n")
    assert "- enforce" in names and "dns timeout" in names


@check
def sample_configuration_is_clean(w):
    sample = os.path.join(TOP, "dist", "assay.conf")
    status, out, err = w.run("config", "-c", sample)
    assert status == 0 and "warning" not in err, err


# --- suites --------------------------------------------------------------------------------------------------

def shared(*parts):
    path = os.path.join(os.environ.get("ASSAY_SHARED", os.path.join(TOP, "..", "shared")), *parts)
    return path if os.path.exists(path) else None


GOOD_POSTFIX = {
    "queue_directory": "/q", "smtpd_milters": "{ unix:a/s, default_action=tempfail }", "non_smtpd_milters": "unix:/q/a/s",
    "internal_mail_filter_classes": "bounce", "message_reject_characters": "\\0", "milter_protocol": "6",
    "milter_default_action": "tempfail", "smtp_line_length_limit": "0", "disable_mime_output_conversion": "yes",
    "content_filter": "", "smtp_generic_maps": "", "smtpd_milter_maps": "", "smtp/inet/chroot": "y", "mail_owner": "no-such-user",
    "smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination"}
DOCTOR = [  # what is changed, what is said of it ("!" in front: not said)
    ({"smtpd_milters": "{ unix:a/s, default_action = tempfail }"}, "BAD  smtpd_milters: Postfix refuses"),
    ({"smtpd_milters": "{ unix:a/s, default_action }"}, "BAD  smtpd_milters: Postfix refuses"),
    ({"smtpd_milters": "unix:/elsewhere"}, "BAD  smtpd_milters does not name"),
    ({"smtpd_milters": "unix:a/s2"}, "BAD  smtpd_milters does not name"),
    ({"smtpd_milters": "inet:127.0.0.1:8891, unix:a/s"}, "BAD  smtpd_milters: inet:127.0.0.1:8891 looks like opendkim"),
    ({"smtpd_milters": "unix:/run/opendmarc/s unix:a/s"}, "looks like opendmarc"),
    ({"smtpd_milters": "{unix:a/s,default_action=accept}"}, "note smtpd_milters: with default_action=accept"),
    ({"milter_default_action": "accept"}, "note non_smtpd_milters: with default_action=accept"),
    ({"smtpd_milters": "inet:localhost:11332 unix:a/s"}, "inet:localhost:11332, comes before assay"),
    ({"smtpd_milters": "unix:a/s, inet:localhost:11332"}, "inet:localhost:11332, comes after assay"),
    ({"smtpd_milters": "{ unix:a/s"}, "ok   smtpd_milters connects"),
    ({"smtpd_milters": "{,} unix:a/s"}, "BAD  smtpd_milters: Postfix refuses \"\" and with it all mail"),
    # a chrooted service takes every path from the queue directory
    ({"smtpd_milters": "unix:/q/a/s"}, "BAD  smtpd_milters: the service is chrooted and looks for unix:/q/a/s below /q"),
    ({"smtpd_milters": "{ unix:/q/a/s, default_action=tempfail }"}, "write unix:a/s instead"),
    ({"smtpd_milters": "unix:/q/a/s"}, "!smtpd_milters does not name"),
    ({"smtpd_milters": "unix:/a/s"}, "ok   smtpd_milters connects"),
    ({"smtpd_milters": "unix:/q/a/s", "smtp/inet/chroot": "n"}, "ok   smtpd_milters connects"),
    ({"smtpd_milters": "unix:/a/s", "smtp/inet/chroot": "n"}, "BAD  smtpd_milters does not name"),
    ({"cleanup/unix/chroot": "y"}, "BAD  non_smtpd_milters: the service is chrooted"),
    ({"submission/inet/chroot": "y", "submission/inet/smtpd_milters": "unix:/q/a/s"}, "BAD  master.cf, submission: smtpd_milters"),
    ({"smtpd_milters": ""}, "write smtpd_milters = { unix:a/s, default_action=tempfail }\n"),
    # settings without braces, and lines that were pasted with blanks before them
    ({"smtpd_milters": "unix:a/s, default_action=tempfail"}, "BAD  smtpd_milters: Postfix refuses \"default_action=tempfail\""),
    ({"smtpd_milters": "/q/a/s"}, "BAD  smtpd_milters: Postfix refuses \"/q/a/s\" and with it all mail: write unix:PATH"),
    ({"inet_protocols": "all smtpd_milters = unix:a/s"}, "BAD  main.cf: inet_protocols = all smtpd_milters = unix:a/s: a line that"),
    ({"non_smtpd_milters": ""}, "BAD  non_smtpd_milters does not name"),
    ({"internal_mail_filter_classes": ""}, "note internal_mail_filter_classes"),
    ({"message_reject_characters": ""}, "note message_reject_characters"),
    ({"milter_protocol": "2"}, "BAD  milter_protocol"),
    ({"smtp_generic_maps": "hash:/etc/postfix/generic"}, "BAD  smtp_generic_maps"),
    ({"smtp_line_length_limit": "998"}, "note smtp_line_length_limit"),
    ({"content_filter": "smtp:[127.0.0.1]:10024"}, "BAD  content_filter"),
    ({"smtpd_recipient_restrictions": "check_policy_service unix:private/policyd-spf"}, "BAD  smtpd_recipient_restrictions"),
    # services of master.cf
    ({"submission/inet/smtpd_milters": ""}, "BAD  master.cf, submission: smtpd_milters bypasses assayd"),
    ({"submission/inet/smtpd_milters": "unix:/elsewhere"}, "BAD  master.cf, submission: smtpd_milters"),
    ({"submission/inet/smtpd_milters": "unix:a/s"}, "!master.cf, "),
    ({"127.0.0.1:10025/inet/smtpd_milters": ""}, "!master.cf, "),
    ({"smtp/inet/receive_override_options": "no_address_mappings,no_milters"},
     "BAD  master.cf, smtp: receive_override_options bypasses assayd"),
    ({"smtp/inet/receive_override_options": "no_address_mappings"}, "!master.cf, "),
    ({"submission/inet/milter_macro_daemon_name": "ORIGINATING"}, "!master.cf, "),        # 587 is in sign-ports
    ({"2525/inet/milter_macro_daemon_name": "ORIGINATING"}, "note master.cf, 2525: neither"),
    ({"2525/inet/milter_macro_daemon_name": "signing"}, "!BAD  sign-daemon-names"),
    ({"smtp/inet/milter_macro_daemon_name": "SIGNING"}, "BAD  master.cf, smtp: its milter_macro_daemon_name SIGNING"),
    ({"milter_macro_daemon_name": "SIGNING"}, "BAD  milter_macro_daemon_name = SIGNING is in sign-daemon-names"),
    ({"milter_macro_daemon_name": "SIGNING", "smtp/inet/milter_macro_daemon_name": "mx"}, "!BAD  milter_macro"),
    ({}, "BAD  sign-daemon-names: SIGNING is not"),
    ({"content_filter": "amavis:[127.0.0.1]:10024", "127.0.0.1:10025/inet/content_filter": ""},
     "BAD  master.cf, 127.0.0.1:10025: what a content filter hands back"),
    ({"content_filter": "amavis:[127.0.0.1]:10024", "127.0.0.1:10025/inet/content_filter": "",
      "127.0.0.1:10025/inet/receive_override_options": "no_milters"}, "!content"),
    ({"content_filter": "amavis:[127.0.0.1]:10024", "127.0.0.1:10027/inet/content_filter": ""}, "!content"),  # sign-reinjected
    ({"content_filter": "amavis:[127.0.0.1]:10024", "localhost:nowhere/inet/content_filter": ""}, "BAD  master.cf, localhost:nowhere"),
    ({"smtp/inet/content_filter": "amavis:[127.0.0.1]:10024"}, "BAD  content_filter = amavis"),
    ({"submission/unix/smtpd_milters": "", "odd/inet": "", "/inet/": "", "//": "", "a/inet/smtpd_milters/x": ""}, "!master.cf, "),
    ({"submission/inet/smtpd_sasl_auth_enable": "yes"}, "note smtpd_sender_restrictions: a login may use any"),
    ({"smtpd_sasl_auth_enable": "yes"}, "note smtpd_sender_restrictions: a login may use any"),
    ({"smtpd_sasl_auth_enable": "no"}, "!a login may use any"),
    ({"smtpd_sasl_auth_enable": "yes", "submission/inet/smtpd_sender_restrictions": "reject_sender_login_mismatch, permit"},
     "!a login may use any"),
    ({"myhostname": "vm"}, "note myhostname = vm: Authentication-Results would be written"),
    ({"myhostname": "mx.example.com"}, "!myhostname"),
    ({"queue_directory": "/other", "non_smtpd_milters": "unix:/q/a/s"}, "BAD  smtpd is chrooted to /other"),
]
USED = "O InputMailFilters=first, assay\n"
DOCTOR_SENDMAIL = [
    (USED + "Xassay, S=local:/q/a/s, F=T, T=S:10s;R:30s;E:5m", "ok   sendmail.cf connects"),
    (USED + "Xassay, S=local:/q/a/s, T=S:10s", "note sendmail.cf: without F=T"),
    ("Xassay, S=local:/q/a/s, F=T", "BAD  sendmail.cf: the filter assay is defined and not used"),
    ("O InputMailFilters=\nXassay, S=local:/q/a/s, F=T", "is defined and not used"),
    ("O InputMailFilters=assay2,xassay\nXassay, S=local:/q/a/s, F=T", "is defined and not used"),
    ("DMhouse.example", "BAD  sendmail.cf: MASQUERADE_AS"),
    ("DM", "!MASQUERADE_AS"),
    ("Kgenerics hash -o /etc/mail/genericstable", "BAD  sendmail.cf: genericstable"),
    ("Xassay, S=local:/q/a/s2, F=T", "BAD  sendmail.cf has no filter"),
    ("Xopendkim, S=inet:8891@127.0.0.1", "BAD  sendmail.cf has no filter"),
    ("Xo, S=local:/run/opendkim/s, F=", "looks like opendkim"),
    ("", "BAD  sendmail.cf has no filter"),
]


@check
def doctor(w):
    """Each mistake of the MTA's configuration is found, and a good one has no complaint but of this host."""
    conf = w.file("doctor.conf", 'listen = "unix:/q/a/s"\nsign-daemon-names = "SIGNING"\nsign-reinjected = "10027"\n')
    zone = w.file("doctor.zone", "_dmarc.com TXT v=DMARC1; p=none\n")

    def examined(option, text):
        status, out, err = w.run("doctor", "-c", conf, "--zone", zone, option, w.file("mta", text))
        assert status == 3 and "unix:/q/a/s: No such file" in out and "the name servers answer" in out, (status, out, err)
        return out

    def postfix(changes):
        return examined("--postconf", "".join("%s = %s\n" % kv for kv in dict(GOOD_POSTFIX, **changes).items()))

    good = postfix({})
    assert "ok   smtpd_milters connects" in good and "ok   non_smtpd_milters connects" in good, good
    assert not re.search(r"(BAD|note) +(smtp|non_|milter|message|internal|content|disable|master)", good), good
    def as_expected(said, out):
        return said[1:] not in out if said.startswith("!") else said in out

    for changes, said in DOCTOR:
        out = postfix(changes)
        assert as_expected(said, out), (changes, said, out)
    for line, said in DOCTOR_SENDMAIL:
        out = examined("--sendmail", "V10/Berkeley\n" + line + "\n")
        assert as_expected(said, out), (line, said, out)
    conf = w.file("observe.conf", 'listen = "unix:/q/a/s"\nenforce = observe\n')
    assert "note smtpd_milters: unix:/run/opendkim/s looks like opendkim" in \
        postfix({"smtpd_milters": "unix:/run/opendkim/s unix:a/s"})
    assert "BAD  smtpd_milters: unix:/run/opendkim/s looks like opendkim" in \
        postfix({"smtpd_milters": "unix:a/s unix:/run/opendkim/s"})
    # a chrooted smtpd cannot reach that place: the lines are those of the place that it can reach
    chrooted = postfix({"queue_directory": "/elsewhere", "smtp/inet/chroot": "y", "smtpd_milters": "", "non_smtpd_milters": ""})
    assert "write smtpd_milters = { unix:assay/assay.sock, default" in chrooted and "assay init does it" in chrooted, chrooted
    assert w.run("doctor", "-c", conf, "--postconf", "/nonexistent")[0] == 1
    assert w.run("doctor", "more")[0] == 2


@check
def checks_as_json(w):
    """check, doctor and config with --json: the findings and values that they print as lines, with the same status."""
    def lines_of(out):
        return re.findall(r"(?m)^  (ok|BAD|note|[?])  *(.*)$", out)

    def as_lines(findings):
        marks = {"ok": "ok", "bad": "BAD", "note": "note", "unknown": "?"}
        return [(marks[f["result"]], f["text"]) for f in findings]

    zone = w.file("json.zone", "a.example TXT v=spf1 include:b.example mx -all\nb.example TXT v=spf1 foo\na.example MX 1 m.a.example\n"
                  "m.a.example A 192.0.2.1\n_dmarc.a.example TXT v=DMARC1; p=none\nlost.example * !TIMEOUT\n_dmarc.lost.example * !TIMEOUT\n_dmarc.com TXT x\n")
    arguments = ("check", "a.example", "lost.example", "--zone", zone, "--keys", w.file("json-keys/x", "")[:-2])
    text, made = w.run(*arguments), w.run(*arguments, "--json")
    found = json.loads(made[1])
    assert text[0] == made[0] == 3 and [d["domain"] for d in found["domains"]] == ["a.example", "lost.example"], made
    assert lines_of(text[1]) == as_lines(f for d in found["domains"] for f in d["findings"]), (text[1], made[1])
    spf = found["domains"][0]["findings"][1]
    assert spf["terms"] == [{"term": "include:b.example", "depth": 1, "look_ups": 0, "fault": "unknown mechanism", "wrong": "foo"}], spf
    assert [f["result"] for f in found["domains"][1]["findings"]] == ["note", "unknown", "unknown"], found
    assert json.loads(w.run("check", "--keys", "/nonexistent", "--json")[1])["errors"]

    arguments = ("doctor", "-c", w.file("json.conf", 'listen = "unix:/q/a/s"\n'), "--zone", zone, "--postconf", w.file("mta", "mail_owner = x\n"))
    text, made = w.run(*arguments), w.run(*arguments, "--json")
    found = json.loads(made[1])
    assert text[0] == made[0] == 3 and found["mta"] == "postfix", made
    assert len(found["findings"]) > 4 and lines_of(text[1]) == as_lines(found["findings"]), (text[1], made[1])

    conf = w.file("json.conf", 'user = "nobody"\ninternal-hosts = { 192.0.2.1 }\n\nsign "a.example" { subdomains = yes }\n')
    options = json.loads(w.ok("config", "-c", conf, "--json"))["options"]
    names = {"%s %s" % (o.get("section", "-"), o["name"]) for o in options if "title" not in o}
    assert names == {n for n in w.ok("config", "--options").splitlines() if n.split(" ")[0] not in ("sign", "policy", "policy-to")}, names
    assert {"name": "user", "value": "nobody", "file": conf, "line": 1} in options, options
    assert {"name": "internal-hosts", "value": ["192.0.2.1"], "file": conf, "line": 2} in options, options
    assert {"section": "sign", "title": "a.example", "name": "subdomains", "value": "yes", "file": conf, "line": 4} in options, options
    assert {"name": "enforce", "value": "no"} in options, options
    assert json.loads(w.run("config", "-c", w.file("json.conf", "nonsense = 1\n"), "--json")[1])["errors"]
    assert w.run("config", "--options", "--json")[0] == 2


@check
def doctor_says_which_servers_are_silent(w):
    """What to do depends on whether they are this host's own."""
    mta = w.file("mta", "mail_owner = x\n")
    rows = [('dns { servers = { "127.0.0.1:1" } timeout = 100ms deadline = 1s }\n', [], "(127.0.0.1:1: ", "start the resolver of this host"),
            ("", ["--zone", w.file("silent.zone", "_dmarc.com TXT !TIMEOUT\n")], "silent.zone: ", "install a resolver on this host")]
    for conf, more, servers, advice in rows:
        status, out, err = w.run("doctor", "-c", w.file("silent.conf", conf), "--postconf", mta, *more)
        line = [x for x in out.splitlines() if "name servers do not answer" in x]
        assert status == 3 and len(line) == 1 and servers in line[0] and advice in line[0], (out, err)


@check
def doctor_tries_as_other_users(w):
    """Each key is tried as the daemon's user; what this user may not try is not called wrong."""
    if os.geteuid() != 0:
        return print("not run: it needs root")
    site = os.path.join(w.dir, "tried")
    os.chmod(w.dir, 0o711)
    for name in ("good.pem", "theirs.pem", "theirs2.pem", "old.retired.pem"):
        os.chmod(w.file("tried/keys/a.example/" + name, ""), 0o600)
    os.chown(w.file("tried/keys/a.example/good.pem", ""), 65534, 65534)
    zone, postconf = w.file("tried/zone", "_dmarc.com TXT v=DMARC1; p=none\n"), w.file("tried/mta", "mail_owner = nobody\n")
    conf = w.file("tried/conf", 'keys = "%s/keys"\nuser = "nobody"\nlisten = "unix:%s/closed/s"\n' % (site, site))
    arguments = ("doctor", "-c", conf, "--zone", zone, "--postconf", postconf)
    status, out, err = w.run(*arguments)
    assert status == 3 and re.findall(r"user nobody cannot read the key \S*/(\S+): ", out) == ["theirs.pem", "theirs2.pem"], (out, err)
    assert out.count("the name servers answer") == 1 and out.count("can read the key directory") == 1, out
    os.makedirs(site + "/closed")
    os.chmod(site + "/closed", 0)
    os.chmod(site + "/keys", 0)
    other = {"user": 65533, "group": 65533, "extra_groups": []}
    if not others_may_run(w, other):
        return
    p = subprocess.run([w.assay, *arguments], capture_output=True, text=True, cwd="/", **other)
    assert "BAD  unix:" not in p.stdout and "BAD  user" not in p.stdout and p.stdout.count("run this as root") == 3, p.stdout + p.stderr


# What postconf says of a Postfix that is not connected yet, and what is to be written then.
BARE_POSTFIX = {"mail_owner": "postfix", "smtpd_milters": "", "non_smtpd_milters": "",
                "internal_mail_filter_classes": "", "message_reject_characters": "", "smtp/inet/chroot": "y"}
POSTFIX_LINES = ["smtpd_milters = { unix:assay/assay.sock, default_action=tempfail }", "non_smtpd_milters = $smtpd_milters",
                 "internal_mail_filter_classes = bounce", "message_reject_characters = \\0"]
# changes of main.cf: the lines that are missing then
INIT_LINES = [
    ({}, POSTFIX_LINES),
    ({"smtpd_milters": "unix:assay/assay.sock"}, POSTFIX_LINES[1:]),
    ({"smtpd_milters": "unix:assay/assay.sock", "non_smtpd_milters": "unix:assay/assay.sock"}, POSTFIX_LINES[2:]),
    ({"internal_mail_filter_classes": "notify, bounce", "message_reject_characters": "\\0"}, POSTFIX_LINES[:2]),
    ({"internal_mail_filter_classes": "notify"}, POSTFIX_LINES[:2] + ["internal_mail_filter_classes = notify, bounce",
                                                                   POSTFIX_LINES[3]]),
    ({"smtpd_milters": "inet:localhost:11332"},
     ["smtpd_milters = inet:localhost:11332, { unix:assay/assay.sock, default_action=tempfail }"] + POSTFIX_LINES[1:]),
    ({"smtpd_milters": "unix:assay/assay.sock", "non_smtpd_milters": "unix:other"},
     ["non_smtpd_milters = unix:other, { unix:assay/assay.sock, default_action=tempfail }"] + POSTFIX_LINES[2:]),
    # the whole path, which a chrooted smtpd cannot find
    ({"smtpd_milters": "inet:localhost:11332, { unix:QUEUE/assay/assay.sock, default_action=accept }"},
     ["smtpd_milters = inet:localhost:11332, { unix:assay/assay.sock, default_action=accept }"] + POSTFIX_LINES[1:]),
    ({"smtpd_milters": "unix:assay/assay.sock", "non_smtpd_milters": "unix:QUEUE/assay/assay.sock", "cleanup/unix/chroot": "y"},
     ["non_smtpd_milters = unix:assay/assay.sock"] + POSTFIX_LINES[2:]),
]


class Site:
    """A host before `assay init`: the package's files, and an MTA."""

    def __init__(self, w, name, conf="", postfix=()):
        self.w, self.top = w, os.path.join(w.dir, name)
        for directory in ("keys", "conf.d", "units", "bin", "queue/assay"):
            os.makedirs(os.path.join(self.top, directory))
        os.chmod(w.dir, 0o755)
        self.conf = self.file("assay.conf", 'keys = "%s/keys"\n%s\ninclude "conf.d/*.conf"\n' % (self.top, conf))
        self.postfix(**dict(postfix))

    def file(self, name, text):
        return self.w.file(os.path.join(self.top, name), text)

    def postfix(self, **changes):
        values = dict(BARE_POSTFIX, queue_directory=self.top + "/queue", **{k.replace("__", "/"): v for k, v in changes.items()})
        self.postconf = self.file("postconf.out", "".join("%s = %s\n" % kv for kv in values.items()))

    def init(self, *args, domain="example.com", mta=None, path=None):
        mta = ("--postconf", self.postconf) if mta is None else mta
        return self.w.run("init", domain, "-c", self.conf, "--units", self.top + "/units", *mta, *args, path=path)

    def files(self):
        """What lies there, for comparisons."""
        found = {}
        for directory, _, names in os.walk(self.top):
            for name in names:
                path = os.path.join(directory, name)
                with open(path) as f:
                    found[os.path.relpath(path, self.top)] = f.read()
        return found


@check
def init(w):
    """From nothing to a domain with keys: each step once, nothing twice, and nothing in a dry run."""
    site = Site(w, "init")
    before = site.files()
    status, out, err = site.init("--dry-run")
    assert status == 0 and site.files() == before and "will make a key (rsa)" in out, (status, out, err)
    status, out, err = site.init()
    assert status == 0 and not err, (status, out, err)
    made = site.files()
    assert made["conf.d/mta.conf"].splitlines()[:2] == ['listen = "unix:%s/queue/assay/assay.sock"' % site.top,
                                                        'socket-group = "postfix"'], made
    keys = sorted(n for n in made if n.endswith(".pending.pem"))
    assert [os.path.dirname(k) for k in keys] == ["keys/example.com"] * 2, keys
    assert all(os.stat(os.path.join(site.top, k)).st_mode & 0o777 == 0o600 for k in keys)
    for line in POSTFIX_LINES:
        assert "\n%s\n" % line in out and "\n  '%s'" % line in out, out      # a blank before them would spoil main.cf
    assert len(re.findall(r"(?m)^\S+\._domainkey\.example\.com\. TXT \"v=DKIM1", out)) == 2, out
    assert "assay key activate example.com" in out and "run: systemctl daemon-reload; systemctl restart assayd" in out
    status, again, err = site.init()
    assert status == 0 and site.files() == made and "done" not in again, (again, err)
    assert re.findall(r"(?m)^\S+ TXT .*$", again) == re.findall(r"(?m)^\S+ TXT .*$", out)
    with open(os.path.join(w.build, "assayd-postfix.conf")) as f:
        assert made["units/assayd.service.d/postfix.conf"] == \
            f.read().replace("/var/spool/postfix", site.top + "/queue"), made
    # activated; a second domain needs its keys only
    for name in keys:
        os.rename(os.path.join(site.top, name), os.path.join(site.top, name.replace(".pending", "")))
    status, out, err = site.init()
    assert status == 0 and "no key is pending" in out and " TXT " not in out, (out, err)
    status, out, err = site.init("--type", "rsa", domain="second.example")
    assert status == 0 and out.count("done") == 1 and out.count(" TXT ") == 1, (out, err)


@check
def init_json(w):
    site = Site(w, "init-json")
    said = json.loads(site.init("--json")[1])
    assert said["domain"] == "example.com" and said["mta"] == "postfix" and said["mta_lines"] == POSTFIX_LINES, said
    assert [s["state"] for s in said["steps"]] == ["done"] * 4 + ["todo"] * 3, said
    assert len(said["records"]) == 2 and all(r["value"].startswith("v=DKIM1; ") for r in said["records"]), said
    status, out, _ = site.init("--json", mta=("--postconf", "/nonexistent"))
    assert status == 1 and json.loads(out)["errors"], out


@check
def init_without_domain(w):
    """The host alone: for mail that is judged only, or signed with keys that come from elsewhere."""
    site = Site(w, "init-host")
    status, out, err = site.w.run("init", "-c", site.conf, "--units", site.top + "/units", "--postconf", site.postconf)
    assert status == 0 and " TXT " not in out and not os.listdir(site.top + "/keys"), (status, out, err)
    assert os.listdir(site.top + "/conf.d") == ["mta.conf"] and POSTFIX_LINES[0] in out
    said = json.loads(site.w.run("init", "--json", "-c", site.conf, "--units", site.top + "/units", "--postconf", site.postconf)[1])
    assert "domain" not in said and said["records"] == [], said


@check
def init_lines(w):
    """What is missing in main.cf is asked for, what is there is not, and no other milter is lost."""
    site = Site(w, "init-lines")
    for changes, lines in INIT_LINES:
        site.postfix(**{k: v.replace("QUEUE", site.top + "/queue") for k, v in changes.items()})
        said = json.loads(site.init("--json", "--dry-run")[1])
        assert said["mta_lines"] == lines, (changes, said)
    site.postfix(smtpd_milters="unix:/run/opendkim/opendkim.sock")
    assert "assay replaces it: follow MIGRATING" in site.init("--dry-run")[1]
    good = {"smtpd_milters": "unix:assay/assay.sock", "non_smtpd_milters": "unix:assay/assay.sock",
            "internal_mail_filter_classes": "bounce", "message_reject_characters": "\\0"}
    site.postfix(**good)
    out = site.init("--dry-run")[1]
    assert "ok   Postfix connects to unix:" in out and "main.cf" not in out, out


@check
def init_existing(w):
    """Another configuration is kept where it works, and reported where it does not; nothing is half written."""
    site = Site(w, "init-inet", 'listen = "inet:127.0.0.1:8893"')
    out = site.init()[1]
    assert "was set before: kept" in out and "{ inet:127.0.0.1:8893, default_action=tempfail }" in out, out
    assert not os.listdir(site.top + "/conf.d") and not os.listdir(site.top + "/units")
    refused = [
        ('listen = "unix:/elsewhere/s"', {}, (), "smtpd is chrooted and cannot reach it: remove the line, or write listen"),
        ('listen = "fd:3"', {}, (), "the service manager does not report the socket"),
        ('authserv-id = "mx.example.org"', {}, ("--authserv-id", "mx.example.com"), "authserv-id is \"mx.example.org\" already"),
        ("", {}, ("--authserv-id", "no\"name.example"), "mta.conf:"),
        ("no-such-option = 1", {}, (), "assay.conf:2: "),
        ("", {"mail_owner": "other"}, (), "mail_owner = other"),
        ("", {"queue_directory": ""}, (), "does not report queue_directory"),
    ]
    for number, (conf, postfix, options, why) in enumerate(refused):
        site = Site(w, "init-refused%d" % number, conf)
        site.postfix(**{k: v for k, v in postfix.items() if k != "queue_directory"})
        if "queue_directory" in postfix:
            site.postconf = site.file("postconf.out", "mail_owner = postfix\n")
        status, out, err = site.init(*options)
        assert status == 1 and why in err, (conf, status, out, err)
        assert not os.listdir(site.top + "/conf.d") and not os.listdir(site.top + "/units"), (conf, out, err)
    for directory, below in (("queue2", None), ("queue", "elsewhere/s")):     # a name that begins as the queue directory's
        site = Site(w, "init-in-" + directory)
        site.file("assay.conf", 'keys = "%s/keys"\nlisten = "unix:%s/%s/elsewhere/s"\n' % (site.top, site.top, directory))
        status, out, err = site.init()
        assert "smtpd is chrooted and cannot reach it" in err if below is None else "{ unix:%s, " % below in out, (out, err)
    site = Site(w, "init-kept", 'listen = "unix:/elsewhere/s"', {"smtp__inet__chroot": "n"})
    assert "{ unix:/elsewhere/s, default_action=tempfail }" in site.init()[1]
    # a file of that name, and a configuration that includes nothing
    site = Site(w, "init-file")
    site.file("conf.d/mta.conf", "# mine\n")
    status, out, err = site.init()
    assert status == 1 and "mta.conf: exists already" in err and 'socket-group = "postfix"' in err, (out, err)
    assert site.files()["conf.d/mta.conf"] == "# mine\n" and not os.listdir(site.top + "/keys"), out
    assert site.init("--dry-run")[0] == 1
    site = Site(w, "init-twice")
    assert site.init()[0] == 0
    status, out, err = site.init("--authserv-id", "mx.example.com", domain="second.example")
    assert status == 1 and 'write there\nassay: authserv-id = "mx.example.com"' in err, (out, err)
    assert os.listdir(site.top + "/keys") == ["example.com"]
    site = Site(w, "init-include")
    site.file("assay.conf", 'keys = "%s/keys"\n' % site.top)
    status, out, err = site.init()
    assert status == 1 and "write include" in err and not os.listdir(site.top + "/conf.d"), (out, err)
    site.file("units/assayd.service.d/postfix.conf", "[Service]\n")
    site.file("assay.conf", 'keys = "%s/keys"\ninclude "conf.d/*.conf"\n' % site.top)
    status, out, err = site.init()
    assert status == 0 and "is not what would be written now: kept" in out, (out, err)
    assert site.files()["units/assayd.service.d/postfix.conf"] == "[Service]\n"


@check
def init_usage(w):
    site = Site(w, "init-usage")
    for args in (("--type", "rsa"), ("a.example", "b.example"), ("not a domain",), ("..",), ("example.com", "--type", "dsa"),
                 ("example.com", "--apply-mta", "--postconf", site.postconf),
                 ("example.com", "--sendmail", site.postconf, "--postconf", site.postconf)):
        assert w.run("init", *args, "-c", site.conf, "--units", site.top + "/units")[0] == 2, args
    os.rmdir(site.top + "/keys")
    status, out, err = site.init()
    assert status == 1 and "/keys: No such file" in err and not os.listdir(site.top + "/conf.d"), (out, err)
    assert w.run("init", "example.com", "-c", "/nonexistent", "--postconf", site.postconf)[0] == 1


@check
def init_sendmail(w):
    site = Site(w, "init-sendmail")
    bare, line = site.file("bare.cf", "V10/Berkeley\n"), "INPUT_MAIL_FILTER(`assay', `S=local:%s, F=T, T=S:10s;R:30s;E:5m')"
    status, out, err = site.init(mta=("--sendmail", bare))
    made = site.files()
    listen = re.search(r"S=local:([^,]+),", out).group(1)
    assert status == 0 and line % listen in out and "assay.sock" in listen, (out, err)
    assert made["conf.d/mta.conf"].startswith('socket-group = "smmsp"\n'), made
    with open(os.path.join(w.build, "assayd-sendmail.conf")) as f:
        assert made["units/assayd.service.d/sendmail.conf"] == f.read(), made
    used = site.file("used.cf", "O InputMailFilters=assay\nXassay, S=local:%s, F=T\n" % listen)
    assert "ok   Sendmail connects to" in site.init(mta=("--sendmail", used))[1]
    unused = site.file("unused.cf", "O InputMailFilters=\nXassay, S=local:%s, F=T\n" % listen)
    assert line % listen in site.init(mta=("--sendmail", unused))[1]
    status, out, err = site.init("--apply-mta", mta=("--sendmail", bare))
    assert status == 1 and "--apply-mta: this command does not change sendmail.mc" in err, (out, err)


@check
def init_apply(w):
    """--apply-mta: postconf -e once, with whole lines, and only when the daemon answers and no other milter is there."""
    site = Site(w, "init-apply")
    log = site.top + "/log"
    for name in ("postconf", "postfix"):
        os.chmod(site.file("bin/" + name, '#!/bin/sh\ncase $1 in\n-x) cat "%s" ;;\n-P*|-F) ;;\n'
                           '*) printf "%%s\\n" %s "$@" >>"%s" ;;\nesac\n' % (site.postconf, name, log)), 0o755)

    def applied(*args):
        status, out, err = site.init("--apply-mta", *args, mta=(), path=site.top + "/bin")
        ran = open(log).read().splitlines() if os.path.exists(log) else []
        return status, out, err, ran

    if os.path.exists("/etc/mail/sendmail.cf") and not os.path.exists("/etc/postfix/main.cf"):
        print("skipped: assay init --apply-mta: this host has Sendmail")
        return
    status, out, err, ran = applied()
    assert status == 1 and "does not answer Postfix" in err and " TXT " in out and not ran, (out, err, ran)
    status, out, err, ran = applied("--dry-run")
    assert status == 0 and "will connect Postfix" in out and not ran, (out, err, ran)
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.closing(listener):
        listener.bind(site.top + "/queue/assay/assay.sock")
        os.chmod(site.top + "/queue/assay/assay.sock", 0o777)
        listener.listen(8)
        site.postfix(smtpd_milters="inet:localhost:11332")
        status, out, err, ran = applied()
        assert status == 0 and "choose the order of both" in out and not ran, (out, err, ran)
        site.postfix()
        status, out, err, ran = applied()
        assert status == 0 and ran == ["postconf", "-e"] + POSTFIX_LINES + ["postfix", "reload"], (out, err, ran)
        assert "assayd answers at unix:" in out, out


def agrees(expected, got):
    if expected.startswith("!"):
        return got != expected[1:]
    return got in expected.split("|")


@check
def mail_suite(w):
    """Whole messages with zones and expected verdicts, through `assay verify --json`."""
    data = shared("suites", "mail")
    if data is None:
        print("skipped: no shared suites/mail")
        return
    csv.field_size_limit(10 ** 8)
    with open(os.path.join(data, "cases.tsv"), errors="surrogateescape", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    counts, wrong = {}, []
    for r in rows:
        args = ["verify", "--json", "--zone", os.path.join(data, r["zone"]), "--ip", r["client_ip"] or "192.0.2.10",
                "--helo", r["helo"] or "mta.example.edu", "--mail-from",
                r["mail_from"] if r["client_ip"] else "bounce@nospf.example.edu", os.path.join(data, r["message"])]
        if os.path.getsize(args[-1]) == 0: # the tool wants a message; an MTA may hand over an empty one
            assert "it is empty" in w.run(*args)[1]
            continue
        o = json.loads(w.ok(*args, leaks=False))
        dkim = [x["result"] for x in o.get("dkim", [])] or ["none"]
        dmarc = o.get("dmarc", {})
        got = {"dkim": "pass" if "pass" in dkim else dkim[0], "spf": o.get("spf", {}).get("result", "absent"),
               "dmarc": dmarc.get("result", "absent"),
               "policy": dmarc.get("authors", [{}])[0].get("policy", "absent") if dmarc.get("authors") else "absent"}
        for method, value in got.items():
            expected = r["exp_" + method]
            if not expected:
                continue
            good = agrees(expected, value)
            counts.setdefault(method, [0, 0])[0 if good else 1] += 1
            if not good:
                wrong.append("%s/%s %s: expected %s, got %s" % (r["suite"], r["case_id"], method, expected, value))
    print("suites/mail: " + ", ".join("%s %d/%d" % (m, c[0], sum(c)) for m, c in sorted(counts.items())))
    assert not wrong, "\n".join(wrong)


@check
def spf_suite(w):
    """The RFC 7208 suite through `assay spf --zone --json`, with both engines: result and explanation."""
    suite = shared("suites", "spf", "rfc7208-tests.yml")
    if suite is None:
        print("skipped: no shared suites/spf")
        return
    p = subprocess.run([sys.executable, os.path.join(TOP, "tests", "spf", "suite.py"), suite], capture_output=True, text=True)
    if p.returncode == 77:
        print("skipped: no python3-yaml")
        return
    engines = ["builtin"]
    if "not part of this build" not in w.run("spf", "--ip", "192.0.2.1", "--engine", "libspf2")[2]:
        engines.append("libspf2")
    zone, good, total, wrong = [], dict.fromkeys(engines, 0), 0, []
    path = None
    for line in p.stdout.splitlines():
        kind, rest = line[0], line[2:]
        if kind == "S":
            zone, path = [], None
        elif kind == "Z":
            zone.append(rest)
        else:
            path = path or w.file("suite.zone", "\n".join(zone) + "\n")
            name, ip, helo, sender, results, explanation = (os.fsdecode(unquote_to_bytes(f)) for f in rest.split("\t"))
            total += 1
            for engine in engines:
                o = json.loads(w.ok("spf", "--json", "--engine", engine, "--zone", path, "--ip", ip, "--helo", helo,
                                    "--mail-from", sender, leaks=False))
                said = o.get("explanation", "")
                if o["result"] in results.split(",") and (explanation in ("-", "DEFAULT", said)):
                    good[engine] += 1
                else:
                    wrong.append("%s (%s): %s %r, want %s %r" % (name, engine, o["result"], said, results, explanation))
    print("rfc7208-tests through assay spf: " + ", ".join("%s %d/%d" % (e, n, total) for e, n in good.items()))
    assert total == 203 and not wrong, "\n".join(wrong)


SUITES = (mail_suite, spf_suite)

# what other files of this folder check with the same World
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import documented  # noqa: E402
import imports  # noqa: E402
import layouts  # noqa: E402
import logs  # noqa: E402
import options  # noqa: E402
import reports  # noqa: E402

CHECKS.extend(documented.CHECKS)
CHECKS.extend(imports.CHECKS)
CHECKS.extend(layouts.CHECKS)
CHECKS.extend(logs.CHECKS)
CHECKS.extend(options.CHECKS)
CHECKS.extend(reports.CHECKS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--filter", default="", help="only the checks whose name contains this")
    parser.add_argument("--suites", choices=("only", "without"), help="the suites of messages take as long as all others")
    args = parser.parse_args()
    world = World(args.build)
    passed = failed = 0
    try:
        for function in CHECKS:
            if args.filter not in function.__name__ or args.suites == ("without" if function in SUITES else "only"):
                continue
            try:
                function(world)
                passed += 1
                if args.v:
                    print("ok   " + function.__name__)
            except (AssertionError, subprocess.SubprocessError, ValueError, KeyError, OSError) as e:
                failed += 1
                print("FAIL %s: %s" % (function.__name__, e))
    finally:
        shutil.rmtree(world.dir)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
