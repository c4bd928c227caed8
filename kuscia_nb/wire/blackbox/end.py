"""A program's two connections to its endpoint: one on which it pushes, and one on which a pop always waits.

Pushes are written ahead, and their answers read as they come; what could not be delivered is pushed again after a
second: the receiver knows messages by their numbers, and drops what comes twice. A connection that breaks is opened
again. Nothing runs beside the party: whoever waits takes `turn`s.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from ...errors import LinkError, NotReached, PeerFailed
from .. import push
from ..sockets import Address, Closed, Connection, connect, in_words
from ..spu_channel import Outgoing
from . import outbound
from .answers import Answer, AnswerReader, Malformed
from .outbound import AGAIN, OK, PATH, TOPIC, Outbound

POP = 20
"""Seconds for which the endpoint is asked to wait for a message."""
_AGAIN = 1.0
"""Seconds until what did not work is tried again."""
_SOON = 0.1
_CONNECT = 10.0
_AHEAD = 16
"""Pushes under way at a time."""
_LARGEST = 130 << 20


class Endpoint:
    """Where a program's endpoint is, and what its requests say."""

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        topics: tuple[str, str],
        tls: ssl.SSLContext | None = None,
        base: str = "",
    ) -> None:
        """`topics`: of what this program sends, and of what it fetches. `base`: a path before that of the standard."""
        self.address, self.tls = address, tls
        fixed = "".join(f"{name}: {value}\r\n" for name, value in {"Host": str(address), **headers}.items())
        self._push = f"POST {base}{PATH}push HTTP/1.1\r\n{fixed}{TOPIC}: {topics[0]}\r\nContent-Length: "
        self._topic = f"{fixed}{TOPIC}: {topics[1]}\r\nContent-Length: 0\r\n\r\n"
        self.pop = f"POST {base}{PATH}pop?timeout={POP} HTTP/1.1\r\n{self._topic}".encode("latin-1")
        self.release = f"POST {base}{PATH}release HTTP/1.1\r\n{self._topic}".encode("latin-1")

    def push(self, length: int) -> bytes:
        """The head of a push."""
        return f"{self._push}{length}\r\n\r\n".encode("latin-1")

    def __str__(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.address}"


