#!/usr/bin/env python3
"""run.py --cache CACHEDIR [--suite NAME]... [--filter X]: assay on bare machines.

Each test takes a debootstrapped Debian (bookworm unless named otherwise) in a directory of its own and does
there what the README says.  It needs root, debootstrap and the package mirror of this machine's apt; where
one is missing the tests are skipped, aloud.  Ends with "N passed, N failed, N skipped".
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(sys.path[0], "..", "lib"))
sys.dont_write_bytecode = True

import cross
import documents
import podman
from machine import TOP, Broken, Machine, Unavailable


def tried(action):
    """README's command for it, of those that one tries first."""
    commands = documents.section("README", "Try it", 0).commands()
    if [command.split()[-1] for command in commands] != ["demo", "check", "deb"]:
        raise Broken("README has other commands than are tested: %s" % commands)
    return "&& " + [command for command in commands if command.endswith(action)][0]


def demonstration(machine):
    """README's first command installs, builds and shows all messages."""
    machine.put_project("/root/assay")
    output = machine.must(["sh", "-c", "cd /root/assay " + tried("demo")], network=True, timeout=1800)
    last = output.strip().splitlines()[-1]
    if not re.match(r"(\d+) of \1 messages", last):
        raise Broken("the last line is %r" % last)


PACKAGES = {}       # release: the project's package for it


def keep_package(machine):
    built = glob.glob(machine.path("/root/assay/build/deb/assay_*.deb"))[0]
    if shutil.which("lintian"):
        said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", built], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        print(said.stdout.rstrip() or "lintian has no complaint")
        if said.returncode != 0:
            raise Broken("lintian finds faults in " + built)
    else:
        print("skipped: lintian is not installed")
    PACKAGES[machine.suite] = os.path.join(SCRATCH.name, machine.suite + ".deb")
    shutil.copy(built, PACKAGES[machine.suite])


def install(machine, packages, mta="postfix"):
    """These packages of Debian's, and the project's own, built as README says unless this run has done that already."""
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends systemd-sysv dbus "
                  "procps iproute2 python3 " + " ".join([mta] + packages)], network=True)
    named(machine, mta)
    if machine.suite not in PACKAGES:
        machine.must(["sh", "-c", "cd /root/assay " + tried("deb")], network=True, timeout=1800)
        keep_package(machine)
    shutil.copy(PACKAGES[machine.suite], machine.path("/root/assay_.deb"))
    machine.must(["sh", "-c", "apt-get install -y -q /root/assay_.deb"], network=True)
    machine.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")


def named(machine, mta="postfix"):
    """The host's name as its administrator has set it: Debian's packages took this build machine's."""
    machine.put("/etc/hostname", "mx.example.com\n")
    machine.put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 mx.example.com mx\n")
    if mta == "postfix":
        machine.must(["postconf", "-e", "myhostname=mx.example.com"])


def played(machine, script):
    """What a script of this folder says that runs in the booted machine."""
    said = machine.boot("/usr/bin/python3 /root/assay/tests/machine/" + script, timeout=900)
    print(said.rstrip())
    if "FAILED" in said or not said.rstrip().endswith("done"):
        raise Broken("see above")


def set_up(machine):
    """README's set-up with Postfix on a machine that has one: to signed and aligned mail, and the unit's life."""
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends systemd-sysv dbus "
                  "procps postfix python3 logrotate apparmor"], network=True)
    named(machine)
    machine.put_project("/root/assay")
    start = time.monotonic()
    for line in documents.section("README", "Set up with Postfix", 0).commands():
        if re.match(r"\./bootstrap|apt-get ", line):    # the others need no network: steps.py
            machine.must(["sh", "-c", "cd /root/assay && " + line], network=True, timeout=1800)
    built = time.monotonic() - start
    machine.must(["sh", "-c", "cp /root/assay/build/deb/assay_*.deb /root"])
    keep_package(machine)
    machine.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    print("package built and installed in %d s, %d octets, installed %s" % (
        built, os.path.getsize(PACKAGES[machine.suite]),
        machine.must(["sh", "-c", "dpkg-query -W -f '${Installed-Size} KiB' assay"])))
    played(machine, "steps.py")


def set_up_sendmail(machine):
    """README's set-up with Sendmail on a machine that has one: to signed and aligned mail."""
    install(machine, ["sendmail-cf", "sensible-mda"], "sendmail-bin")
    played(machine, "sendmail_steps.py")


def by_hand(machine):
    """README's installation without the package; with systemd, and without it."""
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends systemd-sysv dbus "
                  "procps postfix python3 adduser"], network=True)
    named(machine)
    for command in documents.section("README", "Without the package", 0).commands():
        machine.must(["sh", "-c", "cd /root/assay && " + command], network=True, timeout=1800)
    machine.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    played(machine, "by_hand.py")


