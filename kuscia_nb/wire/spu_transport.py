"""Messages to and from a SecretFlow SPU: the party's own thread reads and writes the sockets (spec: ss_lr §6a).

Each party listens, and dials the other: what it sends goes over the connection that it has dialled. Nothing runs
beside the party: whatever waits here (for a message, for room to write, for the window) reads meanwhile, or two
parties that both send megabytes would wait for each other for ever. What comes from elsewhere, or is no frame, is
refused and its connection closed; it costs the party nothing but what `Bounds` allow.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import NotReached, PeerFailed, TimeLimit
from . import baidu_std, push
from .baidu_std import Frame, FrameReader, NotAFrame
from .protobuf import Buffer
from .sockets import Address, Closed, Connection, Tls, dial, in_words, listen
from .spu_channel import BOUNDS, Bounds, Outgoing, SpuChannel, UnknownSender

_CONNECTIONS = 16
"""Most that others may have opened at a time."""
_LARGEST_FRAME = 2**26
_RETRY = 1.0
_REPORT = 5.0
_LINGER = 1.0
"""Seconds for which a peer that has what it needs may still have its last calls answered: a SPU dies without."""
_TRY = 10.0
"""Seconds until an attempt to get through counts as failed."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a link behaves; both ends have to have the same `numbered`."""

    numbered: bool = True
    """Whether messages have numbers: SPU's `disable_msg_seq_id` the other way round."""
    window: int = 10
    """Messages under way that were not acknowledged; 0 for any number (SPU: throttle_window_size)."""
    part: int = 2**20
    """Bytes from which a message is cut into parts (SPU: http_max_payload_size)."""
    connect_seconds: float = 60
    """Until the peer has to be there."""
    message_seconds: float = 30
    """Without a sign of life from the peer, until a message has to be there."""
    end_seconds: float = 10
    """For the last words."""
    bounds: Bounds = BOUNDS


class Statistics(NamedTuple):
    """What went over a link, frames and all."""

    bytes_sent: int
    bytes_received: int
    last_heard: float
    """Seconds since the peer's last sign of life."""


def _silent(text: str) -> None:
    """Nobody wants to know."""


