"""Which dialect of BFIA a job was made in; the replies about it are in the same (spec: bfia §9.2).

A component names its algorithm as module_name in Kuscia's dialect, and as componentName in the standard's. A job keeps
the standard's in an annotation; without one it is Kuscia's, so that a job from a manifest shows nothing of this.

A request may have both names. It is the standard's then if its job_params are: Kuscia has none for all parties. So the
dialect comes along when a node sends a job to its peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..control.records import SCHEDULER
from ..control.resources import KusciaJob
from .messages import CreateJobRequest, Dag
from .routes import Refused, Reply

ANNOTATION = "kuscia-nb/bfia-dialect"
STANDARD = "standard"


def speaks_standard(request: CreateJobRequest) -> bool:
    """Whether a request is in the standard's dialect."""
    components = (request.dag or Dag()).components
    if not any(component.module_name for component in components):
        return any(component.component_name for component in components)
    params = request.config and request.config.job_params
    return params is not None and params.common is not None and all(one.component_name for one in components)


def with_dialect(job: KusciaJob, request: CreateJobRequest) -> KusciaJob:
    """The job of a request, marked if that is in the standard's dialect."""
    return _annotated(job, ANNOTATION, STANDARD) if speaks_standard(request) else job


def with_scheduler(job: KusciaJob, scheduler: str) -> KusciaJob:
    """The job, marked with the other node that schedules it, if one does."""
    return _annotated(job, SCHEDULER, scheduler) if scheduler else job


def _annotated(job: KusciaJob, name: str, value: str) -> KusciaJob:
    metadata = job.metadata.model_copy(update={"annotations": {**job.annotations, name: value}})
    return job.model_copy(update={"metadata": metadata})


def is_standard(job: KusciaJob | None) -> bool:
    """Whether a job's dialect is the standard's."""
    return job is not None and job.annotations.get(ANNOTATION) == STANDARD


def reply_about(job: KusciaJob | None, data: Mapping[str, Any] | None = None) -> Reply:
    """A reply in the dialect of a job."""
    return Reply(data, is_standard(job))


def refusal_about(job: KusciaJob | None, text: str) -> Refused:
    """A refusal in the dialect of a job."""
    return Refused(text, is_standard(job))
