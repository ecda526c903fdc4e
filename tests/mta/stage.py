"""A whole site in one directory: assayd, a private MTA, its zone, the receivers' sink."""

import os
import threading

import authres
import host
import smtp
import world
from assayd import Assay, Assayd, merged
from case import check
from postfix import Postfix, SASL
from sendmail import Sendmail
from world import HOSTNAME, OURS

LOGIN = ("joe@" + OURS, "secret")
USERS = {LOGIN[0]: LOGIN[1], "eve@" + OURS: "secret", "guest@elsewhere.example": "secret"}


# what assayd reads at its start only; everything else takes effect by a reload
START_ONLY = ("listen", "socket-mode", "socket-group", "user", "allow-remote-mta", "log", "reports")


class Stage:
    """Subclasses make self.mta, self.world and the listen address."""

    def __init__(self, build, cache):
        self.assay = Assay(build)
        self.place = host.place()
        self.sink = smtp.Sink()
        self.lock = threading.Lock()
        self.count = 0
        self.user = host.spare_accounts(3, ("postfix",))[2]
        self.mta = None
        self.daemon = None
        try:
            self.build_up(build, cache)
        except BaseException:
            self.stop()
            raise

    def make_world(self, prefix):
        self.world = world.World(os.path.join(self.place, "w"), prefix, self.user)
        self.world.add_key(OURS, "2026a", "rsa")
        self.world.add_key(OURS, "2026e", "ed25519")
        self.world.write_zone()

    def base_options(self, listen, sign_ports, pass_ports):
        a = self.world.address
        return {
            "authserv-id": HOSTNAME,
            "listen": listen,
            "user": self.user,
            "keys": self.world.keys,
            "enforce": "yes",
            "internal-hosts": ["127.0.0.1", "::1", a("office")],
            "own-relays": [a("relay")],
            "forwarders": [a("forwarder")],
            "sign-ports": sign_ports,
            "pass-ports": pass_ports,
            "dns": {"test-zone-file": self.world.zone_file, "timeout": "2s", "deadline": "10s"},
            "log": {"target": "stderr"},
        }

    def configure(self, **changes):
        """assayd runs with the base options and these changes ("_" in a name stands for "-")."""
        wanted = merged(self.options, {k.replace("_", "-"): v for k, v in changes.items()})
        self.world.write_zone()
        if self.daemon.running() and self.daemon.options == wanted:
            return self
        same_start = all(self.daemon.options.get(name) == wanted.get(name) for name in START_ONLY)
        self.daemon.options = wanted
        if self.daemon.running() and same_start:
            if not self.daemon.reload(wait="configuration reloaded"):
                raise host.Broken("the reload failed: " + self.daemon.log()[-2000:])
        else:                                    # a stop takes seconds
            self.daemon.stop()
            self.daemon.start()
        return self

    def number(self):
        with self.lock:
            self.count += 1
            return "n%d" % self.count

    # -- sending -------------------------------------------------------------------------------

    def arrive(self, message, client, sender, to="anna@" + OURS, port=None, helo="client.example", **more):
        """A message from that client of the world; client None: from this machine itself."""
        if client and self.mta.has_xclient:
            more["client"] = {"ADDR": self.world.address(client), "NAME": "[UNAVAILABLE]"}
        elif client:
            more["source"] = self.world.address(client)
        return smtp.send("127.0.0.1", port or self.mta.port, sender, to, message, helo=helo, **more)

    def submit(self, message, sender, to="friend@far.example", login=LOGIN, port=None):
        return smtp.send("127.0.0.1", port or self.mta.submission, sender, to, message, login=login)

    def signed(self, message, domain):
        """As that domain's own server would have signed it."""
        return self.assay.sign(message, domain, "s1", self.world.remote_key)

    def delivered(self, message, timeout=20):
        found = self.sink.wait(world.message_id(message), timeout)
        check(found, "%s was not delivered" % world.message_id(message))
        return found

    def results(self, delivery):
        return authres.summary(delivery, HOSTNAME)

    def passed(self, outcome, message):
        """It was accepted; -> how it was delivered."""
        check(outcome.accepted, "not accepted: %s" % outcome)
        return self.delivered(message)

    # -- the end -------------------------------------------------------------------------------

    def evidence(self):
        text = ""
        if self.daemon:
            text += "\n--- assayd\n" + self.daemon.log()[-2500:]
        if self.mta:
            text += "\n--- %s\n%s" % (self.mta.name, self.mta.log()[-1500:])
        return text

    def stop(self):
        """-> what was still running or complained about; empty when all is well."""
        trouble = ""
        if self.mta:
            self.mta.stop()
        if self.daemon:
            status = self.daemon.stop()
            if status not in (0, None, -9):
                trouble += "assayd ended with status %s\n%s" % (status, self.daemon.log()[-3000:])
        for server in (self.sink, getattr(self, "filter", None), getattr(self, "proxy", None)):
            if server:
                server.stop()
        trouble += host.processes_naming(self.place)
        host.discard(self.place)
        return trouble


