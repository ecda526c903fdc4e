"""The project for another architecture (Debian's cross compiler; unit tests run by QEMU, or by the kernel where it
can) or another libc.
"""

import os
import re

from machine import Broken, TOP

# Debian's name: the compiler's, QEMU's
ARCHITECTURES = {"i386": ("i686-linux-gnu", "i386-linux-gnu", "qemu-i386-static"),
                 "s390x": ("s390x-linux-gnu", "s390x-linux-gnu", "qemu-s390x-static")}

# check, with what its .pc file requires, comes as files alone: installed, it would bring another architecture's awk
PREPARE = """\
set -e
dpkg --add-architecture {arch}
apt-get update -q
apt-get install -y -q --no-install-recommends make autoconf automake pkg-config qemu-user-static \
  gcc-{compiler} libc6-dev-{arch}-cross {libraries}
cd /root
apt-get download -q check:{arch} libsubunit-dev:{arch} libsubunit0:{arch}
for package in *_{arch}.deb; do dpkg-deb -x $package /; done
"""

# A kernel for amd64 that runs i386's programs does so without QEMU.  QEMU gets each test in a process of its own
# (CK_FORK): in QEMU 7.2 a change of user never ends on i386 while a second thread runs, natively it does.
BUILD = """\
set -e
cd /root/assay
autoreconf -fi
mkdir -p build/cross
cd build/cross
export PKG_CONFIG_LIBDIR=/usr/lib/{triplet}/pkgconfig:/usr/share/pkgconfig
../../configure -q --host={compiler} CFLAGS='-O1 -g0' CPPFLAGS=-I/usr/include/{triplet} LDFLAGS=-L/usr/lib/{triplet}
make -s -j$(nproc) all
tests=$(cd ../.. && for room in tests/unit/*/; do echo ${{room}}test; done)
make -s -j$(nproc) $tests
by={qemu}
if ./assay --help >/dev/null 2>&1; then by=; fi
echo "run by: ${{by:-the kernel}}"
CK_FORK=yes CK_DEFAULT_TIMEOUT=900 make -s -k -j$(nproc) check-TESTS LOG_COMPILER=$by TESTS="$(echo $tests)" || {{ cat tests/unit/*/test.log; exit 1; }}
cat tests/unit/*/test.log
file=$(od -An -tx1 -N20 assayd)
echo "ELF header:$file"
"""


def libraries(arch):
    with open(os.path.join(TOP, "bootstrap")) as f:
        listed = re.search(r"build_packages='([^']*)'", f.read()).group(1).split()
    return " ".join(name + (arch and ":" + arch) for name in listed if name.endswith("-dev") and name != "libc6-dev")


def run(machine, arch):
    compiler, triplet, qemu = ARCHITECTURES[arch]
    names = {"arch": arch, "compiler": compiler, "triplet": triplet, "qemu": qemu, "libraries": libraries(arch)}
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", PREPARE.format(**names)], network=True, timeout=1800)
    said = machine.must(["sh", "-c", BUILD.format(**names)], timeout=3600)
    counts = [tuple(map(int, found)) for found in re.findall(r"(?m)^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", said)]
    if not counts:
        raise Broken("no unit test ran:\n" + said[-3000:])
    print("%s: %d unit tests, %d failures, %d errors, run by %s" % (
        (arch,) + tuple(map(sum, zip(*counts))) + (re.search(r"(?m)^run by: (.*)$", said).group(1),)))


# Debian has musl's headers and its libc, and none of the other libraries for it: the project's files are compiled
# (with the config.h of this machine's libc) and nothing is linked or run.  Only the other libraries' headers are
# linked into a place of their own, so that what musl lacks is not taken from glibc; libxml2's include ICU's.
MUSL = """\
set -e
cd /root/assay/build/release
make -s dropins.h
for package in {libraries}; do dpkg -L $package; done | sed -n 's|^/usr/include/||p' | while read header; do
  [ -f /usr/include/$header ] || continue
  place=/root/include/${{header#$(gcc -print-multiarch)/}}
  mkdir -p $(dirname $place)
  ln -sf /usr/include/$header $place
done
for file in ../../src/*/*.c; do
  musl-gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -DHAVE_CONFIG_H -I. -I../../include/assay -I../../include \
    -D_GNU_SOURCE -DASSAY_SYSCONFDIR='"/etc/assay"' -DASSAY_RUNSTATEDIR='"/run/assay"' \
    -DASSAY_LOCALSTATEDIR='"/var/lib/assay"' -DASSAY_VERSION='"0"' -include base/banned.h -isystem /root/include \
    -isystem /root/include/libxml2 -isystem /root/include/postgresql $file
  echo "compiled $file"
done
"""


def musl(machine):
    machine.put_project("/root/assay")
    machine.must(["sh", "-c", "cd /root/assay && ./bootstrap && apt-get install -y -q --no-install-recommends musl-tools"],
                 network=True, timeout=1800)
    said = machine.must(["sh", "-c", MUSL.format(libraries=libraries("") + " libicu-dev")])
    compiled = re.findall(r"(?m)^compiled ", said)
    if len(compiled) < 100:
        raise Broken("only %d files were compiled:\n%s" % (len(compiled), said[-3000:]))
    print("musl: %d files compile against its headers; nothing is linked or run" % len(compiled))
