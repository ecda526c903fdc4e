"""A private Postfix: unpacked tree, own configuration, queue and ports, in a directory of the caller.

It runs as Debian's does - smtpd and cleanup chrooted to the queue directory - so a milter's unix socket
must lie below that directory, as on a real machine.  All mail it accepts goes to one SMTP sink.

    p = Postfix(cache, directory, sink_port, milter="unix:assay/assay.sock")
    p.start() ... smtp.send("127.0.0.1", p.port, ...) ... p.stop()

Ports: port (incoming, XCLIENT from loopback), submission (SASL AUTH), reinject (after a content filter),
and by `extra` as many more as a test wants.
"""

import base64
import glob
import json
import os
import re
import shutil
import signal
import socketserver
import threading
import time

import host

# for a port that offers AUTH
SASL = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth",
        "smtpd_tls_auth_only": "no", "smtpd_sasl_security_options": "noanonymous"}

CHROOT_FILES = ("etc/hosts", "etc/services", "etc/localtime", "etc/host.conf")


class SaslServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """As much of Dovecot's authentication protocol (1.1) as Postfix asks for: AUTH PLAIN."""

    daemon_threads = True

    def __init__(self, path, users):
        self.users = users                       # {name: password}
        super().__init__(path, SaslSession)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class SaslSession(socketserver.StreamRequestHandler):
    def say(self, *fields):
        self.wfile.write(("\t".join(fields) + "\n").encode())

    def handle(self):
        self.say("VERSION", "1", "1")
        self.say("MECH", "PLAIN", "plaintext")
        self.say("SPID", str(os.getpid()))
        self.say("CUID", "1")
        self.say("COOKIE", "0" * 32)
        self.say("DONE")
        for line in self.rfile:
            fields = line.decode().rstrip("\n").split("\t")
            if fields[0] == "AUTH":
                self.answer(fields[1], [f[5:] for f in fields if f.startswith("resp=")])

    def answer(self, number, responses):
        _, user, password = (base64.b64decode(responses[0]).decode().split("\0") if responses
                             else ("", "", ""))
        if password and self.server.users.get(user) == password:
            self.say("OK", number, "user=" + user)
        else:
            self.say("FAIL", number, "user=" + user)


