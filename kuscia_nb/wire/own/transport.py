"""One party's end of a link of our own: an inbox that the party's own thread fills from the socket.

What is sent has numbers, and is kept until the peer has said that it has it, which it says along with what it sends
itself. So a connection that breaks costs nothing but time: the keeper makes another one, both sides tell up to where
they have everything, and the rest is sent again. While a party waits, for a message or for room to send, it reads: or
two parties that both send megabytes would wait for each other for ever.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from ...errors import LinkError, PeerFailed
from ...mpc.inbox import Letter, LockstepMailbox, Slot
from ...mpc.ledger import Ledger
from ...mpc.link import Link, key_of
from ...mpc.scheduler import Outcome, Program, left, run_alone
from ..sockets import Closed
from . import frames
from .connection import Frame, OwnConnection
from .dial import Dial
from .frames import BOUNDS, Bounds
from .keeper import Keeper
from .websocket import Malformed


class Limits(NamedTuple):
    """Seconds that are waited, and bytes that are kept."""

    connect: float = 60.0
    """Until the peer is there."""
    message: float = 30.0
    """For a message, after the last sign of life."""
    end: float = 10.0
    """For the last words."""
    kept: int = 1 << 26
    """Bytes of messages that are kept until the peer has told that it has them."""

    @property
    def beat(self) -> float:
        """Between two signs of life."""
        return min(5.0, self.message / 6)


LIMITS = Limits()
_MOMENT = 0.2
"""Seconds after which a party that waits looks whether it was stopped."""


class Status(NamedTuple):
    """Of a link, for people."""

    connected: bool
    connections: int
    """How many there were; all but the first one had to be taken up again."""
    sent: int
    received: int
    """Bytes of all of them."""
    heard: float
    """Seconds since the last sign of life."""
    clock: float | None
    """How far the peer's clock was ahead, in seconds, when it was met."""
    certificate: bytes | None
    """Of the peer (DER), if there was one."""


class _Kept(NamedTuple):
    """What the peer may have to be sent again."""

    number: int
    posted: tuple[Slot, Letter] | None
    """None for the end."""
    size: int


def _silent(line: str) -> None:
    """Nobody wants to know."""


