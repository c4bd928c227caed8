"""How often truncating a product locally fails: a slider over its size and its bits, and the TTP's way beside it.

A product of size v with f fraction bits is the integer v 2^2f before it is cut, so that its shares wrap around with
chance v 2^2f / 2^64. A bit more of f makes that four times as likely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from ..errors import DataError
from ..mpc.share import ASSISTED
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, explorer, repeatable, whole
from .truncation import Truncation, count, fixed_point

SIZES, BITS = (-4, 20), (8, 30)
"""The least and the largest: of the size, as a power of two, and of fxp_bits."""
_MOST = 100_000
_LEFT, _TOP, _STEP, _HEIGHT = 62, 14, 16, 150
_LEAST = -15
"""The smallest chance in the drawing, as a power of ten."""


@dataclass(frozen=True, repr=False)
class Wrapping(Lesson):
    """A product of 2^size, cut many times in both ways."""

    size: int
    """Its size as a power of two."""
    local: Truncation
    """By each party alone."""
    assisted: Truncation
    """With the TTP's help."""

    @property
    def fxp_bits(self) -> int:
        """Bits behind the point."""
        return self.local.fxp_bits

    def chance(self, fxp_bits: int) -> float:
        """That local truncation of such a product fails with so many bits."""
        return 2.0 ** min(self.size + 2 * fxp_bits - 64, 0)

    @property
    def headline(self) -> str:
        say = speaker()
        return say(
            "A product of size 2^{size} with fxp_bits = {bits}: {wrapped} of {times} local truncations have wrapped, "
            "and {helped} with the TTP's help",
            size=self.size,
            bits=self.fxp_bits,
            wrapped=f"{self.local.wrapped:,}",
            times=f"{self.local.times:,}",
            helped=self.assisted.wrapped,
        )

    @property
    def drawing(self) -> str:
        say, bits = speaker(), range(BITS[0], BITS[1] + 1)
        line = "M" + "L".join(f"{self._x(one)} {self._y(self.chance(one))}" for one in bits)
        right, bottom = self._x(BITS[1]), _TOP + _HEIGHT
        once = self._y(1 / self.local.times)
        scale = "".join(_text(_LEFT - 6, self._y(10.0**power), f"1e{power}", "end") for power in range(_LEAST, 1, 5))
        counts = "".join(_text(self._x(one), bottom + 16, f"{one}", "middle") for one in bits if one % 2 == 0)
        words = (
            _text((_LEFT + right) / 2, bottom + 34, say("fxp_bits, and the chance of a wrap"), "middle"),
            _text(_LEFT + 4, once - 9, say("one in {times}", times=f"{self.local.times:,}"), "start"),
        )
        width, height = right + 30, bottom + 44
        name = escape(f"{self.headline}. {self._expected()}", quote=True)
        return (
            f'<svg role="img" aria-label="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="display:block;max-width:100%;font:11px sans-serif" fill="none" stroke="currentColor">'
            f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}"/><path stroke-dasharray="2 4" d="M{_LEFT} {once}H{right}"/>'
            f'<path stroke="var(--jp-brand-color1, #1976d2)" stroke-width="2" d="{line}"/>'
            f'<circle cx="{self._x(self.fxp_bits)}" cy="{self._y(self.chance(self.fxp_bits))}" r="6" '
            f'fill="currentColor"/><g stroke="none" fill="currentColor">{scale}{counts}{"".join(words)}</g></svg>'
        )

    def _x(self, bits: int) -> int:
        return _LEFT + (bits - BITS[0]) * _STEP + 8

    def _y(self, chance: float) -> float:
        power = max(math.log10(chance), _LEAST)
        return round(_TOP + _HEIGHT * power / _LEAST, 1)

    def _expected(self) -> str:
        say = speaker()
        return say("A wrap has the chance {chance}.", chance=f"{self.local.wrap_chance:.3g}")

    @property
    def tables(self) -> list[Table]:
        say, both = speaker(), (self.local, self.assisted)
        rows = [
            (say("at most one ulp off"), *(f"{one.times - one.wrapped:,}" for one in both)),
            (say("wrapped"), *(f"{one.wrapped:,}" for one in both)),
            (say("wraps that are to be expected"), *map(count, both)),
            (say("largest error, as a number"), *(f"{one.largest_error / 2**one.fxp_bits:,.8g}" for one in both)),
        ]
        return [Table(say("Local truncation, and with the TTP"), ("", say("local"), say("with the TTP")), rows, 1)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        grows = say(
            "The chance is size x 2^(2 fxp_bits) / 2^64: a bit more makes it four times as large. A wrap is 2^(64 - 2 "
            "fxp_bits) off, whatever the size of the product. With the TTP none can happen, at the price of messages."
        )
        return [f"{self._expected()} {grows}", *repeatable(self.local.seed)]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y + 4}" text-anchor="{anchor}">{escape(text)}</text>'


@explorer(
    "Truncate again",
    Field("size", "Size 2^", "the size of the product, as a power of two", *SIZES, slider=True),
    Field("fxp_bits", "fxp_bits", "fraction bits of the fixed-point number", *BITS, slider=True),
    Field("times", "Times", "how many fresh pairs of shares are truncated", 1, _MOST),
)
def wraps(size: int = 2, fxp_bits: int = 26, times: int = 10_000, *, seed: int | None = None) -> Wrapping:
    """Truncate a product of 2^size on many fresh pairs of shares, locally and with the TTP, and count what fails.

    `seed` makes the shares repeatable, for a lesson; nothing is secret then.
    """
    size, bits = whole("size", size, *SIZES), whole("fxp_bits", fxp_bits, *BITS)
    times = whole("times", times, 1, _MOST)
    if size + 2 * bits >= 62:
        room = f"a size below 2^{62 - 2 * bits}, or at most {(61 - size) // 2} fxp_bits"
        raise DataError(f"a product of 2^{size} with fxp_bits = {bits} does not fit into 64 bits", hint=room)
    local, assisted = (
        fixed_point(2.0**size, bits, bits, times, kind=kind, seed=seed) for kind in ("asymmetric", ASSISTED)
    )
    return Wrapping(size, local, assisted)
