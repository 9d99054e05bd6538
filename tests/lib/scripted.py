# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""A scripted SMTP server: plays the server blocks of a story, line by line.

Use it from Python without a story file:

    with ScriptedServer.from_text('''
        @session
        @deliver ada@example.org bob@example.net
    ''') as server:
        ... run a client against 127.0.0.1, server.port ...
        server.finish()
        assert not server.failures and server.messages[0].recipients

A step is a method of Conversation marked @step("KEYWORD"); a macro is a
function marked @macro("NAME") that returns step lines. Both are rows: to add
one, write it here and say it in README.
"""

import base64
import os
import re
import select
import selectors
import shlex
import signal
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field

import certs as certs_module
import raw_tls
import sasl_server
from story import ServerBlock, StoryError, _step, unescape
from wire import Broken, Deadline, Gone, Late, Peer, server_context

USER, PASSWORD = "ada", "s3cret-pass"

CLEAR_CAPABILITIES = ["PIPELINING", "SIZE 36700160", "8BITMIME", "SMTPUTF8",
                      "ENHANCEDSTATUSCODES", "STARTTLS"]
TLS_CAPABILITIES = CLEAR_CAPABILITIES[:-1] + ["AUTH PLAIN LOGIN"]


# -- placeholders -------------------------------------------------------------

class Names:
    """The placeholders of a story: {port}, {cert:good}, {b64:text}, {plain} ..."""

    PATTERN = re.compile(r"(?<!\$)\{([a-z][a-z0-9-]*)(?::([^{}]*))?\}")

    def __init__(self, certs, **values):
        self.certs = certs
        self.values = values

    def value(self, name, argument):
        if argument is None and name in self.values:
            return str(self.values[name])
        if name == "cert":
            return self.certs.pair(argument)[0]
        if name == "key":
            return self.certs.pair(argument)[1]
        if name in ("fingerprint", "fingerprint-plain", "pin"):
            return self.certs.pin(argument, of_key=name == "pin", colons=name == "fingerprint")
        if name == "b64":
            return _b64(argument.encode())
        if name == "plain":
            user, _, password = (argument or USER + ":" + PASSWORD).partition(":")
            return _b64(b"\0" + user.encode() + b"\0" + password.encode())
        raise StoryError("unknown placeholder {%s}" % (name + (":" + argument if argument else "")))

    def fill(self, text):
        return self.PATTERN.sub(lambda m: self.value(m.group(1), m.group(2)), text)

    def fill_regex(self, text):
        """The same inside a regular expression: values stand for themselves."""
        return self.PATTERN.sub(lambda m: re.escape(self.value(m.group(1), m.group(2))), text)

    def line_pattern(self, text):
        """A compiled pattern for text in which {*} is any part of a line, {**} any lines."""
        parts = re.split(r"(\{\*\*?\})", self.fill(text))
        wild = {"{*}": "[^\\n]*", "{**}": "(?s:.*)"}
        return re.compile("".join(wild.get(p) or re.escape(p) for p in parts).encode() + rb"\Z")


def _b64(data):
    return base64.b64encode(data).decode()


# -- macros -------------------------------------------------------------------

MACROS = {}


def macro(name):
    def register(function):
        MACROS[name] = function
        return function
    return register


def capabilities(base, words):
    """BASE changed by WORDS: `KEY args` adds or replaces, `-KEY` removes, `only` empties."""
    chosen = list(base)
    for word in words:
        key = word.lstrip("-").split(" ")[0].split("=")[0]
        if word == "only":
            chosen = []
            continue
        chosen = [c for c in chosen if c.split(" ")[0].split("=")[0] != key]
        if not word.startswith("-"):
            chosen.append(word)
    return chosen


def ehlo_reply(offered, name="mail.test"):
    lines = [name] + offered
    return ["S: 250%s%s" % (" " if i == len(lines) - 1 else "-", text)
            for i, text in enumerate(lines)]


@macro("banner")
def _banner():
    return ["S: 220 mail.test ESMTP"]


@macro("ehlo")
def _ehlo(*words):
    return ["C: EHLO {*}"] + ehlo_reply(capabilities(TLS_CAPABILITIES, words))


@macro("ehlo-clear")
def _ehlo_clear(*words):
    return ["C: EHLO {*}"] + ehlo_reply(capabilities(CLEAR_CAPABILITIES, words))


@macro("greet")
def _greet(*words):
    return _banner() + _ehlo_clear(*words)


@macro("starttls")
def _starttls(*tls_words):
    return ["C: STARTTLS", "S: 220 2.0.0 Ready to start TLS", "tls " + " ".join(tls_words)]


@macro("starttls-refused")
def _starttls_refused(*tls_words):
    """The client must not accept this certificate."""
    return _starttls()[:2] + ["tls-refused " + " ".join(tls_words)]


@macro("auth-plain")
def _auth_plain(*words):
    return ["auth PLAIN " + " ".join(words)]


@macro("auth-login")
def _auth_login(*words):
    return ["auth LOGIN " + " ".join(words)]


@macro("open")
def _open(*words):
    return _greet() + _starttls() + _ehlo(*words)


@macro("session")
def _session(*words):
    return _open(*words) + _auth_plain()


@macro("session-tls")
def _session_tls(*words):
    """Under implicit TLS."""
    return _banner() + _ehlo(*words) + _auth_plain()


@macro("session-plain")
def _session_plain(*words):
    """Neither TLS nor AUTH."""
    return _banner() + _ehlo_clear("-STARTTLS", *words)


@macro("lmtp")
def _lmtp(*words):
    """LMTP: neither TLS nor AUTH (RFC 2033)."""
    chosen = capabilities(CLEAR_CAPABILITIES, ("-STARTTLS",) + words)
    return ["S: 220 mail.test LMTP", "C: LHLO {*}"] + ehlo_reply(chosen)


def _mail_command(sender):
    return r"C~ MAIL FROM:<%s>( [A-Z0-9]+(=\S+)?)*" % re.escape(sender.strip("<>"))


@macro("mail")
def _mail(sender, *recipients):
    """Envelope and DATA in one flight, all accepted."""
    return ([_mail_command(sender)] + ["C: RCPT TO:<%s>" % r for r in recipients] + ["C: DATA"]
            + ["S: 250 2.1.0 Ok"] + ["S: 250 2.1.5 Ok"] * len(recipients)
            + ["S: 354 End data with <CR><LF>.<CR><LF>"])


@macro("mail-many")
def _mail_many(sender, count, flight=None):
    """As @mail, to r1@example.net ... rCOUNT@example.net, FLIGHT commands at a time."""
    lines = _mail(sender, *("r%d@example.net" % n for n in range(1, int(count) + 1)))
    commands, answers = lines[:len(lines) // 2], lines[len(lines) // 2:]
    flight = int(flight or len(commands))
    return [line for start in range(0, len(commands), flight)
            for part in (commands, answers) for line in part[start:start + flight]]


@macro("mail-each")
def _mail_each(sender, *recipients):
    """Envelope and DATA, each command waiting for its answer."""
    lines = [_mail_command(sender), "alone", "S: 250 2.1.0 Ok"]
    for recipient in recipients:
        lines += ["C: RCPT TO:<%s>" % recipient, "alone", "S: 250 2.1.5 Ok"]
    return lines + ["C: DATA", "alone", "S: 354 End data with <CR><LF>.<CR><LF>"]


@macro("accept")
def _accept(*reply):
    return ["C-data", "S: " + (" ".join(reply) or "250 2.0.0 Ok: queued as 1A2B3C")]


@macro("deliver")
def _deliver(sender, *recipients):
    return _mail(sender, *recipients) + _accept()


@macro("quit")
def _quit():
    return ["C: QUIT", "S?: 221 2.0.0 Bye"]


def expand(steps, path="story"):
    """STEPS with every macro replaced by its lines, unknown words refused."""
    out = []
    for s in steps:
        if s.keyword.startswith("@"):
            function = MACROS.get(s.keyword[1:])
            if not function:
                raise StoryError("%s:%d: unknown macro %s" % (path, s.line, s.keyword))
            try:
                lines = function(*shlex.split(s.argument))
            except (TypeError, ValueError) as e:
                raise StoryError("%s:%d: %s: %s" % (path, s.line, s.keyword, e)) from None
            out += [_step(line.strip(), s.line, path) for line in lines]
        elif s.keyword in Conversation.STEPS:
            out.append(s)
        else:
            raise StoryError("%s:%d: unknown server word `%s`" % (path, s.line, s.keyword))
    return out


# -- one conversation ---------------------------------------------------------

class Mismatch(Exception):
    """The client did something else than the script says."""


class Finished(Exception):
    """The client left where it may."""


@dataclass
class Message:
    path: str
    sender: str
    parameters: str
    recipients: list
    size: int = 0
    bare_cr: int = 0
    bare_lf: int = 0

    def read(self):
        with open(self.path, "rb") as f:
            return f.read()


@dataclass
class Stage:
    """What all conversations of a run share, and what they leave behind."""
    directory: str
    certs: object
    names: Names
    deadline: Deadline
    patience: float = 5.0
    accounts: dict = field(default_factory=lambda: {USER: PASSWORD})
    failures: list = field(default_factory=list)
    wrong: list = field(default_factory=list)      # faults of the script itself
    transcript: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    peers: list = field(default_factory=list)
    pid: int = None                       # of the client, for `signal`
    allow_bare: bool = False              # CR or LF alone in message data
    observe: object = None                # called before each reply
    lock: object = field(default_factory=threading.Lock)
    has_client: object = field(default_factory=threading.Event)

    def note(self, number, mark, text):
        with self.lock:
            self.transcript.append("%d %-2s %s" % (number, mark, text))

    def fail(self, text):
        with self.lock:
            self.failures.append(text)

    def client_is_gone(self):
        """Has the process ended? Also while nobody has waited for it yet (Linux)."""
        try:
            with open("/proc/%d/stat" % self.pid, "rb") as f:
                return f.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
        except (OSError, TypeError):
            return self.pid is not None


def step(*keywords):
    def mark(function):
        function.keywords = keywords
        return function
    return mark


class Conversation:
    """Plays one server block on one connection."""

    STEPS = {}
    FINAL = {"close", "truncate", "reset", "stall", "tls-refused", "S-flood", "C-eof",
             "freeze"}

    def __init__(self, number, peer, block, stage):
        self.number, self.peer, self.block, self.stage = number, peer, block, stage
        self._to_send = bytearray()
        self._asked = []              # commands that have no reply yet
        self._mail = None             # (sender, parameters)
        self._recipients = []
        self._chunks = None           # open file while BDAT goes on
        self._open = True

    # The story is over when the steps are; a QUIT and the end of file may follow.
    def run(self):
        current = None
        try:
            for current in self.block.steps:
                if not current.keyword.startswith("S"):
                    self._flush()
                getattr(self, self.STEPS[current.keyword])(current)
            self._flush()
            if self._open and not (current and current.keyword in self.FINAL):
                current = None
                self._farewell()
        except Finished:
            pass
        except (Mismatch, Late, Gone, Broken) as e:
            self._complain(current, e)
        except Exception as e:              # the script's fault, or ours
            self.stage.wrong.append("line %d: %s: %s" % (current.line if current else 0,
                                                         type(e).__name__, e))
        finally:
            if self._chunks:
                self._chunks.close()
            if self._open:
                self.peer.close(linger=0.5)

    def _complain(self, current, error):
        where = "after the last line"
        if current:
            where = "%d: %s" % (current.line, self._shown(current))
        kind = {"Gone": "the client closed: ", "Late": "", "Broken": "client sent ",
                "Mismatch": ""}[type(error).__name__]
        text = "connection %d, line %s\n      %s%s" % (self.number, where, kind, error)
        self.stage.note(self.number, "!!", kind + str(error))
        self.stage.fail(text)

    def _shown(self, current):
        colon = "" if current.keyword.endswith("~") else ":" if current.argument else ""
        return ("%s%s %s" % (current.keyword, colon, current.argument)).strip()

    def _farewell(self):
        while True:
            try:
                line = self.peer.readline()
            except Gone:
                return
            self._saw(line)
            if line.upper() != b"QUIT":
                raise Mismatch("expected QUIT or the end, got %r" % line.decode("latin-1"))
            try:
                self._say(b"221 2.0.0 Bye\r\n")
            except Gone:
                return

    # -- talking

    def _flush(self):
        if self._to_send:
            data = bytes(self._to_send)
            self._to_send.clear()
            self._say(data)

    def _say(self, data):
        for line in data.split(b"\r\n"):
            if line:
                self.stage.note(self.number, "S:", _printable(line))
                self._answered(line)
        if self.stage.observe:
            self.stage.observe()
        self.peer.send(data)

    def _answered(self, line):
        if line[3:4] != b"-" and self._asked:
            command = self._asked.pop(0)
            if command[:8].upper() == b"RCPT TO:" and line[:1] == b"2":
                self._recipients.append(_path(command[8:])[0])

    def _saw(self, line):
        self.stage.note(self.number, "C:", _printable(line))
        self._asked.append(line)
        if line[:10].upper() == b"MAIL FROM:":
            self._mail, self._recipients = _path(line[10:]), []

    def _hear(self):
        line = self.peer.readline()
        self._saw(line)
        return line

    # -- steps: the server speaks

    @step("S")
    def _s(self, s):
        self._to_send += self.stage.names.fill(s.argument).encode() + b"\r\n"

    @step("S?")
    def _s_optional(self, s):
        """A reply that the client need not wait for."""
        try:
            self._flush()
            self._say(self.stage.names.fill(s.argument).encode() + b"\r\n")
        except Gone:
            pass

    @step("S-raw")
    def _s_raw(self, s):
        self._to_send += unescape(self.stage.names.fill(s.argument))

    @step("S-bytewise")
    def _s_bytewise(self, s):
        self._drip(unescape(self.stage.names.fill(s.argument)), 0.001)

    @step("S-drip")
    def _s_drip(self, s):
        """`S-drip SECONDS: text`: a byte at a time, until the client has enough."""
        try:
            self._drip(unescape(self.stage.names.fill(s.argument)), float(s.options[0]))
        except Gone:
            self.stage.note(self.number, "*", "the client left")

    def _drip(self, data, seconds):
        self._flush()
        for line in data.split(b"\r\n"):
            if line:
                self.stage.note(self.number, "S:", _printable(line) + "   (byte by byte)")
                self._answered(line)
        for byte in data:
            self.peer.send(bytes((byte,)))
            time.sleep(seconds)

    @step("S-flood")
    def _s_flood(self, s):
        """`S-flood [COUNT]: text`: again and again; without COUNT until the client leaves."""
        self._flush()
        block = unescape(self.stage.names.fill(s.argument))
        times = int(s.options[0]) if s.options else None
        self.stage.note(self.number, "S:", "%s   (x %s)" % (_printable(block), times or "endless"))
        packed = block * max(1, 16384 // len(block))
        try:
            if times is None:
                while True:
                    self.peer.send(packed)
            for _ in range(times):
                self.peer.send(block)
        except Gone:
            self.stage.note(self.number, "*", "the client left")

    # -- steps: the client speaks

    @step("C")
    def _c(self, s):
        self._match(self.stage.names.line_pattern(s.argument), s.argument)

    @step("C~")
    def _c_pattern(self, s):
        pattern = self.stage.names.fill_regex(s.argument)
        self._match(re.compile(b"(?:" + pattern.encode() + rb")\Z"), s.argument)

    def _match(self, pattern, wanted):
        line = self._hear()
        if not pattern.match(line):
            raise Mismatch("expected C: %s\n           got C: %s"
                           % (self.stage.names.fill(wanted), _printable(line)))

    @step("C?", "C?~")
    def _c_optional(self, s):
        """The line, or the end of the connection and of the story."""
        try:
            self._c_pattern(s) if s.keyword.endswith("~") else self._c(s)
        except Gone:
            raise Finished from None

    @step("C-any")
    def _c_any(self, s):
        """Some bytes, whatever they are."""
        self.peer.pending(self.peer.deadline.left(self.peer.patience))
        if not self.peer._buffer:
            raise Mismatch("nothing came from the client")
        self.peer._buffer.clear()
        self.stage.note(self.number, "C:", "(some bytes)")

    @step("C-data")
    def _c_data(self, s):
        path, sink = self._new_message()
        with sink:
            decoder = self.peer.read_data(sink.write)
        self.stage.note(self.number, "C:", "(%d bytes of message)" % decoder.size)
        self.stage.note(self.number, "C:", ".")
        self._asked.append(b".")
        self._store(path, decoder.size, decoder.bare_cr, decoder.bare_lf)

    @step("C-bdat")
    def _c_bdat(self, s):
        """One BDAT command with its bytes; the message is complete after LAST."""
        line = self._hear()
        match = re.match(rb"BDAT (\d+)( LAST)?\Z", line)
        if not match:
            raise Mismatch("expected BDAT, got C: %s" % _printable(line))
        if not self._chunks:
            self._chunk_path, self._chunks = self._new_message()
        self.peer.read_exactly(int(match.group(1)), self._chunks.write)
        if match.group(2):
            size = self._chunks.tell()
            self._chunks.close()
            self._chunks = None
            self._store(self._chunk_path, size)

    def _new_message(self):
        with self.stage.lock:
            folder = os.path.join(self.stage.directory, "received")
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, "%d.eml" % (len(os.listdir(folder)) + 1))
            return path, open(path, "xb")

    def _store(self, path, size, bare_cr=0, bare_lf=0):
        sender, parameters = self._mail or (None, "")
        with self.stage.lock:
            self.stage.messages.append(Message(path, sender, parameters, list(self._recipients),
                                               size, bare_cr, bare_lf))
        if (bare_cr or bare_lf) and not self.stage.allow_bare:
            self.stage.fail("connection %d: bare CR (%d) or LF (%d) in the message data"
                            % (self.number, bare_cr, bare_lf))

    @step("C-eof")
    def _c_eof(self, s):
        self.peer.expect_eof()
        self.stage.note(self.number, "C:", "(closed)")

    @step("alone")
    def _alone(self, s):
        """The client waits for our answer: nothing more comes."""
        more = self.peer.pending(0.05)
        if more:
            raise Mismatch("sent before our answer: %s" % _printable(more[:200]))

    @step("auth")
    def _auth(self, s):
        """`auth MECHANISM [user password] [TWIST=VALUE...] [refused|cancelled][: final reply]`"""
        words = shlex.split(s.argument if not s.options else " ".join(s.options))
        reply = s.argument if s.options else ""
        twists = dict(w.split("=", 1) for w in words[1:] if "=" in w)
        rest = [w for w in words[1:] if "=" not in w]
        ending = rest.pop() if rest and rest[-1] in self.AUTH_ENDS else "accepted"
        accounts = {rest[0]: rest[1]} if len(rest) == 2 else self.stage.accounts
        line = self._hear()
        if line.upper().split(b" ")[:2] != [b"AUTH", words[0].encode()]:
            raise Mismatch("expected AUTH %s, got C: %s" % (words[0], _printable(line)))
        _, outcome = sasl_server.exchange(
            line, accounts, tls=self.peer.sock if self.peer.tls else None, receive=self._hear,
            send=lambda text: self._say(text + b"\r\n"), twists=twists)
        self._check_auth(words[0], ending, outcome)
        self._asked.clear()
        self._to_send += self.stage.names.fill(reply or self.AUTH_ENDS[ending]).encode() + b"\r\n"

    AUTH_ENDS = {"accepted": "235 2.7.0 Authentication successful",
                 "refused": "535 5.7.8 Authentication credentials invalid",
                 "cancelled": "501 5.7.0 Authentication cancelled"}

    @staticmethod
    def _check_auth(mechanism, ending, outcome):
        accepted = isinstance(outcome, sasl_server.Accepted)
        cancelled = not accepted and outcome.reason == sasl_server.CANCELLED
        if ending != ("accepted" if accepted else "cancelled" if cancelled else "refused"):
            raise Mismatch("AUTH %s: %s" % (mechanism, outcome))

    # -- steps: a proxy in front

    @step("socks")
    def _socks(self, s):
        """`socks HOST:PORT [login=USER:PASSWORD] [reply=N] [bound=name|ipv6]`: a SOCKS 5 proxy that
        is asked for HOST:PORT (RFC 1928, 1929); the lines below it are the host's."""
        words = self.stage.names.fill(s.argument).split()
        options = dict(word.split("=", 1) for word in words[1:])
        reply = int(options.get("reply", 0))
        self._socks_login(options.get("login"))
        target = self._socks_target()
        if target != words[0]:
            raise Mismatch("SOCKS: asked for %s, not %s" % (target, words[0]))
        bound = {"name": b"\x03\x04test", "ipv6": b"\x04" + bytes(16)}
        address = bound.get(options.get("bound"), b"\x01\x7f\0\0\1")
        self._socks_say(bytes((5, reply, 0)) + address + b"\x12\x34")
        if reply:
            self.peer.expect_eof()
            raise Finished

    def _socks_login(self, login):
        version, count = self._octets(2)
        methods = self._octets(count)
        method = 2 if login else 0
        if version != 5 or method not in methods:
            raise Mismatch("SOCKS: version %d, methods %s" % (version, list(methods)))
        self._socks_say(bytes((5, method)))
        if login:
            version, length = self._octets(2)
            user = self._octets(length).decode()
            password = self._octets(self._octets(1)[0]).decode()
            good = version == 1 and "%s:%s" % (user, password) == login
            self._socks_say(bytes((1, 0 if good else 1)))
            if not good:
                self.peer.expect_eof()
                raise Finished

    def _socks_target(self):
        version, command, _, kind = self._octets(4)
        if (version, command) != (5, 1):
            raise Mismatch("SOCKS: version %d, command %d" % (version, command))
        if kind == 3:
            host = self._octets(self._octets(1)[0]).decode()
        else:
            size, family = {1: (4, socket.AF_INET), 4: (16, socket.AF_INET6)}[kind]
            host = socket.inet_ntop(family, self._octets(size))
            host = "[%s]" % host if kind == 4 else host
        return "%s:%d" % (host, int.from_bytes(self._octets(2), "big"))

    def _octets(self, count):
        out = bytearray()
        self.peer.read_exactly(count, out.extend)
        return bytes(out)

    def _socks_say(self, data):
        self.stage.note(self.number, "S:", "(SOCKS) " + data.hex(" "))
        self.peer.send(data)

    # -- steps: TLS and the end

    @step("tls")
    def _tls(self, s):
        self._handshake(s.argument.split())

    @step("tls-refused")
    def _tls_refused(self, s):
        """The client must give up in the handshake, or right after it without a word."""
        try:
            self._handshake(s.argument.split())
            self.peer.expect_eof()
        except Gone as e:
            self.stage.note(self.number, "*", "TLS refused by the client: %s" % e)

    def _handshake(self, words):
        """[CERTIFICATE] [min=V] [max=V] [client-ca=FILE] [ciphers=LIST] [ems=no] [sni=NAME|none]"""
        name, options, sni, asked = "good", {}, None, []
        for word in words:
            key, equals, value = word.partition("=")
            if not equals:
                name = word
            elif key == "sni":
                sni = self.stage.names.fill(value)
            else:
                options[{"min": "minimum", "max": "maximum", "client-ca": "client_ca",
                         "ciphers": "ciphers", "ems": "ems"}[key]] = self.stage.names.fill(value)
        context = server_context(*self.stage.certs.pair(name), **options)
        context.sni_callback = lambda sock, server_name, _: asked.append(server_name or "none")
        try:
            self.peer.start_tls(context)
        finally:
            if sni and asked and asked != [sni]:
                raise Mismatch("SNI: expected %s, got %s" % (sni, asked[0]))
        self.stage.note(self.number, "*", "%s %s, certificate %s" % (*self.peer.tls, name))

    @step("close")
    def _close(self, s):
        self._open = False
        self.stage.note(self.number, "S:", "(closes)")
        self.peer.close()

    @step("truncate")
    def _truncate(self, s):
        """TCP ends inside TLS without a close_notify."""
        self._open = False
        self.stage.note(self.number, "S:", "(cuts)")
        self.peer.close(notify=False)

    @step("renegotiate")
    def _renegotiate(self, s):
        if not raw_tls.renegotiate(self.peer.sock):
            raise Mismatch("cannot renegotiate")

    @step("key-update")
    def _key_update(self, s):
        if not raw_tls.update_keys(self.peer.sock):
            raise Mismatch("cannot update the keys")

    @step("S-clear")
    def _clear(self, s):
        """Past the TLS of this connection."""
        data = unescape(self.stage.names.fill(s.argument))
        self.stage.note(self.number, "S:", "(in clear) %r" % data)
        os.write(self.peer.sock.fileno(), data)

    @step("reset")
    def _reset(self, s):
        self._open = False
        self.stage.note(self.number, "S:", "(resets)")
        self.peer.reset()

    @step("stall")
    def _stall(self, s):
        """Silence until the client goes away; what it sends is read and dropped."""
        self.stage.note(self.number, "S:", "(stalls)")
        try:
            while True:
                self.peer.pending(0)
                self.peer._buffer.clear()
                self.peer._receive(patience=float("inf"))
        except Gone:
            self.stage.note(self.number, "*", "the client left")

    @step("freeze")
    def _freeze(self, s):
        """Neither reads nor writes until the client is gone, or the deadline. Its FIN never comes
        while our window is shut, so the process itself is watched."""
        self.stage.note(self.number, "S:", "(freezes)")
        poll = select.poll()
        poll.register(self.peer.sock, select.POLLRDHUP if hasattr(select, "POLLRDHUP") else 0)
        while not self.stage.client_is_gone() and not poll.poll(20):
            self.peer.deadline.left()

    @step("signal")
    def _signal(self, s):
        """`signal NAME`: to the client, here."""
        if not self.stage.has_client.wait(self.peer.deadline.left()):
            raise Mismatch("no client to send a signal to")
        self.stage.note(self.number, "*", "SIG%s to the client" % s.argument)
        os.kill(self.stage.pid, getattr(signal, "SIG" + s.argument))


