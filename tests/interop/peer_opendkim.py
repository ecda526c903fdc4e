"""OpenDKIM as a peer: a worker (see peers.py) that calls libopendkim as its milter does, field by field.

The programs that come with it cannot do what is needed here: opendkim-testmsg signs with simple/simple and
RSA only, and asks the real DNS.
"""

import ctypes
import os
import re
import sys
import time

import worker

# Numbers of dkim.h, version 2.11
SIMPLE, RELAXED = 0, 1
RSA_SHA256, ED25519_SHA256 = 1, 2
SET_OPTION = 1
FLAGS, QUERY_METHOD, QUERY_INFO, FIXED_TIME, SIGNATURE_TTL, MINIMUM_BITS = 0, 6, 7, 8, 11, 14
QUERY_FILE = 1
ZTAGS = 0x10
MARGIN = 75
ANY_LENGTH = -1

CANON = {"simple": SIMPLE, "relaxed": RELAXED}
ALGORITHM = {"rsa-sha256": RSA_SHA256, "ed25519-sha256": ED25519_SHA256}


class Refused(Exception):
    pass


def load():
    path = os.environ.get("INTEROP_LIBOPENDKIM", "libopendkim.so.11")
    try:
        lib = ctypes.CDLL(path)
    except OSError as e:
        sys.exit("libopendkim is not to be had (%s)" % e)
    p, s, n = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    status = ctypes.POINTER(ctypes.c_int)
    for name, result, arguments in (
            ("dkim_init", p, [p, p]), ("dkim_close", None, [p]), ("dkim_free", ctypes.c_int, [p]),
            ("dkim_options", ctypes.c_int, [p, ctypes.c_int, ctypes.c_int, p, n]),
            ("dkim_sign", p, [p, s, p, s, s, s, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ssize_t, status]),
            ("dkim_verify", p, [p, s, p, status]), ("dkim_set_signer", ctypes.c_int, [p, s]),
            ("dkim_header", ctypes.c_int, [p, s, n]), ("dkim_eoh", ctypes.c_int, [p]),
            ("dkim_body", ctypes.c_int, [p, s, n]), ("dkim_eom", ctypes.c_int, [p, p]),
            ("dkim_getsighdr_d", ctypes.c_int, [p, n, ctypes.POINTER(s), ctypes.POINTER(n)]),
            ("dkim_geterror", s, [p]), ("dkim_getresultstr", s, [ctypes.c_int]),
            ("dkim_getsignature", p, [p]), ("dkim_sig_geterror", ctypes.c_int, [p]),
            ("dkim_sig_geterrorstr", s, [ctypes.c_int]),
            ("dkim_libversion", ctypes.c_uint32, [])):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


LIB = load()


def option(handle, which, kind, value):
    LIB.dkim_options(handle, SET_OPTION, which, ctypes.byref(kind(value)), ctypes.sizeof(kind))


def must(status, what, dkim=None):
    if status != 0:
        why = (dkim and LIB.dkim_geterror(dkim)) or LIB.dkim_getresultstr(status)
        raise Refused("%s: %s" % (what, why.decode()))


def feed(dkim, text):
    head, _, body = text.partition(b"\r\n\r\n")
    for field in re.split(rb"\r\n(?![ \t])", head):
        must(LIB.dkim_header(dkim, field, len(field)), "dkim_header", dkim)
    status = LIB.dkim_eoh(dkim)
    must(status, "dkim_eoh", dkim)
    if body:
        must(LIB.dkim_body(dkim, body, len(body)), "dkim_body", dkim)


def sign(text, canon, algorithm, domain, selector, key, options):
    handle = LIB.dkim_init(None, None)
    status = ctypes.c_int()
    with open(key, "rb") as f:
        pem = f.read()
    if "x" in options:
        option(handle, SIGNATURE_TTL, ctypes.c_uint64, int(options["x"]))
    if "t" in options:
        option(handle, FIXED_TIME, ctypes.c_uint64, int(time.time()) + int(options["t"]))
    if "z" in options:
        option(handle, FLAGS, ctypes.c_uint, ZTAGS)
    of_header, of_body = canon.split("/")
    dkim = LIB.dkim_sign(handle, b"interop", None, pem, selector.encode(), domain.encode(), CANON[of_header],
                         CANON[of_body], ALGORITHM[algorithm], ANY_LENGTH, ctypes.byref(status))
    try:
        must(status.value, "dkim_sign")
        if "i" in options:
            must(LIB.dkim_set_signer(dkim, options["i"].encode()), "dkim_set_signer", dkim)
        feed(dkim, text)
        must(LIB.dkim_eom(dkim, None), "dkim_eom", dkim)
        value, length = ctypes.c_char_p(), ctypes.c_size_t()
        must(LIB.dkim_getsighdr_d(dkim, len("DKIM-Signature: "), ctypes.byref(value), ctypes.byref(length)),
             "dkim_getsighdr_d", dkim)
        return b"DKIM-Signature: " + value.value + b"\r\n" + text
    finally:
        if dkim:
            LIB.dkim_free(dkim)
        LIB.dkim_close(handle)


def verify(text, keys):
    del keys                                     # the library reads the file itself
    handle = LIB.dkim_init(None, None)
    status = ctypes.c_int()
    option(handle, QUERY_METHOD, ctypes.c_int, QUERY_FILE)
    path = sys.argv[1].encode()
    LIB.dkim_options(handle, SET_OPTION, QUERY_INFO, path, len(path))
    dkim = LIB.dkim_verify(handle, b"interop", None, ctypes.byref(status))
    try:
        must(status.value, "dkim_verify")
        feed(dkim, text)
        status = LIB.dkim_eom(dkim, None)
        return ("pass", "") if status == 0 else ("fail", why(dkim, status))
    except Refused as e:
        return "fail", str(e)
    finally:
        if dkim:
            LIB.dkim_free(dkim)
        LIB.dkim_close(handle)


def why(dkim, status):
    signature = LIB.dkim_getsignature(dkim)
    texts = [LIB.dkim_getresultstr(status)]
    if signature:
        texts.append(LIB.dkim_sig_geterrorstr(LIB.dkim_sig_geterror(signature)))
    texts.append(LIB.dkim_geterror(dkim))
    return ", ".join(t.decode() for t in texts if t)


def version():
    v = LIB.dkim_libversion()
    return "%d.%d.%d" % (v >> 24, v >> 16 & 255, v >> 8 & 255)


if __name__ == "__main__":
    worker.serve("libopendkim " + version(), (), sign, verify)
