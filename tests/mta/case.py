"""The test runner: one line a test, then "N passed, N failed, N skipped"."""

import re
import sys
import time
import traceback

import host

TESTS = []                                  # in order of definition


def test(function):
    """Registers a test; its first docstring line says what it proves.  Called with the set-up."""
    TESTS.append(function)
    return function


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError("%s: %r, not %r" % (what, got, wanted))


def holds(text, part, what):
    if part not in (text or ""):
        raise AssertionError("%s: %r is not in %r" % (what, part, text))


def lacks(text, part, what):
    if part in (text or ""):
        raise AssertionError("%s: %r is in %r" % (what, part, text))


WORDS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}


def nothing_is_left(setup):
    """The last test: everything ends, nothing was complained of, no process stays behind."""
    trouble = setup.stop()
    check(not trouble, trouble)


def run_all(setup, wanted="", tests=None, out=sys.stdout):
    """Runs the tests whose name matches `wanted`, then ends the set-up; -> exit status."""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for function in tests or TESTS:
        name = function.__name__
        if not re.search(wanted, name):
            continue
        start = time.monotonic()
        verdict, why = one(function, setup)
        count[verdict] += 1
        print("%s %s (%.1f s)%s" % (WORDS[verdict], name, time.monotonic() - start, ": " + why if why else ""),
              file=out, flush=True)
    verdict, why = one(nothing_is_left, setup)
    if not count["passed"] + count["failed"]:
        verdict = "failed" if verdict == "failed" else "skipped"
    count[verdict] += 1
    print("%s nothing_is_left%s" % (WORDS[verdict], ": " + why if why else ""), file=out, flush=True)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count, file=out, flush=True)
    return 1 if count["failed"] or sum(count.values()) == 1 else 0      # 1: no such test


def one(function, setup):
    try:
        function(setup)
        return "passed", ""
    except host.Unavailable as e:
        return "skipped", str(e)
    except AssertionError as e:
        return "failed", str(e) + setup.evidence()
    except Exception:
        return "failed", traceback.format_exc() + setup.evidence()
