#!/usr/bin/env python3
"""`assay report send`, `status` and `bounce`, against an SMTP server that does what real ones do on bad days.

    sending.py --build BUILDDIR [-v] [NAME ...]

Stores are filled by tests/lib/fillstore.  What runs on PostgreSQL is skipped, aloud, where the machine has none.
Ends with `N passed, N failed`.
"""
import argparse
import contextlib
import email
import email.policy
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

CHECKS = []
RECORD = "v=DMARC1; p=reject; rua=mailto:%s"


def check(function):
    CHECKS.append(function)
    return function


class Skip(Exception):
    pass


class Server:
    """SMTP on loopback.  script(stage, text) -> a reply, or "close", "stall", "silent"; None: the usual one."""

    USUAL = {"connect": "220 fake", "EHLO": "250 fake", "HELO": "250 fake", "MAIL": "250 ok", "RCPT": "250 ok",
             "DATA": "354 go on", "end": "250 taken", "RSET": "250 ok", "QUIT": "221 bye", "NOOP": "250 ok"}

    def __init__(self, script=None):
        self.script = script or (lambda stage, text: None)
        self.taken = []                       # (sender, recipient, octets)
        self.stages = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.socket.close()

    def accept(self):
        while not self.stopped.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def answer(self, f, stage, text):
        with self.lock:
            self.stages.append(stage)
        reply = self.script(stage, text) or self.USUAL.get(stage, "500 what")
        if reply == "close":
            raise ConnectionError
        if reply == "stall":
            self.stopped.wait(60)
            raise ConnectionError
        f.write(reply.encode() + b"\r\n")
        f.flush()
        return reply[0] in "23"

    def serve(self, connection):
        sender = recipient = None
        with connection, connection.makefile("rwb") as f:
            try:
                self.answer(f, "connect", "")
                for line in f:
                    text = line.decode("latin-1").strip()
                    stage = text.split(" ")[0].upper()
                    if stage == "MAIL":
                        sender = re.search("<(.*?)>", text).group(1)
                    if stage == "RCPT":
                        recipient = re.search("<(.*?)>", text).group(1)
                    if not self.answer(f, stage, text) or stage != "DATA":
                        if stage == "QUIT":
                            return
                        continue
                    octets = b""
                    for line in f:
                        if line == b".\r\n":
                            break
                        octets += line[1:] if line.startswith(b".") else line
                    else:
                        return
                    if self.answer(f, "end", octets.decode("latin-1")):
                        with self.lock:
                            self.taken.append((sender, recipient, octets))
            except (ConnectionError, ValueError, OSError):
                pass


