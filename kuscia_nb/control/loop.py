"""The work queue of the controllers: what to look at next, and when.

One thread works through it, so that controllers need no locks of their own. A key that is already waiting is not
queued twice. `run_until` does the same without a thread and with any clock, for tests.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

Key = tuple[str, str, str]
"""What to look at: domain, kind, name."""

Work = Callable[[Key], float | None]
"""Look at it; returns after how many seconds it wants to be looked at again, None if a change will tell."""


class Loop:
    """Calls `work` with every key that was added, when it is due."""

    def __init__(self, work: Work, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self.clock = work, clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, key: Key, after: float = 0.0) -> None:
        """Look at `key` after so many seconds, or sooner if that was already to be."""
        due = self.clock() + after
        with self._changed:
            if self._due.get(key, due + 1) > due:
                self._due[key] = due
                heapq.heappush(self._heap, (due, next(self._count), key))
                self._changed.notify()

    def start(self) -> None:
        """Work on a thread until `close`."""
        self._thread = threading.Thread(target=self._run, name="kuscia_nb control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; what is still waiting is forgotten."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def run_until(self, end: float) -> float | None:
        """Do what is due until the clock shows `end`; when the next key is due, None if there is none."""
        while (key := self._next(end)) is not None:
            self._do(key)
        return self._first()

    def _run(self) -> None:
        while not self._closed:
            due = self.run_until(self.clock())
            with self._changed:
                if not self._closed and self._first() == due:
                    self._changed.wait(None if due is None else max(0.0, due - self.clock()))

    def _next(self, end: float) -> Key | None:
        """Take out the first key that is due."""
        with self._changed:
            first = self._first()
            if self._closed or first is None or first > end:
                return None
            key = heapq.heappop(self._heap)[2]
            del self._due[key]
            return key

    def _first(self) -> float | None:
        """When the first key is due; entries that an earlier one has overtaken are dropped."""
        with self._changed:
            while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
                heapq.heappop(self._heap)
            return self._heap[0][0] if self._heap else None

    def _do(self, key: Key) -> None:
        after = self._work(key)
        if after is not None:
            self.add(key, after)


class Backoff:
    """When to ask again: at once, then soon, then ever more rarely."""

    def __init__(self, first: float, longest: float, clock: Callable[[], float]) -> None:
        self._pause, self._longest, self._clock = first, longest, clock
        self._due = clock()

    def left(self) -> float:
        """Seconds until the next question is due, 0 if it is."""
        return max(0.0, self._due - self._clock())

    def asked(self) -> None:
        """The question was put; the next pause is twice as long."""
        self._due = self._clock() + self._pause
        self._pause = min(2 * self._pause, self._longest)


class Polls:
    """When to ask again about each of many things; anew from the start when the situation is another one."""

    def __init__(self, first: float, longest: float, clock: Callable[[], float]) -> None:
        self._first, self._longest, self._clock = first, longest, clock
        self._polls: dict[str, tuple[object, Backoff]] = {}

    def of(self, name: str, situation: object) -> Backoff:
        """The questions about `name` in this situation."""
        known, poll = self._polls.get(name, (None, None))
        if poll is None or known != situation:
            poll = Backoff(self._first, self._longest, self._clock)
            self._polls[name] = situation, poll
        return poll

    def forget(self, name: str) -> None:
        """There is nothing more to ask."""
        self._polls.pop(name, None)
