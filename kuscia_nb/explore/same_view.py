"""Alice's view fits every file of bob's: the draws of his with which she gets the very same messages are found.

Two trainings run, of the job's own code: four rows, a column of each, two batches. In the second one bob has a column
that somebody has invented. For each column there is exactly one choice of his draws with which alice gets this, and all
choices are equally likely: so it tells her nothing of which column it was. A proof of security says so of every column;
here it is done for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..mpc import Ring
from ..texts import speaker
from ..views.table import Table
from .equivocation import ROWS, Numbers, Training
from .lesson import Field, Lesson, explorer, impossible, number, repeatable

_LIMIT = 1000.0
_DRAWS = 3
"""Of the random numbers that differ, the first ones are shown."""


class Received(NamedTuple):
    """A message that alice gets, or at last her share of the model."""

    what: str
    """Its purpose, as the ledger has it."""
    real: Ring
    """What is in it when bob has his true column."""
    invented: Ring
    """What is in it when he has the invented one."""


@dataclass(frozen=True, repr=False, eq=False)
class SameView(Lesson):
    """What alice gets in two trainings, with two columns of bob's."""

    column: tuple[float, ...]
    """Bob's true column."""
    invented: tuple[float, ...]
    """The one that was invented."""
    received: tuple[Received, ...]
    """All that alice gets, in order, and at last her share of the weights."""
    draws: tuple[Ring, Ring]
    """Bob's random numbers in the first training, and those that were found."""
    weights: tuple[Numbers, Numbers]
    """What both trainings learned: alice's weight, bob's, and the intercept."""
    seed: int | None
    """Of a repeatable run; None if its randomness was fresh."""

    @property
    def same(self) -> bool:
        """Whether alice gets the same, bit for bit."""
        return all(np.array_equal(one.real, one.invented) for one in self.received)

    @property
    def headline(self) -> str:
        count = sum(one.real.size for one in self.received)
        columns = {"real": _listed(self.column), "invented": _listed(self.invented)}
        say = speaker()
        return say(
            "Alice gets {count} numbers, the same bit for bit, whether bob's column is {real} or {invented}",
            count=count,
            **columns,
        )

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        true, other = say("with bob's true column"), say("with the invented one")
        columns = (say("message"), say("how many"), say("the first one, with bob's true column"), other)
        rows = [(what, str(real.size), f"{real.flat[0]}", f"{found.flat[0]}") for what, real, found in self.received]
        hidden = [*self._cells(), *self._draws(), *self._weights()]
        return [
            Table(say("What alice gets, and at last her share of the model"), columns, rows, 1),
            Table(say("What alice does not see"), ("", true, other), hidden, 1),
        ]

    def _cells(self) -> list[tuple[str, str, str]]:
        say = speaker()
        both = zip(self.column, self.invented, strict=True)
        return [(say("row {number} of his column", number=i), f"{a:g}", f"{b:g}") for i, (a, b) in enumerate(both, 1)]

    def _draws(self) -> list[tuple[str, str, str]]:
        """The first of the random numbers that differ."""
        say, (before, after) = speaker(), self.draws
        changed = np.flatnonzero(before != after)
        rows = [
            (say("his random number {number}", number=i + 1), f"{before[i]}", f"{after[i]}") for i in changed[:_DRAWS]
        ]
        more = (
            [(say("and {count} more of them", count=len(changed) - _DRAWS), "…", "…")] if len(changed) > _DRAWS else []
        )
        return rows + more

    def _weights(self) -> list[tuple[str, str, str]]:
        say = speaker()
        names = map(say, ("the weight of alice's column", "the weight of bob's column", "the intercept"))
        return [(name, f"{a:.6f}", f"{b:.6f}") for name, a, b in zip(names, *self.weights, strict=True)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        meaning = say(
            "For every column of bob's there are random numbers of his with which alice gets exactly this, one choice "
            "for each column, and all choices are equally likely. So nothing that she gets speaks for one column or "
            "for another, and no computer can help her."
        )
        limit = say(
            "It holds for alice alone, without the TTP, which knows bob's random numbers. In a job they are stretched "
            "from a seed with AES, so there it holds for everybody who cannot break AES."
        )
        return [meaning, limit, *repeatable(self.seed)]


def _listed(numbers: Numbers) -> str:
    return "(" + ", ".join(f"{one:g}" for one in numbers) + ")"


@explorer(
    "Find again",
    Field("invented", "Bob's column", "four numbers that bob might have, such as 3, 1, 4, 1"),
)
def same_view(
    invented: str | Numbers = "3, 1, 4, 1",
    *,
    column: Numbers = (0.5, -0.25, 0.75, -1.0),
    alice: Numbers = (1.0, 0.5, -0.5, 0.25),
    labels: Numbers = (1, 0, 1, 0),
    seed: int | None = None,
) -> SameView:
    """Invent a column for bob, and find the random numbers of his with which alice gets the very same messages.

    A training of four rows, with bob's true `column`, and once more with the `invented` one: `alice` and `labels` are
    alice's. `seed` makes the run repeatable, for a lesson; nothing is secret then.
    """
    named = {"invented": invented, "column": column, "alice": alice, "labels": labels}
    fake, true, own, truth = (_four(name, numbers) for name, numbers in named.items())
    training = Training(own, truth, seed)
    first = training.run(true, training.drawn)
    other, drawn = training.fitted(fake, first)
    both = zip(first.received, other.received, strict=True)
    received = tuple(Received(what, real, found) for (what, real), (_, found) in both)
    return SameView(true, fake, received, (training.drawn, drawn), (first.weights, other.weights), seed)


def _four(name: str, numbers: str | Numbers) -> tuple[float, ...]:
    """A column."""
    try:
        parts = numbers.replace("，", ",").split(",") if isinstance(numbers, str) else list(numbers)
        values = [float(part) for part in parts]
    except (TypeError, ValueError):
        values = []
    if len(values) != ROWS:
        raise impossible(name, numbers, f"{ROWS} numbers, such as 3, 1, 4, 1")
    return tuple(number(name, value, _LIMIT) for value in values)
