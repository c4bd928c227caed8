"""Where a party's messages arrive, and wait until it takes them.

A `LockstepMailbox` is for two parties on one thread, a `BlockingMailbox` for a party on a thread of its own, whose
messages another thread brings: that of its peer, or one that reads a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from time import monotonic
from typing import Protocol

from .door import opened
from .payload import Payload

Slot = tuple[str, int] | int
"""Where a message lies in its inbox: the number of a collective, or ("P2P", number)."""

Letter = tuple[Payload, int]
"""What lies there: the payload and its round; 0, if what has carried it does not know."""

Put = Callable[[tuple[Slot, Letter]], None]
"""Sends a letter on its way to the peer's inbox."""


class Inbox(Protocol):
    """Where a party's messages arrive."""

    letters: dict[Slot, Letter]
    """What has come and was not taken yet."""
    refused: Slot | None
    """What has come a second time or out of its turn. Nothing is given out any more then."""

    def wait_for(self, slot: Slot) -> Iterable[Slot]:
        """Wait for a message that is not there, or raise that it will not come.

        In lockstep, it is not waited for here: what is returned goes to whoever drives this party, and then the party
        looks again. Otherwise block until it is there, and return nothing. Where time is limited: TimeoutError, which
        says for how long nothing came. OutOfTurn, if something was refused.
        """
        ...

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; the first one counts."""
        ...


class OutOfTurn(Exception):
    """An inbox has refused a message, and gives out no others: its link says more."""


class LockstepMailbox:
    """An inbox for one thread: a party that misses a message hands control back to the scheduler."""

    def __init__(self) -> None:
        self.letters: dict[Slot, Letter] = {}
        self.refused: Slot | None = None
        self._error: BaseException | None = None

    def door(self) -> Put:
        """For who sends: what lies in the box cannot be reached from it."""
        return opened(self._filling())

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        letters, collective, p2p = self.letters, 1, 1
        while True:
            slot, letter = yield
            if slot == collective:
                collective += 1
            elif slot == ("P2P", p2p):
                p2p += 1
            else:
                self.refused = slot
                letters.clear()
                break
            letters[slot] = letter
        while True:
            yield

    def wait_for(self, slot: Slot) -> Iterable[Slot]:
        """What to yield to whoever drives this party, which comes back when something was sent."""
        if self.refused is not None:
            raise OutOfTurn
        if self._error is not None:
            raise self._error
        return (slot,)

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; the first one counts."""
        if self._error is None:
            self._error = error


class BlockingMailbox(LockstepMailbox):
    """An inbox for a party on a thread of its own, which sleeps until a message is there.

    Another thread fills it: the peer's, or one that reads a socket. With a `limit`, the party waits for so many seconds
    after the last letter.
    """

    def __init__(self, limit: float | None = None) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._limit, self._heard = limit, monotonic()

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        lay = opened(super()._filling())
        while True:
            posted = yield
            with self._changed:
                lay(posted)
                self._heard = monotonic()
                self._changed.notify()

    def wait_for(self, slot: Slot) -> Iterable[Slot]:
        """Nothing; returns when the message is there. TimeoutError, when nothing was heard for too long."""
        begin = monotonic()
        with self._changed:
            while slot not in self.letters:
                super().wait_for(slot)
                self._changed.wait(self._time_left(begin))
        return ()

    def _time_left(self, begin: float) -> float | None:
        if self._limit is None:
            return None
        left = max(begin, self._heard) + self._limit - monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing was heard for {self._limit:g} s")
        return left

    def close(self, error: BaseException) -> None:
        """The same, from any thread; whoever sleeps wakes."""
        with self._changed:
            super().close(error)
            self._changed.notify()
