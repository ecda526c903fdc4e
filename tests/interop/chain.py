"""The programs of the old chain, each with its own configuration file, as a mail server calls them.

A message is a list of fields, [name, value], and a body; what a milter changes is in it for the next one.
"""

import glob
import os
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "sessions"))
sys.path.insert(0, os.path.join(HERE, "..", "mta"))

import dnsserver
import run_daemon

SECONDS = 20


class Missing(Exception):
    pass


class Answered(Exception):
    """A milter's last word before the end of the message."""


class Envelope:
    """What the mail server knows beside the message; the names are those of run_daemon.Session."""

    def __init__(self, sender, client="192.0.2.66", helo="mail.example.org", auth=None, to=("<ann@house.example>",),
                 daemon=None):
        self.client, self.name, self.port, self.recipients = client, None, "25", list(to)
        self.told = {"mta-name": "mx.house.example", "queue-id": "4OLD", "helo": helo, "from": "<%s>" % sender}
        if auth:
            self.told["auth"] = auth
        if daemon:
            self.told["daemon-name"] = daemon

    def __str__(self):
        return " ".join(["client %s" % self.client] + ["%s %s" % f for f in list(self.told.items())[2:]] + self.recipients)


class Milter(run_daemon.Mta):
    """One message at one milter, whatever it changes."""

    def macros(self, code, **values):
        if values.get("auth_authen"):
            values["auth_type"] = "PLAIN"
        super().macros(code, **values)

    def tell(self, code, data=b""):
        if self.steps & run_daemon.NOT_WANTED.get(code, 0):
            return
        self.send(code, data)
        if self.steps & run_daemon.NO_REPLY.get(code, 0):
            return
        answer, text = self.receive()
        if answer not in "cs":
            raise Answered(answer, text)

    def end(self):
        self.send("E")
        while True:
            code, data = self.receive()
            if code in "him":
                index = 0 if code == "h" else struct.unpack(">I", data[:4])[0]
                name, value = (data if code == "h" else data[4:]).split(b"\0")[:2]
                self.edits.append((code, index, name, value))
            elif code == "q":
                self.held = True
            elif code != "p":
                return code, data

    def apply(self, fields):
        """The fields after this milter's changes."""
        fields = [list(f) for f in fields]
        for code, index, name, value in self.edits:
            if not self.steps & run_daemon.LEADING_SPACE:
                value = b" " + value
            if code == "h":
                fields.append([name, value])
            elif code == "i":
                fields.insert(index, [name, value])
            else:
                same = [i for i, f in enumerate(fields) if f[0].lower() == name.lower()]
                if index <= len(same) and value.strip():
                    fields[same[index - 1]][1] = value
                elif index <= len(same):
                    del fields[same[index - 1]]
        return fields


