"""The batches of `preprocessed`: a step's products, from what was prepared for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import add, multiply, right_shift, subtract
from numpy.typing import NDArray

from .data import used_up
from .ring import SHIFTS, Ring, Words, matvec, signed, vecmat
from .share import Share
from .truncation import Pairs

if TYPE_CHECKING:
    from .preprocessed import PreprocessedData


class Block(NamedTuple):
    """What is prepared for the batches of a block in one epoch, in the form that `Share.operand` has.

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

    def views(self, owned: slice) -> tuple[Signed, Signed, Ring]:
        """q_rows and q_columns as signed numbers, and the owned part of q_columns."""
        return signed(self.q_rows), signed(self.q_columns), self.q_columns[:, owned]


Signed = NDArray[np.int64]
Parts = tuple[Ring, Ring, Ring, Ring, Ring, Ring, Signed, Signed, Ring]
"""Of a batch: this party's own columns of its rows, its targets, what its `Block` has for it, and the views of that."""
AssistedParts = tuple[Ring, Ring, Ring, Ring, Ring, Ring, Words, Words, Ring, Pairs, Pairs, Pairs | None]
"""The same, with upper words in place of signed numbers; pairs for the rows, for the change and for the gradient."""


class PreprocessedBatch:
    """One batch of a `Block`.

    The two products are the inner loop of training: every numpy call in them counts. Each may be asked for once.
    """

    __slots__ = (
        "_data", "_own", "_q_columns", "_q_columns_signed", "_q_owned", "_q_rows", "_q_rows_signed", "_targets",
        "_v_columns", "_v_rows",
    )  # fmt: skip

    def __init__(self, data: PreprocessedData, parts: Parts) -> None:
        self._data = data
        self._v_rows: Ring | None
        self._v_columns: Ring | None
        (
            self._own, self._targets, self._v_rows, self._q_rows, self._v_columns, self._q_columns,
            self._q_rows_signed, self._q_columns_signed, self._q_owned,
        ) = parts  # fmt: skip

    async def dot(self, weights: Share, bits: int) -> Share:
        mpc, w, q, v = self._data.mpc, weights.operand, self._q_rows, self._v_rows
        if v is None:
            raise used_up()
        self._v_rows = None
        owned, peers = w[self._data.owned], w[self._data.peers]
        e = await mpc.link.exchange(v - peers if mpc.mirrored else peers - v, "send w-v", owned.shape)
        add(q, matvec(self._own, owned - e if mpc.mirrored else owned + e), q)
        right_shift(self._q_rows_signed, SHIFTS[bits], self._q_rows_signed)
        return mpc.share(q)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        mpc, q, v = self._data.mpc, self._q_owned, self._v_columns
        if v is None:
            raise used_up()
        self._v_columns = None
        residuals = predictions.operand - self._targets
        e = await mpc.link.exchange(v - residuals if mpc.mirrored else residuals - v, "send r-v")
        add(q, vecmat(residuals - e if mpc.mirrored else residuals + e, self._own), q)
        right_shift(self._q_columns_signed, SHIFTS[bits], self._q_columns_signed)
        return mpc.share(self._q_columns)


class AssistedBatch(PreprocessedBatch):
    """The same, truncated with the TTP's help: twice in a step."""

    __slots__ = ("_change_pairs", "_gradient_pairs", "_q_columns_upper", "_q_rows_upper", "_row_pairs")

    def __init__(self, data: PreprocessedData, parts: AssistedParts) -> None:
        self._data = data
        (
            self._own, self._targets, self._v_rows, self._q_rows, self._v_columns, self._q_columns,
            self._q_rows_upper, self._q_columns_upper, self._q_owned,
            self._row_pairs, self._change_pairs, self._gradient_pairs,
        ) = parts  # fmt: skip

    async def dot(self, weights: Share, bits: int) -> Share:
        await self._multiply(weights)
        await self._data.cut_rows.cut(self._q_rows, self._q_rows_upper, self._row_pairs)
        return self._data.mpc.share(self._q_rows)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        await self._multiply_transposed(predictions.operand - self._targets)
        return await self._data.mpc.truncate(self._data.mpc.share(self._q_columns), bits)

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """As `data.AssistedBatch` has it."""
        data, total = self._data, self._q_columns
        await self._multiply_transposed(predictions.operand - self._targets)
        if l2 is not None:
            self._penalise(weights, l2)
        if data.cut_gradient is not None and self._gradient_pairs is not None:
            subtract(total, data.cut_gradient.before, total)
            await data.cut_gradient.cut(total, self._q_columns_upper, self._gradient_pairs)
        self._scale(rate)
        subtract(total, data.cut_change.before, total)
        await data.cut_change.cut(total, self._q_columns_upper, self._change_pairs)
        return data.mpc.share(total)

    async def _multiply(self, weights: Share) -> None:
        """q_rows becomes X w, less what its truncation wants taken away."""
        data, w, q, v = self._data, weights.operand, self._q_rows, self._v_rows
        if v is None:
            raise used_up()
        self._v_rows = None
        owned = w[data.owned]
        e = await data.mpc.link.exchange(w[data.peers] - v, "send w-v", owned.shape)
        add(q, matvec(self._own, owned + e), q)

    async def _multiply_transposed(self, residuals: Ring) -> None:
        """q_columns becomes X^T r."""
        q, v = self._q_owned, self._v_columns
        if v is None:
            raise used_up()
        self._v_columns = None
        e = await self._data.mpc.link.exchange(residuals - v, "send r-v")
        add(q, vecmat(residuals + e, self._own), q)

    def _penalise(self, weights: Share, l2: Ring) -> None:
        add(self._q_columns, weights.operand * l2, self._q_columns)

    def _scale(self, rate: Ring) -> None:
        multiply(self._q_columns, rate, self._q_columns)
