"""The envelope: how a link is opened as a WebSocket, and the heads of its messages (RFC 6455).

Whatever stands between two nodes (a gateway, a hub's proxy) may cut messages anew, so they mean nothing here: what
they carry is one stream of bytes. There are no extensions. The dialling side masks what it sends, as it has to.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PROTOCOL = "kuscia-nb-link.1"
"""Named by both sides when they open the connection."""
LARGEST_ANSWER = 16 << 10
"""Bytes of the head of an HTTP answer."""
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
"""Kinds of messages."""
_FINAL, _MASKED = 0x80, 0x80
WHOLE_BINARY = _FINAL | BINARY
"""The first byte of a message that was not cut."""
_SHORT, _LONG = 126, 127
WHOLE = 1 << 20
"""Bytes of a message; more become several. Proxies have limits of their own (10 MiB and more)."""

Bytes = NDArray[np.uint8]


class Malformed(Exception):
    """What has come is not what this wire has in this place: what it is, in words."""


class Head(NamedTuple):
    """The head of a message."""

    kind: int
    length: int
    mask: bytes
    """4 bytes; empty if what follows is not masked."""
    size: int
    """Bytes of the head itself."""


def head(length: int, mask: bytes = b"", kind: int = BINARY) -> bytes:
    """The head of a whole message."""
    masked = _MASKED if mask else 0
    first = bytes([_FINAL | kind])
    if length < _SHORT:
        return first + bytes([masked | length]) + mask
    if length < 1 << 16:
        return first + bytes([masked | _SHORT]) + length.to_bytes(2, "big") + mask
    return first + bytes([masked | _LONG]) + length.to_bytes(8, "big") + mask


def read_head(data: memoryview, *, masked: bool) -> Head | None:
    """The head at the beginning of this, None if it is not all there. Malformed, if it is none."""
    if len(data) < 2:
        return None
    kind, length = data[0] & 0x0F, data[1] & 0x7F
    if data[0] & 0x70 or kind not in (CONTINUED, BINARY, CLOSE, PING, PONG):
        raise Malformed(f"a WebSocket message of the kind {data[0]:#04x}")
    if bool(data[1] & _MASKED) != masked:
        raise Malformed("a WebSocket message with a mask, or without one, where the other is due")
    more = {_SHORT: 2, _LONG: 8}.get(length, 0)
    if kind >= CLOSE and (more or not data[0] & _FINAL):
        raise Malformed("a long control message")
    size = 2 + more + (4 if masked else 0)
    if len(data) < size:
        return None
    if more:
        length = int.from_bytes(data[2 : 2 + more], "big")
        if length >> 62:
            raise Malformed("a message of more bytes than there are")
    return Head(kind, length, bytes(data[size - 4 : size]) if masked else b"", size)


def unmask(data: Bytes, mask: bytes, phase: int = 0) -> None:
    """Take a mask off, or put it on, in place; `phase` bytes of the message were before."""
    phase &= 3
    turned = (mask[phase:] + mask[:phase]) * 2
    whole = data.size & ~7
    if whole:
        words = data[:whole].view(np.uint64)
        words ^= np.frombuffer(turned, np.uint64)
    if whole < data.size:
        data[whole:] ^= np.frombuffer(turned, np.uint8)[: data.size - whole]


def masked(data: bytes | bytearray, mask: bytes) -> bytes:
    """The same of a short message, where one large number is quicker than an array."""
    size = len(data)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(data, "little") ^ pattern).to_bytes(size, "little")


# Opening.


def new_key() -> str:
    """What the dialling side sends in Sec-WebSocket-Key."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def acceptance(key: str) -> str:
    """What the other one answers."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def request(target: str, host: str, key: str, headers: Mapping[str, str]) -> bytes:
    """An upgrade as the dialling side asks for it."""
    lines = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": PROTOCOL,
        **headers,
    }
    return "\r\n".join(
        [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
    ).encode()


def agreed(key: str) -> bytes:
    """The answer to a request that is granted."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Accept: {acceptance(key)}", f"Sec-WebSocket-Protocol: {PROTOCOL}", "", ""]
    return "\r\n".join(lines).encode()


def asked_key(headers: Mapping[str, str]) -> str:
    """The key of a request that asks for this upgrade; "" if it does not. Names of headers as tornado has them."""
    asks = headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in headers.get("Connection", "").lower()
    knows = PROTOCOL in [each.strip() for each in headers.get("Sec-WebSocket-Protocol", "").split(",")]
    key = headers.get("Sec-WebSocket-Key", "")
    return key if asks and knows and headers.get("Sec-WebSocket-Version") == "13" and len(key) == 24 else ""


class Answer(NamedTuple):
    """The head of an HTTP answer."""

    status: int
    headers: dict[str, str]
    """By their names in small letters."""


def read_answer(text: bytes) -> Answer:
    """What stands before the empty line. Malformed, if that is not HTTP."""
    first, *lines = text.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/") or not rest[:3].isdigit():
        raise Malformed(f"no HTTP: {first[:60]!r}")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(rest[:3]), {name.lower(): value.strip() for name, _, value in pairs})
