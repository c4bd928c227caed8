"""What the trace viewer shows of steps beside the numbers themselves: once for all steps that have it in common.

Which numbers a step has, who sees them, how they are written, and its formulas are said here alone (trace.equations,
trace.view): the browser puts numbers in their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..trace.columns import Names
from ..trace.equations import Part, equations, fraction_bits
from ..trace.formulas import KINDS
from ..trace.steps import BOTH, Number, Record, Step, Task
from ..trace.view import OBSERVER, TTP, View, carried


def lenses(record: Record) -> list[str]:
    """Through whose eyes one may look."""
    return [*record.names, TTP, OBSERVER]


def seen_by(people: Sequence[str], record: Record) -> int:
    """The lenses that see something, as bits in their order."""
    return sum(1 << place for place, lens in enumerate(lenses(record)) if lens in people)


def patterns(record: Record) -> tuple[list[dict[str, Any]], list[int]]:
    """Every pattern of steps, and which one each step is of.

    A pattern has
        task, kind   where these steps are, and what they do
        numbers      of each: its name, whose it is (none of a party: common to both), its shape, the lenses that see it
                     as bits, and its bits behind the point (none: a whole number)
        equations    each in pieces: text, or [symbols, numbers], where numbers are places in `numbers`, or symbols
        rows         the numbers in the order of a table: one place, or two that are added
    """
    views = [View(record, lens) for lens in lenses(record)]
    forms, found, members = Names(), [], []
    for step in record.steps:
        form = (step.task, step.kind, step.bits, tuple((n.name, n.whose, n.sees, n.shape) for n in step.numbers))
        place = forms[form]
        if place == len(found):
            found.append(_pattern(step, record.tasks[step.task], views))
        members.append(place)
    return found, members


def carried_places(record: Record) -> list[int]:
    """For every message of every step: where in the step's numbers is what it carries, counted from 1; 0 is nowhere."""
    result = []
    for step in record.steps:
        task = record.tasks[step.task]
        numbers = (carried(step, record.messages[seq].message, task) for seq in step.messages)
        result += [0 if number is None else _place(step, number) + 1 for number in numbers]
    return result


def kinds(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What these patterns do, in words."""
    names = dict.fromkeys(pattern["kind"] for pattern in found)
    return {name: {"title": KINDS[name].title, "text": KINDS[name].text} for name in names}


def _pattern(step: Step, task: Task, views: list[View]) -> dict[str, Any]:
    return {
        "task": step.task,
        "kind": step.kind,
        "numbers": [_number(number, step, task, views) for number in step.numbers],
        "equations": [[_piece(piece, step) for piece in equation] for equation in equations(step, task)],
        "rows": _rows(step, task),
    }


def _number(number: Number, step: Step, task: Task, views: list[View]) -> dict[str, Any]:
    return {
        "name": number.name,
        "of": None if number.whose == BOTH else task.names[number.whose],
        "shape": number.shape,
        "seen": sum(view.sees(number, task) << place for place, view in enumerate(views)),
        "bits": fraction_bits(step, number.name, task),
    }


def _piece(piece: Part | str, step: Step) -> Any:
    if isinstance(piece, str):
        return piece
    return piece.symbols, [one if isinstance(one, str) else _place(step, one) for one in piece.numbers]


def _rows(step: Step, task: Task) -> list[list[int]]:
    """By name: each party's number, what is common, and the sum of shares."""
    rows: list[list[int]] = []
    ranks = sorted((0, 1), key=lambda rank: task.names[rank])
    for name in dict.fromkeys(number.name for number in step.numbers):
        parts = [step.number(name, whose) for whose in (*ranks, BOTH)]
        rows += [[_place(step, number)] for number in parts if number is not None]
        if name in step.about.shared.split() and step.sum(name) is not None:
            rows.append([_place(step, number) for number in parts[:2] if number is not None])
    return rows


def _place(step: Step, number: Number) -> int:
    return next(place for place, one in enumerate(step.numbers) if one is number)
