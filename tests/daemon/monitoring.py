#!/usr/bin/env python3
"""monitoring.py - the metrics of assayd over HTTP, and what is made of them by programs that read such.

    monitoring.py [--build DIR] [--cache DIR] [-v] [NAME...]     default: every test

promtool and prometheus are taken from the cache (tests/mta/fetch CACHE prometheus) or from the PATH; tests
that need them are skipped, which is said, where they are not there.  Each test has a directory of its own
and ends what it started.  Prints a line for each failure and, last, "N passed, N failed".
"""
import argparse
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, '..', '..')
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '..', 'sessions'))
sys.path.append(os.path.join(HERE, '..', 'lib'))
sys.dont_write_bytecode = True
from documents import section  # noqa: E402
from run import Failure, Site, expect, message, wait_for, PATIENCE  # noqa: E402
from run_daemon import Mta, zero  # noqa: E402

TESTS = []
CACHE = [None]


class Skipped(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def tool(name):
    for path in (CACHE[0] and os.path.join(CACHE[0], 'prometheus/usr/bin', name), shutil.which(name)):
        if path and os.access(path, os.X_OK):
            return path
    raise Skipped('%s is not there (tests/mta/fetch CACHE prometheus)' % name)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.host)


def documented(display, port):
    """What doc/MONITORING shows for Prometheus; only the port is another."""
    text = display.text
    expect(re.search(r'127\.0\.0\.1:9893\b', text), text)
    return text.replace('127.0.0.1:9893', '127.0.0.1:%d' % port)


def serve(site, more=''):
    """Starts the daemon with metrics on a port of loopback, which is returned."""
    port = free_port()
    site.configure(documented(section('doc/MONITORING', 'Prometheus', 0), port) + more)
    site.start()
    return port


def request(port, path='/metrics', method='GET', body=None, headers=None):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def mixed_mail(site, messages=5):
    for n in range(messages):
        message(Mta(site.socket))


def keys(site):
    os.makedirs(site.path('keys/example.com'))
    path = site.path('keys/example.com/s1.pem')
    shutil.copy(os.path.join(TOP, 'keys', 'rsa2048.pem'), path)
    os.chmod(path, 0o600)


# --- HTTP ---------------------------------------------------------------------------------------------


@test
def off_by_default(site):
    site.start()
    listening = subprocess.run(['cat', '/proc/%d/net/tcp' % site.process.pid], stdout=subprocess.PIPE).stdout
    inodes = {os.readlink('/proc/%d/fd/%s' % (site.process.pid, fd))[8:-1]
              for fd in os.listdir('/proc/%d/fd' % site.process.pid)
              if os.readlink('/proc/%d/fd/%s' % (site.process.pid, fd)).startswith('socket:')}
    expect(not [line for line in listening.decode().splitlines()[1:]
                if line.split()[3] == '0A' and line.split()[9] in inodes], 'something listens on TCP')


@test
def both_forms(site):
    keys(site)
    port = serve(site)
    mixed_mail(site)
    status, headers, text = request(port)
    expect(status == 200 and headers['Content-Type'].startswith('text/plain; version=0.0.4'), headers)
    expect('\nassay_messages_total{class="external",action="accept"} 5\n' in text, text)
    expect('# TYPE assay_messages_total counter\n' in text and '# EOF' not in text, text)
    expect('assay_key_active_timestamp_seconds{domain="example.com",selector="s1"} ' in text, text)
    status, headers, text = request(port, headers={
        'Accept': 'application/openmetrics-text; version=1.0.0; q=0.5,text/plain;version=0.0.4;q=0.4'})
    expect(status == 200 and headers['Content-Type'].startswith('application/openmetrics-text'), headers)
    expect('# TYPE assay_messages counter\n' in text and text.endswith('# EOF\n'), text)
    names = [line.split()[2] for line in text.splitlines() if line.startswith('# TYPE ')]
    expect(len(names) == len(set(names)), 'a family is written twice')
    for line in text.splitlines():  # one family's lines are together, and each belongs to one
        if not line.startswith('#'):
            name = re.match(r'assay_[a-z_]+', line).group()
            expect(any(name in (n, n + '_total', n + '_bucket', n + '_count', n + '_sum') for n in names), line)


@test
def what_is_not_served(site):
    port = serve(site)
    for method, path, want in (('HEAD', '/metrics', 200), ('GET', '/', 404), ('GET', '/metrics/x', 404),
                               ('GET', '/../metrics', 404), ('POST', '/metrics', 405),
                               ('PUT', '/x', 405), ('DELETE', '/metrics', 405), ('GET', '/metrics?a=b', 200)):
        status, headers, text = request(port, path, method, b'x' * 5000 if method in ('POST', 'PUT') else None)
        expect(status == want, '%s %s: %d' % (method, path, status))
        expect(method != 'HEAD' or text == '', 'HEAD has a body')
    for garbage in (b'\0' * 100, b'GET\r\n\r\n', b'GET /metrics HTTP/9.9\r\n\r\n', b'A' * 100000):
        with socket.create_connection(('127.0.0.1', port), PATIENCE) as s:
            try:
                s.sendall(garbage)
                s.shutdown(socket.SHUT_WR)
                while s.recv(4096):
                    pass
            except OSError:
                pass
    expect(request(port)[0] == 200, 'after garbage')


