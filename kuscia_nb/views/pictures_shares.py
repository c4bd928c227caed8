"""Shares against secrets: what one node has, beside what it stands for, and what it can guess from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..canvas import FAINT, GROUND, INK, LOOKS, PLAIN, SECRET, Look, Picture, canvas, labelled, legend
from ..mpc.chi_square import LEAST, Uniformity, shown, uniformity
from ..mpc.ring import signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..explore.one_share import OneShare, Variant
    from ..mpc import Ring

_MOST_BINS = 24
_SECRET_BINS = 16


def shares(job: str, node: str, own: Ring, secrets: Ring, fxp_bits: int) -> Picture:
    """A node's shares of the weights, the weights, and the last bits of both, in which a weight is."""
    bits = secret_bits(secrets)
    last = low_bits(own, bits)
    over_ring, over_last = _test(own, 64), _test(own, bits)
    drawn = canvas(f"{job}: the weights, and {node}'s shares of them", (10, 3.6), 3)
    ulp = 2.0**-fxp_bits
    weights, numbers = signed(secrets) * ulp, signed(own) * ulp
    _histogram(drawn.axes[0], weights, SECRET, "The weights\n(the observer's: both shares together)", "weight")
    _histogram(drawn.axes[1], numbers, LOOKS[1], f"{node}'s shares\nin the same unit as the weights", "share")
    title = f"Last {bits} bits of each share\n{_verdict(over_last)}"
    count = len(over_last.counts) if over_last else 1
    limits = np.linspace(-(2 ** (bits - 1)), 2 ** (bits - 1), count + 1)
    _histogram(drawn.axes[2], last.astype(np.float64), LOOKS[2], title, "signed, in ulp", limits)
    drawn.axes[2].axhline(len(own) / count, color=INK, linestyle="--", linewidth=1.2, label="uniform")
    drawn.axes[2].hist(
        low_bits(secrets, bits),
        bins=_SECRET_BINS,
        range=(limits[0], limits[-1]),
        histtype="step",
        color=INK,
        linewidth=1.5,
        label="the weights, in the same unit",
    )
    legend(drawn, drawn.axes[2], 3)
    times = float(np.ptp(numbers) / (np.ptp(weights) or ulp))
    words = (
        f"{job}: {len(own)} weights from {weights.min():.4g} to {weights.max():.4g}; {node}'s shares of them from "
        f"{numbers.min():.4g} to {numbers.max():.4g}, a range {times:.2g} times as wide. Over the whole ring of 2^64 "
        f"numbers: {_words(over_ring)}; truncation keeps shares of results near the middle. In the last {bits} bits, "
        f"in which the weights are: {_words(over_last)}."
    )
    return Picture(drawn.figure, words)


def received(job: str, node: str, numbers: Ring, source: str) -> Picture:
    """The ring elements that a node got from its peer, over the whole ring; `source` says where they come from."""
    test = uniformity(numbers)
    drawn = canvas(f"{job}: what {node} received", (7.5, 3.8))
    _ring_bars(drawn.axes[0], test, LOOKS[0])
    title = f"{len(numbers):,} numbers from the peer; {_verdict(test)}\n{source}"
    labelled(drawn.axes[0], title, "value / 2^63", "numbers per bin")
    legend(drawn, drawn.axes[0], 1)
    words = f"{job}: {node} received {len(numbers):,} ring elements from its peer ({source}): {_words(test)}."
    return Picture(drawn.figure, words)


def compare(lesson: OneShare) -> Picture:
    """Proper shares of two secrets, and broken ones."""
    what = f"{lesson.secret:,.10g} and {lesson.other:,.10g}, shared {len(lesson.proper.shares):,} times each"
    drawn = canvas(f"The secrets {what}: bob's shares", (10, 6), 4, rows=2, sharex=True, sharey=True)
    for axes, variant, look in zip(drawn.axes, lesson.variants, (SECRET, SECRET, PLAIN, PLAIN), strict=True):
        _ring_bars(axes, variant.uniformity, look)
        labelled(axes, f"{variant.name}\n{_guess(variant)}", "share / 2^63", "shares per bin")
    legend(drawn, drawn.axes[0], 1)
    words = "; ".join(f"{variant.name}: {variant.uniformity}, {_guess(variant)}" for variant in lesson.variants)
    return Picture(drawn.figure, f"The secrets {what}. {words}.")


def secret_bits(secrets: Ring) -> int:
    """The bits that hold all secrets with their signs."""
    return max(2, int(np.abs(signed(secrets).astype(np.float64)).max()).bit_length() + 1)


def low_bits(ring: Ring, bits: int) -> np.ndarray:
    """The last bits of each element, as a signed number."""
    up = np.uint64(64 - bits)
    return signed(ring << up) >> np.int64(64 - bits)


def frame_ring(frame: pd.DataFrame) -> Ring:
    """The shares of a frame of `Job.shares`."""
    return frame["ring"].to_numpy(np.uint64)


def _test(ring: Ring, bits: int) -> Uniformity | None:
    return uniformity(ring, bits=bits) if ring.size >= 2 * LEAST else None


def _verdict(test: Uniformity | None) -> str:
    return f"uniform? p-value {shown(test.p_value)}" if test else "too few for a test"


def _words(test: Uniformity | None) -> str:
    return str(test) if test else f"fewer than {2 * LEAST} numbers, too few for a test of uniformity"


def _guess(variant: Variant) -> str:
    return f"p-value {shown(variant.uniformity.p_value)}, best guess {variant.guess_of_many:.4g}"


def _histogram(
    axes: Axes, numbers: np.ndarray, look: Look, title: str, x: str, limits: np.ndarray | None = None
) -> None:
    bins = limits if limits is not None else max(4, min(_MOST_BINS, math.ceil(2 * math.sqrt(len(numbers)))))
    axes.hist(numbers, bins, color=look.colour, hatch=look.hatch, edgecolor=GROUND, linewidth=0.5)  # type: ignore[arg-type]
    axes.margins(x=0.02)
    axes.locator_params(axis="x", nbins=4)
    axes.locator_params(axis="y", integer=True)
    labelled(axes, title, x, "weights per bin")


def _ring_bars(axes: Axes, test: Uniformity, look: Look) -> None:
    edges = np.array(test.edges, np.float64) / 2.0**63
    axes.bar(
        edges[:-1],
        test.counts,
        np.diff(edges),
        align="edge",
        color=look.colour,
        hatch=look.hatch,
        edgecolor=GROUND,
        linewidth=0.5,
    )
    axes.axhline(test.expected, color=INK, linestyle="--", linewidth=1.2, label=f"uniform: {test.expected:,.0f}")
    axes.set_xlim(-1, 1)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.axvline(0, color=FAINT, linewidth=0.5, zorder=0)
