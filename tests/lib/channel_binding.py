# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""The channel bindings of a server's TLS socket (RFC 5929, RFC 9266).

Python's ssl knows tls-unique only, so libssl is asked directly for the rest.
"""

import ctypes
import hashlib
import ssl

import raw_tls

LABEL = b"EXPORTER-Channel-Binding"


def get(sock, kind):
    """The binding as bytes."""
    if kind == "tls-unique":
        return sock.get_channel_binding("tls-unique")
    if kind == "tls-exporter":
        return _exporter(sock)
    if kind == "tls-server-end-point":
        return hashlib.sha256(_certificate(sock)).digest()
    raise ValueError("unknown channel binding " + kind)


def _exporter(sock):
    out = ctypes.create_string_buffer(32)
    done = raw_tls.libssl().SSL_export_keying_material(
        raw_tls.pointer(sock), out, ctypes.c_size_t(len(out)), LABEL, ctypes.c_size_t(len(LABEL)),
        b"", ctypes.c_size_t(0), ctypes.c_int(1))
    if done != 1:
        raise RuntimeError("no keying material from this connection")
    return out.raw


def _certificate(sock):
    """The server's own, as DER."""
    library = raw_tls.libssl()
    library.SSL_get_certificate.restype = ctypes.c_void_p
    x509 = ctypes.c_void_p(library.SSL_get_certificate(raw_tls.pointer(sock)))
    size = library.i2d_X509(x509, None)
    out = ctypes.create_string_buffer(size)
    at = ctypes.c_char_p(ctypes.addressof(out))
    library.i2d_X509(x509, ctypes.byref(at))
    return out.raw[:size]


def is_bindable(sock):
    return isinstance(sock, ssl.SSLSocket)
