"""Formulas with a step's numbers: computed modulo 2^64, and written out for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..mpc.fixed import decode
from ..mpc.ring import Ring, matmul, shift, vecmat
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


def compute(step: Step, formula: Formula, rank: int, task: Task, *, whole: bool = False) -> Ring | None:
    """The left side, flat, from the numbers on the right: as many elements as are known of all of them.

    None, if they are not known. With `whole`, products are multiplied out instead of taken as they were kept.
    """
    total: Ring | None = None
    for term in terms(step, formula, rank):
        value = _term(step, term, rank, whole)
        if value is None:
            return None
        value = -value if term.negative else value
        known = value.size if total is None else min(total.size, value.size)
        total = value[:known] if total is None else total[:known] + value[:known]
    if total is None:
        return None
    if formula.function:
        return _FUNCTIONS[formula.function](total, step.bits, rank == 1 and task.mirrored)
    if formula.left.name in step.about.small.split() and step.bits <= 32:
        return total & np.uint64(2**32 - 1)
    return total


def truncate(x: Ring, bits: int, *, mirrored: bool) -> Ring:
    """A share over 2^bits, rounded down; mirrored, rounded up."""
    return -shift(-x, bits) if mirrored else shift(x.copy(), bits)


_FUNCTIONS: dict[str, Callable[[Ring, int, bool], Ring]] = {
    "T": lambda x, bits, mirrored: truncate(x, bits, mirrored=mirrored),
    "S": lambda x, bits, _: x >> np.uint64(bits),
    "B": lambda x, bits, _: x >> np.uint64(63),
}


def _term(step: Step, term: Term, rank: int, whole: bool) -> Ring | None:
    kept = number(step, term.kept, rank) if term.kept and not whole else None
    if kept is not None:
        return kept.data
    factors = [number(step, factor, rank) for factor in term.factors]
    known = [factor for factor in factors if factor is not None]
    if len(known) < len(factors):
        return None
    if len(known) == 1:
        return known[0].data
    left, right = known
    if step.about.product == "elementwise":
        size = min(left.data.size, right.data.size)
        return left.data[:size] * right.data[:size]
    if not (left.whole and right.whole):
        return None
    if step.about.product == "columns":
        return _columns(step, left.array(), right.array(), rank)
    return matmul(left.array(), right.array()).reshape(-1)


def _columns(step: Step, matrix: Ring, vector: Ring, rank: int) -> Ring | None:
    """matrix^T . vector at the place of a rank's own columns: the first ones of rank 0, the last ones of rank 1."""
    result = step.number("z", rank)
    if result is None:
        return None
    product, columns = np.zeros(result.size, np.uint64), matrix.shape[1]
    product[-columns if rank else 0 : None if rank else columns] = vecmat(vector, matrix)
    return product


# --- for people ------------------------------------------------------------------------------------------------------


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
