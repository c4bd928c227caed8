"""What an exercise is, and how an answer to it is checked."""

from __future__ import annotations

import math
import pkgutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.sample import write_sample
from ..errors import KusciaError, WrongAnswer
from ..problems import choice
from ..texts import speaker
from ..views.table import html_paragraph, wrapped

if TYPE_CHECKING:
    import pandas as pd

_LESSON = "lesson_"

RIGHT, WRONG, OPEN = "right", "not yet", "not answered yet"

_MARKS = {RIGHT: "✓", WRONG: "✗", OPEN: "…"}
_COLOURS = {
    RIGHT: "var(--jp-success-color1, #2e7d32)",
    WRONG: "var(--jp-warn-color1, #b35900)",
    OPEN: "var(--jp-border-color1, #8c8c8c)",
}
_MARGIN = "border-left:3px solid {color};padding-left:0.7em"


class Exercise(NamedTuple):
    """One question of a notebook."""

    test: Callable[[Any], None]
    """Raises `Wrong` for an answer that is not right."""
    why: str
    """What there is to say of a right answer."""
    hints: tuple[str, ...]


class Wrong(Exception):
    """An answer that is not right. The text says what is wrong with it, with its {values} filled in."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.text, self.values = text, values


class Unanswered(Exception):
    """There is no answer yet."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What became of an answer: `state` is "right", "not yet" or "not answered yet". It is true if it is right."""

    exercise: str
    state: str
    headline: str
    more: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.state == RIGHT

    def __repr__(self) -> str:
        return "\n".join(map(wrapped, (self.headline, *self.more)))

    def _repr_html_(self) -> str:
        shown = html_paragraph(f"{_MARKS[self.state]} {self.headline}")
        shown += "".join(f"<p>{escape(line)}</p>" for line in self.more)
        return f'<div style="{_MARGIN.format(color=_COLOURS[self.state])}">{shown}</div>'


_exercises: dict[str, Exercise] = {}
_tries: Counter[str] = Counter()

verdicts: dict[str, list[str]] = {}
"""The states of all verdicts of this process, by exercise, from the first to the last."""


def exercise(name: str, *hints: str, why: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make an exercise of a function that takes an answer, and raises `Wrong` if it is not right."""

    def register(test: Callable[[Any], None]) -> Callable[[Any], None]:
        _exercises[name] = Exercise(test, why, hints)
        return test

    return register


def check(exercise: str, answer: Any = ..., *, strict: bool = False) -> Verdict:
    """Check an answer to an exercise of the notebooks, such as "4.1"; the result shows itself.

    Each wrong answer gets the next hint. The verdict is true only for a right answer, so `assert kn.check(...)` grades
    it. With `strict`, an answer that is not right, or is not there, raises WrongAnswer, which says the same. An unknown
    exercise is a KusciaError.
    """
    verdict = _judge(_found(str(exercise)), exercise, answer)
    verdicts.setdefault(verdict.exercise, []).append(verdict.state)
    if strict and not verdict:
        raise WrongAnswer(verdict.headline, where="\n".join(verdict.more))
    return verdict


def _judge(found: Exercise, exercise: str, answer: Any) -> Verdict:
    say = speaker()
    verdict = partial(Verdict, str(exercise))
    try:
        if answer is ... or answer is None:
            raise Unanswered
        found.test(answer)
    except Unanswered:
        headline = say("Exercise {name}: not answered yet.", name=exercise)
        return verdict(OPEN, headline, (say("Put your answer in place of ... and run the cell again."),))
    except Wrong as wrong:
        fault = say(wrong.text, **wrong.values)
    except Exception as error:
        fault = say("It cannot be checked: {error}", error=f"{type(error).__name__}: {error}")
    else:
        _tries.pop(exercise, None)
        return verdict(RIGHT, say("Exercise {name}: right.", name=exercise), (say(found.why),))
    at = min(_tries[exercise], len(found.hints) - 1)
    _tries[exercise] += 1
    hint = say("Hint {number} of {count}: {hint}", number=at + 1, count=len(found.hints), hint=say(found.hints[at]))
    return verdict(WRONG, say("Exercise {name}: not yet.", name=exercise), (fault, hint))


def names() -> list[str]:
    """The exercises of all notebooks, in their order."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith(_LESSON):
            import_module(f"{package}.{module.name}")
    return sorted(_exercises, key=lambda name: [*map(int, name.split("."))])


def _found(name: str) -> Exercise:
    if name not in _exercises:
        known = names()
        if name not in known:
            raise KusciaError(f"there is no exercise {name}", hint=choice(name, known))
    return _exercises[name]


# What tests of answers are made of.


def number(answer: Any) -> float:
    """The answer as a finite number. What has one element is one, and so is a text that reads as one."""
    answer = _single(answer)
    if isinstance(answer, bytes | bool) or (isinstance(answer, str) and not _reads_as_number(answer)):
        raise Wrong("A number is asked for, and this is {answer!r}.", answer=answer)
    try:
        value = float(answer)
    except (TypeError, ValueError):
        raise Wrong("A number is asked for, and this is of type {kind}.", kind=type(answer).__name__) from None
    if not math.isfinite(value):
        raise Wrong("A number is asked for, and this is {answer!r}.", answer=value)
    return value


def _single(answer: Any) -> Any:
    """What is in a list, an array or a column of one element."""
    try:
        array = np.asarray(answer)
    except ValueError:  # rows of different lengths
        return answer
    return array.item() if array.size == 1 else answer


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def called(function: Any, *arguments: Any) -> Any:
    """What a function that was given as an answer returns."""
    if not callable(function):
        raise Wrong("A function is asked for, and this is of type {kind}.", kind=type(function).__name__)
    try:
        result = function(*arguments)
    except Exception as error:
        shown = ", ".join(map(repr, arguments))
        raise Wrong(
            "Called with ({shown}), it raises {error}.", shown=shown, error=f"{type(error).__name__}: {error}"
        ) from error
    if result is None or result is ...:
        raise Unanswered
    return result


def sample() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The data that every cluster begins with, alice's and bob's, whatever has become of the files since."""
    import pandas as pd

    with TemporaryDirectory() as folder:
        paths = Path(folder, "a.csv"), Path(folder, "b.csv")
        write_sample(*paths)
        alice, bob = map(pd.read_csv, paths)
    return alice, bob
