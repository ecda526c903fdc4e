"""A name server over the tests' zone file, on loopback: the way assayd asks in real life, time-outs included.

It knows TXT, A and NS, the directives !TIMEOUT, !SERVFAIL and !SLOW=ms, and answers NXDOMAIN or NODATA as it should.
"""

import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "TXT": 16}


def encode(rtype, text):
    if rtype == "A":
        return socket.inet_aton(text)
    if rtype == "NS":
        return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"
    data = text.encode()
    return b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))


class DnsServer:
    def __init__(self, zone, port=0):
        """zone: text in the form of assay's zone files, bare TXT only."""
        self.records = {}                        # {(name, type number): [rdata]}
        self.directives = {}                     # {(name, type number): word}
        self.names = set()
        self.asked = 0
        for line in zone.splitlines():
            if line and line[0] not in "#;":
                self.add(*line.split(None, 2))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.going = True
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def add(self, name, rtype, text):
        name = name.rstrip(".").lower()
        key = (name, TYPES[rtype])
        labels = name.split(".")
        self.names.update(".".join(labels[i:]) for i in range(len(labels)))
        if text.startswith("!"):
            self.directives[key] = text[1:]
        else:
            self.records.setdefault(key, []).append(encode(rtype, text))

    def serve(self):
        while self.going:
            try:
                query, client = self.socket.recvfrom(4096)
            except OSError:                      # the time-out among them
                continue
            self.asked += 1
            answer, delay = self.answer(query)
            if answer is None:
                continue
            if delay:
                threading.Timer(delay, self.reply, (answer, client)).start()
            else:
                self.reply(answer, client)

    def reply(self, answer, client):
        try:
            self.socket.sendto(answer, client)
        except OSError:
            pass

    def answer(self, query):
        """-> (packet or None, seconds to wait)"""
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        rtype, = struct.unpack(">H", query[at + 1:at + 3])
        question = query[12:at + 5]
        name = ".".join(labels)
        word = self.directives.get((name, rtype), "")
        if word == "TIMEOUT":
            return None, 0
        found = self.records.get((name, rtype), [])
        rcode = 2 if word == "SERVFAIL" else 0 if name in self.names else 3
        delay = int(word[5:]) / 1000 if word.startswith("SLOW=") else 0
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", rtype, 1, 300, len(r)) + r for r in found)
        header = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(found), 0, 0)
        return header + question + records, delay

    def stop(self):
        self.going = False
        self.thread.join()
        self.socket.close()