class PostfixStage(Stage):
    def additions(self):
        """More smtpd and more lines of master.cf, see Postfix."""
        return {}, ""

    def build_up(self, build, cache):
        self.make_world("192.0.2.")
        self.filter = smtp.Filter(0)
        self.proxy = smtp.Filter(0)
        ports, services = self.additions()
        self.mta = Postfix(
            cache, os.path.join(self.place, "p"), self.sink.port, milter="unix:assay/assay.sock",
            hostname=HOSTNAME, users=USERS, services=services,
            settings={"internal_mail_filter_classes": "bounce"}, extra=dict({
                "sign": {},
                "pass": {},
                "auth25": SASL,
                # the usual wiring of a content filter: milters only after it
                "filtered": {"content_filter": "smtp:[127.0.0.1]:%d" % self.filter.port, "smtpd_milters": ""},
                "filteredauth": dict(SASL, content_filter="smtp:[127.0.0.1]:%d" % self.filter.port),
                "proxied": {"smtpd_proxy_filter": "127.0.0.1:%d" % self.proxy.port},
            }, **ports))
        self.filter.onward_port = self.proxy.onward_port = self.mta.reinject
        ports = self.mta.ports
        self.options = dict(
            self.base_options("unix:%s/assay/assay.sock" % self.mta.queue, [ports["sign"], 0], [ports["pass"]]),
            **{"socket-group": self.mta.group, "socket-mode": "0660"})
        self.daemon = Assayd(build, os.path.join(self.place, "d"), self.options)
        self.daemon.start()
        self.mta.start()


class SendmailStage(Stage):
    """Sendmail trusts no socket below a directory that is open to all: so assayd listens on inet."""

    def build_up(self, build, cache):
        self.make_world("127.0.2.")
        port, = host.free_ports(1)
        self.mta = Sendmail(cache, os.path.join(self.place, "s"), self.sink.port,
                            milter="inet:%d@127.0.0.1" % port, hostname=HOSTNAME, users=USERS)
        self.options = self.base_options("inet:127.0.0.1:%d" % port, [self.mta.submission], [])
        self.daemon = Assayd(build, os.path.join(self.place, "d"), self.options)
        self.daemon.start()
        self.mta.start()


class Setup:
    """What every test is handed: the stages, each built when first asked for."""

    def __init__(self, build, cache):
        self.build = build
        self.cache = cache
        self.stages = {}
        self.current = None

    def get(self, kind, **options):
        if kind not in self.stages:
            try:
                self.stages[kind] = kind(self.build, self.cache)
            except host.Unavailable as e:
                self.stages[kind] = e          # not tried again
        self.current = self.stages[kind]
        if isinstance(self.current, host.Unavailable):
            raise self.current
        return self.current.configure(**options)

    def postfix(self, **options):
        return self.get(PostfixStage, **options)

    def sendmail(self, **options):
        return self.get(SendmailStage, **options)

    def evidence(self):
        return self.current.evidence() if isinstance(self.current, Stage) else ""

    def stop(self):
        return "".join(s.stop() for s in self.stages.values() if isinstance(s, Stage))
