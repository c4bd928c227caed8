"""The messages of ECDH-PSI: points in batches (spec: bfia §4), in the standard's protobuf.

EcdhPsiCipherBatch { type = 1 ("enc" or "dual.enc"); batch_index = 3; is_last_batch = 4; count = 6; ciphertext = 7 }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from .worker import BYTES

ONCE, TWICE = "enc", "dual.enc"
_TYPE, _INDEX, _LAST, _COUNT, _CIPHERTEXT = 1, 3, 4, 6, 7
_VARINT, _BYTES = 0, 2  # how protobuf writes a value

T = TypeVar("T", int, bytes)


class Batch(NamedTuple):
    """Some points of one party, blinded once or twice."""

    type: str
    number: int
    """From 0."""
    is_last: bool
    points: bytes

    def encode(self) -> bytes:
        """As protobuf; what is 0 or empty is left out."""
        fields = (
            (_TYPE, self.type.encode()),
            (_INDEX, self.number),
            (_LAST, int(self.is_last)),
            (_COUNT, len(self.points) // BYTES),
            (_CIPHERTEXT, self.points),
        )
        return b"".join([_field(number, value) for number, value in fields if value])

    @classmethod
    def decode(cls, message: bytes) -> Batch:
        """From protobuf; a ValueError for what is none, or has another number of points than it says."""
        try:
            fields = dict(_fields(message))
            type, points = (_of(fields, number, b"") for number in (_TYPE, _CIPHERTEXT))
            index, is_last, count = (_of(fields, number, 0) for number in (_INDEX, _LAST, _COUNT))
            batch = cls(type.decode(), index, bool(is_last), points)
        except (IndexError, ValueError) as error:
            raise ValueError(f"it is not a batch of points: {error}") from error
        if len(points) != BYTES * count:
            raise ValueError("it has another number of points than it says")
        return batch


def _of(fields: Mapping[int, int | bytes], number: int, default: T) -> T:
    """The value of a field, of the type of its default."""
    value = fields.get(number, default)
    if not isinstance(value, type(default)):
        raise ValueError(f"field {number} is of another type")
    return value


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return _varint(number << 3 | _BYTES) + _varint(len(value)) + value
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits in a byte, the lowest first; the eighth says that there are more."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if key & 7 == _BYTES:
            end = at + value
            if end > len(message):
                raise ValueError("it is cut off")
            yield key >> 3, message[at:end]
            at = end
        elif key & 7 == _VARINT:
            yield key >> 3, value
        else:
            raise ValueError(f"a field of wire type {key & 7}")


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] > 0x7F:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1