class PostgreSQL:
    """A cluster of its own, below the test's directory, reached by a socket there; as another user than root."""

    def __init__(self, directory):
        programs = glob.glob("/usr/lib/postgresql/*/bin")
        if not programs:
            raise Skip("no PostgreSQL server on this machine")
        self.bin = sorted(programs)[-1]
        self.directory = directory
        self.user = None
        if os.getuid() == 0:
            self.user = pwd.getpwnam("nobody")
            os.chown(directory, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", directory + "/data", "-A", "trust", "-U", "assay", "--no-sync", "-E", "UTF8")
        self.run("pg_ctl", "-D", directory + "/data", "-w", "-l", directory + "/log", "-o",
                 "-c listen_addresses='' -c fsync=off -k %s" % directory, "start")
        self.uri = "postgresql:///postgres?host=%s&user=assay" % directory

    def run(self, program, *args):
        def become():
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        subprocess.run([os.path.join(self.bin, program), *args], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, cwd=self.directory, preexec_fn=become if self.user else None, timeout=120)

    def stop(self):
        self.run("pg_ctl", "-D", self.directory + "/data", "-m", "immediate", "stop")


class World:
    """One store and a server; time is a day later than the counts, by test-clock-offset."""

    def __init__(self, options, backend="sqlite"):
        self.options = options
        self.build = os.path.abspath(options.build)
        self.assay = os.path.join(self.build, "assay")
        self.dir = tempfile.mkdtemp(prefix="assay-sending-")
        os.chmod(self.dir, 0o755)
        self.servers = []
        self.postgresql = None
        self.store = "sqlite:" + self.dir + "/reports.sqlite"
        if backend == "postgresql":
            os.mkdir(self.dir + "/pg")
            self.postgresql = PostgreSQL(self.dir + "/pg")
            self.store = self.postgresql.uri
        self.today = int(time.time()) // 86400
        self.day = self.today - 1
        self.zone = self.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n")

    def renew(self, backend="sqlite"):
        self.stop()
        self.__init__(self.options, backend)

    def stop(self):
        for s in self.servers:
            s.stop()
        if self.postgresql:
            self.postgresql.stop()
        shutil.rmtree(self.dir)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def server(self, script=None):
        self.servers.append(Server(script))
        return self.servers[-1]

    def configure(self, via, **options):
        options = {"send": "yes", "store": '"%s"' % self.store, "via": '"%s"' % via, "spread": "0", "hour": "0",
                   "per-minute": "10000", "organization": '"Example"', "from": '"reports@example.com"',
                   **{k.replace("_", "-"): v for k, v in options.items()}}
        self.config = self.write("assay.conf", "dns { test-zone-file = \"%s\" }\nreports {\n%s}\n" % (
            self.zone, "".join("  %s = %s\n" % o for o in options.items())))

    def fill(self, rows, host="mx1", days_ago=1, now=None):
        text = "".join("%d %d %s %s %s 192.0.2.1 %s %s %s\n" % (
            self.today - days_ago, count, "pass" if word == "pass" else "reject", word, word, domain, domain, record)
            for domain, count, word, record in rows)
        subprocess.run([os.path.join(self.build, "tests/lib/fillstore"), self.store, host, str(now or int(time.time()))],
                       input=text.encode(), check=True, timeout=60)

    def incidents(self, *rows, hours_ago=2, host="mx1"):
        """domain, key, count, record: failures of that hour."""
        now = int(time.time())
        text = "".join("incident %d %d %d %s %s\n" % (now - 3600 * hours_ago, count, key, domain, record)
                       for domain, key, count, record in rows)
        self.batch = getattr(self, "batch", now) + 1
        subprocess.run([os.path.join(self.build, "tests/lib/fillstore"), self.store, host + str(self.batch), str(now)],
                       input=text.encode(), check=True, timeout=60)

    def popen(self, *args, **kw):
        return subprocess.Popen([self.assay, "report", *args, "-c", self.config], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **kw)

    def run(self, *args, stdin=b"", status=0, **kw):
        p = self.popen(*args, stdin=subprocess.PIPE, **kw)
        out, err = p.communicate(stdin, timeout=120)
        out, err = out.decode(), err.decode()
        assert p.returncode == status, "%r: status %d: %s%s" % (args, p.returncode, out, err)
        return out, err

    def send(self, *args, status=0):
        return json.loads(self.run("send", "--json", *args, status=status)[0])

    def status(self):
        return json.loads(self.run("status", "--json")[0])


def headers(octets):
    return email.message_from_bytes(octets, policy=email.policy.SMTP)


def simple(w, server, **options):
    w.configure("smtp:127.0.0.1:%d" % server.port, **options)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example"), ("b.example", 5, "fail", RECORD % "rua@b.example")])


# --- the way out ------------------------------------------------------------------------------------

def first_answer_is_lost():
    """-> a list of the messages that the server saw, and its script: it closes the connection after the first."""
    seen = []

    def script(stage, text):
        if stage == "end":
            seen.append(text)
            return "close" if len(seen) == 1 else None
        return None
    return seen, script


@check
def reports_go_out_once(w):
    s = w.server()
    simple(w, s)
    done = w.send()
    assert (done["reports"], done["handed_over"]) == (2, 2), done
    assert sorted(r for _, r, _ in s.taken) == ["rua@a.example", "rua@b.example"]
    assert s.taken[0][1] == "rua@b.example" or len(s.taken) == 2
    for sender, recipient, octets in s.taken:
        m = headers(octets)
        assert sender == "", sender
        assert m["To"] == recipient and "reports@example.com" in m["From"], m
        assert m["Auto-Submitted"].startswith("auto-"), m["Auto-Submitted"]
        assert b"\n" not in octets.replace(b"\r\n", b"")
    again = w.send()
    assert (again["reports"], again["handed_over"]) == (0, 0), again
    assert len(s.taken) == 2
    assert [d["state"] for d in w.status()["days"]] == ["sent"]


@check
def todays_mail_is_not_reported(w):
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")], days_ago=0)
    assert w.send()["reports"] == 0 and not s.taken
    _, err = w.run("send", "--day", time.strftime("%Y-%m-%d", time.gmtime()), status=1)
    assert "not over" in err, err


@check
def nothing_without_send(w):
    s = w.server()
    simple(w, s, send="no")
    out, err = w.run("send")
    assert "send = no" in err and not s.taken, err


@check
def a_dry_run_changes_nothing(w):
    s = w.server()
    simple(w, s)
    day = time.strftime("%Y-%m-%d", time.gmtime(w.day * 86400))
    listed = json.loads(w.run("send", "--dry-run", "--json", "--day", day)[0])
    assert [d["address"] for d in listed] == ["rua@b.example", "rua@a.example"], listed
    assert not s.taken
    assert w.send()["reports"] == 2
    w.run("send", "--dry-run", "--again", "--day", day)
    assert w.send()["handed_over"] == 0 and len(s.taken) == 2, s.taken


@check
def the_largest_first_and_no_more_than_the_cap(w):
    s = w.server()
    simple(w, s, daily_cap="1")
    done = w.send()
    assert done["deliveries"] == 1 and [r for _, r, _ in s.taken] == ["rua@b.example"], done
    assert done["not_made"] == [{"why": "beyond daily-cap", "reports": 1, "messages": 3}], done
    assert w.status()["not_made"][0]["reports"] == 1


@check
def who_is_left_out(w):
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, minimum_messages="2", **{"for": "passing"},
                **{"except": '{ "c.example", "rua@d.example" }'}, bcc='{ "me@example.com" }')
    w.fill([("a.example", 1, "pass", RECORD % "rua@a.example"), ("b.example", 5, "fail", RECORD % "rua@b.example"),
            ("sub.c.example", 5, "pass", RECORD % "rua@sub.c.example"), ("d.example", 5, "pass", RECORD % "rua@d.example"),
            ("e.example", 5, "pass", RECORD % "rua@e.example"),
            ("f.example", 5, "pass", RECORD % "rua@elsewhere.test")])
    done = w.send()
    assert sorted(r for _, r, _ in s.taken) == ["me@example.com", "rua@e.example"], s.taken
    assert {d["why"]: d["reports"] for d in done["not_made"]} == {
        "fewer than minimum-messages": 1, "no message passed, and for = passing": 1, "named by except": 1}, done
    listed = {d["address"]: d["why"] for d in w.status()["suppressed"]}
    assert set(listed) == {"rua@d.example", "rua@elsewhere.test"} and all(listed.values()), listed


