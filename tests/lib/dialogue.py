# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""Runs one dialogue file against the program and judges what happened.

Every story gets a directory, a home and an environment of its own, servers on
loopback at ports that the kernel picks, and a deadline. What a story does not
say is checked as well: nothing on stdout, no control bytes on stderr, no
password anywhere it could be read, no file left in TMPDIR.
"""

import base64
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unicodedata

import certs as certs_module
import scripted
from story import StoryError, load, unescape
from wire import Deadline, Late

PASS, FAIL, SKIP, WRONG = 0, 1, 77, 99

ACCOUNT = {
    "host": '"127.0.0.1"',
    "port": "{port}",
    "tls": "starttls",
    "tls-ca": '"{ca}"',
    "user": '"%s"' % scripted.USER,
    "password": '"%s"' % scripted.PASSWORD,
    "from": '"ada@example.org"',
    "hello": '"client.example.org"',
    "syslog": "no",
    "queue": "never",
}

ARGS = "-i -- bob@example.net"

MESSAGE = b"""From: Ada <ada@example.org>
To: Bob <bob@example.net>
Subject: hello
Date: Mon, 02 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>

Hello Bob.
"""

KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                    "GCOV_PREFIX", "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE", "MALLOC_PERTURB_")

MAX_OUTPUT = 4 << 20


class Skip(Exception):
    """This story cannot be told on this machine."""


class Elsewhere(Skip):
    """This story is told by another build of the same run; not even in CI is that a fault."""


# -- what the program is given ------------------------------------------------

def slowness():
    """Factor on all deadlines, for valgrind and slow machines."""
    return float(os.environ.get("SMTPOST_TEST_SLOW", "1"))


def program():
    path = os.path.abspath(os.environ.get("SMTPOST", "src/smtpost"))
    if not os.access(path, os.X_OK):
        raise Skip("no program at %s (SMTPOST names it)" % path)
    return path


class Setup:
    """The directory, files, arguments and input of one run."""

    def __init__(self, story, directory, certs, args=None):
        self.story, self.dir = story, directory
        self.listeners = scripted.Listeners(directory)
        self.names = _LazyNames(certs, self.listeners, directory)
        self.home = self._mkdir("home", 0o700)
        self.tmp = self._mkdir("tmp", 0o700)
        self._args = args

    def _mkdir(self, name, mode):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def write(self, path, data, mode):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)

    def prepare(self):
        for d in self.story.all("directory"):
            self._mkdir(d.options[0], int(d.options[1], 8) if d.options[1:] else 0o700)
        for d in self.story.all("file"):
            raw = "raw" in d.options
            options = [o for o in d.options if o != "raw"]
            mode = int(options[1], 8) if options[1:] else 0o600
            self.write(options[0], self._text(d, raw), mode)
        for d in self.story.all("link"):
            os.symlink(self.names.fill(d.options[1]), os.path.join(self.dir, d.options[0]))
        config = self.config()
        if config is not None:
            mode = self.story.one("config-mode")
            self.write("home/.smtprc", config, int(mode.inline, 8) if mode else 0o600)

    def _text(self, directive, raw):
        if raw:
            return unescape(self.names.fill("".join(directive.block or [])))
        return self.names.fill(directive.text).encode()

    def config(self):
        """The bytes of ~/.smtprc, or None."""
        d, account = self.story.one("config"), self.story.one("account")
        if d and account:
            raise StoryError("%s: both `config` and `account`" % self.story.path)
        if d and d.inline == "none":
            return None
        if d:
            return self._text(d, "raw" in d.options)
        options = dict(ACCOUNT)
        for line in account.block or [] if account else []:
            name = line.split("=")[0].strip()
            if line.startswith("-"):
                options.pop(line[1:].strip())
            elif name:
                options[name] = line.split("=", 1)[1].strip()
        lines = ["  %s = %s\n" % item for item in options.items()]
        return self.names.fill('account "test" {\n%s}\n' % "".join(lines)).encode()

    def argv(self):
        if self._args is not None:
            return [os.fsencode(a) for a in _words(self.names.fill(self._args))]
        words = []
        for d in self.story.all("args"):
            for item in d.items:
                words += _words(self.names.fill(item))
        raw = []
        for d in self.story.all("argv"):
            raw += [unescape(self.names.fill(line)) for line in d.items]
        if not self.story.has("args") and not raw:
            words = shlex.split(ARGS)
        return [os.fsencode(w) for w in words] + raw

    def environment(self):
        env = {k: os.environ[k] for k in KEPT_ENVIRONMENT if k in os.environ}
        env.update(HOME=self.home, TMPDIR=self.tmp, LC_ALL="C.UTF-8", TZ="UTC",
                   SMTPSPOOL=os.path.join(self.tmp, "no-spool"))
        via = self.story.one("config-via")
        if not via or via.inline == "SMTPRC":
            env["SMTPRC"] = os.path.join(self.home, ".smtprc")
        elif via.inline not in ("home", "none"):
            raise StoryError("%s:%d: config-via: SMTPRC, home or none"
                             % (self.story.path, via.line))
        for d in self.story.all("env"):
            for item in d.items:
                name, equals, value = self.names.fill(item).partition("=")
                if equals:
                    env[name] = value
                else:
                    env.pop(name.lstrip("-").strip(), None)
        return env

    def command(self, argv):
        """The words to start; closed descriptors and limits are the shell's work."""
        binary = program()
        argv0 = self.story.one("argv0")
        if argv0:
            called = os.path.join(self._mkdir("bin", 0o700), argv0.inline)
            if not os.path.lexists(called):
                os.symlink(binary, called)
            binary = called
        words = [os.fsencode(w) for w in shlex.split(os.environ.get("SMTPOST_WRAPPER", ""))]
        words += [os.fsencode(binary)] + argv
        shell = "".join("ulimit -%s %s; " % tuple(d.inline.split())
                        for d in self.story.all("limit"))
        closing = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
        close = self.story.one("close")
        redirections = " ".join(closing[w] for w in close.inline.split()) if close else ""
        if shell or redirections:
            words = [b"/bin/sh", b"-c", ('%sexec "$@" %s' % (shell, redirections)).encode(),
                     b"sh"] + words
        return words

    def typed(self):
        """What is typed on a terminal, piece by piece; empty: there is none. In front of what does
        not wait for a question stands an empty piece."""
        d = self.story.one("typed")
        if not d:
            return []
        keys = {"^C": b"\x03", "^D": b"\x04"}
        typed = [keys.get(line) or os.fsencode(self.names.fill(line)) + b"\n"
                 for line in d.block or [""]]
        return [b"", b"".join(typed)] if "at-once" in d.options else typed

    def stdin(self):
        """An iterable of bytes, or a file object, or None for a pipe that stays open."""
        generated, d = self.story.one("stdin-gen"), self.story.one("stdin")
        if generated:
            return _generate(generated, self.story.path)
        if not d:
            return [MESSAGE]
        if d.inline == "hold":
            return None
        if d.inline == "directory":
            return os.open(self.dir, os.O_RDONLY)
        if d.inline == "null":
            return os.open(os.devnull, os.O_RDONLY)
        if d.inline == "empty":
            return [b""]
        if d.inline:
            raise StoryError("%s:%d: stdin: what is `%s`?" % (self.story.path, d.line, d.inline))
        return [_apply_endings(self._text(d, "raw" in d.options), d.options)]


