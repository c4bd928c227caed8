"""Training data with masks and triples in bulk, and every step written down."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np

from ..columns import Columns
from ..data import Layout
from ..preprocessed import PreprocessedData
from ..preprocessed_batch import AssistedBatch, Block, PreprocessedBatch
from ..ring import Ring
from ..share import Share
from ..ttp_session import PrgBuffer
from .semi2k import TracedSemi2k, notes_of


class TracedPreprocessedData(PreprocessedData):
    """One party's part."""

    mpc: TracedSemi2k

    def __init__(self, mpc: TracedSemi2k, own: Ring | Columns, targets: Share, layout: Layout) -> None:
        super().__init__(mpc, own, targets, layout)
        self._own.held = True
        mpc.notes.expect(self._own.made(0, layout.batches).reshape(-1, self._columns[mpc.rank]), layout)
        self._batch = TracedAssistedBatch if mpc.assisted else TracedBatch

    async def batches(self, epoch: int) -> AsyncIterator[PreprocessedBatch]:
        number = 0
        async for batch in super().batches(epoch):
            self.mpc.notes.begin(epoch, number)
            yield batch
            number += 1

    async def _prepare(self, own: Ring, epochs: int) -> list[Block]:
        self.mpc.notes.leave_batch()
        return await super()._prepare(own, epochs)

    async def _masked(self, own: Ring) -> tuple[tuple[PrgBuffer, PrgBuffer], Ring]:
        masks, masked = await super()._masked(own)
        sent = self.mpc.notes.last_exchange()[0]
        arrays = own, own - sent, sent
        self.mpc.notes.write("mask columns", "X - A", arrays, exchanges=1, draws=self.mpc.draws())
        return masks, masked

    async def _vectors(self, masks: tuple[PrgBuffer, PrgBuffer], masked: Ring, transpose: bool) -> tuple[Ring, Ring]:
        v, q = await super()._vectors(masks, masked, transpose)
        (c,), d, share = self.mpc.parts, self.mpc.notes.corrected(), self.mpc.share
        arrays = share(v).ring, c if d is None else c + d, share(q).ring, d
        self.mpc.notes.write("vectors", "A^T v" if transpose else "A v", arrays, draws=self.mpc.draws())
        return v, q


class TracedBatch(PreprocessedBatch):
    """A batch whose products are written down."""

    __slots__ = ()

    async def dot(self, weights: Share, bits: int) -> Share:
        data, notes = self._data, notes_of(self._data.mpc)
        kept, v, q = notes.weights(weights), self._v_rows, self._q_rows.copy()  # others change their own in place
        result = await super().dot(weights, bits)
        arrays = kept[data.peers], v, q, kept[data.owned], *notes.last_exchange(), self._own, result.kept
        notes.write("cross product", "X w", arrays, exchanges=1, bits=bits)
        return result

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        notes, v, q = notes_of(self._data.mpc), self._v_columns, self._q_columns.copy()
        residuals = predictions.kept - self._targets
        notes.write("subtract", "p - y", (predictions.kept, self._targets, residuals))
        result = await super().residual_dot(predictions, bits)
        arrays = residuals, v, q, residuals, *notes.last_exchange(), self._own, result.kept
        notes.write("transposed cross product", "X^T r", arrays, exchanges=1, bits=bits)
        notes.gradient(result)
        return result


class TracedAssistedBatch(AssistedBatch):
    """An assisted batch whose products are written down; truncations write themselves down."""

    __slots__ = ()

    async def _multiply(self, weights: Share) -> None:
        data, notes = self._data, notes_of(self._data.mpc)
        kept, v, q = notes.weights(weights), self._v_rows, self._q_rows + self._data.cut_rows.before
        await super()._multiply(weights)
        arrays = kept[data.peers], v, q, kept[data.owned], *notes.last_exchange(), self._own, None
        notes.write("cross product", "X w", arrays, exchanges=1)

    async def _multiply_transposed(self, residuals: Ring) -> None:
        notes, v, q = notes_of(self._data.mpc), self._v_columns, self._q_columns.copy()
        notes.write("subtract", "p - y", (residuals + self._targets, self._targets, residuals))
        await super()._multiply_transposed(residuals)
        arrays = residuals, v, q, residuals, *notes.last_exchange(), self._own, None
        notes.write("transposed cross product", "X^T r", arrays, exchanges=1)

    def _penalise(self, weights: Share, l2: Ring) -> None:
        before = self._q_columns.copy()
        super()._penalise(weights, l2)
        notes_of(self._data.mpc).write("add scaled", "l2 w", (before, weights.kept.copy(), l2, self._q_columns.copy()))

    def _scale(self, rate: Ring) -> None:
        before = self._q_columns.copy()
        super()._scale(rate)
        arrays = before, np.broadcast_to(rate, before.shape), self._q_columns.copy()
        notes_of(self._data.mpc).write("multiply by public", "rate g", arrays)

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        change = await super().change(predictions, weights, rate, l2)
        notes_of(self._data.mpc).gradient(change, "step")
        return change
