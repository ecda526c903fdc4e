"""A second opinion on DKIM signatures that assay made: a verifier of its own over the openssl command.

Relaxed/relaxed only (RFC 6376 sections 3.4.2 and 3.4.4); enough for what assay writes, and independent of it.
"""

import base64
import hashlib
import os
import re
import tempfile

import host


def relaxed_field(name, value):
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + value


def relaxed_body(body):
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and lines[-1] == b"":
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def fields_of(message):
    head = message.partition(b"\r\n\r\n")[0]
    found = []
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found.append((name, value))
    return found


def tags_of(value):
    pairs = (part.partition(b"=") for part in value.replace(b"\r\n", b"").split(b";") if part.strip())
    return {name.strip().decode(): v.strip().decode() for name, _, v in pairs}


def signed_data(fields, signature, tags):
    """The octets that are hashed for b=: the named fields from the bottom up, then the signature itself."""
    left = list(fields)
    lines = []
    for wanted in tags["h"].split(":"):
        for i in range(len(left) - 1, -1, -1):
            if left[i][0].strip().lower() == wanted.strip().lower().encode():
                lines.append(relaxed_field(*left.pop(i)))
                break
    bare = re.sub(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*", rb"\1", signature[1])
    lines.append(relaxed_field(signature[0], bare))
    return b"\r\n".join(lines)


def verify(message, keys):
    """keys: {(domain, selector): path of a private or public key}.  -> [(domain, selector, verdict)].

    verdict: "pass", or what was wrong.
    """
    fields = fields_of(message)
    body = message.partition(b"\r\n\r\n")[2]
    results = []
    for field in fields:
        if field[0].strip().lower() == b"dkim-signature":
            tags = tags_of(field[1])
            key = keys.get((tags["d"], tags["s"]))
            others = [f for f in fields if f is not field]
            results.append((tags["d"], tags["s"], one(others, field, tags, body, key)))
    return results


def one(fields, field, tags, body, key):
    if key is None:
        return "no such key"
    if tags.get("c") != "relaxed/relaxed":
        return "canonicalization %s" % tags.get("c")
    digest = hashlib.sha256(relaxed_body(body)).digest()
    if base64.b64decode(re.sub(r"\s", "", tags["bh"])) != digest:
        return "body hash differs"
    data = signed_data(fields, field, tags)
    signature = base64.b64decode(re.sub(r"\s", "", tags["b"]))
    return "pass" if openssl_verify(key, tags["a"], data, signature) else "signature differs"


def openssl_verify(key, algorithm, data, signature):
    with tempfile.TemporaryDirectory() as place:
        def file(name, content):
            return host.write(os.path.join(place, name), content)
        public = os.path.join(place, "public")
        kind = ["-pubin"] if "BEGIN PUBLIC" in host.read(key) else []
        host.run(["openssl", "pkey", *kind, "-in", key, "-pubout", "-out", public])
        sig = file("sig", signature)
        if algorithm == "rsa-sha256":
            argv = ["openssl", "dgst", "-sha256", "-verify", public, "-signature", sig, file("data", data)]
        elif algorithm == "ed25519-sha256":        # RFC 8463: Ed25519 over the SHA-256 of the data
            argv = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-sigfile", sig,
                    "-in", file("data", hashlib.sha256(data).digest())]
        else:
            return False
        return host.succeeds(argv)
