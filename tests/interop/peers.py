"""The other software: where it is, what it cannot do, and a process of it for each batch of jobs."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH_SECONDS = 300


class Missing(Exception):
    """The peer is not on this machine."""


class Died(Exception):
    """A peer's process ended, or said something else, before its last job was done."""


class Peer:
    def __init__(self, name, argv, keys, environment=None):
        self.name = name
        self.argv = argv + [keys]
        self.environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(environment or {}))
        self.version = ""
        self.refusals = {}               # (sign or verify, algorithm) -> why
        self.run([])

    def can(self, what, algorithm):
        return (what, algorithm) not in self.refusals

    def talk(self, jobs):
        text = "".join("\t".join(job) + "\n" for job in jobs)
        done = subprocess.run(self.argv, input=text, env=self.environment, timeout=BATCH_SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        return lines, done.stderr.strip()

    def run(self, jobs):
        """-> one [status, detail] for each job.  A job in which the process dies is an answer too: "died"."""
        answers = []
        while True:
            lines, errors = self.talk(jobs[len(answers):])
            if ["ready"] not in lines:
                raise Missing(errors.splitlines()[-1] if errors else "it says nothing")
            start = lines.index(["ready"])
            self.read_hello(lines[:start])
            answers += [(line + [""])[:2] for line in lines[start + 1:]]
            if len(answers) >= len(jobs):
                break
            answers.append(["died", errors[-200:]])
        if len(answers) != len(jobs):
            raise Died("%s: %d answers to %d jobs" % (self.name, len(answers), len(jobs)))
        return answers

    def read_hello(self, lines):
        for line in lines:
            if line[0] == "peer":
                self.version = line[1]
            elif line[0] == "cannot":
                self.refusals[line[1], line[2]] = line[3]


def python_with(module):
    """An interpreter that can import the module: this one, or the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.access(python, os.X_OK) and subprocess.run(
                [python, "-c", "import " + module], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise Missing("no Python here can import %s" % module)


def libopendkim(cache):
    """-> environment for its worker: the library in the cache, or the machine's own."""
    found = sorted(glob.glob(os.path.join(cache, "opendkim", "usr/lib/*/libopendkim.so.11"))) if cache else []
    if not found:
        return {}
    places = [os.path.dirname(found[0]), os.path.join(cache, "opendkim", "usr/lib")]
    return {"INTEROP_LIBOPENDKIM": found[0],
            "LD_LIBRARY_PATH": ":".join(places + [p for p in [os.environ.get("LD_LIBRARY_PATH")] if p])}


def script(name):
    return os.path.join(HERE, name)


def dkimpy(keys, cache):
    return Peer("dkimpy", [python_with("dkim"), script("peer_dkimpy.py")], keys)


def mail_dkim(keys, cache):
    return Peer("Mail::DKIM", ["perl", script("peer_mail_dkim.pl")], keys)


def opendkim(keys, cache):
    return Peer("opendkim", [sys.executable, script("peer_opendkim.py")], keys, libopendkim(cache))


def mailauth(keys, cache):
    """It is asked about ARC only: where `npm install --prefix CACHE/mailauth mailauth` has put it."""
    modules = os.path.join(cache or "", "mailauth", "node_modules")
    if not os.path.isdir(modules):
        raise Missing("npm's mailauth is not in CACHE/mailauth (tests/mta/fetch CACHE mailauth)")
    return Peer("mailauth", ["node", script("peer_mailauth.js")], keys, {"NODE_PATH": modules})


ALL = (("dkimpy", dkimpy), ("Mail::DKIM", mail_dkim), ("opendkim", opendkim))


def find(keys, cache):
    """-> ([Peer], [(name, why it is missing)])"""
    here, missing = [], []
    for name, make in ALL:
        try:
            here.append(make(keys, cache))
        except (Missing, OSError) as e:
            missing.append((name, str(e)))
    return here, missing
