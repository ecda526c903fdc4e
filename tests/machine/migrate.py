#!/usr/bin/env python3
"""migrate.py - runs inside a machine that was booted for it: doc/MIGRATING, step by step, word by word.

Debian's opendkim, opendmarc and policyd-spf sign and judge when it begins, set up as their own documents say.  One
line for each step, "ok ..." or "FAILED ...: why"; the last line is "done".
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import steps
from steps import LETTER, Site, check, leaves, run, section, smtp, until

OLD_FILES = {
    "/etc/opendkim.conf": """\
Syslog yes
SyslogSuccess yes
UMask 007
Canonicalization relaxed/simple
Mode s
KeyTable /etc/opendkim/KeyTable
SigningTable refile:/etc/opendkim/SigningTable
InternalHosts 127.0.0.1, ::1
OversignHeaders From
UserID opendkim
Socket local:/var/spool/postfix/opendkim/opendkim.sock
PidFile /run/opendkim/opendkim.pid
""",
    "/etc/opendkim/KeyTable": "old example.com:2024:/etc/dkimkeys/2024.private\n",
    "/etc/opendkim/SigningTable": "*@example.com old\n",
    "/etc/opendmarc.conf": """\
AuthservID mx.example.com
TrustedAuthservIDs mx.example.com
PidFile /run/opendmarc/opendmarc.pid
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
RejectFailures true
Socket local:/var/spool/postfix/opendmarc/opendmarc.sock
SPFSelfValidate true
Syslog true
UMask 0002
UserID opendmarc
""",
    "/etc/postfix-policyd-spf-python/policyd-spf.conf": """\
debugLevel = 1
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1
""",
}
OLD_CHAIN = "unix:opendkim/opendkim.sock, unix:opendmarc/opendmarc.sock"


def old_chain(site):
    """What is there before: the site signs and judges with the three old programs."""
    for path, text in OLD_FILES.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    for user in ("opendkim", "opendmarc"):
        run("install -d -o %s -g %s -m 0750 /var/spool/postfix/%s; usermod -aG %s postfix" % (user, user, user, user))
    run("opendkim-genkey -D /etc/dkimkeys -d example.com -s 2024; chown opendkim: /etc/dkimkeys/2024.private")
    with open("/etc/dkimkeys/2024.txt") as f:
        site.zone.append("2024._domainkey.example.com TXT " + "".join(re.findall(r'"([^"]*)"', f.read())))
    site.serve()
    with open("/etc/postfix/master.cf", "a") as f:
        f.write("policyd-spf unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf\n")
    run("systemctl restart opendkim opendmarc; postconf -e 'smtpd_milters=%s' 'non_smtpd_milters=$smtpd_milters'"
        " 'smtpd_recipient_restrictions=reject_unauth_destination, check_policy_service unix:private/policyd-spf'" % OLD_CHAIN)
    steps.test_equipment(site)
    check(selectors(leaves(site, "before")) == ["2024"], "the old chain does not sign")


def selectors(delivery):
    return [re.search(r"\bs=([^;\s]+)", v).group(1) for v in delivery.all("DKIM-Signature")]


def arrives(site, number, wanted=250, author="ceo@strict.example"):
    """A forgery from outside; its delivery, when it is wanted."""
    message = (LETTER % number.encode()).replace(b"joe@example.com>\r\nTo", author.encode() + b">\r\nTo")
    outcome = smtp.send("127.0.0.1", 25, author, "anna@inbox.example", message,
                        client={"ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"})
    check(outcome.code == wanted, "answered: %s" % outcome)
    return site.sink.wait("<%s@example.com>" % number, 60) if wanted == 250 else None


def perform(blocks, accepted=(0,), noted={"OLD": OLD_CHAIN}):
    """-> what each command printed.  noted: words of the document for which the reader writes what he noted down."""
    said = []
    for block in blocks:
        if block.path:
            block.write()
            for command in block.afterwards:
                run(command)
            continue
        for command in block.commands():
            for word, meant in noted.items():
                command = command.replace(word, meant)
            p = subprocess.run(["sh", "-ec", command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
            check(p.returncode in accepted, "%s: exit %d: %s" % (command, p.returncode, p.stdout[-3000:]))
            said.append(p.stdout)
    return said


def beside_the_old_chain(site):
    """Step 1: the socket without new keys and without main.cf, the import, assay last and observing."""
    check(run("postconf -h smtpd_milters").strip() == OLD_CHAIN, "the document's command prints another chain")
    check(run("postconf non_smtpd_milters internal_mail_filter_classes").count("=") == 2, "it prints not both")
    said = perform(section("doc/MIGRATING", "1. Beside the old chain"), accepted=(0, 3))     # 3: something has no counterpart
    check("assay replaces it: follow MIGRATING" in said[0], "assay init does not see the old chain: " + said[0])
    check("1 key is in place" in said[1], "the import copies no key: " + said[1][-1500:])
    check(run("assay import --compare /etc/opendkim.conf").strip(), "the comparison is silent")
    check(selectors(leaves(site, "one")) == ["2024"], "assay signs while it observes")
    arrives(site, "one-refused", 550)
    delivery = arrives(site, "one-in", author="ceo@lax.example")
    results = delivery.all("Authentication-Results")
    check(any("dmarc=" in v for v in results), "the old chain judges no more: %s" % results)
    log = run("journalctl --no-pager -u assayd")
    check(re.search("one-in@example.com.*dmarc=fail.p=none", log), "assay does not judge: " + log[-1500:])


def switch(site):
    """Step 3: assay signs and judges, with the old key; doctor names what is left."""
    said = perform(section("doc/MIGRATING", "3. Switch"), accepted=(0, 3))
    check("smtpd_recipient_restrictions" in said[-1], "doctor does not name the policy service: " + said[-1])
    check(until(lambda: selectors(leaves(site, "three")) == ["2024"], 10), "not signed with the old key")
    results = arrives(site, "three-in").get("Authentication-Results")
    check(results.startswith("mx.example.com") and "dmarc=fail" in results, "Authentication-Results: %r" % results)
    check("would=reject" in run("journalctl --no-pager -u assayd"), "assay's log has no would=reject")
    check(until(lambda: "signed=example.com/2024" in run("journalctl --no-pager -u assayd")), "it was not assay that signed")


def enforce(site):
    perform(section("doc/MIGRATING", "4. Enforce"))
    arrives(site, "four", 550)


def back(site):
    """Step 5: the old chain is in charge again."""
    perform(section("doc/MIGRATING", "5. Back"))
    check(until(lambda: selectors(leaves(site, "five")) == ["2024"], 10), "the old chain does not sign")
    arrives(site, "five-refused", 550)
    arrives(site, "five-in", author="ceo@lax.example")
    check("five-in" not in run("journalctl --no-pager -u assayd"), "assay sees mail after the way back")


def main():
    site = Site()
    site.zone += ["lax.example TXT v=spf1 -all", "_dmarc.lax.example TXT v=DMARC1; p=none"]
    for step in (old_chain, beside_the_old_chain, switch, enforce, back):
        if not steps.perform(step, site):
            break
    steps.finish()


if __name__ == "__main__":
    main()
