"""Training data as shares, read in batches of rows: two strategies, one interface.

Training multiplies the rows of a batch from both sides, X_b . w and X_b^T . r, over and over. A `TrainingData` holds
one party's part of X and its share of y, and gives a `Batch` for the rows of each step. How a product comes about is
its strategy:

`InterconnectionData`  a fresh triple for every product, message by message what interconnection peers send
                       (spec: ss_lr §8): X_b - A is opened anew each time, by both parties.
`PreprocessedData`     every party masks its own columns once, and the triples of all steps are made in bulk; a product
                       then sends one masked vector, and costs each party one pass over its own columns.

In both, X has the columns of rank 0, those of rank 1, and a column of the constant one. A party's share of X is its own
columns, and zero elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy import add, right_shift
from numpy.typing import NDArray

from .prg import BLOCK_ELEMENTS as AES_ELEMENTS
from .prg import blocks_of
from .ring import SHIFTS, Ring, batch_matvec, batch_vecmat, matvec, products_for, shift, signed
from .semi2k import Semi2k
from .share import Share
from .ttp import PrgBuffer


class Layout(NamedTuple):
    """Which party has which columns, and how the rows are cut into batches. Both parties have the same one."""

    columns: tuple[int, int]
    """Feature columns of rank 0 and of rank 1."""
    batch_size: int
    batches: int
    """Batches in an epoch; rows behind the last one are not used."""
    epochs: int
    penalised: bool = True
    """Whether the weights carry a penalty (it has a part in the reference operator's PRSS draws)."""

    @property
    def width(self) -> int:
        """Columns of the matrix: all features and the constant."""
        return sum(self.columns) + 1

    def owned(self, rank: int) -> slice:
        """The feature columns of a rank."""
        return slice(0, self.columns[0]) if rank == 0 else slice(self.columns[0], sum(self.columns))


class Batch(Protocol):
    """The rows of one step. Both products are truncated by `bits`."""

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        """X_b . w / 2^bits, shape (batch_size,)."""
        ...

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        """X_b^T . (p - y_b) / 2^bits, shape (width,)."""
        ...


class TrainingData(Protocol):
    """One party's share of the rows X and of the targets y."""

    def zero_weights(self) -> Share | Ring:
        """What training starts from, shape (width,): public, or a share."""
        ...

    def as_share(self, weights: Ring) -> Share:
        """Public weights as a share, at their first update."""
        ...

    def batches(self, epoch: int) -> AsyncIterator[Batch]:
        """The batches of an epoch in order; epochs must be asked for in order."""
        ...


class InterconnectionData:
    """Fresh triple per product. `own`: this party's columns in fixed point, (rows, columns[rank]); targets: (rows,).

    What does not depend on the training (draws, the sealed constant column, X_b - A) is made for a block of steps at
    once; every message, TTP request and counter is that of the protocol step by step. In the first step of all, the
    weights are a public zero: X_b . w needs no triple and no message, and the penalty seals them.
    """

    def __init__(self, mpc: Semi2k, own: Ring, targets: Share, layout: Layout) -> None:
        self._mpc, self._own, self._targets, self._layout = mpc, own, targets, layout
        self._per_block = max(1, BLOCK_ELEMENTS // (layout.batch_size * layout.width))

    def zero_weights(self) -> Ring:
        return np.zeros(self._layout.width, np.uint64)

    def as_share(self, weights: Ring) -> Share:
        if not self._layout.penalised:  # nothing needs them as a share but the next step, which adds to them
            return self._mpc.zeros(self._layout.width) + weights
        features = self._mpc.seal(weights[:-1]).ring
        return self._mpc.share.of(np.append(features, np.zeros(1, np.uint64)))

    async def batches(self, epoch: int) -> AsyncIterator[InterconnectionBatch]:
        start, size = 0, self._layout.batch_size
        while start < self._layout.batches:
            begins = epoch == start == 0
            count = 1 if begins else min(self._per_block, self._layout.batches - start)
            rows = self._rows(start, count)
            operands = [rows.transpose(0, 2, 1)] if begins else [rows, rows.transpose(0, 2, 1)]  # sent row by row
            products = self._products(operands)
            for i in range(count):
                targets = self._targets[(start + i) * size : (start + i + 1) * size]
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
        drawn = mpc.beaver.draw(AES_ELEMENTS * ends[-1] * count).reshape(count, -1)
        starts = [0, *ends[:-1]]
        parts = [drawn[:, 2 * at : 2 * at + size] for at, size in zip(starts, sizes, strict=True)]
        result = []
        for i, operand in enumerate(operands):
            a, b, c = parts[3 * i : 3 * i + 3]
            a = a.reshape(operand.shape)
            offsets = [(counter + starts[3 * i + j], sizes[3 * i + j]) for j in range(3)]
            result.append(Products(operand - a, a, mpc.share.of(b).kept, mpc.share.of(c).kept, offsets, ends[-1]))
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
            return await self._multiply(self._products[0], weights, bits)
        return self._mpc.share.of(matvec(self._rows, weights)).truncate(bits)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        return await self._multiply(self._products[-1], predictions - self._targets, bits)

    async def _multiply(self, product: Products, y: Share, bits: int) -> Share:
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
        return share(shift(z, bits))


BLOCK_ELEMENTS = 2**17
"""Ring elements (1 MiB) of the matrix prepared in one go, at least one batch: they fit into a core's cache."""


class PreprocessedData:
    """Masks and triples in bulk. Arguments as for `InterconnectionData`.

    X = [X_0 | X_1], the constant column being the last of X_1. Rank r knows X_r and has a share of w, so all that
    X w needs the peer for is rank r's matrix times the peer's share s of the weights of its columns. With a mask A of
    X_r from its owner, a mask v of s from the peer, and c_0 + c_1 = A v from the TTP,

        X_r s  =  X_r (s - v)  +  (X_r - A) v  +  A v
                  owner           peer            c_0 + c_1

    F = X_r - A goes to the peer once, and A serves all products; e = s - v goes to the owner in the product's own
    step. F v and c are known beforehand. The owner adds its own share of the weights to e, so that a product costs it
    a single pass over its columns. X^T r works the same way: the owner gets the peer's masked share of r.

    Blocks of batches are prepared when training reaches them, for a group of epochs at once, and F is then let go; what
    stays are vectors.
    """

    def __init__(self, mpc: Semi2k, own: Ring, targets: Share, layout: Layout) -> None:
        self.mpc, self._layout = mpc, layout
        self._columns = (layout.columns[0], layout.columns[1] + 1)
        split = layout.columns[0]
        self._owned, self._peers = slice(0, split), slice(split, None)
        rows = layout.batches * layout.batch_size
        own = own[:rows]
        if mpc.rank:
            self._owned, self._peers = self._peers, self._owned
            own = np.append(own, np.full((rows, 1), mpc.encode(1.0)), axis=1)
        self._own = own.reshape(layout.batches, layout.batch_size, -1)
        self._targets = targets.kept[:rows].reshape(layout.batches, layout.batch_size)
        self._per_block = max(1, BLOCK_ELEMENTS // (layout.batch_size * layout.width))
        self._group = max(1, layout.width // 2)  # epochs whose vectors take no more memory than X
        self.bind(np.zeros(layout.width, np.uint64))
        self.matvec, self.vecmat = products_for(self._own[:1].size)
        self._blocks: dict[int, list[Block]] = {}  # first batch -> what is prepared for the epochs of this group

    def zero_weights(self) -> Share:
        return self.mpc.zeros(self._layout.width)

    async def batches(self, epoch: int) -> AsyncIterator[PreprocessedBatch]:
        epochs = min(self._group, self._layout.epochs - epoch)
        for first in range(0, self._layout.batches, self._per_block):
            own = self._own[first : first + self._per_block]
            targets = self._targets[first : first + self._per_block]
            if epoch % self._group == 0:
                self._blocks[first] = await self._prepare(own, epochs)
            block = self._blocks[first].pop(0)
            for parts in zip(own, targets, *block, *block.views(self._owned), strict=True):
                yield PreprocessedBatch(self, *parts)

    def bind(self, kept: Ring) -> None:
        """Make the views of the weights that products take; training updates the same array in place."""
        self.weights, self.owned_weights, self.peers_weights = kept, kept[self._owned], kept[self._peers]

    async def _prepare(self, own: Ring, epochs: int) -> list[Block]:
        """Mask a block of this party's columns, exchange F, make the vectors of its products in `epochs` epochs."""
        mpc, (count, size, _) = self.mpc, own.shape
        masks, mask = mpc.draw_own((count * size * self._columns[0], count * size * self._columns[1]))
        masked = await mpc.link.exchange(own - mask.reshape(own.shape), "send X-A")
        return [
            Block(*await self._vectors(masks, masked, False), *await self._vectors(masks, masked, True))
            for _ in range(epochs)
        ]

    async def _vectors(self, masks: tuple[PrgBuffer, PrgBuffer], masked: Ring, transpose: bool) -> tuple[Ring, Ring]:
        """For every batch of a block: v, this party's mask, and q, all that is known of its share of the product."""
        mpc, (count, size, _) = self.mpc, masked.shape
        lengths = (size, size) if transpose else (self._columns[1], self._columns[0])
        vectors, v = mpc.draw_own((count * lengths[0], count * lengths[1]))
        (c_buffer,), (c,) = mpc.draw_triple(count * (self._layout.width if transpose else size))
        if mpc.ttp.adjusts:
            c = c + await mpc.ttp.adjust_cross_dot(masks, vectors, c_buffer, count, size, transpose=transpose)
        v, q = v.reshape(count, -1), c.reshape(count, -1).copy()
        if transpose:
            q[:, self._peers] += batch_vecmat(v, masked)
        else:
            q += batch_matvec(masked, v)
        return mpc.share.of(v).kept, mpc.share.of(q).kept


class Block(NamedTuple):
    """What is prepared for the batches of a block in one epoch, in the form that `Share.kept` has.

    The first axis of every array is the batch. A step uses up its rows of q: they become its result.
    """

    v_rows: Ring
    """Masks of this party's share of the weights of the peer's columns, (count, columns of the peer)."""
    q_rows: Ring
    """(count, batch_size)."""
    v_columns: Ring
    """Masks of this party's share of the residuals, (count, batch_size)."""
    q_columns: Ring
    """(count, width)."""

    def views(self, owned: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], Ring]:
        """q_rows and q_columns as signed numbers, and the owned part of q_columns."""
        return signed(self.q_rows), signed(self.q_columns), self.q_columns[:, owned]


class PreprocessedBatch:
    """One batch of a `Block`, with this party's own columns of its rows.

    The two products are the inner loop of training: every numpy call in them counts.
    """

    __slots__ = (
        "_data", "_own", "_q_columns", "_q_columns_signed", "_q_owned", "_q_rows", "_q_rows_signed", "_targets",
        "_v_columns", "_v_rows",
    )  # fmt: skip

    def __init__(
        self,
        data: PreprocessedData,
        own: Ring,
        targets: Ring,
        v_rows: Ring,
        q_rows: Ring,
        v_columns: Ring,
        q_columns: Ring,
        q_rows_signed: NDArray[np.int64],
        q_columns_signed: NDArray[np.int64],
        q_owned: Ring,
    ) -> None:
        self._data, self._own, self._targets = data, own, targets
        self._v_rows, self._q_rows, self._v_columns, self._q_columns = v_rows, q_rows, v_columns, q_columns
        self._q_rows_signed, self._q_columns_signed, self._q_owned = q_rows_signed, q_columns_signed, q_owned

    async def dot(self, weights: Share, bits: int) -> Share:
        data, q, v = self._data, self._q_rows, self._v_rows
        if weights.kept is not data.weights:
            data.bind(weights.kept)
        mpc, owned, peers = data.mpc, data.owned_weights, data.peers_weights
        e = await mpc.link.exchange(v - peers if mpc.mirrored else peers - v, "send w-v")
        add(q, data.matvec(self._own, owned - e if mpc.mirrored else owned + e), q)
        right_shift(self._q_rows_signed, SHIFTS[bits], self._q_rows_signed)
        return mpc.share(q)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        data, q, v = self._data, self._q_owned, self._v_columns
        mpc = data.mpc
        residuals = predictions.kept - self._targets
        e = await mpc.link.exchange(v - residuals if mpc.mirrored else residuals - v, "send r-v")
        add(q, data.vecmat(residuals - e if mpc.mirrored else residuals + e, self._own), q)
        right_shift(self._q_columns_signed, SHIFTS[bits], self._q_columns_signed)
        return mpc.share(self._q_columns)
