"""What can be wrong with a job's text beyond its form, and where that stands in a manifest or in a request.

A program refuses its parameters when it starts; asked beforehand, it says the same, and here it gets its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from ..bfia import reader as bfia
from ..bfia.source import in_request, source_of
from ..bfia.translate import to_job
from ..control.environment import operator_environment
from ..control.manifest import read_manifest
from ..control.offers import Offers
from ..control.resources import JobTask, KusciaJob, Party
from ..errors import ManifestError
from ..operators import OPERATORS, Operator
from ..problems import FieldPath, Magic, Problem

Severity = Literal["error", "warning"]
"""A warning is about what a cell that has not run yet may mend."""


class Finding(NamedTuple):
    """A problem, and its index in the text that was read if it has a place there."""

    at: int | None
    problem: Problem
    severity: Severity = "error"


Placed = Callable[[Iterable[Problem]], list[Finding]]


def read(magic: Magic, text: str, offers: Offers | None = None) -> tuple[KusciaJob, Placed]:
    """The job of a manifest or a request, and what places problems of it in that text; ManifestError if it is none.

    With the `offers` of a node, by AppImage and component, a request's components have to be of the same provider.
    """
    return _manifest(text) if magic == "kusciajob" else _request(text, offers)


def _manifest(text: str) -> tuple[KusciaJob, Placed]:
    """The job of a manifest, and what places problems of it in its text."""
    job = read_manifest(text)
    return job, lambda problems: [Finding(job.source.index(problem), problem) for problem in problems]


def _request(text: str, offers: Offers | None) -> tuple[KusciaJob, Placed]:
    """The job of a request, and what places problems of it in the text of the request."""
    request = bfia.read_request(text, offers)
    source = source_of(request)

    def placed(problems: Iterable[Problem]) -> list[Finding]:
        found = [in_request(problem, request) for problem in problems]
        found = [problem._replace(path=source.spelled(problem.path)) for problem in found]
        return [Finding(source.index(problem), problem) for problem in found]

    return to_job(request), placed


def operator_problems(job: KusciaJob) -> Iterator[Problem]:
    """What the operators of a sound job would refuse of their parameters, each problem once."""
    task_ids = {task.alias: task.alias for task in job.spec.tasks}
    for i, task in enumerate(job.spec.tasks):
        operator = OPERATORS.get(task.config.module_name)
        if operator is None:  # of an AppImage that somebody else has made
            continue
        base: FieldPath = ("spec", "tasks", i, "taskInputConfig", "task_params")
        said: set[tuple[FieldPath, str]] = set()
        for party in task.parties:
            try:
                env = operator_environment(job, task, task.alias, party, operator.component, task_ids)
            except ManifestError:  # the node says it, too
                continue
            for problem in operator.check(env):
                place, there = _place(str(problem.path[0]), task, party, operator)
                if (place, problem.text) not in said:
                    said.add((place, problem.text))
                    yield problem._replace(path=(*base, *place), on_key=not there)


def _place(name: str, task: JobTask, party: Party, operator: Operator) -> tuple[FieldPath, bool]:
    """The place of a parameter in task_params, and whether it is there at all."""
    params, index = task.config.task_params, task.config.role.index(party) or 0
    common: FieldPath = ("common", name)
    own: FieldPath = (party.role, str(index), name)
    if name in params.of(party.role, index) or name in params.common:
        return (own if name in params.of(party.role, index) else common), True
    return (own if any(one.own for one in operator.parameters if one.name == name) else common), False
