#!/usr/bin/env python3
"""selftest.py --cache DIR [--filter X]: proves the private MTAs themselves, with a trivial milter.

When this passes and an integration test fails, it is assayd's doing.
"""

import argparse
import grp
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import case
import host
import selftest_milter
import smtp
from case import check, equal, holds, test
from postfix import Postfix
from sendmail import Sendmail

USER = ("joe@sender.test", "secret")


def message(number, wish="", body="hello\n"):
    return smtp.crlf("From: Ann <ann@sender.test>\nTo: bob@receiver.test\nSubject: selftest\n"
                     "Message-ID: <%s@sender.test>\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nX-Test: %s\n\n%s"
                     % (number, wish, body))


class Setup:
    """Both MTAs with their milters, each started when first asked for."""

    def __init__(self, cache):
        self.cache = cache
        self.place = host.place()
        self.sink = smtp.Sink()
        self.made = {}

    def postfix(self):
        if "postfix" not in self.made:
            p = Postfix(self.cache, self.place + "/p", self.sink.port, milter="unix:assay/assay.sock")
            socket_dir = host.owned_dir(p.queue + "/assay", None, 0o750, p.group)
            milter = selftest_milter.Milter("unix:%s/assay.sock" % socket_dir,
                                            grp.getgrnam(p.group).gr_gid)
            self.made["postfix"] = p.start(), milter
        return self.made["postfix"]

    def sendmail(self):
        if "sendmail" not in self.made:
            port, = host.free_ports(1)
            s = Sendmail(self.cache, self.place + "/s", self.sink.port, milter="inet:%d@127.0.0.1" % port)
            milter = selftest_milter.Milter("inet:%d" % port)
            self.made["sendmail"] = s.start(), milter
        return self.made["sendmail"]

    def send(self, mta, number, wish="", port=None, body="hello\n", **more):
        return smtp.send("127.0.0.1", port or mta.port, "ann@sender.test", "bob@receiver.test",
                         message(number, wish, body), **more)

    def seen(self, milter, number):
        needle = "<%s@sender.test>" % number
        return [m for m in milter.messages if any(needle in v for _, v in m.fields)][-1]

    def evidence(self):
        return "".join("\n--- %s\n%s" % (name, mta.log()[-1500:]) for name, (mta, _) in self.made.items())

    def stop(self):
        for mta, milter in self.made.values():
            mta.stop()
            milter.stop()
        self.sink.stop()
        left = host.processes_naming(self.place)
        host.discard(self.place)
        return left


@test
def postfix_xclient_reaches_the_milter(s):
    mta, milter = s.postfix()
    check(s.send(mta, "px", client={"ADDR": "192.0.2.7", "NAME": "mail.sender.test"}).accepted, "accepted")
    seen = s.seen(milter, "px")
    equal(seen.client, "192.0.2.7", "the address of the connection")
    equal(seen.macros.get("{client_addr}"), "192.0.2.7", "{client_addr}")
    equal(seen.macros.get("{client_name}"), "mail.sender.test", "{client_name}")
    equal(seen.macros.get("{daemon_port}"), str(mta.port), "{daemon_port}")


@test
def postfix_xclient_ipv6(s):
    mta, milter = s.postfix()
    check(s.send(mta, "p6", client={"ADDR": "2001:db8::7"}).accepted, "accepted")
    equal(s.seen(milter, "p6").macros.get("{client_addr}"), "2001:db8::7", "{client_addr}")


@test
def postfix_auth_reaches_the_milter(s):
    mta, milter = s.postfix()
    check(s.send(mta, "pa", port=mta.submission, login=USER).accepted, "accepted")
    macros = s.seen(milter, "pa").macros
    equal(macros.get("{auth_authen}"), "joe@sender.test", "{auth_authen}")
    equal(macros.get("{daemon_port}"), str(mta.submission), "{daemon_port}")
    equal(s.send(mta, "pb", port=mta.submission, login=(USER[0], "wrong")).code, 535, "a wrong password")
    equal(s.send(mta, "pc", port=mta.submission).code, 554, "no login at all")


@test
def postfix_sendmail_command_has_port_0(s):
    mta, milter = s.postfix()
    mta.submit(message("pl").replace(b"\r\n", b"\n"), ["bob@receiver.test"], "ann@sender.test")
    check(s.sink.wait("<pl@sender.test>"), "delivered")
    equal(s.seen(milter, "pl").macros.get("{daemon_port}"), "0", "{daemon_port}")


@test
def postfix_delivers_exactly(s):
    mta, _ = s.postfix()
    body = ".\n..two dots\n\ttabs \n" + "x" * 1200 + "\ntrailing blanks   \n\n\n"
    check(s.send(mta, "pe", body=body).accepted, "accepted")
    got = s.sink.wait("<pe@sender.test>")
    equal(got.body, smtp.crlf(body), "the body")


@test
def postfix_milter_edits(s):
    mta, _ = s.postfix()
    check(s.send(mta, "pi", "insert").accepted, "accepted")
    names = [n for n, _ in s.sink.wait("<pi@sender.test>").fields]
    equal(names[:3], ["X-Milter-Top", "Received", "X-Milter-Second"], "the first fields")


