"""Fixed point against the values of spec: ss_lr §1, which were checked with the SPU wheel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuscia_nb.mpc import fixed

HIGH, LOW = 4611686018427387903, -4611686018427387904


def encoded(x: object, dtype: type = np.float64) -> int:
    return int(fixed.encode(np.array([x], dtype), 18).view(np.int64)[0])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        *[(0.1, 26214), (-0.1, -26214), (1e-6, 0), (-1e-6, 0), (np.nan, 0)],
        *[(np.inf, HIGH), (1e30, HIGH), (-np.inf, LOW), (-1e30, LOW), (2.0**44, HIGH), (-(2.0**44), LOW)],
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_of_the_specification(x: float, expected: int, dtype: type) -> None:
    assert encoded(x, dtype) == expected


def test_the_precision_of_the_input_decides_the_last_bits() -> None:
    assert encoded(3.9999999, np.float32) == 1048576  # already 4 as a float32
    assert encoded(3.9999999, np.float64) == 1048575


def test_one_bad_value_leaves_the_others_alone() -> None:
    assert fixed.encode([np.nan, 0.5, np.inf], 1).view(np.int64).tolist() == [0, 1, HIGH]


@given(st.floats(-(2.0**40), 2.0**40), st.integers(0, 20))
def test_encoding_cuts_towards_zero(x: float, bits: int) -> None:
    back = float(fixed.decode(fixed.encode([x], bits), bits)[0])
    assert abs(back) <= abs(x)
    assert abs(back - x) < 2.0**-bits
    assert back * x >= 0


@given(st.integers(-(2**52), 2**52), st.integers(0, 30))
def test_decoding_is_exact_where_a_double_is(v: int, bits: int) -> None:
    assert fixed.decode(np.array([v]).view(np.uint64), bits)[0] == v / 2**bits


@pytest.mark.parametrize(("v", "expected"), [(3, 2), (2, 1), (1, 1), (0, 0), (-1, 0), (-2, -1), (-3, -1)])
def test_a_public_half_is_rounded_up(v: int, expected: int) -> None:
    assert fixed.truncate_public(np.array([v]).view(np.uint64), 1).view(np.int64)[0] == expected


def test_the_reciprocal_of_the_tutorials_batch_size() -> None:
    """Spec: ss_lr §2: enc(1/21) = 12483."""
    batch_size = fixed.encode(np.array([21], np.float32), 18)
    assert fixed.reciprocal_public(batch_size, 18).tolist() == [12483]


def test_a_single_number_saturates_too() -> None:
    assert fixed.encode(np.float64(1e30), 18).tolist() == 2**62 - 1
    assert fixed.encode(-np.inf, 18).view(np.int64).tolist() == -(2**62)
