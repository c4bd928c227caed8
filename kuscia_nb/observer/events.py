"""The event log: what happened in a cluster, in order. Phases, conditions, logs and progress are folds over it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One thing that happened. `subject` is the name of the job or task that it happened to."""

    time: datetime
    node: str
    """Where: a domain."""
    subject: str
    kind: str
    """phase, condition, task, log, note, warning, error, progress, environment, ledger, recorders or bfia."""
    name: str = ""
    """Of a condition, its type; of a phase, the phase."""
    status: str = ""
    reason: str = ""
    message: str = ""
    data: Any = None
    """What the kind carries besides: (done, steps), an environment, a ledger, a BFIA message with its reply."""


LOGGED = {"log": "INFO", "note": "INFO", "warning": "WARNING", "error": "ERROR"}
"""The kinds that are in a log, with their levels."""


def log_line(event: Event) -> str:
    """Time, level, message; that of an error may go on in the lines below."""
    return f"{event.time:%H:%M:%S}.{event.time.microsecond // 1000:03d} {LOGGED[event.kind]} {event.message}"


class EventLog:
    """Append-only; any thread may write and read."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def emit(self, node: str, subject: str, kind: str, **fields: Any) -> None:
        """Write down what happened now."""
        with self._lock:
            self._events.append(Event(datetime.now(UTC), node, subject, kind, **fields))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.copy())

    def since(self, index: int) -> list[Event]:
        """The events from the one with this index on: what is new to whoever has seen so many."""
        return self._events[index:]

    def select(self, kind: str, *, node: str | None = None, subject: str | None = None) -> list[Event]:
        """The events of a kind, in order, of one node or subject if asked."""
        return [
            event
            for event in self
            if event.kind == kind and node in (None, event.node) and subject in (None, event.subject)
        ]

    def last(self, kind: str, *, node: str | None = None, subject: str | None = None) -> Event | None:
        """The latest such event."""
        events = self.select(kind, node=node, subject=subject)
        return events[-1] if events else None
