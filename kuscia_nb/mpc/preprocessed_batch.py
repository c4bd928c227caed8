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

    The two products are the inner loop of training: every numpy call in them counts. Each may be asked for once.
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
        self._v_rows: Ring | None = v_rows
        self._v_columns: Ring | None = v_columns
        self._q_rows, self._q_columns = q_rows, q_columns
        self._q_rows_signed, self._q_columns_signed, self._q_owned = q_rows_signed, q_columns_signed, q_owned

    async def dot(self, weights: Share, bits: int) -> Share:
        mpc, kept, q, v = self._data.mpc, weights.kept, self._q_rows, self._v_rows
        if v is None:
            raise used_up()
        self._v_rows = None
        owned, peers = kept[self._data.owned], kept[self._data.peers]
        e = await mpc.link.exchange(v - peers if mpc.mirrored else peers - v, "send w-v", owned.shape)
        add(q, matvec(self._own, owned - e if mpc.mirrored else owned + e), q)
        right_shift(self._q_rows_signed, SHIFTS[bits], self._q_rows_signed)
        return mpc.share(q)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        mpc, q, v = self._data.mpc, self._q_owned, self._v_columns
        if v is None:
            raise used_up()
        self._v_columns = None
        residuals = predictions.kept - self._targets
        e = await mpc.link.exchange(v - residuals if mpc.mirrored else residuals - v, "send r-v")
        add(q, vecmat(residuals - e if mpc.mirrored else residuals + e, self._own), q)
        right_shift(self._q_columns_signed, SHIFTS[bits], self._q_columns_signed)
        return mpc.share(self._q_columns)


class AssistedBatch(PreprocessedBatch):
    """The same, truncated with the TTP's help: twice in a step."""

    __slots__ = ("_change_pairs", "_gradient_pairs", "_q_columns_upper", "_q_rows_upper", "_row_pairs")

    def __init__(
        self,
        data: PreprocessedData,
        own: Ring,
        targets: Ring,
        v_rows: Ring,
        q_rows: Ring,
        v_columns: Ring,
        q_columns: Ring,
        q_rows_upper: Words,
        q_columns_upper: Words,
        q_owned: Ring,
        row_pairs: Pairs,
        change_pairs: Pairs,
        gradient_pairs: Pairs | None,
    ) -> None:
        self._data, self._own, self._targets = data, own, targets
        self._v_rows, self._q_rows, self._v_columns, self._q_columns = v_rows, q_rows, v_columns, q_columns
        self._q_rows_upper, self._q_columns_upper, self._q_owned = q_rows_upper, q_columns_upper, q_owned
        self._row_pairs, self._change_pairs, self._gradient_pairs = row_pairs, change_pairs, gradient_pairs

    async def dot(self, weights: Share, bits: int) -> Share:
        await self._multiply(weights)
        await self._data.cut_rows.cut(self._q_rows, self._q_rows_upper, self._row_pairs)
        return self._data.mpc.share(self._q_rows)

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        await self._multiply_transposed(predictions.kept - self._targets)
        return await self._data.mpc.truncate(self._data.mpc.share(self._q_columns), bits)

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """As `data.AssistedBatch` has it."""
        data, total = self._data, self._q_columns
        await self._multiply_transposed(predictions.kept - self._targets)
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
        data, kept, q, v = self._data, weights.kept, self._q_rows, self._v_rows
        if v is None:
            raise used_up()
        self._v_rows = None
        owned = kept[data.owned]
        e = await data.mpc.link.exchange(kept[data.peers] - v, "send w-v", owned.shape)
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
        add(self._q_columns, weights.kept * l2, self._q_columns)

    def _scale(self, rate: Ring) -> None:
        multiply(self._q_columns, rate, self._q_columns)
