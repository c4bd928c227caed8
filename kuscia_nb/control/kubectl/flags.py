"""The flags of a kubectl line, as pflag reads them: -n NS, -nNS, -n=NS, --namespace NS, -Aw, anywhere in the line.

argparse reads other things: it takes -nNS -A apart differently, abbreviates names, and words its errors in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from ...problems import choice
from .output import KubectlError


class Flag(NamedTuple):
    """One flag. A `list` may be given several times, with several values each."""

    name: str
    help: str
    short: str = ""
    kind: Literal["text", "list", "bool", "int", "duration"] = "text"
    default: Any = None

    @property
    def initial(self) -> Any:
        """Its value if it is not given."""
        return self.default if self.default is not None else {"text": "", "list": (), "bool": False}.get(self.kind)

    @property
    def shown(self) -> str:
        """-n, --namespace"""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


COMMON = (
    Flag("namespace", "where to look; jobs and tasks are in cross-domain", "n"),
    Flag("node", "the node to ask: alice or bob (not a flag of kubectl's own)"),
    Flag("help", "show the command's help", "h", "bool"),
)


class Parsed(NamedTuple):
    """What is left of a line, and the value of every flag."""

    args: list[str]
    values: dict[str, Any]


def parse(words: Sequence[str], flags: Iterable[Flag], command: str, *, only_leading: bool = False) -> Parsed:
    """Sort out arguments and flags. `only_leading`: stop at the first argument, all the rest is one.

    KubectlError, with kubectl's text, for a flag that does not exist, lacks a value, or has a wrong one.
    """
    known = tuple(flags)
    parsed = Parsed([], {flag.name: flag.initial for flag in known})
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--" or (only_leading and (word == "-" or not word.startswith("-"))):
            parsed.args.extend(rest if word == "--" else [word, *rest])
            break
        if word.startswith("--"):
            _long(word, rest, known, parsed, command)
        elif word.startswith("-") and word != "-":
            _short(word, rest, known, parsed, command)
        else:
            parsed.args.append(word)
    return parsed


def _long(word: str, rest: list[str], known: Sequence[Flag], parsed: Parsed, command: str) -> None:
    name, equals, value = word[2:].partition("=")
    flag = next((flag for flag in known if flag.name == name), None)
    if flag is None:
        raise _usage(f"unknown flag: --{name}", command, choice(f"--{name}", [f"--{flag.name}" for flag in known]))
    if not equals:
        value = _next(flag, rest, f"--{name}", command)
    _set(flag, value, parsed, command)


def _short(word: str, rest: list[str], known: Sequence[Flag], parsed: Parsed, command: str) -> None:
    """One letter, or several of which only the last may have a value."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = next((flag for flag in known if flag.short == letter), None)
        if flag is None:
            hint = "one of: " + ", ".join(flag.shown for flag in known)
            raise _usage(f"unknown shorthand flag: '{letter}' in {word}", command, hint)
        if letters and (letters[0] == "=" or flag.kind != "bool"):
            value, letters = letters.removeprefix("="), ""
        else:
            value = _next(flag, [] if letters else rest, f"'{letter}' in {word}", command)
        _set(flag, value, parsed, command)


def _next(flag: Flag, rest: list[str], shown: str, command: str) -> str:
    """The value that follows the flag; a bool has none."""
    if flag.kind == "bool":
        return "true"
    if not rest:
        raise _usage(f"flag needs an argument: {shown}", command, f"{flag.shown}: {flag.help}")
    return rest.pop(0)


def _set(flag: Flag, value: str, parsed: Parsed, command: str) -> None:
    try:
        read = _READERS[flag.kind](value)
    except ValueError as error:
        what = f'invalid argument "{value}" for "{flag.shown}" flag: {error}'
        raise _usage(what, command, f"{flag.shown}: {flag.help}") from None
    parsed.values[flag.name] = parsed.values[flag.name] + read if flag.kind == "list" else read


def _usage(what: str, command: str, hint: str) -> KubectlError:
    called = f"kubectl {command}".strip()
    return KubectlError(f"error: {what}\nSee '{called} --help' for usage.", hint=hint)


# --- values ----------------------------------------------------------------------------------------------------------

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _bool(value: str) -> bool:
    if value not in ("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"):
        raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    return value in ("1", "t", "T", "true", "TRUE", "True")


def _int(value: str) -> int:
    if not re.fullmatch(r"[-+]?\d+", value):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    return int(value)


def seconds(value: str) -> float:
    """A duration of Go's: 60s, 1m30s, 0."""
    number = r"(?:\d+\.?\d*|\.\d+)"
    if re.fullmatch(rf"[-+]?{number}", value) and float(value):
        raise ValueError(f'time: missing unit in duration "{value}"')
    if not re.fullmatch(rf"[-+]?(?:0|(?:{number}(?:{'|'.join(_UNITS)}))+)", value):
        raise ValueError(f'time: invalid duration "{value}"')
    total = sum(float(count) * _UNITS[unit] for count, unit in re.findall(rf"({number})([a-zµ]+)", value))
    return -total if value.startswith("-") else total


_READERS = {
    "text": str,
    "list": lambda value: tuple(value.split(",")) if value else (),
    "bool": _bool,
    "int": _int,
    "duration": seconds,
}
