"""dist/Containerfile built and run by podman, in a storage of its own, upon a debootstrapped machine as the base."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time

from documents import section
from machine import Broken, Unavailable

CONFIGURATION = """\
authserv-id = "mx.example.com"
listen = "inet:0.0.0.0:8893"
allow-remote-mta = yes
dns { servers = { "127.0.0.1:53" } }
"""


# asked for, so that podman does not try to raise its own
LIMITS = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=1000:1000"]


class Podman:
    def __init__(self, directory):
        self.store = ["podman", "--root", os.path.join(directory, "root"), "--runroot", os.path.join(directory, "run"),
                      "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        if shutil.which("runc"):                # crun knows no hybrid cgroups
            self.store += ["--runtime", "runc"]

    def __call__(self, *argv, wanted=0, timeout=1800, cwd=None):
        p = subprocess.run(self.store + list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=timeout, cwd=cwd)
        if wanted is not None and p.returncode != wanted:
            raise Broken("podman %s: exit %d:\n%s" % (" ".join(argv), p.returncode, p.stdout[-3000:]))
        return p.stdout


def documented():
    """The arguments of the two commands in the Containerfile's first comment: build and run."""
    build, run = (shlex.split(command) for shown in section("dist/Containerfile", "") for command in shown.commands())
    return build[1:], run[1:]


def base_image(podman, machine):
    """The debootstrapped machine as an image, in place of a registry's."""
    packed = os.path.join(os.path.dirname(machine.root), os.path.basename(machine.root) + ".tar")
    try:
        subprocess.run(["tar", "-C", machine.root, "-cf", packed, "."], check=True)
        podman("import", packed, "localhost/base:latest")
    finally:
        os.unlink(packed)
    try:
        podman("run", "--rm", *LIMITS, "--network", "none", "localhost/base:latest", "true")
    except Broken as e:
        raise Unavailable("podman cannot run a container here: %s" % str(e)[-300:])


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.3)
    return True


def check(podman, name):
    if not until(lambda: "assayd" in podman("logs", name, wanted=None)):
        raise Broken("the container logs nothing: " + podman("ps", "-a"))
    if not until(lambda: "Listening on: inet:0.0.0.0:8893" in podman("exec", name, "assay", "status", wanted=None)):
        raise Broken("assay status: " + podman("exec", name, "assay", "status", wanted=None) + podman("logs", name))
    podman("healthcheck", "run", name)
    if podman("exec", name, "id", "-u").strip() != "990":
        raise Broken("it runs as uid " + podman("exec", name, "id", "-u"))
    if "Read-only" not in podman("exec", name, "sh", "-c", "echo x >/etc/x; echo x >/usr/x", wanted=None):
        raise Broken("its root can be written")
    podman("stop", "-t", "30", name)
    status = podman("inspect", "-f", "{{.State.ExitCode}}", name).strip()
    if status != "0":
        raise Broken("stopped with status %s: %s" % (status, podman("logs", name)))


def run(machine):
    directory = tempfile.mkdtemp(prefix="assay-container-")
    podman = Podman(directory)
    source = os.path.join(directory, "source")
    machine_source = "/root/assay"
    machine.put_project(machine_source)
    shutil.move(machine.path(machine_source), source)
    configuration = os.path.join(directory, "etc")
    os.makedirs(os.path.join(configuration, "keys"))
    with open(os.path.join(configuration, "assay.conf"), "w") as f:
        f.write(CONFIGURATION)
    try:
        base_image(podman, machine)
        built, run_as = documented()
        podman("build", *LIMITS, "--network", "host", "--build-arg", "BASE=localhost/base:latest", *built[1:], cwd=source)
        at = run_as.index("-p")
        run_as[at:at + 2] = ["--name", "assay", "--network", "none"]    # no port outside of the test
        podman("run", *LIMITS, *[word.replace("/etc/assay:/etc/assay", configuration + ":/etc/assay") for word in run_as[1:]])
        check(podman, "assay")
        size = podman("image", "inspect", "-f", "{{.Size}}", "assay").strip()
        base = podman("image", "inspect", "-f", "{{.Size}}", "localhost/base:latest").strip()
        print("container image: %s octets above its base" % (int(size) - int(base)))
    finally:
        podman("rm", "-f", "-a", wanted=None)
        podman("rmi", "-f", "-a", wanted=None)
        shutil.rmtree(directory, ignore_errors=True)
