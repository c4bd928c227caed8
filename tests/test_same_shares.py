"""The same seeds give the same shares and the same ledger as they always did, whatever is done to the engine's speed.

data/shares.json was written by the engine before its products were prepared in blocks. To the last bit, so that a job
that somebody has kept the seed of can be repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kuscia_nb import mpc
from kuscia_nb.mpc.columns import InRing
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
EXPECTED: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / "shares.json").read_text("utf-8"))
CASES = [
    *product(
        ("preprocessed", "interconnection"),
        ("asymmetric", "symmetric", "ttp"),
        (0, 1),
        ((1, 3, 2), (4, 1, 7), (21, 10, 10)),
    ),
    *product(("preprocessed", "interconnection"), ("asymmetric", "ttp"), (1,), ((300, 60, 59), (16, 2, 300))),
]
"""Strategy, truncation, rank with the labels, (batch size, columns of rank 0, of rank 1): also blocks of one step."""


class Seed:
    """A party's seeds, the same in every run."""

    def __init__(self, rank: int) -> None:
        self._rank = rank

    def draw(self, purpose: str) -> bytes:
        return hashlib.sha256(f"{self._rank} {purpose}".encode()).digest()[:16]


class MadeAnew(InRing):
    """Columns that become ring elements again in each epoch, as those that do not fit into memory."""

    kept = False


def trained(
    strategy: str,
    truncation: str,
    label_rank: int,
    sizes: tuple[int, int, int],
    columns_of: Callable[[mpc.Ring], InRing] = InRing,
) -> list[str]:
    """Digests of both shares of the weights, and of all messages."""
    size, *columns = sizes
    rows, generator = 7 * size + size // 2, np.random.default_rng(sum(sizes))
    x, y = generator.uniform(-1, 1, (rows, sum(columns))), generator.integers(0, 2, rows).astype(np.float32)
    l2 = 0.0 if size == 4 else 0.5
    layout = mpc.Layout((columns[0], columns[1]), size, rows // size, 2, bool(l2))
    plan = Plan(layout, np.array(700, np.uint64), mpc.encode(np.float32(l2), BITS), strategy)
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> mpc.Ring:
        terms = mpc.Terms(adjust_rank=1 - label_rank, truncation=truncation)
        semi2k = await mpc.Semi2k.start(link, ttp, Seed(link.rank), terms)  # type: ignore[arg-type]
        own = columns_of(mpc.encode(x[:, layout.owned(link.rank)], BITS))
        labels = targets(semi2k, y if link.rank == label_rank else None, rows)
        return (await train(semi2k, own, labels, plan)).ring

    outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    said = "".join(repr(tuple(message)[:-1]) for message in links[0].ledger.messages)  # but for their times
    return [digest(outcome.result.tobytes()) for outcome in outcomes] + [digest(said.encode())]


def digest(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()[:16]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same_seeds_give_the_same_shares(case: tuple[str, str, int, tuple[int, int, int]]) -> None:
    assert trained(*case) == EXPECTED[str(case)]


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_so_do_columns_that_are_not_kept_in_the_ring(case: tuple[str, str, int, tuple[int, int, int]]) -> None:
    assert trained(*case, MadeAnew) == EXPECTED[str(case)]
