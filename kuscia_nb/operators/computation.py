"""Secret numbers for an operator's program: shared, computed with, and opened only by name.

    async with party.mpc() as mpc:
        x, y = await mpc.share(column)              # a secret of each party, by rank
        difference = await mpc.open(x - y)

This is `mpc.Semi2k` with fixed point taken care of. A secret is a `Secret`; `+`, `-`, indexing, `sum` and products with
public numbers are local (see `secret`). `mul` and `dot` take messages.

Of every secret both parties know a bound, the largest |value| that it can have: `share` tells it, rounded up to a power
of two, and each operation goes on with it. A product v of secrets has 2 * fxp_bits fraction bits, and is wrong with
probability |v| 2^(2 fxp_bits - 64), by 2^(64 - 2 fxp_bits), if each party cuts its own share: 1000 * 1000 with 18 bits
in 0.4 % of cases, by 2^28. Where the bounds do not exclude one failure in a thousand programs, the TTP helps to cut
(see `mpc.share`), which takes a message each way and cannot fail below 2^(62 - 2 fxp_bits), 6.7e7 with 18 bits. What
can be larger is a ParameterError.
"""

from __future__ import annotations

import json
import math
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError
from ..mpc import Ring, Semi2k, Share, decode
from ..mpc.truncation import LARGEST
from .schema import read_object
from .secret import Encoded, Secret, check_room, finite

_TOO_MANY = 1e-3
"""Expected failures of a program's local truncations, from which on the TTP helps."""


