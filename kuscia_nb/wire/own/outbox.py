"""What a party has sent over a link, kept until the peer has said that it has it: a new connection goes on there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from ...mpc.inbox import Letter, Slot
from .websocket import Malformed


class Kept(NamedTuple):
    """What the peer may have to be sent again."""

    number: int
    posted: tuple[Slot, Letter] | None
    """None for the end."""
    size: int
    """Bytes of its body."""


class Outbox:
    """Numbers what is sent, from 1."""

    def __init__(self) -> None:
        self.sent = 0
        """The last number."""
        self.bytes = 0
        """Of all bodies that are kept."""
        self._kept: deque[Kept] = deque()

    def add(self, posted: tuple[Slot, Letter] | None, size: int) -> Kept:
        """The next one."""
        self.sent += 1
        kept = Kept(self.sent, posted, size)
        self._kept.append(kept)
        self.bytes += size
        return kept

    def acknowledge(self, number: int) -> None:
        """The peer has everything up to this number. Malformed, if that was not sent yet."""
        if number > self.sent:
            raise Malformed(f"an acknowledgement of {number}, and {self.sent} were sent")
        kept = self._kept
        while kept and kept[0].number <= number:
            self.bytes -= kept.popleft().size

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        """What is kept now, the oldest first."""
        return iter(tuple(self._kept))
