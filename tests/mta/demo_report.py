"""The last part of the demonstration: mail of one day in the name of club.example, and the aggregate report on it.

The day ends when assayd's clock is moved to the next one (reports { test-clock-offset }); nothing waits for midnight.
"""

import email
import email.policy
import gzip
import json
import os
import shutil
import time
import xml.etree.ElementTree

import host
import scenes
from case import check, equal
from scenes import Scene, list_copy, plain_letter, signed_letter
from world import OURS

DAY = 86400
DOMAIN = "club.example"
READER = "dmarc-reports@" + DOMAIN              # the rua= of its record
AUTHOR = "Club <secretary@%s>" % DOMAIN

OWN = ("the club's own server", signed_letter(AUTHOR, DOMAIN), "secretary@" + DOMAIN, DOMAIN.partition(".")[0],
       250, {"spf": "pass", "dkim": ["pass"], "dmarc": "pass"}, False)
LIST = ("a mailing list", list_copy(AUTHOR, DOMAIN), "talk-bounces@list.example", "list",
        250, {"spf": "pass", "dkim": ["pass", "fail"], "dmarc": "fail"}, True)
FORGER = ("a stranger", plain_letter(AUTHOR), "secretary@" + DOMAIN, "stranger", 550, None, False)

# What the report must say: messages, disposition, DKIM and SPF (aligned), the reason of an override.
ROWS = {"club": (2, "pass", "pass", "pass", None),
        "list": (1, "quarantine", "fail", "fail", "mailing_list"),
        "stranger": (2, "reject", "fail", "fail", None)}


def scene(number, way):
    title, make, sender, client, code, results, quarantined = way
    return Scene("club%d" % number, title, "", make, sender, client, code=code, results=results, quarantined=quarantined)


SCENES = [scene(n, way) for n, way in enumerate((OWN, OWN, LIST, FORGER, FORGER))]
TOTAL = len(SCENES) + 1                         # the report is a message as well