@check
def a_damaged_row_stops_its_own_domain_alone(w):
    """Damaged rows: the day is made without them."""
    s = w.server()
    simple(w, s)
    with contextlib.closing(sqlite3.connect(w.dir + "/reports.sqlite")) as db, db:
        db.execute("UPDATE history_row SET tuple = x'ff' WHERE policy = "
                   "(SELECT id FROM history_policy WHERE domain = 'b.example')")
    out, err = w.run("send", "--json")
    assert [r for _, r, _ in s.taken] == ["rua@a.example"], s.taken
    assert "b.example" in err and "damaged" in err, err
    assert json.loads(out)["not_made"] == [{"why": "its rows in the store cannot be read", "reports": 1, "messages": 5}], out
    _, err = w.run("show", "b.example", status=1)
    assert "damaged" in err, err


# --- failure reports (RFC 9991) ---------------------------------------------------------------------------

RUF = "v=DMARC1; p=reject; ruf=mailto:%s"


def parts(octets):
    """The three parts of a report, as Python's email package sees them, strictly."""
    m = email.message_from_bytes(octets, policy=email.policy.SMTP.clone(raise_on_defect=True))
    assert m.get_content_type() == "multipart/report", m["Content-Type"]
    assert m.get_param("report-type") == "feedback-report", m["Content-Type"]
    assert m["Auto-Submitted"] == "auto-generated" and m["MIME-Version"] == "1.0", m
    found = [p.get_content_type() for p in m.iter_parts()]
    assert found == ["text/plain", "message/feedback-report", "text/rfc822-headers"], found
    assert all(b < 128 for b in octets) and max(map(len, octets.split(b"\r\n"))) < 998
    text, feedback, header = m.iter_parts()
    feedback = feedback.get_payload()
    feedback = feedback[0].as_string() if isinstance(feedback, list) else feedback
    return (m, text.get_content(), email.message_from_string(feedback), email.message_from_string(header.get_payload()))


