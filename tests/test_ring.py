"""Products and shifts against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kuscia_nb.mpc import ring

MODULUS = 2**64
EDGES = [0, 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]
elements = st.one_of(st.sampled_from(EDGES), st.integers(0, MODULUS - 1))


def arrays(*shape: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.uint64, shape, elements=elements)


def product(x: list[list[int]], y: list[list[int]]) -> list[list[int]]:
    """Of two matrices of Python integers, mod 2^64."""
    return [[sum(a * b for a, b in zip(row, column, strict=True)) % MODULUS for column in zip(*y)] for row in x]  # noqa: B905


@given(st.data(), st.integers(1, 6), st.integers(1, 6))
def test_products_with_vectors_are_those_of_integers(data: st.DataObject, n: int, k: int) -> None:
    x, w, r = data.draw(arrays(n, k)), data.draw(arrays(k)), data.draw(arrays(n))
    assert [[value] for value in ring.matvec(x, w).tolist()] == product(x.tolist(), [[v] for v in w.tolist()])
    assert [ring.vecmat(r, x).tolist()] == product([r.tolist()], x.tolist())


@given(st.data(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_products_of_matrices_are_those_of_integers(data: st.DataObject, m: int, k: int, n: int) -> None:
    x, y = data.draw(arrays(m, k)), data.draw(arrays(k, n))
    assert ring.matmul(x, y).tolist() == product(x.tolist(), y.tolist())


@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
def test_batches_are_their_products_one_by_one(data: st.DataObject, batch: int, n: int, k: int) -> None:
    x, w, r = data.draw(arrays(batch, n, k)), data.draw(arrays(batch, k)), data.draw(arrays(batch, n))
    assert ring.batch_matvec(x, w).tolist() == [ring.matvec(x[b], w[b]).tolist() for b in range(batch)]
    assert ring.batch_vecmat(r, x).tolist() == [ring.vecmat(r[b], x[b]).tolist() for b in range(batch)]


@pytest.mark.parametrize("shape", [(8, 16), (200, 300)], ids=["below the limit", "above it"])
def test_large_and_small_products_take_the_same_values(shape: tuple[int, int]) -> None:
    """The way a product is computed changes with its size; 2^64 - 1 is -1, so every sum is minus its length."""
    ones, minus = np.ones(shape, np.uint64), np.full(shape, MODULUS - 1, np.uint64)
    assert set(ring.matvec(minus, ones[0]).tolist()) == {MODULUS - shape[1]}
    assert set(ring.vecmat(ones[:, 0], minus).tolist()) == {MODULUS - shape[0]}


@given(arrays(5), st.integers(0, 63))
def test_shift_is_the_floor_of_the_signed_number(x: np.ndarray, bits: int) -> None:
    expected = [((v - MODULUS if v >= 2**63 else v) >> bits) % MODULUS for v in x.tolist()]
    assert ring.shift(x, bits).tolist() == expected
