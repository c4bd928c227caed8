"""How long a party waits on its link, how much it keeps, and how the link stands."""

from __future__ import annotations

from typing import NamedTuple


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
