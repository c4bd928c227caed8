"""The exercises of notebook 04, secret sharing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..explore import uniformity
from ..mpc import BlockPrg, Ring, Seeds, encode
from .checking import Wrong, called, exercise, number

BITS = 18

_PARTIES = (2, 3, 5)
_RARE = 1e-9
"""A p-value that no luck explains."""
_WINDOWS = (*range(6, 64, 6), 64)
"""How many of the last bits a test looks at. It sees the upper six of them, so these see every bit."""

_OF_NUMPY = {"RandomState", "default_rng", "integers", "randint"}


@exercise(
    "4.1",
    "Draw n - 1 arrays of masks, each of x.nbytes fresh bytes from secrets.token_bytes; these are n - 1 of the shares.",
    "The last share is x minus all the masks, so that everything adds up to x.",
    "np.frombuffer(secrets.token_bytes(x.nbytes), np.uint64).reshape(x.shape) is one array of masks.",
    why="Any n - 1 of the shares are random, because at least one mask is missing from them. Only all n together hold "
    "the secret. This check looked at the numbers. It cannot see which generator made them: masks of a generator that "
    "somebody can predict look just as random.",
)
def into_shares(answer: Any) -> None:
    for count in _PARTIES:
        _add_up(called(answer, encode([1.5, -2, 0], BITS), count), encode([1.5, -2, 0], BITS), count)
    secrets = encode(np.arange(2000) % 7 * 1000.0, BITS)
    for count in _PARTIES:
        shares = _add_up(called(answer, secrets.copy(), count), secrets, count)
        again = _add_up(called(answer, secrets.copy(), count), secrets, count)
        _independent(shares, secrets)
        for share, other in zip(shares, again, strict=True):
            if np.array_equal(share, other):
                raise Wrong("Called twice, it gives the same share twice: a mask is used once.")
    if _OF_NUMPY.intersection(getattr(getattr(answer, "__code__", None), "co_names", ())):
        raise Wrong("The shares are fine to look at, but the masks come from numpy.random, which can be predicted.")


def _add_up(shares: Any, secrets: Ring, count: int) -> list[Ring]:
    """The shares as they should be: `count` arrays of ring elements, whose sum is the secret."""
    if not isinstance(shares, Sequence | np.ndarray):
        raise Wrong("A list of shares is asked for, and this is of type {kind}.", kind=type(shares).__name__)
    if len(shares) != count:
        raise Wrong("For {count} parties it gives {found} shares.", count=count, found=len(shares))
    arrays = [np.asarray(share) for share in shares]
    for array in arrays:
        if array.dtype != np.uint64:
            raise Wrong("A share is an array of {found}; ring elements are uint64.", found=array.dtype)
        if array.shape != secrets.shape:
            raise Wrong(
                "A share has the shape {found}, and the secrets have {shape}.", found=array.shape, shape=secrets.shape
            )
    if not np.array_equal(np.sum(arrays, axis=0, dtype=np.uint64), secrets):
        raise Wrong("The {count} shares of a secret do not add up to it modulo 2^64.", count=count)
    return arrays


def _independent(shares: list[Ring], secrets: Ring) -> None:
    """Whether each share is random, and all but one of them together."""
    for i, share in enumerate(shares):
        if np.array_equal(share, secrets):
            raise Wrong("One of the shares is the secret itself.")
        if any(np.array_equal(share, other) for other in shares[:i]):
            raise Wrong("Two parties get the same share: each mask has to be drawn for itself.")
        steps = np.diff(share)
        if (steps == 0).all() or np.array_equal(steps, np.diff(secrets)):
            raise Wrong("All numbers of the array have one and the same mask; each needs its own.")
        if len(np.unique(share)) < share.size:
            raise Wrong("Within a share a number comes twice: a mask is used once.")
    for share in shares:
        if min(uniformity(share, bits=bits).p_value for bits in _WINDOWS) < _RARE or _related(share):
            raise Wrong("A share is not random in every bit: `kn.explore.uniformity(share, bits=...)` shows it.")
        if _related(share[1:], share[:-1]):
            raise Wrong("The numbers of a share follow from each other: each mask has to be drawn for itself.")
    for left_out in range(len(shares)):
        if _related(*shares[:left_out], *shares[left_out + 1 :]):
            raise Wrong("All but one of the shares, taken together, are not random: some follow from others.")


def _related(*columns: Ring) -> bool:
    """Whether bits of a row depend on each other: some of them always add up to the same number modulo 2.

    So it is with bits that never change, copies of other bits, and the low bits of multiples. Of n random rows of k
    bits, fewer than 1 in 2^(n - k) would look so. Gauss's elimination over the bits of each row and a 1.
    """
    wanted = 64 * len(columns) + 1
    basis: dict[int, int] = {}  # position of the highest bit -> a combination of rows that has it
    for row in zip(*(column.tolist() for column in columns), strict=True):
        bits = 1
        for element in row:
            bits = bits << 64 | element
        while bits:
            highest = bits.bit_length()
            if highest not in basis:
                basis[highest] = bits
                break
            bits ^= basis[highest]
        if len(basis) == wanted:
            return False
    return True


_ALICE, _BOB = 4450, 5300
_DIFFERENCE = (_ALICE - _BOB) * 2**BITS
OPENED = _DIFFERENCE % 2**64
SHARE = 6893187459327489412
"""Bob's share of Alice's salary, which is of no use to him."""


@exercise(
    "4.2",
    "What is opened is a ring element. Which number does it stand for? It is in the upper half, and has 18 bits behind "
    "the point.",
    "Alice's salary is the difference plus Bob's salary.",
    why="The share of Alice's salary was of no use. What was opened gives her salary away, as the sum did.",
)
def other_salary(answer: Any) -> None:
    value = number(answer)
    if value == _ALICE:
        return
    typical = {
        2 * _BOB - _ALICE: "The difference is Alice's salary minus Bob's, and this takes it the other way round.",
        _ALICE - _BOB: "This is the difference; Alice's salary is asked for.",
        OPENED / 2**BITS + _BOB: "2^63 or more stands for a negative number.",
        OPENED / 2**BITS: "2^63 or more stands for a negative number.",
        float(OPENED + _BOB): "What is opened is a ring element: negative in the upper half, and with a point in it.",
        float(_DIFFERENCE + _BOB): "There are 18 bits behind the point.",
        _DIFFERENCE / 2**BITS + SHARE / 2**BITS: "A share is no number to compute a salary with: it is random.",
        SHARE / 2**BITS: "This is what Bob's share stands for: a random number, and no salary.",
    }
    for wrong, text in typical.items():
        if math.isclose(value, wrong, rel_tol=1e-12):
            raise Wrong(text)
    raise Wrong("With this salary the difference would be another number.")


_SALARY = 4321.375
_TIMES = 2000


def samples() -> dict[str, Ring]:
    """Bob's shares of one salary, 2,000 from each of three programs, by the program's name."""
    secret = encode([_SALARY], BITS)

    def masks(name: str) -> Ring:
        return BlockPrg(Seeds(4, name).draw("split")).draw(_TIMES)

    return {
        "first": secret - masks("first"),
        "second": secret - (masks("second") << np.uint64(BITS)),  # the fault: whole numbers, which mask no fraction
        "third": secret - masks("third"),
    }


@exercise(
    "4.3",
    "All three are uniform over the whole ring. Where is the part behind the point? Test those bits alone.",
    "kn.explore.uniformity(shares, bits=18) looks at the last 18 bits. In the broken ones, they are always the same.",
    "The last 18 bits of a ring element are its remainder by 2**18, and count units of 2**-18.",
    why="The masks were whole numbers, so they covered what is before the point and left the rest as it was. A mask "
    "has to be random in every bit.",
)
def cents(answer: Any) -> None:
    value, part = number(answer), _SALARY % 1
    if abs(value - part) < 2**-BITS:
        return
    if value == part * 2**BITS:
        raise Wrong("These are the last 18 bits as an integer; they count units of 2^-18.")
    if abs(value - (1 - part)) < 2**-BITS or abs(value + part) < 2**-BITS:
        raise Wrong("The sign is wrong: what the mask does not cover is in the share as it was in the salary.")
    if not 0 <= value < 1:
        raise Wrong("The part behind the point is between 0 and 1; the part before it is well hidden.")
    raise Wrong("The shares of the broken program say another part.")
