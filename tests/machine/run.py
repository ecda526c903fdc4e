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

from machine import Broken, Machine, Unavailable


def demonstration(machine):
    """./bootstrap demo, the README's first command: it installs, builds and shows all twelve messages."""
    machine.put_project("/root/assay")
    output = machine.must(["sh", "-c", "cd /root/assay && ./bootstrap demo"], network=True, timeout=1800)
    last = output.strip().splitlines()[-1]
    if not re.search(r"\b12\b", last):
        raise Broken("the last line is %r" % last)


TESTS = [demonstration]


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
