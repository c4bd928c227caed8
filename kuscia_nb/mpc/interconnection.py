"""Training data with a fresh triple for every product, as interconnection peers have it (spec: ss_lr §2, §3, §8)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import numpy as np
from numpy import add

from ..errors import LinkError
from .data import SIGMOID_SHIFT, Layout, used_up
from .prg import ELEMENTS_PER_BLOCK, blocks_of
from .ring import WORDS, Ring, matvec, shift
from .semi2k import Semi2k
from .share import Share
from .truncation import Pairs, Truncation
from .ttp_session import PrgBuffer

BLOCK_ELEMENTS = 2**14
"""Ring elements (128 KiB) of the matrix that are prepared in one go; their masks and draws take four times as much."""


class InterconnectionData:
    """One party's part. `own`: this party's columns in fixed point, (rows, columns[rank]); targets: (rows,).

    What does not depend on the training (draws, the sealed constant column, X_b - A) is made for a block of steps at
    once; every message, TTP request and counter is that of the protocol step by step. In the first step of all, the
    weights are a public zero: X_b . w needs no triple and no message, and the penalty seals them.
    """

    def __init__(self, mpc: Semi2k, own: Ring, targets: Share, layout: Layout) -> None:
        self._mpc, self._own, self._targets, self._layout = mpc, own, targets, layout
        if mpc.recorder is not None:
            mpc.recorder.expect(own, layout)
        self._per_block = layout.per_block(BLOCK_ELEMENTS)
        self._zeros: Ring = np.zeros((0, 1), np.uint64)
        self.changes = mpc.assisted
        self._batch = AssistedInterconnectionBatch if mpc.assisted else InterconnectionBatch

    def zero_weights(self) -> Ring:
        """The public zero, shape (width,)."""
        return np.zeros(self._layout.width, np.uint64)

    def as_share(self, weights: Ring) -> Share:
        """The penalty's own messages are sent here, if there is one."""
        if not self._layout.penalised:  # nothing needs them as a share but the next step, which adds to them
            share = self._mpc.kind(np.zeros(self._layout.width, np.uint64)) + weights
        else:
            features = self._mpc.seal(weights[:-1]).ring
            share = self._mpc.kind.of(np.append(features, np.zeros(1, np.uint64)))
        if self._mpc.recorder is not None:
            share = self._mpc.kind(share.kept.copy())  # the program changes its own in place
            self._mpc.recorder.weights(share, share.kept.copy())
        return share

    async def batches(self, epoch: int) -> AsyncIterator[InterconnectionBatch]:
        """Epoch by epoch, each in order."""
        start, size, recorder = 0, self._layout.batch_size, self._mpc.recorder
        while start < self._layout.batches:
            begins = epoch == start == 0
            if recorder is not None:
                recorder.leave_batch()
            count = 1 if begins else min(self._per_block, self._layout.batches - start)
            rows = self._rows(start, count)
            operands = [None if begins else rows, rows.transpose(0, 2, 1)]  # sent row by row
            drawn = self._draw(operands)
            for i in range(count):
                targets = self._targets[(start + i) * size : (start + i + 1) * size]
                if recorder is not None:
                    recorder.begin(epoch, start + i)
                yield self._batch(self._mpc, rows[i], targets, drawn, i)
            start += count

    def _rows(self, start: int, count: int) -> Ring:
        """This party's additive share of `count` batches from `start`, (count, batch_size, width)."""
        mpc, layout = self._mpc, self._layout
        size = layout.batch_size
        rows = np.zeros((count, size, layout.width), np.uint64)
        own = self._own[start * size : (start + count) * size]
        rows[:, :, layout.owned(mpc.rank)] = own.reshape(count, size, -1)
        # In every step the reference operator seals the constant column, and then a zero for its penalty.
        step = blocks_of(size) + layout.penalised
        counters = mpc.prss_counter + step * np.arange(count, dtype=np.uint64)
        mpc.prss_counter += step * count
        rows[:, :, -1] = mpc.seal_at(np.full((count, size), mpc.encode(1.0)), counters)
        if self.changes and layout.penalised:
            self._zeros = mpc.seal_at(np.zeros((count, 1), np.uint64), counters + np.uint64(blocks_of(size)))
        return rows

    def _draw(self, operands: list[Ring | None]) -> Drawn:
        """Draw for a block of steps: a triple for each product with such a left operand, and pairs for truncations.

        The first product of the very first step has no triple. Pairs are drawn where SPU draws them: two behind X w,
        and behind X^T r one for it, one for the penalty, and one for the step.
        """
        mpc, layout, f = self._mpc, self._layout, self._mpc.fxp_bits
        lengths = [layout.batch_size] * 2, [layout.width] * (2 + layout.penalised)
        cuts = iter([f, max(f, SIGMOID_SHIFT), *[f] * 3])
        sizes: list[tuple[int, int]] = []  # elements and bytes of an element
        for operand, truncated in zip(operands, lengths, strict=True):
            if operand is not None:
                m, k = operand.shape[1:]
                sizes += [(m * k, 8), (k, 8), (m, 8)]  # a, b, c
            if mpc.assisted:
                sizes += [(length, 4) for length in truncated for _ in ("a", "c")]
        starts = [0, *itertools.accumulate(blocks_of(*size) for size in sizes)]
        stride, count, counter = starts.pop(), len(operands[-1]), mpc.beaver.counter  # type: ignore[arg-type]
        words = mpc.beaver.draw(ELEMENTS_PER_BLOCK * stride * count).reshape(count, -1)
        draws = iter(
            Draw(words.view(WORDS[size])[:, 16 // size * start :][:, :elements], counter + start, stride)
            for start, (elements, size) in zip(starts, sizes, strict=True)
        )
        products: list[Any] = []
        pairs: list[PairsInTurn] = []
        for operand, truncated in zip(operands, lengths, strict=True):
            triple = [next(draws) for _ in "abc" if operand is not None]
            products.append(None if operand is None else self._product(operand, triple))
            pairs += [self._pairs(next(draws), next(draws), next(cuts)) for _ in truncated if mpc.assisted]
        return Drawn(products[0], products[1], pairs, self._zeros)

    def _pairs(self, a: Draw, c: Draw, bits: int) -> PairsInTurn:
        truncation = self._mpc.truncation(bits)
        rows = truncation.pairs(a.words, c.words).rows(0, len(a.words))
        return PairsInTurn(truncation, list(rows), (a, c))

    def _product(self, operand: Ring, triple: list[Draw]) -> Product:
        a, b, c = (draw.words for draw in triple)
        masks, kind = a.reshape(operand.shape), self._mpc.kind
        return Product(operand - masks, masks, kind.of(b).kept, kind.of(c).kept, triple)


class Draw(NamedTuple):
    """Numbers of one kind for a block of steps; the first axis is the step."""

    words: Any
    """Ring elements, or uint32 for pairs."""
    counter: int
    """Of the first step."""
    stride: int
    """By how much the counter grows from step to step."""

    def buffer(self, i: int) -> PrgBuffer:
        """Where the numbers of step i were drawn."""
        return PrgBuffer(self.counter + i * self.stride, self.words.shape[1])


class Product(NamedTuple):
    """What is drawn for one of the two products of a step, for a block of steps; the first axis is the step."""

    masked: Ring
    """This party's share of X - A, (count, m, k)."""
    a: Ring
    b: Ring
    """(count, k), in the form that `Share.kept` has; so is c, (count, m)."""
    c: Ring
    draws: list[Draw]
    """Of a, b and c."""


class PairsInTurn(NamedTuple):
    """Pairs for one of the truncations of a step, for a block of steps, without corrections."""

    truncation: Truncation
    rows: list[Pairs]
    draws: tuple[Draw, Draw]
    """Of a and c."""


class Drawn(NamedTuple):
    """All that is drawn for a block of steps."""

    rows: Product | None
    """For X w."""
    columns: Product
    """For X^T r."""
    pairs: list[PairsInTurn]
    """For each truncation, if the TTP helps with it."""
    zeros: Ring
    """This party's share of the zero that stands for the intercept in the penalty, (count, 1)."""


class InterconnectionBatch:
    """One batch, with the triples of its products. Each product may be asked for once."""

    __slots__ = ("_columns", "_drawn", "_i", "_mpc", "_rows", "_targets", "_values")

    def __init__(self, mpc: Semi2k, values: Ring, targets: Share, drawn: Drawn, i: int) -> None:
        self._mpc, self._values, self._targets, self._drawn, self._i = mpc, values, targets, drawn, i
        self._rows = self._columns = True  # products that have not been asked for

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
        if not self._rows:
            raise used_up()
        self._rows = False
        if isinstance(weights, Share):
            if self._drawn.rows is None:
                raise LinkError("the first batch has no triple for X w: its weights are public")
            if self._mpc.recorder is not None:
                changing, weights = weights, self._mpc.kind(weights.kept.copy())  # the program changes its own in place
                self._mpc.recorder.weights(changing, weights.kept)
            return await self._multiply(self._drawn.rows, weights, bits, "X w")
        z = matvec(self._values, weights)
        if self._mpc.recorder is not None:
            self._mpc.recorder.note("dot public", "X w", (self._values, weights, z))
        return self._mpc.kind.of(z)

    async def _residual_dot(self, predictions: Share, bits: int) -> Share:
        if not self._columns:
            raise used_up()
        self._columns = False
        return await self._multiply(self._drawn.columns, predictions - self._targets, bits, "X^T r")

    async def _multiply(self, product: Product, y: Share, bits: int, op: str) -> Share:
        """As `Semi2k.matmul`: z_i = c_i + e b_i + a_i g + [rank 0] e g, with e = x - a and g = y - b opened in turn."""
        mpc, share, i = self._mpc, self._mpc.share, self._i
        e, a, b, c = product.masked[i], product.a[i], product.b[i], product.c[i]
        if mpc.ttp.adjusts:
            buffers = [draw.buffer(i) for draw in product.draws]
            c = share.plus(c, await mpc.ttp.adjust_dot(buffers, len(c), 1, len(b)))
        e, g = await mpc.open_masked(e, share.difference(y.kept, b))
        z = share.plus(c, matvec(a, g))
        add(z, matvec(e, b if mpc.rank else b + g), z)
        if mpc.recorder is None:
            return share(shift(z, bits) if bits else z)
        result = shift(z.copy(), bits) if bits else None
        rows = self._values if op == "X w" else self._values.T
        arrays = rows, y.kept, a, b, c, e, g, z.copy(), result, mpc.recorder.corrected()
        draws = tuple([number for draw in product.draws for number in draw.buffer(i)])
        mpc.recorder.note("product", op, arrays, exchanges=2, bits=bits, draws=draws)
        return mpc.kind(z if result is None else result)


class AssistedInterconnectionBatch(InterconnectionBatch):
    """The same, truncated with the TTP's help, in the order in which SPU truncates."""

    __slots__ = ()

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        """X w, and then its product with the sigmoid's slope, each cut by fxp_bits."""
        f = self._mpc.fxp_bits
        z = await self._cut(await self._dot(weights, 0), 0)
        slope = np.array(2 ** max(0, f - SIGMOID_SHIFT), np.uint64)
        return await self._cut(z * slope, 1)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        return await self._cut(await self._residual_dot(predictions, 0), 2)

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """As `data.AssistedBatch` has it."""
        gradient = await self.residual_dot(predictions, self._mpc.fxp_bits)
        if l2 is not None:
            gradient = gradient + await self._cut(self._penalised(weights) * np.full_like(l2, l2[0]), 3)
        change = await self._cut(gradient * rate, -1)
        if self._mpc.recorder is not None:
            self._mpc.recorder.gradient(change, "step")
        return change

    def _penalised(self, weights: Share) -> Share:
        """What the penalty is taken of: the weights, with a sealed zero for the intercept."""
        return self._mpc.kind(np.concatenate((weights.kept[:-1], self._drawn.zeros[self._i])))

    async def _cut(self, x: Share, number: int) -> Share:
        """Truncate with the pairs of this number."""
        mpc = self._mpc
        truncation, rows, (a, c) = self._drawn.pairs[number]
        pairs = rows[self._i]
        if mpc.ttp.adjusts or mpc.recorder is not None:
            pairs = await self._corrected(truncation, pairs, [a.buffer(self._i), c.buffer(self._i)])
        kept = x.kept - truncation.before
        await truncation.cut(kept, truncation.upper(kept), pairs)
        return mpc.kind(kept)

    async def _corrected(self, truncation: Truncation, pairs: Pairs, buffers: list[PrgBuffer]) -> Pairs:
        """With the TTP's correction."""
        mpc, (a, factor, offset, c) = self._mpc, pairs
        if mpc.ttp.adjusts:
            correction = await mpc.ttp.adjust_mul_priv(buffers, a.itemsize)
            offset = truncation.corrected(offset, correction)
            c = None if c is None else c + correction
        if mpc.recorder is not None and c is not None:
            mpc.recorder.pair(a, c, truncation.bits, buffers)
        return Pairs(a, factor, offset, c)