class _Incoming:
    """A connection that somebody else has opened."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.reader = FrameReader(_LARGEST_FRAME)
        self.known = False
        """Whether the peer has sent something over it."""


class SpuTransport:
    """One party's end. Make it with `open`; whoever has it calls `close` or `abort`."""

    def __init__(
        self,
        rank: int,
        peer: Address,
        own: Address,
        terms: Terms | None = None,
        tls: Tls | None = None,
        report: Callable[[str], None] = _silent,
    ) -> None:
        """`peer` is where the other party listens, `own` where this one does; `report` hears of failed attempts."""
        self._rank, self._peer, self._terms, self._report = rank, peer, terms or Terms(), report
        t = self._terms
        self._channel = SpuChannel(rank, numbered=t.numbered, window=t.window, part=t.part, bounds=t.bounds)
        self._tls = tls
        self._selector = selectors.DefaultSelector()
        self._calls = 0
        self._unanswered: set[int] = set()
        self._hello = 0
        self._out: Connection | None = None
        self._answers = FrameReader(_LARGEST_FRAME)
        self._incoming: dict[_Incoming, None] = {}  # the oldest first
        self._cut = ""  # why the connection that this party has dialled is gone
        self._strange = ""  # what was refused last
        self._error: BaseException | None = None
        self._heard = time.monotonic()
        self._gone = [0, 0]  # bytes sent and received over connections that are closed
        self._listener = listen(own)
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._rouse)

    @property
    def address(self) -> Address:
        """Where this party listens."""
        return Address(*self._listener.getsockname()[:2])

    # The beginning.

    def connect(self) -> None:
        """Meet the peer. NotReached, if it is not there in time."""
        began, attempts, last = time.monotonic(), 0, ""
        deadline, next_try, next_report = began + self._terms.connect_seconds, began, began + _REPORT
        try:
            while not (self._out and not self._hello and self._channel.connected):
                now = time.monotonic()
                if now >= deadline:
                    raise self._not_reached(now - began, attempts, last)
                if now >= next_report and (attempts or self._out):
                    self._report(f"{self._peer}: {self._state(last)} ({attempts} attempts in {now - began:.0f} s)")
                    next_report = now + _REPORT
                if self._out is None and now >= next_try:
                    attempts, next_try = attempts + 1, now + _RETRY
                    last = self._dial(min(deadline, now + _TRY))
                elif self._out is not None and self._hello and now >= next_try:
                    self._greet()
                    next_try = now + _RETRY
                else:
                    self._turn(min(deadline, next_report, next_try if self._hello or not self._out else deadline))
                if self._cut:
                    last, self._cut = self._cut, ""
        except BaseException:
            self.abort()
            raise
        self._heard = time.monotonic()

    def _dial(self, deadline: float) -> str:
        """Try once; why it failed, "" if this party is through and has said who it is."""
        try:
            dialled = dial(self._peer)
        except OSError as error:
            return in_words(error)
        arrived: list[int] = []
        self._selector.register(dialled, selectors.EVENT_WRITE, lambda _: arrived.append(1))
        try:
            while not arrived and time.monotonic() < deadline:
                self._turn(deadline)
        finally:
            self._selector.unregister(dialled)
        code = dialled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if arrived else errno.ETIMEDOUT
        if code:
            dialled.close()
            return in_words(OSError(code, errno.errorcode.get(code, "")))
        self._out = Connection(dialled, str(self._peer), self._tls and self._tls.client, server=False)
        self._answers = FrameReader(_LARGEST_FRAME)
        self._selector.register(self._out, selectors.EVENT_READ, self._read_answers)
        self._greet()
        return ""

    def _greet(self) -> None:
        """Say that this party is there, until the peer has taken it."""
        self._hello = self._calls + 1
        self._write([self._channel.hello()])

    def _state(self, last: str) -> str:
        if self._out is None:
            return last or "no connection yet"
        if self._out.shaking_hands:
            return "it listens, and does not shake hands for TLS"
        if self._hello:
            return last or "it listens, and has not answered yet"
        return "it is there, and has not dialled back to this party yet"

    def _not_reached(self, seconds: float, attempts: int, last: str) -> NotReached:
        peer = f"rank {1 - self._rank} at {self._peer}"
        if self._out is not None and not self._hello:
            what = f"{peer} answers, but has not dialled this party in {seconds:.0f} s"
            hint = f"the peer has to be able to dial {self.address.host} port {self.address.port}, "
            hint += "and to have this party's address"
        else:
            what = f"{peer} was not reached in {seconds:.0f} s: {self._state(last)} ({attempts} attempts)"
            hint = "start the other party, check address and port, or raise --connect-timeout"
        return NotReached(what + self._last_strange(), hint=hint)

    # Messages.

    def send(self, key: str, value: Buffer) -> None:
        """Send a message, or leave it behind those for which the window has no room yet: they leave as it opens."""
        self._channel.post(key, value)
        self._write(self._channel.leaving())
        if self._blocked:
            self._wait(lambda: not self._blocked, f"room to send {key}")

    def receive(self, key: str) -> bytes:
        """The message with this key. TimeLimit or PeerFailed, if it does not come."""
        value = self._channel.take(key)
        if value is None:
            self._write(self._channel.leaving())  # acknowledgements, which the peer may wait for
            found: list[bytes] = []

            def there() -> bool:
                one = self._channel.take(key)
                return one is not None and not found.append(one)

            self._wait(there, key)
            value = found[0]
        return value

    @property
    def _blocked(self) -> bool:
        return self._out is not None and self._out.pending

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        seconds, began = self._terms.message_seconds, time.monotonic()
        while not until():
            if self._error is not None:
                raise self._error
            if self._cut:
                where, hint = f"rank {1 - self._rank} at {self._peer}", "the other party's log says why it ended"
                raise PeerFailed(
                    f"the peer is gone while this party waited for {what}: {self._cut}", where=where, hint=hint
                )
            deadline = max(self._heard, began) + seconds
            if time.monotonic() >= deadline:
                raise self._late(what)
            self._turn(deadline)
            self._write(self._channel.leaving())

    def _late(self, what: str) -> TimeLimit:
        silent = time.monotonic() - self._heard
        text = (
            f"waited {self._terms.message_seconds:g} s for {what}; the peer's last sign of life was {silent:.0f} s ago"
        )
        unread = self._channel.unread()
        if unread:
            text += f"; it has sent {', '.join(unread[:4])}, which this party does not ask for"
        hint = "see whether the other party still runs; if it computes, raise --message-timeout"
        if unread:
            hint = "both parties need the same rows, batch_size, l2_norm, truncation and openings"
        return TimeLimit(text + self._last_strange(), where=f"rank {1 - self._rank} at {self._peer}", hint=hint)

    def _last_strange(self) -> str:
        return f"; refused: {self._strange}" if self._strange else ""

    # The end.

    def close(self) -> None:
        """Part from the peer: when this returns, all messages have arrived at both. TimeLimit, if that takes long."""
        try:
            if self._out is not None:
                self._part()
        finally:
            self.abort()

    def _part(self) -> None:
        deadline = time.monotonic() + self._terms.end_seconds
        if self._channel.held_back:
            self._wait(lambda: not self._channel.held_back, "room for the last messages")
        self._write(self._channel.finish())
        while not (self._channel.finished and not self._unanswered and not self._writing()):
            if self._cut and self._channel.finished:
                return
            if self._cut:
                raise PeerFailed(f"the peer is gone before the end of the link: {self._cut}")
            if time.monotonic() >= deadline:
                what = f"the peer did not end the link within {self._terms.end_seconds:g} s"
                raise TimeLimit(what, hint="its log says whether it has failed; its last message is missing")
            self._turn(deadline)
            self._write(self._channel.leaving())
        self._hang_up("")  # by which a peer of ours sees that all is said
        deadline = time.monotonic() + _LINGER
        while any(one.known for one in self._incoming) and time.monotonic() < deadline:
            self._turn(deadline)

    def _writing(self) -> bool:
        connections = [one.connection for one in self._incoming]
        return any(one.pending for one in connections) or self._blocked

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        for incoming in list(self._incoming):
            self._drop(incoming)
        self._hang_up("")
        self._selector.close()
        for one in (self._listener, self._wake, self._woken):
            one.close()

    def stop(self, error: BaseException) -> None:
        """From any thread: end this party's waiting, now or later, with `error`."""
        self._error = error
        with suppress(OSError):  # it is closed already
            self._wake.send(b"\0")

    def statistics(self) -> Statistics:
        """So far."""
        live = [one.connection for one in self._incoming] + ([self._out] if self._out else [])
        sent, received = (sum(getattr(one, name) for one in live) for name in ("sent", "received"))
        return Statistics(sent + self._gone[0], received + self._gone[1], time.monotonic() - self._heard)

    # Sockets.

    def _turn(self, deadline: float) -> None:
        """Read and write what can be now, waiting for it until the deadline at most."""
        self._watch(self._out)
        for incoming in self._incoming:
            self._watch(incoming.connection)
        for key, events in self._selector.select(max(0.0, deadline - time.monotonic())):
            key.data(events)
        if self._error is not None:
            raise self._error

    def _watch(self, connection: Connection | None) -> None:
        """Ask to be told when it can be written to, if something waits."""
        if connection is not None and connection.wants_write != connection.watched:
            connection.watched = connection.wants_write
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.watched else 0)
            self._selector.modify(connection, events, self._selector.get_key(connection).data)

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
        incoming = _Incoming(Connection(accepted, str(Address(host, port)), tls, server=True))
        self._incoming[incoming] = None
        self._selector.register(
            incoming.connection, selectors.EVENT_READ, lambda events: self._read_pushes(incoming, events)
        )

    def _read_pushes(self, incoming: _Incoming, events: int) -> None:
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
                self._strange = f"{connection.name}: {error}"
            self._drop(incoming)
        except NotAFrame as wrong:
            self._strange = f"{connection.name} sent {wrong}"
            self._drop(incoming)
        else:
            if refused:
                self._strange = f"{connection.name}: {refused}"
                self._drop(incoming)

    def _answer(self, frame: Frame) -> tuple[bytes, str]:
        """Take a push: the answer to it, and why it was refused."""
        if not baidu_std.is_push(frame):
            raise NotAFrame(f"a call of {b'.'.join(frame.method or ()).decode('utf-8', 'replace')[:100]!r}")
        code, refused = push.BAD_REQUEST, ""
        try:
            self._channel.receive(push.read(frame.message))
            self._heard = time.monotonic()
        except UnknownSender as wrong:
            code, refused = push.UNKNOWN_SENDER, str(wrong)
        except ValueError as wrong:
            refused = str(wrong)
        return baidu_std.answer(frame.call, push.refusal(code, refused) if refused else push.done()), refused

    def _read_answers(self, events: int) -> None:
        assert self._out is not None
        try:
            if events & selectors.EVENT_WRITE:
                self._out.flush()
            received = self._out.read() if events & selectors.EVENT_READ else None
            for frame in self._answers.feed(received) if received is not None else ():
                self._heard = time.monotonic()
                self._answered(frame)
        except Closed as error:
            self._hang_up(str(error))
        except NotAFrame as wrong:
            self._hang_up(f"what listens there is {wrong}")
            hint = "the port of the other party, which is not that of its notebook or of a gateway"
            self._error = NotReached(f"{self._peer} is not the other party: it is {wrong}", hint=hint)

    def _answered(self, frame: Frame) -> None:
        self._unanswered.discard(frame.call)
        try:
            refused = frame.error or push.read_answer(frame.message)
        except ValueError as wrong:
            raise NotAFrame(f"a frame with an answer that cannot be read: {wrong}") from None
        if frame.call == self._hello:
            if refused:
                self._cut = f"it refuses this party: {refused}"  # it may be about to listen
            else:
                self._hello = 0
        elif refused and not self._hello:
            self._error = PeerFailed(f"the peer has refused a message: {refused}", where=str(self._peer))

    def _write(self, messages: Iterable[Outgoing]) -> None:
        """Frames over the connection that this party has dialled, as many as there are in one go."""
        buffers: list[Buffer] = []
        for message in messages:
            self._calls += 1
            self._unanswered.add(self._calls)
            buffers.append(baidu_std.push(self._calls, message.length) + message.head)
            if message.value is not None:
                buffers.append(message.value)
        if not buffers or self._out is None:
            return
        try:
            self._out.write(*buffers)
        except Closed as error:
            self._hang_up(str(error))

    def _drop(self, incoming: _Incoming) -> None:
        self._incoming.pop(incoming, None)
        self._forget(incoming.connection)

    def _hang_up(self, why: str) -> None:
        if self._out is not None:
            self._forget(self._out)
            self._out, self._cut = None, why
        self._unanswered.clear()

    def _forget(self, connection: Connection) -> None:
        self._gone[0] += connection.sent
        self._gone[1] += connection.received
        self._selector.unregister(connection)
        connection.close()
