"""A create-job request on its way into a node's store: translated, checked, and refused in one line.

Everything that is wrong is said at once, as Kuscia says it or with the path of the field. Kuscia stops at the first
fault, panics at some, and finds others only when the job runs (spec: kuscia §3.3, §7 rows 29 to 35).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..control.node import Node
from ..control.problems import Problem
from ..control.resources import KusciaJob
from ..control.source import dotted
from ..errors import ManifestError
from .dialect import with_dialect
from .messages import CreateJobRequest
from .reader import from_dict, pointing_into
from .routes import Refused
from .translate import request_problems, to_job

_COMPLETE = ("interconn job config ", "validate appImage failed, ", "generate taskInputConfig failed, ")
"""How Kuscia's own texts begin, which say themselves what they are about."""


def translated(message: CreateJobRequest, data: dict[str, Any]) -> tuple[CreateJobRequest, KusciaJob]:
    """The request, checked by its text (`data`), and its job."""
    if problems := list(request_problems(message)):
        raise Refused(_joined(_sentence(problem) for problem in problems))
    try:
        request = from_dict(data)
    except ManifestError as error:
        raise Refused(one_line(error)) from error
    return request, with_dialect(to_job(request), request)


def keep(node: Node, request: CreateJobRequest, job: KusciaJob) -> None:
    """Put the job of a request into the node's store. AlreadyExists, if its name is taken."""
    try:
        with pointing_into(request, job):  # not around what keeps the job, which would keep the pointer, too
            node.check(job)
        node.create(job)
    except ManifestError as error:
        raise Refused(one_line(error)) from error


def same_job(kept: KusciaJob, message: CreateJobRequest) -> bool:
    """Whether a request asks for the very job that is there, however far that has come."""
    try:
        return _wanted(kept) == _wanted(to_job(message))
    except ManifestError:
        return False


def _wanted(job: KusciaJob) -> dict[str, Any]:
    """What somebody wants of a job, without what the nodes have written into it."""
    spec = job.spec.model_dump(exclude={"stage": True, "tasks": {"__all__": {"task_id"}}})
    return {"name": job.name, **spec}


def one_line(error: ManifestError) -> str:
    """All that is wrong, without places and hints."""
    lines = error.where.splitlines() if " problems in the " in error.what else []
    return _joined(line for line in lines if not line.startswith(" ")) or _joined([error.what])


def _sentence(problem: Problem) -> str:
    path = dotted(problem.path)
    return problem.text if problem.text.startswith(_COMPLETE) else f"{path}: {problem.text}"


def _joined(texts: Iterable[str]) -> str:
    return " ".join(";".join(texts).split())
