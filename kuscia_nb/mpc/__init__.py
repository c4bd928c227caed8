"""semi2k: two-party computation on additive shares over Z_2^64, small enough to read.

From the bottom up: `ring` and `fixed` (numbers), `prg` (randomness), `ledger`, `inbox`, `link` and `scheduler`
(messages, who runs when), `ttp` (Beaver triples), `share` and `semi2k` (secrets and their products), `data` and its
two strategies, `interconnection` and `preprocessed` (products for training). `traced` writes down what a party does.

Two party programs, each with its own data, run like this:

    from kuscia_nb import mpc

    async def program(link, ttp, number):
        party = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms())
        mine, theirs = party.input(party.encode([number])), party.zeros(1)
        x, y = (mine, theirs) if link.rank == 0 else (theirs, mine)
        product = await party.mul(x, y, bits=party.fxp_bits)
        return mpc.decode(await party.open(product), party.fxp_bits)

    links, ttp = mpc.connect(("alice", "bob")), mpc.TrustedThirdParty()
    outcomes = mpc.run_lockstep((program(links[0], ttp, 3.5), program(links[1], ttp, -2.0)), links)
    outcomes[0].result    # array([-7.])
"""

from .data import Layout
from .digests import VerifiedMailbox, verified
from .door import Door
from .fixed import decode, encode
from .inbox import BlockingMailbox, LockstepMailbox
from .interconnection import InterconnectionData
from .ledger import Ledger, Message, NoLedger
from .link import Link, connect
from .preprocessed import PreprocessedData
from .prg import BlockPrg, Seeds, StreamPrg
from .ring import Ring
from .scheduler import Outcome, run_alone, run_lockstep
from .semi2k import Semi2k, Terms
from .share import Share
from .traced import Notes, TracedLink, Window, connect_traced
from .ttp import TrustedThirdParty, Ttp
from .ttp_line import JoinTtp, TtpLine
from .ttp_session import PrgBuffer

__all__ = [
    "BlockPrg",
    "BlockingMailbox",
    "Door",
    "InterconnectionData",
    "JoinTtp",
    "Layout",
    "Ledger",
    "Link",
    "LockstepMailbox",
    "Message",
    "NoLedger",
    "Notes",
    "Outcome",
    "PreprocessedData",
    "PrgBuffer",
    "Ring",
    "Seeds",
    "Semi2k",
    "Share",
    "StreamPrg",
    "Terms",
    "TracedLink",
    "TrustedThirdParty",
    "Ttp",
    "TtpLine",
    "VerifiedMailbox",
    "Window",
    "connect",
    "connect_traced",
    "decode",
    "encode",
    "run_alone",
    "run_lockstep",
    "verified",
]
