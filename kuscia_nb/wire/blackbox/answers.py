"""HTTP/1.1 as a client reads it: answers out of what comes, each within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_LARGEST_HEAD = 16 << 10


class Malformed(Exception):
    """What has come is no HTTP answer: what it is, in words."""


class Answer(NamedTuple):
    """One of them."""

    status: int
    body: bytes
    kind: str
    """Its Content-Type."""
    last: bool
    """Whether the connection is closed behind it."""


class AnswerReader:
    """Reads the answers of one connection, in the order of the requests."""

    def __init__(self, largest: int) -> None:
        """`largest`: bytes of a body."""
        self._largest = largest
        self._read = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._chunks: bytearray | None = None

    def feed(self, received: bytes | memoryview) -> Iterator[Answer]:
        """The answers that are whole with this. Malformed, if it is none."""
        self._read += received
        while (answer := self._next()) is not None:
            yield answer

    def _next(self) -> Answer | None:
        while self._head is None:
            if not self._take_head():
                return None
        status, headers = self._head
        body = self._chunked() if self._chunks is not None else self._of_length(headers)
        if body is None:
            return None
        self._head = self._chunks = None
        return Answer(status, body, headers.get("content-type", ""), headers.get("connection", "").lower() == "close")

    def _take_head(self) -> bool:
        """Whether the head of the next answer is there."""
        if self._read[:5] != b"HTTP/"[: len(self._read)]:
            raise Malformed(_what(self._read))
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            if len(self._read) > _LARGEST_HEAD:
                raise Malformed(f"its answer has no end within {_LARGEST_HEAD:,} bytes")
            return False
        first, *lines = bytes(self._read[:end]).decode("latin-1").split("\r\n")
        del self._read[: end + 4]
        words = first.split(" ", 2)
        if len(words) < 2 or not (words[1].isascii() and words[1].isdigit()):
            raise Malformed(f"its answer begins with {first[:60]!r}")
        if words[1].startswith("1"):  # 100 Continue: the answer follows
            return True
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._head = int(words[1]), headers
        self._chunks = bytearray() if "chunked" in headers.get("transfer-encoding", "").lower() else None
        return True

    def _of_length(self, headers: dict[str, str]) -> bytes | None:
        text = headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > self._largest:
            raise Malformed(f"an answer of {text[:20]} bytes")
        size = int(text)
        return self._cut(size, size) if len(self._read) >= size else None

    def _chunked(self) -> bytes | None:
        assert self._chunks is not None
        while (end := self._read.find(b"\r\n", 0, 40)) >= 0:
            text = bytes(self._read[:end]).split(b";")[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                raise Malformed("a chunk without a size") from None
            if size < 0 or len(self._chunks) + size > self._largest:
                raise Malformed(f"an answer of more than {self._largest} bytes")
            if len(self._read) < end + 2 + size + 2:
                return None
            del self._read[: end + 2]
            self._chunks += self._cut(size, size + 2)
            if not size:
                return bytes(self._chunks)
        if len(self._read) > 40:
            raise Malformed("a chunk without a size")
        return None

    def _cut(self, size: int, taken: int) -> bytes:
        body = bytes(self._read[:size])
        del self._read[:taken]
        return body


def _what(read: bytearray) -> str:
    """What speaks no HTTP."""
    if read[:1] == b"\x15" or read[:2] == b"\x16\x03":
        return "it speaks TLS"
    if read[:4] == b"PRPC":
        return "it is a SPU's own port, not a transport endpoint"
    return f"it speaks no HTTP: {bytes(read[:30])!r}"
