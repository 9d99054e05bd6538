# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""Throw-away certificates for the tests.

make(directory) fills a directory once with a CA, leaves of every good and
bad shape, client certificates and a CRL, and returns a Certs. A second call
within a day finds them there. Nothing in it is secret.

    ca.pem                   the CA that tests name in tls-ca
    NAME.pem, NAME.key       server leaf NAME with what it sends along
    client.pem/.key          client certificate; client-enc.key (passphrase
                             CLIENT_PASSPHRASE), client.p12 (the same),
                             client-open.p12 (none), client-both.pem (with its key)
    crl.pem, crl.der         revoke the leaf "revoked"; crl-old.pem has expired,
                             crl-other.pem is another CA's
    hashed/                  ca.pem under the name of its hash
    otherroot.pem            a CA that nobody trusts
"""

import base64
import fcntl
import hashlib
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import time

CLIENT_PASSPHRASE = "client-passphrase"
MAX_AGE = 20 * 3600          # seconds; the good leaves live for three days
FORMAT = "12"                # raise it whenever the set of files changes

GOOD_NAMES = "DNS:localhost,DNS:mail.test,IP:127.0.0.1,IP:::1"

# "localhost", a NUL, ".evil.test": as DER, for openssl's files cannot say it.
NUL_NAME = "DER:" + (lambda name: bytes([0x30, len(name) + 2, 0x82, len(name)]) + name)(
    b"localhost\0.evil.test").hex(":")

# name: (common name, subjectAltName or None, keyword arguments of _leaf)
LEAVES = {
    "good": ("mail.test", GOOD_NAMES, {}),
    "expired": ("localhost", GOOD_NAMES, {"days": (-30, -2)}),
    "notyet": ("localhost", GOOD_NAMES, {"days": (2, 30)}),
    "wronghost": ("wrong.test", "DNS:wrong.test,IP:192.0.2.77", {}),
    "cnonly": ("localhost", None, {}),
    "cnbeside": ("localhost", "DNS:wrong.test", {}),
    "wildcard": ("x.test", "DNS:*.wild.test", {}),
    "partialwild": ("x.test", "DNS:ma*.wild.test", {}),
    "iponly": ("ip", "IP:127.0.0.1", {}),
    "ipasname": ("ip", "DNS:127.0.0.1", {}),
    "weakkey": ("localhost", GOOD_NAMES, {"key": "rsa:1024"}),
    "rsa": ("localhost", GOOD_NAMES, {"key": "rsa:2048"}),
    "clientonly": ("localhost", GOOD_NAMES, {"usage": "clientAuth"}),
    "revoked": ("localhost", GOOD_NAMES, {}),
    "otherca": ("localhost", GOOD_NAMES, {"issuer": "otherroot"}),
    "chain": ("localhost", GOOD_NAMES, {"issuer": "intermediate", "send_issuer": True}),
    "missing-intermediate": ("localhost", GOOD_NAMES, {"issuer": "intermediate"}),
    "idna": ("idna", "DNS:xn--bcher-kva.test", {}),
    "old-intermediate": ("localhost", GOOD_NAMES, {"issuer": "oldinter", "send_issuer": True}),
    "many-names": ("localhost", ",".join("DNS:mx%d.wrong.test" % n for n in range(40)), {}),
    "named": ("smtp.gmail.com", "DNS:smtp.gmail.com,DNS:smtp.example.org", {}),
    "portal": ("login.portal.test", "DNS:login.portal.test", {"issuer": "otherroot"}),
    "sha1": ("localhost", GOOD_NAMES, {"digest": "sha1"}),
    "constrained": ("localhost", GOOD_NAMES, {"issuer": "limited", "send_issuer": True}),
    "noca": ("localhost", GOOD_NAMES, {"issuer": "fakeca", "send_issuer": True}),
    "critical": ("localhost", GOOD_NAMES, {"more": ["1.2.3.4=critical,ASN1:UTF8String:x"]}),
    "nulname": ("localhost", NUL_NAME, {}),
    "client": ("ada", "email:ada@example.org", {"usage": "clientAuth"}),
}

CA_CONFIG = """
[ca]
default_ca = it
[it]
dir = {dir}
database = {dir}/{name}.index
new_certs_dir = {dir}/issued
rand_serial = yes
unique_subject = no
copy_extensions = none
default_md = sha256
default_crl_days = 3
policy = any
email_in_dn = no
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
[ext_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


class Certs:
    """Paths in a finished directory."""

    def __init__(self, directory):
        self.dir = directory

    @property
    def ca(self):
        return self.path("ca.pem")

    def path(self, name):
        return os.path.join(self.dir, name)

    def pin(self, name, of_key=False, colons=True):
        """The SHA-256 of a leaf as one writes it in tls-fingerprint."""
        with open(self.path(name + ".pem")) as f:
            pem = f.read()
        der = ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END CERTIFICATE-----") + 26])
        if not of_key:
            text = hashlib.sha256(der).hexdigest()
            return ":".join(re.findall("..", text.upper())) if colons else text
        key = subprocess.run(["openssl", "x509", "-in", self.path(name + ".pem"), "-pubkey",
                              "-noout"], capture_output=True, check=True).stdout
        spki = base64.b64decode(b"".join(key.split(b"\n")[1:-2]))
        return "pin-sha256:" + base64.b64encode(hashlib.sha256(spki).digest()).decode()

    def pair(self, name="good"):
        """(chain file, key file) of the server leaf NAME."""
        chain, key = self.path(name + ".pem"), self.path(name + ".key")
        if not os.path.exists(key):
            raise KeyError("no certificate is called %r" % name)
        return chain, key


def default_directory():
    """SMTPOST_TEST_CERTS, or a private directory below the temporary one."""
    given = os.environ.get("SMTPOST_TEST_CERTS")
    if given:
        return os.path.abspath(given)
    return os.path.join(tempfile.gettempdir(), "smtpost-test-certs-%d-%s" % (os.getuid(), FORMAT))


def make(directory=None):
    """Certs in DIRECTORY, made now unless a recent set is there."""
    directory = directory or default_directory()
    os.makedirs(directory, mode=0o700, exist_ok=True)
    _must_be_ours(directory)
    done = os.path.join(directory, "complete")
    if not _is_fresh(done):
        with open(os.path.join(directory, "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_fresh(done):
                _make_all(directory)
    return Certs(directory)


def _must_be_ours(directory):
    info = os.lstat(directory)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise RuntimeError("%s: not a directory of ours" % directory)


def _is_fresh(done):
    try:
        with open(done) as f:
            return f.read() == FORMAT and time.time() - os.fstat(f.fileno()).st_mtime < MAX_AGE
    except FileNotFoundError:
        return False


def _openssl(*words, **keywords):
    result = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **keywords)
    if result.returncode != 0:
        raise RuntimeError("openssl %s\n%s" % (" ".join(words), result.stdout))


class _Maker:
    """Writes into WORK; every file is moved to its place when all are there."""

    def __init__(self, work):
        self.work = work
        os.mkdir(self.path("issued"))

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def key(self, name, kind="ec"):
        out = self.path(name + ".key")
        if kind == "ec":
            _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-out", out)
        else:
            _openssl("genpkey", "-algorithm", "RSA",
                     "-pkeyopt", "rsa_keygen_bits:" + kind.split(":")[1], "-out", out)
        return out

    def config(self, name):
        return self.write(name + ".cnf", CA_CONFIG.format(dir=self.work, name=name))

    def root(self, name, common_name):
        self.write(name + ".index", "")
        _openssl("req", "-new", "-x509", "-config", self.config(name), "-key", self.key(name),
                 "-subj", "/CN=" + common_name, "-days", "3", "-extensions", "ext_ca",
                 "-out", self.path(name + ".pem"))

    def issue(self, name, common_name, extensions, issuer="ca", days=(-1, 3), digest="sha256"):
        """NAME.pem signed by ISSUER for NAME.key, valid between two days from now."""
        request = self.path(name + ".csr")
        ext = self.write(name + ".ext", "\n".join(extensions) + "\n")
        _openssl("req", "-new", "-config", self.path("ca.cnf"), "-key", self.path(name + ".key"),
                 "-subj", "/CN=" + common_name, "-out", request)
        start, end = (_asn1_time(time.time() + d * 86400) for d in days)
        _openssl("ca", "-batch", "-notext", "-config", self.path(issuer + ".cnf"),
                 "-cert", self.path(issuer + ".pem"), "-keyfile", self.path(issuer + ".key"),
                 "-startdate", start, "-enddate", end, "-extfile", ext, "-md", digest,
                 "-in", request, "-out", self.path(name + ".pem"))

    def intermediate(self, name, common_name, days=(-1, 3), ca="TRUE,pathlen:0", more=()):
        self.key(name)
        self.config(name)
        self.write(name + ".index", "")
        usage = "keyCertSign" if ca.startswith("TRUE") else "digitalSignature"
        self.issue(name, common_name,
                   ["basicConstraints=critical,CA:" + ca, "keyUsage=critical," + usage,
                    "subjectKeyIdentifier=hash", *more], days=days)

    def leaf(self, name, common_name, names, key="ec", usage="serverAuth", days=(-1, 3),
             issuer="ca", send_issuer=False, digest="sha256", more=()):
        self.key(name, key)
        extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=" + usage, *more]
        if names:
            extensions.append("subjectAltName=" + names)
        self.issue(name, common_name, extensions, issuer, days, digest)
        if send_issuer:
            self.write(name + ".pem", self.read(name + ".pem") + self.read(issuer + ".pem"))

    def self_signed(self, name):
        self.key(name)
        _openssl("req", "-new", "-x509", "-config", self.path("ca.cnf"),
                 "-key", self.path(name + ".key"), "-subj", "/CN=localhost", "-days", "3",
                 "-addext", "subjectAltName=" + GOOD_NAMES, "-out", self.path(name + ".pem"))

    def client_forms(self):
        password = "pass:" + CLIENT_PASSPHRASE
        _openssl("pkey", "-in", self.path("client.key"), "-aes-128-cbc", "-passout", password,
                 "-out", self.path("client-enc.key"))
        _openssl("pkcs12", "-export", "-in", self.path("client.pem"),
                 "-inkey", self.path("client.key"), "-certpbe", "AES-128-CBC",
                 "-keypbe", "AES-128-CBC", "-passout", password, "-out", self.path("client.p12"))
        _openssl("pkcs12", "-export", "-in", self.path("client.pem"),
                 "-inkey", self.path("client.key"), "-certpbe", "NONE", "-keypbe", "NONE",
                 "-passout", "pass:", "-out", self.path("client-open.p12"))
        self.write("client-both.pem", self.read("client.pem") + self.read("client.key"))

    def revoke(self, name):
        base = ["ca", "-config", self.path("ca.cnf"), "-cert", self.path("ca.pem"),
                "-keyfile", self.path("ca.key")]
        _openssl(*base, "-revoke", self.path(name + ".pem"))
        _openssl(*base, "-gencrl", "-out", self.path("crl.pem"))
        _openssl("crl", "-in", self.path("crl.pem"), "-outform", "DER", "-out",
                 self.path("crl.der"))
        now = time.time()
        _openssl(*base, "-gencrl", "-crl_lastupdate", _asn1_time(now - 9 * 86400),
                 "-crl_nextupdate", _asn1_time(now - 2 * 86400), "-out", self.path("crl-old.pem"))
        _openssl("ca", "-config", self.path("otherroot.cnf"), "-cert", self.path("otherroot.pem"),
                 "-keyfile", self.path("otherroot.key"), "-gencrl", "-out",
                 self.path("crl-other.pem"))

    def hashed(self, directory):
        """DIRECTORY/hashed with the CA under the name of its hash."""
        place = os.path.join(directory, "hashed")
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place)
        shutil.copy(self.path("ca.pem"), place)
        _openssl("rehash", place)


def _asn1_time(seconds):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds))


def _make_all(directory):
    work = tempfile.mkdtemp(prefix="making-", dir=directory)
    try:
        maker = _Maker(work)
        maker.root("ca", "smtpost test CA")
        maker.root("otherroot", "smtpost other test CA")
        maker.intermediate("intermediate", "smtpost test intermediate")
        maker.intermediate("oldinter", "smtpost expired intermediate", days=(-30, -2))
        maker.intermediate("limited", "smtpost limited intermediate",
                           more=["nameConstraints=critical,permitted;DNS:other.test"])
        maker.intermediate("fakeca", "smtpost leaf that signs", ca="FALSE")
        for name, (common_name, names, how) in LEAVES.items():
            maker.leaf(name, common_name, names, **how)
        maker.self_signed("selfsigned")
        maker.client_forms()
        maker.revoke("revoked")
        maker.hashed(directory)
        for name in os.listdir(work):
            if name.endswith((".pem", ".key", ".p12", ".der")):
                os.replace(os.path.join(work, name), os.path.join(directory, name))
        with open(os.path.join(directory, "complete"), "w") as f:
            f.write(FORMAT)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    print(make(sys.argv[1] if len(sys.argv) > 1 else None).dir)
