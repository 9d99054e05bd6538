# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""A network of its own for a test: loopback and nothing else, with other files in /etc.

So a name that people really use can be a test server's, at its real port, without a packet that
leaves the machine and without a change that outlives the test.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

import harness

INSIDE = "SMTPOST_TEST_NAMESPACE"
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def enter(work, **files):
    """Starts the test again within, once; there each file of /etc has the text given for it (an
    underscore in its name stands for a full stop). Ends the test as skipped where it cannot be."""
    if INSIDE not in os.environ:
        words = ["unshare", "--net", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"])
        if not harness.tool("unshare") or subprocess.run([*words, "true"], check=False,
                                                         stderr=subprocess.DEVNULL).returncode:
            harness.skip("no namespaces here", always=True)
        status = subprocess.run([*words, sys.executable, *sys.argv],
                                env={**os.environ, INSIDE: "1"}, check=False).returncode
        sys.exit(status)
    _raise_loopback()
    for name, text in files.items():
        path = work / f"etc-{name}"
        path.write_text(text)
        place = os.path.realpath("/etc/" + name.replace("_", "."))
        subprocess.run(["mount", "--bind", path, place], check=True)


def _raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
