"""A milter of a few lines, to prove the private MTAs before and beside assayd.

It speaks milter protocol 6, asks for the macros that assayd asks for, writes down what it was told, and
obeys the message: "X-Test: insert" gets a header, "results N" results of another host there, "quarantine" is held, "refuse" is answered 550 5.7.26.
"""

import os
import socket
import socketserver
import struct
import threading

SMFIF_ADDHDRS, SMFIF_CHGHDRS, SMFIF_QUARANTINE, SMFIF_SETSYMLIST = 0x1, 0x10, 0x20, 0x100
SMFIP_HDR_LEADSPC = 0x100000
ACTIONS = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST

# setsymlist replaces a stage's list, so every name that is used stands here (stages: 0 connect, 3 MAIL, 5 end)
MACROS = {0: "j {daemon_name} {daemon_port} {client_addr} {client_name}",
          2: "i {auth_authen} {auth_type} {daemon_port} {client_addr}",
          5: "i {client_addr} {auth_authen} {daemon_port}"}


class Seen:
    """What was learnt of one message."""

    def __init__(self):
        self.macros = {}
        self.client = None               # the address of the connection, as the MTA gave it
        self.helo = None
        self.sender = None
        self.fields = []
        self.body = b""


class Milter(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, spec, group=None):
        """spec: "unix:/path" or "inet:port"; group: who may connect to the unix socket."""
        self.messages = []
        kind, _, where = spec.partition(":")
        if kind == "unix":
            self.address_family = socket.AF_UNIX
            super().__init__(where, Session)
            os.chmod(where, 0o660)
            os.chown(where, 0, group)
        else:
            super().__init__(("127.0.0.1", int(where)), Session)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def server_bind(self):
        if self.address_family == socket.AF_UNIX:
            self.socket.bind(self.server_address)
        else:
            super().server_bind()

    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, "mta"

    def stop(self):
        self.shutdown()
        self.server_close()


class Session(socketserver.StreamRequestHandler):
    def put(self, command, data=b""):
        self.wfile.write(struct.pack(">I", len(data) + 1) + command + data)

    def handle(self):
        self.seen = Seen()
        try:
            while True:
                size = self.rfile.read(4)
                if len(size) < 4:
                    return
                packet = self.rfile.read(struct.unpack(">I", size)[0])
                if packet[:1] == b"Q":
                    return
                self.event(packet[:1], packet[1:])
        except OSError:
            pass

    def event(self, command, data):
        if command == b"O":
            self.negotiate(data)
        elif command == b"D":
            words = [w.decode("utf-8", "surrogateescape") for w in data[1:].split(b"\0")]
            self.seen.macros.update(zip(words[0::2], words[1::2]))
        elif command == b"K":                          # quit, but a new connection follows
            self.seen = Seen()
        elif command == b"A":
            self.fresh()
        elif command == b"E":
            self.seen.body += data
            self.end_of_message()
        else:
            self.note(command, data)
            self.put(b"c")

    def fresh(self):
        old, self.seen = self.seen, Seen()
        self.seen.client, self.seen.helo, self.seen.macros = old.client, old.helo, dict(old.macros)

    def negotiate(self, data):
        _, actions, steps = struct.unpack(">III", data[:12])
        lists = b"".join(struct.pack(">I", stage) + names.encode() + b"\0"
                         for stage, names in MACROS.items())
        self.put(b"O", struct.pack(">III", 6, actions & ACTIONS, steps & SMFIP_HDR_LEADSPC) + lists)

    def note(self, command, data):
        words = [w.decode("utf-8", "surrogateescape") for w in data.split(b"\0")]
        if command == b"C":                            # name NUL family port(2) address NUL
            rest = data.split(b"\0", 1)[1]
            self.seen.client = rest[3:].rstrip(b"\0").decode() if rest[:1] in b"46" else "unknown"
        elif command == b"H":
            self.seen.helo = words[0]
        elif command == b"M":
            self.seen.sender = words[0].strip("<>")
        elif command == b"L":
            self.seen.fields.append((words[0], words[1]))
        elif command == b"B":
            self.seen.body += data

    def end_of_message(self):
        wish = dict((n.lower(), v.strip()) for n, v in self.seen.fields).get("x-test", "")
        self.server.messages.append(self.seen)
        if wish == "insert":
            self.put(b"i", struct.pack(">I", 1) + b"X-Milter-Second\0 below Received\0")
            self.put(b"i", struct.pack(">I", 0) + b"X-Milter-Top\0 was here,\n\tfolded\0")
        if wish.startswith("results "):
            self.put(b"i", struct.pack(">I", int(wish.split()[1])) + b"Authentication-Results\0 other.example; none\0")
        if wish == "quarantine":
            self.put(b"q", b"for the test\0")
        if wish == "refuse":
            self.put(b"y", b"550 5.7.26 refused by the test\0")
        else:
            self.put(b"c")
        self.fresh()