@check
def a_failure_report(w):
    """F-06, F-07, F-19, F-22, F-23: all three parts, the null sender, similar incidents as one."""
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", **{"from": '"reports@mx.example"'})
    w.incidents(("a.example", 1, 3, RUF % "f@a.example"))
    w.incidents(("a.example", 1, 2, RUF % "f@a.example"))
    shown = json.loads(w.run("show", "--failures", "--json")[0])
    assert [(i["domain"], i["incidents"]) for i in shown] == [("a.example", 5)], shown
    listed = json.loads(w.run("send", "--dry-run", "--json")[0])
    assert [(d["kind"], d["address"], d["send"]) for d in listed] == [("failure", "f@a.example", True)], listed
    done = w.send()
    assert (done["failure_reports"], done["failure_deliveries"], done["handed_over"]) == (1, 1, 1), done
    (sender, recipient, octets), = s.taken
    assert (sender, recipient) == ("", "f@a.example")
    m, text, feedback, header = parts(octets)
    assert m["Subject"] == "FW: Your invoice" and m["To"] == "f@a.example", m
    assert "a.example" in text and "5" in text, text
    assert feedback["Feedback-Type"] == "auth-failure" and feedback["Version"] == "1", feedback
    assert feedback["Incidents"] == "5" and feedback["Auth-Failure"] == "dmarc", feedback
    assert feedback["User-Agent"].startswith("assay/") and feedback["Arrival-Date"], feedback
    assert len(feedback.keys()) == len(set(feedback.keys())), feedback.keys()
    assert header["From"] == "<redacted-0123@example.org>", header
    again = w.send()
    assert (again["failure_reports"], again["handed_over"]) == (0, 0) and len(s.taken) == 1, again
    w.incidents(("a.example", 1, 2, RUF % "f@a.example"))  # of the hour that was reported
    assert w.send()["failure_reports"] == 0
    assert [(f["state"], f["messages"]) for f in w.status()["failures"]] == [("sent", 5)], w.status()
    assert "failure reports of the last days:" in w.run("status")[0]


@check
def failure_reports_that_are_not_sent(w):
    """F-01, F-03, F-05: by setting; without consent; each URI has its own answer."""
    s = w.server()
    w.zone = w.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n"
                             "c.example._report._dmarc.allowed.test TXT v=DMARC1\n")
    w.configure("smtp:127.0.0.1:%d" % s.port, **{"from": '"reports@mx.example"'})
    w.incidents(("a.example", 1, 1, RUF % "f@a.example"), ("b.example", 1, 1, RUF % "f@elsewhere.test"),
                ("c.example", 1, 1, RUF % "one@c.example,https://c.example/f,mailto:f@allowed.test,mailto:two@c.example"),
                ("d.example", 1, 1, RUF % "f@d.example"))
    assert w.send()["failure_reports"] == 0 and not s.taken
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", **{"except": '{ "d.example", "two@c.example" }'})
    done = w.send()
    assert sorted(r for _, r, _ in s.taken) == ["f@a.example", "f@allowed.test", "one@c.example"], s.taken
    assert (done["failure_reports"], done["failure_deliveries"]) == (2, 3), done
    left = {d["address"]: (d["kind"], d["why"]) for d in w.status()["suppressed"]}
    assert set(left) == {"f@elsewhere.test", "https://c.example/f", "two@c.example"}, left
    assert "no consent" in left["f@elsewhere.test"][1] and left["https://c.example/f"][0] == "failure", left


@check
def failure_reports_are_limited(w):
    """F-02, Forged failures: an hour that is not over waits; in all and per domain; what waits too long is given up."""
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", failure_per_hour="3")
    w.incidents(("a.example", 1, 1, RUF % "f@a.example"), hours_ago=0)
    assert w.send()["failure_reports"] == 0 and not s.taken
    w.incidents(*[("b.example", key, 1, RUF % "f@b.example") for key in range(12)])
    w.incidents(("c.example", 1, 7, RUF % "f@c.example"))
    left = w.status()["failures_left_out"]
    assert sum(d["incidents"] for d in left) == 2, left      # ten of a domain and day
    assert w.send()["failure_reports"] == 3
    assert s.taken[0][1] == "f@c.example" or len({r for _, r, _ in s.taken}) == 2, s.taken  # the most frequent first
    assert w.send()["failure_reports"] == 0
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", failure_per_hour="3", test_clock_offset="2h")
    assert w.send()["failure_reports"] == 3
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", failure_per_hour="100", test_clock_offset="30h")
    assert w.send()["failure_reports"] == 0


@check
def failure_reports_to_many_addresses(w):
    """A policy with more addresses than fit into the hour does not stop those after it for ever."""
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", failure_per_hour="2")
    w.incidents(("a.example", 1, 9, RUF % ",".join(["one@a.example", "mailto:two@a.example", "mailto:three@a.example"])),
                ("b.example", 1, 1, RUF % "f@b.example"))
    assert w.send()["failure_deliveries"] == 3
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", failure_per_hour="2", test_clock_offset="2h")
    assert w.send()["failure_deliveries"] == 1 and len(s.taken) == 4, s.taken


