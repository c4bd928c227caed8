"""Frames: what the stream of a link is made of. Each has a head of 56 bytes, and may have a body.

A head says all that is to be known of the body, so a receiver can refuse a frame before it reads on. The key of a
message is a number and a kind: there is no text in a head that could be long.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...mpc.inbox import Slot
from ...mpc.payload import Payload
from .websocket import Malformed

DATA, BEAT, HELLO, WELCOME, NO, END = 1, 2, 3, 4, 5, 6
"""Kinds. DATA and END are numbered; a BEAT is a sign of life; the others are the first on a connection, JSON."""
_NUMBERED = (DATA, END)
_OPENING = (HELLO, WELCOME, NO)

HEAD = struct.Struct("<4BI4Q4I")
"""kind, dtype, dimensions, collective; round; number, acknowledged, slot, length of the body; shape."""
_DTYPES = (np.dtype(np.uint8), np.dtype("<u8"), np.dtype("<u4"))
"""Bytes, and words of 8 and of 4."""
_CODES = {8: 1, 4: 2}
_MOST_DIMENSIONS = 4
LARGEST_OPENING = 4096
_SHAPELESS = (0, 0, 0, 0)

COMPLETE, FAILED, STOPPED, REFUSED = range(4)
"""Why a party has ended: the slot of an END."""


class Bounds(NamedTuple):
    """What one party takes of the other."""

    frame: int = 1 << 28
    """Bytes of one message."""
    ahead: int = 1 << 29
    """Bytes of messages that have come and were not asked for yet."""
    letters: int = 1 << 16
    """How many of these."""


BOUNDS = Bounds()


class Head(NamedTuple):
    """The head of a frame."""

    kind: int
    slot: Slot
    """For an END, why."""
    round: int
    number: int
    """Of DATA and END, from 1 in each direction; 0 otherwise."""
    acknowledged: int
    """Up to which number its sender has everything."""
    length: int
    """Bytes of the body."""
    dtype: np.dtype[np.uint8 | np.uint32 | np.uint64]
    shape: tuple[int, ...]


def data_head(slot: Slot, payload: Payload, round: int, number: int, acknowledged: int) -> bytes:
    """The head of a message."""
    collective, at = (1, slot) if isinstance(slot, int) else (0, slot[1])
    if isinstance(payload, bytes):
        code, length, shape = 0, len(payload), (len(payload),)
    else:
        code, length, shape = _CODES[payload.itemsize], payload.nbytes, payload.shape
    return HEAD.pack(DATA, code, len(shape), collective, round, number, acknowledged, at, length, *_padded(shape))


@lru_cache(64)
def _padded(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"a message has at most {_MOST_DIMENSIONS} dimensions, not {len(shape)}")
    return (*shape, *_SHAPELESS)[:_MOST_DIMENSIONS]


def end_head(why: int, number: int, acknowledged: int) -> bytes:
    """The head of the last frame of a party."""
    return HEAD.pack(END, 0, 0, 0, 0, number, acknowledged, why, 0, *_SHAPELESS)


def beat(acknowledged: int) -> bytes:
    """A sign of life."""
    return HEAD.pack(BEAT, 0, 0, 0, 0, 0, acknowledged, 0, 0, *_SHAPELESS)


def opening(kind: int, text: bytes) -> bytes:
    """HELLO, WELCOME or NO, whole."""
    return HEAD.pack(kind, 0, 1, 0, 0, 0, 0, 0, len(text), len(text), 0, 0, 0) + text


def read_head(data: bytes | bytearray | memoryview, largest: int) -> Head:
    """The head that the first 56 bytes are. Malformed says what is wrong with it, also if its body is too long."""
    kind, code, dimensions, collective, round, number, acknowledged, at, length, *sizes = HEAD.unpack_from(data)
    if bool(number) != (kind in _NUMBERED) and DATA <= kind <= END:
        raise Malformed(f"a frame of the kind {kind} with the number {number}")
    dtype, shape = _form(largest, kind, code, dimensions, collective, length, *sizes)
    slot = at if collective or kind != DATA else ("P2P", at)
    return Head(kind, slot, round, number, acknowledged, length, dtype, shape)


@lru_cache(64)  # the messages of a training are of a few forms
def _form(
    largest: int, kind: int, code: int, dimensions: int, collective: int, length: int, *sizes: int
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape of a body. Malformed says what is wrong with this part of a head."""
    if not DATA <= kind <= END:
        raise Malformed(f"a frame of the kind {kind}")
    if code >= len(_DTYPES) or dimensions > _MOST_DIMENSIONS or collective > 1 or any(sizes[dimensions:]):
        raise Malformed(f"a frame of the type {code}, {dimensions} dimensions, key {collective}")
    most = largest if kind == DATA else LARGEST_OPENING if kind in _OPENING else 0
    if length > most:
        raise Malformed(f"a frame of {length:,} bytes; allowed: {most:,}")
    dtype, shape = _DTYPES[code], sizes[:dimensions]
    if length != (math.prod(shape) * dtype.itemsize if dimensions or kind == DATA else 0):
        raise Malformed(f"a frame of {length:,} bytes for an array of {'x'.join(map(str, shape)) or 'no shape'}")
    if not code and kind == DATA and dimensions != 1:
        raise Malformed("bytes that have a shape")
    return dtype, shape