def octets(fields, body):
    return b"".join(n + b":" + v.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n" for n, v in fields) + \
        b"\r\n" + body


def ending(milter, answer):
    """accept, reject, tempfail or hold."""
    code, text = answer
    if code == "y":
        code = "r" if text[:1] == b"5" else "t"
    if code in "rd":
        return "reject"
    if code == "t":
        return "tempfail"
    marked = any(e[0] == "i" and e[2] == b"X-Assay-Quarantine" for e in milter.edits)
    return "hold" if milter.held or marked else "accept"


def at_milter(path, envelope, message):
    """-> ending, fields, body"""
    fields, body = run_daemon.header_and_body(message)
    milter = Milter(path)
    try:
        answer = run_daemon.play(envelope, milter, message)
    except Answered as e:
        return ending(milter, e.args), fields, body
    finally:
        milter.socket.close()
    return ending(milter, answer), milter.apply(fields), body


class Programs:
    """Where Debian's packages are: unpacked in the cache, or installed."""

    def __init__(self, cache):
        root = os.path.join(cache, "oldchain") if cache else ""
        if not os.path.isdir(root):
            root = "/"
        self.opendkim, self.opendmarc = (os.path.join(root, "usr/sbin", n) for n in ("opendkim", "opendmarc"))
        self.python = os.path.join(root, "usr/lib/python3/dist-packages")
        self.etc, self.manuals = os.path.join(root, "etc"), os.path.join(root, "usr/share/man/man5")
        for path in self.opendkim, self.opendmarc, os.path.join(self.python, "spf_engine"):
            if not os.path.exists(path):
                raise Missing("no %s (tests/mta/fetch CACHE oldchain)" % path)
        libraries = [os.path.join(root, "usr/lib")] + \
            [os.path.dirname(p) for p in glob.glob(os.path.join(root, "usr/lib/*/libopendkim.so.11"))]
        self.environment = dict(os.environ, PYTHONPATH=self.python, PYTHONDONTWRITEBYTECODE="1",
                                LD_LIBRARY_PATH=":".join(libraries))


class Process:
    """A milter on a socket of its own."""

    def __init__(self, argv, socket, environment):
        self.socket = socket
        self.log = open(socket + ".log", "w+b")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        until = time.monotonic() + SECONDS
        while not os.path.exists(socket):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                self.log.seek(0)
                raise RuntimeError("%s does not start: %s" % (argv[0], self.log.read().decode()))
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Policy:
    """policyd-spf, asked at RCPT."""

    def __init__(self, programs, configuration, port):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "peer_policyd_spf.py"), str(port), configuration],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=programs.environment)
        self.asked = 0

    def ask(self, envelope):
        """-> ending, the field to put on top or None"""
        self.asked += 1
        facts = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
                 "client_address": envelope.client, "client_name": "unknown", "helo_name": envelope.told["helo"],
                 "sender": envelope.told["from"].strip("<>"), "recipient": envelope.recipients[0].strip("<>"),
                 "instance": str(self.asked), "queue_id": "4OLD"}
        self.process.stdin.write("".join("%s=%s\n" % f for f in facts.items()).encode() + b"\n")
        self.process.stdin.flush()
        action = self.process.stdout.readline().decode().strip().partition("action=")[2]
        if not action:
            raise RuntimeError("policyd-spf gives no answer")
        self.process.stdout.readline()
        word, _, text = action.partition(" ")
        if word[:1] == "5":
            return "reject", None
        if word.startswith("defer") or word[:1] == "4":
            return "tempfail", None
        name, _, value = text.partition(":")
        return "accept", [name.encode(), value.encode()] if word == "prepend" else None

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(SECONDS)


class Chain:
    """opendkim, and for arriving mail policyd-spf before it and opendmarc after it."""

    def __init__(self, programs, directory, files, zone=""):
        self.started, self.policy, self.dmarc, self.server = [], None, None, None
        try:
            self.dkim = self.milter(programs, [programs.opendkim, "-f", "-x", files["opendkim.conf"]], directory, "opendkim")
            if "opendmarc.conf" in files:
                self.dmarc = self.milter(programs, [programs.opendmarc, "-f", "-c", files["opendmarc.conf"]], directory,
                                         "opendmarc")
            if "policyd-spf.conf" in files:
                self.server = dnsserver.DnsServer(zone)
                self.policy = Policy(programs, files["policyd-spf.conf"], self.server.port)
        except BaseException:
            self.stop()
            raise

    def milter(self, programs, argv, directory, name):
        socket = os.path.join(directory, name + ".sock")
        self.started.append(Process(argv + ["-p", "local:" + socket], socket, programs.environment))
        return socket

    def play(self, envelope, message):
        """-> ending, fields, body"""
        fields, body = run_daemon.header_and_body(message)
        if self.policy and "auth" not in envelope.told:  # it is asked after permit_sasl_authenticated
            how, field = self.policy.ask(envelope)
            if how != "accept":
                return how, fields, body
            if field:
                message = octets([field] + fields, body)
        for socket in filter(None, (self.dkim, self.dmarc)):
            how, fields, body = at_milter(socket, envelope, message)
            if how != "accept":
                break
            message = octets(fields, body)
        return how, fields, body

    def stop(self):
        for process in self.started:
            process.stop()
        if self.policy:
            self.policy.stop()
        if self.server:
            self.server.stop()
