"""Truncation that cannot fail: two parties cut a secret with the TTP's help (SPU's TruncAPr2; spec: ss_lr §3).

Each party can shift its own share, but nobody knows whether the two shares wrap around 2^64, and if they do, the sum
of what is left is 2^(64-b) off. For |x| < 2^62 the two of them can work it out without telling each other. With
s_0 = x_0 - 2^62 and s_1 = x_1, the sum s_0 + s_1 = x - 2^62 has its top bit set. So it wraps exactly if both s_0 and
s_1 have theirs set: the wrap is the product u_0 u_1 of one bit of each party, and

    x / 2^b  =  (s_0 >> b) + (s_1 >> b) + 2^(62-b) - 2^(64-b) (1 + u_0 u_1) + 1        give or take a unit

The product comes from a pair a_0 a_1 = c_0 + c_1 of the TTP, of which rank i has a_i and c_i. Each sends
h_i = a_i + u_i, which is uniformly random, and has its part of the product: m_0 = u_0 h_1 + c_0, m_1 = c_1 - a_1 h_0.
Only b bits of it count, so that the ring of the pair may be as small as 2^32.

The result is x / 2^b rounded down or up, up with the chance of the fraction that is cut off, plus 2^-b: a bias of 2^-b
of a unit, where asymmetric truncation of shares has none (see `share`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy import add, left_shift, multiply, right_shift

from .link import Link
from .ring import WORDS, Ring, Words

LARGEST = 2**62
"""What a number has to stay below, as a ring integer."""


class Pairs(NamedTuple):
    """One party's part of pairs, ready for a truncation; arrays have the shape of what is truncated."""

    a: Words
    c: Words
    factor: Words | None
    """What rank 1 multiplies the peer's h with: a_1 2^(64-b), the upper word of it. Rank 0 has its u for that."""
    offset: Ring
    """All that is known of the result beforehand: constants, and c_i at its place."""

    def rows(self, start: int, count: int) -> Iterator[Pairs]:
        """Those of so many batches, one after the other, as plain tuples."""
        parts = (repeat(None, count) if part is None else part[start : start + count] for part in self)
        return zip(*parts, strict=True)  # type: ignore[return-value]


class Truncation:
    """One party's truncations by `bits`."""

    def __init__(self, link: Link, bits: int) -> None:
        if not 1 <= bits <= 62:
            raise ValueError(f"a truncation by {bits} bits is not possible, only by 1 to 62")
        self.bits, self.size = bits, 4 if bits <= 32 else 8
        """By how many bits, and bytes of an element in the smallest ring that has them."""
        self._link, self._rank = link, link.rank
        word, size = WORDS[self.size], 8 * self.size
        self._shift, self._up = np.array(bits, np.uint64), np.array(64 - bits, np.uint64)
        self._top, self._room = (np.array(count, word) for count in (size - 1, size - bits))
        self._minus = np.array(2**size - 2 ** (size - bits), word)
        self.before, self._after = (np.array(x % 2**64, np.uint64) for x in constants(self._rank, bits))

    def pairs(self, a: Words, c: Words) -> Pairs:
        """This party's part of pairs, made ready."""
        offset = self.corrected(self._after, c)
        factor = left_shift(a, self._room) if self._rank else None
        return Pairs(a, c, factor, offset)

    def corrected(self, offset: Ring, c: Words) -> Ring:
        """The `offset` of pairs with something more in c."""
        return offset - left_shift(c, self._up, dtype=np.uint64)

    def upper(self, x: Ring) -> Words:
        """The words of `x` that have the top bits (a view)."""
        return x.view(np.uint32)[..., 1::2] if self.size == 4 else x

    async def cut(self, x: Ring, upper: Words, pairs: Pairs) -> None:
        """Turn this party's additive share, less `before`, into that of x / 2^bits, in place.

        `upper` is `self.upper(x)`: of the words below only a shift is needed, since what is taken away for a wrap is a
        multiple of 2^(64-bits).
        """
        a, _, factor, offset = pairs
        u = right_shift(upper, self._top)
        theirs = await self._link.swap(a + u, "send a+u")
        if factor is None:
            factor = multiply(u, self._minus, u)
        right_shift(x, self._shift, x)
        add(x, offset, x)
        add(upper, multiply(factor, theirs, u), upper)


def constants(rank: int, bits: int) -> tuple[int, int]:
    """What a rank takes from its share before it is shifted, and what it adds after it."""
    return (0, 1) if rank else (LARGEST, 2 ** (62 - bits) - 2 ** (64 - bits))
