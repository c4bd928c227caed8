"""kubectl get: what there is, now and, with -w, until nothing more happens to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from queue import SimpleQueue

from ..kinds import KINDS, Kind, KusciaTask
from ..meta import Object
from ..resources import KusciaJob
from ..store import Change, watching
from .call import Call
from .flags import Flag
from .jsonpath import first, relaxed
from .output import KubectlError
from .printers import CustomColumns, Lines, Table, encoder, in_list, names, split
from .selectors import selector
from .steps import JsonPathError
from .targets import Target, Targets, find, say_none, selected

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
    form, template = split(call.flags["output"])
    wanted = selected(call, everything=True)
    if call.flags["watch"]:
        _watch(call, wanted, form, template)
        return
    groups = _groups(call, wanted)
    if form in ("", "wide"):
        _print_tables(call, groups)
    else:
        _print_list(call, groups, form, template, wanted.single)
    if form in ("", "wide") and not call.text and not call.errors and not call.flags["ignore-not-found"]:
        say_none(call, wanted)


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
    call.objects += [thing for _, found in groups for thing in found]
    return groups


def _print_tables(call: Call, groups: Sequence[tuple[Kind, list[Object]]]) -> None:
    """One table for each kind, with a blank line between them."""
    several = len(groups) > 1
    for index, (kind, found) in enumerate(groups):
        namespaced = any(other.namespaced for other, _ in groups[: index + 1])
        table = _table(call, kind, several, namespaced)
        rows = table.rows(found)
        call.tables.append(rows)
        call.print("\n" if index and not call.flags["no-headers"] else "")
        call.print(table.text(rows))


def _table(call: Call, kind: Kind, several: bool, namespaced: bool) -> Table:
    return Table(
        kind,
        headers=not call.flags["no-headers"],
        namespace=call.all_namespaces and namespaced,
        kinds=several or call.flags["show-kind"],
        labels=call.flags["show-labels"],
        label_columns=call.flags["label-columns"],
    )


def _print_list(
    call: Call, groups: Sequence[tuple[Kind, list[Object]]], form: str, template: str, single: bool
) -> None:
    """All kinds in one list, or line by line."""
    every = [thing for _, found in groups for thing in found]
    if not every and (single or call.errors):
        return
    if form == "name":
        call.print("".join(names(kind, found) for kind, found in groups))
    elif form == "custom-columns":
        columns = CustomColumns(template, headers=not call.flags["no-headers"])
        call.print(columns(KINDS[0], every))
    else:
        manifests = [found.manifest() for found in every]
        call.print(encoder(form, template)(manifests[0] if single else in_list(manifests)))


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
    return (1, *((ord("0"), int(piece)) if piece.isdigit() else (ord(piece), 0) for piece in pieces))


# --- -w --------------------------------------------------------------------------------------------------------------


def _watch(call: Call, wanted: Targets, form: str, template: str) -> None:
    """The rows there are, then one for each change, until nothing more can happen. An interrupt ends it too."""
    if len(wanted.kinds) > 1:
        raise KubectlError("error: you may only specify a single resource type", hint="a line for each kind")
    if len(wanted.items) > 1:
        what = "error: you may only watch a single resource or type of resource at a time"
        raise KubectlError(what, hint="-l with a label that they share, or none of the names")
    if not wanted.items:
        say_none(call, wanted)
        return
    (target,) = wanted.items
    try:
        Watch(call, target, _changing(call, target.kind, form, template)).run()
    except KeyboardInterrupt:
        call.hints.append("interrupted; what goes on goes on without being watched")


def _changing(call: Call, kind: Kind, form: str, template: str) -> Lines:
    """A printer for one object after the other."""
    if form in ("", "wide"):
        return _table(call, kind, False, kind.namespaced)
    if form == "name":
        return names
    if form == "custom-columns":
        return CustomColumns(template, headers=not call.flags["no-headers"])
    encode = encoder(form, template)
    return lambda kind, objects: "".join(encode(found.manifest()) for found in objects)


class Watch:
    """The state of a watch: what was last seen of every object."""

    def __init__(self, call: Call, target: Target, lines: Lines) -> None:
        self._call, self._target, self._lines = call, target, lines
        self._matches = selector(call.flags["selector"])
        self._seen: dict[str, Object] = {}

    def run(self) -> None:
        changes: SimpleQueue[Change] = SimpleQueue()
        store = self._call.node.store
        with watching(store, changes.put):
            current = find(self._call, self._target)
            if self._call.errors:
                return
            if current:
                self._show(current)
            self._seen = {found.name: found for found in current}
            while self._goes_on():
                self._take(changes.get())
        if not self._call.text:
            say_none(self._call, Targets([self._target], [self._target.kind], single=False))

    def _goes_on(self) -> bool:
        """Whether something that is shown can still change; a job that runs can still make tasks."""
        kind, name = self._target
        if not self._call.namespace_shows(kind):
            return False
        if any(not getattr(found, "finished", True) for found in self._seen.values()):
            return True
        if kind.model is not KusciaTask or name is not None:
            return False
        return any(not job.finished for job in self._call.node.store.objects(KusciaJob))

    def _take(self, change: Change) -> None:
        """Show a change of what is watched, unless the first rows had it already."""
        found = change.object
        kind, name = self._target
        if type(found) is not kind.model or name not in (None, found.name):
            return
        seen = self._seen.get(found.name)
        stays = change.type != "DELETED" and self._matches(found.labels)
        if seen is None and not stays:
            return
        if seen is not None and change.type != "DELETED" and _version(found) <= _version(seen):
            return
        self._show([found])
        if stays:
            self._seen[found.name] = found
        else:
            del self._seen[found.name]

    def _show(self, objects: list[Object]) -> None:
        self._call.stream(self._lines(self._target.kind, objects))
        self._call.objects += objects


def _version(found: Object) -> int:
    return int(found.metadata.resource_version)
