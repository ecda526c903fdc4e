"""What rewrites mail in Postfix, before the milter and after it: which signatures hold, which break, and what
to set instead.

cleanup rewrites what it writes to the queue and shows that to the milter; the SMTP client rewrites what was
signed.  Each configuration has an smtpd with a login, a cleanup and an SMTP client of its own.
"""

import re

import dkimcheck
import host
import smtp
from case import check, equal, holds, lacks, test
from checks_octets import verify
from postfix import SASL
from stage import LOGIN, PostfixStage
from world import OURS, letter, message_id

JOE = "Joe <joe@%s>" % OURS
EIGHT_BIT = "Gr\u00fc\u00dfe \u2014 na\u00efve \u00a3\n" * 3
REPLACING = "/^Subject: (.*)/ REPLACE Subject: [ours] $1\n/^To:/ PREPEND X-Ours: yes\n/^X-Inner:/ IGNORE\n"

# name: what is set for smtpd, cleanup, trivial-rewrite, the SMTP client
CONFIGURATIONS = {
    "plain": {},
    "masquerade": {"cleanup": {"masquerade_domains": OURS}},
    "sender_canonical": {"cleanup": {"sender_canonical_maps": "inline:{{joe@inner.example=joe@%s}}" % OURS}},
    "canonical": {"cleanup": {"canonical_maps": "inline:{{joe@inner.example=joe@%s}}" % OURS}},
    "origin": {"rewrite": {"myorigin": OURS}},
    "dot_mydomain": {"rewrite": {"append_dot_mydomain": "yes", "mydomain": OURS.partition(".")[2]}},
    "header_checks": {"cleanup": {"header_checks": "regexp:%(place)s/checks"}},
    "missing_headers": {"cleanup": {"always_add_missing_headers": "yes"},
                        "smtpd": {"local_header_rewrite_clients": ""}},
    "far_client": {"rewrite": {"myorigin": OURS}, "smtpd": {"local_header_rewrite_clients": ""}},
    "far_client_with_login": {"rewrite": {"myorigin": OURS},
                              "smtpd": {"local_header_rewrite_clients": "permit_sasl_authenticated"}},
    "generic": {"smtp": {"smtp_generic_maps": "inline:{{joe@%s=joe@outer.example}}" % OURS}},
    "smtp_header_checks": {"smtp": {"smtp_header_checks": "regexp:%(place)s/checks"}},
    "folding": {"smtp": {"smtp_line_length_limit": "998"}},
    "unfolded": {"smtp": {"smtp_line_length_limit": "0"}},
    "old_hop": {"old": True},
    "old_hop_unconverted": {"old": True, "smtp": {"disable_mime_output_conversion": "yes"}},
    "old_hop_encoded": {"old": True, "cleanup": {"force_mime_input_conversion": "yes"}},
}


def options(settings, place):
    return "".join("\n  -o { %s = %s }" % (k, v % {"place": place} if "%(" in v else v) for k, v in settings.items())


class RewriteStage(PostfixStage):
    """PostfixStage, and for each configuration a port of its name; `old_sink` is an SMTP server of 1982."""

    def additions(self):
        host.write(self.place + "/checks", REPLACING)
        self.old_sink = smtp.Sink("old.test")
        self.old_sink.extensions = ()
        ports, services = {}, ""
        for name, c in CONFIGURATIONS.items():
            sink = self.old_sink if "old" in c else self.sink
            ports[name] = dict(SASL, cleanup_service_name="cleanup-" + name, rewrite_service_name="rewrite-" + name,
                               content_filter="smtp-%s:[127.0.0.1]:%d" % (name, sink.port), **c.get("smtpd", {}))
            cleanup = dict(c.get("cleanup", {}), rewrite_service_name="rewrite-" + name)
            services += "cleanup-%s unix n - y - 0 cleanup%s\n" % (name, options(cleanup, self.place))
            services += "rewrite-%s unix - - y - - trivial-rewrite%s\n" % (
                name, options(c.get("rewrite", {}), self.place))
            services += "smtp-%s unix - - y - - smtp%s\n" % (name, options(c.get("smtp", {}), self.place))
        return ports, services

    def stop(self):
        if hasattr(self, "old_sink"):
            self.old_sink.stop()
        return super().stop()

    def through(self, name, message, sender=LOGIN[0], login=LOGIN, **more):
        """Sent by the user over that configuration's port."""
        return smtp.send("127.0.0.1", self.mta.ports[name], sender, "friend@far.example", message, login=login,
                         **more)


