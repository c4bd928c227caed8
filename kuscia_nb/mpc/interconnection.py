"""Training data with a fresh triple for every product, as interconnection peers have it (spec: ss_lr §2, §3, §8)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import NamedTuple

import numpy as np
from numpy import add

from .data import Layout
from .prg import ELEMENTS_PER_BLOCK, blocks_of
from .ring import Ring, matvec, shift
from .semi2k import Semi2k
from .share import Share
from .ttp import PrgBuffer

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
            operands = [rows.transpose(0, 2, 1)] if begins else [rows, rows.transpose(0, 2, 1)]  # sent row by row
            products = self._products(operands)
            for i in range(count):
                targets = self._targets[(start + i) * size : (start + i + 1) * size]
                if recorder is not None:
                    recorder.begin(epoch, start + i)
                yield InterconnectionBatch(self._mpc, rows[i], targets, products, i)
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
        return rows

    def _products(self, operands: list[Ring]) -> list[Products]:
        """Draw the triples of a block of steps, whose products have these left operands in order."""
        mpc = self._mpc
        count = len(operands[0])
        shapes = [operand.shape[1:] for operand in operands]
        sizes = [size for m, k in shapes for size in (m * k, k, m)]  # a, b, c of every product
        ends = list(itertools.accumulate(map(blocks_of, sizes)))
        counter = mpc.beaver.counter
        drawn = mpc.beaver.draw(ELEMENTS_PER_BLOCK * ends[-1] * count).reshape(count, -1)
        starts = [0, *ends[:-1]]
        firsts = [ELEMENTS_PER_BLOCK * start for start in starts]
        parts = [drawn[:, first : first + size] for first, size in zip(firsts, sizes, strict=True)]
        result = []
        for i, operand in enumerate(operands):
            a, b, c = parts[3 * i : 3 * i + 3]
            a = a.reshape(operand.shape)
            offsets = [(counter + starts[3 * i + j], sizes[3 * i + j]) for j in range(3)]
            result.append(Products(operand - a, a, mpc.kind.of(b).kept, mpc.kind.of(c).kept, offsets, ends[-1]))
        return result


class Products(NamedTuple):
    """What is drawn for one of the two products of a step, for a block of steps; the first axis is the step."""

    masked: Ring
    """This party's share of X - A, (count, m, k)."""
    a: Ring
    b: Ring
    """(count, k), in the form that `Share.kept` has; so is c, (count, m)."""
    c: Ring
    offsets: list[tuple[int, int]]
    """Counter and size of a, b and c in the first step."""
    stride: int
    """By how much the counters grow from step to step."""

    def buffers(self, i: int) -> list[PrgBuffer]:
        """Where the triple of step i was drawn."""
        return [PrgBuffer(counter + i * self.stride, size) for counter, size in self.offsets]


class InterconnectionBatch:
    """One batch, with the triples of its products."""

    __slots__ = ("_i", "_mpc", "_products", "_rows", "_targets")

    def __init__(self, mpc: Semi2k, rows: Ring, targets: Share, products: list[Products], i: int) -> None:
        self._mpc, self._rows, self._targets, self._products, self._i = mpc, rows, targets, products, i

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        if isinstance(weights, Share):
            if self._mpc.recorder is not None:
                changing, weights = weights, self._mpc.kind(weights.kept.copy())  # the program changes its own in place
                self._mpc.recorder.weights(changing, weights.kept)
            return await self._multiply(self._products[0], weights, bits, "X w")
        z = matvec(self._rows, weights)
        if self._mpc.recorder is not None:
            self._mpc.recorder.note("dot public", "X w", (self._rows, weights, z))
        return self._mpc.kind.of(z).truncate(bits)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        gradient = await self._multiply(self._products[-1], predictions - self._targets, bits, "X^T r")
        if self._mpc.recorder is not None:
            self._mpc.recorder.gradient(gradient)
        return gradient

    async def _multiply(self, product: Products, y: Share, bits: int, op: str) -> Share:
        """As `Semi2k.matmul`: z_i = c_i + e b_i + a_i g + [rank 0] e g, with e = x - a and g = y - b opened in turn."""
        mpc, link, share, i = self._mpc, self._mpc.link, self._mpc.share, self._i
        e, a, b, c = product.masked[i], product.a[i], product.b[i], product.c[i]
        if mpc.ttp.adjusts:
            c = share.plus(c, await mpc.ttp.adjust_dot(product.buffers(i), len(c), 1, len(b)))
        e = e + await link.exchange(e, "open x-a")
        g = share.difference(y.kept, b)
        g = g + await link.exchange(g, "open y-b")
        z = share.plus(c, matvec(a, g))
        add(z, matvec(e, b if mpc.rank else b + g), z)
        if mpc.recorder is None:
            return share(shift(z, bits))
        result = shift(z.copy(), bits)
        rows = self._rows if op == "X w" else self._rows.T
        arrays = rows, y.kept, a, b, c, e, g, z, result, mpc.recorder.corrected()
        draws = tuple([n for counter, size in product.offsets for n in (counter + i * product.stride, size)])
        mpc.recorder.note("product", op, arrays, exchanges=2, bits=bits, draws=draws)
        return share(result)
