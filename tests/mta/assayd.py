"""assayd under test: its configuration as a dictionary, its log, its tool `assay`."""

import json
import os
import re
import signal
import socket
import subprocess

import host


def render(options, depth=0):
    """{"enforce": "yes", "dns": {"timeout": "2s"}} as configuration text; lists become { a, b }."""
    lines = []
    for name, value in options.items():
        if isinstance(value, dict):
            lines.append("%s%s {" % ("\t" * depth, name))
            lines.append(render(value, depth + 1).rstrip("\n"))
            lines.append("\t" * depth + "}")
        elif isinstance(value, (list, tuple)):
            lines.append("%s%s = { %s }" % ("\t" * depth, name, ", ".join(literal(v) for v in value)))
        elif value is not None:
            lines.append("%s%s = %s" % ("\t" * depth, name, literal(value)))
    return "\n".join(lines) + "\n"


def literal(value):
    """Words and numbers stand bare, everything else is quoted."""
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z0-9]+", text) else '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def merged(options, changes):
    result = dict(options)
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(name), dict):
            value = merged(result[name], value)
        result[name] = value
    return result


class Assay:
    """The command-line tool."""

    def __init__(self, build):
        self.program = os.path.join(os.path.abspath(build), "assay")
        if not os.access(self.program, os.X_OK):
            raise host.Unavailable("no assay in %s" % build)

    def run(self, *arguments, stdin=None, check=True, errors=True):
        return host.run([self.program] + [str(a) for a in arguments], stdin=stdin, check=check, errors=errors)

    def sign(self, message, domain, selector, key):
        """The message with a DKIM-Signature on top, as another site's mail server would have sent it."""
        signed = host.run_bytes([self.program, "sign", "--domain", domain, "--selector", selector,
                                 "--key", key, "-"], stdin=message)
        if b"DKIM-Signature:" not in signed:
            raise host.Broken("assay sign made no signature: %r" % signed[:200])
        return signed

    def verify(self, message, zone, **options):
        """What `assay verify --json` finds.  options: ip=, helo=, mail_from= ..."""
        arguments = ["verify", "--zone", zone, "--json"]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), value]
        return json.loads(self.run(*arguments, "-", stdin=message, errors=False))


class Assayd:
    def __init__(self, build, directory, options):
        """options: the configuration, see render()."""
        self.program = os.path.join(os.path.abspath(build), "assayd")
        if not os.access(self.program, os.X_OK):
            raise host.Unavailable("no assayd in %s" % build)
        self.directory = host.owned_dir(directory)
        self.configuration = os.path.join(directory, "assay.conf")
        self.logfile = os.path.join(directory, "assayd.log")
        self.options = options
        self.options.setdefault("pid-file", os.path.join(directory, "pid", "assayd.pid"))
        self.options.setdefault("control", {"socket": os.path.join(directory, "control", "sock")})
        self.process = None

    def write(self):
        host.write(self.configuration, render(self.options))

    def start(self, wait=True):
        self.write()
        self.process = host.Process([self.program, "-c", self.configuration, "-f"], self.logfile,
                                    env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1"))
        if wait and not host.until(lambda: self.reachable() or not self.process.running(), 20) \
                or not self.process.running():
            self.stop()
            raise host.Broken("assayd did not start: exit %s\n%s\n%s" % (
                self.process and self.process.popen.returncode, self.log()[-2000:], render(self.options)))
        return self

    def background(self, sanitizer_log):
        """As an init script starts it: the parent ends when the daemon serves. -> (exit status, pid)."""
        self.write()
        ended = subprocess.run([self.program, "-c", self.configuration], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30,
                               env=dict(os.environ, ASAN_OPTIONS="log_path=" + sanitizer_log,
                                        UBSAN_OPTIONS="log_path=" + sanitizer_log))
        text = host.read(self.options["pid-file"]).strip()
        return ended.returncode, int(text) if text.isdigit() else None

    def reachable(self):
        kind, _, where = self.options["listen"].partition(":")
        try:
            if kind == "unix":
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(where)
            else:
                address, _, port = where.rpartition(":")
                socket.create_connection((address.strip("[]"), int(port)), 2).close()
            return True
        except OSError:
            return False

    def running(self):
        return self.process is not None and self.process.running()

    def stop(self, timeout=30):
        """-> exit status; None when it did not run."""
        if self.process is None:
            return None
        if self.running():
            self.process.signal(signal.SIGTERM)
            # libmilter sees that it is to stop when a connection comes, or after up to five seconds
            host.until(lambda: not self.running() or (self.reachable() and not self.running()), timeout, 0.05)
        return self.process.stop(timeout)

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait(10)

    def reload(self, by=signal.SIGHUP, wait=None):
        """wait: a pattern of the log line that must follow."""
        mark = len(self.log())
        self.write()
        self.process.signal(by)
        return host.until(lambda: re.search(wait, self.log()[mark:]), 15) if wait else None

    def log(self):
        return host.read(self.logfile)

    def log_with(self, text, timeout=5):
        """The log once text is in it, which a thread of its own writes; after the timeout as it is."""
        host.until(lambda: text in self.log(), timeout)
        return self.log()

    def log_line(self, queue_id, timeout=5):
        """The line about one message, or ""."""
        found = host.until(lambda: re.search(r"^.*\b%s: .*$" % re.escape(queue_id), self.log(), re.M), timeout)
        return found.group(0) if found else ""
