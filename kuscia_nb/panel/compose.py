"""The cell that a filled-in form stands for, in either format, or what is wrong with which field.

The cell is read by the very reader that will take it, and asked of the nodes that will run it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..backends.base import NodeApi
from ..control.objects import API_VERSION, CROSS_DOMAIN
from ..operators import OPERATORS, Operator
from ..operators.parameter import Parameter
from ..problems import FieldPath, Magic, Problem, choice
from . import from_template
from .check import findings, ordinary_nodes
from .complete import output_keys
from .form import FILE
from .protocol import Trouble

Texts = Mapping[str, str]

_DATA = "data"


class Form(NamedTuple):
    """What a person has filled in; every value is a text, and an empty one is none."""

    format: Magic
    operator: str
    name: str
    initiator: str
    common: Texts
    own: Mapping[str, Texts]
    """By node."""
    inputs: Mapping[str, Texts]
    """By node, the data file for each input."""


def compose(form: Form, nodes: Mapping[str, NodeApi] | None) -> tuple[str | None, list[Trouble]]:
    """The cell of a form, or none and what is wrong with it. `nodes` are those that are up."""
    if form.operator in OPERATORS.templates:
        return from_template.compose(form, nodes)
    domains = list(nodes or ordinary_nodes())
    troubles = [*_choices(form, domains)]
    if troubles:
        return None, troubles
    parties = [form.initiator, *(domain for domain in domains if domain != form.initiator)]
    writer = Writer(form, OPERATORS[form.operator], parties)
    text = writer.manifest() if form.format == "kusciajob" else writer.request()
    found = [one.problem for one in findings(form.format, text, nodes)]
    troubles = [
        *writer.troubles,
        *(Trouble(writer.field(problem), problem.text, problem.hint) for problem in found),
        *_meeting(form, parties),
    ]
    first = list({trouble.field: trouble for trouble in reversed(troubles)}.values())[::-1]  # of each field
    return (None if troubles else f"%%{form.format}\n{text.rstrip()}"), first


def _choices(form: Form, domains: list[str]) -> Iterator[Trouble]:
    """What has to be right before there is a cell at all."""
    if form.operator not in OPERATORS:
        yield Trouble(("operator",), f"there is no operator {form.operator}", choice(form.operator, OPERATORS))
    if form.initiator not in domains:
        yield Trouble(("initiator",), f"there is no node {form.initiator}", choice(form.initiator, domains))
    for part, values in (("own", form.own), ("inputs", form.inputs)):
        for domain in values:
            if domain not in domains:
                yield Trouble((part, domain), f"there is no node {domain}", choice(domain, domains))


def _meeting(form: Form, parties: list[str]) -> Iterator[Trouble]:
    """What the operator's parties would find out when they meet."""
    own = {domain: form.own.get(domain, {}) for domain in parties}
    check = OPERATORS[form.operator].checks_parties
    for domain, problem in check(form.common, own) if check else ():
        yield Trouble(("own", domain, *map(str, problem.path)), problem.text, problem.hint)


