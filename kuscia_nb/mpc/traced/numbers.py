"""What a note is, and the numbers of each kind of operation by their names, from the arrays that the engine had.

Names are those of the formulas:

    e = x - a    g = y - b    z = c + e b + a g + [rank 0] e g            c = k + [adjust rank] d
    m = s - v    z = q + X (w + n)        n is the peer's m, w this party's share of its own columns' weights
    h = a + u    t = (s >> b) - m W + [rank 0] C + [rank 1] D    s = x - [rank 0] B, u its top bit (see `truncation`)
    h = l2 w >> b    t = (rate grad + rate h) >> b    w' = w - t
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..ring import Ring, Words, matmul, matvec, shift, vecmat
from ..truncation import constants


class Value(NamedTuple):
    """An array as it was: its shape, and its first elements or all of them, flat."""

    shape: tuple[int, ...]
    data: Ring

    @property
    def whole(self) -> bool:
        return self.data.size == math.prod(self.shape)


class Note(NamedTuple):
    """One operation of one party."""

    kind: str
    """What it is: product, open, truncate, ... (trace.formulas explains each)."""
    op: str
    """What it is for, as messages say it."""
    values: dict[str, Value]
    """This party's numbers, by their names in the formula."""
    segment: int
    """How many messages this party had sent and received: both parties' notes of one operation agree in it."""
    batch: int
    """Number of the batch in its epoch, from 1; outside of training it is 0, and so is `epoch`."""
    epoch: int
    bits: int
    """By how many bits the result was truncated."""
    messages: tuple[tuple[str, int], ...]
    """What this party sent (or asked the TTP, and what that replied), by kind and number."""
    draws: tuple[int, ...]
    """Counters and sizes of the random numbers that were drawn, in turns, as the TTP is told them."""


Arrays = tuple[Any, ...]
"""Arrays of ring elements or of smaller words, or None."""
Values = dict[str, Ring | None]


def values_of(kind: str, arrays: Arrays, rank: int, bits: int, *, mirrored: bool) -> Values:
    """The numbers of an operation by name. `mirrored`: whether the operands of this party's shares are negated."""
    if kind in ("pair", "assisted truncate"):
        return _pair(*arrays) if kind == "pair" else _assisted(*arrays, rank=rank, bits=bits)
    named: Values = {}
    for name, x in zip(_NAMES.get(kind, ()), arrays, strict=True):
        if name[0] == "-":
            named[name[1:]] = -x if mirrored and x is not None else x
        else:
            named[name] = x
    if kind in _PRODUCTS:
        return _product(named, _PRODUCTS[kind])
    if kind in ("cross product", "transposed cross product"):
        return _cross_product(named, rank, kind == "transposed cross product")
    if kind == "update":
        return _update(named, bits, mirrored=mirrored)
    return _vectors(named) if kind == "vectors" else named


_NAMES: dict[str, tuple[str, ...]] = {
    "share": ("x",),
    "seal": ("p", "r", "s"),
    "open": ("x", "o"),
    "exchange": ("mine", "theirs"),
    "dot public": ("x", "p", "z"),
    "truncate": ("-z", "-t"),
    "scale": ("-x", "p", "-t"),
    "add": ("-x", "-y", "-z"),
    "subtract": ("-x", "-y", "-z"),
    "negate": ("-x", "-z"),
    "add public": ("-x", "p", "-z"),
    "subtract public": ("-x", "p", "-z"),
    "subtract from public": ("-x", "p", "-z"),
    "multiply by public": ("-x", "p", "-z"),
    "times": ("-x", "p", "-z"),
    "add scaled": ("-x", "-y", "p", "-z"),
    "update": ("-w", "-grad", "-w'", "rate", "l2"),
    "step": ("-w", "-t", "-w'"),
    "mask columns": ("X", "A", "F"),
    "blind": ("H", "P"),
    "blind again": ("Q", "R"),
    "compare": ("own", "peers", "C"),
    "vectors": ("v", "c", "q", "d"),
    "product": ("x", "-y", "a", "-b", "-c", "e", "g", "-z", "-t", "d"),
    "cross product": ("-s", "-v", "-q", "-w", "m", "n", "X", "-t"),
}
"""The arrays of each kind by name; those with a minus come as a share's operand."""


