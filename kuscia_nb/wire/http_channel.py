"""HTTP/1.1 as a server reads it from a socket: one request behind the other, each within bounds of size and time."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

_MOST_HEADS = 16  # that are remembered, of one connection
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Refused(Exception):
    """An answer that ends the connection."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Head(NamedTuple):
    """What a request begins with."""

    target: str
    headers: dict[str, str]
    """Names in small letters."""
    last: bool
    """Whether the client wants the connection closed behind it."""
    method: str


class Bounds(NamedTuple):
    """What a client may take up."""

    head: int = 8 << 10
    """Bytes of a request's first lines."""
    body: int = 64 << 10
    """Bytes of the rest."""
    sending: float = 10.0
    """Seconds from a request's first byte to the end of its first lines, and as many for the rest."""
    idle: float = 600.0
    """Seconds until a silent connection is closed, or until an answer must have been taken."""


BOUNDS = Bounds()


class HttpChannel:
    """A connection at the server's end."""

    def __init__(self, connection: socket.socket, bounds: Bounds, read: bytes = b"") -> None:
        """`read`: what has come over the connection already."""
        self._socket, self._bounds = connection, bounds
        self._read = bytearray(read)
        self._heads: dict[bytes, Head] = {}

    def next(self, fits: Callable[[int], bool] = lambda size: True) -> tuple[Head, bytes] | None:
        """The next request and its body; None at the end. `Refused`, if it is none; OSError, if it takes too long.

        `fits` is asked before a body of so many bytes is read.
        """
        head = self._head()
        if head is None:
            return None
        size = self._length(head.headers)
        if not fits(size):
            raise Refused("503 Service Unavailable", "there is no room for a request of this size now")
        if head.headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head, self._take(size)

    def _head(self) -> Head | None:
        """That of the next request; None if there is none."""
        self._socket.settimeout(self._bounds.idle)
        deadline = None
        while (end := self._read.find(b"\r\n\r\n")) < 0 and len(self._read) <= self._bounds.head:
            if self._read and deadline is None:
                deadline = time.monotonic() + self._bounds.sending
            if not self._receive(deadline):
                return None
        if not 0 <= end <= self._bounds.head:
            raise Refused("431 Request Header Fields Too Large", f"more than {self._bounds.head} bytes of headers")
        head = bytes(self._read[:end])
        del self._read[: end + 4]
        if head not in self._heads:  # a client's differ in their length alone
            if len(self._heads) == _MOST_HEADS:
                self._heads.clear()
            self._heads[head] = _parsed(head)
        return self._heads[head]

    def _length(self, headers: dict[str, str]) -> int:
        """How long the body is."""
        if "transfer-encoding" in headers:
            raise Refused("411 Length Required", "a request has a Content-Length")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Refused("400 Bad Request", "a Content-Length that is no number")
        if len(length) > 12 or int(length) > self._bounds.body:
            raise Refused("413 Content Too Large", f"a request has at most {self._bounds.body} bytes")
        return int(length)

    def _take(self, size: int) -> bytes:
        deadline = None
        while len(self._read) < size:
            deadline = deadline or time.monotonic() + self._bounds.sending
            if not self._receive(deadline):
                raise ConnectionError("it ended within a request")
        body = bytes(self._read[:size])
        del self._read[:size]
        return body

    def _receive(self, deadline: float | None) -> bool:
        """Read on; False at the end. TimeoutError, when a request takes too long."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("a request took too long")
            self._socket.settimeout(left)
        piece = self._socket.recv(65536)
        self._read += piece
        return bool(piece)

    def answer(self, status: str, body: bytes, kind: str, *, last: bool) -> None:
        """In one piece: two would wait for each other's acknowledgement."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._socket.settimeout(self._bounds.idle)
        self._socket.sendall(
            f"{head}Connection: close\r\n\r\n".encode() + body if last else f"{head}\r\n".encode() + body
        )


def _parsed(head: bytes) -> Head:
    first, *lines = head.decode("latin-1").split("\r\n")
    if any(map(_CONTROL.search, (first, *lines))):  # whoever passes a header on would pass on a line of the sender's
        raise Refused("400 Bad Request", "a control character within a line")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Refused("400 Bad Request", "no HTTP/1.1 request")
    if words[0] not in ("POST", "GET"):
        raise Refused("405 Method Not Allowed", "POST a request, or GET /status")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    connection = headers.get("connection", "").lower()
    last = connection == "close" or (words[2] == "HTTP/1.0" and connection != "keep-alive")
    return Head(words[1], headers, last, words[0])
