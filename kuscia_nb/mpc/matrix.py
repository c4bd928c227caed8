"""Training data as shares, read in batches of rows: two strategies, one interface.

Training multiplies the rows of a batch from both sides, X_b . w and X_b^T . r, over and over. A `TrainingData` holds
one party's part of X and its share of y, and gives a `Batch` for the rows of each step. How a product comes about is
its strategy:

`InterconnectionData`  a fresh triple for every product, message by message what interconnection peers send
                       (spec: ss_lr §8): X_b - A is opened anew each time, by both parties.
`PreprocessedData`     every party masks its own columns once, and the triples of all steps are made in bulk; a product
                       then opens one vector, and costs each party one pass over its own columns.

In both, X has the columns of rank 0, those of rank 1, and a column of the constant one. A party's share of X is its own
columns, and zero elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

import numpy as np

from .prg import blocks_of
from .ring import Ring, joined_matvec, joined_vecmat, matvec, shift, vecmat
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

    def as_share(self, weights: Share | Ring) -> Share:
        """The weights as a share, for the penalty on their size."""
        ...

    def batches(self, epoch: int) -> AsyncIterator[Batch]:
        """The batches of an epoch in order; epochs must be asked for in order."""
        ...


class InterconnectionData:
    """Fresh triple per product. `own`: this party's columns in fixed point, (rows, columns[rank]); targets: (rows,)."""

    def __init__(self, mpc: Semi2k, own: Ring, targets: Share, layout: Layout) -> None:
        self._mpc, self._own, self._targets, self._layout = mpc, own, targets, layout
        self._ones = np.full(layout.batch_size, mpc.encode(1.0), np.uint64)
        self._zero = np.zeros(1, np.uint64)

    def zero_weights(self) -> Ring:
        return np.zeros(self._layout.width, np.uint64)

    def as_share(self, weights: Share | Ring) -> Share:
        self._mpc.seal(self._zero)  # the reference operator's penalty of the constant: the peer draws it as well
        if isinstance(weights, Share):
            return weights
        features = self._mpc.seal(weights[:-1]).ring
        return self._mpc.share.of(np.append(features, self._zero))

    async def batches(self, epoch: int) -> AsyncIterator[InterconnectionBatch]:
        size, owned = self._layout.batch_size, self._layout.owned(self._mpc.rank)
        for start in range(0, size * self._layout.batches, size):
            rows = np.zeros((size, self._layout.width), np.uint64)
            rows[:, owned] = self._own[start : start + size]
            rows[:, -1] = self._mpc.seal(self._ones).ring
            yield InterconnectionBatch(self._mpc, self._mpc.share.of(rows), self._targets[start : start + size])


class InterconnectionBatch:
    __slots__ = ("_mpc", "_rows", "_targets")

    def __init__(self, mpc: Semi2k, rows: Share, targets: Share) -> None:
        self._mpc, self._rows, self._targets = mpc, rows, targets

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        mpc = self._mpc
        if isinstance(weights, Share):
            return await mpc.matmul(self._rows, weights, bits)
        return mpc.share(matvec(self._rows.kept, weights)).truncate(bits)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        transposed = np.ascontiguousarray(self._rows.kept.T)  # it goes over the link row by row
        return await self._mpc.matmul(self._mpc.share(transposed), predictions - self._targets, bits)


BLOCK_ELEMENTS = 2**15
"""Ring elements (256 KiB) of the matrix that are prepared in one go, at least one batch: what fits into a core's cache."""


