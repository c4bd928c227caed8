"""Beaver's product as a rectangle: x = a + e wide and y = b + f high, cut into four areas that can be computed.

Lengths are plain numbers here, with a at most x and b at most y, so that the areas can be drawn. In the ring, a and b
are anywhere and e and f go round; the four products add up to x y all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..mpc import BlockPrg
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, explorer, repeatable, seeds_of, whole

MOST = 12
_UNIT, _LEFT, _TOP = 19, 26, 24
"""Pixels of one unit of length, and around the first rectangle."""
_SMALL = 2
"""A side that is shorter has no room for a name."""
_TRIPLE = 'fill="currentColor" fill-opacity="0.12"'
_OWN = 'fill="var(--jp-brand-color1, #1976d2)" fill-opacity="0.35"'
_OPEN = 'fill="var(--jp-warn-color1, #b35900)" fill-opacity="0.45"'


@dataclass(frozen=True, repr=False)
class Rectangle(Lesson):
    """x times y with masks a and b; and if there is another x, a is used for it again."""

    x: int
    """Alice's secret."""
    y: int
    """Bob's secret."""
    a: int
    """The mask of x."""
    b: int
    """The mask of y."""
    other: int | None
    """Another secret of alice's, masked by the same a, which is a fault; None without it."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def e(self) -> int:
        """What is opened of x."""
        return self.x - self.a

    @property
    def f(self) -> int:
        """What is opened of y."""
        return self.y - self.b

    @property
    def leaked(self) -> int | None:
        """The difference of alice's secrets, from what was opened; None if a was used once."""
        return None if self.other is None else self.e - (self.other - self.a)

    @property
    def areas(self) -> tuple[int, int, int, int]:
        """a b, e b, a f and e f."""
        return self.a * self.b, self.e * self.b, self.a * self.f, self.e * self.f

    @property
    def headline(self) -> str:
        say, areas = speaker(), " + ".join(map(str, self.areas))
        if self.other is None:
            return say("x y = {x} x {y} = {areas} = {sum}", x=self.x, y=self.y, areas=areas, sum=self.x * self.y)
        opened = f"{self.e} - {self.other - self.a} = {self.leaked}"
        return say("a is used again: whoever saw both e knows x - x' = {opened}", opened=opened)

    @property
    def drawing(self) -> str:
        shapes = self._cut(0, self.x, "x", "e")
        columns = MOST + 1
        if self.other is not None:
            columns = 2 * columns + 2
            shapes += self._cut(MOST + 3, self.other, "x'", "e'") + self._difference(MOST + 3)
        width, height = _LEFT + columns * _UNIT, _TOP + (self.y + 3) * _UNIT
        name = escape(self.headline, quote=True)
        return (
            f'<svg role="img" aria-label="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="display:block;max-width:100%;font:12px sans-serif" fill="none" stroke="currentColor">'
            f"{shapes}</svg>"
        )

    def _cut(self, left: int, x: int, of_x: str, of_e: str) -> str:
        """One rectangle, with what its sides are called."""
        a, b, e, f = self.a, self.b, x - self.a, self.f
        areas = (
            _area(left, 0, a, b, _TRIPLE, "a b"),
            _area(left + a, 0, e, b, _OWN, f"{of_e} b"),
            _area(left, b, a, f, _OWN, "a f"),
            _area(left + a, b, e, f, _OPEN, f"{of_e} f"),
        )
        across = _text(left + a / 2, -0.5, "a") * (a > 0) + _text(left + a + e / 2, -0.5, of_e) * (e > 0)
        down = _text(left - 0.5, b / 2, "b") * (b > 0) + _text(left - 0.5, b + f / 2, "f") * (f > 0)
        return "".join(areas) + across + down + _text(left + x / 2, self.y + 0.6, f"{of_x} = {x}")

    def _difference(self, left: int) -> str:
        """By how much the second x is longer or shorter than the first, where both end."""
        least, most = sorted((self.x, self.other or 0))
        y = _TOP + (self.y + 1.3) * _UNIT
        bar = f'<path stroke-width="6" d="M{_LEFT + (left + least) * _UNIT} {y}H{_LEFT + (left + most) * _UNIT}"/>'
        return bar * (least < most) + _text(left + (least + most) / 2, self.y + 2, f"e - e' = x - x' = {self.leaked}")

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        own = say("each party, its part: {open} is open, and it has a share of {mask}", open="e", mask="b")
        others = say("each party, its part: {open} is open, and it has a share of {mask}", open="f", mask="a")
        known = (say("nobody: its shares come with the triple"), own, others, say("both: e and f are open"))
        names = ("a b = c", "e b", "a f", "e f")
        rows = [(name, who, f"{size}") for name, who, size in zip(names, known, self.areas, strict=True)]
        rows.append(("x y", say("nobody, until it is opened"), f"{self.x * self.y}"))
        if self.leaked is not None:
            rows.append(("e - e' = x - x'", say("whoever saw both messages"), f"{self.leaked}"))
        return [Table(say("Who can compute which area"), (say("area"), say("who"), say("size")), rows, 2)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        once = say(
            "Move a: e moves against it, and the whole rectangle stays. In the ring a is any of 2^64 numbers, so e is, "
            "too, and tells nothing of x."
        )
        again = say(
            "The same a is cut off both of alice's secrets. What is left, e and e', differs by as much as the secrets "
            "do, wherever a is: a mask is good for one secret."
        )
        return [once if self.leaked is None else again, *repeatable(self.seed)]


def _area(left: float, top: float, width: int, height: int, style: str, name: str) -> str:
    if not width or not height:
        return ""
    at = f'x="{_LEFT + left * _UNIT}" y="{_TOP + top * _UNIT}"'
    room = min(width, height) >= _SMALL or max(width, height) > _SMALL <= width
    label = _text(left + width / 2, top + height / 2, name) if room else ""
    return f'<rect {at} width="{width * _UNIT}" height="{height * _UNIT}" {style}/>{label}'


def _text(x: float, y: float, text: str) -> str:
    at = f'x="{_LEFT + x * _UNIT:.1f}" y="{_TOP + y * _UNIT + 4:.1f}"'
    return f'<text {at} text-anchor="middle" stroke="none" fill="currentColor">{escape(text)}</text>'


@explorer(
    "Roll a and b",
    Field("x", "x (alice)", "alice's secret", 1, MOST, slider=True),
    Field("y", "y (bob)", "bob's secret", 1, MOST, slider=True),
    Field("a", "a", "the mask of x", 0, MOST, slider=True),
    Field("b", "b", "the mask of y", 0, MOST, slider=True),
    form="rectangle_form",
)
def rectangle(
    x: int = 9,
    y: int = 7,
    a: int | None = None,
    b: int | None = None,
    *,
    other: int | None = None,
    seed: int | None = None,
) -> Rectangle:
    """A Beaver product as a rectangle of small numbers: who can compute which of its four areas.

    a and b are the masks, from 0 to x and y; without them they are rolled. `other` is another secret of alice's that is
    masked by the same a, which is a fault. `seed` makes the roll repeatable, for a lesson; nothing is secret then.
    """
    x, y = whole("x", x, 1, MOST), whole("y", y, 1, MOST)
    other = None if other is None else whole("other", other, 1, MOST)
    least = x if other is None else min(x, other)
    rolls = [
        int(roll) * (most + 1) >> 64
        for roll, most in zip(BlockPrg(seeds_of(seed, "masks").draw("a, b")).draw(2), (least, y), strict=True)
    ]
    a = rolls[0] if a is None else whole("a", a, 0, least)
    b = rolls[1] if b is None else whole("b", b, 0, y)
    return Rectangle(x, y, a, b, other, seed)
