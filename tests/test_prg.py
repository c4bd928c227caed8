"""The AES streams against the vectors of spec: ss_lr §4."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuscia_nb.mpc import BlockPrg, Seeds, StreamPrg
from kuscia_nb.mpc.prg import blocks_of

SEED = bytes(range(16))
VECTORS = [
    (
        BlockPrg,
        0,
        "c6a13b37878f5b826f4f8162a1c8d879 e37cd363dd7c87a09aff0e3e60e09c82 fb8ae31ba5db9cad",
        3,
    ),
    (
        BlockPrg,
        5,
        "789dc76ccb52ce1c3db90ecb357af60e eb3ee851461107fec27297b27ad5e563 0a54c3e6eae07ecc",
        8,
    ),
    (BlockPrg, 256, "9eb1b63c7efe31c9a46bb987baaf3908 6d820fbb3ae162cd", 258),
    (
        StreamPrg,
        0,
        "c6a13b37878f5b826f4f8162a1c8d879 7346139595c0b41e497bbde365f42d0a 49d68753999ba68c",
        3,
    ),
    (
        StreamPrg,
        5,
        "789dc76ccb52ce1c3db90ecb357af60e 169ad311f94bb32eb766dd50d48c6c09 b11f332a7b2f7b39",
        8,
    ),
    (StreamPrg, 256, "9eb1b63c7efe31c9a46bb987baaf3908 c3d9b0b869f1714c", 258),
]


@pytest.mark.parametrize(("kind", "counter", "expected", "after"), VECTORS)
def test_vectors_of_the_specification(kind: type, counter: int, expected: str, after: int) -> None:
    prg, wanted = kind(SEED), bytes.fromhex(expected)
    prg.counter = counter
    assert prg.draw(len(wanted) // 8).tobytes() == wanted
    assert prg.counter == after


@given(st.integers(0, 2**40), st.integers(1, 9000), st.integers(0, 40))
def test_a_draw_can_be_made_again_from_any_block_of_it(counter: int, elements: int, skipped: int) -> None:
    """Across the window in which small draws are made ahead, too."""
    prg = BlockPrg(SEED)
    whole = prg.at(counter, elements).copy()
    blocks = min(skipped, blocks_of(elements) - 1)
    assert np.array_equal(BlockPrg(SEED).at(counter + blocks, elements - 2 * blocks), whole[2 * blocks :])
    assert np.array_equal(prg.at(counter, elements), whole)


def test_draws_at_many_counters_are_the_draws_one_by_one() -> None:
    prg, counters = StreamPrg(SEED), np.array([0, 7, 3, 2**40], np.uint64)
    for row, counter in zip(prg.draws(counters, 5), counters.tolist(), strict=True):
        assert np.array_equal(row, StreamPrg(SEED).at(counter, 5))


def test_a_seed_is_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        BlockPrg(b"short")


def test_seeds_are_fresh_unless_a_number_is_given() -> None:
    assert Seeds().draw("x") != Seeds().draw("x")
    assert Seeds(1, "alice").draw("x") == Seeds(1, "alice").draw("x")
    drawn = {Seeds(n, who).draw(what) for n in (1, 2) for who in ("alice", "bob") for what in ("prss", "beaver")}
    assert len(drawn) == 8
    assert {len(seed) for seed in drawn} == {16}


def test_a_seed_is_given_out_once() -> None:
    """Also in a run that can be repeated: a second session of a task has other masks, the same in each repetition."""
    first, again = Seeds(1, "alice"), Seeds(1, "alice")
    drawn = [first.draw(what) for what in ("beaver", "prss", "beaver", "prss", "beaver")]
    assert len(set(drawn)) == 5
    assert [again.draw(what) for what in ("beaver", "prss", "beaver", "prss", "beaver")] == drawn


def test_a_draw_shows_nothing_of_what_was_in_memory_before() -> None:
    """The cipher leaves its last block of the output as it was."""
    for size in (2 * 4096 + 2, 12):
        np.full(size, 7, np.uint64)
        drawn: Any = BlockPrg(SEED).at(0, size - 2).base if size > 100 else StreamPrg(SEED).at(0, size - 2).base
        while drawn.base is not None:
            drawn = drawn.base
        assert drawn[-2:].tolist() == [0, 0]
