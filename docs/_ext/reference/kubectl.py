"""The kubectl commands that the nodes in the process know, and their flags."""

from __future__ import annotations

from inspect import getdoc

from kuscia_nb.control.kubectl.commands import COMMANDS, ELSEWHERE
from kuscia_nb.control.kubectl.flags import COMMON, Flag

from .markdown import block, code, definitions, page, prose, table


def commands() -> str:
    """Every command with its flags, and the flags that all have."""
    parts = []
    for name, command in COMMANDS.items():
        parts += [f"## {code('kubectl ' + name)}", prose(getdoc(command.run) or command.summary)]
        parts += [block(f"kubectl {command.usage}"), _flags(command.flags)]
        parts.append(block("\n".join(map(_magic, command.examples))))
    return page([*parts, "## Flags of every command", _flags(COMMON)])


def elsewhere() -> str:
    """What kubectl has beyond that, and what serves instead."""
    return table(("kubectl has", "here"), ((code(name), prose(instead)) for name, instead in ELSEWHERE.items()))


def _magic(example: str) -> str:
    """An example as it is typed in a cell."""
    return example if example.startswith("%") else f"%{example}"


def _flags(flags: tuple[Flag, ...]) -> str:
    return definitions((code(flag.shown), prose(flag.help)) for flag in flags)