@test
def unix_socket(site):
    site.configure('metrics { listen = "unix:%s" }\n' % site.path('run/metrics'))
    site.start()
    expect(os.stat(site.path('run/metrics')).st_mode & 0o7777 == 0o600, 'mode')
    connection = UnixConnection(site.path('run/metrics'), timeout=PATIENCE)
    connection.request('GET', '/metrics', headers={'Host': 'localhost'})
    expect(connection.getresponse().read().startswith(b'# TYPE assay_'), 'the answer')
    connection.close()


@test
def clients_that_hang_or_flood(site):
    """They cost no mail, and those who ask in order are served when the others' time is over."""
    port = serve(site)
    hanging = [socket.create_connection(('127.0.0.1', port), PATIENCE) for _ in range(40)]
    for n, s in enumerate(hanging):
        s.sendall((b'', b'GET /metr', b'GET /metrics HTTP/1.1\r\nHost: x\r\n')[n % 3])
    expect(message(Mta(site.socket))[0] in 'ac', 'mail waits')
    status = subprocess.run([os.path.join(site.build, 'assay'), 'status', '-c', site.path('assay.conf')],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=PATIENCE)
    expect(status.returncode == 0, 'assay status')
    expect(request(port)[0] == 200, 'the next one is not served')
    for s in hanging:
        s.close()
    for _ in range(300):
        with socket.create_connection(('127.0.0.1', port), PATIENCE):
            pass
    expect(request(port)[0] == 200, 'after a flood')


@test
def no_label_of_a_sender(site):
    """Names that messages bring appear nowhere, whatever the number of messages."""
    port = serve(site)

    def names():
        return {line.rsplit(' ', 1)[0] for line in request(port)[2].splitlines() if not line.startswith('#')}

    before = names()
    for n in range(20):
        mta = Mta(site.socket)
        mta.macros('C', j='mx.example.com', daemon_port='25')
        mta.tell('C', zero('evil%d.example' % n) + b'4' + b'\x9c\x40' + zero('192.0.2.%d' % n))
        mta.tell('H', zero('evil%d.example' % n))
        mta.macros('M', i='4EVIL')
        mta.tell('M', zero('<a@evil%d.example>' % n))
        mta.tell('R', zero('<ann@evil.example>'))
        mta.tell('T')
        mta.tell('L', zero('From') + zero(' a@evil%d.example' % n))
        mta.tell('N')
        mta.macros('E', i='4EVIL')
        mta.end()
    after = names()
    expect(before == after, sorted(after ^ before))
    expect(not [name for name in after if 'evil' in name], after)


@test
def an_address_that_others_reach(site):
    site.configure('metrics { listen = "inet:0.0.0.0:%d" }\n' % free_port())
    done = site.check()
    expect(done.returncode == 0 and b'metrics listen' in done.stdout and b'other machines' in done.stdout,
           done.stdout.decode())
    site.configure('metrics { listen = "inet:localhost:x" }\n')
    done = site.check()
    expect(done.returncode == 1 and b'metrics listen' in done.stdout, done.stdout.decode())


