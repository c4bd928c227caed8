"""Training data with a fresh triple for every product, as interconnection peers have it (spec: ss_lr §2, §3, §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from .columns import Columns, as_columns
from .data import SIGMOID_SHIFT, Layout
from .interconnection_batch import AssistedInterconnectionBatch, Block, InterconnectionBatch, Product
from .prg import ELEMENTS_PER_BLOCK, blocks_of, room_for
from .ring import Ring, Words
from .sacrifice import Claim, private
from .semi2k import Semi2k
from .share import Share
from .truncation import Pairs, Truncation
from .ttp_session import PrgBuffer
from .ttp_steps import Dot, MulPriv, Request, Steps, parts_of

BLOCK_ELEMENTS = 2**15
"""Ring elements (256 KiB) of the matrix that are prepared in one go; their masks and draws take four times as much."""


class InterconnectionData:
    """One party's part. `own`: its columns in fixed point, (rows, columns[rank]); targets: (rows,).

    What does not depend on the training (draws, the TTP's corrections, the sealed constant column) is made for a block
    of steps at once; every message, TTP request and counter is that of the protocol step by step. In the first step of
    all, the weights are a public zero: X_b . w needs no triple and no message, and the penalty seals them.
    """

    def __init__(self, mpc: Semi2k, own: Ring | Columns, targets: Share, layout: Layout) -> None:
        self._mpc, self._own, self._targets, self._layout = mpc, as_columns(own), targets, layout
        self._per_block = layout.per_block(BLOCK_ELEMENTS)
        empty = np.empty((0, 0, 0), np.uint64)
        self._rooms, self._draws = (empty, empty), empty
        self._opened = np.empty(layout.batch_size * layout.width, np.uint64)
        self.changes = mpc.assisted
        self._batch = AssistedInterconnectionBatch if mpc.assisted else InterconnectionBatch

    def zero_weights(self) -> Ring:
        """The public zero, shape (width,)."""
        return np.zeros(self._layout.width, np.uint64)

    def as_share(self, weights: Ring) -> Share:
        """The penalty's own messages are sent here, if there is one."""
        if not self._layout.penalised:  # nothing needs them as a share but the next step, which adds to them
            return self._mpc.share(np.zeros(self._layout.width, np.uint64)) + weights
        features = self._mpc.seal(weights[:-1]).ring
        return self._mpc.share.of(np.append(features, np.zeros(1, np.uint64)))

    async def batches(self, epoch: int) -> AsyncIterator[InterconnectionBatch]:
        """Epoch by epoch, each in order."""
        start = 0
        while start < self._layout.batches:
            count = self._count(epoch, start)
            block, steps = await self._prepare(epoch, start, count)
            for parts in steps:
                yield self._batch(self._mpc, block, *parts)
            start += count

    def _count(self, epoch: int, start: int) -> int:
        """How many batches from `start` are prepared in one go."""
        return 1 if epoch == start == 0 else min(self._per_block, self._layout.batches - start)

    async def _prepare(self, epoch: int, start: int, count: int) -> tuple[Block, Iterator[tuple[Any, ...]]]:
        """All that is known beforehand of `count` batches from `start`, and what each of them takes of it."""
        mpc, size = self._mpc, self._layout.batch_size
        values, values_transposed, zeros = self._values(start, count)
        targets = self._targets.operand[start * size : (start + count) * size].reshape(count, size)
        block = self._block(mpc.beaver.counter, begins=epoch == start == 0)
        drawn = self._drawn(block.stride * count).reshape(count, -1)
        parts = [parts_of(drawn, request, block.first) for request in block.requests]
        if mpc.ttp.adjusts:
            then = self._following(epoch, start + count)
            corrections = await mpc.ttp.adjust_ahead(block.requests, block.stride, count, then)
            parts = [[*own, c + given] for (*own, c), given in zip(parts, corrections, strict=True)]
        if mpc.sacrifice:
            await mpc.sacrifice.check(self._claim(*own) for own in parts)
        rows: Iterator[Any] = repeat(None, count)
        if block.rows is not None:
            rows = self._triples(values, parts[block.rows.number])
        columns = self._triples(values_transposed, parts[block.columns.number], targets)
        steps = values, rows, columns
        if self.changes:
            cuts = [_cuts(truncation, *parts[number]) for number, truncation in block.cuts]
            steps = *steps, zeros, zip(*cuts, strict=True) if cuts else repeat((), count)
        return block, zip(*steps, strict=True)

    def _following(self, epoch: int, start: int) -> Steps | None:
        """What the block behind this one will ask for; it begins with the batch `start`, or with the next epoch."""
        if start == self._layout.batches:
            epoch, start = epoch + 1, 0
        if epoch == self._layout.epochs:
            return None
        block = self._block(self._mpc.beaver.counter, begins=False)
        return Steps(block.requests, block.stride, self._count(epoch, start))

    def _block(self, first: int, *, begins: bool) -> Block:
        """The requests of a step, about what is drawn from the counter `first` on.

        The first product of the very first step has no triple. Pairs are drawn where SPU draws them: two behind X w,
        and behind X^T r one for it, one for the penalty, and one for the step.
        """
        mpc, size, width, f = self._mpc, self._layout.batch_size, self._layout.width, self._mpc.fxp_bits
        counter = first
        requests: list[Request] = []
        cuts: list[tuple[int, Truncation]] = []

        def drawn(elements: int, item: int = 8) -> PrgBuffer:
            nonlocal counter
            buffer = PrgBuffer(counter, elements)
            counter += blocks_of(elements, item)
            return buffer

        def product(op: str, m: int, k: int) -> Product:
            requests.append(Dot(drawn(m * k), drawn(k), drawn(m)))
            return Product(op, len(requests) - 1, self._opened[: m * k].reshape(m, k))

        def truncations(length: int, *counts: int) -> None:
            for bits in counts if mpc.assisted else ():
                truncation = mpc.truncation(bits)
                item = truncation.size
                cuts.append((len(requests), truncation))
                requests.append(MulPriv(drawn(length, item), drawn(length, item), item))

        rows = None if begins else product("X w", size, width)
        truncations(size, f, max(f, SIGMOID_SHIFT))
        columns = product("X^T r", width, size)
        truncations(width, *[f] * (2 + self._layout.penalised))
        slope = np.array(2 ** max(0, f - SIGMOID_SHIFT), np.uint64)
        return Block(first, counter - first, requests, rows, columns, cuts, slope)

    def _claim(self, a: Any, *rest: Any) -> Claim:
        """That what the TTP has corrected for a request of all steps is right: a product, or a truncation's pair."""
        if len(rest) == 1:
            return private(self._mpc.rank, a, *rest)
        b, c = rest
        return Claim(a.reshape(*c.shape, -1), b, c)

    def _triples(self, operand: Ring, parts: Sequence[Any], targets: Ring | None = None) -> Iterator[tuple[Ring, ...]]:
        """Those of a product, step by step."""
        a, b, c = parts
        b, c = self._mpc.share.of(b).operand, self._mpc.share.of(c).operand
        known = b if targets is None else b + targets
        return zip(operand, a.reshape(operand.shape), b, known, c, strict=True)

    def _values(self, start: int, count: int) -> tuple[Ring, Ring, Ring]:
        """This party's additive shares of `count` batches from `start`, (count, batch_size, width), and transposed.

        With those of the zero that stands for the intercept in the penalty, (count, 1).
        """
        mpc, layout = self._mpc, self._layout
        size = layout.batch_size
        values, transposed = self._room(count)
        owned = layout.owned(mpc.rank)
        self._own.into(values.reshape(count * size, -1)[:, owned], start * size)
        transposed[:, owned] = values[:, :, owned].transpose(0, 2, 1)
        # In every step the reference operator seals the constant column, and then a zero for its penalty.
        step = blocks_of(size) + layout.penalised
        counters = mpc.prss_counter + step * np.arange(count, dtype=np.uint64)
        mpc.prss_counter += step * count
        values[:, :, -1] = transposed[:, -1] = mpc.seal_at(np.full((count, size), mpc.encode(1.0)), counters)
        zeros = np.zeros((count, 1), np.uint64)
        if self.changes and layout.penalised:
            zeros = mpc.seal_at(zeros, counters + np.uint64(blocks_of(size)))
        return values, transposed, zeros

    def _room(self, count: int) -> tuple[Ring, Ring]:
        """Arrays for `count` batches, zero in the peer's columns; the same each time."""
        if count > len(self._rooms[0]):
            size, width = self._layout.batch_size, self._layout.width
            self._rooms = np.zeros((count, size, width), np.uint64), np.zeros((count, width, size), np.uint64)
        values, transposed = self._rooms
        return values[:count], transposed[:count]

    def _drawn(self, blocks: int) -> Ring:
        """The next so many blocks of this party's stream."""
        beaver, elements = self._mpc.beaver, ELEMENTS_PER_BLOCK * blocks
        counter, beaver.counter = beaver.counter, beaver.counter + blocks
        if len(self._draws) < elements + ELEMENTS_PER_BLOCK:
            self._draws = room_for(elements)
        return beaver.fill(counter, elements, self._draws)


def _cuts(truncation: Truncation, a: Words, c: Words) -> Iterator[tuple[Pairs, Ring, Words]]:
    """What a truncation takes in each step: pairs, a place for the number, and the upper words of that place."""
    room = np.empty(a.shape, np.uint64)
    return zip(truncation.pairs(a, c).rows(0, len(a)), room, truncation.upper(room), strict=True)
