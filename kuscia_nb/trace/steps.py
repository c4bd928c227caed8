"""What a trace consists of: steps with numbers, messages, and what had to be left out. Plain data, from any source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..mpc.ledger import Message, Total
from ..mpc.ring import Ring
from ..texts.sentence import Sentence
from .formulas import KINDS, StepKind

BOTH = 2
"""In `Number.whose`: not a party's own, but common to both."""
TTP_SEES = 4
"""In `Number.sees`: the TTP; 1 and 2 are the parties of rank 0 and 1."""
SEES = {"own": 0, "drawn": TTP_SEES, "dealt": TTP_SEES, "sent": 3}
"""Who sees a number, beside its party (trace.formulas)."""


class Number(NamedTuple):
    """An array in a step: all of it, or its first elements."""

    name: str
    whose: int
    """A rank, or BOTH."""
    sees: int
    """Who sees it: the sum of 1 (rank 0), 2 (rank 1) and TTP_SEES."""
    shape: tuple[int, ...]
    data: Ring
    """Flat."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        return self.data.size == self.size

    def array(self) -> Ring:
        """All of it, in its shape."""
        return self.data.reshape(self.shape)


class Step(NamedTuple):
    """One step of the protocol, as the observer puts it together from what both parties wrote down."""

    task: int
    """Which of the trace's tasks."""
    kind: str
    """A key of formulas.KINDS."""
    op: str
    """What it is for."""
    operation: int
    """Steps of one operation, a product for example, have the same number."""
    batch: int
    """In its epoch, from 1; outside of training it is 0, and so is `epoch`."""
    epoch: int
    bits: int
    """By how many bits a result was truncated."""
    numbers: tuple[Number, ...]
    messages: tuple[int, ...]
    """The seq of its messages in the trace."""
    draws: tuple[int, ...]
    """Counters and sizes of random numbers as the TTP is told them, in turns."""

    @property
    def about(self) -> StepKind:
        return KINDS[self.kind]

    def number(self, name: str, whose: int = BOTH) -> Number | None:
        """A number by its name and party, if the step has it."""
        return next((n for n in self.numbers if n.name == name and n.whose == whose), None)

    def sum(self, name: str) -> Ring | None:
        """What both parties' shares of this name add up to, as far as both are known."""
        first, second = self.number(name, 0), self.number(name, 1)
        if first is None or second is None or first.shape != second.shape:
            return None
        known = min(first.data.size, second.data.size)
        return first.data[:known] + second.data[:known]


class Task(NamedTuple):
    """One task of a job."""

    id: str
    names: tuple[str, str]
    """The parties by rank."""
    fxp_bits: int
    mirrored: bool
    """Whether rank 1 rounds up where rank 0 rounds down."""
    left_out: int
    """Operations that the parties did not keep."""
    unlisted: int
    """Messages that the ledger did not keep."""
    totals: tuple[tuple[str, str, Total], ...] = ()
    """What all messages come to: sender, receiver, total."""


class Sent(NamedTuple):
    """A message of a task."""

    task: int
    message: Message


@dataclass(frozen=True)
class Record:
    """A whole trace."""

    level: str
    """full, sizes or off."""
    tasks: tuple[Task, ...] = ()
    steps: tuple[Step, ...] = ()
    messages: Sequence[Sent] = ()
    title: str = ""
    notes: tuple[str, ...] = field(default=())
    """What has to be known about how it came about."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parties in alphabetical order."""
        return tuple(sorted({name for task in self.tasks for name in task.names}))

    @cached_property
    def step_of(self) -> dict[int, int]:
        """Message seq -> the step that it belongs to."""
        return {seq: i for i, step in enumerate(self.steps) for seq in step.messages}

    @property
    def left_out(self) -> str:
        """What is not in the trace, as text; empty if all is."""
        return "left out: " + "; ".join(self.lacking) if self.lacking else ""

    @cached_property
    def lacking(self) -> list[Sentence]:
        """Each thing that is not in the trace."""
        parts = []
        operations, unlisted = (sum(getattr(task, name) for task in self.tasks) for name in ("left_out", "unlisted"))
        if operations:
            parts.append(Sentence("{count:,} operations from the middle of the run", count=operations))
        if unlisted:
            text = "{count:,} messages behind the first ones, which are counted in the totals"
            parts.append(Sentence(text, count=unlisted))
        cut, shortest = _cut(self.steps)
        if cut:
            text = "all but the first {shortest} elements of {count:,} arrays"
            parts.append(Sentence(text, shortest=shortest, count=cut))
        return parts


def _cut(steps: Iterable[Step]) -> tuple[int, int]:
    """How many arrays are not whole, and how many elements the shortest of them has."""
    sizes = [number.data.size for step in steps for number in step.numbers if not number.whole]
    return len(sizes), min(sizes, default=0)


def empty() -> Ring:
    """No elements."""
    return np.empty(0, np.uint64)
