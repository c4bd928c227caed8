"""What the observer knows of every job: its events on all nodes, how it was started, how its programs ended.

No party sees this. It hears of every change in the nodes' stores and writes it down; phases, conditions and all that is
shown of a job are folds over its event log, also after the job was deleted.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ..control.failures import job_error
from ..control.kinds import KusciaTask
from ..control.objects import LABEL, Condition, now
from ..control.resources import FAILED, STOPPED, SUCCEEDED, KusciaJob, as_double, changed_numbers
from ..control.store import Change, Store
from ..errors import JobFailed, JobStopped, KusciaError, PeerFailed
from ..options import Options
from ..sentence import Sentence
from .events import LOGGED, Event, EventLog, log_line

_DOUBLE = "{name} = {value} is used as {double}: Kuscia's numbers are doubles"


@dataclass
class Run:
    """One life of a job, on all nodes that have it."""

    job: KusciaJob
    """As it was submitted."""
    options: Options = field(default_factory=Options)
    created: datetime = field(default_factory=now)
    events: EventLog = field(default_factory=EventLog)
    errors: dict[str, dict[str, BaseException | None]] = field(default_factory=dict)
    """What ended the programs, by task and domain, in the order of time; None where one came to its own end.

    Of several the first is the reason, and the others may be its consequences.
    """
    nodes: dict[str, KusciaJob | None] = field(default_factory=dict)
    """The job as each node has it; None where it was deleted."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set at the very end. To wait for it can be interrupted, unlike joining a thread (CPython issue 90882)."""

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
        last = self.events.last("phase", node=self._leader, subject=self.name)
        return last.name if last else "Pending"

    @property
    def error(self) -> KusciaError | None:
        """Why the job failed, once it has."""
        if not self.ended.is_set() or self.phase == SUCCEEDED:
            return None
        ends = (end for errors in list(self.errors.values()) for end in errors.items())
        domain, error = next(((d, e) for d, e in ends if e is not None and not isinstance(e, PeerFailed)), ("", None))
        if error is not None and not isinstance(error, JobStopped):
            return job_error(domain, error)
        failed = [e for e in self.events.select("phase", subject=self.name) if e.name == FAILED]
        if self._deleted or (failed and failed[0].reason == STOPPED):
            return JobStopped("the job was deleted" if self._deleted else f"the job was stopped on {failed[0].node}")
        last = self.events.last("phase", node=self._leader, subject=self.name)
        message = (last and last.message) or "no reason is known"
        if "The remaining no-failed party" in message:  # who failed has said more to its own node
            message += "".join(f"; {event.node}: {event.message}" for event in self._own_words())
        return JobFailed(f"job {self.name} failed: {message}")

    def _own_words(self) -> list[Event]:
        """What nodes have said of a failed task, other than by counting the parties."""
        failed = (e for e in self.events.select("condition") if e.status == "False" and e.subject != self.name)
        return [e for e in failed if e.message and "The remaining" not in e.message and e.reason != "TaskIsStopped"]

    @property
    def _leader(self) -> str:
        initiator = self.job.spec.initiator
        return initiator if initiator in self.nodes or not self.nodes else next(iter(self.nodes))

    @property
    def _deleted(self) -> bool:
        return any(job is None for job in self.nodes.values())


