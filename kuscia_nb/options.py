"""What may be said of how a job is run and shown, beyond its manifest: every option is defined here, and only here.

A field is an option: with its type, what it may be, its default, and in `About` what it means and who takes it. From
these are made the arguments of `Cluster.apply` and `submit`, the options of the magics that start a job and their
`--help`, the traits of `%config KusciaMagics` and the arguments of `python -m kuscia_nb`.
"""

from __future__ import annotations

import inspect
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from keyword import iskeyword
from numbers import Integral, Real
from typing import Annotated, Any, Concatenate, Literal, NamedTuple, ParamSpec, TypeVar, get_args, get_type_hints

from .errors import KusciaError
from .faults import parse

Strategy = Literal["preprocessed", "interconnection"]
Truncation = Literal["auto", "local", "ttp"]
Level = Literal["full", "sizes", "off"]
View = Literal["live", "plain", "none"]
Language = Literal["auto", "en", "zh"]
Accept = Literal["always", "ask", "never"]
Reveal = Literal["agreed", "never"]
"""What becomes of a peer's job, and whether this party's share goes to a peer: of a node that is alone here."""

Taker = Literal["call", "magic", "config", "terminal", "program"]
"""Who takes an option: `apply` and `submit`, a magic's line, `%config`, the terminal. Programs are told."""

LONGEST = threading.TIMEOUT_MAX
"""Seconds that can be waited for."""

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
Made = TypeVar("Made")
R = TypeVar("R")


def _variable(text: str) -> str:
    if not text.isidentifier() or iskeyword(text):
        raise ArgumentTypeError(f"{text!r} is not a name for a variable")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST:
        raise ArgumentTypeError(f"{text!r} is not a time in seconds, a number above 0")
    return seconds


class About(NamedTuple):
    """What an option means and who takes it, separated by blanks."""

    takers: str
    help: str
    metavar: str | None = None
    read: Callable[[str], Any] | None = None
    """Reads it from a line, where its type alone does not."""
    short: str = ""
    """Its letter on a line."""


@dataclass(frozen=True, kw_only=True)
class Showing:
    """How a magic waits for a job and shows it."""

    no_wait: Annotated[bool, About("magic config", "do not wait for the end; the job runs in the background")] = False
    out: Annotated[
        str | None, About("magic", "put the Job into this variable, before it ends", "NAME", _variable, "o")
    ] = None
    view: Annotated[
        View, About("magic config", "live: show the job while it runs; plain: only what became of it; none: nothing")
    ] = "live"
    timeout: Annotated[float | None, About("magic config", "stop the job if it takes longer", "SECONDS", _seconds)] = (
        None
    )
    language: Annotated[Language, About("config", "of the job view: en, zh, or auto (JupyterLab's, or LANG)")] = "auto"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a job is run. A KusciaError says what an option may be instead."""

    replace: Annotated[bool, About("call", "delete a finished job of this name first")] = False
    strategy: Annotated[
        Strategy,
        About(
            "call magic config terminal program",
            "how products of secrets are made: triples in bulk, or message by message as interconnection peers do it",
        ),
    ] = "preprocessed"
    truncation: Annotated[
        Truncation,
        About(
            "call magic config terminal program",
            "how products are truncated: by each party alone, with the TTP's help, which never fails, or so where the "
            "other would fail too often (auto)",
        ),
    ] = "auto"
    seed: Annotated[
        int | None,
        About(
            "call magic config terminal",
            "a repeatable run, for teaching: nothing in it is secret; runs with one seed have the same masks",
            "N",
        ),
    ] = None
    time_limit: Annotated[
        float | None, About("call magic config", "the job fails on both nodes if it takes longer", "SECONDS", _seconds)
    ] = None
    trace: Annotated[
        Level,
        About(
            "call magic config",
            "what is written down of the messages: numbers too, their sizes (which costs next to nothing), or nothing",
        ),
    ] = "sizes"
    verify: Annotated[
        bool,
        About(
            "call magic config",
            "both parties compare digests of all messages before the job succeeds, and check what the TTP gives them",
        ),
    ] = False
    inject: Annotated[
        str | None,
        About(
            "call magic",
            'inject faults on purpose, to see what is noticed of them: "drop:7", "flip:3@alice", "disk-full@bob", ...',
            "FAULTS",
        ),
    ] = None
    shadow: Annotated[
        bool,
        About(
            "call magic config",
            "for teaching: compare with the same training in plaintext, which only an observer of both nodes can",
        ),
    ] = False
    memory_limit: Annotated[
        int | None,
        About(
            "call magic config terminal program",
            "megabytes of memory for both parties' columns, half of the machine's if it is not said: a party whose "
            "columns take more than half of that reads them from a file, block by block, while it trains",
            "MB",
        ),
    ] = None

    @property
    def chosen(self) -> list[str]:
        """The names of those that are not what they are by default."""
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]

    def __post_init__(self) -> None:
        for option in OPTIONS:
            value = getattr(self, option.name, None)
            if value is not None and option.choices and value not in option.choices:
                raise KusciaError(f"{option.name} {value!r} is unknown", hint="one of " + ", ".join(option.choices))
            if option.type is bool and value is not None and value not in (True, False):  # "no" would be a yes
                raise KusciaError(f"{option.name} {value!r} is not possible", hint="True or False")
        if self.seed is not None and not isinstance(self.seed, Integral):
            hint = "a whole number, or None for a run that is secret"
            raise KusciaError(f"seed {self.seed!r} is not possible", hint=hint)
        limit = self.time_limit
        if limit is not None and not (isinstance(limit, Real) and 0 < limit <= LONGEST):
            raise KusciaError(f"time_limit {limit!r} is not possible", hint="seconds, a number above 0, or None")
        if self.memory_limit is not None and not (isinstance(self.memory_limit, Integral) and self.memory_limit > 0):
            hint = "a whole number of megabytes, or None for half of the machine's memory"
            raise KusciaError(f"memory_limit {self.memory_limit!r} is not possible", hint=hint)

        if self.inject is not None:
            parse(self.inject)

    def environment(self) -> dict[str, str]:
        """What the parties' programs are told of it."""
        said = {variable(one.name): getattr(self, one.name) for one in taken_by("program")}
        return {name: str(value) for name, value in said.items() if value is not None}


