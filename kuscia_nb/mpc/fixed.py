"""Fixed point: real numbers as ring elements, x -> trunc(x * 2^fxp_bits) (spec: ss_lr §1).

Encoding is that of SPU to the bit, in the precision of the input: NaN becomes 0, values beyond +-2^62 / 2^fxp_bits
saturate, and what does not fit into fxp_bits is cut off towards zero. One *ulp* is 2^-fxp_bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ring import Ring, signed

HIGH = 2**62 - 1
LOW = -(2**62)


def encode(x: ArrayLike, fxp_bits: int) -> Ring:
    """Real numbers to ring elements of the same shape.

    float32 input is scaled in float32, everything else in float64, because that decides the last bits.
    """
    values = np.asarray(x)
    if values.dtype != np.float32:
        values = values.astype(np.float64, copy=False)
    result = np.empty(values.shape, np.uint64)
    encode_into(result, values, fxp_bits)
    return result


def encode_into(room: Ring, values: NDArray[np.floating[Any]], fxp_bits: int) -> None:
    """`encode` of float32 or float64 numbers into `room`, of their shape, which may be a part of a larger array."""
    scale = values.dtype.type(2.0**fxp_bits)
    high = values.dtype.type(float(HIGH) / 2.0**fxp_bits)
    low = values.dtype.type(float(LOW) / 2.0**fxp_bits)
    result = signed(room)
    if values.size == 0 or (values.max() < high and values.min() > low):  # false as soon as there is a NaN
        result[...] = values * scale
        return
    inside = (values > low) & (values < high)
    result[...] = np.where(inside, values, 0) * scale
    result[values >= high] = HIGH
    result[values <= low] = LOW


def decode(x: Ring, fxp_bits: int, dtype: type[np.floating[Any]] = np.float64) -> NDArray[np.floating[Any]]:
    """Ring elements to real numbers: the signed value over 2^fxp_bits, divided in float64, then as `dtype`."""
    return (signed(x).astype(np.float64) / 2.0**fxp_bits).astype(dtype)


def truncate_public(x: Ring, bits: int) -> Ring:
    """A public value over 2^bits, half rounded up, as SPU rounds products of public values."""
    v = signed(x)
    return ((v >> bits) + ((v >> (bits - 1)) & 1)).view(np.uint64)


def reciprocal_public(x: Ring, fxp_bits: int) -> Ring:
    """1 / x of a public value, through float32 as SPU does it."""
    as_float = decode(x, fxp_bits, np.float32).astype(np.float64)
    return encode((1.0 / as_float).astype(np.float32), fxp_bits)