@test
def postfix_milter_quarantine_and_release(s):
    mta, _ = s.postfix()
    outcome = s.send(mta, "pq", "quarantine")
    check(outcome.accepted, "accepted")
    equal([m["queue_id"] for m in mta.held()], [outcome.queue_id], "the hold queue")
    check(not s.sink.seen("<pq@sender.test>"), "not delivered")
    mta.release(outcome.queue_id)
    check(s.sink.wait("<pq@sender.test>"), "delivered after release")
    equal(mta.held(), [], "the hold queue afterwards")


@test
def postfix_milter_refuses(s):
    mta, _ = s.postfix()
    equal(str(s.send(mta, "pr", "refuse")), "550 5.7.26 refused by the test", "the reply")


@test
def postfix_refuses_nul(s):
    mta, _ = s.postfix()
    bad = message("pn").replace(b"ann@", b"ann\0@", 1)
    outcome = smtp.send("127.0.0.1", mta.port, "ann@sender.test", "bob@receiver.test", bad)
    equal(outcome.code, 550, "the reply to a NUL")


@test
def postfix_content_filter(s):
    mta, milter = s.postfix()
    mta_filter = smtp.Filter(mta.reinject)
    mta.settings["content_filter"] = "smtp:[127.0.0.1]:%d" % mta_filter.port
    mta.reload()
    try:
        check(host.until(lambda: s.send(mta, "pf", client={"ADDR": "192.0.2.9"}).accepted
                         and s.sink.wait("<pf@sender.test>") and mta_filter.passed, 20), "through the filter")
        check(mta.drained(), "nothing left queued")
        last = s.seen(milter, "pf").macros
        equal((last["{client_addr}"], last["{daemon_port}"]), ("127.0.0.1", str(mta.reinject)), "re-injection")
    finally:
        del mta.settings["content_filter"]
        mta.reload()
        mta_filter.stop()


@test
def postfix_tempfails_without_milter(s):
    p = Postfix(s.cache, s.place + "/n", s.sink.port, milter="unix:assay/assay.sock")
    with p:
        equal(s.send(p, "pt").code // 100, 4, "the class of the reply")
    check(not s.sink.seen("<pt@sender.test>"), "not delivered")


@test
def sendmail_client_address_and_port(s):
    mta, milter = s.sendmail()
    check(s.send(mta, "sx", source="127.0.2.7").accepted, "accepted")
    seen = s.seen(milter, "sx")
    equal(seen.macros.get("{client_addr}"), "127.0.2.7", "{client_addr}")
    equal(seen.macros.get("{daemon_port}"), str(mta.port), "{daemon_port}")
    check(s.sink.wait("<sx@sender.test>"), "delivered")


@test
def sendmail_auth_reaches_the_milter(s):
    mta, milter = s.sendmail()
    if not mta.has_auth:
        raise host.Unavailable("this machine allows no namespaces, so Sendmail has no AUTH")
    check(s.send(mta, "sa", port=mta.submission, login=USER).accepted, "accepted")
    macros = s.seen(milter, "sa").macros
    equal(macros.get("{auth_authen}"), "joe@sender.test", "{auth_authen}")
    equal(macros.get("{daemon_port}"), str(mta.submission), "{daemon_port}")
    equal(s.send(mta, "sb", port=mta.submission, login=(USER[0], "wrong")).code, 535, "a wrong password")
    equal(s.send(mta, "sc", port=mta.submission).code, 530, "no login at all")


@test
def sendmail_delivers_exactly(s):
    mta, _ = s.sendmail()
    body = ".\n..two dots\n\ttabs \ntrailing blanks   \n\n\n"
    check(s.send(mta, "se", body=body).accepted, "accepted")
    equal(s.sink.wait("<se@sender.test>").body, smtp.crlf(body), "the body")


@test
def sendmail_milter_edits(s):
    mta, _ = s.sendmail()
    check(s.send(mta, "si", "insert").accepted, "accepted")
    names = [n for n, _ in s.sink.wait("<si@sender.test>").fields]
    equal(names[:3], ["X-Milter-Top", "Received", "X-Milter-Second"], "the first fields")


@test
def sendmail_milter_quarantine(s):
    mta, _ = s.sendmail()
    outcome = s.send(mta, "sq", "quarantine")
    check(outcome.accepted, "accepted")
    held = host.until(mta.held)
    equal([(m["queue_id"], m["reason"]) for m in held], [(outcome.queue_id, "for the test")], "held mail")
    check(not s.sink.seen("<sq@sender.test>"), "not delivered")


@test
def sendmail_milter_refuses(s):
    mta, _ = s.sendmail()
    equal(str(s.send(mta, "sr", "refuse")), "550 5.7.26 refused by the test", "the reply")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", required=True)
    arguments.add_argument("--filter", default="")
    a = arguments.parse_args()
    return case.run_all(Setup(os.path.abspath(a.cache)), a.filter)


if __name__ == "__main__":
    sys.exit(main())