@test
def a_place_that_is_taken(site):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        site.configure('metrics { listen = "inet:127.0.0.1:%d" }\n' % s.getsockname()[1])
        done = subprocess.run(site.command('-f'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
    expect(done.returncode == 1 and b'metrics listen = inet:127.0.0.1' in done.stdout, done.stdout.decode())


# --- Prometheus ---------------------------------------------------------------------------------------


@test
def promtool_finds_nothing(site):
    promtool = tool('promtool')
    if not shutil.which('curl'):
        raise Skipped('curl is not there')
    keys(site)
    port = serve(site)
    mixed_mail(site)
    environment = dict(os.environ, PATH=os.path.dirname(promtool) + ':' + os.environ['PATH'])
    shown, checked = (subprocess.run(command, shell=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     timeout=PATIENCE)
                      for command in documented(section('doc/MONITORING', 'Prometheus', 2), port).splitlines())
    expect(shown.returncode == 0 and b'assay_messages_total' in shown.stdout, shown.stdout.decode())
    expect(checked.returncode == 0 and checked.stdout.strip() == b'', checked.stdout.decode())


@test
def alert_rules(site):
    promtool = tool('promtool')
    shutil.copy(os.path.join(TOP, 'dist/monitoring/assay-alerts.yml'), site.directory)
    shutil.copy(os.path.join(HERE, 'alerts.yml'), site.directory)
    for arguments in (('check', 'rules', 'assay-alerts.yml'), ('test', 'rules', 'alerts.yml')):
        done = subprocess.run([promtool, *arguments], cwd=site.directory, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect(done.returncode == 0 and b'SUCCESS' in done.stdout, done.stdout.decode())
    with open(os.path.join(HERE, 'alerts.yml')) as f:
        tested = set(re.findall(r'alertname: (\w+)', f.read()))
    with open(os.path.join(TOP, 'dist/monitoring/assay-alerts.yml')) as f:
        written = set(re.findall(r'alert: (\w+)', f.read()))
    expect(tested == written, 'rules and their tests differ: %s' % (tested ^ written))
    explained = {line.split()[0] for line in section('doc/MONITORING', 'What an alert means, and what to do', 0).lines}
    expect(explained == written, 'rules and doc/MONITORING differ: %s' % (explained ^ written))


def query(port, expression):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    try:
        connection.request('GET', '/api/v1/query?query=' + urllib.parse.quote(expression))
        answer = json.loads(connection.getresponse().read())
        expect(answer['status'] == 'success', '%s: %s' % (expression, answer))
        return answer['data']['result']
    except (OSError, ValueError, http.client.HTTPException):
        return []  # it is still starting
    finally:
        connection.close()


@test
def a_real_prometheus(site):
    """It scrapes; every query of the dashboard and of the rules is answered, of those with values in them."""
    prometheus = tool('prometheus')
    keys(site)
    store = 'reports { store = "sqlite:%s" }\n' % site.path('reports.sqlite')
    site.configure(store)
    if site.check().returncode == 1:
        print('skipped: the metrics of the store, as this build has none')
        store = ''
    port, own = serve(site, store), free_port()
    with open(site.path('prometheus.yml'), 'w') as f:
        f.write('global: { scrape_interval: 1s }\n' + documented(section('doc/MONITORING', 'Prometheus', 1), port))
    shutil.copy(os.path.join(TOP, 'dist/monitoring/assay-alerts.yml'), site.directory)
    process = subprocess.Popen(
        [prometheus, '--config.file=' + site.path('prometheus.yml'), '--log.level=error',
         '--storage.tsdb.path=' + site.path('data'), '--web.listen-address=127.0.0.1:%d' % own],
        cwd=site.directory, stdin=subprocess.DEVNULL, stdout=site.log, stderr=site.log)
    try:
        mixed_mail(site)
        wait_for(lambda: [r for r in query(own, 'assay_messages_total{class="external",action="accept"}')
                          if r['value'][1] == '5'], 'the scrape')
        expect(query(own, 'up{job="assay"}')[0]['value'][1] == '1', 'up')
        with open(os.path.join(TOP, 'dist/monitoring/assay-dashboard.json')) as f:
            panels = json.load(f)['panels']
        expressions = [t['expr'] for p in panels for t in p['targets']]
        with open(os.path.join(TOP, 'dist/monitoring/assay-alerts.yml')) as f:
            names = set(re.findall(r'\bassay_[a-z_]+', ' '.join(expressions) + f.read()))
        known = {name for r in query(own, '{__name__=~"assay_.*"}') for name in [r['metric']['__name__']]}
        if not store:
            names = {name for name in names if not name.startswith('assay_history')}
        expect(names <= known, 'used and not there: %s' % (names - known))
        mixed_mail(site)
        wait_for(lambda: query(own, 'sum(increase(assay_messages_total[1m]))'), 'two scrapes')
        for e in expressions:
            e = e.replace('$__rate_interval', '1m').replace('$instance', '.*')
            expect(query(own, e), 'no value: ' + e) if not re.search('latency|history', e) else query(own, e)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# --- the whole ----------------------------------------------------------------------------------------


def run(function, build, verbose):
    with tempfile.TemporaryDirectory(prefix='assay-monitoring-') as directory:
        os.chmod(directory, 0o755)
        site = Site(build, directory)
        try:
            function(site)
            if verbose:
                print('ok: %s' % function.__name__)
            return True
        except Skipped as e:
            print('skipped: %s: %s' % (function.__name__, e))
            return None
        except Exception as e:
            print('%s: %s: %s' % (function.__name__, type(e).__name__, e))
            return False
        finally:
            site.stop()
            site.log.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default=TOP)
    parser.add_argument('--cache')
    parser.add_argument('-v', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    CACHE[0] = options.cache
    done = subprocess.run([os.path.join(options.build, 'assay'), 'config', '--options'], stdout=subprocess.PIPE)
    expect(b'metrics listen' in done.stdout, 'assay config --options')
    results = [run(t, options.build, options.v) for t in TESTS if not options.names or t.__name__ in options.names]
    print('%d passed, %d failed' % (results.count(True), results.count(False)))
    return 1 if False in results else 0


if __name__ == '__main__':
    sys.exit(main())
