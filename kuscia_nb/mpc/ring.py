"""The ring Z_2^64: numpy `uint64` arrays whose products and sums wrap.

Addition, subtraction and negation are numpy's own operators. What is here is what numpy's operators do not
give: products at memory speed in both directions, and a signed view.

numpy has no BLAS for integers. `X.dot(w)` is quickest for a few hundred elements, `einsum` for more: it reads
the matrix once, row by row, also when it multiplies from the left, where `X.T @ r` strides (benchmarks/ring.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.uint64]
"""An array of ring elements: uint64, any shape."""

Words = NDArray[np.uint32 | np.uint64]
"""Elements of a ring that may be smaller: Z_2^32 or Z_2^64."""

WORDS: dict[int, type[np.uint32] | type[np.uint64]] = {4: np.uint32, 8: np.uint64}
"""Bytes of an element -> the type of its ring."""

_SMALL = 4096  # elements; below it a call's fixed cost decides, above it the memory


def signed(x: Ring) -> NDArray[np.int64]:
    """The same elements read as two's complement, -2^63 .. 2^63-1 (a view)."""
    return x.view(np.int64)


def matvec(x: Ring, w: Ring) -> Ring:
    """`x @ w` mod 2^64 for x of shape (n, k), w of shape (k,)."""
    return x.dot(w) if x.size < _SMALL else np.einsum("ij,j->i", x, w)


def vecmat(r: Ring, x: Ring) -> Ring:
    """`r @ x` mod 2^64 for r of shape (n,), x of shape (n, k)."""
    return r.dot(x) if x.size < _SMALL else np.einsum("ij,i->j", x, r)


def batch_matvec(x: Ring, w: Ring) -> Ring:
    """`x[b] @ w[b]` for every b: (batch, n, k) and (batch, k) give (batch, n)."""
    return np.einsum("bij,bj->bi", x, w)


def batch_vecmat(r: Ring, x: Ring) -> Ring:
    """`r[b] @ x[b]` for every b: (batch, n) and (batch, n, k) give (batch, k)."""
    return np.einsum("bij,bi->bj", x, r)


def matmul(x: Ring, y: Ring) -> Ring:
    """`x @ y` mod 2^64 for a matrix x and a vector or matrix y."""
    return matvec(x, y) if y.ndim == 1 else np.matmul(x, y)


SHIFTS = [np.array(bits, np.int64) for bits in range(64)]
"""Shift counts ready-made: turning a Python int into an array costs numpy more than a small shift."""


def shift(owned: Ring, bits: int) -> Ring:
    """Arithmetic right shift in place, floor(signed(x) / 2^bits); returns `owned`."""
    in_place = owned.view(np.int64)
    np.right_shift(in_place, SHIFTS[bits], in_place)
    return owned
