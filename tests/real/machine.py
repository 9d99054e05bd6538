# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""A machine of our own over this one, for programs that find their files and their sendmail at
fixed places: namespaces in which /etc, /usr and /var are this machine's with layers over them, and
/usr/sbin/sendmail and /usr/lib/sendmail are smtpost. What is written there is gone with the last
process; the machine's own files, users, log and daemons are neither used nor changed.

    machine = Machine(client)
    machine.write("etc/sudoers", "...", 0o440)
    machine.call("echo true | at now")             as root; or user="eve"

Over the system's programs lie those of ./build-tools, which `./bootstrap tools` unpacks, so that a
daemon need not be installed to be tested. The system log of it is machine.log().
"""
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import threading

import harness
from postfix_server import DOMAIN, PASSWORD, USER

ADA = f"ada@{DOMAIN}"        # whose account it is
EVE = 54321                  # a user id that no machine has
TOOLS = harness.TESTS.parent / "build-tools"

# $1: our directory, $2: the unpacked programs, $3: the command.
ENTER = r"""
set -eu
work=$1 tools=$2 layers=$1/layers
mount -t tmpfs -o mode=755 tmpfs "$layers"
mkdir "$layers/tools" "$layers/dev"
[ ! -d "$tools" ] || mount --bind "$tools" "$layers/tools"
for name in etc usr var; do
    mkdir -p "$layers/$name/upper" "$layers/$name/work"
    lower=/$name
    [ ! -d "$layers/tools/$name" ] || lower=$layers/tools/$name:/$name
    own=upperdir=$layers/$name/upper,workdir=$layers/$name/work
    mount -t overlay overlay -o "lowerdir=$lower,$own" "/$name"
done
# An smtpost that this machine has, with its configuration and its queue, is not part of ours.
rm -rf /etc/smtprc /usr/local/etc/smtprc /var/spool/smtpost /usr/local/var/spool/smtpost
for name in etc usr var; do
    cp -a "$work/files/$name/." "/$name"
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /var/tmp
mount -t tmpfs -o mode=755 tmpfs "$layers/dev"
for name in null zero full random urandom tty; do
    touch "$layers/dev/$name"
    mount --bind "/dev/$name" "$layers/dev/$name"
