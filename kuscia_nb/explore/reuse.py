"""What a triple that is used twice leaks: e1 - e2 = (x1 - a) - (x2 - a) = x1 - x2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..mpc import Ring, encode
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, Player, element, explorer, number, repeatable, run, whole


class Opened(NamedTuple):
    """What both parties see of two products x1 * y1 and x2 * y2; signed integers."""

    e1: int
    """x1 - a."""
    f1: int
    """y1 - b."""
    e2: int
    """x2 - a, with the triple of the second product."""
    f2: int
    """y2 - b."""

    @property
    def x_difference(self) -> int:
        """e1 - e2 modulo 2^64."""
        return _wrap(self.e1 - self.e2)

    @property
    def y_difference(self) -> int:
        """f1 - f2 modulo 2^64."""
        return _wrap(self.f1 - self.f2)


@dataclass(frozen=True, repr=False)
class Reuse(Lesson):
    """Two products with the same triple, and with a fresh one each."""

    x: tuple[float, float]
    """Alice's secrets."""
    y: tuple[float, float]
    """Bob's secrets."""
    fxp_bits: int
    """Bits behind the point."""
    reused: Opened
    """With one triple for both products."""
    fresh: Opened
    """With a triple for each."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def leaked(self) -> tuple[float, float]:
        """x1 - x2 and y1 - y2 as anybody who saw the messages computes them; exact in fixed point."""
        return self.reused.x_difference / 2**self.fxp_bits, self.reused.y_difference / 2**self.fxp_bits

    @property
    def headline(self) -> str:
        say, (x, y) = speaker(), self.leaked
        return say(
            "One triple for two products: e1 - e2 is x1 - x2 = {x}, f1 - f2 is y1 - y2 = {y}",
            x=f"{x:.10g}",
            y=f"{y:.10g}",
        )

    @property
    def tables(self) -> list[Table]:
        def row(name: str, formula: str, of: str) -> tuple[str, ...]:
            return name, formula, str(getattr(self.reused, of)), str(getattr(self.fresh, of))

        say = speaker()
        rows = [
            *(row(name, formula, name) for name, formula in _OPENED),
            row("e1 - e2", say("x1 - x2 if a1 = a2"), "x_difference"),
            row("f1 - f2", say("y1 - y2 if b1 = b2"), "y_difference"),
        ]
        scale = 2**self.fxp_bits
        for name, of, (first, second) in (("x1 - x2", "x_difference", self.x), ("y1 - y2", "y_difference", self.y)):
            numbers = (getattr(opened, of) / scale for opened in (self.reused, self.fresh))
            really = say("really {number}", number=f"{first - second:.10g}")
            rows.append((name, really, *(f"{value:.10g}" for value in numbers)))
        columns = ("", *map(say, ("formula", "the triple used twice", "a fresh triple each")))
        return [Table(say("What was opened, and what it reveals"), columns, rows, 2)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        known = say(
            "Bob sees both e, so he learns how far alice's numbers are apart, and all of x2 if he knows x1. He needs "
            "no share for it. The products come out right. Alice can notice the fault, as her own part of the triple "
            "repeats; whether bob has looked, she cannot tell."
        )
        return [known, *repeatable(self.seed)]


_OPENED = (("e1", "x1 - a"), ("f1", "y1 - b"), ("e2", "x2 - a"), ("f2", "y2 - b"))


@explorer(
    "Multiply again",
    Field("x1", "x1 (alice)", "alice's first secret"),
    Field("x2", "x2 (alice)", "alice's second secret"),
    Field("y1", "y1 (bob)", "bob's first secret"),
    Field("y2", "y2 (bob)", "bob's second secret"),
)
def reused_triple(
    x1: float = 3.5,
    x2: float = -1.25,
    y1: float = 2.0,
    y2: float = 0.5,
    *,
    fxp_bits: int = 18,
    seed: int | None = None,
) -> Reuse:
    """Multiply x1 * y1 and x2 * y2 with one triple, which is a fault, and with two; and look at what was opened.

    `seed` makes the run repeatable, for a lesson; nothing is secret then.
    """
    bits = whole("fxp_bits", fxp_bits, 1, 30)
    named = (("x1", x1), ("x2", x2), ("y1", y1), ("y2", y2))
    x1, x2, y1, y2 = (number(name, value, 2.0 ** (61 - bits)) for name, value in named)
    secrets = [encode([value], bits) for value in (x1, x2, y1, y2)]

    async def program(player: Player) -> list[Ring]:
        semi2k = player.semi2k
        x = [await player.split(None if player.rank else secret, 1) for secret in secrets[:2]]
        y = [await player.split(secret if player.rank else None, 1) for secret in secrets[2:]]
        opened: list[Ring] = []
        for reuse in (True, False):
            counter = semi2k.beaver.counter
            for i in (0, 1):
                if reuse:
                    semi2k.beaver.counter = counter  # the fault: the same draws, so the same triple
                start = semi2k.beaver.counter
                await semi2k.mul(x[i], y[i])
                a, b = semi2k.beaver.at(start, 1), semi2k.beaver.at(start + 1, 1)
                opened += [x[i].ring - a, y[i].ring - b]  # what this party sent
        return opened

    alice, bob = run(program, seed, bits, replays=True)
    numbers = [element(a + b) for a, b in zip(alice, bob, strict=True)]
    return Reuse((x1, x2), (y1, y2), bits, Opened(*numbers[:4]), Opened(*numbers[4:]), seed)


def _wrap(value: int) -> int:
    """Modulo 2^64, as a signed integer."""
    return (value + 2**63) % 2**64 - 2**63