def migrate(machine):
    """doc/MIGRATING, from Debian's opendkim, opendmarc and policyd-spf and back, word by word."""
    install(machine, ["opendkim", "opendkim-tools", "opendmarc", "postfix-policyd-spf-python"])
    played(machine, "migrate.py")


def neighbours(machine, packages=("postsrsd", "mlmmj", "fetchmail"), sections="postsrsd virtual_aliases mlmmj null_clients fetchmail"):
    """doc/NEIGHBOURS, section by section."""
    if machine.suite != "bookworm":
        raise Unavailable("the page is written for the versions of bookworm")
    install(machine, list(packages))
    played(machine, "neighbours.py " + sections)


def filters(machine):
    """doc/NEIGHBOURS, the sections of spam filters."""
    neighbours(machine, ("spamass-milter", "spamd", "rspamd", "amavisd-new"), "spamassassin rspamd amavis")


def reports(machine):
    """doc/REPORTS, section by section: reports are sent by the package's units, and an address that bounces is suspended."""
    install(machine, ["postgresql"])
    played(machine, "reports.py")


DOVECOT = {     # by version, what is there before: mail below the home directory, and the plugin in the delivery agent
    "2.3": "mail_location = maildir:~/Maildir\nprotocol lda {\n  mail_plugins = $mail_plugins sieve\n}\n",
    "2.4": "mail_driver = maildir\nmail_path = ~/Maildir\nmail_inbox_path = ~/Maildir\n"
           "protocol lda {\n  mail_plugins {\n    sieve = yes\n  }\n}\n",
}


def junk_folder(machine):
    """dist/quarantine.sieve in this release's Dovecot, compiled and named as its first lines say."""
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends dovecot-sieve && useradd -m reader"],
                 network=True)
    version = machine.must(["dovecot", "--version"])[:3]
    with open(os.path.join(TOP, "dist/quarantine.sieve")) as f:
        machine.put("/etc/dovecot/sieve/before.d/quarantine.sieve", f.read())
    machine.must(["sh", "-c", documents.section("dist/quarantine.sieve", "", 0).text])
    named_by = documents.section("dist/quarantine.sieve", "", list(DOVECOT).index(version) + 1)
    machine.put("/etc/dovecot/local.conf", DOVECOT[version] + named_by.text)
    for name, field in (("marked", "X-Assay-Quarantine: dmarc\n"), ("plain", "")):
        machine.put("/home/reader/" + name, "%sFrom: <joe@example.com>\nX-Name: %s\n\nHello.\n" % (field, name))
        machine.must(["runuser", "-l", "reader", "-c", "/usr/lib/dovecot/dovecot-lda <" + name])
    machine.must(["sh", "-c", "cd /home/reader/Maildir; grep -r 'X-Name: marked' .Junk/new; grep -r 'X-Name: plain' new"])


def build(machine):
    """./bootstrap, and what `make check` runs: for other releases."""
    machine.put_project("/srv/assay")
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends check pkg-config python3 openssl && "
                  "cd /srv/assay && ./bootstrap"], network=True, timeout=1800)
    status, said = machine.run(["sh", "-c", "cd /srv/assay && make -C build/release -s -k -j$(nproc) all && "
                                "make -C build/release -s -k -j$(nproc) check"], timeout=3600)
    print("\n".join(re.findall(r"(?m)^(?:# [A-Z]+: +\d+|(?:FAIL|ERROR): .*|.*warning: .*)$", said)))
    if status != 0:
        raise Broken(said[-3000:])


def compilers(machine):
    """The developer's build, where a warning is an error, and the unit tests, with this release's gcc and clang."""
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", "cd /root/assay && ./bootstrap --enable-developer && "
                  "apt-get install -y -q --no-install-recommends check clang python3 openssl"], network=True, timeout=1800)
    for compiler in ("gcc", "clang"):
        start = time.monotonic()
        said = machine.must(["sh", "-c", COMPILED, compiler], timeout=3600)
        print("%s, %d s" % (", ".join(said.splitlines()), time.monotonic() - start), flush=True)


COMPILED = """\
set -e
quietly() { make -s -j$(nproc) "$@" >make.log 2>&1 || { tail -n 40 make.log; exit 1; }; }
$0 --version | head -n 1
mkdir -p /root/assay/build/$0
cd /root/assay/build/$0
../../configure -q --enable-developer CC=$0
tests=$(cd ../.. && for room in tests/unit/*/; do echo ${room}test; done)
quietly all
quietly $tests
quietly check-TESTS TESTS="$(echo $tests)"
cat tests/unit/*/test.log | awk '/^[0-9]+%: Checks: / { gsub(",", ""); n += $3 } END { print n " unit tests" }'
"""


