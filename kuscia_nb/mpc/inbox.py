"""Where a party's messages arrive, and wait until it takes them.

A `LockstepMailbox` is for two parties on one thread, a `BlockingMailbox` for a party on a thread of its own, whose
messages another thread brings: that of its peer, or one that reads a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from time import monotonic
from typing import Protocol

from .door import opened
from .ring import Words

Payload = Words | bytes
"""What a message carries: an array, which knows its type and shape, or bytes."""

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

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        """Return when the message is there, or raise that it will not come.

        In lockstep, yield its slot meanwhile to whoever drives this party; otherwise block, and yield nothing. Where
        time is limited: TimeoutError, which says for how long nothing came.
        """
        ...

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; the first one counts."""
        ...


class LockstepMailbox:
    """An inbox for one thread: a party that misses a message hands control back to the scheduler."""

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
        while slot not in self.letters:
            if self._error is not None:
                raise self._error
            yield slot

    def close(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error


class BlockingMailbox(LockstepMailbox):
    """An inbox for a party on a thread of its own, which sleeps until a message is there.

    Another thread fills it: the peer's, or one that reads a socket. With a `limit`, the party waits for so many seconds
    after the last sign of life: a letter, or whatever else is heard of the peer.
    """

    def __init__(self, limit: float | None = None) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._limit, self._heard = limit, monotonic()

    def hear(self) -> None:
        """A sign of life of the peer."""
        self._heard = monotonic()

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        while True:
            slot, letter = yield
            with self._changed:
                self.letters[slot] = letter
                self._heard = monotonic()
                self._changed.notify()

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        begin = monotonic()
        with self._changed:
            for _ in super().wait_for(slot):
                self._changed.wait(self._time_left(begin))
        return
        yield slot  # a generator that never hands control back

    def _time_left(self, begin: float) -> float | None:
        if self._limit is None:
            return None
        left = max(begin, self._heard) + self._limit - monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing was heard for {self._limit:g} s")
        return left

    def close(self, error: BaseException) -> None:
        with self._changed:
            super().close(error)
            self._changed.notify()
