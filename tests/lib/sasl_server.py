# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""The server's half of SASL mechanisms, and their framing in SMTP (RFC 4954).

A mechanism is a class with step(response) that returns Challenge, Accepted or
Refused; MECHANISMS maps names to classes. To add one, write the class and its
row: the scripted server (`auth NAME`) and the smarthost both find it there.
A twist (name: text) makes it do something else than its RFC says: each class tells its own.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass

import channel_binding

CANCELLED = "cancelled by the client"


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

    def __init__(self, accounts, tls=None, twists=None):
        self.accounts = accounts
        self.tls = tls
        self.twists = twists or {}

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


class CramMd5(Mechanism):
    """RFC 2195"""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.challenge = None

    def step(self, response):
        if self.challenge is None:
            if response is not None:
                return Refused("an initial response to CRAM-MD5")
            self.challenge = b"<%s@mail.test>" % os.urandom(8).hex().encode()
            return Challenge(self.challenge)
        user, _, proof = response.rpartition(b" ")
        password = self.accounts.get(user.decode("utf-8", "replace"))
        if password is None:
            return Refused("unknown user %r" % user)
        wanted = hmac.new(password.encode(), self.challenge, "md5").hexdigest().encode()
        return Accepted(user.decode()) if proof == wanted else Refused("wrong proof")


class External(Mechanism):
    """RFC 4422 appendix A: whoever showed a certificate, or any name at all without TLS."""

    def step(self, response):
        if response is None:
            return Challenge(b"")
        if self.tls is not None and not self.tls.getpeercert(binary_form=True):
            return Refused("EXTERNAL without a client certificate")
        return Accepted(response.decode())


class OAuth(Mechanism):
    """The token stands where a password would; a wrong one gets JSON, an answer, and a refusal.

    Twists: json=TEXT is the reason that every token gets."""

    ANSWER = b""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.reasoned = False

    def parse(self, response):
        raise NotImplementedError

    def step(self, response):
        if response is None:
            return Challenge(b"")
        if self.reasoned:
            return Refused("token" if response == self.ANSWER else "answer %r" % response)
        try:
            user, token = self.parse(response)
        except ValueError as e:
            return Refused(str(e))
        if "json" not in self.twists:
            verdict = self.check_password(user, token)
            if isinstance(verdict, Accepted):
                return verdict
        self.reasoned = True
        return Challenge(self.twists.get("json", '{"status":"401","schemes":"bearer"}').encode())


class XOAuth2(OAuth):
    def parse(self, response):
        parts = response.split(b"\1")
        if len(parts) != 4 or parts[2:] != [b"", b""] or parts[0][:5] != b"user=" \
                or parts[1][:12] != b"auth=Bearer ":
            raise ValueError("XOAUTH2 message %r" % response)
        return parts[0][5:], parts[1][12:]


class OAuthBearer(OAuth):
    """RFC 7628"""

    ANSWER = b"\1"

    def parse(self, response):
        header, *pairs = response.split(b"\1")
        fields = dict(pair.partition(b"=")[::2] for pair in pairs if pair)
        if not header.startswith(b"n,a=") or not header.endswith(b",") or pairs[-2:] != [b"", b""] \
                or not fields.get(b"auth", b"").startswith(b"Bearer ") \
                or not {b"host", b"port"} <= set(fields):
            raise ValueError("OAUTHBEARER message %r" % response)
        return _unescape(header[4:-1]), fields[b"auth"][7:]


