"""What a party's program is given: its environment, its storage, its link, the TTP, its seeds. Nothing of the peer's.

The parties of a task are ranked by their sorted `role.index` names (spec: kuscia §4.5): in the tutorial guest.0 (bob)
is rank 0 and host.0 (alice) is rank 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import ParameterError
from ..mpc import Link, Seeds, TrustedThirdParty
from .component import Component

_NODE = "config.node_id."


def ranked_parties(environment: Mapping[str, str]) -> list[str]:
    """The `role.index` names of a task's parties in rank order."""
    return sorted(key.removeprefix(_NODE) for key in environment if key.startswith(_NODE))


@dataclass(frozen=True)
class Party:
    """One party of a running task, as its own program sees it."""

    environment: Mapping[str, str]
    """Everything the program was started with (spec: kuscia §4)."""
    link: Link
    ttp: TrustedThirdParty
    seeds: Seeds
    log: Callable[[str], None]
    """Write a line into this party's log."""
    warn: Callable[[str], None]
    """Tell the people who run the job something that they should know."""
    progress: Callable[[int, int], None]
    """Report `done` of `total` steps."""

    @property
    def role(self) -> str:
        """This party's `role.index`."""
        return self.environment["config.self_role"]

    @property
    def domain(self) -> str:
        """The node that this party belongs to."""
        return self.environment[_NODE + self.role]

    @property
    def domains(self) -> list[str]:
        """The parties' nodes in rank order."""
        return [self.environment[_NODE + role] for role in ranked_parties(self.environment)]

    @property
    def task_id(self) -> str:
        return self.environment["config.task_id"]

    def input(self, name: str) -> Path:
        """Where the input of this name lies in this node's storage."""
        return self._path(f"runtime.component.input.{name}")

    def output(self, name: str) -> Path:
        """Where the output of this name has to be written."""
        return self._path(f"runtime.component.output.{name}")

    def shown(self, path: Path) -> str:
        """A path for people: the node, and the path within its storage."""
        return f"{self.domain}: {path.relative_to(self._storage).as_posix()}"

    @property
    def _storage(self) -> Path:
        return Path(unquote(urlsplit(self.environment["system.storage"]).path))

    def _path(self, variable: str) -> Path:
        if variable not in self.environment:
            raise ParameterError(f"{variable} is missing in the environment of {self.role}")
        location = json.loads(self.environment[variable])
        return self._storage / location["namespace"] / location["name"]


Program = Callable[[Party], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Operator:
    """What a node can run: what it takes and gives, and the program of each party."""

    component: Component
    program: Program
    image: str
    """The AppImage that carries it."""