@check
def the_same_failure_report_after_a_lost_answer(w):
    seen, script = first_answer_is_lost()
    s = w.server(script)
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes")
    w.incidents(("a.example", 1, 1, RUF % "f@a.example"))
    w.run("send", status=1)
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", test_clock_offset="1h")
    w.run("send")
    assert len(seen) == 2 and seen[0] == seen[1]


@check
def a_failure_report_that_comes_back(w):
    """By the same VERP address and suspension as aggregate reports."""
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes", bounce_address='"bounces@example.com"', suspend_after="1")
    w.incidents(("a.example", 1, 1, RUF % "f@a.example"))
    w.run("send")
    sender = s.taken[0][0]
    assert re.fullmatch("bounces\\+[0-9a-f]{32}@example.com", sender), sender
    note = ("Content-Type: multipart/report; boundary=x; report-type=delivery-status\n\n--x\n"
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n--x--\n")
    assert "suspended" in w.run("bounce", sender, stdin=note.encode())[0]
    w.incidents(("a.example", 2, 1, RUF % "f@a.example"))
    w.run("send")
    assert len(s.taken) == 1
    assert [d["why"] for d in w.status()["suppressed"]] == ["suspended after failures"], w.status()


@check
def failure_reports_in_a_directory(w):
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, failure="yes")
    to = w.dir + "/out"
    assert "no incident waits" in w.run("build", "--failures", "--to", to)[0]
    w.incidents(("a.example", 1, 3, RUF % "f@a.example"), ("b.example", 1, 1, RUF % "f@elsewhere.test"), hours_ago=0)
    built = json.loads(w.run("build", "--failures", "--to", to, "--json")[0])
    assert [(b["domain"], b["destinations"][0]["consent"]) for b in built] == [
        ("a.example", "send"), ("b.example", "never")], built
    with open(os.path.join(to, built[0]["file"]), "rb") as f:
        assert parts(f.read())[2]["Incidents"] == "3"
    out, _ = w.run("build", "--failures", "--to", to, "b.example")
    assert "never" in out and "1 failure report" in out and "a.example" not in out, out
    out, _ = w.run("show", "--failures", "a.example")
    assert "Auth-Failure: dmarc" in out and "b.example" not in out, out
    w.run("show", "--failures", "--day", "2026-01-01", status=1)
    assert not s.taken


# --- servers on bad days --------------------------------------------------------------------------------

def answers(stage, *replies):
    """The stage gets these replies, one after the other, then the usual ones."""
    left = list(replies)
    return lambda s, text: left.pop(0) if s == stage and left else None


@check
def what_servers_say(w):
    rows = [
        ("451 to RCPT", answers("RCPT", "451 later"), "later", 0),
        ("550 to RCPT", answers("RCPT", "550 5.1.1 no such user"), "refused", 0),
        ("452 to DATA", answers("DATA", "452 full"), "later", 0),
        ("554 to the message", answers("end", "554 5.7.1 not wanted"), "refused", 0),
        ("451 to the message", answers("end", "451 4.7.1 greylisted"), "later", 0),
        ("554 to the connection", answers("connect", "554 go away"), "stopped", 1),
        ("550 to MAIL", answers("MAIL", "550 sender unknown"), "stopped", 1),
        ("552 to MAIL", answers("MAIL", "552 5.3.4 message too big"), "refused", 0),
        ("451 to MAIL", answers("MAIL", "451 later"), "stopped", 1),
        ("closed at once", answers("connect", "close"), "stopped", 1),
        ("closed after RCPT", answers("RCPT", "close"), "stopped", 1),
        ("closed after DATA", answers("DATA", "close"), "stopped", 1),
        ("closed after the message", answers("end", "close"), "stopped", 1),
        ("not SMTP", answers("connect", "HTTP/1.1 400 Bad Request"), "stopped", 1),
        ("several lines", answers("RCPT", "550-5.1.1 no\r\n550 such user"), "refused", 0),
    ]
    for n, (name, script, what, status) in enumerate(rows):
        s = w.server(script)
        w.configure("smtp:127.0.0.1:%d" % s.port)
        domain = "d%d.example" % n
        w.fill([(domain, 1, "pass", RECORD % "rua@" + domain)], host="mx%d" % n, days_ago=1)
        # a day is made once: each row has one of its own, by its store
        out, err = w.run("send", "--json", status=status)
        done = json.loads(out)
        assert done["refused" if what == "refused" else "later"] == 1, (name, done)
        if what != "refused":
            time.sleep(1.1)                          # tried once in a second at most
            first = s.stages.count("end")
            w.run("send", "--day", time.strftime("%Y-%m-%d", time.gmtime(w.day * 86400)))
            assert len(s.taken) == 1, (name, s.taken, first)
        w.renew()


