#!/usr/bin/env python3
"""neighbours.py SECTION... - runs inside a machine that was booted for it: doc/NEIGHBOURS, section by section, word by word.

Postfix and assay are set up as README says; the packages of the neighbours are installed already.  What is given
beyond the document (a list and its subscriber, a POP3 server) is test equipment.  One line for each section,
"ok ..." or "FAILED ...: why"; the last line is "done".
"""

import os
import re
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import steps
from steps import TOP, Site, check, run, section, smtp, until

SAVED = ("/etc/postfix", "/etc/assay", "/etc/default", "/etc/spamassassin")


def apply(shown, replace=()):
    """Every display of a section, as it is written; what is installed from the network is there already."""
    for block in shown:
        if block.path:
            block.write()
            for command in block.afterwards:
                run(command)
            continue
        for line in block.commands():
            for old, new in replace:
                line = line.replace(old, new)
            if not line.startswith("apt-get "):
                run(line)


class Mail:
    """Messages of one section, with numbers of their own."""

    def __init__(self, site, name):
        self.site, self.name, self.count = site, name, 0

    def letter(self, author="joe@example.com", fields=b""):
        self.count += 1
        self.id = "%s%d@example.com" % (self.name, self.count)
        return fields + b"From: <%s>\r\nTo: friend@far.example\r\nSubject: hello\r\n" \
            b"Date: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <%s>\r\n\r\nHello.\r\n" % (author.encode(), self.id.encode())

    def arrived(self, wanted=None):
        found = self.site.sink.wait(wanted or "<%s>" % self.id, 60)
        check(found, "not delivered: " + run("postqueue -p; journalctl --no-pager -n 25", None))
        return found

    def from_outside(self, author, recipient, address="192.0.2.66", **more):
        outcome = smtp.send("127.0.0.1", 25, author, recipient, self.letter(author, **more),
                            client={"ADDR": address, "NAME": "[UNAVAILABLE]"})
        check(outcome.accepted, "refused: %s" % outcome)
        return self.arrived()

    def local(self, recipient="friend@far.example", author="joe@example.com"):
        p = subprocess.run(["sendmail", "-f", author, recipient], input=self.letter(author).replace(b"\r\n", b"\n"), timeout=60)
        check(p.returncode == 0, "sendmail failed")
        return self.arrived()


def signed_once(site, delivery):
    """Both keys' signatures, still good when the mail has left, and no second pair."""
    dkim = site.verified(delivery)["dkim"]
    check([d["result"] for d in dkim] == ["pass", "pass"], "DKIM: %s" % dkim)


def unsigned(delivery):
    check(not delivery.all("DKIM-Signature"), "signed: %s" % delivery.all("DKIM-Signature"))


def judged_once(delivery, result):
    found = [v for v in delivery.all("Authentication-Results") if v.startswith("mx.example.com")]
    check(len(found) == 1 and "dmarc=" + result in found[0], "Authentication-Results: %s" % found)


def logged_once(mail, role):
    """assay has had the message in its hands once, on its way in or out."""
    lines = re.findall(r"(?m)^.*\b%s\b.*$" % re.escape(mail.id), run("journalctl --no-pager -u assayd"))
    check(len(lines) == 1 and "role=" + role in lines[0], "the log: %s" % lines)


# What a stranger claims in our name, which assay removes, and what another host says, which it leaves.
CLAIMS = b"Authentication-Results: mx.example.com; dmarc=pass header.from=strict.example\r\n" \
    b"Authentication-Results: elsewhere.example; spf=none smtp.mailfrom=strict.example\r\n"


def in_and_out(site, mail, mark):
    """A stranger's mail is judged once, ours is signed once, and the neighbour has seen what arrived."""
    arrived = mail.from_outside("ceo@strict.example", "anna@inbox.example", fields=CLAIMS)
    judged_once(arrived, "fail")
    others = [v for v in arrived.all("Authentication-Results") if not v.startswith("mx.example.com")]
    check(len(others) == 1 and others[0].startswith("elsewhere.example"), "others' results: %s" % others)
    check(not arrived.all("DKIM-Signature"), "a stranger's mail is signed")
    check(any(re.match(mark, "%s: %s" % field, re.S) for field in arrived.fields), "no %s in %s" % (mark, arrived.fields))
    logged_once(mail, "judge")
    left = mail.local()
    signed_once(site, left)
    check(not left.all("Authentication-Results"), "results on our own mail")
    logged_once(mail, "sign")


