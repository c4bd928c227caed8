"""Logistic regression by gradient descent on shares (spec: ss_lr §2).

For the rows X_b and labels y_b of a batch, with the sigmoid's minimax approximation 1/2 + z/8:

    p = X_b w / 8        g = X_b^T (p - (y_b - 1/2)) + l2 * w        w = w - rate * g

The intercept is the last weight and carries no penalty. Nothing is opened here but masked values.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy import add, multiply, right_shift, subtract

from ...mpc import InterconnectionData, Layout, PreprocessedData, Ring, Semi2k, Share, encode
from ...mpc.columns import Columns
from ...mpc.data import SIGMOID_SHIFT, AssistedBatch, TrainingData
from ...mpc.ring import SHIFTS
from ...options import Options

_PROGRESS_SECONDS = 0.1

STRATEGIES = {"preprocessed": PreprocessedData, "interconnection": InterconnectionData}
"""What makes the data of each options.Strategy."""


class Plan(NamedTuple):
    """The public terms of a training, in ring units at the protocol's fxp_bits."""

    layout: Layout
    rate: Ring
    """learning_rate / batch_size, a scalar."""
    l2: Ring
    """A scalar."""
    strategy: str = Options.strategy


def targets(mpc: Semi2k, labels: np.ndarray | None, rows: int) -> Share:
    """This party's share of y - 1/2 (the half is the sigmoid's constant); `labels` at their owner, None at the peer."""
    share = mpc.zeros(rows) if labels is None else mpc.input(encode(labels, mpc.fxp_bits))
    return share - mpc.encode(0.5)


async def train(
    mpc: Semi2k,
    own: Ring | Columns,
    targets: Share,
    plan: Plan,
    progress: Callable[[int, int], None] | None = None,
    on_step: Callable[[int, Share], None] | None = None,
    strategy: Callable[[Semi2k, Ring | Columns, Share, Layout], TrainingData] | None = None,
) -> Share:
    """This party's share of the weights, shape (width,): features in rank order, then the intercept.

    `own`: this party's columns, (rows, columns[rank]), in fixed point. `progress(done, steps)` is called ten times
    a second, `on_step(step, weights)` after every step, from 1; the weights are changed in place. `strategy` is that
    of a foreign peer, in place of the plan's.
    """
    progress = progress or _ignore
    make = strategy or mpc.link.variant(STRATEGIES[plan.strategy])
    data = make(mpc, own, targets, plan.layout)
    bits, descent, weights = mpc.fxp_bits, Descent(plan, mpc.fxp_bits), data.zero_weights()
    mpc.begin_training(plan.rate, descent.l2)
    steps, done, report = plan.layout.epochs * plan.layout.batches, 0, 0.0
    for epoch in range(plan.layout.epochs):
        async for batch in data.batches(epoch):
            if perf_counter() > report:
                progress(done, steps)
                report = perf_counter() + _PROGRESS_SECONDS
            predictions = await batch.dot(weights, bits + SIGMOID_SHIFT)
            gradient = None if data.changes else await batch.residual_dot(predictions, bits)
            if not isinstance(weights, Share):
                weights = data.as_share(weights)
            if gradient is None:
                await descent.change(weights, predictions, batch)
            else:
                descent.step(weights, gradient)
            done += 1
            if on_step is not None:
                on_step(done, weights)
    progress(steps, steps)
    return weights  # type: ignore[return-value]  # there is at least one step


def _ignore(done: int, steps: int) -> None:
    """Nobody watches."""


class Descent:
    """w - rate * (g + l2 * w) on a share: local arithmetic in one buffer, at most two truncations."""

    def __init__(self, plan: Plan, bits: int) -> None:
        self._penalised = plan.layout.penalised
        self._bits = SHIFTS[bits]
        self._rate = plan.rate
        self.l2 = np.full(plan.layout.width, plan.l2)
        self.l2[-1] = 0  # no penalty on the intercept
        self._buffer = np.empty_like(self.l2)
        self._signed = self._buffer.view(np.int64)

    def step(self, weights: Share, gradient: Share) -> None:
        """Update the weights in place: w -= (g + w.scale(l2, bits)).scale(rate, bits)."""
        w, buffer, signed, bits = weights.operand, self._buffer, self._signed, self._bits
        if self._penalised:
            multiply(w, self.l2, buffer)
            right_shift(signed, bits, signed)
            add(buffer, gradient.operand, buffer)
            multiply(buffer, self._rate, buffer)
        else:
            multiply(gradient.operand, self._rate, buffer)
        right_shift(signed, bits, signed)
        subtract(w, buffer, w)

    async def change(self, weights: Share, predictions: Share, batch: AssistedBatch) -> None:
        """The same from a batch's predictions, where it makes all of the step itself."""
        change = await batch.change(predictions, weights, self._rate, self.l2 if self._penalised else None)
        subtract(weights.operand, change.operand, weights.operand)
