"""Rows of a matrix, some at a time, wherever it is: in memory, or in a file that is mapped into it (`growing`)."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

_CELLS = 2**16
"""Of a block: few enough for a processor's cache, and float32 can hold a sum of their squares."""


def blocks(matrix: Matrix) -> Iterator[Matrix]:
    """All rows, (rows, columns), in order and in blocks."""
    rows = max(1, _CELLS // max(1, matrix.shape[1]))
    return (rows_at(matrix, start, start + rows) for start in range(0, len(matrix), rows))


def rows_at(matrix: Matrix, start: int, end: int) -> Matrix:
    """Some rows: a view. Of a file, as many behind them are read ahead, and what was read before leaves the memory."""
    mapping = _mapping(matrix)
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)
        row = matrix.strides[0]
        begin, more = row * end // mmap.PAGESIZE * mmap.PAGESIZE, row * (end - start)
        if begin < len(mapping):
            mapping.madvise(mmap.MADV_WILLNEED, begin, min(more, len(mapping) - begin))
    return matrix[start:end]


def some(matrix: Matrix, which: NDArray[np.bool_]) -> Iterator[Matrix]:
    """The rows for which it is true, in blocks."""
    start = 0
    for block in blocks(matrix):
        yield block[which[start : start + len(block)]]
        start += len(block)


def column_of(matrix: Matrix, number: int) -> Matrix:
    """One column, (rows,): a copy."""
    return np.concatenate([block[:, number] for block in blocks(matrix)])


def is_mapped(matrix: Matrix) -> bool:
    """Whether it is in a file."""
    return _mapping(matrix) is not None


def _mapping(matrix: Matrix) -> mmap.mmap | None:
    """The file that a view of it leads to."""
    base: Any = matrix
    while isinstance(base, (np.ndarray, memoryview)):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    return base if isinstance(base, mmap.mmap) else None
