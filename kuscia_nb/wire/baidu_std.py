"""baidu_std, the frames in which brpc's calls travel: bytes in, calls and answers out (spec: ss_lr §6a).

A frame is `PRPC`, the length of all that follows the header, the length of its first part (both big endian), that part
with the call's meta data, and the call's own message. An answer has the call's number; answers come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import push as pushes
from .protobuf import data, number

HEADER = 12
_MAGIC = b"PRPC"
_LARGEST_META = 4096
_SERVICE, _METHOD = b"org.interconnection.link.ReceiverService", b"Push"
_OWN = (_SERVICE, _METHOD)
_REQUEST = data(1, _SERVICE) + data(2, _METHOD)
_PUSH = data(1, _REQUEST)


class Frame(NamedTuple):
    """A call of the peer's, or its answer to one."""

    call: int
    """The number by which an answer finds its call."""
    method: tuple[bytes, ...] | None
    """Service and method; None for an answer."""
    error: str
    """Of an answer: what brpc says of a call that was not carried out; "" if it was."""
    message: memoryview
    """The request or the reply, protobuf."""


class NotAFrame(ValueError):
    """The peer speaks something else, or has lost its place: nothing behind this can be read."""


class FrameReader:
    """Cuts a stream of bytes into frames, none larger than `largest` bytes: that is checked before one is read."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, received: memoryview) -> Iterator[Frame]:
        """The frames that end in what was received, which must not change: they point into it. NotAFrame."""
        if self._buffer:
            self._buffer += received
            if len(self._buffer) < HEADER or len(self._buffer) < HEADER + _lengths(self._buffer, self._largest)[0]:
                return
            received, self._buffer = memoryview(bytes(self._buffer)), bytearray()
        at, end = 0, len(received)
        while at < end:
            left = received[at:]
            if len(left) < HEADER:
                _check_magic(left)
                break
            body, meta = _lengths(left, self._largest)
            if len(left) < HEADER + body:
                break
            yield _read(left[HEADER : HEADER + meta], left[HEADER + meta : HEADER + body])
            at += HEADER + body
        self._buffer += received[at:]


def push(call: int, length: int) -> bytes:
    """All that comes before a Push message of so many bytes."""
    return _header(_PUSH + number(4, call), length)


def answer(call: int, message: bytes) -> bytes:
    """A whole answer."""
    return _header(data(2, b"") + number(4, call), len(message)) + message


def is_push(frame: Frame) -> bool:
    """Whether it is a call of the link's service."""
    return frame.method == _OWN


def _header(meta: bytes, length: int) -> bytes:
    return _MAGIC + (len(meta) + length).to_bytes(4, "big") + len(meta).to_bytes(4, "big") + meta


def _check_magic(received: memoryview | bytearray) -> None:
    if bytes(received[:4]) != _MAGIC[: len(received)]:
        raise NotAFrame(in_words(bytes(received[:40])))


def _lengths(received: memoryview | bytearray, largest: int) -> tuple[int, int]:
    _check_magic(received)
    body, meta = int.from_bytes(received[4:8], "big"), int.from_bytes(received[8:12], "big")
    if body > largest:
        raise NotAFrame(f"a frame of {body:,} bytes; allowed: {largest:,}")
    if meta > min(body, _LARGEST_META):
        raise NotAFrame(f"a frame of {body:,} bytes with {meta:,} bytes of meta data")
    return body, meta


def _read(meta: memoryview, message: memoryview) -> Frame:
    try:
        found = pushes.by_field(meta)
        call, request, response = found.get(4, 0), found.get(1), found.get(2)
        method = error = None
        if isinstance(request, memoryview):
            method = _OWN if request == _REQUEST else _method(request)
        elif isinstance(response, memoryview) and response:
            error = pushes.in_words(pushes.by_field(response), "brpc's error")
    except ValueError as wrong:
        raise NotAFrame(f"a frame whose meta data cannot be read: {wrong}") from None
    if not isinstance(call, int) or found.get(5):
        raise NotAFrame("a frame with an attachment, or without a number")
    return Frame(call, method, error or "", message)


def _method(request: memoryview) -> tuple[bytes, ...]:
    names = pushes.by_field(request)
    return tuple(bytes(name) for name in (names.get(1, b""), names.get(2, b"")) if not isinstance(name, int))


def in_words(received: bytes) -> str:
    """What the first bytes of something that is no frame say of who is there."""
    if received.startswith((b"HTTP/", b"GET ", b"POST", b"<!DO", b"<htm")):
        return f"an HTTP server or client: {_shown(received)}"
    if received[:2] in (b"\x16\x03", b"\x15\x03"):
        return "TLS, and this link is without"
    if received.startswith(b"PRI * HTTP/2") or received[3:9] == b"\x04\x00\x00\x00\x00\x00":
        return "HTTP/2, as gRPC has it"
    if received.startswith(b"SSH-"):
        return f"an SSH server: {_shown(received)}"
    return f"no frames of baidu_std: {_shown(received)}"


def _shown(received: bytes) -> str:
    line = received.split(b"\r\n")[0]
    return (
        repr(line.decode("ascii"))
        if line.isascii() and line.decode("ascii").isprintable()
        else f"0x{received[:16].hex()}"
    )
