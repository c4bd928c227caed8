"""semi2k, every step of which is written down: the protocol, its shares and truncations, and what the TTP is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..payload import Shape
from ..prg import BlockPrg, StreamPrg
from ..ring import Ring, Words
from ..sacrifice import SacrificeTtp
from ..semi2k import Adjust, Claims, Semi2k, Terms, Times
from ..share import Share
from ..truncation import Pairs, Truncation
from ..ttp_line import Method, TtpClient, TtpHandle
from ..ttp_session import PrgBuffer
from ..ttp_steps import Request, Steps
from .notes import Notes

if TYPE_CHECKING:
    from .link import TracedLink


class TracedSemi2k(Semi2k):
    """One party's side."""

    def __init__(
        self, link: TracedLink, ttp: TtpClient, terms: Terms, beaver: BlockPrg, prss: tuple[StreamPrg, StreamPrg]
    ) -> None:
        super().__init__(link, ttp, terms, beaver, prss)
        self.notes, own = link.notes, {"__slots__": (), "notes": link.notes}
        self.share = type(f"Traced{self.share.__name__}", (TracedShare, self.share), own)
        self.notes.fxp_bits, self.notes.mirrored = terms.fxp_bits, self.mirrored
        self.parts: list[Ring] = []
        """What was drawn last of triples."""
        self._drawn: list[PrgBuffer] = []

    def begin_training(self, rate: Ring, l2: Ring) -> None:
        self.notes.terms = rate, l2

    def input(self, values: Ring) -> Share:
        self.notes.write("share", f"input of {self.notes.name}", (values,))
        return super().input(values)

    def zeros(self, shape: int | tuple[int, ...]) -> Share:
        self.notes.write("share", f"input of {self.notes.peer}", (np.broadcast_to(np.uint64(0), shape),))
        return super().zeros(shape)

    def seal_at(self, public: Ring, counters: Ring) -> Ring:
        sealed = super().seal_at(public, counters)
        self.notes.write("seal", "seal", (public, self._prss[0].draws(counters, public.shape[1]), sealed))
        return sealed

    async def open(self, x: Share, op: str = "open") -> Ring:
        ring, opened = x.ring, await super().open(x, op)
        self.notes.write("open", op, (ring, opened), exchanges=1)
        return opened

    async def product(
        self, times: Times, x: Share, y: Share, elements: Sequence[int], adjust: Adjust, claim: Claims
    ) -> Share:
        z = await super().product(times, x, y, elements, adjust, claim)
        (a, b, c), d = self.parts, self.notes.corrected()
        c = c if d is None else c + d
        b, c = self.share.of(b).operand.reshape(y.shape), self.share.of(c).operand.reshape(z.shape)
        arrays = x.ring, y.operand, a.reshape(x.shape), b, c, *self.notes.opened(), z.operand, None, d
        kind, op = ("elementwise product", "x * y") if times is np.multiply else ("product", "x . y")
        self.notes.write(kind, op, arrays, exchanges=2, draws=self.draws())
        return z

    async def open_masked(self, e: Ring, g: Ring, room: Ring | None = None) -> tuple[Ring, Ring]:
        return await super().open_masked(e, g)  # the room may be used again, and notes keep what is opened

    async def draw_pairs(self, shape: tuple[int, ...], bits: int) -> Pairs:
        start, size = self.beaver.counter, math.prod(shape)
        pairs = await super().draw_pairs(shape, bits)
        second = start + (self.beaver.counter - start) // 2
        self.notes.pair(pairs, bits, [PrgBuffer(start, size), PrgBuffer(second, size)])
        return pairs

    def draw_triple(self, *elements: int) -> tuple[list[PrgBuffer], list[Ring]]:
        buffers, self.parts = super().draw_triple(*elements)
        self._drawn += buffers
        return buffers, self.parts

    def draw_own(self, elements: tuple[int, int]) -> tuple[tuple[PrgBuffer, PrgBuffer], Ring]:
        buffers, own = super().draw_own(elements)
        self._drawn += buffers
        return buffers, own

    def draws(self) -> list[PrgBuffer]:
        """Where was drawn since the last time somebody asked."""
        drawn, self._drawn = self._drawn, []
        return drawn