@check
def the_same_octets_after_a_lost_answer(w):
    seen, script = first_answer_is_lost()
    s = w.server(script)
    w.configure("smtp:127.0.0.1:%d" % s.port)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    w.run("send", status=1)
    time.sleep(1.1)
    w.run("send", "--day", time.strftime("%Y-%m-%d", time.gmtime(w.day * 86400)))
    assert len(seen) == 2 and seen[0] == seen[1]


@check
def nobody_listens(w):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    w.configure("smtp:127.0.0.1:%d" % port)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    out, err = w.run("send", status=1)
    assert "smtp:127.0.0.1:%d" % port in err and "next run" in err, err
    assert w.status()["pending"][0]["tries"] == 1


# --- kills, and others that send --------------------------------------------------------------------------

def kill_at(w, stage):
    """The sender is killed while the server is at that stage; the next one does the rest."""
    reached = threading.Event()

    def script(s, text):
        if s == stage and not reached.is_set():
            reached.set()
            return "stall"
        return None
    s = w.server(script)
    w.configure("smtp:127.0.0.1:%d" % s.port)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example"), ("b.example", 5, "pass", RECORD % "rua@b.example")])
    p = w.popen("send")
    assert reached.wait(30)
    p.send_signal(signal.SIGKILL)
    p.communicate()
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="1h")   # its lease has expired
    w.run("send")
    taken = sorted((r, headers(o)["Message-ID"]) for _, r, o in s.taken)
    assert [r for r, _ in taken] == ["rua@a.example", "rua@b.example"], (stage, taken)


@check
def killed_at_each_step(w):
    for stage in ("connect", "EHLO", "MAIL", "RCPT", "DATA", "end"):
        kill_at(w, stage)
        w.renew()


@check
def a_signal_ends_it_after_a_delivery(w):
    ready, senders = threading.Event(), []

    def script(stage, text):
        if stage == "end" and not s.taken:
            senders[0].send_signal(signal.SIGTERM)
        elif stage == "connect":
            ready.wait(30)
        return None
    s = w.server(script)
    simple(w, s)
    senders.append(w.popen("send"))
    ready.set()
    out, err = senders[0].communicate(timeout=120)
    assert senders[0].returncode == 0 and len(s.taken) == 1, (out, err, s.taken)
    assert w.status()["pending"][0]["tries"] == 0
    w.run("send")
    assert len(s.taken) == 2, s.taken


def two_senders(w):
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port)
    domains = ["d%02d.example" % i for i in range(30)]
    w.fill([(d, 2, "pass", RECORD % "rua@" + d) for d in domains])
    senders = [w.popen("send", "--json") for _ in range(3)]
    for p in senders:
        out, err = p.communicate(timeout=120)
        assert p.returncode == 0, err.decode()
    left = w.send()
    assert sorted(r for _, r, _ in s.taken) == ["rua@" + d for d in domains], len(s.taken)
    assert len({headers(o)["Message-ID"] for _, _, o in s.taken}) == 30
    assert left["handed_over"] == 0, left


@check
def several_senders_on_sqlite(w):
    two_senders(w)


@check
def several_senders_on_postgresql(w):
    w.renew("postgresql")
    two_senders(w)


@check
def a_host_that_has_not_finished_its_day(w):
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, close_after="2d")
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    # a second host wrote that day and has not said that it is done: its clock stands at yesterday
    w.fill([("a.example", 2, "pass", RECORD % "rua@a.example")], host="mx2", now=w.day * 86400 + 5)
    assert w.send()["reports"] == 0 and not s.taken
    w.configure("smtp:127.0.0.1:%d" % s.port, close_after="2d", test_clock_offset="2d")
    assert w.send()["reports"] == 1


# --- limits in time ----------------------------------------------------------------------------------------

@check
def spread_and_patience(w):
    s = w.server()
    simple(w, s, spread="4h")
    done = w.send()
    waiting = len(w.status()["pending"])
    assert done["handed_over"] + waiting == 2 and waiting > 0, done
    w.configure("smtp:127.0.0.1:%d" % s.port, spread="4h", test_clock_offset="29h")
    out, err = w.run("send", "--json")
    assert "will not be tried again" in err and json.loads(out)["expired"] == waiting, (out, err)


