"""Sockets that never block: connections that read and write what there is, and what goes wrong with them in words."""

from __future__ import annotations

import errno
import selectors
import socket
import ssl
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from ..bfia.guard import is_loopback
from ..errors import LinkError, ParameterError
from .protobuf import Buffer

_READ = 2**18
_AT_ONCE = 64
"""Buffers that one system call writes."""
_LATER = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Address(NamedTuple):
    """Where somebody listens."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Address:
        """`host:port`, the host in brackets if it is an IPv6 address. ParameterError, if it is none."""
        host, colon, port = text.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 <= int(port) < 2**16):
            raise ParameterError(f"{text!r} is no address", hint="host:port, as in 127.0.0.1:9530")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine gets there."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Tls(NamedTuple):
    """For both sides of connections: see `tls`."""

    client: ssl.SSLContext
    server: ssl.SSLContext


class Closed(Exception):
    """The other side has closed a connection, or it broke: why, in words."""


class Connection:
    """A connected socket, or one that is being connected; with TLS, the handshake goes along with the first turns."""

    def __init__(self, connected: socket.socket, name: str, tls: ssl.SSLContext | None, *, server: bool) -> None:
        connected.setblocking(False)
        if connected.family in (socket.AF_INET, socket.AF_INET6):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = name
        """Of the other side, for people."""
        self._socket: Any = connected
        self._secure = tls is not None or isinstance(connected, ssl.SSLSocket)
        self.shaking_hands = tls is not None
        if tls is not None:
            if server:
                connected.getpeername()  # see `tls.wrapped`; one that is being dialled has no peer yet
            self._socket = tls.wrap_socket(connected, server_side=server, do_handshake_on_connect=False)
        self.waiting: deque[memoryview] = deque()
        """To be written."""
        self._until_read = False
        self._watched = False
        """Whether a selector looks out for room to write."""
        self.sent = self.received = 0
        """Bytes."""

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""
        return bool(self.waiting)

    @property
    def wants_write(self) -> bool:
        """Whether it waits for room to write, and not for the other end's part of a handshake."""
        return bool(self.waiting) and not self._until_read

    def watch(self, selector: selectors.BaseSelector) -> None:
        """Let a selector that it is registered with look out for room to write, if something waits for that."""
        if self.wants_write != self._watched:
            self._watched = self.wants_write
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._watched else 0)
            selector.modify(self, events, selector.get_key(self).data)

    def write(self, *buffers: Buffer) -> None:
        """Write as much as goes now and keep the rest, which is given away until then. Closed, if it is broken."""
        if len(buffers) > 1 and self._secure:  # a record for each would cost more
            buffers = (b"".join(buffers),)
        if len(buffers) == 1 and not self.waiting and not self.shaking_hands and self._sent_whole(buffers[0]):
            return
        self.waiting.extend(memoryview(buffer) for buffer in buffers if len(buffer))
        self.flush()

    def _sent_whole(self, buffer: Buffer) -> bool:
        """The usual case: all of it goes at once. What is left of one that does not is kept."""
        try:
            count = self._socket.send(buffer)
        except _LATER:  # `flush` asks again, and sees what for
            return False
        except OSError as error:
            raise Closed(in_words(error)) from error
        self.sent += count
        if count < len(buffer):
            self.waiting.append(memoryview(buffer)[count:])
        return True

    def flush(self) -> None:
        """Write what goes now."""
        try:
            if self.shaking_hands:
                self._shake_hands()
            while self.waiting:
                if self._secure:
                    count = self._socket.send(self.waiting[0])
                else:
                    count = self._socket.sendmsg(list(islice(self.waiting, _AT_ONCE)))
                self.sent += count
                self._written(count)
        except ssl.SSLWantReadError:
            self._until_read = True
        except _LATER:
            pass
        except OSError as error:
            raise Closed(in_words(error)) from error

    def read(self) -> memoryview | None:
        """What has come, None if nothing has. Closed, if nothing will."""
        self._until_read = False
        try:
            if self.shaking_hands:
                self._shake_hands()
            received = self._socket.recv(_READ)
            if self._secure:
                while pending := self._socket.pending():
                    received += self._socket.recv(pending)
        except _LATER:
            return None
        except OSError as error:
            raise Closed(in_words(error)) from error
        if not received:
            raise Closed("it was closed at the other end")
        self.received += len(received)
        return memoryview(received)

    def read_into(self, room: memoryview) -> int:
        """Read into this what has come: how many bytes, 0 if nothing has. Closed, if nothing will."""
        try:
            count = self._socket.recv_into(room)
        except _LATER:
            return 0
        except OSError as error:
            raise Closed(in_words(error)) from error
        if not count:
            raise Closed("it was closed at the other end")
        self.received += count
        return count

    def hang_up(self) -> None:
        """From any thread: whoever waits for it wakes up, and finds it closed."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """At once; what was not written is lost."""
        self.waiting.clear()
        self._socket.close()

    def _shake_hands(self) -> None:
        self._socket.do_handshake()
        self.shaking_hands = False

    def _written(self, count: int) -> None:
        while count:
            first = self.waiting[0]
            if count < len(first):
                self.waiting[0] = first[count:]
                return
            count -= len(first)
            self.waiting.popleft()


def listen(address: Address) -> socket.socket:
    """A socket that listens there. LinkError says why there is none."""
    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server(tuple(address), family=family, backlog=16)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what, hint = f"something listens on {address} already", "another port, or end what has this one"
        elif error.errno == errno.EADDRNOTAVAIL:
            what = f"this machine has no address {address.host}"
            hint = f"listen on 0.0.0.0:{address.port} (--listen), and let the peer dial {address}"
        else:
            what, hint = f"{address} cannot be listened on: {in_words(error)}", "an address of this machine"
        raise LinkError(what, hint=hint) from error
    listener.setblocking(False)
    return listener


def dial(address: Address) -> socket.socket:
    """A socket on its way there: it can be written to when it has arrived, or has failed. OSError, if it cannot go."""
    family, kind, protocol, _, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    dialled = socket.socket(family, kind, protocol)
    dialled.setblocking(False)
    code = dialled.connect_ex(where)
    if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
        dialled.close()
        raise OSError(code, errno.errorcode.get(code, ""))
    return dialled


def connect(address: tuple[str, int], seconds: float) -> socket.socket:
    """A connection to who listens there. OSError, if nobody does."""
    connected = socket.create_connection(address, seconds)
    if met_itself(connected):
        connected.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    return connected


def met_itself(connected: socket.socket) -> bool:
    """Whether a connection has no other end: the system gave it the very port that it dialled, where nobody listens."""
    with suppress(OSError):
        return connected.getsockname() == connected.getpeername()
    return False


_WORDS = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.ECONNRESET: "the connection was cut at the other end",
    errno.EPIPE: "the connection was cut at the other end",
    errno.ETIMEDOUT: "no answer: a firewall, or no machine with this address",
    errno.EHOSTUNREACH: "there is no route to this host",
    errno.ENETUNREACH: "there is no route to this network",
    errno.EACCES: "it is not allowed",
}


def in_words(error: OSError) -> str:
    """What the system says of a socket, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the other end was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").replace("_", " ").lower()
        plain = error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING")
        return f"TLS failed: {reason or error}" + (", the other end may be without TLS" if plain else "")
    if isinstance(error, socket.gaierror):
        return f"the name is unknown ({error.strerror})"
    if isinstance(error, TimeoutError):
        return _WORDS[errno.ETIMEDOUT]
    return _WORDS.get(error.errno or 0, error.strerror or str(error))
