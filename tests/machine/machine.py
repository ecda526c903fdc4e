"""A bare Debian in a directory of its own: debootstrapped once into a cache, copied for each use.

What runs in it has a mount and a process namespace of its own, so that everything it starts ends with it,
and, unless it asks for the network (to install packages), a network namespace with nothing but loopback.
"""

import os
import re
import shutil
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Entered as the first process of its namespace: when it ends, the kernel ends the others.
ENTER = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"    # a mount point: in a chroot that is none, nobody may make a mount namespace
mount -t proc proc "$0/proc"
mount -t sysfs -o ro sysfs "$0/sys" 2>/dev/null || true
mount -t tmpfs tmpfs "$0/run"
for device in null zero full random urandom tty; do
	[ -e "$0/dev/$device" ] || : >"$0/dev/$device"
	mount --bind "/dev/$device" "$0/dev/$device"
done
mkdir -p "$0/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$0/dev/pts"
[ -e "$0/dev/ptmx" ] || : >"$0/dev/ptmx"
mount --bind "$0/dev/pts/ptmx" "$0/dev/ptmx"
[ -e "$0/dev/fd" ] || ln -s /proc/self/fd "$0/dev/fd"
ip link set lo up 2>/dev/null || true
exec chroot "$0" "$@"
"""


STEPS = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '%s >/root/steps.out 2>&1; systemctl --no-pager poweroff'
[Install]
WantedBy=graphical.target
"""


class Unavailable(Exception):
    """This machine cannot do it: a reason to skip, aloud."""


class Broken(Exception):
    """It should have worked."""


def need():
    if os.geteuid() != 0:
        raise Unavailable("needs root (debootstrap, chroot)")
    for tool in ("debootstrap", "unshare", "chroot", "apt-get", "tar", "ip"):
        if not shutil.which(tool):
            raise Unavailable("%s is not installed" % tool)
    if subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], stderr=subprocess.DEVNULL).returncode:
        raise Unavailable("this kernel gives no namespaces here")