_NAMES["elementwise product"] = _NAMES["product"]
_NAMES["transposed cross product"] = _NAMES["cross product"]

_PRODUCTS: dict[str, Callable[[Ring, Ring], Ring]] = {"product": matmul, "elementwise product": np.multiply}


def _product(named: Values, multiply: Callable[[Ring, Ring], Ring]) -> Values:
    """With what was drawn of c, what was sent, and the terms of z."""
    x, y, a, b, c, e, g = _arrays(named, "x", "y", "a", "b", "c", "e", "g")
    terms = {"me": x - a, "mg": y - b, "eb": multiply(e, b), "ag": multiply(a, g), "eg": multiply(e, g)}
    return named | _corrected(named, c) | terms


def _cross_product(named: Values, rank: int, transpose: bool) -> Values:
    """With u = w + n, and the terms of z."""
    w, n, own, q = _arrays(named, "w", "n", "X", "q")
    u = w + n
    if transpose:
        columns = own.shape[1]
        product = np.zeros_like(q)
        product[-columns if rank else 0 : None if rank else columns] = vecmat(u, own)
    else:
        product = matvec(own, u)
    return named | {"u": u, "Xu": product, "z": q + product}


def _update(named: Values, bits: int, *, mirrored: bool) -> Values:
    """With h, the penalty's part of the gradient, and t, the step."""
    w, after, l2 = named["w"], named["w'"], named["l2"]
    if w is None or after is None or l2 is None:
        return named
    sign = np.uint64(2**64 - 1 if mirrored else 1)
    terms: Values = {"h": sign * shift(sign * w * l2, bits), "t": w - after}
    return named | terms


def _pair(a: Words, c: Words, d: Words | None) -> Values:
    """With k, what was drawn of c. Numbers of the small ring are kept as ring elements of the same value."""
    drawn = {"k": c} if d is None else {"k": c - d.reshape(c.shape), "d": d.reshape(c.shape)}
    return {name: x.astype(np.uint64) for name, x in {"a": a, **drawn, "c": c}.items()}


def _assisted(x: Ring, a: Words, c: Words, sent: Words, received: Words, t: Ring, *, rank: int, bits: int) -> Values:
    """With all that is computed on the way from x to t."""
    (before, first), (_, second) = (constants(rank, bits) for rank in (0, 1))
    public = {"B": before, "W": 2 ** (64 - bits), "C": first, "D": second}
    common = {name: np.broadcast_to(np.uint64(number % 2**64), x.shape) for name, number in public.items()}
    s = x if rank else x - common["B"]
    u = s >> np.uint64(63)
    m = c - a * received if rank else c + u.astype(c.dtype) * received
    narrow = {name: part.astype(np.uint64) for name, part in {"a": a, "c": c, "h": sent, "m": m}.items()}
    return {"x": x, "s": s, "u": u, "f": s >> np.uint64(bits), "t": t, **common, **narrow}


def _vectors(named: Values) -> Values:
    """With what was drawn of c, and what the peer's masked columns contribute."""
    c, q = _arrays(named, "c", "q")
    c = c.reshape(q.shape)
    return named | {"c": c, "Fv": q - c} | _corrected(named, c)


def _corrected(named: Values, c: Ring) -> Values:
    """k, what was drawn of c, and d, what the TTP has added to it, both in the shape of c."""
    d = named["d"]
    return {"k": c, "d": None} if d is None else {"k": c - d.reshape(c.shape), "d": d.reshape(c.shape)}


def _arrays(values: Values, *names: str) -> list[Ring]:
    """Values that are always there."""
    return [value for name in names if (value := values[name]) is not None]
