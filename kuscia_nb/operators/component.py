"""What an operator takes and gives, as a node announces it on an AppImage (spec: kuscia §4.1, §5.4)."""

from __future__ import annotations

import json
from dataclasses import dataclass

ANNOTATION = "kuscia.secretflow/component-spec"


@dataclass(frozen=True)
class Component:
    """One operator: `name` is the module_name in a task, inputs and outputs are the names of its data sets."""

    name: str
    description: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def annotation(self) -> str:
        """The value of the component-spec annotation: flat JSON of strings, counted from 1, keys sorted."""
        spec = {"component.1.name": self.name, "component.1.description": self.description}
        for direction, names in (("input", self.inputs), ("output", self.outputs)):
            for number, name in enumerate(names, start=1):
                entry = f"component.1.{direction}.{number}"
                spec[f"{entry}.name"] = name
                spec[f"{entry}.categories"] = "dataset"
                spec[f"{entry}.description"] = name.replace("_", " ")
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
