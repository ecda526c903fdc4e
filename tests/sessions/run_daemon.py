#!/usr/bin/env python3
"""run_daemon.py - plays session files (README) at the socket of assayd, as an MTA does.

    run_daemon.py [--build DIR] [-v] [FILE...]      default: every session beside this file

Each session has a daemon and a directory of its own.  Prints a line for each failure and, last,
"N passed, N failed".  Standard library only.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOGETHER = 24  # sessions at a time: libmilter takes up to five seconds to end
PATIENCE = 60  # seconds until a daemon that says nothing counts as hung

# milter protocol 6
NO_REPLY = {'C': 0x1000, 'H': 0x2000, 'M': 0x4000, 'R': 0x8000, 'T': 0x10000, 'L': 0x80, 'N': 0x40000,
            'B': 0x80000}
NOT_WANTED = {'C': 0x1, 'H': 0x2, 'M': 0x4, 'R': 0x8, 'B': 0x10, 'L': 0x20, 'N': 0x40, 'T': 0x200}
LEADING_SPACE = 0x100000
OFFERED = sum(NO_REPLY.values()) | sum(NOT_WANTED.values()) | 0x400 | 0x800 | LEADING_SPACE
ACTIONS = 0x1ff


class Failure(Exception):
    pass


# --- the session file ---------------------------------------------------------------------------


class Session:
    """What the MTA tells, and what is expected; the message itself is prepared by `core`."""

    def __init__(self, path):
        self.path = path
        self.client, self.name, self.port = '192.0.2.7', None, '25'
        self.told = {'mta-name': 'mx.example.com', 'queue-id': '4TEST', 'helo': 'mail.example.org',
                     'from': '<joe@example.org>'}
        self.recipients, self.expected = [], []
        block = False
        with open(path, encoding='utf-8', errors='surrogateescape') as f:
            for number, line in enumerate(f, 1):
                line = line.rstrip('\n')
                if block:
                    block = line != 'end'
                elif line in ('config', 'zone', 'message'):
                    block = True
                elif line and line[0] not in '#\t':
                    self.step(number, *line.partition(' ')[::2])
        self.recipients = self.recipients or ['<ann@example.com>']

    def step(self, number, word, rest):
        if word == 'client':
            self.client, _, name = rest.partition(' ')
            self.name = name or None
        elif word == 'port':
            self.port = rest
        elif word == 'to':
            self.recipients.append(rest)
        elif word == 'expect':
            self.expected.append((number,) + rest.partition(' ')[::2])
        else:
            self.told[word] = rest


def folded(text):
    return ' '.join(text.split())


def matches(pattern, text):
    """"..." in the pattern stands for any text; white space is folded on both sides."""
    pieces = [re.escape(piece) for piece in folded(pattern).split('...')]
    return re.fullmatch('.*'.join(pieces), folded(text), re.DOTALL) is not None


# --- the MTA's side of the protocol -----------------------------------------------------------------


def octets(text):
    return text.encode('utf-8', 'surrogateescape')


def zero(*texts):
    return b''.join(octets(t) + b'\0' for t in texts)


class Mta:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.edits, self.held = [], None
        self.send('O', struct.pack('>III', 6, ACTIONS, OFFERED))
        code, data = self.receive()
        if code != 'O':
            raise Failure('negotiation: %r' % code)
        self.steps = struct.unpack('>III', data[:12])[2]

    def send(self, code, data=b''):
        self.socket.sendall(struct.pack('>I', len(data) + 1) + code.encode() + data)

    def exactly(self, count):
        data = b''
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise Failure('the daemon closed the connection')
            data += more
        return data

    def receive(self):
        length = struct.unpack('>I', self.exactly(4))[0]
        data = self.exactly(length)
        return chr(data[0]), data[1:]

    def macros(self, code, **values):
        pairs = [v for name, value in values.items() if value is not None
                 for v in (name if len(name) == 1 else '{%s}' % name, value)]
        self.send('D', code.encode() + zero(*pairs))

    def tell(self, code, data=b''):
        """A step before the end of the message: nothing but "go on" may come back."""
        if self.steps & NOT_WANTED.get(code, 0):
            return
        self.send(code, data)
        if self.steps & NO_REPLY.get(code, 0):
            return
        answer, _ = self.receive()
        if answer != 'c':
            raise Failure('answer to %s: %r' % (code, answer))

    def end(self):
        """The end of the message: edits, then the answer."""
        self.send('E')
        while True:
            code, data = self.receive()
            if code == 'i':
                index, text = struct.unpack('>I', data[:4])[0], data[4:]
                name, value = [t.decode('utf-8', 'replace') for t in text.split(b'\0')[:2]]
                if index != 0:
                    raise Failure('a field inserted at %d' % index)
                self.edits.append('insert %s: %s' % (name, value))
            elif code == 'm':
                index, text = struct.unpack('>I', data[:4])[0], data[4:]
                name, value = [t.decode('utf-8', 'replace') for t in text.split(b'\0')[:2]]
                if value:
                    raise Failure('a field changed: %s' % name)
                self.edits.append('delete %s %d' % (name, index))
            elif code == 'q':
                self.held = data.rstrip(b'\0').decode('utf-8', 'replace')
            elif code != 'p':
                return code, data.rstrip(b'\0').decode('utf-8', 'replace')


def header_and_body(message):
    """As Postfix has it: fields up to an empty line or a line that is no field."""
    fields, at = [], 0
    while at < len(message):
        end = message.find(b'\r\n', at)
        end = len(message) if end < 0 else end
        line = message[at:end]
        if line == b'':
            return fields, message[end + 2:]
        field = re.match(rb'([!-9;-~]+)[ \t]*:', line)
        if line[:1] in b' \t' and fields:
            fields[-1][1] += b'\n' + line
        elif field:
            fields.append([field.group(1), line[field.end():]])
        else:
            return fields, message[at:]
        at = end + 2
    return fields, b''


def connection(session):
    if session.client == 'unknown':
        return zero('unknown') + b'U'
    family = b'6' if ':' in session.client else b'4'
    return zero(session.name or '[%s]' % session.client) + family + struct.pack('>H', 40000) + \
        zero(session.client)


def play(session, mta, message):
    told = session.told
    fields, body = header_and_body(message)
    mta.macros('C', j=told['mta-name'], daemon_name=told.get('daemon-name'),
               daemon_port=None if session.port == 'none' else session.port,
               client_addr=None if session.client == 'unknown' else session.client,
               client_resolve='OK' if session.name else 'FAIL')
    mta.tell('C', connection(session))
    mta.tell('H', zero(told['helo']))
    mta.macros('M', i=told['queue-id'], auth_authen=told.get('auth'))
    mta.tell('M', zero(told['from']))
    for recipient in session.recipients:
        mta.tell('R', zero(recipient))
    mta.tell('T')
    for name, value in fields:
        if not mta.steps & LEADING_SPACE and value[:1] == b' ':
            value = value[1:]
        mta.tell('L', name + b'\0' + value + b'\0')
    mta.tell('N')
    for at in range(0, len(body), 65535):
        mta.tell('B', body[at:at + 65535])
    mta.macros('E', i=told['queue-id'])
    return mta.end()


# --- the daemon ----------------------------------------------------------------------------------------


class Daemon:
    def __init__(self, build, directory):
        self.socket = os.path.join(directory, 'sock')
        self.log = open(os.path.join(directory, 'log'), 'w+b')
        config = os.path.join(directory, 'assay.conf')
        with open(config, 'r+b') as f:
            rest = f.read()
            f.seek(0)
            f.write(octets('listen = "unix:%s"\ncontrol { socket = "" }\n' % self.socket))
            if os.geteuid() == 0:
                f.write(b'user = "root"\n')
            f.write(rest)
        self.process = subprocess.Popen([os.path.join(build, 'assayd'), '-f', '-c', config],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until = time.monotonic() + PATIENCE
        while not self.listening():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Failure('assayd does not start: %s' % self.lines())
            time.sleep(0.01)

    def listening(self):
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(self.socket)
            return True
        except OSError:
            return False
        finally:
            probe.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def lines(self):
        self.log.seek(0)
        return self.log.read().decode('utf-8', 'replace')

    def message_line(self):
        """The line of the message, as `core` shows it: what stands before the queue id is cut."""
        for line in self.lines().splitlines():
            if ': role=' in line:
                return re.sub(r'^.*?(\S+: role=)', r'\1', line)
        return ''


# --- comparison ------------------------------------------------------------------------------------------


def refusal(code, text):
    """What an MTA would tell its client, "550 5.7.26 ...", on one line; "%" is doubled on this wire."""
    if code == 'y':
        lines = text.replace('%%', '%').split('\r\n')
        if any(len(line) + 2 > 512 for line in lines):     # RFC 5321 section 4.5.3.1.5
            return 'a line that is too long: ' + text
        codes = lines[-1].split(' ')[:2]
        return ' '.join(codes + [line[len(' '.join(codes)) + 1:] for line in lines])
    return {'r': '550', 't': '451'}.get(code, '')


def compare(session, mta, answer, line):
    reply = refusal(*answer)
    action = 'reject' if reply.startswith('5') else 'tempfail' if reply else 'accept'
    edits, seen, problems = iter(mta.edits), set(), []

    def check(number, what, want, got):
        if not matches(want, got):
            problems.append('%s:%d: %s: got "%s", want "%s"' % (session.path, number, what, got, want))

    for number, kind, text in session.expected:
        seen.add(kind)
        if kind == 'action':  # filed mail is accepted mail with an edit
            check(number, kind, 'accept' if text == 'quarantine' else text, action)
        elif kind == 'reply':
            check(number, kind, text, reply)
        elif kind == 'hold':
            check(number, kind, text, 'not held' if mta.held is None else mta.held)
        elif kind in ('insert', 'delete'):
            check(number, 'edit', kind + ' ' + text, next(edits, 'nothing'))
        elif kind == 'log':
            check(number, kind, text, line)
    for left in edits:
        check(0, 'edit', 'nothing', left)
    if 'reply' not in seen:
        check(0, 'reply', '', reply)
    if 'hold' not in seen and mta.held is not None:
        check(0, 'hold', 'not held', mta.held)
    return problems


def run(build, path, verbose):
    session = Session(path)
    with tempfile.TemporaryDirectory(prefix='assay-session-') as directory:
        os.chmod(directory, 0o755)
        subprocess.run([os.path.join(build, 'tests/sessions/core'), '--prepare', directory, path],
                       check=True)
        with open(os.path.join(directory, 'message.eml'), 'rb') as f:
            message = f.read()
        daemon = Daemon(build, directory)
        try:
            mta = Mta(daemon.socket)
            answer = play(session, mta, message)
            mta.send('Q')
            mta.socket.close()
        finally:
            daemon.stop()
        problems = compare(session, mta, answer, daemon.message_line())
        if daemon.process.returncode != 0:
            problems.append('%s: assayd ended with %d: %s' % (path, daemon.process.returncode,
                                                              daemon.lines()))
        if verbose:
            print(path, answer, mta.edits, daemon.lines())
    return problems


def problems_of(build, path, verbose):
    try:
        return run(build, path, verbose)
    except (Failure, OSError, subprocess.SubprocessError) as e:
        return ['%s: %s' % (path, e)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument('--build', default='.', help='directory of the built programs')
    arguments.add_argument('-v', action='store_true', help='show what came back')
    arguments.add_argument('files', nargs='*')
    given = arguments.parse_args()
    build = os.path.abspath(given.build)
    files = given.files or sorted(glob.glob(os.path.join(HERE, '*.session')))
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        found = list(pool.map(lambda path: problems_of(build, path, given.v), files))
    for problem in sum(found, []):
        print(problem)
    failed = sum(1 for problems in found if problems)
    passed = len(found) - failed
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(0 if passed and not failed else 1)


if __name__ == '__main__':
    main()
