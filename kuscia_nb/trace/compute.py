"""Formulas with a step's numbers: computed modulo 2^64, and written out for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..mpc.fixed import decode
from ..mpc.ring import Ring, matmul, shift, vecmat
from .formulas import Formula, Ref, Term
from .steps import BOTH, Number, Step, Task

HIDDEN = "hidden"
"""What stands in the place of a number that somebody does not see."""

Show = Callable[[Number], str]


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


def lines(step: Step, task: Task, show: Show) -> Iterator[Line]:
    """Every formula of a step, for every party that computes it; `show` gives the text of a number."""
    for formula in step.about.formulas:
        for rank in sorted(instances(step, formula), key=lambda rank: task.names[rank]):
            yield Line(
                _written(step, task, formula, rank, lambda factors, _: "·".join(factors)),
                _written(step, task, formula, rank, _filled(step, rank, show), show),
            )


def symbol(ref: Ref, rank: int, names: tuple[str, str]) -> str:
    """A name as people read it: z_alice."""
    if not ref.whose:
        return ref.name
    owner = {"i": rank, "j": 1 - rank}.get(ref.whose)
    return f"{ref.name}_{names[int(ref.whose) if owner is None else owner]}"


def _filled(step: Step, rank: int, show: Show) -> Callable[[list[str], Term], str]:
    def text(factors: list[str], term: Term) -> str:
        kept = number(step, term.kept, rank) if term.kept else None
        if kept is not None:
            return show(kept)
        found = [number(step, factor, rank) for factor in term.factors]
        return "·".join(name if one is None else show(one) for name, one in zip(factors, found, strict=True))

    return text


def _written(
    step: Step,
    task: Task,
    formula: Formula,
    rank: int,
    text: Callable[[list[str], Term], str],
    show: Show | None = None,
) -> str:
    right = ""
    for term in terms(step, formula, rank):
        sign = "-" if term.negative else "+"
        right += f" {sign} " if right else "-" if term.negative else ""
        right += text([symbol(factor, rank, task.names) for factor in term.factors], term)
    if formula.function == "B":
        right = f"({right}) >>> 63"
    elif formula.function:
        right = f"({right}) {'>>' if formula.function == 'T' else '>>>'} {step.bits}"
        if formula.function == "T" and rank == 1 and task.mirrored:
            right = f"-(-{right})"  # rounds up: see `truncate`
    result = number(step, formula.left, rank)
    left = symbol(formula.left, rank, task.names)
    return f"{left} = {right}" if show is None or result is None else f"{show(result)} = {right}"


def as_ring(x: Ring) -> list[int]:
    """The elements, 0 to 2^64 - 1."""
    return x.tolist()


def as_fixed(x: Ring, step: Step, name: str, task: Task) -> list[float]:
    """The elements as fixed-point numbers."""
    if name in step.about.small.split():
        return x.astype(float).tolist()
    wide = name in step.about.wide.split()
    return decode(x, task.fxp_bits * (2 if wide else 1)).tolist()
