"""Split a number into two shares, and look again: other shares each time, always the same sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mpc import Ring, decode, encode
from ..mpc.chi_square import shown
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, Player, element, explorer, number, repeatable, run, whole

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
        values = {
            "value": f"{self.value:.10g}",
            "encoded": self.encoded,
            "bits": self.fxp_bits,
            "times": len(self.alice),
        }
        say = speaker()
        return say("{value} is the integer {encoded} at fxp_bits = {bits}; shares of it: {times} times", **values)

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        pairs = zip(*(array[:MOST_SHOWN].tolist() for array in (self.alice, self.bob, self.opened)), strict=True)
        rows: list[tuple[str, ...]] = [
            (str(i), f"{a}", f"{b}", f"{a + b}", f"{(a + b) >> 64}", f"{value:.10g}")
            for i, (a, b, value) in enumerate(pairs, 1)
        ]
        if len(self.alice) > MOST_SHOWN:
            rows.append(("…",) * 6)
        columns = tuple(map(say, ("time", "alice's share", "bob's share", "sum", "wraps", "stands for")))
        title = say("Two shares of the same number (sums are the observer's: no party has both)")
        return [Table(title, columns, rows, 1)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        rule = say(
            "Alice draws r, all 2^64 numbers being equally likely, sends r to bob and keeps x - r. Her share is as "
            "random as his."
        )
        values = {"count": len(self.wraps), "times": len(self.alice), "chance": shown(self.wrap_chance)}
        wrapping = say(
            "A sum of 2^64 or more wraps around: it is 2^64 too large, and the same modulo 2^64. So it is here "
            "{count} of {times} times, and it happens with chance {chance}: whenever r is above x on the ring.",
            **values,
        )
        return [rule, wrapping, *repeatable(self.seed)]

    @property
    def wraps(self) -> list[int]:
        """The times, counted from 1, in which the shares add up to 2^64 or more."""
        return (np.flatnonzero(self.alice + self.bob < self.alice) + 1).tolist()

    @property
    def wrap_chance(self) -> float:
        """The chance of such a sum: that of an r which is larger than x is as a number from 0 to 2^64 - 1."""
        return (2**64 - 1 - self.encoded % 2**64) / 2**64


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
