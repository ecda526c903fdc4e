"""What is written, refused, quarantined and held, behind a real Postfix."""

import re

import dkimcheck
import host
import selftest_milter
import smtp
from case import TESTS, check, equal, holds, lacks, test
from scenes import SCENES, play
from world import HOSTNAME, OURS, letter

STRICT = "Ceo <ceo@strict.example>"
CAREFUL = "Info <info@careful.example>"


def run_scene(stage, scene):
    played = play(stage, scene)
    check(not played.problems, "; ".join(played.problems))


def scene_test(scene):
    def function(setup):
        run_scene(setup.postfix(**scene.options), scene)
    function.__name__ = "scene_" + scene.name
    TESTS.append(function)


for one in SCENES:
    scene_test(one)


@test
def enforce_observe(setup):
    """observe: judged and logged, nothing touched - not even a forged field is removed."""
    s = setup.postfix(enforce="observe")
    forged = "Authentication-Results: %s; dmarc=pass\n" % HOSTNAME
    m = letter(STRICT, s.number(), fields=forged)
    outcome = s.arrive(m, "stranger", "ceo@strict.example")
    d = s.passed(outcome, m)
    equal(d.data[d.data.index(b"Authentication-Results"):], m, "the message")
    holds(s.daemon.log_line(outcome.queue_id), "dmarc=fail", "the log line")


@test
def enforce_no(setup):
    """no: headers are written, nothing is refused, the log says what would have been."""
    s = setup.postfix(enforce="no")
    m = letter(STRICT, s.number())
    outcome = s.arrive(m, "stranger", "ceo@strict.example")
    d = s.passed(outcome, m)
    equal(s.results(d).get("dmarc"), "fail", "dmarc")
    equal(d.all("X-Assay-Quarantine"), [], "the quarantine field")
    holds(s.daemon.log_line(outcome.queue_id), "would=reject", "the log line")


@test
def enforce_no_signs(setup):
    s = setup.postfix(enforce="no")
    m = letter("Joe <joe@%s>" % OURS, s.number())
    equal(len(s.passed(s.submit(m, "joe@" + OURS), m).all("DKIM-Signature")), 2, "signatures")


@test
def enforce_yes_reply(setup):
    """The reply reaches the client with its enhanced code and names the domain; nothing is delivered."""
    s = setup.postfix()
    m = letter(STRICT, s.number())
    outcome = s.arrive(m, "stranger", "ceo@strict.example")
    check(str(outcome).startswith("550 5.7.26 "), "the reply: %s" % outcome)
    holds(str(outcome), "strict.example", "the reply")
    check(not s.sink.seen(m[-60:]), "delivered although refused")


@test
def quarantine_by_header(setup):
    """The field is written once, above the message; copies that arrive with the message are removed."""
    s = setup.postfix()
    m = letter(CAREFUL, s.number(), fields="X-Assay-Quarantine: no\nX-ASSAY-QUARANTINE: never\n")
    d = s.passed(s.arrive(m, "stranger", "info@careful.example"), m)
    equal([v for n, v in d.fields if n.lower() == "x-assay-quarantine"], ["dmarc"], "the quarantine field")


@test
def quarantine_field_forged_on_good_mail(setup):
    s = setup.postfix()
    m = letter("Shop <orders@shop.example>", s.number(), fields="X-Assay-Quarantine: dmarc\n")
    d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
    equal(d.all("X-Assay-Quarantine"), [], "the quarantine field")


@test
def quarantine_header_of_ones_own(setup):
    s = setup.postfix(quarantine_header="X-Junk: yes, assay says")
    m = letter(CAREFUL, s.number(), fields="X-Junk: no\n")
    d = s.passed(s.arrive(m, "stranger", "info@careful.example"), m)
    equal(d.all("X-Junk"), ["yes, assay says"], "the field")


@test
def quarantine_by_hold(setup):
    """hold: in the hold queue, with our results in it; released it is delivered."""
    s = setup.postfix(quarantine="hold")
    m = letter(CAREFUL, s.number())
    outcome = s.arrive(m, "stranger", "info@careful.example")
    check(outcome.accepted, "not accepted: %s" % outcome)
    check(outcome.queue_id in [e["queue_id"] for e in s.mta.held()], "not in the hold queue")
    holds(s.mta.cat(outcome.queue_id), "dmarc=fail", "the held message")
    check(not s.sink.seen(m[-60:]), "delivered although held")
    s.mta.release(outcome.queue_id)
    equal(s.results(s.delivered(m)).get("dmarc"), "fail", "dmarc of the released message")


