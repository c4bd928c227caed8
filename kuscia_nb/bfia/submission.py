"""A create-job request on its way into a node's store: translated, checked, and refused in one line.

Everything that is wrong is said at once, as Kuscia says it or with the path of the field. Kuscia stops at the first
fault, panics at some, and finds others only when the job runs (spec: kuscia §3.3, §7 rows 29 to 35).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..control import accepting
from ..control.node import Node
from ..control.records import SCHEDULER
from ..control.resources import KusciaJob
from ..control.source import dotted, sentence
from ..errors import ManifestError
from ..problems import Problem
from .dialect import speaks_standard, with_dialect, with_scheduler
from .messages import CreateJobRequest
from .reader import examined
from .routes import Call, Refused
from .source import RequestSource, in_request, once
from .standard import Circumstances, in_kuscias_words
from .told import with_told
from .translate import to_job


def translated(call: Call[CreateJobRequest], scheduler: str = "") -> KusciaJob:
    """The job of a call's request, checked by its text and against what the node has.

    `scheduler` is the other node that schedules it, if one does.
    """
    source = RequestSource(data=call.data)
    where = Circumstances(accepting.offers(call.node.store), scheduled=bool(scheduler))
    try:
        request, problems, sound = examined(source, where)
    except ManifestError as error:
        raise Refused(one_line(error)) from error
    if sound is not None:
        problems += [in_request(problem, request) for problem in accepting.problems(call.node.store, sound)]
    if problems := once(problem._replace(path=source.spelled(problem.path)) for problem in problems):
        raise Refused(_joined(_sentence(problem) for problem in problems), speaks_standard(call.message))
    return with_scheduler(with_told(with_dialect(to_job(request), request), request), scheduler)


def keep(node: Node, job: KusciaJob) -> None:
    """Put the job of a request into the node's store. AlreadyExists, if its name is taken."""
    try:
        node.create(job)
    except ManifestError as error:  # what is in the store has changed since the job was checked
        raise Refused(one_line(error)) from error


def same_job(node: Node, kept: KusciaJob, message: CreateJobRequest) -> bool:
    """Whether a request asks for the very job that is there, however far that has come."""
    where = Circumstances(accepting.offers(node.store), scheduled=SCHEDULER in kept.annotations)
    request, problems = in_kuscias_words(message, where)
    try:
        return not problems and _wanted(kept) == _wanted(to_job(request))
    except ManifestError:
        return False


def _wanted(job: KusciaJob) -> dict[str, Any]:
    """What somebody wants of a job, without what the nodes have written into it."""
    spec = job.spec.model_dump(exclude={"stage": True, "tasks": {"__all__": {"task_id"}}})
    return {"name": job.name, **spec}


def one_line(error: ManifestError) -> str:
    """All that is wrong, without places and hints."""
    return _joined(sentence(problem) for _, problem in error.faults) or _joined([error.what])


def _sentence(problem: Problem) -> str:
    path = dotted(problem.path)
    return problem.text if problem.complete or problem.missing else f"{path}: {problem.text}"


def _joined(texts: Iterable[str]) -> str:
    return " ".join(";".join(texts).split())
