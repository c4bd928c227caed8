"""Weights against plaintext, and where the differences come from: drawn from the teacher's shadow."""

from __future__ import annotations

import numpy as np

from ...canvas import EXACT, FAINT, INK, LOOKS, PLAIN, SECRET, Picture, canvas, labelled, legend
from .shadow import LABEL, Shadow, Steps

_NAMED = 40
"""Weights whose names can be read below an axis."""


def weights(job: str, shadow: Shadow) -> Picture:
    """Secret weights and plaintext ones above, the error of each below."""
    frame = shadow.weights
    drawn = canvas(f"{job}: weights on shares and in plaintext", (9, 5.4), 2, rows=2, sharex=True)
    places = np.arange(len(frame))
    above, below = drawn.axes
    labels = ("on shares", "plaintext, rate as the ring has it", "plaintext, exact rate")
    for column, look, label in zip(("secret", "plaintext", "exact_rate"), (SECRET, PLAIN, EXACT), labels, strict=True):
        filled = look.colour if look is SECRET else "none"
        size = 30 if look is SECRET else 60
        style = {"marker": look.marker, "edgecolors": look.colour, "linewidths": 1.2}
        above.scatter(places, frame[column], s=size, c=filled, label=label, **style)
    above.axhline(0, color=FAINT, linewidth=0.5, zorder=0)
    labelled(above, LABEL, "", "weight")
    legend(drawn, above, 3)
    errors = frame["error_ulp"].to_numpy()
    below.vlines(places, 0, errors, color=SECRET.colour, linewidth=2)
    below.scatter(places, errors, s=26, c=SECRET.colour, marker=SECRET.marker)
    below.axhline(0, color=INK, linewidth=0.8)
    ulp = f"ulp = 2^-{shadow.material.fxp_bits}"
    labelled(below, "On shares minus plaintext with the ring's rate", "feature", f"error in {ulp}")
    if len(frame) <= _NAMED:
        below.set_xticks(places, [name[:12] for name in frame["feature"]], rotation=60, ha="right", fontsize=8)
    worst, exact = frame["error_ulp"].abs(), frame["exact_rate_error_ulp"].abs()
    largest = frame["feature"][worst.idxmax()]
    words = (
        f"{job}, {LABEL}. {len(frame)} weights from {frame['secret'].min():.4g} to {frame['secret'].max():.4g}. Error "
        f"against plaintext with the ring's rate: at most {worst.max():.1f} ulp (of {largest}), "
        f"root mean square {np.sqrt((errors**2).mean()):.1f} ulp; against plaintext with the exact rate: at most "
        f"{exact.max():.1f} ulp. 1 {ulp} = {shadow.ulp:.3g}."
    )
    return Picture(drawn.figure, words)


def truncation(job: str, steps: Steps) -> Picture:
    """The error of the weights step by step, by where it comes from."""
    frame = steps.frame
    own = float(np.sqrt((steps.shadow.weights["error_ulp"] ** 2).mean()))
    drawn = canvas(f"{job}: where the error of the weights comes from", (9, 4.6))
    axes, x = drawn.axes[0], frame["step"].to_numpy()
    every = max(1, len(frame) // 8)
    sources = {
        "rate": "learning rate rounded to the ring",
        "truncation": "truncation of shares, as it was",
        "encoding": "data in fixed point",
    }
    for (column, label), look in zip(sources.items(), (LOOKS[1], LOOKS[0], LOOKS[3]), strict=True):
        axes.plot(
            x,
            frame[column].where(frame[column] > 0),
            linestyle=look.line,
            color=look.colour,
            marker=look.marker,
            markevery=(every // 2, every),
            markersize=5,
            linewidth=1.6,
            label=f"{label}: {_ulps(frame[column].iloc[-1])} at the end",
        )
    if "expected" in frame:
        label = f"truncation, expected: {_ulps(frame['expected'].iloc[-1])}"
        axes.plot(
            x,
            frame["expected"].where(frame["expected"] > 0),
            color=INK,
            linestyle=(0, (1, 1)),
            linewidth=2.2,
            label=label,
        )
    if not steps.is_the_job:
        label = f"the job: {_ulps(own)}"
        axes.scatter(x[-1:], [own], s=70, c="none", marker="o", edgecolors=INK, linewidths=1.5, label=label)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    y = f"error (rms over weights)\nin ulp = 2^-{steps.shadow.material.fxp_bits}"
    labelled(axes, f"{LABEL}\ntruncation: {steps.source}", "training step", y)
    legend(drawn, axes, 2)
    return Picture(drawn.figure, _words(job, steps, own))


def _words(job: str, steps: Steps, own: float) -> str:
    last = steps.frame.iloc[-1]
    text = (
        f"{job}, {LABEL}. Error of the weights after step {int(last['step'])}, root mean square in ulp: "
        f"{_ulps(last['rate'])} from the learning rate as the ring has it, {_ulps(last['truncation'])} from truncation "
        f"({steps.source}), {_ulps(last['encoding'])} from data in fixed point."
    )
    if not steps.is_the_job:
        text += f" In the job itself, truncation came to {_ulps(own)}."
    if (spread := steps.shadow.spread) is not None:
        source, part = max(spread.sources.items(), key=lambda item: item[1])
        text += f" Expected of truncation: {_ulps(last['expected'])}, {part:.1%} of its variance from the {source}."
    return text


def _ulps(error: float) -> str:
    return f"{error:.3g} ulp"
