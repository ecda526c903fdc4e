"""A private Sendmail: unpacked tree, a configuration made with m4, own queue and ports.

Like Postfix it hands all it accepts to one SMTP sink.  Sendmail has no XCLIENT: a test gives a client its
address by connecting from another address of 127.0.0.0/8.

    s = Sendmail(cache, directory, sink_port, milter="inet:8893@127.0.0.1")
"""

import glob
import os
import shutil
import socket
import socketserver
import struct
import threading

import host
import documents  # from tests/lib, where host.py leads to


class SaslAuthd(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The Cyrus SASL password server's protocol: four counted strings in, one out."""

    daemon_threads = True

    def __init__(self, path, users):
        self.users = users
        super().__init__(path, SaslAuthdSession)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class SaslAuthdSession(socketserver.StreamRequestHandler):
    def counted(self):
        size = self.rfile.read(2)
        return self.rfile.read(struct.unpack(">H", size)[0]).decode() if len(size) == 2 else ""

    def handle(self):
        user, password, _service, realm = (self.counted() for _ in range(4))
        known = self.server.users.get(user) or self.server.users.get("%s@%s" % (user, realm))
        answer = b"OK" if password and known == password else b"NO"
        self.wfile.write(struct.pack(">H", len(answer)) + answer)


class Sendmail:
    name = "Sendmail"
    has_xclient = False
    has_auth = True                              # unless the machine allows no namespace

    def __init__(self, cache, directory, sink_port, milter=None, hostname="mx.receiver.test", users=None):
        """milter: Sendmail syntax ("unix:/path" or "inet:8893@127.0.0.1")."""
        host.need_root("a private Sendmail")
        self.tree = os.path.join(cache, "sendmail")
        if not os.path.isfile(os.path.join(self.tree, ".complete")):
            raise host.Unavailable("no unpacked Sendmail in %s (run tests/mta/fetch)" % cache)
        if not shutil.which("m4"):
            raise host.Unavailable("Sendmail's configuration is made with m4, which is not here")
        self.directory = directory
        self.queue = os.path.join(directory, "q")
        self.hostname = hostname
        self.sink_port = sink_port
        self.milter = milter
        self.users = users or {"joe@sender.test": "secret"}
        self.ports = dict(zip(("smtp", "submission"), host.free_ports(2)))
        self.process = self.sasl = None
        self.lay_out()
        self.lay_out_submission()

    port = property(lambda self: self.ports["smtp"])
    submission = property(lambda self: self.ports["submission"])

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def environment(self):
        libraries = [d for d, _, files in os.walk(self.tree) if any(".so" in f for f in files)
                     and not d.endswith("/sasl2")]
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": ":".join(libraries)}

    def lay_out(self):
        host.owned_dir(self.directory)
        host.owned_dir(self.queue, None, 0o700)
        host.owned_dir(self.path("sasl"))
        host.write(self.path("aliases"), "")
        host.write(self.path("local-host-names"), "")
        host.write(self.path("hosts"), "127.0.0.1 localhost\n127.0.0.1 %s\n" % self.hostname)
        host.write(self.path("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        host.write(self.path("service.switch"), "hosts files\naliases files\npasswd files\n")
        host.write(self.path("sasl/Sendmail.conf"),
                   "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\nsaslauthd_path: %s\n"
                   % self.path("sasl/mux"))
        for plugin in glob.glob(os.path.join(self.tree, "usr/lib/*/sasl2/lib*.so*")):
            shutil.copy(plugin, self.path("sasl"))
        host.write(self.path("sendmail.mc"), self.mc())
        cf = os.path.join(self.tree, "usr/share/sendmail/cf")
        text = host.run(["m4", "-D_CF_DIR_=%s/" % cf, os.path.join(cf, "m4/cf.m4"),
                         self.path("sendmail.mc")], errors=False)
        host.write(self.path("sendmail.cf"), text)

    def mc(self):
        settings = {
            "confDOMAIN_NAME": self.hostname,
            "QUEUE_DIR": self.queue,
            "confPID_FILE": self.path("sendmail.pid"),
            "STATUS_FILE": self.path("statistics"),
            "HELP_FILE": self.path("helpfile"),
            "ALIAS_FILE": self.path("aliases"),
            "confCW_FILE": self.path("local-host-names"),
            "confSERVICE_SWITCH_FILE": self.path("service.switch"),
            "confHOSTS_FILE": "/etc/hosts",
            "confDONT_PROBE_INTERFACES": "True",
            "confDONT_BLAME_SENDMAIL": "GroupWritableDirPathSafe",
            "HOST_STATUS_DIRECTORY": self.path("status"),
            "confDEAD_LETTER_DROP": self.path("dead.letter"),
            "confTO_IDENT": "0s",
            "confTO_CONNECT": "5s",
            "confMIN_QUEUE_AGE": "0",
            "confLOG_LEVEL": "9",
            "confPRIVACY_FLAGS": "goaway",
            "confBAD_RCPT_THROTTLE": "0",
            "confAUTH_OPTIONS": "",
            "confAUTH_MECHANISMS": "PLAIN LOGIN",
            "SMART_HOST": "relay:[127.0.0.1]",
            "RELAY_MAILER_ARGS": "TCP $h %d" % self.sink_port,
            "ESMTP_MAILER_ARGS": "TCP $h %d" % self.sink_port,
            "RELAY_MAILER_LL": "0",              # lines are not cut
            "confMILTER_LOG_LEVEL": "14",
        }
        lines = ["VERSIONID(`private')", "OSTYPE(`linux')"]
        lines += ["define(`%s', `%s')dnl" % kv for kv in settings.items()]
        lines += ["FEATURE(`no_default_msa')", "FEATURE(`promiscuous_relay')", "FEATURE(`nocanonify')",
                  "FEATURE(`accept_unresolvable_domains')", "FEATURE(`accept_unqualified_senders')",
                  "TRUST_AUTH_MECH(`PLAIN LOGIN')",
                  "DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=%d')" % self.ports["smtp"],
                  "DAEMON_OPTIONS(`Name=MSA, Addr=127.0.0.1, Port=%d, M=Ea')" % self.ports["submission"]]
        if self.milter:
            lines.append(self.readme_filter().replace("local:/run/assay/assay.sock", self.milter))
        lines += ["MAILER(`smtp')", "LOCAL_CONFIG", "ESASL_CONF_PATH=/mnt", "ESASL_PATH=/mnt"]
        return "divert(-1)divert(0)dnl\n" + "\n".join(lines) + "\n"

    @staticmethod
    def readme_filter():
        """The line that README has for sendmail.mc, as it is written; only the socket is another."""
        return documents.section("README", "Set up with Sendmail", 0).lines[0]

    def lay_out_submission(self):
        """The submission program: Sendmail with submit.cf, which hands mail to the daemon over loopback."""
        host.owned_dir(self.path("mspq"), "nobody", 0o770)
        settings = {
            "confCF_VERSION": "Submit",
            "confDOMAIN_NAME": self.hostname,
            "confDONT_BLAME_SENDMAIL": "GroupWritableDirPathSafe,DontWarnForwardFileInUnsafeDirPath",
            "confRUN_AS_USER": "nobody",
            "confSERVICE_SWITCH_FILE": self.path("service.switch"),
            "confTIME_ZONE": "USE_TZ",
            "MSP_QUEUE_DIR": self.path("mspq"),
            "RELAY_MAILER_ARGS": "TCP $h %d" % self.ports["smtp"],
            "ESMTP_MAILER_ARGS": "TCP $h %d" % self.ports["smtp"],
        }
        lines = ["VERSIONID(`private')", "define(`__OSTYPE__', `')dnl"]
        lines += ["define(`%s', `%s')dnl" % kv for kv in settings.items()]
        lines += ["FEATURE(`msp', `[127.0.0.1]')"]
        host.write(self.path("submit.mc"), "divert(-1)divert(0)dnl\n" + "\n".join(lines) + "\n")
        cf = os.path.join(self.tree, "usr/share/sendmail/cf")
        host.write(self.path("submit.cf"), host.run(
            ["m4", "-D_CF_DIR_=%s/" % cf, os.path.join(cf, "m4/cf.m4"), self.path("submit.mc")], errors=False))

    def submit(self, message, recipients, sender):
        """By the sendmail command: the submission program, as a local program or a .forward pipe runs it."""
        return host.run(self.own_namespace() + [self.argv()[0], "-C", self.path("submit.cf"), "-Ac", "-i", "-odi",
                                                "-f", sender, "--"] + list(recipients),
                        env=self.environment(), stdin=message)

    def argv(self, *more):
        return [os.path.join(self.tree, "usr/libexec/sendmail/sendmail"), "-C", self.path("sendmail.cf")
                ] + list(more)

    def own_namespace(self):
        """What to start Sendmail by, so that it sees a machine made for it.

        Sendmail asks for the machine's name before it reads its configuration, sleeps a minute when that
        has no domain, and asks the real DNS for it: so a host name, hosts and resolv.conf of its own.
        And it trusts no SASL configuration and plugins below a directory open to all, as /tmp is, and no
        setting changes that: so that directory appears at /mnt.
        """
        script = self.path("enter")
        host.write(script, """#!/bin/sh
set -e
echo %s >/proc/sys/kernel/hostname
mount --bind %s /etc/hosts
mount --bind %s /etc/resolv.conf
mount --bind %s /mnt
exec "$@"
""" % (self.hostname, self.path("hosts"), self.path("resolv.conf"), self.path("sasl")), 0o755)
        prefix = ["unshare", "--uts", "--mount", script]
        try:
            host.run(prefix + ["true"])
            return prefix
        except (host.Broken, OSError) as e:
            if "." in socket.getfqdn():
                self.has_auth = False
                return []
            raise host.Unavailable("this machine has no domain name and allows no namespaces, "
                                   "and Sendmail needs one of them (%s)" % e)

    def start(self):
        prefix = self.own_namespace()
        self.sasl = SaslAuthd(self.path("sasl/mux"), self.users)
        self.process = host.Process(prefix + self.argv("-bD", "-q1s", "-X", self.path("traffic")),
                                    self.path("output"),
                                    env=self.environment())
        if not host.until(lambda: not self.process.running() or
                          all(host.listening(p) for p in self.ports.values()), 20, 0.05) \
                or not self.process.running():
            self.stop()
            raise host.Broken("Sendmail did not start: " + self.log())
        return self

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None
        if self.sasl:
            self.sasl.stop()
            self.sasl = None
            os.unlink(self.path("sasl/mux"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    # -- what a test asks ----------------------------------------------------------------------

    def mailq(self):
        """[{queue_name, queue_id, sender, recipients, reason}]; "hold" is Sendmail's quarantine."""
        found = []
        for name in sorted(os.listdir(self.queue)):
            if name[:2] not in ("qf", "hf"):
                continue
            lines = host.read(os.path.join(self.queue, name)).splitlines()
            found.append({
                "queue_name": "hold" if name.startswith("hf") else "queued", "queue_id": name[2:],
                "sender": "".join(l[1:].strip("<>") for l in lines if l.startswith("S")),
                "recipients": [l.rpartition("<")[2].rstrip(">") for l in lines if l.startswith("R")],
                "reason": "".join(l[1:] for l in lines if l.startswith("q"))})
        return found

    def held(self):
        return [m for m in self.mailq() if m["queue_name"] == "hold"]

    def cat(self, queue_id):
        """The message in the queue: its header as the queue file has it, and the body."""
        return "".join(host.read(os.path.join(self.queue, kind + queue_id)) for kind in ("hf", "qf", "df"))

    def drained(self, timeout=30):
        return host.until(lambda: len(self.mailq()) == len(self.held()), timeout, 0.1)

    def log(self):
        return host.read(self.path("output")) + host.read(self.path("maillog"))
