"""semi2k as SPU speaks it: the recorded runs with a real SPU, to the last bit, without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuscia_nb import mpc
from kuscia_nb.mpc.prg import BlockPrg, StreamPrg
from kuscia_nb.mpc.ttp_line import TtpClient
from kuscia_nb.operators.ss_lr.training import Plan, targets, train
from kuscia_nb.wire.spu_semi2k import SpuData, SpuSemi2k

GOLDEN = json.loads((Path(__file__).parent / "data" / "ss_lr_spu.json").read_text())


@pytest.mark.parametrize("run", GOLDEN["runs"], ids=lambda run: f"ours is rank {run['ours']}")
@pytest.mark.parametrize("together", [False, True])
def test_the_recorded_training_to_the_last_bit(run: dict[str, Any], together: bool) -> None:
    """Both ranks from the seeds of the run: the shares with which SPU and our prototype ended."""
    x, y = np.array(GOLDEN["x"]).astype(np.uint64), np.array(GOLDEN["y"]).astype(np.uint64)
    rows, size = GOLDEN["rows"], GOLDEN["batch_size"]
    layout = mpc.Layout(tuple(GOLDEN["columns"]), size, rows // size, GOLDEN["epochs"], penalised=True)
    plan = Plan(layout, np.array(GOLDEN["rate_ulp"], np.uint64), mpc.encode(np.float32(GOLDEN["l2"]), 18))
    prss, beaver = ([bytes.fromhex(seed) for seed in run[name]] for name in ("prss_seed", "beaver_seed"))
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> mpc.Ring:
        rank = link.rank
        terms = mpc.Terms(truncation=run["truncation"][rank])
        client = await TtpClient.join(ttp, link, "golden", 0, beaver[rank])
        await link.exchange_bytes(b"", "both have joined")
        streams = StreamPrg(prss[rank]), StreamPrg(prss[1 - rank])
        semi2k = SpuSemi2k(link, client, terms, BlockPrg(beaver[rank]), streams)
        semi2k.together = together
        labels = semi2k.input(y) - semi2k.encode(0.5) if not rank else targets(semi2k, None, rows)
        return (await train(semi2k, x[:, layout.owned(rank)], labels, plan, strategy=SpuData)).ring

    outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    assert [outcome.result.tolist() for outcome in outcomes] == run["shares"]
    assert links[0].sent == 1 + 11 * (1 if together else 2)  # 2n - 1 products in n = 6 steps (spec: ss_lr §11)
