"""The magics: their help, their options, and what `%config` sets."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from collections.abc import Callable
from inspect import cleandoc, getdoc
from typing import Any

from kuscia_nb.magics import bfia, kusciajob
from kuscia_nb.magics import kuscia as kuscia_magic
from kuscia_nb.magics.config import Defaults

from .markdown import code, codes, definitions, page, prose, sentence, table


def job_magics() -> str:
    """`%%kusciajob` and `%bfia_submit`, and the options that both have."""
    magics: dict[str, Callable[..., Any]] = {
        "%%kusciajob": kusciajob.KusciaMagics.kusciajob,
        "%bfia_submit": bfia.bfia_submit,
    }
    parts = []
    for title, magic in magics.items():
        parts += [f"## {code(title)}", prose(_help(magic)), "### Options", _arguments(_parser(magic))]
    return page(parts)


def kuscia() -> str:
    """`%kuscia` and its commands."""
    parts = [prose(getdoc(kuscia_magic.kuscia) or "")]
    for name, command in kuscia_magic.COMMANDS.items():
        parser = command.parser(f"%kuscia {name}")
        parts += [f"### {code(f'%kuscia {name}')}", prose(getdoc(command.run) or ""), _arguments(parser)]
    return page(parts)


def config() -> str:
    """What `%config KusciaMagics` knows."""
    rows = [
        (code(name), _values(trait), code(repr(trait.default_value)), sentence(trait.help))
        for name, trait in sorted(Defaults.class_traits(config=True).items())
    ]
    return table(("Name", "Values", "Default", "Meaning"), rows)


def _values(trait: Any) -> str:
    if hasattr(trait, "values"):
        return codes(map(repr, trait.values))
    return type(trait).__name__.lower() + (" or None" if trait.allow_none else "")


def _help(magic: Callable[..., Any]) -> str:
    """The docstring as it was written: the decorators have put argparse's text around it."""
    return cleandoc(_parser(magic).description or "")


def _parser(magic: Callable[..., Any]) -> ArgumentParser:
    return magic.parser  # type: ignore[attr-defined]  # IPython's decorator puts it there


def _arguments(parser: ArgumentParser) -> str:
    actions = [action for action in parser._actions if action.help and "==SUPPRESS==" not in action.help]
    return definitions((_names(action), _meaning(action)) for action in actions)


def _names(action: Action) -> str:
    if not action.option_strings:
        name = str(action.metavar or action.dest)
        return code(f"[{name}]" if action.nargs == "?" else name)
    value = "" if action.nargs == 0 else f" {_value(action)}"
    return ", ".join(code(f"{option}{value}") for option in action.option_strings)


def _value(action: Action) -> str:
    value = str(action.metavar or ("|".join(action.choices) if action.choices else action.dest.upper()))
    return f"[{value}]" if action.nargs == "?" else value


def _meaning(action: Action) -> str:
    return prose(action.help or "")
