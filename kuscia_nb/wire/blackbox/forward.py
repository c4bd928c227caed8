"""From endpoint to endpoint: what a program has pushed is posted to `invoke` of the other node."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from ..own.dial import Dial, Unreached
from ..sockets import in_words
from . import outbound
from .answers import Answer, AnswerReader, Malformed
from .outbound import NO_INSTANCE, PATH, TOO_LARGE, UNAVAILABLE, UNREACHED, Outbound

CONNECT, ANSWER = 5.0, 15.0
"""Seconds to connect, and for an answer. Together they are less than a SPU waits for a push (20 s)."""
WAIT = 5
"""Seconds for which the other endpoint waits for room in its queue."""
_LARGEST = 1 << 20


class Forwarder:
    """One connection to the other node, opened when something is to be sent; one thread uses it."""

    def __init__(self, to: Dial) -> None:
        self._to = to
        self._socket: socket.socket | None = None
        self._reader = AnswerReader(_LARGEST)
        host, port = to.address
        shown = f"[{host}]" if ":" in host else host
        path = urlsplit(to.url).path.rstrip("/") + PATH
        self._head = f"POST {path}invoke?timeout={WAIT} HTTP/1.1\r\nHost: {shown}:{port}\r\n"
        self._head += "".join(f"{name}: {value}\r\n" for name, value in to.headers.items())

    def send(self, message: bytes, headers: Mapping[str, str]) -> Outbound:
        """What the other endpoint says to a message; or why it says nothing."""
        try:
            if self._socket is None or _closed(self._socket):
                self.close()
                self._socket = self._to.connected(CONNECT)
                self._reader = AnswerReader(_LARGEST)
            answer = self._asked(self._socket, message, headers)
        except (OSError, Malformed, Unreached) as error:
            self.close()
            why = in_words(error) if isinstance(error, OSError) else str(error)
            return Outbound(UNREACHED, message=f"{self._to.url}: {why}")
        if answer.last:
            self.close()
        return self._read(answer)

    def close(self) -> None:
        """Hang up; again is fine."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _asked(self, connected: socket.socket, message: bytes, headers: Mapping[str, str]) -> Answer:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{self._head}{lines}Content-Length: {len(message)}\r\n\r\n"
        deadline = time.monotonic() + ANSWER
        connected.settimeout(ANSWER)
        connected.sendall(head.encode("latin-1") + message)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connected.settimeout(left)
            piece = connected.recv(65536)
            if not piece:
                raise ConnectionResetError(104, "closed")
            for answer in self._reader.feed(piece):
                return answer

    def _read(self, answer: Answer) -> Outbound:
        where, status = self._to.url, answer.status
        if status == 413:
            return Outbound(TOO_LARGE, message=f"{where}: HTTP 413, a gateway takes no message of this size")
        if status in (502, 503, 504):
            code = UNAVAILABLE if status == 503 else NO_INSTANCE
            return Outbound(code, message=f"{where}: HTTP {status}, a gateway does not reach the node behind it")
        if status != 200:
            return Outbound(UNREACHED, message=f"{where}: HTTP {status}, no transport endpoint is there")
        try:
            return outbound.read(answer.body)
        except ValueError as error:
            return Outbound(UNREACHED, message=f"{where}: {error}")


def _closed(connected: socket.socket) -> bool:
    """Whether the other side has hung up, or says something that nobody has asked."""
    return bool(select.select([connected], [], [], 0)[0])
