"""The messages that the demonstration sends, and what must become of each.

The same set goes through Postfix (demo.py, run.py) and through Sendmail (run.py).
"""

import re

import dkimcheck
from case import check, equal
from world import HOSTNAME, OURS, letter

QUARANTINE = "X-Assay-Quarantine"


class Scene:
    """One message: how it is sent, and what is expected of it.

    client: who connects (see world.CLIENTS); None: an authenticated user submits it.
    results: what our Authentication-Results must say; None: there must be none.
    """

    def __init__(self, name, title, story, make, sender, client=None, to="anna@" + OURS, code=250, reply="",
                 results=None, quarantined=False, held=False, options=None, more=None):
        self.name = name
        self.title = title
        self.story = story
        self.make = make                    # make(stage, number) -> the message
        self.sender = sender
        self.client = client
        self.to = to
        self.code = code
        self.reply = reply
        self.results = results
        self.quarantined = quarantined
        self.held = held
        self.options = options or {}        # of assayd, where they differ
        self.more = more                    # more(stage, delivery): further checks


class Played:
    def __init__(self, scene, message, outcome):
        self.scene = scene
        self.message = message
        self.outcome = outcome
        self.delivery = None                # as the receiver got it
        self.held_as = None                 # the queue's entry
        self.problems = []


def play(stage, scene):
    """Sends the scene's message; -> Played, with every deviation in .problems."""
    message = scene.make(stage, scene.name + "-" + stage.number())
    if scene.client is None:
        outcome = stage.submit(message, scene.sender, scene.to)
    else:
        outcome = stage.arrive(message, scene.client, scene.sender, scene.to)
    played = Played(scene, message, outcome)
    try:
        watch(stage, played)
    except (AssertionError, ValueError) as e:
        played.problems.append(str(e))
    return played


def watch(stage, played):
    scene, outcome = played.scene, played.outcome
    equal(outcome.code, scene.code, "the reply's code (%s)" % outcome)
    check(scene.reply in str(outcome), "the reply lacks %r: %s" % (scene.reply, outcome))
    if not outcome.accepted:
        return
    if scene.held:
        entries = [m for m in stage.mta.held() if m["queue_id"] == outcome.queue_id]
        check(entries, "not in the hold queue")
        played.held_as = entries[0]
        return
    played.delivery = stage.delivered(played.message)
    equal(comparable(stage.results(played.delivery)), comparable(scene.results), "Authentication-Results")
    equal([v for n, v in played.delivery.fields if n.lower() == QUARANTINE.lower()],
          ["dmarc"] if scene.quarantined else [], QUARANTINE)
    if scene.more:
        scene.more(stage, played.delivery)


def comparable(results):
    """Only what a scene names: spf, dmarc, and the signatures' results in alphabetical order."""
    if results is None:
        return None
    found = {k: results[k] for k in ("spf", "dmarc") if results.get(k)}
    signatures = sorted(r for r in results.get("dkim", []) if r != "none")
    return dict(found, dkim=signatures) if signatures else found


# -- the messages -------------------------------------------------------------------------------

def signed_letter(author, domain, **more):
    return lambda stage, number: stage.signed(letter(author, number, **more), domain)


def plain_letter(author, **more):
    return lambda stage, number: letter(author, number, **more)


def changed_letter(author, domain):
    def make(stage, number):
        message = stage.signed(letter(author, number), domain)
        return message + b"-- \r\nChecked by SomeScanner. No virus found.\r\n"
    return make


def list_copy(author, domain):
    """What a mailing list makes of a member's signed message: a tag, a footer, its own marks, its own signature."""
    def make(stage, number):
        message = stage.signed(letter(author, number, to="talk@list.example"), domain)
        message = message.replace(b"Subject: ", b"Subject: [talk] ", 1)
        message += b"_____\r\nThe talk list: https://list.example/talk\r\n"
        return stage.signed(b"List-Id: <talk.list.example>\r\nList-Post: <mailto:talk@list.example>\r\n" + message,
                            "list.example")
    return make


def forged_results(author, domain):
    def make(stage, number):
        message = stage.signed(letter(author, number), domain)
        return (("Authentication-Results: %s;\r\n\tdmarc=pass header.from=%s\r\n" % (HOSTNAME, domain)).encode()
                + b"Authentication-Results: mx.elsewhere.example; spf=pass smtp.mailfrom=honest.example\r\n"
                + message)
    return make


# -- further checks -----------------------------------------------------------------------------

