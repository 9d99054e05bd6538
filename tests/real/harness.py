# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""What the tests with real programs share: the program under test, checks, waiting, line ends.

A test prints one "ok" or "not ok" line for each check and ends with 0, 1 or 77 (cannot be run
here; with SMTPOST_CI_STRICT=1 that is a failure, so that nothing is skipped unseen). With
SMTPOST_REAL=no each ends with 77 at once: for a second or third build of the same tree.
"""
import atexit
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "lib"))

import certs  # noqa: E402  (tests/lib)

PASS, FAIL, SKIP = 0, 1, 77
LINE_END = re.compile(rb"\r\n|\r|\n")


class Failed(Exception):
    """A check inside check() did not hold; the text says which."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: {describe_difference(got, wanted)}")


def describe_difference(got, wanted):
    """Short also for messages of megabytes."""
    if not (isinstance(got, bytes) and isinstance(wanted, bytes)):
        return f"got {got!r}, wanted {wanted!r}"
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
              min(len(got), len(wanted)))
    near = slice(max(at - 40, 0), at + 40)
    return (f"got {len(got)} octets, wanted {len(wanted)}, alike up to {at}:\n"
            f"  got    ...{got[near]!r}\n  wanted ...{wanted[near]!r}")


class Checks:
    """Runs and counts checks; a failed one does not stop the rest."""

    def __init__(self):
        self.number = self.failures = 0

    @contextlib.contextmanager
    def check(self, name):
        self.number += 1
        began = time.monotonic()
        try:
            yield
        except Exception as problem:  # pylint: disable=broad-except
            self.failures += 1
            self._print("not ok", name, began)
            text = str(problem) if isinstance(problem, Failed) else traceback.format_exc()
            print("# " + text.rstrip().replace("\n", "\n# "), flush=True)
        else:
            self._print("ok", name, began)

    def _print(self, verdict, name, began):
        milliseconds = (time.monotonic() - began) * 1000
        print(f"{verdict} {self.number} - {name} ({milliseconds:.0f} ms)", flush=True)

    def finish(self):
        print(f"1..{self.number}", flush=True)
        sys.exit(FAIL if self.failures or not self.number else PASS)


def skip(reason, always=False):
    """Ends the test as not run. Where nothing may be skipped that is a failure, unless the build
    under test can never run it (always)."""
    print(f"1..0 # SKIP {reason}", flush=True)
    strict = os.environ.get("SMTPOST_CI_STRICT") == "1"
    sys.exit(FAIL if strict and not always else SKIP)


def program():
    """The binary under test: $SMTPOST, or the one of the build that make check runs in."""
    if os.environ.get("SMTPOST_REAL") == "no":
        skip("SMTPOST_REAL=no asks for that", always=True)
    for candidate in (os.environ.get("SMTPOST"), "src/smtpost"):
        if candidate and os.access(candidate, os.X_OK):
            return pathlib.Path(candidate).resolve()
    skip("no program: build it, or set SMTPOST")
    return None


def is_sanitized(path):
    """Memory figures of such a build, or one under valgrind, mean nothing."""
    return b"__asan_init" in path.read_bytes()


def tool(name):
    """A program of the system, also where PATH leaves out sbin; None if it is not there."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def work_directory():
    """A temporary directory that other users may pass through; it goes when the test ends."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="smtpost-real-"))
    path.chmod(0o711)
    if os.environ.get("SMTPOST_TEST_KEEP"):
        print(f"# kept: {path}")
    else:
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def wait_until(condition, what, seconds=30):
    """Asks condition() again and again until it gives something true, and returns that."""
    limit = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > limit:
            raise Failed(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


def lines_ended(data, end=b"\n"):
    """What must arrive for this input: every kind of line end made one, the last line ended too."""
    data = LINE_END.sub(end, data)
    return data if not data or data.endswith(end) else data + end


class Smtpost:
    """The program with a configuration and an environment of its own, away from the caller's."""

    def __init__(self, work):
        self.binary = program()
        self.work = work
        self.home = work / "home"
        self.home.mkdir(mode=0o755)
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C",
                            "HOME": str(self.home),
                            # Not the queue of a service that this machine has.
                            "SMTPSPOOL": str(work / "no-spool")}
        for name, value in os.environ.items():
            if name.startswith(("ASAN_", "UBSAN_", "LSAN_")):
                self.environment[name] = value
        listed = subprocess.run([self.binary, "config", "options"], capture_output=True, text=True,
                                env=self.environment, stdin=subprocess.DEVNULL, timeout=30)
        self.options = {line.split()[0] for line in listed.stdout.splitlines() if line.strip()}

    def quiet_options(self):
        """Settings that keep a test off the machine's own log and queue, as far as they exist."""
        wanted = {"queue": "never", "syslog": "no"}
        return {name: value for name, value in wanted.items() if name in self.options}

    def account(self, path, mode=0o600, owner=None, **options):
        """Writes PATH with one account; an underscore in a name stands for a hyphen."""
        rows = {**self.quiet_options(), **{k.replace("_", "-"): v for k, v in options.items()}}
        lines = ['account "real" {']
        for name, value in rows.items():
            if value is None:
                continue
            if isinstance(value, list):
                value = "{ " + ", ".join(quoted(item) for item in value) + " }"
            elif not isinstance(value, int):
                value = quoted(value)
            lines.append(f"  {name} = {value}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write("\n".join(lines + ["}", ""]))
        os.chmod(path, mode)
        if owner is not None:
            os.chown(path, owner, owner)
        return path

    def run(self, words, data=b"", environment=None, seconds=120):
        """(exit status, standard error as text); stdout must stay empty."""
        done = subprocess.run([str(word) for word in words], input=data, capture_output=True,
                              env=environment or self.environment, timeout=seconds,
                              cwd=self.work)
        errors = done.stderr.decode("utf-8", "replace")
        expect(not done.stdout, f"output on stdout: {done.stdout[:300]!r}")
        return done.returncode, errors

    def send(self, config, words, data, status=0):
        """Sends with -C CONFIG, checks the exit status, returns standard error."""
        got, errors = self.run([self.binary, "-C", config, *words], data)
        expect(got == status, f"exit status {got}, wanted {status}\n{errors}")
        if status == 0:
            expect(not errors, f"success must be silent, but: {errors}")
        return errors


def quoted(value):
    """A libconfuse string in single quotes: nothing in it is expanded."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
