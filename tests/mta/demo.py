#!/usr/bin/env python3
"""demo.py --build BUILDDIR --cache CACHEDIR [--keep]: what assay does, shown on real mail.

Starts assayd and a private Postfix in a temporary directory, with a file for the DNS, sends real messages
over SMTP, and shows for each what was sent, what the sender was answered, and what the receiver sees.
The last of them cause an aggregate report, which is sent and printed.  Every outcome is checked; the exit
status is 0 only when all are as expected.  --keep leaves everything running until Ctrl-C, and says how to
send more.
"""

import argparse
import os
import re
import signal
import sys
import textwrap
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import demo_report
import host
import scenes
import world
from stage import LOGIN, PostfixStage
from world import OURS

WIDTH = 100
TOTAL = len(scenes.SCENES) + demo_report.TOTAL
# fields that say nothing here
DULL = ("date", "mime-version", "content-type", "message-id", "to")
OUR_FIELDS = ("authentication-results", "dkim-signature", "x-assay-quarantine", "received-spf")


class Paper:
    """What is printed; colours only on a terminal."""

    CODES = {"title": "1;36", "good": "32", "bad": "1;31", "dim": "2", "ours": "33", "plain": ""}

    def __init__(self, out=sys.stdout):
        self.out = out
        self.colours = out.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "NO_COLOR" not in os.environ

    def line(self, text="", style="plain"):
        code = self.CODES[style] if self.colours else ""
        print("\033[%sm%s\033[0m" % (code, text) if code and text else text, file=self.out, flush=True)

    def item(self, label, text, style="plain"):
        """label, then text; more lines are indented like the first."""
        for i, line in enumerate(text.split("\n") or [""]):
            self.line("  %-9s %s" % (label if i == 0 else "", line), style)

    def wrapped(self, label, text, style="plain"):
        self.item(label, "\n".join(textwrap.wrap(text, WIDTH - 12)), style)


class DemoStage(PostfixStage):
    """Our keys are made and put into use as an administrator does it: by `assay key`.  Mail is counted for reports."""

    def base_options(self, *arguments):
        self.reporter = demo_report.Reporter(self)
        return dict(super().base_options(*arguments), reports=self.reporter.options())

    def make_world(self, prefix):
        self.world = world.World(os.path.join(self.place, "w"), prefix, self.user)
        keys = ["--keys", self.world.keys]
        self.key_commands = [["key", "new", OURS, "--type", "both", "--selector", "2026"] + keys]
        made = self.assay.run(*self.key_commands[0])
        self.world.our_records = [line for line in made.splitlines() if line and line[0] not in ";#"]
        self.world.write_zone()                  # published, so:
        self.key_commands.append(["key", "activate", OURS] + keys + ["--zone", self.world.zone_file])
        self.assay.run(*self.key_commands[1])


def shorten(field):
    """Base64 of keys and signatures says nothing to people."""
    return re.sub(r"\b(b|bh)=((?:[A-Za-z0-9+/=]\s*){20})(?:[A-Za-z0-9+/=]|\s)+", r"\1=\2...", field)


def raw_fields(message):
    """The fields as they stand, folds as newline and two blanks; without what says nothing here."""
    head = message.partition(b"\r\n\r\n")[0].decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    fields = [re.sub(r"\n[ \t]+", "\n  ", f) for f in re.split(r"\n(?![ \t])", head)]
    return [f for f in fields if f and f.partition(":")[0].lower() not in DULL]


def show_fields(paper, label, fields, style):
    for field in fields:
        paper.item(label, shorten(field), style)
        label = ""


def one_line(field):
    text = shorten(field).replace("\n  ", " ")
    return text if len(text) <= WIDTH - 12 else text[:WIDTH - 15] + "..."


def show_received(paper, sent, message):
    """The header as the receiver has it: what is new in full, what was sent shortened; then what is gone."""
    old = raw_fields(sent)
    label = "received"
    for field in raw_fields(message):
        if field in old:
            old.remove(field)
            show_fields(paper, label, [one_line(field)], "dim")
        else:
            show_fields(paper, label, [field], "ours" if field.partition(":")[0].lower() in OUR_FIELDS else "plain")
        label = ""
    show_fields(paper, "removed", old, "bad")


def show_sent(paper, stage, played):
    scene = played.scene
    if scene.client is None:
        way = "submitted by %s, who has logged in" % LOGIN[0]
    else:
        way = "from %s (%s)" % (stage.world.address(scene.client), scene.client)
    paper.item("sent", "%s, MAIL FROM:<%s>" % (way, scene.sender))
    show_fields(paper, "", [one_line(f) for f in raw_fields(played.message)], "plain")


def show(paper, stage, number, played):
    scene = played.scene
    paper.line()
    paper.line("%2d  %s" % (number, scene.title), "title")
    paper.wrapped("", scene.story)
    show_sent(paper, stage, played)
    paper.wrapped("answered", str(played.outcome), "good" if played.outcome.accepted else "bad")
    if played.held_as:
        paper.item("held", "the queue has it: %s" % queue_line(played.held_as), "ours")
    if played.delivery:
        show_received(paper, played.message, played.delivery.data)
    if scene.name == "outgoing" and played.delivery:
        show_verify(paper, stage, played)
    if played.problems:
        for problem in played.problems:
            paper.wrapped("WRONG", problem, "bad")
    else:
        paper.item("checked", "as expected", "good")


