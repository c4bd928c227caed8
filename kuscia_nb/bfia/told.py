"""How a job is run beyond its manifest, as its initiator's node tells it to its peer: in job_params.common, by a key.

Both parties' programs need it, each from its own node: how secrets are multiplied and how products are truncated. What
is as usual is not said, so that the request is Kuscia's. A job keeps it in an annotation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..control.records import OPTIONS
from ..control.resources import KusciaJob
from ..options import Options, taken_by
from .messages import CreateJobRequest
from .routes import Refused

KEY = "kuscia_nb"


def with_options(job: KusciaJob, options: Options) -> KusciaJob:
    """The job with what its programs have to be told, if it is not as usual."""
    shared = [one.name for one in taken_by("program") if one.choices]  # others are each node's own
    said = {name: getattr(options, name) for name in shared}
    unusual = {name: value for name, value in said.items() if value != getattr(Options(), name)}
    return job.annotated(OPTIONS, json.dumps(unusual, sort_keys=True)) if unusual else job


def with_told(job: KusciaJob, request: CreateJobRequest) -> KusciaJob:
    """The job of a request, with what the request tells its programs."""
    params = request.config and request.config.job_params
    said = ((params and params.common) or {}).get(KEY)
    if said is None:
        return job
    known = {one.name: one.choices for one in taken_by("program") if one.choices}
    for name, value in said.items() if isinstance(said, Mapping) else [(KEY, said)]:
        if value not in known.get(name, ()):
            raise Refused(f"config.job_params.common.{KEY}: {name} {value!r} is unknown here")
    return job.annotated(OPTIONS, json.dumps(dict(said), sort_keys=True))


def told(job: KusciaJob) -> dict[str, Any]:
    """For job_params.common; empty, if there is nothing to tell."""
    return {KEY: json.loads(job.annotations[OPTIONS])} if OPTIONS in job.annotations else {}
