"""Odd messages: what assay signs must verify as the receiver gets it, whatever the MTA does to it on the way."""

import json
import re

import dkimcheck
import host
import smtp
from case import TESTS, check, equal, holds, test
from stage import LOGIN
from world import HOSTNAME, OURS, letter, message_id

JOE = "Joe <joe@%s>" % OURS


def fields(text):
    return lambda number: letter(JOE, number, fields=text)


def body(text):
    def make(number):
        head = letter(JOE, number, body="X").rpartition(b"X")[0]
        return head + smtp.octets(text)
    return make


def replaced(old, new):
    return lambda number: letter(JOE, number).replace(old, new, 1)


def without_separator(number):
    return letter(JOE, number).partition(b"\r\n\r\n")[0] + b"\r\n"


ODD = {
    "empty_body": body(""),
    "no_body_at_all": without_separator,
    "blank_lines_at_the_end": body("text\r\n\r\n\r\n \t\r\n\r\n"),
    "only_blank_lines": body("\r\n\r\n\r\n"),
    "no_line_end_at_the_end": body("text without an end"),
    "blanks_before_line_ends": body("a  \r\n\tb\t \r\n c \t\r\n"),
    "dots": body(".\r\n..\r\n...\r\n.x\r\n"),
    "long_lines": body("y" * 5000 + "\r\n" + "z" * 997 + "\r\n"),
    "raw_octets": body(bytes(range(1, 10)) + bytes(range(128, 256)) + b"\r\n"),
    "bare_lf_in_body": body("a\nb\r\nc\n\nd\r\n"),
    "bare_cr_in_body": body("a\rb\r\nc\r\r\n"),
    "nul_in_body": body("a\0b\r\n"),
    "line_from": body("From here on\r\n>From there\r\n"),
    "folded_fields": replaced(b"Subject: a letter", b"Subject: a\r\n\tletter \t that\r\n  is   folded\r\n\t"),
    "blank_before_colon": replaced(b"Subject: a letter", b"Subject : a letter"),
    "no_blank_behind_colon": replaced(b"Subject: a letter", b"Subject:a letter"),
    "empty_value": replaced(b"Subject: a letter", b"Subject:"),
    "blanks_for_value": replaced(b"Subject: a letter", b"Subject:  \t "),
    "many_blanks_behind_colon": replaced(b"Subject: a letter", b"Subject:   \t a letter  "),
    "raw_latin1_in_subject": replaced(b"Subject: a letter", b"Subject: caf\xe9 \xff"),
    "large_subject": replaced(b"Subject: a letter", b"Subject: " + b"word " * 20000),
    "long_folded_to": replaced(b"Subject: a letter", b"Cc: " + b",\r\n ".join(
        b"user%d@far.example" % i for i in range(400)) + b"\r\nSubject: a letter"),
    "repeated_fields": fields("".join("Comments: %d\nKeywords: a, %d\nX-Foo: %d\n" % (i, i, i) for i in range(30))),
    "repeated_signed_fields": fields("Subject: the first\nTo: <first@far.example>\nReply-To: a@b.example\n"),
    "old_signature": fields("DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x; h=from; bh=AAAA; b=AAAA\n"),
    "forged_fields_removed_before_signing": fields(
        "X-Assay-Quarantine: dmarc\nAuthentication-Results: mx.house.example; dmarc=pass\n"),
    "percent_signs": replaced(b"Subject: a letter", b"Subject: 100%s %d %n %% off"),
    "eight_bit_names": fields("X-\u00e4: value\n"),
    "missing_date": lambda number: re.sub(rb"Date: [^\r]*\r\n", b"", letter(JOE, number)),
    "missing_message_id": lambda number: re.sub(rb"Message-ID: [^\r]*\r\n", b"", letter(JOE, number)),
}

# what an MTA refuses before or after the milter sees it, and the reply's code
REFUSED = {("Postfix", "nul_in_body"): 550}         # message_reject_characters

# Sendmail takes such a field for the first line of the body, so the message has no author
UNSIGNED = {("Sendmail", "eight_bit_names")}


def verify(s, outcome, message, needle=None):
    check(outcome.accepted, "not accepted: %s" % outcome)
    d = s.sink.wait(needle or message_id(message))
    check(d, "not delivered")
    found = dkimcheck.verify(d.data, s.world.active_keys(OURS))
    ours = sorted(r for r in found if r[0] == OURS)
    equal(ours, [(OURS, "2026a", "pass"), (OURS, "2026e", "pass")], "the second verifier")
    by_assay = [(r["domain"], r["selector"], r["result"]) for r in
                s.assay.verify(d.data, s.world.zone_file)["dkim"] if r["domain"] == OURS]
    equal(sorted(by_assay), [(OURS, "2026a", "pass"), (OURS, "2026e", "pass")], "assay verify")
    return d