done
mkdir "$layers/dev/shm"
ln -s /proc/self/fd "$layers/dev/fd"
ln -s "$work/log" "$layers/dev/log"
mount --rbind "$layers/dev" /dev
echo box >/proc/sys/kernel/hostname
cd "$work"
exec sh -c "$3"
"""

PAM = "".join(f"{kind} required pam_permit.so\n" for kind in ("auth", "account", "session"))


def missing():
    """Why there can be no such machine here, or None."""
    if os.geteuid() != 0:
        return "namespaces with layers want root"
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return "no unshare or no setpriv here"
    probe = ("d=$(mktemp -d) && mount -t tmpfs tmpfs $d && mkdir $d/up $d/work && mount -t overlay "
             "overlay -o lowerdir=/usr,upperdir=$d/up,workdir=$d/work /usr; s=$?; umount -l $d; "
             "rmdir $d; exit $s")
    done = subprocess.run(["unshare", "-m", "-p", "-f", "-u", "sh", "-c", probe],
                          capture_output=True, stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else "no overlay file systems for us here"


class Machine:
    def __init__(self, client):
        self.work = client.work / "machine"
        self.files = self.work / "files"
        for path in (self.work, self.files, self.files / "etc", self.files / "usr",
                     self.files / "var", self.work / "layers", self.work / "home",
                     self.work / "eve"):
            path.mkdir(mode=0o755)
        os.chown(self.work / "eve", EVE, EVE)
        self.client = client
        self._lines, self._socket = [], None
        self._listen()
        self._install_smtpost()
        self._write_system()

    # --- set-up

    def write(self, name, text, mode=0o644):
        """A file below etc, usr or var, by its path without the slash; from the next command on."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)

    def _install_smtpost(self):
        """A copy, so that any user can run it wherever the build is. A sanitizer wants to know our
        exceptions, also where a caller passes on no environment."""
        folder = self.files / "usr" / "sbin"
        folder.mkdir(parents=True)
        (self.files / "usr" / "lib").mkdir()
        (self.files / "usr" / "lib" / "sendmail").symlink_to("../sbin/sendmail")
        if not harness.is_sanitized(self.client.binary):
            shutil.copy(self.client.binary, folder / "sendmail")
            return
        shutil.copy(self.client.binary, self.work / "sendmail")
        told = [f"{name}={shlex.quote(value)}; export {name}\n"
                for name, value in os.environ.items()
                if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))]
        self.write("usr/sbin/sendmail",
                   "#!/bin/sh\n" + "".join(told) + f'exec {self.work}/sendmail "$@"\n', 0o755)

    def _write_system(self):
        with open("/etc/passwd") as file:
            users = [line for line in file if line.split(":")[0] not in ("root", "eve")]
        self.write("etc/passwd", f"root:x:0:0:root:{self.work}/home:/bin/sh\n" + "".join(users) +
                   f"eve:x:{EVE}:{EVE}:Eve Example,,,:{self.work}/eve:/bin/sh\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 box\n")
        for name in ("cron", "atd", "sudo"):
            self.write(f"etc/pam.d/{name}", PAM)

    def accounts(self, server, aliases, owners=("root", "eve"), **options):
        """~/.smtprc of root and of eve: the Postfix as a smarthost, the log is the machine's."""
        for name, text in (("ca.pem", pathlib.Path(server.certs.ca).read_text()),
                           ("aliases", aliases)):
            (self.work / name).write_text(text)
        values = {"host": "localhost", "port": server.port["starttls"], "user": USER,
                  "password": PASSWORD, "domain": DOMAIN, "from": [ADA], "syslog": "yes",
                  "tls_ca": self.work / "ca.pem", "aliases": self.work / "aliases", **options}
        self.client.account(self.work / "home" / ".smtprc", **values)
        if "eve" in owners:
            self.client.account(self.work / "eve" / ".smtprc", owner=EVE, **values)

    # --- running

    def command(self, script, user=None):
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        if user:
            script = (f"exec setpriv --reuid={EVE} --regid={EVE} --clear-groups "
                      f"env HOME={self.work}/eve USER={user} sh -c {shlex.quote(script)}")
        return [*environment, "unshare", "-m", "-u", "-p", "--mount-proc", "--fork",
                "--kill-child=KILL", "sh", "-c", ENTER, "sh", str(self.work), str(TOOLS), script]

    def has(self, program):
        """Is there such a file, by its full path?"""
        return (TOOLS / program.lstrip("/")).exists() or os.path.exists(program)

    def call(self, script, data=b"", status=0, user=None):
        """Runs it to its end; what it printed. `status` None: any but 0, "any": any."""
        done = subprocess.run(self.command(script, user), input=data, capture_output=True,
                              timeout=120)
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        right = status == "any" or (done.returncode != 0 if status is None
                                    else done.returncode == status)
        harness.expect(right, f"exit status {done.returncode}: {text}")
        return text

    def start(self, script):
        """Runs it beside us, to be given to stop()."""
        return subprocess.Popen(self.command(script), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @staticmethod
    def stop(process):
        """Ends unshare, and with it the first process of the namespace and so all others."""
        process.kill()
        return process.communicate(timeout=30)[0].decode("utf-8", "replace")

    # --- the system log

    def _listen(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.work / "log"))
        os.chmod(self.work / "log", 0o666)
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self):
        while True:
            self._lines.append(self._socket.recv(65536).decode("utf-8", "replace").rstrip("\0\n"))

    def log(self):
        return "\n".join(self._lines)

    def wait_for_log(self, text, seconds=30):
        harness.wait_until(lambda: text in self.log(), f"{text!r} in the log", seconds)
