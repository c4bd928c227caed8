"""What a TTP keeps of one computation: the parties' seeds, and which of their draws were used for what.

A number that was drawn serves one purpose: no c is adjusted twice, and none was or becomes a part of another triple.
Otherwise an adjust rank could ask for R(a)^2 - R(a), and its peer's a would follow. SPU's server does not look: it
replays whatever it is asked, by whoever knows the session.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import OpAdjustError
from .prg import ELEMENTS_PER_BLOCK, BlockPrg, blocks_of, room_for
from .ring import Ring


class PrgBuffer(NamedTuple):
    """Which draw: the counter at which every party drew it, and its size in ring elements (standard: PrgBufferMeta)."""

    counter: int
    """In blocks of the PRG, at the draw's first element."""
    elements: int
    """Ring elements: of 8 bytes each, unless the request says otherwise."""

    @property
    def end(self) -> int:
        """The counter behind its last block."""
        return self.counter + blocks_of(self.elements)

    def of_words(self, size: int) -> PrgBuffer:
        """This draw in ring elements, when its elements are words of `size` bytes, 4 or 8."""
        return PrgBuffer(self.counter, -(-self.elements * size // 8))


Own = tuple[PrgBuffer, PrgBuffer]
"""A draw that each rank has for itself, by rank."""


class Session:
    """The seeds of one computation, by rank, and which counters were used for what."""

    def __init__(self, world_size: int, adjust_rank: int) -> None:
        self.world_size, self.adjust_rank = world_size, adjust_rank
        self.prgs: dict[int, BlockPrg] = {}
        self.digests: set[bytes] = set()
        """Of the seeds."""
        self.left = 0
        self.busy = threading.Lock()
        """Held while `room` is used."""
        self._room: list[Ring] = []
        self._masks: tuple[Own, list[Ring]] | None = None
        self._end = 0  # behind everything that was asked for
        self._adjusted: list[int] = []  # where each c that was adjusted begins, and where it ends; rising

    def claim(self, draws: Sequence[PrgBuffer]) -> None:
        """Use up the counters of c, the last draw, which goes with the others. OpAdjustError, if any is used."""
        counter = end = self._end
        for counter, elements in draws:
            if counter < end:
                return self._claim_in_any_order(draws)
            end = counter + blocks_of(elements)
        self._adjusted += counter, end
        self._end = end

    def claim_steps(self, draws: Sequence[PrgBuffer], stride: int, count: int) -> None:
        """Use up all that is drawn in `count` steps, each `stride` blocks behind the one before it.

        `draws` are those of the first step. They have to be new, in order, and within the stride: else OpAdjustError.
        """
        begin = end = max(draws[0].counter, self._end)
        for draw in draws:
            if draw.counter < end:
                what = (
                    f"the draw at counter {draw.counter} is not behind all that was asked before, which ends at {end}"
                )
                raise OpAdjustError(what, hint="steps are asked for in the order in which they were drawn")
            end = draw.end
        if end > begin + stride:
            raise OpAdjustError(f"the draws of a step reach from {begin} to {end}, over its {stride} blocks")
        self._end = begin + stride * count
        self._adjusted += begin, self._end

    def _claim_in_any_order(self, draws: Sequence[PrgBuffer]) -> None:
        """The same for draws that are not simply new and in order."""
        *parts, c = [(draw.counter, draw.end) for draw in draws]
        if c[0] < self._end:
            what = f"c at counter {c[0]} is not behind all that was asked before, which ends at {self._end}"
            raise OpAdjustError(what, hint="each triple is drawn anew, and asked for once")
        behind = 0
        for begin, end in sorted([*parts, c]):
            if begin < behind:
                raise OpAdjustError(f"the draws of one triple overlap at counter {begin}")
            behind = end
        for begin, end in parts:
            i = bisect_right(self._adjusted, begin) // 2 * 2  # where the first c begins that ends behind `begin`
            if i < len(self._adjusted) and self._adjusted[i] < end:
                what = f"the draw at counter {begin} overlaps a c that was adjusted, at {self._adjusted[i]}"
                raise OpAdjustError(what)
        self._adjusted += c
        self._end = max(behind, self._end)

    def reconstruct(self, buffer: PrgBuffer) -> Ring:
        """The sum of all parties' draws, shape (elements,)."""
        first, *others = self.prgs.values()
        total = first.at(*buffer)
        for prg in others:
            total = total + prg.at(*buffer)
        return total

    def draws(self, counter: int, elements: int) -> list[Ring]:
        """A long draw of every rank, for who is `busy`: in the same memory each time."""
        if len(self._room) < len(self.prgs) or len(self._room[0]) < elements + 2 * ELEMENTS_PER_BLOCK:
            self._room = [room_for(elements) for _ in self.prgs]
        return [prg.fill(counter, elements, room) for prg, room in zip(self.prgs.values(), self._room, strict=True)]

    def own_draws(self, buffers: Own) -> list[Ring]:
        """Each rank's own draw, remembering the last ones: the masks of a matrix are asked for once per product."""
        if self._masks is None or self._masks[0] != buffers:
            self._masks = buffers, [self.prgs[rank].at(*buffer) for rank, buffer in enumerate(buffers)]
        return self._masks[1]


def span(own: Own) -> PrgBuffer:
    """From where the draws of all ranks begin to where they end."""
    begin, end = min(draw.counter for draw in own), max(draw.end for draw in own)
    return PrgBuffer(begin, ELEMENTS_PER_BLOCK * (end - begin))
