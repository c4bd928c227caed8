"""What -o asks for: a table, yaml, json, name, jsonpath=..., custom-columns=...

A printer remembers what it has printed: `get -w` prints again and again, and has its headers once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ...problems import choice
from ..kinds import KINDS, Kind
from ..objects import Object, now
from .ages import age
from .call import title
from .encode import to_json, to_text
from .jsonpath import Template, first, parse, relaxed, text_of
from .output import KubectlError, Rows
from .steps import JsonPathError
from .tabs import Tabs
from .yaml import to_yaml

FORMATS = ("custom-columns", "json", "jsonpath", "jsonpath-as-json", "name", "wide", "yaml")

Lines = Callable[[Sequence[Object]], str]
"""Prints objects, a line each."""
Encoder = Callable[[Any], str]
"""Prints one manifest, or a List of them."""
Answer = Callable[[Kind, Object, str], str]
"""Says what was done with an object."""


def split(output: str, formats: Sequence[str] = FORMATS) -> tuple[str, str]:
    """("jsonpath", "{.status.phase}"); KubectlError for another format."""
    form, _, template = output.partition("=")
    if form and form not in formats:
        what = f'error: unable to match a printer suitable for the output format "{output}"'
        raise KubectlError(f"{what}, allowed formats are: {','.join(formats)}", hint=choice(form, formats))
    if form.startswith("jsonpath") and not template:
        raise KubectlError("error: template format specified but no template given", hint=f"-o {form}='{{.status}}'")
    return form, template


def in_list(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """Several objects as one."""
    return {"apiVersion": "v1", "items": manifests, "kind": "List", "metadata": {"resourceVersion": ""}}


def encoder(form: str, template: str) -> Encoder:
    """The printer of yaml, json or jsonpath."""
    if form == "json":
        return lambda data: to_json(data) + "\n"
    if form == "yaml":
        return _Documents()
    with_json = form == "jsonpath-as-json"
    parsed = path(template)

    def print_found(data: Any) -> str:
        try:
            if with_json:
                return "".join(to_json(values) + "\n" for values in parsed.results(data))
            return text_of(parsed, data)
        except JsonPathError as error:
            what = f'error: error executing jsonpath "{template}": Error executing template: {error}'
            raise KubectlError(what, hint="-o json shows what there is") from None

    return print_found


class _Documents:
    """YAML documents; a line of dashes separates them."""

    def __init__(self) -> None:
        self._printed = False

    def __call__(self, data: Any) -> str:
        separator, self._printed = "---\n" if self._printed else "", True
        return separator + to_yaml(data)


def answering(output: str) -> Answer:
    """How a command answers that changes objects: with what it did, or, with -o, the object."""
    form, template = split(output, [form for form in FORMATS if form not in ("wide", "custom-columns")])
    if not form:
        return lambda kind, found, verb: f"{title(kind, found.name)} {verb}\n"
    if form == "name":
        return lambda kind, found, verb: names([found])
    encode = to_yaml if form == "yaml" else encoder(form, template)
    return lambda kind, found, verb: encode(found.manifest())


def path(template: str) -> Template:
    """A template, or kubectl's text for what is wrong with it."""
    try:
        return parse(template)
    except JsonPathError as error:
        hint = "the template in single quotes: -o jsonpath='{.status.phase}'"
        raise KubectlError(f"error: error parsing jsonpath {template}, {error}", hint=hint) from None


def names(objects: Sequence[Object]) -> str:
    """-o name"""
    kinds: dict[type[Object], Kind] = {kind.model: kind for kind in KINDS}
    return "".join(title(kinds[type(found)], found.name) + "\n" for found in objects)


class CustomColumns:
    """-o custom-columns=NAME:.metadata.name,PHASE:.status.phase"""

    def __init__(self, template: str, headers: bool) -> None:
        if not template:
            raise KubectlError("error: custom-columns format specified but no custom columns given", hint=_EXAMPLE)
        self._columns: list[tuple[str, Template]] = []
        for column in template.split(","):
            header, colon, expression = column.partition(":")
            if not colon:
                what = f"error: unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>"
                raise KubectlError(what, hint=_EXAMPLE)
            try:
                self._columns.append((header, relaxed(expression)))
            except JsonPathError as error:
                raise KubectlError(f"error: {error}", hint=_EXAMPLE) from None
        self._headers = headers
        self._tabs = Tabs()

    def __call__(self, objects: Sequence[Object]) -> str:
        rows = [[_cell(column, found.manifest()) for _, column in self._columns] for found in objects]
        if self._headers:
            rows.insert(0, [header for header, _ in self._columns])
            self._headers = False
        return self._tabs.text("".join("\t".join(row) + "\n" for row in rows))


_EXAMPLE = "-o custom-columns=NAME:.metadata.name,PHASE:.status.phase"


def _cell(column: Template, manifest: dict[str, Any]) -> str:
    try:
        return ",".join(map(to_text, first(column, manifest))) or "<none>"
    except JsonPathError as error:
        raise KubectlError(f"error: {error}", hint="-o json shows what there is") from None


# --- tables ----------------------------------------------------------------------------------------------------------


class KindTable:
    """The table of a kind: the columns of its CRD, and those that flags add."""

    def __init__(
        self,
        kind: Kind,
        *,
        headers: bool = True,
        namespace: bool = False,
        kinds: bool = False,
        labels: bool = False,
        label_columns: Sequence[str] = (),
    ) -> None:
        self._kind, self._headers = kind, headers
        self._namespace, self._kinds, self._labels, self._label_columns = namespace, kinds, labels, label_columns
        self._tabs = Tabs()

    @property
    def columns(self) -> tuple[str, ...]:
        own = ("STARTTIME", "COMPLETIONTIME", "LASTRECONCILETIME", "PHASE") if self._kind.namespaced else ("AGE",)
        extra = [label.rpartition("/")[2].upper() for label in self._label_columns]
        return (
            *(["NAMESPACE"] if self._namespace else []),
            "NAME",
            *own,
            *extra,
            *(["LABELS"] if self._labels else []),
        )

    def rows(self, objects: Sequence[Object]) -> Rows:
        """The cells; ages are as of now."""
        time = now()
        return Rows(self.columns, tuple(self._row(found, time) for found in objects))

    def _row(self, found: Object, time: datetime) -> tuple[str, ...]:
        labels = found.labels
        cells = [found.metadata.namespace] if self._namespace else []
        cells.append(title(self._kind, found.name) if self._kinds else found.name)
        cells += _own_cells(found, time)
        cells += [labels.get(label, "") for label in self._label_columns]
        if self._labels:
            cells.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>")
        return tuple(cells)

    def text(self, rows: Rows) -> str:
        """The rows; below the headers, unless these were printed before."""
        lines = [*([rows.columns] if self._headers else []), *rows.rows]
        self._headers = False
        return self._tabs.text("".join("\t".join(line) + "\n" for line in lines))

    def __call__(self, objects: Sequence[Object]) -> str:
        return self.text(self.rows(objects))


def _own_cells(found: Object, time: datetime) -> list[str]:
    """What the CRD of the kind shows: jobs and tasks have a status, the others only an age."""
    status = getattr(found, "status", None)
    if status is None:
        return [age(found.metadata.creation_timestamp, time)]
    times = (status.start_time, status.completion_time, status.last_reconcile_time)
    return [*(age(moment, time) for moment in times), status.phase]
