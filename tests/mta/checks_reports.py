"""Reports through a real Postfix: assayd signs what `assay report send` hands over, and it is aligned."""

import os
import subprocess
import time

import dkimcheck
import host
from case import equal, holds, test
from checks_classes import BOTH, signers
from world import HOSTNAME, OURS

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
    """U-33: by SMTP from this host, with the null sender; the receiver of the report sees dmarc=pass."""
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