class Kept:
    """The stage with the old server's deliveries in the place of the other's, for verify()."""

    def __init__(self, s):
        self.world, self.assay, self.sink = s.world, s.assay, s.old_sink


def holds_signed(s, name, message, **more):
    return verify(s, s.through(name, message, **more), message)


def breaks(s, name, message, sink=None):
    """It is delivered, signed by both keys, and neither signature is right any more."""
    outcome = s.through(name, message)
    check(outcome.accepted, "not accepted: %s" % outcome)
    d = (sink or s.sink).wait(message_id(message))
    check(d, "not delivered")
    found = dkimcheck.verify(d.data, s.world.active_keys(OURS))
    equal(len(found), 2, "signatures")
    check(not [r for r in found if r[2] == "pass"], "it still verifies: nothing to be warned of: %r" % found)
    return d


# -- before the milter ---------------------------------------------------------------------------

@test
def rewrite_utf8_header(setup):
    """UTF-8 in Subject and display name, with and without SMTPUTF8."""
    s = setup.get(RewriteStage)
    for parameters in ("", "SMTPUTF8"):
        m = letter("J\u00f6rg M\u00fcller <joe@%s>" % OURS, s.number(), body=EIGHT_BIT,
                   subject="Gr\u00fc\u00dfe aus \u6771\u4eac")
        d = holds_signed(s, "plain", m, parameters=parameters)
        holds(d.get("From"), "J\u00f6rg", "From as delivered")
        holds(d.get("Subject"), "\u6771\u4eac", "Subject as delivered")


@test
def rewrite_masquerade(setup):
    """masquerade_domains: the milter sees the From field rewritten, so the signature is of what is sent."""
    s = setup.get(RewriteStage)
    m = letter("Joe <joe@pc7.%s>" % OURS, s.number())
    d = holds_signed(s, "masquerade", m, sender="joe@pc7." + OURS)
    equal(d.get("From"), JOE, "From as delivered")


@test
def rewrite_sender_canonical(setup):
    """sender_canonical_maps: an inner name in From becomes the outer one before it is signed."""
    s = setup.get(RewriteStage)
    d = holds_signed(s, "sender_canonical", letter("Joe <joe@inner.example>", s.number()), sender="joe@inner.example")
    equal(d.get("From"), JOE, "From as delivered")
    equal(d.sender, "joe@" + OURS, "the envelope sender as delivered")


@test
def rewrite_envelope_is_as_given(setup):
    """The envelope sender is told to the milter as the client gave it, though delivered rewritten."""
    s = setup.get(RewriteStage)
    m = letter("Joe <joe@inner.example>", s.number())
    d = s.passed(s.through("sender_canonical", m, sender="joe@inner.example",
                           login=("guest@elsewhere.example", "secret")), m)
    equal((d.get("From"), d.sender), (JOE, "joe@" + OURS), "From and sender as delivered")
    equal(d.all("DKIM-Signature"), [], "neither login nor the sender as given is of the author's domain")


@test
def rewrite_canonical(setup):
    """canonical_maps: likewise, and To as well."""
    s = setup.get(RewriteStage)
    d = holds_signed(s, "canonical", letter("Joe <joe@inner.example>", s.number(), to="joe@inner.example"))
    equal(d.get("From"), JOE, "From as delivered")
    holds(d.get("To"), "joe@" + OURS, "To as delivered")


def bare(s, author):
    return letter(JOE, s.number()).replace(JOE.encode(), author, 1)


@test
def rewrite_bare_from(setup):
    """From without a domain gets $myorigin before it is signed."""
    s = setup.get(RewriteStage)
    equal(holds_signed(s, "origin", bare(s, b"joe")).get("From"), "joe@" + OURS, "From as delivered")
    equal(holds_signed(s, "origin", bare(s, b"Joe <joe>")).get("From"), JOE, "From as delivered")


@test
def rewrite_bare_from_of_a_far_client(setup):
    """Only clients of local_header_rewrite_clients get it: without permit_sasl_authenticated there, no signature."""
    s = setup.get(RewriteStage)
    m = bare(s, b"joe")
    outcome = s.through("far_client", m)
    check(outcome.accepted, "not accepted: %s" % outcome)
    d = s.delivered(m)
    equal((d.get("From"), d.all("DKIM-Signature")), ("joe", []), "as delivered")
    holds(s.daemon.log_line(outcome.queue_id), "signed=-", "the log line")
    equal(holds_signed(s, "far_client_with_login", bare(s, b"joe")).get("From"), "joe@" + OURS, "From as delivered")


