#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""Tests of the test tools: the story reader, the scripted server, the runner, the smarthost.

The program under test is played by a small client below, so this runs before
anything is built: a story that must pass passes, one that must fail fails,
and for the right reason.
"""

import contextlib
import io
import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import certs  # noqa: E402
import dialogue  # noqa: E402
import scripted  # noqa: E402
import story  # noqa: E402
import wire  # noqa: E402

# Reads host, port and tls-ca from ~/.smtprc and pipelines; FAKE names its sins.
FAKE_CLIENT = r'''
import base64, os, re, socket, ssl, sys, time
sins = os.environ.get("FAKE", "").split()
rc = open(os.environ["SMTPRC"]).read()
option = lambda n: re.search(r'%s\s*=\s*"?([^"\n]*)' % n, rc).group(1)
def die(code, text):
    print("smtpost: test: %s:%s: %s" % (option("host"), option("port"), text), file=sys.stderr)
    sys.exit(code)
if "hang" in sins: time.sleep(60)
if "noisy" in sins: print("done")
if "escape" in sins: print("smtpost: \x1b[31m", file=sys.stderr)
secret = base64.b64encode(b"\0ada\0s3cret-pass").decode()
if "leak" in sins: print("smtpost: pw " + secret, file=sys.stderr)
if "litter" in sins: open(os.environ["TMPDIR"] + "/x", "w")
data = b"" if "no-stdin" in sins else sys.stdin.buffer.read()
if "orphan" in sins and os.fork() == 0:
    time.sleep(60); os._exit(0)
try: sock = socket.create_connection((option("host"), int(option("port"))), 5)
except OSError as e: die(75, "connect: %s" % e)
f = sock.makefile("rb")
def reply(good):
    while True:
        line = f.readline()
        if not line: die(75, "connection cut")
        if line[3:4] != b"-": break
    if not line.startswith(good): die(69, line.decode().strip())
def send(text): sock.sendall(text)
def say(text, good): send(text + b"\r\n"); reply(good)
reply(b"220")
say(b"EHLO client.example.org", b"250")
if "clear-auth" in sins: say(b"AUTH PLAIN " + base64.b64encode(b"\0ada\0s3cret-pass"), b"235")
if "no-tls" not in sins:
    say(b"STARTTLS", b"220")
    context = ssl.create_default_context(cafile=option("tls-ca"))
    if "blind" in sins: context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try: sock = context.wrap_socket(sock, server_hostname=option("host"))
    except ssl.SSLError as e: die(77, e.verify_message if hasattr(e, "verify_message") else str(e))
    f = sock.makefile("rb")
    say(b"EHLO client.example.org", b"250")
    say(b"AUTH PLAIN " + base64.b64encode(b"\0ada\0s3cret-pass"), b"235")
envelope = [b"MAIL FROM:<ada@example.org>", b"RCPT TO:<bob@example.net>", b"DATA"]
if "slow" in sins:
    for line in envelope: say(line, b"3" if line == b"DATA" else b"2")
else:
    send(b"\r\n".join(envelope) + b"\r\n")
    for good in (b"250", b"250", b"354"): reply(good)
body = data.replace(b"\n", b"\r\n")
if "bare" in sins: body = data + b"\r\n"
if "undotted" not in sins: body = body.replace(b"\r\n.", b"\r\n..")
send(body + b".\r\nQUIT\r\n")
reply(b"250")
'''

GOOD = """
server:
    @session
    @deliver ada@example.org bob@example.net
exit: 0
"""

CASES = [
    # name, what the client does wrong, story, outcome, words in the report
    ("good", "", GOOD + "message: same-as-stdin\nflights: 6\n", 0, ""),
    ("wrong exit", "", GOOD.replace("exit: 0", "exit: 75"), 1, "exit: expected 75, got 0"),
    ("wrong line", "", """
server:
    @session
    C: MAIL FROM:<eve@example.org>
