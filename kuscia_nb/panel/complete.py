"""What may be written where the cursor is in a cell: keys and values, from the models that read the cell.

Fields come from the models' own schema, as `%kuscia explain` has it; parameters from the operators' tables; names of
nodes, images and files from the cluster, if it is up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from ..bfia.messages import CreateJobRequest
from ..cells.position import TEXT, Position, position, without_blank_lines
from ..control.explain import Schema, schema_of
from ..control.resources import ROLES, KusciaJob, TaskInputConfig
from ..operators import OPERATORS, Operator
from ..operators.parameter import Parameter
from ..problems import Magic
from .protocol import Item


def output_keys(operator: Operator) -> tuple[str, ...]:
    """What a task may call an operator's outputs; a single one is the result, as in the tutorial."""
    names = operator.component.outputs
    return names if len(names) > 1 else ("result",)


class Known(NamedTuple):
    """What there is to be named."""

    nodes: Sequence[str]
    files: Mapping[str, Sequence[str]]
    """The data files of each node."""


class Choice(NamedTuple):
    """A key or a value without the quotes that it may need."""

    text: str
    detail: str = ""
    info: str = ""
    literal: bool = False
    """Whether it is a number or a truth value."""


def complete(magic: Magic, text: str, line: int, column: int, known: Known) -> tuple[int, list[Item]]:
    """The column from which on to replace, and what with. `text` is that of the whole cell, all count from 1."""
    text, blank = without_blank_lines(text)
    line -= blank
    begin = sum(len(one) + 1 for one in text.split("\n")[: line - 1])
    head, cursor = text.find("\n") + 1, begin + column - 1
    found = position(text[head:], cursor - head) if head and line > 1 else None
    if found is None:
        return column, []
    at, choices = Cell(magic, text[head:], cursor - head, known).choices(found)
    fitting = [one for one in choices if one.text.lower().startswith(found.typed.lower())]
    items = [_item(at, one, found, text[cursor:]) for one in fitting if one.text not in found.known]
    return found.start + head - begin + 1, items


def _item(at: Literal["key", "value"], choice: Choice, found: Position, behind: str) -> Item:
    """How a choice is written: with the quotes and the colon that it needs and that are not there."""
    insert, closed = choice.text, found.opened and behind.startswith(found.quote)
    if found.quote and not choice.literal:
        insert = found.quote + insert + ("" if closed else found.quote)
    if at == "key" and not closed and not behind.lstrip(" ").startswith(":"):
        below = not found.quote and choice.detail.startswith(("Object", "[]"))  # the value is on the next line
        insert += ":" if TEXT in found.path or below else ": "
    return Item(choice.text, insert, at, choice.detail, choice.info)


