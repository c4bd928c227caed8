"""The page's half of the panel's protocol, made from the kernel's: `python labextension/scripts/protocol.py`.

TypedDicts and named tuples of kuscia_nb.panel.protocol become interfaces, its other types aliases, and the methods that
a panel may call one interface of their parameters and results.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from kuscia_nb.panel import protocol
from kuscia_nb.panel.comm import TARGET
from kuscia_nb.panel.requests import METHODS
from kuscia_nb.problems import Magic

FILE = Path(__file__).parent.parent / "src" / "kernel" / "protocol.ts"

_HEAD = """\
/*
 * What the panel and the kernel say to each other over a comm. Made from kuscia_nb/panel/protocol.py and requests.py:
 * python labextension/scripts/protocol.py
 */
"""
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "unknown"}
_ALIASES = {
    **{type_: name for name, type_ in vars(protocol).items() if get_origin(type_) in (Literal, types.UnionType)},
    Magic: "Magic",
}


def typescript() -> str:
    """The text of protocol.ts."""
    interfaces = [_interface(type_) for type_ in vars(protocol).values() if _named(type_)]
    return "\n".join([_HEAD, f"export const TARGET = '{TARGET}';\n", *map(_alias, _ALIASES), *interfaces, _methods()])


def _named(type_: Any) -> bool:
    return is_typeddict(type_) or hasattr(type_, "_fields")


def _alias(type_: Any) -> str:
    return f"export type {_ALIASES[type_]} = {_meaning(type_)};\n"


def _interface(type_: Any) -> str:
    fields = "".join(f"  {name}: {_written(of)};\n" for name, of in get_type_hints(type_).items())
    return f"{_comment(type_)}export interface I{type_.__name__} {{\n{fields}}}\n"


def _comment(type_: Any) -> str:
    lines = inspect.cleandoc(type_.__doc__ or "").splitlines()
    if len(lines) > 1:
        return "".join(["/**\n", *(f" * {line}".rstrip() + "\n" for line in lines), " */\n"])
    return f"/** {lines[0]} */\n" if lines else ""


def _methods() -> str:
    """What each method takes and gives."""
    lines = [f"  {name}: {{ params: {_parameters(one)}; result: {_result(one)} }};\n" for name, one in METHODS.items()]
    return f"/** What a panel may ask, by its name. */\nexport interface IMethods {{\n{''.join(lines)}}}\n"


def _parameters(method: Callable[..., Any]) -> str:
    hints, parameters = get_type_hints(method), inspect.signature(method).parameters.values()
    fields = [f"{one.name}{'' if one.default is one.empty else '?'}: {_written(hints[one.name])}" for one in parameters]
    return f"{{ {'; '.join(fields)} }}" if fields else "Record<string, never>"


def _result(method: Callable[..., Any]) -> str:
    return _written(get_type_hints(method)["return"])


def _written(type_: Any) -> str:
    """A type by its name, or else what it means."""
    return _ALIASES.get(type_) or _PLAIN.get(type_) or (f"I{type_.__name__}" if _named(type_) else _meaning(type_))


def _meaning(type_: Any) -> str:
    args = get_args(type_)
    match get_origin(type_):
        case origin if origin is Literal:
            return " | ".join(map(repr, args))
        case types.UnionType | typing.Union:
            return " | ".join(map(_written, args))
        case origin if origin in (list, tuple):
            return f"{_written(args[0])}[]"
        case origin if origin is dict:
            return f"Record<{_written(args[0])}, {_written(args[1])}>"
    raise TypeError(f"TypeScript has no {type_}")


if __name__ == "__main__":
    FILE.write_text(typescript(), "utf-8")
