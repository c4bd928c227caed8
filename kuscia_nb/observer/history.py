"""What was written down of a job, as frames and texts: all that can be said of it without its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..control.consent import WAITS
from ..control.resources import OVER, PENDING, KusciaJob
from ..errors import JobError
from ..options import Options
from ..problems import choice
from ..texts.sentence import Sentence
from ..trace.trace import Trace
from .events import (
    ConditionSet,
    Counted,
    EventLog,
    Exchanged,
    PhaseSet,
    ProgramBegun,
    Progressed,
    Said,
    TaskMade,
    Traced,
    log_line,
)
from .runs import Matter, Run

if TYPE_CHECKING:
    import pandas as pd


_APPROVE = "{owner}'s job waits to be approved here: %kuscia approve {name}, or %kuscia refuse {name}"
_APPROVED_BY = "{peer} has to approve this job at its own node before anything runs"


class History:
    """Folds over the events of a run. `unknown` has, with the reason, what is not known of it."""

    def __init__(self, run: Run, unknown: Mapping[Matter, str]) -> None:
        self._run, self.unknown = run, {**unknown, **run.unknown}

    @property
    def name(self) -> str:
        """The job's name, the same on all nodes."""
        return self._run.name

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        return self._run.phase

    @property
    def nodes(self) -> list[str]:
        """The nodes that take part, the initiator first."""
        return self._run.domains

    @property
    def resource(self) -> KusciaJob:
        """The job as it was submitted, typed; `manifest` has the same in plain Python types."""
        return self._run.job

    @property
    def options(self) -> Options:
        """How it is run, beyond what its manifest says."""
        return self._run.options

    @property
    def seed(self) -> int | None:
        """The seed of a repeatable run, in which nothing is secret; None in every other."""
        return self._run.options.seed

    @property
    def elapsed(self) -> float:
        """Seconds from the start to the end, or to the last thing that happened."""
        events = list(self._run.events)
        return (events[-1].time - events[0].time).total_seconds() if events else 0.0

    @property
    def conditions(self) -> pd.DataFrame:
        """Every condition in the order in which it was set: node, resource, type, status, message, time."""
        import pandas as pd

        rows = [(e.node, e.subject, e.name, e.status, e.message, e.time) for e in self._run.events.select(ConditionSet)]
        return pd.DataFrame(rows, columns=["node", "resource", "type", "status", "message", "time"])

    @property
    def tasks(self) -> pd.DataFrame:
        """Every task on every node: alias, task, node, phase, progress (0 to 1; <NA> where it is not known)."""
        import pandas as pd

        rows = []
        for event in self._run.events.select(TaskMade):
            phase = self._run.events.last(PhaseSet, node=event.node, subject=event.subject)
            progress = self._run.events.last(Progressed, node=event.node, subject=event.subject)
            done = progress.done / progress.steps if progress else pd.NA if "progress" in self.unknown else 0.0
            rows.append((event.name, event.subject, event.node, phase.name if phase else PENDING, done))
        return pd.DataFrame(rows, columns=["alias", "task", "node", "phase", "progress"])

    @property
    def operators(self) -> list[str]:
        """What its tasks have run, each operator once, in the order in which they began."""
        return list(dict.fromkeys(operator_of(event) for event in self._run.events.select(ProgramBegun)))

    @property
    def warnings(self) -> list[str]:
        """What the parties' programs had to say about this job."""
        return self._said("warning")

    @property
    def notes(self) -> list[str]:
        """What the parties' programs say of this job that is no warning: who has learned what, what nobody checks."""
        return self._said("note")

    @property
    def awaits(self) -> list[str]:
        """Who has to approve the job before it goes on, and how, as far as nodes here know."""
        return [] if self.phase in OVER else [self._awaited(event) for event in self._unapproved()]

    @property
    def awaits_approval(self) -> bool:
        """Whether the people of a node that is here have to approve it."""
        return self.phase not in OVER and any(event.subject == self.name for event in self._unapproved())

    @property
    def events(self) -> EventLog:
        """What happened on all nodes, in order: the observer's log, which no party has."""
        return self._run.events

    @property
    def trace(self) -> Trace:
        """The messages between the parties and with the TTP; with trace="full", also every step and its numbers."""
        self._check_known("trace")
        ledgers = {event.subject: event.data for event in self._run.events.select(Counted)}
        notes = {event.subject: event.data for event in self._run.events.select(Traced)}
        options = self._run.options
        title = f"{self.name} (injected: {options.inject})" if options.inject else self.name
        return Trace.observe(options.trace, ledgers, notes, title, seed=options.seed is not None)

    @property
    def exchanges(self) -> pd.DataFrame:
        """The BFIA messages of the nodes about this job: time, sender, receiver, call, request, reply.

        `request` and `reply` are the texts of their bodies, or what stands behind the `?` of a request without a body.
        """
        import pandas as pd

        self._check_known("exchanges")
        rows = []
        for event in self._run.events.select(Exchanged):
            sender, receiver, request, response, time = event.data
            asked = request.body.decode("utf-8", "replace") or request.path.partition("?")[2]
            rows.append((time, sender, receiver, event.name, asked, response.body.decode("utf-8", "replace")))
        return pd.DataFrame(rows, columns=["time", "sender", "receiver", "call", "request", "reply"])

    def manifest(self) -> dict[str, Any]:
        """The job's manifest, with defaults filled in."""
        return self._run.job.model_dump(mode="json", by_alias=True, exclude_none=True)

    def logs(self, node: str) -> str:
        """What the programs of one node have logged; of one that failed, its error is the end."""
        self._check_known("logs")
        self._check_node(node)
        return "\n".join(map(log_line, self._run.events.select(Said, node=node)))

    def env(self, node: str, task: str | None = None) -> dict[str, str]:
        """What one node's program was started with (of the last task, unless one is named)."""
        self._check_known("logs")
        self._check_node(node)
        event = self._run.events.last(ProgramBegun, node=node, subject=self._task_id(task))
        return dict(event.data) if event else {}

    def _unapproved(self) -> list[ConditionSet]:
        """What stands of the conditions that nodes have set because a job is not approved."""
        last = {(event.node, event.name): event for event in self._run.events.select(ConditionSet)}
        return [event for event in last.values() if event.reason == WAITS and event.status == "False"]

    def _awaited(self, event: ConditionSet) -> Sentence:
        if event.subject == self.name:
            return Sentence(_APPROVE, name=self.name, owner=self.resource.spec.initiator)
        return Sentence(_APPROVED_BY, peer=" and ".join(node for node in self.nodes if node != event.node))

    def _said(self, level: str) -> list[str]:
        """Each message once."""
        return list(dict.fromkeys(said.message for said in self._run.events.select(Said) if said.level == level))

    def _task_id(self, task: str | None) -> str | None:
        """The id of a task given by alias or id; of the last one if none is named."""
        known = {event.name: event.subject for event in self._run.events.select(TaskMade)}
        if task is None:
            return next(reversed(known.values()), None)
        if task not in known and task not in known.values():
            raise JobError(f"job {self.name} has no task {task}", hint=choice(task, list(known)))
        return known.get(task, task)

    def _alias(self, task_id: str | None) -> str:
        """The name that a task has in the job."""
        return next(event.name for event in self._run.events.select(TaskMade, subject=task_id))

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise JobError(f"{node} is not a party of job {self.name}", hint=choice(node, self.nodes))

    def _check_known(self, matter: Matter) -> None:
        """A JobError for what is not known of this job."""
        if reason := self.unknown.get(matter):
            raise JobError(f"job {self.name} has no {matter}: {reason}")


def operator_of(environment: ProgramBegun) -> str:
    """What a program with this environment runs."""
    return environment.data.get("runtime.component.name", "")
