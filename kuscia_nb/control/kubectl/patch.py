"""kubectl patch: a piece of a manifest is merged into an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from ...errors import ManifestError
from ...problems import choice
from ..kinds import Kind
from ..objects import Object
from ..resources import KusciaJob, Stage
from ..source import only_document, shown
from .call import Call
from .flags import Flag
from .get import OUTPUT
from .marks import ANNOTATIONS, LABELS, check, marked
from .output import KubectlError
from .printers import Answer, answering
from .targets import find, selected

FLAGS = (
    Flag("patch", "what to change, as JSON or YAML; null removes", "p"),
    Flag("type", "merge, the only one that there is for Kuscia's kinds", default="strategic"),
    OUTPUT,
)
_EXAMPLE = """'{"spec": {"stage": "Stop"}}'"""


class Parts(NamedTuple):
    """What a patch may have."""

    labels: dict[str, str | None]
    annotations: dict[str, str | None]
    stage: Stage | None


def patch(call: Call) -> None:
    """Merge a piece of a manifest into an object: labels, annotations, and the stage of a job."""
    if not call.flags["patch"]:
        what = "error: must specify --patch or --patch-file containing the contents of the patch"
        raise KubectlError(what, hint=f"-p {_EXAMPLE}")
    kinds = ("json", "merge", "strategic")
    if call.flags["type"] not in kinds:
        what = f'error: --type must be one of [{" ".join(kinds)}], not "{call.flags["type"]}"'
        raise KubectlError(what, hint="--type merge")
    content = _content(call.flags["patch"])
    answer = answering(call.flags["output"])
    for target in selected(call).items:
        for found in find(call, target):
            _patch(call, target.kind, found, content, answer)


def _content(text: str) -> Any:
    try:
        data, _, _ = only_document(text)
        return data
    except ManifestError as error:
        what = f"error: unable to parse {shown(text)}: {error.what}"
        raise KubectlError(what, where=error.where, hint=f"the patch in single quotes: {_EXAMPLE}") from None


def _patch(call: Call, kind: Kind, found: Object, content: Any, answer: Answer) -> None:
    if call.flags["type"] != "merge":
        raise _type_error(call.flags["type"], kind)
    parts = _parts(kind, content)

    def patched(current: Object) -> Object:
        current = marked(LABELS, parts.labels)(current)
        current = marked(ANNOTATIONS, parts.annotations)(current)
        if parts.stage is not None and isinstance(current, KusciaJob):
            return current.in_stage(parts.stage)
        return current

    changed = call.node.store.change(kind.model, found.name, patched) or found
    verb = "patched (no change)" if changed is found else "patched"
    call.print(answer(kind, changed, verb))
    call.objects.append(changed)


def _type_error(given: str, kind: Kind) -> KubectlError:
    what = "error: a JSON patch is not taken here"
    if given == "strategic":
        what = (
            "error: application/strategic-merge-patch+json is not supported by kuscia.secretflow/v1alpha1, "
            f"Kind={kind.model.__name__}: the body of the request was in an unknown format - accepted media types "
            "include: application/merge-patch+json"
        )
    return KubectlError(what, hint="--type merge")


def _parts(kind: Kind, content: Any) -> Parts:
    """The content of a patch; KubectlError, if it would change anything else."""
    parts: dict[str, Any] = {"labels": {}, "annotations": {}, "stage": None}
    for path, value in _leaves(content):
        match path:
            case ("metadata", "labels" | "annotations" as field, key) if value is None or isinstance(value, str):
                check(LABELS if field == "labels" else ANNOTATIONS, key, value)
                parts[field][key] = value
            case ("spec", "stage") if kind.model is KusciaJob:
                parts["stage"] = value
            case _:
                what = f'error: "{".".join(path)}" of a {kind.model.__name__} cannot be patched here'
                hint = "spec.stage of a KusciaJob, metadata.labels, metadata.annotations; else delete it, apply another"
                raise KubectlError(what, hint=hint)
    stages = get_args(Stage)
    if parts["stage"] not in (None, *stages):
        supported = ", ".join(f'"{stage}"' for stage in stages)
        what = f'error: spec.stage: Unsupported value: "{parts["stage"]}": supported values: {supported}'
        raise KubectlError(what, hint=choice(str(parts["stage"]), stages))
    return Parts(**parts)


def _leaves(content: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every value with the names that lead to it."""
    if isinstance(content, Mapping):
        return [leaf for key, value in content.items() for leaf in _leaves(value, (*path, str(key)))]
    return [(path or ("the patch",), content)]
