"""Documentation of manifests and of operators, laid out as `kubectl explain` does.

What it says of a manifest is what the models say: the schema that checks one documents it too. It goes on into
taskInputConfig, whose JSON text has a schema of its own. What it says of an operator is in the operator's table of
parameters and in its docstring.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import KusciaError
from ..problems import choice
from .kinds import KINDS, Kind
from .objects import API_VERSION, Model
from .resources import TaskInputConfig

if TYPE_CHECKING:  # the package of the operators needs numpy, which the models do not
    from ..operators import Operator
    from ..operators.parameter import Parameter

WIDTH = 80

_JSON_TEXTS: dict[str, type[Model]] = {"taskInputConfig": TaskInputConfig}
"""Fields that are texts to Kubernetes, and what is in them."""


def explain(path: str, recursive: bool = False) -> str:
    """What there is to know about a kind, a field ("kj.spec.tasks"), an operator or a parameter ("ss_lr.batch_size").

    `recursive` lists the names and types of all fields below it. A KusciaError says what there is instead.
    """
    head, *fields = path.strip().split(".")
    kind = next((kind for kind in KINDS if head.lower() in kind.names), None)
    if kind is not None:
        return _field_page(kind, head, fields, recursive)
    from ..operators import OPERATORS

    if head in OPERATORS:
        return _operator_page(OPERATORS[head], fields)
    known = [name for kind in KINDS for name in kind.names] + list(OPERATORS)
    what = f'the server doesn\'t have a resource type "{head}"' if head else "explain needs the name of a resource"
    raise KusciaError(f"error: {what}", hint=choice(head, known))


class Entry(NamedTuple):
    """A field or a parameter."""

    name: str
    type: str
    required: bool
    facts: dict[str, tuple[str, ...]]
    """What else is to be said in a word or two: enum, default, ..."""
    description: str

    @property
    def title(self) -> str:
        return f"<{self.type}>" + (" -required-" if self.required else "")

    def lines(self, indent: str = "  ") -> Iterator[str]:
        """Its name and type, and below it what is to be said in a word."""
        yield f"{indent}{self.name}\t{self.title}"
        for fact, values in self.facts.items():
            yield f"{indent}{fact}: {', '.join(values)}"

    def sections(self) -> Iterator[str]:
        """The same on a page of its own."""
        for fact, values in self.facts.items():
            yield _section(f"{fact.upper()}:", *values)


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _section(title: str, *paragraphs: str) -> str:
    """Indented paragraphs below a title; nothing, if there is nothing to say."""
    filled = [_filled(paragraph) for paragraph in paragraphs if paragraph]
    return "\n".join([title, *filled]) if filled else ""


def _list(title: str, entries: Sequence[Entry]) -> str:
    """Entries below a title, with blank lines between them."""
    blocks = ["\n".join([*entry.lines(), *filter(None, [_filled(entry.description)])]) for entry in entries]
    return f"{title}\n" + "\n\n".join(blocks) if blocks else ""


def _filled(text: str) -> str:
    """A text in its paragraphs, indented and broken into lines; what is indented already stays as it is."""
    return "\n\n".join(
        textwrap.indent(paragraph, "    ")
        if paragraph.startswith(" ")
        else textwrap.fill(paragraph, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        for paragraph in re.split(r"\n(?:[ \t]*\n)+", text)
    )


# --- manifests -------------------------------------------------------------------------------------------------------


class Schema(NamedTuple):
    """A part of a model's JSON schema, with the definitions that it refers to."""

    raw: Mapping[str, Any]
    definitions: Mapping[str, Any]

    @property
    def value(self) -> Schema:
        """The schema of what a field holds: not null, and not a reference."""
        raw = self.raw
        options = [option for option in raw.get("anyOf", ()) if option.get("type") != "null"]
        if len(options) == 1:
            raw = options[0]
        if "$ref" in raw:
            raw = self.definitions[raw["$ref"].rpartition("/")[2]]
        return Schema(raw, self.definitions)

    @property
    def inner(self) -> Schema | None:
        """The schema of the items of a list, or of the values of a map."""
        raw = self.value.raw
        found = raw.get("items") or raw.get("additionalProperties")
        return Schema(found, self.definitions) if isinstance(found, dict) else None

    @property
    def type(self) -> str:
        """As kubectl has it: string, []Object, map[string]string."""
        kind = self.value.raw.get("type", "any")
        if self.inner:
            return ("[]" if kind == "array" else "map[string]") + self.inner.type
        return "Object" if kind == "object" else kind

    def object(self, name: str) -> Schema:
        """The object whose fields the field `name` has: itself, an item, a value, or what is in its text."""
        if name in _JSON_TEXTS:
            return schema_of(_JSON_TEXTS[name])
        return self.inner.object(name) if self.inner else self.value

    @property
    def fields(self) -> dict[str, Schema]:
        return {name: Schema(raw, self.definitions) for name, raw in self.raw.get("properties", {}).items()}

    @property
    def about(self) -> str:
        """The description, without references to the specification."""
        return re.sub(r"\s*\(spec:[^)]*\)", "", self.raw.get("description", ""))

    def entry(self, name: str, parent: Schema) -> Entry:
        """The field of this name of `parent`."""
        raw = self.value.raw
        facts = {
            "enum": tuple(value for value in raw.get("enum", [raw["const"]] if "const" in raw else ()) if value),
            "default": _default(self.raw.get("default")),
            "range": _range(raw),
        }
        facts = {fact: values for fact, values in facts.items() if values}
        return Entry(name, self.type, name in parent.raw.get("required", ()), facts, self.about)


