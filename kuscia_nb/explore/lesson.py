"""What every explorer has in common: two parties that run a small program in lockstep, and results to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from html import escape
from importlib import import_module
from numbers import Integral
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

import numpy as np

from .. import mpc
from ..backends import DOMAINS
from ..errors import DataError, KusciaError
from ..mpc import BlockPrg, Ring, Semi2k, Share
from ..mpc.ring import signed
from ..texts import speaker
from ..views.table import Table, html_paragraph, wrapped

ALICE, BOB = DOMAINS
"""Rank 0 and rank 1 of every lesson."""

MOST = 1_000_000
"""Repetitions; more take long, and show nothing new."""

P = ParamSpec("P")
R = TypeVar("R")


class Player(NamedTuple):
    """One party of a lesson."""

    semi2k: Semi2k
    random: BlockPrg
    """Random numbers that nobody else knows (those for triples are known to the TTP, too)."""

    @property
    def rank(self) -> int:
        return self.semi2k.rank

    async def split(self, secrets: Ring | None, size: int) -> Share:
        """This party's fresh share of the secrets of one party, who gives them; the other one gives None.

        The owner draws random numbers r, keeps x - r and sends r.
        """
        semi2k = self.semi2k
        if secrets is None:
            return semi2k.share.of(np.frombuffer(await semi2k.link.receive(), np.uint64))
        drawn = self.random.draw(size)
        await semi2k.link.send(drawn.tobytes(), "send r")
        return semi2k.share.of(secrets - drawn)


def run(
    program: Callable[[Player], Coroutine[Any, Any, R]], seed: int | None, fxp_bits: int, *, replays: bool = False
) -> tuple[R, R]:
    """Run a program in both parties, each with its own seeds and its end of a link; what each of them returns.

    With a `seed` the run can be repeated, and nothing in it is secret. With `replays` the TTP answers again what it has
    answered.
    """
    both = {name: seeds_of(seed, name) for name in (ALICE, BOB)}
    links, ttp = mpc.connect((ALICE, BOB)), mpc.TrustedThirdParty(replays=replays)

    async def party(link: mpc.Link) -> R:
        seeds = both[link.name]
        semi2k = await Semi2k.start(link, ttp, seeds, mpc.Terms(fxp_bits=fxp_bits))
        result = await program(Player(semi2k, BlockPrg(seeds.draw("split"))))
        semi2k.ttp.leave()
        return result

    outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return outcomes[0].result, outcomes[1].result


# Arguments, checked before anything runs.


def impossible(name: str, value: Any, hint: str) -> DataError:
    """What every wrong argument is: an error that names it, and says what is possible."""
    return DataError(f"{name} = {value!r:.60} is not possible", hint=hint)


def seeds_of(seed: int | None, scope: str) -> mpc.Seeds:
    """Where seeds come from: from the operating system, or the same each time if there is a `seed`."""
    if seed is not None and not isinstance(seed, Integral):
        raise impossible("seed", seed, "a whole number, or None")
    return mpc.Seeds(seed, scope)


def number(name: str, value: float, limit: float) -> float:
    """A finite number below a limit in size."""
    try:
        fits = math.isfinite(value) and abs(value) < limit
    except (TypeError, OverflowError):
        fits = False
    if not fits:
        raise impossible(name, value, f"a number between {-limit:g} and {limit:g}")
    return float(value)


def whole(name: str, value: float | str, least: int, most: int) -> int:
    """A whole number in a range."""
    try:
        fits = value == int(value) and least <= int(value) <= most
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise impossible(name, value, f"a whole number from {least:,} to {most:,}")
    return int(value)


def element(ring: Ring) -> int:
    """The only element of an array, as a signed integer."""
    return int(signed(ring).item())


# Results.


class Lesson:
    """A result: a headline, tables, and notes on how to read them; as text and as HTML."""

    @property
    def headline(self) -> str:
        """What came out, in one line."""
        raise NotImplementedError

    @property
    def tables(self) -> list[Table]:
        """Its numbers."""
        raise NotImplementedError

    @property
    def drawing(self) -> str:
        """A picture of them, as SVG with words in it for who cannot see it; empty if there is none."""
        return ""

    @property
    def notes(self) -> list[str]:
        """How to read them."""
        return []

    def __repr__(self) -> str:
        parts = [wrapped(self.headline), *(table.text() for table in self.tables), *map(wrapped, self.notes)]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return html_paragraph(self.headline) + self.html_below()

    def html_below(self) -> str:
        """What stands below the headline."""
        tables = "".join(table.html() for table in self.tables)
        return self.drawing + tables + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def repeatable(seed: int | None) -> list[str]:
    """What has to be said about a run with a seed."""
    say = speaker()
    return [] if seed is None else [say("Repeatable run with seed {seed}: nothing in it is secret.", seed=seed)]


def bar(count: float, most: float, width: int = 30) -> str:
    """A count as a row of blocks."""
    return "█" * round(width * count / most) if most else ""


class Field(NamedTuple):
    """An argument that can be edited in a form."""

    name: str
    label: str
    explanation: str
    least: float | None = None
    most: float | None = None
    """Both for whole numbers; without them the argument is any number, or one of `choices`."""
    choices: tuple[str, ...] = ()
    slider: bool = False
    """Whether a whole number, or one of the choices, is moved to rather than typed or picked."""


class Explorer(Generic[P, R]):
    """A function to explore with: call it for a result, or call `.widget()` for a form with its arguments."""

    def __init__(self, function: Callable[P, R], again: str, fields: tuple[Field, ...], form: str) -> None:
        self._function, self._again, self._fields, self._form = function, again, fields, form
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__wrapped__ = function  # so that its signature is shown

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def widget(self, **start: Any) -> Any:
        """The form, for a notebook with ipywidgets. `start` are arguments that differ from the function's own."""
        try:
            module = import_module(f".{self._form}", __package__)
        except ImportError as error:
            raise KusciaError("a form needs ipywidgets", hint="pip install ipywidgets") from error
        return module.Form(self._function, self._again, self._fields, start)

    def __repr__(self) -> str:
        return f"<explorer {self.__name__}: call it, or call .widget() for a form>"


def explorer(again: str, *fields: Field, form: str = "form") -> Callable[[Callable[P, R]], Explorer[P, R]]:
    """Make an explorer of a function that returns a `Lesson`. `again` stands on the button that runs it anew.

    `form` is the module here that has its `Form`.
    """
    return lambda function: Explorer(function, again, fields, form)