class _LazyNames(scripted.Names):
    """Placeholders; a listener comes to life when its port is first named."""

    def __init__(self, certs, listeners, directory):
        super().__init__(certs, dir=directory, home=os.path.join(directory, "home"),
                         ca=certs.ca, certdir=certs.dir, log=os.path.join(directory, "log"),
                         user=scripted.USER, password=scripted.PASSWORD)
        self.makers = {
            "port": listeners.port,
            "port2": lambda: listeners.port("second"),
            "port6": lambda: listeners.port("tcp6"),
            "hostport": lambda: listeners.port("host"),
            "hostaddr": scripted.host_address,
            "socket": listeners.unix_path,
            "closedport": listeners.closed_port,
            "deadport": listeners.dead_port,
        }

    def value(self, name, argument):
        if argument is None and name in self.makers and name not in self.values:
            try:
                self.values[name] = self.makers[name]()
            except OSError as e:
                raise Skip("{%s}: %s" % (name, e)) from None
        return super().value(name, argument)


def _words(text):
    """TEXT split as a shell would, with $'...' for escapes."""
    def quote(match):
        return shlex.quote(unescape(match.group(1)).decode("utf-8", "surrogateescape"))
    return shlex.split(re.sub(r"\$'((?:\\.|[^'\\])*)'", quote, text))


