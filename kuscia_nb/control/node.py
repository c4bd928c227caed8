"""One node: a domain with a store, a storage folder, and what may be put into the store.

Requests come from two sides, and all end here: from people, through kubectl or Python, and from a peer through its BFIA
messages. The controllers see what changed in the store, and do the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from ..data.files import write_atomically
from ..errors import JobError
from . import accepting
from .consent import Consent
from .kinds import Domain, KusciaTask
from .objects import LABEL, Object
from .resources import JobStatus, KusciaJob
from .store import AlreadyExists, Store

Applied = Literal["created", "configured", "unchanged"]


class Node:
    """One domain's node. `logs` gives what its program of a task has logged."""

    def __init__(
        self,
        domain: str,
        storage: Path,
        logs: Callable[[str, str], str] = lambda domain, task_id: "",
        consent: Consent | None = None,
    ) -> None:
        self.domain = domain
        self.storage = storage
        self.store = Store(domain)
        self.consent = consent
        """What its people allow its peers' jobs; None, if all nodes are the same people's."""
        self._logs = logs

    def create(self, job: KusciaJob) -> KusciaJob:
        """Check a job against what this node has, and keep it.

        ManifestError says everything that keeps this node from running it; AlreadyExists, if its name is taken;
        JobError, if it is a peer's and its people do not want it.
        """
        old = self.store.get(KusciaJob, job.name)
        if old and not (self.consent and self.consent.lets_replace(self.domain, old, job)):
            raise AlreadyExists("Job already exists", hint=f"another name, or delete {job.name} on {self.domain}")
        accepting.check(self.store, job)
        if self.consent is not None:
            self.consent.refuse(self.store, job, self.storage)
            for name in self.consent.outlived(self.store, job):
                self.delete(KusciaJob, name)
        if old:
            self.delete(KusciaJob, job.name)  # its files stay: a task id is never given twice
        spec = job.spec.model_copy(update={"stage": "Create"})
        kept = job.model_copy(update={"spec": spec, "status": JobStatus()})
        kept.point_into(None)  # what is wrong later on is not wrong in the text
        return self.store.create(kept)

    def apply(self, object: Object) -> tuple[Object, Applied]:
        """Keep an object that a person has written, or put what is new in it into the one that is there."""
        if isinstance(object, KusciaJob) and object.spec.initiator != self.domain:
            initiator = object.spec.initiator
            if self.store.get(Domain, initiator):
                what = f"initiator is {initiator}, but initiator must be {self.domain} in P2P"
                raise JobError(what, hint=f"submit it on {initiator}: its node schedules the job")
        old = self.store.get(type(object), object.name)
        if old is None:
            return self.create(object) if isinstance(object, KusciaJob) else self.store.create(object), "created"
        merged = _merged(old, object)
        if merged == old:
            return old, "unchanged"
        return self.store.change(type(object), object.name, lambda _: merged) or merged, "configured"

    def replace(self, new: Object) -> Object:
        """Put what a person has changed of an object in its place: labels, annotations, and a spec that may change.

        JobError, if there is no such object any more, or its spec may not be another one.
        """

        def changed(old: Object) -> Object:
            marks = {"labels": new.labels, "annotations": new.annotations}
            metadata = old.metadata.model_copy(update=marks)
            metadata = old.metadata if metadata == old.metadata else metadata
            spec = _spec(old, new)
            if metadata is old.metadata and spec is old.spec:
                return old
            return old.model_copy(update={"metadata": metadata, "spec": spec})

        if (found := self.store.change(type(new), new.name, changed)) is None:
            raise JobError(f"there is no {type(new).__name__} {new.name} on {self.domain}")
        return found

    def delete(self, kind: type[Object], name: str) -> Object | None:
        """Remove an object with what it owns; None if there is none. What runs for it is stopped."""
        return self.store.delete(kind, name)

    def job_of(self, task_id: str) -> KusciaJob | None:
        """The job of a task that was started, be it made or not."""
        if task := self.store.get(KusciaTask, task_id):
            return self.store.get(KusciaJob, task.labels.get(f"{LABEL}job-id", ""))
        jobs = self.store.objects(KusciaJob)
        return next((job for job in jobs if task_id in [task.task_id for task in job.spec.tasks]), None)

    def logs(self, task_id: str) -> str:
        """What this node's program of a task has logged, a line each; empty if it has not run here."""
        return self._logs(self.domain, task_id)

    def put(self, name: str, content: BinaryIO) -> Path:
        """Keep a data file, seen whole or not at all; returns where it is."""
        path = self.storage / "data" / name
        write_atomically(path, content)
        return path


def _merged(old: Object, new: Object) -> Object:
    """The object with the labels, annotations and spec of the new one; a job's spec cannot become another one."""
    metadata = old.metadata.model_copy(
        update={"labels": {**old.labels, **new.labels}, "annotations": {**old.annotations, **new.annotations}}
    )
    metadata = old.metadata if metadata == old.metadata else metadata
    return old.model_copy(update={"metadata": metadata, "spec": _spec(old, new)})


def _spec(old: Object, new: Object) -> object:
    """The spec that an object gets from a new one: its own, if it is the same."""
    if isinstance(old, KusciaJob) and isinstance(new, KusciaJob):
        return _job_spec(old, new)
    if isinstance(old, KusciaTask) and old.spec != new.spec:
        raise JobError(f"the spec of task {old.name} is its node's to write", hint="spec.stage of its job: Stop")
    return old.spec if old.spec == new.spec else new.spec


def _job_spec(old: KusciaJob, new: KusciaJob) -> object:
    """The spec of a job that is there already: what may change is its stage, to Stop."""
    ids = {task.alias: task.task_id for task in old.spec.tasks}
    stage = old.spec.stage if new.spec.stage != "Stop" else "Stop"
    spec = new.spec.named(ids).model_copy(update={"stage": stage})
    if spec == old.spec:
        return old.spec
    if spec.model_copy(update={"stage": old.spec.stage}) != old.spec:
        what = f"job {old.name} already exists with another spec, and is {old.status.phase or 'new'}: it would not run"
        raise JobError(what, hint=f"delete {old.name} on all nodes first, or give this one another metadata.name")
    return spec
