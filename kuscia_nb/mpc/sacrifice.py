"""Finding out whether the TTP's products are right, by sacrificing others: with `--verify` (SPDZ's check of triples).

A *claim* is that c = a b, for shares that the TTP has corrected: a matrix a of some rows, a vector b. Its check takes a
sacrificed triple c' = a' b' of `ROWS` rows, which comes from the TTP, too, and is used for nothing else. When both
parties have their parts of both, and not before, they toss a coin: a matrix r of `ROWS` rows over Z_2^64. They multiply
r a by b with the sacrificed triple, as any two secrets are multiplied. Less r c it is 0 if the TTP was right: the
parties' shares of it are then the negatives of each other. They compare a hash of all of these before the job succeeds
(see `digests`), when they know that no message was changed: it is the TTP, then.

If it was wrong by e != 0 in c, and by e' in c', the check passes if r e = e'. Z_2^64 has zero divisors: with 2^v the
largest power of two that divides all of e, v <= 63, each row of r passes with probability 2^-(64-v), one half at most,
whatever e and e' are, since they were there before r. Rows are independent, so all pass with probability 2^-ROWS at
most. One row alone would find an error in the uppermost bit every other time.

Nothing is told by it: what is opened of a and b is masked by a' and b', which are fresh, and each party knows the hash
that it gets, or else that of its own share plus r e - e'. The triples that are checked are used once, as ever. Both
parties keep to the protocol here: it is the TTP that may be wrong, and it does not learn the coin, which it could do
nothing with any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from .link import Link
from .prg import SEED_BYTES, BlockPrg, Seeds
from .ring import Ring, Words, matvec
from .ttp import Ttp
from .ttp_line import JoinTtp, TtpClient
from .ttp_session import PrgBuffer
from .zeros import Zeros

ROWS = 40
"""Rows of a sacrificed triple: a wrong correction passes with probability 2^-ROWS at most."""
LARGEST = 2**15
"""Elements of the vectors that are checked in one go, about: a sacrificed matrix has ROWS times as many."""
_CHECK = "check of triples"


class Claim(NamedTuple):
    """One party's shares of n products c = a b."""

    a: Ring
    """(n, rows, k)"""
    b: Ring
    """(n, k)"""
    c: Ring
    """(n, rows)"""

    def parts(self) -> Iterator[Claim]:
        """The same in pieces that can be checked in one go."""
        step = max(1, LARGEST // max(self.b.shape[1], self.c.shape[1]))
        for start in range(0, len(self.b), step):
            yield Claim(*(one[start : start + step] for one in self))


def elementwise(a: Ring, b: Ring, c: Ring) -> Claim:
    """That c = a * b, of any shape."""
    return Claim(a.reshape(-1, 1, 1), b.reshape(-1, 1), c.reshape(-1, 1))


def private(rank: int, a: Words, c: Words) -> Claim:
    """That c = a_0 * a_1, of which each party has its own, in the ring of their words.

    What holds in Z_2^32 holds in Z_2^64 when both sides are 2^32 times as much.
    """
    scale = np.uint64(64 - 8 * a.itemsize)
    own, nothing, c = a.astype(np.uint64), np.zeros(a.shape, np.uint64), c.astype(np.uint64)
    return elementwise(nothing if rank else own << scale, own if rank else nothing, c << scale)


class SacrificeTtp(TtpClient):
    """Where sacrificed triples come from."""


class Sacrifice:
    """One party's side of the checks of one computation. They have a session of their own at the TTP.

    So the draws of the computation are what they are without checks.
    """

    def __init__(self, link: Link, zeros: Zeros, ttp: TtpClient, beaver: BlockPrg, seeds: Seeds) -> None:
        """`zeros` gets this party's shares of what has to be 0."""
        self._link, self._zeros, self._ttp, self._beaver, self._seeds = link, zeros, ttp, beaver, seeds

    @classmethod
    async def start(
        cls, link: Link, zeros: Zeros, ttp: Ttp | JoinTtp, seeds: Seeds, session_id: str, adjust_rank: int
    ) -> Sacrifice:
        """Open the session, in both parties; they meet before they check anything."""
        seed = seeds.draw("sacrifice")
        client = await SacrificeTtp.join(ttp, link, f"{session_id}/sacrifice", adjust_rank, seed)
        return cls(link, zeros, client, BlockPrg(seed), seeds)

    async def meet(self) -> None:
        """As `TtpClient.meet`."""
        await self._ttp.meet(self._link)

    def leave(self) -> None:
        """End this party's part in the session."""
        self._ttp.leave()

    async def check(self, claims: Iterable[Claim]) -> None:
        """Check products that both parties have their shares of, and have used for nothing yet."""
        pieces: list[Claim] = []
        for claim in claims:
            for piece in claim.parts():
                if pieces and sum(one.b.size for one in (*pieces, piece)) > LARGEST:
                    await self._check(pieces)
                    pieces = []
                pieces.append(piece)
        await self._check(pieces)

    async def _check(self, claims: list[Claim]) -> None:
        link, y = self._link, np.concatenate([claim.b.reshape(-1) for claim in claims])
        a, b, c = await self._triple(y.size)
        x, z = _combined(claims, BlockPrg(await self._toss()))
        d, e = x - a, y - b
        d = d + await link.exchange(d, _CHECK)
        e = e + await link.exchange(e, _CHECK)
        self._zeros.add(matvec(d, b if link.rank else b + e) + matvec(a, e) + c - z)

    async def _triple(self, width: int) -> tuple[Ring, Ring, Ring]:
        """This party's part of a fresh one: (ROWS, width), (width,), (ROWS,)."""
        buffers, parts = [], []
        for elements in (ROWS * width, width, ROWS):
            buffers.append(PrgBuffer(self._beaver.counter, elements))
            parts.append(self._beaver.draw(elements))
        a, b, c = parts
        if self._ttp.adjusts:
            c = c + await self._ttp.adjust_dot(buffers, m=ROWS, n=1, k=width)
        return a.reshape(ROWS, width), b, c

    async def _toss(self) -> bytes:
        """A seed that both parties have chosen together."""
        mine = self._seeds.draw("coin")
        theirs = await self._link.exchange_bytes(mine, "coin", SEED_BYTES)
        both = theirs + mine if self._link.rank else mine + theirs
        return hashlib.sha256(both).digest()[:SEED_BYTES]


def _combined(claims: list[Claim], coin: BlockPrg) -> tuple[Ring, Ring]:
    """r a, (ROWS, elements of all b), and r c, (ROWS,)."""
    x, z, start = np.empty((ROWS, sum(claim.b.size for claim in claims)), np.uint64), np.zeros(ROWS, np.uint64), 0
    for a, b, c in claims:
        n, rows = c.shape
        r = coin.draw(ROWS * c.size).reshape(n, ROWS, rows)
        np.matmul(r, a, out=x[:, start : start + b.size].reshape(ROWS, n, -1).transpose(1, 0, 2))
        z += np.einsum("njr,nr->j", r, c)
        start += b.size
    return x, z
