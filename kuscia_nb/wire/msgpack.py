"""Seeds as yacl sends them: a uint128 as msgpack, an array of its high and its low 64 bits (spec: ss_lr §3)."""

from __future__ import annotations

_SIZES = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
"""First byte -> bytes of the unsigned number that follows it, big endian."""


def pack_uint128(seed: bytes) -> bytes:
    """16 bytes, which are the number's in little endian, as they go over the wire: 19 bytes for nearly all seeds."""
    low, high = (int.from_bytes(seed[at : at + 8], "little") for at in (0, 8))
    return b"\x92" + _pack(high) + _pack(low)


def unpack_uint128(message: bytes) -> bytes:
    """The 16 bytes again. ValueError, if it is anything else."""
    if message[:1] != b"\x92":
        raise ValueError("it is not an array of two numbers")
    high, at = _unpack(message, 1)
    low, at = _unpack(message, at)
    if at != len(message):
        raise ValueError("something follows the two numbers")
    return low.to_bytes(8, "little") + high.to_bytes(8, "little")


def _pack(value: int) -> bytes:
    """In the shortest form, which is the only one that msgpack's writers make."""
    if value < 0x80:
        return bytes([value])
    code, size = next((code, size) for code, size in _SIZES.items() if value < 1 << 8 * size)
    return bytes([code]) + value.to_bytes(size, "big")


def _unpack(message: bytes, at: int) -> tuple[int, int]:
    first = message[at] if at < len(message) else 0xFF
    if first < 0x80:
        return first, at + 1
    size = _SIZES.get(first)
    if size is None or at + 1 + size > len(message):
        raise ValueError("it is not an array of two numbers")
    return int.from_bytes(message[at + 1 : at + 1 + size], "big"), at + 1 + size
