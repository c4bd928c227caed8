"""What an endpoint answers: a message, a code, and the code in words (spec: bfia §3.3, §3.4)."""

from __future__ import annotations

from typing import NamedTuple

from ..protobuf import data
from ..push import by_field

PATH = "/v1/interconn/chan/"
"""Below it are push, pop, peek, release, invoke and transport."""
CONTENT_TYPE = "application/proto"

SESSION, TOPIC, TOKEN = "x-ptp-session-id", "x-ptp-topic", "x-ptp-token"
SOURCE, TARGET = "x-ptp-source-node-id", "x-ptp-target-node-id"
"""Headers. On pop, too, the target is the other node: the one whose messages are asked for."""

OK = "E0000000000"
BAD_REQUEST = "E0000000400"
FORBIDDEN = "E0000000403"
NOT_FOUND = "E0000000404"
TOO_LARGE = "E0000000413"
UNAVAILABLE = "E0000000503"
NO_INSTANCE = "E0000000602"
UNREACHED = "E0000000607"
RELEASED = "E0000000608"
NOT_NETWORKED = "E0000000618"
FULL = "E0000000700"

AGAIN = frozenset({UNAVAILABLE, "E0000000601", NO_INSTANCE, UNREACHED, FULL})
"""Codes of what may go better a little later."""

_WORDS = {
    OK: "ok",
    BAD_REQUEST: "the request is not valid",
    FORBIDDEN: "that is not for who asks",
    NOT_FOUND: "there is no such thing",
    TOO_LARGE: "the message is too long",
    "E0000000500": "the endpoint has failed",
    UNAVAILABLE: "the endpoint of the other node is not available",
    "E0000000520": "unknown error",
    "E0000000601": "it took too long",
    NO_INSTANCE: "there is no program to take it",
    "E0000000603": "a certificate was not accepted",
    UNREACHED: "the endpoint of the other node was not reached",
    RELEASED: "the session was released",
    "E0000000614": "the call is not allowed",
    NOT_NETWORKED: "the endpoint does not know the other node",
    "E0000000619": "the address is not valid",
    FULL: "the queue is full",
}


class Outbound(NamedTuple):
    """A TransportOutbound, as Kuscia's endpoint numbers its fields."""

    code: str
    payload: bytes | memoryview = b""
    message: str = ""

    def encoded(self) -> bytes:
        """In protobuf."""
        head = data(1, self.payload) if self.payload else b""
        return head + data(2, self.code.encode()) + data(3, (self.message or in_words(self.code)).encode())


def read(body: bytes | memoryview) -> Outbound:
    """An endpoint's answer. ValueError, if it is none."""
    try:
        found = by_field(memoryview(body))
        payload, code, message = (memoryview(found.get(field, b"")) for field in (1, 2, 3))
    except (ValueError, TypeError):
        raise ValueError("the answer is no TransportOutbound") from None
    if not 0 < len(code) <= 20:
        raise ValueError("the answer is a TransportOutbound without a code")
    return Outbound(bytes(code).decode("utf-8", "replace"), payload, bytes(message)[:300].decode("utf-8", "replace"))


def in_words(code: str) -> str:
    """What a code says."""
    return _WORDS.get(code, "an error that this package does not know")
