"""A party's connection to a TTP server: HTTP/1.1, kept alive, with requests sent ahead of their answers.

A request does not depend on data, so a party can send the next one before it needs the answer to this one. When the
connection breaks or nothing comes, it is made anew and everything that is unanswered is sent again: a repeated
request gets the same answer.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections import deque
from typing import NamedTuple

from ..errors import OpAdjustError, SeedDecryptError, TtpError, TtpNotReached
from .sockets import connect
from .tls import wrapped
from .ttp_requests import SERVICE

_FRAME = struct.Struct("<bq")
SEED_DECRYPT_CODE = 2
_MOST_HEAD = 64 << 10
_MOST_TEXT = 4 << 10
_AHEAD = (
    64  # answers that nobody has read: more of them could fill both ends' buffers, and each would wait for the other
)


class Patience(NamedTuple):
    """How long a party waits for its TTP."""

    seconds: float = 30.0
    """For a connection, and for the next byte of an answer."""
    repeats: int = 3
    """How often it asks again."""
    pause: float = 1.0
    """Seconds before it asks again."""


PATIENCE = Patience()


class Pending:
    """A request that was sent. `result()` waits for its answer."""

    def __init__(self, connection: TtpConnection, message: bytes, size: int) -> None:
        self._connection, self.message, self.size = connection, message, size
        self.correction: bytearray | None = None
        self.error: TtpError | None = None
        self.unknown = False
        """Whether the TTP has said that it does not know the method."""

    def result(self) -> bytearray:
        """The correction's bytes. Raises a TtpError, which says what is wrong."""
        while self.correction is None and self.error is None:
            self._connection.read_answer()
        if self.error is not None:
            raise self.error
        assert self.correction is not None
        return self.correction


