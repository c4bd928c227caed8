"""One node: a domain with a store, a storage folder, and what may be put into the store.

Requests come from two sides, and all end here: from people, through kubectl or Python, and from a peer through its BFIA
messages. The controllers see what changed in the store, and do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import JobError, ManifestError
from ..problems import FieldPath, Problem, choice
from .kinds import AppImage, Domain, KusciaTask
from .manifest import problems_against
from .objects import Object
from .offers import Offers, offers_of
from .resources import JobStatus, KusciaJob
from .source import Source, manifest_error
from .store import AlreadyExists, Store

if TYPE_CHECKING:
    from ..operators.component import Component

Applied = Literal["created", "configured", "unchanged"]


class Node:
    """One domain's node. `logs` gives what its program of a task has logged."""

    def __init__(
        self, domain: str, storage: Path, logs: Callable[[str, str], str] = lambda domain, task_id: ""
    ) -> None:
        self.domain = domain
        self.storage = storage
        self.store = Store(domain)
        self._logs = logs

    def create(self, job: KusciaJob) -> KusciaJob:
        """Check a job against what this node has, and keep it.

        ManifestError says everything that keeps this node from running it; AlreadyExists, if its name is taken.
        """
        if self.store.get(KusciaJob, job.name):
            raise AlreadyExists("Job already exists", hint=f"another name, or delete {job.name} on {self.domain}")
        self.check(job)
        spec = job.spec.model_copy(update={"stage": "Create"})
        kept = job.model_copy(update={"spec": spec, "status": JobStatus()})
        kept._source = None  # what is wrong later on is not wrong in the text
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

    def delete(self, kind: type[Object], name: str) -> Object | None:
        """Remove an object with what it owns; None if there is none. What runs for it is stopped."""
        return self.store.delete(kind, name)

    def logs(self, task_id: str) -> str:
        """What this node's program of a task has logged, a line each; empty if it has not run here."""
        return self._logs(self.domain, task_id)

    def check(self, job: KusciaJob) -> None:
        """Refuse a job with domains, appImages or operators that this node does not have (spec: kuscia §1.9, §4.3)."""
        if problems := list(self.problems(job)):
            raise manifest_error(problems, job._source if isinstance(job._source, Source) else Source())

    def problems(self, job: KusciaJob) -> Iterator[Problem]:
        """What `check` refuses a job for."""
        domains = [domain.name for domain in self.store.objects(Domain)]
        yield from problems_against(job, domains, [image.name for image in self.store.objects(AppImage)])
        yield from self._operator_problems(job)

    def offers(self) -> Offers:
        """What is known of the components that this node has, by AppImage and component."""
        return {image.name: offers_of(image) for image in self.store.objects(AppImage)}

    def component(self, image: str, module: str) -> Component:
        """What an AppImage says about its operator. ManifestError, with Kuscia's text, if it says nothing."""
        from ..operators.component import ANNOTATION, Component  # its package needs numpy

        found = self.store.get(AppImage, image)
        if found is None:
            known = [other.name for other in self.store.objects(AppImage)]
            raise ManifestError(f"failed to get AppImage {image} on {self.domain}", hint=choice(image, known))
        return Component.from_annotation(found.annotations.get(ANNOTATION, ""), module, image)

    def _operator_problems(self, job: KusciaJob) -> Iterator[Problem]:
        """Every task's operator has to be in its AppImage, with as many inputs and outputs, and has two parties."""
        for i, task in enumerate(job.spec.tasks):
            path: FieldPath = ("spec", "tasks", i, "taskInputConfig")
            taken = self.store.get(KusciaTask, task.task_id) if task.task_id else None
            if taken and taken.metadata.owner_references[0].name != job.name:
                text = f"Failed to create task {task.task_id} because a task with the same name already exists"
                yield Problem((*path[:-1], "taskID"), text, "another taskID, or none: it is made at the start then")
            if self.store.get(AppImage, task.app_image) is None:
                continue  # which is said already
            try:
                component = self.component(task.app_image, task.config.module_name)
            except ManifestError as error:
                yield Problem((*path, "module_name"), error.what, error.hint)
                continue
            for direction, names in (("input", component.inputs), ("output", component.outputs)):
                given = getattr(task.config, direction)
                if len(given) > len(names):
                    text = (
                        f"not found expected {direction} name component.1.{direction}.{len(names) + 1}.name "
                        f"in component spec of AppImage {task.app_image}"
                    )
                    hint = f"at most {len(names)} {direction}s for {component.name}: {', '.join(names) or 'none'}"
                    yield Problem((*path, direction, len(names)), text, hint)
            if not len(task.parties) == len(list(task.config.role.members())) == 2:
                text = f"{component.name} is for two parties, task {task.alias} has {len(task.parties)}"
                domains = " and ".join(domain.name for domain in self.store.objects(Domain))
                yield Problem((*path, "role"), text, f"one host and one guest, in the parties and in role: {domains}")


def _merged(old: Object, new: Object) -> Object:
    """The object with the labels, annotations and spec of the new one; a job's spec cannot become another one."""
    metadata = old.metadata.model_copy(
        update={"labels": {**old.labels, **new.labels}, "annotations": {**old.annotations, **new.annotations}}
    )
    metadata = old.metadata if metadata == old.metadata else metadata
    spec = old.spec if old.spec == new.spec else new.spec
    if isinstance(old, KusciaJob) and isinstance(new, KusciaJob):
        spec = _job_spec(old, new)
    return old.model_copy(update={"metadata": metadata, "spec": spec})


def _job_spec(old: KusciaJob, new: KusciaJob) -> object:
    """The spec of a job that is there already: what may change is its stage, to Stop."""
    ids = {task.alias: task.task_id for task in old.spec.tasks}
    tasks = tuple(
        task if task.task_id else task.model_copy(update={"task_id": ids.get(task.alias)}) for task in new.spec.tasks
    )
    stage = old.spec.stage if new.spec.stage != "Stop" else "Stop"
    spec = new.spec.model_copy(update={"tasks": tasks, "stage": stage})
    if spec == old.spec:
        return old.spec
    if spec.model_copy(update={"stage": old.spec.stage}) != old.spec:
        what = f"job {old.name} already exists with another spec, and is {old.status.phase or 'new'}: it would not run"
        raise JobError(what, hint=f"delete {old.name} on all nodes first, or give this one another metadata.name")
    return spec
