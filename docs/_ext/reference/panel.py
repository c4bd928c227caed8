"""What the side panel and the kernel say to each other."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, get_args

from kuscia_nb.panel import protocol
from kuscia_nb.panel.requests import METHODS

from .markdown import code, codes, definitions, prose

_SAID = (*get_args(protocol.FromKernel), protocol.Fault, *get_args(protocol.Entity), protocol.Request)


def messages() -> str:
    """Every message from the kernel."""
    return _types((*get_args(protocol.FromKernel), protocol.Fault))


def entities() -> str:
    """Every kind of entity."""
    return _types(get_args(protocol.Entity))


def answers() -> str:
    """Every type of a result."""
    types = [type_ for type_ in vars(protocol).values() if hasattr(type_, "__annotations__")]
    return _types(type_ for type_ in types if type_.__module__ == protocol.__name__ and type_ not in _SAID)


def methods() -> str:
    """Every method with its parameters, its result and its docstring."""
    return definitions((code(name + _signature(name)), prose(inspect.getdoc(METHODS[name]) or "")) for name in METHODS)


def _types(types: Iterable[Any]) -> str:
    return definitions(
        (f"`{type_.__name__}`: {codes(type_.__annotations__)}", prose(inspect.cleandoc(type_.__doc__ or "")))
        for type_ in types
    )


def _signature(name: str) -> str:
    """Names and types of the parameters and of the result."""
    signature = inspect.signature(METHODS[name])
    result = str(signature.return_annotation).replace("protocol.", "")
    return f"({', '.join(map(_parameter, signature.parameters.values()))}) -> {result}"


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {parameter.annotation}{default}".replace("protocol.", "")