class Runs:
    """Every job's run, by name the last one."""

    def __init__(self) -> None:
        self.by_name: dict[str, Run] = {}
        self._by_uid: dict[str, Run] = {}
        self._by_task: dict[str, Run] = {}
        self._lock = threading.RLock()

    def watch(self, store: Store) -> None:
        """Hear of every change on a node."""
        store.subscribe(partial(self._changed, store.domain))

    def expect(self, job: KusciaJob, options: Options) -> Run:
        """The run of a job that is about to be put into its initiator's store."""
        with self._lock:
            run = self.by_name[job.name] = Run(job, options)
            return run

    def of(self, domain: str, task: KusciaTask) -> Run:
        """The run that a task on a node belongs to."""
        return self._by_uid[task.metadata.owner_references[0].uid]

    def warn(self, run: Run, data: object) -> None:
        """Say which numbers of a manifest or request are other ones for Kuscia (spec: kuscia §7 row 50)."""
        for name, number in changed_numbers(data):
            text = Sentence(_DOUBLE, name=name, value=number, double=as_double(number))
            run.events.emit(run.job.spec.initiator, run.name, "warning", message=text)

    def forget(self, run: Run) -> None:
        """An expected job that was not taken after all."""
        with self._lock:
            if self.by_name.get(run.name) is run and not run.nodes:
                del self.by_name[run.name]

    def logs(self, domain: str, task_id: str) -> str:
        """What one node's program of a task has logged."""
        run = self._by_task.get(task_id)
        logged = (e for e in run.events if e.kind in LOGGED and (e.node, e.subject) == (domain, task_id)) if run else ()
        return "".join(f"{log_line(event)}\n" for event in logged)

    def exchanged(self, sender: str, name: str, subject: str, exchange: object) -> None:
        """Two nodes have exchanged a message about a job or task."""
        run = self.by_name.get(subject) or self._by_task.get(subject)
        if run is not None:
            run.events.emit(sender, subject, "bfia", name=name, data=exchange)

    def _changed(self, domain: str, change: Change) -> None:
        with self._lock:
            if isinstance(change.object, KusciaJob):
                self._job_changed(domain, change, change.object)
            elif isinstance(change.object, KusciaTask):
                self._task_changed(domain, change, change.object)

    def _job_changed(self, domain: str, change: Change, job: KusciaJob) -> None:
        if change.old is None:
            run = self.by_name.get(job.name)
            if run is None or domain in run.nodes:
                run = self.by_name[job.name] = Run(job)
            self._by_uid[job.metadata.uid] = run
            for task in job.spec.tasks:  # however it came here; a partner's copy has doubles already
                self.warn(run, json.loads(task.task_input_config))
        run = self._by_uid[job.metadata.uid]
        if change.new is None:
            run.nodes[domain] = None
            if not job.finished:
                self._end_tasks(run, domain)
                run.events.emit(domain, job.name, "phase", name=FAILED, reason=STOPPED, message="the job was deleted")
            del self._by_uid[job.metadata.uid]
            if not any(run.nodes.values()):
                self._forget(run)
        else:
            run.nodes[domain] = job
            old = change.old if isinstance(change.old, KusciaJob) else None
            _emit_changes(run.events, domain, job, old)
        if all(found is None or found.finished for found in run.nodes.values()):
            run.ended.set()

    def _end_tasks(self, run: Run, domain: str) -> None:
        """Say of the tasks that go with a deleted job that they have not come to their own end."""
        for task in run.events.select("task", node=domain):
            last = run.events.last("phase", node=domain, subject=task.subject)
            if last is None or last.name not in (SUCCEEDED, FAILED):
                run.events.emit(domain, task.subject, "phase", name=FAILED, reason=STOPPED)

    def _forget(self, run: Run) -> None:
        """A job that no node has any more; who holds its `Job` can still read what was written down."""
        if self.by_name.get(run.name) is run:
            del self.by_name[run.name]
        for event in run.events.select("task"):
            self._by_task.pop(event.subject, None)

    def _task_changed(self, domain: str, change: Change, task: KusciaTask) -> None:
        run = self._by_uid.get(task.metadata.owner_references[0].uid)
        if run is None or change.new is None:
            return
        self._by_task[task.name] = run
        if change.old is None:
            run.events.emit(domain, task.name, "task", name=task.labels[f"{LABEL}task-alias"])
        old = change.old if isinstance(change.old, KusciaTask) else None
        _emit_changes(run.events, domain, task, old)


def _emit_changes(
    events: EventLog, domain: str, new: KusciaJob | KusciaTask, old: KusciaJob | KusciaTask | None
) -> None:
    """The conditions that were set, then the phase if it is another one."""
    known: Iterable[Condition] = old.status.conditions if old else ()
    for found in new.status.conditions:
        if found not in known:
            events.emit(
                domain,
                new.name,
                "condition",
                name=found.type,
                status=found.status,
                reason=found.reason,
                message=found.message,
            )
    phase = new.status.phase
    if phase and (old is None or old.status.phase != phase):
        message = new.status.message or _failure(new)
        events.emit(domain, new.name, "phase", name=phase, reason=new.status.reason, message=message)


def _failure(object: KusciaJob | KusciaTask) -> str:
    """The message of the condition that does not hold."""
    if object.status.phase != FAILED:
        return ""
    return next((found.message for found in object.status.conditions if found.status == "False"), "")
