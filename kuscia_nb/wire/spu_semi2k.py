"""semi2k as SPU speaks it (spec: ss_lr §2, §3, §11): what differs from the protocol of two parties of ours.

The set-up has four messages, and a seed of the TTP is encrypted. A product of numbers takes its factors the other way
round. Both masked factors may travel in one message. In a training, the penalty's part of the intercept is a sealed
zero: rank 0 adds l2 * (r0 - r1) and rank 1 its negative, so that who leaves it out spoils the other's weights. And the
weights stay a public zero until the first step is subtracted; they are sealed for its penalty alone.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from ..errors import UnexpectedMessage
from ..mpc import InterconnectionData, Layout, Link, Ring, Seeds, Semi2k, Share, Terms
from ..mpc.columns import Columns
from ..mpc.interconnection_batch import AssistedInterconnectionBatch
from ..mpc.prg import BlockPrg, StreamPrg
from ..mpc.ttp_line import TtpClient
from .msgpack import pack_uint128, unpack_uint128
from .ttp_client import RemoteTtp

_CORES = (1).to_bytes(4, "little")


class SpuSemi2k(Semi2k):
    """One party's side, the other one being a SPU. Make it with `await SpuSemi2k.meet(...)`."""

    together = False
    """Whether both masked factors of a product are opened in one message, as SPU does it if nobody tells it not to."""

    @classmethod
    async def meet(cls, link: Link, ttp: RemoteTtp, seeds: Seeds, terms: Terms, *, together: bool = False) -> Self:
        """Exchange seeds with the peer, each for itself: public, PRSS, and the encrypted one for the TTP."""
        beaver_seed, own_seed = seeds.draw("beaver"), seeds.draw("prss")
        client = await TtpClient.join(ttp, link, terms.session_id, terms.adjust_rank, beaver_seed)
        try:
            await link.exchange_bytes(_CORES, "cores", 4)
            await link.exchange_bytes(pack_uint128(seeds.draw("public")), "public seed")  # nothing here draws from it
            await link.send(pack_uint128(own_seed), "PRSS seed")
            prss = StreamPrg(own_seed), StreamPrg(_seed(await link.receive("PRSS seed")))
            encrypted = await link.exchange_bytes(ttp.encrypted_seed(terms.session_id), "encrypted seed for the TTP")
            ttp.add_encrypted_seed(terms.session_id, 1 - link.rank, encrypted)
        except BaseException:
            client.leave()
            raise
        made = cls(link, client, terms, BlockPrg(beaver_seed), prss)
        made.together = together
        return made

    async def mul(self, x: Share, y: Share, bits: int = 0, *, assisted: bool | None = None) -> Share:
        """x * y / 2^bits elementwise: the mask of y is drawn first."""
        return await super().mul(y, x, bits, assisted=assisted)

    async def open_masked(self, e: Ring, g: Ring, room: Ring | None = None) -> tuple[Ring, Ring]:
        """In one message, or one after the other."""
        if not self.together:
            return await super().open_masked(e, g, room)
        both = np.concatenate((e.ravel(), g.ravel()))
        both = both + await self.link.exchange(both, "open x-a, y-b")
        return both[: e.size].reshape(e.shape), both[e.size :].reshape(g.shape)


class SpuData(InterconnectionData):
    """Training data of one of two parties, the other one being a SPU."""

    def __init__(self, mpc: Semi2k, own: Ring | Columns, targets: Share, layout: Layout) -> None:
        super().__init__(mpc, own, targets, layout)
        self.changes, self._batch = True, SpuBatch

    def as_share(self, weights: Ring) -> Share:
        """Still the public zero: only a part of it that was not sealed cancels with the peer's."""
        return self._mpc.share(np.zeros_like(weights))


class SpuBatch(AssistedInterconnectionBatch):
    """A batch whose steps SPU would make like this: each party truncates alone, or the TTP helps."""

    __slots__ = ()

    def _penalised(self, weights: Share) -> Ring:
        """In the first step of all, the weights are sealed here, behind the zero of the intercept."""
        first = self._block.rows is None
        features = self._mpc.seal(np.zeros(len(weights.operand) - 1, np.uint64)) if first else weights[:-1]
        return np.append(features.operand, self._mpc.share.of(self._zero).operand)

    async def _cut(self, x: Ring, turn: int) -> Ring:
        if self._mpc.assisted:
            return await super()._cut(x, turn)
        return self._mpc.share(x).truncate(self._mpc.fxp_bits).operand


def _seed(message: bytes) -> bytes:
    try:
        return unpack_uint128(message)
    except ValueError as wrong:
        what = f"the peer's PRSS seed cannot be read: {wrong}"
        raise UnexpectedMessage(
            what, hint="the other party has to be a SPU, or start with --wire spu as well"
        ) from None
