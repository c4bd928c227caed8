"""kubectl get: what there is, now and, with -w, until nothing more happens to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..kinds import Kind
from ..objects import Object
from .call import Call
from .flags import Flag
from .jsonpath import first, relaxed
from .output import KubectlError
from .printers import CustomColumns, KindTable, Lines, encoder, in_list, names, split
from .steps import JsonPathError
from .targets import Targets, find, say_none, selected
from .watch import watch

SELECTOR = Flag("selector", "only objects with these labels: key=value, key!=value, 'key in (a,b)', !key", "l")
ALL_NAMESPACES = Flag("all-namespaces", "look everywhere, and say where", "A", "bool")
OUTPUT = Flag("output", "yaml, json, name, wide, jsonpath='{...}', custom-columns=NAME:.path,...", "o")
IGNORE_NOT_FOUND = Flag("ignore-not-found", "what is not there is no error", kind="bool")

FLAGS = (
    ALL_NAMESPACES,
    SELECTOR,
    OUTPUT,
    IGNORE_NOT_FOUND,
    Flag("watch", "go on with a row for every change, until everything has come to its end", "w", "bool"),
    Flag("sort-by", "a path, for example .status.startTime"),
    Flag("no-headers", "only the rows", kind="bool"),
    Flag("show-labels", "a last column with all labels", kind="bool"),
    Flag("label-columns", "a column for each of these labels", "L", "list"),
    Flag("show-kind", "names with their kind", kind="bool"),
)

NO_TYPE = (
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported '
    "resources.\n\nerror: Required resource not specified."
)


def get(call: Call) -> None:
    """Print what the line asks for, in the order in which it asks."""
    if not call.args:
        raise KubectlError(NO_TYPE, hint="kubectl get kj -n cross-domain")
    wanted = selected(call, everything=True)
    lines = _printer(call, wanted.single)
    if call.flags["watch"]:
        watch(call, wanted, lambda kind: lines or _table(call, kind, namespace=kind.namespaced))
        return
    groups = _groups(call, wanted)
    every = [found for _, objects in groups for found in objects]
    call.objects += every
    if lines is None:
        _print_tables(call, groups)
        if not call.text and not call.errors and not call.flags["ignore-not-found"]:
            say_none(call, wanted)
    elif every or not (wanted.single or call.errors):
        call.print(lines(every))


def _printer(call: Call, single: bool) -> Lines | None:
    """What prints all objects at once; None for tables, of which each kind has its own."""
    form, template = split(call.flags["output"])
    if form in ("", "wide"):
        return None
    if form == "name":
        return names
    if form == "custom-columns":
        return CustomColumns(template, headers=not call.flags["no-headers"])
    encode = encoder(form, template)
    if call.flags["watch"]:
        return lambda objects: "".join(encode(found.manifest()) for found in objects)
    if single:
        return lambda objects: encode(objects[0].manifest())
    return lambda objects: encode(in_list([found.manifest() for found in objects]))


def _groups(call: Call, wanted: Targets) -> list[tuple[Kind, list[Object]]]:
    """The objects, those of one kind that follow each other together."""
    groups: list[tuple[Kind, list[Object]]] = []
    for target in wanted.items:
        found = find(call, target)
        if groups and groups[-1][0] == target.kind:
            groups[-1][1].extend(found)
        elif found:
            groups.append((target.kind, found))
    if call.flags["sort-by"]:
        groups = [(kind, in_order(found, call.flags["sort-by"])) for kind, found in groups]
    return groups


def _print_tables(call: Call, groups: Sequence[tuple[Kind, list[Object]]]) -> None:
    """One table for each kind, with a blank line between them."""
    several = len(groups) > 1
    for index, (kind, found) in enumerate(groups):
        namespaced = any(other.namespaced for other, _ in groups[: index + 1])
        table = _table(call, kind, namespace=namespaced, kinds=several)
        rows = table.rows(found)
        call.tables.append(rows)
        call.print("\n" if index and not call.flags["no-headers"] else "")
        call.print(table.text(rows))


def _table(call: Call, kind: Kind, *, namespace: bool, kinds: bool = False) -> KindTable:
    return KindTable(
        kind,
        headers=not call.flags["no-headers"],
        namespace=call.all_namespaces and namespace,
        kinds=kinds or call.flags["show-kind"],
        labels=call.flags["show-labels"],
        label_columns=call.flags["label-columns"],
    )


# --- order -----------------------------------------------------------------------------------------------------------


def in_order(objects: Sequence[Object], expression: str) -> list[Object]:
    """The objects by what is at a path; first those that have nothing there. Numbers within texts count as numbers."""
    try:
        column = relaxed(expression)
        keyed = [(first(column, found.manifest())[:1], found) for found in objects]
    except JsonPathError as error:
        raise KubectlError(f"error: {error}", hint="--sort-by=.metadata.name") from None
    if len(objects) > 1 and not any(value for value, _ in keyed):
        shown = "{." + expression.strip("{}").removeprefix(".") + "}"
        what = f'error: couldn\'t find any field with path "{shown}" in the list of objects'
        raise KubectlError(what, hint="--sort-by=.metadata.creationTimestamp")
    without = [found for values, found in keyed if not values]
    with_value = sorted((pair for pair in keyed if pair[0]), key=lambda pair: _sort_key(pair[0][0]))
    return [*reversed(without), *(found for _, found in with_value)]  # Go turns what is equal around


def _sort_key(value: object) -> tuple[object, ...]:
    if isinstance(value, bool | int | float):
        return (0, value)
    pieces = re.findall(r"\d+|\D", str(value))
    return (1, *((ord("0"), int(piece)) if piece.isdecimal() else (ord(piece), 0) for piece in pieces))
