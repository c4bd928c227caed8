"""Ids as points of Curve25519, and a party's secret scalar, which multiplies them.

The suite is the one that the interconnection standard recommends (spec: bfia §4): the SHA-256 of an id is taken for the
x of a point. X25519 [RFC 7748] takes every 32 bytes for an x, and knows points by x alone.

Why blinding commutes: X25519 computes the x of k * P, for every x; and a * (b * P) = b * (a * P), as both are
(a b) * P. About half of all x belong to the curve, the others to its twist. Both are groups: k * P stays where P is.
RFC 7748 *clamps* scalars, to 8 * (2^251 to 2^252 - 1): that is a choice of scalars, made once for each party, and
changes nothing about their order. That they are multiples of 8 takes away whatever a point has in the small subgroups
(8 on the curve, 4 on the twist), so that every result is in a group of prime order near 2^252 or 2^253.

Why the twist is no weakness: the curve is twist-secure; discrete logarithms are as hard there. What blinding does keep
is on which of the two a point is: one bit of each id's hash. The parties therefore send their points in a random order,
so that the bit belongs to no row; what is left is how many points are on the curve.

A point of low order gives 0 whatever the scalar is, and the library refuses it. No hash is one, but for a chance below
2^-250; a peer that sends one cheats.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from ...errors import DataError, KusciaError
from . import worker
from .worker import BYTES, multiply, read, write

_WORTH_IT = 50_000
"""So many points take about two seconds: with fewer, starting processes does not pay."""


def hashed(ids: Sequence[str]) -> bytes:
    """A point for each id, one behind the other: the SHA-256 of its UTF-8."""
    return b"".join([hashlib.sha256(one.encode()).digest() for one in ids])


class Scalar:
    """A secret scalar of 32 bytes; used in a `with`, it multiplies `points` points on all cores."""

    def __init__(self, secret: bytes, points: int) -> None:
        self._secret = secret
        count = (os.cpu_count() or 1) if points >= _WORTH_IT else 0
        self._workers = [self._start() for _ in range(count)] if count > 1 else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for process in self._workers:
            process.kill()
            process.communicate()

    def times(self, points: bytes) -> bytes:
        """The x of scalar * P for each point's x, one behind the other; DataError, if one has a low order."""
        try:
            return self._on_all_cores(points) if self._workers else multiply(self._secret, points)
        except ValueError as error:
            what = "a point that the peer has sent has a low order, which no hash of an id has"
            raise DataError(what, hint="the peer does not follow the protocol") from error

    def _on_all_cores(self, points: bytes) -> bytes:
        size = -(-len(points) // BYTES // len(self._workers)) * BYTES
        view = memoryview(points)
        try:
            for i, process in enumerate(self._workers):
                write(_pipe(process.stdin), view[i * size : (i + 1) * size])
            answer = b"".join([read(_pipe(process.stdout)) for process in self._workers])
        except (OSError, EOFError) as error:
            raise KusciaError("a process that multiplies points has ended", hint="run the job again") from error
        if len(answer) != len(points):
            raise ValueError
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", worker.__file__]
        # A session of its own, so that an interrupt of the kernel ends the job, and not this process under it.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        _pipe(process.stdin).write(self._secret)  # not an argument, which all of the machine can read
        return process


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """One end of a pipe, which every process here has."""
    assert stream is not None
    return stream
