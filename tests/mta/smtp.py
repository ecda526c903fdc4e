"""SMTP with control of every octet: a client that keeps each reply, and a server that keeps each message.

smtplib and its like repair what they are given; a test of forged, torn and odd mail must not be helped.
Messages are bytes with CRLF; what the client is given is what goes over the wire, but for dot-stuffing.
"""

import base64
import re
import socket
import socketserver
import threading
import time


class SmtpError(Exception):
    """The connection ended, or spoke something which is not SMTP."""


class Reply:
    """One complete reply: its code and its lines without the code."""

    def __init__(self, code, lines, command=b""):
        self.code = code
        self.lines = lines
        self.command = command          # what it answers; empty for the greeting

    @property
    def text(self):
        return " ".join(line.decode("utf-8", "backslashreplace") for line in self.lines)

    @property
    def ok(self):
        return 200 <= self.code < 400

    def __str__(self):
        return "%d %s" % (self.code, self.text)

    __repr__ = __str__


def octets(text):
    """str to bytes; a lone surrogate stands for the raw byte it was made from."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)


def crlf(text):
    """Any line ends to CRLF, for messages written down in Python source."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets(text))


class Client:
    """One SMTP connection.  Every method returns the Reply; none raises because of what it says."""

    def __init__(self, host, port, source=None, timeout=60):
        self.replies = []
        self.sock = socket.create_connection((host, port), timeout,
                                             source_address=(source, 0) if source else None)
        self.file = self.sock.makefile("rb")
        self.greeting = self.read_reply(b"")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Hangs up without a word; quit() is the polite way."""
        self.file.close()
        self.sock.close()

    def read_reply(self, command):
        lines = []
        while True:
            try:
                line = self.file.readline(65536)
            except OSError as e:
                raise SmtpError("no reply to %r: %s" % (command[:60], e)) from e
            if not re.match(rb"[2-5]\d\d[ \r\n-]", line):
                raise SmtpError("no reply to %r but %r" % (command[:60], line))
            lines.append(line[4:].rstrip(b"\r\n"))
            if line[3:4] != b"-":
                break
        reply = Reply(int(line[:3]), lines, command)
        self.replies.append(reply)
        return reply

    def write(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise SmtpError("cannot write: %s" % e) from e

    def cmd(self, line):
        line = octets(line)
        self.write(line + b"\r\n")
        return self.read_reply(line)

    def ehlo(self, name="client.test"):
        return self.cmd(b"EHLO " + octets(name))

    def helo(self, name="client.test"):
        return self.cmd(b"HELO " + octets(name))

    def xclient(self, **attributes):
        """xclient(ADDR="192.0.2.7", NAME="mail.example"); a new greeting follows, so EHLO again."""
        address = attributes.get("ADDR", "")
        if ":" in address and not address.upper().startswith("IPV6:"):
            attributes["ADDR"] = "IPV6:" + address
        return self.cmd("XCLIENT " + " ".join("%s=%s" % kv for kv in attributes.items()))

    def auth_plain(self, user, password):
        secret = base64.b64encode(b"\0" + octets(user) + b"\0" + octets(password))
        return self.cmd(b"AUTH PLAIN " + secret)

    def mail(self, sender, parameters=""):
        """The null sender is ""."""
        return self.cmd(b"MAIL FROM:<" + octets(sender) + b">"
                        + (b" " + octets(parameters) if parameters else b""))

    def rcpt(self, recipient, parameters=""):
        return self.cmd(b"RCPT TO:<" + octets(recipient) + b">"
                        + (b" " + octets(parameters) if parameters else b""))

    def data(self, message):
        """DATA, then the message (CRLF, dots are stuffed here).  The reply to DATA if that was no 354."""
        reply = self.cmd(b"DATA")
        if reply.code != 354:
            return reply
        return self.body(message)

    def body(self, message):
        message = octets(message)
        stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", message)
        return self.raw_body(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")

    def bdat(self, message, chunk=1000):
        """CHUNKING (RFC 3030): the message in counted pieces, nothing stuffed."""
        reply = None
        for at in range(0, len(message), chunk):
            piece = message[at:at + chunk]
            last = b" LAST" if at + chunk >= len(message) else b""
            self.write(b"BDAT %d%s\r\n" % (len(piece), last) + piece)
            reply = self.read_reply(b"BDAT")
            if not reply.ok:
                break
        return reply

    def raw_body(self, data):
        """Exactly these octets after a 354, the final dot included."""
        self.write(data)
        return self.read_reply(b"(message)")

    def quit(self):
        try:
            return self.cmd(b"QUIT")
        except SmtpError:
            return None
        finally:
            self.close()


class Outcome:
    """What became of one message: the replies, and of them the one that settled it."""

    def __init__(self, replies, settled):
        self.replies = replies
        self.settled = settled

    code = property(lambda self: self.settled.code)
    text = property(lambda self: self.settled.text)
    accepted = property(lambda self: 200 <= self.settled.code < 300)

    @property
    def queue_id(self):
        """Postfix: "Ok: queued as X"; Sendmail: "2.0.0 X Message accepted"."""
        m = (re.search(r"queued as (\S+)", self.text)
             or re.search(r"2\.0\.0 (\S+) Message accepted", self.text))
        return m.group(1) if m else None

    def __str__(self):
        return str(self.settled)


def send(host, port, sender, recipients, message, helo="client.test", client=None, login=None,
         source=None, parameters="", timeout=60):
    """One message over one connection.

    client: the attributes of XCLIENT, as {"ADDR": "192.0.2.7", "NAME": "mail.example"};
    login: (user, password); recipients: one or a list.  Stops at the first refusal of MAIL, of every
    RCPT, or of the message; that reply settles the outcome.
    """
    if isinstance(recipients, (str, bytes)):
        recipients = [recipients]
    c = Client(host, port, source=source, timeout=timeout)
    try:
        return Outcome(c.replies, transaction(c, sender, recipients, message, helo, client, login,
                                              parameters))
    finally:
        c.quit()


def transaction(c, sender, recipients, message, helo, client, login, parameters):
    if not c.greeting.ok:
        return c.greeting
    if client:
        c.ehlo(helo)
        reply = c.xclient(**client)
        if not reply.ok:
            return reply
    reply = c.ehlo(helo)
    if login and reply.ok:
        reply = c.auth_plain(*login)
    if reply.ok:
        reply = c.mail(sender, parameters)
    if not reply.ok:
        return reply
    answers = [c.rcpt(r) for r in recipients]
    if not any(a.ok for a in answers):
        return answers[-1]
    return c.data(message)


# ---------------------------------------------------------------------------------------------

class Delivery:
    """One message as the receiver got it, octet for octet (dots unstuffed)."""

    def __init__(self, helo, sender, recipients, data, port):
        self.helo = helo
        self.sender = sender
        self.recipients = recipients
        self.data = data
        self.port = port
        self.when = time.time()

    @property
    def fields(self):
        """[(name, value)]: str, in order, the value unfolded and stripped."""
        return header_fields(self.data)

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def body(self):
        return self.data.partition(b"\r\n\r\n")[2]


def header_fields(data):
    head = octets(data).partition(b"\r\n\r\n")[0]
    head = re.sub(rb"\r\n([ \t])", rb"\1", head)
    fields = []
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon:
            fields.append((name, value.strip()))
    return fields


class Server(socketserver.ThreadingTCPServer):
    """An SMTP server on a free loopback port.  `accept(delivery)` may return a reply line for the message."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    extensions = ("8BITMIME", "SMTPUTF8", "SIZE 100000000")

    def __init__(self, name, accept=None, host="127.0.0.1", port=0):
        super().__init__((host, port), SmtpSession)
        self.name = name
        self.accept = accept
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, delivery):
        return self.accept(delivery) if self.accept else None

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join(5)


