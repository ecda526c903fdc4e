"""The tool `assay` of a build, and what it needs: keys with the right modes, zones."""

import base64
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import shapes

PROCESSES = os.cpu_count() or 2
SECONDS = 60


class Failed(Exception):
    pass


def run(argv, data=None):
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
    if done.returncode != 0:
        raise Failed("%s: %s" % (os.path.basename(argv[0]), done.stderr.decode(errors="replace").strip()))
    return done.stdout


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def each(function, rows):
    """function(row) of all rows, several at once; in their order."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(function, rows))


def quoted(text):
    """The presentation form of a TXT record's strings."""
    return " ".join('"%s"' % text[i:i + 255] for i in range(0, len(text), 255))


class Keys:
    """Private keys which only their owner may read, and their public halves as records."""

    def __init__(self, source, place):
        self.path = {}
        self.records = {}
        for name, (_, file, selector) in shapes.ALGORITHMS.items():
            pem = read(os.path.join(source, file))
            path = os.path.join(place, file)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
                f.write(pem)
            self.path[name] = path
            self.records["%s._domainkey.%s" % (selector, shapes.DOMAIN)] = self.record(path, name)
        self.plain = write(os.path.join(place, "keys.txt"), "".join(
            "%s %s\n" % row for row in self.records.items()).encode())
        self.zone = write(os.path.join(place, "zone"), self.zone_text().encode())

    def zone_text(self):
        return "".join("%s TXT %s\n" % (name, quoted(text)) for name, text in self.records.items())

    @staticmethod
    def record(path, name):
        der = run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"])
        if name == "ed25519":                    # RFC 8463 section 4: the key alone
            return "v=DKIM1; k=ed25519; p=" + base64.b64encode(der[-32:]).decode()
        return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


class Assay:
    def __init__(self, build, keys):
        self.program = os.path.join(build, "assay")
        self.keys = keys

    def sign(self, case, message, *more):
        selector = shapes.ALGORITHMS[case.algorithm][2]
        return run([self.program, "sign", "--domain", shapes.DOMAIN, "--selector", selector, "--key",
                    self.keys.path[case.algorithm], "--canon", case.canon, *more, "-"], message)

    def verify(self, path, *more, zone=None):
        """The object that `assay verify --json` prints."""
        text = run([self.program, "verify", "--json", "--zone", zone or self.keys.zone, *more, path])
        return json.loads(text)

    def verdict(self, path, *more):
        """-> [pass or fail, why], as peers answer."""
        found = self.verify(path, *more).get("dkim", [])
        if not found:
            return ["fail", "no signature"]
        first = found[0]
        return ["pass" if first["result"] == "pass" else "fail", first["reason"]["text"]]
