"""The ring as a clock: walk bob's share from 0, and alice's share from there, and you are at the secret for every r."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from ..mpc import BlockPrg
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, explorer, repeatable, seeds_of, whole

HOURS = {"10": 10, "100": 100, "1000": 1000, "2^16": 2**16, "2^64": 2**64}
_MOST_LABELS = 12
_LONG = 12
"""Bits; powers of two with more are not written out."""
_MIDDLE, _RIM, _OUTER, _INNER = 170, 105, 92, 74
"""Of the drawing: its centre, and the radius of the rim and of bob's and alice's walks."""
_BOB = 'stroke="var(--jp-brand-color1, #1976d2)" stroke-width="7"'
_ALICE = 'stroke="var(--jp-warn-color1, #b35900)" stroke-width="7" stroke-dasharray="9 4"'


@dataclass(frozen=True, repr=False)
class Clock(Lesson):
    """A secret in two shares, on a clock."""

    secret: int
    """From 0 on; below `hours`."""
    r: int
    """Bob's share, which alice has rolled."""
    hours: int
    """Of the clock: shares are added modulo this."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def alice(self) -> int:
        """Alice's share."""
        return (self.secret - self.r) % self.hours

    @property
    def wraps(self) -> bool:
        """Whether the sum of both shares goes round: it is one turn of the clock more than the secret."""
        return self.r + self.alice >= self.hours

    @property
    def headline(self) -> str:
        say, hours = speaker(), _named(self.hours)
        if self.wraps:
            total = f"{self.r} + {self.alice} = {self.secret} + {hours}"
            return say("{sum}: it goes round once, and the clock shows {secret}", sum=total, secret=self.secret)
        total = f"{self.r} + {self.alice} = {self.secret}"
        return say("{sum}: it does not go round, and the clock shows {secret}", sum=total, secret=self.secret)

    @property
    def drawing(self) -> str:
        say = speaker()
        said = say("A clock with {hours} hours.", hours=_named(self.hours))
        name = escape(f"{said} {self.headline}", quote=True)
        size = 2 * _MIDDLE
        walks = self._walk(_OUTER, 0, self.r, _BOB) + self._walk(_INNER, self.r, self.alice, _ALICE)
        x, y = self._at(self.secret, _RIM)
        legend = [(_MIDDLE - 12, _BOB, "bob"), (_MIDDLE + 12, _ALICE, "alice")]
        samples = "".join(f'<path {style} d="M{_MIDDLE - 36} {y}h30"/>' for y, style, _ in legend)
        texts = [_text(_MIDDLE + 2, y, name, "start") for y, _, name in legend]
        return (
            f'<svg role="img" aria-label="{name}" width="{size}" height="{size}" viewBox="0 0 {size} {size}" '
            f'style="display:block;max-width:100%;font:12px sans-serif" fill="none" stroke="currentColor">'
            f'<circle cx="{_MIDDLE}" cy="{_MIDDLE}" r="{_RIM}"/>{walks}{samples}'
            f'<circle cx="{x}" cy="{y}" r="6" fill="currentColor"/>'
            f'<g stroke="none" fill="currentColor">{"".join([*texts, *self._labels()])}</g></svg>'
        )

    def _at(self, hour: float, radius: float) -> tuple[float, float]:
        """Where an hour is; 0 is at the top."""
        angle = 2 * math.pi * (hour / self.hours)
        return round(_MIDDLE + radius * math.sin(angle), 1), round(_MIDDLE - radius * math.cos(angle), 1)

    def _walk(self, radius: int, begin: int, hours: int, style: str) -> str:
        """Along the clock from one hour, so many hours."""
        (x, y), (to_x, to_y) = self._at(begin, radius), self._at(begin + hours, radius)
        large = int(2 * hours > self.hours)
        return f'<path {style} d="M{x} {y}A{radius} {radius} 0 {large} 1 {to_x} {to_y}"/>' if hours else ""

    def _labels(self) -> list[str]:
        """The hours, or four of them; and what stands at the secret."""
        few = self.hours <= _MOST_LABELS
        hours = range(self.hours) if few else [self.hours * quarter // 4 for quarter in range(4)]
        labels = [self._label(hour, _RIM + 8, _named(hour)) for hour in hours]
        return [*labels, self._label(self.secret, _RIM + 27, speaker()("sum {secret}", secret=self.secret))]

    def _label(self, hour: int, radius: int, text: str) -> str:
        """Outside of the rim, wherever it is."""
        x, y = self._at(hour, radius)
        side = "middle" if abs(x - _MIDDLE) < 2 else "start" if x > _MIDDLE else "end"
        return _text(x, y, text, side)

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        rows = [
            (say("bob's share r"), f"{self.r}"),
            (say("alice's share x - r"), f"{self.alice}"),
            (say("their sum"), f"{self.r + self.alice}"),
            (say("taken off, as it has gone round") if self.wraps else say("taken off"), f"{self.hours * self.wraps}"),
            (say("what the clock shows: the secret x"), f"{self.secret}"),
        ]
        return [Table(say("A clock with {hours} hours.", hours=_named(self.hours)), ("", say("hours")), rows, 1)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        note = say(
            "Both shares move with r, and their sum stands still. Each of them alone is at every hour equally often. "
            "Of all r, those that are larger than the secret go round: {count} of {hours}.",
            count=_named(self.hours - 1 - self.secret),
            hours=_named(self.hours),
        )
        return [note, *repeatable(self.seed)]


def _named(number: int) -> str:
    """A number of hours; a large power of two as such, and three of them."""
    for factor, name in ((1, ""), (3, "3 x ")):
        power = (number // factor).bit_length() - 1
        if power > _LONG and number == factor * 2**power:
            return f"{name}2^{power}"
    return f"{number}"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y + 4}" text-anchor="{anchor}">{escape(text)}</text>'


@explorer(
    "Roll r",
    Field("secret", "Secret x", "alice's secret, an hour of the clock", 0, 9),
    Field("r", "r", "where on the clock bob's share is", 0, 9, slider=True),
    Field("hours", "Hours", "how many hours the clock has", choices=tuple(HOURS)),
    form="clock_form",
)
def clock(secret: int = 4, r: int | None = None, *, hours: int | str = 10, seed: int | None = None) -> Clock:
    """A secret in two shares on a clock, drawn: bob's is r, alice's is what is left, x - r.

    `hours` is a number of at most 2^64. Without an r it is rolled; `seed` makes that repeatable, for a lesson, and
    nothing is secret then.
    """
    count = whole("hours", HOURS.get(str(hours), hours), 2, 2**64)
    secret = whole("secret", secret, 0, count - 1)
    roll = int(BlockPrg(seeds_of(seed, "clock").draw("r")).draw(1).item()) * count >> 64
    return Clock(secret, roll if r is None else whole("r", r, 0, count - 1), count, seed)
