# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""The server's end of an SMTP connection: lines, message data, TLS, deadlines.

Peer wraps one accepted socket. It never waits without a deadline, keeps (a
bounded part of) what the client sent in clear and inside TLS, and counts
flights: a flight begins when the client sends after the server has spoken.
DataDecoder undoes the dots of RFC 5321 4.5.2 in a stream of any size.
"""

import select
import socket
import ssl
import struct
import time

MAX_LINE = 128 * 1024
MAX_CAPTURE = 1 << 20


class Gone(Exception):
    """The client closed or reset the connection."""


class Late(Exception):
    """The client did not do the expected thing before the deadline."""


class Broken(Exception):
    """The client sent what no SMTP client may send."""


class Deadline:
    """An absolute monotonic instant."""

    def __init__(self, seconds):
        self.at = time.monotonic() + seconds

    def left(self, at_most=None):
        left = self.at - time.monotonic()
        if left <= 0:
            raise Late("deadline reached")
        return left if at_most is None else min(left, at_most)


class Capture:
    """The first MAX_CAPTURE bytes of what went by, and the count of all."""

    def __init__(self):
        self.data = bytearray()
        self.total = 0

    def add(self, chunk):
        self.total += len(chunk)
        room = MAX_CAPTURE - len(self.data)
        if room > 0:
            self.data += chunk[:room]


class DataDecoder:
    """Message data as on the wire -> text, until the line with a single dot."""

    END = b"\r\n.\r\n"

    def __init__(self):
        self.done = False
        self.rest = b""          # what came after the end of data
        self.size = 0
        self.bare_lf = 0
        self.bare_cr = 0
        self._held = b""
        self._at_start = True

    def feed(self, chunk):
        data = self._held + chunk
        end, after = self._find_end(data)
        if end is None:
            end = len(data) - self._undecided(data)
            self._held = data[end:]
        else:
            self.done, self.rest, self._held = True, data[after:], b""
        return self._unstuff(data[:end])

    def _find_end(self, data):
        if self._at_start and data.startswith(b".\r\n"):
            return 0, 3
        at = data.find(self.END)
        return (None, None) if at < 0 else (at + 2, at + 5)

    def _undecided(self, data):
        if self._at_start and data in (b".", b".\r"):
            return len(data)
        for n in range(len(self.END) - 1, 0, -1):
            if data.endswith(self.END[:n]):
                return n
        return 0

    def _unstuff(self, text):
        if not text:
            return text
        pairs = text.count(b"\r\n")
        self.bare_lf += text.count(b"\n") - pairs
        self.bare_cr += text.count(b"\r") - pairs
        if self._at_start and text.startswith(b"."):
            text = text[1:]
        self._at_start = False
        text = text.replace(b"\r\n.", b"\r\n")
        self.size += len(text)
        return text


class Peer:
    def __init__(self, sock, deadline, patience):
        self.sock = sock
        self.deadline = deadline      # for the whole conversation
        self.patience = patience      # seconds for a single wait
        self.tls = None               # (version, cipher) once TLS is on
        self.clear = Capture()
        self.inside_tls = Capture()
        self.flights = 0
        self._spoke = True            # a client that speaks first makes a flight too
        self._buffer = bytearray()
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # -- receiving ------------------------------------------------------

    def _receive(self, patience=None):
        """Some bytes, never none."""
        try:
            self.sock.settimeout(self.deadline.left(patience or self.patience))
            chunk = self.sock.recv(1 << 16)
        except (socket.timeout, TimeoutError):
            raise Late("nothing came from the client") from None
        except (ConnectionError, ssl.SSLError, BrokenPipeError) as e:
            raise Gone(_reason(e)) from None
        if not chunk:
            raise Gone("end of file")
        if self._spoke:
            self.flights += 1
            self._spoke = False
        (self.inside_tls if self.tls else self.clear).add(chunk)
        return chunk

    def readline(self, patience=None):
        """One line without its CRLF."""
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                break
            if len(self._buffer) > MAX_LINE:
                raise Broken("a line of more than %d bytes" % MAX_LINE)
            self._buffer += self._receive(patience)
        line = bytes(self._buffer[:end])
        del self._buffer[:end + 1]
        if not line.endswith(b"\r"):
            raise Broken("a bare LF after %r" % line)
        line = line[:-1]
        if b"\r" in line or b"\0" in line:
            raise Broken("a bare CR or a NUL in %r" % line)
        return line

    def read_data(self, sink):
        """Message data up to the lone dot goes to sink(bytes); returns the decoder."""
        decoder = DataDecoder()
        chunk = bytes(self._buffer)
        self._buffer.clear()
        while True:
            text = decoder.feed(chunk)
            if text:
                sink(text)
            if decoder.done:
                self._buffer += decoder.rest
                return decoder
            chunk = self._receive()

    def read_exactly(self, size, sink):
        """SIZE bytes go to sink(bytes), as after BDAT."""
        while size > 0:
            if not self._buffer:
                self._buffer += self._receive()
            part = bytes(self._buffer[:size])
            del self._buffer[:len(part)]
            size -= len(part)
            sink(part)

    def expect_eof(self):
        """Returns once the client has closed; raises Broken if it sends anything."""
        if not self._buffer:
            try:
                self._buffer += self._receive(patience=float("inf"))
            except Gone:
                return
        raise Broken("instead of closing: %r" % bytes(self._buffer[:200]))

    def pending(self, seconds=0.0):
        """Bytes that the client sent without waiting for us, after a look of SECONDS."""
        if not self._buffer:
            ready = getattr(self.sock, "pending", lambda: 0)()
            if ready or select.select([self.sock], [], [], seconds)[0]:
                try:
                    self._buffer += self._receive(patience=1)
                except (Gone, Late):
                    pass
        return bytes(self._buffer)

    # -- sending --------------------------------------------------------

    def send(self, data):
        self._spoke = True
        try:
            self.sock.settimeout(self.deadline.left())
            self.sock.sendall(data)
        except (socket.timeout, TimeoutError):
            raise Late("the client does not read") from None
        except (ConnectionError, ssl.SSLError, OSError) as e:
            raise Gone(_reason(e)) from None

    # -- TLS and the end ------------------------------------------------

    def start_tls(self, context):
        """The server's side of a handshake; Gone if it fails."""
        if self._buffer:
            raise Broken("in clear, before the handshake: %r" % bytes(self._buffer[:200]))
        try:
            self.sock.settimeout(self.deadline.left())
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (socket.timeout, TimeoutError):
            raise Late("no handshake came") from None
        except (ConnectionError, ssl.SSLError, OSError) as e:
            raise Gone("handshake: " + _reason(e)) from None
        self.tls = (self.sock.version(), self.sock.cipher()[0])
        self._spoke = True

    def close(self, notify=True, linger=5.0):
        """Ends the connection; with TLS and NOTIFY a close_notify goes first.

        What the client still sends is read and dropped for LINGER seconds, so that
        the kernel makes no RST of it, which could overtake our last reply.
        """
        try:
            if notify and isinstance(self.sock, ssl.SSLSocket):
                self._send_close_notify()
            self.sock.shutdown(socket.SHUT_WR)      # makes an SSLSocket a plain one
            end = Deadline(linger)
            while True:
                self.sock.settimeout(end.left())
                if not self.sock.recv(1 << 16):
                    break
        except (OSError, ValueError, Late):
            pass
        self.sock.close()

    def _send_close_notify(self):
        try:
            self.sock.settimeout(0)                 # theirs is not waited for
            self.sock.unwrap()
        except (OSError, ValueError):
            pass

    def reset(self):
        """Ends the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


# OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, which Python has no name for.
NO_EXTENDED_MASTER_SECRET = 1


def server_context(chain, key, minimum=None, maximum=None, client_ca=None, ciphers="DEFAULT",
                   ems="yes"):
    """An SSLContext for a test server; it also serves weak keys and old versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0" if maximum in ("1.0", "1.1")
                        else ciphers + ":@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    context.minimum_version = _version(minimum) if minimum else ssl.TLSVersion.MINIMUM_SUPPORTED
    if maximum:
        context.maximum_version = _version(maximum)
    if ems == "no":
        context.options |= NO_EXTENDED_MASTER_SECRET
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def _version(text):
    return {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[text]


def _reason(error):
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
