"""One party's additive share of a secret array in Z_2^64.

The secret is the sum of both parties' shares. A product is shared uniformly: one share of it alone is a uniformly
random array, whatever the secret. Not every share is. Of an input (`Semi2k.zeros`), the owner's share is the number
itself and the peer's is 0; the masks of a sealed constant are known to both; a truncated share is narrower, but still
as independent of the secret as the share that it was made of.

Public values are plain `uint64` arrays (see `fixed.encode`), secrets are `Share`s, and what can be done with a secret
without talking to the other party is an operator or a method here:

    share + share, share - share, -share      local
    share + public, public - share            rank 0 adds the public value, rank 1 does nothing
    share * public                            local; two fixed-point factors leave 2 * fxp_bits behind the point
    share.truncate(bits)                      local: x / 2^bits, give or take a unit
    share.scale(public, bits)                 local: public * x / 2^bits

A product of two secrets needs messages: `await mpc.mul(x, y)`. To learn a value takes a named act that the ledger
shows: `await mpc.open(x)`. Everything that would do so by accident is refused.

Truncation comes in three kinds (`SHARE_TYPES`). *asymmetric*: rank 0 rounds its share down, rank 1 rounds its own up,
-((-x_1) >> bits). The roundings cancel on average, so the opened value has an error below one unit in the last place
and mean 0. This is what the interconnection standard documents, and what SPU does since 2026. *symmetric*: both round
down, so every truncation also takes about one unit away. SPU 0.9.5 does this (spec: ss_lr §3); over hundreds of steps
the bias grows larger than small weights. The rule is local: parties with different rules can work together.

Either way the result is off by 2^(64-bits) if the two shares wrap around 2^64, which happens with probability
|x| / 2^64, x as a ring integer [Mohassel, Zhang: SecureML, 2017, theorem 1]: rare for one small number, but a job
truncates millions. *ttp* is for both parties and takes a message each way, `await mpc.truncate(x, bits)`: with the
TTP's help it never fails for |x| < 2^62, and rounds without a bias, too (see `truncation`).
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from .ring import Ring, shift


class Share:
    """A party's share of a secret. `operand` has the secret's shape and is what this rank computes with.

    Rank 1 with asymmetric truncation keeps its share negated: rounding down what it keeps then rounds its share up,
    for nothing. `ring` is the additive share in every case, and `of` makes a share from it.
    """

    __slots__ = ("operand",)
    __array_ufunc__ = None  # numpy arrays leave `array - share` to us
    operand: Ring
    """What this rank computes with: its additive share, or that negated."""
    rank: ClassVar[int]
    """0 or 1: whose share it is."""
    mirrored: ClassVar[bool] = False
    """Whether `operand` is the negated share."""

    def __init__(self, operand: Ring) -> None:
        self.operand = operand

    @classmethod
    def of(cls, ring: Ring) -> Self:
        """This party's additive share."""
        return cls(-ring if cls.mirrored else ring)

    @property
    def ring(self) -> Ring:
        """The additive share: what a message carries, and what adds up to the secret."""
        return -self.operand if self.mirrored else self.operand

    @property
    def shape(self) -> tuple[int, ...]:
        """The secret's."""
        return self.operand.shape

    def truncate(self, bits: int) -> Self:
        """The share of x / 2^bits."""
        return self.__class__(shift(self.operand.copy(), bits))

    def scale(self, factor: Ring, bits: int) -> Self:
        """The share of factor * x / 2^bits, for a public factor."""
        return self.__class__(shift(self.operand * _public(factor), bits))

    def __add__(self, other: Share | Ring) -> Self:
        if isinstance(other, Share):
            return self.__class__(self.operand + other.operand)
        return self.__class__(self.operand + self._part(other))

    def __sub__(self, other: Share | Ring) -> Self:
        if isinstance(other, Share):
            return self.__class__(self.operand - other.operand)
        return self.__class__(self.operand - self._part(other))

    __radd__ = __add__

    def __rsub__(self, other: Ring) -> Self:
        return self.__class__(self._part(other) - self.operand)

    def _part(self, public: Any) -> Ring:
        """This rank's share of a public value."""
        return np.zeros_like(_public(public)) if self.rank else _public(public)

    def __neg__(self) -> Self:
        return self.__class__(-self.operand)

    def __mul__(self, other: Ring) -> Self:
        if isinstance(other, Share):
            raise TypeError("a product of two secrets needs the other party: `await mpc.mul(x, y)`")
        return self.__class__(self.operand * _public(other))

    __rmul__ = __mul__

    def times(self, whole: Ring) -> Self:
        """The share of the secret times public whole numbers, which leaves its fraction bits as they are."""
        return self.__class__(self.operand * _public(whole))

    def __getitem__(self, index: Any) -> Self:
        return self.__class__(self.operand[index])

    def __repr__(self) -> str:
        return f"Share(rank={self.rank}, shape={self.shape})"  # never its numbers: a log is not a private place

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a secret cannot be compared, tested or turned into a number: `await mpc.open(x)` opens it")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __len__ = __iter__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __array__ = __round__ = __contains__ = __reduce__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class Rank0Share(Share):
    """Rank 0 is the one that adds public values."""

    __slots__ = ()
    rank = 0


class Rank1Share(Share):
    """Rank 1, asymmetric truncation."""

    __slots__ = ()
    rank = 1
    mirrored = True


class Rank1SymmetricShare(Share):
    """Rank 1, symmetric truncation."""

    __slots__ = ()
    rank = 1


class _Assisted(Share):
    """What neither party truncates by itself."""

    __slots__ = ()

    def truncate(self, bits: int) -> NoReturn:
        raise TypeError("a truncation with the TTP's help takes a message: `await mpc.truncate(x, bits)`")

    def scale(self, factor: Ring, bits: int) -> NoReturn:
        self.truncate(bits)


class Rank0AssistedShare(_Assisted, Rank0Share):
    """Rank 0, truncation with the TTP's help."""

    __slots__ = ()


class Rank1AssistedShare(_Assisted, Rank1SymmetricShare):
    """Rank 1, truncation with the TTP's help."""

    __slots__ = ()


LOCAL = ("asymmetric", "symmetric")
"""The kinds of truncation that each party does by itself."""
ASSISTED = "ttp"
"""The kind that takes the TTP and a message."""

SHARE_TYPES: dict[str, tuple[type[Share], type[Share]]] = {
    "asymmetric": (Rank0Share, Rank1Share),
    "symmetric": (Rank0Share, Rank1SymmetricShare),
    ASSISTED: (Rank0AssistedShare, Rank1AssistedShare),
}
"""Kind of truncation -> the share types of rank 0 and rank 1."""


_RING = np.dtype(np.uint64)


def _public(value: Any) -> Ring:
    """A public operand, which has to be ring elements: a float here would lose its scale silently."""
    if getattr(value, "dtype", None) == _RING:
        return value
    raise TypeError(f"a public value must be a uint64 array (fixed.encode makes one), got {type(value).__name__}")
