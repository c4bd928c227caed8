"""What the kernel and the side panel say to each other: every message, entity and answer as a type.

The page's half, labextension/src/kernel/protocol.ts, is made from this module and from the methods in `requests` by
labextension/scripts/protocol.py; a test compares them, and what a kernel really says with what the page's tests hear.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypedDict

from ..options import Level

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]
Severity = Literal["error", "warning"]
Texts = dict[str, str]
"""By the names of parameters or inputs."""


# --- entities --------------------------------------------------------------------------------------------------------


class Node(TypedDict):
    """A node; `url` is that of its BFIA API, while its port is open."""

    kind: Literal["node"]
    name: str
    url: str | None
    jobs: int
    running: int


class Ttp(TypedDict):
    """The trusted third party: how often it was asked, and how many bytes it has answered."""

    kind: Literal["ttp"]
    name: str
    requests: int
    bytes: int


class Step(TypedDict):
    """A task as its job's manifest has it: its alias, what it runs, and the aliases of those that it waits for."""

    alias: str
    operator: str
    after: list[str]


class Job(TypedDict):
    """A job as one node sees it; `progress` is 0 to 1, `started` milliseconds since 1970."""

    kind: Literal["job"]
    node: str
    name: str
    initiator: str
    phase: Phase
    started: int
    progress: float
    message: str
    trace: Level
    messages: int
    bytes: int
    steps: list[Step]


class Task(TypedDict):
    """A task of a job; `name` is its taskID."""

    kind: Literal["task"]
    node: str
    job: str
    name: str
    alias: str
    phase: Phase
    progress: float
    message: str


class Party(TypedDict):
    """A party's program of a task, as a node sees it; `name` is such as host.0.

    The last four are null unless it runs and counts its batches.
    """

    kind: Literal["party"]
    task: str
    name: str
    domain: str
    phase: Phase
    epoch: int | None
    epochs: int | None
    batch: int | None
    batches: int | None


Entity = Node | Ttp | Job | Task | Party
Entities = dict[str, Entity]
"""By their ids."""


# --- messages --------------------------------------------------------------------------------------------------------


class Snapshot(TypedDict):
    """Everything, in the order of the tree."""

    type: Literal["snapshot"]
    version: int
    entities: Entities


class Delta(TypedDict):
    """What has changed since the version before: take out `removed` first, then put in whole entities."""

    type: Literal["delta"]
    version: int
    entities: Entities
    removed: list[str]


class Result(TypedDict):
    """The answer to the request of this id."""

    type: Literal["reply"]
    id: int
    result: Any


class Refusal(TypedDict):
    """Why there is no answer to the request of this id."""

    type: Literal["reply"]
    id: int
    error: Fault


class Fault(TypedDict):
    """What is wrong, where, and what to try, as a KusciaError has it."""

    title: str
    message: str
    where: str
    hint: str


FromKernel = Snapshot | Delta | Result | Refusal


class Request(TypedDict):
    """What a panel asks."""

    id: int
    method: str
    params: dict[str, Any]


# --- answers ---------------------------------------------------------------------------------------------------------


class Condition(TypedDict):
    """A condition of a job or task; `time` is milliseconds since 1970."""

    type: str
    status: str
    reason: str
    message: str
    time: int


class File(TypedDict):
    """A data file of a node."""

    name: str
    bytes: int


class PutFile(TypedDict):
    """A CSV file that was put onto a node."""

    name: str
    rows: int
    columns: int


class Column(TypedDict):
    """A column of a data file, as its first rows have it."""

    name: str
    type: Literal["whole number", "number", "text", "empty"]
    missing: int


class Preview(TypedDict):
    """The beginning of a data file: its columns by the first `read` rows, and fewer of these as texts."""

    columns: list[Column]
    rows: list[list[str]]
    read: int
    whole: bool
    """Whether the file has no more rows."""


class Parameter(TypedDict):
    """A parameter of an operator; `own`: each party has a value of its own."""

    name: str
    type: str
    required: bool
    default: str | None
    allowed: str
    choices: list[str] | None
    unit: str
    meaning: str
    own: bool


class Operator(TypedDict):
    """An operator, or a template of several tasks; the parameters are without those of the file, the first input."""

    name: str
    title: str
    """What a template's tasks do, in their order; empty for an operator."""
    description: str
    inputs: list[str]
    parameters: list[Parameter]


class Form(TypedDict):
    """All there is to choose and to fill in for a new job: names that no job has, by operator; files by node."""

    nodes: list[str]
    names: dict[str, str]
    operators: list[Operator]
    files: dict[str, list[File]]


class Trouble(NamedTuple):
    """Something wrong in a form: with which field, such as ["own", "bob", "x"], what, and what to try."""

    field: tuple[str, ...]
    message: str
    hint: str = ""


class Composed(TypedDict):
    """The text of the cell that a form stands for, or null and what is wrong."""

    cell: str | None
    problems: list[Trouble]


class Diagnostic(NamedTuple):
    """Something wrong in a cell; lines and columns count from 1, `end_column` is behind its last character."""

    line: int
    column: int
    end_column: int
    message: str
    hint: str
    severity: Severity = "error"


class Item(NamedTuple):
    """Something that may be written: as it is shown, as it is inserted, and what is said of it."""

    label: str
    insert: str
    kind: Literal["key", "value"]
    detail: str = ""
    info: str = ""


Offer = TypedDict("Offer", {"from": int, "items": list[Item]})  # `from` is no name in Python
Offer.__doc__ = "What may be written in the place of what stands from the column `from` on, up to the cursor."


class Line(TypedDict):
    """A line for kubectl."""

    line: str


class Text(TypedDict):
    """What kubectl prints."""

    text: str


class Source(TypedDict):
    """The code of a cell."""

    source: str
