# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""A clean Debian below a directory, for packages to be installed in.

    debian_root.own_namespaces()              once, first: mounts and processes end with us
    root = DebianRoot(work)
    root.bootstrap(["cron"])                  by debootstrap, from the mirror that apt has here
    root.begin(smarthost_options)             with a network of its own, and a smarthost in that
    root.call("dpkg -i /tmp/x.deb")           what it printed

The files are in memory. The network has loopback alone, so that nothing that is installed there
can reach anybody.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import harness

MARK = "SMTPOST_TEST_NAMESPACES"
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
         "DEBIAN_FRONTEND": "noninteractive"}
# Brings loopback up (SIOCSIFFLAGS, IFF_UP), then becomes the program that follows.
LOOPBACK = """import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


def missing():
    """Why there can be no such root here, or None."""
    if os.geteuid() != 0:
        return "a root of its own wants root"
    for name in ("debootstrap", "apt-get", "unshare", "nsenter", "chroot", "dpkg"):
        if not harness.tool(name):
            return f"no {name} here"
    done = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc",
                           "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                          capture_output=True, stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else "no namespaces for us here"


def own_namespaces():
    """Runs this program again where its mounts are nobody else's and its processes its own."""
    if os.environ.get(MARK) == str(os.getppid()):
        return
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
             "env", f"{MARK}=0", sys.executable, *sys.argv]
    os.execvp(words[0], words)


def run(words, log, **options):
    """Runs it with its output in the file `log`, the end of which is the error."""
    with open(log, "ab") as output:
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                              stdout=output, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        end = pathlib.Path(log).read_text(errors="replace").splitlines()[-40:]
        raise harness.Failed(f"{words[0]} ended with {done.returncode}\n" + "\n".join(end))


def mirror():
    """(release, address) of Debian's own packages, as apt has it."""
    with open("/etc/os-release") as file:
        facts = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    release = facts.get("VERSION_CODENAME", "").strip('"')
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                             "Created-By: Packages", "Origin: Debian", "Component: main",
                             f"Codename: {release}"], capture_output=True, text=True)
    addresses = listed.stdout.split()
    return (release, addresses[0]) if addresses else (release, None)


def packages_of_libraries(binary):
    """The packages that hold the libraries of a program, as this machine has them."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
    paths = [word for line in listed.splitlines() for word in line.split() if word[0] == "/"]
    # dpkg may know /lib/x or /usr/lib/x for the same file.
    names = [f"*{path.removeprefix('/usr')}" for path in paths]
    owned = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True).stdout
    return sorted({line.split(":")[0] for line in owned.splitlines() if ": " in line})


class DebianRoot:
    def __init__(self, work):
        self.path = work / "root"
        self.work = work
        self.out = work / "received"
        self.port = self._holder = None

    def bootstrap(self, packages):
        release, address = mirror()
        if not address:
            harness.skip("apt knows no mirror of Debian here")
        self.path.mkdir(mode=0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path], check=True)
        run(["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", release,
             self.path, address], self.work / "debootstrap.log")
        self._own_devices()
        (self.path / "usr" / "sbin" / "policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (self.path / "usr" / "sbin" / "policy-rc.d").chmod(0o755)

    def _own_devices(self):
        """/proc of our processes, and the devices that are there, whatever debootstrap made."""
        subprocess.run(["mount", "-t", "proc", "proc", self.path / "proc"], check=True)
        devices = self.path / "dev"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", devices], check=True)
        for name in ("null", "zero", "full", "random", "urandom"):
            (devices / name).touch()
            subprocess.run(["mount", "--bind", f"/dev/{name}", devices / name], check=True)
        (devices / "fd").symlink_to("/proc/self/fd")

    # --- the network, and who takes the mail

    def begin(self, *options):
        port_file = self.work / "port"
        words = [sys.executable, str(harness.TESTS / "lib" / "smarthost.py"), "--port-file",
                 str(port_file), "--out", str(self.out), "--cert-dir", str(self.work / "certs"),
                 *options]
        self._holder = subprocess.Popen(["unshare", "--net", sys.executable, "-c", LOOPBACK,
                                         *words], stdin=subprocess.DEVNULL)
        harness.wait_until(lambda: port_file.is_file() and port_file.read_text().strip(),
                           "the smarthost", 60)
        self.port = int(port_file.read_text())

    def end(self):
        if self._holder:
            self._holder.kill()
            self._holder.wait()
        subprocess.run(["umount", "--recursive", "--lazy", self.path], capture_output=True)

    def received(self):
        """The texts that the smarthost took, the oldest first."""
        found = sorted(self.out.glob("*.eml"), key=lambda path: int(path.stem))
        return [path.read_bytes().replace(b"\r\n", b"\n").decode() for path in found
                if path.with_suffix(".json").exists()]

    # --- running things there

    def _words(self, script):
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "chroot", str(self.path),
                "/bin/sh", "-c", script]

    def call(self, script, data="", status=0):
        """Runs it in the root; what it printed. `status` None: any."""
        done = subprocess.run(self._words(script), input=data, capture_output=True, text=True,
                              env=CLEAN, timeout=120)
        said = done.stdout + done.stderr
        harness.expect(status is None or done.returncode == status,
                       f"{script}: exit status {done.returncode}\n{said}")
        return said

    def start(self, script):
        return subprocess.Popen(self._words(script), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=CLEAN)

    def files(self):
        """Every path there but what runs there, relative to the root."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            here = pathlib.Path(folder).relative_to(self.path)
            if here == pathlib.Path("."):
                folders[:] = [name for name in folders if name not in ("proc", "dev", "run")]
            found.update((here / name).as_posix() for name in (*folders, *names))
        return found

    def put(self, source, target):
        shutil.copy(source, self.path / target)

    def write(self, name, text, mode=0o644):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