class Cell:
    """A text that is being typed, and what can be told of it around the cursor."""

    def __init__(self, magic: Magic, text: str, cursor: int, known: Known) -> None:
        self._manifest = magic == "kusciajob"
        self._text, self._cursor, self._known = text, cursor, known

    def choices(self, found: Position) -> tuple[Literal["key", "value"], list[Choice]]:
        """Keys, or values, for a position."""
        schema = _walked(_job_schema() if self._manifest else _request_schema(), found.path)
        holder = None if schema is None else _holder(schema)
        values = list(self._values(found.path, schema))
        if found.at == "value" or values or (holder and not holder.fields and schema and schema.type.startswith("[]")):
            return "value", values
        return "key", [*(_fields(holder) if holder else ()), *self._keys(_inner(found.path))]

    # --- keys that no schema has ---

    def _keys(self, path: tuple[str, ...]) -> Iterator[Choice]:
        match path if self._manifest else self._without_component(path):
            case ("task_params", "common"):
                yield from (_parameter(one) for one in self._operator().parameters if not one.own)
            case ("task_params", role, _) if role in ROLES:
                yield from (_parameter(one) for one in self._operator().parameters if one.own)
            case ("task_params" | "job_params", role) if role in ROLES:
                nodes = self._members(role) or [""]
                yield from (Choice(str(i), "index", f"the parameters of {node}") for i, node in enumerate(nodes))
            case ("task_params", "common" | "host" | "guest" | "arbiter", *_, "component"):
                yield from (Choice(name, "component") for name in self._texts("name"))

    @staticmethod
    def _without_component(path: tuple[str, ...]) -> tuple[str, ...]:
        """A request's task_params have a level more, for the component; "component" at the end where it is missing."""
        level = 2 if path[1:2] == ("common",) else 3
        if path[:1] != ("task_params",) or len(path) < level:
            return path
        return (*path[:level], *path[level + 1 :]) if len(path) > level else (*path, "component")

    # --- values ---

    def _values(self, path: tuple[str, ...], schema: Schema | None) -> Iterator[Choice]:
        inner = _inner(path)
        match inner if self._manifest else self._without_component(inner):
            case ("spec", "initiator") | ("spec", "tasks", "parties", "domainID") | ("initiator", "node_id"):
                yield from self._nodes()
            case ("role", role) if role in ROLES:
                yield from self._nodes()
            case ("spec", "tasks", "parties", "role") | ("initiator", "role"):
                yield from map(Choice, ROLES)
            case ("spec", "tasks", "appImage") | ("code",):
                images = {operator.image: operator for operator in OPERATORS.values()}
                yield from (Choice(image, "AppImage", one.component.description) for image, one in images.items())
            case ("spec", "tasks", "dependencies"):
                yield from map(Choice, re.findall(r"\balias: *([\w.-]+)", self._text))
            case ("metadata", "namespace"):
                yield Choice("cross-domain")
            case ("module_name" | "component_name" | "componentName" | "moduleName",):
                yield from (Choice(name, "operator", one.component.description) for name, one in OPERATORS.items())
            case ("input" | "output", "type"):
                yield Choice("dataset")
            case ("output", "key"):
                yield from map(Choice, output_keys(self._operator()))
            case ("input", "key"):
                names = self._texts("name")
                yield from (Choice(f"{name}.{key}") for name in names for key in output_keys(self._operator()))
            case ("task_params", "common", name) | ("task_params", _, _, name):
                yield from self._parameter_values(inner, name)
            case _ if schema is not None and not _holder(schema).fields:
                yield from _of_schema(schema)

    def _nodes(self) -> Iterator[Choice]:
        return (Choice(node, "node") for node in self._known.nodes)

    def _parameter_values(self, path: tuple[str, ...], name: str) -> Iterator[Choice]:
        """What a parameter may be, as far as there are only a few."""
        table = {one.name: one for one in self._operator().parameters}
        if name == "name" and path[1] in ROLES:
            index = int(path[2]) if path[2].isdecimal() else 0
            node = dict(enumerate(self._members(path[1]))).get(index)
            files = {
                file: owner for owner, names in self._known.files.items() for file in names if node in (None, owner)
            }
            yield from (Choice(file, f"data of {owner}") for file, owner in files.items())
        elif name == "namespace":
            yield Choice("data", "folder", "where a node's data files are")
        elif name in table:
            parameter = table[name]
            kind = parameter.kind
            few = kind.allowed.split(", ") if kind.type in ("bool", "choice") else []
            if parameter.default is not None and parameter.default not in few:
                few.append(parameter.default)
            for text in few:
                detail = "default" if text == parameter.default else kind.type
                yield Choice(text, detail, parameter.meaning, _is_literal(text))

    # --- what the text says elsewhere ---

    def _operator(self) -> Operator:
        """The operator that is named nearest to the cursor; the first of all, if none is."""
        names = self._nearest(r'\\?"(?:module_name|componentName)\\?" *: *\\?"(\w+)')
        return next((OPERATORS[name] for name in names if name in OPERATORS), next(iter(OPERATORS.values())))

    def _members(self, role: str) -> list[str]:
        """The nodes that have a role."""
        lists = self._nearest(rf'\\?"{role}\\?" *: *\[([^\]{{]*)\]')
        return re.findall(r"[\w.-]+", lists[0]) if lists else []

    def _texts(self, key: str) -> list[str]:
        """All texts that stand behind a key."""
        return list(dict.fromkeys(re.findall(rf'\\?"{key}\\?" *: *\\?"([\w-]+)\\?"', self._text)))

    def _nearest(self, pattern: str) -> list[str]:
        matches = sorted(re.finditer(pattern, self._text), key=lambda match: abs(match.start() - self._cursor))
        return [match[1] for match in matches]


# --- the models' schema ----------------------------------------------------------------------------------------------


def _job_schema() -> Schema:
    return schema_of(KusciaJob)


@cache
def _request_schema() -> Schema:
    raw = CreateJobRequest.model_json_schema(by_alias=False)
    return Schema(raw, raw.get("$defs", {}))


def _inner(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path within a task's parameters, which both formats have under the same names; else the whole path."""
    match path:
        case ("spec", "tasks", name, *rest) if name == TEXT:
            return tuple(rest)
        case ("dag", "components", *rest) | ("config", *rest):
            return tuple(rest)
    return path


def _holder(schema: Schema) -> Schema:
    """The object that is in a list, or the schema's own."""
    while schema.value.raw.get("type") == "array" and schema.inner:
        schema = schema.inner
    return schema.value


def _walked(schema: Schema, path: Iterable[str]) -> Schema | None:
    """The schema of what stands at a path; None where names are free or unknown."""
    for name in path:
        holder = _holder(schema)
        if name not in holder.fields:
            return None
        schema = schema_of(TaskInputConfig) if name == TEXT else holder.fields[name]
    return schema


def _fields(holder: Schema) -> Iterator[Choice]:
    """The fields of an object, but for those that only the node writes."""
    for entry in (schema.entry(name, holder) for name, schema in holder.fields.items() if name not in _WRITTEN):
        yield Choice(entry.name, entry.type + (", required" if entry.required else ""), entry.description)


def _of_schema(schema: Schema) -> Iterator[Choice]:
    """What a model allows, where it names it."""
    raw = schema.value.raw
    options = raw.get(
        "enum", [raw["const"]] if "const" in raw else ["true", "false"] if schema.type == "boolean" else []
    )
    yield from (Choice(text, schema.type, schema.about, schema.type == "boolean") for text in options if text)


def _parameter(parameter: Parameter) -> Choice:
    kind = parameter.kind
    detail = kind.type + (", required" if parameter.required else "")
    facts = [f"allowed: {kind.allowed}", *([f"default: {parameter.default}"] if parameter.default else [])]
    return Choice(parameter.name, detail, "; ".join([parameter.meaning, *facts]))


def _is_literal(text: str) -> bool:
    """Whether JSON has it without quotes."""
    try:
        return not isinstance(json.loads(text), str)
    except ValueError:
        return False


_WRITTEN = {
    "status", "creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "uid",
}  # fmt: skip
