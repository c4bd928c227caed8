"""semi2k for two parties: additive shares over Z_2^64, semi-honest, with Beaver triples from a TTP.

`Semi2k` is one party's side of a computation. It holds this party's seeds and its link, and nothing of the peer's.
Formulas and message order are those of SPU and the interconnection standard (spec: ss_lr §3); the protocol is
[Beaver: Efficient multiparty protocols using circuit randomization, 1991] over additive shares.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy import add, multiply

from . import fixed
from .link import Link
from .prg import BlockPrg, Seeds, StreamPrg, blocks_of
from .ring import Ring, matmul
from .sacrifice import Claim, Sacrifice, elementwise, private
from .share import ASSISTED, SHARE_TYPES, Share
from .truncation import Pairs, Truncation
from .ttp import Ttp
from .ttp_line import JoinTtp, TtpClient
from .ttp_session import PrgBuffer

Times = Callable[[Ring, Ring], Ring]
"""A bilinear product of arrays."""
Adjust = Callable[[list[PrgBuffer]], Awaitable[Ring]]
"""Asks the TTP for what turns the c that was drawn into a times b."""
Claims = Callable[[Ring, Ring, Ring], Claim]
"""That c is a times b, of flat parts of a triple."""


class Terms(NamedTuple):
    """What both parties have agreed on before they start."""

    session_id: str = "root"
    """What the TTP and the keys of messages know this computation by."""
    adjust_rank: int = 0
    """The rank that asks the TTP for corrections."""
    fxp_bits: int = 18
    """Bits behind the point of every number."""
    truncation: str = "asymmetric"
    """A key of share.SHARE_TYPES. The parties may have different ones of the two that are local."""


class Semi2k:
    """One party's side. Make it with `await Semi2k.start(...)`, in both parties."""

    sacrifice: Sacrifice | None = None
    """What checks triples, if that was asked for."""

    def __init__(
        self, link: Link, ttp: TtpClient, terms: Terms, beaver: BlockPrg, prss: tuple[StreamPrg, StreamPrg]
    ) -> None:
        self.link, self.ttp, self.terms = link, ttp, terms
        self.rank = link.rank
        self.fxp_bits = terms.fxp_bits
        self.beaver = beaver
        """Where this party's parts of all triples come from; the TTP can replay it."""
        self.prss_counter = 0
        """Where this party's next PRSS draw stands (the same place as the peer's)."""
        self._prss = prss
        self.share: type[Share] = SHARE_TYPES[terms.truncation][self.rank]
        """The type of this party's shares; `share.of(ring)` takes ring elements as its part of a secret."""
        self.mirrored = self.share.mirrored
        self.assisted = terms.truncation == ASSISTED
        """Whether the parties truncate with the TTP's help, unless they are told otherwise."""
        self._truncations: dict[int, Truncation] = {}

    @classmethod
    async def start(cls, link: Link, ttp: Ttp | JoinTtp, seeds: Seeds, terms: Terms) -> Semi2k:
        """Give the TTP a fresh seed, exchange PRSS seeds with the peer.

        Whoever has the peer's PRSS seed knows that the peer's TTP session is open too: it was opened first.
        """
        beaver_seed, own_seed = seeds.draw("beaver"), seeds.draw("prss")
        client, sacrifice = await TtpClient.join(ttp, link, terms.session_id, terms.adjust_rank, beaver_seed), None
        try:
            if link.zeros:
                sacrifice = await Sacrifice.start(link, link.zeros, ttp, seeds, terms.session_id, terms.adjust_rank)
            await link.send(own_seed, "PRSS seed")
            prss = StreamPrg(own_seed), StreamPrg(await link.receive("PRSS seed", 16))
            await client.meet(link)
            if sacrifice:
                await sacrifice.meet()
        except BaseException:
            client.leave()
            if sacrifice:
                sacrifice.leave()
            raise
        semi2k = link.variant(cls)(link, client, terms, BlockPrg(beaver_seed), prss)
        semi2k.sacrifice = sacrifice
        return semi2k

    def begin_training(self, rate: Ring, l2: Ring) -> None:
        """A training begins, with these public terms: for who writes it down; here nobody does."""

    def leave(self) -> None:
        """End this party's part in what it has opened at the TTP."""
        self.ttp.leave()
        if self.sacrifice:
            self.sacrifice.leave()

    # Making shares, and opening them.

    def input(self, values: Ring) -> Share:
        """The share of a private input of this party: all of it."""
        return self.share.of(values)

    def zeros(self, shape: int | tuple[int, ...]) -> Share:
        """The share of a private input of the peer: all of it is in the peer's share."""
        return self.share(np.zeros(shape, np.uint64))

    def encode(self, value: object) -> Ring:
        """A public constant in fixed point."""
        return fixed.encode(np.asarray(value), self.fxp_bits)

    def seal(self, public: Ring) -> Share:
        """A fresh sharing of a public value, without a message (PRSS; SPU's p2a).

        Both seeds of the pseudo-random zero sharing are known to both parties: this changes the form, it hides nothing.
        """
        counter = self.prss_counter
        self.prss_counter += blocks_of(public.size)
        return self.share.of(self.seal_at(public.reshape(1, -1), np.array([counter], np.uint64)).reshape(public.shape))

    def seal_at(self, public: Ring, counters: Ring) -> Ring:
        """Fresh sharings of the rows of `public` with the PRSS draws at `counters`, as additive shares."""
        own, peers = (prg.draws(counters, public.shape[1]) for prg in self._prss)
        return own - peers if self.rank else own - peers + public

    async def open(self, x: Share, op: str = "open") -> Ring:
        """Learn a secret, together with the peer: both send their share. Shape of `x`."""
        ring = x.ring
        return ring + await self.link.exchange(ring.copy(), op)

    async def open_to(self, x: Share, rank: int, op: str = "send share") -> Ring | None:
        """Let one party learn a secret: the other one sends its share and learns nothing. Shape of `x`, or None."""
        if rank not in (0, 1):
            raise ValueError(f"there is no party of rank {rank}")
        ring = x.ring
        if self.rank != rank:
            await self.link.send(ring.tobytes(), op)
            return None
        return ring + np.frombuffer(await self.link.receive(op, ring.nbytes), np.uint64).reshape(ring.shape)

    # Products.

    async def mul(self, x: Share, y: Share, bits: int = 0, *, assisted: bool | None = None) -> Share:
        """x * y / 2^bits elementwise, equal shapes; truncated as `truncate` does it."""
        if x.shape != y.shape:
            raise ValueError(f"shapes differ: {x.shape} and {y.shape}")
        z = await self.product(multiply, x, y, [x.ring.size] * 3, self.ttp.adjust_mul, elementwise)
        return await self.truncate(z, bits, assisted=assisted)

    async def matmul(self, x: Share, y: Share, bits: int = 0, *, assisted: bool | None = None) -> Share:
        """x (m x k) . y (k x n or k) / 2^bits; truncated as `truncate` does it."""
        m, k = x.shape
        n = y.ring.size // k
        adjust = partial(self.ttp.adjust_dot, m=m, n=n, k=k)

        def claim(a: Ring, b: Ring, c: Ring) -> Claim:
            columns = np.broadcast_to(a.reshape(m, k), (n, m, k))
            return Claim(columns, b.reshape(k, n).T, c.reshape(m, n).T)

        z = await self.product(matmul, x, y, [m * k, k * n, m * n], adjust, claim)
        return await self.truncate(z, bits, assisted=assisted)

    async def product(
        self, times: Times, x: Share, y: Share, elements: Sequence[int], adjust: Adjust, claim: Claims
    ) -> Share:
        """x times y by a fresh triple c = a times b of so many `elements`, which the TTP makes one by `adjust`.

        `claim` says so of its flat parts, for who wants to check it.

        z_i = c_i + e b_i + a_i g + [rank 0] e g, where e = x - a and g = y - b are opened, one after the other as
        interconnection peers do it (spec: ss_lr §8).
        """
        buffers, (a, b, c) = self.draw_triple(*elements)
        if self.ttp.adjusts:
            c = c + await adjust(buffers)
        if self.sacrifice:
            await self.sacrifice.check([claim(a, b, c)])
        a, b = a.reshape(x.shape), b.reshape(y.shape)
        e, g = await self.open_masked(x.ring - a, y.ring - b)
        z = times(e, b) + times(a if self.rank else a + e, g)
        return self.share.of(z + c.reshape(z.shape))

    async def truncate(self, x: Share, bits: int, *, assisted: bool | None = None) -> Share:
        """x / 2^bits, give or take a unit: by each party alone, or with the TTP's help (see `share`).

        `assisted` says which, for both parties; without it, the session's terms do.
        """
        if not bits:
            return x
        if not (self.assisted if assisted is None else assisted):
            return x.truncate(bits)
        pairs, truncation = await self.draw_pairs(x.shape, bits), self.truncation(bits)
        ring = x.ring - truncation.before
        await truncation.cut(ring, truncation.upper(ring), pairs)
        return self.share.of(ring)

    def truncation(self, bits: int) -> Truncation:
        """This party's truncations by so many bits with the TTP's help."""
        if bits not in self._truncations:
            self._truncations[bits] = self.link.variant(Truncation)(self.link, bits)
        return self._truncations[bits]

    async def draw_pairs(self, shape: tuple[int, ...], bits: int) -> Pairs:
        """Pairs for the truncation of so many numbers by `bits`, with the TTP's correction."""
        size, item = math.prod(shape), self.truncation(bits).size
        start, blocks = self.beaver.counter, blocks_of(size, item)
        self.beaver.counter += 2 * blocks
        buffers = [PrgBuffer(start, size), PrgBuffer(start + blocks, size)]
        a, c = (self.beaver.words(counter, size, item).reshape(shape) for counter, _ in buffers)
        if self.ttp.adjusts:
            c = c + (await self.ttp.adjust_mul_priv(buffers, item)).reshape(shape)
        if self.sacrifice:
            await self.sacrifice.check([private(self.rank, a, c)])
        return self.truncation(bits).pairs(a, c)

    async def open_masked(self, e: Ring, g: Ring, room: Ring | None = None) -> tuple[Ring, Ring]:
        """Both masked factors of a product, opened one after the other, in their own shapes; the first in `room`."""
        e = add(e, await self.link.exchange(e, "open x-a"), room)
        return e, g + await self.link.exchange(g, "open y-b")

    def draw_triple(self, *elements: int) -> tuple[list[PrgBuffer], list[Ring]]:
        """This party's parts of a triple of such sizes, flat, and where they stand in its stream (as in the peer's)."""
        buffers, parts = [], []
        for size in elements:
            buffers.append(PrgBuffer(self.beaver.counter, size))
            parts.append(self.beaver.draw(size))
        return buffers, parts

    def draw_own(self, elements: tuple[int, int]) -> tuple[tuple[PrgBuffer, PrgBuffer], Ring]:
        """A draw that is this party's alone: `elements` by rank, both buffers, and this party's numbers.

        Both parties' counters move on by the larger one, so that they stay equal.
        """
        counter = self.beaver.counter
        own = self.beaver.at(counter, elements[self.rank])
        self.beaver.counter = counter + blocks_of(max(elements))
        return (PrgBuffer(counter, elements[0]), PrgBuffer(counter, elements[1])), own
