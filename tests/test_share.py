"""What a share may do by itself, and what it refuses."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kuscia_nb.mpc.share import LOCAL, SHARE_TYPES, Share

words = st.one_of(st.sampled_from([0, 1, 2**18, 2**63 - 1, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1))
vectors = hnp.arrays(np.uint64, 4, elements=words)
kinds = st.sampled_from(list(SHARE_TYPES))


def split(x: np.ndarray, r: np.ndarray, kind: str = "asymmetric") -> tuple[Share, Share]:
    """Shares of x, with r as rank 0's."""
    first, second = SHARE_TYPES[kind]
    return first.of(r), second.of(x - r)


def joined(shares: tuple[Share, Share]) -> list[int]:
    return (shares[0].ring + shares[1].ring).tolist()


@given(vectors, vectors, vectors, vectors, kinds)
def test_local_operators_compute_on_the_secret(
    x: np.ndarray, r: np.ndarray, y: np.ndarray, s: np.ndarray, kind: str
) -> None:
    a, b = split(x, r, kind), split(y, s, kind)
    assert joined((a[0] + b[0], a[1] + b[1])) == (x + y).tolist()
    assert joined((a[0] - b[0], a[1] - b[1])) == (x - y).tolist()
    assert joined((-a[0], -a[1])) == (-x).tolist()
    assert joined((a[0] + y, a[1] + y)) == (x + y).tolist()
    both: Any = (y + a[0], y + a[1])  # numpy's types do not know that it leaves these to us
    assert joined(both) == (x + y).tolist()
    assert joined((a[0] - y, a[1] - y)) == (x - y).tolist()
    both = (y - a[0], y - a[1])
    assert joined(both) == (y - x).tolist()
    assert joined((a[0] * y, a[1] * y)) == (x * y).tolist()
    assert joined((a[0][1:3], a[1][1:3])) == x[1:3].tolist()


def signed(x: int) -> int:
    return x - 2**64 if x >= 2**63 else x


@given(vectors, st.integers(0, 63))
def test_truncation_rounds_each_rank_as_documented(r: np.ndarray, bits: int) -> None:
    """Spec: ss_lr §3: rank 0 share >> b; rank 1 the same (symmetric), or -((-share) >> b) (asymmetric)."""
    down = [(signed(v) >> bits) % 2**64 for v in r.tolist()]
    up = [-(signed(-v % 2**64) >> bits) % 2**64 for v in r.tolist()]
    for kind, expected in (("asymmetric", up), ("symmetric", down)):
        rank_0, rank_1 = SHARE_TYPES[kind]
        assert rank_0.of(r).truncate(bits).ring.tolist() == down
        assert rank_1.of(r).truncate(bits).ring.tolist() == expected
        assert rank_1.of(r).scale(np.array(3, np.uint64), bits).ring.tolist() == (
            rank_1.of(r * np.uint64(3)).truncate(bits).ring.tolist()
        )


@pytest.mark.parametrize("rank", [0, 1])
def test_what_takes_the_ttp_is_not_truncated_by_a_party_alone(rank: int) -> None:
    share = SHARE_TYPES["ttp"][rank].of(np.ones(3, np.uint64))
    for act in (lambda: share.truncate(18), lambda: share.scale(np.array(3, np.uint64), 18)):
        with pytest.raises(TypeError, match=r"await mpc\.truncate\(x, bits\)"):
            act()


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**64 - 1), st.integers(1, 24))
def test_a_truncated_secret_is_less_than_a_unit_off(x: int, r: int, bits: int) -> None:
    """Unless the shares wrap, which is decided by r alone."""
    secret, first = np.array([x]).view(np.uint64), np.array([r], np.uint64)
    if not -(2**63) <= x - signed(r) < 2**63:
        return
    parts = split(secret, first)
    value = signed(joined((parts[0].truncate(bits), parts[1].truncate(bits)))[0])
    assert abs(value * 2**bits - x) < 2**bits


def test_asymmetric_truncation_is_unbiased_and_symmetric_is_not() -> None:
    """The error of 100,000 random sharings of a value, in units: mean 0 within 6 sigma, or what two floors come to."""
    generator, bits, n = np.random.default_rng(7), 18, 100_000
    secret = np.full(n, 12345678, np.uint64)
    mask = generator.integers(0, 2**64, n, dtype=np.uint64)
    exact, mean = 12345678 / 2**bits, {}
    for kind in LOCAL:
        parts = split(secret, mask, kind)
        opened = (parts[0].truncate(bits).ring + parts[1].truncate(bits).ring).view(np.int64)
        mean[kind] = float(np.mean(opened - exact))
    assert abs(mean["asymmetric"]) < 6 * 0.5 / math.sqrt(n)
    # floor(x0) + floor(x1) = x - {x0} - {x1}, and the two fractions add up to {x} or 1 + {x}
    fraction = exact % 1
    assert mean["symmetric"] == pytest.approx(-(fraction * fraction + (1 - fraction) * (1 + fraction)), abs=0.01)


@pytest.mark.parametrize(
    "accident",
    [
        *[bool, float, int, len, list, np.asarray, np.sum, round, pickle.dumps, copy.deepcopy, hash],
        *[lambda s: s == s, lambda s: s != 0, lambda s: s < s, lambda s: 3 in s, lambda s: s * s, lambda s: s + 0.5],
        *[lambda s: s * 2, lambda s: np.float64(2) * s, lambda s: np.ones(3) - s],
    ],
)
@pytest.mark.parametrize("rank", [0, 1])
def test_a_share_refuses_accidents(accident, rank: int) -> None:
    share = SHARE_TYPES["asymmetric"][rank].of(np.ones(3, np.uint64))
    with pytest.raises(TypeError):
        accident(share)


def test_a_share_does_not_print_its_numbers() -> None:
    assert "123456789" not in repr(SHARE_TYPES["asymmetric"][0].of(np.array([123456789], np.uint64)))
