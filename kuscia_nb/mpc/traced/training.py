"""Training on shares, every step of which is written down, in both strategies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np

from ..columns import Columns, as_columns
from ..data import Layout
from ..interconnection import InterconnectionData
from ..interconnection_batch import AssistedInterconnectionBatch, InterconnectionBatch, Product, Triple
from ..interconnection_batch import Block as Requests
from ..preprocessed import PreprocessedData
from ..preprocessed_batch import AssistedBatch, Block, PreprocessedBatch
from ..ring import Ring, Words, shift
from ..share import Share
from ..truncation import Pairs, Truncation
from ..ttp_session import PrgBuffer
from .semi2k import TracedSemi2k, TracedTtpClient


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
    """One batch."""

    _data: TracedPreprocessedData

    async def dot(self, weights: Share, bits: int) -> Share:
        data, notes = self._data, self._data.mpc.notes
        w, v, q = notes.weights(weights), self._v_rows, self._q_rows.copy()  # others change their own in place
        result = await super().dot(weights, bits)
        arrays = w[data.peers], v, q, w[data.owned], *notes.last_exchange(), self._own, result.operand
        notes.write("cross product", "X w", arrays, exchanges=1, bits=bits)
        return result

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        notes, v, q = self._data.mpc.notes, self._v_columns, self._q_columns.copy()
        residuals = predictions.operand - self._targets
        notes.write("subtract", "p - y", (predictions.operand, self._targets, residuals))
        result = await super().residual_dot(predictions, bits)
        arrays = residuals, v, q, residuals, *notes.last_exchange(), self._own, result.operand
        notes.write("transposed cross product", "X^T r", arrays, exchanges=1, bits=bits)
        notes.gradient(result)
        return result


class TracedAssistedBatch(AssistedBatch):
    """One batch whose truncations are made with the TTP's help, and write themselves down."""

    _data: TracedPreprocessedData

    async def _multiply(self, weights: Share) -> None:
        data, notes = self._data, self._data.mpc.notes
        w, v, q = notes.weights(weights), self._v_rows, self._q_rows + self._data.cut_rows.before
        await super()._multiply(weights)
        arrays = w[data.peers], v, q, w[data.owned], *notes.last_exchange(), self._own, None
        notes.write("cross product", "X w", arrays, exchanges=1)

    async def _multiply_transposed(self, residuals: Ring) -> None:
        notes, v, q = self._data.mpc.notes, self._v_columns, self._q_columns.copy()
        notes.write("subtract", "p - y", (residuals + self._targets, self._targets, residuals))
        await super()._multiply_transposed(residuals)
        arrays = residuals, v, q, residuals, *notes.last_exchange(), self._own, None
        notes.write("transposed cross product", "X^T r", arrays, exchanges=1)

    def _penalise(self, weights: Share, l2: Ring) -> None:
        before = self._q_columns.copy()
        super()._penalise(weights, l2)
        self._data.mpc.notes.write("add scaled", "l2 w", (before, weights.operand.copy(), l2, self._q_columns.copy()))

    def _scale(self, rate: Ring) -> None:
        before = self._q_columns.copy()
        super()._scale(rate)
        arrays = before, np.broadcast_to(rate, before.shape), self._q_columns.copy()
        self._data.mpc.notes.write("multiply by public", "rate g", arrays)

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        change = await super().change(predictions, weights, rate, l2)
        self._data.mpc.notes.gradient(change, "step")
        return change


