"""No draw of a computation serves two purposes, and what a party sees fits every data of the other one.

How the second is found out, `views` says.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from views import PURPOSES, Run, Told, solve, watch

from kuscia_nb import mpc
from kuscia_nb.errors import OpAdjustError
from kuscia_nb.mpc import Semi2k
from kuscia_nb.mpc import ttp as ttp_module
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
LAYOUT = mpc.Layout((3, 2), 4, 4, 2)
ROWS = LAYOUT.batches * LAYOUT.batch_size

ranks = pytest.mark.parametrize("rank", [0, 1])
adjust_ranks = pytest.mark.parametrize("adjust_rank", [0, 1])
strategies = pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
truncations = pytest.mark.parametrize("truncation", ["asymmetric", "symmetric", "ttp"])


# --- computations ----------------------------------------------------------------------------------------------------

Program = Callable[[Semi2k, Any], Coroutine[Any, Any, mpc.Share]]


def run(
    monkeypatch: pytest.MonkeyPatch,
    program: Program,
    data: Any,
    adjust_rank: int,
    truncation: str = "asymmetric",
    streams: dict[int, mpc.Ring] | None = None,
) -> Run:
    """A computation whose ranks in `streams` draw these numbers."""
    terms = mpc.Terms(adjust_rank=adjust_rank, truncation=truncation)

    async def party(link: mpc.Link, ttp: Told, seeds: Any) -> mpc.Ring:
        return (await program(await Semi2k.start(link, ttp, seeds, terms), data)).ring

    return watch(monkeypatch, lambda links, ttp, seeds: tuple(map(party, links, (ttp, ttp), seeds)), streams)


def opened(done: Run) -> NDArray[np.floating[Any]]:
    """The result of both shares."""
    return mpc.decode(done.results[0] + done.results[1], BITS)


def training(strategy: str) -> Program:
    async def program(semi2k: Semi2k, data: Any) -> mpc.Share:
        columns, labels = data
        own = semi2k.encode(columns[:, LAYOUT.owned(semi2k.rank)])
        plan = Plan(LAYOUT, np.array(2000, np.uint64), mpc.encode(np.float32(0.5), BITS), strategy)
        return await train(semi2k, own, targets(semi2k, labels if semi2k.rank else None, ROWS), plan)

    return program


async def truncated_product(semi2k: Semi2k, data: Any) -> mpc.Share:
    """A column of each, multiplied and truncated with the TTP's help."""
    own = semi2k.input(semi2k.encode(data[0][:, LAYOUT.owned(semi2k.rank).start]))
    x, y = (semi2k.zeros(ROWS), own) if semi2k.rank else (own, semi2k.zeros(ROWS))
    return await semi2k.truncate(await semi2k.mul(x, y), BITS)


