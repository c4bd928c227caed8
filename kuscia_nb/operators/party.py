"""What a party's program is given: its environment, its storage, its link, the TTP, its seeds. Nothing of the peer's.

A small program needs little of it: `read_csv`, `parameters`, `mpc` and `write_csv`.

The parties of a task are ranked by their sorted `role.index` names (spec: kuscia §4.5): in the tutorial guest.0 (bob)
is rank 0 and host.0 (alice) is rank 1.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..data.description import write_description
from ..data.files import write_atomically, writing
from ..data.frames import read_frame
from ..data.table import ReadTable, read_table
from ..errors import ParameterError
from ..mpc import JoinTtp, Link, Ring, Seeds, Semi2k, Share, Terms, Ttp
from ..problems import Problem
from .component import Component
from .computation import Computation
from .parameter import Parameter, given, read_each
from .results import Ran
from .shares import read_share, write_share
from .template import Template

if TYPE_CHECKING:
    import pandas as pd

_NODE = "config.node_id."
_OUTPUT = "runtime.component.output."


def ranked_parties(environment: Mapping[str, str]) -> list[str]:
    """The `role.index` names of a task's parties in rank order."""
    return sorted(key.removeprefix(_NODE) for key in environment if key.startswith(_NODE))


@dataclass(frozen=True)
class Party:
    """One party of a running task, as its own program sees it."""

    environment: Mapping[str, str]
    """Everything the program was started with (spec: kuscia §4)."""
    link: Link
    """To the peer: everything the program says goes through it."""
    ttp: Ttp | JoinTtp
    """Opens sessions at the trusted third party, as this party's rank; `Semi2k.start` takes it."""
    seeds: Seeds
    """Where this party's random numbers come from."""
    log: Callable[[str], None]
    """Write a line into this party's log."""
    warn: Callable[[str], None]
    """Tell the people who run the job something that they should know."""
    progress: Callable[[int, int], None]
    """Report `done` of `total` steps."""
    note: Callable[[str], None] = lambda message: None
    """Put a sentence into the job's report that is no warning."""
    read_table: ReadTable = field(default=read_table, repr=False)
    """A file of this node as a table: `data.table.read_table`; a node reads it once."""
    hand: Callable[[Ring], None] | None = None
    """Hand the observer of both nodes a share of this party, on the way; the `watch` of the operator's reader makes
    something of it. None, unless the job was started with `shadow=True`."""
    _sessions: Iterator[int] = field(default_factory=itertools.count, init=False, repr=False, compare=False)

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
        """The task's id, the same on all nodes."""
        return self.environment["config.task_id"]

    @property
    def parameters(self) -> Mapping[str, str]:
        """The job's parameters for this party, by name; all are texts. One that is not there is a ParameterError."""
        return _Given(given(self.environment))

    def read_csv(self, name: str) -> pd.DataFrame:
        """The input of this name as a frame; a DataError says which file cannot be read, and why."""
        path = self.input(name)
        frame = read_frame(path, self.shown(path))
        self.log(f"read {len(frame)} rows x {len(frame.columns)} columns from {self.shown(path)}")
        return frame

    def write_csv(self, name: str, frame: pd.DataFrame) -> None:
        """Write a frame as the output of this name, without its index."""
        path = self.output(name)
        with self.writing(path):
            write_atomically(path, frame.to_csv(index=False, lineterminator="\n").encode())
        self.log(f"wrote {len(frame)} rows x {len(frame.columns)} columns to {self.shown(path)}")

    @asynccontextmanager
    async def mpc(self, fxp_bits: int = 18, adjust_rank: int = 0) -> AsyncIterator[Computation]:
        """Compute on secret numbers with the peer, who does the same with the same arguments.

            async with party.mpc() as mpc:
                ...

        Both parties open a session at the TTP and exchange seeds, and leave it at the end of the block, whatever
        happens. `adjust_rank` is the party that fetches corrections from the TTP.
        """
        if not 1 <= fxp_bits <= 30:
            raise ParameterError(f"fxp_bits = {fxp_bits} is out of range; allowed: 1 to 30")
        session = f"{self.task_id}/{next(self._sessions)}"
        semi2k = await Semi2k.start(self.link, self.ttp, self.seeds, Terms(session, adjust_rank, fxp_bits))
        try:
            yield Computation(semi2k)
        finally:
            semi2k.leave()

    def write_text(self, name: str, text: str) -> None:
        """Write a text as the output of this name."""
        path = self.output(name)
        with self.writing(path):
            write_atomically(path, text.encode())
        self.log(f"wrote {self.shown(path)}")

    def read_share(self, name: str) -> tuple[Ring, dict[str, Any]]:
        """The share that an earlier task has left here, the input of this name, and what its JSON file says of it.

        `mpc.take(ring)` computes with it again, with the description's "fxp_bits".
        """
        return read_share(self.input(name))

    def write_share(self, name: str, share: Share, fxp_bits: int, **description: Any) -> None:
        """Leave a share of a vector for a later task, as the output of this name; with the peer's it is the secret."""
        path = self.output(name)
        described = {"task_id": self.task_id, "party": self.role, "rank": self.link.rank, **description}
        with self.writing(path):
            write_share(path, share.ring, fxp_bits, described)
        self.log(f"wrote this party's share of {share.ring.size} numbers to {self.shown(path)}")

    def describe_output(self, name: str, description: Mapping[str, Any]) -> None:
        """Say in the JSON file beside an output what it is, or why there is none here."""
        with self.writing(self.output(name)):
            write_description(self.output(name), description)

    def writing(self, path: Path) -> AbstractContextManager[None]:
        """For who writes an output: what fails in it is said of this file, as a DataError."""
        return writing(self.shown(path))

    def has_input(self, name: str) -> bool:
        """Whether the task says where the input of this name is."""
        return f"runtime.component.input.{name}" in self.environment

    def input(self, name: str) -> Path:
        """Where the input of this name lies in this node's storage."""
        return self._path(f"runtime.component.input.{name}")

    def output(self, name: str) -> Path:
        """Where the output of this name has to be written."""
        return self._path(_OUTPUT + name)

    def shown(self, path: Path) -> str:
        """A path for people: the node, and the path within its storage."""
        return f"{self.domain}: {path.relative_to(self.storage).as_posix()}"

    @property
    def storage(self) -> Path:
        """This node's folder of data and results."""
        return _storage(self.environment)

    def _path(self, variable: str) -> Path:
        if variable not in self.environment:
            hint = f'the names of the operator, and "{variable.split(".")[2]}" in taskInputConfig'
            raise ParameterError(f"{variable} is missing in the environment of {self.role}", hint=hint)
        return _place(self.environment, variable)