class TtpConnection:
    """To `address`, "host:port"; connects when it is used. For one thread."""

    def __init__(
        self, address: str, *, tls: ssl.SSLContext | None = None, patience: Patience = PATIENCE, ahead: int = _AHEAD
    ) -> None:
        """So many requests are sent `ahead` at most, until an answer is read."""
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise TtpError(f"{address!r} is no address of a TTP", hint="HOST:PORT, such as 127.0.0.1:9449")
        self.address, self._host, self._port = address, host.strip("[]"), int(port)
        self._tls, self._patience, self._ahead = tls, patience, ahead
        self._socket: socket.socket | None = None
        self._read = bytearray()
        self._waiting: deque[Pending] = deque()

    def send(self, method: str, body: bytes, size: int) -> Pending:
        """Send a request whose answer has `size` bytes."""
        head = f"POST {SERVICE}{method} HTTP/1.1\r\nHost: {self.address}\r\nContent-Type: application/json\r\n"
        pending = Pending(self, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, size)
        while len(self._waiting) >= self._ahead:
            self.read_answer()
        self._waiting.append(pending)
        try:
            if self._socket is not None:
                self._socket.sendall(pending.message)
        except OSError:
            self._drop()  # it is sent again when its answer is waited for
        return pending

    def close(self) -> None:
        """Close the connection; what was not answered is not."""
        self._waiting.clear()
        self._drop()

    def read_answer(self) -> None:
        """Wait for the answer to the oldest request."""
        tried, started = 0, time.monotonic()
        while True:
            try:
                if self._socket is None:
                    self._connect()
                correction, error = self._answer(self._waiting[0].size)
                break
            except OSError as failure:
                self._drop()
                tried += 1
                if tried > self._patience.repeats or isinstance(failure, ssl.SSLCertVerificationError):
                    self._give_up(_unreached(self.address, failure, tried, time.monotonic() - started))
                    return
                time.sleep(self._patience.pause)
            except TtpError as refused:
                self._give_up(refused)
                return
        pending = self._waiting.popleft()
        pending.correction, pending.error = correction, error

    def _give_up(self, error: TtpError) -> None:
        self._drop()
        while self._waiting:
            self._waiting.popleft().error = error

    def _connect(self) -> None:
        """And send what waits for an answer."""
        connection = connect((self._host, self._port), self._patience.seconds)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = wrapped(connection, self._tls, server_hostname=self._host)
            for pending in self._waiting:
                connection.sendall(pending.message)
        except BaseException:
            connection.close()
            raise
        self._socket = connection

    def _drop(self) -> None:
        self._read.clear()
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    # Reading an answer.

    def _answer(self, size: int) -> tuple[bytearray | None, TtpError | None]:
        """The next answer: a correction, or what the TTP says is wrong with the request."""
        status, headers = self._head()
        if status != "200":
            self._waiting[0].unknown = status == "404"
            text = self._body(headers, _MOST_TEXT)[:_MOST_TEXT].decode("utf-8", "replace")
            raise TtpError(f"the TTP at {self.address} answered {status}: {text.strip() or 'no reason given'}")
        body = self._body(headers, size + size // 1024 + _MOST_TEXT)
        if headers.get("connection", "").lower() == "close":
            self._drop()
        return self._correction(body, size)

    def _correction(self, body: bytearray, size: int) -> tuple[bytearray | None, TtpError | None]:
        found, at = bytearray(), 0
        while at < len(body):
            if at + _FRAME.size > len(body):
                return None, self._odd(f"{len(body) - at} bytes behind its last frame")
            code, length = _FRAME.unpack_from(body, at)
            at += _FRAME.size
            if not 0 <= length <= len(body) - at:
                return None, self._odd(f"a frame of {length} bytes, of which {len(body) - at} have come")
            piece = body[at : at + length]
            at += length
            if code:
                return None, self._refusal(code, piece.decode("utf-8", "replace"))
            found += piece
        if len(found) != size:
            return None, self._odd(f"{len(found)} bytes of corrections, not {size}")
        return found, None

    def _refusal(self, code: int, text: str) -> TtpError:
        if code == SEED_DECRYPT_CODE:
            hint = "both parties need the public.pem of this TTP, and of no other"
            return SeedDecryptError(f"the TTP cannot decrypt a seed: {text}", where=self.address, hint=hint)
        return OpAdjustError(f"the TTP refused a request: {text}", where=self.address)

    def _odd(self, what: str) -> TtpError:
        return TtpError(f"the TTP's answer does not fit the request: {what}", where=self.address)

    def _head(self) -> tuple[str, dict[str, str]]:
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if (len(self._read) >= 5 and not self._read.startswith(b"HTTP/")) or len(self._read) > _MOST_HEAD:
                what = f"what listens at {self.address} is no TTP: it answered {bytes(self._read[:40])!r}"
                raise TtpError(what, hint=_tls_hint(self._tls, bytes(self._read[:1])))
            self._receive()
        first, *lines = self._read[:end].decode("latin-1").split("\r\n")
        del self._read[: end + 4]
        pairs = (line.partition(":") for line in lines)
        return first.partition(" ")[2][:3], {name.lower(): value.strip() for name, _, value in pairs}

    def _body(self, headers: dict[str, str], most: int) -> bytearray:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = bytearray()
            while size := self._chunk_size():
                if len(body) + size > most:
                    raise self._odd(f"more than {most} bytes")
                body += self._take(size)
                self._take(2)
            self._take(2)
            return body
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            raise self._odd("it has no length")
        if int(length) > most:
            raise self._odd(f"{int(length)} bytes, where at most {most} were expected")
        return self._take(int(length))

    def _chunk_size(self) -> int:
        while (end := self._read.find(b"\r\n")) < 0:
            self._receive()
        line = self._take(end + 2)[:end].decode("latin-1").partition(";")[0].strip()
        try:
            return int(line, 16)
        except ValueError:
            raise self._odd("a chunk without a length") from None

    def _take(self, size: int) -> bytearray:
        while len(self._read) < size:
            self._receive()
        taken = self._read[:size]
        del self._read[:size]
        return taken

    def _receive(self) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._patience.seconds)
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("it closed the connection")
        self._read += piece


def _tls_hint(tls: ssl.SSLContext | None, first: bytes) -> str:
    """0x15 is a TLS alert."""
    return "it speaks TLS: certificates are needed" if tls is None and first == b"\x15" else "the TTP's host and port"


def _unreached(address: str, failure: OSError, tried: int, seconds: float) -> TtpNotReached:
    if isinstance(failure, ssl.SSLError):
        reason = failure.reason or str(failure)
        return TtpNotReached(
            f"no TLS connection to the TTP at {address}: {reason}", hint="certificates, and whether it speaks TLS"
        )
    what = "nothing came in time" if isinstance(failure, TimeoutError) else failure.strerror or str(failure)
    text = f"the TTP at {address} cannot be reached: {what}; tried {tried} times in {seconds:.0f} s"
    return TtpNotReached(text, hint="is it running, and is the port right? The other party waits until its own limit")