class OwnTransport(LockstepMailbox):
    """An inbox, and `put`. Who has it calls `connect`, and in the end `finish` or `abort`: see `run_over`."""

    def __init__(
        self,
        rank: int,
        names: tuple[str, str],
        task: str,
        *,
        dial: Dial | None = None,
        limits: Limits = LIMITS,
        bounds: Bounds = BOUNDS,
        report: Callable[[str], None] = _silent,
    ) -> None:
        """`names` of rank 0 and rank 1. Without `dial`, the peer has to dial. `report` hears of failed attempts."""
        super().__init__()
        self.rank, self.names, self.task = rank, names, task
        self.name, self.peer = names[rank], names[1 - rank]
        self.limits, self.bounds, self.report = limits, bounds, report
        self.life = secrets.token_hex(8)
        """Of this run: a peer that was started anew has another one, and knows nothing of what was sent."""
        self.changed = threading.Condition(threading.RLock())
        """Whoever reads or writes what is below, or uses a connection, has it."""
        self.connection: OwnConnection | None = None
        self.received = 0
        """Up to which number everything of the peer's has come."""
        self.certificate: bytes | None = None
        self.clock: float | None = None
        self._retired: list[OwnConnection] = []
        self._connections, self._traffic = 0, (0, 0)
        self._lay = self.door()
        self._sent = self._told = 0
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = self._untold_bytes = self._ahead_bytes = 0
        self._heard = monotonic()
        self._lost = ""
        self._end: int | None = None
        self._why = frames.COMPLETE
        self._keeper = Keeper(self, dial)

    # The beginning.

    def offer(self, connection: OwnConnection) -> None:
        """From any thread: the peer has opened this one. It is closed here, if it is not wanted."""
        self._keeper.offer(connection)

    def connect(self) -> None:
        """Until the peer is there. NotReached says what was tried."""
        began = monotonic()
        self._keeper.start()
        with self.changed:
            while self.connection is None:
                self._raise()
                left = began + self.limits.connect - monotonic()
                if left <= 0:
                    raise self._keeper.not_reached(monotonic() - began)
                self.changed.wait(left)

    def link(self, ledger: Ledger | None = None) -> Link:
        """What the party's program is given."""
        return Link(self.rank, self.names, self, self.put, Ledger() if ledger is None else ledger, alone=True)

    # Messages.

    def put(self, posted: tuple[Slot, Letter]) -> None:
        """Send a message. LinkError, if it is too long."""
        payload, _ = posted[1]
        size = len(payload) if isinstance(payload, bytes) else payload.nbytes
        if size > self.bounds.frame:
            raise LinkError(f"a message of {size:,} bytes is too long for this link; allowed: {self.bounds.frame:,}")
        with self.changed:
            self._sent += 1
            kept = _Kept(self._sent, posted, size)
            self._kept.append(kept)
            self._kept_bytes += size
            if self.connection is not None:
                self._write(self.connection, kept)
            free = self._room()
        if not free:
            self._wait(self._room, lambda: "room to send")

    def wait_for(self, slot: Slot) -> tuple[()]:
        """Until the message is here. PeerFailed or TimeoutError, if it does not come."""
        letters, connection = self.letters, self.connection
        if connection is not None and self._error is None and not self._retired:  # as usual: it comes soon
            self._turn(connection, monotonic())
            if slot in letters:
                return ()
        self._wait(lambda: slot in letters, lambda: key_of(slot, 1 - self.rank))
        return ()

    def _room(self) -> bool:
        """Whether no more is kept than may be, and nothing is left to be written that could be."""
        connection = self.connection
        return self._kept_bytes <= self.limits.kept and (connection is None or not connection.pending)

    def _write(self, connection: OwnConnection, kept: _Kept) -> None:
        try:
            if kept.posted is None:
                connection.send(frames.end_head(self._why, kept.number, self.received))
            else:
                slot, (payload, round) = kept.posted
                connection.send(frames.data_head(slot, payload, round, kept.number, self.received), payload)
            self._told, self._untold_bytes = self.received, 0
        except Closed as why:
            self.lose(connection, str(why))

    def _wait(self, done: Callable[[], bool], what: Callable[[], str]) -> None:
        """Read and write until this is so."""
        began = monotonic()
        while True:
            with self.changed:
                while self._retired:
                    self._retired.pop().close()
                if done():
                    return
                self._raise()
                seconds = max(began, self._heard) + self.limits.message - monotonic()
                if seconds <= 0:
                    raise self._late(what())
                connection = self.connection
                if connection is None:
                    self.changed.wait(seconds)
                    continue
            self._turn(connection, max(began, connection.since))

    def _turn(self, connection: OwnConnection, since: float) -> None:
        """Wait a moment for the connection, and take what has come; one that is silent for long is given up."""
        connection.wait(_MOMENT)
        with self.changed:
            if connection is not self.connection:
                return
            try:
                if connection.pending:
                    connection.flush()
                while (frame := connection.receive()) is not None:
                    self._take(frame, connection)
                if monotonic() - max(since, self._heard) > self.limits.message / 2:
                    raise Closed(f"nothing was heard on it for {self.limits.message / 2:g} s")
            except Closed as why:
                self.lose(connection, str(why))
            except Malformed as wrong:
                connection.hang_up()
                what = f"{self.peer} has sent what this link does not know: {wrong}"
                self.close(LinkError(what, hint="the same version of kuscia_nb at both parties"))

    def _take(self, frame: Frame, connection: OwnConnection) -> None:
        self._heard = monotonic()
        head = frame.head
        if head.kind not in (frames.DATA, frames.BEAT, frames.END):
            raise Malformed(f"a frame of the kind {head.kind} on an open link")
        self.acknowledge(head.acknowledged)
        if head.kind == frames.BEAT or head.number <= self.received:
            return
        if head.number != self.received + 1 or self._end is not None:
            raise Malformed(f"the message number {head.number} behind {self.received}")
        self.received += 1
        if head.kind == frames.END:
            self._end = int(head.slot)  # type: ignore[call-overload]  # only DATA has a slot of two parts
            connection.send(frames.beat(self.received))
            return
        self._check_room(head.length)
        self._lay((head.slot, (frame.payload, head.round)))
        self._untold_bytes += head.length
        if self._untold_bytes > self.limits.kept // 4 and not connection.pending:
            connection.send(frames.beat(self.received))
            self._told, self._untold_bytes = self.received, 0

    def _check_room(self, size: int) -> None:
        """So much is not kept for a party that does not ask for it."""
        letters, most = self.letters, self.bounds.ahead
        self._ahead_bytes = self._ahead_bytes + size if letters else size
        if self._ahead_bytes > most:
            there = [payload for payload, _ in letters.values()]
            self._ahead_bytes = size + sum(len(one) if isinstance(one, bytes) else one.nbytes for one in there)
        if self._ahead_bytes > most or len(letters) >= self.bounds.letters:
            raise Malformed(f"{len(letters) + 1} messages that {self.name} has not asked for")

    def acknowledge(self, number: int) -> None:
        """The peer has everything up to this number."""
        if number > self._sent:
            raise Malformed(f"an acknowledgement of {number}, and {self._sent} were sent")
        kept = self._kept
        while kept and kept[0].number <= number:
            self._kept_bytes -= kept.popleft().size

    # Connections, as the keeper has them. Whoever calls these has `changed`.

    def adopt(self, connection: OwnConnection, peer_has: int) -> None:
        """Go on with this one; the peer has everything up to a number."""
        self.acknowledge(peer_has)
        self.retire()
        connection.largest = self.bounds.frame
        self.connection, self.certificate = connection, connection.certificate
        self._connections += 1
        self._heard = connection.since = monotonic()
        self._lost = ""
        for kept in tuple(self._kept):
            if self.connection is connection:
                self._write(connection, kept)
        self.changed.notify_all()

    def retire(self) -> None:
        """Let go of the connection. The party's thread may wait for it, so it is this one's to close."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self._traffic = self._bytes(connection)
            connection.hang_up()
            self._retired.append(connection)

    def lose(self, connection: OwnConnection, why: str) -> None:
        """It broke."""
        if connection is self.connection:
            self._lost = why
            self.retire()
            self.changed.notify_all()

    def beat(self) -> None:
        """Show the peer that this party is there, or write on."""
        connection = self.connection
        if connection is None:
            return
        try:
            if connection.pending:
                connection.flush()
            else:
                connection.send(frames.beat(self.received))
        except Closed as why:
            self.lose(connection, str(why))

    # The end.

    def finish(self, *, failed: bool) -> None:
        """Tell the peer that this party has ended, and wait until it has all that was sent. Never raises."""
        stopped = failed and self._error is not None and not isinstance(self._error, LinkError)
        self._why = frames.STOPPED if stopped else frames.FAILED if failed else frames.COMPLETE
        deadline = monotonic() + self.limits.end
        with self.changed:
            self._error = None
            self._sent += 1
            self._kept.append(_Kept(self._sent, None, 0))
            if self.connection is not None:
                self._write(self.connection, self._kept[-1])
        began = monotonic()
        while True:
            with self.changed:
                connection = self.connection
                now = monotonic()
                last = deadline if failed else max(began, self._heard) + self.limits.end
                gone = connection is None and (failed or self._end is not None)  # nobody to tell, or nobody who asks
                if not self._kept or gone or now >= last or self._error is not None:
                    break
                if connection is None:
                    self.changed.wait(last - now)
                    continue
            self._turn(connection, max(began, connection.since))
        self.abort()

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        self._keeper.stop()
        with self.changed:
            self.retire()
            while self._retired:
                self._retired.pop().close()

    def stop(self, error: BaseException) -> None:
        """From any thread: end the party's waiting, now or later, with `error`."""
        self.close(error)

    def close(self, error: BaseException) -> None:
        """The same, as an inbox has it."""
        with self.changed:
            super().close(error)
            self.changed.notify_all()

    @property
    def over(self) -> bool:
        """Whether nobody needs a connection any more."""
        return self._error is not None

    def status(self) -> Status:
        """So far."""
        with self.changed:
            connection = self.connection
            sent, received = self._traffic if connection is None else self._bytes(connection)
            heard = monotonic() - self._heard
            here = connection is not None
            return Status(here, self._connections, sent, received, heard, self.clock, self.certificate)

    def _bytes(self, connection: OwnConnection) -> tuple[int, int]:
        sent, received = connection.traffic
        return self._traffic[0] + sent, self._traffic[1] + received

    # What is wrong.

    def _raise(self) -> None:
        """Why it is waited for no longer, if it is not."""
        if self.refused is not None or self._error is not None:
            super().wait_for(0)
        if self._end is not None:
            raise self._left()

    def _left(self) -> PeerFailed:
        doing = {frames.STOPPED: "was stopped", frames.REFUSED: "was refused"}.get(self._end or 0)
        if doing is None:
            return left(self.peer, self.name, failed=self._end == frames.FAILED)
        return PeerFailed(f"{self.peer}'s part {doing} at its own side before it sent what {self.name} waits for")

    def _late(self, what: str) -> BaseException:
        """Silence, or a connection that nobody took up again."""
        limit = self.limits.message
        if self.connection is not None:
            return TimeoutError(f"nothing was heard for {limit:g} s")
        tried = self._keeper.tried()
        text = f"{self.peer} is gone while {self.name} waited for {what}: the connection broke ({self._lost})"
        hint = f"see how {self.peer}'s program ended, or what is wrong with the network between the two"
        return PeerFailed(f"{text}, and was not taken up again in {limit:g} s: {tried}", hint=hint)


def run_over(transport: OwnTransport, program: Callable[[Link], Program], ledger: Ledger | None = None) -> Outcome:
    """All of one party's part: meet the peer, run the program, part. What went wrong is in the outcome."""
    try:
        try:
            transport.connect()
        except Exception as error:  # whatever it was stopped with, too
            return Outcome(error=error)
        link = transport.link(ledger)
        outcome = run_alone(program(link), link)
        transport.finish(failed=outcome.error is not None)
        return outcome
    finally:
        transport.abort()
