"""What a message carries: what its receiver expects, what has come, and how either is told to people."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .ring import Words

Payload = Words | bytes
"""An array, which knows its type and shape, or bytes."""

Shape = tuple[int, ...]

RING = np.dtype(np.uint64)
"""The type of ring elements."""


def as_array(came: object, dtype: np.dtype[Any], shape: Shape) -> Words | None:
    """What came, if it is an array of this type and shape. Bytes are read as one: a wire has nothing else."""
    if isinstance(came, bytes) and len(came) == math.prod(shape) * dtype.itemsize:
        return np.frombuffer(came, dtype).reshape(shape)
    return came if isinstance(came, np.ndarray) and (came.dtype, came.shape) == (dtype, shape) else None


def compared(came: object, dtype: np.dtype[Any] | None, shape: Shape | None) -> tuple[str, str]:
    """What came, and what was expected: an array of this type and shape, or bytes; any number, if no shape is given."""
    if isinstance(came, np.ndarray):
        of_type = f" of {came.dtype}" if came.dtype != dtype else ""
        got = f"{_size(came.shape)} number{'s' if came.size != 1 else ''}{of_type}"
    else:
        of_type, got = "", f"{len(came)} bytes" if isinstance(came, bytes) else f"a {type(came).__name__}"
    if dtype is None:
        return got, "bytes" if shape is None else f"{shape[0]} bytes"
    return got, _size(shape or ()) + (of_type and f" of {dtype}")


def _size(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "1"
