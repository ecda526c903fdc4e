"""Keys that live: made, published by a hook in a real name server (nsd), proven, rotated, while mail flows.

What is counted is what receivers would see: each delivered message is verified by dkimcheck.py with the records
that nsd answers with at that moment.  A second host signs with the same keys, which rsync brings to it.
"""

import base64
import glob
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

import dkimcheck
import host
import documents  # from tests/lib, where host.py leads to
from case import check, equal, test
from checks_classes import JOE
from stage import PostfixStage
from world import OURS, letter

HOOK = r'''#!%(python)s
import fcntl, os, signal
records, zone, lock = "%(dir)s/records", "%(dir)s/zone", open("%(dir)s/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
name, value = os.environ["ASSAY_TARGET"] + ".", os.environ["ASSAY_VALUE"]
lines = [l for l in open(records).read().splitlines() if not l.startswith(name + " ")]
if os.environ["ASSAY_ACTION"] == "publish":
    parts = [value[i:i + 200] for i in range(0, len(value), 200)]
    lines.append("%%s 1 IN TXT %%s" %% (name, " ".join('"%%s"' %% p for p in parts)))
open(records, "w").write("".join(l + "\n" for l in lines))
serial = int(open(zone).read().split()[6]) + 1
with open(zone + ".new", "w") as f:
    f.write("""%(soa)s""" %% serial + open(records).read())
os.rename(zone + ".new", zone)
os.kill(int(open("%(dir)s/nsd.pid").read()), signal.SIGHUP)
'''

NSD = """server:
	ip-address: 127.0.0.1@%(port)d
	server-count: 1
	username: ""
	database: ""
	zonesdir: "%(dir)s"
	pidfile: "%(dir)s/nsd.pid"
	xfrdfile: "%(dir)s/xfrd.state"
	xfrdir: "%(dir)s"
	zonelistfile: "%(dir)s/zone.list"
remote-control:
	control-enable: no
zone:
	name: "%(ours)s"
	zonefile: "zone"
"""


def unpacked(setup, name, program):
    tree = os.path.join(setup.cache, name)
    path = os.path.join(tree, program)
    if not os.access(path, os.X_OK):
        raise host.Unavailable("no %s in %s (run tests/mta/fetch)" % (name, setup.cache))
    libraries = glob.glob(os.path.join(tree, "usr/lib/*-linux-*")) + glob.glob(os.path.join(tree, "lib/*-linux-*"))
    return path, dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))


