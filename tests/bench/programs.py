"""The programs that are measured: assayd, the idle milter, Debian's milters where they are found, name servers.

opendkim and opendmarc read the machine's resolv.conf and ask port 53 only.  So they run in a network and mount
namespace of their own, with a name server of the benchmark on its port 53: that needs root.
"""
import glob
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

import rspamd

ADDRESS = "10.53.0.53"  # libunbound asks no server on a loopback address, and nothing below .test


class Programs:
    def __init__(self, material, peers):
        self.material, self.build, self.peers = material, material.build, peers
        self.running = []
        self.count = 0

    def unique(self, name):
        self.count += 1
        return self.material.path("run", "%d-%s" % (self.count, name))

    def start(self, args, wait_for=None, env=None, **kwargs):
        log = self.unique("log")
        p = subprocess.Popen(args, stdout=open(log, "ab"), stderr=subprocess.STDOUT, env=dict(os.environ, **(env or {})),
                             start_new_session=True, **kwargs)
        self.running.append(p)
        until = time.time() + 120
        while wait_for and not answers(wait_for):
            if time.time() > until or p.poll() is not None:
                sys.exit("bench: %s did not start: %s" % (args[0], open(log).read()[-2000:]))
            time.sleep(0.01)
        return p

    def stop(self, *programs):
        for p in programs:
            p.send_signal(signal.SIGTERM)
        for p in programs:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
            end_group(p.pid)
            self.running.remove(p)

    def end(self):
        self.stop(*reversed(self.running))

    # --- name servers ---------------------------------------------------------------------------

    def dns(self, zone, *args, enter=(), port=0):
        """(process, port, path of the log of queries)"""
        log = self.unique("dns.log")
        with open(self.unique("zone"), "w") as f:
            f.write("\n".join(zone) + "\n")
        server = os.path.join(self.build, "tests/lib/dnsserver")
        p = subprocess.Popen([*enter, server, "--port", str(port), "--zone", f.name, "--log", log, *args], stdout=subprocess.PIPE)
        self.running.append(p)
        return p, int(p.stdout.readline().split()[2]), log

    # --- ours -------------------------------------------------------------------------------------

    def configuration(self, sock, port, more="", keys=None, log="level = warning"):
        return ('authserv-id = "mx.receiver.test"\nlisten = "unix:%s"\nkeys = "%s"\ninternal-hosts = { }\ncontrol { socket = "" }\n'
                'dns { servers = "127.0.0.1:%d" }\nlog { %s }\n%s%s\n' % (
                    sock, keys or self.material.path("keys"), port, log, 'user = root\n' if os.geteuid() == 0 else "", more))

    def assayd(self, port, more="", keys=None, log="level = warning"):
        """a milter: (socket, processes, log of queries)"""
        sock, conf = self.unique("assay.sock"), self.unique("assay.conf")
        with open(conf, "w") as f:
            f.write(self.configuration(sock, port, more, keys, log))
        return [sock], [self.start([os.path.join(self.build, "assayd"), "-f", "-c", conf], sock)]

    def idle(self):
        sock = self.unique("idle.sock")
        return [sock], [self.start([os.path.join(self.build, "tests/bench/idle"), "unix:" + sock], sock)]

    # --- others -----------------------------------------------------------------------------------

    def find(self, name):
        """(program, environment) or None"""
        for top in self.peers:
            for found in glob.glob(os.path.join(top, "usr/*bin", name)) + glob.glob(os.path.join(top, "*/usr/*bin", name)):
                libraries = [d for tree in (top, os.path.join(top, "*")) for d in glob.glob(os.path.join(tree, "usr/lib/*-linux-*")) + glob.glob(os.path.join(tree, "usr/lib"))]
                return found, {"LD_LIBRARY_PATH": ":".join(libraries)}
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        return (found, {}) if found else None

    def namespace(self, zone):
        """How to enter a network of its own with a name server on port 53, and that server's log."""
        resolv, ready = self.unique("resolv.conf"), self.unique("ready")
        with open(resolv, "w") as f:
            f.write("nameserver %s\n" % ADDRESS)
        p = self.start(["unshare", "-m", "-n", "sh", "-c",
                        'ip link set lo up && ip address add ' + ADDRESS + '/32 dev lo && mount --bind "$0" /etc/resolv.conf && touch "$1" && exec sleep 100000', resolv, ready], ready)
        enter = ["nsenter", "-t", str(p.pid), "-m", "-n"]
        return enter, self.dns(zone, "--address", ADDRESS, enter=enter, port=53)[2]

    def opendkim(self, enter, algorithm):
        program, env = self.find("opendkim")
        sock, keys, signing = self.unique("opendkim.sock"), self.unique("KeyTable"), self.unique("SigningTable")
        with open(keys, "w") as k, open(signing, "w") as s:
            for (domain, kind), path in self.material.keys.items():
                if domain.startswith("sign-"):
                    k.write("%s %s:%s:%s\n" % (domain, domain, kind, path))
                    s.write("*@%s %s\n" % (domain, domain))
        with open(self.unique("opendkim.conf"), "w") as f:
            f.write("Mode sv\nSyslog no\nCanonicalization relaxed/relaxed\nAuthservID mx.receiver.test\nAlwaysAddARHeader yes\n"
                    "KeyTable %s\nSigningTable refile:%s\nInternalHosts 127.0.0.1,192.0.2.99\nExternalIgnoreList 127.0.0.1\nRequireSafeKeys no\n"
                    "Nameservers %s\nSocket local:%s\nBackground no\n"
                    "SignatureAlgorithm %s\n" % (keys, signing, ADDRESS, sock, algorithm))
        return [sock], [self.start([*enter, program, "-f", "-x", f.name], sock, env)]

    def opendmarc(self, enter):
        program, env = self.find("opendmarc")
        sock = self.unique("opendmarc.sock")
        with open(self.unique("opendmarc.conf"), "w") as f:
            f.write("AuthservID mx.receiver.test\nTrustedAuthservIDs mx.receiver.test\nSPFSelfValidate true\nSPFIgnoreResults true\n"
                    "Syslog false\nSocket local:%s\nBackground false\n" % sock)
            if os.path.exists("/usr/share/publicsuffix/public_suffix_list.dat"):
                f.write("PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n")
        return [sock], [self.start([*enter, program, "-f", "-c", f.name], sock, env)]

    def with_opendkim(self, zone):
        enter, log = self.namespace(zone)
        dkim = self.opendkim(enter, "rsa-sha256")
        found = {"opendkim": (*dkim, log), "opendkim, ed25519": (*self.opendkim(enter, "ed25519-sha256"), log)}
        if self.find("opendmarc"):
            dmarc = self.opendmarc(enter)
            found["opendkim+opendmarc"] = (dkim[0] + dmarc[0], dkim[1] + dmarc[1], log)
        return found

    def with_rspamd(self, zone):
        _, port, log = self.dns(zone)
        return {"rspamd": (*rspamd.start(self, port), log)}

    def others(self, zone):
        """name -> (sockets, processes, log of queries), and a line for each that is missing"""
        found, missing = {}, ["%s: not installed" % name for name in ("opendkim", "opendmarc", "rspamd") if self.find(name) is None]
        for name, needs_root, begin in (("opendkim", True, self.with_opendkim), ("rspamd", False, self.with_rspamd)):
            if self.find(name) and needs_root and os.geteuid() != 0:
                missing.append(name + ": needs root to be given a name server")
            elif self.find(name):
                found.update(begin(zone))
        return found, missing

    # --- load -------------------------------------------------------------------------------------

    def list_file(self, rows):
        path = self.unique("list")
        with open(path, "w") as f:
            f.write("\n".join(rows) + "\n")
        return path

    def load(self, milter, listed, messages, connections=8, *more):
        args = [os.path.join(self.build, "tests/bench/load"), "--list", listed, "--messages", str(messages),
                "--connections", str(connections), *map(str, more)]
        for sock in milter[0]:
            args += ["--socket", sock]
        for pid in family([p.pid for p in milter[1]]):
            args += ["--pid", str(pid)]
        queries = count_lines(milter[2]) if len(milter) > 2 else 0
        p = subprocess.run(args, capture_output=True)
        if p.returncode not in (0, 1) or not p.stdout:
            sys.exit("bench: load: " + p.stderr.decode())
        got = json.loads(p.stdout)
        got["queries"] = (count_lines(milter[2]) - queries) / messages if len(milter) > 2 else 0
        return got


def answers(path):
    """Somebody listens there, or it is an ordinary file that is there."""
    if os.path.exists(path) and not stat.S_ISSOCK(os.stat(path).st_mode):
        return True
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def family(pids):
    """The processes and all that descend from them: the work of a milter that forks is done by its children."""
    out, children = [], {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:  # ended meanwhile
            continue
        children.setdefault(parent, []).append(int(path.split("/")[2]))
    while pids:
        out += pids
        pids = [child for pid in pids for child in children.get(pid, [])]
    return out


def end_group(pid):
    """Children must not outlive the program that was started as the leader of a group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def count_lines(path):
    with open(path, "rb") as f:
        return f.read().count(b"\n")
