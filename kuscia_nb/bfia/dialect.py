"""Which dialect of BFIA a job was made in; the replies about it are in the same (spec: bfia §9.2).

A component names its algorithm as module_name in Kuscia's dialect, and as componentName in the standard's. A job keeps
the standard's in an annotation; without one it is Kuscia's, so that a job from a manifest shows nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..control.resources import KusciaJob
from .messages import CreateJobRequest, Dag
from .routes import Reply

ANNOTATION = "kuscia-nb/bfia-dialect"
STANDARD = "standard"


def with_dialect(job: KusciaJob, request: CreateJobRequest) -> KusciaJob:
    """The job of a request, marked if the request has only the standard's names."""
    if any(component.module_name for component in (request.dag or Dag()).components):
        return job
    annotations = {**job.annotations, ANNOTATION: STANDARD}
    return job.model_copy(update={"metadata": job.metadata.model_copy(update={"annotations": annotations})})


def is_standard(job: KusciaJob | None) -> bool:
    """Whether a job's dialect is the standard's."""
    return job is not None and job.annotations.get(ANNOTATION) == STANDARD


def reply_about(job: KusciaJob | None, data: Mapping[str, Any] | None = None) -> Reply:
    """A reply in the dialect of a job."""
    return Reply(data, is_standard(job))
