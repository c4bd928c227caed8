"""What a node says of a job before it takes it: whatever it asks for has to be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import ManifestError
from ..problems import FieldPath, Problem, choice
from .kinds import AppImage, Domain, KusciaTask
from .manifest import problems_against
from .offers import Offers, offers_of
from .resources import KusciaJob
from .source import manifest_error
from .store import Objects

if TYPE_CHECKING:
    from ..operators.component import Component


def check(store: Objects, job: KusciaJob) -> None:
    """Refuse a job with domains, appImages or operators that this node does not have (spec: kuscia §1.9, §4.3)."""
    if found := list(problems(store, job)):
        raise manifest_error(found, job.source)


def problems(store: Objects, job: KusciaJob) -> Iterator[Problem]:
    """What `check` refuses a job for."""
    yield from asked_for(store, job)
    for i, task in enumerate(job.spec.tasks):
        if not len(task.parties) == len(list(task.config.role.members())) == 2:
            text = f"{task.config.module_name} is for two parties, task {task.alias} has {len(task.parties)}"
            domains = " and ".join(domain.name for domain in store.objects(Domain))
            hint = f"one host and one guest, in the parties and in role: {domains}"
            yield Problem(("spec", "tasks", i, "taskInputConfig", "role"), text, hint)


def asked_for(store: Objects, job: KusciaJob) -> Iterator[Problem]:
    """What a job asks for and a node does not have, whoever's node it is."""
    domains = [domain.name for domain in store.objects(Domain)]
    yield from problems_against(job, domains, [image.name for image in store.objects(AppImage)])
    yield from _operator_problems(store, job)


def offers(store: Objects) -> Offers:
    """What is known of the components that this node has, by AppImage and component."""
    return {image.name: offers_of(image) for image in store.objects(AppImage)}


def component(store: Objects, image: str, module: str) -> Component:
    """What an AppImage says about its operator. ManifestError, with Kuscia's text, if it says nothing."""
    from ..operators.component import ANNOTATION, Component  # its package needs numpy

    found = store.get(AppImage, image)
    if found is None:
        known = [other.name for other in store.objects(AppImage)]
        raise ManifestError(f"failed to get AppImage {image} on {store.domain}", hint=choice(image, known))
    return Component.from_annotation(found.annotations.get(ANNOTATION, ""), module, image)


def _operator_problems(store: Objects, job: KusciaJob) -> Iterator[Problem]:
    """Every task's operator has to be in its AppImage, with as many inputs and outputs."""
    for i, task in enumerate(job.spec.tasks):
        path: FieldPath = ("spec", "tasks", i, "taskInputConfig")
        taken = store.get(KusciaTask, task.task_id) if task.task_id else None
        if taken and taken.metadata.owner_references[0].name != job.name:
            text = f"Failed to create task {task.task_id} because a task with the same name already exists"
            yield Problem((*path[:-1], "taskID"), text, "another taskID, or none: it is made at the start then")
        if store.get(AppImage, task.app_image) is None:
            continue  # which is said already
        try:
            found = component(store, task.app_image, task.config.module_name)
        except ManifestError as error:
            yield Problem((*path, "module_name"), error.what, error.hint)
            continue
        for direction, names in (("input", found.inputs), ("output", found.outputs)):
            given = getattr(task.config, direction)
            if len(given) > len(names):
                text = (
                    f"not found expected {direction} name component.1.{direction}.{len(names) + 1}.name "
                    f"in component spec of AppImage {task.app_image}"
                )
                hint = f"at most {len(names)} {direction}s for {found.name}: {', '.join(names) or 'none'}"
                yield Problem((*path, direction, len(names)), text, hint)
