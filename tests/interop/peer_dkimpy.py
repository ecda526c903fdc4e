"""dkimpy as a peer: a worker (see peers.py) for an interpreter that has its module."""

import base64
import sys
from importlib import metadata

import worker

try:
    import dkim
except ImportError as e:
    sys.exit("python3-dkim is not installed (%s)" % e)


def version():
    try:
        return metadata.version("dkimpy")
    except metadata.PackageNotFoundError:
        return "of an unknown version"


def cannot():
    try:
        import nacl.signing                      # noqa: F401: what dkimpy needs for Ed25519
    except ImportError:
        for what in ("sign", "verify"):
            yield what, "ed25519", "dkimpy needs python3-nacl for it, which is not installed"


def private_key(algorithm, path):
    """PEM as it is, or the 32 octets of an Ed25519 seed in Base64, which is dkimpy's form."""
    with open(path, "rb") as f:
        pem = f.read()
    if algorithm != "ed25519-sha256":
        return pem
    der = base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"--")))
    return base64.b64encode(der[-32:])


def sign(text, canon, algorithm, domain, selector, key, options):
    d = dkim.DKIM(text, signature_algorithm=algorithm.encode())
    identity = options.get("i")
    return d.sign(selector.encode(), domain.encode(), private_key(algorithm, key),
                  identity=identity and identity.encode(), canonicalize=tuple(canon.encode().split(b"/"))) + text


def verify(text, keys):
    def lookup(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        return keys.get(name.rstrip("."), "").encode() or None
    try:
        return ("pass", "") if dkim.DKIM(text).verify(dnsfunc=lookup) else ("fail", "the signature differs")
    except dkim.DKIMException as e:
        return "fail", str(e)


def seal(text, domain, selector, key, cv, results):
    """dkimpy takes results and cv= from an Authentication-Results field with its own id, which then goes."""
    srv_id, rest = results.split(";", 1)
    own = ("Authentication-Results: %s; arc=%s;%s\r\n" % (srv_id, cv, rest)).encode()
    fields = dkim.ARC(own + text).sign(selector.encode(), domain.encode(), private_key("rsa-sha256", key),
                                       srv_id.encode())
    if not fields:
        raise ValueError("no set was made")
    return b"".join(reversed(fields)) + text


def chain(text, keys):
    def lookup(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        return keys.get(name.rstrip("."), "").encode() or None
    cv, _, reason = dkim.ARC(text).verify(dnsfunc=lookup)
    return cv.decode(), reason


def sealers():
    try:
        import authres                           # noqa: F401: what dkimpy reads results with
    except ImportError:
        return None
    return seal, chain


if __name__ == "__main__":
    worker.serve("dkimpy " + version(), cannot(), sign, verify, sealers())