class TracedInterconnectionData(InterconnectionData):
    """One party's part. Its arrays are new ones in each block: notes keep them."""

    _mpc: TracedSemi2k

    def __init__(self, mpc: TracedSemi2k, own: Ring | Columns, targets: Share, layout: Layout) -> None:
        columns = as_columns(own)
        mpc.notes.expect(columns.ring(0, columns.shape[0]), layout)
        super().__init__(mpc, own, targets, layout)
        self._batch = TracedAssistedInterconnectionBatch if mpc.assisted else TracedInterconnectionBatch

    def as_share(self, weights: Ring) -> Share:
        share = super().as_share(weights)
        share = self._mpc.share(share.operand.copy())  # the program changes its own in place
        self._mpc.notes.weights(share)
        return share

    async def batches(self, epoch: int) -> AsyncIterator[InterconnectionBatch]:
        number = 0
        async for batch in super().batches(epoch):
            assert isinstance(batch, TracedInterconnectionBatch)
            batch.step = number - self._start
            self._mpc.notes.begin(epoch, number)
            yield batch
            number += 1

    async def _prepare(self, epoch: int, start: int, count: int) -> tuple[Requests, Iterator[tuple[Any, ...]]]:
        self._mpc.notes.leave_batch()
        self._start = start
        return await super()._prepare(epoch, start, count)

    def _room(self, count: int) -> tuple[Ring, Ring]:
        self._rooms = self._rooms[0][:0], self._rooms[1][:0]
        return super()._room(count)

    def _drawn(self, blocks: int) -> Ring:
        self._draws = self._draws[:0]
        return super()._drawn(blocks)


class TracedInterconnectionBatch(InterconnectionBatch):
    """One batch."""

    _mpc: TracedSemi2k
    step = 0
    """Which one of its block."""

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        gradient = await super().residual_dot(predictions, bits)
        self._mpc.notes.gradient(gradient)
        return gradient

    async def _dot(self, weights: Share | Ring, bits: int) -> Share:
        values = self._values
        if isinstance(weights, Share):
            self._mpc.notes.weights(weights)
            return await super()._dot(weights, bits)
        z = await super()._dot(weights, bits)
        self._mpc.notes.write("dot public", "X w", (values, weights, z.ring))
        return z

    async def _multiply(self, product: Product, triple: Triple, vector: Ring, bits: int) -> Share:
        x, a, b, known, c = triple
        notes, share, targets = self._mpc.notes, self._mpc.share, known - b
        y = vector.copy()  # the program changes its weights in place
        if product is self._block.columns:
            y = (share(y) - share(targets)).operand
        self._hear(product.number)
        z = await super()._multiply(product, triple, vector, 0)
        t = share(shift(z.operand.copy(), bits)) if bits else z
        arrays = x, y, a, b, c, *notes.opened(), z.operand.copy(), t.operand if bits else None, notes.corrected()
        notes.write("product", product.op, arrays, exchanges=2, bits=bits, draws=self._buffers(product.number))
        return t

    def _hear(self, number: int) -> None:
        """A request of this step has been answered."""
        ttp = self._mpc.ttp
        assert isinstance(ttp, TracedTtpClient)
        if ttp.adjusts:
            self._mpc.notes.called_ttp(ttp.ahead[number][self.step])

    def _buffers(self, number: int) -> list[PrgBuffer]:
        """Where that was drawn which this step asks for with this request."""
        block = self._block
        before = self.step * block.stride
        return [PrgBuffer(counter + before, elements) for counter, elements in block.requests[number].buffers]


class TracedAssistedInterconnectionBatch(TracedInterconnectionBatch, AssistedInterconnectionBatch):
    """One batch whose truncations are made with the TTP's help."""

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        change = await super().change(predictions, weights, rate, l2)
        self._mpc.notes.gradient(change, "step")
        return change

    def _scaled(self, x: Ring, factor: Ring) -> Ring:
        return (self._mpc.share(x) * factor).operand

    def _added(self, x: Ring, y: Ring) -> Ring:
        return (self._mpc.share(x) + self._mpc.share(y)).operand

    def _next_cut(self, turn: int) -> tuple[Truncation, tuple[Pairs, Ring, Words]]:
        truncation, found = super()._next_cut(turn)
        number = self._block.cuts[turn][0]
        self._hear(number)
        self._mpc.notes.pair(found[0], truncation.bits, self._buffers(number))
        return truncation, found
