"""The demonstration's messages, and who is signed, behind a real Sendmail."""

import dkimcheck
import host
import smtp
from case import TESTS, check, equal, holds, test
from scenes import SCENES, play
from stage import LOGIN
from world import OURS, letter


def scene_test(scene):
    def function(setup):
        s = setup.sendmail(**scene.options)
        if scene.client is None and not s.mta.has_auth:
            raise host.Unavailable("Sendmail has no AUTH here")
        played = play(s, scene)
        check(not played.problems, "; ".join(played.problems))
    function.__name__ = "sendmail_scene_" + scene.name
    TESTS.append(function)


for one in SCENES:
    scene_test(one)


def signatures(delivery):
    return len(delivery.all("DKIM-Signature"))


@test
def sendmail_sign_port(setup):
    """The submission port is in sign-ports; a login there is signed whatever the port."""
    s = setup.sendmail(sign_ports=[])
    if not s.mta.has_auth:
        raise host.Unavailable("Sendmail has no AUTH here")
    m = letter("Joe <joe@%s>" % OURS, s.number())
    equal(signatures(s.passed(s.submit(m, LOGIN[0]), m)), 2, "signatures")


@test
def sendmail_loopback(setup):
    s = setup.sendmail()
    m = letter("Joe <joe@%s>" % OURS, s.number())
    d = s.passed(smtp.send("127.0.0.1", s.mta.port, "joe@" + OURS, "friend@far.example", m), m)
    equal([r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))], ["pass", "pass"], "the signatures")
    m = letter("Joe <joe@%s>" % OURS, s.number(), fields="Received: from far by near; Sun, 22 Nov 2026 08:00 +0000\n")
    equal(signatures(s.passed(s.arrive(m, None, "joe@" + OURS), m)), 0, "signatures of re-injected mail")


@test
def sendmail_twenty_forged_results(setup):
    s = setup.sendmail()
    fields, honest = [], []
    for i in range(20):
        fields.append("Authentication-Results: mx.house.example; dmarc=pass header.from=strict.example (%d)\n" % i)
        honest.append("mx%d.far.example; spf=pass smtp.mailfrom=a%d.example" % (i, i))
        fields.append("Authentication-Results: %s\n" % honest[-1])
    m = letter("Shop <orders@shop.example>", s.number(), fields="".join(fields))
    d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
    equal(s.results(d).get("dmarc"), "pass", "dmarc")
    equal(d.all("Authentication-Results")[1:], honest, "the honest fields")


@test
def sendmail_without_assayd(setup):
    """F=T: tempfail while assayd is away."""
    s = setup.sendmail()
    s.daemon.stop()
    m = letter("Shop <orders@shop.example>", s.number())
    outcome = s.arrive(m, "shop", "orders@shop.example")
    equal(outcome.code // 100, 4, "the class of the reply (%s)" % outcome)
    s.configure()
    check(s.arrive(m, "shop", "orders@shop.example").accepted, "after assayd is back")


@test
def sendmail_command(setup):
    """A local program's mail comes from the submission program, over loopback, with one Received field of its own."""
    s = setup.sendmail()
    m = letter("Joe <joe@%s>" % OURS, s.number())
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "joe@" + OURS)
    d = s.delivered(m)
    check(b"/Submit)" in d.data, "the submission program wrote no Received field: %r" % d.data[:800])
    equal([r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))], ["pass", "pass"], "the signatures")


@test
def sendmail_command_fed_by_a_pipe(setup):
    """A .forward pipe hands a stranger's mail to sendmail(1): it is not signed in the house's name."""
    s = setup.sendmail()
    m = letter("The Boss <boss@%s>" % OURS, s.number(), fields="Authentication-Results: mx.house.example; dmarc=pass\n"
               "Received: from evil.example (evil.example [192.0.2.66])\n by mx.house.example; "
               "Sun, 22 Nov 2026 08:00:00 +0000\n")
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "boss@" + OURS)
    d = s.delivered(m)
    equal(signatures(d), 0, "signatures")
    holds(s.daemon.log_with("re-injected over loopback"), "re-injected over loopback", "the reason in the log")


@test
def sendmail_command_with_a_forged_submission_field(setup):
    """A stranger writes the submission program's field himself: it is not the only one then."""
    s = setup.sendmail()
    m = letter("The Boss <boss@%s>" % OURS, s.number(), fields="Received: (from root@localhost)\n"
               "\tby mx.house.example (8.17.1/8.17.1/Submit) id 4AQA7Xkq012345;\n"
               "\tSun, 22 Nov 2026 08:00:00 +0000\n")
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "boss@" + OURS)
    equal(signatures(s.delivered(m)), 0, "signatures")
