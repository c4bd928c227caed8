"""Noticing that a job does not go on, and looking why: Kuscia itself would let it wait without a word."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable

from ...observer.events import Said
from ...observer.runs import Run

PATIENCE = 30.0
"""Seconds without a change after which somebody looks, once until there is one."""
_PULSE = 1.0


class Hanging:
    """Calls `look(run)` for a run to which nothing has happened for a while, by a thread from `watch` to `rest`."""

    def __init__(self, runs: Callable[[], Iterable[Run]], look: Callable[[Run], None]) -> None:
        self._runs, self._look = runs, look
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Begin, unless it has."""
        with self._lock:
            if self._thread is None:
                self._ended = threading.Event()
                name = "kuscia_nb watches for jobs that hang"
                self._thread = threading.Thread(target=self._work, args=(self._ended,), name=name, daemon=True)
                self._thread.start()

    def rest(self) -> None:
        """End, from any thread."""
        with self._lock:
            self._ended.set()
            self._thread = None

    def _work(self, ended: threading.Event) -> None:
        quiet: dict[int, tuple[int, float]] = {}
        """By a run's identity, how many of its events were known, and since when; none for whom somebody has looked."""
        while not ended.wait(_PULSE):
            for run in [run for run in self._runs() if not run.ended.is_set()]:
                count, now = sum(not isinstance(event, Said) for event in run.events), time.monotonic()
                known, since = quiet.setdefault(id(run), (count, now))
                if known != count:
                    quiet[id(run)] = count, now
                elif now - since >= PATIENCE:
                    quiet[id(run)] = count, math.inf
                    self._look(run)