exit: 69 75
""", 1, "expected C: MAIL FROM:<eve@example.org>"),
    ("not pipelined", "slow", GOOD.replace("exit", "patience: 0.3\nexit"), 1,
     "nothing came from the client"),
    ("one by one", "slow", GOOD.replace("@deliver", "@mail-each").replace(
        "exit", "    @accept\nexit"), 0, ""),
    ("pipelined where it may not", "", GOOD.replace("@deliver", "@mail-each"), 1,
     "sent before our answer"),
    ("stdout", "noisy", GOOD, 1, "stdout: expected nothing"),
    ("stdout wanted", "noisy", GOOD + "stdout: done\n", 0, ""),
    ("escape", "escape", GOOD + "stderr~ smtpost\n", 1, "control bytes"),
    ("noise on success", "escape", GOOD + "allow-control-bytes\n", 1, "must be silent"),
    ("leak", "leak", GOOD + "stderr~ smtpost\n", 1, "a password is readable in stderr"),
    ("litter", "litter", GOOD, 1, "left behind in TMPDIR: x"),
    ("orphan", "orphan", GOOD, 1, "outlived"),
    ("overrun", "hang", "deadline: 0.3\nexit: 0\n", 1, "still running at the deadline"),
    ("bare LF", "bare", GOOD, 1, "bare CR (0) or LF"),
    ("dots", "",
     GOOD + "stdin:\n    a: b\n\n    .\n    ..x\nmessage:\n    a: b\n\n    .\n    ..x\n", 0, ""),
    ("undotted", "undotted", GOOD + "stdin:\n    a: b\n\n    .x\nmessage: same-as-stdin\n", 1,
     "message 1: is not what was piped in"),
    ("clear password", "clear-auth no-tls", """
server:
    @greet "AUTH PLAIN"
    @auth-plain
    @deliver ada@example.org bob@example.net
exit: 0
""", 1, "over the wire in clear"),
    ("expired", "", """
server:
    @greet
    @starttls-refused expired
exit: 77
stderr~ certificate has expired
clear-not~ AUTH
""", 0, ""),
    ("expired but taken", "blind", """
server:
    @greet
    @starttls-refused expired
exit: 77 75
""", 1, "instead of closing"),
    ("nobody expected", "", "exit: 75 69\n", 1, "unexpected connection"),
    ("nobody came", "", GOOD.replace("exit: 0", """
server:
    @banner
exit: 0"""), 1, "no connection came"),
    ("refused", "", "account:\n    port = {closedport}\nexit: 75\nstderr~ :{closedport}: connect\n",
     0, ""),
    ("cut", "", """
server:
    @greet
    close
exit: 75
stderr~ connection cut
""", 0, ""),
    ("no-stdin is no error here", "no-stdin", GOOD + "stdin: hold\n", 0, ""),
    ("signal", "hang", """
server optional:
    @banner
deadline: 0.5
exit: 0
""", 1, "killed"),
    ("login refused", "", """
server:
    @open
    auth PLAIN: 535 5.7.8 no
