"""What an endpoint does with a call: who may make it, which queue it means, and where it goes (spec: bfia §3).

Programs of this machine push, pop, peek and release; the other nodes' endpoints invoke. A node without an address is a
*guest*: it cannot be dialled, so its own programs come here to push and pop. What a request says of its sender has to
agree with the certificate that it came with.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..own.dial import Dial
from .forward import Forwarder
from .outbound import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    NOT_NETWORKED,
    OK,
    SESSION,
    SOURCE,
    TARGET,
    TOKEN,
    TOPIC,
    UNREACHED,
    Outbound,
)
from .queues import Queues, Topic

LONGEST, SHORTEST, USUAL = 300, 1, 120
"""Seconds that a call may wait, and does if it does not say (spec: bfia §3.4)."""
_LARGEST_NAME = 256
_MOST_TOKENS = 1024
_PROGRAMS = frozenset({"push", "pop", "peek", "release"})
_NODES = frozenset({"invoke", "transport"})


class Caller(NamedTuple):
    """Who is at the other end of a connection."""

    node: str = ""
    """By its certificate; "" where nothing is encrypted."""
    inside: bool = True
    """Whether it may be a program of this node."""
    outside: bool = True
    """Whether it may be another node."""


class Call(NamedTuple):
    """One request."""

    name: str
    headers: Mapping[str, str]
    """Names in small letters."""
    seconds: float
    body: bytes = b""


Lines = dict[str, Forwarder]
"""A connection's own ways to other nodes."""


class Desk:
    """The endpoint of one node. `peers`: the other nodes, None for a guest."""

    def __init__(
        self,
        name: str,
        peers: Mapping[str, Dial | None],
        queues: Queues | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name, self._peers, self.queues, self._say = name, dict(peers), queues or Queues(), say
        self._lock = threading.Lock()
        self._expected: dict[str, bytes] = {}
        self._tokens: dict[tuple[str, str], bytes] = {}  # of sessions that nobody has announced
        self._unreached: set[str] = set()

    def expect(self, session: str, token: str) -> None:
        """From now on programs of this node show this token in that session."""
        with self._lock:
            self._expected[session] = _digest(token)
        self.queues.expect(session)

    def release(self, session: str) -> None:
        """End a session, whose task has ended."""
        self.queues.release(session, unknown=True)
        with self._lock:
            self._expected.pop(session, None)
            for key in [one for one in self._tokens if one[0] == session]:
                del self._tokens[key]

    def answer(self, call: Call, caller: Caller, lines: Lines, gone: Callable[[], bool] = lambda: False) -> Outbound:
        """Do it. `gone`: whether nobody would hear the answer."""
        session, topic = call.headers.get(SESSION, ""), call.headers.get(TOPIC, "")
        source, target = call.headers.get(SOURCE, ""), call.headers.get(TARGET, "")
        if max(map(len, (session, topic, source, target))) > _LARGEST_NAME or not session:
            return Outbound(BAD_REQUEST, message=f"{SESSION} is missing, or a header is too long")
        if caller.node and source not in ("", caller.node):
            return Outbound(FORBIDDEN, message=f"{SOURCE} is {source}, but the certificate is {caller.node}'s")
        source = source or caller.node
        if call.name in _NODES and caller.outside:
            return self._invoked(call, Topic(source, target or self.name, topic), session)
        if call.name not in _PROGRAMS:
            return Outbound(FORBIDDEN if call.name in _NODES else NOT_FOUND)
        source = source or self.name
        if not (self._is_guest(source) or (source == self.name and caller.inside)):
            return Outbound(FORBIDDEN, message=f"programs of {source} are not served here")
        if not self._shows_token(session, source, call.headers.get(TOKEN, "")):
            return Outbound(FORBIDDEN, message=f"{TOKEN} is not the one that this session has begun with")
        if call.name == "release" and not topic:
            self.queues.release(session, guest="" if source == self.name else source)
            return Outbound(OK)
        if not (topic and target):
            return Outbound(BAD_REQUEST, message=f"{TOPIC} or {TARGET} is missing")
        if call.name == "push":
            return self._pushed(call, Topic(source, target, topic), session, lines)
        if call.name == "release":
            self.queues.release_topic(session, Topic(target, source, topic))
            return Outbound(OK)
        seconds = call.seconds if call.name == "pop" else 0.0  # Kuscia's peek, too, takes the message that it shows
        return self.queues.pop(session, Topic(target, source, topic), seconds, gone)

    def _invoked(self, call: Call, topic: Topic, session: str) -> Outbound:
        if not (topic.name and topic.sender and call.body):
            return Outbound(BAD_REQUEST, message=f"{TOPIC}, {SOURCE} or the message is missing")
        if topic.receiver != self.name and not self._is_guest(topic.receiver):
            return Outbound(NOT_NETWORKED, message=f"this is {self.name}'s endpoint, not {topic.receiver}'s")
        if topic.sender not in self._peers:
            return Outbound(NOT_NETWORKED, message=f"{self.name}'s endpoint does not know {topic.sender}")
        return Outbound(self.queues.push(session, topic, call.body, call.seconds))

    def _pushed(self, call: Call, topic: Topic, session: str, lines: Lines) -> Outbound:
        if not call.body:
            return Outbound(BAD_REQUEST, message="the message is missing")
        if topic.receiver == self.name or self._is_guest(topic.receiver):
            return Outbound(self.queues.push(session, topic, call.body, call.seconds))
        to = self._peers.get(topic.receiver)
        if to is None:
            return Outbound(NOT_NETWORKED, message=f"{self.name}'s endpoint does not know {topic.receiver}")
        line = lines.get(topic.receiver)
        if line is None:
            line = lines[topic.receiver] = Forwarder(to)
        headers = {name: value for name, value in call.headers.items() if name.startswith("x-ptp-") and name != TOKEN}
        answer = line.send(call.body, {**headers, SOURCE: topic.sender, "x-interconn-protocol": "bfia"})
        self._note(topic.receiver, answer)
        return answer

    def _note(self, node: str, answer: Outbound) -> None:
        """Say once that a node is not reached, and once that it is again."""
        away = answer.code == UNREACHED
        with self._lock:
            if away == (node in self._unreached):
                return
            (self._unreached.add if away else self._unreached.remove)(node)
        self._say(f"{node} is not reached: {answer.message}" if away else f"{node} is reached again")

    def _is_guest(self, node: str) -> bool:
        return node in self._peers and self._peers[node] is None

    def _shows_token(self, session: str, node: str, token: str) -> bool:
        """The first call of a session says what its token is, unless `expect` has said it."""
        shown = _digest(token)
        with self._lock:
            known = self._expected.get(session) if node == self.name else None
            known = known or self._tokens.get((session, node))
            if known is None:
                while len(self._tokens) >= _MOST_TOKENS:
                    del self._tokens[next(iter(self._tokens))]
                self._tokens[session, node] = shown
        return known is None or hmac.compare_digest(known, shown)


def seconds(query: str) -> float:
    """How long a call may wait: `timeout` of its query, whole seconds."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "timeout" and value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
            return float(min(max(int(value[:9]), SHORTEST), LONGEST))
    return float(USUAL)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
