"""Every signature verifies everywhere: messages of all shapes (shapes.py), each signed and verified by all.

A difference is put before the parties that were not part of it, and reported with what they say.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import known
import shapes
import tool

OURS = "assay"


class Signed:
    def __init__(self, signer, case, path):
        self.signer = signer
        self.case = case
        self.path = path
        self.verdicts = {}               # verifier -> [pass or fail, why]


def write_messages(setup, cases):
    for i, case in enumerate(cases):
        case.path = tool.write(setup.file("matrix", "%d.eml" % i), case.text())


def sign_ours(setup, cases):
    def one(row):
        i, case = row
        try:
            text = setup.assay.sign(case, case.text())
        except tool.Failed as e:
            return e
        return Signed(OURS, case, tool.write(setup.file("by-assay", "%d.eml" % i), text))
    return tool.each(one, enumerate(cases))


def sign_theirs(setup, peer, cases):
    able = [case for case in cases if peer.can("sign", case.algorithm)]
    signed = [Signed(peer.name, case, setup.file("by-" + peer.name, os.path.basename(case.path))) for case in able]
    answers = peer.run([setup.sign_job(s.case, s.path) for s in signed])
    return [s if a[0] == "signed" else (s, a) for s, a in zip(signed, answers)]


def report_unsigned(counts, made):
    """-> those that were signed"""
    good = []
    for one in made:
        if isinstance(one, Signed):
            good.append(one)
        elif isinstance(one, Exception):
            counts.fail("assay sign: %s" % one)
        else:
            refuse(counts, *one)
    return good


def refuse(counts, signed, answer):
    why = known.reason(signed.signer, None, signed.case)
    if why:
        counts.explain(why)
    else:
        counts.fail("%s does not sign (%s): %s" % (signed.signer, " ".join(answer), signed.case))


def verify_ours(setup, messages):
    def one(signed):
        try:
            return setup.assay.verdict(signed.path)
        except (tool.Failed, ValueError) as e:
            return ["died", str(e)]
    for signed, verdict in zip(messages, tool.each(one, messages)):
        signed.verdicts[OURS] = verdict


def verify_theirs(peer, messages):
    able = [m for m in messages if peer.can("verify", m.case.algorithm)]
    for signed, verdict in zip(able, peer.run([["verify", m.path] for m in able])):
        signed.verdicts[peer.name] = verdict


def all_signed(setup, counts, cases):
    with ThreadPoolExecutor(tool.PROCESSES) as pool:
        ours = pool.submit(sign_ours, setup, cases)
        theirs = [pool.submit(sign_theirs, setup, peer, cases) for peer in setup.peers]
        made = [one for future in [ours] + theirs for one in future.result()]
    return report_unsigned(counts, made)


def all_verified(setup, messages):
    ours = [m for m in messages if m.signer == OURS]
    with ThreadPoolExecutor(tool.PROCESSES) as pool:
        futures = [pool.submit(verify_ours, setup, messages)]
        futures += [pool.submit(verify_theirs, peer, ours) for peer in setup.peers]
        for future in futures:
            future.result()


def ask_the_others(setup, messages):
    """The parties that have not yet said anything about messages on which two disagree."""
    for peer in setup.peers:
        verify_theirs(peer, [m for m in messages if peer.name not in m.verdicts])


def differences(messages):
    """(signed, verifier) of each pair of which one is assay and that does not agree."""
    return [(m, verifier) for m in messages for verifier, verdict in m.verdicts.items()
            if (OURS in (m.signer, verifier)) and verdict[0] != "pass"]


def is_alone(signed):
    """Do all others accept what assay does not?  Then nothing but assay explains it.  That a signer accepts its own
    message says nothing."""
    others = [verdict[0] for verifier, verdict in signed.verdicts.items() if verifier not in (OURS, signed.signer)]
    return signed.verdicts[OURS][0] != "pass" and others and set(others) == {"pass"}


def judge(setup, counts, messages):
    found = differences(messages)
    pairs = sum(len(m.verdicts) for m in messages)
    ask_the_others(setup, [m for m, _ in found])
    counts.ok(pairs - len(found))
    for m, verifier in found:
        why = known.reason(m.signer, verifier, m.case)
        if why and not is_alone(m):
            counts.explain(why)
        else:
            others = ", ".join("%s: %s (%s)" % (v, *m.verdicts[v]) for v in sorted(m.verdicts))
            counts.fail("signed by %s: %s - %s" % (m.signer, m.case, others))


def table(setup, messages):
    names = [OURS] + [p.name for p in setup.peers]
    signers = {name: [m for m in messages if m.signer == name] for name in names}
    print("%-14s%s" % ("passed/asked", "".join("%14s" % ("by " + n) for n in names)))
    for verifier in names:
        row = []
        for signer in names:
            verdicts = [m.verdicts[verifier][0] for m in signers[signer] if verifier in m.verdicts]
            asked = OURS in (signer, verifier)
            row.append("%d/%d" % (verdicts.count("pass"), len(verdicts)) if asked else "-")
        print("%-14s%s" % (verifier, "".join("%14s" % cell for cell in row)))


def check(setup, counts):
    cases = shapes.matrix()
    write_messages(setup, cases)
    messages = all_signed(setup, counts, cases)
    print("matrix: %d messages, signed %d times" % (len(cases), len(messages)), flush=True)
    all_verified(setup, messages)
    table(setup, messages)
    judge(setup, counts, messages)
