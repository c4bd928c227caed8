"""The operators that come with the package, and their parameters."""

from __future__ import annotations

from kuscia_nb.operators import OPERATORS, Operator
from kuscia_nb.operators.parameter import Parameter

from .markdown import code, codes, definitions, page, prose, sentence


def operators() -> str:
    """Each operator with its parameters, by where in the job they are given."""
    return page(part for operator in OPERATORS.values() for part in _operator(operator))


def _operator(operator: Operator) -> list[str]:
    component = operator.component
    own = [parameter for parameter in operator.parameters if parameter.own]
    common = [parameter for parameter in operator.parameters if not parameter.own]
    return [
        f"## {code(component.name)}",
        prose(operator.description or component.description),
        f"appImage {code(operator.image)}; inputs: {codes(component.inputs)}; outputs: {codes(component.outputs)}.",
        "### Parameters of each party, in `task_params.<role>.<index>`",
        definitions(map(_parameter, own)),
        "### Parameters of all parties, in `task_params.common`",
        definitions(map(_parameter, common)),
    ]


def _parameter(parameter: Parameter) -> tuple[str, str]:
    kind = parameter.kind
    title = f"{code(parameter.name)} ({kind.type}{', required' if parameter.required else ''})"
    facts = [f"Allowed: {prose(kind.allowed)}."]
    if kind.unimplemented:
        facts.append(f"In the standard, and refused here: {codes(kind.unimplemented)}.")
    if parameter.default is not None:
        facts.append(f"Default: {code(parameter.default)}.")
    if parameter.unit:
        facts.append(f"Unit: {parameter.unit}.")
    return title, f"{sentence(parameter.meaning)} {' '.join(facts)}"
