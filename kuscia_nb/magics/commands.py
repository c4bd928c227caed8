"""A magic with commands, as in `%kuscia cp my.csv alice:data/`: which there are, what they take, and their help."""

from __future__ import annotations

import os
import re
import shlex
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from inspect import getdoc
from typing import Any, NamedTuple, NoReturn

_QUOTED = re.compile(r""""(?:\\.|[^"\\])*(?:"|$)|'[^']*(?:'|$)|\\(?:.|$)""")
"""What is in quotes, or behind a backslash; the last one of a line that cannot be split has no end."""


class Argument(NamedTuple):
    """An argument of a command: its name or option, and what argparse is told of it."""

    name: str
    options: dict[str, Any]


def argument(name: str, help: str, **options: Any) -> Argument:
    """An argument with its one line of help; one without dashes is shown in capitals."""
    if not name.startswith("-"):
        options["metavar"] = name.upper()
    return Argument(name, {"help": help, **options})


class Command(NamedTuple):
    """What runs, with a docstring that is its help, and what it takes."""

    run: Callable[[Namespace], object]
    arguments: tuple[Argument, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of its help."""
        return (getdoc(self.run) or "").partition("\n")[0]

    def parser(self, prog: str) -> ArgumentParser:
        """What reads the words behind its name."""
        parser = _Parser(
            prog=prog,
            description=getdoc(self.run),
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for one in self.arguments:
            parser.add_argument(one.name, **one.options)
        return parser


def run(magic: str, commands: Mapping[str, Command], line: str) -> object:
    """Run the command on a magic's line; without one, list them. A KusciaError says what cannot be understood."""
    from ..errors import KusciaError
    from ..problems import choice

    typed = words(line, f"%{magic} ")
    if not typed or typed[0] in ("-h", "--help", "help"):
        print(_overview(magic, commands))
        return None
    name, *rest = typed
    if name not in commands:
        raise KusciaError(f"%{magic} has no command {name}", hint=choice(name, commands))
    parser = commands[name].parser(f"%{magic} {name}")
    try:
        arguments, unknown = parser.parse_known_args(rest)
    except _HelpShown:
        return None
    if unknown:
        options = ["--help", *(one.name for one in commands[name].arguments if one.name.startswith("-"))]
        raise KusciaError(f"%{magic} {name} does not know {' '.join(unknown)}", hint=choice(unknown[0], options))
    return commands[name].run(arguments)


def words(line: str, before: str = "") -> list[str]:
    """The line as a shell splits it; on Windows a backslash is a part of a path. `before` is the magic's name."""
    try:
        if os.name == "nt":
            return [word.strip("\"'") for word in shlex.split(line, posix=False)]
        return shlex.split(line)
    except ValueError as error:
        raise _unsplit(str(error), line, before) from None


def _unsplit(what: str, line: str, before: str) -> Exception:
    """What is said of a line with an open quote, or a backslash with nothing behind it: where that is."""
    from ..control.source import excerpt
    from ..errors import KusciaError

    *_, last = _QUOTED.finditer(line)
    hint = "quotes come in pairs" if last[0] != "\\" else "a backslash takes the character behind it as it is"
    return KusciaError(what, where=excerpt(line, last.start(), before=before), hint=hint)


def _overview(magic: str, commands: Mapping[str, Command]) -> str:
    """Every command with its one line of help."""
    lines = [f"  {name:<10} {command.summary}" for name, command in commands.items()]
    return "\n".join([f"usage: %{magic} COMMAND ...", "", *lines, "", f"%{magic} COMMAND --help explains one of them."])


class _HelpShown(Exception):
    """The help was asked for and printed."""


class _Parser(ArgumentParser):
    """One that raises where others end the program."""

    def error(self, message: str) -> NoReturn:
        from ..errors import KusciaError

        raise KusciaError(message, hint=f"{self.prog} --help")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _HelpShown