def send_odd(s, name, make):
    number = s.number()
    m = make(number)
    outcome = s.submit(m, LOGIN[0])
    which = (s.mta.name, name)
    if which in REFUSED:
        equal(outcome.code, REFUSED[which], "the reply's code (%s)" % outcome)
    elif which in UNSIGNED:
        check(outcome.accepted, "not accepted: %s" % outcome)
        holds(s.daemon.log_line(outcome.queue_id), "signed=-", "the log line")
    elif s.mta.name == "Sendmail" and outcome.code in (421, 451, 550, 552, 554):
        return                                       # it refuses what is no text, with codes of its own
    else:
        needle = None if b"Message-ID:" in m else "letter %s." % number
        verify(s, outcome, m, needle)


def odd_test(name, make):
    def through_postfix(setup):
        send_odd(setup.postfix(), name, make)

    def through_sendmail(setup):
        s = setup.sendmail()
        if not s.mta.has_auth:
            raise host.Unavailable("Sendmail has no AUTH here")
        send_odd(s, name, make)
    through_postfix.__name__ = "odd_" + name
    through_sendmail.__name__ = "sendmail_odd_" + name
    TESTS.extend([through_postfix, through_sendmail])


for one in ODD.items():
    odd_test(*one)


@test
def signature_above_others(setup):
    """S-26: ours stand above a signature that was there, and above all that the author wrote."""
    s = setup.postfix()
    m = ODD["old_signature"](s.number())
    d = verify(s, s.submit(m, LOGIN[0]), m)
    names = [n for n, _ in d.fields if n not in ("Received", "Return-Path")]
    equal(names[:4], ["DKIM-Signature"] * 3 + ["From"], "the first fields")
    equal(["d=far.example" in v for v in d.all("DKIM-Signature")], [False, False, True], "whose they are")


@test
def chunking(setup):
    """BDAT instead of DATA, in pieces that cut lines and CR LF."""
    s = setup.postfix()
    m = letter(JOE, s.number(), body="".join("line %d \n.\n" % i for i in range(300)))
    c = smtp.Client("127.0.0.1", s.mta.submission)
    c.ehlo("client.example")
    check(c.auth_plain(*LOGIN).ok, "login")
    c.mail(LOGIN[0])
    c.rcpt("friend@far.example")
    reply = c.bdat(m, 61)
    c.quit()
    verify(s, smtp.Outcome(c.replies, reply), m)


@test
def internationalized_sender(setup):
    """SMTPUTF8 with a local part beyond ASCII: signed for the domain."""
    s = setup.postfix()
    m = letter("J\u00f6rg <j\u00f6rg@%s>" % OURS, s.number(), subject="Gr\u00fc\u00dfe")
    outcome = smtp.send("127.0.0.1", s.mta.submission, "j\u00f6rg@" + OURS, "friend@far.example", m, login=LOGIN,
                        parameters="SMTPUTF8")
    verify(s, outcome, m)


def bounce_of(s):
    """Sends what the sink refuses for good; -> the non-delivery report that Postfix makes of it."""
    m = letter(JOE, s.number(), to="nobody@far.example")
    s.sink.refuse = lambda d: "550 5.1.1 no such user" if "nobody@far.example" in d.recipients else None
    try:
        check(s.submit(m, LOGIN[0], "nobody@far.example").accepted, "not accepted")
        report = s.sink.wait(lambda d: d.sender == "" and message_id(m).encode() in d.data)
        check(report, "no non-delivery report")
        return report
    finally:
        s.sink.refuse = None


@test
def own_bounces(setup):
    """Postfix's own non-delivery reports come from port 0: neither refused nor judged, and signed where told to."""
    s = setup.postfix()
    report = bounce_of(s)
    equal(s.results(report), None, "results in our name")
    equal(report.all("DKIM-Signature"), [], "no key is for mx.house.example")
    s.configure(**{'sign "%s"' % OURS: {"subdomains": "yes"}})
    report = bounce_of(s)
    found = [r for r in dkimcheck.verify(report.data, s.world.active_keys(OURS))]
    equal(sorted(found), [(OURS, "2026a", "pass"), (OURS, "2026e", "pass")], "the report's signatures")


@test
def json_log(setup):
    """Every message is one JSON object on one line, hostile fields or not."""
    s = setup.postfix(log={"format": "json"})
    for author in ("Shop <orders@shop.example>", 'Evil "\u202e\t{"}] <ceo@strict.example>'):
        m = letter(author, s.number(), subject='","x":1}')
        outcome = s.arrive(m, "shop", 'a"b@shop.example'.replace('"', ""))
        check(outcome.code in (250, 550), "the reply: %s" % outcome)
    s.daemon.stop()  # what is still on its way into the log is written
    objects = [json.loads(line[line.index("{"):]) for line in s.daemon.log().splitlines() if '{"version"' in line]
    check(len(objects) >= 2, "no JSON in the log: " + s.daemon.log()[-800:])
    equal([o["version"] for o in objects], [1] * len(objects), "version")
    holds(" ".join(objects[-2]), "dmarc", "the names in it")


