"""The event log: what happened in a cluster, in order. Phases, conditions, logs and progress are folds over it.

Every kind of event is a class, with what it carries; `kind` is its name for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, overload

if TYPE_CHECKING:
    from ..bfia.client import Exchange
    from ..mpc.ledger import Ledger
    from ..mpc.traced import Notes


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    kind: ClassVar[str]
    node: str
    """Where: a domain."""
    subject: str
    """The name of the job or task that it happened to."""
    time: datetime = field(default_factory=lambda: datetime.now(UTC), kw_only=True)


@dataclass(frozen=True)
class TaskMade(Event):
    """A node has a task of the job; `name` is its alias."""

    kind = "task"
    name: str


@dataclass(frozen=True)
class PhaseSet(Event):
    """A job or a task is in another phase."""

    kind = "phase"
    name: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class ConditionSet(Event):
    """A condition of a job or a task was set; `name` is its type."""

    kind = "condition"
    name: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class ProgramBegun(Event):
    """A program was given its environment."""

    kind = "environment"
    data: Mapping[str, str]


@dataclass(frozen=True)
class Progressed(Event):
    """A program has done so many of its steps."""

    kind = "progress"
    done: int
    steps: int


@dataclass(frozen=True)
class Handed(Event):
    """A program of a job with a teacher's shadow has handed the observer something of its own, such as a share."""

    kind = "handed"
    data: Any = field(repr=False)


@dataclass(frozen=True)
class Said(Event):
    """A program, or somebody about it, has something to say."""

    kind = "said"
    level: Literal["log", "note", "warning", "error"]
    message: str


@dataclass(frozen=True)
class ProgramEnded(Event):
    """A program has ended: with what went wrong, or None if it came to its own end."""

    kind = "end"
    error: BaseException | None


@dataclass(frozen=True)
class Exchanged(Event):
    """Two nodes have exchanged a BFIA message; `name` is the call."""

    kind = "bfia"
    name: str
    data: Exchange


@dataclass(frozen=True)
class Counted(Event):
    """The ledger in which a task's messages are counted from now on."""

    kind = "ledger"
    data: Ledger


@dataclass(frozen=True)
class Traced(Event):
    """What both parties write down of every step from now on, by rank."""

    kind = "notes"
    data: tuple[Notes, Notes]


E = TypeVar("E", bound=Event)

LEVELS = {"log": "INFO", "note": "INFO", "warning": "WARNING", "error": "ERROR"}


def log_line(event: Said) -> str:
    """Time, level, message; that of an error may go on in the lines below."""
    return f"{event.time:%H:%M:%S}.{event.time.microsecond // 1000:03d} {LEVELS[event.level]} {event.message}"


_HELD = (TaskMade, PhaseSet, ProgramEnded, Handed, Counted, Traced)
"""What lists of jobs are made of, and what is no text."""


class EventLog:
    """Append-only; any thread may write and read."""

    def __init__(self) -> None:
        self._events: list[Event | None] = []  # None in the place of an event that is packed
        self._packed: tuple[list[int], bytes] = [], b""  # their places, and all of them
        self._unpack: Callable[[bytes], Sequence[Event]] = lambda content: ()

    def emit(self, event: Event) -> None:
        """Write down what has happened."""
        self._events.append(event)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.since(0))

    def since(self, index: int) -> list[Event]:
        """The events from the one with this index on: what is new to whoever has seen so many."""
        events = self._events[index:]
        if None in events:
            places, content = self._packed
            unpacked = dict(zip(places, self._unpack(content), strict=True))
            events = [unpacked[place] if event is None else event for place, event in enumerate(events, index)]
        return events  # type: ignore[return-value]  # each None has its event

    @property
    def packed(self) -> bool:
        """Whether it was."""
        return bool(self._packed[1])

    def pack(self, pack: Callable[[Sequence[Event]], bytes], unpack: Callable[[bytes], Sequence[Event]]) -> None:
        """A run is over, and nobody looks at it now: most of its events are kept as `pack` makes them."""
        events = self.since(0)
        places = [place for place, event in enumerate(events) if not isinstance(event, _HELD)]
        self._packed, self._unpack = (places, pack([events[place] for place in places])), unpack
        for place in places:  # after all that is needed to find it
            self._events[place] = None

    @overload
    def select(self, kind: type[E], *, node: str | None = None, subject: str | None = None) -> list[E]: ...
    @overload
    def select(self, kind: str, *, node: str | None = None, subject: str | None = None) -> list[Any]: ...
    def select(self, kind: type[Event] | str, *, node: str | None = None, subject: str | None = None) -> list[Any]:
        """The events of a kind, in order, of one node or subject if asked."""
        word = kind if isinstance(kind, str) else kind.kind
        held = any(word == one.kind for one in _HELD)
        return [
            event
            for event in (filter(None, self._events.copy()) if held else self)
            if event.kind == word and node in (None, event.node) and subject in (None, event.subject)
        ]

    def last(self, kind: type[E], *, node: str | None = None, subject: str | None = None) -> E | None:
        """The latest such event."""
        events = self.select(kind, node=node, subject=subject)
        return events[-1] if events else None
