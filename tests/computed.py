"""The formulas of a trace's steps, computed once more from the numbers that it shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kuscia_nb.mpc.ring import Ring, matmul, shift, vecmat
from kuscia_nb.trace.equations import number, terms
from kuscia_nb.trace.formulas import Formula, Term
from kuscia_nb.trace.steps import Step, Task


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