class Computation:
    """One party's side of a computation on secret numbers with `fxp_bits` fraction bits."""

    def __init__(self, semi2k: Semi2k) -> None:
        self.semi2k = semi2k
        """The protocol underneath, for what is not here."""
        self.rank = semi2k.rank
        self.fxp_bits = semi2k.fxp_bits
        self.failures = 0.0
        """How many local truncations can be expected to have failed so far, at most."""
        self._kind = type("Secret", (Secret, semi2k.share), {"__slots__": (), "home": self})

    async def share(self, values: ArrayLike, largest: float | None = None) -> tuple[Secret, Secret]:
        """The values of both parties as secrets: of rank 0, of rank 1, each in its own shape.

        The peer is told the shape, and the next power of two above the largest |value|, 1 at least. Who would rather
        not tell that gives a public bound of its own, `largest`. One number has the shape (1,).
        """
        numbers = finite(values, 2.0 ** (62 - self.fxp_bits), "shared", self.semi2k.link.name)
        bound = 2.0 ** max(0, math.frexp(float(np.abs(numbers).max(initial=0)))[1]) if largest is None else largest
        if not np.abs(numbers).max(initial=0) <= bound:
            raise DataError(f"a value to share is beyond largest = {largest:g}", hint="a bound that holds for all")
        own = self.semi2k.encode(numbers)
        terms = {"fxp_bits": self.fxp_bits, "shape": own.shape, "largest": bound}
        await self.semi2k.link.send(json.dumps(terms).encode(), "shape")
        peers = await self.semi2k.link.receive_as(_read_terms, "shape")
        if peers["fxp_bits"] != self.fxp_bits:
            first, second = sorted((self.fxp_bits, peers["fxp_bits"]))
            raise ParameterError(f"the parties have different fxp_bits: {first} and {second}", hint="one for both")
        mine = self.secret(self.semi2k.input(own), bound)
        theirs = self.secret(self.semi2k.zeros(tuple(peers["shape"])), peers["largest"])
        return (theirs, mine) if self.rank else (mine, theirs)

    def secret(self, share: Share, largest: float = math.inf) -> Secret:
        """A share with fxp_bits fraction bits as a secret; without a bound, if none is given."""
        if isinstance(share, Secret) and share.home is self and largest == math.inf and hasattr(share, "bits"):
            return share
        result = self._kind(share.operand)
        result.bits, result.largest = self.fxp_bits, largest
        return result

    def encode(self, value: ArrayLike) -> Ring:
        """A public number in fixed point, as `+` and `-` take it, too."""
        return np.asarray(self.semi2k.encode(value)).view(Encoded)

    def sum(self, x: Secret) -> Secret:
        """The sum over the first axis; of a vector, shape (1,)."""
        total = type(x)(x.operand.sum(axis=0, keepdims=len(x.shape) == 1))
        return x.become(total, x.bits, x.largest * x.shape[0] if x.shape[0] else 0.0)

    async def mul(self, x: Secret, y: Secret) -> Secret:
        """x * y elementwise, of equal shapes."""
        x, y = await self.truncate(x), await self.truncate(y)
        if x.shape != y.shape:
            raise DataError(f"shapes differ: {x.shape} and {y.shape}")
        largest, assisted = self._product(x.largest * y.largest, math.prod(x.shape))
        return self.secret(await self.semi2k.mul(x, y, self.fxp_bits, assisted=assisted), largest)

    async def dot(self, x: Secret, y: Secret) -> Secret:
        """The matrix product of x (m x k) and y (k x n or k). A vector x counts as one row."""
        x, y = await self.truncate(x), await self.truncate(y)
        rows = x[None] if len(x.shape) == 1 else x
        if rows.shape[1] != y.shape[0]:
            raise ValueError(f"shapes do not fit: {x.shape} and {y.shape}")
        size = rows.shape[0] * math.prod(y.shape[1:])
        largest, assisted = self._product(rows.shape[1] * x.largest * y.largest, size)
        return self.secret(await self.semi2k.matmul(rows, y, self.fxp_bits, assisted=assisted), largest)

    async def truncate(self, x: Secret) -> Secret:
        """x with fxp_bits fraction bits: what a product with public numbers has more is cut off; no message if none."""
        x = self.secret(x)
        if x.bits == self.fxp_bits:
            return x
        check_room(x.largest, x.bits, LARGEST)
        assisted = not self.negligible(x.largest, x.bits, math.prod(x.shape))
        share = await self.semi2k.truncate(x, x.bits - self.fxp_bits, assisted=assisted)
        x.operand, x.bits = share.operand, self.fxp_bits  # the same secret: it need not be cut again
        return x

    def negligible(self, largest: float, bits: int, count: int) -> bool:
        """Whether so many local truncations hardly ever fail, with all before them; they are counted if so."""
        failures = self.failures + count * largest * 2.0 ** (bits - 64)
        if not failures < _TOO_MANY:
            return False
        self.failures = failures
        return True

    def _product(self, largest: float, count: int) -> tuple[float, bool]:
        """How large products of secrets can be, and whether the TTP has to help to cut them."""
        bits = 2 * self.fxp_bits
        largest = math.inf if math.isnan(largest) else largest
        check_room(largest, bits, LARGEST)
        return largest, not self.negligible(largest, bits, count)

    def take(self, ring: Ring, largest: float = math.inf) -> Secret:
        """This party's share of a secret that an earlier task has left (`Party.read_share`), as a secret again.

        Of it no bound is known, unless both parties give one; the TTP helps to cut its products then.
        """
        return self.secret(self.semi2k.share.of(ring), largest)

    def columns(self, x: Secret, y: Secret) -> Secret:
        """Two matrices with the same rows, beside each other."""
        both = type(x)(np.concatenate([x.operand, y.operand], axis=1))
        return x.become(both, x.bits, max(x.largest, y.largest))

    @overload
    async def open(self, x: Secret) -> NDArray[np.floating[Any]]: ...

    @overload
    async def open(self, x: Secret, *, to: int) -> NDArray[np.floating[Any]] | None: ...

    async def open(self, x: Secret, *, to: int | None = None) -> NDArray[np.floating[Any]] | None:
        """Learn a secret, together with the peer; with `to`, the party of that rank alone, and the other gets None."""
        x = await self.truncate(x)
        opened = await (self.semi2k.open(x) if to is None else self.semi2k.open_to(x, to))
        return None if opened is None else decode(opened, self.fxp_bits)


def _read_terms(message: bytes) -> dict[str, Any]:
    """What the peer tells of the numbers that it shares."""
    terms = read_object(message)
    shape, largest = terms["shape"], terms["largest"]
    if terms.keys() != {"fxp_bits", "shape", "largest"} or type(terms["fxp_bits"]) is not int:
        raise ValueError("it has another form")
    if not (isinstance(shape, list) and shape and all(type(length) is int and length >= 0 for length in shape)):
        raise ValueError("its shape is none")
    if type(largest) not in (int, float) or not largest >= 0:
        raise ValueError("its bound is none")
    return terms
