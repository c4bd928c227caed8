"""kubectl label and annotate: short texts on an object, which people and controllers read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..kinds import Kind
from ..objects import CROSS_DOMAIN, Object
from .call import Call, title
from .delete import ALL
from .flags import Flag
from .get import ALL_NAMESPACES, OUTPUT, SELECTOR
from .output import KubectlError
from .printers import Answer, answering
from .targets import find, selected

FLAGS = (
    Flag("overwrite", "also change what has a value", kind="bool"),
    Flag("list", "show them instead", kind="bool"),
    ALL,
    SELECTOR,
    ALL_NAMESPACES,
    OUTPUT,
)


class Mark(NamedTuple):
    """Labels or annotations: where they are, what they are called, and what kubectl says of a change."""

    field: str
    noun: str
    changed: str
    """A word for every change: labels say more."""


LABELS = Mark("labels", "label", "")
ANNOTATIONS = Mark("annotations", "annotation", "annotated")


def label(call: Call) -> None:
    """Set labels (key=value) or remove them (key-)."""
    _mark(call, LABELS)


def annotate(call: Call) -> None:
    """Set annotations (key=value) or remove them (key-)."""
    _mark(call, ANNOTATIONS)


def _mark(call: Call, mark: Mark) -> None:
    pairs = _pairs(call, mark)
    if not call.args:
        what = "error: one or more resources must be specified as <resource> <name> or <resource>/<name>"
        raise KubectlError(what, hint=f"kubectl {call.command} kj NAME key=value -n {CROSS_DOMAIN}")
    if not pairs and not call.flags["list"]:
        what = f"error: at least one {mark.noun} update is required"
        raise KubectlError(what, hint="key=value, or key- to remove it")
    if pairs and call.flags["list"]:
        raise KubectlError(f"error: --list changes no {mark.noun}", hint="one line for each")
    answer = answering(call.flags["output"])
    wanted = selected(call)
    objects = [(target.kind, found) for target in wanted.items for found in find(call, target)]
    for kind, found in objects:
        if call.flags["list"]:
            _list(call, mark, kind, found, alone=len(objects) == 1)
        elif not _change(call, mark, kind, found, pairs, answer):
            return


def _pairs(call: Call, mark: Mark) -> dict[str, str | None]:
    """key=value and key- taken from the end of the arguments; None for what shall go."""
    pairs: dict[str, str | None] = {}
    resources: list[str] = []
    for arg in call.args:
        key, equals, value = arg.partition("=")
        if equals and key:
            pairs[key] = value
        elif arg.endswith("-") and arg != "-":
            if pairs.get(arg[:-1]) is not None:
                what = f"error: can not both modify and remove {_article(mark)} in the same command"
                raise KubectlError(what, hint=f"{arg[:-1]}=value, or {arg}")
            pairs[arg[:-1]] = None
        elif pairs:
            what = f"error: all resources must be specified before {mark.noun} changes: {arg}"
            raise KubectlError(what, hint="kind and name first, then key=value")
        else:
            resources.append(arg)
    call.args = resources
    for key, value in pairs.items():
        check(mark, key, value)
    return pairs


def _article(mark: Mark) -> str:
    return "a label" if mark is LABELS else "an annotation"


_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_PREFIX = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def check(mark: Mark, key: str, value: str | None) -> None:
    """The names of both, and the values of labels, have Kubernetes' rules."""
    if not re.fullmatch(rf"({_PREFIX}/)?{_NAME}", key) or len(key.rpartition("/")[2]) > 63:
        rule = "letters, digits, '-', '_' and '.', at most 63, after an optional prefix with a slash"
        raise KubectlError(f'error: invalid {mark.noun} key "{key}"', hint=rule)
    if mark is LABELS and value and not (re.fullmatch(_NAME, value) and len(value) <= 63):
        what = f'error: invalid label value: "{key}={value}": {_VALUE_RULE}'
        raise KubectlError(what, hint="kubectl annotate, for longer texts")


def _change(call: Call, mark: Mark, kind: Kind, found: Object, pairs: Mapping[str, str | None], answer: Answer) -> bool:
    """Change one object, and say what that was; False if it must not be changed, which ends the line."""
    old = getattr(found.metadata, mark.field)
    taken = {key: old[key] for key, value in pairs.items() if value not in (None, old.get(key)) and key in old}
    if taken and not call.flags["overwrite"]:
        call.fail(_taken(mark, taken))
        return False
    if mark is LABELS:
        for key in (key for key, value in pairs.items() if value is None and key not in old):
            call.print(f'label "{key}" not found.\n')
    changed = call.node.store.change(kind.model, found.name, marked(mark, pairs)) or found
    new = getattr(changed.metadata, mark.field)
    verb = mark.changed or _verb(old, new, call.flags["overwrite"])
    call.print(answer(kind, changed, verb))
    call.objects.append(changed)
    return True


def _taken(mark: Mark, taken: Mapping[str, str]) -> KubectlError:
    declared = "; ".join(f"'{key}' already has a value ({value})" for key, value in taken.items())
    if mark is LABELS:
        return KubectlError(f"error: {declared}, and --overwrite is false", hint="--overwrite")
    what = f"error: --overwrite is false but found the following declared annotation(s): {declared}"
    return KubectlError(what, hint="--overwrite")


def marked(mark: Mark, pairs: Mapping[str, str | None]) -> Callable[[Object], Object]:
    """How an object gets these labels or annotations; one that has them already stays as it is."""

    def change(found: Object) -> Object:
        old = getattr(found.metadata, mark.field)
        new = {key: value for key, value in {**old, **pairs}.items() if value is not None}
        if new == old:
            return found
        return found.model_copy(update={"metadata": found.metadata.model_copy(update={mark.field: new})})

    return change


def _verb(old: Mapping[str, str], new: Mapping[str, str], overwrite: bool) -> str:
    """kubectl goes by whether the object has become shorter."""
    if old == new:
        return "not labeled"
    shorter = len(json.dumps(new)) < len(json.dumps(old))
    return "unlabeled" if shorter and not overwrite else "labeled"


def _list(call: Call, mark: Mark, kind: Kind, found: Object, alone: bool) -> None:
    values = getattr(found.metadata, mark.field)
    if not alone:
        call.print(f"Listing {mark.field} for {kind.model.__name__}.{title(kind, found.name).partition('.')[2]}:\n")
    call.print("".join(f"{'' if alone else ' '}{key}={values[key]}\n" for key in sorted(values)))
    call.objects.append(found)