def outputs(environment: Mapping[str, str]) -> list[Path]:
    """Where a party's program writes all that it writes."""
    return [_place(environment, variable) for variable in environment if variable.startswith(_OUTPUT)]


def _place(environment: Mapping[str, str], variable: str) -> Path:
    location = json.loads(environment[variable])
    return _storage(environment) / location["namespace"] / location["name"]


def _storage(environment: Mapping[str, str]) -> Path:
    return Path(unquote(urlsplit(environment["system.storage"]).path))


class _Given(dict[str, str]):
    """Parameters; one that was not given is the job's fault."""

    def __missing__(self, name: str) -> str:
        hint = f"{name} in task_params" + (f"; given are: {', '.join(self)}" if self else "")
        raise ParameterError(f"parameter {name} is missing", hint=hint)


Program = Callable[[Party], Coroutine[Any, Any, None]]
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Operator:
    """What a node can run: what it takes and gives, and the program of each party."""

    component: Component
    program: Program
    image: str
    """The AppImage that carries it."""
    parameters: tuple[Parameter, ...] = ()
    """What it takes in task_params, if it says so."""
    checks: Callable[[Mapping[str, str]], Iterable[Problem]] | None = None
    """Says what the program would refuse of its environment, if that is more than the parameters' own kinds do."""
    checks_parties: Callable[[Texts, Mapping[str, Texts]], Iterable[tuple[str, Problem]]] | None = None
    """Says of which node's parameters what the parties would only find out when they meet.

    It is given the common parameters, and each node's own, the initiator's first.
    """

    result: Callable[[Ran], Any] | None = None
    """Reads what a task has left, for the observer: see `results`."""
    provider: str = ""
    """Whose it is, where others have described it, too."""
    versions: tuple[str, ...] = ()
    """What they call its versions; the first one is told to peers."""
    templates: tuple[Template, ...] = ()
    """Jobs to begin with, of this task and others around it."""

    def check(self, environment: Mapping[str, str]) -> list[Problem]:
        """What the program would refuse of a party's parameters; the path of each problem is a parameter's name."""
        if self.checks is not None:
            return list(self.checks(environment))
        return read_each(self.parameters, given(environment))[1] if self.parameters else []

    @property
    def description(self) -> str:
        """What it does: the program's docstring."""
        return inspect.getdoc(self.program) or ""