class SmtpSession(socketserver.StreamRequestHandler):
    """Says yes to everything; offers 8BITMIME and SMTPUTF8 so that no MTA rewrites what it hands over."""

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        try:
            self.converse()
        except (OSError, ValueError):
            pass

    def converse(self):
        helo, sender, recipients = "", None, []
        self.say("220 %s ESMTP" % self.server.name)
        while True:
            line = self.rfile.readline(65536)
            if not line:
                return
            verb, _, rest = line.strip().decode("utf-8", "surrogateescape").partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "HELO"):
                helo = rest
                lines = (self.server.name,) + tuple(self.server.extensions)
                for i, text in enumerate(lines):
                    self.say("250%s%s" % ("-" if i + 1 < len(lines) else " ", text))
            elif verb == "MAIL":
                sender, recipients = angle(rest), []
                self.say("250 ok")
            elif verb == "RCPT":
                recipients.append(angle(rest))
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                delivery = Delivery(helo, sender, recipients, self.read_message(), self.server.port)
                self.say(self.server.take(delivery) or "250 ok")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok" if verb in ("RSET", "NOOP") else "500 what?")

    def read_message(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if not line:
                raise ValueError("cut short")
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)


def angle(argument):
    m = re.search(r"<(.*?)>", argument)
    return m.group(1) if m else argument


