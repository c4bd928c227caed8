"""The training in plaintext, in float64; and how far truncation at random is expected to take it.

A share of a number whose fraction (in ulp) is p is rounded so that their sum goes up with chance p and down otherwise:
the mean is right, the variance p (1 - p). Where the TTP helps to truncate what was multiplied by a public number, the
shares themselves are multiples of a *grain* (1/8 ulp after a factor of 1/8): then the chance is p + grain, and the mean
is a grain too large. A step carries an error e of the weights on as

    e - rate * (X^T X / 8 + l2) e

and adds the errors of its own truncations. Which these are depends on how products are made and cut, see ROUNDINGS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KEPT = 4096
"""Steps that are kept of a long training, evenly spread."""
_LARGEST_SPREAD = 2e10
"""Operations (steps x weights^3) up to which the expected size of the truncation error is computed."""

ROUNDINGS: tuple[str, ...] = ("update", "gradient", "penalty", "predictions", "scores")
"""What may be truncated in a step: rate (g + l2 w), g = X^T r, l2 w, X w / 8, X w. Without a truncation of the penalty
the gradient is cut with the penalty in it."""


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
        """The weights after each of these steps, or each kept one: (steps, width)."""
        return np.array([*self.on_the_way(self.kept if after is None else after)])

    def on_the_way(self, after: NDArray[np.int64]) -> Iterator[Floats]:
        """The weights after each of these steps, no step being made before it is asked for.

        Those of a training that diverges may be infinite or NaN.
        """
        w, penalty, done = np.zeros(self.rows.shape[2]), self.penalty, 0
        for step in after.tolist():
            with np.errstate(over="ignore", invalid="ignore"):
                for batch in range(done, step):
                    rows = self.rows[batch % len(self.rows)]
                    residuals = rows @ w / 8 - self.targets[batch % len(self.rows)]
                    w = w - self.rate * (residuals @ rows + penalty * w)
            done = step
            yield w

    def spread(self, fxp_bits: int, grains: Mapping[str, float]) -> Spread | None:
        """How large truncation errors are to be expected, in ulp; None for a training too large to say.

        `grains` has each of ROUNDINGS that is in a step, with the grain of what it cuts in ulp (0: none).
        """
        width, kept, ulps = self.rows.shape[2], self.kept, 2.0**fxp_bits
        if kept[-1] * width**3 > _LARGEST_SPREAD:
            return None
        w, penalty, rate = np.zeros(width), self.penalty, self.rate
        covariance, mean, found = np.zeros((width, width)), np.zeros(width), 0
        deviations, means, sources = np.empty((len(kept), width)), np.empty((len(kept), width)), np.zeros(len(grains))
        for step in range(1, kept[-1] + 1):
            rows = self.rows[(step - 1) % len(self.rows)]
            scores, cost = rows @ w, penalty * w
            gradient = (scores / 8 - self.targets[(step - 1) % len(self.rows)]) @ rows
            change, first = rate * (gradient + cost), gradient if "penalty" in grains else gradient + cost
            values = dict(zip(ROUNDINGS, (change, first, cost, scores / 8, scores), strict=True))
            errors = [_rounding(values[name] * ulps, grain) for name, grain in grains.items()]
            enters = [_enters(name, rows, rate) for name in grains]
            sources += [(way**2 @ variance).mean() for way, (variance, _) in zip(enters, errors, strict=True)]
            ways, (variances, offsets) = np.hstack(enters), np.hstack(errors)
            keeps = np.eye(width) - rate * (rows.T @ rows / 8 + np.diag(penalty))
            covariance = keeps @ covariance @ keeps.T + (ways * variances) @ ways.T
            mean = keeps @ mean + ways @ offsets
            w = w - change
            if step == kept[found]:
                deviations[found], means[found], found = np.sqrt(covariance.diagonal()), mean, found + 1
        share = sources / (sources.sum() or 1.0)
        return Spread(deviations, means, dict(zip(grains, share.tolist(), strict=True)))


class Spread(NamedTuple):
    """The truncation error that is to be expected."""

    deviation: Floats
    """Standard deviation after each kept step, (kept, width), in ulp."""
    mean: Floats
    """Mean, in the same shape: 0 without grains."""
    sources: dict[str, float]
    """Which truncation, by its name in ROUNDINGS, adds how much of the variance, as shares of 1."""

    @property
    def size(self) -> Floats:
        """Root mean square after each kept step, (kept, width), in ulp."""
        return np.hypot(self.deviation, self.mean)


def _rounding(ulps: Floats, grain: float) -> Floats:
    """Variance and mean of the error of each number that is rounded, (2, numbers)."""
    fraction = ulps - np.floor(ulps)
    up = np.floor(fraction / grain) * grain + grain if grain else fraction
    return np.array([up * (1 - up), np.full_like(up, grain)])


def _enters(name: str, rows: Floats, rate: float) -> Floats:
    """What the errors of a rounding add to the weights: (width, errors)."""
    width = rows.shape[1]
    if name in ("predictions", "scores"):
        return -(rate if name == "predictions" else rate / 8) * rows.T
    return -(1.0 if name == "update" else rate) * np.eye(width)
