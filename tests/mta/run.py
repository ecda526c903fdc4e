#!/usr/bin/env python3
"""run.py --build BUILDDIR --cache CACHEDIR [--filter X]: assayd behind a real Postfix and a real Sendmail.

CACHEDIR is what tests/mta/fetch filled.  Nothing outside a temporary directory is touched, nothing but
loopback is used, and whatever was started is ended.  Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import case
import checks_classes
import checks_keys
import checks_life
import checks_octets
import checks_reports
import checks_rewrite
import checks_sendmail
import checks_verdict
from stage import Setup

ORDER = [m.__name__ for m in (checks_classes, checks_verdict, checks_octets, checks_rewrite, checks_life, checks_keys, checks_reports, checks_sendmail)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True, help="the build directory, with assayd and assay in it")
    arguments.add_argument("--cache", required=True, help="the directory that tests/mta/fetch filled")
    arguments.add_argument("--filter", default="", help="only tests whose name matches this regular expression")
    a = arguments.parse_args()
    for program in ("assayd", "assay"):
        if not os.access(os.path.join(a.build, program), os.X_OK):
            print("%s: no %s: build it first" % (a.build, program))
            print("0 passed, 1 failed, 0 skipped")
            return 1
    setup = Setup(os.path.abspath(a.build), os.path.abspath(a.cache))
    tests = sorted(case.TESTS, key=lambda t: ORDER.index(t.__globals__["__name__"]))
    return case.run_all(setup, a.filter, tests)


if __name__ == "__main__":
    sys.exit(main())
