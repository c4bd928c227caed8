"""What the side panel may ask the kernel."""

from __future__ import annotations

import inspect

from kuscia_nb.panel.requests import METHODS

from .markdown import code, definitions, prose


def methods() -> str:
    """Every method with its parameters and its docstring."""
    return definitions((code(name + _signature(name)), prose(inspect.getdoc(METHODS[name]) or "")) for name in METHODS)


def _signature(name: str) -> str:
    """Names and types of the parameters; what is returned is in the text."""
    return f"({', '.join(map(_parameter, inspect.signature(METHODS[name]).parameters.values()))})"


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {parameter.annotation}{default}"
