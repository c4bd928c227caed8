"""Training data with masks and triples in bulk: a product sends a vector and goes once over a party's columns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import numpy as np
from numpy import add, right_shift
from numpy.typing import NDArray

from .data import Layout
from .ring import SHIFTS, Ring, batch_matvec, batch_vecmat, matvec, signed, vecmat
from .semi2k import Semi2k
from .share import Share
from .ttp import PrgBuffer

BLOCK_ELEMENTS = 2**17
"""Ring elements (1 MiB) of the matrix that are prepared in one go: they fit into a core's cache."""


class PreprocessedData:
    """One party's part. `own`: its columns in fixed point, (rows, columns[rank]); targets: (rows,).

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
        self.owned, self.peers = slice(0, split), slice(split, None)
        rows = layout.batches * layout.batch_size
        own = own[:rows]
        if mpc.rank:
            self.owned, self.peers = self.peers, self.owned
            own = np.append(own, np.full((rows, 1), mpc.encode(1.0)), axis=1)
        self._own = own.reshape(layout.batches, layout.batch_size, -1)
        self._targets = targets.kept[:rows].reshape(layout.batches, layout.batch_size)
        self._per_block = layout.per_block(BLOCK_ELEMENTS)
        self._group = max(1, layout.width // 2)  # epochs whose vectors take no more memory than X
        self._blocks: dict[int, list[Block]] = {}  # first batch -> what is prepared for the epochs of this group
        self._batch = PreprocessedBatch
        if mpc.recorder is not None:
            mpc.recorder.expect(own, layout)
            self._batch = RecordedBatch

    def zero_weights(self) -> Share:
        """Zero as a share, shape (width,)."""
        return self.mpc.kind(np.zeros(self._layout.width, np.uint64))

    async def batches(self, epoch: int) -> AsyncIterator[PreprocessedBatch]:
        """Epoch by epoch, each in order; what is prepared goes when its last epoch has used it."""
        epochs = min(self._group, self._layout.epochs - epoch)
        for first in range(0, self._layout.batches, self._per_block):
            own = self._own[first : first + self._per_block]
            targets = self._targets[first : first + self._per_block]
            if epoch % self._group == 0:
                self._blocks[first] = await self._prepare(own, epochs)
            block = self._blocks[first].pop(0)
            for i, parts in enumerate(zip(own, targets, *block, *block.views(self.owned), strict=True), first):
                if self.mpc.recorder is not None:
                    self.mpc.recorder.begin(epoch, i)
                yield self._batch(self, *parts)

    async def _prepare(self, own: Ring, epochs: int) -> list[Block]:
        """Mask a block of this party's columns, exchange F, make the vectors of its products in `epochs` epochs."""
        mpc, (count, size, _) = self.mpc, own.shape
        if mpc.recorder is not None:
            mpc.recorder.leave_batch()
        masks, mask = mpc.draw_own((count * size * self._columns[0], count * size * self._columns[1]))
        masked = await mpc.link.exchange(own - mask.reshape(own.shape), "send X-A")
        if mpc.recorder is not None:
            arrays = own, mask.reshape(own.shape), mpc.recorder.last_exchange()[0]
            mpc.recorder.note("mask columns", "X - A", arrays, exchanges=1, draws=(*masks[0], *masks[1]))
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
            q[:, self.peers] += batch_vecmat(v, masked)
        else:
            q += batch_matvec(masked, v)
        if mpc.recorder is not None:
            arrays, draws = (v, c, q, mpc.recorder.corrected()), (*vectors[0], *vectors[1], *c_buffer)
            mpc.recorder.note("vectors", "A^T v" if transpose else "A v", arrays, draws=draws)
        return mpc.kind.of(v).kept, mpc.kind.of(q).kept


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
        mpc, kept, q, v = self._data.mpc, weights.kept, self._q_rows, self._v_rows
        owned, peers = kept[self._data.owned], kept[self._data.peers]
        e = await mpc.link.exchange(v - peers if mpc.mirrored else peers - v, "send w-v")
        add(q, matvec(self._own, owned - e if mpc.mirrored else owned + e), q)
        right_shift(self._q_rows_signed, SHIFTS[bits], self._q_rows_signed)
        return mpc.share(q)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        mpc, q, v = self._data.mpc, self._q_owned, self._v_columns
        residuals = predictions.kept - self._targets
        e = await mpc.link.exchange(v - residuals if mpc.mirrored else residuals - v, "send r-v")
        add(q, vecmat(residuals - e if mpc.mirrored else residuals + e, self._own), q)
        right_shift(self._q_columns_signed, SHIFTS[bits], self._q_columns_signed)
        return mpc.share(self._q_columns)


class RecordedBatch(PreprocessedBatch):
    """A batch whose products are written down."""

    __slots__ = ()

    async def dot(self, weights: Share, bits: int) -> Share:
        data, recorder = self._data, self._data.mpc.recorder
        assert recorder is not None
        kept, q = weights.kept.copy(), self._q_rows.copy()  # the program and the product change their own in place
        recorder.weights(weights, kept)
        result = await super().dot(weights, bits)
        arrays = kept[data.peers], self._v_rows, q, kept[data.owned], *recorder.last_exchange(), self._own, result.kept
        recorder.note("cross product", "X w", arrays, exchanges=1, bits=bits)
        return result

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        recorder, q = self._data.mpc.recorder, self._q_columns.copy()
        assert recorder is not None
        residuals = predictions.kept - self._targets
        recorder.note("subtract", "p - y", (predictions.kept, self._targets, residuals))
        result = await super().residual_dot(predictions, bits)
        arrays = residuals, self._v_columns, q, residuals, *recorder.last_exchange(), self._own, result.kept
        recorder.note("transposed cross product", "X^T r", arrays, exchanges=1, bits=bits)
        recorder.gradient(result)
        return result
