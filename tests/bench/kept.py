"""What the history of judged mail costs: assayd with a store beside assayd without one, each message a new row.

CPU is that of the whole process, the writer's thread included, from before the first message until the rows are
written; rounds alternate, and each round's quotient counts.
"""
import os
import statistics
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon")]
from history import Postgres, Sqlite  # noqa: E402
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


def round_of(programs, milter, rows, stores):
    """(CPU microseconds of assayd, of the store's server) a message"""
    pids = [p.pid for p in milter[1]]
    listed = programs.list_file(rows)
    before, server = cpu_us(pids), cpu_us(family(stores))
    got = programs.load(milter, listed, len(rows))
    if got["wrong"]:
        sys.exit("bench: history: %d wrong answers" % got["wrong"])
    time.sleep(WRITTEN)
    return (cpu_us(pids) - before) / len(rows), (cpu_us(family(stores)) - server) / len(rows)


def measure(programs, port, rows, store, messages, rounds):
    without = programs.assayd(port)
    kept = programs.assayd(port, 'reports { store = "%s" domain-rows = 1000000 day-rows = 10000000 }' % store.setting)
    servers = [store.server.pid] if hasattr(store, "server") else []
    own, quotients, server_us = [], [], []
    for n in range(-1, rounds):  # the first fills the caches
        first = round_of(programs, (without, kept)[n % 2], [rows.next() for _ in range(messages)], servers)
        second = round_of(programs, (kept, without)[n % 2], [rows.next() for _ in range(messages)], servers)
        base, more = (first, second) if n % 2 == 0 else (second, first)
        if n >= 0:
            own.append((base[0], more[0]))
            quotients.append(more[0] / base[0])
            server_us.append(more[1])
    programs.stop(*without[1], *kept[1])
    return own, quotients, server_us


def show(name, own, quotients, server_us):
    print(COLUMNS % (name, "%.1f" % statistics.median(b for b, _ in own), "%.1f" % statistics.median(m for _, m in own),
                     "%.3f (%.3f to %.3f)" % (statistics.median(quotients), min(quotients), max(quotients)),
                     "%.1f" % statistics.median(server_us)), flush=True)


def run(material, programs, quick):
    rows = Rows(material)
    _, port, _ = programs.dns(rows.zone)
    messages, rounds = (3000, 5) if quick else (8000, 11)
    print(COLUMNS % ("store", "without us", "with us", "with/without", "server us"))
    show("SQLite", *measure(programs, port, rows, Sqlite(material.dir), messages, rounds))
    if not Postgres.programs_found():
        print("PostgreSQL: not installed")
        return
    store = Postgres(Postgres.programs_found())
    try:
        show("PostgreSQL", *measure(programs, port, rows, store, messages, rounds))
    finally:
        store.end()
