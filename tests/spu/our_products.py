"""Our side of a product with a real SPU rank: the command line of spu_peer.py, for matmul and mul."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from kuscia_nb import mpc
from kuscia_nb.operators.shares import write_share
from kuscia_nb.tools import spu_peer
from kuscia_nb.wire.sockets import Address
from kuscia_nb.wire.spu_inbox import KeyedInbox
from kuscia_nb.wire.spu_semi2k import SpuSemi2k
from kuscia_nb.wire.spu_transport import SpuTransport
from kuscia_nb.wire.ttp_client import RemoteTtp


def main() -> None:
    options = spu_peer.parser().parse_args()
    rank, addresses = options.rank, [Address.read(text) for text in options.parties]
    transport = SpuTransport(rank, addresses[1 - rank], addresses[rank])
    ttp = RemoteTtp(options.ttp, options.ttp_key)
    inbox = KeyedInbox(transport, rank)
    link = mpc.Link(rank, ("rank 0", "rank 1"), inbox, inbox.put, mpc.Ledger(), alone=True)
    numbers = np.loadtxt(options.data, np.float32, delimiter=",", skiprows=1, ndmin=2)

    async def product() -> mpc.Ring:
        terms = mpc.Terms("root", options.adjust_rank, 18, options.truncation)
        party = await SpuSemi2k.meet(link, ttp, mpc.Seeds(), terms, together=options.openings == "together")
        mine = party.input(party.encode(numbers.reshape(options.shapes[rank])))
        theirs = party.zeros(options.shapes[1 - rank])
        x, y = (theirs, mine) if rank else (mine, theirs)
        return (await (party.matmul if options.program == "matmul" else party.mul)(x, y, 18)).ring

    transport.connect()
    outcome = mpc.run_alone(product(), link)
    if outcome.error is not None:
        raise outcome.error
    transport.close()
    write_share(Path(options.out), outcome.result, 18, {})
    print(json.dumps({"rank": rank}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
