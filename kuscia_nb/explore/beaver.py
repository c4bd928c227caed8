"""A product of two secrets with a Beaver triple, step by step [Beaver: Efficient multiparty protocols, 1991]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..errors import DataError
from ..mpc import Ring, encode
from ..texts import speaker
from ..views.table import Table, wrapped
from .lesson import Field, Lesson, Player, element, explorer, number, repeatable, run, whole


class Step(NamedTuple):
    """One line of the product: what each party has, and what it is for."""

    name: str
    """What `Product.step` finds it by."""
    formula: str
    """What it computes."""
    alice: int
    """Alice's part, a signed integer; so is bob's."""
    bob: int
    """Bob's part."""
    together: int
    """Both parts added modulo 2^64: what the line is about. Only the observer, or whoever opens it, knows it."""
    fraction_bits: int | None
    """How many of its bits are behind the point; None for a number that is random anyway."""
    knows: str
    """Who knows both parts together."""

    @property
    def value(self) -> str:
        """What `together` stands for."""
        return "random" if self.fraction_bits is None else f"{self.together / 2**self.fraction_bits:.10g}"


@dataclass(frozen=True, repr=False)
class Product(Lesson):
    """x * y with one triple."""

    x: float
    """Alice's secret."""
    y: float
    """Bob's secret."""
    fxp_bits: int
    """Bits behind the point."""
    steps: tuple[Step, ...]
    """From the inputs to z."""
    correction: int
    """What the TTP told alice to add to her part of c."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    def step(self, name: str) -> Step:
        """The line of this name: x, y, a, b, c, e, f, xy or z."""
        return next(step for step in self.steps if step.name == name)

    @property
    def result(self) -> float:
        """What the parties learn when they open z."""
        return self.step("z").together / 2**self.fxp_bits

    @property
    def error(self) -> float:
        """How far the result is from the product of the two fixed-point numbers, in ulp; less than 1."""
        exact = self.step("xy").together / 2**self.fxp_bits
        return self.step("z").together - exact

    @property
    def headline(self) -> str:
        say, product = speaker(), f"{self.x:g} x {self.y:g} = {self.result:.10g}"
        return say(
            "{product}, {error} ulp off (1 ulp = 2^-{bits}); x is alice's secret, y is bob's",
            product=product,
            error=f"{self.error:+.3f}",
            bits=self.fxp_bits,
        )

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        rows = [
            (step.name, say(step.formula), say(step.knows), *map(str, step[2:5]), say(step.value))
            for step in self.steps
        ]
        columns = ("", say("formula"), say("known to"), "alice", "bob", say("sum mod 2^64"), say("stands for"))
        return [Table(say("A product, line by line"), columns, rows, 3)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        helped = say(
            "The TTP knows both parties' seeds, so also a and b: it told alice to add {correction} to her c.",
            correction=self.correction,
        )
        masked = say("e and f are opened, and reveal nothing: a and b are random, and used for this product alone.")
        own = say(
            "Once they are open, alice knows a = x - e and bob knows b = y - f: each the mask of a secret of its own."
        )
        return [helped, masked, own, *repeatable(self.seed)]

    def __repr__(self) -> str:
        say = speaker()
        sum_, known = say("sum"), say("known to")
        lines = [
            f"{step.name:>2} = {say(step.formula)}\n"
            f"     alice {step.alice:>20}   bob {step.bob:>20}\n"
            f"     {sum_:<5} {step.together:>20}   {say(step.value)}; {known} {say(step.knows)}"
            for step in self.steps
        ]
        return "\n\n".join([wrapped(self.headline), "\n".join(lines), *map(wrapped, self.notes)])


class _Parts(NamedTuple):
    """What one party has at the end."""

    x: Ring
    y: Ring
    triple: list[Ring]
    correction: Ring
    double: Ring
    """Its share of x * y with twice the fraction bits."""
    z: Ring
    opened: Ring


@explorer(
    "Multiply again",
    Field("x", "x (alice)", "alice's secret: any number"),
    Field("y", "y (bob)", "bob's secret: any number"),
    Field("fxp_bits", "fxp_bits", "fraction bits of the fixed-point numbers", 1, 30),
)
def product(x: float = 3.5, y: float = -2.0, *, fxp_bits: int = 18, seed: int | None = None) -> Product:
    """Multiply alice's x by bob's y on shares, and show every number on the way.

    `seed` makes all of it repeatable, for a lesson; nothing is secret then.
    """
    bits = whole("fxp_bits", fxp_bits, 1, 30)
    limit = 2.0 ** (62 - bits)
    x, y = number("x", x, limit), number("y", y, limit)
    room = 2.0 ** (62 - 2 * bits)
    if abs(x * y) >= room:
        raise DataError(f"x * y = {x * y:g} does not fit", hint=f"a product below {room:g} in size, or fewer fxp_bits")
    encoded = [encode([value], bits) for value in (x, y)]

    async def program(player: Player) -> _Parts:
        semi2k = player.semi2k
        first = await player.split(None if player.rank else encoded[0], 1)
        second = await player.split(encoded[1] if player.rank else None, 1)
        counter = semi2k.beaver.counter
        double = await semi2k.mul(first, second)
        semi2k.beaver.counter = counter  # the triple that was used: the same draws once more
        buffers, triple = semi2k.draw_triple(1, 1, 1)
        correction = await semi2k.ttp.adjust_mul(buffers) if semi2k.ttp.adjusts else 0 * triple[2]
        z = double.truncate(bits)
        return _Parts(first.ring, second.ring, triple, correction, double.ring, z.ring, await semi2k.open(z))

    parties = run(program, seed, bits, replays=True)
    return Product(x, y, bits, _steps(*parties, bits), element(parties[0].correction), seed)


def _steps(alice: _Parts, bob: _Parts, bits: int) -> tuple[Step, ...]:
    def step(name: str, formula: str, of_alice: Ring, of_bob: Ring, fraction_bits: int | None, knows: str) -> Step:
        numbers = element(of_alice), element(of_bob), element(of_alice + of_bob)
        return Step(name, formula, *numbers, fraction_bits, knows)

    (a0, b0, c0), (a1, b1, c1) = alice.triple, bob.triple
    nobody, ttp, both = "nobody", "the TTP", "both (opened)"
    before = "the TTP, before opening"
    return (
        step("x", "x0 + x1", alice.x, bob.x, bits, "alice"),
        step("y", "y0 + y1", alice.y, bob.y, bits, "bob"),
        step("a", "a0 + a1, random", a0, a1, None, before),
        step("b", "b0 + b1, random", b0, b1, None, before),
        step("c", "a b", c0 + alice.correction, c1, None, ttp),
        step("e", "x - a", alice.x - a0, bob.x - a1, None, both),
        step("f", "y - b", alice.y - b0, bob.y - b1, None, both),
        step("xy", "c + e b + a f (alice: + e f)", alice.double, bob.double, 2 * bits, nobody),
        step("z", f"xy / 2^{bits} (alice down, bob up)", alice.z, bob.z, bits, both),
    )