def made(number: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    generator = np.random.default_rng(number)
    return generator.uniform(-1, 1, (ROWS, 5)), generator.integers(0, 2, ROWS).astype(np.float32)


def with_other_data_of(rank: int) -> tuple[Any, Any]:
    """Data, and other data that differ in all that a rank has."""
    (columns, labels), (others, other_labels) = made(1), made(2)
    changed, owned = columns.copy(), LAYOUT.owned(rank)
    changed[:, owned] = others[:, owned]
    return (columns, labels), (changed, other_labels if rank else labels)


# --- freshness --------------------------------------------------------------------------------------------------------


def check_fresh(done: Run) -> None:
    """Every draw has its own blocks, and every number that was sent its own mask."""
    for draws in done.ttp.draws:
        behind = 0
        for purpose, blocks in sorted(draws.used, key=lambda use: use[1].start):
            assert blocks.start >= behind, f"{purpose} at {blocks} overlaps what ends at {behind}"
            behind = blocks.stop
        for op, size in {(op, numbers.itemsize) for op, numbers in done.sent[draws.rank]}:
            purpose, _ = PURPOSES[op]
            masks = draws.of(purpose, size)
            assert len(set(masks.tolist())) == len(masks) == done.messages(draws.rank, op, size).size, op


@pytest.fixture(params=[1, 2, 100])
def small_blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many batches are prepared at a time, and then the next ones."""
    monkeypatch.setattr(mpc.Layout, "per_block", lambda self, elements: request.param)


@strategies
@adjust_ranks
@pytest.mark.parametrize("truncation", ["asymmetric", "ttp"])
@pytest.mark.usefixtures("small_blocks")
def test_no_draw_of_a_training_overlaps_another(
    strategy: str, adjust_rank: int, truncation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_fresh(run(monkeypatch, training(strategy), made(1), adjust_rank, truncation))


@adjust_ranks
def test_no_draw_of_a_truncation_with_the_ttp_overlaps_another(
    adjust_rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_fresh(run(monkeypatch, truncated_product, made(1), adjust_rank, "ttp"))


def test_one_mask_for_every_block_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All results stay right, and the difference of two messages is that of two parts of the columns."""
    draw_own, first = Semi2k.draw_own, {}

    def stale(self: Semi2k, elements: tuple[int, int]) -> Any:
        if elements != (2 * 4 * 3, 2 * 4 * 3):  # the masks of a block's columns, rows x (2 + 1) at alice
            return draw_own(self, elements)
        if self.rank not in first:
            first[self.rank] = draw_own(self, elements)
        return first[self.rank]

    monkeypatch.setattr(mpc.Layout, "per_block", lambda self, elements: 2)
    right = run(monkeypatch, training("preprocessed"), made(1), 0)
    with monkeypatch.context() as patch:
        patch.setattr(Semi2k, "draw_own", stale)
        wrong = run(monkeypatch, training("preprocessed"), made(1), 0)
    np.testing.assert_allclose(opened(right), opened(wrong), atol=30 * 2.0**-BITS)
    check_fresh(right)
    with pytest.raises(AssertionError):
        check_fresh(wrong)


def test_a_c_that_is_drawn_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of X^T r, if it repeats the one of X w: the TTP refuses it, and where it replays, so does the check."""
    draw_triple, last = Semi2k.draw_triple, {}

    def stale(self: Semi2k, *elements: int) -> Any:
        drawn = draw_triple(self, *elements)
        (buffer,), (c,) = drawn
        if self.rank in last and last[self.rank][1].size >= c.size:
            old_buffer, old = last.pop(self.rank)
            return [mpc.PrgBuffer(old_buffer.counter, buffer.elements)], [old[: c.size]]
        last[self.rank] = buffer, c
        return drawn

    layout = mpc.Layout((1, 1), 4, 2, 1)  # fewer weights than rows
    monkeypatch.setitem(globals(), "LAYOUT", layout)
    monkeypatch.setitem(globals(), "ROWS", 8)
    right = run(monkeypatch, training("preprocessed"), made(1), 0)
    monkeypatch.setattr(Semi2k, "draw_triple", stale)
    with pytest.raises(OpAdjustError):
        run(monkeypatch, training("preprocessed"), made(1), 0)
    monkeypatch.setattr(ttp_module.Session, "claim", lambda self, draws: None)
    last.clear()
    wrong = run(monkeypatch, training("preprocessed"), made(1), 0)
    np.testing.assert_allclose(opened(right), opened(wrong), atol=30 * 2.0**-BITS)
    check_fresh(right)
    with pytest.raises(AssertionError, match=r"c at .* overlaps"):
        check_fresh(wrong)


# --- equivocation -----------------------------------------------------------------------------------------------------


def check_equivocation(
    monkeypatch: pytest.MonkeyPatch, program: Program, rank: int, adjust_rank: int, truncation: str
) -> None:
    data, other = with_other_data_of(1 - rank)
    first = run(monkeypatch, program, data, adjust_rank, truncation)
    again = partial(run, monkeypatch, program, other, adjust_rank, truncation)
    found = solve(again, first, rank, adjust_rank, limit=20 * LAYOUT.batches * LAYOUT.epochs)
    assert found.view(rank, adjust_rank) == first.view(rank, adjust_rank)
    assert np.abs(opened(first) - opened(found)).max() > 100 * 2.0**-BITS, "another model, and the same view of it"


@strategies
@ranks
@adjust_ranks
@truncations
def test_a_partys_view_of_a_training_fits_any_data_of_its_peer(
    strategy: str, rank: int, adjust_rank: int, truncation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_equivocation(monkeypatch, training(strategy), rank, adjust_rank, truncation)


@ranks
@adjust_ranks
def test_a_partys_view_of_a_truncation_with_the_ttp_fits_any_data_of_its_peer(
    rank: int, adjust_rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_equivocation(monkeypatch, truncated_product, rank, adjust_rank, "ttp")