def own_rule():
    """The page's rule for SpamAssassin, which reads assay's results, shows that they are there in time."""
    with open(os.path.join(TOP, "doc/NEIGHBOURS")) as f:
        rule = re.search("`(header ASSAY_FAIL [^`]*)`", " ".join(f.read().split())).group(1)
    with open("/etc/spamassassin/local.cf", "a") as f:
        f.write(rule + "\nscore ASSAY_FAIL 0.1\n")


def spamassassin(site, mail):
    own_rule()
    run("systemctl restart spamd")
    apply(section("doc/NEIGHBOURS", "SpamAssassin"))
    check(until(lambda: os.path.exists("/var/spool/postfix/spamass/spamass.sock"), 30), "spamass-milter made no socket")
    check(until(lambda: ":783" in run("ss -ltn"), 60), "spamd does not listen: " + run("journalctl --no-pager -n 20 -u spamd", None))
    in_and_out(site, mail, "X-Spam-Status: .*ASSAY_FAIL")


def rspamd(site, mail):
    apply(section("doc/NEIGHBOURS", "rspamd"))
    check(until(lambda: "11332" in run("ss -ltn"), 180), "rspamd does not listen: " + run("journalctl --no-pager -n 20 -u rspamd", None))
    in_and_out(site, mail, "(?i)X-Spamd-Bar: ")


def amavis(site, mail):
    """With the spam checks that Debian's configuration leaves out; their result is a field for local recipients."""
    with open("/etc/amavis/conf.d/50-user", "w") as f:      # a machine without a domain of its own
        f.write('use strict;\n$myhostname = "mx.example.com";\n@local_domains_acl = ("inbox.example");\n'
                '@bypass_spam_checks_maps = (0);\n$sa_tag_level_deflt = -999;\n1;\n')
    own_rule()
    run("systemctl restart amavis")
    check(until(lambda: "10024" in run("ss -ltn"), 60), "amavis does not listen: " + run("journalctl --no-pager -n 20 -u amavis", None))
    apply(section("doc/NEIGHBOURS", "amavis as content filter"))
    in_and_out(site, mail, "X-Spam-Status: .*ASSAY_FAIL")
    check("10025" not in run("assay doctor", None), "doctor complains of the way back")


def postsrsd(site, mail):
    run("sed -i 's/^#*SRS_DOMAIN=.*/SRS_DOMAIN=example.com/' /etc/default/postsrsd; systemctl restart postsrsd")
    check(until(lambda: "10001" in run("ss -ltn"), 30), "postsrsd does not listen: " + run("journalctl --no-pager -n 20 -u postsrsd", None))
    apply(section("doc/NEIGHBOURS", "postsrsd"))
    run("postconf -e 'virtual_alias_maps=inline:{fwd@inbox.example=away@far.example}'; postfix reload")
    left = mail.from_outside("ceo@lax.example", "fwd@inbox.example")
    check(left.sender.startswith("SRS0="), "the sender is %s" % left.sender)
    judged_once(left, "fail")
    unsigned(left)


def virtual_aliases(site, mail):
    run("postconf -e 'virtual_alias_maps=inline:{fwd@inbox.example=away@far.example}'; postfix reload")
    key = [n for n in os.listdir("/etc/assay/keys/example.com") if n.endswith("r.pem")][0]
    signed = subprocess.run(["assay", "sign", "--domain", "example.com", "--selector", key[:-4], "--key",
                             "/etc/assay/keys/example.com/" + key, "-"], input=mail.letter(), stdout=subprocess.PIPE, check=True).stdout
    outcome = smtp.send("127.0.0.1", 25, "joe@example.com", "fwd@inbox.example", signed,
                        client={"ADDR": "192.0.2.66", "NAME": "[UNAVAILABLE]"})
    check(outcome.accepted, "refused: %s" % outcome)
    left = mail.arrived()
    check(left.recipients == ["away@far.example"], "not forwarded: %s" % left.recipients)
    judged_once(left, "pass")
    dkim = site.verified(left)["dkim"]
    check([d["result"] for d in dkim] == ["pass"], "the author's signature: %s" % dkim)


