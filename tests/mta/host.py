"""What the private MTAs need of the machine: ports, accounts, processes that are ended for certain."""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))


class Unavailable(Exception):
    """This machine cannot do it (not root, no such package ...): a reason to skip, not a failure."""


class Broken(Exception):
    """It should have worked: a failure."""


def need_root(what):
    if os.geteuid() != 0:
        raise Unavailable("%s needs root (it drops privileges and calls chroot); run it as root" % what)


def free_ports(count, host="127.0.0.1"):
    """Ports that were free just now, all different, below the range from which connects are made.

    A port from that range could be taken by a client of ours before the server binds it.
    """
    low = 32768
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
            low = int(f.read().split()[0])
    except (OSError, ValueError):
        pass
    candidates = list(range(max(low - 8000, 2000), max(low, 10000)))
    start = (os.getpid() * 37 + time.monotonic_ns() // 1000) % len(candidates)
    found = []
    for port in candidates[start:] + candidates[:start]:
        with socket.socket() as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Unavailable("no %d free ports on %s" % (count, host))


# Accounts which Debian always has and which nothing runs as; a test must create none.
SPARE = ("uucp", "news", "list", "irc", "games", "lp", "www-data")


def spare_accounts(count, first=()):
    """Names of unprivileged accounts with a group of their own: those in `first` that exist, then spare ones."""
    found = []
    for name in tuple(first) + SPARE:
        try:
            user = pwd.getpwnam(name)
            alone = pwd.getpwuid(user.pw_uid).pw_name == name
        except KeyError:
            continue
        if alone and user.pw_uid and user.pw_gid and name not in found:
            found.append(name)
    if len(found) < count:
        raise Unavailable("needs %d unprivileged system accounts, found %s" % (count, found))
    return found[:count]


def group_of(account):
    return grp.getgrgid(pwd.getpwnam(account).pw_gid).gr_name


def owned_dir(path, account=None, mode=0o755, group=None):
    os.makedirs(path, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(path, pwd.getpwnam(account).pw_uid if account else 0,
                 grp.getgrnam(group).gr_gid if group else (pwd.getpwnam(account).pw_gid if account else 0))
    os.chmod(path, mode)
    return path


def give(path, account, mode):
    """Owner and mode of a file; without root only the mode."""
    if account and os.geteuid() == 0:
        user = pwd.getpwnam(account)
        os.chown(path, user.pw_uid, user.pw_gid)
    os.chmod(path, mode)


def place(prefix="assay-mta-"):
    """A new directory that unprivileged daemons can enter, short enough for unix socket paths below it."""
    os.umask(0o022)
    path = tempfile.mkdtemp(prefix=prefix)
    os.chmod(path, 0o755)
    return path


def discard(path):
    shutil.rmtree(path, ignore_errors=True)


def write(path, text, mode=0o644):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    return path


def read(path):
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as f:
            return f.read()
    except OSError:
        return ""


def until(condition, timeout=15, step=0.02):
    """Polls; returns the first true value of condition(), or the last false one."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() >= end:
            return value
        time.sleep(step)


def processes_naming(path):
    """What still runs with that path among its arguments, a line each; "" when nothing does."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                arguments = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if path in arguments and int(pid) != os.getpid():
            found.append("left running: %s %s\n" % (pid, arguments))
    return "".join(found)


def listening(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 2).close()
        return True
    except OSError:
        return False


def run(argv, env=None, stdin=None, check=True, timeout=60, errors=True):
    """Runs a program; -> its output (str; with what it wrote on stderr if `errors`).

    check: Broken unless it succeeds.
    """
    p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, env=env, timeout=timeout,
                       stderr=subprocess.STDOUT if errors else subprocess.DEVNULL)
    text = p.stdout.decode("utf-8", "backslashreplace")
    if check and p.returncode != 0:
        raise Broken("%s: exit %d: %s" % (" ".join(map(str, argv)), p.returncode, text.strip()[-2000:]))
    return text


def succeeds(argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def run_bytes(argv, stdin=b"", timeout=60):
    """Runs a program; -> exactly what it wrote on stdout.  Broken unless it succeeds."""
    p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    if p.returncode != 0:
        raise Broken("%s: exit %d: %s" % (" ".join(map(str, argv)), p.returncode,
                                          p.stderr.decode("utf-8", "backslashreplace").strip()[-2000:]))
    return p.stdout


class Process:
    """A daemon that stays in the foreground, in a session of its own, so that its children end with it."""

    def __init__(self, argv, output, env=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.output = output                     # a file that takes stdout and stderr, appended to
        with open(output, "ab") as out:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=env, cwd=cwd, start_new_session=True)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout):
        """-> exit status, or None when it has not ended in time."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, timeout=20):
        """TERM, then KILL; then whatever is left of its session.  -> exit status of the daemon itself."""
        if self.running():
            self.signal(signal.SIGTERM)
            if self.wait(timeout) is None:
                self.signal(signal.SIGKILL)
                self.wait(timeout)
        self.sweep()
        return self.popen.returncode

    def sweep(self):
        try:
            os.killpg(self.pid, signal.SIGTERM)
            if not until(lambda: not self.group_left(), 3):
                os.killpg(self.pid, signal.SIGKILL)
                until(lambda: not self.group_left(), 3)
        except ProcessLookupError:
            pass

    def group_left(self):
        try:
            os.killpg(self.pid, 0)
            return True
        except ProcessLookupError:
            return False
