"""Which mail is signed and which is judged, behind a real Postfix: the table of that name, row by row."""

import dkimcheck
import host
import smtp
from case import check, equal, holds, lacks, test
from world import HOSTNAME, OURS, letter

JOE = "Joe <joe@%s>" % OURS
FORGED = "Authentication-Results: %s; dmarc=pass header.from=shop.example\n" % HOSTNAME


def signers(delivery):
    """{(d=, s=)} of the message's DKIM-Signature fields."""
    found = set()
    for name, value in dkimcheck.fields_of(delivery.data):
        if name.lower() == b"dkim-signature":
            tags = dkimcheck.tags_of(value)
            found.add((tags["d"], tags["s"]))
    return found


BOTH = {(OURS, "2026a"), (OURS, "2026e")}


def expect_signed(s, outcome, message):
    delivery = s.passed(outcome, message)
    equal(signers(delivery), BOTH, "signed by")
    equal({r[2] for r in dkimcheck.verify(delivery.data, s.world.active_keys(OURS))}, {"pass"}, "the signatures, checked by openssl")
    equal(s.results(delivery), None, "results in our name on signed mail")
    return delivery


def expect_unsigned(s, outcome, message):
    delivery = s.passed(outcome, message)
    equal(signers(delivery), set(), "signed by")
    return delivery


@test
def class_authenticated(setup):
    """A login, on the submission port: signed, not judged, results in our name removed."""
    s = setup.postfix()
    m = letter(JOE, s.number(), fields=FORGED)
    d = expect_signed(s, s.submit(m, "joe@" + OURS), m)
    lacks(d.data.decode(), HOSTNAME + ";", "the delivered header")


@test
def class_authenticated_on_any_port(setup):
    s = setup.postfix()
    m = letter(JOE, s.number())
    expect_signed(s, s.submit(m, "joe@" + OURS, port=s.mta.ports["auth25"]), m)


@test
def class_authenticated_is_never_judged(setup):
    """A login that uses a p=reject domain of others: unsigned, but neither refused nor judged."""
    s = setup.postfix()
    m = letter("Ceo <ceo@strict.example>", s.number())
    outcome = s.submit(m, "joe@" + OURS)
    d = expect_unsigned(s, outcome, m)
    equal(d.all("Authentication-Results"), [], "Authentication-Results")
    holds(s.daemon.log_line(outcome.queue_id), "signed=-", "the log line")
    holds(s.daemon.log_line(outcome.queue_id), "why=", "the log line")


@test
def class_login_of_another_domain(setup):
    """From alone never gets a signature: neither envelope sender nor login are of the author's domain."""
    s = setup.postfix()
    m = letter(JOE, s.number())
    d = expect_unsigned(s, s.submit(m, "guest@elsewhere.example", login=("guest@elsewhere.example", "secret")), m)
    equal(s.results(d), None, "results in our name")


@test
def class_sign_port(setup):
    """A port of sign-ports, without a login and from an outside address."""
    s = setup.postfix()
    m = letter(JOE, s.number(), fields=FORGED)
    d = expect_signed(s, s.arrive(m, "stranger", "joe@" + OURS, port=s.mta.ports["sign"]), m)
    lacks(d.data.decode(), HOSTNAME + ";", "the delivered header")


@test
def class_sendmail_command(setup):
    """Port 0: the sendmail command, by way of postdrop and pickup."""
    s = setup.postfix()
    m = letter(JOE, s.number(), to="friend@far.example")
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "joe@" + OURS)
    expect_signed(s, Accepted(), m)


class Accepted:
    accepted = True


@test
def class_sendmail_command_not_declared(setup):
    """Without 0 in sign-ports the sendmail command is still this machine's, so of internal-hosts."""
    s = setup.postfix(internal_hosts=["192.0.2.250"], sign_ports=[2525])
    m = letter(JOE, s.number(), to="friend@far.example")
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "joe@" + OURS)
    d = s.sink.wait(m.split(b"Message-ID: ")[1].split(b"\r\n")[0], 3)
    check(d is None or not signers(d), "signed, although neither its port nor its host are declared")


@test
def class_sendmail_command_fed_by_a_pipe(setup):
    """Re-injection by sendmail(1): a stranger's forgery arrives, and a .forward pipe or a simple content
    filter hands what was delivered to the sendmail command.  Not signed; results in our name are removed."""
    s = setup.postfix()
    m = letter("The Boss <boss@%s>" % OURS, s.number())
    arrived = s.passed(s.arrive(m, "stranger", "boss@" + OURS, port=s.mta.ports["filtered"]), m)
    again = arrived.data.replace(b"Message-ID: <", b"Message-ID: <again-")
    again = b"Authentication-Results: %s; dmarc=pass\r\n" % HOSTNAME.encode() + again
    s.mta.submit(again.replace(b"\r\n", b"\n"), ["friend@far.example"], "boss@" + OURS)
    d = s.delivered(again)
    equal(signers(d), set(), "signed by")
    equal(s.results(d), None, "results in our name")
    holds(s.daemon.log_with("re-injected through the sendmail command"), "re-injected through the sendmail command", "the reason in the log")


