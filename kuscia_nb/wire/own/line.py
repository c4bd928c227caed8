"""The connection of the moment, and what goes over it: when it breaks and another one comes, both sides go on there.

What is sent has numbers, and is kept until the peer has said that it has it, which it says along with what it sends
itself. So a connection that breaks costs nothing but time: both sides tell up to where they have everything, and the
rest is sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from ...mpc.inbox import Letter, Slot
from ..sockets import Closed
from . import frames
from .arrivals import Arrivals
from .connection import OwnConnection
from .frames import Bounds
from .limits import Status
from .outbox import Kept, Outbox
from .websocket import Malformed


class Line:
    """Whoever reads or writes what is here, or uses its connection, has `changed`; but for who only looks."""

    def __init__(
        self, name: str, letters: dict[Slot, Letter], lay: Callable[[tuple[Slot, Letter]], None], bounds: Bounds
    ) -> None:
        """Of the party `name`: what comes is laid among its `letters`."""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.connection: OwnConnection | None = None
        self.retired: list[OwnConnection] = []
        """Connections that the party's thread may wait for, so that they are that one's to close."""
        self.outbox = Outbox()
        self.arrivals = Arrivals(name, letters, lay, bounds)
        self.heard = monotonic()
        """When the peer gave its last sign of life."""
        self.lost = ""
        """Why the last connection broke, as long as there is no other one."""
        self.certificate: bytes | None = None
        self.clock: float | None = None
        """Of the peer: see `Status`."""
        self.ends_as = frames.COMPLETE
        """What the last frame will say."""
        self._connections, self._traffic = 0, (0, 0)

    # Frames.

    def send(self, posted: tuple[Slot, Letter] | None, size: int) -> None:
        """Number a message of `size` bytes, or the end (None), keep it, and write what goes of it."""
        kept = self.outbox.add(posted, size)
        if self.connection is not None:
            self._write(self.connection, kept)

    def receive(self, connection: OwnConnection, most_untold: int) -> None:
        """Take all frames that are there; the peer is told when it could let go of so many bytes."""
        arrivals = self.arrivals
        while (frame := connection.receive()) is not None:
            self.heard = monotonic()
            kind = frame.head.kind
            if kind not in (frames.DATA, frames.BEAT, frames.END):
                raise Malformed(f"a frame of the kind {kind} on an open link")
            self.outbox.acknowledge(frame.head.acknowledged)
            if kind == frames.BEAT or not arrivals.take(frame):
                continue
            if kind == frames.END or (arrivals.untold > most_untold and not connection.pending):
                connection.send(frames.beat(arrivals.received))
                arrivals.untold = 0

    def beat(self) -> None:
        """Show the peer that this party is there, or write on."""
        connection = self.connection
        if connection is None:
            return
        try:
            if connection.pending:
                connection.flush()
            else:
                connection.send(frames.beat(self.arrivals.received))
        except Closed as why:
            self.lose(connection, str(why))

    def _write(self, connection: OwnConnection, kept: Kept) -> None:
        number, posted, _ = kept
        received = self.arrivals.received
        try:
            if posted is None:
                connection.send(frames.end_head(self.ends_as, number, received))
            else:
                slot, (payload, round) = posted
                connection.send(frames.data_head(slot, payload, round, number, received), payload)
            self.arrivals.untold = 0
        except Closed as why:
            self.lose(connection, str(why))

    # Connections.

    def adopt(self, connection: OwnConnection, peer_has: int) -> None:
        """Go on with this one; the peer has everything up to a number."""
        self.outbox.acknowledge(peer_has)
        self.retire()
        connection.largest = self.arrivals.bounds.frame
        self.connection, self.certificate = connection, connection.certificate
        self._connections += 1
        self.heard = connection.since = monotonic()
        self.lost = ""
        for kept in self.outbox:
            if self.connection is connection:
                self._write(connection, kept)
        self.changed.notify_all()

    def lose(self, connection: OwnConnection, why: str) -> None:
        """It broke."""
        if connection is self.connection:
            self.lost = why
            self.retire()
            self.changed.notify_all()

    def retire(self) -> None:
        """Let go of the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self._traffic = self._bytes(connection)
            connection.hang_up()
            self.retired.append(connection)

    def close_retired(self) -> None:
        """By the party's thread, or when that waits no more."""
        while self.retired:
            self.retired.pop().close()

    def status(self) -> Status:
        """So far."""
        with self.changed:
            connection = self.connection
            sent, received = self._traffic if connection is None else self._bytes(connection)
            heard = monotonic() - self.heard
            here = connection is not None
            return Status(here, self._connections, sent, received, heard, self.clock, self.certificate)

    def _bytes(self, connection: OwnConnection) -> tuple[int, int]:
        sent, received = connection.traffic
        return self._traffic[0] + sent, self._traffic[1] + received