def _apply_endings(data, options):
    for option in options:
        if option == "crlf":
            data = data.replace(b"\n", b"\r\n")
        elif option == "cr":
            data = data.replace(b"\n", b"\r")
        elif option == "no-final-newline":
            data = data.rstrip(b"\r\n")
        elif option not in ("raw", "lf"):
            raise StoryError("stdin: what is `%s`?" % option)
    return data


def _generate(directive, path):
    """Chunks from lines `text "..."`, `repeat N "..."`, `python EXPRESSION`."""
    chunks = []
    for offset, line in enumerate(directive.block or [], 1):
        word, _, rest = line.strip().partition(" ")
        try:
            if not word or word.startswith("#"):
                continue
            if word == "text":
                chunks.append([_quoted(rest)])
            elif word == "repeat":
                count, _, text = rest.partition(" ")
                chunks.append(_repeat(_quoted(text), int(count)))
            elif word == "python":
                made = eval(rest, {"base64": base64, "re": re})   # our own test data
                chunks.append([made] if isinstance(made, bytes) else made)
            else:
                raise StoryError("what is `%s`?" % word)
        except Exception as e:
            raise StoryError("%s:%d: stdin-gen: %s" % (path, directive.line + offset, e)) from None
    return (piece for chunk in chunks for piece in chunk)


def _quoted(text):
    text = text.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise StoryError("a text in double quotes is wanted: %s" % text)
    return unescape(text[1:-1])


def _repeat(block, count):
    at_once = max(1, 65536 // max(1, len(block)))
    while count > 0:
        yield block * min(at_once, count)
        count -= at_once


# -- running ------------------------------------------------------------------

class Client:
    """The program while it runs: fed, listened to, and ended in time."""

    def __init__(self, words, environment, directory, source):
        self._source = source
        self.out, self.err = bytearray(), bytearray()
        self.peak_kb = 0
        self.confined = False
        read_end, self._feed_end = (source, None) if isinstance(source, int) else os.pipe()
        self.started = time.monotonic()
        self.process = subprocess.Popen(words, stdin=read_end, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment, cwd=directory,
                                        start_new_session=True, bufsize=0)
        os.close(read_end)
        self._threads = [threading.Thread(target=self._drain, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.out),
                                      (self.process.stderr, self.err))]
        if self._feed_end is not None and source is not None:
            self._threads.append(threading.Thread(target=self._feed, daemon=True))
        for thread in self._threads:
            thread.start()

    def _feed(self):
        try:
            with open(self._feed_end, "wb", buffering=0) as pipe:
                for chunk in self._source:
                    view = memoryview(chunk)
                    while view:
                        view = view[pipe.write(view):]
        except BrokenPipeError:
            pass

    def _drain(self, pipe, into):
        while True:
            chunk = pipe.read(65536)
            if not chunk:
                return
            if len(into) < MAX_OUTPUT:
                into += chunk

    def observe(self):
        """Notes the peak of resident memory so far (Linux)."""
        try:
            with open("/proc/%d/status" % self.process.pid) as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        self.peak_kb = max(self.peak_kb, int(line.split()[1]))
                    if line.startswith("NoNewPrivs:"):
                        self.confined = self.confined or line.split()[1] == "1"
        except (OSError, ValueError):
            pass

    def wait(self, seconds, watch_memory=False):
        """Exit status (negative: signal), or None after killing it at the deadline."""
        end = Deadline(seconds)
        status = None
        try:
            while status is None:
                try:
                    status = self.process.wait(end.left(0.01 if watch_memory else None))
                except subprocess.TimeoutExpired:
                    self.observe()
        except Late:
            os.killpg(self.process.pid, signal.SIGKILL)      # its own session, started by us
            self.process.wait()
        self.seconds = time.monotonic() - self.started
        return status

    def finish(self):
        """Collects the output; says False if a child still holds it open."""
        if self._source is None:
            os.close(self._feed_end)
        end = time.monotonic() + 2 * slowness()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        alive = any(thread.is_alive() for thread in self._threads)
        if alive:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            for thread in self._threads:
                thread.join(1)
        self.process.stdout.close()
        self.process.stderr.close()
        return not alive


