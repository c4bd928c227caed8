"""The data that all contenders train on: uniform features, and labels that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 1
_BLOCK = 10_000  # rows

Floats = NDArray[np.float32]


def blocks(rows: int, features: int) -> Iterator[tuple[slice, Floats, Floats]]:
    """Rows, their features in [-1, 1) and labels 0 or 1, a few thousand at a time: the same in every process.

    In blocks, so that a process whose memory is measured need not have all of it as float32 first.
    """
    generator = np.random.default_rng(SEED)
    weights = generator.normal(size=features)
    for start in range(0, rows, _BLOCK):
        count = min(_BLOCK, rows - start)
        x = 2 * generator.random((count, features), np.float32) - 1
        noise = generator.normal(size=count)
        yield slice(start, start + count), x, (x @ weights + noise > 0).astype(np.float32)


def save(path: Path, rows: int, features: int) -> None:
    """Write x (rows, features) and y (rows,) to an .npz file."""
    arrays = {"x": np.empty((rows, features), np.float32), "y": np.empty(rows, np.float32)}
    for part, x, y in blocks(rows, features):
        arrays["x"][part], arrays["y"][part] = x, y
    np.savez(path, **arrays)
