#!/usr/bin/env python3
"""reports.py - runs inside a machine that was booted for it: doc/REPORTS, section by section, word by word.

Postfix and assay are set up as README says.  Mail of one day arrives, assayd's clock is moved behind the next
midnight, and assay-report.service sends what is due.  One line for each step, "ok ..." or "FAILED ...: why";
the last line is "done".
"""

import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import migrate
import steps
from steps import LETTER, Site, check, run, section, smtp, until

DAY = 86400
FIRST = int(time.time()) // DAY + 1
DOCUMENTED_DAY = "2026-11-25"
RECORD = "_dmarc.%s TXT v=DMARC1; p=reject; rua=mailto:%s"
DEAD = ["a.gone.example", "b.gone.example", "c.gone.example"]       # three reports to one dead address
ZONE = [RECORD % ("example.com", "dmarc@example.com"), RECORD % ("club.example", "dmarc@club.example"),
        RECORD % ("example.org", "dmarc@example.org; ruf=mailto:failures@example.org"),
        "_dmarc.gone.example TXT v=DMARC1; p=none"] + [RECORD % (d, "dmarc@gone.example") for d in DEAD]


def named(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * DAY))


def follow(shown, day=FIRST):
    """Every display of a section; the day is the one that has mail."""
    return migrate.perform(shown, noted={DOCUMENTED_DAY: named(day)})


def set_clock(day, hour):
    with open("/etc/assay/conf.d/zz-clock.conf", "w") as f:
        f.write("reports { test-clock-offset = %ds }\n" % (day * DAY + hour * 3600 - int(time.time())))
    run("systemctl reload assayd")


def as_assay(command):
    return run("runuser -u assay -- " + command)


