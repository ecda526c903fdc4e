#!/usr/bin/env python3
"""steps.py - runs inside a machine that was booted for it: README's set-up with Postfix, word by word.

What README takes from the network (the package) is installed already.  The name server, the receiver of
outgoing mail and the right to speak for a client (XCLIENT) are test equipment.  One line for each step,
"ok ..." or "FAILED ...: why"; the last line is "done".
"""

import os
import re
import socket
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", folder) for folder in ("mta", "machine", "lib")]

import json

import dnsserver
import documents
import smtp
from documents import section

ZONE = ["example.com A 192.0.2.25", "example.com TXT v=spf1 -all", "_dmarc.example.com TXT v=DMARC1; p=reject",
        "strict.example TXT v=spf1 -all", "_dmarc.strict.example TXT v=DMARC1; p=reject"]
LETTER = b"From: Joe <joe@example.com>\r\nTo: friend@far.example\r\nSubject: hello\r\n" \
         b"Date: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <%s@example.com>\r\n\r\nHello.\r\n"


class Wrong(Exception):
    pass


def run(command, wanted=0):
    p = subprocess.run(["sh", "-ec", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=120)
    if wanted is not None and p.returncode != wanted:
        raise Wrong("%s: exit %d: %s" % (command, p.returncode, p.stdout.strip()[-1500:]))
    return p.stdout


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def check(condition, why):
    if not condition:
        raise Wrong(why)


class Site:
    def __init__(self):
        self.sink = smtp.Sink()
        self.zone = list(ZONE)
        self.server = None
        self.serve()

    def serve(self):
        """The name server of resolv.conf, with what is published by now."""
        if self.server:
            self.server.stop()
        self.server = dnsserver.DnsServer("\n".join(self.zone + ["example.com NS ns.example.com", "ns.example.com A 127.0.0.1"]), 53)

    def publish(self, printed):
        """What `assay key new` says is to be published."""
        for name, strings in re.findall(r'(?m)^(\S+) TXT ((?:"[^"]*" ?)+)$', printed):
            self.zone.append("%s TXT %s" % (name, "".join(re.findall(r'"([^"]*)"', strings))))
        self.serve()

    def zone_file(self):
        with open("/root/zone", "w") as f:
            f.write("\n".join(self.zone) + "\n")
        return "/root/zone"


    def verified(self, delivery):
        """What a receiver elsewhere finds in a message that has left."""
        found = subprocess.run(["assay", "verify", "--json", "--zone", self.zone_file(), "--ip", "192.0.2.9", "--mail-from",
                                "joe@example.com", "-"], input=delivery.data, stdout=subprocess.PIPE, timeout=60)
        return json.loads(found.stdout)


def leaves(site, number):
    """Mail of a local program, as its receiver gets it."""
    p = subprocess.run(["sendmail", "-f", "joe@example.com", "friend@far.example"], input=LETTER % number.encode(), timeout=60)
    check(p.returncode == 0, "sendmail failed")
    delivery = site.sink.wait("<%s@example.com>" % number, 60)
    check(delivery, "not delivered: " + run("postqueue -p; journalctl -n 40 --no-pager", None))
    return delivery


def as_installed(site):
    """The package's service runs by itself, before anything is configured and without any MTA's doing."""
    run("systemctl is-enabled assayd; systemctl is-active assayd")
    check(os.path.exists("/run/assay/assay.sock"), "no /run/assay/assay.sock")
    check("uid=" in run("id assay"), "no user assay")
    check(run("ps -o user= -C assayd").split() == ["assay"], "assayd does not run as assay")


def from_nothing_to_reject(site):
    """doc/DOMAINS, line by line: `assay check` reports what is missing before the first, and nothing after the last."""
    page = section("doc/DOMAINS", "A domain from nothing to p=reject")
    check(section("doc/assay.1", "EXAMPLES", 5).text in [shown.text for shown in page], "assay(1) shows other commands")
    site.zone = ["spf.provider.example TXT v=spf1 ip4:198.51.100.0/24 -all", "example.com A 192.0.2.25"]
    site.serve()
    try:
        check("BAD" in run("assay check example.com", None), "nothing is missing at the start")
        for line in [line for shown in page for line in shown.lines]:
            record = re.match(r'(\S+)\.  TXT  "(.*)"$', line)
            if record:
                site.zone = [z for z in site.zone if not z.startswith(record.group(1) + " TXT ")]
                site.zone.append("%s TXT %s" % record.groups())
                site.serve()
            else:
                site.publish(run(line))
        said = run("assay check example.com")
        check("p=reject" in said, said)
    finally:
        run("rm -rf /etc/assay/keys/example.com")
        site.zone = list(ZONE)
        site.serve()


def follow_readme(site):
    """Every command and every edit of README's section, in its order."""
    steps = section("README", "Set up with Postfix")
    said = ""
    for block in steps:
        if block.path:
            check("\n" + block.text in said, "assay init does not print README's lines: " + said)
            block.write()
            for command in block.afterwards:
                run(command)
            continue
        for line in block.commands():
            if not re.match(r"\./bootstrap|apt-get ", line):    # done before this machine was booted
                printed = run("cd %s; %s" % (TOP, line))
                site.publish(printed)
                said += printed
    check([b.path for b in steps if b.path] == ["/etc/postfix/main.cf"], "README's section has not the one edit")
    check(len(steps[0].lines) == 4, "README's section has more than the build and three commands")
    run("systemctl is-active assayd")


def indented(text, blanks):
    return "".join(" " * blanks + line + "\n" for line in text.splitlines())


def repeated(site):
    """assay init has nothing to do any more; with the lines taken out, --apply-mta writes them again."""
    before = run("cat /etc/postfix/main.cf")
    said = run("assay init example.com")
    check(not re.search(r"(?m)^  (done|todo|will) ", said), said)
    run("postconf -X smtpd_milters non_smtpd_milters internal_mail_filter_classes message_reject_characters; postfix reload")
    check("BAD" in run("assay doctor", None), "doctor misses nothing")
    run("systemctl disable assayd")
    said = run("assay init --apply-mta")
    run("systemctl is-enabled assayd")
    check("wrote 4 lines of main.cf" in said and "postfix reload" in said, said)
    check(sorted(before.split("\n")) == sorted(run("cat /etc/postfix/main.cf").split("\n")), run("cat /etc/postfix/main.cf"))


def test_equipment(site):
    run("postconf -e 'relayhost=[127.0.0.1]:%d' 'smtpd_authorized_xclient_hosts=127.0.0.1' 'relay_domains=inbox.example'"
        " 'smtpd_peername_lookup=no' 'inet_protocols=ipv4'; postfix reload" % site.sink.port)
    check(until(lambda: "220" in run("exec 3<>/dev/null; printf 'QUIT\\r\\n' | timeout 3 python3 -c '"
          "import socket;print(socket.create_connection((\"127.0.0.1\",25),2).recv(99))' || true", None)), "no smtpd")


def signed_and_aligned(site):
    """Mail of a local program leaves with both signatures, and a receiver finds it aligned."""
    verdict = site.verified(leaves(site, "out"))
    check(sorted(d["result"] for d in verdict["dkim"]) == ["pass", "pass"], "DKIM: %s" % verdict["dkim"])
    check(verdict["dmarc"]["result"] == "pass", "DMARC: %s" % verdict["dmarc"])


def judged_and_not_refused(site):
    """As shipped: a forgery is delivered, marked, and the log says what would have been."""
    message = (LETTER % b"in").replace(b"joe@example.com>\r\nTo", b"ceo@strict.example>\r\nTo")
    outcome = smtp.send("127.0.0.1", 25, "ceo@strict.example", "anna@inbox.example", message,
                        client={"ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"})
    check(outcome.accepted, "refused: %s" % outcome)
    delivery = site.sink.wait("<in@example.com>", 60)
    check(delivery, "not delivered")
    results = (delivery.get("Authentication-Results") or "").strip()
    check(results.startswith("mx.example.com;") and "dmarc=fail" in results, "Authentication-Results: %r" % results)
    check("would=reject" in run("journalctl --no-pager -u assayd"), "the log has no would=reject")
    check("would=reject" in run("journalctl --no-pager -u assayd SYSLOG_FACILITY=2"), "the facility is not mail")
    # a syslog daemon beside the journal keeps the MTA's lines in a file: assay's are found all the same
    run("test ! -e /var/log/mail.log; echo 'Nov 26 12:00:00 mx postfix/master[1]: daemon started' >/var/log/mail.log")
    try:
        said = run("assay log")
        check("read from /var/log/mail.log, the journal" in said and "strict.example" in said, said)
    finally:
        run("rm /var/log/mail.log")


def documented_commands(site):
    """Every command that README and assay(1) show for a surprising verdict, as it is written, on a message."""
    shown = section("README", "When a verdict surprises you") + section("doc/assay.1", "EXAMPLES")[:5]
    os.makedirs("/root/commands", exist_ok=True)
    for name in ("FILE", "message.eml"):
        with open("/root/commands/" + name, "wb") as f:
            f.write(b"Return-Path: <joe@example.com>\r\nReceived: from mx.sender.example (mx.sender.example [192.0.2.7])\r\n\tby mx.example.com (Postfix) with ESMTP"
                    b" id 4XyZ1\r\n\tfor <anna@inbox.example>; Thu, 26 Nov 2026 12:00:01 +0000\r\n" + LETTER % b"command")
    for command in [command for display in shown for command in display.commands()]:
        p = subprocess.run(["sh", "-c", "cd /root/commands && " + command], capture_output=True, text=True, timeout=60)
        check(p.returncode in (0, 3) and p.stdout, "%s: exit %d: %s" % (command, p.returncode, p.stderr))


def well_connected(site):
    """`assay doctor` has nothing to say against README's set-up."""
    for command in ("assay doctor", "postconf -x >/root/postconf; assay doctor --postconf /root/postconf"):
        said = run(command, None)
        check("BAD" not in said and said.count("connects to") == 2 and "answers user postfix" in said, said)


def reloads(site):
    """A reload takes effect; one that the daemon would refuse fails, and the daemon stays."""
    run("echo 'enforce = yes' >/etc/assay/conf.d/enforce.conf; systemctl reload assayd")
    message = (LETTER % b"again").replace(b"joe@example.com>\r\nTo", b"ceo@strict.example>\r\nTo")
    check(until(lambda: smtp.send("127.0.0.1", 25, "ceo@strict.example", "anna@inbox.example", message, client={
        "ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"}).code == 550, 10), "enforce = yes refuses nothing")
    run("echo 'no-such-option = 1' >/etc/assay/conf.d/bad.conf")
    said = subprocess.run(["systemctl", "reload", "assayd"], capture_output=True)
    check(said.returncode != 0, "the reload of a bad configuration does not fail")
    run("systemctl is-active assayd; rm /etc/assay/conf.d/bad.conf; systemctl reload assayd")


def monitored(site):
    """doc/MONITORING: the command that answers each question does, and its page has the lines that are quoted; the
    fields of the journal."""
    run("echo 'pid-file = \"/run/assay/other.pid\"  log { target = journal }' >/etc/assay/conf.d/log.conf; systemctl reload assayd")
    subprocess.run(["sendmail", "-f", "joe@nokey.example", "friend@far.example"], timeout=60, check=True,
                   input=(LETTER % b"unsigned").replace(b"joe@example.com", b"joe@nokey.example"))
    message = (LETTER % b"journal").replace(b"joe@example.com>\r\nTo", b"ceo@strict.example>\r\nTo")
    smtp.send("127.0.0.1", 25, "ceo@strict.example", "anna@inbox.example", message, client={"ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"})
    leaves(site, "journal")
    for command in section("doc/MONITORING", "Logs", 0).commands():
        said = run(command)
        check("action=reject" in said or "ASSAY_AUTHOR=example.com" in said, "%s: %s" % (command, said))
    queue_id = re.search(r"\b([0-9A-Z]+): role=", run("journalctl --no-pager -u assayd")).group(1)
    page = run("assay status")
    for line in section("doc/MONITORING", "Questions, and the commands that answer them", 0).lines:
        answer = re.split("  +", line, maxsplit=1)[1]
        commands = re.findall(r"\bassayd? -{0,2}[a-z]+\b(?: [a-z]+\b| --json| QUEUE-ID)*", answer)
        check(commands, "no command: " + line)
        for command in commands:
            p = subprocess.run(["sh", "-c", command.replace("QUEUE-ID", queue_id)], capture_output=True, text=True, timeout=60)
            said = p.stdout + p.stderr      # assayd --reload reports to standard error
            check(p.returncode in (0, 3) and said, "%s: exit %d: %s" % (command, p.returncode, said))
        for title in re.findall(r'\("([^"]*)"\)', answer):
            check(title.replace(" ...", "") in page, "%s: %s" % (title, page))
    run("rm /etc/assay/conf.d/log.conf; systemctl reload assayd")


def life(site):
    """Killed, it comes back; stopped, nothing is left; the sockets are there after each start."""
    path = "/var/spool/postfix/assay/assay.sock"
    old = run("systemctl show -P MainPID assayd").strip()
    run("kill -9 " + old)
    check(until(lambda: run("systemctl is-active assayd", None).strip() == "active" and
                run("systemctl show -P MainPID assayd").strip() not in ("0", old)), "it did not come back")
    run("systemctl restart assayd")
    check(until(lambda: os.path.exists(path)), "no socket after a restart")
    run("systemctl stop assayd")
    check(run("systemctl show -P Result assayd").strip() == "success", "the stop was not orderly")
    check(not run("ps -o pid= -C assayd", 1).strip(), "assayd still runs")
    run("systemctl start assayd")


def second_instance(site):
    """assayd@two, as assayd(8) has it; the first one's sockets outlive its stop."""
    with open("/etc/assay/two.conf", "w") as f:
        f.write(section("doc/assayd.8", "SERVICE MANAGER", 0).text)
    run(section("doc/assayd.8", "SERVICE MANAGER", 1).text)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/run/assay/two.sock")
    run("assay status -c /etc/assay/two.conf")
    old = run("systemctl show -P MainPID assayd@two").strip()
    run("kill -9 " + old)
    check(until(lambda: run("systemctl show -P MainPID assayd@two").strip() not in ("0", old) and
                os.path.exists("/run/assay/two.sock") and run("systemctl is-active assayd@two", None).strip() == "active"),
          "the second instance did not come back")
    run("systemctl reload assayd@two; systemctl disable --now assayd@two")
    check(os.path.exists("/run/assay/control.sock"), "the first instance's control socket is gone")
    run("assay status; rm /etc/assay/two.conf")


def socket_unit(site):
    """assayd-postfix.socket instead of the drop-in: the daemon is in no group of Postfix's."""
    run("cp -a /etc/assay/conf.d/mta.conf /root; cp -a /etc/systemd/system/assayd.service.d /root; "
        "sed -i 's/^listen.*/listen = \"fd:3\"/; /^socket-group/d' /etc/assay/conf.d/mta.conf; "
        "rm -r /etc/systemd/system/assayd.service.d; systemctl daemon-reload")
    run(section("doc/assayd.8", "SERVICE MANAGER", 2).text)
    check("postfix 660" in run("stat -c '%G %a' /var/spool/postfix/assay/assay.sock"), "owner or mode of the socket")
    check(len(leaves(site, "socket").all("DKIM-Signature")) == 2, "not signed by way of the socket unit")
    said = run("assay doctor", None)
    check("BAD" not in said, said)
    said = run("assay init example.com")
    check("was set before: kept" in said and not re.search(r"(?m)^  (done|todo) ", said), said)
    run("systemctl restart assayd")
    check(len(leaves(site, "socket-again").all("DKIM-Signature")) == 2, "not signed after a restart")
    run("systemctl disable --now assayd-postfix.socket; systemctl stop assayd; cp -a /root/mta.conf /etc/assay/conf.d/; "
        "cp -a /root/assayd.service.d /etc/systemd/system/; systemctl daemon-reload; systemctl start assayd")


def log_rotation(site):
    """logrotate moves the file of the target "file", and the daemon goes on in a new one."""
    run("echo 'log { target = file  file = \"/var/log/assay/assay.log\" }' >/etc/assay/conf.d/log.conf; systemctl reload assayd")
    leaves(site, "rotate1")
    check(until(lambda: "role=sign" in run("cat /var/log/assay/assay.log", None)), "the log has no line")
    run("logrotate -f /etc/logrotate.d/assay")
    old = run("cat /var/log/assay/assay.log.1")
    leaves(site, "rotate2")
    check(until(lambda: "role=sign" in run("cat /var/log/assay/assay.log", None)), "the new log has no line")
    check(run("cat /var/log/assay/assay.log.1").count("role=sign") == old.count("role=sign") == 1, "it still writes to the old one")
    run("rm /etc/assay/conf.d/log.conf; systemctl reload assayd")


def apparmor(site):
    """The profile is taken by AppArmor's own parser; where the kernel has AppArmor, the running daemon is confined."""
    run("apparmor_parser -Q -K /etc/apparmor.d/usr.sbin.assayd")
    try:
        with open("/sys/module/apparmor/parameters/enabled") as f:
            enabled = f.read().strip() == "Y"
    except OSError:
        enabled = False
    if not enabled:
        print("skipped: enforcing the AppArmor profile: this kernel has no AppArmor")
        return
    with open("/proc/%s/attr/current" % run("systemctl show -P MainPID assayd").strip()) as f:
        check(f.read().strip() == "assayd (enforce)", "the daemon is not confined")


def unit_score(site):
    """systemd's own judgement of the installed unit: 10 is the worst."""
    said = run("systemd-analyze security --no-pager --offline=true $(systemctl show -P FragmentPath assayd)")
    score = re.search(r"level for assayd.service: ([0-9.]+)", said)
    check(score and float(score.group(1)) <= 1.5, said[-300:])
    print("systemd-analyze security: " + score.group(1))
    said = run("systemd-analyze verify --man=no assayd.service assayd@two.service $(dpkg -L assay | sed -n 's|.*/systemd/system/||p' | "
               "grep -v @)", None)
    check("assay" not in said, said)


OLDER = """\
set -e
rm -rf /root/older
dpkg-deb -R /root/assay_*.deb /root/older
sed -i 's/^Version: .*/Version: 0.0.1/' /root/older/DEBIAN/control
sed -i 's/^# As shipped, /# As shipped before, /' /root/older/etc/assay/assay.conf
dpkg-deb --root-owner-group -Zgzip -b /root/older /root/OLD.deb
"""


def lifecycle():
    """README's commands for the package's later life: upgrade, downgrade; uninstall."""
    changes, removal = section("README", "Upgrade, downgrade, uninstall")
    check(len(changes.lines) == 2, "README has %s" % changes.lines)
    return changes.lines + [removal.text]


def versions(site):
    """To an older package and back: files that were edited are kept, keys too, and mail is signed after each."""
    run(OLDER)
    upgrade, downgrade, _ = lifecycle()
    keys = run("sha256sum /etc/assay/keys/*/*")
    run("echo '# edited' >>/etc/assay/assay.conf")
    for command, version, name in ((downgrade, "0.0.1", "older"), (upgrade, "0.1", "newer")):
        run("cd /root; yes '' | { %s; }" % command.replace("./build/deb/", "./"))
        check(run("dpkg-query -W -f '${Version}' assay").startswith(version), "not installed: " + version)
        run("grep -q '# edited' /etc/assay/assay.conf; systemctl is-active assayd; test -e /etc/assay/conf.d/mta.conf")
        check(run("sha256sum /etc/assay/keys/*/*") == keys, "the keys have changed")
        check(len(leaves(site, name).all("DKIM-Signature")) == 2, "not signed with version " + version)
    check(os.path.exists("/etc/assay/assay.conf.dpkg-dist"), "the new package's file is not beside the edited one")


def purged(site):
    """A purge keeps private keys, as root's; mail flows without assay."""
    run("cd /root; " + lifecycle()[2])
    check(run("systemctl is-active assayd", None).strip() != "active", "assayd runs after a purge")
    keys = run("find /etc/assay/keys -type f -printf '%u %m %f\n'").splitlines()
    check(len(keys) == 2 and all(k.startswith("root 600 ") for k in keys), "keys after a purge: %s" % keys)
    check(os.listdir("/etc/assay") and not os.path.exists("/etc/assay/assay.conf"), "the configuration is left")
    run("id assay; test -e /etc/assay/conf.d/mta.conf")
    left = [d for d in ("/run/assay", "/var/lib/assay", "/var/log/assay", "/var/spool/postfix/assay") if os.path.exists(d)]
    check(not left, "left after a purge: %s" % left)
    check(not leaves(site, "purged").all("DKIM-Signature"), "signed after a purge")


def installed_again(site):
    """After a purge: the daemon starts with the keys and the settings that were kept."""
    run("dpkg -i /root/assay_*.deb")
    check(until(lambda: run("systemctl is-active assayd", None).strip() == "active"), "not active")
    check("signs: example.com (" in run("assayd --check"), "the keys are not used")


def perform(step, site):
    """Prints how one step went; -> whether well."""
    start = time.monotonic()
    try:
        step(site)
        print("ok %s (%.1f s)" % (step.__name__, time.monotonic() - start), flush=True)
        return True
    except (Wrong, OSError, ValueError, KeyError, IndexError, AttributeError, subprocess.SubprocessError) as e:
        print("FAILED %s: %s" % (step.__name__, e), flush=True)
        print(run("systemctl status --no-pager -l assayd; journalctl --no-pager -n 30 -u assayd", None))
        return False


def finish():
    """The last line of every script here, after a complaint about displays that it should have played."""
    for place in documents.unused():
        print("FAILED: not played: " + place)
    print("done")


def main():
    site = Site()
    for step in (as_installed, from_nothing_to_reject, follow_readme, test_equipment, signed_and_aligned, judged_and_not_refused,
                 documented_commands, well_connected, repeated, reloads, monitored, life, second_instance, socket_unit, log_rotation, apparmor, unit_score,
                 versions, purged, installed_again):
        perform(step, site)
    finish()


if __name__ == "__main__":
    main()
