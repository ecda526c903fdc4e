#!/usr/bin/env python3
"""run.py --cache CACHEDIR [--suite NAME]... [--filter X]: assay on bare machines.

Each test takes a debootstrapped Debian (bookworm unless named otherwise) in a directory of its own and does
there what the README says.  It needs root, debootstrap and the package mirror of this machine's apt; where
one is missing the tests are skipped, aloud.  Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import readme
from machine import TOP, Broken, Machine, Unavailable


def demonstration(machine):
    """./bootstrap demo, the README's first command: it installs, builds and shows all twelve messages."""
    machine.put_project("/root/assay")
    output = machine.must(["sh", "-c", "cd /root/assay && ./bootstrap demo"], network=True, timeout=1800)
    last = output.strip().splitlines()[-1]
    if not re.match(r"(\d+) of \1 messages", last):
        raise Broken("the last line is %r" % last)


def set_up(machine):
    """README's set-up with Postfix on a machine that has one: to signed and aligned mail, and the unit's life."""
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends systemd-sysv dbus "
                  "procps postfix python3 logrotate apparmor"], network=True)
    machine.put_project("/root/assay")
    start = time.monotonic()
    with open(os.path.join(TOP, "README")) as f:
        first = readme.blocks(f.read(), "Set up with Postfix")[0]
    for line in first.lines:
        if re.match(r"\./bootstrap|apt-get ", line):    # the others need no network: steps.py
            machine.must(["sh", "-c", "cd /root/assay && " + line], network=True, timeout=1800)
    built = time.monotonic() - start
    machine.must(["sh", "-c", "cp /root/assay/build/deb/assay_*.deb /root"])
    machine.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    said = machine.boot("/usr/bin/python3 /root/assay/tests/machine/steps.py")
    print(said.rstrip() + "\n(package built and installed in %d s)" % built)
    if "FAILED" in said or not said.rstrip().endswith("done"):
        raise Broken("see above")


TESTS = [demonstration, set_up]


def run_one(test, cache, suite):
    """-> "passed", "failed" or "skipped" """
    start = time.monotonic()
    try:
        with Machine(cache, suite) as machine:
            test(machine)
        verdict, why = "passed", ""
    except Unavailable as e:
        verdict, why = "skipped", str(e)
    except Broken as e:
        verdict, why = "failed", str(e)
    print("%-8s %s on %s, %d s%s" % (verdict, test.__name__, suite, time.monotonic() - start, ": " + why if why else ""),
          flush=True)
    return verdict


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", required=True, help="where debootstrapped machines are kept")
    arguments.add_argument("--suite", action="append", help="a release of Debian (default: bookworm)")
    arguments.add_argument("--filter", default="", help="only tests whose name matches this regular expression")
    a = arguments.parse_args()
    os.makedirs(a.cache, exist_ok=True)
    verdicts = [run_one(test, os.path.abspath(a.cache), suite) for suite in a.suite or ["bookworm"]
                for test in TESTS if re.search(a.filter, test.__name__)]
    print(", ".join("%d %s" % (verdicts.count(v), v) for v in ("passed", "failed", "skipped")))
    return 1 if "failed" in verdicts or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
