"""How good a model is: curves of an evaluation, and the loss by epoch from the teacher's shadow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...canvas import FAINT, LOOKS, PLAIN, SECRET, Picture, canvas, labelled, legend
from .losses import Losses
from .shadow import LABEL

Report = dict[str, Any]
"""What ss_lr_evaluate has written at the owner of the labels."""


def roc(job: str, report: Report) -> Picture:
    """True positives against false ones, for every threshold."""
    curve, name = _curve(report), f"{job}: ROC on {_rows(report)}"
    drawn = canvas(name, (5.6, 5.2))
    axes = drawn.axes[0]
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="a coin")
    axes.plot(curve[:, 0], curve[:, 1], color=SECRET.colour, linewidth=2, label=f"the model: AUC {_auc(report)}")
    labelled(axes, "", "false positive rate", "true positive rate")
    legend(drawn, axes, 2)
    at = ", ".join(f"{rate:.2f} at {false:.1f}" for false, rate in _at(curve))
    return Picture(drawn.figure, f"{name}: area under the curve {_auc(report)}. True positive rate by false one: {at}.")


def ks(job: str, report: Report) -> Picture:
    """Both rates against the threshold, and where they are farthest apart."""
    curve, name = _curve(report)[1:], f"{job}: KS on {_rows(report)}"
    drawn = canvas(name, (6.4, 4.4))
    axes, best = drawn.axes[0], int(np.argmax(curve[:, 1] - curve[:, 0])) if len(curve) else 0
    for column, look, label in ((1, LOOKS[0], "rows with label 1"), (0, LOOKS[1], "rows with label 0")):
        axes.plot(curve[:, 2], curve[:, column], color=look.colour, linestyle=look.line, linewidth=2, label=label)
    if len(curve):
        axes.vlines(curve[best, 2], curve[best, 0], curve[best, 1], color=FAINT, linestyle=":", linewidth=2)
    labelled(axes, "", "threshold (probability)", "share at or above it")
    legend(drawn, axes, 2)
    where = f" at a probability of {curve[best, 2]:.2f}" if len(curve) else ""
    distance = "unknown" if report["metrics"]["ks"] is None else f"{report['metrics']['ks']:.3f}"
    return Picture(drawn.figure, f"{name}: the largest distance is {distance}{where}.")


def calibration(job: str, report: Report) -> Picture:
    """How often a predicted probability came true."""
    groups, name = np.array(report["curves"]["calibration"]), f"{job}: calibration on {_rows(report)}"
    drawn = canvas(name, (5.6, 5.2))
    axes = drawn.axes[0]
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="as predicted")
    axes.plot(groups[:, 0], groups[:, 1], color=SECRET.colour, marker=SECRET.marker, label="the model")
    labelled(axes, "", "mean predicted probability", "share of label 1")
    legend(drawn, axes, 2)
    said = "; ".join(f"{mean:.2f} predicted, {share:.2f} true ({rows:.0f} rows)" for mean, share, rows in groups)
    return Picture(drawn.figure, f"{name}: {said}.")


def loss(job: str, losses: Losses) -> Picture:
    """The log loss on the training rows after each epoch, on shares and in plaintext."""
    frame = losses.frame
    drawn = canvas(f"{job}: log loss by epoch", (7.2, 4.4))
    axes = drawn.axes[0]
    for column, look, label in (("secret", SECRET, "on shares"), ("plaintext", PLAIN, "plaintext")):
        style = {"linestyle": look.line, "marker": look.marker, "markersize": 4, "label": label}
        axes.plot(frame["epoch"], frame[column], color=look.colour, **style)
    axes.axhline(np.log(2), color=FAINT, linestyle=":", label="a coin: 0.693")
    axes.locator_params(axis="x", integer=True)
    labelled(axes, f"{LABEL}\non shares: {losses.source}", "epoch", "log loss on the training rows")
    legend(drawn, axes, 3)
    first, last = frame.iloc[0], frame.iloc[-1]
    words = (
        f"{job}, {LABEL}. Log loss on the training rows, from {first['secret']:.4f} (epoch 0, as a coin) to"
        f" {last['secret']:.4f} on shares and {last['plaintext']:.4f} in plaintext after epoch {int(last['epoch'])}"
        f" ({losses.source})."
    )
    return Picture(drawn.figure, words)


def _curve(report: Report) -> np.ndarray:
    return np.array(report["curves"]["roc"]).reshape(-1, 3)


def _rows(report: Report) -> str:
    held_out = " held-out" if report["holdout"] else ""
    return f"{report['metrics']['rows']:,.0f}{held_out} rows of {report['owner']}"


def _auc(report: Report) -> str:
    value = report["metrics"]["auc"]
    return "unknown (one class only)" if value is None else f"{value:.3f}"


def _at(curve: np.ndarray) -> list[tuple[float, float]]:
    """The true positive rate at some false ones."""
    return [(x, float(np.interp(x, curve[:, 0], curve[:, 1]))) for x in (0.1, 0.2, 0.5)] if len(curve) else []
