# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""The server's half of SASL mechanisms, and their framing in SMTP (RFC 4954).

A mechanism is a class with step(response) that returns Challenge, Accepted or
Refused; MECHANISMS maps names to classes. To add one, write the class and its
row: the scripted server (`auth NAME`) and the smarthost both find it there.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass


@dataclass
class Challenge:
    data: bytes


@dataclass
class Accepted:
    identity: str


@dataclass
class Refused:
    reason: str


class Mechanism:
    """One exchange. ACCOUNTS maps user names to passwords; TLS is the Peer's socket or None."""

    def __init__(self, accounts, tls=None):
        self.accounts = accounts
        self.tls = tls

    def step(self, response):
        """RESPONSE is bytes, or None where the client sent no initial response."""
        raise NotImplementedError

    def check_password(self, user, password):
        try:
            wanted = self.accounts[user.decode()].encode()
        except (KeyError, UnicodeDecodeError):
            return Refused("unknown user %r" % user)
        if not hmac.compare_digest(wanted, password):
            return Refused("wrong password for %r" % user)
        return Accepted(user.decode())


class Plain(Mechanism):
    """RFC 4616"""

    def step(self, response):
        if response is None:
            return Challenge(b"")
        parts = response.split(b"\0")
        if len(parts) != 3:
            return Refused("PLAIN message of %d parts" % len(parts))
        authzid, user, password = parts
        if authzid not in (b"", user):
            return Refused("authorization identity %r" % authzid)
        return self.check_password(user, password)


class Login(Mechanism):
    """draft-murchison-sasl-login; the user name may come as an initial response."""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.user = None

    def step(self, response):
        if response is None:
            return Challenge(b"Username:")
        if self.user is None:
            self.user = response
            return Challenge(b"Password:")
        return self.check_password(self.user, response)


MECHANISMS = {
    "PLAIN": Plain,
    "LOGIN": Login,
}


def exchange(line, accounts, send, receive, tls=None, offered=None):
    """Runs AUTH as said in LINE (bytes, `AUTH MECHANISM [initial-response]`).

    SEND and RECEIVE move one line each. Returns (mechanism name, Accepted or
    Refused); the caller sends the final reply.
    """
    words = line.decode("ascii", "replace").split(" ")
    name = words[1].upper() if len(words) > 1 else ""
    if name not in (offered if offered is not None else MECHANISMS) or name not in MECHANISMS:
        return name, Refused("mechanism not offered")
    mechanism = MECHANISMS[name](accounts, tls)
    response = None
    if len(words) > 2:
        response = b"" if words[2] == "=" else _decode(words[2].encode())
    while True:
        if isinstance(response, Refused):
            return name, response
        outcome = mechanism.step(response)
        if not isinstance(outcome, Challenge):
            return name, outcome
        send(b"334 " + base64.b64encode(outcome.data))
        answer = receive()
        response = Refused("cancelled by the client") if answer == b"*" else _decode(answer)


def _decode(text):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return Refused("not base64: %r" % text)
