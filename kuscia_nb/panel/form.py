"""What the form for a new job shows: the operators with their parameters, as `%kuscia explain` describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..operators import OPERATORS
from ..operators.parameter import Parameter
from . import from_template, protocol

FILE = ("name", "namespace")
"""The parameters that say which file a party reads; in the form they are the first input."""


def operators() -> list[protocol.Operator]:
    """Every operator with its parameters."""
    return [
        {
            "name": operator.component.name,
            "title": "",
            "description": operator.description or operator.component.description,
            "inputs": list(operator.component.inputs),
            "parameters": [_field(one) for one in operator.parameters if one.name not in FILE],
        }
        for operator in OPERATORS.values()
    ]


def templates(nodes: list[str]) -> list[protocol.Operator]:
    """Every template, as an operator with parameters of its own."""
    return [
        {
            "name": known.name,
            "title": known.title,
            "description": known.description,
            "inputs": [from_template.INPUT],
            "parameters": [_field(one) for one in from_template.parameters(known, nodes)],
        }
        for known in OPERATORS.templates.values()
    ]


def _field(parameter: Parameter) -> protocol.Parameter:
    kind = parameter.kind
    return {
        "name": parameter.name,
        "type": kind.type,
        "required": parameter.required,
        "default": parameter.default,
        "allowed": kind.allowed,
        "choices": kind.allowed.split(", ") if kind.type in ("bool", "choice") else None,
        "unit": parameter.unit,
        "meaning": parameter.meaning,
        "own": parameter.own,
    }


def free_name(operator: str, taken: Iterable[str]) -> str:
    """A name for a job of an operator, that no job has."""
    taken = set(taken)
    first = "-".join(re.findall("[a-z0-9]+", f"job_{operator.lower()}"))
    return next(name for name in (first, *(f"{first}-{i}" for i in range(2, len(taken) + 3))) if name not in taken)
