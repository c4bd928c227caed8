"""A secret number of an operator's program: a share that knows its fraction bits, and how large the secret can be.

`x + 1`, `1 - x`, `12 * x`, `x * 0.5`, with numbers or arrays of them, are local. What is public is given as it is. What
`mpc.encode` has made may be added, too, but not be a factor.

A whole factor is multiplied in, and nothing is lost. Any other one is encoded with fxp_bits fraction bits, and the
product has them beside its own. They are cut off when the secret is next opened or multiplied with another one, where
the TTP can help (`Computation.truncate`). Before that a secret can take part in sums; for a second such factor there
may be no room, and then it is cut on the spot, if that hardly ever fails.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError
from ..mpc import Ring, Share, decode, encode
from ..mpc.truncation import LARGEST

if TYPE_CHECKING:
    from .computation import Computation

_EXACT = 2.0**53
"""Below it a float64 that is whole is that number."""


class Encoded(np.ndarray[Any, np.dtype[np.uint64]]):
    """Public numbers in fixed point, of `mpc.encode`: told by this from whole numbers that happen to be uint64."""


class Secret(Share):
    """This party's share of a secret."""

    __slots__ = ("bits", "largest")
    __pandas_priority__ = 5000  # a Series leaves `series * secret` to us
    home: ClassVar[Computation]
    """Where it is computed with."""
    bits: int
    """Fraction bits: fxp_bits, and more for a product that has not been cut."""
    largest: float
    """Public: |secret| is not larger; inf if that is not known."""

    def become(self, share: Share, bits: int, largest: float) -> Self:
        """The result of an operation, as a secret; a ParameterError, if it may not fit the ring."""
        check_room(largest, bits, 2 * LARGEST)
        result = type(self)(share.operand)
        result.bits, result.largest = bits, largest
        return result

    def __add__(self, other: Any) -> Self:
        x, y, largest = self._terms(other)
        return self.become(super(Secret, x).__add__(y), x.bits, largest)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Self:
        x, y, largest = self._terms(other)
        return self.become(super(Secret, x).__sub__(y), x.bits, largest)

    def __rsub__(self, other: Any) -> Self:
        x, y, largest = self._terms(other)
        return self.become(super(Secret, x).__rsub__(y), x.bits, largest)

    def truncate(self, bits: int) -> Self:
        return self.become(super().truncate(bits), self.bits, self.largest / 2.0**bits + 2.0**-self.bits)

    def scale(self, factor: Ring, bits: int) -> Self:
        largest = self.largest * _largest(decode(factor, bits)) + 2.0**-self.bits
        return self.become(super().scale(np.asarray(factor), bits), self.bits, largest)

    def __neg__(self) -> Self:
        return self.become(super().__neg__(), self.bits, self.largest)

    def __getitem__(self, index: Any) -> Self:
        return self.become(super().__getitem__(index), self.bits, self.largest)

    def __mul__(self, other: Any) -> Self:
        if isinstance(other, Share):
            return super().__mul__(other)  # type: ignore[arg-type]  # it says what to do
        if isinstance(other, Encoded):
            what = f"a factor that is encoded leaves {2 * self.home.fxp_bits} fraction bits, which nobody would cut off"
            raise TypeError(f"{what}: give the number itself, x * 0.5")
        factor = self._public(other)
        largest = self.largest * _largest(factor)
        if (np.abs(factor) < _EXACT).all() and (factor == np.rint(factor)).all():
            check_room(largest, self.bits, 2 * LARGEST)
            return self.become(super().times(factor.astype(np.int64).view(np.uint64)), self.bits, largest)
        f = self.home.fxp_bits
        x = self if _fits(largest, self.bits + f) else self._cut()
        check_room(largest, x.bits + f, LARGEST)
        return self.become(super(Secret, x).__mul__(encode(factor, f)), x.bits + f, largest)

    __rmul__ = __mul__

    def _terms(self, other: Any) -> tuple[Self, Any, float]:
        """Two terms with the same fraction bits, and how large the result can be."""
        if not isinstance(other, Share):
            values = self._public(
                decode(np.asarray(other), self.home.fxp_bits) if isinstance(other, Encoded) else other
            )
            largest = self.largest + _largest(values)
            check_room(largest, self.bits, LARGEST)
            return self, encode(values, self.bits), largest
        first, second = self, self.home.secret(other)
        self._fit(second.shape)
        largest = first.largest + second.largest
        if first.bits != second.bits:
            narrow, wide = sorted((first, second), key=lambda secret: secret.bits)
            if _fits(largest, wide.bits):
                widened = narrow._times(2 ** (wide.bits - narrow.bits), wide.bits)
                first, second = (widened, second) if narrow is first else (first, widened)
            else:
                first, second = first._cut(), second._cut()  # type: ignore[assignment]
        return first, second, largest  # type: ignore[return-value]

    def _times(self, factor: int, bits: int) -> Self:
        return self.become(super().times(np.array(factor, np.uint64)), bits, self.largest)

    def _cut(self) -> Self:
        """With fxp_bits fraction bits, cut by each party alone."""
        surplus = self.bits - self.home.fxp_bits
        if not surplus:
            return self
        if not self.home.negligible(self.largest, self.bits, math.prod(self.shape)):
            what = f"a product of up to {self.largest:.3g} has to be cut before it is computed with further"
            raise ParameterError(what, hint="x = await mpc.truncate(x), with the TTP's help")
        return self.become(super().truncate(surplus), self.home.fxp_bits, self.largest)

    def _public(self, value: Any) -> NDArray[np.float64]:
        """Public numbers that fit in with the secret."""
        values = finite(value, 2.0**62, "computed with", self.home.semi2k.link.name)
        self._fit(values.shape)
        return values

    def _fit(self, shape: tuple[int, ...]) -> None:
        try:
            np.broadcast_shapes(self.shape, shape)
        except ValueError:
            raise DataError(f"shapes do not fit: {self.shape} and {shape}") from None


