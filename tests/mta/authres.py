"""Authentication-Results as a receiver's program would read them (RFC 8601), as far as the tests need."""

import re


def without_comments(text):
    out, depth, quoted, i = [], 0, False, 0
    while i < len(text):
        c = text[i]
        if c == "\\":
            if not depth:
                out.append(text[i:i + 2])
            i += 2
            continue
        if c == '"' and not depth:
            quoted = not quoted
        if c == "(" and not quoted:
            depth += 1
        elif c == ")" and not quoted and depth:
            depth -= 1
        elif not depth:
            out.append(c)
        i += 1
    return "".join(out)


def parse(value):
    """-> (authserv-id, [(method, result, {property: value})])"""
    parts = re.findall(r'(?:"(?:\\.|[^"\\])*"|[^;"])+', without_comments(value))
    head = parts[0].split() if parts else [""]
    results = []
    for part in parts[1:]:
        pairs = re.findall(r'([\w.-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s]+)', part)
        if pairs:
            results.append((pairs[0][0].lower(), pairs[0][1].lower(),
                            {k.lower(): v.strip('"') for k, v in pairs[1:]}))
    return head[0].strip('"'), results


def ours(delivery, authserv_id):
    """The fields that carry this authserv-id, top first: [(index among all fields, results)]."""
    found = []
    for i, (name, value) in enumerate(delivery.fields):
        if name.lower() == "authentication-results":
            who, results = parse(value)
            if who.lower() == authserv_id:
                found.append((i, results))
    return found


def summary(delivery, authserv_id):
    """{"spf": "pass", "dkim": ["pass", "fail"], "dmarc": "pass"} of our one field; None when there is none.

    dkim is always a list.  More than one field of ours is an error of the daemon: ValueError.
    """
    fields = ours(delivery, authserv_id)
    if not fields:
        return None
    if len(fields) > 1:
        raise ValueError("%d Authentication-Results of %s" % (len(fields), authserv_id))
    result = {"dkim": []}
    for method, verdict, properties in fields[0][1]:
        if method == "dkim":
            result["dkim"].append(verdict)
        elif method == "spf" and "smtp.mailfrom" not in properties and "spf" in result:
            continue                     # the HELO identity beside the MAIL FROM one
        else:
            result[method] = verdict
    return result
