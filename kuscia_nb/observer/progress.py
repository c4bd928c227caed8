"""How far a job is: a fold over its events that only looks at new ones, so that it can be asked ten times a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .events import (
    ConditionSet,
    Counted,
    Event,
    EventLog,
    PhaseSet,
    ProgramBegun,
    Progressed,
    TaskMade,
)

if TYPE_CHECKING:
    from ..control.resources import KusciaJob
    from ..mpc.ledger import Ledger

_EPOCHS = "runtime.component.parameter.num_epoch"
_TTP = "ttp"


class Shown(NamedTuple):
    """A condition on one node: its status, and when it was set, in seconds after the job began."""

    status: str
    seconds: float

    def __str__(self) -> str:
        return f"+{self.seconds:.3f} s" if self.status == "True" else f"{self.status} +{self.seconds:.3f} s"


class Progress:
    """How far one party's program of a task is."""

    def __init__(self) -> None:
        self.done, self.steps, self.epochs = 0, 0, 0
        self._first: tuple[int, datetime] | None = None
        self._last: datetime | None = None

    def report(self, event: Progressed) -> None:
        """The program has said how far it is."""
        self.done, self.steps = event.done, event.steps
        if self._first is None:
            self._first = self.done, event.time
        self._last = event.time

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.done / self.steps if self.steps else 0.0

    @property
    def rate(self) -> float:
        """Steps per second since its first word; 0 while that cannot be said."""
        if self._first is None or self._last is None:
            return 0.0
        done, begin = self._first
        seconds = (self._last - begin).total_seconds()
        return (self.done - done) / seconds if seconds > 0 else 0.0

    @property
    def batch(self) -> tuple[int, int, int, int] | None:
        """Epoch, epochs, batch, batches, each from 1; None if its steps are no batches."""
        if not self.epochs or not self.steps or self.steps % self.epochs:
            return None
        batches = self.steps // self.epochs
        epoch, batch = divmod(max(self.done - 1, 0), batches)
        return epoch + 1, self.epochs, min(batch + 1, self.done), batches


class Traffic(NamedTuple):
    """What a job has sent so far."""

    messages: int = 0
    bytes: int = 0
    rounds: int = 0
    calls: int = 0
    """Of the TTP."""


class State:
    """All that is known of a job, brought up to date by `catch_up`."""

    def __init__(self, name: str, events: EventLog) -> None:
        self._name, self._events, self._seen = name, events, 0
        self.aliases: dict[str, str] = {}
        """Of each task."""
        self.phases: dict[tuple[str, str], str] = {}
        """By node, and name of the job or task."""
        self.conditions: dict[tuple[str, str], dict[str, Shown]] = {}
        """By type, and name of the job or task: of each node, in the order in which the first one set it."""
        self.progress: dict[tuple[str, str], Progress] = {}
        """By node and task."""
        self.traffic = Traffic()
        self.news = 0
        """How many events have changed more than how far a program is."""
        self.begin: datetime | None = None
        """When the first thing happened."""
        self._first_condition: datetime | None = None
        self._ledgers: dict[str, Ledger] = {}

    def catch_up(self) -> int:
        """Take in what is new; returns how many events that were."""
        new = self._events.since(self._seen)
        self._seen += len(new)
        for event in new:
            if self.begin is None:
                self.begin = event.time
            if take := _TAKES.get(type(event)):
                take(self, event)
                self.news += not isinstance(event, Progressed)
        self._add_up()
        return len(new)

    @property
    def seconds(self) -> float:
        """Since the first thing that happened."""
        return (datetime.now(UTC) - self.begin).total_seconds() if self.begin else 0.0

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Node and task of every program, in the order in which the tasks were made."""
        order = {task: place for place, task in enumerate(self.aliases)}
        return sorted(self.progress, key=lambda key: order[key[1]])

    def not_begun(self, job: KusciaJob) -> list[str]:
        """The aliases of the job's tasks that no node has begun."""
        begun = set(self.aliases.values())
        return [task.alias for task in job.spec.tasks if task.alias not in begun]

    def _task(self, event: TaskMade) -> None:
        self.aliases[event.subject] = event.name
        self.progress[event.node, event.subject] = Progress()

    def _phase(self, event: PhaseSet) -> None:
        self.phases[event.node, event.subject] = event.name

    def _condition(self, event: ConditionSet) -> None:
        self._first_condition = self._first_condition or event.time
        seconds = (event.time - self._first_condition).total_seconds()
        shown = Shown(event.status, seconds)
        self.conditions.setdefault((event.name, event.subject), {})[event.node] = shown

    def _progress(self, event: Progressed) -> None:
        self.progress[event.node, event.subject].report(event)

    def _environment(self, event: ProgramBegun) -> None:
        epochs = event.data.get(_EPOCHS, "")
        self.progress[event.node, event.subject].epochs = int(epochs) if epochs.isdecimal() else 0

    def _ledger(self, event: Counted) -> None:
        self._ledgers[event.subject] = event.data

    def _add_up(self) -> None:
        """Add up what the ledgers have counted."""
        sums = [ledger.totals() for ledger in self._ledgers.values()]
        totals = [item for total in sums for item in total.items()]
        self.traffic = Traffic(
            sum(total.messages for _, total in totals),
            sum(total.bytes for _, total in totals),
            sum(max((one.last_round for one in total.values()), default=0) for total in sums),
            sum(total.messages for (_, receiver), total in totals if receiver == _TTP),
        )


_TAKES: dict[type[Event], Callable[[State, Any], None]] = {
    TaskMade: State._task,
    PhaseSet: State._phase,
    ConditionSet: State._condition,
    Progressed: State._progress,
    ProgramBegun: State._environment,
    Counted: State._ledger,
}