class PreprocessedData:
    """Masks and triples in bulk. Arguments as for `InterconnectionData`.

    X = [X_0 | X_1], the constant column being the last of X_1. Rank r masks X_r with A_r, which it draws alone:
    F_r = X_r - A_r, sent to the peer once, tells it nothing. With F = [F_0 | F_1] and A = [A_0 | A_1], a product with
    w = v + e, v random and e = w - v opened in its step, is

        X w = F v + A v + X e

    The first two terms are known beforehand: q_i = F v_i + c_i, where the c_i add up to A v (from the TTP). The third is
    local, because e is public: each party multiplies its own columns. X^T r goes the same way with a v of its own.

    Blocks of batches are prepared when training reaches them, for a group of epochs at once, and F is then let go; what
    stays are vectors.
    """

    def __init__(self, mpc: Semi2k, own: Ring, targets: Share, layout: Layout) -> None:
        self._mpc, self._layout = mpc, layout
        self._columns = (layout.columns[0], layout.columns[1] + 1)
        rows = layout.batches * layout.batch_size
        own = own[:rows]
        if mpc.rank:
            own = np.append(own, np.full((rows, 1), mpc.encode(1.0)), axis=1)
        self._own = own.reshape(layout.batches, layout.batch_size, -1)
        self._owned = slice(layout.columns[0], None) if mpc.rank else slice(0, layout.columns[0])
        self._targets = targets.kept[:rows].reshape(layout.batches, layout.batch_size)
        self._per_block = max(1, BLOCK_ELEMENTS // (layout.batch_size * layout.width))
        self._group = max(1, layout.width // 2)  # epochs whose vectors take no more memory than X
        self._blocks: dict[int, list[Block]] = {}  # first batch -> what is prepared for the epochs of this group

    def zero_weights(self) -> Share:
        return self._mpc.zeros(self._layout.width)

    def as_share(self, weights: Share | Ring) -> Share:
        return weights  # type: ignore[return-value]  # they were one from the beginning

    async def batches(self, epoch: int) -> AsyncIterator[PreprocessedBatch]:
        mpc, owned = self._mpc, self._owned
        epochs = min(self._group, self._layout.epochs - epoch)
        for first in range(0, self._layout.batches, self._per_block):
            own = self._own[first : first + self._per_block]
            if epoch % self._group == 0:
                self._blocks[first] = await self._prepare(own, self._targets[first : first + len(own)], epochs)
            block = self._blocks[first].pop(0)
            for parts in zip(own, *block, block.q_columns[:, owned], strict=True):
                yield PreprocessedBatch(mpc, owned, *parts)

    async def _prepare(self, own: Ring, targets: Ring, epochs: int) -> list[Block]:
        """Mask a block of this party's columns, exchange F, and make the vectors of all its products in `epochs` epochs."""
        mpc = self._mpc
        count, size, _ = own.shape
        masks = tuple(PrgBuffer(mpc.beaver.counter, count * size * columns) for columns in self._columns)
        mine = own - mpc.beaver.draw(own.size).reshape(own.shape)
        mpc.beaver.counter = masks[0].counter + blocks_of(max(masks[0].elements, masks[1].elements))  # as the peer's
        theirs = (await mpc.link.exchange(mine, "open X-A")).reshape(count, size, -1)
        parts = [theirs, mine] if mpc.rank else [mine, theirs]
        blocks = []
        for _ in range(epochs):
            v_rows, q_rows = await self._vectors(masks, parts, transpose=False)
            v_columns, q_columns = await self._vectors(masks, parts, transpose=True)
            blocks.append(Block(v_rows, q_rows, v_columns + targets, q_columns))
        return blocks

    async def _vectors(self, masks: tuple[PrgBuffer, ...], parts: list[Ring], transpose: bool) -> tuple[Ring, Ring]:
        """For every batch of a block this party's share of a random vector v, and q = F v_i + c_i (F^T if asked)."""
        mpc = self._mpc
        count, size, _ = parts[0].shape
        lengths = (size, self._layout.width) if transpose else (self._layout.width, size)
        (v_buffer, c_buffer), (v, c) = mpc.draw_triple(count * lengths[0], count * lengths[1])
        if mpc.ttp.adjusts:
            c = c + await mpc.ttp.adjust_owned_dot(masks, v_buffer, c_buffer, count, size, transpose=transpose)
        v, c = mpc.share.of(v.reshape(count, -1)).kept, mpc.share.of(c.reshape(count, -1)).kept
        q = joined_vecmat(v, parts) if transpose else joined_matvec(parts, v)
        q += c
        return v, q


class Block(NamedTuple):
    """What is prepared for the batches of a block in one epoch, in the form that `Share.kept` has.

    The first axis of every array is the batch. A step uses up its rows of q: they become its result.
    """

    v_rows: Ring
    q_rows: Ring
    v_columns: Ring
    """The random vector of X^T r, plus the targets: the residual r = p - y then costs no subtraction of its own."""
    q_columns: Ring


class PreprocessedBatch:
    """One batch of a `Block`, with this party's own columns of its rows."""

    __slots__ = ("_mpc", "_own", "_owned", "_q_columns", "_q_owned", "_q_rows", "_v_columns", "_v_rows")

    def __init__(
        self,
        mpc: Semi2k,
        owned: slice,
        own: Ring,
        v_rows: Ring,
        q_rows: Ring,
        v_columns: Ring,
        q_columns: Ring,
        q_owned: Ring,
    ) -> None:
        self._mpc, self._owned, self._own = mpc, owned, own
        self._v_rows, self._q_rows, self._v_columns = v_rows, q_rows, v_columns
        self._q_columns, self._q_owned = q_columns, q_owned

    async def dot(self, weights: Share, bits: int) -> Share:
        mpc, result = self._mpc, self._q_rows
        mine = mpc.share.difference(weights.kept, self._v_rows)
        e = mine + await mpc.link.exchange(mine, "open w-v")
        mpc.share.accumulate(result, matvec(self._own, e[self._owned]))
        return mpc.share(shift(result, bits))

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        mpc, result = self._mpc, self._q_columns
        mine = mpc.share.difference(predictions.kept, self._v_columns)
        e = mine + await mpc.link.exchange(mine, "open r-v")
        mpc.share.accumulate(self._q_owned, vecmat(e, self._own))
        return mpc.share(shift(result, bits))