def _take_terminal():
    """So that ^C is more than a character (in the child, whose standard input it is), also where we
    were started in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Typist(Client):
    """The program on a terminal: standard input and output are one, and each line is typed when the
    program has asked (its output ends with ": "), or at once."""

    def __init__(self, words, environment, directory, typed):
        self.out, self.err = bytearray(), bytearray()
        self.peak_kb, self.confined, self._source = 0, False, ()
        self._typed = list(typed)
        self._screen, terminal = os.openpty()
        if not self._typed[0]:
            os.write(self._screen, b"".join(self._typed))
            self._typed.clear()
        self.started = time.monotonic()
        self.process = subprocess.Popen(words, stdin=terminal, stdout=terminal,
                                        stderr=subprocess.PIPE, env=environment, cwd=directory,
                                        start_new_session=True, bufsize=0,
                                        preexec_fn=_take_terminal)
        os.close(terminal)
        self._threads = [
            threading.Thread(target=self._watch, daemon=True),
            threading.Thread(target=self._drain, args=(self.process.stderr, self.err),
                             daemon=True)]
        for thread in self._threads:
            thread.start()

    def _watch(self):
        while True:
            try:
                chunk = os.read(self._screen, 65536)
            except OSError:                  # nobody holds the other end any more
                break
            if not chunk:
                break
            self.out += chunk.replace(b"\r\n", b"\n")
            if self.out.endswith(b": ") and self._typed:
                os.write(self._screen, self._typed.pop(0))
        self._typed.clear()

    def finish(self):
        end = time.monotonic() + 2 * slowness()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        alive = any(thread.is_alive() for thread in self._threads)
        self.process.stderr.close()
        if not alive:
            os.close(self._screen)
        return not alive


class Run:
    """One run of a story: everything that can be judged afterwards."""

    def __init__(self, story, certs, args=None):
        self.story, self.certs, self.args = story, certs, args
        self.failures = []
        self.stage = None
        self.client = None
        self.status = None
        self.argv = []
        self.setup = None
        self.later = b""           # what the commands of `then` printed

    def play(self, directory):
        story, slow = self.story, slowness()
        self.setup = setup = Setup(story, directory, self.certs, self.args)
        seconds = story.number("deadline", 20) * slow
        self.stage = scripted.Stage(directory, self.certs, setup.names, Deadline(seconds),
                                    patience=story.number("patience", 5) * slow,
                                    allow_bare=story.has("allow-bare"))
        blocks = [b for b in story.servers]
        for block in blocks:
            block.steps = scripted.expand(block.steps, story.path)
        server = scripted.ScriptedServer(setup.listeners, blocks, self.stage)
        try:
            setup.prepare()
            self.argv = setup.argv()
            self.given = _tree(directory)
            words, environment, source = (setup.command(self.argv), setup.environment(),
                                          setup.typed() or setup.stdin())
            server.start()
            self._run_client(words, environment, source, seconds)
            self._run_then(environment)
            self._drain(directory)
            server.finish(3 * slow)
            self.connections = server.connections
        finally:
            server.stop()
        if self.stage.wrong:
            raise StoryError("%s: %s" % (story.path, "; ".join(self.stage.wrong)))
        self.failures += self.stage.failures
        Judge(self).judge_all()

    def _run_then(self, environment):
        """Each line of `then`: the program once more, with these arguments."""
        for d in self.story.all("then"):
            for item in d.items:
                words = _words(self.setup.names.fill(item))
                done = subprocess.run([program(), *words], env=environment, cwd=self.setup.dir,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=30 * slowness())
                self.later += done.stdout + b"status %d\n" % done.returncode

    def _drain(self, directory):
        """Waits until the queue of the story's home is empty and nobody runs it."""
        seconds = self.story.number("drains")
        if seconds is None:
            return
        spool = os.path.join(directory, "home/.local/state/smtpost/queue")
        end = time.monotonic() + seconds * slowness()
        while not _is_drained(spool):
            if time.monotonic() > end:
                self.failures.append("the queue did not drain in %s s: %s"
                                     % (seconds, os.listdir(os.path.join(spool, "env"))))
                return
            time.sleep(0.02)

    def _run_client(self, words, environment, source, seconds):
        kind = Typist if self.story.has("typed") else Client
        self.client = kind(words, environment, self.setup.dir, source)
        self.stage.pid = self.client.process.pid
        self.stage.has_client.set()
        watch = self.story.has("max-rss-kb") or self.story.has("confined")
        if watch:
            self.stage.observe = self.client.observe
        self.status = self.client.wait(seconds, watch)
        if not self.client.finish():
            self.failures.append("a child of the program outlived it with stdout or stderr open")


