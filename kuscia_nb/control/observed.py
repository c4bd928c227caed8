"""Reading what a real Kuscia node says of its jobs and tasks, domains and AppImages (spec: kuscia §1.2 to §1.7, §2).

What a person writes is checked strictly, elsewhere. A node's objects are only read: what our types have no place for is
in `object.raw` alone. Kuscia up to v0.5 has the stage of a job in its spec, conditions for the stages that it has
passed, and a task's alias in a label; from v0.15 on these are a label, `status.stageStatus` and an annotation. Both
come out as the same KusciaJob and KusciaTask. Phases are Kuscia's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..errors import KusciaError
from .kinds import KINDS
from .objects import LABEL, Object

_KINDS = {kind.model.__name__: kind for kind in KINDS}
_ONCE_LABELS = ("initiator", "job-id", "task-alias", "task-id")
"""What is an annotation from v0.15 on, because labels are short."""
_STAGES = ("Create", "Start", "Stop")
"""Those that both eras have."""


def observed(data: Mapping[str, Any], where: str = "") -> Object:
    """The object that a node has, from what `kubectl get -o json` prints of it; `where` names the node.

    A KusciaError, if it is of another kind, or lacks what every object of its kind has.
    """
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        what = f"{data.get('kind') or 'this'} is none of {', '.join(_KINDS)}"
        raise KusciaError(what, where=where)
    model = kind.model
    try:
        read = model.model_validate_json(json.dumps(_as_before(_fitting(model, data), data)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = (data.get("metadata") or {}).get("name", "?")
        path = ".".join(map(str, first["loc"]))
        raise KusciaError(f"{data['kind']} {name} cannot be read: {path}: {first['msg']}", where=where) from error
    read.keep(data)
    return read


def _fitting(kind: Any, value: Any) -> Any:
    """A value without the fields that a type does not have, and without the words that it does not know."""
    if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, Mapping):
        fields = {info.alias or name: info.annotation for name, info in kind.model_fields.items()}
        fitted = {name: _fitting(fields[name], item) for name, item in value.items() if name in fields}
        return {name: item for name, item in fitted.items() if item is not None}
    if get_origin(kind) is Annotated:
        return _fitting(get_args(kind)[0], value)
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    inner = [one for one in get_args(kind) if one not in (type(None), ...)]
    if isinstance(value, list) and inner:
        return [_fitting(inner[0], item) for item in value]
    if isinstance(value, Mapping) and get_origin(kind) is dict:
        fitted = {name: _fitting(inner[1], item) for name, item in value.items()}
        return {name: item for name, item in fitted.items() if item is not None}
    return _fitting(inner[0], value) if len(inner) == 1 and not isinstance(value, str) else value


def _as_before(fitted: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """An object of a later Kuscia with its stage, conditions and labels where v0.5 has them."""
    metadata = fitted.setdefault("metadata", {})
    if not _KINDS[data["kind"]].namespaced:
        metadata["namespace"] = ""
    labels, annotations = metadata.setdefault("labels", {}), metadata.get("annotations", {})
    for name in (f"{LABEL}{one}" for one in _ONCE_LABELS):
        if name in annotations:
            labels.setdefault(name, annotations[name])
    own = f"{LABEL}self-cluster-as-initiator"
    if annotations.get(own) == "true":  # a partner's copy says "false", where v0.5 says nothing
        labels.setdefault(own, "true")
    if conditions := fitted.get("status", {}).get(
        "conditions"
    ):  # Kubernetes also knows Unknown, as if it were not there
        fitted["status"]["conditions"] = [one for one in conditions if "status" in one]
    if data["kind"] == "KusciaJob":
        _staged(fitted, labels.get(f"{LABEL}job-stage"), data.get("status") or {})
    return fitted


def _staged(job: dict[str, Any], stage: str | None, status: Mapping[str, Any]) -> None:
    """Put a label's stage into the spec, and what is said of each party's stage among the conditions."""
    if stage in _STAGES and isinstance(job.get("spec"), dict):
        job["spec"].setdefault("stage", stage)
    stages = status.get("stageStatus")
    if isinstance(stages, Mapping) and stages:
        since = status.get("startTime") or job["metadata"].get("creationTimestamp")
        kept = job.setdefault("status", {}).setdefault("conditions", [])
        kept += [{**one, **({"lastTransitionTime": since} if since else {})} for one in _conditions(stages, status)]


def _conditions(stages: Mapping[str, str], status: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The conditions that v0.5 has for these stages. When they were set is not known, and must not seem to change."""
    for position, stage in enumerate(_STAGES):
        later = _STAGES[position + 1 :]
        failed = [party for party, passed in stages.items() if passed == f"Job{stage}StageFailed"]
        there = [party for party, passed in stages.items() if passed == f"Job{stage}StageSucceeded"]
        beyond = stage != "Stop" and any(f"Job{one}Stage" in passed for one in later for passed in stages.values())
        if failed:
            reason = str(status.get("reason") or f"Party: {failed[0]} {stage.lower()} failed.")
            said = f"stageStatus of {', '.join(failed)}: Job{stage}StageFailed"
            yield {"type": f"Job{stage}Succeeded", "status": "False", "reason": reason, "message": said}
        elif beyond or len(there) == len(stages):
            yield {"type": f"Job{stage}Succeeded", "status": "True"}
