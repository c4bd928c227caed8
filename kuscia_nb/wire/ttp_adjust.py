"""The corrections that a TTP gives out: from a request and the parties' streams to bytes (spec: ss_lr §5c).

R(x) is the sum of all parties' draws, modulo 2^(8 field_size). The functions hold no state: the same request gives the
same answer, also where the TTP adds random bits of its own.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import OpAdjustError
from ..mpc.prg import BlockPrg, StreamPrg, room_for
from ..mpc.ring import Ring, Words, batch_matvec, batch_vecmat, matmul
from .ring128 import Ring128
from .ttp_blocks import Block
from .ttp_requests import Ciphertext, Draw, Request

Elements = Words | Ring128
"""An array of one of the rings."""

FIELD_SIZES = (4, 8, 16)
MOST_BYTES = 1 << 30
"""Of all draws of one request, of all parties together."""
MOST_PERMUTED = 1 << 22
"""Elements of a permutation, which is made one by one: some ten seconds."""
MOST_PRODUCTS = 1 << 34
"""Of two numbers, in one matrix product: half a minute."""


class Streams(Protocol):
    """Who knows the seeds behind the ciphertexts."""

    def block(self, seed: Ciphertext) -> BlockPrg:
        """A party's stream. SeedDecryptError, if the ciphertext is not for this TTP."""
        ...

    def seed(self, seed: Ciphertext) -> bytes:
        """The seed itself, for a permutation."""
        ...

    @property
    def secret(self) -> bytes:
        """What only the TTP knows: its own random bits come from it."""
        ...


class Correction(NamedTuple):
    """What is sent back, one part after the other."""

    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.parts))


def adjust(request: Request, streams: Streams) -> Correction:
    """The correction that is asked for. OpAdjustError, if the request does not fit together."""
    draws = request.draws
    if request.size > MOST_BYTES:
        raise OpAdjustError(f"more than {MOST_BYTES >> 20} MiB of draws in one request")
    if request.steps is not None:
        return _steps(request.steps, draws, streams)
    anded = request.method == "AdjustAnd"
    size = 1 if anded else request.numbers["field_size"]
    if not anded and size not in FIELD_SIZES:
        raise OpAdjustError(f"field_size {size} is not one of 4, 8 and 16")
    for draw in draws:
        if len(draw.seeds) != len(draws[0].seeds):
            raise OpAdjustError("the draws have different numbers of seeds")
        if draw.size % size:
            raise OpAdjustError(f"a draw that is not whole elements of {size} bytes")
    if anded:
        return _and(_Draws(request, streams, size))
    results = _FORMULAS[request.method](_Draws(request, streams, size))
    return Correction(tuple(result.tobytes() for result in results))


def _steps(block: Block, draws: Sequence[Draw], streams: Streams) -> Correction:
    """Those of all steps, see `ttp_blocks`."""
    seeds = draws[0].seeds
    if any(draw.seeds != seeds for draw in draws):
        raise OpAdjustError("the draws of a step have different seeds")
    if block.first + block.stride * block.steps >= 2**64:
        raise OpAdjustError("steps that end behind the last counter")
    drawn = [streams.block(seed).fill(block.first, block.elements, room_for(block.elements)) for seed in seeds]
    return Correction(block.corrections(drawn))


