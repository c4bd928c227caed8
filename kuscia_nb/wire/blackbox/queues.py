"""The messages that an endpoint holds: queues by session, sender, receiver and topic, within bounds.

As Kuscia's endpoint has it (spec: bfia §3.4): a session begins with its first message or its first question, and ends
when it is released or when nobody has fetched from it for ten minutes. A session that has ended does not begin again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from .outbound import FULL, OK, RELEASED, Outbound


class Bounds(NamedTuple):
    """What all programs together may make an endpoint hold."""

    session: int = 60 << 20
    """Bytes of one session (Kuscia: PerSessionByteSizeLimit)."""
    total: int = 512 << 20
    """Bytes of all. Kuscia's own has 16 GiB."""
    sessions: int = 256
    topics: int = 64
    """Of one session."""
    idle: float = 600.0
    """Seconds without a pop after which a session ends (Kuscia: SessionExpireSeconds)."""
    dead: float = 1800.0
    """Seconds for which it is known that a session has ended (Kuscia: DeadSessionIDExpireSeconds)."""
    remembered: int = 4096
    """How many of these are known at a time."""


BOUNDS = Bounds()
_LOOK = 1.0
"""Seconds after which who waits is looked after."""


class Topic(NamedTuple):
    """A queue within a session."""

    sender: str
    """A node."""
    receiver: str
    """The other one."""
    name: str


class _Session:
    def __init__(self, lock: threading.Lock, now: float) -> None:
        self.queues: dict[Topic, deque[bytes]] = {}
        self.nodes: set[str] = set()
        """Whose programs have sent something in it, or asked for something."""
        self.size = 0
        self.fetched = now
        self.ended = False
        self.waiting = 0
        self.changed = threading.Condition(lock)


class Queues:
    """All sessions of an endpoint; from any thread."""

    def __init__(self, bounds: Bounds = BOUNDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds, self._clock = bounds, clock
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._sessions: dict[str, _Session] = {}
        self._expected: set[str] = set()
        self._dead: OrderedDict[str, float] = OrderedDict()
        self._size = 0
        self._swept = clock()
        self._closed = False

    def expect(self, session: str) -> None:
        """There is a place for this session until it is released, however many others there are."""
        with self._lock:
            self._expected.add(session)

    def push(self, session: str, topic: Topic, message: bytes, seconds: float) -> str:
        """Put a message at a queue's end, waiting for room at most so long; the code of how that went."""
        size, bounds, deadline = len(message), self._bounds, self._clock() + seconds
        with self._lock:
            if size > bounds.session:
                return FULL
            while True:
                found = self._session(session)
                if isinstance(found, str):
                    return found
                known = topic in found.queues or len(found.queues) < bounds.topics
                if known and found.size + size <= bounds.session and self._size + size <= bounds.total:
                    break
                left = deadline - self._clock()
                if left <= 0:
                    return FULL
                self._room.wait(left)
            found.nodes |= {topic.sender, topic.receiver}
            found.queues.setdefault(topic, deque()).append(message)
            found.size += size
            self._size += size
            found.changed.notify_all()
        return OK

    def pop(self, session: str, topic: Topic, seconds: float, gone: Callable[[], bool] = lambda: False) -> Outbound:
        """Take the first message of a queue, waiting for it at most so long; OK without one, if there is none.

        `gone`: whether nobody would get it any more.
        """
        deadline = self._clock() + seconds
        with self._lock:
            found = self._session(session)
            if isinstance(found, str):
                return Outbound(found)
            found.nodes |= {topic.sender, topic.receiver}
            while not gone():
                found.fetched = self._clock()
                if found.ended:
                    return Outbound(RELEASED)
                if queue := found.queues.get(topic):
                    message = queue.popleft()
                    if not queue:
                        del found.queues[topic]
                    self._freed(found, len(message))
                    return Outbound(OK, message)
                left = deadline - self._clock()
                if left <= 0:
                    break
                found.waiting += 1
                found.changed.wait(min(left, _LOOK))
                found.waiting -= 1
            self._end_empty(session, found)
            return Outbound(OK)

    def release_topic(self, session: str, topic: Topic) -> None:
        """Drop what a queue holds. A session of which nothing is left is gone, and may begin again."""
        with self._lock:
            found = self._sessions.get(session)
            if found is not None:
                self._freed(found, sum(map(len, found.queues.pop(topic, ()))))
                self._end_empty(session, found)

    def release(self, session: str, *, unknown: bool = False, guest: str = "") -> None:
        """End a session: whoever waits for its messages is told, and so is who asks for it later.

        One that has not begun cannot end, unless `unknown` says that it is known to be over; and a `guest` ends what
        is between it and one other node, not what others have between them.
        """
        with self._lock:
            found = self._sessions.get(session)
            if guest and found is not None and not (guest in found.nodes and len(found.nodes) == 2):
                return
            self._expected.discard(session)
            if found is not None:
                self._end(session, found)
            if found is not None or unknown:
                self._bury(session)

    def close(self) -> None:
        """End all sessions, now and later ones."""
        with self._lock:
            self._closed = True
            for session, found in list(self._sessions.items()):
                self._end(session, found)

    def status(self) -> dict[str, int]:
        """How much is held."""
        with self._lock:
            return {"sessions": len(self._sessions), "bytes": self._size}

    def _session(self, session: str) -> _Session | str:
        """It, which may begin with this; or the code of why it does not."""
        now = self._clock()
        if now - self._swept >= 1.0:
            self._sweep(now)
        found = self._sessions.get(session)
        if found is None:
            if self._closed or session in self._dead:
                return RELEASED
            if len(self._sessions) >= self._bounds.sessions and session not in self._expected:
                return FULL
            found = self._sessions[session] = _Session(self._lock, now)
        return found

    def _sweep(self, now: float) -> None:
        self._swept = now
        for session, found in list(self._sessions.items()):
            if now - found.fetched >= self._bounds.idle:
                self._end(session, found)
                self._bury(session)
        while self._dead and now - next(iter(self._dead.values())) >= self._bounds.dead:
            self._dead.popitem(last=False)

    def _end_empty(self, session: str, found: _Session) -> None:
        """A session in which nothing is and nobody waits needs no place."""
        if not (found.queues or found.waiting or found.ended):
            self._end(session, found)

    def _end(self, session: str, found: _Session) -> None:
        del self._sessions[session]
        found.ended = True
        found.queues.clear()
        self._freed(found, found.size)
        found.changed.notify_all()

    def _bury(self, session: str) -> None:
        self._dead[session] = self._clock()
        if len(self._dead) > self._bounds.remembered:
            self._dead.popitem(last=False)

    def _freed(self, found: _Session, size: int) -> None:
        found.size -= size
        self._size -= size
        self._room.notify_all()
