"""The ring Z_2^128, in pairs of 64-bit numbers: numpy has no such integers, and SPU has such a ring.

A `Ring128` is used as an array of uint64 is: `x * y - z`, `x @ y`, `x >> bits`. Its bytes are little endian, as SPU's.
"""

from __future__ import annotations

import numpy as np

from ..mpc.ring import Ring

_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_MOST_AT_ONCE = 1 << 20  # products held at a time while a matrix product is summed up


class Ring128:
    """An array modulo 2^128. `low` and `high` have its shape."""

    __slots__ = ("high", "low")

    def __init__(self, low: Ring, high: Ring) -> None:
        self.low, self.high = low, high

    @classmethod
    def of(cls, words: Ring) -> Ring128:
        """From 64-bit words, flat, the low one of each pair first."""
        return cls(words[0::2], words[1::2])

    def tobytes(self) -> bytes:
        """Row by row."""
        return np.stack([self.low, self.high], axis=-1).tobytes()

    @property
    def nbytes(self) -> int:
        """16 for each element."""
        return 2 * self.low.nbytes

    def reshape(self, *shape: int) -> Ring128:
        """The same elements in another shape."""
        return Ring128(self.low.reshape(shape), self.high.reshape(shape))

    @property
    def T(self) -> Ring128:  # noqa: N802  numpy's name
        """The transposed matrix."""
        return Ring128(self.low.T, self.high.T)

    def placed(self, places: np.ndarray) -> Ring128:
        """Element i at places[i]."""
        result = Ring128(np.empty_like(self.low), np.empty_like(self.high))
        result.low[places], result.high[places] = self.low, self.high
        return result

    def __add__(self, other: Ring128) -> Ring128:
        low = self.low + other.low
        return Ring128(low, self.high + other.high + (low < self.low))

    def __sub__(self, other: Ring128) -> Ring128:
        return Ring128(self.low - other.low, self.high - other.high - (self.low < other.low))

    def __xor__(self, other: Ring128) -> Ring128:
        return Ring128(self.low ^ other.low, self.high ^ other.high)

    def __mul__(self, other: Ring128) -> Ring128:
        high = _upper(self.low, other.low) + self.low * other.high + self.high * other.low
        return Ring128(self.low * other.low, high)

    def __matmul__(self, other: Ring128) -> Ring128:
        """(m x k) . (k x n), a few rows at a time."""
        (m, k), n = self.low.shape, other.low.shape[1]
        step = max(1, _MOST_AT_ONCE // (k * n))
        parts = []
        for row in range(0, m, step):
            left = Ring128(self.low[row : row + step, :, None], self.high[row : row + step, :, None])
            parts.append((left * Ring128(other.low[None], other.high[None]))._summed())
        return Ring128(np.concatenate([p.low for p in parts]), np.concatenate([p.high for p in parts]))

    def _summed(self) -> Ring128:
        """The sum over the second axis."""
        first = (self.low & _LOW).sum(axis=1, dtype=np.uint64)
        second = (self.low >> _HALF).sum(axis=1, dtype=np.uint64) + (first >> _HALF)
        high = self.high.sum(axis=1, dtype=np.uint64) + (second >> _HALF)
        return Ring128(first & _LOW | second << _HALF, high)

    def __lshift__(self, bits: int) -> Ring128:
        """For 0 < bits < 64."""
        left, right = np.uint64(bits), np.uint64(64 - bits)
        return Ring128(self.low << left, self.high << left | self.low >> right)

    def __rshift__(self, bits: int) -> Ring128:
        """Zeros come in at the top, for 0 < bits < 128."""
        return self._shifted(self.high >> np.uint64(bits % 64), np.uint64(0), bits)

    def arithmetic(self, bits: int) -> Ring128:
        """The same, with copies of the sign, as of signed numbers."""
        signed = self.high.view(np.int64)
        return self._shifted(
            (signed >> np.int64(bits % 64)).view(np.uint64), (signed >> np.int64(63)).view(np.uint64), bits
        )

    def _shifted(self, high: Ring, top: Ring | np.uint64, bits: int) -> Ring128:
        """`high` is the upper word after a shift by bits % 64, `top` what stands above it."""
        if bits >= 64:
            return Ring128(high, np.broadcast_to(top, high.shape).copy())
        return Ring128(self.low >> np.uint64(bits) | self.high << np.uint64(64 - bits), high)


def _upper(x: Ring, y: Ring) -> Ring:
    """The upper 64 bits of x * y."""
    x0, x1, y0, y1 = x & _LOW, x >> _HALF, y & _LOW, y >> _HALF
    middle = x1 * y0 + (x0 * y0 >> _HALF)
    return x1 * y1 + (middle >> _HALF) + (x0 * y1 + (middle & _LOW) >> _HALF)
