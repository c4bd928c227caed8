"""What a parameter of an operator may be: the kind of its value, its default, its meaning.

A table of these both checks what a job gives and documents it (`explain`).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ParameterError
from ..lookalike import named
from ..placeholder import unfilled
from ..problems import Problem
from .foreign import UNUSED, meant

LONGEST = 200
"""Characters of a value that are shown."""
PREFIX = "runtime.component.parameter."
"""What the name of a parameter begins with in an operator's environment (spec: kuscia §4.1)."""


class ValueKind(NamedTuple):
    """A kind of value: its type, what is allowed, and how its text is read (a ValueError says what is wrong)."""

    type: str
    allowed: str
    read: Callable[[str], Any]
    unimplemented: tuple[str, ...] = ()
    """Values that the interconnection standard has, and nobody implements."""


class Parameter(NamedTuple):
    """All that there is to know about a parameter."""

    name: str
    kind: ValueKind
    default: str | None
    """As it would be written in the environment; None if there is none."""
    unit: str
    meaning: str
    required: bool = False
    own: bool = False
    """Whether each party has its own value, in task_params.<role>.<index>; else it is in task_params.common."""

    def read(self, text: str | None) -> Any:
        """The value of this text, or the default's if there is no text."""
        if text is None and self.required:
            raise ValueError(f"parameter {self.name} is missing; allowed: {self.kind.allowed}")
        if text is None:
            return None if self.default is None else self.kind.read(self.default)
        try:
            return self.kind.read(text)
        except ValueError as error:
            shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"
            behind = named(text) or unfilled(text)
            why = f" ({behind})" if behind else ""
            raise ValueError(f"parameter {self.name} = {shown!r} {error}{why}; allowed: {self.kind.allowed}") from None


def read_all(table: Iterable[Parameter], texts: Mapping[str, str], operator: str) -> dict[str, Any]:
    """The value of each parameter of a table, by name; everything that is wrong is in one ParameterError."""
    values, problems = read_each(table, texts)
    refuse(problems, operator)
    return values


def read_each(table: Iterable[Parameter], texts: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The values that can be read, by name, and a problem for each text that is wrong or of an unknown parameter."""
    known = {parameter.name: parameter for parameter in table}
    problems = [Problem((name,), _unknown(name, known)) for name in texts if name not in known.keys() | UNUSED]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        try:
            values[name] = parameter.read(texts.get(name))
        except ValueError as error:
            problems.append(Problem((name,), str(error)))
    return values, problems


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """The parameters in a program's environment, by name; all are texts."""
    return {key.removeprefix(PREFIX): text for key, text in environment.items() if key.startswith(PREFIX)}


def _unknown(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    instead = meant(name, known) or (f"did you mean {near[0]}?" if near else "")
    return f"parameter {name} is unknown" + (f" ({instead})" if instead else "")


def refuse(problems: Sequence[Problem], operator: str) -> None:
    """One ParameterError for all problems, if there are any."""
    if not problems:
        return
    error = ParameterError(problems[0].text)
    if len(problems) > 1:
        where = "\n".join(problem.text for problem in problems)
        error = ParameterError(f"{len(problems)} problems with the parameters of {operator}", where=where)
    error.problems = tuple(problems)
    raise error


def check_equal(first: Mapping[str, Any], second: Mapping[str, Any], domains: Sequence[str]) -> None:
    """A ParameterError, if a common parameter has another value at the other node; both by rank."""
    for name, ours in first.items():
        others = second.get(name)
        if ours != others:
            what = f"parameter {name} differs: {ours!r} at {domains[0]}, {others!r} at {domains[1]}"
            raise ParameterError(what, hint="give it once, in task_params.common")


def whole(low: int, high: int = 2**63 - 1, why: str = "") -> ValueKind:
    """A whole number in a range, and why it ends where it does."""

    def read(text: str) -> int:
        if re.fullmatch(r"[+-]?[0-9]+\.0*", text):
            raise ValueError("is not a whole number (write it without a decimal point)")
        if not re.fullmatch(r"[+-]?[0-9]{1,1000}", text):
            raise ValueError("is not a whole number")
        if not low <= int(text) <= high:
            raise ValueError("is out of range")
        return int(text)

    return ValueKind("int", (f"{low} or more" if high == 2**63 - 1 else f"{low} to {high}") + why, read)


def number(allowed: str, accepts: Callable[[float], bool], refusal: str = "is out of range") -> ValueKind:
    """A finite number: what is allowed for people and as a check, and what is said of one that is not."""

    def read(text: str) -> float:
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
            raise ValueError("is not a number")
        value = float(text)
        if not (math.isfinite(value) and accepts(value)):
            raise ValueError(refusal)
        return value

    return ValueKind("float", allowed, read)


def enum(supported: str, *unimplemented: str) -> ValueKind:
    """One of an interconnection enum's values, in upper or lower case as with the reference operator."""

    def read(text: str) -> str:
        value = text.lower()
        if value in unimplemented:
            raise ValueError("is in the interconnection standard, but nobody implements it")
        if value != supported:
            guess = difflib.get_close_matches(value, [supported], 1)
            raise ValueError("is unknown" + (f' (did you mean "{supported}"?)' if guess else ""))
        return supported

    return ValueKind("choice", supported, read, unimplemented)


def one_of(*values: str) -> ValueKind:
    """One of several values, in upper or lower case."""

    def read(text: str) -> str:
        if text.lower() not in values:
            guess = difflib.get_close_matches(text.lower(), values, 1)
            raise ValueError("is unknown" + (f' (did you mean "{guess[0]}"?)' if guess else ""))
        return text.lower()

    return ValueKind("choice", ", ".join(values), read)


def boolean(refusal: str = "") -> ValueKind:
    """true or false; only true if there is a reason to refuse false."""

    def read(text: str) -> bool:
        if text not in ("true", "false"):
            guess = text.lower() in ("true", "false")
            raise ValueError("is not a truth value" + (f' (did you mean "{text.lower()}"?)' if guess else ""))
        if text == "false" and refusal:
            raise ValueError(refusal)
        return text == "true"

    return ValueKind("bool", "true" if refusal else "true, false", read)


def form(allowed: str, pattern: str) -> ValueKind:
    """Any text of this form: `allowed` for people, `pattern` to check it."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError("does not have the right form")
        return text

    return ValueKind("text", allowed, read)


_PLAIN = form("a plain name, without folders", r"(?!\.\.?$)[^/\\\0]+")
FILE = (
    Parameter("name", _PLAIN, None, "", "this party's data file", own=True),
    Parameter("namespace", _PLAIN, None, "", "the folder of the data file", own=True),
)
"""Which file a party reads, of every operator."""
