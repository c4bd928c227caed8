"""The batches of `interconnection`: a step's products and truncations, from what was drawn for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy import add, multiply, subtract

from ..errors import LinkError
from .data import used_up
from .ring import Ring, Words, matvec, shift
from .semi2k import Semi2k
from .share import Share
from .truncation import Pairs, Truncation
from .ttp_session import PrgBuffer
from .ttp_steps import Request


class Product(NamedTuple):
    """One of the two products of a step."""

    op: str
    """For people."""
    number: int
    """Of its request, among those of a step."""
    room: Ring | None
    """Where the opened matrix is put, unless somebody keeps it."""


class Block(NamedTuple):
    """What the steps of a block have in common."""

    first: int
    """The counter at which the first step begins to draw."""
    stride: int
    """By how much counters grow from step to step."""
    requests: list[Request]
    """Of the first step."""
    rows: Product | None
    """X w; the very first step has none."""
    columns: Product
    """X^T r."""
    cuts: list[tuple[int, Truncation]]
    """Truncations in the order in which they are made, if the TTP helps with them, and which requests are for them."""
    slope: Ring
    """The sigmoid's, in fixed point."""

    def buffers(self, number: int, i: int) -> list[PrgBuffer]:
        """Where that was drawn which step i asks for with this request."""
        return [PrgBuffer(counter + i * self.stride, elements) for counter, elements in self.requests[number].buffers]


class Triple(NamedTuple):
    """What a product of one step takes: a plain tuple of these."""

    x: Ring
    """This party's share of the matrix, (m, k)."""
    a: Ring
    b: Ring
    """(k,), in the form that `Share.kept` has; so are those that follow."""
    known: Ring
    """What is taken from the vector before it is sent: b, and the targets."""
    c: Ring
    """(m,), corrected."""


class InterconnectionBatch:
    """One batch. Each of its products may be asked for once."""

    __slots__ = ("_block", "_columns", "_i", "_mpc", "_rows", "_targets", "_values")

    def __init__(
        self, mpc: Semi2k, block: Block, i: int, values: Ring, targets: Ring, rows: Triple | None, columns: Triple
    ) -> None:
        self._mpc, self._block, self._i, self._targets, self._rows = mpc, block, i, targets, rows
        self._values: Ring | None = values
        self._columns: Triple | None = columns

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        z = await self._dot(weights, bits)
        return z if isinstance(weights, Share) else z.truncate(bits)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        gradient = await self._residual_dot(predictions, bits)
        if self._mpc.recorder is not None:
            self._mpc.recorder.gradient(gradient)
        return gradient

    async def _dot(self, weights: Share | Ring, bits: int) -> Share:
        """X w, truncated on the way if the weights are a share."""
        values, recorder = self._values, self._mpc.recorder
        if values is None:
            raise used_up()
        self._values = None
        if not isinstance(weights, Share):
            z = matvec(values, weights)
            if recorder is not None:
                recorder.note("dot public", "X w", (values, weights, z))
            return self._mpc.kind.of(z)
        if self._rows is None or self._block.rows is None:
            raise LinkError("the first batch has no triple for X w: its weights are public")
        kept = weights.kept
        if recorder is not None:
            kept = kept.copy()  # the program changes its own in place
            recorder.weights(weights, kept)
        return await self._multiply(self._block.rows, self._rows, kept, kept, bits)

    async def _residual_dot(self, predictions: Share, bits: int) -> Share:
        columns, kept = self._columns, predictions.kept
        if columns is None:
            raise used_up()
        self._columns = None
        residuals = kept if self._mpc.recorder is None else (predictions - self._mpc.kind(self._targets)).kept
        return await self._multiply(self._block.columns, columns, kept, residuals, bits)

    async def _multiply(self, product: Product, triple: Triple, vector: Ring, y: Ring, bits: int) -> Share:
        """As `Semi2k.matmul`: z_i = c_i + e b_i + a_i g + [rank 0] e g, with e = x - a and g = y - b opened in turn.

        `vector` less what is known of it is y - b; y itself is for who writes it down.
        """
        mpc, (x, a, b, known, c) = self._mpc, triple
        if mpc.ttp.adjusts:
            mpc.ttp.list_next(product.number, self._i)
        g = subtract(known, vector) if mpc.mirrored else subtract(vector, known)
        e, g = await mpc.open_masked(subtract(x, a), g, product.room)
        z = matvec(a, g)
        z = subtract(c, z, z) if mpc.mirrored else add(c, z, z)
        add(z, matvec(e, b if mpc.rank else add(b, g)), z)
        if mpc.recorder is None:
            return mpc.kind(shift(z, bits) if bits else z)
        result = shift(z.copy(), bits) if bits else None
        arrays = x, y, a, b, c, e, g, z.copy(), result, mpc.recorder.corrected()
        draws = tuple([place for buffer in self._block.buffers(product.number, self._i) for place in buffer])
        mpc.recorder.note("product", product.op, arrays, exchanges=2, bits=bits, draws=draws)
        return mpc.kind(z if result is None else result)


class AssistedInterconnectionBatch(InterconnectionBatch):
    """The same, truncated with the TTP's help, in the order in which SPU truncates."""

    __slots__ = ("_cuts", "_zero")

    def __init__(
        self,
        mpc: Semi2k,
        block: Block,
        i: int,
        values: Ring,
        targets: Ring,
        rows: Triple | None,
        columns: Triple,
        zero: Ring,
        cuts: tuple[tuple[Pairs, Ring, Words], ...],
    ) -> None:
        super().__init__(mpc, block, i, values, targets, rows, columns)
        self._zero, self._cuts = zero, cuts

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        """X w, and then its product with the sigmoid's slope, each cut by fxp_bits."""
        z = await self._cut((await self._dot(weights, 0)).kept, 0)
        return self._mpc.kind(await self._cut(self._scaled(z, self._block.slope), 1))

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        return self._mpc.kind(await self._cut((await self._residual_dot(predictions, 0)).kept, 2))

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """As `data.AssistedBatch` has it."""
        kind, recorder = self._mpc.kind, self._mpc.recorder
        gradient = await self._cut((await self._residual_dot(predictions, 0)).kept, 2)
        if l2 is not None:
            penalty = await self._cut(self._scaled(self._penalised(weights), l2[:1]), 3)
            gradient = add(gradient, penalty) if recorder is None else (kind(gradient) + kind(penalty)).kept
        change = kind(await self._cut(self._scaled(gradient, rate), -1))
        if recorder is not None:
            recorder.gradient(change, "step")
        return change

    def _penalised(self, weights: Share) -> Ring:
        """What the penalty is taken of, as kept: the weights, with a sealed zero for the intercept."""
        return np.concatenate((weights.kept[:-1], self._zero))

    def _scaled(self, x: Ring, factor: Ring) -> Ring:
        """A share times a public number."""
        return multiply(x, factor) if self._mpc.recorder is None else (self._mpc.kind(x) * factor).kept

    async def _cut(self, x: Ring, turn: int) -> Ring:
        """Truncate what is kept of a share, with the pairs that are for this truncation of the step."""
        mpc, (number, truncation), (pairs, room, upper) = self._mpc, self._block.cuts[turn], self._cuts[turn]
        if mpc.ttp.adjusts:
            mpc.ttp.list_next(number, self._i)
        if mpc.recorder is not None:
            a, _, _, c = pairs
            assert c is not None
            mpc.recorder.pair(a, c, truncation.bits, self._block.buffers(number, self._i))
        subtract(x, truncation.before, room)
        await truncation.cut(room, upper, pairs)
        return room