@test
def tempfail_when_an_identifier_is_undecided(setup):
    """The policy is p=reject and the author's own signer cannot be looked up: try again later."""
    s = setup.postfix()
    m = s.assay.sign(letter("T <t@torn.example>", s.number()), "torn.example", "s1", s.world.remote_key)
    outcome = s.arrive(m, "stranger", "t@lax.example")
    equal(outcome.code, 451, "the reply's code (%s)" % outcome)
    s.configure(dmarc={"on-temperror-identifier": "accept"})
    m = s.assay.sign(letter("T <t@torn.example>", s.number()), "torn.example", "s1", s.world.remote_key)
    d = s.passed(s.arrive(m, "stranger", "t@lax.example"), m)
    equal(s.results(d).get("dmarc"), "temperror", "dmarc")


@test
def forgery_by_broken_dns_gains_nothing(setup):
    """A signature of an unrelated domain whose key cannot be looked up does not turn a refusal into a delay."""
    s = setup.postfix()
    m = s.assay.sign(letter(STRICT, s.number()), "torn.example", "s1", s.world.remote_key)
    equal(s.arrive(m, "stranger", "t@torn.example").code, 550, "the reply's code")


@test
def twenty_forged_results(setup):
    """20 forged fields among honest ones: all forged gone, the honest kept, in their order, ours on top."""
    s = setup.postfix()
    fields, honest = [], []
    names = ("Authentication-Results", "authentication-results", "AUTHENTICATION-RESULTS")
    ids = ("mx.house.example", "MX.House.Example", '"mx.house.example"', "(c) mx.house.example",
           "mx.house.example 1")
    for i in range(20):
        fields.append("%s: %s; dmarc=pass header.from=strict.example (%d)\n" % (names[i % 3], ids[i % 5], i))
        honest.append("mx%d.far.example; spf=pass smtp.mailfrom=a%d.example" % (i, i))
        fields.append("Authentication-Results: %s\n" % honest[-1])
    m = letter("Shop <orders@shop.example>", s.number(), fields="".join(fields))
    d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
    equal(s.results(d).get("dmarc"), "pass", "dmarc")
    values = [v for n, v in d.fields if n.lower() == "authentication-results"]
    check(re.match(r"mx\.house\.example\b", values[0]), "ours is not on top: %r" % values[0])
    equal(values[1:], honest, "the honest fields")


@test
def forged_results_after_another_milter(setup):
    """A milter before assayd puts a field of the same name above or below: the right ones are removed."""
    s = setup.postfix()
    port, = host.free_ports(1)
    other = selftest_milter.Milter("inet:%d" % port)
    s.mta.settings.update(smtpd_milters="inet:127.0.0.1:%d, %s" % (port, s.mta.milter))
    s.mta.reload()
    try:
        for _ in range(20):         # an smtpd from before the reload may take the next connection
            if not other.messages:
                plain = letter("Shop <orders@shop.example>", s.number())
                s.passed(s.arrive(plain, "shop", "orders@shop.example"), plain)
        for index in range(5):
            m = letter("Shop <orders@shop.example>", s.number(), fields=(
                "Authentication-Results: %s; dmarc=pass\nAuthentication-Results: x.example; none\n"
                "Authentication-Results: %s; dmarc=pass\nX-Test: results %d\n" % (HOSTNAME, HOSTNAME, index)))
            d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
            found = d.all("Authentication-Results")
            equal(sorted(v.split(";")[0] for v in found), [HOSTNAME, "other.example", "x.example"],
                  "the fields left with an insertion at %d: %s" % (index, d.data[:900]))
    finally:
        del s.mta.settings["smtpd_milters"]
        s.mta.reload()
        other.stop()


@test
def unparsable_results_are_removed(setup):
    """A field that cannot be read far enough to know whose it is does not stay."""
    s = setup.postfix()
    odd = "Authentication-Results: (unclosed mx.house.example; dmarc=pass\n" \
          "Authentication-Results:\n" \
          'Authentication-Results: "mx.house.example; dmarc=pass\n' \
          'Authentication-Results: "mx.house.example/4XyZ"; dmarc=pass\n'
    m = letter("Shop <orders@shop.example>", s.number(), fields=odd)
    d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
    equal(len([1 for n, _ in d.fields if n.lower() == "authentication-results"]), 1, "fields left")


@test
def other_names_of_ours(setup):
    s = setup.postfix(remove_authserv_ids=["old.house.example"])
    m = letter("Shop <orders@shop.example>", s.number(),
               fields="Authentication-Results: old.house.example; dmarc=pass header.from=x.example\n")
    d = s.passed(s.arrive(m, "shop", "orders@shop.example"), m)
    lacks(d.data.decode(), "old.house.example", "the delivered header")


@test
def nul_in_from_is_refused(setup):
    """Postfix cuts such a field for the milter; message_reject_characters keeps it out altogether."""
    s = setup.postfix()
    m = letter(STRICT, s.number()).replace(b"ceo@", b"ceo\0@", 1)
    check(not s.arrive(m, "stranger", "ceo@strict.example").accepted, "accepted")
    check(s.daemon.running(), "assayd is gone")


