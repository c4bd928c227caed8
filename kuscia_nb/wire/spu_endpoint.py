"""The sockets of a link to an SPU: one that listens, one that this party has dialled, those that others have.

Calls go over the connection that this party has dialled, and their answers come back over it; the peer's calls come
over those that it has dialled. Nothing runs beside the party: whoever waits takes `turn`s. What comes from elsewhere,
or is no frame, is refused and its connection closed; it costs the party nothing but what the bounds allow.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from ..errors import NotReached, PeerFailed
from . import baidu_std, push
from .baidu_std import Frame, FrameReader, NotAFrame
from .protobuf import Buffer
from .push import Push
from .sockets import Address, Closed, Connection, Tls, dial, in_words, listen, met_itself
from .spu_channel import Outgoing, UnknownSender

_CONNECTIONS = 16
"""Most that others may have opened at a time."""
_LARGEST_FRAME = 2**26


class _Incoming:
    """A connection that somebody else has opened."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.reader = FrameReader(_LARGEST_FRAME)
        self.known = False
        """Whether the peer has sent something over it."""


class SpuEndpoint:
    """One party's sockets. `take` is given what the peer pushes, and raises ValueError for what it does not take."""

    def __init__(self, peer: Address, own: Address, tls: Tls | None, take: Callable[[Push], None]) -> None:
        self.peer, self._tls, self._take = peer, tls, take
        self._selector = selectors.DefaultSelector()
        self._calls = 0
        self.unanswered: set[int] = set()
        """Calls of this party's whose answers have not come."""
        self.greeting = 0
        """The call by which this party has said that it is there, until the peer has taken it."""
        self.out: Connection | None = None
        """What this party has dialled."""
        self._answers = FrameReader(_LARGEST_FRAME)
        self._incoming: dict[_Incoming, None] = {}  # the oldest first
        self.cut = ""
        """Why the connection that this party has dialled is gone, or its greeting was refused."""
        self.strange = ""
        """What was refused last."""
        self.error: BaseException | None = None
        """Why nobody needs to wait any more."""
        self.heard = time.monotonic()
        """When the peer has given its last sign of life."""
        self._listener = listen(own)
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._rouse)

    @property
    def address(self) -> Address:
        """Where this party listens."""
        return Address(*self._listener.getsockname()[:2])

    def dial(self, deadline: float) -> str:
        """Try once; why it failed, "" if this party is through."""
        try:
            dialled = dial(self.peer)
        except OSError as error:
            return in_words(error)
        arrived: list[int] = []
        self._selector.register(dialled, selectors.EVENT_WRITE, lambda _: arrived.append(1))
        code = errno.ETIMEDOUT
        try:
            while not arrived and time.monotonic() < deadline:
                self.turn(deadline)
            if arrived:
                code = dialled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                code = code or (errno.ECONNREFUSED if met_itself(dialled) else 0)
        finally:
            self._selector.unregister(dialled)
            if code:
                dialled.close()
        if code:
            return in_words(OSError(code, errno.errorcode.get(code, "")))
        self.out = Connection(dialled, str(self.peer), self._tls and self._tls.client, server=False)
        self._answers = FrameReader(_LARGEST_FRAME)
        self._selector.register(self.out, selectors.EVENT_READ, self._read_answers)
        return ""

    def greet(self, hello: Outgoing) -> None:
        """Say that this party is there; again, until the peer has taken it."""
        self.greeting = self._calls + 1
        self.write([hello])

    def turn(self, deadline: float) -> None:
        """Read and write what can be now, waiting for it until the deadline at most."""
        if self.out is not None:
            self.out.watch(self._selector)
        for incoming in self._incoming:
            incoming.connection.watch(self._selector)
        for key, events in self._selector.select(max(0.0, deadline - time.monotonic())):
            key.data(events)
        if self.error is not None:
            raise self.error

    def write(self, messages: Iterable[Outgoing]) -> None:
        """Frames over the connection that this party has dialled, as many as there are in one go."""
        buffers: list[Buffer] = []
        for message in messages:
            self._calls += 1
            self.unanswered.add(self._calls)
            buffers.append(baidu_std.push(self._calls, message.length) + message.head)
            if message.value is not None:
                buffers.append(message.value)
        if not buffers or self.out is None:
            return
        try:
            self.out.write(*buffers)
        except Closed as error:
            self.hang_up(str(error))

    def hang_up(self, why: str) -> None:
        if self.out is not None:
            self._forget(self.out)
            self.out, self.cut = None, why
        self.unanswered.clear()

    @property
    def blocked(self) -> bool:
        """Whether something waits for room in the connection that this party has dialled."""
        return self.out is not None and self.out.pending

    @property
    def busy(self) -> bool:
        """Whether a call is not answered, or something not written."""
        return bool(self.unanswered) or self.blocked or any(one.connection.pending for one in self._incoming)

    @property
    def dialled(self) -> bool:
        """Whether the peer has a connection to this party."""
        return any(one.known for one in self._incoming)

    def stop(self, error: BaseException) -> None:
        """From any thread: end this party's waiting, now or later, with `error`."""
        self.error = error
        with suppress(OSError):  # it is closed already
            self._wake.send(b"\0")

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        for incoming in list(self._incoming):
            self._drop(incoming)
        self.hang_up("")
        self._selector.close()
        for one in (self._listener, self._wake, self._woken):
            one.close()

    def _rouse(self, events: int) -> None:
        self._woken.recv(64)

    def _accept(self, events: int) -> None:
        try:
            accepted, (host, port, *_) = self._listener.accept()
        except OSError:
            return
        if len(self._incoming) >= _CONNECTIONS:
            stranger = next((one for one in self._incoming if not one.known), None)
            if stranger is None:
                accepted.close()
                return
            self._drop(stranger)
        tls = self._tls and self._tls.server
        try:
            incoming = _Incoming(Connection(accepted, str(Address(host, port)), tls, server=True))
        except OSError:  # it has gone already
            accepted.close()
            return
        self._incoming[incoming] = None
        self._selector.register(
            incoming.connection, selectors.EVENT_READ, lambda events: self._read_pushes(incoming, events)
        )

    def _read_pushes(self, incoming: _Incoming, events: int) -> None:
        if incoming not in self._incoming:  # it was dropped for another one's sake
            return
        connection, answers, refused = incoming.connection, bytearray(), ""
        try:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            received = connection.read() if events & selectors.EVENT_READ else None
            for frame in incoming.reader.feed(received) if received is not None else ():
                answer, refused = self._answer(frame)
                answers += answer
                if refused:
                    break
                incoming.known = True
            if answers:
                connection.write(answers)
        except Closed as error:
            if connection.shaking_hands:
                self.strange = f"{connection.name}: {error}"
            self._drop(incoming)
        except NotAFrame as wrong:
            self.strange = f"{connection.name} sent {wrong}"
            self._drop(incoming)
        else:
            if refused:
                self.strange = f"{connection.name}: {refused}"
                self._drop(incoming)

    def _answer(self, frame: Frame) -> tuple[bytes, str]:
        """Take a push: the answer to it, and why it was refused."""
        if not baidu_std.is_push(frame):
            raise NotAFrame(f"a call of {b'.'.join(frame.method or ()).decode('utf-8', 'replace')[:100]!r}")
        code, refused = push.BAD_REQUEST, ""
        try:
            self._take(push.read(frame.message))
            self.heard = time.monotonic()
        except UnknownSender as wrong:
            code, refused = push.UNKNOWN_SENDER, str(wrong)
        except ValueError as wrong:
            refused = str(wrong)
        return baidu_std.answer(frame.call, push.refusal(code, refused) if refused else push.done()), refused

    def _read_answers(self, events: int) -> None:
        if self.out is None:  # it broke when something was written
            return
        try:
            if events & selectors.EVENT_WRITE:
                self.out.flush()
            received = self.out.read() if events & selectors.EVENT_READ else None
            for frame in self._answers.feed(received) if received is not None else ():
                self.heard = time.monotonic()
                self._answered(frame)
        except Closed as error:
            self.hang_up(str(error))
        except NotAFrame as wrong:
            self.hang_up(f"what listens there is {wrong}")
            hint = "the port of the other party, which is not that of its notebook or of a gateway"
            self.error = NotReached(f"{self.peer} is not the other party: it is {wrong}", hint=hint)

    def _answered(self, frame: Frame) -> None:
        self.unanswered.discard(frame.call)
        try:
            refused = frame.error or push.read_answer(frame.message)
        except ValueError as wrong:
            raise NotAFrame(f"a frame with an answer that cannot be read: {wrong}") from None
        if frame.call == self.greeting:
            if refused:
                self.cut = f"it refuses this party: {refused}"  # it may be about to listen
            else:
                self.greeting = 0
        elif refused and not self.greeting:
            self.error = PeerFailed(f"the peer has refused a message: {refused}", where=str(self.peer))

    def _drop(self, incoming: _Incoming) -> None:
        self._incoming.pop(incoming, None)
        self._forget(incoming.connection)

    def _forget(self, connection: Connection) -> None:
        self._selector.unregister(connection)
        connection.close()
