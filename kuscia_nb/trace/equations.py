"""Formulas with a step's numbers, written out for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..mpc.fixed import decode
from ..mpc.ring import Ring
from .formulas import Formula, Ref, Term
from .steps import BOTH, Number, Step, Task

HIDDEN = "hidden"
"""What stands in the place of a number that somebody does not see."""

Show = Callable[[Number], str]


class Part(NamedTuple):
    """A number in a formula, or a product of several."""

    symbols: tuple[str, ...]
    """Their names, as people read them."""
    numbers: tuple[Number | str, ...]
    """What stands in their place: a product may have been kept as one number; what a step does not have is its name."""


class Line(NamedTuple):
    """A formula as one party (or both together) computes it: in names, and with the first element of each number."""

    symbols: str
    numbers: str


def number(step: Step, ref: Ref, rank: int) -> Number | None:
    """What a name in a formula stands for, at a rank."""
    whose = {"i": rank, "j": 1 - rank, "": BOTH}.get(ref.whose)
    return step.number(ref.name, int(ref.whose) if whose is None else whose)


def instances(step: Step, formula: Formula) -> Iterator[int]:
    """For which ranks a formula is computed in this step; rank 0 stands for both, where it is common."""
    for rank in (0, 1) if formula.left.whose else (0,):
        if number(step, formula.left, rank) is not None or not formula.exact:
            yield rank


def terms(step: Step, formula: Formula, rank: int) -> list[Term]:
    """The terms that a rank has."""
    return [
        term
        for term in formula.terms
        if term.only != f"rank {1 - rank}"
        and not (term.only == "adjust" and number(step, term.factors[0], rank) is None)
    ]


def equations(step: Step, task: Task) -> Iterator[list[Part | str]]:
    """Every formula of a step, for every party that computes it: its numbers, and what stands between them."""
    for formula in step.about.formulas:
        for rank in sorted(instances(step, formula), key=lambda rank: task.names[rank]):
            yield [_part(step, task, [formula.left], rank), " = ", *_right(step, task, formula, rank)]


def lines(step: Step, task: Task, show: Show) -> Iterator[Line]:
    """The same as text; `show` gives that of a number."""

    def filled(part: Part) -> list[str]:
        return [number if isinstance(number, str) else show(number) for number in part.numbers]

    for equation in equations(step, task):
        yield Line(_text(equation, lambda part: part.symbols), _text(equation, filled))


def _text(equation: list[Part | str], written: Callable[[Part], Iterable[str]]) -> str:
    return "".join(one if isinstance(one, str) else "·".join(written(one)) for one in equation)


def _right(step: Step, task: Task, formula: Formula, rank: int) -> Iterator[Part | str]:
    before, after = _around(step, task, formula, rank)
    yield from [before] if before else []
    for place, term in enumerate(terms(step, formula, rank)):
        if place or term.negative:
            sign = "-" if term.negative else "+"
            yield f" {sign} " if place else sign
        kept = number(step, term.kept, rank) if term.kept else None
        part = _part(step, task, term.factors, rank)
        yield part if kept is None else part._replace(numbers=(kept,))
    yield from [after] if after else []


def _around(step: Step, task: Task, formula: Formula, rank: int) -> tuple[str, str]:
    """What a function has before and after its terms; >>> is without a sign."""
    match formula.function:
        case "T" if rank == 1 and task.mirrored:
            return "-(-(", f") >> {step.bits})"  # rounds up: see `truncate`
        case "T":
            return "(", f") >> {step.bits}"
        case "S":
            return "(", f") >>> {step.bits}"
        case "B":
            return "(", ") >>> 63"
    return "", ""


def _part(step: Step, task: Task, factors: Iterable[Ref], rank: int) -> Part:
    symbols = tuple(symbol(factor, rank, task.names) for factor in factors)
    found = (number(step, factor, rank) for factor in factors)
    return Part(symbols, tuple(name if one is None else one for name, one in zip(symbols, found, strict=True)))


def symbol(ref: Ref, rank: int, names: tuple[str, str]) -> str:
    """A name as people read it: z_alice."""
    if not ref.whose:
        return ref.name
    owner = {"i": rank, "j": 1 - rank}.get(ref.whose)
    return f"{ref.name}_{names[int(ref.whose) if owner is None else owner]}"


def as_ring(x: Ring) -> list[int]:
    """The elements, 0 to 2^64 - 1."""
    return x.tolist()


def as_fixed(x: Ring, step: Step, name: str, task: Task) -> list[float]:
    """The elements as fixed-point numbers."""
    bits = fraction_bits(step, name, task)
    return x.astype(float).tolist() if bits is None else decode(x, bits).tolist()


def fraction_bits(step: Step, name: str, task: Task) -> int | None:
    """How many bits of a number are behind the point; None of a whole number, which has no sign."""
    if name in step.about.small.split():
        return None
    return task.fxp_bits * (2 if name in step.about.wide.split() else 1)