@test
def from_missing_several_or_unclear(setup):
    """No author, several From fields, nonsense: refused as configured by default, never passed."""
    s = setup.postfix()
    good = letter("Shop <orders@shop.example>", "X")
    for name, new in (("missing", b"X-From: "), ("several", b"From: Ceo <ceo@strict.example>\r\nFrom: "),
                      ("invalid", b"From: @@ ,,, ")):
        m = good.replace(b"From: ", new, 1).replace(b"<X@", b"<%s@" % s.number().encode())
        outcome = s.arrive(m, "shop", "orders@shop.example")
        check(not outcome.accepted, "%s: %s" % (name, outcome))


@test
def bounces_are_accepted(setup):
    """The null sender, From: MAILER-DAEMON without a domain, as old software writes it."""
    s = setup.postfix()
    m = letter("MAILER-DAEMON", s.number()).replace(b"@MAILER-DAEMON>", b"@far.example>")
    d = s.passed(s.arrive(m, "stranger", "", helo="out.lax.example"), m)
    check(s.results(d).get("dmarc") in (None, "permerror", "none"), "dmarc: %s" % s.results(d))


@test
def several_recipients_one_verdict(setup):
    s = setup.postfix()
    m = letter("Shop <orders@shop.example>", s.number())
    check(s.arrive(m, "shop", "orders@shop.example", to=["anna@" + OURS, "bert@" + OURS]).accepted, "refused")
    found = s.sink.wait_all(lambda d: m[-80:] in d.data, 1)
    equal(sorted(r for d in found for r in d.recipients), ["anna@" + OURS, "bert@" + OURS], "recipients")


@test
def never_refuse_to(setup):
    s = setup.postfix(**{"never-refuse-to": ["postmaster@"]})
    m = letter(STRICT, s.number(), to="postmaster@" + OURS)
    d = s.passed(s.arrive(m, "stranger", "ceo@strict.example", to="postmaster@" + OURS), m)
    equal(s.results(d).get("dmarc"), "fail", "dmarc")


@test
def list_without_another_pass_is_direct(setup):
    """List marks alone are anybody's to write: without another domain that passes it is refused."""
    s = setup.postfix()
    m = letter(STRICT, s.number(), fields="List-Id: <talk.list.example>\nList-Post: <mailto:talk@list.example>\n")
    equal(s.arrive(m, "stranger", "talk@list.example").code, 550, "the reply's code")


@test
def several_messages_on_one_connection(setup):
    """Sessions are used again: RSET, an aborted transaction, then each message has its own verdict."""
    s = setup.postfix()
    c = smtp.Client("127.0.0.1", s.mta.port)
    c.ehlo("a.example")
    c.xclient(ADDR=s.world.address("shop"), NAME="[UNAVAILABLE]")
    c.ehlo("a.example")
    sent = []
    for i in range(6):
        c.mail("orders@shop.example")
        c.rcpt("anna@" + OURS)
        if i % 2:
            c.cmd("RSET")
            continue
        author = "Shop <orders@shop.example>" if i % 4 == 0 else STRICT
        m = letter(author, s.number())
        sent.append((author, m, c.data(m)))
    c.quit()
    for author, m, reply in sent:
        if author == STRICT:
            equal(reply.code, 550, "a forged author on a good client's connection")
        else:
            equal(s.results(s.passed(smtp.Outcome([], reply), m)).get("dmarc"), "pass", "dmarc")


@test
def large_message(setup):
    """4 MB in many chunks, lines of all lengths and dots: signed, and the signature holds at the receiver."""
    s = setup.postfix()
    lines = []
    size = 0
    i = 0
    while size < 4000000:
        lines.append(("." * (i % 4)) + "x" * (i * 7 % 900) + " \t" * (i % 3))
        size += len(lines[-1]) + 1
        i += 1
    m = letter("Joe <joe@%s>" % OURS, s.number(), body="\n".join(lines) + "\n\n\n")
    d = s.passed(s.submit(m, "joe@" + OURS), m)
    equal([r[2] for r in dkimcheck.verify(d.data, s.world.active_keys(OURS))], ["pass", "pass"], "the signatures")


@test
def smtputf8(setup):
    s = setup.postfix()
    m = letter("Jörg <jörg@shop.example>", s.number(), to="änna@" + OURS)
    outcome = smtp.send("127.0.0.1", s.mta.port, "jörg@shop.example", "anna@" + OURS, m, parameters="SMTPUTF8",
                        client={"ADDR": s.world.address("shop"), "NAME": "[UNAVAILABLE]"})
    equal(s.results(s.passed(outcome, m)).get("dmarc"), "pass", "dmarc")