def _is_drained(spool):
    if os.listdir(os.path.join(spool, "env")):
        return False
    with open(os.path.join(spool, "lock"), "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return not any(os.listdir(os.path.join(spool, room)) for room in ("tmp", "msg"))


def _tree(directory):
    return {os.path.join(base, name) for base, _, files in os.walk(directory) for name in files}


# -- judging ------------------------------------------------------------------

class Judge:
    """Holds what happened against what the story says; adds to run.failures."""

    def __init__(self, run):
        self.run, self.story = run, run.story
        self.names = run.setup.names
        self.stdout, self.stderr = bytes(run.client.out), bytes(run.client.err)
        self.messages = run.stage.messages

    def fail(self, text, *arguments):
        self.run.failures.append(text % arguments if arguments else text)

    def judge_all(self):
        self.exit()
        self.times_and_counts()
        self.output("stdout", self.stdout)
        self.output("stderr", self.stderr)
        self.patterns("then", self.run.later)
        self.manners()
        self.log()
        self.received()
        self.wires()
        self.files()
        self.secrets()

    def exit(self):
        wanted = self.story.one("exit").inline.split()
        if self.run.status is None:
            self.fail("still running at the deadline (%.0f s): killed", self.run.client.seconds)
        elif str(self.run.status) not in wanted:
            self.fail("exit: expected %s, got %d", " or ".join(wanted), self.run.status)

    def times_and_counts(self):
        seconds = self.run.client.seconds
        within, at_least = self.story.number("within"), self.story.number("at-least")
        if within is not None and seconds > within * slowness():
            self.fail("took %.2f s, more than %s", seconds, within)
        if at_least is not None and seconds < at_least:
            self.fail("took %.2f s, less than %s", seconds, at_least)
        wanted = self.story.number("connections")
        if wanted is not None and self.run.connections != wanted:
            self.fail("connections: expected %d, got %d", wanted, self.run.connections)
        flights, got = self.story.number("flights"), sum(p.flights for p in self.run.stage.peers)
        if flights is not None and flights != got:
            self.fail("flights: expected %d, got %d", flights, got)
        limit = self.story.number("max-rss-kb")
        if limit is not None and not _is_instrumented():
            if self.run.client.peak_kb > limit:
                self.fail("peak memory %d kB, more than %d", self.run.client.peak_kb, limit)
        d = self.story.one("confined")
        if d and self.run.client.confined != (d.inline == "yes"):
            self.fail("confined: expected %s, got the contrary", d.inline)

    # -- text

    def output(self, name, data):
        d = self.story.one(name)
        if d:
            text = d.text if d.block else d.inline + "\n" if d.inline not in ("", "empty") else ""
            self.compare(name, text, data)
        elif name == "stdout" and data and not self.story.has("stdout~"):
            self.fail("stdout: expected nothing, got:\n%s", _quote(data))
        self.patterns(name, data)

    def patterns(self, name, data):
        for d in self.story.all(name + "~"):
            if not self.search(d, data):
                self.fail("%s~ (line %d): no match for  %s\n%s", name, d.line,
                          self.names.fill(d.inline), _quote(data))
        for d in self.story.all(name + "-not~"):
            if self.search(d, data):
                self.fail("%s-not~ (line %d): there is a match for  %s\n%s", name, d.line,
                          d.inline, _quote(data))

    def search(self, directive, data):
        try:
            pattern = re.compile(self.names.fill_regex(directive.inline).encode(), re.M)
        except re.error as e:
            raise StoryError("%s:%d: %s" % (self.story.path, directive.line, e)) from None
        return pattern.search(data)

    def compare(self, what, text, data):
        """TEXT may hold {*} and {**}; DATA must be it, whole."""
        if self.names.line_pattern(text).match(data):
            return
        self.fail("%s: not as expected\n%s", what, _diff(self.names.fill(text), data))

    def manners(self):
        """What nobody has to ask for."""
        if re.search(rb"AddressSanitizer|LeakSanitizer|runtime error:|ERROR: libFuzzer|^==\d+==",
                     self.stderr, re.M):
            self.fail("a memory or behaviour checker spoke:\n%s", _quote(self.stderr))
        asked = any(self.story.has(n) for n in ("stderr", "stderr~"))
        closed = self.story.one("close")
        if self.run.status == 0 and self.stderr and not asked:
            self.fail("stderr: success must be silent, got:\n%s", _quote(self.stderr))
        if self.run.status and not (closed and "stderr" in closed.inline):
            if not re.search(rb"^smtpost: ", self.stderr, re.M) and not self.story.has("stderr"):
                self.fail("stderr: a failure needs a line `smtpost: ...`, got:\n%s",
                          _quote(self.stderr))
        if not self.story.has("allow-control-bytes"):
            found = _control_bytes(self.stderr) or _control_bytes(self.stdout)
            if found:
                self.fail("control bytes in the output: %s\n%s", found, _quote(self.stderr))

    def log(self):
        if self.story.has("log~") or self.story.has("log-not~"):
            try:
                with open(os.path.join(self.run.setup.dir, "log"), "rb") as f:
                    self.patterns("log", f.read())
            except FileNotFoundError:
                self.fail("log: no file was written")

    # -- mail and wire

    def received(self):
        count = self.story.number("messages")
        if count is not None and count != len(self.messages):
            self.fail("messages: expected %d, got %d", count, len(self.messages))
        for d in self.story.all("message"):
            number = next((int(o) for o in d.options if o.isdigit()), 1)
            if number > len(self.messages):
                self.fail("message %d: it never came", number)
                continue
            self.message("message %d" % number, d, self.messages[number - 1])
        everything = b"\n".join(m.read() for m in self.messages) \
            if self.story.has("message~") or self.story.has("message-not~") else b""
        self.patterns("message", everything.replace(b"\r\n", b"\n"))
        d = self.story.one("envelope")
        if d:
            got = ["%s -> %s" % (m.sender or "<>", " ".join(m.recipients)) for m in self.messages]
            if got != d.items:
                self.fail("envelope: expected %s, got %s", d.items, got)

    def message(self, what, d, message):
        data = message.read().replace(b"\r\n", b"\n")
        if d.inline == "same-as-stdin":
            sent = b"".join(self.run.setup.stdin())
            sent = re.sub(rb"\r\n|\r|\n", b"\n", sent)
            if sent and not sent.endswith(b"\n"):
                sent += b"\n"
            if data != sent:
                self.fail("%s: is not what was piped in\n%s", what,
                          _diff(sent.decode("latin-1"), data))
        elif "raw" in d.options:
            wanted = unescape(self.names.fill("".join(d.block or [])))
            if data != wanted:
                self.fail("%s: not as expected\n%s", what, _diff(wanted.decode("latin-1"), data))
        else:
            self.compare(what, d.text, data)

    def wires(self):
        clear = b"\n".join(bytes(p.clear.data) for p in self.run.stage.peers)
        inside = b"\n".join(bytes(p.inside_tls.data) for p in self.run.stage.peers)
        self.patterns("wire", clear + b"\n" + inside)
        self.patterns("clear", clear)
        if not self.story.has("allow-clear-secret"):
            for secret in self.secret_list():
                if _holds_secret(clear, secret):
                    self.fail("the password went over the wire in clear")

    def files(self):
        for d in self.story.all("exists"):
            if not os.path.exists(self.names.fill(d.inline)):
                self.fail("%s does not exist", d.inline)
        for d in self.story.all("absent"):
            if os.path.lexists(self.names.fill(d.inline)):
                self.fail("%s exists", d.inline)
        left = os.listdir(self.run.setup.tmp)
        if left:
            self.fail("left behind in TMPDIR: %s", " ".join(left))

    def secret_list(self):
        d = self.story.one("secrets")
        return d.inline.split() if d else [scripted.PASSWORD]

    def secrets(self):
        """No secret in the output or in any file that the program made."""
        if self.story.has("allow-secret-output"):
            return
        received = os.path.join(self.run.setup.dir, "received")
        places = {"stdout": self.stdout, "stderr": self.stderr}
        for path in _tree(self.run.setup.dir) - self.run.given:
            if not path.startswith(received) and os.path.isfile(path):
                with open(path, "rb") as f:
                    places[os.path.relpath(path, self.run.setup.dir)] = f.read(MAX_OUTPUT)
        for secret in self.secret_list():
            for name, data in places.items():
                if _holds_secret(data, secret):
                    self.fail("a password is readable in %s", name)


def _is_instrumented():
    with open(program(), "rb") as f:
        return b"__asan_init" in f.read() or bool(os.environ.get("SMTPOST_WRAPPER"))


def _control_bytes(data):
    """The first few control characters but line ends and tabs, C1 included."""
    text = data.decode("utf-8", "surrogateescape")
    bad = [c for c in text if (unicodedata.category(c) == "Cc" and c not in "\n\t")
           or "\udc80" <= c <= "\udc9f"]
    return " ".join("U+%04X" % ord(c) for c in bad[:8])


def _holds_secret(data, secret):
    """The secret in DATA, as it is or inside any base64."""
    raw = secret.encode()
    if raw in data:
        return True
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        core = coded[(0, 2, 3)[shift]:len(coded) - 1].encode()
        if len(core) >= 8 and core in data:
            return True
    return False


def _quote(data, limit=4000):
    text = data[:limit].decode("utf-8", "backslashreplace")
    return "".join("      | %s\n" % line for line in text.split("\n") if line).rstrip("\n")


def _diff(wanted, data):
    """Lines side by side from the first that differs."""
    want, got = wanted.split("\n"), data.decode("utf-8", "backslashreplace").split("\n")
    lines = []
    for n in range(max(len(want), len(got))):
        w = want[n] if n < len(want) else None
        g = got[n] if n < len(got) else None
        if w == g or (w is not None and g is not None and "{*" in w and _like(w, g)):
            continue
        if w is not None:
            lines.append("      line %d expected | %s" % (n + 1, w[:200]))
        if g is not None:
            lines.append("      line %d      got | %s" % (n + 1, g[:200]))
        if len(lines) > 16:
            lines.append("      ...")
            break
    return "\n".join(lines)


def _like(wanted, got):
    parts = re.split(r"(\{\*\*?\})", wanted)
    return re.fullmatch("".join(".*" if p in ("{*}", "{**}") else re.escape(p) for p in parts), got)


# -- reporting ----------------------------------------------------------------

def report(run, name, keep_at):
    about = run.story.one("about")
    print("FAIL %s%s" % (name, ": " + about.items[0] if about else ""))
    for failure in run.failures:
        print("  - " + failure)
    print("  arguments: %s" % " ".join(shlex.quote(os.fsdecode(a)) for a in run.argv))
    print("  exit: %s   time: %.2f s" % (run.status, getattr(run.client, "seconds", 0)))
    print("  stderr:\n%s" % (_quote(bytes(run.client.err)) or "      (nothing)"))
    if run.client.out:
        print("  stdout:\n%s" % _quote(bytes(run.client.out)))
    print("  transcript:")
    for line in run.stage.transcript or ["(no connection)"]:
        print("      " + line)
    if keep_at:
        print("  kept: %s" % keep_at)


def transcript(run):
    for line in run.stage.transcript:
        print("    " + line)
    if run.client.err:
        print(_quote(bytes(run.client.err)))


def _require(story):
    for d in story.all("require"):
        for word in d.inline.split():
            if word == "ipv6":
                try:
                    scripted._listen(scripted.socket.AF_INET6, "::1", 0).close()
                except OSError as e:
                    raise Skip("no IPv6: %s" % e) from None
            elif word == "not-root":
                if os.getuid() == 0:
                    raise Skip("root may do everything")
            elif word == "landlock":
                said = subprocess.run([program(), "--version"], capture_output=True, text=True)
                if "confinement: Landlock" not in said.stdout:
                    raise Skip("built without Landlock, or none in this kernel")
            elif word == "plain":
                if _is_instrumented():
                    raise Elsewhere("a sanitizer needs more than this story leaves")
            elif word == "linux":
                if not sys.platform.startswith("linux"):
                    raise Skip("Linux only")
            else:
                raise StoryError("%s:%d: require: what is `%s`?" % (story.path, d.line, word))


def run_file(path, verbose=False, keep=False):
    """Runs the story at PATH, prints what failed, returns PASS, FAIL, SKIP or WRONG."""
    name = os.path.splitext(os.path.basename(path))[0]
    try:
        story = load(path)
        _require(story)
        program()
        certs = certs_module.make()
        each = story.one("each-args")
        result = PASS
        for args in each.items if each else [None]:
            story = load(path)
            result = max(result, _run_once(story, certs, args, name, verbose, keep))
        return result
    except Skip as e:
        print("SKIP %s: %s" % (name, e))
        strict = os.environ.get("SMTPOST_CI_STRICT") == "1" and not isinstance(e, Elsewhere)
        return FAIL if strict else SKIP
    except (StoryError, OSError) as e:
        print("WRONG %s: %s" % (name, e))
        return WRONG


def _run_once(story, certs, args, name, verbose, keep):
    directory = tempfile.mkdtemp(prefix="smtpost-%s-" % name[:40])
    run = Run(story, certs, args)
    try:
        run.play(directory)
        if run.failures:
            report(run, name, directory if keep else None)
            return FAIL
        if verbose:
            print("ok   %s (%.2f s)" % (name, run.client.seconds))
            transcript(run)
        return PASS
    finally:
        if not keep:
            _remove(directory)


def _remove(directory):
    for base, directories, _ in os.walk(directory):
        for d in directories:
            os.chmod(os.path.join(base, d), 0o700, follow_symlinks=True) \
                if not os.path.islink(os.path.join(base, d)) else None
    shutil.rmtree(directory, ignore_errors=True)