@test
def class_list_manager_on_its_own_listener(setup):
    """Mailman and mlmmj hand posts back by SMTP over loopback: signed where the listener is declared."""
    s = setup.postfix()
    port = s.mta.ports["sign"]
    s.configure(sign_reinjected=[str(port)])
    m = letter("A list <joe@%s>" % OURS, s.number(), fields="Received: from far by near; Sun, 22 Nov 2026 08:00:00 +0000\n")
    expect_signed(s, s.arrive(m, None, "joe@" + OURS, port=port), m)


@test
def class_list_manager_by_the_sendmail_command(setup):
    """Sympa hands posts back by the sendmail command: signed where its domain is declared, and no other."""
    s = setup.postfix(**{'sign "%s"' % OURS: {"reinjected": "yes"}})
    m = letter("A list <joe@%s>" % OURS, s.number(), to="friend@far.example",
               fields="Received: from far by near; Sun, 22 Nov 2026 08:00:00 +0000\n")
    s.mta.submit(m.replace(b"\r\n", b"\n"), ["friend@far.example"], "joe@" + OURS)
    expect_signed(s, Accepted(), m)


@test
def class_internal_host(setup):
    s = setup.postfix()
    m = letter(JOE, s.number(), fields=FORGED)
    d = expect_signed(s, s.arrive(m, "office", "joe@" + OURS), m)
    lacks(d.data.decode(), HOSTNAME + ";", "the delivered header")


@test
def class_loopback(setup):
    """A program of this machine by SMTP: internal, so signed."""
    s = setup.postfix()
    m = letter(JOE, s.number())
    expect_signed(s, s.arrive(m, None, "joe@" + OURS), m)


@test
def class_loopback_with_received(setup):
    """Loopback with a Received field already: somebody else's, handed on. Not signed; the log says what to do."""
    s = setup.postfix()
    m = letter(JOE, s.number(), fields="Received: from far by near; Sun, 22 Nov 2026 08:00:00 +0000\n" + FORGED)
    outcome = s.arrive(m, None, "joe@" + OURS)
    d = expect_unsigned(s, outcome, m)
    equal(s.results(d), None, "results in our name")
    holds(s.daemon.log_with(str(s.mta.port)), str(s.mta.port), "the log names the port to declare")


@test
def class_reinjected_forgery(setup):
    """Forged as ours from outside, through the content filter, back over loopback: must not be signed."""
    s = setup.postfix()
    m = letter("The Boss <boss@%s>" % OURS, s.number())
    outcome = s.arrive(m, "stranger", "boss@" + OURS, port=s.mta.ports["filtered"])
    d = expect_unsigned(s, outcome, m)
    holds(d.data.decode(), "by filter.test", "it went through the filter")
    holds(s.daemon.log_with(str(s.mta.reinject)), str(s.mta.reinject), "the log names the port to declare")


@test
def class_reinjected_login(setup):
    """Mail of a login that comes back from a content filter: signed already, and still once."""
    s = setup.postfix()
    m = letter(JOE, s.number())
    passed = s.filter.passed
    d = s.passed(s.submit(m, "joe@" + OURS, port=s.mta.ports["filteredauth"]), m)
    check(s.filter.passed > passed, "it did not go through the filter")
    equal(len(d.all("DKIM-Signature")), 2, "the number of signatures")
    equal({r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))}, {"pass"}, "the signatures, checked by openssl")


@test
def class_pass_port(setup):
    """pass-ports: nothing is touched, not even results in our name."""
    s = setup.postfix()
    m = letter("Ceo <ceo@strict.example>", s.number(), fields=FORGED + "X-Assay-Quarantine: dmarc\n")
    outcome = s.arrive(m, "stranger", "ceo@strict.example", port=s.mta.ports["pass"])
    d = expect_unsigned(s, outcome, m)
    equal(len(d.all("Authentication-Results")), 1, "the number of Authentication-Results")
    equal(d.all("X-Assay-Quarantine"), ["dmarc"], "the quarantine field")


