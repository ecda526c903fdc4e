#!/usr/bin/env python3
"""history.py - what assayd keeps for aggregate reports, against a count made here.

    history.py [--build DIR] [--messages N] [-v] [NAME...]     default: every test

Messages of known verdicts are played at assayd over a midnight (the daemon's day is moved ahead by a setting
of tests).  Meanwhile daemons are killed and the store is away.  Then every row of the store is compared with
what this script has counted.  Once with SQLite, once with two daemons that share a PostgreSQL, which is
started here, in a directory of its own.  Prints a line for each failure and, last, "N passed, N failed".
"""
import argparse
import collections
import glob
import ipaddress
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'sessions')]
sys.dont_write_bytecode = True
from run import PATIENCE, Failure, Site, expect, wait_for  # noqa: E402
from run_daemon import Mta, zero  # noqa: E402

DAY = 86400
POLICIES = ('none', 'quarantine', 'reject')
DISPOSITIONS = ('none', 'pass', 'quarantine', 'reject')                  # enum disposition
REASONS = ('local_policy', 'mailing_list', 'other', 'policy_test_mode', 'trusted_forwarder')
RESULTS = ('none', 'pass', 'fail', 'softfail', 'neutral', 'policy', 'temperror', 'permerror')

ZONE = ['lists.example TXT v=spf1 ip4:203.0.113.0/24 -all',
        'silent.example TXT v=spf1 -all', '_dmarc.silent.example TXT v=DMARC1; p=reject',
        'testing.example TXT v=spf1 -all',
        '_dmarc.testing.example TXT v=DMARC1; p=reject; t=y; rua=mailto:r@testing.example']
for number, name in enumerate(POLICIES * 2):
    ZONE += ['d%d.example TXT v=spf1 ip4:192.0.2.0/24 -all' % number,
             '_dmarc.d%d.example TXT v=DMARC1; p=%s; rua=mailto:r@d%d.example' % (number, name, number)]


# --- messages and what they must become: written by hand, from RFC 9989 and 9990 --------------------------

Row = collections.namedtuple('Row', 'domain header_from envelope_from source disposition dkim spf reasons result')
Message = collections.namedtuple('Message', 'author sender client fields answer row')


def passing(rng, n):
    """SPF passes and is aligned; the author may be below the policy domain, whose row it is (U-02)."""
    domain, author = 'd%d.example' % n, rng.choice(('d%d.example' % n, 'sub.d%d.example' % n))
    client = '192.0.2.%d' % rng.randint(1, 40)
    done = 'none' if POLICIES[n % 3] == 'none' else 'pass'
    return Message(author, 'joe@' + domain, client, (), 'accept',
                   Row(domain, author, domain, client, done, False, True, (), 'pass'))


def forged(rng, n):
    domain, client = 'd%d.example' % n, '198.51.100.%d' % rng.randint(1, 40)
    return Message(domain, 'joe@' + domain, client, (), 'reject' if POLICIES[n % 3] == 'reject' else 'accept',
                   Row(domain, domain, domain, client, POLICIES[n % 3], False, False, (), 'fail'))


def through_a_list(rng, n):
    """p=reject, and the marks of an indirect flow: quarantined, with the reason."""
    client = '203.0.113.%d' % rng.randint(1, 10)
    return Message('d2.example', 'bounces@lists.example', client, (('List-Id', '<l.lists.example>'),), 'accept',
                   Row('d2.example', 'd2.example', 'lists.example', client, 'quarantine', False, False,
                       ('mailing_list',), 'pass'))


def under_test(rng, n):
    client = '198.51.100.%d' % rng.randint(1, 10)
    return Message('testing.example', 'joe@testing.example', client, (), 'accept',
                   Row('testing.example', 'testing.example', 'testing.example', client, 'quarantine', False, False,
                       ('policy_test_mode',), 'fail'))


def without_sender(rng, n):
    return Message('d%d.example' % n, '', '192.0.2.1', (), None, None)


def without_address(rng, n):
    return Message('silent.example', 'joe@silent.example', '198.51.100.1', (), 'reject', None)


KINDS = (passing, passing, forged, forged, through_a_list, under_test, without_sender, without_address)


# --- the octets of a row, read by the description in src/report/row_octets.c -------------------------------


class Octets:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        expect(self.at + count <= len(self.octets), 'a row is cut off')
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self):
        return self.take(1)[0]

    def text(self):
        return self.take(self.number()).decode()


def row_of(domain, tuple_octets):
    o = Octets(tuple_octets)
    flags, disposition, family = o.number(), o.number(), o.number()
    source = str(ipaddress.ip_address(o.take((0, 4, 16)[family])))
    header_from, envelope_from = o.text(), o.text()
    expect(o.text() == '', 'an envelope_to that was not asked for')
    reasons = []
    for _ in range(o.number()):
        reasons.append(REASONS[o.number()])
        o.text()
    spf_domain, result = o.text(), RESULTS[o.number()]
    expect(spf_domain == envelope_from and o.number() == 0 and o.at == len(o.octets), 'octets of a row')
    return Row(domain, header_from, envelope_from, source, DISPOSITIONS[disposition], bool(flags & 1),
               bool(flags & 2), tuple(reasons), result)