class _Line:
    """One of the two connections."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.connection: Connection | None = None
        self.reader = AnswerReader(_LARGEST)
        self.since = time.monotonic()
        """From when on it is not there, or was there last."""

    def open(self) -> None:
        """Connect. Closed says why not."""
        try:
            connected = connect((self._endpoint.address.host, self._endpoint.address.port), _CONNECT)
        except OSError as error:
            raise Closed(in_words(error)) from error
        self.connection = Connection(connected, str(self._endpoint), self._endpoint.tls, server=False)
        self.reader = AnswerReader(_LARGEST)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection, self.since = None, time.monotonic()


class BlackBoxEnd:
    """One program's ways to and from its endpoint. `take` is given what the peer has pushed, and raises ValueError."""

    def __init__(self, endpoint: Endpoint, take: Callable[[push.Push], None], patience: float) -> None:
        """`patience`: seconds for which an endpoint that was there may be away."""
        self.endpoint, self._take, self._patience = endpoint, take, patience
        self._selector = selectors.DefaultSelector()
        self._pushes, self._pops = _Line(endpoint), _Line(endpoint)
        self._waiting: deque[Outgoing] = deque()
        self._under_way: deque[Outgoing] = deque()
        self._resume = 0.0
        self._popping = False
        self.trouble = ""
        """What the endpoint has said last to a push that it did not take, or why there is no endpoint."""
        self.strange = ""
        """What was fetched and refused last."""
        self.heard = time.monotonic()
        """When the peer has given its last sign of life."""
        self.answered = False
        """Whether the endpoint has ever answered as one."""
        self.error: BaseException | None = None
        """Why nobody needs to wait any more."""
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, lambda _: self._woken.recv(64))

    @property
    def busy(self) -> bool:
        """Whether a push was not taken yet."""
        return bool(self._waiting or self._under_way)

    @property
    def blocked(self) -> bool:
        """Whether more should not be written now."""
        connection = self._pushes.connection
        return len(self._waiting) > _AHEAD or (connection is not None and connection.pending)

    def write(self, messages: Iterable[Outgoing]) -> None:
        """Push them, as many as may be under way; the others follow. Data first: nobody waits for the rest."""
        self._waiting.extend(sorted(messages, key=lambda message: message.value is None))
        if not self._waiting or len(self._under_way) >= _AHEAD or time.monotonic() < self._resume:
            return
        line = self._line(self._pushes, self._read_pushes)
        if line is None:
            return
        buffers: list[bytes | memoryview] = []
        while self._waiting and len(self._under_way) < _AHEAD:
            message = self._waiting.popleft()
            self._under_way.append(message)
            buffers.append(self.endpoint.push(message.length) + message.head)
            if message.value is not None:
                buffers.append(message.value)
        self._written(self._pushes, line, *buffers)

    def turn(self, deadline: float) -> None:
        """Read and write what can be now, waiting for it until the deadline at most."""
        if self.error is not None:
            raise self.error
        if not self._popping and (line := self._line(self._pops, self._read_pops)) is not None:
            self._popping = True
            self._written(self._pops, line, self.endpoint.pop)
        self.write(())
        now = time.monotonic()
        if self._waiting or not self._popping:
            deadline = min(deadline, max(self._resume, now + 0.05))
        for line in (self._pushes, self._pops):
            if line.connection is not None:
                line.connection.watch(self._selector)
        for key, events in self._selector.select(max(0.0, deadline - now)):
            key.data(events)
        if self.error is not None:
            raise self.error

    def release(self) -> None:
        """Let the endpoint drop what is left for this program; best effort."""
        with suppress(Closed, OSError):
            if self._pushes.connection is not None and not self.busy:
                self._pushes.connection.write(self.endpoint.release)

    def stop(self, error: BaseException) -> None:
        """From any thread: end this party's waiting, now or later, with `error`."""
        self.error = error
        with suppress(OSError):  # it is closed already
            self._wake.send(b"\0")

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        self._pushes.close()
        self._pops.close()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    # The connections.

    def _line(self, line: _Line, read: Callable[[int], None]) -> Connection | None:
        """It, opened if need be; None, if that does not work now."""
        if line.connection is None:
            now = time.monotonic()
            if now < self._resume:
                return None
            try:
                line.open()
            except Closed as error:
                self._resume, self.trouble = now + _AGAIN, f"{self.endpoint}: {error}"
                if self.answered and now - line.since > self._patience:
                    self.error = PeerFailed(f"the transport endpoint {self.endpoint} is gone: {error}")
                return None
            assert line.connection is not None
            self._selector.register(line.connection, selectors.EVENT_READ, read)
        return line.connection

    def _written(self, line: _Line, connection: Connection, *buffers: bytes | memoryview) -> None:
        try:
            connection.write(*buffers)
        except Closed as error:
            self._broken(line, str(error))

    def _broken(self, line: _Line, why: str) -> None:
        """A connection is gone: what was under way on it is asked again."""
        if line.connection is not None:
            self._selector.unregister(line.connection)
        line.close()
        self.trouble = f"{self.endpoint}: {why}"
        if line is self._pops:
            self._popping = False
        else:
            self._waiting.extendleft(reversed(self._under_way))
            self._under_way.clear()
        if not self.answered:
            self._resume = time.monotonic() + _AGAIN

    def _read_pushes(self, events: int) -> None:
        self._read(self._pushes, events, self._pushed)

    def _read_pops(self, events: int) -> None:
        self._read(self._pops, events, self._popped)

    def _read(self, line: _Line, events: int, took: Callable[[Outbound], None]) -> None:
        connection = line.connection
        if connection is None:
            return
        try:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            received = connection.read() if events & selectors.EVENT_READ else None
            if received is None:
                return
            for answer in line.reader.feed(received):
                took(self._understood(answer))
                if answer.last:
                    return self._broken(line, "it was closed at the other end")
        except Closed as error:
            self._broken(line, str(error))
        except Malformed as wrong:
            self.error = self._no_endpoint(str(wrong))

    def _understood(self, answer: Answer) -> Outbound:
        """What an endpoint has said; a gateway's word for one that is away counts as its own."""
        if answer.status in (502, 503, 504):
            return Outbound(outbound.UNAVAILABLE, message=f"HTTP {answer.status} from a gateway")
        if answer.status == 413:
            hint = "a smaller --payload, such as 524288: a gateway in between takes no more"
            self.error = LinkError(f"HTTP 413 from {self.endpoint}: the message is too long for it", hint=hint)
            return Outbound(outbound.TOO_LARGE)
        if answer.status != 200:
            raise Malformed(f"it answers HTTP {answer.status}{' with a page' if 'html' in answer.kind else ''}")
        try:
            found = outbound.read(answer.body)
        except ValueError as wrong:
            raise Malformed(str(wrong)) from None
        self.answered = True
        return found

    def _no_endpoint(self, what: str) -> NotReached:
        hint = "--transport is the address of this party's own endpoint: kuscia-nb transport, or that of its node"
        return NotReached(f"{self.endpoint} is no transport endpoint: {what}", hint=hint)

    # What the endpoint says.

    def _pushed(self, answer: Outbound) -> None:
        if not self._under_way:
            return  # the answer to a release
        message = self._under_way.popleft()
        if answer.code == OK:
            self.trouble = ""
            return
        self.trouble = f"{answer.code}: {answer.message or outbound.in_words(answer.code)}"
        if answer.code in AGAIN:
            self._waiting.appendleft(message)
            self._resume = time.monotonic() + _AGAIN
        elif self.error is None:
            self.error = self._refused(answer)

    def _popped(self, answer: Outbound) -> None:
        self._popping = False
        if answer.code not in (OK, outbound.NOT_FOUND):
            if answer.code in AGAIN:
                self._resume = time.monotonic() + _AGAIN
            elif self.error is None:
                self.error = self._refused(answer)
            return
        if not answer.payload:
            if answer.code == outbound.NOT_FOUND:  # an endpoint that does not wait with its answer
                self._resume = time.monotonic() + _SOON
            return
        try:
            self._take(push.read(memoryview(answer.payload)))
            self.heard = time.monotonic()
        except ValueError as wrong:
            self.strange = str(wrong)
        if (line := self._line(self._pops, self._read_pops)) is not None:  # the next one, at once
            self._popping = True
            self._written(self._pops, line, self.endpoint.pop)

    def _refused(self, answer: Outbound) -> LinkError:
        hint = {
            outbound.FORBIDDEN: "the token of this session (config.token), and a node that this endpoint serves",
            outbound.NOT_NETWORKED: "--parties names the nodes as their endpoints do",
            outbound.RELEASED: "a session has one run: the same new --session at both parties",
            outbound.TOO_LARGE: "a smaller --payload",
        }.get(answer.code, "its log, or that of the node behind it, may say more")
        said = answer.message or outbound.in_words(answer.code)
        return LinkError(f"the transport endpoint {self.endpoint} refuses: {said} ({answer.code})", hint=hint)
