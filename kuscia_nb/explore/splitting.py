"""Split a number into two shares, and look again: other shares each time, always the same sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mpc import Ring, decode, encode
from ..mpc.ring import signed
from ..views.table import Table
from .lesson import Field, Lesson, Player, element, explorer, number, repeatable, run, whole

_MOST_NAMED = 5
MOST_SHOWN = 50
"""Of more times than these the first ones are shown."""


@dataclass(frozen=True, repr=False, eq=False)
class Split(Lesson):
    """One number, split several times."""

    value: float
    """The number."""
    fxp_bits: int
    """Bits behind the point."""
    encoded: int
    """The number as an integer: trunc(value * 2^fxp_bits)."""
    alice: Ring
    """Alice's share each time."""
    bob: Ring
    """Bob's share each time."""
    opened: NDArray[np.float64]
    """What the two shares of each time add up to."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def headline(self) -> str:
        integer = f"{self.value:.10g} is the integer {self.encoded} at fxp_bits = {self.fxp_bits}"
        return f"{integer}; split {len(self.alice)} time{'s' * (len(self.alice) != 1)}"

    @property
    def tables(self) -> list[Table]:
        numbers = (signed(self.alice), signed(self.bob), self.opened)
        pairs = zip(*(array[:MOST_SHOWN].tolist() for array in numbers), strict=True)
        rows = [(str(i), f"{a}", f"{b}", f"{a + b}", f"{s:.10g}") for i, (a, b, s) in enumerate(pairs, 1)]
        if len(self.alice) > MOST_SHOWN:
            rows.append(("…", "…", "…", "…", "…"))
        columns = ("time", "alice's share", "bob's share", "sum", "sum mod 2^64, over 2^fxp_bits")
        return [Table("Two shares of the same number (sums are the observer's: no party has both)", columns, rows, 1)]

    @property
    def notes(self) -> list[str]:
        rule = (
            "Alice draws r, all 2^64 numbers being equally likely, sends r to bob and keeps x - r. Her share is as "
            "random as his."
        )
        wrapping = "No sum here wraps around: each is x itself."
        if wraps := self.wraps:
            times = ", ".join(map(str, wraps[:_MOST_NAMED])) + ", ..." * (len(wraps) > _MOST_NAMED)
            wrapping = f"Sums that wrap around (time {times}) are 2^64 away from x, and the same modulo 2^64."
        chance = f"A sum wraps around with chance |x| / 2^64, here {abs(self.encoded) / 2**64:.2g}."
        return [rule, f"{wrapping} {chance}", *repeatable(self.seed)]

    @property
    def wraps(self) -> list[int]:
        """The times, counted from 1, in which the shares, read as signed numbers, add up to x plus or minus 2^64."""
        a, b = signed(self.alice), signed(self.bob)
        return (np.flatnonzero(((a < 0) == (b < 0)) & ((a < 0) != (a + b < 0))) + 1).tolist()


@explorer(
    "Split again",
    Field("value", "Value", "the secret: any number"),
    Field("times", "Times", "how often it is split", 1, MOST_SHOWN),
    Field("fxp_bits", "fxp_bits", "fraction bits of the fixed-point number", 1, 30),
)
def split(value: float = 3.5, times: int = 5, *, fxp_bits: int = 18, seed: int | None = None) -> Split:
    """Split a number into fresh shares several times, and open it each time.

    `seed` makes the shares repeatable, for a lesson; nothing is secret then.
    """
    bits = whole("fxp_bits", fxp_bits, 1, 30)
    value = number("value", value, 2.0 ** (62 - bits))
    secrets = encode(np.full(whole("times", times, 1, 100_000), value), bits)

    async def program(player: Player) -> tuple[Ring, Ring]:
        share = await player.split(None if player.rank else secrets, secrets.size)
        return share.ring, await player.semi2k.open(share)

    (alice, opened), (bob, _) = run(program, seed, bits)
    return Split(value, bits, element(secrets[:1]), alice, bob, decode(opened, bits).astype(np.float64), seed)
