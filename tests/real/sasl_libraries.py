# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""GNU SASL and Cyrus SASL as the server's half of a login, called where they are installed.

gsasl(name) and cyrus(name) make a class that can stand in sasl_server.MECHANISMS. Both get the
channel binding of the TLS connection and bind to it; smtpost cannot tell them from another server.
"""
import base64
import ctypes
import ctypes.util
import subprocess

import harness  # noqa: F401  (finds tests/lib)
import channel_binding
import wire
from sasl_server import Accepted, Challenge, Mechanism, Refused

def binding_of(tls):
    """(name, bytes) of what the connection has, or None."""
    if tls is None:
        return None
    if tls.version() == "TLSv1.3":
        kind = "tls-exporter"
    elif tls.context.options & wire.NO_EXTENDED_MASTER_SECRET:
        kind = "tls-server-end-point"
    else:
        kind = "tls-unique"
    return kind, channel_binding.get(tls, kind)


class Library(Mechanism):
    """What both have in common: one call for each message of the client's."""

    NAME = ""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.finished = False
        self.open()

    def open(self):
        raise NotImplementedError

    def call(self, response):
        """(is there more to come, what to say) or Refused."""
        raise NotImplementedError

    def step(self, response):
        if response is None:
            return Challenge(b"")
        if self.finished:
            return Accepted("ada") if response == b"" else Refused(f"at the end: {response!r}")
        done = self.call(response)
        if isinstance(done, Refused):
            return done
        more, text = done
        self.finished = not more
        return Challenge(text) if more or text else Accepted("ada")


# --- GNU SASL

GSASL_PASSWORD, GSASL_CB_TLS_UNIQUE, GSASL_CB_TLS_EXPORTER = 3, 18, 25
GSASL_NO_CALLBACK = 51
GSASL_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)


def _load(name, soname):
    path = ctypes.util.find_library(name)
    try:
        return ctypes.CDLL(path or soname)
    except OSError:
        return None


def missing():
    """Why this cannot run here, or None."""
    for name, soname in (("gsasl", "libgsasl.so.18"), ("sasl2", "libsasl2.so.2")):
        if not _load(name, soname):
            return f"no lib{name} here"
    return None if harness.tool("saslpasswd2") else "no saslpasswd2 here"


class Gsasl(Library):
    def open(self):
        lib = self.lib = _load("gsasl", "libgsasl.so.18")
        lib.gsasl_property_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
        lib.gsasl_step.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                                   ctypes.POINTER(ctypes.c_void_p),
                                   ctypes.POINTER(ctypes.c_size_t)]
        lib.gsasl_strerror.restype = ctypes.c_char_p
        lib.gsasl_free.argtypes = [ctypes.c_void_p]
        self.context, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        if lib.gsasl_init(ctypes.byref(self.context)) != 0:
            raise RuntimeError("gsasl_init")
        self.callback = GSASL_CALLBACK(self.answer)
        lib.gsasl_callback_set(self.context, self.callback)
        status = lib.gsasl_server_start(self.context, self.NAME.encode(),
                                        ctypes.byref(self.session))
        if status != 0:
            raise RuntimeError(lib.gsasl_strerror(status).decode())

    def answer(self, _context, session, prop):
        bound = binding_of(self.tls)
        kind = {GSASL_CB_TLS_UNIQUE: "tls-unique", GSASL_CB_TLS_EXPORTER: "tls-exporter"}.get(prop)
        if prop == GSASL_PASSWORD:
            value = self.accounts["ada"].encode()
        elif bound and kind == bound[0]:
            value = base64.b64encode(bound[1])
        else:
            return GSASL_NO_CALLBACK
        self.lib.gsasl_property_set(session, prop, value)
        return 0

    def call(self, response):
        out, size = ctypes.c_void_p(), ctypes.c_size_t()
        status = self.lib.gsasl_step(self.session, response, len(response), ctypes.byref(out),
                                     ctypes.byref(size))
        if status not in (0, 1):
            return Refused(self.lib.gsasl_strerror(status).decode())
        text = ctypes.string_at(out, size.value) if out.value else b""
        return status == 1, text


# --- Cyrus SASL

SASL_CB_GETOPT, SASL_CB_LIST_END = 1, 0
SASL_CHANNEL_BINDING = 21
GETOPT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p,
                          ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_uint))


class SaslCallback(ctypes.Structure):
    _fields_ = [("id", ctypes.c_ulong), ("proc", ctypes.c_void_p), ("context", ctypes.c_void_p)]


class SaslBinding(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("critical", ctypes.c_int), ("len", ctypes.c_ulong),
                ("data", ctypes.c_char_p)]


class CyrusLibrary:
    """libsasl2 wants one initialisation for the whole process."""

    def __init__(self, work, user, password, realm="real.test"):
        database = work / "cyrus.db"
        subprocess.run([harness.tool("saslpasswd2"), "-p", "-c", "-f", database, "-u", realm, user],
                       input=password.encode(), capture_output=True, check=True)
        self.realm = realm.encode()
        self.options = {b"pwcheck_method": b"auxprop", b"auxprop_plugin": b"sasldb",
                        b"sasldb_path": str(database).encode()}
        self.lib = _load("sasl2", "libsasl2.so.2")
        self.lib.sasl_errdetail.restype = ctypes.c_char_p
        self.getopt = GETOPT(self._getopt)
        self.callbacks = (SaslCallback * 2)(
            SaslCallback(SASL_CB_GETOPT, ctypes.cast(self.getopt, ctypes.c_void_p), None),
            SaslCallback(SASL_CB_LIST_END, None, None))
        if self.lib.sasl_server_init(self.callbacks, b"smtpost-test") != 0:
            raise RuntimeError("sasl_server_init")

    def _getopt(self, _context, _plugin, option, result, length):
        value = self.options.get(option)
        if value is None:
            return -1
        result[0] = value
        if length:
            length[0] = len(value)
        return 0


class Cyrus(Library):
    LIBRARY = None

    def open(self):
        library = self.LIBRARY
        self.lib = library.lib
        self.connection = ctypes.c_void_p()
        status = self.lib.sasl_server_new(b"smtp", b"mail.test", library.realm, None, None,
                                          library.callbacks, 0, ctypes.byref(self.connection))
        if status != 0:
            raise RuntimeError(f"sasl_server_new: {status}")
        bound = binding_of(self.tls)
        if bound:
            self.binding = SaslBinding(bound[0].encode(), 0, len(bound[1]), bound[1])
            self.lib.sasl_setprop(self.connection, SASL_CHANNEL_BINDING, ctypes.byref(self.binding))
        self.started = False

    def call(self, response):
        out, size = ctypes.c_void_p(), ctypes.c_uint()
        if self.started:
            status = self.lib.sasl_server_step(self.connection, response, len(response),
                                               ctypes.byref(out), ctypes.byref(size))
        else:
            status = self.lib.sasl_server_start(self.connection, self.NAME.encode(), response,
                                                len(response), ctypes.byref(out),
                                                ctypes.byref(size))
        self.started = True
        if status not in (0, 1):
            return Refused(self.lib.sasl_errdetail(self.connection).decode())
        return status == 1, ctypes.string_at(out, size.value) if out.value else b""


def gsasl(name):
    return type("Gsasl", (Gsasl,), {"NAME": name})


def cyrus(name, library):
    return type("Cyrus", (Cyrus,), {"NAME": name, "LIBRARY": library})