class Postfix:
    name = "Postfix"
    has_xclient = True

    def __init__(self, cache, directory, sink_port, milter=None, hostname="mx.receiver.test",
                 settings=None, extra=None, users=None, services=""):
        """milter: Postfix syntax ("unix:assay/assay.sock", relative to the queue; "inet:127.0.0.1:8893").

        settings: {main.cf name: value}, overriding ours.  extra: {name: {main.cf name: value}}, one
        more smtpd each, its port in self.ports[name].  users: {login: password}.  services: more
        lines of master.cf.
        """
        host.need_root("a private Postfix")
        self.tree = os.path.join(cache, "postfix")
        if not os.path.isfile(os.path.join(self.tree, ".complete")):
            raise host.Unavailable("no unpacked Postfix in %s (run tests/mta/fetch)" % cache)
        self.directory = directory
        self.config = os.path.join(directory, "etc")
        self.queue = os.path.join(directory, "q")
        self.logfile = os.path.join(directory, "maillog")
        self.hostname = hostname
        self.sink_port = sink_port
        self.milter = milter
        self.settings = settings or {}
        self.extra = extra or {}
        self.services = services
        self.users = users or {"joe@sender.test": "secret"}
        names = ["smtp", "submission", "reinject"] + list(self.extra)
        self.ports = dict(zip(names, host.free_ports(len(names))))
        self.owner, self.dropper = host.spare_accounts(2, ("postfix",))
        self.group = host.group_of(self.owner)   # a milter's socket must be open to this group
        self.master = self.sasl = None
        self.lay_out()

    port = property(lambda self: self.ports["smtp"])
    submission = property(lambda self: self.ports["submission"])
    reinject = property(lambda self: self.ports["reinject"])

    # -- files ---------------------------------------------------------------------------------

    def library_path(self):
        """Postfix's own libraries, and those that the machine lacks and fetch unpacked beside it."""
        return ":".join([os.path.join(self.tree, "usr/lib/postfix")]
                        + sorted(glob.glob(os.path.join(self.tree, "usr/lib/*-linux-*")))
                        + sorted(glob.glob(os.path.join(self.tree, "lib/*-linux-*"))))

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": self.config,
                "LD_LIBRARY_PATH": self.library_path()}

    def program(self, name):
        return os.path.join(self.directory, "bin", name)

    def wrap_programs(self):
        """sendmail runs postdrop, and postdrop postlog, without the library path: so by way of a wrapper."""
        library = self.environment()["LD_LIBRARY_PATH"]
        host.owned_dir(os.path.join(self.directory, "bin"))
        for name in ("sendmail", "postdrop", "postqueue", "postcat", "postsuper", "postlog", "postconf"):
            host.write(self.program(name), '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n'
                       % (library, os.path.join(self.tree, "usr/sbin", name)), 0o755)

    def lay_out(self):
        owner = self.owner
        host.owned_dir(self.directory)
        host.owned_dir(self.config)
        host.owned_dir(os.path.join(self.directory, "data"), owner, 0o700)
        host.owned_dir(self.queue)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                     "private", "saved", "trace"):
            host.owned_dir(os.path.join(self.queue, name), owner, 0o700)
        dropgroup = host.group_of(self.dropper)
        host.owned_dir(os.path.join(self.queue, "maildrop"), owner, 0o730, dropgroup)
        host.owned_dir(os.path.join(self.queue, "public"), owner, 0o710, dropgroup)
        host.owned_dir(os.path.join(self.queue, "pid"), None, 0o755)
        self.wrap_programs()
        self.furnish_chroot()
        self.write_main_cf()
        self.write_master_cf()
        host.write(os.path.join(self.config, "dynamicmaps.cf"), "")

    def furnish_chroot(self):
        """What Debian copies into the chroot; no name servers, so that nothing can ask the real DNS."""
        os.makedirs(os.path.join(self.queue, "etc"), exist_ok=True)
        for name in CHROOT_FILES:
            if os.path.exists("/" + name):
                shutil.copyfile("/" + name, os.path.join(self.queue, name))
        host.write(os.path.join(self.queue, "etc/resolv.conf"), "nameserver 127.0.0.1\n")
        host.write(os.path.join(self.queue, "etc/nsswitch.conf"), "hosts: files\n")

    def main_cf(self):
        sink = "smtp:[127.0.0.1]:%d" % self.sink_port
        cf = {
            "compatibility_level": "3.6",
            "queue_directory": self.queue,
            "data_directory": os.path.join(self.directory, "data"),
            "config_directory": self.config,
            "daemon_directory": os.path.join(self.tree, "usr/lib/postfix/sbin"),
            "command_directory": os.path.join(self.directory, "bin"),
            "shlib_directory": os.path.join(self.tree, "usr/lib/postfix"),
            "meta_directory": self.config,
            "sendmail_path": self.program("sendmail"),
            "mailq_path": "/nonexistent/mailq",
            "newaliases_path": "/nonexistent/newaliases",
            "mail_owner": self.owner,
            "setgid_group": host.group_of(self.dropper),
            "default_privs": "nobody",
            "import_environment": "MAIL_CONFIG MAIL_LOGTAG LD_LIBRARY_PATH=" + self.library_path(),
            "maillog_file": self.logfile,
            "maillog_file_prefixes": self.directory,
            "myhostname": self.hostname,
            "myorigin": self.hostname,
            "mydestination": "",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4, ipv6",
            "mynetworks": "127.0.0.0/8 [::1]/128",
            "relay_domains": "static:yes",
            "default_transport": sink,
            "relay_transport": sink,
            "local_transport": sink,
            "virtual_transport": sink,
            # nothing is looked up, nothing is put off, nothing is rewritten on the way to the sink
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "smtp_line_length_limit": "0",
            "smtp_tls_security_level": "none",
            "smtpd_tls_security_level": "none",
            "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, "
                                        "reject_unauth_destination",
            "smtpd_authorized_xclient_hosts": "127.0.0.0/8 [::1]/128",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_error_sleep_time": "0",
            "smtpd_hard_error_limit": "1000",
            "smtpd_soft_error_limit": "1000",
            "in_flow_delay": "0",
            "queue_run_delay": "3s",
            "minimal_backoff_time": "3s",
            "maximal_backoff_time": "3s",
            "smtp_connect_timeout": "5s",
            "smtputf8_enable": "yes",
            "strict_smtputf8": "no",
            "message_reject_characters": r"\0",
            "biff": "no",
        }
        if self.milter:
            cf.update({"smtpd_milters": self.milter, "non_smtpd_milters": self.milter,
                       "milter_default_action": "tempfail", "milter_protocol": "6"})
        cf.update(self.settings)
        return cf

    def write_main_cf(self):
        path = host.write(os.path.join(self.config, "main.cf"),
                          "".join("%s = %s\n" % kv for kv in self.main_cf().items()))
        # Postfix reads a file that is seconds old again and again until it has aged
        past = time.time() - 60
        os.utime(path, (past, past))

    def smtpd_line(self, name, overrides):
        lines = ["127.0.0.1:%d inet n - y - - smtpd" % self.ports[name]]
        lines += ["  -o { %s = %s }" % kv for kv in overrides.items()]
        return "\n".join(lines)

    def write_master_cf(self):
        lines = [
            # XCLIENT does not change that the connection is local, so header fields would be completed
            self.smtpd_line("smtp", {"local_header_rewrite_clients": ""}),
            self.smtpd_line("submission", dict(SASL, **{
                "smtpd_client_restrictions": "permit_sasl_authenticated, reject"})),
            # as the Postfix documentation has it: no second trip through the filter
            self.smtpd_line("reinject", {"content_filter": "", "smtpd_proxy_filter": ""}),
        ]
        lines += [self.smtpd_line(name, o) for name, o in self.extra.items()]
        lines.append(SERVICES + self.services)
        host.write(os.path.join(self.config, "master.cf"), "\n".join(lines))

    # -- life ----------------------------------------------------------------------------------

    def start(self):
        self.sasl = SaslServer(os.path.join(self.queue, "private/auth"), self.users)
        self.master = host.Process(
            [os.path.join(self.tree, "usr/lib/postfix/sbin/master"), "-c", self.config, "-d"],
            os.path.join(self.directory, "master.out"), env=self.environment())
        if not host.until(lambda: not self.master.running() or
                          all(host.listening(p) for p in self.ports.values()), 20, 0.05) \
                or not self.master.running():
            self.stop()
            raise host.Broken("Postfix did not start: %s%s"
                              % (host.read(os.path.join(self.directory, "master.out")), self.log()))
        return self

    def stop(self):
        if self.master:
            self.master.stop()
            self.master = None
        if self.sasl:
            self.sasl.stop()
            self.sasl = None
            os.unlink(os.path.join(self.queue, "private/auth"))

    def reload(self):
        """After a change of self.settings."""
        self.write_main_cf()
        self.master.signal(signal.SIGHUP)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    # -- what a test asks ----------------------------------------------------------------------

    def command(self, *argv, stdin=None, check=True):
        return host.run([self.program(argv[0]), "-c", self.config] + list(argv[1:]),
                        env=self.environment(), stdin=stdin, check=check)

    def submit(self, message, recipients, sender):
        """By the sendmail command: postdrop and pickup, as a local program does it."""
        return host.run([self.program("sendmail"), "-C", self.config, "-i", "-f", sender, "--"]
                        + list(recipients), env=self.environment(), stdin=message)

    def mailq(self):
        """[{queue_name, queue_id, sender, recipients, ...}] of everything in the queue, held mail included."""
        text = self.command("postqueue", "-j", check=False)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def held(self):
        return [m for m in self.mailq() if m["queue_name"] == "hold"]

    def cat(self, queue_id):
        """The message in the queue, header and body."""
        return self.command("postcat", "-qhb", queue_id)

    def flush(self):
        self.command("postqueue", "-f")

    def release(self, queue_id):
        self.command("postsuper", "-H", queue_id)
        self.flush()

    def drained(self, timeout=30):
        """Waits until nothing but held mail is queued; -> whether that came about."""
        return host.until(lambda: not [m for m in self.mailq() if m["queue_name"] != "hold"], timeout, 0.1)

    def log(self):
        return host.read(self.logfile)

    def log_has(self, pattern, timeout=5):
        """postlogd writes a little later than the client is answered."""
        return host.until(lambda: re.search(pattern, self.log()), timeout)


SERVICES = """\
pickup    unix  n - y 60    1  pickup
cleanup   unix  n - y -     0  cleanup
qmgr      unix  n - n 300   1  qmgr
tlsmgr    unix  - - y 1000? 1  tlsmgr
rewrite   unix  - - y -     -  trivial-rewrite
bounce    unix  - - y -     0  bounce
defer     unix  - - y -     0  bounce
trace     unix  - - y -     0  bounce
verify    unix  - - y -     1  verify
flush     unix  n - y 1000? 0  flush
proxymap  unix  - - n -     -  proxymap
proxywrite unix - - n -     1  proxymap
smtp      unix  - - y -     -  smtp
relay     unix  - - y -     -  smtp
showq     unix  n - y -     -  showq
error     unix  - - y -     -  error
retry     unix  - - y -     -  error
discard   unix  - - y -     -  discard
local     unix  - n n -     -  local
virtual   unix  - n n -     -  virtual
lmtp      unix  - - y -     -  lmtp
anvil     unix  - - y -     1  anvil
scache    unix  - - y -     1  scache
postlog   unix-dgram n - n - 1 postlogd
"""
