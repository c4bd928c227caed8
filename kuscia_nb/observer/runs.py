"""What the observer knows of a job: its events on all nodes, how it was started, how its programs ended.

Phases, conditions and all that is shown of a job are folds over its event log, also after the job was deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..control.failures import job_error
from ..control.objects import now
from ..control.resources import OVER, REFUSED, SUCCEEDED, KusciaJob, wanted
from ..control.scheduling import COUNTED
from ..errors import JobFailed, JobStopped, KusciaError, PeerFailed
from ..options import Options
from .events import ConditionSet, EventLog, PhaseSet, ProgramEnded

Matter = Literal["trace", "exchanges", "shadow", "ttp", "progress", "results", "logs"]
"""What is not known of every job."""


@dataclass
class Run:
    """One life of a job, on all nodes that have it."""

    job: KusciaJob
    """As it was submitted."""
    options: Options = field(default_factory=Options)
    created: datetime = field(default_factory=now)
    events: EventLog = field(default_factory=EventLog)
    nodes: dict[str, KusciaJob | None] = field(default_factory=dict)
    """The job as each node has it; None where it was deleted."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set at the very end. To wait for it can be interrupted, unlike joining a thread (CPython issue 90882)."""
    exchanged: int = 0
    """Bytes of the messages of nodes about it that are kept."""
    stop_asked: bool = False
    """Whether nodes elsewhere were asked to stop it: one may first say that it failed, as the other one has stopped."""
    unknown: Mapping[Matter, str] = field(default_factory=dict)
    """What is not known of this run, and why."""

    @property
    def name(self) -> str:
        return self.job.metadata.name

    @property
    def domains(self) -> list[str]:
        """The nodes that take part, the initiator first."""
        parties = (party.domain_id for task in self.job.spec.tasks for party in task.parties)
        return list(dict.fromkeys([self.job.spec.initiator, *parties]))

    @property
    def phase(self) -> str:
        """That of the job on the initiator's node, or on the only node that has it."""
        last = self.events.last(PhaseSet, node=self._leader, subject=self.name)
        return last.name if last else "Pending"

    @property
    def error(self) -> KusciaError | None:
        """Why the job failed, once it has."""
        if not self.ended.is_set() or self.phase == SUCCEEDED:
            return None
        ends = [end for end in self.events.select(ProgramEnded) if end.error and not isinstance(end.error, PeerFailed)]
        if ends and ends[0].error and not isinstance(ends[0].error, JobStopped):  # others may be its consequences
            return job_error(ends[0].node, ends[0].error)
        failed = [e for e in self.events.select(PhaseSet, subject=self.name) if e.name in OVER and e.name != SUCCEEDED]
        if self._deleted or (failed and (self.stop_asked or wanted(failed[0].name, failed[0].reason))):
            return JobStopped("the job was deleted" if self._deleted else f"the job was stopped on {failed[0].node}")
        if failed and failed[0].name == REFUSED:
            return JobFailed(f"job {self.name} was not approved by every party")
        last = self.events.last(PhaseSet, node=self._leader, subject=self.name)
        message = (last and last.message) or "no reason is known"
        if COUNTED in message:  # who failed has said more to its own node
            message += "".join(f"; {event.node}: {event.message}" for event in self._own_words())
        return JobFailed(f"job {self.name} failed: {message}")

    def _own_words(self) -> list[ConditionSet]:
        """What nodes have said of a failed task, other than by counting the parties."""
        failed = (e for e in self.events.select(ConditionSet) if e.status == "False" and e.subject != self.name)
        return [e for e in failed if e.message and COUNTED not in e.message and e.reason != "TaskIsStopped"]

    @property
    def _leader(self) -> str:
        initiator = self.job.spec.initiator
        return initiator if initiator in self.nodes or not self.nodes else next(iter(self.nodes))

    @property
    def _deleted(self) -> bool:
        return any(job is None for job in self.nodes.values())
