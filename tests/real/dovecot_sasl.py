# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""Dovecot's SASL service of our own, for a Postfix to ask: passwords and JSON web tokens.

    with DovecotSasl(work) as sasl:
        Postfix(work, boxes, dovecot=sasl.socket) ...
        sasl.token("ada")

It keeps everything below a directory and wants root, as Dovecot's master does.
"""
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import time

import harness

KEY = b"a key for tokens of these tests"

CONFIG = """
base_dir = {work}/run
state_dir = {work}/run
log_path = {work}/log
auth_verbose = yes
protocols =
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = username_format=%u {work}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {work}/oauth2
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener postfix {{
    mode = 0666
  }}
}}
# Failures would make the next login wait longer than Postfix does.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0600
  }}
}}
"""

OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={work}/keys/
username_attribute = sub
"""


def missing():
    """Why this cannot run here, or None."""
    if os.geteuid() != 0:
        return "Dovecot's master wants root"
    return None if harness.tool("dovecot") else "no dovecot here"


class Dovecot:
    """A master of our own; a subclass has its configuration, the files it names, and the socket
    that is there when it is ready."""

    CONFIG = ""

    def __init__(self, work, socket):
        self.work = work / "dovecot"
        self.socket = self.work / "run" / socket
        self.master = None

    def prepare(self):
        """Files that the configuration names."""

    def __enter__(self):
        (self.work / "run").mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.work / "config").write_text(self.CONFIG.format(work=self.work))
        self.prepare()
        self.master = subprocess.Popen(
            [harness.tool("dovecot"), "-F", "-c", self.work / "config"], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: self.socket.exists() or self.master.poll() is not None,
                           "Dovecot's socket")
        if self.master.poll() is not None:
            raise harness.Failed("Dovecot does not start:\n" + self.log())
        return self

    def __exit__(self, *_):
        self.master.send_signal(signal.SIGTERM)
        try:
            self.master.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.master.pid, signal.SIGKILL)
            self.master.wait()

    def log(self):
        path = self.work / "log"
        return path.read_text(errors="replace") if path.exists() else ""


class DovecotSasl(Dovecot):
    CONFIG = CONFIG

    def __init__(self, work, user, password):
        super().__init__(work, "postfix")
        self.user, self.password = user, password

    def prepare(self):
        (self.work / "keys/default/HS256").mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.work / "oauth2").write_text(OAUTH2.format(work=self.work))
        (self.work / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}\n")
        (self.work / "keys/default/HS256/default").write_bytes(base64.b64encode(KEY))

    @staticmethod
    def token(user, good_for=3600):
        """A JSON web token (RFC 7519)."""
        now = int(time.time())
        parts = [{"alg": "HS256", "typ": "JWT"},
                 {"sub": user, "iat": now - 7200, "nbf": now - 7200, "exp": now + good_for}]
        text = b".".join(_b64url(json.dumps(part).encode()) for part in parts)
        return (text + b"." + _b64url(hmac.new(KEY, text, hashlib.sha256).digest())).decode()


def _b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