def bits_32(machine):
    """A 32-bit architecture, i386, emulated."""
    cross.run(machine, "i386")


def big_endian(machine):
    """A big-endian architecture, s390x, emulated."""
    cross.run(machine, "s390x")


def other_libc(machine):
    """musl, as far as Debian has it."""
    cross.musl(machine)


def everything(machine):
    """./bootstrap check, as the project's own gate runs it: where other users may enter, and beside PostgreSQL's server."""
    machine.put_project("/srv/assay")
    machine.must(["sh", "-c", "apt-get update -q && apt-get install -y -q --no-install-recommends postgresql"], network=True)
    status, said = machine.run(["sh", "-c", "cd /srv/assay " + tried("check")], network=True, timeout=7200)
    print(said.rstrip())
    if status != 0:
        raise Broken("see above")


def rpm(machine):
    """dist/rpm/assay.spec, by Debian's rpmbuild: everything that is installed is packaged, and nothing else is named."""
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", "cd /root/assay && ./bootstrap && apt-get install -y -q --no-install-recommends rpm xz-utils check"],
                 network=True, timeout=1800)
    said = machine.must(["sh", "-c", RPMBUILD], timeout=1800)
    print(said.strip().splitlines()[-1])


# What Fedora's systemd-rpm-macros would define, the scriptlets' parts left out; its packages' names mean nothing to
# Debian.  Installed, every file is there with its owner and mode, and the daemon finds nothing wrong with itself.
RPMBUILD = """\
set -e
cd /root/assay
make -s -C build/release dist
mkdir -p /root/rpmbuild/SOURCES
cp build/release/assay-*.tar.xz /root/rpmbuild/SOURCES
rpmbuild -bb --nodeps --nocheck --define '_unitdir /usr/lib/systemd/system' --define '_tmpfilesdir /usr/lib/tmpfiles.d' \
  --define 'systemd_post() :' --define 'systemd_preun() :' --define 'systemd_postun_with_restart() :' dist/rpm/assay.spec
package=$(ls /root/rpmbuild/RPMS/*/assay-[0-9]*.rpm)
rpm -qpl $package
rpm -i --nodeps --force-debian $package
rpm -V --nodeps assay
test "$(stat -c '%U %a' /etc/assay/keys)" = 'assay 750'
test -e /usr/lib/systemd/system/assayd.service
install -d -o assay /run/assay /var/lib/assay
assayd --check
echo "$(basename $package): $(stat -c %s $package) octets"
"""


def container(machine):
    """dist/Containerfile, upon this machine as its base: read-only, as its own user, with a health check."""
    if not shutil.which("podman"):
        raise Unavailable("podman is not installed")
    podman.run(machine)


TESTS = [demonstration, build, compilers, bits_32, big_endian, other_libc, everything, set_up, set_up_sendmail, by_hand, migrate,
         neighbours, filters, reports, junk_folder, rpm, container]
SCRATCH = tempfile.TemporaryDirectory(prefix="assay-packages-")


def run_one(test, cache, suite):
    """-> "passed", "failed" or "skipped" """
    start = time.monotonic()
    try:
        with Machine(cache, suite) as machine:
            test(machine)
        if documents.unused():
            raise Broken("not played: %s" % documents.unused())
        verdict, why = "passed", ""
    except Unavailable as e:
        verdict, why = "skipped", str(e)
    except Broken as e:
        verdict, why = "failed", str(e)
    print("%-8s %s on %s, %d s%s" % (verdict, test.__name__, suite, time.monotonic() - start, ": " + why if why else ""),
          flush=True)
    return verdict


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", required=True, help="where debootstrapped machines are kept")
    arguments.add_argument("--suite", action="append", help="a release of Debian (default: bookworm)")
    arguments.add_argument("--package", help="an assay_*.deb for the first suite, for tests that do not build it themselves")
    arguments.add_argument("--filter", default="", help="only tests whose name matches this regular expression")
    a = arguments.parse_args()
    os.makedirs(a.cache, exist_ok=True)
    if a.package:
        PACKAGES[(a.suite or ["bookworm"])[0]] = os.path.abspath(a.package)
    verdicts = [run_one(test, os.path.abspath(a.cache), suite) for suite in a.suite or ["bookworm"]
                for test in TESTS if re.search(a.filter, test.__name__)]
    print(", ".join("%d %s" % (verdicts.count(v), v) for v in ("passed", "failed", "skipped")))
    return 1 if "failed" in verdicts or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
