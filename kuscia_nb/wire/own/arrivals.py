"""What has come over a link: each number once and in order, however often a new connection makes the peer repeat it."""

from __future__ import annotations

from collections.abc import Callable

from ...mpc.inbox import Letter, Slot
from .connection import Frame
from .frames import END, Bounds
from .websocket import Malformed


class Arrivals:
    """Lays what is new into an inbox, within bounds: so much is not kept for a party that does not ask for it."""

    def __init__(
        self, name: str, letters: dict[Slot, Letter], lay: Callable[[tuple[Slot, Letter]], None], bounds: Bounds
    ) -> None:
        """Of the party `name`; `letters` are those that it has not taken yet."""
        self.received = 0
        """Up to which number everything of the peer's has come."""
        self.untold = 0
        """Bytes of what has come since the peer was last told that it has."""
        self.end: int | None = None
        """Why the peer has ended, when it has."""
        self._name, self._letters, self._lay, self.bounds = name, letters, lay, bounds
        self._ahead = 0

    def take(self, frame: Frame) -> bool:
        """A numbered frame: whether it was new. Malformed, if it must not come."""
        head = frame.head
        if head.number <= self.received:
            return False
        if head.number != self.received + 1 or self.end is not None:
            raise Malformed(f"the message number {head.number} behind {self.received}")
        self.received += 1
        if head.kind == END:
            self.end = int(head.slot)  # type: ignore[call-overload]  # only DATA has a slot of two parts
            return True
        if self._letters:
            self._check_room(head.length)
        else:
            self._ahead = head.length
        self._lay((head.slot, (frame.payload, head.round)))
        self.untold += head.length
        return True

    def _check_room(self, size: int) -> None:
        letters, most = self._letters, self.bounds.ahead
        self._ahead += size
        if self._ahead > most:
            there = [payload for payload, _ in letters.values()]
            self._ahead = size + sum(len(one) if isinstance(one, bytes) else one.nbytes for one in there)
        if self._ahead > most or len(letters) >= self.bounds.letters:
            raise Malformed(f"{len(letters) + 1} messages that {self._name} has not asked for")
