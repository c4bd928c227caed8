"""Requests of training steps, and the corrections of many steps at once.

Every step of a training asks the TTP for the same things, and what it asks about is drawn a fixed number of blocks, the
*stride*, behind what the step before asked about. All corrections of some hundred steps together take a TTP a few
passes over what the parties have drawn, where one request after the other would take it that many calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import OpAdjustError
from .ring import WORDS, Ring, Words, batch_matvec
from .ttp_session import PrgBuffer


class Dot(NamedTuple):
    """R(a) . R(b) - R(c) for a matrix a, (elements of c, elements of b), and a vector b."""

    a: PrgBuffer
    b: PrgBuffer
    c: PrgBuffer

    @property
    def buffers(self) -> tuple[PrgBuffer, ...]:
        """What it is about, c at the end."""
        return self

    draws = buffers
    """The same in ring elements."""

    @property
    def field_size(self) -> int:
        """Bytes of an element."""
        return 8

    def check(self) -> None:
        """OpAdjustError, if the sizes do not fit."""
        if self.a.elements != self.b.elements * self.c.elements:
            raise OpAdjustError(
                f"a of {self.a.elements} elements is no matrix for b and c, {self.b.elements} and {self.c.elements}"
            )


class MulPriv(NamedTuple):
    """The product of all parties' own a, minus R(c), elementwise, in the ring of `field_size` bytes, 4 or 8."""

    a: PrgBuffer
    c: PrgBuffer
    field_size: int

    @property
    def buffers(self) -> tuple[PrgBuffer, ...]:
        """What it is about, c at the end."""
        return self.a, self.c

    def check(self) -> None:
        """OpAdjustError, if the sizes do not fit."""
        if self.a.elements != self.c.elements or self.field_size not in WORDS:
            a, c, size = self.a.elements, self.c.elements, self.field_size
            raise OpAdjustError(f"a and c must have one size, of elements of 4 or 8 bytes; got {a} and {c} of {size}")

    @property
    def draws(self) -> tuple[PrgBuffer, ...]:
        """The same in ring elements."""
        return self.a.of_words(self.field_size), self.c.of_words(self.field_size)


Request = Dot | MulPriv
"""What one step asks for."""


class Steps(NamedTuple):
    """What is asked for at once: requests of the first of so many steps, each `stride` blocks behind the one before."""

    requests: Sequence[Request]
    stride: int
    steps: int


def parts_of(drawn: Ring, request: Request, first: int) -> list[Words]:
    """What a request is about, each (steps, elements), of all that was drawn from `first` on: (steps, 2 * stride)."""
    words, per_block = drawn.view(WORDS[request.field_size]), 16 // request.field_size
    starts = [per_block * (buffer.counter - first) for buffer in request.buffers]
    return [words[:, at : at + buffer.elements] for at, buffer in zip(starts, request.buffers, strict=True)]


def corrections(drawn: Sequence[Ring], requests: Sequence[Request], count: int) -> list[Words]:
    """Those of `count` steps with these requests, (count, elements of c) for each; `requests` are the first step's.

    `drawn` is what each party draws in these steps. It is used up: a sum comes in its place.
    """
    first, (total, *others) = requests[0].buffers[0].counter, [own.reshape(count, -1) for own in drawn]
    private = [
        _mul_priv([parts_of(own, request, first) for own in (total, *others)])
        for request in requests
        if isinstance(request, MulPriv)
    ]
    for own in others:
        total += own
    rest = iter(private)
    return [_dot(parts_of(total, request, first)) if isinstance(request, Dot) else next(rest) for request in requests]


def _dot(parts: Sequence[Any]) -> Ring:
    """R(a) . R(b) - R(c)."""
    a, b, c = parts
    return batch_matvec(a.reshape(*c.shape, -1), b) - c


def _mul_priv(parts: Sequence[Sequence[Words]]) -> Words:
    """The product of all a, minus R(c)."""
    (product, known), *others = parts
    for a, c in others:
        product, known = product * a, known + c
    return product - known
