#!/usr/bin/env python3
"""run.py - the life of assayd as a process: start, signals, reload, ceilings, stop.

    run.py [--build DIR] [-v] [NAME...]     default: every test
    run.py [--build DIR] --stress N         N starts on one path, each with a client that waits for it

Each test has a directory of its own and ends what it started.  Prints a line for each failure and,
last, "N passed, N failed".  Standard library only.
"""
import argparse
import grp
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'sessions'))
sys.dont_write_bytecode = True
from run_daemon import Mta, zero  # noqa: E402

PATIENCE = 60  # seconds until what does not happen counts as a failure
TESTS = []


class Failure(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def expect(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(condition, what):
    until = time.monotonic() + PATIENCE
    while not condition():
        expect(time.monotonic() < until, 'waited in vain: ' + what)
        time.sleep(0.01)


class Site:
    """A directory with a configuration, and the daemon that runs with it."""

    def __init__(self, build, directory):
        self.build, self.directory = build, directory
        self.socket = self.path('run/sock')
        self.pid_file = self.path('run/pid')
        self.log = open(self.path('log'), 'w+b')
        self.process = None
        os.mkdir(self.path('keys'))
        os.mkdir(self.path('run'))
        self.configure('')

    def path(self, name):
        return os.path.join(self.directory, name)

    def configure(self, text, listen=None):
        with open(self.path('assay.conf'), 'w') as f:
            f.write('listen = "%s"\nkeys = "%s"\npid-file = "%s"\n'
                    'dns { servers = { "127.0.0.1:9" } }\ncontrol { socket = "%s" }\n' %
                    (listen or 'unix:' + self.socket, self.path('keys'), self.pid_file,
                     self.path('run/control')))
            if os.geteuid() == 0 and 'user =' not in text:
                f.write('user = "root"\n')
            f.write(text)

    def command(self, *options):
        return [os.path.join(self.build, 'assayd'), *options, '-c', self.path('assay.conf')]

    def check(self):
        return subprocess.run(self.command('--check'), stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask_reload(self):
        return subprocess.run(self.command('--reload'), stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, **environment):
        self.process = subprocess.Popen(self.command('-f'), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env={**os.environ, **environment})
        wait_for(lambda: self.connects() or self.process.poll() is not None, 'the start')
        expect(self.process.poll() is None, 'assayd does not start: ' + self.lines())

    def connects(self):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(self.socket)
                return True
            except OSError:
                return False

    def lines(self):
        self.log.seek(0)
        return self.log.read().decode('utf-8', 'replace')

    def wait_log(self, text):
        wait_for(lambda: text in self.lines(), '"%s" in\n%s' % (text, self.lines()))

    def stop(self):
        """The exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process = None


def message(mta, connect=True, mail=('<>',), author='a'):
    """One message up to the answer at its end; mail: the reverse-path and the parameters of MAIL."""
    if connect:
        mta.macros('C', j='mx.example.com', daemon_port='25')
        mta.tell('C', zero('[192.0.2.7]') + b'4' + struct.pack('>H', 40000) + zero('192.0.2.7'))
    mta.tell('H', zero('mail.example.org'))
    mta.macros('M', i='4TEST')
    mta.tell('M', zero(*mail))
    mta.tell('R', zero('<ann@example.com>'))
    mta.tell('T')
    mta.tell('L', zero('From', ' ' + author))
    mta.tell('N')
    mta.macros('E', i='4TEST')
    return mta.end()


def may_ask(site, groups):
    """Can a process of user nobody with these groups connect to the control socket?"""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups(groups)
            os.setgid(65534)
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(site.path('run/control'))
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


# --- the tests ----------------------------------------------------------------------------------------


@test
def stops_in_order(site):
    site.start()
    status = site.stop()
    expect(status == 0, 'exit status %d: %s' % (status, site.lines()))
    expect('stopped' in site.lines(), site.lines())


@test
def becomes_a_daemon(site):
    with open(site.pid_file, 'w') as f:
        f.write('1\n')  # of one that was killed
    done = subprocess.run(site.command(), stdin=subprocess.DEVNULL, stdout=site.log, stderr=site.log,
                          timeout=PATIENCE)
    expect(done.returncode == 0, site.lines())
    with open(site.pid_file) as f:
        pid = int(f.read())
    expect(pid != 1 and site.connects(), 'not there when the start returned')
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists('/proc/%d' % pid), 'the end')
    expect(not os.path.exists(site.pid_file), 'the pid file is left')


@test
def started_without_standard_descriptors(site):
    """The socket gets none of the three numbers, which a daemon points to /dev/null."""
    done = subprocess.run(['sh', '-c', '"$@" <&- >&- 2>&-', 'sh', *site.command()], timeout=PATIENCE)
    try:
        expect(done.returncode == 0, 'exit status %d' % done.returncode)
        expect(message(Mta(site.socket))[0] in 'acy', 'no answer to a message')
    finally:
        if os.path.exists(site.pid_file):
            with open(site.pid_file) as f:
                os.kill(int(f.read()), signal.SIGTERM)
    wait_for(lambda: not os.path.exists(site.pid_file), 'the end')


@test
def pid_file_through_no_link(site):
    with open(site.path('precious'), 'w') as f:
        f.write('precious')
    os.symlink(site.path('precious'), site.pid_file)
    subprocess.run(site.command(), stdin=subprocess.DEVNULL, stdout=site.log, stderr=site.log,
                   timeout=PATIENCE, check=True)
    with open(site.pid_file) as f:
        os.kill(int(f.read()), signal.SIGTERM)
    with open(site.path('precious')) as f:
        expect(f.read() == 'precious', 'a link was followed')
    wait_for(lambda: not os.path.exists(site.pid_file), 'the end')


@test
def signals_in_a_burst(site):
    """HUP with USR1: libmilter has a thread that waits for HUP, and that ended the daemon when it got one."""
    site.start()
    for _ in range(200):
        site.process.send_signal(signal.SIGUSR1)
        site.process.send_signal(signal.SIGHUP)
    site.wait_log('configuration reloaded')
    time.sleep(0.2)
    expect(site.process.poll() is None and site.connects(), 'the daemon is gone: ' + site.lines())
    status = site.stop()
    expect(status == 0, 'exit status %d: %s' % (status, site.lines()))


@test
def reload_reports_what_waits_for_a_restart(site):
    site.start()
    site.configure('socket-mode = 0600\nlog { format = json }\n')
    site.process.send_signal(signal.SIGHUP)
    site.wait_log('socket-mode was changed: the change takes effect when the daemon is restarted')
    site.wait_log('configuration reloaded')
    site.configure('enforce = perhaps\n')
    site.process.send_signal(signal.SIGHUP)
    site.wait_log('reload refused (1 error)')


@test
def reload_with_an_answer(site):
    site.start()
    site.configure('socket-mode = 0600\n')
    done = site.ask_reload()
    expect(done.returncode == 0 and b'ok' in done.stdout and b'socket-mode was changed' in done.stdout,
           done.stdout.decode())
    os.rename(site.path('keys'), site.path('elsewhere'))  # the file is right, what it names is not
    done = site.ask_reload()
    expect(done.returncode == 1 and b'refused' in done.stdout, done.stdout.decode())
    site.configure('enforce = perhaps\n')
    done = site.ask_reload()
    expect(done.returncode == 1 and b'the daemon goes on' in done.stdout, done.stdout.decode())
    site.stop()
    site.configure('')
    done = site.ask_reload()
    expect(done.returncode == 1 and b'cannot ask the daemon' in done.stdout, done.stdout.decode())


@test
def status_of_a_running_daemon(site):
    def status(*options):
        return subprocess.run([os.path.join(site.build, 'assay'), 'status', '-c', site.path('assay.conf'),
                               *options], stdin=subprocess.DEVNULL, timeout=PATIENCE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL if '--json' in options else subprocess.STDOUT)

    expect(status().returncode == 1, 'no daemon, and no complaint')
    site.start()
    message(Mta(site.socket))
    site.configure('socket-mode = 0600\n')
    expect(site.ask_reload().returncode == 0, 'reload')
    done = status()
    text = done.stdout.decode()
    expect(done.returncode == 0, text)
    for line in ('socket-mode was changed', 'Name servers:\n    127.0.0.1:9: ', 'one more for each reload): 2\n',
                 'Last errors and warnings:\n'):
        expect(line in text, '"%s" is not in\n%s' % (line, text))
    expect(re.search(r'^    external accept +1 +1 +1 +1$', text, re.M), text)
    for key in ('uptime_seconds', 'messages', 'keys', 'errors', 'name_servers', 'verdict_seconds'):
        expect(key in json.loads(status('--json').stdout), 'no %s in --json' % key)
    told = json.loads(status('--json').stdout)
    expect({'class': 'external', 'action': 'accept', 'minute': 1, 'hour': 1, 'day': 1, 'value': 1}
           in told['messages'], told['messages'])
    expect(told['configuration_restart_pending'] == 1 and len(told['waiting_for_restart']) == 1, told)
    expect(status('--json', '--openmetrics').returncode == 2, 'both are asked for')
    watch = subprocess.Popen([os.path.join(site.build, 'assay'), 'status', '-c', site.path('assay.conf'),
                              '--json', '--watch'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        for _ in range(2):
            expect(json.loads(watch.stdout.readline())['version'] == 1, '--watch')
    finally:
        watch.kill()
        watch.communicate()
    text = status('--openmetrics').stdout.decode()
    expect(text.endswith('# EOF\n') and
           'assay_messages_total{class="external",action="accept"} 1\n' in text, text)
    names = [line.split()[2] for line in text.splitlines() if line.startswith('# TYPE ')]
    expect(len(names) == len(set(names)), 'a family is written twice')


@test
def status_tells_keys_and_errors(site):
    os.makedirs(site.path('keys/example.com'))
    for name, age in (('old', 200), ('new.pending', 1)):
        path = site.path('keys/example.com/%s.pem' % name)
        shutil.copy(os.path.join(HERE, '..', '..', 'keys', 'rsa2048.pem'), path)
        os.chmod(path, 0o600)
        os.utime(path, (time.time() - age * 86400 - 60,) * 2)
    path = site.path('keys/example.com/bad.pem')
    with open(path, 'w') as f:
        f.write('not a key')
    os.chmod(path, 0o600)
    table = site.path('tabled.pem')
    shutil.copy(os.path.join(HERE, '..', '..', 'keys', 'rsa2048.pem'), table)
    os.chmod(table, 0o600)
    with open(site.path('KeyTable'), 'w') as f:
        f.write('t example.net:tabled:%s\n' % table)
    with open(site.path('SigningTable'), 'w') as f:
        f.write('*@example.net t\n')
    site.configure('sign-tables { key-table = "%s" signing-table = "refile:%s" }\n' %
                   (site.path('KeyTable'), site.path('SigningTable')))
    site.start()
    done = subprocess.run([os.path.join(site.build, 'assay'), 'status', '-c', site.path('assay.conf')],
                          stdin=subprocess.DEVNULL, timeout=PATIENCE, stdout=subprocess.PIPE)
    text = done.stdout.decode()
    for line in ('example.net tabled: active for 0 days, rotation due in ',
                 'example.com old: active for 200 days, rotation overdue for 20 days',
                 'example.com new: pending for 1 day', 'example.com bad: unusable for 0 days',
                 ' finding: %s: ' % path):
        expect(line in text, '"%s" is not in\n%s' % (line, text))


@test
def control_socket_is_not_for_everybody(site):
    """Root, the daemon's user and the group's members only."""
    site.configure('control { group = "%s" }\n' % grp.getgrgid(os.getgid()).gr_name if os.geteuid() else
                   'control { group = "games" }\n')
    site.start()
    expect(os.stat(site.path('run/control')).st_mode & 0o7777 == 0o660, 'mode with a group')
    if os.geteuid() == 0:
        os.chmod(site.path('run'), 0o755)
        games = grp.getgrnam('games').gr_gid
        for groups, may in (([], False), ([games], True)):
            expect(may_ask(site, groups) == may, 'nobody, with groups %s' % groups)
    else:
        print('skipped: other users than one, since it takes root to become them')
    site.stop()
    site.configure('')
    site.start()
    expect(os.stat(site.path('run/control')).st_mode & 0o7777 == 0o600, 'mode')


@test
def notifies_the_service_manager(site):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(site.path('notify'))
        manager.settimeout(PATIENCE)

        def next_but(watchdog=False):
            while True:
                text = manager.recv(4096).decode()
                if watchdog or text != 'WATCHDOG=1\n':
                    return text

        site.start(NOTIFY_SOCKET=site.path('notify'), WATCHDOG_USEC='100000')
        expect(next_but() == 'READY=1\n', 'ready')
        expect(next_but(watchdog=True) == 'WATCHDOG=1\n', 'watchdog')
        site.process.send_signal(signal.SIGHUP)
        expect(next_but().startswith('RELOADING=1\nMONOTONIC_USEC='), 'reloading')
        expect(next_but() == 'READY=1\n', 'reloaded')
        site.process.terminate()
        expect(next_but() == 'STOPPING=1\n', 'stopping')


@test
def log_file_is_opened_anew(site):
    log = site.path('assay.log')

    def text():
        try:
            with open(log) as f:
                return f.read()
        except FileNotFoundError:
            return ''

    site.configure('log { target = file file = "%s" }\n' % log)
    site.start()
    wait_for(lambda: ']: listening on' in text(), 'an explicit target, with -f too')
    os.rename(log, log + '.1')
    site.configure('enforce = perhaps\n')  # refused; the file is opened anew all the same
    site.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: 'reload refused' in text(), 'the line in the new file: ' + text())
    site.stop()
    expect('stopped' in text(), text())


@test
def stderr_is_kept_when_it_is_asked_for(site):
    site.configure('log { target = stderr }\n')
    subprocess.run(site.command(), stdin=subprocess.DEVNULL, stdout=site.log, stderr=site.log,
                   timeout=PATIENCE, check=True)
    with open(site.pid_file) as f:
        os.kill(int(f.read()), signal.SIGTERM)
    site.wait_log('stopped')


@test
def one_daemon_for_a_socket(site):
    site.start()
    second = subprocess.run(site.command('-f'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=PATIENCE)
    expect(second.returncode == 1 and b'another process is already listening there' in second.stdout,
           second.stdout.decode())
    expect(site.connects(), 'the first one lost its socket')


@test
def failed_start_leaves_no_socket(site):
    site.configure('keys = "%s"\n' % site.path('nonexistent'))
    with open(site.path('assay.conf')) as f:
        text = f.read().replace('keys = "%s"\n' % site.path('keys'), '')
    with open(site.path('assay.conf'), 'w') as f:
        f.write(text)
    done = subprocess.run(site.command('-f'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE)
    expect(done.returncode == 1, done.stdout.decode())
    expect(os.listdir(site.path('run')) == [], os.listdir(site.path('run')))


@test
def fifo_is_no_configuration(site):
    os.mkdir(site.path('conf.d'))
    os.mkfifo(site.path('conf.d/a.conf'))
    site.configure('include "conf.d/*.conf"\n')
    done = site.check()
    expect(done.returncode == 1 and b'is not a regular file' in done.stdout, done.stdout.decode())


@test
def check_finds_what_prevents_a_start(site):
    for text, want in (('socket-group = "no-such-group"\n', 'socket-group: group no-such-group does not exist'),
                       ('enforce = no\ncontrol { group = "no-such-group" }\n', 'control group: group no-such-group does not exist'),
                       *([('user = "no-such-user"\n', 'user no-such-user does not exist')] if os.geteuid() == 0 else ())):
        site.configure(text)
        done = site.check()
        expect(done.returncode == 1 and re.search(r'/assay\.conf:\d+: ' + want, done.stdout.decode()), done.stdout.decode())
    site.configure('', listen='unix:/nonexistent/deeper/sock')
    done = site.check()
    expect(done.returncode == 1 and b'/nonexistent/deeper' in done.stdout, done.stdout.decode())
    site.configure('')
    expect(site.check().returncode == 0, site.check().stdout.decode())


@test
def a_store_that_does_not_work_delays_nothing(site):
    site.configure('reports { store = "sqlite:/nonexistent/reports.sqlite" }\n')
    done = site.check()
    expect(done.returncode == 3 and b'finding: sqlite:/nonexistent/reports.sqlite: ' in done.stdout,
           done.stdout.decode())
    site.start()
    site.wait_log('mail is still processed, and new rows are kept in memory')
    answer = message(Mta(site.socket))
    expect(answer[0] in 'acy', 'the answer to a message: %r' % (answer,))
    expect(site.stop() == 0, site.lines())


@test
def failure_report_has_what_the_mta_gives(site):
    """RFC 6591 section 3.1, RFC 6692: the envelope id and the client's port reach the incident in the store."""
    store = site.path('reports.sqlite')
    with open(site.path('zone'), 'w') as f:
        f.write('example.org TXT v=spf1 -all\n'
                '_dmarc.example.org TXT v=DMARC1; p=reject; ruf=mailto:f@example.org\n')
    site.configure('dns { test-zone-file = "%s" }\nreports { store = "sqlite:%s" failure = yes '
                   'from = "reports@mx.example.com" }\n' % (site.path('zone'), store))
    site.start()

    def incidents():
        message(Mta(site.socket), mail=('<joe@example.org>', 'SIZE=100', 'envid=QQ314+2B159', 'ENVID=other'),
                author='joe@example.org')  # again, since nothing is kept before the store was opened
        try:
            with sqlite3.connect('file:%s?mode=ro' % store, uri=True) as db:
                return [octets for octets, in db.execute('SELECT octets FROM incident')]
        except sqlite3.OperationalError:  # not made yet
            return []
    wait_for(incidents, 'the incident in the store: ' + site.lines())
    for line in (b'\nOriginal-Envelope-Id: QQ314+159\n', b'\nSource-IP: 192.0.2.7\nSource-Port: 40000\n'):
        expect(line in incidents()[0], '%r is not in %r' % (line, incidents()[0]))


@test
def sessions_beyond_the_ceiling(site):
    site.configure('enforce = yes\nlimits { sessions = 2 }\n')
    site.start()
    mtas = [Mta(site.socket) for _ in range(4)]
    answers = [message(mta) for mta in mtas]
    expect([a[0] for a in answers[2:]] == ['y', 'y'], answers)
    expect(all(a[1].startswith('451 4.3.2') for a in answers[2:]), answers)
    expect(all(a[0] != 'y' or '4.3.2' not in a[1] for a in answers[:2]), answers)
    site.wait_log('limits sessions')
    expect(site.lines().count('limits sessions') == 1, site.lines())
    for mta in mtas:
        mta.socket.close()
    wait_for(lambda: '4.3.2' not in message(Mta(site.socket))[1], 'room again')


@test
def connection_used_again(site):
    """QUIT_NC: libmilter closes our session, and the next CONNECT comes without negotiation."""
    site.start()
    mta = Mta(site.socket)
    first = message(mta)
    mta.send('K')
    expect(message(mta) == first, 'another answer than before')
    expect('out of memory' not in site.lines() and 'claimed not to reply' not in site.lines(), site.lines())


# --- stress -------------------------------------------------------------------------------------------


def served(path):
    """Connects and negotiates as soon as there is a socket; one that is reached must not go away."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            mta = Mta(path)
        except (ConnectionRefusedError, FileNotFoundError):
            continue  # the socket of the daemon before, or none yet
        mta.socket.close()
        return
    raise Failure('nobody listens')


def stress(build, count):
    """A client is there at every moment of every start.  No daemon is ended while it is served."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix='assay-daemon-') as directory:
        site = Site(build, directory)
        for n in range(count):
            site.process = subprocess.Popen(site.command('-f'), stdin=subprocess.DEVNULL,
                                            stdout=site.log, stderr=site.log)
            try:
                served(site.socket)
            except Exception as e:  # reset, closed by the other side
                failures += 1
                print('start %d: %s: %s' % (n, type(e).__name__, e))
            site.process.kill()
            site.process.wait()
            if n % 2 == 1:
                os.unlink(site.socket)  # every second start finds the socket of the one before
        site.process = None
    print('%d starts, %d failed' % (count, failures))
    return failures == 0


# --- the whole ----------------------------------------------------------------------------------------


def run(function, build, verbose):
    with tempfile.TemporaryDirectory(prefix='assay-daemon-') as directory:
        os.chmod(directory, 0o755)
        site = Site(build, directory)
        try:
            function(site)
            if verbose:
                print('ok: %s' % function.__name__)
            return True
        except Exception as e:
            print('%s: %s: %s' % (function.__name__, type(e).__name__, e))
            return False
        finally:
            site.stop()
            site.log.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default=os.path.join(HERE, '..', '..'))
    parser.add_argument('--stress', type=int)
    parser.add_argument('-v', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    if options.stress:
        return 0 if stress(options.build, options.stress) else 1
    chosen = [t for t in TESTS if not options.names or t.__name__ in options.names]
    passed = sum(run(t, options.build, options.v) for t in chosen)
    print('%d passed, %d failed' % (passed, len(chosen) - passed))
    return 0 if passed == len(chosen) else 1


if __name__ == '__main__':
    sys.exit(main())
