"""Messages between two parties: keys of the interconnection transport, and mailboxes.

A `Link` is one party's end. It names messages as the interconnection transport does (spec: ss_lr §6a), so that a
ledger reads like a capture between real peers:

    root:P2P-1:0->1      first point-to-point message of channel "root" from rank 0 to rank 1
    root:3:ALLGATHER     third collective of the channel; each party sends its part under the same key

What carries the messages is a mailbox per party: `LockstepMailbox` hands control back to the scheduler while a
message is missing, `ThreadMailbox` blocks its thread. Party programs cannot tell which one they have.

Nothing leads from one end to the other. A party writes what it has sent on a page of its own; who has the ledger has
all pages. It puts its messages through a door of the peer's mailbox.
"""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from .door import opened
from .ledger import LISTED, WORD, Ledger, Stream, now
from .ring import Ring, Words

if TYPE_CHECKING:
    from .recorder import Recorder

Payload = Words | bytes

Slot = tuple[str, int] | int
"""Where a message lies in its mailbox: the number of a collective, or ("P2P", number)."""

Letter = tuple[Payload, int]
"""What lies there: the payload and its round."""

Put = Callable[[tuple[Slot, Letter]], None]
"""Lays a letter into a mailbox."""


class LockstepMailbox:
    """For one thread: a party that misses a message hands control back to the scheduler."""

    def __init__(self) -> None:
        self.letters: dict[Slot, Letter] = {}
        self._error: BaseException | None = None

    def door(self) -> Put:
        """For who sends: what lies in the box cannot be reached from it."""
        return opened(self._filling())

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        letters = self.letters
        while True:
            slot, letter = yield
            letters[slot] = letter

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        """Return when the message is there; meanwhile yield its slot to whoever drives this party."""
        while slot not in self.letters:
            if self._error is not None:
                raise self._error
            yield slot

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; the first one counts."""
        if self._error is None:
            self._error = error


class ThreadMailbox(LockstepMailbox):
    """For a thread per party: a party that misses a message sleeps until it is there."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        while True:
            slot, letter = yield
            with self._changed:
                self.letters[slot] = letter
                self._changed.notify()

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        with self._changed:
            for _ in super().wait_for(slot):
                self._changed.wait()
        return
        yield slot  # a generator that never hands control back

    def close(self, error: BaseException) -> None:
        with self._changed:
            super().close(error)
            self._changed.notify()


class Link:
    """One party's end of the link to its peer.

    What is sent is given away: who wants to keep an array sends a copy of it. A part of an array is copied here, for it
    would lead to the whole.
    """

    recorder: Recorder | None = None
    """Where this party's steps are written down, if they are."""

    def __init__(
        self,
        rank: int,
        names: tuple[str, str],
        mailboxes: tuple[LockstepMailbox, LockstepMailbox],
        ledger: Ledger,
        channel: str = "root",
    ) -> None:
        self.rank = rank
        self.name, self.peer = names[rank], names[1 - rank]
        self.ledger = ledger
        """Of both ends, for who made them; a party's program gets its end without."""
        self.round = 0
        """The highest round received so far."""
        self._inbox = mailboxes[rank]
        self._letters = self._inbox.letters
        self._deliver = mailboxes[1 - rank].door()
        page = ledger.page(self.name)
        self._record, self._same_shape, self._compact = page.record, page.same_shape, page.compact
        self._p2p = page.register(Stream(self.name, self.peer, "P2P", f"{channel}:P2P-{{}}:{rank}->{1 - rank}"))
        self._collective_key = f"{channel}:{{}}:ALLGATHER"
        self._allgather = page.register(Stream(self.name, self.peer, "ALLGATHER", self._collective_key))
        self._collectives = self._sent = self._received = 0

    @property
    def sent(self) -> int:
        """How many messages this party has sent over the link."""
        return self._sent + self._collectives

    async def send(self, value: bytes, op: str) -> None:
        """Send one point-to-point message. `op` is for people; it never goes over a wire."""
        value = bytes(memoryview(value))
        self._sent += 1
        self._record((self._p2p, self._sent, self.round + 1, op, (len(value),), "uint8", now()))
        self._deliver((("P2P", self._sent), (value, self.round + 1)))

    @types.coroutine
    def receive(self) -> Generator[Slot, None, bytes]:
        """The peer's next point-to-point message."""
        self._received += 1
        slot = ("P2P", self._received)
        yield from self._inbox.wait_for(slot)
        value, round = self._letters.pop(slot)
        self.round = max(self.round, round)
        return value  # type: ignore[return-value]

    @types.coroutine
    def exchange(self, value: Ring, op: str) -> Generator[Slot, None, Ring]:
        """Send mine, receive the peer's (an ALLGATHER of two)."""
        if value.base is not None:
            value = value.copy()
        self._collectives = number = self._collectives + 1
        round, shape = self.round + 1, value.shape
        self._record((self._allgather, number, round, op, self._same_shape(shape, shape), "uint64", now()))
        self._deliver((number, (value, round)))
        if number not in self._letters:
            yield from self._inbox.wait_for(number)
        received, round = self._letters.pop(number)
        if round > self.round:
            self.round = round
        if number % LISTED == 0:
            self._compact()
        return received  # type: ignore[return-value]

    @types.coroutine
    def swap(self, value: Words, op: str) -> Generator[Slot, None, Words]:
        """Send mine, receive the peer's: point to point, one message each way."""
        if value.base is not None:
            value = value.copy()
        self._sent += 1
        self._received = number = self._received + 1
        round, shape = self.round + 1, value.shape
        self._record((self._p2p, self._sent, round, op, self._same_shape(shape, shape), WORD[value.itemsize], now()))
        self._deliver((("P2P", self._sent), (value, round)))
        slot = ("P2P", number)
        if slot not in self._letters:
            yield from self._inbox.wait_for(slot)
        received, round = self._letters.pop(slot)
        if round > self.round:
            self.round = round
        return received  # type: ignore[return-value]

    def close(self, error: BaseException) -> None:
        """End this party's waiting, now or later, with `error`."""
        self._inbox.close(error)

    def describe(self, slot: Slot) -> str:
        """The key of a message that this party waits for, for people."""
        if isinstance(slot, int):
            return self._collective_key.format(slot)
        return f"point-to-point message {slot[1]}"


def connect(names: tuple[str, str], threads: bool = False, ledger: Ledger | None = None) -> tuple[Link, Link]:
    """Both ends of a fresh link in this process, rank 0 first, sharing one ledger."""
    kind = ThreadMailbox if threads else LockstepMailbox
    mailboxes = (kind(), kind())
    ledger = Ledger() if ledger is None else ledger
    return Link(0, names, mailboxes, ledger), Link(1, names, mailboxes, ledger)
