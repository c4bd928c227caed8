"""The ring Z_2^128 against Python's integers."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from kuscia_nb.wire.ring128 import Ring128

EDGES = [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64, 2**96 - 1, 2**127 - 1, 2**127, 2**128 - 1]
NUMBERS = [*EDGES, *(secrets.randbits(128) for _ in range(22))]


def ring(numbers: list[int]) -> Ring128:
    raw = b"".join(number.to_bytes(16, "little") for number in numbers)
    return Ring128.of(np.frombuffer(raw, np.uint64))


def integers(x: Ring128) -> list[int]:
    raw = x.tobytes()
    return [int.from_bytes(raw[i : i + 16], "little") for i in range(0, len(raw), 16)]


def pairs() -> tuple[list[int], list[int]]:
    return [x for x in NUMBERS for _ in NUMBERS], [y for _ in NUMBERS for y in NUMBERS]


@pytest.mark.parametrize("operator", ["__add__", "__sub__", "__mul__", "__xor__"])
def test_elementwise(operator: str) -> None:
    xs, ys = pairs()
    result = getattr(ring(xs), operator)(ring(ys))
    assert integers(result) == [getattr(x, operator)(y) % 2**128 for x, y in zip(xs, ys, strict=True)]


@pytest.mark.parametrize("bits", [1, 18, 63, 64, 65, 100, 127])
def test_shifts(bits: int) -> None:
    assert integers(ring(NUMBERS) >> bits) == [x >> bits for x in NUMBERS]
    signed = [x - 2**128 if x >= 2**127 else x for x in NUMBERS]
    assert integers(ring(NUMBERS).arithmetic(bits)) == [(x >> bits) % 2**128 for x in signed]
    if bits < 64:
        assert integers(ring(NUMBERS) << bits) == [(x << bits) % 2**128 for x in NUMBERS]


def test_matrix_product() -> None:
    m, k, n = 3, 11, 2
    x, y = (ring(NUMBERS[:33]).reshape(m, k), ring(NUMBERS[11:33]).reshape(k, n))
    rows = [NUMBERS[k * i : k * i + k] for i in range(m)]
    expected = [
        sum(rows[i][j] * NUMBERS[11 + n * j + column] for j in range(k)) % 2**128
        for i in range(m)
        for column in range(n)
    ]
    assert integers(x @ y) == expected
    transposed = ring([rows[i][j] for j in range(k) for i in range(m)]).reshape(k, m).T
    assert integers(transposed @ y) == expected


def test_a_product_of_many_rows_is_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = ring(NUMBERS[:30]).reshape(10, 3), ring(NUMBERS[:6]).reshape(3, 2)
    whole = integers(x @ y)
    monkeypatch.setattr("kuscia_nb.wire.ring128._MOST_AT_ONCE", 13)
    assert integers(x @ y) == whole
