"""What the security page says can be learned, by whom: attacks that work, and how much an opened number tells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from kuscia_nb import mpc
from kuscia_nb.mpc.share import SHARE_TYPES
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
LAYOUT = mpc.Layout((3, 2), 4, 5, 2)
ROWS = LAYOUT.batches * LAYOUT.batch_size


class Recording(mpc.TrustedThirdParty):
    """A TTP whose line somebody listens to."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: dict[int, bytes] = {}

    def create_session(self, session_id: str, rank: int, prg_seed: bytes, **options: Any) -> None:
        self.seeds[rank] = prg_seed
        super().create_session(session_id, rank, prg_seed, **options)


def heard(
    x: NDArray[np.float64], y: NDArray[np.int64], strategy: str, seed: int | None = None
) -> tuple[dict[int, list[tuple[str, mpc.Ring]]], dict[int, bytes]]:
    """What goes over both lines of both parties in a training: messages by sender with what they are for, and seeds."""
    links, ttp = mpc.connect(("bob", "alice")), Recording()
    plan = Plan(LAYOUT, np.array(2000, np.uint64), mpc.encode(np.float32(0.5), BITS), strategy)
    sent: dict[int, list[tuple[str, mpc.Ring]]] = {0: [], 1: []}

    async def party(link: mpc.Link) -> None:
        exchange = link.exchange

        async def spied(mine: mpc.Ring, *arguments: Any, **options: Any) -> mpc.Ring:
            sent[link.rank].append((str(arguments[0]), mine.copy()))
            return await exchange(mine, *arguments, **options)

        link.exchange = spied  # type: ignore[method-assign]
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(seed, link.name), mpc.Terms())
        own = mpc.encode(x[:, LAYOUT.owned(link.rank)], BITS)
        await train(semi2k, own, targets(semi2k, y.astype(np.float32) if link.rank else None, ROWS), plan)

    for outcome in mpc.run_lockstep((party(links[0]), party(links[1])), links):
        assert outcome.error is None
    return sent, ttp.seeds


def data(number: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    generator = np.random.default_rng(number)
    return generator.uniform(-1, 1, (ROWS, 5)), generator.integers(0, 2, ROWS)


# --- who hears both lines of a party reads its data -------------------------------------------------------------------


def test_who_records_both_lines_of_a_party_reads_its_columns() -> None:
    """The party's seed makes its mask A, and X = F + A. Nothing of the other party is needed."""
    x, y = data()
    sent, seeds = heard(x, y, "preprocessed")
    (op, masked), *_ = sent[0]
    assert op == "send X-A"
    mask = mpc.BlockPrg(seeds[0]).at(0, masked.size).reshape(masked.shape)
    read = mpc.decode((masked + mask).reshape(ROWS, -1), BITS)
    np.testing.assert_allclose(read, x[:, LAYOUT.owned(0)], atol=2.0**-BITS)


def test_who_records_both_lines_of_a_party_reads_its_columns_with_triples_too() -> None:
    """The first message of the first X^T r is the party's share of X^T, minus its share of a."""
    x, y = data()
    sent, seeds = heard(x, y, "interconnection")
    masked = next(ring for op, ring in sent[0] if op == "open x-a")
    mask = mpc.BlockPrg(seeds[0]).at(0, masked.size).reshape(masked.shape)
    shares = (masked + mask).T
    if shares.shape != (LAYOUT.batch_size, LAYOUT.width):
        shares = shares.T
    read = mpc.decode(shares[:, LAYOUT.owned(0)], BITS)
    np.testing.assert_allclose(read, x[: LAYOUT.batch_size, LAYOUT.owned(0)], atol=2.0**-BITS)


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_one_line_alone_says_nothing_of_the_data(strategy: str) -> None:
    """The messages between the parties, of constant data: uniform. (Of the TTP's line, test_ttp shows it.)"""
    x, y = np.full((ROWS, 5), 0.5), np.ones(ROWS, np.int64)
    rings = [ring.ravel() for _ in range(60) for _, ring in heard(x, y, strategy)[0][0]]
    numbers = np.concatenate(rings)
    for shift in range(0, 64, 8):
        octets = (numbers >> np.uint64(shift) & np.uint64(255)).astype(np.int64)
        result: Any = stats.chisquare(np.bincount(octets, minlength=256))
        assert 1e-6 < result.pvalue < 1 - 1e-6


# --- seed= ------------------------------------------------------------------------------------------------------------


def test_two_jobs_with_one_seed_give_a_corrected_cell_away() -> None:
    x, y = data()
    corrected = x.copy()
    corrected[6, 1] += 0.125
    (first, _), (second, _) = (heard(columns, y, "preprocessed", seed=1) for columns in (x, corrected))
    difference = (second[0][0][1] - first[0][0][1]).reshape(ROWS, -1)
    assert np.argwhere(difference).tolist() == [[6, 1]]
    assert abs(mpc.decode(difference, BITS)[6, 1] - 0.125) <= 2.0**-BITS


def test_without_a_seed_they_do_not() -> None:
    x, y = data()
    (first, _), (second, _) = (heard(x, y, "preprocessed") for _ in range(2))
    assert (first[0][0][1] != second[0][0][1]).all()


# --- who sends wrong numbers ------------------------------------------------------------------------------------------


def test_who_sends_a_wrong_share_may_know_the_right_result_and_spoil_the_others() -> None:
    links, ttp = mpc.connect(("alice", "bob")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link, lie: int) -> float:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms())
        own = semi2k.input(mpc.encode([3.0 if link.rank else 2.0], BITS))
        x, y = (semi2k.zeros(1), own) if link.rank else (own, semi2k.zeros(1))
        product = await semi2k.mul(x, y, BITS)
        theirs = await link.exchange(product.ring + np.uint64(lie), "open")
        return mpc.decode(product.ring + theirs, BITS).item()

    honest, liar = (
        outcome.result for outcome in mpc.run_lockstep((party(links[0], 0), party(links[1], 10 << BITS)), links)
    )
    assert honest == pytest.approx(16, abs=1e-5)
    assert liar == pytest.approx(6, abs=1e-5)


