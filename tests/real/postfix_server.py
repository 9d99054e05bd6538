# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""A Postfix of our own: configuration, queue, ports and mailboxes in a temporary directory.

    with Postfix(work) as server:
        server.port["starttls"], server.port["implicit"], server.port["small"]

TLS and AUTH are required on each port (Cyrus SASL with a sasldb of its own; dovecot=SOCKET asks a
Dovecot instead). What it accepts is
delivered to Maildirs below the directory, and nothing is added to or taken from a message but the
trace fields at its head. The system's Postfix, its configuration and its queue are not touched.
It wants root, since Postfix's master does.
"""
import email
import email.policy
import os
import pwd
import re
import signal
import socket
import subprocess

import harness
from harness import certs

USER, PASSWORD = "ada", "open-sesame 'quoted' \"and\" back\\slash"
REALM = "real.test"
DOMAIN = "example.org"
ELSEWHERE = "127.0.0.2"      # an address of this machine that the certificate does not name
SMALL = 100_000      # message_size_limit of the port "small"
LARGE = 40_000_000
TRACE = re.compile(
    rb"(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*")

MAIN = """
compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
daemon_directory = {daemons}
command_directory = {commands}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {work}/maillog
maillog_file_prefixes = {work}
myhostname = mail.real.test
mydestination =
mynetworks = 192.0.2.1/32
inet_interfaces = loopback-only
inet_protocols = all
alias_maps =
biff = no
smtputf8_enable = yes

# Not one octet more or less than what the client sent.
local_header_rewrite_clients =
remote_header_rewrite_domain =
always_add_missing_headers = no
message_drop_headers =
undisclosed_recipients_header =
disable_mime_input_processing = yes
disable_mime_output_conversion = yes
header_size_limit = 4000000
line_length_limit = 65536
smtp_line_length_limit = 0
message_size_limit = {large}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
queue_minfree = 0

virtual_mailbox_domains = {domain}, b\u00fccher.example
virtual_mailbox_base = {work}/mail
virtual_mailbox_maps = texthash:{work}/etc/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = virtual
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine

smtpd_tls_chain_files = {key}, {chain}
smtpd_tls_received_header = yes
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_timeout = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = {sasl_type}
# Debian looks beside main.cf whatever the third of these says; others do as told.
smtpd_sasl_path = {sasl_path}
cyrus_sasl_config_path = {work}/etc/sasl
smtpd_sasl_local_domain = {realm}
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_sender_restrictions = check_sender_access
    inline:{{ {{ forbidden@{domain} = 553 5.7.1 Sender address rejected: not owned by user }} }}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
    check_recipient_access inline:{{ {{ later@{domain} = 450 4.2.1 The mailbox is busy }} }},
    permit_sasl_authenticated, reject
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_delay_reject = yes
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_auth_rate_limit = 0
"""

MASTER = """
127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{small} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
    -o message_size_limit={small_limit}
{other}:{elsewhere} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
showq     unix n - n - - showq
postlog   unix-dgram n - n - 1 postlogd
"""

SASL = """pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {work}/etc/sasl/sasldb2
mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512
"""

# What `postfix start` would make: directory, owner is postfix, mode.
QUEUE = (("pid", False, 0o755), ("active", True, 0o700), ("bounce", True, 0o700),
         ("corrupt", True, 0o700), ("defer", True, 0o700), ("deferred", True, 0o700),
         ("flush", True, 0o700), ("hold", True, 0o700), ("incoming", True, 0o700),
         ("maildrop", True, 0o730), ("private", True, 0o700), ("public", True, 0o710),
         ("saved", True, 0o700), ("trace", True, 0o700))


def missing():
    """Why this test cannot run here, or None."""
    if os.geteuid() != 0:
        return "Postfix's master wants root"
    for name in ("postconf", "saslpasswd2"):
        if not harness.tool(name):
            return f"no {name} here"
    return None


def free_port():
    """A port that nobody has now; should somebody take it before Postfix, start() tries another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postfix:
    def __init__(self, work, mailboxes=(), dovecot=None):
        self.work = work / "postfix"
        self.dovecot = dovecot
        self.mailboxes = list(mailboxes)
        self.port = {}
        self.master = None
        self.certs = certs.make()

    def __enter__(self):
        self._write()
        for _ in range(5):
            if self._start():
                return self
        raise harness.Failed(f"Postfix does not start:\n{self.log()[-3000:]}")

    def __exit__(self, *_):
        self._stop()

    # --- set-up

    def _write(self):
        postfix, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        for name in ("", "etc", "queue", "data", "mail", "etc/sasl", "tls"):
            (self.work / name).mkdir(mode=0o755)
        os.chown(self.work / "data", postfix.pw_uid, postfix.pw_gid)
        os.chown(self.work / "mail", nobody.pw_uid, nobody.pw_gid)
        for name, owned, mode in QUEUE:
            path = self.work / "queue" / name
            path.mkdir()
            path.chmod(mode)
            if owned:
                os.chown(path, postfix.pw_uid, -1)
        values = {"work": self.work, "daemons": self._default("daemon_directory"),
                  "commands": self._default("command_directory"), "large": LARGE,
                  "domain": DOMAIN, "realm": REALM, "uid": nobody.pw_uid, "gid": nobody.pw_gid,
                  "sasl_type": "dovecot" if self.dovecot else "cyrus",
                  "sasl_path": self.dovecot or "smtpd"}
        for name, source in zip(("chain", "key"), self.certs.pair("good")):
            values[name] = self.work / "tls" / name
            with open(source, "rb") as file:
                values[name].write_bytes(file.read())
        self._etc("main.cf", MAIN.format(**values))
        self._etc("mailboxes", "".join(f"{box} {self._folder(box)}/\n" for box in self.mailboxes))
        self._sasl(postfix, values)
        self.daemon = f"{values['daemons']}/master"

    def _etc(self, name, text):
        (self.work / "etc" / name).write_text(text.lstrip("\n"), encoding="utf-8")

    @staticmethod
    def _default(name):
        done = subprocess.run([harness.tool("postconf"), "-d", "-h", name], capture_output=True,
                              text=True, check=True)
        return done.stdout.strip()

    def _sasl(self, postfix, values):
        (self.work / "etc" / "sasl" / "smtpd.conf").write_text(SASL.format(**values))
        database = self.work / "etc" / "sasl" / "sasldb2"
        subprocess.run([harness.tool("saslpasswd2"), "-p", "-c", "-f", database, "-u", REALM, USER],
                       input=PASSWORD.encode(), capture_output=True, check=True)
        os.chown(database, postfix.pw_uid, postfix.pw_gid)

    # --- life

    def _start(self):
        """True when every port greets; false when master gave up, as it does for a taken port."""
        self.port = {name: free_port() for name in ("starttls", "implicit", "small", "elsewhere")}
        self._etc("master.cf", MASTER.format(small_limit=SMALL, other=ELSEWHERE, **self.port))
        self.master = subprocess.Popen(
            [self.daemon, "-c", self.work / "etc", "-s"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": str(self.work / "etc")})
        harness.wait_until(lambda: self.master.poll() is not None or self._greets(),
                           "Postfix to greet", 60)
        return self.master.poll() is None

    def _greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port["starttls"]), 10) as peer:
                return peer.recv(4) == b"220 "
        except OSError:
            return False

    def _stop(self):
        if self.master and self.master.poll() is None:
            self.master.send_signal(signal.SIGTERM)
            try:
                self.master.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.master.pid, signal.SIGKILL)
                self.master.wait()

    # --- what it saw

    def log(self):
        path = self.work / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def session_after(self, mark):
        """The counts of the last session that ended after the log was mark characters long:
        {"ehlo": "2", "mail": "1", "rcpt": "1/2", ...}."""
        def ended():
            return re.findall(r" disconnect from \S+ (.*)", self.log()[mark:])
        text = harness.wait_until(ended, "the end of the session")[-1]
        return dict(word.split("=", 1) for word in text.split())

    @staticmethod
    def _folder(mailbox):
        return re.sub(r"[^a-z0-9.-]", "_", mailbox.split("@")[0].lower())

    def files(self, mailbox):
        folder = self.work / "mail" / self._folder(mailbox) / "new"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def take(self, mailbox, seconds=15):
        """The one message that arrives in the mailbox, as Arrived; it is gone from there."""
        files = harness.wait_until(lambda: self.files(mailbox), f"mail for {mailbox}", seconds)
        harness.expect(len(files) == 1, f"{mailbox} has {len(files)} messages, not one")
        data = files[0].read_bytes()
        files[0].unlink()
        return Arrived(data)

    def forget(self):
        """Empties every mailbox, once what is on its way has arrived."""
        harness.wait_until(self.is_idle, "an empty queue")
        for path in (self.work / "mail").glob("*/new/*"):
            path.unlink()

    def is_idle(self):
        """Nothing is on its way."""
        return not any(path.is_file() for name in ("incoming", "active", "maildrop", "deferred")
                       for path in (self.work / "queue" / name).rglob("*"))


class Arrived:
    """A delivered message: what Postfix wrote in front, and what the client sent."""

    def __init__(self, data):
        at = 0
        found = TRACE.match(data)
        while found:
            at = found.end()
            found = TRACE.match(data, at)
        self.trace = data[:at].decode("utf-8", "replace")
        self.data = data[at:]

    @property
    def sender(self):
        return re.search(r"^Return-Path: <(.*)>", self.trace, re.MULTILINE).group(1)

    @property
    def message(self):
        return email.message_from_bytes(self.data, policy=email.policy.default)

    @property
    def text(self):
        """What a reader is shown of it first, as one string."""
        return self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    @property
    def head(self):
        return self.data.split(b"\n\n", 1)[0] + b"\n"

    @property
    def body(self):
        return self.data.split(b"\n\n", 1)[1]
