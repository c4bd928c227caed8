"""Why one share reveals nothing: two secrets, shared properly, and in a way that is broken, share = x + a little noise.

Bob gets x - r, with r uniform over the ring. Then x - r is uniform, too, and so his shares follow one and the same law
for *every* secret. That is what secrecy means; a look at the shares of one secret cannot show it, so there are two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..mpc import Ring, decode, encode
from ..mpc.chi_square import LEAST, Uniformity, shown, uniformity
from ..mpc.ring import signed
from ..texts import speaker
from ..views.table import Table
from .lesson import MOST, Field, Lesson, Player, bar, explorer, number, repeatable, run, whole

if TYPE_CHECKING:
    from ..canvas import Picture

_TERMS = 18
BINS = (8, 16, 32, 64)


@dataclass(frozen=True, eq=False)
class Variant:
    """One way to share one secret, seen by bob alone."""

    name: str
    """What it is called in the table."""
    secret: float
    """Alice's number."""
    shares: Ring
    """What bob gets, one for each time the secret is shared."""
    uniformity: Uniformity
    """The test of `shares` for uniformity."""
    guess: float
    """Bob's guess of the secret from his first share: the number that it stands for."""
    guess_of_many: float
    """His guess from all shares: their mean."""

    @property
    def label(self) -> str:
        """The way and the secret, in the language of the reader."""
        say = speaker()
        way, _, secret = self.name.rpartition(", ")
        return f"{say(way)}, {secret}"


@dataclass(frozen=True, repr=False, eq=False)
class OneShare(Lesson):
    """Bob's shares of two secrets of alice's."""

    noise: float
    """The most that a broken share is away from its secret."""
    proper: Variant
    """The secret, with masks from the whole ring."""
    broken: Variant
    """The secret, with masks of at most `noise`."""
    other_proper: Variant
    """The other secret, with masks from the whole ring."""
    other_broken: Variant
    """The other secret, with masks of at most `noise`."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def secret(self) -> float:
        """Alice's number."""
        return self.proper.secret

    @property
    def other(self) -> float:
        """Her other number."""
        return self.other_proper.secret

    @property
    def variants(self) -> tuple[Variant, Variant, Variant, Variant]:
        """Both proper ones, both broken ones."""
        return self.proper, self.other_proper, self.broken, self.other_broken

    @property
    def headline(self) -> str:
        say, times = speaker(), f"{len(self.proper.shares):,}"
        return say(
            "The secrets {secret} and {other}, shared {times} times each: what bob can make of his shares",
            secret=f"{self.secret:,.10g}",
            other=f"{self.other:,.10g}",
            times=times,
        )

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        columns = tuple(
            map(say, ("how it is shared", "uniform? p-value", "guess from one share", "from all", "off by"))
        )
        rows = [
            (
                variant.label,
                shown(variant.uniformity.p_value),
                f"{variant.guess:.6g}",
                f"{variant.guess_of_many:.6g}",
                f"{abs(variant.guess_of_many - variant.secret):.2g}",
            )
            for variant in self.variants
        ]
        return [Table(say("Guessing the secret"), columns, rows, 1), *map(_histogram, self.variants)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        same = say(
            "Proper shares look the same for both secrets, as x - r is uniform if r is, whatever x is. That both have "
            "the same law is why they reveal nothing."
        )
        test = say(
            "The p-value is the chance that random numbers look at least as uneven: near 0, the shares are not random; "
            "very near 1, they are more even than chance. A good p-value proves nothing: the test sees how often each "
            "part of the ring is hit, not the bits below, and not whether numbers depend on each other."
        )
        return [same, test, *repeatable(self.seed)]

    def picture(self) -> Picture:
        """The histograms over the whole ring, as a picture; needs matplotlib."""
        from ..views.pictures_shares import compare

        return compare(self)


def _histogram(variant: Variant) -> Table:
    counts, edges = variant.uniformity.counts, variant.uniformity.edges
    rows = [
        (bar(count, max(counts)), f"{low / 2**63:+.3f}", f"{high / 2**63:+.3f}", f"{count:,}")
        for count, low, high in zip(counts, edges, edges[1:], strict=False)
    ]
    say, expected = speaker(), f"{variant.uniformity.expected:,.1f}"
    title = say("{way} (expected {expected} in each bin)", way=variant.label, expected=expected)
    return Table(title, ("", *map(say, ("from (x 2^63)", "up to", "shares"))), rows, 1)


@explorer(
    "Share again",
    Field("secret", "Secret", "alice's secret: any number"),
    Field("times", "Times", "how often each secret is shared", LEAST * BINS[-1], MOST),
    Field("other", "Other secret", "another number, to compare the shares with"),
    Field("noise", "Noise", "the broken shares are the secret give or take this"),
    Field("bins", "Bins", "bins of the histogram: a power of two", choices=tuple(map(str, BINS))),
)
def one_share(
    secret: float = 0.0025,
    times: int = 10_000,
    *,
    other: float = 1e6,
    noise: float = 1.0,
    bins: int | str = 16,
    seed: int | None = None,
) -> OneShare:
    """Share two secrets many times, properly and as x + noise; test bob's shares for uniformity, and guess the secrets.

    `seed` makes the shares repeatable, for a lesson; nothing is secret then.
    """
    limit = 2.0 ** (61 - _TERMS)
    secrets = number("secret", secret, limit), number("other", other, limit)
    noise = number("noise", noise, limit)
    bins = whole("bins", int(bins) if str(bins).isdecimal() else bins, 2, 1024)
    count = whole("times", times, LEAST * bins, MOST)

    async def program(player: Player) -> list[Ring]:
        if player.rank:
            return [np.frombuffer(await player.semi2k.link.receive(), np.uint64) for _ in range(4)]
        for x in (encode(np.full(count, value), _TERMS) for value in secrets):
            await player.semi2k.link.send((x - player.random.draw(count)).tobytes(), "send x - r")
            away = signed(player.random.draw(count)) / 2.0**63  # from -1 to 1
            await player.semi2k.link.send((x + encode(noise * away, _TERMS)).tobytes(), "send x + noise")
        return []

    _, received = run(program, seed, _TERMS)
    ways = [(way, value) for value in secrets for way in ("proper: x - r", "broken: x + noise")]
    variants = [_variant(way, value, shares, bins) for (way, value), shares in zip(ways, received, strict=True)]
    first, second, third, fourth = variants
    return OneShare(noise, first, second, third, fourth, seed)


def _variant(way: str, secret: float, shares: Ring, bins: int) -> Variant:
    numbers = decode(shares, _TERMS)
    test = uniformity(shares, bins)
    return Variant(f"{way}, x = {secret:,.10g}", secret, shares, test, float(numbers[0]), float(numbers.mean()))
