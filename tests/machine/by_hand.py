#!/usr/bin/env python3
"""by_hand.py - runs inside a machine that was booted for it: assay as README installs it without the package.

One line for each step, "ok ..." or "FAILED ...: why"; the last line is "done".
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import steps
from steps import Site, check, leaves, run, section, until


def with_systemd(site):
    """The commands of README's set-up that follow the installation: the unit is enabled, and runs."""
    for command in section("README", "Set up with Postfix", 0).commands():
        if command.startswith("assay "):
            site.publish(run(command))
    section("README", "Set up with Postfix", 1).write()
    run("postfix reload; systemctl is-enabled assayd; systemctl is-active assayd")
    steps.test_equipment(site)
    check(len(leaves(site, "systemd").all("DKIM-Signature")) == 2, "not signed")


def without(site):
    """As where there is no systemd: assayd is started by root, and makes what it needs."""
    run("systemctl disable --now assayd; rm -rf /run/assay /var/spool/postfix/assay /etc/systemd/system/assayd.service.d")
    start, reload = section("doc/assayd.8", "EXAMPLES")
    run(start.text)
    check(until(lambda: os.path.exists("/run/assay/assayd.pid")), "no /run/assay/assayd.pid")
    with open("/run/assay/assayd.pid") as f:
        pid = f.read().strip()
    check(run("ps -o user= -p " + pid).strip() == "assay", "it does not run as assay")
    check(len(leaves(site, "started").all("DKIM-Signature")) == 2, "not signed")
    run(reload.text)
    run("kill " + pid)
    check(until(lambda: not os.path.exists("/run/assay/assayd.pid")), "the pid file is left")


def main():
    site = Site()
    for step in (with_systemd, without):
        steps.perform(step, site)
    steps.finish()


if __name__ == "__main__":
    main()
