#!/usr/bin/env python3
"""sendmail_steps.py - runs inside a machine that was booted for it: README's set-up with Sendmail, word by word.

As in steps.py, the package is installed already, and the name server, the receiver of outgoing mail and the lines
that lead Sendmail to it are test equipment.  The last line is "done".
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import steps
from steps import Site, check, run, section

# Mail for others goes to the test's own receiver; nothing is asked of a network that is not there.
EQUIPMENT = """\
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h %d')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
"""


def test_equipment(site):
    with open("/etc/mail/sendmail.mc") as f:
        text = f.read()
    check("MAILER_DEFINITIONS" in text, "sendmail.mc has another form")
    with open("/etc/mail/sendmail.mc", "w") as f:
        f.write(text.replace("MAILER_DEFINITIONS", EQUIPMENT % site.sink.port + "MAILER_DEFINITIONS", 1))


def follow_readme(site):
    commands, edits = section("README", "Set up with Postfix", 0), section("README", "Set up with Sendmail")
    said = ""
    for line in commands.commands():
        if line.startswith("assay "):
            printed = run(line)
            site.publish(printed)
            said += printed
    check([b.path for b in edits] == ["/etc/mail/sendmail.mc"], "README's section has not the one edit")
    check(steps.indented(edits[0].text, 4) in said, "assay init does not print README's line: " + said)
    edits[0].write()
    for command in edits[0].afterwards:
        run(command)
    run("systemctl is-active assayd sendmail")


def well_connected(site):
    said = run("assay doctor", None)
    check("BAD" not in said and "sendmail.cf connects to" in said and "answers user smmsp" in said, said)
    said = run("assay init example.com")
    check(not re.search(r"(?m)^  (done|todo|will) ", said), said)


def main():
    site = Site()
    for step in (steps.as_installed, test_equipment, follow_readme, well_connected, steps.signed_and_aligned):
        steps.perform(step, site)
    steps.finish()


if __name__ == "__main__":
    main()
