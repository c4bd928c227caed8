"""The observer of all nodes: it hears of every change in their stores, and writes it down with the job's run.

No party sees this.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from ..bfia.client import Exchange
from ..control.kinds import KusciaTask
from ..control.objects import LABEL, Condition
from ..control.records import OPTIONS
from ..control.resources import FAILED, STOPPED, SUCCEEDED, KusciaJob, as_double, changed_numbers
from ..control.store import Change, Objects
from ..errors import KusciaError
from ..options import Options
from ..texts.sentence import Sentence
from .events import ConditionSet, EventLog, Exchanged, PhaseSet, Said, TaskMade, log_line
from .file import Packing
from .runs import Run

_LATEST = 8
"""Runs that ended last."""
_ENVELOPE = 2048
"""Bytes that a message takes beside its bodies."""
_DOUBLE = "{name} = {value} is used as {double}: Kuscia's numbers are doubles"


class Observer:
    """Hears of every change on the nodes, and has every job's run, by name the last one.

    `keep` is called before anybody hears of the end of a run.
    """

    keep: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        self.by_name: dict[str, Run] = {}
        self._by_uid: dict[str, Run] = {}
        self._by_task: dict[str, Run] = {}
        self._ended: deque[Run] = deque()
        self._packing = Packing()
        self._lock = threading.RLock()

    def watch(self, store: Objects) -> None:
        """Hear of every change on a node."""
        store.subscribe(partial(self._changed, store.domain))

    def expect(self, job: KusciaJob, options: Options) -> Run:
        """The run of a job that is about to be put into its initiator's store."""
        with self._lock:
            run = self.by_name[job.name] = Run(job, options)
            return run

    def restore(self, run: Run, jobs: Mapping[str, KusciaJob], tasks: Mapping[str, Sequence[KusciaTask]]) -> None:
        """Take over the run of jobs and tasks that nodes have from an earlier process, before any are watched.

        What the observer heard of them last may not have been written down any more; it is told again.
        """
        run.nodes |= jobs
        for domain, job in jobs.items():
            for task in tasks[domain]:
                self._by_task[task.name] = run
                if not run.events.select(TaskMade, node=domain, subject=task.name):
                    run.events.emit(_made(domain, task))
                _emit_untold(run.events, domain, task)
            _emit_untold(run.events, domain, job)
        self.by_name[run.name] = run
        self._by_uid |= {job.metadata.uid: run for job in jobs.values()}
        if all(job.finished for job in jobs.values()):
            run.ended.set()

    def of(self, domain: str, task: KusciaTask) -> Run:
        """The run that a task on a node belongs to."""
        return self._by_uid[task.metadata.owner_references[0].uid]

    def run_of(self, job: KusciaJob) -> Run | None:
        """The run of a job as a store has it."""
        return self._by_uid.get(job.metadata.uid)

    def run_of_task(self, task_id: str) -> Run | None:
        """The run of a task, by its id."""
        return self._by_task.get(task_id)

    def warn(self, run: Run, data: object) -> None:
        """Say which numbers of a manifest or request are other ones for Kuscia (spec: kuscia §7 row 50)."""
        for name, number in changed_numbers(data):
            text = Sentence(_DOUBLE, name=name, value=number, double=as_double(number))
            run.events.emit(Said(run.job.spec.initiator, run.name, "warning", text))

    def forget(self, run: Run) -> None:
        """An expected job that was not taken after all."""
        with self._lock:
            if self.by_name.get(run.name) is run and not run.nodes:
                del self.by_name[run.name]

    def logs(self, domain: str, task_id: str) -> str:
        """What one node's program of a task has logged."""
        run = self._by_task.get(task_id)
        logged = run.events.select(Said, node=domain, subject=task_id) if run else ()
        return "".join(f"{log_line(event)}\n" for event in logged)

    def exchanged(self, sender: str, name: str, subject: str, exchange: Exchange, most: int | None = None) -> None:
        """Two nodes have exchanged a message about a job or task; it is not kept beyond `most` bytes of all of them."""
        run = self.by_name.get(subject) or self._by_task.get(subject)
        if run is not None and (most is None or run.exchanged < most):
            run.exchanged += _ENVELOPE + len(exchange.request.body) + len(exchange.response.body)
            run.events.emit(Exchanged(sender, subject, name, exchange))

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
                run = self.by_name[job.name] = Run(job, _told(job))
            self._by_uid[job.metadata.uid] = run
            for task in job.spec.tasks:  # however it came here; a partner's copy has doubles already
                with suppress(ValueError):  # only of a BFIA job, which a real node's need not be, it must be JSON
                    self.warn(run, json.loads(task.task_input_config))
        run = self._by_uid[job.metadata.uid]
        if change.new is None:
            run.nodes[domain] = None
            if not job.finished:
                self._end_tasks(run, domain)
                run.events.emit(PhaseSet(domain, job.name, FAILED, STOPPED, "the job was deleted"))
            del self._by_uid[job.metadata.uid]
            if not any(run.nodes.values()):
                self._forget(run)
        else:
            run.nodes[domain] = job
            old = change.old if isinstance(change.old, KusciaJob) else None
            _emit_changes(run.events, domain, job, old)
        if all(found is None or found.finished for found in run.nodes.values()):
            if not run.ended.is_set() and change.new is not None:
                self.keep()
                self._put_away(run)
            run.ended.set()

    def _put_away(self, run: Run) -> None:
        """The latest runs to end are looked at; the events of those before them are kept in less memory."""
        self._ended.append(run)
        if len(self._ended) > _LATEST:
            self._ended.popleft().events.pack(self._packing.packed, self._packing.unpacked)

    def _end_tasks(self, run: Run, domain: str) -> None:
        """Say of the tasks that go with a deleted job that they have not come to their own end."""
        for task in run.events.select(TaskMade, node=domain):
            last = run.events.last(PhaseSet, node=domain, subject=task.subject)
            if last is None or last.name not in (SUCCEEDED, FAILED):
                run.events.emit(PhaseSet(domain, task.subject, FAILED, STOPPED))

    def _forget(self, run: Run) -> None:
        """A job that no node has any more; who holds its `Job` can still read what was written down."""
        if self.by_name.get(run.name) is run:
            del self.by_name[run.name]
        for event in run.events.select(TaskMade):
            self._by_task.pop(event.subject, None)

    def _task_changed(self, domain: str, change: Change, task: KusciaTask) -> None:
        run = self._by_uid.get(task.metadata.owner_references[0].uid)
        if run is None or change.new is None:
            return
        self._by_task[task.name] = run
        if change.old is None:
            run.events.emit(_made(domain, task))
        old = change.old if isinstance(change.old, KusciaTask) else None
        _emit_changes(run.events, domain, task, old)


