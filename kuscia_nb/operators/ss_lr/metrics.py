"""How good scores are: numbers and curves for labels 0 and 1, computed where both are known.

A score z is x . w; the model's probability is that of the sigmoid with which it was trained, 1/2 + z/8, cut to [0, 1].
It grows with z, so that whatever looks at the order of rows alone (AUC, KS, ROC, lift) is the same for both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CERTAIN = float(np.finfo(np.float64).eps)
"""A probability of 0 or 1 counts as this far from it in the log loss, or one mistake would make it infinite."""
_POINTS = 200
"""Most steps of a stored curve."""
_BINS = 10
_OUTCOMES: tuple[str, ...] = ("true_negative", "false_positive", "false_negative", "true_positive")


def probabilities(scores: Floats) -> Floats:
    """1/2 + z/8, cut to [0, 1]: the minimax sigmoid of the training (spec: ss_lr §2)."""
    return np.clip(0.5 + scores / 8, 0, 1)


class Evaluation(NamedTuple):
    """What is known of a model on rows with labels."""

    metrics: dict[str, float]
    """accuracy, auc, ks, log_loss, rows; auc and ks are NaN where all labels are equal."""
    confusion: dict[str, int]
    """Rows by outcome, at the threshold: true_negative and so on."""
    curves: dict[str, list[list[float]]]
    """roc: false positive rate, true positive rate, probability; calibration and lift: a row for each group."""

    def as_json(self) -> dict[str, Any]:
        """All of it; NaN, which JSON does not have, as null."""
        metrics = {name: None if value != value else value for name, value in self.metrics.items()}
        return {"metrics": metrics, "confusion": self.confusion, "curves": self.curves}


def evaluate(scores: Floats, labels: NDArray[np.floating[Any]], threshold: float = 0.5) -> Evaluation:
    """Of the same rows' scores and labels (0 or 1), shape (rows,), at least one row."""
    truth, chances = labels == 1, probabilities(scores)
    predicted = chances >= threshold
    false_rate, true_rate, at = roc(scores, truth)
    mixed = truth.any() and not truth.all()
    metrics = {
        "accuracy": float(np.mean(predicted == truth)),
        "auc": float(np.trapezoid(true_rate, false_rate)) if mixed else np.nan,
        "ks": float(np.max(true_rate - false_rate)) if mixed else np.nan,
        "log_loss": log_loss(chances, truth),
        "rows": float(len(truth)),
    }
    counts: list[int] = np.bincount(2 * truth + predicted, minlength=4).tolist()
    confusion = dict(zip(_OUTCOMES, counts, strict=True))
    some = np.unique(np.linspace(0, len(at) - 1, _POINTS + 1).round().astype(int))
    curve = np.column_stack([false_rate, true_rate, probabilities(at)])[some] if mixed else np.empty((0, 3))
    curves = {"roc": curve.tolist(), "calibration": calibration(chances, truth), "lift": lift(scores, truth)}
    return Evaluation(metrics, confusion, curves)


def roc(scores: Floats, truth: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """False and true positive rate where rows from a score up count as positive: a point for each score, from none up.

    Equal scores are one point, which makes the area under it the chance that a positive row has a larger score than a
    negative one, ties counting half [Hanley, McNeil: ROC curve, Radiology 1982].
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    positive = np.concatenate([[0], hits[last]])
    negative = np.concatenate([[0], last + 1 - hits[last]])
    rates = (negative / max(1, negative[-1]), positive / max(1, positive[-1]))
    return *rates, np.concatenate([[np.inf], ranked[last]])


def log_loss(chances: Floats, truth: NDArray[np.bool_]) -> float:
    """The mean of -log of the probability that a row's own label was given; ln 2 = 0.693 for a coin."""
    own = np.where(truth, chances, 1 - chances)
    return float(-np.mean(np.log(np.clip(own, _CERTAIN, 1 - _CERTAIN))))


def calibration(chances: Floats, truth: NDArray[np.bool_]) -> list[list[float]]:
    """For ten equal ranges of the probability, as far as they have rows: mean probability, share of 1, rows."""
    group = np.minimum((chances * _BINS).astype(int), _BINS - 1)
    rows, sums, hits = (np.bincount(group, weights, _BINS) for weights in (None, chances, truth))
    return [[s / n, h / n, float(n)] for n, s, h in zip(rows.tolist(), sums.tolist(), hits.tolist(), strict=True) if n]


def lift(scores: Floats, truth: NDArray[np.bool_]) -> list[list[float]]:
    """For the top tenths of the rows by score: share of rows, share of all 1 among them, lift over the average."""
    hits, positives = np.cumsum(truth[np.argsort(-scores, kind="stable")]), int(truth.sum())
    if not positives:
        return []
    rows = np.unique(np.ceil(np.arange(1, _BINS + 1) / _BINS * len(truth)).astype(int))
    found = hits[rows - 1] / positives
    share = rows / len(truth)
    return np.column_stack([share, found, found / share]).tolist()
