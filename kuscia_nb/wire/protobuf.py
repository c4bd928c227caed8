"""Protocol Buffers' wire format, as much of it as the interconnection messages need: varints and byte strings.

Source: protobuf.dev, "Encoding". What a field means is for who reads the message.
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | bytes
"""Of a field: a number, or bytes (a text, a message, packed numbers)."""

_MOST_VARINT = 10  # bytes of a 64-bit number
_FIXED = {1: 8, 5: 4}  # wire type -> bytes


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a message, (number, value), in their order. ValueError, if it is none."""
    at, end = 0, len(message)
    while at < end:
        tag, at = read_varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ValueError(f"field number 0 at byte {at}")
        if kind == 0:
            value, at = read_varint(message, at)
            yield number, value
            continue
        if kind == 2:
            size, at = read_varint(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if size > end - at:
            raise ValueError(f"field {number} has {size} bytes, {end - at} are left")
        yield number, message[at : at + size]
        at += size


def read_varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it. ValueError, if there is none."""
    number = 0
    for i in range(min(_MOST_VARINT, len(message) - at)):
        byte = message[at + i]
        number |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at + i + 1
    raise ValueError(f"no number at byte {at}")


def numbers(value: Value) -> list[int]:
    """A repeated number's field, packed or not."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = read_varint(value, at)
        found.append(number)
    return found


def varint(number: int) -> bytes:
    """A number's bytes; a negative one takes ten, as of an int64."""
    number &= 0xFFFF_FFFF_FFFF_FFFF
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def field(number: int, value: Value | str) -> bytes:
    """One field. Who leaves out what is 0 or empty, as proto3 does, leaves out the call."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value
