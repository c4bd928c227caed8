"""The shares of a party that is traced."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ..ring import Ring
from ..share import Share
from .notes import Notes


class TracedShare(Share):
    """What is done with a share on the spot, as operations."""

    __slots__ = ()
    notes: ClassVar[Notes]

    def truncate(self, bits: int) -> Self:
        result = super().truncate(bits)
        if bits:
            self._note("truncate", (self.kept, result.kept), bits)
        return result

    def scale(self, factor: Ring, bits: int) -> Self:
        result = super().scale(factor, bits)
        self._note("scale", (self.kept, _like(factor, self), result.kept), bits)
        return result

    def __add__(self, other: Share | Ring) -> Self:
        return self._combined("add", other, super().__add__(other))

    __radd__ = __add__

    def __sub__(self, other: Share | Ring) -> Self:
        return self._combined("subtract", other, super().__sub__(other))

    def __rsub__(self, other: Ring) -> Self:
        return self._combined("subtract from", other, super().__rsub__(other))

    def __neg__(self) -> Self:
        result = super().__neg__()
        self._note("negate", (self.kept, result.kept))
        return result

    def __mul__(self, other: Ring) -> Self:
        return self._combined("multiply by", other, super().__mul__(other))

    __rmul__ = __mul__

    def times(self, whole: Ring) -> Self:
        result = super().times(whole)
        self._note("times", (self.kept, _like(whole, result), result.kept))
        return result

    def _combined(self, kind: str, other: Share | Ring, result: Self) -> Self:
        if isinstance(other, Share):
            self._note(kind, (self.kept, other.kept, result.kept))
        else:
            self._note(f"{kind} public", (self.kept, _like(other, result), result.kept))
        return result

    def _note(self, kind: str, arrays: tuple[Ring, ...], bits: int = 0) -> None:
        self.notes.write(kind, kind, arrays, bits=bits)


def traced(kind: type[Share], notes: Notes) -> type[Share]:
    """The share type `kind`, of which what is done on the spot is written down."""
    return type(f"Traced{kind.__name__}", (TracedShare, kind), {"__slots__": (), "notes": notes})


def _like(public: Any, share: Share) -> Ring:
    """A public operand in the shape of the result."""
    return np.broadcast_to(public, share.shape)