def verifies_twice(stage, delivery):
    """Both our signatures hold as the receiver got the message: by assay itself, and by a second verifier."""
    found = stage.assay.verify(delivery.data, stage.world.zone_file)["dkim"]
    keys = stage.world.active_keys(OURS)
    wanted = sorted((domain, selector, "pass") for domain, selector in keys)
    equal(len(wanted), 2, "the number of keys")
    equal(sorted((d["domain"], d["selector"], d["result"]) for d in found), wanted, "assay verify")
    equal(sorted(dkimcheck.verify(delivery.data, keys)), wanted, "the second verifier")


def only_honest_results(stage, delivery):
    others = [v for v in delivery.all("Authentication-Results") if not v.startswith(HOSTNAME)]
    equal([re.sub(r"\s+", " ", v) for v in others],
          ["mx.elsewhere.example; spf=pass smtp.mailfrom=honest.example"], "the results of others")
    equal(delivery.fields[0][0], "Authentication-Results", "the topmost field")


SCENES = [
    Scene("outgoing", "A user's message goes out",
          "Joe logs in and writes to a friend. It is signed with both keys of %s, RSA and Ed25519." % OURS,
          plain_letter("Joe <joe@%s>" % OURS, to="friend@far.example"), "joe@" + OURS, to="friend@far.example",
          more=verifies_twice),
    Scene("allright", "Everything right",
          "shop.example sends from its own address and has signed.",
          signed_letter("Shop <orders@shop.example>", "shop.example"), "orders@shop.example", "shop",
          results={"spf": "pass", "dkim": ["pass"], "dmarc": "pass"}),
    Scene("changed", "The body was changed in transit",
          "A scanner added a footer: the signature fails. SPF holds and is aligned, so DMARC passes.",
          changed_letter("The Gazette <editor@gazette.example>", "gazette.example"), "editor@gazette.example",
          "gazette", results={"spf": "pass", "dkim": ["fail"], "dmarc": "pass"}),
    Scene("subdomain", "A subdomain under its organization's policy",
          "mail.bank.example publishes nothing. bank.example says sp=quarantine, and this comes from a stranger.",
          plain_letter("Bank <alerts@mail.bank.example>"), "bounce@lax.example", "stranger",
          results={"spf": "fail", "dmarc": "fail"}, quarantined=True),
    Scene("nonexistent", "A subdomain that does not exist",
          "secure-login.bank.example is not in the DNS. bank.example says np=reject.",
          plain_letter("Bank <support@secure-login.bank.example>"), "bounce@lax.example", "stranger",
          code=550, reply="5.7.26"),
    Scene("pnone", "p=none, and it fails",
          "lax.example only watches. A stranger uses its name; the message is accepted, the finding written down.",
          plain_letter("Someone <someone@lax.example>"), "someone@lax.example", "stranger",
          results={"spf": "fail", "dmarc": "fail"}),
    Scene("pquarantine", "p=quarantine, and it fails",
          "Delivered, with a field that the user's filter files on.",
          plain_letter("Careful <info@careful.example>"), "info@careful.example", "stranger",
          results={"spf": "fail", "dmarc": "fail"}, quarantined=True),
    Scene("preject", "p=reject, and it fails",
          "A stranger uses the name of strict.example, directly. Refused while the sender is on the line.",
          plain_letter("Strict <ceo@strict.example>"), "ceo@strict.example", "stranger",
          code=550, reply="550 5.7.26"),
    Scene("mailinglist", "p=reject, by way of a mailing list",
          "strict.example's member wrote to a list, which changed the message and signed as itself. "
          "Refusing it would throw members off lists: quarantined, not refused.",
          list_copy("Strict <member@strict.example>", "strict.example"), "talk-bounces@list.example", "list",
          results={"spf": "pass", "dkim": ["pass", "fail"], "dmarc": "fail"}, quarantined=True),
    Scene("forgedresults", "Somebody forged our results",
          "The message arrives with an Authentication-Results field in our name, and one of an honest other.",
          forged_results("Shop <orders@shop.example>", "shop.example"), "orders@shop.example", "shop",
          results={"spf": "pass", "dkim": ["pass"], "dmarc": "pass"}, more=only_honest_results),
    Scene("timeout", "The DNS does not answer",
          "The policy of slow.example cannot be fetched. That is no pass and no failure: temperror, accepted.",
          plain_letter("Slow <info@slow.example>"), "info@slow.example", "stranger",
          results={"spf": "fail", "dmarc": "temperror"}),
    Scene("held", "p=quarantine, held",
          "With `quarantine = hold`, set by a reload, the same kind of message waits in the MTA's hold queue.",
          plain_letter("Careful <info@careful.example>"), "info@careful.example", "stranger", held=True,
          options={"quarantine": "hold"}),
]