def mirror():
    """Where this machine's own apt gets Debian from."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
                            capture_output=True, text=True).stdout
    for line in listed.splitlines():
        origin, _, place = line.partition(" ")
        if origin == "Debian" and "security" not in place:
            return place
    raise Unavailable("apt's sources name no mirror of Debian")


class Machine:
    def __init__(self, cache, suite):
        need()
        self.suite = suite
        self.root = None
        self.image = os.path.join(cache, "machine-" + suite)
        self.archives = self.image + ".archives"
        if not os.path.exists(self.image):
            self.make_image()

    def make_image(self):
        new = tempfile.mkdtemp(prefix=os.path.basename(self.image) + ".", dir=os.path.dirname(self.image))
        os.chmod(new, 0o755)
        log = new + ".log"
        argv = ["debootstrap", "--variant=minbase", self.suite, new, mirror()]
        with open(log, "wb") as out:
            if subprocess.run(argv, stdout=out, stderr=out).returncode != 0:
                shutil.rmtree(new, ignore_errors=True)
                raise Unavailable("debootstrap of %s failed: see %s" % (self.suite, log))
        self.borrow_apt_settings(new)
        with open(os.path.join(new, "etc/dpkg/dpkg.cfg.d/unsafe-io"), "w") as f:
            f.write("force-unsafe-io\n")       # what is lost in a crash is made again
        with open(os.path.join(new, "etc/apt/apt.conf.d/90keep"), "w") as f:
            f.write('Binary::apt::APT::Keep-Downloaded-Packages "true";\nAPT::Sandbox::User "root";\n'
                    'Acquire::Check-Valid-Until "false";\n')      # the mirror may be a copy of an earlier day
        try:
            os.rename(new, self.image)
        except OSError:                         # another run was quicker
            shutil.rmtree(new)
        os.unlink(log)

    @staticmethod
    def borrow_apt_settings(root):
        """How apt reaches its mirror (a proxy, say) is as on this machine."""
        for name in os.listdir("/etc/apt/apt.conf.d"):
            path = os.path.join("/etc/apt/apt.conf.d", name)
            with open(path, errors="replace") as f:
                if re.search(r"(?i)\bproxy\b", f.read()):
                    shutil.copy(path, os.path.join(root, "etc/apt/apt.conf.d", name))

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="assay-machine-")
        subprocess.run(["cp", "-a", "--reflink=auto", self.image + "/.", self.root], check=True)
        os.chmod(self.root, 0o755)
        return self

    def __exit__(self, *_):
        # every mount was made in a namespace that is gone
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, inside):
        return os.path.join(self.root, inside.lstrip("/"))

    def put(self, inside, text, mode=0o644):
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)

    def put_project(self, inside):
        """The files of the project as they are now, without what was built from them."""
        os.makedirs(self.path(inside))
        if os.path.exists(os.path.join(TOP, ".git")):
            pack = "git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ -e \"$f\" ] && printf \"%s\\0\" \"$f\"; done' - | tar --null -T - -cf -"
        else:
            pack = "tar --exclude=./build -cf - ."
        subprocess.run(["sh", "-c", "(cd \"$0\" && %s) | tar -C \"$1\" -xf - --no-same-owner" % pack, TOP, self.path(inside)],
                       check=True)

    def run(self, argv, network=False, timeout=1200):
        """-> (exit status, output).  timeout: seconds, then it is killed with all it started."""
        if network:
            shutil.copy("/etc/resolv.conf", self.path("/etc/resolv.conf"))
            self.share_archives(self.archives, self.path("/var/cache/apt/archives"))
            self.put("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)   # nothing is started before the boot
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child"] + ([] if network else ["--net"]) \
            + ["sh", "-c", ENTER, self.root] + argv
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                       "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        try:
            p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=environment, timeout=timeout)
        except subprocess.TimeoutExpired as e:
            return 124, (e.stdout or b"").decode("utf-8", "replace") + "\n(stopped after %d s)" % timeout
        finally:
            if network:
                os.unlink(self.path("/usr/sbin/policy-rc.d"))
        if network:
            self.share_archives(self.path("/var/cache/apt/archives"), self.archives)
        return p.returncode, p.stdout.decode("utf-8", "replace")

    @staticmethod
    def share_archives(source, target):
        """Packages are downloaded once: what one machine has got is linked into the others."""
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(source) if os.path.isdir(source) else ():
            if name.endswith(".deb") and not os.path.exists(os.path.join(target, name)):
                os.link(os.path.join(source, name), os.path.join(target, name))

    def boot(self, program, timeout=300):
        """Boots the machine's own systemd with loopback only, runs the program as a service at the end of the
        start, and shuts down; -> what the program printed.  Unavailable where there is no systemd-nspawn."""
        if not shutil.which("systemd-nspawn"):
            raise Unavailable("systemd-nspawn is not installed (Debian: systemd-container)")
        self.put("/etc/systemd/system/steps.service", STEPS % program)
        wants = self.path("/etc/systemd/system/graphical.target.wants")
        os.makedirs(wants, exist_ok=True)
        os.symlink("/etc/systemd/system/steps.service", os.path.join(wants, "steps.service"))
        argv = ["systemd-nspawn", "-q", "-D", self.root, "--private-network", "-b", "--console=read-only", "--register=no"]
        if not os.path.isdir("/run/systemd/system"):     # this machine itself was not booted by systemd
            argv.append("--keep-unit")
        with tempfile.TemporaryFile() as console:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
            console.seek(0)
            seen = console.read().decode("utf-8", "replace")
        if not os.path.exists(self.path("/root/steps.out")):
            raise Unavailable("systemd did not come up in a container: " + seen[-600:].strip())
        with open(self.path("/root/steps.out"), errors="replace") as f:
            return f.read()

    def must(self, argv, **more):
        status, output = self.run(argv, **more)
        if status != 0:
            raise Broken("%s: exit %d:\n%s" % (" ".join(argv), status, output[-4000:]))
        return output
