"""Training data with masks and triples in bulk: a product sends a vector and goes once over a party's columns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import numpy as np
from numpy import subtract

from .columns import ColumnBlocks, Columns, as_columns
from .data import SIGMOID_SHIFT, Layout
from .preprocessed_batch import AssistedBatch, Block, PreprocessedBatch
from .ring import Ring, batch_matvec, batch_vecmat
from .sacrifice import Claim
from .semi2k import Semi2k
from .share import Share
from .truncation import Pairs
from .ttp_session import PrgBuffer

BLOCK_ELEMENTS = 2**17
"""Ring elements (1 MiB) of the matrix that are prepared in one go: they fit into a core's cache."""
GROUP_BYTES = 2**30
"""What the vectors of the epochs that are prepared in one go may take."""
PAIRS = 2**15
"""Numbers that are truncated in a step, for so many of which pairs are made in one go if the TTP helps."""
CHANGE_BITS = 8
"""Where the TTP helps to truncate, rate * gradient is cut once if there is room for 2^8 in front of 3 * fxp_bits.

A step that changes a weight by more is one of a training that diverges.
"""


def cut_at_once(fxp_bits: int) -> bool:
    """Whether the TTP helps to cut rate * gradient once; if not, the gradient is cut before."""
    return 3 * fxp_bits + CHANGE_BITS <= 62


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

    def __init__(self, mpc: Semi2k, own: Ring | Columns, targets: Share, layout: Layout) -> None:
        self.mpc, self._layout = mpc, layout
        self._columns = (layout.columns[0], layout.columns[1] + 1)
        split = layout.columns[0]
        self.owned, self.peers = slice(0, split), slice(split, None)
        rows = layout.batches * layout.batch_size
        if mpc.rank:
            self.owned, self.peers = self.peers, self.owned
        columns = as_columns(own)
        self._own = ColumnBlocks(
            columns,
            layout.batch_size,
            mpc.encode(1.0) if mpc.rank else None,
            kept=columns.kept and layout.epochs > 1,
        )
        self._targets = targets.operand[:rows].reshape(layout.batches, layout.batch_size)
        self._per_block = layout.per_block(BLOCK_ELEMENTS)
        vectors = 16 * layout.batches * (layout.batch_size + layout.width)  # bytes that an epoch's take, at most
        self._group = max(1, min(layout.width // 2, GROUP_BYTES // vectors))  # epochs; they take no more than X would
        self._blocks: dict[int, list[Block]] = {}  # first batch -> what is prepared for the epochs of this group
        self.changes = mpc.assisted
        self._batch: Callable[..., PreprocessedBatch] = AssistedBatch if mpc.assisted else PreprocessedBatch
        if mpc.assisted:
            bits, fits = mpc.fxp_bits, cut_at_once(mpc.fxp_bits)
            self.cut_rows = mpc.truncation(bits + SIGMOID_SHIFT)
            self.cut_gradient = None if fits else mpc.truncation(bits)
            self.cut_change = mpc.truncation(2 * bits if fits else bits)
            blocks = max(1, PAIRS // (self._per_block * (layout.batch_size + layout.width)))
            self._per_pairs = blocks * self._per_block
            self._stock: list[Pairs | None] = []

    def zero_weights(self) -> Share:
        """Zero as a share, shape (width,)."""
        return self.mpc.share(np.zeros(self._layout.width, np.uint64))

    async def batches(self, epoch: int) -> AsyncIterator[PreprocessedBatch]:
        """Epoch by epoch, each in order; what is prepared goes when its last epoch has used it."""
        epochs = min(self._group, self._layout.epochs - epoch)
        for first in range(0, self._layout.batches, self._per_block):
            own = self._own.block(first, min(self._per_block, self._layout.batches - first))
            targets = self._targets[first : first + self._per_block]
            if epoch % self._group == 0:
                self._blocks[first] = await self._prepare(own, epochs)
            block = self._blocks[first].pop(0)
            views = await self._assistance(first, block) if self.mpc.assisted else block.views(self.owned)
            for parts in zip(own, targets, *block, *views, strict=True):
                yield self._batch(self, parts)

    async def _prepare(self, own: Ring, epochs: int) -> list[Block]:
        """Exchange F of a block of batches, and make the vectors of its products in `epochs` epochs."""
        masks, masked = await self._masked(own)
        return [
            Block(*await self._vectors(masks, masked, False), *await self._vectors(masks, masked, True))
            for _ in range(epochs)
        ]

    async def _masked(self, own: Ring) -> tuple[tuple[PrgBuffer, PrgBuffer], Ring]:
        """Mask a block of this party's columns: where both parties' masks were drawn, and F of the peer."""
        mpc, (count, size, _) = self.mpc, own.shape
        masks, mask = mpc.draw_own((count * size * self._columns[0], count * size * self._columns[1]))
        shape = count, size, self._columns[1 - mpc.rank]
        return masks, await mpc.link.exchange(own - mask.reshape(own.shape), "send X-A", shape)

    async def _assistance(self, first: int, block: Block) -> tuple[Iterable[Any], ...]:
        """What truncations with the TTP's help take in a block that begins with the batch `first`."""
        start, count = first % self._per_pairs, len(block.q_rows)
        if not start:
            batches = min(self._per_pairs, self._layout.batches - first)
            lengths = self._layout.batch_size, self._layout.width, self._layout.width
            cuts = zip((self.cut_rows, self.cut_change, self.cut_gradient), lengths, strict=True)
            self._stock = [cut and await self.mpc.draw_pairs((batches, n), cut.bits) for cut, n in cuts]
        pairs = (repeat(None, count) if one is None else one.rows(start, count) for one in self._stock)
        subtract(block.q_rows, self.cut_rows.before, block.q_rows)
        upper = self.cut_rows.upper(block.q_rows), self.cut_change.upper(block.q_columns)
        return (*upper, block.q_columns[:, self.owned], *pairs)

    async def _vectors(self, masks: tuple[PrgBuffer, PrgBuffer], masked: Ring, transpose: bool) -> tuple[Ring, Ring]:
        """For every batch of a block: v, this party's mask, and q, all that is known of its share of the product."""
        mpc, (count, size, _) = self.mpc, masked.shape
        lengths = (size, size) if transpose else (self._columns[1], self._columns[0])
        vectors, v = mpc.draw_own((count * lengths[0], count * lengths[1]))
        (c_buffer,), (c,) = mpc.draw_triple(count * (self._layout.width if transpose else size))
        if mpc.ttp.adjusts:
            c = c + await mpc.ttp.adjust_cross_dot(masks, vectors, c_buffer, count, size, transpose=transpose)
        if mpc.sacrifice:
            mask = mpc.beaver.at(*masks[mpc.rank]).reshape(count, size, -1)
            await mpc.sacrifice.check(self._claims(mask, v.reshape(count, -1), c.reshape(count, -1), transpose))
        v, q = v.reshape(count, -1), c.reshape(count, -1).copy()
        if transpose:
            q[:, self.peers] += batch_vecmat(v, masked)
        else:
            q += batch_matvec(masked, v)
        return mpc.share.of(v).operand, mpc.share.of(q).operand

    def _claims(self, mask: Ring, v: Ring, c: Ring, transpose: bool) -> Iterator[Claim]:
        """That c is what this party's mask and the peer's vector come to, and the peer's mask and this party's v.

        Of what is the peer's alone, this party's share is zero.
        """
        (count, size, _), width = mask.shape, self._layout.width
        if transpose:
            own = Claim(mask.transpose(0, 2, 1), np.zeros((count, size), np.uint64), c[:, self.owned])
            nothing = np.zeros((count, width - mask.shape[2], size), np.uint64)
            peers = Claim(nothing, v, c[:, self.peers])
            yield from (peers, own) if self.mpc.rank else (own, peers)
            return
        a, b = np.zeros((count, size, width), np.uint64), np.zeros((count, width), np.uint64)
        a[:, :, self.owned], b[:, self.peers] = mask, v
        yield Claim(a, b, c)
