"""What the history of judged mail costs: assayd with a store beside assayd without one, each message a new row.

CPU is that of the whole process, the writer's thread included, from before the first message until the rows are
written.  Both daemons work at the same time, so that whatever else happens on the machine is the same for both,
and each round's quotient counts.
"""
import concurrent.futures
import os
import statistics
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon")]
from history import Postgres, Sqlite  # noqa: E402
from paired import interval  # noqa: E402
from programs import family  # noqa: E402

WRITTEN = 3  # seconds until the last rows are written: the writer comes by once a second
COLUMNS = "%-26s %10s %10s %22s %12s"


def cpu_us(pids):
    """The clocks of whole processes, as clock_getcpuclockid(3) names them on Linux."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids) * 1e6


class Rows:
    """The inbound messages, of domains that ask for reports, each from an address of its own."""

    def __init__(self, material):
        self.messages, _ = material.inbound({"rsa_verify": 0, "sha256_2048": 0, "sha256_20480": 0, "sha256_204800": 0})
        self.messages = [m for m in self.messages if os.path.getsize(m.split("\t")[0]) < 10000]
        self.zone = [z.replace("ip4:192.0.2.0/24", "ip4:10.0.0.0/8") + ("; rua=mailto:dmarc@example.org" if z.startswith("_dmarc.") else "")
                     for z in material.zone]
        self.count = 0

    def next(self):
        row = self.messages[self.count % len(self.messages)].split("\t")
        self.count += 1
        passes = row[1].startswith("192.0.2.")
        row[1] = "%d.%d.%d.%d" % (10 if passes else 11, self.count >> 16 & 255, self.count >> 8 & 255, self.count & 255)
        return "\t".join(row)


def load(programs, milter, listed, messages):
    got = programs.load(milter, listed, messages)
    if got["wrong"]:
        sys.exit("bench: history: %d wrong answers" % got["wrong"])


def round_of(programs, milters, rows, messages, servers):
    """CPU microseconds a message: of each milter, and of the store's server"""
    watched = [[p.pid for p in milter[1]] for milter in milters] + [family(servers)]
    lists = [programs.list_file([rows.next() for _ in range(messages)]) for _ in milters]
    before = [cpu_us(pids) for pids in watched]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(load, programs, milter, listed, messages) for milter, listed in zip(milters, lists)]:
            done.result()
    time.sleep(WRITTEN)
    return [(cpu_us(pids) - b) / messages for pids, b in zip(watched, before)]


def measure(programs, port, rows, store, messages, rounds):
    """for each round: (without, with, the store's server)"""
    without = programs.assayd(port)
    kept = programs.assayd(port, 'reports { store = "%s" domain-rows = 1000000 day-rows = 10000000 }' % store.setting)
    servers = [store.server.pid] if hasattr(store, "server") else []
    results = [round_of(programs, (without, kept), rows, messages, servers) for _ in range(rounds + 1)]
    programs.stop(*without[1], *kept[1])
    return results[1:]  # the first fills the caches


def show(name, results):
    base, own, server = (statistics.median(column) for column in zip(*results))
    quotients = [more / less for less, more, _ in results]
    print(COLUMNS % (name, "%.1f" % base, "%.1f" % own, "%.3f (%.3f to %.3f)" % interval(quotients), "%.1f" % server), flush=True)


def run(material, programs, quick):
    rows = Rows(material)
    _, port, _ = programs.dns(rows.zone)
    messages, rounds = (3000, 5) if quick else (6000, 15)
    print("the median of the rounds' quotients, with its 95 % interval")
    print(COLUMNS % ("store", "without us", "with us", "with/without", "server us"))
    show("SQLite", measure(programs, port, rows, Sqlite(material.dir), messages, rounds))
    if not Postgres.programs_found():
        print("PostgreSQL: not installed")
        return
    store = Postgres(Postgres.programs_found())
    try:
        show("PostgreSQL", measure(programs, port, rows, store, messages, rounds))
    finally:
        store.end()
