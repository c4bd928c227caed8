"""No draw of a computation serves two purposes, and what a party sees fits every data of the other one.

The second is *equivocation*: for other data of the peer there are draws of the peer with which a party's whole view and
its own result are the same bit for bit. They are found by running the real code again and again. Every message is
something minus a draw of its own, so what a message is off goes onto that draw; once all those before it fit, it fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kuscia_nb import mpc
from kuscia_nb.errors import OpAdjustError
from kuscia_nb.mpc import Semi2k
from kuscia_nb.mpc import semi2k as semi2k_module
from kuscia_nb.mpc import ttp as ttp_module
from kuscia_nb.mpc.prg import blocks_of
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
LAYOUT = mpc.Layout((3, 2), 4, 4, 2)
ROWS = LAYOUT.batches * LAYOUT.batch_size
BLOCKS = 2**13
"""Blocks of a party's stream that can be chosen; no computation here uses more."""

ranks = pytest.mark.parametrize("rank", [0, 1])
adjust_ranks = pytest.mark.parametrize("adjust_rank", [0, 1])
strategies = pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
truncations = pytest.mark.parametrize("truncation", ["asymmetric", "symmetric", "ttp"])


# --- a computation, and all that is drawn and sent in it --------------------------------------------------------------

Program = Callable[[Semi2k, Any], Coroutine[Any, Any, mpc.Share]]

PURPOSES = {
    "send X-A": ("mask", -1),
    "send w-v": ("rows", -1),
    "send r-v": ("columns", -1),
    "open x-a": ("a", -1),
    "open y-b": ("b", -1),
    "send a+u": ("bit", 1),
}
"""What a message is for -> what the draw is for that hides it, and the sign with which that is in the message."""