def _told(job: KusciaJob) -> Options:
    """How a job is run that another node has started."""
    try:
        return Options(**json.loads(job.annotations.get(OPTIONS, "{}")))
    except (ValueError, TypeError, KusciaError):  # somebody has edited it
        return Options()


def _made(domain: str, task: KusciaTask) -> TaskMade:
    return TaskMade(domain, task.name, task.labels[f"{LABEL}task-alias"])


def _emit_untold(events: EventLog, domain: str, object: KusciaJob | KusciaTask) -> None:
    """The conditions and the phase of which there is no event."""
    told = {(e.name, e.status, e.reason) for e in events.select(ConditionSet, node=domain, subject=object.name)}
    for found in object.status.conditions:
        if (found.type, found.status, found.reason) not in told:
            events.emit(_set(domain, object, found))
    last = events.last(PhaseSet, node=domain, subject=object.name)
    if object.status.phase and (last is None or last.name != object.status.phase):
        events.emit(_in_phase(domain, object))


def _set(domain: str, object: KusciaJob | KusciaTask, found: Condition) -> ConditionSet:
    return ConditionSet(domain, object.name, found.type, found.status, found.reason, found.message)


def _in_phase(domain: str, object: KusciaJob | KusciaTask) -> PhaseSet:
    status = object.status
    return PhaseSet(domain, object.name, status.phase, status.reason, status.message or failure(object))


def _emit_changes(
    events: EventLog, domain: str, new: KusciaJob | KusciaTask, old: KusciaJob | KusciaTask | None
) -> None:
    """The conditions that were set, then the phase if it is another one."""
    known: Iterable[Condition] = old.status.conditions if old else ()
    for found in new.status.conditions:
        if found not in known:
            events.emit(_set(domain, new, found))
    if new.status.phase and (old is None or old.status.phase != new.status.phase):
        events.emit(_in_phase(domain, new))


def failure(object: KusciaJob | KusciaTask) -> str:
    """The message of the condition that does not hold."""
    if object.status.phase != FAILED:
        return ""
    return next((found.message for found in object.status.conditions if found.status == "False"), "")
