"""protobuf's wire format, as far as the link, the handshake and the TTP need it: varints, bytes, doubles.

A message is read field by field, never as a tree: what a peer sends costs its length, and no more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""How a value is written: its wire type."""

Buffer = bytes | bytearray | memoryview
Value = Any
"""An int for a varint, a memoryview for everything else."""


_SHORT = tuple(bytes([value]) for value in range(0x80))
"""The numbers of one byte, as most are."""


def varint(value: int) -> bytes:
    """An unsigned number in groups of seven bits, the low one first."""
    if value < 0x80:
        return _SHORT[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A field with a whole number; none for 0, which is what a missing one means. A negative one takes ten bytes."""
    return varint(field << 3) + varint(value % 2**64) if value else b""


def data(field: int, value: Buffer) -> bytes:
    """A field with bytes, a text's or a message's, written even if it is empty."""
    return varint(field << 3 | BYTES) + varint(len(value)) + bytes(value)


def double(field: int, value: float) -> bytes:
    """A field with a double; none for 0."""
    return varint(field << 3 | DOUBLE) + struct.pack("<d", value) if value else b""


def packed(field: int, values: Iterable[int]) -> bytes:
    """A repeated field of whole numbers, as proto3 packs them; none for no numbers."""
    body = b"".join(varint(value % 2**64) for value in values)
    return data(field, body) if body else b""


def read_varint(buffer: Buffer, start: int) -> tuple[int, int]:
    """The number at `start`, and where it ends. ValueError, if there is none."""
    if start < len(buffer) and buffer[start] < 0x80:
        return buffer[start], start + 1
    value = shift = 0
    for at in range(start, min(start + 10, len(buffer))):
        byte = buffer[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value % 2**64, at + 1
        shift += 7
    raise ValueError("a number without an end")


def fields(buffer: Buffer) -> Iterator[tuple[int, int, Value]]:
    """(field, wire type, value) of every field in order. ValueError at one that is cut off or of no known type."""
    view, at, end = memoryview(buffer), 0, len(buffer)
    while at < end:
        tag, at = read_varint(view, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = read_varint(view, at)
            yield tag >> 3, kind, value
            continue
        if kind == BYTES:
            length, at = read_varint(view, at)
        else:
            length = {DOUBLE: 8, FLOAT: 4}.get(kind, end + 1)
        if length > end - at:
            raise ValueError(f"field {tag >> 3} is longer than its message")
        yield tag >> 3, kind, view[at : at + length]
        at += length