@test
def rewrite_append_dot_mydomain(setup):
    """From with a host alone gets .$mydomain before it is signed."""
    s = setup.get(RewriteStage)
    d = holds_signed(s, "dot_mydomain", bare(s, b"Joe <joe@%s>" % OURS.partition(".")[0].encode()))
    equal(d.get("From"), JOE, "From as delivered")


@test
def rewrite_header_checks(setup):
    """header_checks REPLACE, PREPEND, IGNORE: done before it is signed."""
    s = setup.get(RewriteStage)
    d = holds_signed(s, "header_checks", letter(JOE, s.number(), fields="X-Inner: secret\n"))
    equal((d.get("Subject"), d.get("X-Ours"), d.get("X-Inner")), ("[ours] a letter", "yes", None), "as delivered")


@test
def rewrite_missing_headers(setup):
    """always_add_missing_headers: what is added is there when it is signed, even the From field."""
    s = setup.get(RewriteStage)
    for name in (b"Date", b"From"):
        m = b"\r\n".join(l for l in letter(JOE, s.number()).split(b"\r\n") if not l.startswith(name + b":"))
        d = holds_signed(s, "missing_headers", m)
        equal(len(d.all(name.decode())), 1, "%s as delivered" % name.decode())


# -- after the milter ----------------------------------------------------------------------------

@test
def rewrite_generic_breaks(setup):
    """smtp_generic_maps rewrites From when it is sent: after signing.  sender_canonical_maps does it before."""
    s = setup.get(RewriteStage)
    holds(breaks(s, "generic", letter(JOE, s.number())).get("From"), "outer.example", "From as delivered")
    holds_signed(s, "sender_canonical", letter("Joe <joe@inner.example>", s.number()))


@test
def rewrite_smtp_header_checks_break(setup):
    """smtp_header_checks likewise; header_checks with the same table does not."""
    s = setup.get(RewriteStage)
    holds(breaks(s, "smtp_header_checks", letter(JOE, s.number())).get("Subject"), "[ours]", "Subject as delivered")
    holds_signed(s, "header_checks", letter(JOE, s.number()))


@test
def rewrite_long_lines_break(setup):
    """A line over smtp_line_length_limit is cut when it is sent; 0 leaves it whole."""
    s = setup.get(RewriteStage)
    for body in ("y" * 998 + "\n", "short\n"):
        holds_signed(s, "folding", letter(JOE, s.number(), body=body))
    d = breaks(s, "folding", letter(JOE, s.number(), body="y" * 2500 + "\n"))
    check(max(map(len, d.body.split(b"\r\n"))) <= 998, "not cut")
    holds_signed(s, "unfolded", letter(JOE, s.number(), body="y" * 2500 + "\n"))


def eight_bit(s):
    return letter(JOE, s.number(), body=EIGHT_BIT,
                  fields="Content-Transfer-Encoding: 8bit\n")


@test
def rewrite_old_hop_breaks(setup):
    """A next hop without 8BITMIME: the body is converted when it is sent, unless told not to be."""
    s = setup.get(RewriteStage)
    d = breaks(s, "old_hop", eight_bit(s), s.old_sink)
    equal(d.get("Content-Transfer-Encoding"), "quoted-printable", "as delivered")
    m = letter(JOE, s.number())
    verify(Kept(s), s.through("old_hop", m), m)                   # seven bits are left alone
    m = eight_bit(s)
    d = verify(Kept(s), s.through("old_hop_unconverted", m), m)
    lacks(str(d.get("Content-Transfer-Encoding")), "quoted", "as delivered")


@test
def rewrite_old_hop_encoded_before(setup):
    """force_mime_input_conversion (Postfix 3.9): converted before it is signed."""
    s = setup.get(RewriteStage)
    version = re.search(r"^(\d+)\.(\d+)", s.mta.command("postconf", "-h", "mail_version"), re.M)
    if (int(version[1]), int(version[2])) < (3, 9):
        raise host.Unavailable("Postfix %s cannot" % version[0])
    m = eight_bit(s)
    d = verify(Kept(s), s.through("old_hop_encoded", m), m)
    equal(d.get("Content-Transfer-Encoding"), "quoted-printable", "as delivered")