@check
def a_clock_that_was_ahead(w):
    """Clock of the sender: what a wrong clock has noted for tomorrow does not use up a minute of today."""
    s = w.server()
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="1d", close_after="0")
    w.fill([(d, 3, "pass", RECORD % "rua@" + d) for d in ("a.example", "b.example")], days_ago=0)
    assert w.send()["handed_over"] == 2
    w.configure("smtp:127.0.0.1:%d" % s.port, per_minute="2", close_after="0")
    w.fill([("c.example", 3, "pass", RECORD % "rua@c.example")], host="mx2")
    done = w.send()
    assert (done["reports"], done["handed_over"]) == (1, 1), done


@check
def consent_that_names_another_address(w):
    """RFC 9990 section 4: the record of consent may replace the address; so it is at every try, not at the first alone."""
    refuse = [True]
    s = w.server(lambda stage, text: "451 not now" if stage == "RCPT" and refuse[0] else None)
    w.configure("smtp:127.0.0.1:%d" % s.port)
    w.fill([("a.example", 3, "pass", RECORD % "rua@other.test")])
    consent = "a.example._report._dmarc.other.test TXT "
    w.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n" + consent + "!TIMEOUT\n")
    assert w.send()["handed_over"] == 0 and not s.stages
    w.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n" + consent + "v=DMARC1; rua=mailto:new@other.test\n")
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="2h")
    assert w.send()["handed_over"] == 0 and "RCPT" in s.stages
    refuse[0] = False
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="6h")
    assert w.send()["handed_over"] == 1 and [r for _, r, _ in s.taken] == ["new@other.test"], s.taken


@check
def the_address_that_was_tried_is_the_one_that_fails(w):
    """Not the one of the record that the record of consent replaced."""
    s = w.server(lambda stage, text: "550 5.1.1 no such user" if stage == "RCPT" else None)
    options = {"bounce_address": '"b@example.com"', "suspend_after": "1"}
    w.configure("smtp:127.0.0.1:%d" % s.port, **options)
    w.fill([("a.example", 3, "pass", RECORD % "rua@other.test")])
    consent = "a.example._report._dmarc.other.test TXT "
    w.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n" + consent + "!TIMEOUT\n")
    w.send()
    w.write("zone", "_dmarc.example.com TXT v=DMARC1; p=none\n" + consent + "v=DMARC1; rua=mailto:new@other.test\n")
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="2h", **options)
    assert w.send()["refused"] == 1
    assert [a["address"] for a in w.status()["suspended"]] == ["new@other.test"], w.status()


# --- what comes back ------------------------------------------------------------------------------------------

DSN = b"""From: MAILER-DAEMON@mx.example.org
To: %s
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

Sorry.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; rua@a.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--x--
"""


@check
def addresses_that_fail_are_suspended(w):
    """Forged bounces: without the tag of that delivery nothing is counted."""
    s = w.server()
    options = {"bounce_address": '"dmarc-bounces@example.com"', "suspend_after": "1", "suspend_for": "10d"}
    simple(w, s, **options)
    w.send()
    sender = [sender for sender, r, _ in s.taken if r == "rua@a.example"][0]
    assert re.fullmatch(r"dmarc-bounces\+[0-9a-f]{32}@example\.com", sender), sender
    forged = sender[:20] + ("0" if sender[20] != "0" else "1") + sender[21:]
    for address in (forged, "dmarc-bounces@example.com", "x"):
        assert "ignored" in w.run("bounce", address, stdin=DSN)[0]
    assert "ignored" in w.run("bounce", sender, stdin=b"From: a@b.org\n\nI am on holiday\n")[0]
    assert not w.status()["suspended"]
    assert "suspended" in w.run("bounce", sender, stdin=DSN)[0]
    assert "ignored" in w.run("bounce", sender, stdin=DSN)[0]      # the same once more
    status = w.status()
    assert [a["address"] for a in status["suspended"]] == ["rua@a.example"], status
    assert "no such user" in status["suspended"][0]["why"] and len(status["bounced"]) == 1
    # the next day nothing is sent there; when the suspension is over, it is tried again
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example"), ("b.example", 1, "pass", RECORD % "rua@b.example")],
           host="mx9", days_ago=0)
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="1d", close_after="0", **options)
    before = len(s.taken)
    w.send()
    assert [r for _, r, _ in s.taken[before:]] == ["rua@b.example"], s.taken[before:]