exit: 69
stderr~ 535 5\\.7\\.8 no
""", 0, ""),
    ("each-args", "", GOOD + "each-args:\n    a\n    b\n", 0, ""),
    ("bytewise", "", GOOD.replace("@session", "S-bytewise: 220-x\\r\\n220 y\\r\\n\n"
                                  "    @ehlo-clear\n    @starttls\n    @ehlo\n    @auth-plain"),
     0, ""),
    ("file mode", "",
     GOOD + "file a/b 0644:\n    x\nexists: {dir}/a/b\nabsent: {dir}/a/c\n", 0, ""),
    ("big", "",
     GOOD + "stdin-gen:\n    text \"a: b\\n\\n\"\n    repeat 200000 \"..0123456789\\n\"\n"
     "message: same-as-stdin\nwithin: 10\n", 0, ""),
    ("unknown directive", "", "exit: 0\nfoo: 1\n", 99, "unknown directive"),
    ("unknown macro", "", "server:\n    @foo\nexit: 0\n", 99, "unknown macro"),
    ("unknown placeholder", "", "args: {foo}\nexit: 0\n", 99, "unknown placeholder"),
    ("no exit", "", "args: x\n", 99, "no `exit:`"),
    ("bad escape", "", "stdin raw:\n    \\q\nexit: 0\n", 99, "unknown escape"),
    ("bad regex", "", GOOD + "stderr~ (\n", 99, "unterminated"),
    ("bad certificate", "", "server:\n    tls foo\nexit: 0 75\n", 99, "no certificate"),
]


class Scratch(unittest.TestCase):
    def setUp(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="smtpost-selftest-")
        self.addCleanup(self._scratch.cleanup)
        self.dir = self._scratch.name

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


class Runner(Scratch):
    def setUp(self):
        super().setUp()
        client = self.write("client", "#!%s\n%s" % (sys.executable, FAKE_CLIENT), 0o755)
        os.environ["SMTPOST"] = client
        os.environ.pop("SMTPOST_WRAPPER", None)

    def run_story(self, text, sins=""):
        path = self.write("it.dlg", ("env: FAKE=%s\n" % sins if sins else "") + text)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = dialogue.run_file(path)
        return status, out.getvalue()

    def test_cases(self):
        for name, sins, text, outcome, words in CASES:
            with self.subTest(name):
                status, output = self.run_story(text, sins)
                self.assertEqual(status, outcome, output)
                self.assertIn(words, output)

    def test_skip(self):
        os.environ["SMTPOST"] = "/nonexistent"
        os.environ.pop("SMTPOST_CI_STRICT", None)
        self.assertEqual(self.run_story(GOOD)[0], 77)
        os.environ["SMTPOST_CI_STRICT"] = "1"
        self.assertEqual(self.run_story(GOOD)[0], 1)
        del os.environ["SMTPOST_CI_STRICT"]

    def test_overrun_is_over_soon(self):
        started = time.monotonic()
        self.run_story("deadline: 0.3\nexit: 0\n", "hang")
        self.assertLess(time.monotonic() - started, 5)

    def test_signal(self):
        delivery = "@session\n    @deliver ada@example.org bob@example.net\n"
        self.assertIn(delivery, GOOD)
        story = GOOD.replace(delivery, "@banner\n    C: EHLO {*}\n    signal TERM\n    stall\n")
        status, output = self.run_story(story.replace("exit: 0", "exit: -15\nstderr: empty"))
        self.assertEqual(status, 0, output)


class Reading(unittest.TestCase):
    def test_unescape(self):
        self.assertEqual(story.unescape(r"a\r\n\0\x80\\ü"), b"a\r\n\0\x80\\\xc3\xbc")

    def test_blocks(self):
        parsed = story.parse("about: x\nstdin crlf:\n    a\n\n      b\n\nexit: 0\nstderr~ a: b~c\n")
        stdin = parsed.one("stdin")
        self.assertEqual(stdin.text, "a\n\n  b\n")
        self.assertEqual(stdin.options, ["crlf"])
        self.assertEqual(parsed.one("stderr~").inline, "a: b~c")

    def test_capabilities(self):
        self.assertEqual(scripted.capabilities(["A", "SIZE 1", "B"], ["-A", "SIZE 2", "AUTH X"]),
                         ["B", "SIZE 2", "AUTH X"])
        self.assertEqual(scripted.capabilities(["A"], ["only", "B"]), ["B"])


class Data(unittest.TestCase):
    WIRE = b"..a\r\nb\r\n...\r\n..\r\n\r\n.x\r\n.\r\nQUIT\r\n"
    TEXT = b".a\r\nb\r\n..\r\n.\r\n\r\nx\r\n"

    def decode(self, pieces):
        decoder, out = wire.DataDecoder(), b""
        for n, piece in enumerate(pieces):
            out += decoder.feed(piece)
            if decoder.done:
                return out, decoder.rest + b"".join(pieces[n + 1:]), decoder
        return out, None, decoder

    def test_every_cut(self):
        for a in range(len(self.WIRE)):
            for b in (a, min(a + 1, len(self.WIRE)), min(a + 3, len(self.WIRE))):
                pieces = [self.WIRE[:a], self.WIRE[a:b], self.WIRE[b:]]
                self.assertEqual(self.decode(pieces)[:2], (self.TEXT, b"QUIT\r\n"), (a, b))

    def test_bytewise(self):
        pieces = [self.WIRE[i:i + 1] for i in range(len(self.WIRE))]
        self.assertEqual(self.decode(pieces)[:2], (self.TEXT, b"QUIT\r\n"))

    def test_empty(self):
        self.assertEqual(self.decode([b".", b"\r\n"])[:2], (b"", b""))

    def test_bare(self):
        for cut in range(12):
            data = b"a\rb\nc\r\n.\n.\r\n.\r\n"
            _, _, decoder = self.decode([data[:cut], data[cut:]])
            self.assertEqual((decoder.bare_cr, decoder.bare_lf), (1, 2), cut)


class ScriptedFromPython(Scratch):
    def test_smtplib(self):
        made = certs.make()
        context = ssl.create_default_context(cafile=made.ca)
        with scripted.ScriptedServer.from_text("""
            tls chain
            @banner
            @ehlo "AUTH LOGIN"
            @auth-login
            @mail-each ada@example.org bob@example.net
            @accept
            @quit
        """, directory=self.dir, certs=made) as server:
            with smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=context) as client:
                for command in ("EHLO x", "AUTH LOGIN", "YWRh", "czNjcmV0LXBhc3M=",
                                "MAIL FROM:<ada@example.org>", "RCPT TO:<bob@example.net>",
                                "DATA"):
                    client.docmd(command)
                client.send("a: b\r\n\r\n..x\r\n.\r\n")
                self.assertEqual(client.getreply()[0], 250)
                client.docmd("QUIT")
            server.finish()
            self.assertEqual(server.failures, [])
            self.assertEqual(server.messages[0].read(), b"a: b\r\n\r\n.x\r\n")
            self.assertEqual(server.messages[0].recipients, ["bob@example.net"])


class Certificates(unittest.TestCase):
    def test_second_call_is_cached(self):
        with tempfile.TemporaryDirectory() as directory:
            made = certs.make(directory)
            before = os.stat(made.ca).st_mtime_ns
            self.assertEqual(os.stat(certs.make(directory).ca).st_mtime_ns, before)
            for name in list(certs.LEAVES) + ["selfsigned"]:
                wire.server_context(*made.pair(name))


class Smarthost(Scratch):
    def start(self, *options):
        port_file = os.path.join(self.dir, "port")
        process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "smarthost.py"), "--port-file", port_file,
             "--out", os.path.join(self.dir, "out"), "--cert-dir", certs.make().dir, *options])
        self.addCleanup(lambda: process.poll() is None and process.kill())
        deadline = time.monotonic() + 10
        while not os.path.exists(port_file):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        with open(port_file) as f:
            return process, int(f.read())

    def send(self, client):
        client.login("ada", "s3cret-pass")
        client.sendmail("ada@example.org", ["bob@example.net", "carol@example.net"],
                        b"Subject: x\r\n\r\n.dot\r\n" + b"x" * 3000000 + b"\r\n",
                        mail_options=["BODY=8BITMIME"])

    def check_out(self):
        out = os.path.join(self.dir, "out")
        with open(os.path.join(out, "1.json")) as f:
            facts = json.load(f)
        self.assertEqual(facts["from"], "ada@example.org")
        self.assertEqual(facts["to"], ["bob@example.net", "carol@example.net"])
        self.assertEqual(facts["mail_parameters"]["BODY"], "8BITMIME")
        self.assertIn("TLSv1.", facts["tls"]["version"])
        self.assertEqual(os.path.getsize(os.path.join(out, "1.eml")), facts["size"])
        return facts

    def test_starttls(self):
        process, port = self.start()
        context = ssl.create_default_context(cafile=certs.make().ca)
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            client.ehlo()
            self.assertFalse(client.has_extn("auth"))
            self.assertEqual(client.docmd("MAIL FROM:<a@b>")[0], 530)
            client.starttls(context=context)
            client.ehlo()
            self.assertEqual(client.docmd("MAIL FROM:<a@b>")[0], 530)
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login("ada", "wrong")
            self.send(client)
        self.assertIn(self.check_out()["auth"]["mechanism"], ("PLAIN", "LOGIN"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(5), 0)

    def test_implicit_once(self):
        process, port = self.start("--implicit", "--once")
        context = ssl.create_default_context(cafile=certs.make().ca)
        with smtplib.SMTP_SSL("localhost", port, timeout=10, context=context) as client:
            self.send(client)
        self.check_out()
        self.assertEqual(process.wait(5), 0)


if __name__ == "__main__":
    unittest.main()
