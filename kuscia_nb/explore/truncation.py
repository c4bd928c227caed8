"""Fixed point, and what truncating shares does to a number: each party cuts its own, and the sum is a little off.

A secret v with s extra fraction bits is shared as v_0 + v_1. Each party shifts its own share right by s. With
p = (v mod 2^s) / 2^s, and shares that do not wrap around 2^64, the sum is

    asymmetric (rank 1 rounds up)      floor(v / 2^s) with chance 1 - p,                 floor(v / 2^s) + 1 with p
    symmetric (both round down)        floor(v / 2^s) - 1 with chance 1 - p - 2^-s,      floor(v / 2^s) with p + 2^-s

and nothing else: the error is above -1 and below 1 ulp, on average 0; or above -2 and at most 0, on average -1 + 2^-s.
The shares wrap around with chance |v| / 2^64 (symmetric: give or take 2^-64), and then the sum is 2^(64-s) off
[Mohassel, Zhang: SecureML, 2017, theorem 1]. With the TTP's help (kind "ttp") no shares wrap around (see
`mpc.truncation`), and the sum is

    with the TTP                       floor(v / 2^s) with chance 1 - p - 2^-s,      floor(v / 2^s) + 1 with p + 2^-s

so that the error is above -1 and at most 1 ulp, on average 2^-s.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..mpc import Ring, encode
from ..mpc.ring import signed
from ..mpc.share import ASSISTED, LOCAL, SHARE_TYPES
from ..texts import speaker
from ..views.table import Table
from .lesson import MOST, Field, Lesson, Player, bar, element, explorer, impossible, number, repeatable, run, whole

KINDS = (*LOCAL, ASSISTED)


@dataclass(frozen=True, repr=False)
class Truncation(Lesson):
    """A number in fixed point, truncated on fresh shares many times."""

    value: float
    """The number."""
    fxp_bits: int
    """Bits behind the point, before and after."""
    shift: int
    """How many bits are cut."""
    kind: str
    """The rule: asymmetric, symmetric, or ttp."""
    encoded: int
    """trunc(value * 2^fxp_bits)"""
    secret: int
    """What is shared: trunc(value * 2^(fxp_bits + shift))."""
    seen: dict[int, int]
    """Opened result (an integer) -> how often; without the times in which the shares wrapped."""
    wrapped: int
    """How often the shares wrapped around 2^64."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def times(self) -> int:
        """How often it was truncated."""
        return sum(self.seen.values()) + self.wrapped

    @property
    def encoding_error(self) -> float:
        """Of the fixed-point number, in ulp: above -1 and below 1, towards zero."""
        return self.encoded - self.value * 2**self.fxp_bits

    @property
    def expected(self) -> dict[int, float]:
        """Result -> its exact chance, if the shares do not wrap around."""
        whole, rest = divmod(self.secret, 2**self.shift)
        unit = 2**self.shift
        if self.kind == "symmetric":
            chances = {whole - 1: (unit - rest - 1) / unit, whole: (rest + 1) / unit}
        elif self.kind == ASSISTED:
            chances = {whole: (unit - rest - 1) / unit, whole + 1: (rest + 1) / unit}
        else:
            chances = {whole: (unit - rest) / unit, whole + 1: rest / unit}
        return {result: chance for result, chance in chances.items() if chance}

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest error that can be, in ulp."""
        errors = [self.error_of(result) for result in self.expected]
        return min(errors), max(errors)

    @property
    def wrap_chance(self) -> float:
        """The chance that the shares wrap around."""
        if self.kind == ASSISTED:
            return 0.0
        at_zero = {"asymmetric": 0, "symmetric": 1 if self.secret >= 0 else -1}[self.kind]
        return (abs(self.secret) + at_zero) / 2**64

    @property
    def mean_error(self) -> float:
        """The mean over what was seen, in ulp, without wrapped results."""
        total = sum(self.seen.values())
        return sum(self.error_of(result) * count for result, count in self.seen.items()) / total if total else 0.0

    def error_of(self, result: int) -> float:
        """How far a result is from the secret, in ulp."""
        return (result * 2**self.shift - self.secret) / 2**self.shift

    @property
    def largest_error(self) -> float:
        """The largest error that was seen, in ulp and without a sign; that of a wrap, if there was one."""
        return 2.0 ** (64 - self.shift) if self.wrapped else max(abs(self.error_of(result)) for result in self.seen)

    @property
    def headline(self) -> str:
        say, (low, high) = speaker(), self.bounds
        return say(
            "{value} truncated by {shift} bits on {times} fresh pairs of shares ({kind}): errors from {low} to {high} "
            "ulp, mean {mean}",
            value=f"{self.value:.10g}",
            shift=self.shift,
            times=f"{self.times:,}",
            kind=self.kind,
            low=f"{low:+.4f}",
            high=f"{high:+.4f}",
            mean=f"{self.mean_error:+.4f}",
        )

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        columns = ("", *map(say, ("result", "error in ulp", "seen", "expected")))
        meaning = ("", say("meaning"), say("number"))
        return [
            Table(say("Fixed point"), meaning, self._point(), 2),
            Table(say("Truncated on shares"), columns, self._results(), 1),
        ]

    def _point(self) -> list[tuple[str, ...]]:
        """The number in fixed point."""
        say, ulp = speaker(), 2.0**-self.fxp_bits
        meaning = f"trunc({self.value:.10g} x 2^{self.fxp_bits})"
        off = say("{off} ulp off, towards zero", off=f"{self.encoding_error:+.4f}")
        more = say("the same with {shift} bits more, as after a product", shift=self.shift)
        return [
            ("fxp_bits", f"1 ulp = 2^-{self.fxp_bits} = {ulp:.4g}", str(self.fxp_bits)),
            (say("integer"), say("{meaning}, in 64 bits", meaning=meaning), str(self.encoded)),
            (say("stands for"), off, f"{self.encoded * ulp:.12g}"),
            (say("shared"), more, str(self.secret)),
        ]

    def _results(self) -> list[tuple[str, ...]]:
        """How often each result came out."""
        most = max(self.seen.values(), default=0)
        rows = [
            (
                bar(self.seen.get(result, 0), most),
                str(result),
                f"{self.error_of(result):+.4f}",
                f"{self.seen.get(result, 0):,}",
                f"{chance * (1 - self.wrap_chance) * self.times:,.1f}",
            )
            for result, chance in self.expected.items()
        ]
        wrapped = ("", speaker()("wrapped"), f"{2.0 ** (64 - self.shift):.3g}", f"{self.wrapped:,}", count(self))
        return [*rows, wrapped]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        rules = {
            "asymmetric": say(
                "asymmetric: rank 0 rounds its share down, rank 1 rounds up: each error is below 1 ulp, and their mean "
                "is 0."
            ),
            "symmetric": say(
                "symmetric: both parties round down: an error is above -2 and at most 0 ulp, and their mean is about "
                "-1."
            ),
            ASSISTED: say(
                "ttp: the TTP helps them find out whether the shares wrap around, and tells neither: no error is "
                "above 1 ulp, and their mean is about 0."
            ),
        }
        chance = say(
            "The shares wrap around with chance {chance} (|secret| / 2^64)."
            if self.kind != ASSISTED
            else "No shares wrap around: the chance of it is {chance}.",
            chance=f"{self.wrap_chance:.3g}",
        )
        return [f"{rules[self.kind]} {chance}", *repeatable(self.seed)]


def count(result: Truncation) -> str:
    """How many wraps are to be expected."""
    expected = result.wrap_chance * result.times
    return f"{expected:,.1f}" if expected >= 0.05 else f"{expected:.2g}"


@explorer(
    "Truncate again",
    Field("value", "Value", "any number"),
    Field("fxp_bits", "fxp_bits", "fraction bits of the fixed-point number", 1, 30, slider=True),
    Field("shift", "Shift", "how many more fraction bits the secret has, which are cut off", 1, 40, slider=True),
    Field("times", "Times", "how many fresh pairs of shares are truncated", 1, MOST),
    Field(
        "kind",
        "Rounding",
        "asymmetric: rank 1 rounds up; symmetric: both round down; ttp: the TTP helps",
        choices=KINDS,
    ),
)
def fixed_point(
    value: float = 0.1,
    fxp_bits: int = 18,
    shift: int = 18,
    times: int = 10_000,
    *,
    kind: str = "asymmetric",
    seed: int | None = None,
) -> Truncation:
    """A number in fixed point, and the errors of truncating it on many fresh pairs of shares.

    The secret has `shift` fraction bits more than fxp_bits, as after a product, and each party cuts them off its own
    share, or both with the TTP's help (`kind` "ttp"). `seed` makes the shares repeatable, for a lesson; nothing is
    secret then.
    """
    bits = whole("fxp_bits", fxp_bits, 1, 30)
    shift = whole("shift", shift, 1, 40)
    if kind not in KINDS:
        raise impossible("kind", kind, "one of " + ", ".join(KINDS))
    value = number("value", value, 2.0 ** (62 - bits - shift))
    secrets = encode(np.full(whole("times", times, 1, MOST), value), bits + shift)

    async def program(player: Player) -> tuple[Ring, Ring]:
        fresh = await player.split(None if player.rank else secrets, secrets.size)
        share = SHARE_TYPES[kind][player.rank].of(fresh.ring)
        cut = await player.semi2k.truncate(share, shift, assisted=kind == ASSISTED)
        return share.ring, await player.semi2k.open(cut)

    (_, opened), _ = run(program, seed, bits)
    secret = element(secrets[:1])
    counts = Counter(signed(opened).tolist())
    near = {result: count for result, count in sorted(counts.items()) if abs(result - (secret >> shift)) <= 1}
    encoded = element(encode([value], bits))
    return Truncation(value, bits, shift, kind, encoded, secret, near, secrets.size - sum(near.values()), seed)
