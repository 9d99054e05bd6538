#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""An embedded smarthost for the demo and for script tests.

It offers STARTTLS (or implicit TLS), requires AUTH, takes any message, and
writes each as N.eml with N.json beside it. It listens on loopback only. Run
with --help for the options; from Python:

    with Smarthost(SmarthostOptions(out="dir")) as host:
        ... host.port, host.certs.ca ...
"""

import argparse
import json
import os
import re
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import certs as certs_module  # noqa: E402
import sasl_server  # noqa: E402
from wire import Broken, Deadline, Gone, Late, Peer, server_context  # noqa: E402


@dataclass
class SmarthostOptions:
    port: int = 0
    address: str = "127.0.0.1"
    out: str = "."
    cert_dir: str = None
    certificate: str = "good"
    user: str = "ada"
    password: str = "s3cret-pass"
    mechanisms: tuple = ("PLAIN", "LOGIN")
    implicit: bool = False
    tls: bool = True
    auth: bool = True
    once: bool = False                 # end after the first message
    size: int = 200 << 20
    name: str = "mail.test"
    refuse: tuple = ()                 # recipients answered with 550
    idle_seconds: float = 300


@dataclass
class Transaction:
    sender: str
    parameters: dict
    recipients: list = field(default_factory=list)      # [(address, parameters)]


class Smarthost:
    def __init__(self, options):
        self.options = options
        self.certs = certs_module.make(options.cert_dir)
        os.makedirs(options.out, exist_ok=True)
        self._context = server_context(*self.certs.pair(options.certificate)) \
            if options.tls else None
        self._listener = socket.create_server((options.address, options.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.finished = threading.Event()
        self._lock = threading.Lock()
        self._count = 0
        self._sessions = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(sock, Deadline(24 * 3600), self.options.idle_seconds)
            thread = threading.Thread(target=Session(self, peer).run, daemon=True)
            thread.start()
            self._sessions = [t for t in self._sessions if t.is_alive()] + [thread]

    def join(self, seconds):
        """Lets the sessions that go on come to their end."""
        end = Deadline(seconds)
        for thread in list(self._sessions):
            try:
                thread.join(end.left())
            except Late:
                return

    def context(self):
        return self._context

    def next_number(self):
        with self._lock:
            self._count += 1
            return self._count


class Session:
    """One connection, a command at a time (RFC 5321)."""

    def __init__(self, host, peer):
        self.host, self.options, self.peer = host, host.options, peer
        self.ehlo = None
        self.auth = None               # (mechanism, identity)
        self.mail = None
        self.flights = []

    def run(self):
        try:
            if self.options.implicit:
                self.peer.start_tls(self.host.context())
            self.say("220 %s ESMTP test smarthost" % self.options.name)
            while self.command():
                pass
        except (Gone, Late, Broken):
            pass
        finally:
            self.peer.close(linger=0.2)

    def say(self, *lines):
        texts = [line[:3] + ("-" if n < len(lines) - 1 else " ") + line[4:]
                 for n, line in enumerate(lines)]
        self.peer.send("".join(t + "\r\n" for t in texts).encode())

    def command(self):
        line = self.peer.readline()
        verb, _, rest = line.decode("utf-8", "replace").partition(" ")
        handler = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
        if not handler:
            self.say("500 5.5.1 What is that?")
            return True
        return handler(rest, line) is not False

    def do_ehlo(self, rest, _):
        self.ehlo, self.mail = rest, None
        offers = ["PIPELINING", "SIZE %d" % self.options.size, "8BITMIME", "SMTPUTF8",
                  "ENHANCEDSTATUSCODES"]
        if self._may_start_tls():
            offers.append("STARTTLS")
        elif self.options.auth and not self.auth:
            offers.append("AUTH " + " ".join(self.options.mechanisms))
        self.say("250 " + self.options.name, *("250 " + o for o in offers))

    def do_helo(self, rest, _):
        self.ehlo, self.mail = rest, None
        self.say("250 " + self.options.name)

    def _may_start_tls(self):
        return self.options.tls and not self.peer.tls

    def do_starttls(self, *_):
        if not self._may_start_tls():
            return self.say("503 5.5.1 No TLS here")
        self.say("220 2.0.0 Ready to start TLS")
        self.peer.start_tls(self.host.context())
        self.ehlo = self.mail = None

    def do_auth(self, _, line):
        if self._may_start_tls() or not self.options.auth:
            return self.say("538 5.7.11 Encryption required")
        if self.auth:
            return self.say("503 5.5.1 Already authenticated")
        name, outcome = sasl_server.exchange(
            line, {self.options.user: self.options.password}, tls=self.peer.sock,
            send=lambda text: self.peer.send(text + b"\r\n"), receive=self.peer.readline,
            offered=self.options.mechanisms)
        if isinstance(outcome, sasl_server.Refused):
            return self.say("535 5.7.8 Authentication credentials invalid")
        self.auth = (name, outcome.identity)
        self.say("235 2.7.0 Authentication successful")

    def do_mail(self, rest, _):
        if not self.ehlo:
            return self.say("503 5.5.1 Say EHLO first")
        if self._may_start_tls():
            return self.say("530 5.7.0 Must issue a STARTTLS command first")
        if self.options.auth and not self.auth:
            return self.say("530 5.7.0 Authentication required")
        path = _path(rest, "FROM:")
        if not path:
            return self.say("501 5.5.4 MAIL FROM:<address> wanted")
        if int(path[1].get("SIZE") or 0) > self.options.size:
            return self.say("552 5.3.4 Message size exceeds fixed limit")
        self.mail = Transaction(*path)
        self.say("250 2.1.0 Ok")

    def do_rcpt(self, rest, _):
        path = _path(rest, "TO:")
        if not self.mail:
            return self.say("503 5.5.1 MAIL first")
        if not path or not path[0]:
            return self.say("501 5.5.4 RCPT TO:<address> wanted")
        if path[0] in self.options.refuse:
            return self.say("550 5.1.1 <%s>: no such user" % path[0])
        self.mail.recipients.append(path)
        self.say("250 2.1.5 Ok")

    def do_data(self, *_):
        if not self.mail or not self.mail.recipients:
            return self.say("554 5.5.1 No valid recipients")
        self.say("354 End data with <CR><LF>.<CR><LF>")
        number = self.host.next_number()
        path = os.path.join(self.options.out, "%d.eml" % number)
        with open(path + ".tmp", "wb") as f:
            decoder = self.peer.read_data(f.write)
        os.rename(path + ".tmp", path)
        self._write_facts(number, decoder)
        self.mail = None
        self.say("250 2.0.0 Ok: queued as %d" % number)
        if self.options.once:
            self.host.finished.set()

    def _write_facts(self, number, decoder):
        facts = {
            "from": self.mail.sender,
            "to": [address for address, _ in self.mail.recipients],
            "mail_parameters": self.mail.parameters,
            "rcpt_parameters": [parameters for _, parameters in self.mail.recipients],
            "ehlo": self.ehlo,
            "tls": {"version": self.peer.tls[0], "cipher": self.peer.tls[1]}
            if self.peer.tls else None,
            "auth": {"mechanism": self.auth[0], "user": self.auth[1]} if self.auth else None,
            "size": decoder.size,
            "bare_cr": decoder.bare_cr,
            "bare_lf": decoder.bare_lf,
            "flights": self.peer.flights,
        }
        path = os.path.join(self.options.out, "%d.json" % number)
        with open(path + ".tmp", "w") as f:
            json.dump(facts, f, indent=2, ensure_ascii=False)
            f.write("\n")
        os.rename(path + ".tmp", path)

    def do_rset(self, *_):
        self.mail = None
        self.say("250 2.0.0 Ok")

    def do_noop(self, *_):
        self.say("250 2.0.0 Ok")

    def do_quit(self, *_):
        self.say("221 2.0.0 Bye")
        return False


def _path(text, word):
    """`FROM:<a@b> SIZE=1 X` -> ("a@b", {"SIZE": "1", "X": None}), or None."""
    match = re.match(r'%s\s*<((?:"(?:\\.|[^"\\])*"|[^">])*)>((?: \S+)*)\s*\Z' % word, text, re.I)
    if not match:
        return None
    parameters = {}
    for item in match.group(2).split():
        key, equals, value = item.partition("=")
        parameters[key.upper()] = value if equals else None
    return match.group(1), parameters


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: the kernel picks one")
    parser.add_argument("--port-file", help="write the port there when ready; default: stdout")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--cert-dir", help="make or find the throw-away CA there (ca.pem)")
    parser.add_argument("--certificate", default="good")
    parser.add_argument("--user", default="ada")
    parser.add_argument("--password", default="s3cret-pass")
    parser.add_argument("--mechanisms", default="PLAIN LOGIN")
    parser.add_argument("--out", default=".", help="directory for N.eml and N.json")
    parser.add_argument("--size", type=int, default=200 << 20)
    parser.add_argument("--refuse", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--once", action="store_true", help="end after the first message")
    parser.add_argument("--implicit", action="store_true", help="TLS from the first byte")
    parser.add_argument("--no-tls", action="store_true")
    parser.add_argument("--no-auth", action="store_true")
    return parser.parse_args()


def main():
    a = _arguments()
    options = SmarthostOptions(
        port=a.port, address=a.address, out=a.out, cert_dir=a.cert_dir,
        certificate=a.certificate, user=a.user, password=a.password,
        mechanisms=tuple(a.mechanisms.upper().split()), implicit=a.implicit, tls=not a.no_tls,
        auth=not a.no_auth, once=a.once, size=a.size, refuse=tuple(a.refuse))
    host = Smarthost(options)
    stopping = host.finished
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with host:
        _tell_port(host.port, a.port_file)
        while not stopping.wait(3600):
            pass
        if options.once:
            host.join(2)          # the client that sent it may still read its answer
    return 0


def _tell_port(port, path):
    if not path:
        print(port, flush=True)
        return
    with open(path + ".tmp", "w") as f:
        f.write("%d\n" % port)
    os.rename(path + ".tmp", path)


if __name__ == "__main__":
    sys.exit(main())