class Nsd:
    def __init__(self, setup, directory):
        program, env = unpacked(setup, "nsd", "usr/sbin/nsd")
        self.dir = host.owned_dir(directory)
        self.port, = host.free_ports(1)
        soa = "%(ours)s. 1 IN SOA ns.%(ours)s. root.%(ours)s. %%d 60 60 3600 1\n%(ours)s. 1 IN NS ns.%(ours)s.\nns.%(ours)s. 1 IN A 127.0.0.1\n" % {"ours": OURS}
        words = {"dir": directory, "port": self.port, "ours": OURS, "python": sys.executable, "soa": soa}
        host.write(os.path.join(directory, "records"), "")
        host.write(os.path.join(directory, "zone"), soa % 1)
        self.hook = host.write(os.path.join(directory, "hook"), HOOK % words, 0o755)
        config = host.write(os.path.join(directory, "nsd.conf"), NSD % words)
        self.process = host.Process([program, "-d", "-c", config], os.path.join(directory, "log"), env=env)
        if not host.until(lambda: self.text("ns." + OURS, 1) is not None or not self.process.running(), 20) or not self.process.running():
            self.stop()
            raise host.Broken("nsd did not start: " + host.read(os.path.join(directory, "log")))

    def text(self, name, kind=16):
        """The joined strings of the TXT record, "" where there is none, None without an answer."""
        labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
        query = struct.pack(">6H", 4711, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.sendall(struct.pack(">H", len(query)) + query)
                stream = s.makefile("rb")
                answer = stream.read(struct.unpack(">H", stream.read(2))[0])
        except (OSError, struct.error):
            return None
        count, at = struct.unpack(">H", answer[6:8])[0], len(query)
        if count == 0:
            return ""
        length, = struct.unpack(">H", answer[at + 10:at + 12])  # the owner is a pointer of two octets
        data, joined = answer[at + 12:at + 12 + length], b""
        while kind == 16 and data:
            joined, data = joined + data[1:1 + data[0]], data[1 + data[0]:]
        return joined.decode()

    def stop(self):
        self.process.stop()


class Published:
    """What dkimcheck.verify() takes for keys: public keys as the name server has them now."""

    def __init__(self, nsd, directory):
        self.nsd, self.directory = nsd, host.owned_dir(directory)

    def get(self, which):
        domain, selector = which
        record = self.nsd.text("%s._domainkey.%s" % (selector, domain))
        found = re.search(r"p=([A-Za-z0-9+/=]+)", record or "")
        if not found:
            return None
        der = base64.b64decode(found.group(1))
        if "k=ed25519" in record:
            der = bytes.fromhex("302a300506032b6570032100") + der
        text = base64.encodebytes(der).decode()
        return host.write(os.path.join(self.directory, "%s-%s" % (selector, threading.get_ident())),
                          "-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % text)


class Flow(threading.Thread):
    """Letters, one after the other; each is verified when it is delivered."""

    def __init__(self, stage, keys):
        super().__init__(daemon=True)
        self.stage, self.keys = stage, keys
        self.ending = False
        self.seen = []          # (when it was sent, [(domain, selector, verdict)])
        self.trouble = None

    def run(self):
        try:
            while not self.ending:
                message = letter(JOE, self.stage.number())
                sent = time.monotonic()
                outcome = self.stage.submit(message, "joe@" + OURS)
                delivery = self.stage.passed(outcome, message)
                self.seen.append((sent, dkimcheck.verify(delivery.data, self.keys)))
        except Exception as e:  # shown by the test
            self.trouble = e

    def end(self):
        self.ending = True
        self.join(60)

    def bad_since(self, begin):
        return [v for sent, v in self.seen if sent >= begin and (not v or any(r[2] != "pass" for r in v))]

    def selectors_since(self, begin):
        return {r[1] for sent, v in self.seen if sent >= begin for r in v}


class Rsync(threading.Thread):
    """Brings the first host's keys to the second again and again, as a timer would; by the command of assay(1)."""

    def __init__(self, setup, source, target):
        super().__init__(daemon=True)
        self.program, self.env = unpacked(setup, "rsync", "usr/bin/rsync")
        self.options = re.search(r"(?m)^\.Pq rsync (-.*) ;", host.read(os.path.join(documents.TOP, "doc/assay.1"))).group(1).split()
        self.source, self.target = source, target
        self.ending = False
        self.runs = 0

    def run(self):
        while not self.ending:
            ended = subprocess.run([self.program, *self.options, self.source + "/", self.target + "/"],
                                   env=self.env, capture_output=True)
            if ended.returncode not in (0, 24):  # 24: a file was renamed meanwhile, and comes next time
                raise host.Broken("rsync: exit %d: %s" % (ended.returncode, ended.stderr.decode()))
            self.runs += 1
            time.sleep(0.5)

    def end(self):
        self.ending = True
        self.join(60)


class SecondHost(PostfixStage):
    pass


class Site:
    """The key directory of one host, the tool's configuration, the name server."""

    def __init__(self, setup, stage):
        self.stage = stage
        self.nsd = Nsd(setup, os.path.join(stage.place, "nsd"))
        self.keys = host.owned_dir(os.path.join(stage.place, "livekeys"), stage.user, 0o755)
        self.domain = os.path.join(self.keys, OURS)
        self.conf = host.write(os.path.join(stage.place, "keys.conf"), 'keys = "%s"\ndns { servers = "127.0.0.1:%d" timeout = 2s }\n'
                               % (self.keys, self.nsd.port))

    def rotate(self):
        return self.stage.assay.run("key", "rotate", OURS, "-c", self.conf, "--server", "127.0.0.1:%d" % self.nsd.port, "--hook", self.nsd.hook)

    def files(self, state):
        return sorted(n for n in os.listdir(self.domain) if re.fullmatch(r"[^.]+%s\.pem" % re.escape(state), n))

    def rotate_until(self, condition, what):
        """One step a call, as a timer would; the zone's negative TTL is a second."""
        said = []
        for _ in range(20):
            if condition():
                return
            said.append(self.rotate())
            time.sleep(1.2)
        raise AssertionError("%s did not come about: %s\n%s" % (what, sorted(os.listdir(self.domain)), "".join(said)))

    def older(self, names, days):
        for name in names:
            path = os.path.join(self.domain, name)
            when = os.stat(path).st_mtime - days * 86400
            os.utime(path, (when, when))


def begin(site):
    """From an empty directory to two keys that sign."""
    equal(os.listdir(site.keys), [], "keys at first")
    site.stage.assay.run("key", "new", OURS, "--type", "both", "-c", site.conf)
    equal(len(site.files(".pending")), 2, "pending keys")
    site.rotate_until(lambda: len(site.files("")) == 2, "the first activation")
    return site.files("")


def sign_with(flows, selectors):
    """Have all flows seen a message with these alone?  They are sequential: none with others is on its way then."""
    return all(flow.trouble or (flow.seen and {r[1] for r in flow.seen[-1][1]} == selectors) for flow in flows)


def whole_rotation(site, old, flows):
    site.older(old, 200)
    site.rotate_until(lambda: len(site.files("")) == 4, "the activation of the next keys")
    site.rotate_until(lambda: site.files(".retiring") == [n.replace(".pem", ".retiring.pem") for n in old], "the retirement of the old keys")
    new = {n[:-4] for n in site.files("")}
    check(host.until(lambda: sign_with(flows, new), 60), "a host goes on signing with the old keys")
    site.older(site.files(".retiring"), 8)       # a week later
    site.rotate_until(lambda: len(site.files(".retired")) == 2, "the removal of the old records")
    for name in old:
        gone = "%s._domainkey.%s" % (name[:-4], OURS)
        check(host.until(lambda: site.nsd.text(gone) == "", 10), "the old record is there: " + gone)


@test
def keys_rotate_while_mail_flows(setup):
    """A whole rotation by nsd and the hook: no message unsigned or badly signed, on either of two hosts."""
    stage = setup.postfix()
    second = None
    site = Site(setup, stage)
    flows, mirror = [], None
    try:
        stage.configure(keys=site.keys)
        flows.append(Flow(stage, Published(site.nsd, os.path.join(stage.place, "seen"))))
        flows[0].start()
        old = begin(site)
        second = setup.get(SecondHost)
        there = host.owned_dir(os.path.join(second.place, "livekeys"), second.user, 0o755)
        mirror = Rsync(setup, site.keys, there)
        mirror.start()
        check(host.until(lambda: mirror.runs > 1 or not mirror.is_alive(), 30), "rsync does not run")
        second.configure(keys=there)
        time.sleep(2)                            # directories are looked at once a second
        flows.append(Flow(second, Published(site.nsd, os.path.join(second.place, "seen"))))
        flows[1].start()
        start = time.monotonic()
        whole_rotation(site, old, flows)
        end = time.monotonic()
        time.sleep(3)
        check(mirror.is_alive(), "rsync has stopped")
        for flow in flows:
            flow.end()
            check(flow.trouble is None, "mail stopped: %s" % flow.trouble)
            equal(flow.bad_since(start), [], "messages unsigned or badly signed, of %d" % len(flow.seen))
            check(len([1 for sent, _ in flow.seen if sent >= start]) >= 10, "too few messages: %d" % len(flow.seen))
            equal(flow.selectors_since(end + 2), {n[:-4] for n in site.files("")}, "the selectors at the end")
        print("     %s messages during the rotation, on two hosts" % " and ".join(
            str(len([1 for sent, _ in f.seen if sent >= start])) for f in flows))
    finally:
        for thread in [*flows, *([mirror] if mirror else [])]:
            thread.end()
        site.nsd.stop()
        setup.postfix()