class Writer:
    """Writes the task of a form in either format. The initiator is the host, the other node the guest."""

    def __init__(self, form: Form, operator: Operator, parties: list[str]) -> None:
        self.troubles: list[Trouble] = []
        self._form, self._operator = form, operator
        self._places = dict(zip(parties, ("host", "guest"), strict=True))
        self._alias = f"{operator.component.name}_1"
        self._table = {one.name: one for one in operator.parameters}
        self._common = dict(self._values(form.common, ("common",)))
        self._require(self._common, ("common",))
        self._own = {domain: self._party(domain) for domain in parties}

    def manifest(self) -> str:
        """The manifest, laid out as the tutorial's."""
        config = {
            "name": self._alias,
            "module_name": self._operator.component.name,
            "output": self._outputs(),
            "role": {role: [domain] for domain, role in self._places.items()},
            "initiator": {"role": "host", "node_id": self._form.initiator},
            "task_params": {role: {"0": self._own[domain]} for domain, role in self._places.items()}
            | {"common": self._common},
        }
        inner = json.dumps(config, separators=(",", ":"), ensure_ascii=False).replace("'", "''")
        parties = "".join(f"    - domainID: {domain}\n      role: {role}\n" for domain, role in self._places.items())
        return (
            f"apiVersion: {API_VERSION}\n"
            "kind: KusciaJob\n"
            "metadata:\n"
            f"  name: {_scalar(self._form.name)}\n"
            f"  namespace: {CROSS_DOMAIN}\n"
            "spec:\n"
            f"  initiator: {self._form.initiator}\n"
            "  tasks:\n"
            f"  - alias: {self._alias}\n"
            f"    appImage: {self._operator.image}\n"
            f"    parties:\n{parties}"
            f"    taskInputConfig: '{inner}'\n"
            "    tolerable: false\n"
        )

    def request(self) -> str:
        """The create-job request, with the tutorial's parts."""
        component = {
            "code": self._operator.image,
            "name": self._alias,
            "module_name": self._operator.component.name,
            "version": "v1.0.0",
            "input": [],
            "output": self._outputs(),
        }
        config = {
            "role": {role: [domain] for domain, role in self._places.items()},
            "initiator": {"role": "host", "node_id": self._form.initiator},
            "job_params": {role: {"0": {}} for role in self._places.values()},
            "task_params": {role: {"0": {self._alias: self._own[domain]}} for domain, role in self._places.items()}
            | {"common": {self._alias: self._common}},
            "version": "2.0.0",
        }
        dag = {"version": "2.0.0", "components": [component]}
        request = {"job_id": self._form.name, "dag": dag, "config": config}
        return json.dumps(request, indent=2, ensure_ascii=False) + "\n"

    def field(self, problem: Problem) -> tuple[str, ...]:
        """The field that a problem of the cell is about; none if it is about all of it."""
        domains = {role: domain for domain, role in self._places.items()}
        path: FieldPath = tuple(part for part in problem.path if part != self._alias)
        match path[path.index("task_params") :] if "task_params" in path else path:
            case ("metadata", *_) | ("job_id",):
                return ("name",)
            case () if problem.missing[:1] == ("job_id",):  # what is missing has no place in a request
                return ("name",)
            case ("task_params", "common", str(name)):
                return ("common", name)
            case ("task_params", str(role), _, str(name)) if name in FILE:
                return ("inputs", domains[role], self._operator.component.inputs[0])
            case ("task_params", str(role), _, str(name)):
                return ("own", domains[role], name)
            case ("spec", "initiator") | ("config", "initiator", *_):
                return ("initiator",)
        return ()

    def _party(self, domain: str) -> dict[str, Any]:
        """A node's own parameters, with its file."""
        values = dict(self._values(self._form.own.get(domain, {}), ("own", domain)))
        inputs = self._operator.component.inputs
        for name, file in self._form.inputs.get(domain, {}).items():
            if name == inputs[0] and file:
                values |= {"name": file, "namespace": _DATA}
            elif name not in inputs:
                self.troubles.append(Trouble(("inputs", domain, name), f"no input {name}", choice(name, inputs)))
            elif file:
                text, hint = "only the first input is a file; the others are outputs of earlier tasks", "no file here"
                self.troubles.append(Trouble(("inputs", domain, name), text, hint))
        if "name" not in values:
            hint = f"a data file of {domain}"
            self.troubles.append(Trouble(("inputs", domain, inputs[0]), f"{domain} needs a data file", hint))
            values |= {"name": "", "namespace": _DATA}
        return values

    def _outputs(self) -> list[dict[str, str]]:
        return [{"type": "dataset", "key": key} for key in output_keys(self._operator)]

    def _require(self, values: Mapping[str, Any], field: tuple[str, ...]) -> None:
        """Complain of parameters that nobody has given, and that have to be."""
        for name, parameter in self._table.items():
            if not parameter.own and name not in values:
                try:
                    parameter.read(None)
                except ValueError as error:
                    self.troubles.append(Trouble((*field, name), str(error)))

    def _values(self, texts: Texts, field: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        """Texts as what JSON has for them; a wrong one stays a text, and is complained of."""
        for name, text in texts.items():
            text = text.strip()
            parameter = self._table.get(name)
            if not text:
                continue
            if parameter is not None:
                try:
                    parameter.read(text)
                except ValueError as error:
                    self.troubles.append(Trouble((*field, name), str(error)))
            elif self._table:
                self.troubles.append(Trouble((*field, name), f"no parameter {name}", choice(name, self._table)))
            yield name, _json_value(text, parameter)


def _json_value(text: str, parameter: Parameter | None) -> Any:
    """A number, a truth value or an object where the text is one and the parameter is no text."""
    if parameter is not None and parameter.kind.type == "text":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return float(text) if parameter and parameter.kind.type == "float" and _is_number(text) else text
    return value if isinstance(value, bool | int | float | dict) else text


def _is_number(text: str) -> bool:
    """Whether Python has a finite number for what is none for JSON, as .5 or +1."""
    return re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", text) is not None


def _scalar(text: str) -> str:
    """A text in YAML, in quotes where it would be something else without."""
    plain = re.fullmatch(r"[a-z][a-z0-9.-]*", text) and text not in ("null", "true", "false")
    return text if plain else json.dumps(text, ensure_ascii=False)
