# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""libssl behind a TLS socket, for what Python's ssl has no name for.

CPython's _SSLSocket begins, behind the object's head, with the Python socket and the SSL pointer.
"""

import ctypes
import sys

KEY_UPDATE_REQUESTED = 1


def libssl():
    import _ssl
    names = [_ssl.__file__] if getattr(_ssl, "__file__", None) else []
    for name in names + ["libssl.so.3", "libssl.3.dylib", None]:
        try:
            found = ctypes.CDLL(name)
            found.SSL_export_keying_material
            return found
        except (OSError, AttributeError):
            continue
    raise RuntimeError("no libssl found")


def pointer(sock):
    head = sys.getsizeof(object())
    size = ctypes.sizeof(ctypes.c_void_p)
    return ctypes.c_void_p.from_address(id(sock._sslobj) + head + size)


def renegotiate(sock):
    """TLS 1.2: a HelloRequest leaves."""
    ssl, lib = pointer(sock), libssl()
    return lib.SSL_renegotiate(ssl) == 1 and lib.SSL_do_handshake(ssl) == 1


def update_keys(sock):
    """TLS 1.3: new keys for what we send, and the other side is asked for new ones too."""
    ssl, lib = pointer(sock), libssl()
    return lib.SSL_key_update(ssl, KEY_UPDATE_REQUESTED) == 1 and lib.SSL_do_handshake(ssl) == 1
