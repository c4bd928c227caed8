"""What an operator takes and gives, as a node announces it on an AppImage (spec: kuscia §4.1, §5.4).

The annotation is flat JSON of strings, and counts from 1: `component.1.name` is the first operator of the image,
`component.1.input.2.name` the name of its second input. One image may carry several operators.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..errors import ManifestError
from ..problems import choice

ANNOTATION = "kuscia.secretflow/component-spec"


@dataclass(frozen=True)
class Component:
    """One operator: `name` is the module_name in a task, inputs and outputs are the names of its data sets."""

    name: str
    description: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def annotation(self) -> str:
        """The value of the component-spec annotation of an image that carries this operator alone."""
        return component_spec([self])

    @classmethod
    @lru_cache(maxsize=128)
    def from_annotation(cls, text: str | None, module_name: str, app_image: str = "") -> Component:
        """The operator that a component-spec annotation announces under this name.

        ManifestError with Kuscia's texts, if there is none (spec: kuscia §4.3); `app_image` is the name in them.
        """
        spec = _read(text, app_image)
        found = {name: number for number, name in sorted(_numbered(spec).items(), reverse=True)}  # the first one counts
        if module_name not in found:
            what = f"not found expected component {module_name} in component spec of AppImage {app_image}"
            raise ManifestError(what.rstrip(), hint=choice(module_name, found))
        entry = f"component.{found[module_name]}"
        inputs, outputs = (tuple(_names(spec, f"{entry}.{direction}")) for direction in ("input", "output"))
        return cls(module_name, spec.get(f"{entry}.description", ""), inputs, outputs)


def component_spec(components: Iterable[Component]) -> str:
    """The value of the component-spec annotation of an image that carries these operators: JSON with sorted keys."""
    spec: dict[str, str] = {}
    for i, component in enumerate(components, start=1):
        spec |= {f"component.{i}.name": component.name, f"component.{i}.description": component.description}
        for direction, names in (("input", component.inputs), ("output", component.outputs)):
            for n, name in enumerate(names, start=1):
                entry = f"component.{i}.{direction}.{n}"
                spec[f"{entry}.name"] = name
                spec[f"{entry}.categories"] = "dataset"
                spec[f"{entry}.description"] = name.replace("_", " ")
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _read(text: str | None, app_image: str) -> dict[str, str]:
    """The annotation's entries."""
    if not text:
        hint = f"the annotation {ANNOTATION} on the AppImage"
        raise ManifestError(f"not found component spec annotation in AppImage {app_image}".rstrip(), hint=hint)
    what = f"failed to unmarshal component spec in AppImage {app_image}".rstrip()
    try:
        spec = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{what}, detail-> {error}", hint="valid JSON") from error
    if not (isinstance(spec, dict) and all(isinstance(value, str) for value in spec.values())):
        raise ManifestError(f"{what}, detail-> not an object of strings", hint='{"component.1.name":"ss_lr", ...}')
    return spec


def _numbered(spec: Mapping[str, str]) -> dict[int, str]:
    """The names of all components by their numbers."""
    matches = ((re.fullmatch(r"component\.([1-9][0-9]*)\.name", key), name) for key, name in spec.items())
    return {int(match[1]): name for match, name in matches if match}


def _names(spec: Mapping[str, str], entry: str) -> Iterator[str]:
    """The names of a component's inputs or outputs, up to the first number that is missing."""
    keys = (f"{entry}.{n}.name" for n in itertools.count(1))
    return (spec[key] for key in itertools.takewhile(spec.__contains__, keys))