def finite(values: ArrayLike, limit: float, used: str, party: str) -> NDArray[np.float64]:
    """Numbers below a limit that are going to be `used`, at least one dimension; a DataError names what is none."""
    try:
        numbers = np.atleast_1d(np.asarray(values, np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"only numbers can be {used}: {error}", where=party) from error
    wrong = np.argwhere(~(np.abs(numbers) < limit))  # NaN is not below anything
    if len(wrong):
        what = f"{len(wrong)} of {numbers.size} values are missing, not finite or not below {limit:g}"
        where = f"{party}: the first is {numbers[tuple(wrong[0])]:g}, {_place(values, wrong[0].tolist())}"
        raise DataError(what, where=where, hint=f"fill, drop or scale them before they are {used}")
    return numbers


def _place(values: ArrayLike, position: list[int]) -> str:
    """Where a value is, for people, who count from 0 here as Python does; a frame's column is told by its name."""
    row, *others = position
    names = getattr(values, "columns", None)
    name = getattr(values, "name", None) if names is None else names[others[0]]
    column = f" of column {name}" if name is not None else "".join(f", {other}" for other in others)
    return f"value {row}{column}"


def check_room(largest: float, bits: int, limit: int) -> None:
    """A ParameterError, if numbers as large as this may be `limit` or more as ring integers."""
    if largest < math.inf and not largest * 2.0**bits <= limit:
        room = f"with {bits} fraction bits there is room up to {limit / 2.0**bits:.3g}"
        hint = (
            "smaller numbers, their bound (mpc.share(values, largest=...)), or party.mpc(fxp_bits=...) with fewer bits"
        )
        raise ParameterError(f"numbers can be as large as {largest:.3g} here, and {room}", hint=hint)


def _fits(largest: float, bits: int) -> bool:
    return largest * 2.0**bits <= LARGEST


def _largest(values: NDArray[np.floating[Any]]) -> float:
    return float(np.abs(values).max(initial=0.0))