@cache
def schema_of(model: type[Model]) -> Schema:
    """The form of its objects."""
    raw = model.model_json_schema()
    return Schema(raw, raw.get("$defs", {}))


def _default(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return () if value in (None, "", [], {}) else (str(value),)


def _range(raw: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = raw.get("minimum", raw.get("minItems")), raw.get("maximum", raw.get("maxItems"))
    if low is None:
        return ()
    return ((f"{low} or more" if high is None else f"{low} to {high}") + (" items" if "minItems" in raw else ""),)


def _field_page(kind: Kind, head: str, fields: Sequence[str], recursive: bool) -> str:
    """The page of a kind, or of one of its fields."""
    group, _, version = API_VERSION.partition("/")
    parts = [f"GROUP:      {group}\nKIND:       {kind.model.__name__}\nVERSION:    {version}"]
    holder = schema_of(kind.model)
    field, descriptions = None, [holder.about]
    for position, name in enumerate(fields):
        if name not in holder.fields:
            raise _no_field(name, ".".join([head, *fields[:position]]), holder.fields)
        schema = holder.fields[name]
        field, holder = schema.entry(name, holder), schema.object(name)
        one_of_several = holder.fields and holder != schema.value
        descriptions = [field.description, holder.about if one_of_several else ""]
    if field:
        parts += [f"FIELD: {field.name} {field.title}", *field.sections()]
    parts.append(_section("DESCRIPTION:", "\n\n".join(filter(None, descriptions))))
    if recursive and holder.fields:
        parts.append("\n".join(["FIELDS:", *_tree(holder, "  ")]))
    else:
        parts.append(_list("FIELDS:", [schema.entry(name, holder) for name, schema in sorted(holder.fields.items())]))
    return _page(parts)


def _tree(holder: Schema, indent: str) -> Iterator[str]:
    """Every field below an object, without descriptions."""
    for name, schema in sorted(holder.fields.items()):
        yield from schema.entry(name, holder).lines(indent)
        yield from _tree(schema.object(name), indent + "  ")


def _no_field(name: str, where: str, known: Iterable[str]) -> KusciaError:
    known = list(known)
    hint = choice(name, known) if known else f"explain {where}"
    if ".task_params." in where:
        hint = f"explain OPERATOR.{name}, as in ss_lr.batch_size: an operator's parameters are described with it"
    return KusciaError(f'error: field "{name}" does not exist', where=where, hint=hint)


# --- operators -------------------------------------------------------------------------------------------------------

_PARTIES = (
    "two, each with its own program, files and seeds. Their ranks follow their sorted names <role>.<index>: guest.0 "
    "is rank 0, host.0 is rank 1."
)
_INPUT = "the party's own file, by namespace and name in task_params.<role>.<index>; or an earlier task's output"
_OUTPUT = "<job>-<role>-<index>/<taskID>-<key of the output> in the storage of the party's node"
_OWN, _COMMON = "task_params.<role>.<index>", "task_params.common"


def _operator_page(operator: Operator, fields: Sequence[str]) -> str:
    """The page of an operator, or of one of its parameters."""
    component = operator.component
    parts = [f"OPERATOR:   {component.name}\nAPPIMAGE:   {operator.image}"]
    table = {parameter.name: parameter for parameter in operator.parameters}
    if fields:
        name, *deeper = fields
        if name not in table:
            raise _no_field(name, component.name, table)
        if deeper:
            raise _no_field(deeper[0], f"{component.name}.{name}", ())
        entry = _parameter(table[name])
        place = f"It is in {_OWN if table[name].own else _COMMON}."
        description = _section("DESCRIPTION:", f"{entry.description}\n\n{place}")
        return _page([*parts, f"PARAMETER: {name} {entry.title}", *entry.sections(), description])
    parts += [_section("DESCRIPTION:", operator.description or component.description), _section("PARTIES:", _PARTIES)]
    for title, names, text in (("INPUTS:", component.inputs, _INPUT), ("OUTPUTS:", component.outputs, _OUTPUT)):
        parts.append(_section(title, *(f"{name}: {text}" for name in names)))
    for place, own in ((_OWN, True), (_COMMON, False)):
        entries = [_parameter(parameter) for parameter in table.values() if parameter.own is own]
        parts.append(_list(f"PARAMETERS in {place}:", entries))
    if not table:
        parts.append(_section("PARAMETERS:", "what its program takes from party.parameters; all of them are texts"))
    return _page(parts)


def _parameter(parameter: Parameter) -> Entry:
    kind = parameter.kind
    facts = {
        "allowed": kind.allowed,
        "not implemented": ", ".join(kind.unimplemented),
        "default": parameter.default,
        "unit": parameter.unit,
    }
    given = {fact: (text,) for fact, text in facts.items() if text}
    return Entry(parameter.name, kind.type, parameter.required, given, parameter.meaning)
