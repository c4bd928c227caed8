"""Why one share says nothing: proper shares of a secret beside broken ones, share = x + a little noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..mpc import Ring, decode, encode
from ..mpc.ring import signed
from ..views.table import Table
from .chi_square import LEAST, Uniformity, shown, uniformity
from .lesson import MOST, Field, Lesson, Player, bar, explorer, number, repeatable, run, whole

if TYPE_CHECKING:
    from ..views.pictures_canvas import Picture

_TERMS = 18
BINS = (8, 16, 32, 64)


@dataclass(frozen=True, eq=False)
class Variant:
    """One way to share, seen by bob alone."""

    name: str
    """What it is called in the table."""
    shares: Ring
    """What bob gets, one for each time the secret is shared."""
    uniformity: Uniformity
    """The test of `shares` for uniformity."""
    guess: float
    """Bob's guess of the secret from his first share: the number that it stands for."""
    guess_of_many: float
    """His guess from all shares: their mean."""


@dataclass(frozen=True, repr=False, eq=False)
class OneShare(Lesson):
    """Bob's shares of one secret of alice's."""

    secret: float
    """Alice's number."""
    noise: float
    """The most that a broken share is away from the secret."""
    proper: Variant
    """With masks from the whole ring."""
    broken: Variant
    """With masks of at most `noise`."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def headline(self) -> str:
        times = len(self.proper.shares)
        return f"The secret {self.secret:g}, shared {times:,} times: what bob can make of his shares"

    @property
    def tables(self) -> list[Table]:
        columns = ("how it is shared", "uniform? p-value", "guess from one share", "from all", "off by")
        rows = [
            (
                variant.name,
                shown(variant.uniformity.p_value),
                f"{variant.guess:.6g}",
                f"{variant.guess_of_many:.6g}",
                f"{abs(variant.guess_of_many - self.secret):.2g}",
            )
            for variant in self.variants
        ]
        return [Table("Guessing the secret", columns, rows, 1), *map(_histogram, self.variants)]

    @property
    def variants(self) -> tuple[Variant, Variant]:
        """Proper, broken."""
        return self.proper, self.broken

    @property
    def notes(self) -> list[str]:
        test = (
            "The p-value is the chance that random numbers look at least as uneven: near 0, the shares are not random. "
            "A proper share is as random as any number, so each guess is as good as every other."
        )
        return [test, *repeatable(self.seed)]

    def picture(self) -> Picture:
        """Both histograms over the whole ring, as a picture; needs matplotlib."""
        from ..views.pictures_shares import compare

        return compare(self)


def _histogram(variant: Variant) -> Table:
    counts, edges = variant.uniformity.counts, variant.uniformity.edges
    rows = [
        (bar(count, max(counts)), f"{low / 2**63:+.3f}", f"{high / 2**63:+.3f}", f"{count:,}")
        for count, low, high in zip(counts, edges, edges[1:], strict=False)
    ]
    title = f"{variant.name} (expected {variant.uniformity.expected:,.1f} in each bin)"
    return Table(title, ("", "from (x 2^63)", "to", "shares"), rows, 1)


@explorer(
    "Share again",
    Field("secret", "Secret", "alice's secret: any number"),
    Field("times", "Times", "how often it is shared", LEAST * BINS[-1], MOST),
    Field("noise", "Noise", "the broken shares are the secret give or take this"),
    Field("bins", "Bins", "bins of the histogram: a power of two", choices=tuple(map(str, BINS))),
)
def one_share(
    secret: float = 0.0025, times: int = 10_000, *, noise: float = 1.0, bins: int | str = 16, seed: int | None = None
) -> OneShare:
    """Share a secret many times, properly and as x + noise; test bob's shares for uniformity, and guess the secret.

    `seed` makes the shares repeatable, for a lesson; nothing is secret then.
    """
    limit = 2.0 ** (61 - _TERMS)
    secret, noise = number("secret", secret, limit), number("noise", noise, limit)
    bins = whole("bins", int(bins) if str(bins).isdecimal() else bins, 2, 1024)
    count = whole("times", times, LEAST * bins, MOST)
    secrets = encode(np.full(count, secret), _TERMS)

    async def program(player: Player) -> tuple[Ring, Ring]:
        share = await player.split(None if player.rank else secrets, count)
        away = signed(player.random.draw(count)) / 2.0**63  # from -1 to 1
        return share.ring, secrets + encode(noise * away, _TERMS)

    (_, broken), (proper, _) = run(program, seed, _TERMS)
    variants = (_variant("proper: random shares", proper, bins), _variant("broken: x + noise", broken, bins))
    return OneShare(secret, noise, *variants, seed)


def _variant(name: str, shares: Ring, bins: int) -> Variant:
    numbers = decode(shares, _TERMS)
    return Variant(name, shares, uniformity(shares, bins), float(numbers[0]), float(numbers.mean()))