class Scram(Mechanism):
    """RFC 5802. Twists, of which the first may hold {nonce}, {client} (its part), {salt}:

    iterations=N       asked for, in any spelling
    first=TEXT         the whole server-first-message
    final=TEXT         the whole server-final-message
    forged=yes         a server signature that is wrong
    unproved=yes       success right after the client's proof
    early=yes          success right after the client's first message
    more=yes           one more challenge behind the last
    plus=yes           this server binds, whatever its list said
    types=A,B          the channel bindings that it has"""

    HASH = "sha256"
    PLUS = False

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.do = self.first
        self.user = None
        self.count = 4096

    def step(self, response):
        return self.do(response)

    def first(self, response):
        if response is None:
            return Challenge(b"")
        flag, authzid, bare = response.split(b",", 2)
        self.header = flag + b"," + authzid + b","
        self.bare = bare
        if self.twists.get("early"):
            return Accepted("early")
        wrong = self.check_flag(flag.decode())
        if wrong:
            return wrong
        name, nonce = bare.split(b",")[:2]
        self.user = _unescape(name[2:]).decode()
        self.nonce = nonce[2:].decode() + base64.b64encode(os.urandom(15)).decode()
        self.salt = os.urandom(16)
        self.said = self.twists.get("first", "r={nonce},s={salt},i={iterations}").format(
            nonce=self.nonce, salt=base64.b64encode(self.salt).decode(),
            iterations=self.twists.get("iterations", self.count),
            client=nonce[2:].decode()).encode()
        self.do = self.final
        return Challenge(self.said)

    def check_flag(self, flag):
        self.kind = flag[2:] if flag.startswith("p=") else None
        if bool(self.kind) != self.PLUS:
            return Refused("flag %s" % flag)
        if flag == "y" and self.twists.get("plus"):
            return self.complain("server-does-support-channel-binding")
        types = self.twists.get("types")
        if self.kind and types and self.kind not in types.split(","):
            return self.complain("unsupported-channel-binding-type")
        return None

    def final(self, response):
        head, _, proof = response.rpartition(b",p=")
        fields = dict(part.split(b"=", 1) for part in head.split(b","))
        bound = self.header
        if self.kind:
            bound += channel_binding.get(self.tls, self.kind)
        if base64.b64decode(fields[b"c"]) != bound:
            return self.complain("channel-bindings-dont-match")
        if fields[b"r"] != self.nonce.encode():
            return Refused("nonce %r" % fields[b"r"])
        if self.user not in self.accounts:
            return self.complain("unknown-user")
        keys = self.keys(self.accounts[self.user].encode(), b",".join((self.bare, self.said, head)))
        if base64.b64decode(proof) != keys["proof"]:
            return self.complain("invalid-proof")
        return self.prove(keys["signature"])

    def keys(self, password, message):
        def mac(key, text):
            return hmac.new(key, text, self.HASH).digest()
        salted = hashlib.pbkdf2_hmac(self.HASH, password, self.salt, self.count)
        client = mac(salted, b"Client Key")
        mask = mac(hashlib.new(self.HASH, client).digest(), message)
        return {"proof": bytes(a ^ b for a, b in zip(client, mask)),
                "signature": mac(mac(salted, b"Server Key"), message)}

    def prove(self, signature):
        if self.twists.get("unproved"):
            return Accepted(self.user)
        if self.twists.get("forged"):
            signature = bytes((signature[0] ^ 1,)) + signature[1:]
        self.do = self.end
        text = "v=" + base64.b64encode(signature).decode()
        return Challenge(self.twists.get("final", text).encode())

    def end(self, response):
        if response:
            return Refused("an answer to the server's proof: %r" % response)
        if self.twists.pop("more", None):
            return Challenge(b"more")
        return Accepted(self.user)

    def complain(self, reason):
        def refuse(response):
            return Refused(reason if response == b"" else "answer %r" % response)
        self.do = refuse
        return Challenge(b"e=" + reason.encode())


def _unescape(name):
    return name.replace(b"=2C", b",").replace(b"=3D", b"=")


def _scram(name, digest, plus):
    return type("Scram", (Scram,), {"__doc__": name, "HASH": digest, "PLUS": plus})


MECHANISMS = {
    "PLAIN": Plain,
    "LOGIN": Login,
    "CRAM-MD5": CramMd5,
    "EXTERNAL": External,
    "XOAUTH2": XOAuth2,
    "OAUTHBEARER": OAuthBearer,
}
for _name, _digest in (("SHA-1", "sha1"), ("SHA-256", "sha256"), ("SHA-512", "sha512")):
    MECHANISMS["SCRAM-" + _name] = _scram(_name, _digest, False)
    MECHANISMS["SCRAM-" + _name + "-PLUS"] = _scram(_name, _digest, True)


def exchange(line, accounts, send, receive, tls=None, offered=None, twists=None):
    """Runs AUTH as said in LINE (bytes, `AUTH MECHANISM [initial-response]`).

    SEND and RECEIVE move one line each. Returns (mechanism name, Accepted or
    Refused); the caller sends the final reply.
    """
    words = line.decode("ascii", "replace").split(" ")
    name = words[1].upper() if len(words) > 1 else ""
    if name not in (offered if offered is not None else MECHANISMS) or name not in MECHANISMS:
        return name, Refused("mechanism not offered")
    mechanism = MECHANISMS[name](accounts, tls, twists)
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
        response = Refused(CANCELLED) if answer == b"*" else _decode(answer)


def _decode(text):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return Refused("not base64: %r" % text)