class Sink(Server):
    """The receivers' mailboxes: keeps every message; wait() finds one of them."""

    def __init__(self, name="sink.test", refuse=None, port=0):
        self.arrived = threading.Condition()
        self.deliveries = []
        self.refuse = refuse              # a reply line ("451 4.3.0 later") or a function that gives one
        super().__init__(name, port=port)

    def take(self, delivery):
        refusal = self.refuse(delivery) if callable(self.refuse) else self.refuse
        if refusal:
            return refusal
        with self.arrived:
            self.deliveries.append(delivery)
            self.arrived.notify_all()
        return None

    def wait(self, wanted, timeout=30):
        """The first delivery for which wanted(delivery), or None when it does not come in time.

        wanted may be a string: the message's Message-ID or a part of its header or body.
        """
        if isinstance(wanted, (str, bytes)):
            needle = octets(wanted)
            wanted = lambda d: needle in d.data
        found = self.wait_all(wanted, 1, timeout)
        return found[0] if found else None

    def wait_all(self, wanted, count, timeout=30):
        """The deliveries for which wanted(delivery), as soon as there are `count`, else as many as came."""
        end = time.monotonic() + timeout
        with self.arrived:
            while True:
                found = [d for d in self.deliveries if wanted(d)]
                left = end - time.monotonic()
                if len(found) >= count or left <= 0:
                    return found
                self.arrived.wait(left)

    def seen(self, wanted):
        """Whether such a message has come by now."""
        return self.wait(wanted, 0) is not None


class Filter(Server):
    """A content filter: hands on what it gets to another port, through change(data) first."""

    def __init__(self, onward_port, change=lambda data: data, name="filter.test"):
        self.onward_port = onward_port
        self.change = change
        self.passed = 0
        super().__init__(name)

    def take(self, delivery):
        received = b"Received: from localhost (localhost [127.0.0.1]) by filter.test; now\r\n"
        outcome = send("127.0.0.1", self.onward_port, delivery.sender, delivery.recipients,
                       received + self.change(delivery.data), helo="filter.test")
        self.passed += 1
        return str(outcome.settled).replace("\n", " ")


def main():
    """Sends one message from a file, for trying things by hand."""
    import argparse
    import sys
    a = argparse.ArgumentParser(description=main.__doc__)
    a.add_argument("server", help="ADDRESS:PORT")
    a.add_argument("file", nargs="?", default="-", help="the message, any line ends; - is standard input")
    a.add_argument("--client", help="the address to pretend to come from (XCLIENT)")
    a.add_argument("--login", help="USER:PASSWORD")
    a.add_argument("--helo", default="client.example")
    a.add_argument("--mail-from", default="", help="the envelope sender; empty is the null sender")
    a.add_argument("--rcpt", action="append", required=True)
    o = a.parse_args()
    where, _, port = o.server.rpartition(":")
    if o.file == "-":
        message = sys.stdin.buffer.read()
    else:
        with open(o.file, "rb") as f:
            message = f.read()
    outcome = send(where, int(port), o.mail_from, o.rcpt, crlf(message), helo=o.helo,
                   client={"ADDR": o.client, "NAME": "[UNAVAILABLE]"} if o.client else None,
                   login=tuple(o.login.split(":", 1)) if o.login else None)
    for reply in outcome.replies:
        print("%s\n    %s" % (reply.command.decode("utf-8", "backslashreplace"), reply))
    return 0 if outcome.accepted else 1


if __name__ == "__main__":
    raise SystemExit(main())
