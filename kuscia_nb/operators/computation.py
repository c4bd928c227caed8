"""Secret numbers for an operator's program: shared, computed with, and opened only by name.

    async with party.mpc() as mpc:
        x, y = await mpc.share(column)              # a secret of each party, by rank
        difference = await mpc.open(x - y)

This is `mpc.Semi2k` with fixed point taken care of. A secret is a `Share`; `+`, `-` and indexing are local, and so is
`sum`. `mul` and `dot` take messages. Products have to stay below 2^(63 - 2 * fxp_bits), 2^27 with 18 bits: beyond,
they wrap around (see `mpc.share`).
"""

from __future__ import annotations

import json
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError
from ..mpc import Ring, Semi2k, Share, decode


class Computation:
    """One party's side of a computation on secret numbers with `fxp_bits` fraction bits."""

    def __init__(self, semi2k: Semi2k) -> None:
        self.semi2k = semi2k
        """The protocol underneath, for what is not here."""
        self.rank = semi2k.rank
        self.fxp_bits = semi2k.fxp_bits

    async def share(self, values: ArrayLike) -> tuple[Share, Share]:
        """The values of both parties as secrets: of rank 0, of rank 1, each in its own shape.

        The peer is told the shape and nothing else. One number has the shape (1,).
        """
        own = self.encode(_numbers(values, 2.0 ** (62 - self.fxp_bits), self.semi2k.link.name))
        terms = {"fxp_bits": self.fxp_bits, "shape": own.shape}
        await self.semi2k.link.send(json.dumps(terms).encode(), "shape")
        peers: dict[str, Any] = json.loads(await self.semi2k.link.receive())
        if peers["fxp_bits"] != self.fxp_bits:
            first, second = sorted((self.fxp_bits, peers["fxp_bits"]))
            raise ParameterError(f"the parties have different fxp_bits: {first} and {second}", hint="one for both")
        mine, theirs = self.semi2k.share.of(own), self.semi2k.zeros(tuple(peers["shape"]))
        return (theirs, mine) if self.rank else (mine, theirs)

    def encode(self, value: ArrayLike) -> Ring:
        """A public number, to be added to or taken from a secret."""
        return self.semi2k.encode(value)

    def sum(self, x: Share) -> Share:
        """The sum over the first axis; of a vector, shape (1,)."""
        return type(x)(x.kept.sum(axis=0, keepdims=len(x.shape) == 1))

    async def mul(self, x: Share, y: Share) -> Share:
        """x * y elementwise, of equal shapes."""
        return await self.semi2k.mul(x, y, self.fxp_bits)

    async def dot(self, x: Share, y: Share) -> Share:
        """The matrix product of x (m x k) and y (k x n or k). A vector x counts as one row."""
        rows = x[None] if len(x.shape) == 1 else x
        if rows.shape[1] != y.shape[0]:
            raise ValueError(f"shapes do not fit: {x.shape} and {y.shape}")
        return await self.semi2k.matmul(rows, y, self.fxp_bits)

    def take(self, ring: Ring) -> Share:
        """This party's share of a secret that an earlier task has left (`Party.read_share`), as a secret again."""
        return self.semi2k.kind.of(ring)

    def columns(self, x: Share, y: Share) -> Share:
        """Two matrices with the same rows, beside each other."""
        return type(x)(np.concatenate([x.kept, y.kept], axis=1))

    @overload
    async def open(self, x: Share) -> NDArray[np.floating[Any]]: ...

    @overload
    async def open(self, x: Share, *, to: int) -> NDArray[np.floating[Any]] | None: ...

    async def open(self, x: Share, *, to: int | None = None) -> NDArray[np.floating[Any]] | None:
        """Learn a secret, together with the peer; with `to`, the party of that rank alone, and the other gets None."""
        opened = await (self.semi2k.open(x) if to is None else self.semi2k.open_to(x, to))
        return None if opened is None else decode(opened, self.fxp_bits)


def _numbers(values: ArrayLike, limit: float, party: str) -> NDArray[np.float64]:
    """Values that fixed point can hold, at least one dimension of them; a DataError names the first that is none."""
    try:
        numbers = np.atleast_1d(np.asarray(values, np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"only numbers can be shared: {error}", where=party) from error
    wrong = np.argwhere(~(np.abs(numbers) < limit))  # NaN is not below anything
    if len(wrong):
        what = f"{len(wrong)} of {numbers.size} values are missing, not finite or not below {limit:g}"
        where = f"{party}: the first is {numbers[tuple(wrong[0])]:g}, {_place(values, wrong[0].tolist())}"
        raise DataError(what, where=where, hint="fill, drop or scale them before they are shared")
    return numbers


def _place(values: ArrayLike, position: list[int]) -> str:
    """Where a value is, for people, who count from 0 here as Python does; a frame's column is told by its name."""
    row, *others = position
    names = getattr(values, "columns", None)
    name = getattr(values, "name", None) if names is None else names[others[0]]
    column = f" of column {name}" if name is not None else "".join(f", {other}" for other in others)
    return f"value {row}{column}"