def queue_line(entry):
    return "%s  hold  from %s to %s" % (entry["queue_id"], entry["sender"] or "<>",
                                        ", ".join(r["address"] for r in entry["recipients"]))


def show_verify(paper, stage, played):
    found = stage.assay.verify(played.delivery.data, stage.world.zone_file)
    for d in found.get("dkim", []):
        paper.item("verify", "assay verify: dkim=%s d=%s s=%s, %s" % (
            d["result"], d["domain"], d["selector"], d.get("algorithm", "?")),
            "good" if d["result"] == "pass" else "bad")


def set_options(paper, stage, options):
    """A scene that wants other options gets them by a reload, as an administrator would do it."""
    wanted = dict(stage.options, **options)
    if stage.daemon.options == wanted:
        return
    changed = ", ".join("%s = %s" % kv for kv in sorted(options.items())) or "the first configuration again"
    paper.line()
    paper.line("    reload: %s; kill -HUP %d" % (changed, stage.daemon.process.pid), "title")
    stage.daemon.options = wanted
    mark = len(stage.daemon.log())
    stage.daemon.reload(signal.SIGHUP, "reload")
    for line in stage.daemon.log()[mark:].splitlines():
        paper.item("log", line, "dim")


def introduce(paper, stage):
    paper.line("assay: signs outgoing mail, judges incoming mail", "title")
    paper.line()
    paper.wrapped("", "A private Postfix (its own queue and ports, smtpd in a chroot) talks to assayd over a unix "
                      "socket. The DNS is the file %s. The site is %s; every other domain, and every client "
                      "address, is made up for the occasion." % (stage.world.zone_file, OURS))
    paper.item("assayd", "-c %s -f, as user %s" % (stage.daemon.configuration, stage.user))
    paper.item("keys", "\n".join("assay " + " ".join(c) for c in stage.key_commands))
    for record in stage.world.our_records:
        paper.item("", one_line(record), "dim")


def perform(paper, stage):
    """-> (scenes that went as expected, scenes)"""
    introduce(paper, stage)
    right = 0
    for number, scene in enumerate(scenes.SCENES, 1):
        set_options(paper, stage, scene.options)
        played = scenes.play(stage, scene)
        show(paper, stage, number, played)
        right += not played.problems
    set_options(paper, stage, {})
    right += demo_report.perform(paper, stage, len(scenes.SCENES) + 1)
    return right, TOTAL


def keep(paper, stage):
    smtp_py = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smtp.py")
    postfix = stage.mta
    paper.line()
    paper.line("Everything goes on running. Ctrl-C (or kill %d) ends it." % os.getpid(), "title")
    paper.item("incoming", "python3 %s 127.0.0.1:%d --client %s \\\n"
                           "    --mail-from someone@shop.example --rcpt anna@%s FILE"
               % (smtp_py, postfix.port, stage.world.address("stranger"), OURS))
    paper.item("outgoing", "python3 %s 127.0.0.1:%d --login %s:%s \\\n"
                           "    --mail-from joe@%s --rcpt friend@far.example FILE"
               % (smtp_py, postfix.submission, LOGIN[0], LOGIN[1], OURS))
    paper.item("queue", "%s -c %s -p" % (postfix.program("postqueue"), postfix.config))
    paper.item("release", "%s -c %s -H QUEUE-ID" % (postfix.program("postsuper"), postfix.config))
    paper.item("settings", "%s, then kill -HUP %d" % (stage.daemon.configuration, stage.daemon.process.pid))
    paper.item("DNS", stage.world.zone_file + " (read again by a reload)")
    paper.item("logs", "%s\n%s" % (stage.daemon.logfile, postfix.logfile))
    paper.line("What arrives is shown here.")
    shown = len(stage.sink.deliveries)
    while True:
        time.sleep(0.2)
        for delivery in stage.sink.deliveries[shown:]:
            shown += 1
            paper.line()
            paper.line("for %s, from <%s>" % (", ".join(delivery.recipients), delivery.sender), "title")
            show_received(paper, b"", delivery.data)


def interrupted(*_):
    """Once: what was started is to be ended in peace, even if the signal comes twice."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True, help="the build directory, with assayd and assay in it")
    arguments.add_argument("--cache", required=True, help="the directory that tests/mta/fetch filled")
    arguments.add_argument("--keep", action="store_true", help="leave everything running")
    a = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupted)
    paper = Paper()
    stage = None
    right, total, trouble = 0, TOTAL, ""
    try:
        stage = DemoStage(os.path.abspath(a.build), os.path.abspath(a.cache))
        right, total = perform(paper, stage)
        if a.keep:
            keep(paper, stage)
    except KeyboardInterrupt:
        paper.line()
    except host.Unavailable as e:
        paper.line("The demonstration cannot be given here: %s" % e, "bad")
    except host.Broken as e:
        paper.line("Something is broken: %s" % e, "bad")
    finally:
        if stage:
            trouble = stage.stop()
    if trouble:
        paper.line(trouble, "bad")
    paper.line()
    paper.line("%d of %d messages fared as expected" % (right, total), "good" if right == total else "bad")
    return 0 if right == total and not trouble else 1


if __name__ == "__main__":
    sys.exit(main())
