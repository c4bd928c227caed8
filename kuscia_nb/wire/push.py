"""The one message of the link's service: a key, a value or a part of one, and who sends it (spec: ss_lr §6a)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .protobuf import BYTES, Value, data, fields, number, varint

UNKNOWN_SENDER, BAD_REQUEST = 31100001, 31100100
"""Error codes of an answer, as yacl has them."""

LARGEST_KEY = 512
_CHUNKED = 1
_DONE = data(1, b"")
_VALUE = varint(3 << 3 | BYTES)
_NONE = memoryview(b"")


class Push(NamedTuple):
    """A PushRequest."""

    sender: int
    key: str
    """With its suffix, if it has one."""
    value: memoryview
    total: int | None
    """Bytes of the whole value of which this is a part; None if it is the whole one."""
    offset: int
    """Where in it this part begins."""


def head(sender: int, key: str, length: int, total: int | None = None, offset: int = 0) -> bytes:
    """All of a PushRequest but its value, which has `length` bytes and comes last."""
    parts = number(1, sender) + data(2, key.encode())
    if total is not None:
        parts += number(4, _CHUNKED) + data(5, number(1, total) + number(2, offset))
    return parts + _VALUE + varint(length) if length else parts


def read(message: memoryview) -> Push:
    """What a peer has pushed. ValueError says what is wrong with it."""
    found = by_field(message)
    sender, key, value = found.get(1, 0), found.get(2, _NONE), found.get(3, _NONE)
    kind, chunk = found.get(4, 0), found.get(5, _NONE)
    if not (isinstance(sender, int) and isinstance(key, memoryview) and isinstance(value, memoryview)):
        raise ValueError("it is no PushRequest")
    if len(key) > LARGEST_KEY:
        raise ValueError(f"a key of {len(key):,} bytes; allowed: {LARGEST_KEY}")
    if not kind:
        return Push(sender, str(key, "utf-8"), value, None, 0)
    sizes = by_field(chunk) if isinstance(chunk, memoryview) else {}
    total, offset = sizes.get(1, 0), sizes.get(2, 0)
    if kind != _CHUNKED or not (isinstance(total, int) and isinstance(offset, int)):
        raise ValueError(f"trans_type {kind!r:.20} is unknown")
    if offset + len(value) > total:
        raise ValueError(f"a part of {len(value)} bytes at {offset} of a message of {total}")
    return Push(sender, str(key, "utf-8"), value, total, offset)


def done() -> bytes:
    """The answer to a push that was taken."""
    return _DONE


def refusal(code: int, why: str) -> bytes:
    """The answer to one that was not."""
    return data(1, number(1, code) + data(2, why.encode()))


def read_answer(message: memoryview) -> str:
    """Why a push was refused; "" if it was taken. ValueError, if it is no answer."""
    if message == _DONE:
        return ""
    header = by_field(message).get(1, _NONE)
    return in_words(by_field(header), "code") if isinstance(header, memoryview) else ""


def in_words(error: Mapping[int, Value], what: str) -> str:
    """An error's code and text, fields 1 and 2 of a message; "" if there is none."""
    code, text = error.get(1, 0), error.get(2, _NONE)
    shown = bytes(text)[:200].decode("utf-8", "replace") if isinstance(text, memoryview) else ""
    return f"{what} {code}: {shown}" if code else ""


def by_field(message: memoryview) -> dict[int, Value]:
    """The last value of each field, which is the one that counts."""
    return {field: value for field, _, value in fields(message)}