SELECT = ('SELECT p.day, p.domain, %s, r.messages FROM history_policy p JOIN history_row r ON r.policy = p.id')


# --- stores -----------------------------------------------------------------------------------------------


class Sqlite:
    """Away: another program holds the lock."""

    def __init__(self, directory):
        self.path = os.path.join(directory, 'reports.sqlite')
        self.setting = 'sqlite:' + self.path

    def rows(self):
        db = sqlite3.connect(self.path, timeout=PATIENCE)
        try:
            return [(day, row_of(domain, octets), count)
                    for day, domain, octets, count in db.execute(SELECT % 'r.tuple')]
        finally:
            db.close()

    def go_away(self):
        self.lock = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        self.lock.execute('BEGIN EXCLUSIVE')

    def come_back(self):
        self.lock.execute('ROLLBACK')
        self.lock.close()

    def end(self):
        pass


class Postgres:
    """Away: its server is killed."""

    def __init__(self, programs):
        self.programs = programs
        self.directory = tempfile.mkdtemp(prefix='assay-postgres-')
        self.user = {'user': 'nobody', 'group': 'nogroup'} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.directory, 'nobody', 'nogroup')
        self.data = os.path.join(self.directory, 'data')
        self.setting = 'postgresql:///postgres?host=%s&user=assay' % self.directory
        subprocess.run([os.path.join(programs, 'initdb'), '-D', self.data, '-A', 'trust', '-U', 'assay', '-E', 'UTF8',
                        '--locale=C', '--no-sync'], check=True, cwd=self.directory, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.user)
        self.come_back()

    @staticmethod
    def programs_found():
        found = sorted(glob.glob('/usr/lib/postgresql/*/bin/initdb')) or [shutil.which('initdb') or '']
        return os.path.dirname(found[-1])

    def state(self):
        try:
            with open(os.path.join(self.data, 'postmaster.pid')) as f:
                return f.read().splitlines()[-1].strip()
        except (OSError, IndexError):
            return ''

    def come_back(self):
        self.server = subprocess.Popen(
            [os.path.join(self.programs, 'postgres'), '-D', self.data, '-k', self.directory, '-c', 'listen_addresses=',
             '-c', 'fsync=off'], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.user)
        wait_for(lambda: self.state() == 'ready', "PostgreSQL's start")

    def go_away(self):
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(PATIENCE)
        os.remove(os.path.join(self.data, 'postmaster.pid')) if self.state() else None

    def rows(self):
        done = subprocess.run(['psql', '-X', '-A', '-t', '-F', ' ', '-h', self.directory, '-U', 'assay', 'postgres', '-c',
                               SELECT % "encode(r.tuple, 'hex')"], check=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for line in done.stdout.decode().splitlines():
            day, domain, octets, count = line.split(' ')
            yield int(day), row_of(domain, bytes.fromhex(octets)), int(count)

    def end(self):
        self.go_away()
        shutil.rmtree(self.directory)


# --- daemons ------------------------------------------------------------------------------------------------


class Host(Site):
    """assayd with a store, that messages are played at."""

    def __init__(self, build, directory, store):
        self.store, self.offset = store, 0
        with open(os.path.join(directory, 'zone'), 'w') as f:
            f.write('\n'.join(ZONE) + '\n')
        super().__init__(build, directory)

    def configure(self, text, listen=None):
        super().configure(text + 'enforce = yes\nauthserv-id = "mx.example.com"\nlog { level = warning }\n'
                          'dns { test-zone-file = "%s" }\nreports { store = "%s" test-clock-offset = %ds }\n' %
                          (self.path('zone'), self.store.setting, self.offset), listen)

    def move_to(self, seconds_ahead):
        self.offset = seconds_ahead
        self.configure('')
        if self.process is not None:
            done = self.ask_reload()
            expect(done.returncode == 0, done.stdout.decode())

    def play(self, m):
        mta = Mta(self.socket)
        mta.macros('C', j='mx.example.com', daemon_port='25')
        mta.tell('C', zero('[%s]' % m.client) + b'4' + struct.pack('>H', 40000) + zero(m.client))
        mta.tell('H', zero('mail.example.org'))
        mta.macros('M', i='4TEST')
        mta.tell('M', zero('<%s>' % m.sender))
        mta.tell('R', zero('<ann@receiver.example>'))
        mta.tell('T')
        for field, value in (('From', '<joe@%s>' % m.author), *m.fields):
            mta.tell('L', zero(field, ' ' + value))
        mta.tell('N')
        mta.macros('E', i='4TEST')
        code, text = mta.end()
        mta.send('Q')
        mta.socket.close()
        answer = {'y': 'reject', 'r': 'reject', 't': 'tempfail'}.get(code, 'accept')
        expect(m.answer in (None, answer), '%r got %s %s' % (m, code, text))

    def waiting(self):
        done = subprocess.run([os.path.join(self.build, 'assay'), 'status', '--openmetrics', '-c',
                               self.path('assay.conf')], check=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in done.stdout.decode().splitlines():
            if line.startswith('assay_history_waiting '):
                return int(line.split()[1])
        raise Failure('no history in the status')

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None


class Play:
    """Messages at one or more hosts, and the count of what they must have become."""

    def __init__(self, hosts, store, verbose):
        self.hosts, self.store, self.verbose = hosts, store, verbose
        self.rng = random.Random(9990)
        self.counted, self.day, self.played = collections.Counter(), 0, 0

    def messages(self, count, hosts=None):
        for _ in range(count):
            m = self.rng.choice(KINDS)(self.rng, self.rng.randrange(6))
            host = (hosts or self.hosts)[self.played % len(hosts or self.hosts)]
            host.play(m)
            self.played += 1
            if m.row is not None:
                self.counted[self.day, m.row] += 1

    def move_to_day(self, day, now):
        """Noon of that day, by the daemons' clocks."""
        self.day = day
        for host in self.hosts:
            host.move_to(day * DAY + DAY // 2 - now)

    def all_written(self):
        for host in self.hosts:
            wait_for(lambda host=host: host.waiting() == 0, 'the store')

    def stored(self):
        found = collections.Counter()
        for day, row, count in self.store.rows():
            found[day, row] += count
        return found

    def compare(self, when):
        found = self.stored()
        wrong = [key for key in found.keys() | self.counted.keys() if found[key] != self.counted[key]]
        for key in wrong[:5]:
            print('%s: %r: stored %d, counted %d' % (when, key, found[key], self.counted[key]))
        expect(not wrong, '%s: %d of %d rows differ' % (when, len(wrong), len(found)))
        if self.verbose:
            print('%s: %d messages played, %d in %d rows' % (when, self.played, sum(found.values()), len(found)))

    def forget_lost(self, before):
        """A host was killed: what it had not written is gone, and nothing else, and nothing is there twice."""
        found = self.stored()
        for key in found.keys() | self.counted.keys():
            expect(before[key] <= found[key] <= self.counted[key],
                   'after a kill: %r: %d before, %d stored, %d counted' % (key, before[key], found[key], self.counted[key]))
        if self.verbose:
            print('the kill cost %d messages' % (sum(self.counted.values()) - sum(found.values())))
        self.counted = found


def a_midnight(build, directory, store, hosts, messages, verbose):
    play = Play(hosts, store, verbose)
    part = messages // 6
    now = int(time.time())
    first = now // DAY + 2
    play.move_to_day(first, now)
    for host in hosts:
        host.start()
    play.messages(part)
    play.all_written()
    play.compare('at noon')
    hosts[0].kill()                        # when all is written this costs nothing
    hosts[0].start()
    store.go_away()                        # mail goes on
    play.messages(part)
    for host in hosts:
        host.wait_log('mail is still processed')
    play.messages(part)
    store.come_back()
    play.all_written()
    play.compare('when the store was back')
    play.move_to_day(first + 1, now)       # past midnight
    play.messages(part)
    play.all_written()
    play.compare('on the next day')
    before = play.stored()
    play.messages(part, hosts[-1:])
    hosts[-1].kill()                       # in the middle of its second
    play.forget_lost(before)
    hosts[-1].start()
    play.messages(part)
    for host in hosts:
        expect(host.stop() == 0, host.lines())
    play.compare('after an orderly stop')  # which writes what waits
    for host in hosts:
        expect('missing in the history: ' not in host.lines(), host.lines())


# --- the tests ------------------------------------------------------------------------------------------------


def make_hosts(build, directory, store, count):
    hosts = []
    for n in range(count):
        os.mkdir(os.path.join(directory, str(n)), 0o755)
        hosts.append(Host(build, os.path.join(directory, str(n)), store))
    return hosts


def with_store(build, directory, store, count, messages, verbose):
    hosts = []
    try:
        hosts = make_hosts(build, directory, store, count)
        a_midnight(build, directory, store, hosts, messages, verbose)
    finally:
        for host in hosts:
            host.stop()
            host.log.close()
        store.end()


def sqlite(build, directory, messages, verbose):
    with_store(build, directory, Sqlite(directory), 1, messages, verbose)


def postgresql(build, directory, messages, verbose):
    programs = Postgres.programs_found()
    if not programs or not shutil.which('psql'):
        print("skipped: PostgreSQL's server is not there")
        return
    with_store(build, directory, Postgres(programs), 2, messages, verbose)


def run(test, options):
    with tempfile.TemporaryDirectory(prefix='assay-history-') as directory:
        os.chmod(directory, 0o755)
        try:
            test(options.build, directory, options.messages, options.v)
            return True
        except Exception as e:
            print('%s: %s: %s' % (test.__name__, type(e).__name__, e))
            return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default=os.path.join(HERE, '..', '..'))
    parser.add_argument('--messages', type=int, default=10000)
    parser.add_argument('-v', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    chosen = [t for t in (sqlite, postgresql) if not options.names or t.__name__ in options.names]
    passed = sum(run(t, options) for t in chosen)
    print('%d passed, %d failed' % (passed, len(chosen) - passed))
    return 0 if passed == len(chosen) else 1


if __name__ == '__main__':
    sys.exit(main())
