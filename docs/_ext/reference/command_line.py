"""The commands of `kuscia-nb`, from their own parsers."""

from __future__ import annotations

import argparse
from importlib import import_module

from kuscia_nb.__main__ import COMMANDS, demo_parser

from .markdown import block, code, definitions, page, prose, sentence


def commands() -> str:
    """Every command with its options."""
    parsers = [demo_parser(), *(import_module(f"kuscia_nb.{module}").parser() for module in COMMANDS.values())]
    return page(part for parser in parsers for part in _command(parser))


def _command(parser: argparse.ArgumentParser) -> list[str]:
    described = (parser.description or "").strip()
    text = block(described) if "\n" in described else prose(described)
    options = (action for action in parser._actions if action.dest != "help")
    return [f"## {code(parser.prog)}", text, definitions(map(_option, options))]


def _option(action: argparse.Action) -> tuple[str, str]:
    """A name, what may follow it, and what it does."""
    value = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
    if action.choices:
        value = "|".join(map(str, action.choices))
    about = sentence((action.help or "").replace("%(default)s", str(action.default)))
    needed = " Required." if action.required and action.option_strings else ""
    return code(f"{', '.join(action.option_strings)} {value}".strip()), about + needed
