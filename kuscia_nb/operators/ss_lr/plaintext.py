"""The training in plaintext, in float64; and how far truncation at random is expected to take it.

A share of a number whose fraction (in ulp) is p is rounded so that their sum goes up with chance p and down otherwise:
the mean is right, the variance p (1 - p). A step carries an error e of the weights on as

    e - rate * (X^T X / 8 + l2) e

and adds the errors of its own truncations: of the predictions, the gradient, the penalty and the update of the weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KEPT = 4096
"""Steps that are kept of a long training, evenly spread."""
_LARGEST_SPREAD = 2e10
"""Operations (steps x weights^3) up to which the expected size of the truncation error is computed."""


class Plaintext(NamedTuple):
    """A training in float64: rows in batches with the constant column, y - 1/2 in batches, and its terms."""

    rows: Floats
    """(batches, batch_size, width)"""
    targets: Floats
    """(batches, batch_size)"""
    epochs: int
    rate: float
    l2: float

    @property
    def penalty(self) -> Floats:
        """l2 for each feature, 0 for the intercept."""
        return np.append(np.full(self.rows.shape[2] - 1, self.l2), 0.0)

    @property
    def kept(self) -> NDArray[np.int64]:
        """The steps after which weights are kept, from 1; the last one is among them."""
        steps = self.epochs * len(self.rows)
        every = -(-steps // _KEPT)
        return np.arange(steps, 0, -every)[::-1]

    def weights(self, after: NDArray[np.int64] | None = None) -> Floats:
        """The weights after each of these steps, or each kept one: (steps, width).

        Those of a training that diverges may be infinite or NaN.
        """
        w, penalty, kept = np.zeros(self.rows.shape[2]), self.penalty, self.kept if after is None else after
        result, found = np.empty((len(kept), len(w))), 0
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(1, kept[-1] + 1):
                rows = self.rows[(step - 1) % len(self.rows)]
                residuals = rows @ w / 8 - self.targets[(step - 1) % len(self.rows)]
                w = w - self.rate * (residuals @ rows + penalty * w)
                if step == kept[found]:
                    result[found], found = w, found + 1
        return result

    def spread(self, fxp_bits: int) -> Spread | None:
        """How large truncation errors are to be expected, in ulp; None for a training too large to say."""
        width, kept, ulps = self.rows.shape[2], self.kept, 2.0**fxp_bits
        if kept[-1] * width**3 > _LARGEST_SPREAD:
            return None
        w, penalty, rate = np.zeros(width), self.penalty, self.rate
        covariance, result, found = np.zeros((width, width)), np.empty((len(kept), width)), 0
        sources = np.zeros(4)
        for step in range(1, kept[-1] + 1):
            rows = self.rows[(step - 1) % len(self.rows)]
            predictions = rows @ w / 8
            gradient = (predictions - self.targets[(step - 1) % len(self.rows)]) @ rows
            change = rate * (gradient + penalty * w)
            noisy = (rows.T * _variance(predictions * ulps)) @ rows * rate**2
            local = np.array([_variance(x * ulps) for x in (change, gradient, penalty * w)])
            local[1:] *= rate**2
            keeps = np.eye(width) - rate * (rows.T @ rows / 8 + np.diag(penalty))
            covariance = keeps @ covariance @ keeps.T + noisy + np.diag(local.sum(0))
            sources += [*local.mean(1), noisy.diagonal().mean()]
            w = w - change
            if step == kept[found]:
                result[found], found = np.sqrt(covariance.diagonal()), found + 1
        share = sources / (sources.sum() or 1.0)
        return Spread(result, dict(zip(("update", "gradient", "penalty", "predictions"), share.tolist(), strict=True)))


class Spread(NamedTuple):
    """The truncation error that is to be expected."""

    deviation: Floats
    """Standard deviation after each kept step, (kept, width), in ulp."""
    sources: dict[str, float]
    """Which truncation adds how much of the variance, as shares of 1: update, gradient, penalty, predictions."""


def _variance(ulps: Floats) -> Floats:
    """Of rounding up with the chance of the fraction."""
    fraction = ulps - np.floor(ulps)
    return fraction * (1 - fraction)