class _Draws:
    """A request's draws, read from the streams when they are asked for."""

    def __init__(self, request: Request, streams: Streams, size: int) -> None:
        self.request, self.numbers, self._streams, self.size = request, request.numbers, streams, size

    def each(self, draw: Draw) -> list[Any]:
        """Every party's part of a draw, flat."""
        return [self.of(rank, draw) for rank in range(len(draw.seeds))]

    def of(self, rank: int, draw: Draw) -> Any:
        """One party's part of a draw, flat."""
        prg, elements = self._streams.block(draw.seeds[rank]), draw.size // self.size
        if self.size == 16:
            return Ring128.of(prg.at(draw.counter, 2 * elements))
        return prg.words(draw.counter, elements, self.size)

    def bytes_of(self, draw: Draw) -> list[np.ndarray]:
        """Every party's part, whole blocks of it, as 64-bit words."""
        words = 2 * ((draw.size + 15) // 16)
        return [self._streams.block(seed).at(draw.counter, words) for seed in draw.seeds]

    def sums(self, *, equal: bool = True) -> list[Any]:
        """R of every draw; without `equal` they may have different sizes."""
        draws = self.request.draws
        if equal and any(draw.size != draws[0].size for draw in draws):
            raise OpAdjustError(f"the draws must have one size, got {[draw.size for draw in draws]} bytes")
        return [reduce(operator.add, self.each(draw)) for draw in draws]

    def shift(self) -> int:
        """How many bits to cut off."""
        bits = self.numbers["bits"]
        if not 0 < bits <= 8 * self.size - 2:
            raise OpAdjustError(f"bits {bits} is not in 1..{8 * self.size - 2}")
        return bits

    def require(self, name: str, draw: Draw, elements: int) -> None:
        if draw.size != elements * self.size:
            raise OpAdjustError(f"{name} has {draw.size // self.size} elements, its shape needs {elements}")

    def bits(self, draw: Draw) -> Elements:
        """Random bits that only the TTP knows; the same ones for the same draw, so that an answer can be repeated."""
        known = hashlib.sha256(self._streams.secret)
        for seed in draw.seeds:
            known.update(self._streams.seed(seed))
        elements = draw.size // self.size
        known.update(f"RandBit {draw.counter} {elements} {self.size}".encode())
        words = BlockPrg(known.digest()[:16]).at(0, (elements + 63) // 64)
        drawn = np.unpackbits(words.view(np.uint8), count=elements)
        if self.size == 16:
            return Ring128(drawn.astype(np.uint64), np.zeros(elements, np.uint64))
        return drawn.astype(np.uint32 if self.size == 4 else np.uint64)

    def permutation(self, elements: int) -> np.ndarray:
        """Where the owner of the permutation's seed sends each element: Knuth's shuffle, beginning with the last one.

        Element i is exchanged with that of number i - 1 of the draw, 128 bits, modulo i + 1.
        """
        draw = self.request.permutation
        if elements > MOST_PERMUTED:
            raise OpAdjustError(f"more than {MOST_PERMUTED} elements in one permutation")
        if draw is None or len(draw.seeds) != 1 or draw.size != elements:
            raise OpAdjustError(f"perm must be of one seed and {elements} elements")
        stream = StreamPrg(self._streams.seed(draw.seeds[0]))
        words = stream.at(draw.counter, 2 * (elements - 1)).tolist() if elements > 1 else []
        order = list(range(elements))
        for i in range(elements - 1, 0, -1):
            j = (words[2 * i - 1] << 64 | words[2 * i - 2]) % (i + 1)
            order[i], order[j] = order[j], order[i]
        return np.array(order)


def _mul(draws: _Draws) -> Sequence[Elements]:
    """R(a) R(b) - R(c)."""
    a, b, c = draws.sums()
    return [a * b - c]


def _mul_priv(draws: _Draws) -> Sequence[Elements]:
    """The product of all parties' own a, minus R(c)."""
    a, c = draws.request.draws
    draws.require("c", c, a.size // draws.size)
    return [reduce(operator.mul, draws.each(a)) - reduce(operator.add, draws.each(c))]


def _square(draws: _Draws) -> Sequence[Elements]:
    """R(a)^2 - R(b)."""
    a, b = draws.sums()
    return [a * a - b]


def _dot(draws: _Draws) -> Sequence[Elements]:
    """R(a) (M x K) . R(b) (K x N) - R(c) (M x N). A transposed draw has the transposed shape."""
    m, n, k = (draws.numbers[name] for name in "MNK")
    if m * n * k > MOST_PRODUCTS:
        raise OpAdjustError(f"more than {MOST_PRODUCTS} products in one request")
    for name, draw, elements in zip("abc", draws.request.draws, (m * k, k * n, m * n), strict=True):
        draws.require(name, draw, elements)
    turn_a, turn_b, turn_c = draws.request.transposed
    if turn_c:
        raise OpAdjustError("c is not transposed")
    a, b, c = draws.sums(equal=False)
    a = a.reshape(k, m).T if turn_a else a.reshape(m, k)
    b = b.reshape(n, k).T if turn_b else b.reshape(k, n)
    if draws.size == 16:
        return [(a @ b).reshape(m * n) - c]
    return [(matmul(a, b[:, 0]) if n == 1 else np.matmul(a, b)).reshape(-1) - c]


def _and(draws: _Draws) -> Correction:
    """(XOR a & XOR b) ^ XOR c, in elements of 16 bytes, cut to the size that was asked for."""
    size = draws.request.draws[0].size
    if any(draw.size != size for draw in draws.request.draws):
        raise OpAdjustError("the draws must have one size")
    a, b, c = (reduce(operator.xor, draws.bytes_of(draw)) for draw in draws.request.draws)
    return Correction(((a & b ^ c).tobytes()[:size],))


def _trunc(draws: _Draws) -> Sequence[Elements]:
    """R(a) / 2^bits as of signed numbers, minus R(b)."""
    bits, (a, b) = draws.shift(), draws.sums()
    return [_arithmetic(a, bits) - b]


def _trunc_pr(draws: _Draws) -> Sequence[Elements]:
    """Of R(a), the bits behind the cut without the top one, minus R(b), and then the top one, minus R(c)."""
    bits, (a, b, c) = draws.shift(), draws.sums()
    return [_logical(a << 1, bits + 1) - b, _logical(a, 8 * draws.size - 1) - c]


def _rand_bit(draws: _Draws) -> Sequence[Elements]:
    """Random bits minus R(a)."""
    (a,) = draws.sums()
    return [draws.bits(draws.request.draws[0]) - a]


def _eqz(draws: _Draws) -> Sequence[Elements]:
    """R(a) xor the exclusive or of all parties' b."""
    a, b = draws.request.draws
    draws.require("b", b, a.size // draws.size)
    return [reduce(operator.add, draws.each(a)) ^ reduce(operator.xor, draws.each(b))]


def _perm(draws: _Draws) -> Sequence[Elements]:
    """R(a), its element i at the place that the permutation has for i, minus R(b)."""
    places = draws.permutation(draws.request.draws[0].size // draws.size)
    a, b = draws.sums()
    if isinstance(a, Ring128):
        return [a.placed(places) - b]
    placed = np.empty_like(a)
    placed[places] = a
    return [placed - b]


def _cross_dot(draws: _Draws) -> Sequence[Elements]:
    """A_0 . v_1 + A_1 . v_0 - R(c), as `mpc.TrustedThirdParty.adjust_cross_dot` has it."""
    batch, rows, transpose = (draws.numbers[name] for name in ("batch", "rows", "transpose"))
    own, c = draws.request.draws[:4], draws.request.draws[4]
    if draws.size != 8 or len(c.seeds) != 2:
        raise OpAdjustError("cross products are for two parties and field_size 8")
    if not batch * rows:
        raise OpAdjustError("cross products of no rows")
    columns = [mask.size // 8 // (batch * rows) for mask in own[:2]]
    for rank in (0, 1):
        draws.require(f"the mask of rank {rank}", own[rank], batch * rows * columns[rank])
        elements = batch * (rows if transpose else columns[1 - rank])
        draws.require(f"the vector of rank {rank}", own[2 + rank], elements)
    draws.require("c", c, batch * (sum(columns) if transpose else rows))
    parts: list[Ring] = [draws.of(rank, own[rank]).reshape(batch, rows, columns[rank]) for rank in (0, 1)]
    v = [draws.of(rank, own[2 + rank]).reshape(batch, -1) for rank in (0, 1)]
    if transpose:
        product = np.concatenate([batch_vecmat(v[1], parts[0]), batch_vecmat(v[0], parts[1])], axis=1)
    else:
        product = batch_matvec(parts[0], v[1]) + batch_matvec(parts[1], v[0])
    return [product.reshape(-1) - reduce(operator.add, draws.each(c))]


_FORMULAS: dict[str, Callable[[_Draws], Sequence[Elements]]] = {
    "AdjustMul": _mul,
    "AdjustMulPriv": _mul_priv,
    "AdjustSquare": _square,
    "AdjustDot": _dot,
    "AdjustTrunc": _trunc,
    "AdjustTruncPr": _trunc_pr,
    "AdjustRandBit": _rand_bit,
    "AdjustEqz": _eqz,
    "AdjustPerm": _perm,
    "AdjustCrossDot": _cross_dot,
}


def _logical(x: Elements, bits: int) -> Elements:
    if isinstance(x, Ring128):
        return x >> bits
    return np.right_shift(x, x.dtype.type(bits))


def _arithmetic(x: Elements, bits: int) -> Elements:
    if isinstance(x, Ring128):
        return x.arithmetic(bits)
    signed = x.view(f"i{x.itemsize}")
    return (signed >> signed.dtype.type(bits)).view(x.dtype)