def rows(domain, day):
    p = subprocess.run(["runuser", "-u", "assay", "--", "assay", "report", "show", domain, "--day", named(day), "--json"],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    return sum(row["count"] for row in json.loads(p.stdout)["rows"]) if p.returncode == 0 else 0


def arrive(domains, day):
    """A forgery in the name of each domain at noon of that day, counted."""
    set_clock(day, 12)
    for domain in domains:
        author = ("ceo@" + domain).encode()
        message = (LETTER % b"forged").replace(b"joe@example.com>\r\nTo", author + b">\r\nTo")
        smtp.send("127.0.0.1", 25, author.decode(), "anna@inbox.example", message,
                  client={"ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"})
    for domain in domains:
        check(until(lambda domain=domain: rows(domain, day) > 0), "mail of %s is not counted" % domain)


def status():
    return json.loads(as_assay("assay report status --json"))


def start_unit():
    """As often as the test likes: systemd counts starts, and the timer's are ten minutes apart."""
    run("systemctl reset-failed assay-report.service || true; systemctl start assay-report.service")


def send(site, day, recipient, count=1):
    """The unit makes the reports of that day once the host has handed in its counts, and sends what is due six hours
    later; -> the report to that address, of which there are `count` by now."""
    def made():
        start_unit()
        return status()["pending"]
    set_clock(day + 1, 2)
    check(until(made, 30), "nothing to send: " + trouble())
    set_clock(day + 1, 8)
    start_unit()
    found = site.sink.wait_all(lambda d: recipient in d.recipients, count, 30)
    check(len(found) == count, "%d reports to %s: %s" % (len(found), recipient, trouble()))
    return found[-1]


def trouble():
    return run("runuser -u assay -- assay report status; journalctl --no-pager -n 20 -u assay-report; postqueue -p", None)


def signed_and_aligned(site, delivery):
    found = site.verified(delivery)
    check([d["result"] for d in found["dkim"]] == ["pass", "pass"], "DKIM: %s" % found["dkim"])
    check(found["dmarc"]["result"] == "pass", "DMARC: %s" % found["dmarc"])


# -- the sections ---------------------------------------------------------------------------------


def keep_counts(site):
    shown = section("doc/REPORTS", "1. Keep counts")
    shown[0].write()
    run("systemctl restart assayd")
    arrive(["example.com", "club.example"], FIRST)
    os.remove("/etc/assay/conf.d/reports.conf")
    said = follow(shown)
    check("club.example" in said[0] and "192.0.2.66" in said[1], said)


def look(site):
    set_clock(FIRST + 1, 2)
    said = follow(section("doc/REPORTS", "2. Look at the reports that would be sent"))
    check("dmarc@club.example" in said[0] and "send" in said[0], said)
    check("!club.example!" in run("ls /var/lib/assay/reports"), "no report in the directory")


def send_them(site):
    """By SMTP, which is the default: the service unit, once by hand; the timer is what starts it otherwise."""
    check(run("systemctl show -P NoNewPrivileges assay-report.service").strip() == "no", "the unit sets NoNewPrivileges")
    said = follow(section("doc/REPORTS", "3. Send them"))
    when, user, command = re.fullmatch(r"(\S+ \S+ \S+ \S+ \S+) (\S+) (.*)", section("doc/assay.1", "DESCRIPTION", 0).lines[0]).groups()
    check(when == "*/10 * * * *" and user == "assay", "the line for cron is of %s at %s" % (user, when))
    as_assay(command)
    run("systemctl is-active assay-report.timer; systemctl is-enabled assay-report.timer")
    check(run("systemctl show -P NextElapseUSecRealtime assay-report.timer").strip(), "the timer starts nothing")
    delivery = send(site, FIRST, "dmarc@club.example")
    signed_and_aligned(site, delivery)
    check(delivery.sender == "", "the envelope sender is %r" % delivery.sender)
    check(named(FIRST) in as_assay("assay report status"), said)


def dead_addresses(site):
    """A report that the receiver refuses comes back to the pipe of master.cf, and is counted."""
    shown = section("doc/REPORTS", "Addresses that do not exist")
    follow(shown)
    check(section("doc/assay.1", "DESCRIPTION", 1).text == shown[1].text + "\n" + shown[2].text, "assay(1) shows other lines")
    site.sink.refuse = lambda d: "550 5.1.1 no such user" if "dmarc@gone.example" in d.recipients else None
    arrive(["club.example"] + DEAD, FIRST + 1)
    delivery = send(site, FIRST + 1, "dmarc@club.example", 2)
    check(delivery.sender.startswith("dmarc-bounces+"), "the envelope sender is %r" % delivery.sender)
    signed_and_aligned(site, delivery)
    check(until(lambda: status()["suspended"], 60), "no address is suspended: %s" % run(
        "runuser -u assay -- assay report status; journalctl --no-pager -n 40 -t postfix/pipe -t postfix/bounce", None))
    found = status()["suspended"]
    check([s["address"] for s in found] == ["dmarc@gone.example"] and "5.1.1" in found[0]["why"], found)


def suspended(site):
    """The next day nothing is sent there, and the reason is shown.  By the sendmail command, in the same unit."""
    follow(section("doc/REPORTS", "By the sendmail command"))
    arrive(["club.example", DEAD[0]], FIRST + 2)
    refused = []
    site.sink.refuse = lambda d: refused.append(d) if "dmarc@gone.example" in d.recipients else None
    delivery = send(site, FIRST + 2, "dmarc@club.example", 3)
    signed_and_aligned(site, delivery)
    check("userid" in delivery.data.decode(), "not by the sendmail command")     # Received: by Postfix's pickup
    check(not refused, "a suspended address got a report")
    check("suspended" in as_assay("assay report status"), "the status does not show it")


def failures(site):
    """Failure reports: what waits is shown, and sent when its hour is over; nothing of a person is in it."""
    shown = section("doc/REPORTS", "Failure reports")
    shown[0].write()
    run("systemctl restart assayd")
    time.sleep(2)                             # nothing is redacted, and nothing kept, before the store was opened
    arrive(["example.org"], FIRST + 3)
    os.remove("/etc/assay/conf.d/failure-reports.conf")
    said = follow(shown)
    check("example.org" in said[0] and "failures@example.org" in said[1] and "send" in said[1], said)
    set_clock(FIRST + 3, 14)
    start_unit()
    found = site.sink.wait_all(lambda d: "failures@example.org" in d.recipients, 1)
    check(len(found) == 1, "no failure report: " + trouble())
    signed_and_aligned(site, found[0])
    text = found[0].data.decode()
    check("Auth-Failure: dmarc" in text and "Source-IP: 192.0.2.66" in text, text)
    check("ceo@" not in text and "anna@" not in text, text)
    os.remove("/etc/assay/conf.d/failure-reports.conf")
    run("systemctl restart assayd")


def several_hosts(site):
    """The store of doc/REPORTS in a PostgreSQL: this host's own, reached by its name, with a password."""
    run("systemctl start postgresql; echo '127.0.0.1 db.example.com' >>/etc/hosts")
    run("cd /; runuser -u postgres -- psql -qc \"CREATE USER assay PASSWORD 'PASSWORD'\"; runuser -u postgres -- createdb -O assay assay")
    follow(section("doc/REPORTS", "Several MX hosts"))
    arrive(["club.example"], FIRST + 3)
    signed_and_aligned(site, send(site, FIRST + 3, "dmarc@club.example", 4))
    check(run("cd /; runuser -u postgres -- psql -Atc 'SELECT count(*) FROM history_row' assay").strip() == "1", "not in PostgreSQL")


def main():
    site = Site()
    site.zone = [z for z in site.zone if not z.startswith("_dmarc.example.com ")] + ZONE
    for step in (steps.follow_readme, steps.test_equipment, keep_counts, look, send_them, dead_addresses, suspended,
                 failures, several_hosts):
        if not steps.perform(step, site):
            break
    steps.finish()


if __name__ == "__main__":
    main()
