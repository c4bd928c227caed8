"""Templates in the form for a new job: several tasks at once, with few questions and values that work.

A template stands among the operators: who has the label is asked once for all tasks, and what is left empty of the
training is suggested by how many rows and columns the chosen files have.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..data.frames import read_frame
from ..errors import DataError
from ..operators import OPERATORS
from ..operators.parameter import Parameter, one_of
from ..problems import FieldPath, choice
from ..templates import template
from .check import findings, ordinary_nodes
from .protocol import Trouble

if TYPE_CHECKING:
    from ..backends.base import NodeApi
    from ..data.files import Folder
    from ..operators.template import Template
    from .compose import Form

INPUT = "data"

_OWNER = "the node whose file has the label, 0 or 1, in its last column; it alone learns the scores"


def parameters(known: Template, nodes: list[str]) -> list[Parameter]:
    """What is asked of who wants a template; none of it is a party's own."""
    return [Parameter("label_owner", one_of(*nodes), None, "", _OWNER, required=True), *known.asks]


def compose(filled: Form, nodes: Mapping[str, NodeApi] | None) -> tuple[str | None, list[Trouble]]:
    """The cell of a form that has a template, or none and what is wrong with it."""
    domains = list(nodes or ordinary_nodes())
    known = OPERATORS.templates[filled.operator]
    asked = parameters(known, domains)
    values, troubles = _values(filled, asked)
    values.setdefault("id_column", "")
    files = {node: filled.inputs.get(node, {}).get(INPUT, "") for node in domains}
    for node, file in files.items():
        if not file:
            troubles.append(Trouble(("inputs", node, INPUT), f"{node} needs a data file", f"a data file of {node}"))
    if filled.initiator not in domains:
        troubles.append(Trouble(("initiator",), f"there is no node {filled.initiator}", choice("", domains)))
    if filled.format != "kusciajob":
        hint = "%%kusciajob: a KusciaJob in YAML"
        troubles.append(Trouble(("format",), "a template is a KusciaJob", hint))
    if troubles:
        return None, troubles
    try:
        training = _suggested(known, files, nodes or {}, values["id_column"]) | values
    except DataError as error:
        return None, [Trouble((), f"{error.where}: {error.what}", error.hint)]
    parties = {"host" if node == filled.initiator else "guest": node for node in domains}
    text = template(filled.operator, **files, initiator=filled.initiator, job=filled.name, **training)
    names = {one.name for one in asked}
    troubles = [
        Trouble(_field(one.problem.path, parties, names), one.problem.text, one.problem.hint)
        for one in findings("kusciajob", text, nodes)
    ]
    return (None if troubles else f"%%kusciajob\n{text.rstrip()}"), troubles


def _values(filled: Form, table: list[Parameter]) -> tuple[dict[str, Any], list[Trouble]]:
    """The parameters that are given or have a default, and what is wrong with them."""
    values, troubles = {}, []
    for one in table:
        try:
            read = one.read(filled.common.get(one.name, "").strip() or None)
        except ValueError as error:
            troubles.append(Trouble(("common", one.name), str(error)))
        else:
            if read is not None:
                values[one.name] = read
    return values, troubles


def _suggested(
    known: Template, files: Mapping[str, str], nodes: Mapping[str, NodeApi], id_column: str
) -> dict[str, Any]:
    """`kn.suggest` for files that may be large: each is counted once."""
    paths = [nodes[node].storage / "data" / file for node, file in files.items() if node in nodes]
    sizes = [_size(path, path.stat().st_mtime_ns) for path in paths if path.is_file()]
    if len(sizes) < len(files):
        return {}  # a file that is not there is told by the check of the manifest
    columns = sum(len(names) - (id_column in names) for _, names in sizes) - 1
    return known.suggest(min(rows for rows, _ in sizes), max(1, columns))


@lru_cache(maxsize=32)
def _size(path: Folder, changed: int) -> tuple[int, tuple[str, ...]]:
    """Rows and column names of a file that was last changed then."""
    frame = read_frame(path, path.name)
    return len(frame), tuple(map(str, frame.columns))


def _field(path: FieldPath, parties: Mapping[str, str], names: set[str]) -> tuple[str, ...]:
    """The field of `names` that a problem of the manifest is about; none if it is about all of it. Parties by role."""
    match path:
        case ("metadata", *_):
            return ("name",)
        case (*_, "common", str(name)) if name in names:
            return ("common", name)
        case (*_, str(role), _, "name") if role in parties:
            return ("inputs", parties[role], INPUT)
    return ()
