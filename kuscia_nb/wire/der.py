"""DER, as much of it as SM2's ciphertexts and keys need (ITU-T X.690), and PEM around it (RFC 7468)."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from typing import NamedTuple

INTEGER, BITS, OCTETS, IDENTIFIER, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30


class Part(NamedTuple):
    """A tagged value."""

    tag: int
    content: bytes


def parts(data: bytes) -> list[Part]:
    """The values that stand one behind the other in `data`. ValueError, if it is something else."""
    found, at = [], 0
    while at < len(data):
        part, at = _part(data, at)
        found.append(part)
    return found


def only(data: bytes, tag: int) -> bytes:
    """The content of the one value that `data` is."""
    part, end = _part(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes are left over")
    return content(part, tag)


def content(part: Part, tag: int) -> bytes:
    """Of a value that must have this tag."""
    if part.tag != tag:
        raise ValueError(f"tag {part.tag:#04x} where {tag:#04x} should be")
    return part.content


def number(part: Part) -> int:
    """Of an INTEGER that is not negative."""
    value = int.from_bytes(content(part, INTEGER), "big", signed=True)
    if value < 0:
        raise ValueError("a negative number")
    return value


def _part(data: bytes, at: int) -> tuple[Part, int]:
    try:
        tag, size, at = data[at], data[at + 1], at + 2
    except IndexError:
        raise ValueError("it ends too early") from None
    if size & 0x80:
        width = size & 0x7F
        if not 1 <= width <= 2:  # nothing here is longer than 64 KiB
            raise ValueError(f"a length of {width} bytes")
        size, at = int.from_bytes(data[at : at + width], "big"), at + width
    if at + size > len(data):
        raise ValueError("it ends too early")
    return Part(tag, data[at : at + size]), at + size


def _write(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return _write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return _write(OCTETS, value)


def bits(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return _write(BITS, b"\0" + value)


def sequence(*values: bytes) -> bytes:
    """A SEQUENCE of values that are written already."""
    return _write(SEQUENCE, b"".join(values))


def tagged(tag: int, value: bytes) -> bytes:
    """A value in a context-specific, explicit tag."""
    return _write(0xA0 | tag, value)


def identifier(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *others = map(int, dotted.split("."))
    written = bytearray()
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        written += bytes(reversed(groups))
    return _write(IDENTIFIER, bytes(written))


def pem(label: str, data: bytes) -> str:
    """A PEM block."""
    lines = textwrap.wrap(base64.b64encode(data).decode(), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def unpem(label: str, text: str) -> bytes:
    """What the first such block of a text holds. ValueError, if there is none."""
    found = re.search(f"-----BEGIN {label}-----(.*?)-----END {label}-----", text, re.DOTALL)
    if not found:
        raise ValueError(f"no PEM block {label!r}")
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a PEM block that is no base64: {error}") from None