class Reporter:
    """What the site's configuration says of reports, and the tool, as assayd's user may run it."""

    def __init__(self, stage):
        self.stage = stage
        self.directory = host.owned_dir(os.path.join(stage.place, "reports"), stage.user, 0o700)
        self.day = int(time.time()) // DAY + 1
        programs = host.owned_dir(os.path.join(stage.place, "bin"))
        for name in ("assay", "assay-report"):  # the build directory may be closed to that user
            shutil.copy(os.path.join(os.path.dirname(stage.assay.program), name), programs)
        self.program = os.path.join(programs, "assay")

    def offset(self, day):
        """What makes it noon of that day."""
        return "%ds" % (day * DAY + DAY // 2 - int(time.time()))

    def options(self):
        return {"store": "sqlite:%s/reports.sqlite" % self.directory, "send": "yes", "organization": "The House",
                "from": "dmarc-reports@" + OURS, "via": "smtp:127.0.0.1:%d" % self.stage.mta.port,
                "hour": "0", "spread": "0", "test-clock-offset": self.offset(self.day)}

    def end_day(self):
        reports = dict(self.stage.options["reports"], **{"test-clock-offset": self.offset(self.day + 1)})
        self.stage.configure(reports=reports)

    def command(self, *arguments):
        return "runuser -u %s -- assay report %s" % (self.stage.user, " ".join(arguments))

    def stored(self, arguments):
        """-> messages; none while the daemon has not made its store (an object with "errors", then)"""
        said = self.run(*arguments, "--json", check=False)
        return sum(row["count"] for row in json.loads(said).get("rows", [])) if said.startswith("{") else 0

    def run(self, *arguments, check=True):
        return host.run(["runuser", "-u", self.stage.user, "--", self.program, "report"] + list(arguments) +
                        ["-c", self.stage.daemon.configuration], check=check)


# -- the report ----------------------------------------------------------------------------------

def xml_of(delivery):
    """The report's XML, out of the message that carried it."""
    message = email.message_from_bytes(delivery.data, policy=email.policy.default)
    parts = [p for p in message.walk() if p.get_content_type() == "application/gzip"]
    equal(len(parts), 1, "gzipped attachments")
    return parts[0].get_filename(), gzip.decompress(parts[0].get_content()).decode()


def text(element, path):
    found = element.find("/".join("{*}" + name for name in path.split("/")))
    return None if found is None else found.text


def rows_of(xml_text):
    """{source address: (messages, disposition, dkim, spf, reason)}"""
    evaluated = "row/policy_evaluated/"
    return {text(r, "row/source_ip"): (int(text(r, "row/count")),) + tuple(
        text(r, evaluated + name) for name in ("disposition", "dkim", "spf", "reason/type"))
        for r in xml.etree.ElementTree.fromstring(xml_text).findall("{*}record")}


def check_report(stage, delivery, xml_text):
    equal(rows_of(xml_text), {stage.world.address(client): row for client, row in ROWS.items()}, "the report's rows")
    found = stage.assay.verify(delivery.data, stage.world.zone_file, ip="192.0.2.1", helo="mx." + OURS, mail_from="")
    equal([d["result"] for d in found["dkim"]], ["pass", "pass"], "the report's signatures")
    equal(found["dmarc"]["result"], "pass", "DMARC of the report itself")


# -- on paper --------------------------------------------------------------------------------------

def play_day(paper, stage):
    """-> messages that fared as expected"""
    right = 0
    for one in SCENES:
        played = scenes.play(stage, one)
        judged = stage.results(played.delivery) if played.delivery else {}
        paper.item("sent", "by %s (%s)" % (one.title, stage.world.address(one.client)))
        paper.wrapped("answered", str(played.outcome), "good" if played.outcome.accepted else "bad")
        if judged:
            paper.item("judged", "spf=%s dkim=%s dmarc=%s%s" % (judged["spf"], "/".join(judged["dkim"]), judged["dmarc"],
                                                              ", quarantined" if one.quarantined else ""), "ours")
        for problem in played.problems:
            paper.wrapped("WRONG", problem, "bad")
        right += not played.problems
    return right


def show_counts(paper, reporter):
    """What is stored of the day, once all of it is: messages are counted a moment after they are answered."""
    arguments = ["show", DOMAIN, "--day", time.strftime("%Y-%m-%d", time.gmtime(reporter.day * DAY))]
    check(host.until(lambda: reporter.stored(arguments) == len(SCENES), 20, 0.3), "not every message was counted")
    paper.item("counted", reporter.command(*arguments))
    paper.item("", reporter.run(*arguments).rstrip(), "dim")


def send(paper, reporter):
    reporter.end_day()
    paper.item("midnight", "test-clock-offset = %s; kill -HUP %d" % (
        reporter.stage.daemon.options["reports"]["test-clock-offset"], reporter.stage.daemon.process.pid))
    sent = host.until(lambda: "handed over 1" in (said := reporter.run("send")) and said, 20, 0.3)
    check(sent, "no report was sent: %s" % reporter.run("status"))
    paper.item("sending", reporter.command("send"))
    paper.item("", sent.rstrip(), "dim")


def show_mail(paper, delivery, name, xml_text):
    paper.item("mailed", "to %s, from <%s>" % (", ".join(delivery.recipients), delivery.sender))
    for field in ("From", "Subject"):
        paper.item("", "%s: %s" % (field, " ".join(delivery.get(field).split())))
    paper.item("", "DKIM-Signature: ... (two; DMARC of the report itself: pass)")
    paper.item("attached", name)
    paper.item("", xml_text.rstrip(), "ours")


def perform(paper, stage, number):
    """-> messages that fared as expected, of TOTAL"""
    paper.line()
    paper.line("%2d  A day's mail, and the report that the domain's owner gets" % number, "title")
    paper.wrapped("", "The record of %s says p=reject and rua=mailto:%s: its owner wants to know who sends mail in "
                      "its name. assayd counts, and after the end of the UTC day the report is mailed." % (DOMAIN, READER))
    right = play_day(paper, stage)
    try:
        show_counts(paper, stage.reporter)
        send(paper, stage.reporter)
        delivery = stage.sink.wait(lambda d: READER in d.recipients, 20)
        check(delivery, "the report was not delivered")
        name, xml_text = xml_of(delivery)
        show_mail(paper, delivery, name, xml_text)
        check_report(stage, delivery, xml_text)
    except (AssertionError, ValueError, host.Broken) as e:
        paper.wrapped("WRONG", str(e), "bad")
        return right
    paper.item("checked", "as expected", "good")
    return right + 1