@test
def class_own_relay(setup):
    """own-relays: judged, never refused, results in our name are our relay's and stay."""
    s = setup.postfix()
    m = letter("Ceo <ceo@strict.example>", s.number(), fields=FORGED)
    d = expect_unsigned(s, s.arrive(m, "relay", "ceo@strict.example"), m)
    values = [v for v in d.all("Authentication-Results") if v.startswith(HOSTNAME)]
    check(any("dmarc=pass header.from=shop.example" in v for v in values), "the relay's field is gone: %r" % values)
    check(any("dmarc=fail" in v for v in values), "not judged: %r" % values)


@test
def class_own_relay_spf_by_recorded_address(setup):
    """SPF behind a relay goes by the client address that the relay recorded."""
    s = setup.postfix()
    for client, wanted in (("strict", "pass"), ("stranger", "fail")):
        received = ("Received: from out.example (out.example [%s])\n\tby relay.house.example (Postfix) with ESMTP id"
                    " 4X for <anna@house.example>;\n\tSun, 22 Nov 2026 08:00:00 +0000\n" % s.world.address(client))
        m = letter("Ceo <ceo@strict.example>", s.number(), fields=received)
        d = s.passed(s.arrive(m, "relay", "ceo@strict.example"), m)
        results = s.results(d)
        check(results.get("spf") in (wanted, "none", None), "spf=%s for %s" % (results.get("spf"), client))
        check(results.get("spf") != "pass" or client == "strict", "a forged pass behind the relay")


@test
def class_forwarder(setup):
    """forwarders: judged, not refused, results in our name removed."""
    s = setup.postfix()
    m = letter("Ceo <ceo@strict.example>", s.number(), fields=FORGED)
    d = expect_unsigned(s, s.arrive(m, "forwarder", "ceo@strict.example"), m)
    equal(s.results(d).get("dmarc"), "fail", "dmarc")


@test
def class_anyone(setup):
    """Everybody else: judged, refused where the policy asks for it, never signed."""
    s = setup.postfix()
    m = letter("Shop <orders@shop.example>", s.number(), fields=FORGED)
    d = expect_unsigned(s, s.arrive(m, "shop", "orders@shop.example"), m)
    equal(s.results(d).get("dmarc"), "pass", "dmarc")
    m = letter(JOE, s.number())
    equal(s.arrive(m, "stranger", "joe@" + OURS).code, 550, "our own name from outside, p=reject")


@test
def class_anyone_ipv6(setup):
    s = setup.postfix()
    m = letter("Shop <orders@shop.example>", s.number())
    outcome = smtp.send("127.0.0.1", s.mta.port, "orders@shop.example", "anna@" + OURS, m,
                        client={"ADDR": "2001:db8::66", "NAME": "[UNAVAILABLE]"})
    equal(outcome.code, 550, "a stranger by IPv6")
    holds(s.daemon.log_with("client=2001:db8::66"), "client=2001:db8::66", "the log")


@test
def class_unknown_address(setup):
    """A client whose address the MTA does not tell is a stranger, never internal."""
    s = setup.postfix()
    m = letter(JOE, s.number())
    outcome = smtp.send("127.0.0.1", s.mta.port, "joe@" + OURS, "anna@" + OURS, m,
                        client={"ADDR": "[UNAVAILABLE]", "NAME": "[UNAVAILABLE]"})
    check(not outcome.accepted or not signers(s.delivered(m)), "signed for an unknown client: %s" % outcome)


@test
def class_proxy_filter(setup):
    """With smtpd_proxy_filter the milter sees MAIL, RCPT, then ABORT: no harm, and nothing signed afterwards."""
    s = setup.postfix()
    for _ in range(3):
        m = letter(JOE, s.number())
        expect_unsigned(s, s.arrive(m, "stranger", "joe@" + OURS, port=s.mta.ports["proxied"]), m)
    check(s.daemon.running(), "assayd is gone")


@test
def class_subdomain_is_not_signed_unasked(setup):
    s = setup.postfix()
    m = letter("Joe <joe@sub.%s>" % OURS, s.number())
    expect_unsigned(s, s.submit(m, "joe@" + OURS), m)


@test
def new_key_is_found_without_reload(setup):
    """A domain gets its first key while assayd runs."""
    s = setup.postfix()
    m = letter("New <joe@new.example>", s.number())
    expect_unsigned(s, s.submit(m, "joe@new.example"), m)
    path = s.world.add_key("new.example", "first", "ed25519")
    m = letter("New <joe@new.example>", s.number())

    def once():
        m = letter("New <joe@new.example>", s.number())
        return signers(s.passed(s.submit(m, "joe@new.example"), m)) == {("new.example", "first")}
    check(host.until(once, 10, 0.3), "the new key was not used")
    host.discard(path.rpartition("/")[0])