class Option(NamedTuple):
    """All that there is to know about one option."""

    name: str
    annotation: Any
    type: type
    """bool, int, str, or float, which is a time in seconds."""
    choices: tuple[str, ...]
    default: Any
    about: About

    @classmethod
    def all_of(cls, holder: type) -> Iterator[Option]:
        """Those that a class has for its fields."""
        hints = get_type_hints(holder, include_extras=True)
        for field in fields(holder):
            annotation, about = get_args(hints[field.name])
            texts = all(isinstance(one, str) for one in get_args(annotation)) and get_args(annotation)
            known = str if texts else (get_args(annotation) or (annotation,))[0]  # of `int | None`, int
            yield cls(field.name, annotation, known, texts or (), field.default, about)

    @property
    def argument(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Names and keywords for argparse; what is not said is None there, or False."""
        names = (f"-{self.about.short}",) if self.about.short else ()
        names = (*names, f"--{self.name.replace('_', '-')}")
        how: dict[str, Any] = {"help": self.about.help}
        if self.type is bool:
            return names, {"action": "store_true", **how}
        if self.choices:
            return names, {"choices": self.choices, **how}
        return names, {"type": self.about.read or self.type, "metavar": self.about.metavar, **how}


OPTIONS = (*Option.all_of(Showing), *Option.all_of(Options))


def taken_by(*takers: Taker) -> list[Option]:
    """The options that all of these take."""
    return [option for option in OPTIONS if set(takers) <= set(option.about.takers.split())]


def variable(name: str) -> str:
    """The variable in a program's environment that has an option."""
    return f"kuscia_nb.{name}"


def by_name(options: Callable[P, Made]) -> Callable[[Callable[[S, T, Made], R]], Callable[Concatenate[S, T, P], R]]:
    """Of a method that takes Options as its last argument: let it take each by its name, with its help."""

    def decorated(method: Callable[[S, T, Made], R]) -> Callable[Concatenate[S, T, P], R]:
        @wraps(method)
        def taking(self: S, what: T, *args: P.args, **named: P.kwargs) -> R:
            return method(self, what, options(*args, **named))

        own, taken = inspect.signature(method), taken_by("call")
        named = [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.annotation)
            for one in taken
        ]
        taking.__signature__ = own.replace(parameters=[*list(own.parameters.values())[:-1], *named])  # type: ignore[attr-defined]
        helps = "\n".join(f"`{one.name}`: {one.about.help}." for one in taken)
        taking.__doc__ = f"{inspect.cleandoc(method.__doc__ or '')}\n\n{helps}"
        return taking

    return decorated
