"""Differences that are understood and not assay's doing, each with its reason.

A row: the party whose doing it is; "sign" (its signatures do not verify, or it makes none) or "verify" (it
judges wrongly); the cases; the reason.  A row that no longer applies to a newer peer does no harm.
"""

import shapes

NO_LAST_CRLF = [name for name, body in shapes.BODIES.items() if body and not body.endswith(b"\r\n")]
SPACE_AT_THE_END = [name for name in NO_LAST_CRLF if shapes.BODIES[name].endswith((b" ", b"\t"))]
TEXT_AT_THE_END = [name for name in NO_LAST_CRLF if name not in SPACE_AT_THE_END]


def header_is(case, canon):
    return case.canon.startswith(canon + "/")


def body_is(case, canon):
    return case.canon.endswith("/" + canon)


ROWS = (
    ("Mail::DKIM", "sign verify", lambda c: body_is(c, "simple") and c.body in NO_LAST_CRLF,
     "it does not add the CRLF that a simple body lacks at its end (RFC 6376 section 3.4.3); not possible in SMTP"),
    ("opendkim", "sign verify", lambda c: body_is(c, "relaxed") and c.body in TEXT_AT_THE_END,
     "it refuses a relaxed body that lacks the last CRLF instead of adding it (section 3.4.4); not possible in SMTP"),
    ("dkimpy", "sign verify", lambda c: body_is(c, "relaxed") and c.body in SPACE_AT_THE_END,
     "it keeps white space at the end of a last line that lacks its CRLF (section 3.4.4); not possible in SMTP"),
    ("dkimpy", "sign verify", lambda c: c.header == "space before the colon",
     "it refuses a field with white space before the colon, which relaxed deletes (section 3.4.2)"),
    ("opendkim", "sign verify", lambda c: c.header == "space before the colon",
     "it refuses a field with white space before the colon, which relaxed deletes (section 3.4.2)"),
    ("dkimpy", "sign verify", lambda c: c.header == "control octets" and header_is(c, "relaxed"),
     "it strips VT and FF from a field as if they were WSP, which is space and tab (section 2.8)"),
    ("Mail::DKIM", "sign verify", lambda c: c.header == "control octets" and header_is(c, "relaxed"),
     "it takes VT and FF in a field for WSP, which is space and tab (section 2.8)"),
    ("opendkim", "sign verify", lambda c: c.header == "control octets" and header_is(c, "relaxed"),
     "it takes VT and FF in a field for WSP, which is space and tab (section 2.8)"),
    ("opendkim", "sign", lambda c: c.algorithm == "ed25519" and header_is(c, "simple"),
     "it hashes its field folded for a signature of 32 octets and writes it folded for 64; it does not verify its own"),
)


def reason(signer, verifier, case):
    for party, doing, applies, why in ROWS:
        for what, who in (("sign", signer), ("verify", verifier)):
            if who == party and what in doing.split() and applies(case):
                return "%s, %s: %s" % (party, what, why)
    return None


# Altered messages (alterations.py): who judges wrongly, which alteration, the reason.
ALTERED = ()


def altered(verifier, what):
    for party, which, why in ALTERED:
        if party == verifier and which == what:
            return "%s, verify: %s" % (party, why)
    return None


# Fields that a parser cannot read at all, which loses results and forges none: the parser, which fields, the reason.
FIELDS = (
    ("Mail::AuthenticationResults", lambda value: '\\"' in value,
     "it ends a quoted-string at a quoted quote (RFC 5322 section 3.2.4)"),
)


def field(parser, why, value):
    for party, applies, reason in FIELDS:
        if party == parser and why.startswith("unreadable") and applies(value):
            return "%s: %s" % (party, reason)
    return None
