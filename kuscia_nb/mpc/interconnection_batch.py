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
from .ttp_steps import Request


class Product(NamedTuple):
    """One of the two products of a step."""

    op: str
    """For people."""
    number: int
    """Of its request, among those of a step."""
    room: Ring
    """Where the opened matrix is put."""


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


class Triple(NamedTuple):
    """What a product of one step takes: a plain tuple of these."""

    x: Ring
    """This party's share of the matrix, (m, k)."""
    a: Ring
    b: Ring
    """(k,), in the form that `Share.operand` has; so are those that follow."""
    known: Ring
    """What is taken from the vector before it is sent: b, and the targets."""
    c: Ring
    """(m,), corrected."""


class InterconnectionBatch:
    """One batch. Each of its products may be asked for once."""

    __slots__ = ("_block", "_columns", "_mpc", "_rows", "_values")

    def __init__(self, mpc: Semi2k, block: Block, values: Ring, rows: Triple | None, columns: Triple) -> None:
        self._mpc, self._block, self._rows = mpc, block, rows
        self._values: Ring | None = values
        self._columns: Triple | None = columns

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        z = await self._dot(weights, bits)
        return z if isinstance(weights, Share) else z.truncate(bits)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        return await self._residual_dot(predictions, bits)

    async def _dot(self, weights: Share | Ring, bits: int) -> Share:
        """X w, truncated on the way if the weights are a share."""
        values = self._values
        if values is None:
            raise used_up()
        self._values = None
        if not isinstance(weights, Share):
            return self._mpc.share.of(matvec(values, weights))
        if self._rows is None or self._block.rows is None:
            raise LinkError("the first batch has no triple for X w: its weights are public")
        return await self._multiply(self._block.rows, self._rows, weights.operand, bits)

    async def _residual_dot(self, predictions: Share, bits: int) -> Share:
        columns = self._columns
        if columns is None:
            raise used_up()
        self._columns = None
        return await self._multiply(self._block.columns, columns, predictions.operand, bits)

    async def _multiply(self, product: Product, triple: Triple, vector: Ring, bits: int) -> Share:
        """As `Semi2k.product`: z_i = c_i + e b_i + a_i g + [rank 0] e g, with e = x - a and g = y - b opened in turn.

        `vector` less what is known of it is y - b.
        """
        mpc, (x, a, b, known, c) = self._mpc, triple
        if mpc.ttp.adjusts:
            mpc.ttp.list_next(product.number)
        g = subtract(known, vector) if mpc.mirrored else subtract(vector, known)
        e, g = await mpc.open_masked(subtract(x, a), g, product.room)
        z = matvec(a, g)
        z = subtract(c, z, z) if mpc.mirrored else add(c, z, z)
        add(z, matvec(e, b if mpc.rank else add(b, g)), z)
        return mpc.share(shift(z, bits) if bits else z)


class AssistedInterconnectionBatch(InterconnectionBatch):
    """The same, truncated with the TTP's help, in the order in which SPU truncates."""

    __slots__ = ("_cuts", "_zero")

    def __init__(
        self,
        mpc: Semi2k,
        block: Block,
        values: Ring,
        rows: Triple | None,
        columns: Triple,
        zero: Ring,
        cuts: tuple[tuple[Pairs, Ring, Words], ...],
    ) -> None:
        super().__init__(mpc, block, values, rows, columns)
        self._zero, self._cuts = zero, cuts

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        """X w, and then its product with the sigmoid's slope, each cut by fxp_bits."""
        z = await self._cut((await self._dot(weights, 0)).operand, 0)
        return self._mpc.share(await self._cut(self._scaled(z, self._block.slope), 1))

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        return self._mpc.share(await self._cut((await self._residual_dot(predictions, 0)).operand, 2))

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """As `data.AssistedBatch` has it."""
        gradient = await self._cut((await self._residual_dot(predictions, 0)).operand, 2)
        if l2 is not None:
            penalty = await self._cut(self._scaled(self._penalised(weights), l2[:1]), 3)
            gradient = self._added(gradient, penalty)
        return self._mpc.share(await self._cut(self._scaled(gradient, rate), -1))

    def _penalised(self, weights: Share) -> Ring:
        """What the penalty is taken of, as an operand: the weights, with a sealed zero for the intercept."""
        return np.concatenate((weights.operand[:-1], self._zero))

    def _scaled(self, x: Ring, factor: Ring) -> Ring:
        """A share times a public number, as operands."""
        return multiply(x, factor)

    def _added(self, x: Ring, y: Ring) -> Ring:
        """The sum of two shares, as operands."""
        return add(x, y)

    async def _cut(self, x: Ring, turn: int) -> Ring:
        """Truncate a share, as operands, with the pairs that are for this truncation of the step."""
        truncation, (pairs, room, upper) = self._next_cut(turn)
        subtract(x, truncation.before, room)
        await truncation.cut(room, upper, pairs)
        return room

    def _next_cut(self, turn: int) -> tuple[Truncation, tuple[Pairs, Ring, Words]]:
        """A truncation of the step, and what it takes; its request is listed now."""
        number, truncation = self._block.cuts[turn]
        if self._mpc.ttp.adjusts:
            self._mpc.ttp.list_next(number)
        return truncation, self._cuts[turn]