@check
def a_notification_counts_for_the_address_that_was_tried(w):
    """Not for the one of the record, to which the reports of other domains go."""
    s = w.server()
    options = {"bounce_address": '"b@example.com"', "suspend_after": "1"}
    w.configure("smtp:127.0.0.1:%d" % s.port, **options)
    w.fill([(d + ".example", 3, "pass", RECORD % "rua@other.test") for d in "ab"])
    zone = "_dmarc.example.com TXT v=DMARC1; p=none\n%s._report._dmarc.other.test TXT "
    w.write("zone", zone % "*.example" + "!TIMEOUT\n")
    assert w.send()["handed_over"] == 0
    w.write("zone", zone % "a.example" + "v=DMARC1; rua=mailto:new@other.test\n"
            "b.example._report._dmarc.other.test TXT !TIMEOUT\n")
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="2h", **options)
    assert w.send()["handed_over"] == 1
    sender, recipient, _ = s.taken[0]
    assert recipient == "new@other.test" and "new@other.test: failure 1" in w.run("bounce", sender, stdin=DSN)[0]
    status = w.status()
    assert [a["address"] for a in status["suspended"]] == ["new@other.test"], status
    assert [(d["address"], d["recipient"]) for d in status["bounced"]] == [("rua@other.test", "new@other.test")], status
    assert "rua@other.test, which has new@other.test in its place" in w.run("status")[0]
    w.write("zone", zone % "*.example" + "v=DMARC1\n")
    w.configure("smtp:127.0.0.1:%d" % s.port, test_clock_offset="4h", **options)
    assert w.send()["handed_over"] == 1 and s.taken[1][1] == "rua@other.test", s.taken


@check
def a_notification_that_needs_too_much_memory_is_ignored(w):
    w.configure("smtp:127.0.0.1:25", bounce_address='"b@example.com"')
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    fields = b"a:\n" * 9990 + b"\n"
    text = (DSN.partition(b"\n\n")[0] + b"\n" + fields + (b"--x\n" + fields) * 19 +
            b"--x\nContent-Type: message/delivery-status\n\n" + fields * 14)
    assert "ignored" in w.run("bounce", "b+00112233445566778899aabbccddeeff@example.com", stdin=text)[0]


@check
def a_bounce_that_cannot_be_counted_comes_again(w):
    w.configure("smtp:127.0.0.1:25", bounce_address='"b@example.com"', store='"sqlite:/nonexistent/reports.sqlite"')
    w.run("bounce", "b+00112233445566778899aabbccddeeff@example.com", stdin=DSN, status=75)


# --- sendmail -----------------------------------------------------------------------------------------------

@check
def by_the_sendmail_command(w):
    path = w.write("sendmail", '#!/bin/sh\ncat >>"%s/out"\necho "$@" >>"%s/arguments"\n' % (w.dir, w.dir))
    os.chmod(path, 0o755)
    w.configure("sendmail:" + path)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    assert w.send()["handed_over"] == 1
    assert open(w.dir + "/arguments").read() == "-i -f <> -- rua@a.example\n"
    assert "rua@a.example" in headers(open(w.dir + "/out", "rb").read())["To"]


@check
def a_parent_that_ignores_its_children(w):
    """SIGCHLD is inherited as ignored: the message that sendmail took would be given to it again and again."""
    path = w.write("sendmail", '#!/bin/sh\ncat >>"%s/out"\n' % w.dir)
    os.chmod(path, 0o755)
    w.configure("sendmail:" + path)
    w.fill([("a.example", 3, "pass", RECORD % "rua@a.example")])
    w.run("send", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert [d["state"] for d in w.status()["days"]] == ["sent"], w.status()


@check
def sent_again_under_the_same_ids(w):
    s = w.server()
    simple(w, s)
    w.send()
    day = time.strftime("%Y-%m-%d", time.gmtime(w.day * 86400))
    w.run("send", "--again", "--day", day, "a.example")
    assert len(s.taken) == 3
    a = [o for _, r, o in s.taken if r == "rua@a.example"]
    assert len(a) == 2 and a[0] == a[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    passed = failed = 0
    for function in CHECKS:
        if options.names and function.__name__ not in options.names:
            continue
        w = None
        try:
            w = World(options)
            function(w)
            passed += 1
            if options.v:
                print("ok", function.__name__)
        except Skip as e:
            print("skipped: %s: %s" % (function.__name__, e))
        except Exception as e:
            failed += 1
            print("FAILED %s: %s: %s, line %d" % (function.__name__, type(e).__name__, e, e.__traceback__.tb_next.tb_lineno))
        finally:
            if w:
                w.stop()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
