"""The kinds of objects that a node keeps, field by field, from the models that check them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from kuscia_nb.control.explain import Entry, Schema
from kuscia_nb.control.kinds import KINDS, Kind
from kuscia_nb.control.resources import TaskInputConfig

from .markdown import code, codes, definitions, page, prose, sentence


def kinds() -> str:
    """Every kind, and below it every object in it."""
    return page(part for kind in KINDS for part in _kind(kind))


def task_input_config() -> str:
    """What is in the text `taskInputConfig` of a task."""
    return page(_objects(_schema(TaskInputConfig), "taskInputConfig", "###"))


def _kind(kind: Kind) -> Iterator[str]:
    schema = _schema(kind.model)
    yield f"## {kind.model.__name__}"
    yield prose(schema.about)
    yield f"kubectl knows it as {codes(kind.names)}."
    yield from _objects(schema, kind.model.__name__, "###")


def _objects(holder: Schema, path: str, heading: str) -> Iterator[str]:
    """An object's fields, and then the objects in them."""
    yield f"{heading} {code(path)}"
    entries = {name: schema.entry(name, holder) for name, schema in holder.fields.items()}
    yield definitions(_definition(entry) for entry in entries.values())
    for name, schema in holder.fields.items():
        inner = schema.object(name)
        if inner.fields and name != "taskInputConfig":
            yield from _objects(inner, f"{path}.{name}{_of_several(schema)}", heading)


def _of_several(schema: Schema) -> str:
    kind = schema.type
    return "[]" if kind.startswith("[]") else ".<key>" if kind.startswith("map") else ""


def _definition(entry: Entry) -> tuple[str, str]:
    title = f"{code(entry.name)} ({prose(entry.type)}{', required' if entry.required else ''})"
    facts = "".join(f" {fact.capitalize()}: {codes(values)}." for fact, values in entry.facts.items())
    return title, sentence(entry.description) + facts


def _schema(model: type[BaseModel]) -> Schema:
    raw = model.model_json_schema()
    return Schema(raw, raw.get("$defs", {}))
