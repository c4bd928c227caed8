"""kubectl describe: everything about an object, for people to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..objects import Object
from .call import Call
from .encode import to_text
from .get import ALL_NAMESPACES, SELECTOR
from .output import KubectlError
from .tabs import Tabs
from .targets import Target, find, say_none, selected

FLAGS = (ALL_NAMESPACES, SELECTOR)

_OWN_LINES = ("name", "namespace", "labels", "annotations")
_LONGEST_ANNOTATION = 140
_ACRONYMS = ("API", "URL", "UID", "OSB", "GUID")


def describe(call: Call) -> None:
    """Print every object that the line names; a name may be only the beginning of one."""
    if not call.args:
        what = (
            'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of '
            "supported resources."
        )
        raise KubectlError(f"error: {what}", hint="kubectl describe kj NAME -n cross-domain")
    wanted = selected(call, everything=True)
    if len(wanted.kinds) > 1 and len(call.args) > 1 and "/" not in call.args[0]:
        raise KubectlError("error: you may only specify a single resource type", hint="a line for each kind")
    for target in wanted.items:
        exact, beginning_with = _found(call, target)
        if call.text and exact:
            call.print("\n\n")
        call.print("\n\n".join(map(text, exact)))
        call.print("".join(f"{text(found)}\n" for found in beginning_with))
        call.objects += [*exact, *beginning_with]
    if not call.text and not call.errors:
        say_none(call, wanted)


def _found(call: Call, target: Target) -> tuple[list[Object], list[Object]]:
    """The objects of a target, or those whose names begin like it."""
    found, name = find(call, target), target.name
    if found or name is None or not call.namespace_shows(target.kind):
        return found, []
    like = [other for other in call.node.store.objects(target.kind.model) if other.name.startswith(name)]
    if like:
        call.errors.pop()
    return [], like


def text(found: Object) -> str:
    """One object, its fields in columns."""
    manifest = found.manifest()
    lines = [f"Name:\t{found.name}", f"Namespace:\t{manifest['metadata'].get('namespace', '')}"]
    lines += _beside("Labels", [f"{key}={found.labels[key]}" for key in sorted(found.labels)])
    lines += _beside("Annotations", [line for key in sorted(found.annotations) for line in _annotation(found, key)])
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _OWN_LINES}
    lines += _fields(manifest | {"metadata": metadata}, "")
    lines.append("Events:\t<none>")
    return Tabs(minimum=0, padding=2, remember=False).text("".join(f"{line}\n" for line in lines))


def _beside(name: str, values: list[str]) -> Iterator[str]:
    """A title, and behind it one value below the other."""
    for index, value in enumerate(values or ["<none>"]):
        yield f"{name}:\t{value}" if index == 0 else f"\t{value}"


def _annotation(found: Object, key: str) -> list[str]:
    """A key and its value, below each other if they are long."""
    value = found.annotations[key].removesuffix("\n")
    if "\n" not in value and len(key) + len(value) + 2 <= _LONGEST_ANNOTATION:
        return [f"{key}: {value}"]
    longest = _LONGEST_ANNOTATION - 2
    shortened = (line if len(line) <= longest else line[:longest] + "..." for line in value.split("\n"))
    return [f"{key}:", *(f"  {line}" for line in shortened)]


def _fields(content: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name in sorted(content):
        value, shown = content[name], f"{indent}{label(name)}:"
        if isinstance(value, Mapping):
            yield shown
            yield from _fields(value, indent + "  ")
        elif isinstance(value, list):
            yield shown
            for item in value:
                yield from _fields(item, indent + "  ") if isinstance(item, Mapping) else [f"{indent}  {to_text(item)}"]
        else:
            yield f"{shown}\t{to_text(value)}"


def label(name: str) -> str:
    """The words of a field's name: taskInputConfig is Task Input Config; what is no such name stays as it is."""
    if not re.fullmatch("[A-Za-z-]*", name):
        return name
    words = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+", name)
    return " ".join(word.upper() if word.upper() in _ACRONYMS else word[0].upper() + word[1:] for word in words)
