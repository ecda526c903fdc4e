"""Reports through a real Postfix: assayd signs what `assay report send` hands over, and it is aligned."""

import email
import email.policy
import json
import os
import pwd
import subprocess
import time

import dkimcheck
import host
from case import equal, holds, lacks, test
from checks_classes import BOTH, signers
from world import HOSTNAME, OURS, letter

RECORD = "v=DMARC1; p=reject; rua=mailto:rua@shop.example"


def fill(s, store):
    """Mail of yesterday, as the daemon would have counted it."""
    program = os.path.join(os.path.dirname(s.assay.program), "tests", "lib", "fillstore")
    if not os.access(program, os.X_OK):
        raise host.Unavailable("no tests/lib/fillstore: make check builds it")
    now = int(time.time())
    line = "%d 3 reject fail fail 192.0.2.66 shop.example shop.example %s\n" % (now // 86400 - 1, RECORD)
    subprocess.run([program, store, HOSTNAME, str(now)], input=line.encode(), check=True)


@test
def report_is_signed_and_aligned(setup):
    """U-33: by SMTP from this host, with the null sender; the receiver of the report sees dmarc=pass.

    U-36, U-37: it leaves by the site's own MTA, with its settings for TLS and its queue.
    """
    s = setup.postfix().configure()
    directory = host.owned_dir(os.path.join(s.place, "reports"))
    store = "sqlite:" + os.path.join(directory, "reports.sqlite")
    configuration = host.write(os.path.join(directory, "assay.conf"), """
dns { test-zone-file = "%s" }
reports {
    store = "%s"
    send = yes
    from = "dmarc-reports@%s"
    via = "smtp:127.0.0.1:%d"
    hour = 0
    spread = 0
}
""" % (s.world.zone_file, store, OURS, s.mta.port))
    fill(s, store)
    s.assay.run("report", "send", "-c", configuration)
    d = s.sink.wait(lambda d: "rua@shop.example" in d.recipients)
    equal(d is not None, True, "the report arrived")
    equal(d.sender, "", "the envelope sender")
    equal(signers(d), BOTH, "signed by")
    equal({r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))}, {"pass"}, "the signatures, checked by openssl")
    holds(d.data.decode(), "Auto-Submitted: auto-generated", "the report's header")
    found = s.assay.verify(d.data, s.world.zone_file, ip="192.0.2.99", helo="mx." + OURS, mail_from="")
    equal(found["dmarc"]["result"], "pass", "DMARC of the report")
    s.assay.run("report", "send", "-c", configuration)
    equal(len(s.sink.wait_all(lambda d: "rua@shop.example" in d.recipients, 2, timeout=2)), 1, "reports sent")


def as_user(s, *arguments):
    """`assay report` as the daemon's user, who owns the store."""
    user = pwd.getpwnam(s.user)

    def become():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
    try:
        p = subprocess.run([s.assay.program, "report", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           preexec_fn=become, timeout=60)
    except PermissionError:
        raise host.Unavailable("user %s may not run %s: a directory above it is closed" % (s.user, s.assay.program))
    equal(p.returncode, 0, "assay report %s: %s" % (" ".join(arguments), p.stderr.decode()))
    return p.stdout.decode()


@test
def failure_report_of_a_forgery(setup):
    """F-19, F-20, RFC 9991: a forgery, refused by the daemon, ends as a redacted and signed report; a forged report causes none."""
    directory = host.owned_dir(os.path.join(setup.postfix().place, "failures"), setup.postfix().user)
    store = "sqlite:" + os.path.join(directory, "reports.sqlite")
    reports = {"store": store, "from": "dmarc-reports@" + OURS, "failure": "yes"}
    s = setup.postfix(reports=reports)
    configuration = host.write(os.path.join(directory, "assay.conf"), """
dns { test-zone-file = "%s" }
reports {
    store = "%s"
    send = yes
    from = "dmarc-reports@%s"
    via = "smtp:127.0.0.1:%d"
    failure = yes
    test-clock-offset = 2h
}
""" % (s.world.zone_file, store, OURS, s.mta.port))
    os.chmod(configuration, 0o644)
    for number in range(2):                        # the first ones can come before the store was opened
        m = letter("Joe Bloggs <joe.bloggs@club.example>", s.number(), subject="For anna@%s" % OURS)
        equal(s.arrive(m, "stranger", "joe.bloggs@club.example").code, 550, "the answer to a forgery")
        if not host.until(lambda: json.loads(as_user(s, "show", "--failures", "--json", "-c", configuration)), 5):
            continue
        break
    m = letter("Joe Bloggs <joe.bloggs@club.example>", s.number())
    s.arrive(m, "stranger", "joe.bloggs@club.example")
    for fields in ("Auto-Submitted: auto-replied\n", "Content-Type: multipart/report; boundary=x\n"):
        s.arrive(letter("Joe <joe.bloggs@club.example>", s.number(), fields=fields), "stranger", "x@club.example")
    s.arrive(letter("Joe <joe.bloggs@club.example>", s.number()), "stranger", "")

    def waiting():
        return json.loads(as_user(s, "show", "--failures", "--json", "-c", configuration))
    host.until(lambda: waiting()[0]["incidents"] == 2, 10)
    equal([i["incidents"] for i in waiting()], [2], "incidents")
    as_user(s, "send", "-c", configuration)
    d = s.sink.wait(lambda d: "failures@club.example" in d.recipients)
    equal(d is not None, True, "the report arrived")
    equal(d.sender, "", "the envelope sender")
    equal(signers(d), BOTH, "signed by")
    equal({r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))}, {"pass"}, "the signatures, checked by openssl")
    found = s.assay.verify(d.data, s.world.zone_file, ip="192.0.2.99", helo="mx." + OURS, mail_from="")
    equal(found["dmarc"]["result"], "pass", "DMARC of the report")
    report = email.message_from_bytes(d.data, policy=email.policy.SMTP)
    equal([p.get_content_type() for p in report.iter_parts()],
          ["text/plain", "message/feedback-report", "text/rfc822-headers"], "the parts")
    text = d.data.decode("ascii")
    for line in ("Auth-Failure: dmarc", "Identity-Alignment: dkim, spf", "Delivery-Result: reject", "Incidents: 2",
                 "Source-IP: " + s.world.address("stranger"), "Reported-Domain: club.example",
                 "SPF-DNS: txt : club.example :", "\"v=spf1 ip4:%s -all\"" % s.world.address("club")):
        holds(text, line, "the report")
    for secret in ("joe.bloggs", "Bloggs", "anna@"):
        lacks(text, secret, "the report")
    as_user(s, "send", "-c", configuration)
    equal(len(s.sink.wait_all(lambda d: "failures@club.example" in d.recipients, 2, timeout=2)), 1, "reports sent")
    s.configure()