Conversation.STEPS = {keyword: name for name, function in vars(Conversation).items()
                      for keyword in getattr(function, "keywords", ())}


def _path(text):
    """`<a@b> PARAMETERS` -> ("a@b", "PARAMETERS"), quoted local parts respected."""
    match = re.match(rb'\s*<((?:"(?:\\.|[^"\\])*"|[^>"])*)>\s?(.*)\Z', text, re.S)
    if not match:
        return text.decode("utf-8", "replace"), ""
    return tuple(part.decode("utf-8", "replace") for part in match.groups())


def _printable(data):
    text = data.decode("latin-1").encode("unicode_escape").decode()
    return text if len(text) <= 300 else "%s... (%d)" % (text[:300], len(text))


# -- listening ----------------------------------------------------------------

class Listeners:
    """The sockets of a story, made on demand; all on this host."""

    def __init__(self, directory):
        self.directory = directory
        self._sockets = {}          # name -> list of sockets
        self._idle = []             # kept open, never accepted from

    def port(self, name="main"):
        if name not in self._sockets:
            self._sockets[name] = self._make(name)
        return self._sockets[name][0].getsockname()[1]

    def unix_path(self):
        path = os.path.join(self.directory, "sock")
        if "unix" not in self._sockets:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(path)
            sock.listen(16)
            self._sockets["unix"] = [sock]
        return path

    def _make(self, name):
        if name == "tcp6":
            return [_listen(socket.AF_INET6, "::1", 0)]
        if name == "host":
            return [_listen(socket.AF_INET, host_address(), 0)]
        return _listen_both()

    def closed_port(self):
        """A port that refuses connections: bound, not listening."""
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        self._idle.append(sock)
        return sock.getsockname()[1]

    def dead_port(self):
        """A port where connections hang: its queue of new ones is full."""
        sock = _listen(socket.AF_INET, "127.0.0.1", 0, backlog=0)
        self._idle.append(sock)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
            self._idle.append(filler)
        return sock.getsockname()[1]

    def sockets(self):
        return [(name, sock) for name, socks in self._sockets.items() for sock in socks]

    def close(self):
        for _, sock in self.sockets():
            sock.close()
        for sock in self._idle:
            sock.close()


