"""One party's end of a link of our own: an inbox that the party's own thread fills from the socket.

While the party waits, for a message or for room to send, it reads: or two parties that both send megabytes would wait
for each other for ever. Another thread, the keeper's, makes connections; `line` has the one of the moment.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from time import monotonic

from ...errors import LinkError, PeerFailed
from ...mpc.inbox import Letter, LockstepMailbox, Slot
from ...mpc.ledger import Ledger
from ...mpc.link import Link, key_of
from ...mpc.scheduler import left
from ..sockets import Closed
from . import frames
from .connection import OwnConnection
from .dial import Dial
from .frames import BOUNDS, Bounds
from .keeper import Keeper
from .limits import LIMITS, Limits
from .line import Line
from .websocket import Malformed

_MOMENT = 0.2
"""Seconds after which a party that waits looks whether it was stopped."""


def _silent(line: str) -> None:
    """Nobody wants to know."""


class OwnTransport(LockstepMailbox, Line):
    """An inbox, and `put`. Who has it calls `connect`, and in the end `finish` or `abort`."""

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
        LockstepMailbox.__init__(self)
        self.rank, self.names, self.task = rank, names, task
        self.name, self.peer = names[rank], names[1 - rank]
        self.limits, self.bounds, self.report = limits, bounds, report
        self.life = secrets.token_hex(8)
        """Of this run: a peer that was started anew has another one, and knows nothing of what was sent."""
        Line.__init__(self, self.name, self.letters, self.door(), bounds)
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
        with self.lock:
            self.send(posted, size)
            free = self._room()
        if not free:
            self._wait(self._room, lambda: "room to send")

    def wait_for(self, slot: Slot) -> tuple[()]:
        """Until the message is here. PeerFailed or TimeoutError, if it does not come."""
        letters, connection = self.letters, self.connection
        if connection is not None and self._error is None and not self.retired:  # as usual: it comes soon
            self._turn(connection, math.inf)
            if slot in letters:
                return ()
        self._wait(lambda: slot in letters, lambda: key_of(slot, 1 - self.rank))
        return ()

    def _room(self) -> bool:
        """Whether no more is kept than may be, and nothing is left to be written that could be."""
        connection = self.connection
        return self.outbox.bytes <= self.limits.kept and (connection is None or not connection.pending)

    def _wait(self, done: Callable[[], bool], what: Callable[[], str]) -> None:
        """Read and write until this is so."""
        began = monotonic()
        while True:
            with self.changed:
                self.close_retired()
                if done():
                    return
                self._raise()
                seconds = max(began, self.heard) + self.limits.message - monotonic()
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
        with self.lock:
            if connection is not self.connection:
                return
            try:
                if connection.pending:
                    connection.flush()
                self.receive(connection, self.limits.kept // 4)
                if monotonic() - max(since, self.heard) > self.limits.message / 2:
                    raise Closed(f"nothing was heard on it for {self.limits.message / 2:g} s")
            except Closed as why:
                self.lose(connection, str(why))
            except Malformed as wrong:
                connection.hang_up()
                what = f"{self.peer} has sent what this link does not know: {wrong}"
                self.close(LinkError(what, hint="the same version of kuscia_nb at both parties"))

    # The end.

    def finish(self, *, failed: bool) -> None:
        """Tell the peer that this party has ended, and wait until it has all that was sent. Never raises."""
        stopped = failed and self._error is not None and not isinstance(self._error, LinkError)
        self.ends_as = frames.STOPPED if stopped else frames.FAILED if failed else frames.COMPLETE
        deadline = monotonic() + self.limits.end
        with self.changed:
            self._error = None
            self.send(None, 0)
        began = monotonic()
        while True:
            with self.changed:
                connection = self.connection
                now = monotonic()
                last = deadline if failed else max(began, self.heard) + self.limits.end
                over = failed or self.arrivals.end is not None
                gone = connection is None and over  # nobody to tell, or nobody who asks
                if not self.outbox or gone or now >= last or self._error is not None:
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
            self.close_retired()

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

    # What is wrong.

    def _raise(self) -> None:
        """Why it is waited for no longer, if it is not."""
        if self.refused is not None or self._error is not None:
            super().wait_for(0)
        if self.arrivals.end is not None:
            raise self._left()

    def _left(self) -> PeerFailed:
        doing = {frames.STOPPED: "was stopped", frames.REFUSED: "was refused"}.get(self.arrivals.end or 0)
        if doing is None:
            return left(self.peer, self.name, failed=self.arrivals.end == frames.FAILED)
        return PeerFailed(f"{self.peer}'s part {doing} at its own side before it sent what {self.name} waits for")

    def _late(self, what: str) -> BaseException:
        """Silence, or a connection that nobody took up again."""
        limit = self.limits.message
        if self.connection is not None:
            return TimeoutError(f"nothing was heard for {limit:g} s")
        tried = self._keeper.tried()
        text = f"{self.peer} is gone while {self.name} waited for {what}: the connection broke ({self.lost})"
        hint = f"see how {self.peer}'s program ended, or what is wrong with the network between the two"
        return PeerFailed(f"{text}, and was not taken up again in {limit:g} s: {tried}", hint=hint)
