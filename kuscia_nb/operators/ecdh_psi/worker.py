"""Scalar times points of Curve25519, by the thousand: here, or in a process of its own.

A program of its own, too: the library holds Python's lock while it computes, so that only processes use several cores.
It reads 32 bytes, its scalar, then requests; each is a length (4 bytes, little endian) and so many bytes of points, and
is answered in the same form. It ends with its input.

Nothing of the package is imported here, so that a process starts in no time and takes little memory.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import IO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

BYTES = 32
"""Of a scalar, and of a point's x."""


def multiply(scalar: bytes, points: bytes) -> bytes:
    """The x of scalar * P for each point's x, one behind the other; ValueError for a point of low order."""
    exchange, point = X25519PrivateKey.from_private_bytes(scalar).exchange, X25519PublicKey.from_public_bytes
    return b"".join([exchange(point(points[i : i + BYTES])) for i in range(0, len(points), BYTES)])


def write(stream: IO[bytes], data: bytes | memoryview) -> None:
    """Send one request or answer."""
    stream.write(len(data).to_bytes(4, "little"))
    stream.write(data)
    stream.flush()


def read(stream: IO[bytes]) -> bytes:
    """The next request or answer; EOFError at the end."""
    length = stream.read(4)
    if len(length) < 4:
        raise EOFError
    return stream.read(int.from_bytes(length, "little"))


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more, which is an EOFError; with nothing, if a point has a low order."""
    scalar = requests.read(BYTES)
    while True:
        points = read(requests)
        try:
            answer = multiply(scalar, points)
        except ValueError:
            answer = b""
        write(answers, answer)


if __name__ == "__main__":
    with suppress(EOFError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