@test
def restart_between_transactions(setup):
    """A client stays connected while assayd is restarted: what it sends is put off or judged, never let through."""
    s = setup.postfix()
    c = smtp.Client("127.0.0.1", s.mta.port)
    c.ehlo("a.example")
    c.xclient(ADDR=s.world.address("stranger"), NAME="[UNAVAILABLE]")
    c.ehlo("a.example")
    c.mail("ceo@strict.example")
    c.rcpt("anna@" + OURS)
    s.daemon.stop()
    s.daemon.start()
    reply = c.data(letter("Ceo <ceo@strict.example>", s.number()))
    c.quit()
    check(reply.code in (550, 451, 421), "the reply: %s" % reply)

# -- Authentication-Results in our name, as a sender may spell the field ---------------------------------

PASS = b"; dmarc=pass header.from=bank.example\r\n"
HOST = HOSTNAME.encode()
SPELLINGS = {
    "blank before the colon": b"Authentication-Results : " + HOST + PASS,
    "tab before the colon": b"Authentication-Results\t: " + HOST + PASS,
    "many blanks before the colon": b"Authentication-Results \t \t : " + HOST + PASS,
    "no blank after it": b"Authentication-Results:" + HOST + PASS,
    "odd case": b"aUTHENTICATION-rESULTS: " + HOST.upper() + PASS,
    "folded": b"Authentication-Results:\r\n\t\r\n " + HOST + b"\r\n\t" + PASS,
    "folded before the colon": b"Authentication-Results\r\n : " + HOST + PASS,
    "bare LF": b"X-A: b\nAuthentication-Results: " + HOST + PASS,
    "bare CR": b"X-A: b\rAuthentication-Results: " + HOST + PASS,
    "CR CR LF": b"X-A: b\r\r\nAuthentication-Results: " + HOST + PASS,
    "CR inside": b"Authentication-Results: " + HOST + b"\r" + PASS,
    "NUL before it": b"Authentication-Results: \0" + HOST + PASS,
    "NUL after it": b"Authentication-Results: " + HOST + b"\0" + PASS,
    "NUL in the name": b"Authentication-Results\0: " + HOST + PASS,
    "NUL in another's": b"Authentication-Results: x.example; none\0 (" + HOST + PASS,
    "NUL and a line": b"X-A: b\0\nAuthentication-Results: " + HOST + PASS,
    "controls before it": b"Authentication-Results: \x01\x0b\x0c" + HOST + PASS,
    "Latin-1 blank": b"Authentication-Results: " + HOST + b"\xa0" + PASS,
    "long comment": b"Authentication-Results: (" + b"c" * 70000 + b") " + HOST + PASS,
    "long blanks": b"Authentication-Results: " + b"\r\n ".join([b" " * 900] * 80) + HOST + PASS,
    "at the very top, folded": b" Authentication-Results: " + HOST + PASS,
    "after a line From": b"From someone\r\nAuthentication-Results: " + HOST + PASS,
    "after a quoted line From": b">From someone\r\nAuthentication-Results: " + HOST + PASS,
    "after a line without a colon": b"X-A\r\nAuthentication-Results: " + HOST + PASS,
    "after an empty name": b": x\r\nAuthentication-Results: " + HOST + PASS,
}


def claims(data):
    """Fields a lenient reader finds to be ours: CR, LF and NUL end nothing or everything, as it likes."""
    head = re.split(rb"\r\n\r\n|\n\n", data)[0]
    flat = re.sub(rb"\r?\n[ \t]+", b" ", head)
    return [line for text in (flat, head.replace(b"\0", b""), flat.replace(b"\0", b"\n"))
            for line in re.split(rb"[\r\n]+", text)
            if re.match(rb"authentication-results[ \t]*:.*" + re.escape(HOST), line, re.I) and b"bank.example" in line]


def spellings(s):
    for name, field in SPELLINGS.items():
        number = s.number()
        m = field + letter("Shop <orders@shop.example>", number)
        outcome = s.arrive(m, "shop", "orders@shop.example")
        if outcome.accepted:
            d = s.sink.wait("letter %s." % number)
            check(d, "%s: not delivered" % name)
            equal(claims(d.data), [], name)
    check(s.daemon.running(), "assayd is gone")


@test
def forged_results_spellings(setup):
    spellings(setup.postfix())


@test
def sendmail_forged_results_spellings(setup):
    spellings(setup.sendmail())
