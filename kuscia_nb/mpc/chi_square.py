"""Are these ring elements spread evenly? A chi-square test over equal bins, without scipy.

For n numbers in k bins, each expected n / k times, X^2 = sum (seen - n/k)^2 / (n/k). Its p-value is the chance that
uniformly random numbers look at least as uneven: Q((k - 1) / 2, X^2 / 2), the upper regularised incomplete gamma
function. A p-value is itself uniform between 0 and 1 if the numbers are random: one below 0.05 comes up one time in
twenty, and means nothing alone. One very near 1 is as suspicious as one very near 0: the numbers are more even than
chance would have them, as those of a counter are.

What it does not see. The bins are those of the upper bits: numbers with 58 constant low bits pass. It counts how often
each bin is hit, so it does not see that numbers depend on each other, or on the secret. Secrecy means that shares
follow the same law for every secret; no test of one sample shows that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from .ring import Ring

LEAST = 5
"""Numbers that a bin has to be expected to get for the test to hold."""

_PRECISION = 1e-15
_LARGEST_BITS = 10


@dataclass(frozen=True)
class Uniformity:
    """How ring elements fall into equal bins, in the order of their signed values."""

    counts: tuple[int, ...]
    """Elements in each bin."""
    edges: tuple[int, ...]
    """The bins' limits as signed integers, one more than there are bins; each bin has its lower one."""
    statistic: float
    """Chi-square of the counts."""
    p_value: float
    """How often uniform numbers would look at least as uneven. Very near 0 and very near 1 are suspicious."""

    @property
    def expected(self) -> float:
        """Numbers per bin, if they are spread evenly."""
        return sum(self.counts) / len(self.counts)

    def __str__(self) -> str:
        bins = len(self.counts)
        return f"chi-square {self.statistic:.1f} over {bins} bins, p-value {shown(self.p_value)}"


def uniformity(ring: Ring, bins: int | None = None, bits: int = 64) -> Uniformity:
    """The test on all elements of an array, modulo 2^bits.

    `bins` is a power of two; without it there are as many as the test allows, at most 64. With `bits` below 64 only
    the last bits of each number count, and of these the upper ones decide: with 64 bins six of them. So a test of all
    bits takes several calls, with bits = 64, 58, ..., 6. A good p-value does not prove that shares are secret.
    """
    ring = np.asarray(ring)
    if ring.dtype != np.uint64:
        raise DataError(f"an array of {ring.dtype} has no ring elements", hint="uint64, as mpc.encode makes")
    if not 1 <= bits <= 64:
        raise DataError(f"bits = {bits} is not possible", hint="a whole number from 1 to 64")
    count = bins or 2 ** min(6, bits, max(1, (ring.size // LEAST).bit_length() - 1))
    exponent = count.bit_length() - 1
    if count != 2**exponent or not 1 <= exponent <= min(bits, _LARGEST_BITS):
        hint = f"a power of two from 2 to {2 ** min(bits, _LARGEST_BITS)}"
        raise DataError(f"{count} bins are not possible", hint=hint)
    if ring.size < LEAST * count:
        hint = f"at least {LEAST} for each bin, so that the p-value holds: {LEAST * count}"
        raise DataError(f"{ring.size} numbers are too few for {count} bins", hint=hint)
    half = np.uint64(1 << (bits - 1))
    ordered = (ring.ravel() + half) << np.uint64(64 - bits)  # the least signed number becomes 0
    counts = np.bincount((ordered >> np.uint64(64 - exponent)).astype(np.int64), minlength=count)
    expected = ring.size / count
    statistic = float(((counts - expected) ** 2).sum() / expected)
    width = 1 << (bits - exponent)
    edges = tuple(range(-(1 << (bits - 1)), (1 << (bits - 1)) + 1, width))
    return Uniformity(tuple(counts.tolist()), edges, statistic, p_value(statistic, count - 1))


def p_value(statistic: float, degrees: int) -> float:
    """The chance that chi-square with so many degrees of freedom is at least `statistic`.

    Good to 12 digits up to a thousand degrees of freedom, and exactly 0 where it is below 1e-300.
    """
    return _upper_gamma(degrees / 2, statistic / 2)


def shown(p_value: float) -> str:
    """A p-value for people; near 1 with the digits by which it is below."""
    if p_value < 1e-12:
        return "below 1e-12"
    return f"1 - {1 - p_value:.1g}" if 0.995 < p_value < 1 else f"{p_value:.2g}"


def _upper_gamma(a: float, x: float) -> float:
    """Q(a, x): the power series of 1 - Q below x = a + 1, the continued fraction above."""
    if x <= 0:
        return 1.0
    exponent = a * math.log(x) - x - math.lgamma(a)
    if exponent < -690:  # e^-690 is 1e-300
        return 1.0 if x < a else 0.0
    factor = math.exp(exponent)
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * _PRECISION:
            n += 1
            term *= x / n
            total += term
        return 1 - factor * total
    return factor * _fraction(a, x)


def _fraction(a: float, x: float) -> float:
    """1 / (x + 1 - a - 1(1 - a) / (x + 3 - a - 2(2 - a) / (...))), by Lentz's method."""
    b = x + 1 - a
    c, d = math.inf, 1 / b
    value = d
    for i in range(1, 100_000):
        step = i * (a - i)
        b += 2
        d = 1 / (b + step * d)
        c = b + step / c
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
