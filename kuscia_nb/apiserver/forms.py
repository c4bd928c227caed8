"""Objects as they are sent: themselves, or rows of a table that kubectl prints as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..control.kinds import Kind
from ..control.kubectl.printers import KindTable
from ..control.objects import API_VERSION, Object

_META = "meta.k8s.io/v1"


def wants_table(accept: str) -> bool:
    """Whether the first form that a request accepts is a table, of the version that there is."""
    return "as=Table" in accept and "v=v1;" in f"{accept};".replace(",", ";")


def one(kind: Kind, found: Object, version: int, *, table: bool, objects: bool = False) -> dict[str, Any]:
    """A single object."""
    return _table(kind, [found], version, objects) if table else found.manifest()


def several(kind: Kind, found: Sequence[Object], version: int, *, table: bool, objects: bool = False) -> dict[str, Any]:
    """A list of them."""
    if table:
        return _table(kind, found, version, objects)
    about = {"apiVersion": API_VERSION, "kind": f"{kind.model.__name__}List"}
    return {**about, "metadata": {"resourceVersion": str(version)}, "items": [one.manifest() for one in found]}


def _table(kind: Kind, found: Sequence[Object], version: int, objects: bool) -> dict[str, Any]:
    """The columns that kubectl prints of our own nodes; kubectl adds those for which flags ask."""
    made = KindTable(kind).rows(found)
    columns = [
        {"name": name, "type": "string", "format": "name" if name == "NAME" else "", "description": "", "priority": 0}
        for name in made.columns
    ]
    rows = [
        {"cells": list(cells), "object": object.manifest() if objects else _partial(object)}
        for cells, object in zip(made.rows, found, strict=True)
    ]
    about = {"kind": "Table", "apiVersion": _META, "metadata": {"resourceVersion": str(version)}}
    return {**about, "columnDefinitions": columns, "rows": rows}


def _partial(found: Object) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": found.manifest()["metadata"]}
