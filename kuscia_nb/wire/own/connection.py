"""A connection of a link: frames out, frames in, on a socket that never blocks.

What arrives goes straight into the array that it will be, beyond what one read had of it already. It knows nothing of
numbers, of keeping or of other connections: see `line`.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Sized
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from ...mpc.payload import Payload
from ...mpc.ring import Words
from ..sockets import Closed, Connection
from . import websocket
from .frames import DATA, HEAD, Head, read_head
from .websocket import Bytes

_ROOM = 1 << 16
_DIRECT = 1 << 14
"""Bytes from which a part of a body is read where it will be."""
_SHORT = 1 << 10
"""Bytes below which a frame is masked as a number."""
_COPIED = 1 << 14
"""Bytes below which a frame that needs no mask is copied."""
_NOTHING = np.empty(0, np.uint8)


class Frame(NamedTuple):
    """What has come."""

    head: Head
    payload: Payload


class OwnConnection:
    """Opened already; for one thread at a time, but for `wait` and `hang_up`."""

    def __init__(
        self, connected: socket.socket, name: str, *, dialled: bool, rest: bytes = b"", answer: bytes = b""
    ) -> None:
        """`dialled`: by this side, and `rest` is what it has read behind the answer; otherwise `answer` is this one's.

        Closed, if it is so already.
        """
        self.name, self.dialled = name, dialled
        self._stream = Connection(connected, name, None, server=not dialled)
        self.pending: Sized = self._stream.waiting
        """What waits to be written."""
        self._secure = isinstance(connected, ssl.SSLSocket)
        self.certificate = connected.getpeercert(binary_form=True) if isinstance(connected, ssl.SSLSocket) else None
        """Of the other side (DER), if this is TLS."""
        self._poll = _Poll(connected.fileno())
        self.largest = 0
        """Bytes of a message that is taken; none as long as it is not known who is there."""
        self.since = monotonic()
        """When it was taken up."""
        self._buffer = np.empty(max(_ROOM, len(rest)), np.uint8)
        self._buffer[: len(rest)] = np.frombuffer(rest, np.uint8)
        self._view = memoryview(self._buffer)  # type: ignore[arg-type]
        self._start, self._end = 0, len(rest)
        self._readable = True
        self._left, self._mask, self._phase = 0, b"", 0  # of the message that is read
        self._head: Head | None = None
        if answer:
            self._stream.write(answer)
        self._target, self._at = np.empty(HEAD.size, np.uint8), 0

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes sent and received."""
        return self._stream.sent, self._stream.received

    @property
    def waits_for(self) -> int:
        """Bytes of what is being read; no more memory than this is taken for it."""
        return self._target.size

    def wait(self, seconds: float) -> bool:
        """Until something has come, or what is pending can go; whether there is something to read."""
        if self._poll.wait(seconds, writing=bool(self.pending)):
            self._readable = True
        return self._readable

    def send(self, head: bytes, body: Payload = b"") -> None:
        """Write a frame, or as much of it as goes now: see `pending`. Closed, if the connection is."""
        size = len(body) if isinstance(body, bytes) else body.nbytes
        if size < (_SHORT if self.dialled else _COPIED):
            self._write_short(head + body if isinstance(body, bytes) else head + body.tobytes())
            return
        content = _as_bytes(body)
        first = websocket.WHOLE - len(head)
        self._write(head, content[:first])
        for at in range(first, size, websocket.WHOLE):
            self._write(b"", content[at : at + websocket.WHOLE])

    def _write_short(self, frame: bytes) -> None:
        """A copy costs less than two buffers."""
        if not self.dialled:
            self._stream.write(websocket.head(len(frame)) + frame)
            return
        mask = os.urandom(4)
        self._stream.write(websocket.head(len(frame), mask) + websocket.masked(frame, mask))

    def _write(self, head: bytes, content: Bytes) -> None:
        size = len(head) + content.size
        if not self.dialled:
            self._stream.write(websocket.head(size) + head, content.data)
            return
        mask, whole = os.urandom(4), np.empty(size, np.uint8)
        whole[: len(head)] = np.frombuffer(head, np.uint8)
        whole[len(head) :] = content
        websocket.unmask(whole, mask)
        self._stream.write(websocket.head(size, mask), whole.data)

    def flush(self) -> None:
        """Write what goes now."""
        self._stream.flush()

    def receive(self) -> Frame | None:
        """The next frame, None if it is not all there. Malformed or Closed, if there will not be one."""
        if not (self._left or self._at or self._head):
            if self._start == self._end and not self._more():
                return None
            if (frame := self._whole()) is not None:
                return frame
        while self._fill():
            if self._head is None:
                head = read_head(self._target.data, self.largest)
                if head.length:
                    self._head, self._target, self._at = head, np.empty(head.length, np.uint8), 0
                    continue
                content = _NOTHING
            else:
                head, content, self._target = self._head, self._target, np.empty(HEAD.size, np.uint8)
            self._head, self._at = None, 0
            return _frame(head, content)
        return None

    def hang_up(self) -> None:
        """From any thread: whoever waits for it wakes up, and finds it closed."""
        self._stream.hang_up()

    def close(self) -> None:
        """At once."""
        self._stream.close()

    # Reading.

    def _whole(self) -> Frame | None:
        """The usual case in one go: the buffer has a whole message, and that is a whole frame; None otherwise."""
        start, view = self._start, self._view
        if self._end - start < HEAD.size + 2 or view[start] != websocket.WHOLE_BINARY:
            return None
        head = websocket.read_head(view[start : self._end], masked=not self.dialled)
        if head is None or head.length < HEAD.size:
            return None
        at, end = start + head.size, start + head.size + head.length
        if end > self._end:
            return None
        content = bytearray(view[at:end])  # an array of its own, that can be written to
        if head.mask and head.length < _SHORT:
            content = bytearray(websocket.masked(content, head.mask))
        elif head.mask:
            websocket.unmask(np.frombuffer(content, np.uint8), head.mask)
        frame = read_head(content, self.largest)
        if frame.length + HEAD.size != head.length:
            return None
        self._start = end
        if frame.kind == DATA and frame.dtype.itemsize > 1:
            words: Any = np.frombuffer(content, frame.dtype, offset=HEAD.size).reshape(frame.shape)
            return Frame(frame, words)
        return Frame(frame, bytes(content[HEAD.size :]))

    def _fill(self) -> bool:
        """Whether all of the target is there."""
        while self._at < self._target.size:
            if not self._left:
                if not self._next_message():
                    return False
                continue
            wanted = min(self._left, self._target.size - self._at)
            there = self._end - self._start
            if not there and wanted >= _DIRECT:
                count = self._read(self._target[self._at : self._at + wanted].data)
            else:
                count = min(wanted, there or self._more())
                self._target[self._at : self._at + count] = self._buffer[self._start : self._start + count]
                self._start += count
            if not count:
                return False
            if self._mask:
                websocket.unmask(self._target[self._at : self._at + count], self._mask, self._phase)
                self._phase += count
            self._left -= count
            self._at += count
        return True

    def _next_message(self) -> bool:
        """Read the head of the next message, and answer those that carry nothing of ours."""
        while True:
            head = websocket.read_head(self._view[self._start : self._end], masked=not self.dialled)
            whole = head.size + (head.length if head.kind >= websocket.CLOSE else 0) if head else 0
            if head is not None and self._start + whole <= self._end:
                break
            if not self._more():
                return False
        self._start += whole
        if head.kind < websocket.CLOSE:
            self._left, self._mask, self._phase = head.length, head.mask, 0
            return True
        if head.kind == websocket.CLOSE:
            raise Closed("it was closed at the other end, or by what stands in between")
        if head.kind == websocket.PING and not self.pending:  # or who sends many could fill this side's memory
            content = self._buffer[self._start - head.length : self._start].copy()
            if head.mask:
                websocket.unmask(content, head.mask)
            mask = os.urandom(4) if self.dialled else b""
            if mask:
                websocket.unmask(content, mask)
            self._stream.write(websocket.head(head.length, mask, websocket.PONG), content.data)
        return True

    def _more(self) -> int:
        """Read more into the buffer: how many bytes."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start and self._end == self._buffer.size:
            there = self._end - self._start
            self._buffer[:there] = self._buffer[self._start : self._end].copy()
            self._start, self._end = 0, there
        count = self._read(self._view[self._end :])
        self._end += count
        return count

    def _read(self, room: memoryview) -> int:
        """Bytes that were there. What was read up is not asked for again before `wait`, unless TLS has more of it."""
        if not self._readable:
            return 0
        count = self._stream.read_into(room)
        self._readable = bool(count) and (self._secure or count == len(room))
        return count


class _Poll:
    """Waits for one socket."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._writing = descriptor, False
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            self._poll.register(descriptor, select.POLLIN)

    def wait(self, seconds: float, *, writing: bool) -> bool:
        """Whether something can be read, or nothing ever will."""
        if self._poll is None:
            room = [self._descriptor] if writing else []
            return bool(select.select([self._descriptor], room, [], seconds)[0])
        if writing is not self._writing:
            self._poll.modify(self._descriptor, select.POLLIN | (select.POLLOUT if writing else 0))
            self._writing = writing
        found = self._poll.poll(max(0, seconds) * 1000)
        return bool(found) and found[0][1] != select.POLLOUT


def _frame(head: Head, content: Bytes) -> Frame:
    if head.kind == DATA and head.dtype.itemsize > 1:
        words: Words = content.view(head.dtype).reshape(head.shape)  # type: ignore[assignment]  # not uint8
        return Frame(head, words)
    return Frame(head, content.tobytes())


def _as_bytes(body: Payload) -> Bytes:
    if isinstance(body, bytes):
        return np.frombuffer(body, np.uint8)
    return np.ascontiguousarray(body).reshape(-1).view(np.uint8)