@dataclass
class Draws:
    """The blocks that one party's draws take, and in which order each purpose takes them."""

    rank: int
    places: dict[tuple[str, int], list[NDArray[np.int64]]] = field(default_factory=dict)
    """Purpose and bytes of an element -> where these elements are in the stream, counted in such elements."""
    used: list[tuple[str, range]] = field(default_factory=list)
    """Purpose and blocks, once for each draw."""

    def add(self, purpose: str, buffer: mpc.PrgBuffer, size: int = 8) -> None:
        blocks = range(buffer.counter, buffer.counter + blocks_of(-(-buffer.elements * size // 8)))
        if purpose == "mask" and (purpose, blocks) in self.used:
            return  # the columns are masked once, for many products
        self.used.append((purpose, blocks))
        first = buffer.counter * 16 // size
        self.places.setdefault((purpose, size), []).append(np.arange(first, first + buffer.elements))

    def of(self, purpose: str, size: int) -> NDArray[np.int64]:
        return np.concatenate(self.places[purpose, size])


class Told(mpc.TrustedThirdParty):
    """A TTP that writes down which draws it is told of, and the corrections, by what they correct."""

    def __init__(self) -> None:
        super().__init__()
        self.draws = Draws(0), Draws(1)
        self.corrections: list[tuple[str, NDArray[Any]]] = []

    def adjust_mul(self, session_id: str, buffers: Any, field: int = ttp_module.FIELD_64) -> mpc.Ring:
        return self._triple(buffers, super().adjust_mul(session_id, buffers, field))

    def adjust_dot(
        self, session_id: str, buffers: Any, m: int, n: int, k: int, field: int = ttp_module.FIELD_64
    ) -> mpc.Ring:
        return self._triple(buffers, super().adjust_dot(session_id, buffers, m, n, k, field))

    def _triple(self, buffers: Any, correction: mpc.Ring) -> mpc.Ring:
        for draws in self.draws:
            for purpose, buffer in zip("abc", buffers, strict=True):
                draws.add(purpose, buffer)
        self.corrections.append(("c", correction))
        return correction

    def adjust_mul_priv(self, session_id: str, buffers: Any, field_size: int) -> Any:
        correction = super().adjust_mul_priv(session_id, buffers, field_size)
        for draws in self.draws:
            draws.add("bit", buffers[0], field_size)
            draws.add("product of bits", buffers[1], field_size)
        self.corrections.append(("product of bits", correction))
        return correction

    def adjust_cross_dot(
        self, session_id: str, masks: Any, vectors: Any, c: Any, batch: int, rows: int, **options: Any
    ) -> mpc.Ring:
        correction = super().adjust_cross_dot(session_id, masks, vectors, c, batch, rows, **options)
        for draws in self.draws:
            draws.add("mask", masks[draws.rank])
            draws.add("columns" if options.get("transpose") else "rows", vectors[draws.rank])
            draws.add("c", c)
        self.corrections.append(("c", correction))
        return correction


class Chosen(mpc.BlockPrg):
    """A party's stream with other numbers at its beginning."""

    def __init__(self, seed: bytes, stream: mpc.Ring) -> None:
        super().__init__(seed)
        self._stream = stream

    def _generate(self, counter: int, elements: int) -> mpc.Ring:
        drawn, begin = super()._generate(counter, elements), 2 * counter
        own = self._stream[begin : begin + elements]
        drawn[: own.size] = own
        return drawn


class Seed:
    """A party's seeds, the same in every run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def draw(self, purpose: str) -> bytes:
        return hashlib.sha256(f"{self._name} {purpose}".encode()).digest()[:16]


@dataclass
class Run:
    """What became of a computation."""

    sent: tuple[list[tuple[str, NDArray[Any]]], list[tuple[str, NDArray[Any]]]]
    """By rank: what each message is for, and its numbers."""
    ttp: Told
    results: tuple[mpc.Ring, mpc.Ring]
    """Both shares."""

    @property
    def opened(self) -> NDArray[np.floating[Any]]:
        return mpc.decode(self.results[0] + self.results[1], BITS)

    def messages(self, rank: int, op: str, size: int) -> NDArray[Any]:
        """All numbers of a kind that a party has sent."""
        return np.concatenate([n.ravel() for one, n in self.sent[rank] if one == op and n.itemsize == size])

    def corrections(self, purpose: str, size: int) -> NDArray[Any]:
        return np.concatenate([n.ravel() for one, n in self.ttp.corrections if one == purpose and n.itemsize == size])

    def view(self, rank: int, adjust_rank: int) -> list[tuple[Any, ...]]:
        """All that a party gets from others, and its own result."""
        seen = self.sent[1 - rank] + (self.ttp.corrections if rank == adjust_rank else [])
        return [(what, numbers.shape, numbers.tobytes()) for what, numbers in [*seen, ("result", self.results[rank])]]


def run(
    monkeypatch: pytest.MonkeyPatch,
    program: Program,
    data: Any,
    adjust_rank: int,
    truncation: str = "asymmetric",
    streams: dict[int, mpc.Ring] | None = None,
) -> Run:
    """A computation whose ranks in `streams` draw these numbers."""
    links, ttp, seeds = mpc.connect(("bob", "alice")), Told(), (Seed("bob"), Seed("alice"))
    chosen = {seeds[rank].draw("beaver"): stream for rank, stream in (streams or {}).items()}
    sent: tuple[list[Any], list[Any]] = [], []

    def prg(seed: bytes) -> mpc.BlockPrg:
        return Chosen(seed, chosen[seed]) if seed in chosen else mpc.BlockPrg(seed)

    async def party(link: mpc.Link) -> mpc.Share:
        def spied(send: Any) -> Any:
            def spy(value: Any, op: str, *more: Any) -> Any:
                sent[link.rank].append((op, value.copy()))
                return send(value, op, *more)

            return spy

        link.exchange, link.swap = spied(link.exchange), spied(link.swap)  # type: ignore[method-assign]
        terms = mpc.Terms(adjust_rank=adjust_rank, truncation=truncation)
        return await program(await Semi2k.start(link, ttp, seeds[link.rank], terms), data)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        for module in (semi2k_module, ttp_module):
            patch.setattr(module, "BlockPrg", prg)
        outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    first, second = (outcome.result.ring for outcome in outcomes)
    return Run(sent, ttp, (first, second))


def training(strategy: str) -> Program:
    async def program(semi2k: Semi2k, data: Any) -> mpc.Share:
        columns, labels = data
        own = semi2k.encode(columns[:, LAYOUT.owned(semi2k.rank)])
        plan = Plan(LAYOUT, np.array(2000, np.uint64), mpc.encode(np.float32(0.5), BITS), strategy)
        return await train(semi2k, own, targets(semi2k, labels if semi2k.rank else None, ROWS), plan)

    return program


async def truncated_product(semi2k: Semi2k, data: Any) -> mpc.Share:
    """A column of each, multiplied and truncated with the TTP's help."""
    own = semi2k.share.of(semi2k.encode(data[0][:, LAYOUT.owned(semi2k.rank).start]))
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
    np.testing.assert_allclose(right.opened, wrong.opened, atol=30 * 2.0**-BITS)
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
    np.testing.assert_allclose(right.opened, wrong.opened, atol=30 * 2.0**-BITS)
    check_fresh(right)
    with pytest.raises(AssertionError, match=r"c at .* overlaps"):
        check_fresh(wrong)


# --- equivocation -----------------------------------------------------------------------------------------------------


def solve(monkeypatch: pytest.MonkeyPatch, wanted: Run, rank: int, adjust_rank: int, **how: Any) -> Run:
    """A run on other data of rank's peer in which this rank sees what it saw in `wanted`."""
    peer = 1 - rank
    stream = mpc.BlockPrg(Seed(("bob", "alice")[peer]).draw("beaver")).at(0, 2 * BLOCKS).copy()
    seen = wanted.view(rank, adjust_rank)
    for _ in range(20 * LAYOUT.batches * LAYOUT.epochs):
        found = run(monkeypatch, adjust_rank=adjust_rank, streams={peer: stream}, **how)
        if found.view(rank, adjust_rank) == seen:
            return found
        draws = found.ttp.draws[peer]
        for op, size in {(op, numbers.itemsize) for op, numbers in found.sent[peer]}:
            purpose, sign = PURPOSES[op]
            off = found.messages(peer, op, size) - wanted.messages(peer, op, size)
            stream.view(f"u{size}")[draws.of(purpose, size)[: off.size]] -= off if sign > 0 else -off
        for purpose, size in {(purpose, n.itemsize) for purpose, n in found.ttp.corrections if rank == adjust_rank}:
            off = found.corrections(purpose, size) - wanted.corrections(purpose, size)
            stream.view(f"u{size}")[draws.of(purpose, size)] += off
    raise AssertionError("no draws of the peer make this view")


def check_equivocation(
    monkeypatch: pytest.MonkeyPatch, program: Program, rank: int, adjust_rank: int, truncation: str
) -> None:
    data, other = with_other_data_of(1 - rank)
    first = run(monkeypatch, program, data, adjust_rank, truncation)
    found = solve(monkeypatch, first, rank, adjust_rank, program=program, data=other, truncation=truncation)
    assert found.view(rank, adjust_rank) == first.view(rank, adjust_rank)
    assert np.abs(first.opened - found.opened).max() > 100 * 2.0**-BITS, "another model, and the same view of it"


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
