"""Very many keys: what a start, a reload and the first signature of a domain cost, and what they cost in memory.

Each domain has an RSA and an Ed25519 key, copies of sixteen of each.  The first messages of the domains that
are asked for need keys that no message has used before; the second time they have been used.
"""
import os
import shutil
import signal
import sys
import time

from material import KIB, message

COPIES = 16
ASKED = 400  # domains; their keys fit into those that are kept decoded


def make_keys(material, count):
    """The directory of so many domains."""
    top = material.path("scale-%d" % count, "keys")
    made = {(i, kind): material.key("copy%d.example" % i, kind) for i in range(COPIES) for kind in ("rsa", "ed25519")}
    for i in range(count):
        domain = os.path.join(top, "k%d.example" % i)
        os.makedirs(domain)
        for kind in ("rsa", "ed25519"):
            shutil.copy(made[i % COPIES, kind], os.path.join(domain, kind + ".pem"))
    return top


def peak_mib(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().split("VmHWM:")[1].split()[0]) / 1024


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forget_files():
    """False: the page cache is not ours to empty."""
    try:
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3\n")
        return True
    except OSError:
        return False


class Scale:
    def __init__(self, material, programs):
        self.material, self.programs = material, programs

    def start(self, keys):
        log = self.programs.unique("assay.log")
        before = time.monotonic()
        milter = self.programs.assayd(9, "", keys, 'target = file file = "%s"' % log)
        return milter, time.monotonic() - before, log

    def reload(self, milter, log):
        """Seconds until the daemon says that it is done, and of CPU time."""
        before, used = time.monotonic(), cpu_seconds(milter[1][0].pid)
        milter[1][0].send_signal(signal.SIGHUP)
        while "configuration reloaded" not in open(log).read():
            if time.monotonic() - before > 600:
                sys.exit("bench: no reload: " + open(log).read()[-2000:])
            time.sleep(0.01)
        return time.monotonic() - before, cpu_seconds(milter[1][0].pid) - used

    def rows(self, count):
        asked = range(count - 1, -1, -max(1, count // ASKED))
        return [self.material.row("scale-%d" % i, message("k%d.example" % i, 2 * KIB), "192.0.2.7", "client", "a@k%d.example" % i,
                                  "a@k%d.example" % i, "d=k%d.example" % i) for i in list(asked)[:ASKED]]

    def measure(self, count, cold):
        keys = make_keys(self.material, count)
        cold_start = None
        if cold and forget_files():
            milter, cold_start, _ = self.start(keys)
            self.programs.stop(*milter[1])
        milter, started, log = self.start(keys)
        start_mib, start_cpu = peak_mib(milter[1][0].pid), cpu_seconds(milter[1][0].pid)
        rows = self.rows(count)
        listed = self.programs.list_file(rows)
        first, later = [self.programs.load(milter, listed, len(rows), 1) for _ in range(2)]
        reloaded, reload_cpu = self.reload(milter, log)
        print("%8d %9s %9.2f %9.2f %9.2f %9.2f %9.0f %9.0f %9.2f %9.2f %9.2f %9.2f %s" % (
            count, "-" if cold_start is None else "%.2f" % cold_start, started, start_cpu, reloaded, reload_cpu, start_mib, peak_mib(milter[1][0].pid),
            first["p50_ms"], later["p50_ms"], first["p50_ms"] - later["p50_ms"], (first["cpu_us"] - later["cpu_us"]) / 1000,
            "%d wrong" % (first["wrong"] + later["wrong"]) if first["wrong"] + later["wrong"] else ""), flush=True)
        self.programs.stop(*milter[1])
        shutil.rmtree(os.path.dirname(keys))


def run(material, programs, quick):
    """Cold: after the machine's cache of files was emptied, where root may do that and --quick is not given."""
    scale = Scale(material, programs)
    print("two keys a domain; seconds of a start (cold, warm) and a reload, peak MiB after each, ms of a message (first, later, more)")
    print("%8s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s" % ("domains", "cold s", "start s", "its CPU", "reload s", "its CPU", "start MiB", "MiB", "first ms", "later ms", "more ms", "more CPU"))
    for count in (100, 1000) if quick else (100, 10000, 100000):
        scale.measure(count, not quick)
