"""Both ranks of SPU's computation once more, from their seeds, in plain numpy (spec: ss_lr §2, §3).

What one rank would send, the other one has here: nothing is exchanged. AES is the only thing it has in common with what
is tested.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Words = np.ndarray
Pair = tuple[np.ndarray, np.ndarray]
"""Of rank 0 and rank 1."""
ONE = 2**18


class Seeds(NamedTuple):
    """By rank."""

    prss: list[bytes]
    beaver: list[bytes]


class Replay:
    """Two ranks in step. The TTP's corrections go to rank `adjust_rank`."""

    def __init__(self, seeds: Seeds, adjust_rank: int, *, assisted: bool, asymmetric: bool = False) -> None:
        self._seeds, self._adjust, self._assisted, self._asymmetric = seeds, adjust_rank, assisted, asymmetric
        self._prss = self._beaver = 0

    def seal(self, public: Words) -> Pair:
        blocks = -(-public.nbytes // 16)
        drawn = [_ctr(seed, self._prss, blocks)[: public.size].reshape(public.shape) for seed in self._seeds.prss]
        self._prss += blocks
        return drawn[0] - drawn[1] + public, drawn[1] - drawn[0]

    def dot(self, x: Pair, y: Pair) -> Pair:
        """x . y without truncation."""
        a, b, c = (self._draw(shape) for shape in (x[0].shape, y[0].shape, (x[0].shape[0], y[0].shape[1])))
        c[self._adjust] += (a[0] + a[1]) @ (b[0] + b[1]) - c[0] - c[1]
        e, g = x[0] + x[1] - a[0] - a[1], y[0] + y[1] - b[0] - b[1]
        return c[0] + e @ b[0] + a[0] @ g + e @ g, c[1] + e @ b[1] + a[1] @ g

    def mul(self, x: Pair, y: Pair) -> Pair:
        """x * y, elementwise: SPU calls it with the operands exchanged."""
        a, b, c = (self._draw(x[0].shape) for _ in range(3))
        c[self._adjust] += (a[0] + a[1]) * (b[0] + b[1]) - c[0] - c[1]
        e, g = y[0] + y[1] - a[0] - a[1], x[0] + x[1] - b[0] - b[1]
        return c[0] + e * b[0] + a[0] * g + e * g, c[1] + e * b[1] + a[1] * g

    def cut(self, x: Pair, bits: int = 18) -> Pair:
        if self._asymmetric:
            return _arithmetic(x[0], bits), -_arithmetic(-x[1], bits)
        if not self._assisted:
            return _arithmetic(x[0], bits), _arithmetic(x[1], bits)
        a, c = self._draw(x[0].shape, np.uint32), self._draw(x[0].shape, np.uint32)
        c[self._adjust] += a[0] * a[1] - c[0] - c[1]
        u = [((x[0] - np.uint64(2**62)) >> np.uint64(63)).astype(np.uint32), (x[1] >> np.uint64(63)).astype(np.uint32)]
        t = a[0] + u[0], a[1] + u[1]
        m = [u[0] * t[1] + c[0] + (x[0] >= np.uint64(2**62)).astype(np.uint32), c[1] - a[1] * t[0]]
        out = [
            (part >> np.uint64(bits)) - m[rank].astype(np.uint64) * np.uint64(2 ** (64 - bits)) + np.uint64(rank)
            for rank, part in enumerate(x)
        ]
        return out[0], out[1]

    def _draw(self, shape: tuple[int, ...], word: type = np.uint64) -> list[Words]:
        size = int(np.prod(shape)) * word().itemsize
        blocks = -(-size // 16)
        drawn = [_ecb(seed, self._beaver, blocks).view(word)[: size // word().itemsize] for seed in self._seeds.beaver]
        self._beaver += blocks
        return [part.reshape(shape).copy() for part in drawn]


def training(
    replay: Replay, x: Pair, y: Pair, *, batch_size: int, epochs: int, learning_rate: float, l2: float
) -> Pair:
    """SS-LR as the interconnection operator trains it. x (n x d), y (n x 1); the weights, (d + 1) x 1."""
    inverse = np.float32(1 / np.float32(batch_size))
    product = int(np.float32(learning_rate) * np.float32(ONE)) * int(inverse * np.float32(ONE))
    rate = np.uint64((product >> 18) + (product >> 17 & 1))
    penalty, d = np.uint64(int(np.float32(l2) * np.float32(ONE))), x[0].shape[1]
    w: Pair | None = None
    for _ in range(epochs):
        for at in range(0, len(y[0]) // batch_size * batch_size, batch_size):
            rows = slice(at, at + batch_size)
            ones = replay.seal(np.full((batch_size, 1), ONE, np.uint64))
            xp = np.hstack([x[0][rows], ones[0]]), np.hstack([x[1][rows], ones[1]])
            z = replay.cut(_zeros(batch_size) if w is None else replay.dot(xp, w))
            p = replay.cut(_times(z, np.uint64(2**15)))
            error = p[0] + np.uint64(2**17) - y[0][rows], p[1] - y[1][rows]
            g = replay.cut(replay.dot((xp[0].T, xp[1].T), error))
            if l2:
                zero = replay.seal(np.zeros((1, 1), np.uint64))
                some = replay.seal(np.zeros((d, 1), np.uint64)) if w is None else (w[0][:d], w[1][:d])
                pulled = np.vstack([some[0], zero[0]]), np.vstack([some[1], zero[1]])
                g = _plus(g, replay.cut(_times(pulled, penalty)))
            step = replay.cut(_times(g, rate))
            before = _zeros(d + 1) if w is None else w
            w = before[0] - step[0], before[1] - step[1]
    assert w is not None
    return w


def _zeros(size: int) -> Pair:
    return np.zeros((size, 1), np.uint64), np.zeros((size, 1), np.uint64)


def _times(x: Pair, factor: np.uint64) -> Pair:
    return x[0] * factor, x[1] * factor


def _plus(x: Pair, y: Pair) -> Pair:
    return x[0] + y[0], x[1] + y[1]


def _arithmetic(x: Words, bits: int) -> Words:
    return (x.view(np.int64) >> np.int64(bits)).view(np.uint64)


def _ecb(seed: bytes, counter: int, blocks: int) -> Words:
    """AES of the numbers counter, counter + 1, ..."""
    numbers = b"".join((counter + i).to_bytes(16, "little") for i in range(blocks))
    return np.frombuffer(Cipher(algorithms.AES128(seed), modes.ECB()).encryptor().update(numbers), np.uint64)


def _ctr(seed: bytes, counter: int, blocks: int) -> Words:
    """AES in counter mode from `counter`, little endian, on."""
    mode = modes.CTR(counter.to_bytes(16, "little"))
    return np.frombuffer(Cipher(algorithms.AES128(seed), mode).encryptor().update(bytes(16 * blocks)), np.uint64)