def host_address():
    """An IPv4 address of this host that is not loopback; OSError if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.254", 9))
        address = probe.getsockname()[0]
    if address.startswith("127."):
        raise OSError("no address but loopback")
    return address


def _listen(family, address, port, backlog=64):
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def _listen_both():
    """127.0.0.1 and, where there is IPv6, ::1, on one port: `localhost` then works as either."""
    for _ in range(50):
        four = _listen(socket.AF_INET, "127.0.0.1", 0)
        try:
            return [four, _listen(socket.AF_INET6, "::1", four.getsockname()[1])]
        except OSError as e:
            if e.errno not in (98, 48):           # EADDRINUSE on Linux, BSD
                return [four]
            four.close()
    raise RuntimeError("no free port")


class ScriptedServer:
    """Accepts on LISTENERS and plays BLOCKS, per listener in order."""

    def __init__(self, listeners, blocks, stage):
        self.listeners, self.stage = listeners, stage
        self.blocks = list(blocks)
        self._waiting = list(blocks)
        self._threads = []
        self._wake_read, self._wake_write = os.pipe()
        self._acceptor = threading.Thread(target=self._accept_all, daemon=True)
        self.connections = 0

    @classmethod
    def from_text(cls, *scripts, directory=None, certs=None, seconds=30, **block_options):
        """A server for Python tests: one script a connection, each a text of step lines."""
        directory = directory or tempfile.mkdtemp(prefix="smtpost-scripted-")
        certs = certs or certs_module.make()
        blocks = []
        for text in scripts:
            lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), 1)]
            steps = [_step(line, n, "script") for n, line in lines
                     if line and not line.startswith("#")]
            blocks.append(ServerBlock(steps=expand(steps), **block_options))
        listeners = Listeners(directory)
        names = Names(certs, port=listeners.port(), ca=certs.ca, dir=directory)
        return cls(listeners, blocks, Stage(directory, certs, names, Deadline(seconds)))

    @property
    def port(self):
        return self.listeners.port()

    @property
    def failures(self):
        return self.stage.failures

    @property
    def messages(self):
        return self.stage.messages

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for name in {block.listener for block in self.blocks}:
            self.listeners.unix_path() if name == "unix" else self.listeners.port(name)
        self._acceptor.start()

    def _accept_all(self):
        with selectors.DefaultSelector() as selector:
            for name, sock in self.listeners.sockets():
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ, name)
            selector.register(self._wake_read, selectors.EVENT_READ, None)
            stopping = False
            while True:
                ready = selector.select(0 if stopping else None)
                names = [key for key, _ in ready if key.data]
                if stopping and not names:
                    return
                stopping = stopping or any(key.data is None for key, _ in ready)
                for key in names:
                    self._accept(key.fileobj, key.data)

    def _accept(self, listener, name):
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(True)
        self.connections += 1
        number = self.connections
        block = next((b for b in self._waiting if b.listener == name), None)
        if not block:
            self.stage.note(number, "!!", "connection to %s that no server block awaits" % name)
            self.stage.fail("an unexpected connection (number %d, %s)" % (number, name))
            sock.close()
            return
        self._waiting.remove(block)
        peer = Peer(sock, self.stage.deadline, self.stage.patience)
        self.stage.peers.append(peer)
        talk = Conversation(number, peer, block, self.stage)
        thread = threading.Thread(target=talk.run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self, seconds=5.0):
        """No more connections; waits for those that are there and judges what is missing."""
        os.write(self._wake_write, b"x")
        end = Deadline(seconds)
        self._acceptor.join(seconds)
        for thread in self._threads:
            try:
                thread.join(end.left())
            except Late:
                pass
            if thread.is_alive():
                self.stage.fail("a conversation did not end with the client")
        for block in self._waiting:
            if not block.optional:
                self.stage.fail("no connection came for the server block at line %d" % block.line)

    def stop(self):
        os.write(self._wake_write, b"x")
        if self._acceptor.is_alive():
            self._acceptor.join(2)
        self.listeners.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