def mlmmj(site, mail):
    run("printf 'example.com\\nowner@example.com\\nen\\nn\\nn\\n' | /usr/bin/mlmmj-make-ml -L list -s /var/spool/mlmmj")
    run("/usr/bin/mlmmj-sub -L /var/spool/mlmmj/list -s -f -q -a member@far.example")
    run("echo '[list]' >/var/spool/mlmmj/list/control/prefix; echo '-- the list' >/var/spool/mlmmj/list/control/footer; "
        "rm -f /var/spool/mlmmj/list/control/subonlypost; chown -R nobody /var/spool/mlmmj/list")
    apply(section("doc/NEIGHBOURS", "mlmmj"), [("LIST", "list")])
    listener = section("doc/assay.conf.5", "General options", 1).text.split()
    check(listener == section("doc/NEIGHBOURS", "mlmmj", 1).text.split(), "assay.conf(5) shows another listener")
    run("printf 'list: \"|/usr/bin/mlmmj-receive -L /var/spool/mlmmj/list/\"\\n' >>/etc/aliases; newaliases; "
        "postconf -e 'mydestination=example.com' 'recipient_delimiter=+' 'alias_maps=hash:/etc/aliases' 'local_recipient_maps='; postfix reload")
    p = subprocess.run(["sendmail", "-f", "joe@example.com", "list@example.com"],
                       input=mail.letter().replace(b"friend@far.example", b"list@example.com").replace(b"\r\n", b"\n"), timeout=60)
    check(p.returncode == 0, "sendmail failed")
    post = mail.arrived(lambda d: b"[list]" in d.data)
    dkim = site.verified(post)["dkim"]
    check([d["result"] for d in dkim if d["result"] == "pass"] == ["pass", "pass"], "DKIM of the post: %s" % dkim)
    check(b"-- the list" in post.data, "the list changed nothing")


def null_clients(site, mail):
    apply(section("doc/NEIGHBOURS", "Null clients"))
    received = b"Received: by null.example (nullmailer); Thu, 26 Nov 2026 12:00:00 +0000\r\n"
    signed_once(site, mail.from_outside("joe@example.com", "friend@far.example", "192.0.2.130", fields=received))


class Pop3(socketserver.StreamRequestHandler):
    """As much of POP3 as fetchmail asks for: one message, deleted when it was fetched."""

    def handle(self):
        message = self.server.message
        lines = message.split(b"\r\n")
        answers = {"USER": "+OK", "PASS": "+OK", "STAT": "+OK 1 %d" % len(message), "LIST": "+OK 1 %d" % len(message),
                   "DELE": "+OK", "NOOP": "+OK", "LAST": "+OK 0", "RSET": "+OK"}
        self.wfile.write(b"+OK ready\r\n")
        for line in self.rfile:
            words = line.decode().split()
            verb = words[0].upper()
            if verb in ("RETR", "TOP"):
                self.wfile.write(b"+OK\r\n" + b"\r\n".join(b"." + x if x.startswith(b".") else x for x in lines) + b".\r\n")
            elif verb == "LIST" and len(words) == 1:
                self.wfile.write(b"+OK\r\n1 %d\r\n.\r\n" % len(message))
            elif verb == "QUIT":
                self.wfile.write(b"+OK\r\n")
                return
            else:
                self.wfile.write((answers.get(verb, "-ERR") + "\r\n").encode())


def fetchmail(site, mail):
    forged = b"Received: from far by near; Thu, 26 Nov 2026 11:00:00 +0000\r\n" \
        b"Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Pop3) as server:
        server.message = mail.letter(fields=forged)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open("/root/.fetchmailrc", "w") as f:
            f.write("poll 127.0.0.1 service %d protocol POP3 no uidl\n  username joe password secret is anna@inbox.example here\n"
                    "  smtpaddress inbox.example smtpname anna@inbox.example sslproto '' smtphost 127.0.0.1\n" % server.server_address[1])
        os.chmod("/root/.fetchmailrc", 0o600)
        said = run("fetchmail --nodetach --nosyslog -v -f /root/.fetchmailrc --idfile /root/fetchids", None)
        check("flushed" in said, said)
        arrived = mail.arrived()
        server.shutdown()
    unsigned(arrived)
    check(not arrived.all("Authentication-Results"), "kept: %s" % arrived.all("Authentication-Results"))
    check("re-injected" in run("journalctl --no-pager -u assayd"), "the log has no why=re-injected")


def one(part):
    """The section as a step that leaves the configuration as it was."""
    def step(site):
        run("rm -rf /root/saved; mkdir /root/saved; cp -a %s /root/saved" % " ".join(filter(os.path.exists, SAVED)))
        try:
            part(site, Mail(site, part.__name__))
        finally:
            for path in filter(os.path.exists, SAVED):
                run("rm -rf %s; cp -a /root/saved/%s %s" % (path, os.path.basename(path), path))
            run("postfix reload; systemctl reload assayd", None)
    step.__name__ = part.__name__
    return step


def main():
    site = Site()
    site.zone.append("lax.example TXT v=spf1 -all")
    site.zone.append("_dmarc.lax.example TXT v=DMARC1; p=none")
    for step in (steps.follow_readme, steps.test_equipment) + tuple(one(globals()[name]) for name in sys.argv[1:]):
        steps.perform(step, site)
    steps.finish()


if __name__ == "__main__":
    main()