# --- how much an opened number tells ----------------------------------------------------------------------------------


def windows(values: NDArray[np.uint64], masks: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """What is opened when each value is shared with each mask, and truncated locally; shape (values, masks)."""
    first, second = SHARE_TYPES["asymmetric"]
    z0 = first.of(np.broadcast_to(masks, (values.size, masks.size)).copy())
    z1 = second.of(values[:, None] - masks[None, :])
    return (z0.truncate(bits).ring + z1.truncate(bits).ring).view(np.int64)


def test_an_opened_truncated_product_is_confined_to_2_to_the_f_values_at_a_known_offset() -> None:
    bits, masks = 6, np.arange(64, dtype=np.uint64) + np.uint64(2**40)
    values = np.arange(-1024, 1024).astype(np.uint64)
    opened = windows(values, masks, bits)
    for i in range(masks.size):
        results = np.unique(opened[:, i])
        candidates = [np.flatnonzero(opened[:, i] == result) for result in results[1:-1]]  # those at the ends are cut
        assert {len(candidate) for candidate in candidates} == {2**bits}
        assert all(np.ptp(candidate) == 2**bits - 1 for candidate in candidates)


def test_the_rounding_of_an_opened_product_tells_0_72_bit() -> None:
    """1 / (2 ln 2): of the product, a viewer who knows the mask against one who knows what is opened alone."""
    bits = 8
    unit = 2**bits
    values = np.arange(8 * unit, dtype=np.uint64)
    opened = windows(values, np.arange(unit, dtype=np.uint64) + np.uint64(2**40), bits)
    counts = (opened == 4).sum(axis=1)  # in how many of the masks each value opens to 4
    chances = counts[counts > 0] / counts.sum()
    without_mask = -(chances * np.log2(chances)).sum()
    told = without_mask - bits  # with it, 2^bits values are left, all equally likely
    assert told == pytest.approx(1 / (2 * math.log(2)), abs=0.001)
    assert len(chances) == 2 * unit - 1, "so a viewer without the mask has fewer than twice as many: at most one bit"


@pytest.mark.parametrize("openings", [8, 64])
def test_many_openings_of_one_product_tell_about_log2_of_their_number(openings: int) -> None:
    bits, generator = 12, np.random.default_rng(openings)
    value = 5 * 2**bits + 1234
    left = []
    for _ in range(400):
        masks = generator.integers(2**40, 2**41, openings).astype(np.uint64)
        candidates = np.arange(3 * 2**bits, 8 * 2**bits).astype(np.uint64)
        seen = windows(np.array([value], np.uint64), masks, bits)[0]
        for mask, result in zip(masks, seen, strict=True):
            candidates = candidates[windows(candidates, np.array([mask]), bits)[:, 0] == result]
        assert value in candidates
        left.append(math.log2(len(candidates)))
    told = bits + 1 / (2 * math.log(2)) - np.mean(left)
    assert abs(told - math.log2(openings)) < 0.3
