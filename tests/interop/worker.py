"""The part that the peers written in Python share: jobs come in on standard input, answers go out.

    sign TAB message TAB signed message to write TAB c= TAB a= TAB d= TAB s= TAB key file TAB options
    verify TAB message
    seal TAB message TAB sealed message to write TAB d= TAB s= TAB key file TAB cv= TAB results
    chain TAB message

`seal` adds an ARC set: results are those of an Authentication-Results field, its authserv-id first, and cv=
what the sealer found of the chain before.  `chain` verifies one, and answers with pass, fail or none.

First the version and what the peer cannot do is told:

    peer TAB name and version
    cannot TAB sign or verify TAB algorithm TAB why
    ready

Then one line for each job: signed, pass, fail or error TAB detail.  The one argument is a file of keys,
"name TXT" a line.  An option is "x=3600" (expire after), "t=-86400" (signed then, relative to now), "z=1"
(copy fields into z=) or "i=..."; several are separated by commas, and a peer ignores what it has not.
"""

import sys


def read_keys(path):
    with open(path) as f:
        return dict(line.rstrip("\n").split(" ", 1) for line in f)


def options_of(text):
    return dict(part.split("=", 1) for part in text.split(",") if part)


def answer(job, keys, sign, verify, arc):
    with open(job[1], "rb") as f:
        text = f.read()
    if job[0] == "verify":
        return verify(text, keys)
    if job[0] == "chain":
        return arc[1](text, keys)
    made = arc[0](text, *job[3:8]) if job[0] == "seal" else sign(text, *job[3:8], options_of(job[8]))
    with open(job[2], "wb") as f:
        f.write(made)
    return "signed", ""


def say(*parts):
    print("\t".join(" ".join(p.split()) for p in parts), flush=True)


def serve(name, cannot, sign, verify, arc=None):
    """arc: what seals and what verifies chains; a peer without says that it cannot."""
    keys = read_keys(sys.argv[1])
    say("peer", name)
    for row in cannot:
        say("cannot", *row)
    if arc is None:
        say("cannot", "seal", "arc", "it has no ARC")
    say("ready")
    for line in sys.stdin:
        try:
            say(*answer(line.rstrip("\n").split("\t"), keys, sign, verify, arc))
        except Exception as e:                   # whatever a peer raises is its answer to this message
            say("error", "%s: %s" % (type(e).__name__, e))
