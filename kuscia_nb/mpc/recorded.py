"""The link and the shares of a party that writes down what it does: each does as its base, and tells the recorder.

`Semi2k.start` takes these for a party whose link has a recorder. Without one nothing of this is used, and nothing of
the engine asks, but once for an operation.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from .inbox import Inbox, LockstepMailbox, Put
from .ledger import Ledger
from .link import Link, W
from .payload import Shape
from .recorder import Recorder, Window
from .ring import Ring, Words
from .share import Share
from .truncation import Pairs, Truncation


class RecordedLink(Link):
    """A link whose recorder sees what this party sends and receives."""

    def __init__(
        self,
        recorder: Recorder,
        inbox: Inbox,
        deliver: Put,
        ledger: Ledger,
        channel: str = "root",
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(recorder.rank, recorder.names, inbox, deliver, ledger, channel, alone=alone)
        self.recorder = self._notes = recorder

    async def send(self, value: bytes, op: str) -> None:
        await super().send(value, op)
        self._notes.sent(self._sent, op)

    async def receive(self, op: str = "", expect: int | None = None) -> bytes:  # type: ignore[override]  # awaited alike
        value = await super().receive(op, expect)
        self._notes.segment += 1
        return value

    async def exchange(self, value: Ring, op: str, expect: Shape | None = None) -> Ring:  # type: ignore[override]
        number = self._collectives + 1
        received = await super().exchange(value.copy(), op, expect)
        self._notes.exchanged(number, op, value, received)
        return received

    async def swap(self, value: W, op: str, expect: Shape | None = None) -> W:  # type: ignore[override]
        received = await super().swap(value.copy(), op, expect)
        self._notes.swapped(self._sent, value, received)
        return received


class RecordedTruncation(Truncation):
    """Truncations with the TTP's help, as operations."""

    async def cut(self, x: Ring, upper: Words, pairs: Pairs) -> None:
        (a, _, _, c), recorder, share = pairs, self._link.recorder, x + self.before
        assert recorder is not None
        await super().cut(x, upper, pairs)
        arrays = share, a, c, *recorder.last_swap, x.copy()
        recorder.note("assisted truncate", "truncate", arrays, bits=self.bits)


def connect_recorded(
    names: tuple[str, str], window: Window | None = None, mailbox: type[LockstepMailbox] = LockstepMailbox
) -> tuple[Link, Link]:
    """`connect`, with a recorder for each party."""
    first, second = (Recorder(names[rank], names[1 - rank], rank, window) for rank in (0, 1))
    boxes, ledger = (mailbox(), mailbox()), Ledger()
    return (
        RecordedLink(first, boxes[0], boxes[1].door(), ledger),
        RecordedLink(second, boxes[1], boxes[0].door(), ledger),
    )


class RecordedShare(Share):
    """What is done with a share on the spot, as operations."""

    __slots__ = ()
    recorder: ClassVar[Recorder]

    def truncate(self, bits: int) -> Self:
        result = super().truncate(bits)
        if bits:
            self._note("truncate", (self.kept, result.kept), bits)
        return result

    def scale(self, factor: Ring, bits: int) -> Self:
        result = super().scale(factor, bits)
        self._note("scale", (self.kept, _like(factor, self), result.kept), bits)
        return result

    def __add__(self, other: Share | Ring) -> Self:
        return self._combined("add", other, super().__add__(other))

    __radd__ = __add__

    def __sub__(self, other: Share | Ring) -> Self:
        return self._combined("subtract", other, super().__sub__(other))

    def __rsub__(self, other: Ring) -> Self:
        return self._combined("subtract from", other, super().__rsub__(other))

    def __neg__(self) -> Self:
        result = super().__neg__()
        self._note("negate", (self.kept, result.kept))
        return result

    def __mul__(self, other: Ring) -> Self:
        return self._combined("multiply by", other, super().__mul__(other))

    __rmul__ = __mul__

    def times(self, whole: Ring) -> Self:
        result = super().times(whole)
        self._note("times", (self.kept, _like(whole, result), result.kept))
        return result

    def _combined(self, kind: str, other: Share | Ring, result: Self) -> Self:
        if isinstance(other, Share):
            self._note(kind, (self.kept, other.kept, result.kept))
        else:
            self._note(f"{kind} public", (self.kept, _like(other, result), result.kept))
        return result

    def _note(self, kind: str, arrays: tuple[Ring, ...], bits: int = 0) -> None:
        self.recorder.note(kind, kind, arrays, bits=bits)


class InputShare(RecordedShare):
    """The shares that a program makes of its own numbers."""

    __slots__ = ()

    @classmethod
    def of(cls, ring: Ring) -> Self:
        recorder = cls.recorder
        recorder.note("share", f"input of {recorder.name}", (ring,))
        return super().of(ring)


def recorded(kind: type[Share], recorder: Recorder) -> tuple[type[Share], type[Share]]:
    """The share type `kind`, recorded: for a program's own numbers, and for everything else."""
    return (
        type(f"Recorded{kind.__name__}", (InputShare, kind), {"__slots__": (), "recorder": recorder}),
        type(f"Recorded{kind.__name__}", (RecordedShare, kind), {"__slots__": (), "recorder": recorder}),
    )


def _like(public: Any, share: Share) -> Ring:
    """A public operand in the shape of the result."""
    return np.broadcast_to(public, share.shape)