class TracedTtpClient(TtpClient):
    """What a party asks of the TTP."""

    def __init__(self, handle: TtpHandle, link: TracedLink, adjust_rank: int) -> None:
        super().__init__(handle, link, adjust_rank)
        self._notes = link.notes
        self._notes.called_ttp(None)
        self.ahead: list[Words] = []
        """Corrections of the steps to come, by request."""

    def leave(self) -> None:
        super().leave()
        self._notes.finish()

    async def adjust_ahead(
        self, requests: Sequence[Request], stride: int, count: int, then: Steps | None = None
    ) -> list[Words]:
        self.ahead = await super().adjust_ahead(requests, stride, count, then)
        return self.ahead

    def _ask(self, method: Method, dtype: np.dtype[Any], shape: Shape, *arguments: object, **options: object) -> Any:
        correction = super()._ask(method, dtype, shape, *arguments, **options)
        self._notes.called_ttp(correction)
        return correction


class TracedSacrificeTtp(SacrificeTtp):
    """What a party asks of the TTP for its checks: calls that are counted, and belong to no step."""

    def __init__(self, handle: TtpHandle, link: TracedLink, adjust_rank: int) -> None:
        super().__init__(handle, link, adjust_rank)
        self._notes = link.notes
        self._notes.called_beside()

    def _ask(self, method: Method, dtype: np.dtype[Any], shape: Shape, *arguments: object, **options: object) -> Any:
        self._notes.called_beside()
        return super()._ask(method, dtype, shape, *arguments, **options)


class TracedTruncation(Truncation):
    """Truncations with the TTP's help."""

    def __init__(self, link: TracedLink, bits: int) -> None:
        super().__init__(link, bits)
        self._notes = link.notes

    async def cut(self, x: Ring, upper: Words, pairs: Pairs) -> None:
        (a, c, _, _), share = pairs, x + self.before
        await super().cut(x, upper, pairs)
        arrays = share, a, c, *self._notes.last_swap, x.copy()
        self._notes.write("assisted truncate", "truncate", arrays, bits=self.bits)


def _written(name: str, kind: str) -> Any:
    """An operator of shares that writes itself down."""

    def act(self: TracedShare, other: Share | Ring) -> Share:
        result = getattr(super(TracedShare, self), name)(other)
        if isinstance(other, Share):
            self.write(kind, self.operand, other.operand, result.operand)
        else:
            self.write(f"{kind} public", self.operand, np.broadcast_to(other, result.shape), result.operand)
        return result

    return act


class TracedShare(Share):
    """A share: what is done with it on the spot."""

    __slots__ = ()
    notes: ClassVar[Notes]
    __add__ = __radd__ = _written("__add__", "add")
    __sub__ = _written("__sub__", "subtract")
    __rsub__ = _written("__rsub__", "subtract from")
    __mul__ = __rmul__ = _written("__mul__", "multiply by")

    def __neg__(self) -> Self:
        result = super().__neg__()
        self.write("negate", self.operand, result.operand)
        return result

    def times(self, whole: Ring) -> Self:
        result = super().times(whole)
        self.write("times", self.operand, np.broadcast_to(whole, result.shape), result.operand)
        return result

    def truncate(self, bits: int) -> Self:
        result = super().truncate(bits)
        if bits:
            self.write("truncate", self.operand, result.operand, bits=bits)
        return result

    def scale(self, factor: Ring, bits: int) -> Self:
        result = super().scale(factor, bits)
        self.write("scale", self.operand, np.broadcast_to(factor, self.shape), result.operand, bits=bits)
        return result

    def write(self, kind: str, *arrays: Ring, bits: int = 0) -> None:
        """Write down what was done."""
        self.notes.write(kind, kind, arrays, bits=bits)
